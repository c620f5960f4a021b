# test_chosen_letters.py - dead letters that are named by their keys: they go back, or are deleted, and no
# others.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import pytest

from checks import assert_error, assert_json, heard, listed, push, swept, take, take_all
from reliable import expire, lease, part, policy, release, stats
from test_dead_letters import bury, bury_by_hand

JSON = {"Content-Type": "application/json"}


def over_form(http, queue, what, keys, **more):
    query = {"redriven": "redrive=1", "deleted": "deletes=1"}[what]
    return http.post(f"/q/{queue}.dead?{query}", form={"keys": ",".join(keys), **more})


def over_json(http, queue, what, keys, **more):
    verb = {"redriven": "redrive", "deleted": "dels"}[what]
    return http.post("/queue", json.dumps({"cmd": verb, "queue": queue + ".dead", "keys": keys, **more}), JSON)


def rows(answer):
    answer = assert_json(answer)
    return answer["messages"] if isinstance(answer, dict) else answer


def outcomes(answer):
    """Of each its key's number, and done or the code."""
    return [(int(row["key"].rpartition(":")[2]), row.get("code") or
             {frozenset({"key", "redriven"}): "redriven", frozenset({"key", "deleted"}): "deleted"}[frozenset(row)])
            for row in rows(answer)]


WAYS = pytest.mark.parametrize("ask", [over_form, over_json])
BOTH = pytest.mark.parametrize("what", ["redriven", "deleted"])


@WAYS
def test_redrive(http, redis, queue, ask):
    bury(http, queue, *"abcde")
    push(http, queue, "f")
    keys = [f"{queue}:{number}" for number in (4, 2)]
    answers = []
    assert heard(redis, part(queue, "events"), 1,
                 lambda: answers.append(ask(http, queue, "redriven", keys))) == [b"ready"]
    assert rows(answers[0]) == [{"key": key, "redriven": True} for key in keys]
    assert stats(http, queue, "len", "dead") == (3, 3)
    assert redis.hkeys(part(queue + ".dead", "receipts")) == [f"{queue}:{n}".encode() for n in (1, 3, 5)]
    policy(http, queue, max_deliveries=2)
    assert lease(http, queue)["value"] == "f"
    assert [lease(http, queue)["deliveries"] for _ in range(2)] == [1, 1]       # counted anew
    expire(redis, queue)
    assert sorted(take_all(http, queue)) == ["b", "d", "f"]
    assert take_all(http, queue + ".dead") == ["a", "c", "e"]


@WAYS
def test_the_order_is_that_of_the_request(http, queue, ask):
    bury(http, queue, *"abcde")
    ask(http, queue, "redriven", [f"{queue}:{number}" for number in (4, 1, 3)])
    assert take_all(http, queue) == ["d", "a", "c"]


@WAYS
def test_delete(http, redis, queue, ask):
    bury(http, queue, *"abcde")
    keys = [f"{queue}:{number}" for number in (1, 5, 3)]
    assert rows(ask(http, queue, "deleted", keys)) == [{"key": key, "deleted": True} for key in keys]
    assert not redis.exists(*keys) and stats(http, queue, "len", "dead") == (0, 2)
    assert len(redis.hkeys(part(queue + ".dead", "receipts"))) == 2
    assert take_all(http, queue + ".dead") == ["b", "d"]


@WAYS
@BOTH
def test_of_each_what_became_of_it(http, redis, queue, ask, what):
    bury(http, queue, *"abcdef")
    push(http, queue, "no dead letter")
    held = lease(http, queue + ".dead")
    assert held["key"] == f"{queue}:1"
    late = lease(http, queue + ".dead")
    assert release(http, late, queue + ".dead", delay=60).status == 200
    redis.delete(f"{queue}:3")
    numbers = [1, 2, 3, 4, 4, 7, 99, 5]
    assert outcomes(ask(http, queue, what, [f"{queue}:{number}" for number in numbers])) == [
        (1, "stale_lease"), (2, what), (3, "not_found"), (4, what), (4, "not_found"), (7, "not_found"),
        (99, "not_found"), (5, what)]
    assert release(http, held, queue + ".dead").status == 200
    assert take_all(http, queue + ".dead") == ["a", "f"]
    assert take_all(http, queue) == ["no dead letter"] + (["b", "d", "e"] if what == "redriven" else [])


@BOTH
def test_a_lease_that_is_over(http, redis, queue, what):
    bury(http, queue, *"ab")
    lease(http, queue + ".dead")
    expire(redis, queue + ".dead")
    assert outcomes(over_form(http, queue, what, [f"{queue}:1"])) == [(1, what)]
    assert take_all(http, queue + ".dead") == ["b"]
    assert not redis.exists(part(queue + ".dead", "leases"))


@BOTH
def test_again(http, queue, what):
    bury(http, queue, "a")
    assert outcomes(over_form(http, queue, what, [f"{queue}:1"])) == [(1, what)]
    assert outcomes(over_form(http, queue, what, [f"{queue}:1"])) == [(1, "not_found")]
    assert take_all(http, queue) == (["a"] if what == "redriven" else [])


@BOTH
def test_a_thousand(http, redis, queue, what):
    bury_by_hand(redis, queue, 1500)
    keys = [f"{queue}:{number}" for number in range(1, 1501) if number % 3]
    assert outcomes(over_form(http, queue, what, keys)) == [
        (number, what) for number in range(1, 1501) if number % 3]
    assert redis.llen(f"{queue}.dead:queue") == 500
    assert take_all(http, queue + ".dead") == [str(number) for number in range(3, 1501, 3)]
    assert http.delete(f"/q/{queue}").status == 200


