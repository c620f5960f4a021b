# test_json_leases.py - leases, delays, dead letters, batches and settings in the JSON protocol.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import json

import pytest

from checks import assert_error, assert_json, command, keys_of, push, swept, take, take_all
from reliable import (TOKEN, ack, expire, let_pass, nothing_changes, now_ms, part, policy, stats, values)


def say(http, cmd, queue=None, **members):
    """The answer to a command."""
    if queue:
        members["queue"] = queue
    return assert_json(command(http, cmd=cmd, **members))


def lease(http, queue, seconds=30):
    message = say(http, "take", queue, lease=seconds)
    return None if "error" in message else message


def holder(message):
    return {"queue": message["queue"], "key": message["key"], "lease": message["lease"]}


# --- take ---------------------------------------------------------------------------------------

def test_take_with_a_lease(http, redis, queue):
    push(http, queue, "a")
    message = lease(http, queue)
    assert TOKEN.fullmatch(message["lease"])
    assert 29000 < message["lease_until"] - now_ms(redis) <= 30000
    assert {name: message[name] for name in message if not name.startswith("lease")} == {
        "queue": queue, "key": f"{queue}:1", "value": "a", "deliveries": 1}
    assert say(http, "take", queue) == {"error": "empty queue", "code": "empty"}
    assert say(http, "get", queue) == {"error": "empty queue", "code": "empty"}


def test_take_several_with_a_lease(http, queue):
    push(http, queue, "a", b"\xff", "c")
    answer = say(http, "take", queue, count=2, lease=30)
    assert set(answer) == {"queue", "messages"}
    assert [set(message) for message in answer["messages"]] == [
        {"key", "value", "lease", "lease_until", "deliveries"},
        {"key", "value", "encoding", "lease", "lease_until", "deliveries"}]
    for message in answer["messages"]:
        assert say(http, "del", **holder({**message, "queue": queue}))["deleted"] is True
    assert take_all(http, queue) == ["c"]
    assert say(http, "take", queue, count=2, lease=30) == {"queue": queue, "messages": []}


def test_a_lease_of_nothing(http, queue):
    policy(http, queue, lease=30)
    push(http, queue, "a")
    assert say(http, "take", queue, lease=0) == {"queue": queue, "key": f"{queue}:1", "value": "a"}


def test_take_from_queues(http, queue):
    names = [f"{queue}-{number}" for number in range(3)]
    push(http, names[2], "c")
    push(http, names[1], "b")
    assert say(http, "take", queues=names) == {
        "queue": names[1], "key": f"{names[1]}:1", "value": "b"}
    message = say(http, "take", queues=names, lease=30)
    assert message["queue"] == names[2] and message["deliveries"] == 1
    assert say(http, "del", **holder(message))["deleted"] is True
    assert say(http, "take", queues=names) == {"error": "empty queue", "code": "empty"}
    answer = say(http, "take", queues=names, count=5)
    assert answer["messages"] == [] and answer["queue"] in names
    push(http, names[1], "x", "y")
    push(http, names[2], "z")
    answer = say(http, "take", queues=names, count=5)
    assert answer["queue"] == names[1] and values(answer["messages"]) == ["x", "y"]


def test_take_from_sixteen_queues(http, queue):
    names = [f"{queue}-{number}" for number in range(16)]
    push(http, names[15], "a")
    assert say(http, "take", queues=names)["value"] == "a"
    assert say(http, "take", queues=[queue]) == {"error": "empty queue", "code": "empty"}


# --- del, extend, release -----------------------------------------------------------------------

def test_ack(http, redis, queue):
    push(http, queue, "a")
    message = lease(http, queue)
    assert say(http, "del", **holder(message)) == {
        "queue": queue, "deleted": True, "key": f"{queue}:1"}
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}",
                                            part(queue, "stats")])


