# test_reasons.py - why a message failed: what its last release said, and what is known of a dead letter.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import pytest

import stack as servers
from checks import assert_error, assert_json, command, part, push, take
from reliable import (ack, assert_refused, assert_sound, assert_stale, expire, lease, now_ms, policy, release)


def told(http, queue, number=1, dead=False):
    """What GET /j tells of the message's reasons."""
    row = assert_json(http.get(f"/j/{queue}{'.dead' if dead else ''}?key={queue}:{number}"))["message"]
    return row.get("reason"), row.get("died")


def died(http, queue, number=1):
    """Reason, deliveries and reason at its death of a dead letter."""
    reason, death = told(http, queue, number, dead=True)
    return reason, death["deliveries"], death["reason"]


def test_a_reason_goes_with_the_message(http, queue):
    push(http, queue, "a", "b")
    assert release(http, lease(http, queue), reason="no route").status == 200
    assert told(http, queue) == ("no route", None) and told(http, queue, 2) == (None, None)
    held = lease(http, queue)
    assert held["key"] == f"{queue}:1" and held["deliveries"] == 2
    assert told(http, queue) == ("no route", None)              # while it is leased again
    assert release(http, held, delay=60).status == 200
    assert told(http, queue) == ("no route", None)              # its last release with one


def test_the_last_one_counts(http, queue):
    push(http, queue, "a")
    for reason in "one", "two":
        assert release(http, lease(http, queue), reason=reason).status == 200
        assert told(http, queue)[0] == reason


@pytest.mark.parametrize("end", ["ack", "take", "purge", "delete", "ttl"])
def test_it_ends_with_the_message(http, redis, queue, end):
    push(http, queue, "a")
    assert release(http, lease(http, queue), reason="why").status == 200
    assert b"why" in redis.hget(part(queue, "receipts"), f"{queue}:1")
    if end == "ack":
        assert ack(http, lease(http, queue)).status == 200
    elif end == "take":
        assert take(http, queue) == "a"
    elif end == "purge":
        assert http.delete(f"/q/{queue}").status == 200
    elif end == "delete":
        assert http.delete(f"/q/{queue}?key={queue}:1").status == 200
    else:
        redis.delete(f"{queue}:1")      # as Redis does it
        assert http.get(f"/q/{queue}").status == 204
    assert not redis.exists(part(queue, "receipts"))


def test_why_it_died(http, redis, queue):
    policy(http, queue, max_deliveries=2)
    push(http, queue, "a")
    before = now_ms(redis)
    assert release(http, lease(http, queue), reason="first").status == 200
    assert release(http, lease(http, queue), reason="no é € 😀").status == 200
    reason, death = told(http, queue, dead=True)
    assert reason == "no é € 😀" == death["reason"] and death["deliveries"] == 2
    assert int(before) <= death["at"] <= now_ms(redis)
    assert death.keys() == {"deliveries", "at", "reason"}
    assert len(redis.hget(part(f"{queue}.dead", "receipts"), f"{queue}:1")) <= 1024


@pytest.mark.parametrize("how", ["runs out", "no reason"])
def test_a_last_delivery_that_says_nothing(http, redis, queue, how):
    """What an earlier one said is still told, but not as the reason of the death."""
    policy(http, queue, max_deliveries=2)
    push(http, queue, "a", "b")
    assert release(http, lease(http, queue), reason="first").status == 200
    held = lease(http, queue)
    if how == "runs out":
        expire(redis, queue)
        assert take(http, queue) == "b"
    else:
        assert release(http, held).status == 200
    assert died(http, queue) == ("first", 2, None)


