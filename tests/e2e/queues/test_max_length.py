# test_max_length.py - a queue that may have only so many messages: 429 beyond.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from checks import assert_error, assert_json, command, push, take, take_all
from reliable import (NDJSON, ack, expire, lease, lease_all, nothing_changes, policy,
                      push_batch, release, stats)

TEXT = {"Content-Type": "text/plain"}


def assert_full(redis, respond):
    """429, when to try again, and nothing pushed."""
    with nothing_changes(redis):
        response = respond()
    assert_error(response, 429, "full", "max_length")
    assert response.headers["Retry-After"] == "1"


def pushes(http, queue):
    return [lambda: http.post(f"/q/{queue}", "a", TEXT),
            lambda: http.post(f"/q/{queue}?ttl=100", "a", TEXT),
            lambda: http.post(f"/q/{queue}?delay=100", "a", TEXT),
            lambda: http.post(f"/q/{queue}", form={"value": "a"}),
            lambda: http.post("/", form={"queue": queue, "value": "a"}),
            lambda: http.post(f"/q/{queue}", "a\n", NDJSON),
            lambda: http.post(f"/q/{queue}", "a", {**TEXT, "Idempotency-Key": "k"})]


def test_full(http, redis, queue):
    policy(http, queue, max_length=3)
    push(http, queue, *"abc")
    for respond in pushes(http, queue):
        assert_full(redis, respond)
    assert take_all(http, queue) == ["a", "b", "c"]


def test_full_in_the_json_protocol(http, redis, queue):
    policy(http, queue, max_length=1)
    push(http, queue, "a")
    for members in {"value": "b"}, {"values": ["b"]}, {"value": "b", "delay": 5}:
        with nothing_changes(redis):
            answer = assert_json(command(http, cmd="add", queue=queue, **members))
        assert answer["code"] == "full" and set(answer) == {"error", "code"}


def test_there_is_room_again(http, redis, queue):
    policy(http, queue, max_length=2)
    push(http, queue, "a", "b")
    assert_full(redis, pushes(http, queue)[0])
    take(http, queue)
    push(http, queue, "c")
    assert_full(redis, pushes(http, queue)[0])
    http.delete(f"/q/{queue}?key={queue}:2")
    push(http, queue, "d")
    assert_full(redis, pushes(http, queue)[0])
    assert http.delete(f"/q/{queue}").json()["purged"] == 2
    push(http, queue, "e", "f")


@pytest.mark.parametrize("ready, leased, delayed", [(3, 0, 0), (0, 3, 0), (0, 0, 3), (1, 1, 1)])
def test_ready_leased_and_delayed_count(http, redis, queue, ready, leased, delayed):
    policy(http, queue, max_length=3)
    push(http, queue, *["a"] * leased)
    messages = lease_all(http, queue)
    push(http, queue, *["a"] * ready)
    for _ in range(delayed):
        http.post(f"/q/{queue}?delay=100", "a", TEXT)
    assert stats(http, queue, "len", "leased", "delayed") == (ready, leased, delayed)
    for respond in pushes(http, queue):
        assert_full(redis, respond)
    for message in messages:
        assert ack(http, message).status == 200
        push(http, queue, "x")


def test_what_comes_back_comes_back(http, redis, queue):
    """It is counted already."""
    policy(http, queue, max_length=2)
    push(http, queue, "a", "b")
    first, _ = lease_all(http, queue)
    assert release(http, first).status == 200
    assert_full(redis, pushes(http, queue)[0])
    expire(redis, queue)
    assert len(lease_all(http, queue)) == 2
    assert stats(http, queue, "leased") == (2,)
    assert_full(redis, pushes(http, queue)[0])


def test_dead_letters_do_not_count(http, queue):
    policy(http, queue, max_length=1, max_deliveries=1)
    for _ in range(3):
        push(http, queue, "a")
        release(http, lease(http, queue))
    assert stats(http, queue, "dead", "len") == (3, 0)


def test_a_batch_is_refused_whole(http, redis, queue):
    policy(http, queue, max_length=5)
    push(http, queue, "a", "b", "c")
    for body in "d\ne\nf\n", "\n" * 1000:
        assert_full(redis, lambda: http.post(f"/q/{queue}", body, NDJSON))
    assert http.post(f"/q/{queue}", "d\ne\n", NDJSON).status == 200
    assert_full(redis, lambda: http.post(f"/q/{queue}", "f\n", NDJSON))
    assert take_all(http, queue) == ["a", "b", "c", "d", "e"]


def test_a_batch_that_never_fits(http, redis, queue):
    policy(http, queue, max_length=5)
    assert_full(redis, lambda: http.post(f"/q/{queue}", "a\n" * 6, NDJSON))


@pytest.mark.parametrize("limit", [0, 5, 1000000000])
def test_a_new_limit(http, redis, queue, limit):
    policy(http, queue, max_length=1)
    push(http, queue, "a")
    assert_full(redis, pushes(http, queue)[0])
    policy(http, queue, max_length=limit)
    push(http, queue, "b", "c")


def test_a_limit_below_what_is_there(http, redis, queue):
    """Nothing is thrown away."""
    push(http, queue, *"abcde")
    policy(http, queue, max_length=2)
    for left in range(5, 1, -1):
        assert_full(redis, pushes(http, queue)[0])
        assert take(http, queue)
    push(http, queue, "f")
    assert take_all(http, queue) == ["e", "f"]


def test_the_first_message(http, redis, queue):
    """A refused push does not even make the queue known."""
    policy(http, queue, max_length=1)
    assert_full(redis, lambda: http.post(f"/q/{queue}", "a\nb\n", NDJSON))
    assert not redis.sismember("QUEUESET", queue)
    push(http, queue, "a")


def test_an_expired_message_makes_room(http, redis, queue):
    """A push with a ttl drops dead entries at the old end; a full queue of them is not full for
    ever, though nobody reads it."""
    policy(http, queue, max_length=2, ttl=100)
    push(http, queue, "a", "b")
    redis.delete(f"{queue}:1", f"{queue}:2")
    push(http, queue, "c", "d")
    assert take_all(http, queue) == ["c", "d"]


@pytest.mark.parametrize("count", [101, 1000])
def test_expired_messages_make_room_for_a_batch(http, redis, queue, count):
    """However large it is: a producer that pushes nothing else is not refused for ever."""
    policy(http, queue, max_length=count, ttl=100)
    keys = push_batch(http, queue, count)
    redis.delete(*keys)
    assert len(push_batch(http, queue, count)) == count
    assert stats(http, queue, "len", "expired") == (count, count)
    assert_full(redis, pushes(http, queue)[0])


def test_redriven_letters_are_let_in(http, queue):
    """They were counted once; a full queue must not keep them from coming home."""
    policy(http, queue, max_length=1, max_deliveries=1)
    push(http, queue, "a")
    release(http, lease(http, queue))
    push(http, queue, "b")
    assert http.post(f"/q/{queue}.dead?redrive=1").json()["redriven"] == 1
    assert take_all(http, queue) == ["b", "a"]