def test_extend(http, redis, queue):
    push(http, queue, "a")
    message = lease(http, queue)
    answer = say(http, "extend", **holder(message), seconds=1000)
    assert set(answer) == {"queue", "key", "lease_until"} and answer["key"] == f"{queue}:1"
    assert 999000 < answer["lease_until"] - now_ms(redis) <= 1000000
    let_pass(redis, queue, 900)
    assert take(http, queue) is None


@pytest.mark.parametrize("delay", [None, 0, 10])
def test_release(http, redis, queue, delay):
    push(http, queue, "a")
    message = lease(http, queue)
    more = {} if delay is None else {"delay": delay}
    assert say(http, "release", **holder(message), **more) == {
        "queue": queue, "key": f"{queue}:1", "released": True}
    assert stats(http, queue, "len", "delayed") == ((0, 1) if delay else (1, 0))
    let_pass(redis, queue, 11)
    assert lease(http, queue)["deliveries"] == 2


def test_stale(http, redis, queue):
    """200 with an error, as for all that an application does wrong; and nothing changes."""
    push(http, queue, "a", "b")
    message, other = lease(http, queue), lease(http, queue)
    wrong = [{**holder(message), "lease": token}
             for token in ("x", other["lease"], message["lease"] + "\0",
                           message["lease"].upper() + "!", "é", "a" * 100000)]
    wrong.append({**holder(message), "key": f"{queue}:3"})
    with nothing_changes(redis):
        for claim in wrong:
            for cmd, more in ("del", {}), ("extend", {"seconds": 5}), ("release", {}):
                assert say(http, cmd, **claim, **more)["code"] == "stale_lease"
        assert say(http, "del", queue, key=message["key"])["code"] == "stale_lease"
    assert say(http, "del", **holder(message))["deleted"] is True
    with nothing_changes(redis):
        assert say(http, "del", **holder(message))["code"] == "stale_lease"
        assert say(http, "del", queue, key=message["key"])["deleted"] is False


def test_stale_after_the_deadline(http, redis, queue):
    push(http, queue, "a")
    message = lease(http, queue)
    expire(redis, queue)
    with nothing_changes(redis):
        for cmd, more in ("del", {}), ("extend", {"seconds": 5}), ("release", {}):
            assert say(http, cmd, **holder(message), **more)["code"] == "stale_lease"
    assert take(http, queue) == "a"


def test_leased_here_and_acked_there(http, queue):
    """The JSON protocol and REST are two ways to the same thing."""
    push(http, queue, "a", "b")
    assert ack(http, lease(http, queue)).status == 200
    message = http.get(f"/q/{queue}?lease=30").json()
    assert say(http, "del", **holder({**message, "queue": queue}))["deleted"] is True


# --- add ----------------------------------------------------------------------------------------

def test_add_values(http, queue):
    assert say(http, "add", queue, values=["a", "", "é\0"]) == {
        "queue": queue, "keys": [f"{queue}:1", f"{queue}:2", f"{queue}:3"]}
    assert say(http, "add", queue, values=["d"]) == {"queue": queue, "keys": [f"{queue}:4"]}
    assert take_all(http, queue) == ["a", "", "é\0", "d"]


def test_add_a_thousand(http, queue):
    keys = say(http, "add", queue, values=[str(number) for number in range(1000)])["keys"]
    assert keys == [f"{queue}:{number}" for number in range(1, 1001)]
    assert values(say(http, "take", queue, count=1000)["messages"]) == [
        str(number) for number in range(1000)]


def test_add_values_in_base64(http, queue):
    bodies = [b"\xff\0", b"", b"plain"]
    encoded = [base64.b64encode(body).decode() for body in bodies]
    say(http, "add", queue, values=encoded, encoding="base64")
    assert [http.get(f"/q/{queue}?raw=1").body for _ in bodies] == bodies