@BOTH
def test_deep_inside(http, redis, queue, what):
    """Nobody reads a list of any length in one step: the page where it was seen tells the place."""
    bury_by_hand(redis, queue, 30000)
    ends, inside = [1, 5000, 25001, 30000], [5001, 15000, 25000]
    keys = [f"{queue}:{number}" for number in ends + inside]
    assert outcomes(over_form(http, queue, what, keys)) == [(number, what) for number in ends] + [
        (number, "conflict") for number in inside]
    keys = [f"{queue}:{number}" for number in inside]
    assert outcomes(over_form(http, queue, what, keys, cursor=15000)) == [
        (5001, "conflict"), (15000, what), (25000, "conflict")]
    assert outcomes(over_json(http, queue, what, keys[:1], cursor=5000)) == [(5001, what)]
    assert outcomes(over_json(http, queue, what, keys[2:], cursor=10 ** 9)) == [(25000, "conflict")]
    assert redis.llen(f"{queue}.dead:queue") == 30000 - 6
    for name in queue, queue + ".dead":
        http.delete(f"/q/{name}")
    swept(redis, queue + ".dead")


def test_long_bodies_are_left_to_the_sweeper(http, redis, queue):
    bury(http, queue, *["x" * 400000] * 6)
    assert outcomes(over_form(http, queue, "deleted", [f"{queue}:{n}" for n in range(1, 7)])) == [
        (number, "deleted") for number in range(1, 7)]
    swept(redis, queue + ".dead")
    assert not redis.exists(*(f"{queue}:{number}" for number in range(1, 7)))


def test_held_pushes(http, queue):
    bury(http, queue, "a")
    http.post(f"/control/{queue}", form={"status": "stop", "what": "pushes"})
    for ask in over_form, over_json:
        answer = ask(http, queue, "redriven", [f"{queue}:1"])
        assert answer.json()["code"] == "held"
    assert outcomes(over_form(http, queue, "deleted", [f"{queue}:1"])) == [(1, "deleted")]


@pytest.mark.parametrize("query, form, code", [
    ("deletes=1", {}, "bad_request"), ("deletes=1", {"keys": ""}, "bad_value"), ("deletes=2", {"keys": "$:1"}, "bad_value"),
    ("redrive=1", {"keys": ""}, "bad_value"), ("redrive=1", {"keys": "$:1", "count": 5}, "bad_request"),
    ("redrive=1", {"cursor": 5}, "bad_request"), ("redrive=1", {"keys": "$:1,,"}, "bad_value"),
    ("redrive=1", {"keys": "$:1,other:1"}, "bad_value"), ("deletes=1", {"keys": "$:1, $:2"}, "bad_value"),
    ("deletes=1", {"keys": "$:1", "cursor": "x"}, "bad_value"), ("deletes=1", {"keys": "$:1", "lease": "x"}, "bad_request"),
    ("deletes=1", {"keys": ",".join(["$:1"] * 1001)}, "bad_value"), ("deletes=1&redrive=1", {"keys": "$:1"}, "bad_request"),
    ("", {"keys": "$:1"}, "bad_request"), ("redrive=1", {"keys": "$:1", "value": "x"}, "bad_request")])
def test_bad_requests(http, queue, query, form, code):
    bury(http, queue, "a", "b")
    form = {name: str(value).replace("$", queue) for name, value in form.items()}
    assert_error(http.post(f"/q/{queue}.dead?{query}", form=form), 400, code)
    assert stats(http, queue, "len", "dead") == (0, 2)


def test_not_of_other_queues(http, queue):
    push(http, queue, "a")
    for query in "redrive=1", "deletes=1":
        assert_error(http.post(f"/q/{queue}?{query}", form={"keys": f"{queue}:1"}), 400, "bad_request")
    assert take(http, queue) == "a"


@pytest.mark.parametrize("members", [
    {"cmd": "dels"}, {"cmd": "dels", "keys": []}, {"cmd": "dels", "keys": "$:1"}, {"cmd": "dels", "keys": [1]},
    {"cmd": "dels", "keys": ["$:1", None]}, {"cmd": "dels", "keys": ["other:1"]},
    {"cmd": "redrive", "keys": ["$:1"], "count": 1}, {"cmd": "redrive", "cursor": 1},
    {"cmd": "dels", "keys": ["$:1"] * 1001}, {"cmd": "dels", "keys": ["$:1"], "cursor": -1}])
def test_bad_commands(http, queue, members):
    bury(http, queue, "a")
    text = json.dumps({"queue": queue + ".dead", **members}).replace("$", queue)
    assert http.post("/queue", text, JSON).json()["code"] in ("bad_value", "bad_request")
    assert stats(http, queue, "len", "dead") == (0, 1)


@BOTH
@pytest.mark.parametrize("kind", ["leases", "delayed", "receipts", "queue"])
def test_damage(http, redis, queue, what, kind):
    """Nothing is changed then."""
    bury_by_hand(redis, queue, 2)
    name = f"{queue}.dead:queue" if kind == "queue" else part(queue + ".dead", kind)
    redis.delete(name)
    redis.set(name, "text")
    assert_error(over_form(http, queue, what, [f"{queue}:1"]), 500, "damaged")
    assert redis.exists(f"{queue}:1", f"{queue}:2") == 2
    redis.delete(name)
