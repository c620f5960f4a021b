# test_json_protocol.py - POST /queue: the JSON protocol.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import json

import pytest

from checks import (assert_common, assert_error, assert_json, assert_text, command, keys_of,
                    names_by_command, push, take, take_all)
from reliable import TOKEN, expire, nothing_changes, now_ms, part, policy

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


# --- add, get, take, del as RestMQ has them -----------------------------------------------------

def test_add(http, redis, queue):
    assert_json(command(http, cmd="add", queue=queue, value="abacab"),
                {"queue": queue, "value": "abacab", "key": f"{queue}:1"})
    assert take(http, queue) == "abacab"


def test_get(http, queue):
    push(http, queue, "abacab")
    for count in 1, 2:
        assert_json(command(http, cmd="get", queue=queue),
                    {"queue": queue, "value": "abacab", "key": f"{queue}:1", "count": count})


def test_take(http, redis, queue):
    push(http, queue, "abacab")
    command(http, cmd="get", queue=queue)
    assert_json(command(http, cmd="take", queue=queue),
                {"queue": queue, "value": "abacab", "key": f"{queue}:1"})
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}"])


@pytest.mark.parametrize("cmd", ["get", "take"])
def test_empty(http, queue, unchanged, cmd):
    assert_json(command(http, cmd=cmd, queue=queue), {"error": "empty queue", "code": "empty"})


def test_del(http, queue):
    push(http, queue, "a", "b")
    assert_json(command(http, cmd="del", queue=queue, key=f"{queue}:2"),
                {"queue": queue, "deleted": True, "key": f"{queue}:2"})
    assert_json(command(http, cmd="del", queue=queue, key=f"{queue}:2"),
                {"queue": queue, "deleted": False, "key": f"{queue}:2"})
    assert take_all(http, queue) == ["a"]


# --- ours besides -------------------------------------------------------------------------------

def test_add_with_ttl(http, redis, queue):
    assert command(http, cmd="add", queue=queue, value="a", ttl=100).status == 200
    assert 98 <= redis.ttl(f"{queue}:1") <= 100


def test_add_base64(http, queue):
    value = base64.b64encode(bytes(range(256))).decode()
    assert command(http, cmd="add", queue=queue, value=value,
                   encoding="base64").json()["key"] == f"{queue}:1"
    assert http.get(f"/q/{queue}?raw=1").body == bytes(range(256))


def test_take_several(http, queue):
    push(http, queue, "a", b"\xff", "c")
    response = command(http, cmd="take", queue=queue, count=2)
    assert_json(response, {"queue": queue, "messages": [
        {"key": f"{queue}:1", "value": "a"},
        {"key": f"{queue}:2", "value": "/w==", "encoding": "base64"}]})
    assert take_all(http, queue) == ["c"]
    assert_json(command(http, cmd="take", queue=queue, count=2), {"queue": queue, "messages": []})


def test_len(http, queue):
    assert_json(command(http, cmd="len", queue=queue), {"queue": queue, "len": 0})
    push(http, queue, "a", "b")
    assert_json(command(http, cmd="len", queue=queue), {"queue": queue, "len": 2})


def test_purge(http, queue):
    push(http, queue, "a", "b")
    assert_json(command(http, cmd="purge", queue=queue), {"queue": queue, "status": 1, "purged": 2})
    assert_json(command(http, cmd="purge", queue=queue), {"queue": queue, "status": 0, "purged": 0})


def test_list(http, queue):
    push(http, queue, "a")
    for more in {}, {"limit": 1000}, {"limit": 5}:
        assert queue in names_by_command(http, **more)


# --- leases, delays, batches, settings ----------------------------------------------------------

def test_add_with_delay(http, redis, queue):
    assert_json(command(http, cmd="add", queue=queue, value="a", delay=5),
                {"queue": queue, "value": "a", "key": f"{queue}:1"})
    [(key, due)] = redis.zrange(part(queue, "delayed"), 0, -1, withscores=True)
    assert key == f"{queue}:1".encode() and 4000 < due - now_ms(redis) <= 5000
    assert take(http, queue) is None
    expire(redis, queue)
    assert take(http, queue) == "a"


def test_add_once(http, redis, queue):
    answer = {"queue": queue, "value": "a", "key": f"{queue}:1"}
    assert_json(command(http, cmd="add", queue=queue, value="a", once="k"), answer)
    assert_json(command(http, cmd="add", queue=queue, value="a", once="k"),
                {**answer, "replay": True})
    assert_json(command(http, cmd="add", queue=queue, value="b", once="k2"),
                {"queue": queue, "value": "b", "key": f"{queue}:2"})
    response = command(http, cmd="add", queue=queue, value="b", once="k")
    assert assert_json(response)["code"] == "conflict"
    assert take_all(http, queue) == ["a", "b"]