def test_add_with_delay_and_ttl(http, redis, queue):
    say(http, "add", queue, value="a", delay=10, ttl=50)
    say(http, "add", queue, values=["b", "c"], delay=5)
    say(http, "add", queue, value="d", delay=0)
    assert 58 <= redis.ttl(f"{queue}:1") <= 60
    assert stats(http, queue, "len", "delayed") == (1, 3)
    let_pass(redis, queue, 11)
    assert take_all(http, queue) == ["d", "b", "c", "a"]


def test_add_once(http, redis, queue):
    first = say(http, "add", queue, value="a", once="k")
    assert first == {"queue": queue, "value": "a", "key": f"{queue}:1"}
    with nothing_changes(redis):
        assert say(http, "add", queue, value="a", once="k") == {**first, "replay": True}
        assert say(http, "add", queue, value="b", once="k")["code"] == "conflict"
        assert say(http, "add", queue, value="a", once="k", ttl=5)["code"] == "conflict"
        assert say(http, "add", queue, values=["a", "a"], once="k")["code"] == "conflict"
    assert say(http, "add", queue, values=["a", "b"], once="l") == {
        "queue": queue, "keys": [f"{queue}:2", f"{queue}:3"]}
    assert say(http, "add", queue, values=["a", "b"], once="l") == {
        "queue": queue, "keys": [f"{queue}:2", f"{queue}:3"], "replay": True}
    assert take_all(http, queue) == ["a", "a", "b"]


def test_once_is_about_the_message_not_its_spelling(http, queue):
    say(http, "add", queue, value="a", once="k")
    assert say(http, "add", queue, value="YQ==", encoding="base64", once="k")["replay"] is True


@pytest.mark.parametrize("values_", [["a" * 1048577], ["a", "b" * 1048577], ["a" * 1048576] * 5])
def test_add_too_large(http, redis, queue, values_):
    with nothing_changes(redis):
        assert say(http, "add", queue, values=values_)["code"] == "too_large"


# --- stats, policy, control, purge, redrive -----------------------------------------------------

def test_stats(http, redis, queue):
    push(http, queue, *"abcde")
    say(http, "del", **holder(lease(http, queue)))
    lease(http, queue)
    expire(redis, queue)
    lease(http, queue)
    take(http, queue)
    expected = {"queue": queue, "len": 2, "leased": 1, "delayed": 0, "dead": 0, "status": 1,
                "policy": "broadcast", "pushed": 5, "removed": 2, "acked": 1, "returned": 1,
                "expired": 0, "died": 0, "dropped": 0, "purged": 0,
                "consumers": 0, "oldest_s": None, "oldest_is": None}
    assert say(http, "stats", queue) == expected
    rest = http.get(f"/stats/{queue}").json()
    rest.pop("redis")
    assert rest == expected


def test_len_counts_those_that_are_ready(http, queue):
    push(http, queue, "a", "b")
    lease(http, queue)
    say(http, "add", queue, value="c", delay=5)
    assert say(http, "len", queue) == {"queue": queue, "len": 1}


NONE = {"lease": 0, "max_deliveries": 0, "max_length": 0, "ttl": 0, "backoff": 0}
ALL = {"lease": 30, "max_deliveries": 5, "max_length": 1000, "ttl": 3600, "backoff": "1,2,60"}


def test_policy(http, queue, redis):
    with nothing_changes(redis):
        assert say(http, "policy", queue) == {"queue": queue, "value": "broadcast", **NONE}
    expected = {"queue": queue, "value": "roundrobin", **ALL}
    assert say(http, "policy", queue, policy="roundrobin", **ALL) == expected
    assert say(http, "policy", queue) == expected
    assert http.get(f"/p/{queue}").json() == expected
    assert say(http, "policy", queue, policy="broadcast")["value"] == "broadcast"
    assert say(http, "policy", queue, lease=0)["lease"] == 0
    assert say(http, "policy", queue, **{name: str(ALL[name]) for name in ALL}) == {
        **expected, "value": "broadcast"}
    assert say(http, "policy", queue, **NONE) == {"queue": queue, "value": "broadcast", **NONE}
    assert not redis.exists(part(queue, "settings"))


