# test_rights.py - GET /rights: what whoever asks may do.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import stack as servers
from checks import assert_error

ALL = ["read", "write", "purge", "settings", "stats", "admin", "stream"]


def test_on_this_machine(http, queue):
    assert http.get("/rights").json() == {"may": ALL}
    assert http.get(f"/rights/{queue}").json() == {"name": queue, "may": ALL}


def test_by_password(new_stack, tmp_path):
    acl = tmp_path / "acl.conf"
    acl.write_text("[rest:consumer]\nusername = me\npassword = secret\n[rest:producer]\nhosts_deny = all\n"
                   "[admin]\nhosts_deny = all\n[comet:consumer]\nhosts_deny = all\n")
    http = new_stack(conf={"acl": acl}).http
    assert http.get("/rights").json() == {"may": ["stats"]}
    assert http.get("/rights/foo", servers.basic("me", "secret")).json() == {"name": "foo", "may": ["read", "stats"]}


def test_by_key(new_stack):
    stack = new_stack(conf={"authkeys": "required"})
    with stack.redis.client() as redis:
        redis.set("AUTHKEY:abc", json.dumps({"queues": ["mine"], "privs": ["read", "purge"]}))
    http, key = stack.http, {"X-Authkey": "abc"}
    assert_error(http.get("/rights"), 401, "unauthorized")
    assert_error(http.get("/rights", {"X-Authkey": "wrong"}), 401, "unauthorized")
    assert http.get("/rights", key).json() == {"may": ["read", "purge", "stream"]}
    assert http.get("/rights/mine", key).json()["may"] == ["read", "purge", "stream"]
    assert http.get("/rights/yours", key).json()["may"] == []


def test_bad_input(http):
    assert_error(http.get("/rights/a%20b"), 400, "bad_name")
    assert_error(http.get("/rights?colour=red"), 400, "bad_request")
    assert_error(http.request("POST", "/rights", b""), 405, "not_allowed")


def test_nobody(new_stack, tmp_path):
    acl = tmp_path / "acl.conf"
    acl.write_text("".join(f"[{section}]\nhosts_deny = all\n" for section in (
        "rest:producer", "rest:manager", "rest:consumer", "comet:consumer", "websocket:consumer", "admin", "stats")))
    assert_error(new_stack(conf={"acl": acl}).http.get("/rights"), 403, "forbidden")