def test_add_several(http, queue):
    values = ["a", "", "é", "a\nb", "a\0b"]
    assert_json(command(http, cmd="add", queue=queue, values=values),
                {"queue": queue, "keys": [f"{queue}:{number}" for number in range(1, 6)]})
    assert take_all(http, queue) == values


def test_add_several_once_as_base64(http, queue):
    """One that is an array stays one; what is decoded is decoded for each."""
    answer = {"queue": queue, "keys": [f"{queue}:1", f"{queue}:2"]}
    for replay in {}, {"replay": True}:
        assert_json(command(http, cmd="add", queue=queue, values=["/w==", "YQ=="],
                            encoding="base64", once="k"), {**answer, **replay})
    assert_json(command(http, cmd="add", queue=queue, values=["b"]),
                {"queue": queue, "keys": [f"{queue}:3"]})
    assert [http.get(f"/q/{queue}?raw=1").body for _ in range(3)] == [b"\xff", b"a", b"b"]


def leased(http, redis, queue, value="a", deliveries=1, seconds=30):
    """Takes under a lease and checks the answer; returns its members for the holder's commands."""
    answer = assert_json(command(http, cmd="take", queue=queue, lease=seconds))
    assert set(answer) == {"queue", "key", "value", "lease", "lease_until", "deliveries"}
    assert (answer["queue"], answer["value"], answer["deliveries"]) == (queue, value, deliveries)
    assert TOKEN.fullmatch(answer["lease"]) and len(answer["lease"]) == 32
    assert seconds * 1000 - 1000 < answer["lease_until"] - now_ms(redis) <= seconds * 1000
    return {name: answer[name] for name in ("queue", "key", "lease")}


def refused(http, code, **members):
    value = assert_json(command(http, **members))
    assert value["code"] == code and value["error"], value


def test_take_with_lease(http, redis, queue):
    push(http, queue, "a", "b")
    held = leased(http, redis, queue)
    assert redis.hget(part(queue, "receipts"), held["key"]) == b"1 " + held["lease"].encode()
    assert take_all(http, queue) == ["b"]


def test_take_several_with_lease(http, redis, queue):
    push(http, queue, "a", b"\xff")
    answer = assert_json(command(http, cmd="take", queue=queue, lease=30, count=5))
    assert set(answer) == {"queue", "messages"} and answer["queue"] == queue
    first, second = answer["messages"]
    assert (first["value"], second["value"], second["encoding"]) == ("a", "/w==", "base64")
    for position, message in enumerate(answer["messages"], 1):
        assert TOKEN.fullmatch(message["lease"]) and message["lease"][32:] == f"-{position}"
        assert message["deliveries"] == 1
        assert command(http, cmd="del", queue=queue, key=message["key"],
                       lease=message["lease"]).json()["deleted"] is True


def test_take_with_a_lease_of_nothing(http, redis, queue):
    """Takes for good, also where the policy has a lease."""
    policy(http, queue, lease=30)
    push(http, queue, "a", "b")
    assert_json(command(http, cmd="take", queue=queue, lease=0),
                {"queue": queue, "key": f"{queue}:1", "value": "a"})
    assert "lease" in command(http, cmd="take", queue=queue).json()


def test_take_from_several_queues(http, queue):
    low = queue + "-low"
    push(http, low, "c")
    push(http, queue, "a", "b")
    for name, number, value in [(queue, 1, "a"), (queue, 2, "b"), (low, 1, "c")]:
        assert_json(command(http, cmd="take", queues=[queue, low]),
                    {"queue": name, "key": f"{name}:{number}", "value": value})
    assert_json(command(http, cmd="take", queues=[queue, low]),
                {"error": "empty queue", "code": "empty"})
    push(http, low, "d")
    assert_json(command(http, cmd="take", queues=[queue, low], count=2),
                {"queue": low, "messages": [{"key": f"{low}:2", "value": "d"}]})


def test_del_with_lease(http, redis, queue):
    """The ack."""
    push(http, queue, "a")
    held = leased(http, redis, queue)
    with nothing_changes(redis):
        refused(http, "stale_lease", cmd="del", queue=queue, key=held["key"])
        refused(http, "stale_lease", cmd="del", **{**held, "lease": "x"})
    assert_json(command(http, cmd="del", **held),
                {"queue": queue, "deleted": True, "key": held["key"]})
    refused(http, "stale_lease", cmd="del", **held)
    assert redis.hgetall(part(queue, "stats")) == {b"acked": b"1"}
    assert not redis.exists(held["key"])