def test_control(http, redis, queue):
    with nothing_changes(redis):
        assert say(http, "control", queue) == {"queue": queue, "status": 1}
    for word, status in ("stop", 0), ("start", 1):
        assert say(http, "control", queue, status=word) == {"queue": queue, "status": status}
        assert say(http, "control", queue) == {"queue": queue, "status": status}
        assert redis.get(f"queuestat::{queue}") == b"%d" % status


def test_purge(http, redis, queue):
    push(http, queue, "a", "b")
    message = lease(http, queue)
    say(http, "add", queue, value="c", delay=5)
    assert say(http, "purge", queue) == {"queue": queue, "status": 1, "purged": 3}
    swept(redis, queue)
    assert say(http, "del", **holder(message))["code"] == "stale_lease"


def test_redrive(http, queue):
    say(http, "policy", queue, max_deliveries=1)
    say(http, "add", queue, values=["a", "b", "c"])
    while message := lease(http, queue):
        say(http, "release", **holder(message))
    dead = queue + ".dead"
    assert say(http, "stats", queue)["dead"] == 3
    assert say(http, "get", dead)["key"] == f"{queue}:1"
    assert say(http, "redrive", dead, count=1) == {"queue": queue, "redriven": 1}
    assert say(http, "redrive", dead) == {"queue": queue, "redriven": 2}
    assert say(http, "redrive", dead) == {"queue": queue, "redriven": 0}
    assert take_all(http, queue) == ["a", "b", "c"]


# --- what an application did wrong --------------------------------------------------------------

TOKENS = {"key": "q:1", "lease": "x"}


