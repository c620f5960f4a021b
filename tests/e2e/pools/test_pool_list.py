# test_pool_list.py - GET /lb: the names of all pools.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import re

import pytest

import stack as servers
from checks import assert_error, assert_json


@pytest.fixture(scope="module")
def stack(builddir):
    with servers.Stack(builddir) as stack:
        yield stack


@pytest.fixture(autouse=True)
def bare(redis):
    redis.flushall()


def put(http, pool, server="s", **form):
    return http.request("PUT", f"/lb/{pool}", form={"server": server, "score": 1, **form})


def pools(http, options=""):
    return assert_json(http.get(f"/lb{options}"))["pools"]


def test_pools_come_and_go(http):
    assert pools(http) == []
    put(http, "b", "s1")
    put(http, "b", "s2", row="other")
    put(http, "a/x")
    assert pools(http) == [{"name": "a/x", "servers": 1}, {"name": "b", "servers": 2}]
    assert http.delete("/lb/b?server=s1").status == 200
    assert pools(http, "?match=b") == [{"name": "b", "servers": 1}]
    assert http.delete("/lb/b?server=s2").status == 200
    assert pools(http) == [{"name": "a/x", "servers": 1}]
    put(http, "b")
    assert http.delete("/lb/b?all=1").status == 200 and http.delete("/lb/a/x?all=1").status == 200
    assert pools(http) == []


def test_what_adds_nothing_lists_nothing(http, redis):
    assert put(http, "p", add="no").status == 404
    assert http.request("PUT", "/lb/p", form={"server": "s", "incr": 1}).status == 404
    assert http.get("/lb/p").status == 404
    assert not redis.exists("restmq:pools")


def test_by_the_json_protocol(http):
    for command in ({"cmd": "lb_update", "pool": "p", "server": "s", "score": 2}, {"cmd": "lb_remove", "pool": "p"}):
        assert http.post("/queue", body=json.dumps(command),
                         headers={"Content-Type": "application/json"}).status == 200
        assert pools(http) == ([{"name": "p", "servers": 1}] if command["cmd"] == "lb_update" else [])


def test_pages(http):
    for i in range(60):
        put(http, f"p{i:02}")
    found, options = [], "?limit=7"
    while options:
        answer = http.get("/lb" + options)
        found += [pool["name"] for pool in answer.json()["pools"]]
        options = (re.findall("<(.*)>", answer.headers.get("Link", "")) or [""])[0]
    assert sorted(set(found)) == [f"p{i:02}" for i in range(60)]
    assert [pool["name"] for pool in pools(http, "?match=p0?")] == [f"p0{i}" for i in range(10)]


def test_what_others_do_in_redis(http, redis):
    """A pool that was emptied is not shown, one with a damaged key does not hide the others."""
    for pool in "abc":
        put(http, pool)
    redis.delete("restmq:lb:{a}", "restmq:lb:{a}:default")
    redis.delete("restmq:lb:{b}")
    redis.set("restmq:lb:{b}", "no set")
    redis.sadd("restmq:pools", "not a name", "\xff")
    b, c = pools(http)
    assert (b["name"], b["code"], set(b)) == ("b", "damaged", {"name", "error", "code"})
    assert c == {"name": "c", "servers": 1}
    redis.delete("restmq:pools")
    redis.set("restmq:pools", "no set")
    assert_error(http.get("/lb"), 500, "damaged")


@pytest.mark.parametrize("options, code", [
    ("limit=0", "bad_value"), ("limit=1001", "bad_value"), ("cursor=x", "bad_value"), ("match=", "bad_value"),
    ("match=[a]", "bad_value"), ("name=x", "bad_request"), ("limit=1&limit=2", "bad_request")])
def test_bad_options(http, options, code):
    assert_error(http.get("/lb?" + options), 400, code)


def test_other_methods(http):
    assert http.post("/lb", form={"cost": 1}).status == 405
    assert http.head("/lb").status == 200