def test_extend(http, redis, queue):
    push(http, queue, "a")
    held = leased(http, redis, queue)
    answer = assert_json(command(http, cmd="extend", seconds=300, **held))
    assert answer == {"queue": queue, "key": held["key"], "lease_until": answer["lease_until"]}
    assert 299000 < answer["lease_until"] - now_ms(redis) <= 300000
    assert int(redis.zscore(part(queue, "leases"), held["key"])) == answer["lease_until"]
    with nothing_changes(redis):
        refused(http, "stale_lease", cmd="extend", seconds=300, **{**held, "lease": "0" * 32})
    assert command(http, cmd="del", **held).json()["deleted"] is True


def test_release(http, redis, queue):
    push(http, queue, "a")
    held = leased(http, redis, queue)
    refused(http, "stale_lease", cmd="release", **{**held, "lease": "0" * 32})
    assert_json(command(http, cmd="release", **held),
                {"queue": queue, "key": held["key"], "released": True})
    refused(http, "stale_lease", cmd="release", **held)
    held = leased(http, redis, queue, deliveries=2)
    assert_json(command(http, cmd="release", delay=5, **held),
                {"queue": queue, "key": held["key"], "released": True})
    assert take(http, queue) is None
    assert 4000 < redis.zscore(part(queue, "delayed"), held["key"]) - now_ms(redis) <= 5000
    expire(redis, queue)
    assert take(http, queue) == "a"


def test_redrive(http, redis, queue):
    dead = queue + ".dead"
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a", "b", "c")
    for value in "abc":
        command(http, cmd="release", **leased(http, redis, queue, value))
    assert command(http, cmd="len", queue=dead).json() == {"queue": dead, "len": 3}
    assert_json(command(http, cmd="redrive", queue=dead, count=2), {"queue": queue, "redriven": 2})
    assert_json(command(http, cmd="redrive", queue=dead), {"queue": queue, "redriven": 1})
    assert_json(command(http, cmd="redrive", queue=dead), {"queue": queue, "redriven": 0})
    assert take_all(http, queue) == ["a", "b", "c"]


def test_stats(http, queue):
    command(http, cmd="add", queue=queue, values=["a", "b", "c", "d"])
    take(http, queue)
    command(http, cmd="add", queue=queue, value="e", delay=100)
    held = command(http, cmd="take", queue=queue, lease=30).json()
    command(http, cmd="take", queue=queue, lease=30)
    command(http, cmd="del", queue=queue, key=held["key"], lease=held["lease"])
    numbers = {"len": 1, "leased": 1, "delayed": 1, "dead": 0, "status": 1, "policy": "broadcast",
               "pushed": 5, "removed": 2, "acked": 1, "returned": 0, "expired": 0, "died": 0,
               "dropped": 0, "purged": 0, "consumers": 0,
               "oldest_s": None, "oldest_is": None}
    answer = assert_json(command(http, cmd="stats", queue=queue), {"queue": queue, **numbers})
    rest = http.get(f"/stats/{queue}").json()
    del rest["redis"]
    assert rest == answer


def test_policy(http, redis, queue):
    plain = {"queue": queue, "value": "broadcast", "lease": 0, "max_deliveries": 0,
             "max_length": 0, "ttl": 0, "backoff": 0}
    assert_json(command(http, cmd="policy", queue=queue), plain)
    assert keys_of(redis, queue) == []
    settings = {"lease": 30, "max_deliveries": 3, "max_length": 100, "ttl": 60, "backoff": "1,2,10"}
    changed = {**plain, "value": "roundrobin", **settings}
    assert_json(command(http, cmd="policy", queue=queue, policy="roundrobin", **settings), changed)
    assert_json(command(http, cmd="policy", queue=queue), changed)
    assert_json(http.get(f"/p/{queue}"), changed)
    assert_json(command(http, cmd="policy", queue=queue, lease="0", backoff=0),
                {**changed, "lease": 0, "backoff": 0})
    assert redis.hgetall(part(queue, "settings")) == {
        b"max_deliveries": b"3", b"max_length": b"100", b"ttl": b"60"}
    assert_text(http.post(f"/p/{queue}", form={"policy": "broadcast"}), "OK")


def test_full(http, queue):
    command(http, cmd="policy", queue=queue, max_length=2)
    refused(http, "full", cmd="add", queue=queue, values=["a", "b", "c"])
    assert command(http, cmd="add", queue=queue, values=["a", "b"]).json()["keys"]
    refused(http, "full", cmd="add", queue=queue, value="c")
    assert take_all(http, queue) == ["a", "b"]


def test_control(http, redis, queue):
    assert_json(command(http, cmd="control", queue=queue), {"queue": queue, "status": 1})
    assert keys_of(redis, queue) == []
    for word, status in ("stop", 0), ("start", 1), ("stop", 0):
        assert_json(command(http, cmd="control", queue=queue, status=word),
                    {"queue": queue, "status": status})
        assert redis.get(f"queuestat::{queue}") == b"%d" % status
        assert_json(command(http, cmd="control", queue=queue), {"queue": queue, "status": status})