@pytest.mark.parametrize("members, code, words", [
    # values
    ({"cmd": "add", "queue": "q", "values": []}, "bad_value", ["values", "1000"]),
    ({"cmd": "add", "queue": "q", "values": ["a"] * 1001}, "bad_value", ["values", "1000"]),
    ({"cmd": "add", "queue": "q", "values": ["a", 5]}, "bad_value", ["values"]),
    ({"cmd": "add", "queue": "q", "values": ["a", None]}, "bad_value", ["values"]),
    ({"cmd": "add", "queue": "q", "values": [["a"]]}, "bad_value", ["values"]),
    ({"cmd": "add", "queue": "q", "values": "abc"}, "bad_value", ["values"]),
    ({"cmd": "add", "queue": "q", "values": {"a": "b"}}, "bad_value", ["values"]),
    ({"cmd": "add", "queue": "q", "values": None}, "bad_value", ["values"]),
    ({"cmd": "add", "queue": "q", "value": "a", "values": ["b"]}, "bad_request", ["value"]),
    ({"cmd": "add", "queue": "q", "values": ["YQ==", "?"], "encoding": "base64"}, "bad_value",
     ["base64"]),
    # once
    ({"cmd": "add", "queue": "q", "value": "a", "once": ""}, "bad_value", ["once", "128"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": "a" * 129}, "bad_value", ["once"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": "a\0b"}, "bad_value", ["once"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": "a\nb"}, "bad_value", ["once"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": "\x7f"}, "bad_value", ["once"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": "é"}, "bad_value", ["once"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": 5}, "bad_value", ["once"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": None}, "bad_value", ["once"]),
    # names
    ({"cmd": "add", "queue": "q.dead", "value": "a"}, "bad_name", ["dead"]),
    ({"cmd": "take", "queue": "q.dead.dead"}, "bad_name", []),
    ({"cmd": "take", "queue": ".dead"}, "bad_name", []),
    ({"cmd": "take", "queues": []}, "bad_value", ["queues", "16"]),
    ({"cmd": "take", "queues": ["q"] * 17}, "bad_value", ["queues", "16"]),
    ({"cmd": "take", "queues": "q"}, "bad_value", ["queues"]),
    ({"cmd": "take", "queues": ["q", 5]}, "bad_value", ["queues"]),
    ({"cmd": "take", "queues": ["q", ".."]}, "bad_name", []),
    ({"cmd": "take", "queues": ["..", "q"]}, "bad_name", []),
    ({"cmd": "take", "queues": ["q", ""]}, "bad_name", []),
    ({"cmd": "take", "queues": ["q", "q\0"]}, "bad_name", []),
    ({"cmd": "take", "queues": ["q", "q,r"]}, "bad_name", []),
    ({"cmd": "take", "queue": "q", "queues": ["q"]}, "bad_request", ["queues"]),
    # claims
    ({"cmd": "del", "queue": "q", "key": "q:1", "lease": ""}, "bad_value", ["lease"]),
    ({"cmd": "del", "queue": "q", "key": "q:1", "lease": None}, "bad_value", ["lease"]),
    ({"cmd": "del", "queue": "q", "key": "q:1", "lease": 5}, "bad_value", ["lease"]),
    ({"cmd": "del", "queue": "q", "lease": "x"}, "bad_request", ["key"]),
    ({"cmd": "extend", "queue": "q", **TOKENS}, "bad_request", ["seconds"]),
    ({"cmd": "extend", "queue": "q", "key": "q:1", "seconds": 5}, "bad_request", ["lease"]),
    ({"cmd": "extend", "queue": "q", "lease": "x", "seconds": 5}, "bad_request", ["key"]),
    ({"cmd": "extend", **TOKENS, "seconds": 5}, "bad_request", ["queue"]),
    ({"cmd": "extend", "queue": "q", **TOKENS, "key": "r:1", "seconds": 5}, "bad_value", ["key"]),
    ({"cmd": "extend", "queue": "q", **TOKENS, "lease": "", "seconds": 5}, "bad_value", ["lease"]),
    ({"cmd": "extend", "queue": "q", **TOKENS, "seconds": 5, "delay": 5}, "bad_request", ["delay"]),
    ({"cmd": "extend", "queue": "q", **TOKENS, "extend": 5}, "bad_request", ["extend"]),
    ({"cmd": "release", "queue": "q", "key": "q:1"}, "bad_request", ["lease"]),
    ({"cmd": "release", "queue": "q", "lease": "x"}, "bad_request", ["key"]),
    ({"cmd": "release", "queue": "q", "key": "q:x", "lease": "x"}, "bad_value", ["key"]),
    ({"cmd": "release", "queue": "q", **TOKENS, "seconds": 5}, "bad_request", ["seconds"]),
    # the others
    ({"cmd": "redrive", "queue": "q"}, "bad_request", ["dead"]),
    ({"cmd": "redrive"}, "bad_request", ["queue"]),
    ({"cmd": "redrive", "queue": "q.dead", "redrive": 1}, "bad_request", ["redrive"]),
    ({"cmd": "policy"}, "bad_request", ["queue"]),
    ({"cmd": "policy", "queue": "q", "policy": "bogus"}, "bad_value", ["roundrobin"]),
    ({"cmd": "policy", "queue": "q", "policy": None}, "bad_value", ["policy"]),
    ({"cmd": "policy", "queue": "q", "backoff": "1,2"}, "bad_value", ["backoff"]),
    ({"cmd": "policy", "queue": "q", "backoff": [1, 2, 3]}, "bad_value", ["backoff"]),
    ({"cmd": "policy", "queue": "q", "lease": 5, "ttl": -1}, "bad_value", ["ttl"]),
    ({"cmd": "policy", "queue": "q.dead", "max_deliveries": 5}, "bad_name", ["max_deliveries"]),
    ({"cmd": "policy", "queue": "q", "wait": 5}, "bad_request", ["wait"]),
    ({"cmd": "control"}, "bad_request", ["queue"]),
    ({"cmd": "control", "queue": "q", "status": "bogus"}, "bad_value", ["start"]),
    ({"cmd": "control", "queue": "q", "status": 1}, "bad_value", ["status"]),
    ({"cmd": "control", "queue": "q", "status": "stop\0"}, "bad_value", ["status"]),
    ({"cmd": "control", "queue": "q", "status": None}, "bad_value", ["status"]),
    ({"cmd": "stats"}, "bad_request", ["queue"]),
    ({"cmd": "stats", "queue": "q", "count": 5}, "bad_request", ["count"]),
    ({"cmd": "get", "queue": "q", "lease": 5}, "bad_request", ["lease"]),
    ({"cmd": "get", "queues": ["q"]}, "bad_request", ["queues"]),
    ({"cmd": "len", "queues": ["q"]}, "bad_request", ["queues"]),
    ({"cmd": "take", "queue": "q", "soft": 1}, "bad_request", ["soft"]),
], ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "")
def test_refused(http, unchanged, members, code, words):
    answer = assert_json(command(http, **members))
    assert answer["code"] == code, answer
    for word in words:
        assert word in answer["error"], answer


NUMBERS = [
    ("lease", {"cmd": "take", "queue": "q"}, 0, 43200),
    ("count", {"cmd": "take", "queue": "q"}, 1, 1000),
    ("delay", {"cmd": "add", "queue": "q", "value": "a"}, 0, 2592000),
    ("ttl", {"cmd": "add", "queue": "q", "value": "a"}, 1, 315360000),
    ("seconds", {"cmd": "extend", "queue": "q", **TOKENS}, 1, 43200),
    ("delay", {"cmd": "release", "queue": "q", **TOKENS}, 0, 2592000),
    ("count", {"cmd": "redrive", "queue": "q.dead"}, 1, 1000),
    ("lease", {"cmd": "policy", "queue": "q"}, 0, 43200),
    ("max_deliveries", {"cmd": "policy", "queue": "q"}, 0, 1000),
    ("max_length", {"cmd": "policy", "queue": "q"}, 0, 1000000000),
    ("ttl", {"cmd": "policy", "queue": "q"}, 0, 315360000)]


@pytest.mark.parametrize("name, members, low, high", NUMBERS,
                         ids=[f"{members['cmd']} {name}" for name, members, _, _ in NUMBERS])
def test_no_number(http, unchanged, name, members, low, high):
    for number in (low - 1, high + 1, 2 ** 32 + 1, 2 ** 63, 2 ** 64 + 1, -2 ** 63, 1.5, low + 0.0,
                   1e2, True, False, None, [low], {}, "", "abc", "1x", " 1", "1\0", "+1", "-1",
                   "01", "1.0"):
        answer = assert_json(command(http, **members, **{name: number}))
        assert answer["code"] == "bad_value" and name in answer["error"], (number, answer)
        assert str(high) in answer["error"]


@pytest.mark.parametrize("name, members, low, high", NUMBERS[:4] + NUMBERS[7:],
                         ids=[f"{members['cmd']} {name}"
                              for name, members, _, _ in NUMBERS[:4] + NUMBERS[7:]])
def test_bounds(http, queue, name, members, low, high):
    for number in (low, high, str(high)):
        answer = assert_json(command(http, **{**members, "queue": queue, name: number}))
        assert answer.get("code") in (None, "empty"), answer


def test_unknown_in_the_list_of_commands(http, queue, unchanged):
    for cmd in "ack", "lease", "delay", "publish", "Extend", "redrive ":
        assert say(http, cmd, queue) == {"error": "null resultset", "code": "bad_request"}


def test_damaged_is_no_mistake_of_the_application(http, redis, queue):
    push(http, queue, "a")
    redis.set(part(queue, "leases"), "x")
    with nothing_changes(redis):
        assert_error(command(http, cmd="take", queue=queue, lease=5), 500, "damaged",
                     part(queue, "leases"))
