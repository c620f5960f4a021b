# test_server.py - GET /server: how the program, Redis and the helpers are.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import re
import time

import pytest

import stack as servers
from checks import assert_error, assert_json

PROMISE = ["promise", "persistence", "eviction", "replicas"]
KINDS = {"websocket", "events", "comet", "long-poll", "request", "beginning", "ending"}


def server(http):
    return assert_json(http.get("/server"))


def test_what_it_says(stack, http):
    answer, ready = server(http), http.get("/ready").json()
    assert answer["ready"] is True and "reason" not in answer
    assert [answer[name] for name in PROMISE] == [ready[name] for name in PROMISE]
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", answer["version"]) and answer["pid"] > 1
    assert abs(answer["now"] / 1000 - time.time()) < servers.patience(30)
    assert answer["kind"] == {None: "one"}.get(servers.cluster, "cluster")
    for node in answer["nodes"]:
        assert node["up"] is True and node["role"] == "master" and node["round_trip_ms"] > 0
        assert node["memory"]["used"] > 100000 and node["memory"]["max"] == 0
        assert node["eviction_policy"] == "noeviction" and node["aof"] == {"on": False, "ok": True}
        assert node["rdb"]["ok"] is True and node["rdb"]["changes"] >= 0 and node["replicas"] == []
        assert node["clients"] > 0 and node["uptime_s"] >= 0 and node["version"][0].isdigit()
    assert len(answer["nodes"]) == {None: 1, "one": 1, "three": 3}[servers.cluster]


def test_nothing_is_changed(stack, http, unchanged):
    server(http)


@pytest.mark.one_node("stops it")
def test_redis_is_away(new_stack):
    stack = new_stack()
    stack.redis.stop()
    answer = server(stack.http)
    assert answer["ready"] is False and answer["reason"] and answer["helpers"] is None and answer["now"] is None
    assert [(node["up"], "version" in node) for node in answer["nodes"]] in ([(False, False)], [])
    assert "unknown" in answer["promise"] and "password" not in json.dumps(answer)


@pytest.mark.no_cluster("scripts of its tests may fill a full Redis")
def test_redis_is_full(new_stack):
    stack = new_stack()
    with stack.redis.client() as redis:
        redis.config_set("maxmemory", "1")
    answer = server(stack.http)
    assert answer["ready"] is False and "memory" in answer["reason"].lower()
    assert answer["nodes"][0]["up"] is True and answer["nodes"][0]["memory"]["max"] == 1


def test_helpers(new_stack):
    stack = new_stack(helpers=1)

    def about():
        helpers = server(stack.http)["helpers"]
        return helpers[0] if helpers and helpers[0]["connections"] else None

    servers.wait_for(about)
    one = about()
    assert re.fullmatch("[0-9a-f]{32}", one["id"]) and one["version"] == server(stack.http)["version"]
    assert set(one["connections"]) == KINDS and abs(one["since"] / 1000 - time.time()) < servers.patience(60)
    with servers.socket.create_connection(("127.0.0.1", stack.ws_port)) as stream:
        stream.sendall(b"GET /sub/foo HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
        servers.wait_for(lambda: about() and about()["connections"]["events"] == 1)


def test_a_helper_that_says_nothing_or_nonsense(new_stack):
    stack = new_stack()
    ids = [digit * 32 for digit in "abcd"]
    with stack.redis.client() as redis:
        redis.zadd("restmq:helpers", {one: int(time.time() * 1000) for one in ids})
        redis.set(f"restmq:helper:{ids[0]}:about", "{")
        redis.set(f"restmq:helper:{ids[1]}:about", '["version"]')
        redis.lpush(f"restmq:helper:{ids[2]}:about", "x")
    helpers = server(stack.http)["helpers"]
    assert sorted(helper["id"] for helper in helpers) == ids
    assert all(helper["version"] is helper["since"] is helper["connections"] is None for helper in helpers)


@pytest.mark.parametrize("options", ["a=1", "settings=1"])
def test_bad_options(http, options):
    assert_error(http.get("/server?" + options), 400, "bad_request")


def test_other_methods(http):
    assert http.post("/server", form={}).status == 405 and http.head("/server").status == 200
    assert http.get("/server/x").status == 404