# --- how the command comes in -------------------------------------------------------------------

ADD = '{{"cmd":"add","queue":"{}","value":"a"}}'


@pytest.mark.parametrize("headers", [JSON, {"Content-Type": "application/json; charset=utf-8"},
                                     {"Content-Type": "Application/JSON"}])
def test_the_json_itself(http, queue, headers):
    assert http.post("/queue", ADD.format(queue), headers).json()["key"] == f"{queue}:1"


@pytest.mark.parametrize("fields", [
    lambda text: {"body": text},
    lambda text: {"msg": text},
    lambda text: {"body": text, "msg": "nonsense"},
    lambda text: {"msg": "nonsense", "body": text},
    lambda text: {"body": "  " + text + "\r\n"},
    lambda text: {"body": text, "_": "17", "authkey": "k"},
], ids=["body", "msg", "body first", "body last", "white space", "let through"])
def test_as_a_form_field(http, queue, fields):
    assert http.post("/queue", form=fields(ADD.format(queue))).json()["key"] == f"{queue}:1"


def test_in_the_query_string(http, queue):
    text = ADD.format(queue).replace("{", "%7B").replace("}", "%7D").replace('"', "%22")
    assert http.post("/queue?body=" + text).json()["key"] == f"{queue}:1"


def test_the_page(http):
    response = http.get("/queue")
    assert response.status == 302 and response.headers["Location"] == "./help"
    assert_common(response)


def test_members_in_any_order_with_escapes_and_white_space(http, queue):
    text = (' {\r\n\t"v\\u0061lue" : "\\u00e9\\ud83d\\ude00\\/\\n" , "queue":"%s" ,'
            '"cmd" : "add" } \n' % queue)
    assert http.post("/queue", text, JSON).status == 200
    assert take(http, queue) == "é😀/\n"


# --- what an application did wrong: 200 ---------------------------------------------------------