def test_the_longest_reasons(http, redis, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a")
    assert release(http, lease(http, queue), reason="é" * 100).status == 200
    assert died(http, queue) == ("é" * 100, 1, "é" * 100)
    held = lease(http, queue + ".dead")
    assert len(redis.hget(part(f"{queue}.dead", "receipts"), f"{queue}:1")) <= 1024
    assert ack(http, held, queue + ".dead").status == 200


def bury(http, queue, *messages):
    policy(http, queue, max_deliveries=1)
    push(http, queue, *messages)
    for message in messages:
        assert release(http, lease(http, queue), reason=f"why {message}").status == 200


def test_a_worker_on_dead_letters(http, queue):
    """It does not lose what is known of the death."""
    bury(http, queue, "a")
    dead = queue + ".dead"
    assert release(http, lease(http, dead), queue=dead).status == 200
    assert died(http, queue) == ("why a", 1, "why a")
    assert release(http, lease(http, dead), queue=dead, reason="again").status == 200
    assert died(http, queue) == ("again", 1, "why a")


@pytest.mark.parametrize("how", ["all", "chosen"])
def test_a_redrive_begins_anew(http, redis, queue, how):
    bury(http, queue, "a")
    form = {"keys": f"{queue}:1"} if how == "chosen" else {}
    assert http.post(f"/q/{queue}.dead?redrive=1", form=form).status == 200
    assert told(http, queue) == (None, None)
    assert not redis.exists(part(f"{queue}.dead", "receipts"), part(queue, "receipts"))


@pytest.mark.parametrize("end", ["ack", "take", "delete", "chosen", "purge", "remove"])
def test_the_end_of_a_dead_letter(http, redis, queue, end):
    bury(http, queue, "a")
    dead = queue + ".dead"
    if end == "ack":
        assert ack(http, lease(http, dead), dead).status == 200
    elif end == "take":
        assert take(http, dead) == "a"
    elif end == "delete":
        assert http.delete(f"/q/{dead}?key={queue}:1").status == 200
    elif end == "chosen":
        assert http.post(f"/q/{dead}?deletes=1", form={"keys": f"{queue}:1"}).status == 200
    elif end == "purge":
        assert http.delete(f"/q/{dead}").status == 200
    else:
        assert http.delete(f"/q/{queue}?remove=1&force=1").status == 200
    assert not redis.exists(part(dead, "receipts"))


def test_many_at_once(http, queue):
    push(http, queue, "a", "b", "c")
    held = assert_json(http.get(f"/q/{queue}?count=3&lease=30"))
    pairs = [{"key": message["key"], "lease": message["lease"]} for message in held]
    answer = assert_json(http.request("PUT", f"/q/{queue}?release=1&reason=all%20of%20them",
                                      json.dumps(pairs[:2]), {"Content-Type": "application/json"}))
    assert [row.get("released") for row in answer] == [True, True]
    keys = f"{held[2]['key']} {held[2]['lease']}"
    answer = assert_json(http.request("PUT", f"/q/{queue}?release=1", form={"keys": keys, "reason": "the last"}))
    assert [told(http, queue, number)[0] for number in (1, 2, 3)] == ["all of them", "all of them", "the last"]


def test_json(http, queue):
    push(http, queue, "a", "b")
    held = [lease(http, queue), lease(http, queue)]
    answer = command(http, cmd="release", queue=queue, key=held[0]["key"], lease=held[0]["lease"],
                            reason="by JSON")
    assert assert_json(answer)["released"] is True
    answer = command(http, cmd="releases", queue=queue, reason="é", messages=[
        {"key": held[1]["key"], "lease": held[1]["lease"]}])
    assert assert_json(answer)["messages"][0]["released"] is True
    assert [told(http, queue, number)[0] for number in (1, 2)] == ["by JSON", "é"]


@pytest.mark.parametrize("reason", ["", "x" * 201, "é" * 101, "a%0ab", "a%00b", "%1f", "%7f",
                                    "%ff", "%e2%82", "a%0a"])
def test_bad_reasons(http, redis, queue, reason):
    """The lease goes on."""
    push(http, queue, "a")
    held = lease(http, queue)
    path = f"/q/{queue}?key={held['key']}&lease={held['lease']}"
    body, head = f"release=1&reason={reason}".encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    assert_refused(redis, lambda: http.request("PUT", path, body, head), "bad_value",
                   "reason must be 1 to 200 bytes of UTF-8 without control bytes")
    assert_refused(redis, lambda: http.request("PUT", f"{path}&extend=5&reason=a"), "bad_request")
    assert ack(http, held).status == 200


def test_a_stale_token_says_nothing(http, redis, queue):
    push(http, queue, "a")
    held = lease(http, queue)
    assert release(http, held, reason="true").status == 200
    assert_stale(redis, lambda: release(http, held, reason="false"))
    assert told(http, queue)[0] == "true"


def test_older_dead_letters(http, redis, queue):
    """Of those nothing is known."""
    redis.set(f"{queue}:1", "a")
    redis.set(f"{queue}:UUID", 1)
    redis.lpush(f"{queue}.dead:queue", f"{queue}:1")
    redis.hset(part(f"{queue}.dead", "receipts"), f"{queue}:1", 0)
    assert told(http, queue, dead=True) == (None, None)


def test_match(http, queue):
    bury(http, queue, "x", "y", "z")

    def found(text):
        answer = assert_json(http.get(f"/j/{queue}.dead?match={text}"))
        return [row["key"] for row in answer["messages"]]
    assert found("why%20y") == [f"{queue}:2"]
    assert len(found("why")) == 3 and found("why%20%20") == []


def test_who_may_not_read_sees_no_reasons(builddir, tmp_path, queue):
    acl = tmp_path / "acl.conf"
    acl.write_text("[rest:producer]\n[rest:consumer]\nusername = me\npassword = secret\n[stats]\n")
    with servers.Stack(builddir, conf={"acl": acl}) as stack:
        http, me = stack.http, servers.basic("me", "secret")
        with stack.redis.client() as redis:
            redis.hset(part(queue, "settings"), "max_deliveries", 2)
        push(http, queue, "a", "b")
        for number in 1, 1, 2:
            held = assert_json(http.get(f"/q/{queue}?lease=30", me))
            assert held["key"] == f"{queue}:{number}"
            assert http.request("PUT", f"/q/{queue}?key={held['key']}&lease={held['lease']}&release=1&reason=hush",
                                headers=me).status == 200
        for name, number in (queue + ".dead", 1), (queue, 2):
            for query in f"key={queue}:{number}", "limit=5":
                assert "hush" in http.get(f"/j/{name}?{query}", me).text
                assert "hush" not in http.get(f"/j/{name}?{query}").text
            assert assert_json(http.get(f"/j/{name}?match=hush"))["messages"] == []
        row = assert_json(http.get(f"/j/{queue}.dead?limit=5"))["messages"][0]
        assert row["died"].keys() == {"deliveries", "at"} and "reason" not in row
        assert_error(http.get(f"/j/{queue}?key={queue}:2&raw=1"), 401, "unauthorized")


def test_fsck_finds_nothing_wrong(builddir, new_stack, queue):
    stack = new_stack()
    bury(stack.http, "foo", "a", "b")
    policy(stack.http, "foo", max_deliveries=5)
    push(stack.http, "foo", "c")
    assert release(stack.http, lease(stack.http, "foo"), reason="why").status == 200
    assert_sound(stack, builddir)
