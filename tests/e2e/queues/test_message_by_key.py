# test_message_by_key.py - one message by its key, wherever it stands: looked at, and removed with force=1.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import json

import pytest

from checks import assert_error, assert_json, push, take, take_all
from reliable import (ack, assert_refused, assert_stale, expire, extend, lease, nothing_changes, part,
                      policy, push_batch, release, stats)

JSON = {"Content-Type": "application/json"}


def look(http, key, more="", queue=None):
    queue = queue or key.rpartition(":")[0]
    return http.get(f"/q/{queue}?soft=1&key={key}{more}")


def remove(http, key, more="&force=1", queue=None):
    queue = queue or key.rpartition(":")[0]
    return http.delete(f"/q/{queue}?key={key}{more}")


def command(http, **members):
    return assert_json(http.post("/queue", json.dumps(members), JSON))


# --- a look -------------------------------------------------------------------------------------

def test_ready(http, queue):
    push(http, queue, "a", "b", "c")
    assert_json(look(http, f"{queue}:2"), {"key": f"{queue}:2", "value": "b", "state": "ready",
                                           "deliveries": 0, "count": 1})
    assert take_all(http, queue) == ["a", "b", "c"]


def test_leased(http, queue):
    """Nothing is told of the token, which is the worker's."""
    push(http, queue, "a")
    message = lease(http, queue)
    for count in 1, 2:
        assert_json(look(http, message["key"]), {
            "key": message["key"], "value": "a", "state": "leased",
            "lease_until": message["lease_until"], "deliveries": 1, "count": count})
    assert message["lease"] not in look(http, message["key"]).text
    assert ack(http, message).status == 200


def test_delayed(http, redis, queue):
    http.post(f"/q/{queue}?delay=60", "a", {"Content-Type": "text/plain"})
    answer = assert_json(look(http, f"{queue}:1"))
    assert answer == {"key": f"{queue}:1", "value": "a", "state": "delayed", "due": answer["due"],
                      "deliveries": 0, "count": 1}
    assert answer["due"] == int(redis.zscore(part(queue, "delayed"), f"{queue}:1"))


def test_what_is_over_or_due_is_ready(http, redis, queue):
    http.post(f"/q/{queue}?delay=60", "a", {"Content-Type": "text/plain"})
    push(http, queue, "b")
    lease(http, queue)
    expire(redis, queue)
    for number, deliveries in (1, 0), (2, 1):
        answer = assert_json(look(http, f"{queue}:{number}"))
        assert (answer["state"], answer["deliveries"]) == ("ready", deliveries)
        assert "lease_until" not in answer and "due" not in answer


def test_came_back(http, queue):
    push(http, queue, "a")
    release(http, lease(http, queue))
    assert assert_json(look(http, f"{queue}:1"))["deliveries"] == 1