@pytest.mark.parametrize("members, code, words", [
    ({"cmd": "add", "value": "a"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "get"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "take"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "len"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "purge"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "del", "key": "q:1"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "add", "queue": "q"}, "bad_request", ['missing member "value"']),
    ({"cmd": "del", "queue": "q"}, "bad_request", ['missing member "key"']),
    ({"cmd": "add", "queue": "q", "value": 5}, None, ["value"]),
    ({"cmd": "add", "queue": "q", "value": None}, None, ["value"]),
    ({"cmd": "add", "queue": "q", "value": True}, None, ["value"]),
    ({"cmd": "add", "queue": "q", "value": ["a"]}, None, ["value"]),
    ({"cmd": "add", "queue": "q", "value": {"a": 1}}, None, ["value"]),
    ({"cmd": "add", "queue": 5, "value": "a"}, None, ["queue"]),
    ({"cmd": "add", "queue": None, "value": "a"}, None, ["queue"]),
    ({"cmd": "take", "queue": ["q"]}, None, ["queue"]),
    ({"cmd": "del", "queue": "q", "key": 5}, None, ["key"]),
    ({"cmd": "del", "queue": "q", "key": None}, None, ["key"]),
    ({"cmd": "del", "queue": "q", "key": "r:1"}, "bad_value", ["key"]),
    ({"cmd": "del", "queue": "q", "key": "q:1\0"}, "bad_value", ["key"]),
    ({"cmd": "del", "queue": "q", "key": ""}, "bad_value", ["key"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": 0}, "bad_value", ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": -1}, "bad_value", ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": 1.5}, "bad_value", ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": 315360001}, "bad_value", ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": 2 ** 64 + 5}, "bad_value", ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": True}, None, ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": None}, None, ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": [1]}, None, ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "encoding": "rot13"}, "bad_value", ["encoding"]),
    ({"cmd": "add", "queue": "q", "value": "a", "encoding": 64}, None, ["encoding"]),
    ({"cmd": "add", "queue": "q", "value": "a=b=", "encoding": "base64"}, "bad_value", ["base64"]),
    ({"cmd": "add", "queue": "q", "value": "é", "encoding": "base64"}, "bad_value", ["base64"]),
    ({"cmd": "add", "queue": "q", "value": "YQ", "encoding": "base64"}, "bad_value", ["base64"]),
    ({"cmd": "add", "queue": "q", "value": "YQ==\0", "encoding": "base64"}, "bad_value",
     ["base64"]),
    ({"cmd": "take", "queue": "q", "count": 0}, "bad_value", ["count"]),
    ({"cmd": "take", "queue": "q", "count": 1001}, "bad_value", ["count"]),
    ({"cmd": "take", "queue": "q", "count": -1}, "bad_value", ["count"]),
    ({"cmd": "take", "queue": "q", "count": 1.5}, "bad_value", ["count"]),
    ({"cmd": "take", "queue": "q", "count": 2 ** 64 + 1}, "bad_value", ["count"]),
    ({"cmd": "take", "queue": "q", "count": "ten"}, "bad_value", ["count"]),
    ({"cmd": "list", "limit": 0}, "bad_value", ["limit"]),
    ({"cmd": "list", "limit": 1001}, "bad_value", ["limit"]),
    ({"cmd": "list", "cursor": "x"}, "bad_value", ["cursor"]),
    ({"cmd": "list", "cursor": "-1"}, "bad_value", ["cursor"]),
    ({"cmd": "list", "cursor": ""}, "bad_value", ["cursor"]),
    ({"cmd": "list", "cursor": "9" * 40}, "bad_value", ["cursor"]),
    # delays, batches, keys that make a push happen once
    ({"cmd": "add", "queue": "q", "value": "a", "delay": -1}, "bad_value", ["delay"]),
    ({"cmd": "add", "queue": "q", "value": "a", "delay": 2592001}, "bad_value", ["delay"]),
    ({"cmd": "add", "queue": "q", "value": "a", "delay": 1.5}, "bad_value", ["delay"]),
    ({"cmd": "add", "queue": "q", "value": "a", "delay": 2 ** 64 + 5}, "bad_value", ["delay"]),
    ({"cmd": "add", "queue": "q", "value": "a", "delay": None}, None, ["delay"]),
    ({"cmd": "add", "queue": "q", "value": "a", "delay": True}, None, ["delay"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": ""}, "bad_value", ["once", "128"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": "k" * 129}, "bad_value", ["once", "128"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": "é"}, "bad_value", ["once"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": "k\0"}, "bad_value", ["once"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": 5}, None, ["once"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": None}, None, ["once"]),
    ({"cmd": "add", "queue": "q", "values": []}, "bad_value", ["values", "1000"]),
    ({"cmd": "add", "queue": "q", "values": ["a"] * 1001}, None, ["values", "1000"]),
    ({"cmd": "add", "queue": "q", "values": "a"}, None, ["values"]),
    ({"cmd": "add", "queue": "q", "values": {"a": "b"}}, None, ["values"]),
    ({"cmd": "add", "queue": "q", "values": None}, None, ["values"]),
    ({"cmd": "add", "queue": "q", "values": ["a", 5]}, None, ["values"]),
    ({"cmd": "add", "queue": "q", "values": ["a", None]}, None, ["values"]),
    ({"cmd": "add", "queue": "q", "values": ["YQ==", "YQ"], "encoding": "base64"}, "bad_value",
     ["base64"]),
    ({"cmd": "add", "queue": "q", "value": "a", "values": ["a"]}, "bad_request", ["values"]),
    # leases
    ({"cmd": "take", "queue": "q", "lease": 43201}, "bad_value", ["lease"]),
    ({"cmd": "take", "queue": "q", "lease": -1}, "bad_value", ["lease"]),
    ({"cmd": "take", "queue": "q", "lease": 1.5}, "bad_value", ["lease"]),
    ({"cmd": "take", "queue": "q", "lease": ""}, "bad_value", ["lease"]),
    ({"cmd": "take", "queue": "q", "lease": None}, None, ["lease"]),
    ({"cmd": "take", "queues": []}, "bad_value", ["queues", "16"]),
    ({"cmd": "take", "queues": ["q"] * 17}, None, ["queues", "16"]),
    ({"cmd": "take", "queues": "q"}, None, ["queues"]),
    ({"cmd": "take", "queues": ["q", 5]}, None, ["queues"]),
    ({"cmd": "take", "queues": ["q", ".."]}, "bad_name", []),
    ({"cmd": "take", "queue": "q", "queues": ["q"]}, "bad_request", ["queues"]),
    ({"cmd": "del", "queue": "q", "key": "q:1", "lease": "x"}, "stale_lease", []),
    ({"cmd": "del", "queue": "q", "key": "q:1", "lease": ""}, "bad_value", ["lease"]),
    ({"cmd": "del", "queue": "q", "key": "q:1", "lease": 5}, None, ["lease"]),
    ({"cmd": "del", "queue": "q", "key": "q:1", "lease": None}, None, ["lease"]),
    ({"cmd": "del", "queue": "q", "lease": "x"}, "bad_request", ['missing member "key"']),
    ({"cmd": "extend", "key": "q:1", "lease": "x", "seconds": 5}, "bad_request",
     ['missing member "queue"']),
    ({"cmd": "extend", "queue": "q", "lease": "x", "seconds": 5}, "bad_request",
     ['missing member "key"']),
    ({"cmd": "extend", "queue": "q", "key": "q:1", "seconds": 5}, "bad_request",
     ['missing member "lease"']),
    ({"cmd": "extend", "queue": "q", "key": "q:1", "lease": "x"}, "bad_request",
     ['missing member "seconds"']),
    ({"cmd": "extend", "queue": "q", "key": "r:1", "lease": "x", "seconds": 5}, "bad_value",
     ["key"]),
    ({"cmd": "extend", "queue": "q", "key": "q:1", "lease": "x", "seconds": 0}, "bad_value",
     ["seconds"]),
    ({"cmd": "extend", "queue": "q", "key": "q:1", "lease": "x", "seconds": 43201}, "bad_value",
     ["seconds"]),
    ({"cmd": "extend", "queue": "q", "key": "q:1", "lease": "x", "seconds": 5}, "stale_lease", []),
    ({"cmd": "release", "key": "q:1", "lease": "x"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "release", "queue": "q", "lease": "x"}, "bad_request", ['missing member "key"']),
    ({"cmd": "release", "queue": "q", "key": "q:1"}, "bad_request", ['missing member "lease"']),
    ({"cmd": "release", "queue": "q", "key": "r:1", "lease": "x"}, "bad_value", ["key"]),
    ({"cmd": "release", "queue": "q", "key": "q:1", "lease": "x", "delay": -1}, "bad_value",
     ["delay"]),
    ({"cmd": "release", "queue": "q", "key": "q:1", "lease": "x", "delay": 2592001}, "bad_value",
     ["delay"]),
    ({"cmd": "release", "queue": "q", "key": "q:1", "lease": "x"}, "stale_lease", []),
    # dead letters, settings, control
    ({"cmd": "redrive"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "redrive", "queue": "q"}, "bad_request", [".dead"]),
    ({"cmd": "redrive", "queue": "q.dead", "count": 0}, "bad_value", ["count"]),
    ({"cmd": "redrive", "queue": "q.dead", "count": 1001}, "bad_value", ["count"]),
    ({"cmd": "stats"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "policy"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "policy", "queue": "q", "policy": "bogus"}, "bad_value", ["roundrobin"]),
    ({"cmd": "policy", "queue": "q", "policy": 1}, "bad_value", ["policy"]),
    ({"cmd": "policy", "queue": "q", "policy": "roundrobin", "lease": 43201}, "bad_value",
     ["lease"]),
    ({"cmd": "policy", "queue": "q", "lease": 30, "max_deliveries": 1001}, "bad_value",
     ["max_deliveries"]),
    ({"cmd": "policy", "queue": "q", "lease": 30, "max_length": 1000000001}, "bad_value",
     ["max_length"]),
    ({"cmd": "policy", "queue": "q", "lease": 30, "ttl": 315360001}, "bad_value", ["ttl"]),
    ({"cmd": "policy", "queue": "q", "lease": 30, "backoff": "1,2"}, "bad_value", ["backoff"]),
    ({"cmd": "policy", "queue": "q", "lease": None}, None, ["lease"]),
    ({"cmd": "policy", "queue": "q.dead", "max_deliveries": 3}, "bad_name", ["max_deliveries"]),
    ({"cmd": "control"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "control", "queue": "q", "status": "bogus"}, "bad_value", ["start"]),
    ({"cmd": "control", "queue": "q", "status": "stop\0"}, "bad_value", ["status"]),
    ({"cmd": "control", "queue": "q", "status": 0}, None, ["status"]),
    ({"cmd": "control", "queue": "q", "status": None}, None, ["status"]),
    # unknown members
    ({"cmd": "add", "queue": "q", "value": "a", "colour": "red"}, "bad_request", ["colour"]),
    ({"cmd": "add", "queue": "q", "value": "a", "lease": 5}, "bad_request", ["lease"]),
    ({"cmd": "get", "queue": "q", "count": 2}, "bad_request", ["count"]),
    ({"cmd": "get", "queue": "q", "lease": 30}, "bad_request", ["lease"]),
    ({"cmd": "get", "queues": ["q"]}, "bad_request", ["queues"]),
    ({"cmd": "take", "queue": "q", "seconds": 30}, "bad_request", ["seconds"]),
    ({"cmd": "del", "queue": "q", "key": "q:1", "seconds": 5}, "bad_request", ["seconds"]),
    ({"cmd": "extend", "queue": "q", "key": "q:1", "lease": "x", "seconds": 5, "delay": 5},
     "bad_request", ["delay"]),
    ({"cmd": "release", "queue": "q", "key": "q:1", "lease": "x", "seconds": 5}, "bad_request",
     ["seconds"]),
    ({"cmd": "redrive", "queue": "q.dead", "lease": 5}, "bad_request", ["lease"]),
    ({"cmd": "stats", "queue": "q", "key": "q:1"}, "bad_request", ["key"]),
    ({"cmd": "policy", "queue": "q", "status": "stop"}, "bad_request", ["status"]),
    ({"cmd": "control", "queue": "q", "policy": "broadcast"}, "bad_request", ["policy"]),
    ({"cmd": "len", "queue": "q", "value": "a"}, "bad_request", ["value"]),
    ({"cmd": "list", "queue": "q"}, "bad_request", ["queue"]),
    ({"cmd": "purge", "queue": "q", "key": "q:1"}, "bad_request", ["key"]),
    # a cmd that is none
    ({"cmd": 5}, None, ["cmd"]),
    ({"cmd": None}, None, ["cmd"]),
    ({"cmd": ["add"]}, None, ["cmd"]),
], ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "")
def test_refused(http, unchanged, members, code, words):
    response = command(http, **members)
    value = assert_json(response)
    if code is None:
        assert value["code"] in ("bad_request", "bad_value")
    else:
        assert value["code"] == code, value
    for word in words:
        assert word in value["error"], value


@pytest.mark.parametrize("cmd", [
    "shout", "ADD", "add ", " add", "", "a\0dd", "add\0", "Extend", "extend ", "releasess", "sub",
    "redrive\0", "stat", "policies", "/control"])
def test_unknown_cmd(http, queue, unchanged, cmd):
    response = command(http, cmd=cmd, queue=queue)
    if cmd == "" and response.status == 400:   # as RestMQ
        return
    assert_json(response, {"error": "null resultset", "code": "bad_request"})


def test_message_too_large(http, queue, unchanged):
    response = command(http, cmd="add", queue=queue, value="a" * 1048577)
    assert response.status in (200, 413) and response.json()["code"] == "too_large"
    assert "1048576" in response.json()["error"]
    value = base64.b64encode(b"\xff" * 1048577).decode()
    response = command(http, cmd="add", queue=queue, value=value, encoding="base64")
    assert response.status in (200, 413) and response.json()["code"] == "too_large"


def test_largest_message(http, queue):
    value = base64.b64encode(b"\xff" * 1048576).decode()
    assert command(http, cmd="add", queue=queue, value=value, encoding="base64").json()["key"]
    assert command(http, cmd="add", queue=queue, value="\x01" * 1048576).json()["key"]
    assert http.get(f"/q/{queue}?raw=1").body == b"\xff" * 1048576
    assert http.get(f"/q/{queue}?raw=1").body == b"\x01" * 1048576