def test_dead_letters(http, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a", "b")
    for _ in range(2):
        release(http, lease(http, queue))
    assert_error(look(http, f"{queue}:1"), 404, "not_found")
    dead = f"{queue}.dead"
    assert assert_json(look(http, f"{queue}:1", queue=dead))["state"] == "ready"
    message = lease(http, dead)
    assert assert_json(look(http, message["key"], queue=dead))["state"] == "leased"


@pytest.mark.parametrize("gone", ["taken", "deleted", "expired", "purged", "never there"])
def test_not_there(http, redis, queue, gone):
    if gone != "never there":
        push(http, queue, "a")
    if gone == "taken":
        take(http, queue)
    elif gone == "deleted":
        remove(http, f"{queue}:1", "")
    elif gone == "expired":
        lease(http, queue)
        redis.delete(f"{queue}:1")
    elif gone == "purged":
        http.delete(f"/q/{queue}")
        redis.delete(f"{queue}:1")        # before the sweep
    with nothing_changes(redis):
        assert_error(look(http, f"{queue}:1"), 404, "not_found")


def test_foreign_keys_are_not_shown(http, redis, queue):
    redis.set(f"{queue}:1", "theirs")
    push(http, queue, "ours")
    assert_error(look(http, f"{queue}:1"), 404, "not_found")
    assert_error(look(http, f"{queue}:9"), 404, "not_found")
    assert assert_json(look(http, f"{queue}:2"))["value"] == "ours"


def test_bytes(http, queue):
    push(http, queue, b"\xff\0")
    answer = assert_json(look(http, f"{queue}:1"))
    assert (base64.b64decode(answer["value"]), answer["encoding"]) == (b"\xff\0", "base64")
    response = look(http, f"{queue}:1", "&raw=1")
    assert response.body == b"\xff\0" and response.headers["Restmq-Key"] == f"{queue}:1"
    assert response.headers["Restmq-Count"] == "2"


def test_head(http, redis, queue):
    push(http, queue, "a")
    with nothing_changes(redis):
        assert http.head(f"/q/{queue}?soft=1&key={queue}:1").status == 200
        assert http.head(f"/q/{queue}?soft=1&key={queue}:2").status == 404


def test_in_a_long_queue(http, redis, queue):
    """Too long to be searched: it is there, as it is no dead letter."""
    push_batch(http, queue, 1000)
    redis.rpush(f"{queue}:queue", *[f"{queue}:1"] * 9500)
    assert assert_json(look(http, f"{queue}:500"))["state"] == "ready"


def test_as_a_command(http, queue):
    push(http, queue, "a")
    message = lease(http, queue)
    assert command(http, cmd="get", queue=queue, key=message["key"]) == {
        "queue": queue, "key": message["key"], "value": "a", "state": "leased",
        "lease_until": message["lease_until"], "deliveries": 1, "count": 1}
    assert command(http, cmd="get", queue=queue, key=f"{queue}:2")["code"] == "not_found"
    assert command(http, cmd="get", queue=queue, key="other:1")["code"] == "bad_value"


@pytest.mark.parametrize("options, code, word", [
    ("key={}:1", "bad_request", "soft=1"), ("key={}:1&soft=0", "bad_request", "soft=1"),
    ("key={}:1&lease=30", "bad_request", "soft=1"), ("soft=1&key={}:1&lease=30", "bad_request", "lease"),
    ("soft=1&key={}:1&count=2", "bad_request", "count"), ("soft=1&key=other:1", "bad_value", "key"),
    ("soft=1&key=", "bad_value", "key"), ("soft=1&key", "bad_value", "key"),
    ("soft=1&key={}:x", "bad_value", "key"), ("soft=1&key={}:1&key={}:2", "bad_request", "more than one"),
])
def test_refused(http, redis, queue, options, code, word):
    push(http, queue, "a", "b")
    assert_refused(redis, lambda: http.get(f"/q/{queue}?" + options.replace("{}", queue)), code, word)


# --- removed ------------------------------------------------------------------------------------

def test_a_leased_one_says_until_when(http, redis, queue):
    push(http, queue, "a")
    message = lease(http, queue)
    assert_stale(redis, lambda: remove(http, message["key"], ""))
    for text in (remove(http, message["key"], "").json()["error"],
                 command(http, cmd="del", queue=queue, key=message["key"])["error"]):
        assert text == f"leased until {message['lease_until']}, and no token was sent"
    page = http.delete(f"/q/{queue}?key={message['key']}", {"Accept": "text/html"})
    assert page.status == 409 and "no token was sent" in page.text
    assert "lease is over" not in page.text and "until that lease ends" in page.text
    assert ack(http, message).status == 200


def test_force(http, redis, queue):
    push(http, queue, "a", "b")
    message = lease(http, queue)
    assert_json(remove(http, message["key"]),
                {"key": message["key"], "queue": queue, "deleted": True})
    assert not redis.exists(message["key"], part(queue, "leases"), part(queue, "receipts"))
    assert stats(http, queue, "len", "leased", "acked", "removed") == (1, 0, 0, 1)
    assert_stale(redis, lambda: ack(http, message), lambda: extend(http, message, 5),
                 lambda: release(http, message))
    assert_error(remove(http, message["key"]), 404, "not_found")
    assert take_all(http, queue) == ["b"]


def test_force_by_command(http, redis, queue):
    push(http, queue, "a")
    message = lease(http, queue)
    assert command(http, cmd="del", queue=queue, key=message["key"], force=1)["deleted"] is True
    assert command(http, cmd="del", queue=queue, key=message["key"], force=1)["deleted"] is False


@pytest.mark.parametrize("state", ["ready", "delayed", "over"])
def test_force_where_none_is_needed(http, redis, queue, state):
    http.post(f"/q/{queue}" + ("?delay=60" if state == "delayed" else ""), "a",
              {"Content-Type": "text/plain"})
    if state == "over":
        lease(http, queue)
        expire(redis, queue)
    assert remove(http, f"{queue}:1").status == 200
    assert stats(http, queue, "len", "leased", "delayed") == (0, 0, 0)


def test_force_on_a_dead_letter(http, redis, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a")
    release(http, lease(http, queue))
    dead = f"{queue}.dead"
    message = lease(http, dead)
    assert_error(remove(http, message["key"]), 404, "not_found")      # not in the queue
    assert remove(http, message["key"], queue=dead).status == 200
    assert not redis.exists(message["key"], part(dead, "leases"), part(dead, "receipts"))


@pytest.mark.parametrize("options, code, word", [
    ("force=1", "bad_request", "key"), ("force=1&purge=1", "bad_request", "purge"),
    ("key={}:1&force=0", "bad_value", "force"), ("key={}:1&force=", "bad_value", "force"),
    ("key={}:1&force", "bad_value", "force"), ("key={}:1&force=yes", "bad_value", "force"),
    ("key={}:1&force=1&lease=abc", "bad_request", "lease"), ("key=other:1&force=1", "bad_value", "key"),
    ("key={}:1&force=1&force=1", "bad_request", "more than one"),
])
def test_force_refused(http, redis, queue, options, code, word):
    """Above all it never purges."""
    push(http, queue, "a", "b")
    assert_refused(redis, lambda: http.delete(f"/q/{queue}?" + options.replace("{}", queue)), code, word)


def test_wrong_types_in_redis(http, redis, queue):
    push(http, queue, "a")
    for name in "leases", "receipts", "delayed":
        redis.set(part(queue, name), "x")
        assert_refused(redis, lambda: look(http, f"{queue}:1"), "damaged", part(queue, name), status=500)
        assert_refused(redis, lambda: remove(http, f"{queue}:1"), "damaged", part(queue, name), status=500)
        redis.delete(part(queue, name))
    redis.set(f"{queue}:1:refcount", "x")
    assert_refused(redis, lambda: look(http, f"{queue}:1"), "damaged", "refcount", status=500)