# --- what is no command: 400 --------------------------------------------------------------------

def nested(depth):
    """A command whose value is that deep, the object of the command itself counted."""
    return '{"cmd":"add","queue":"q","value":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


NO_COMMAND = [
    "", " ", "{", "}", "{}", "[]", '"add"', "5", "null", "nonsense", '["cmd","add"]',
    '{"queue":"q"}', '{"CMD":"len","queue":"q"}',
    '{"cmd":"len","queue":"q"', '{"cmd":"len","queue":"q}', '{"cmd":"len" "queue":"q"}',
    '{"cmd":"len","queue":}', '{"cmd":"len","queue":"q"} x', '{"cmd":"len","queue":"q"}{}',
    '{"cmd":"len","queue":"q"},', '{"cmd":"len","queue":"q"}\0', '{"cmd":"len",\0"queue":"q"}',
    '\ufeff{"cmd":"len","queue":"q"}', "{'cmd':'len','queue':'q'}", '{cmd:"len","queue":"q"}',
    '{"cmd":"len","queue":"q",}', '{"cmd":"len","queue":"q" /* c */}',
    '// c\n{"cmd":"len","queue":"q"}', '{"cmd":"add","queue":"q","value":"a\nb"}',
    '{"cmd":"add","queue":"q","value":"a\tb"}', '{"cmd":"add","queue":"q","value":"a\x01b"}',
    '{"cmd":"add","queue":"q","value":"a\0b"}', '{"cmd":"add","queue":"q","value":"\\x41"}',
    '{"cmd":"add","queue":"q","value":"\\u12"}', '{"cmd":"add","queue":"q","value":NaN}',
    '{"cmd":"take","queue":"q","count":Infinity}', '{"cmd":"take","queue":"q","count":01}',
    '{"cmd":"take","queue":"q","count":+1}', '{"cmd":"take","queue":"q","count":.5}',
    '{"cmd":"take","queue":"q","count":0x1}', '{"cmd":"add","queue":"q","value":TRUE}',
    '{"cmd":"add","queue":"q","value":"\\ud800"}',
    '{"cmd":"add","queue":"q","value":"\\udc00\\ud800"}', nested(33), nested(40), nested(10000),
    nested(1000000),
]


@pytest.mark.parametrize("text", NO_COMMAND, ids=lambda text: ascii(text)[:50])
def test_no_command(http, unchanged, text):
    assert_error(http.post("/queue", text, JSON), 400, "bad_request")


@pytest.mark.parametrize("text", NO_COMMAND[:20], ids=lambda text: ascii(text)[:50])
def test_no_command_in_a_form(http, unchanged, text):
    assert_error(http.post("/queue", form={"body": text}), 400, "bad_request")


BAD_UTF8 = [b"\xff", b"\x80", b"\xc3", b"\xc3(", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80",
            b"\xe2\x82", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x80",
            b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe"]


@pytest.mark.parametrize("sequence", BAD_UTF8, ids=lambda sequence: sequence.hex())
def test_invalid_utf8(http, queue, unchanged, sequence):
    for text in (b'{"cmd":"add","queue":"%s","value":"a' + sequence + b'"}',
                 b'{"cmd":"add","queue":"%s","value":"a","' + sequence + b'":1}',
                 b'{"cmd":"add","queue":"%s","value":"a"}' + sequence):
        text = text % queue.encode()
        assert_error(http.post("/queue", text, JSON), 400, "bad_request", "UTF-8")
        assert_error(http.post("/queue", form={"body": text}), 400, "bad_request", "UTF-8")


def test_as_deep_as_allowed(http, unchanged):
    """32 deep is JSON to us; that such a value is no string is another matter."""
    assert "value" in assert_json(http.post("/queue", nested(32), JSON))["error"]


@pytest.mark.parametrize("fields", [{}, {"body": ""}, {"value": '{"cmd":"list"}'}, {"boddy": "x"},
                                    {"body": '{"cmd":"list"}', "colour": "red"}],
                         ids=repr)
def test_bad_form(http, unchanged, fields):
    assert_error(http.post("/queue", form=fields), 400, "bad_request")


def test_json_sent_as_a_form(http, unchanged):
    """`curl -d '{"cmd":…}'` without its -H."""
    assert_error(http.post("/queue", '{"cmd":"list"}', FORM), 400, "bad_request", "Content-Type")


@pytest.mark.parametrize("type", ["text/plain", "application/octet-stream", "application/x-ndjson",
                                  "multipart/form-data; boundary=x"])
def test_other_content_types(http, unchanged, type):
    response = http.post("/queue", '{"cmd":"list"}', {"Content-Type": type})
    assert response.status in (400, 415)
    assert response.json()["code"] in ("bad_request", "unsupported")


def test_the_same_member_twice(http, queue):
    """Which of them was meant is not for us to guess."""
    push(http, queue, "a", "b")
    for text in ('{"cmd":"add","queue":"nobody","queue":"%s","value":"a"}',
                 '{"cmd":"del","queue":"%s","key":"foo:1","key":"foo:1"}',
                 '{"cmd":"take","queue":"%s","c\\u006dd":"purge"}'):
        assert_error(http.post("/queue", text % queue, JSON), 400, "bad_request", "twice")
    assert command(http, cmd="len", queue="nobody").json()["len"] == 0
    assert command(http, cmd="len", queue=queue).json()["len"] == 2


# --- values -------------------------------------------------------------------------------------

@pytest.mark.parametrize("value", [
    "", "a\0b", "\0", "\x7f", "\u2028\u2029", "</script>", "é😀", '"\\', "\r\n\t\b\f",
    "\ufffe\uffff", "\U0010ffff", "a" * 100000], ids=lambda value: ascii(value)[:20])
def test_text_comes_back_as_it_went_in(http, queue, value):
    for answer in (command(http, cmd="add", queue=queue, value=value),
                   command(http, cmd="get", queue=queue), command(http, cmd="take", queue=queue)):
        assert answer.json()["value"] == value
    command(http, cmd="add", queue=queue, value=value)
    assert http.get(f"/q/{queue}").json()["value"] == value


def test_bytes_come_out_as_base64(http, queue):
    push(http, queue, b"\xff\0")
    assert_json(command(http, cmd="get", queue=queue), {
        "queue": queue, "value": "/wA=", "encoding": "base64", "key": f"{queue}:1", "count": 1})
    assert_json(command(http, cmd="take", queue=queue), {
        "queue": queue, "value": "/wA=", "encoding": "base64", "key": f"{queue}:1"})


def test_too_many_values(http, queue, unchanged):
    """A parsed value takes a hundred times the bytes of its text."""
    body = '{"cmd":"take","queue":"%s","count":[%s1]}' % (queue, "{}," * 100000)
    response = http.post("/queue", body, {"Content-Type": "application/json"})
    assert_error(response, 400, "bad_request", "4000 values")
