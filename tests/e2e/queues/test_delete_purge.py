# test_delete_purge.py - DELETE /q/foo?key=…: one message; DELETE /q/foo: all of them.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from checks import assert_error, assert_json, command, heard, keys_of, push, take, take_all
from reliable import leave_trash, nothing_changes, part


# --- one message --------------------------------------------------------------------------------

def test_delete_one(http, redis, queue):
    push(http, queue, "a", "b", "c")
    assert_json(http.delete(f"/q/{queue}?key={queue}:2"),
                {"queue": queue, "key": f"{queue}:2", "deleted": True})
    assert redis.lrange(f"{queue}:queue", 0, -1) == [f"{queue}:3".encode(), f"{queue}:1".encode()]
    assert not redis.exists(f"{queue}:2")
    assert take_all(http, queue) == ["a", "c"]


def test_delete_takes_the_soft_count_along(http, redis, queue):
    push(http, queue, "a")
    http.get(f"/q/{queue}?soft=1")
    http.delete(f"/q/{queue}?key={queue}:1")
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}"])


def test_delete_with_an_encoded_key(http, queue):
    push(http, f"{queue}/eu", "a")
    assert http.delete(f"/q/{queue}/eu?key={queue}%2Feu%3A1").json()["deleted"] is True


def test_delete_what_is_not_there(http, queue):
    push(http, queue, "a")
    assert_error(http.delete(f"/q/{queue}?key={queue}:2"), 404, "not_found")
    http.delete(f"/q/{queue}?key={queue}:1")
    assert_error(http.delete(f"/q/{queue}?key={queue}:1"), 404, "not_found")


def test_delete_an_entry_without_body(http, redis, queue):
    """An expired message."""
    push(http, queue, "a", "b")
    redis.delete(f"{queue}:1")
    assert http.delete(f"/q/{queue}?key={queue}:1").json()["deleted"] is True
    assert redis.llen(f"{queue}:queue") == 1


def test_delete_a_body_without_entry(http, redis, queue):
    """What an original RestMQ leaves behind when it takes."""
    push(http, queue, "a")
    redis.rpop(f"{queue}:queue")
    assert http.delete(f"/q/{queue}?key={queue}:1").json()["deleted"] is True
    assert not redis.exists(f"{queue}:1")


@pytest.mark.parametrize("counter", [None, 41, "many"])
def test_the_key_of_another_application(http, redis, queue, counter):
    """A number that the queue has not given to any message yet."""
    for key in f"{queue}:42", f"{queue}:42:refcount":
        redis.set(key, "theirs")
    if counter:
        redis.set(f"{queue}:UUID", counter)
    with nothing_changes(redis):
        assert_error(http.delete(f"/q/{queue}?key={queue}:42"), 404, "not_found")
        assert command(http, cmd="del", queue=queue, key=f"{queue}:42").json()["deleted"] is False
    redis.set(f"{queue}:UUID", 42)
    assert http.delete(f"/q/{queue}?key={queue}:42").json()["deleted"] is True
    assert not redis.exists(f"{queue}:42")


def test_delete_in_a_long_queue_leaves_at_most_a_tombstone(http, redis, queue):
    """Beyond 10,000 entries the body goes and the entry may stay; nobody sees it any more."""
    with redis.pipeline(transaction=False) as pipe:
        pipe.mset({f"{queue}:{number}": number for number in range(1, 12001)})
        pipe.lpush(f"{queue}:queue", *(f"{queue}:{number}" for number in range(1, 12001)))
        pipe.set(f"{queue}:UUID", 12000)
        pipe.execute()
    for number in 1, 2, 11999:
        assert http.delete(f"/q/{queue}?key={queue}:{number}").json()["deleted"] is True
        assert not redis.exists(f"{queue}:{number}")
        assert http.delete(f"/q/{queue}?key={queue}:{number}").status in (200, 404)
    assert take(http, queue) == "3"
    assert 11996 <= redis.llen(f"{queue}:queue") <= 11999
    redis.delete(f"{queue}:queue", *(f"{queue}:{number}" for number in range(1, 12001)))


BAD_KEYS = ["{q}", "{q}:", "{q}:x", "{q}:01", "{q}:-1", "{q}:+1", "{q}:1x", "{q}:1:refcount",
            "{q}:queue", "{q}:UUID", "{q}:queuepolicy", "{q}:1.0", "{q}::1", ":1", "1", "other:1",
            "QUEUESET", "queuestat::{q}", "{q}:%201", "{q}:1%20", "{q}:1%00", "x{q}:1",
            "restmq:{{{q}}}:1"]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_of_another_queue_or_of_none(http, fcgi, redis, queue, key):
    key = key.format(q=queue)
    push(http, "other", "theirs")
    push(http, queue, "ours")
    redis.set("1", "x")
    redis.set(":1", "x")
    with nothing_changes(redis):
        assert_error(fcgi("DELETE", f"/q/{queue}?key={key}"), 400, "bad_value", "key")
        if "%" not in key:
            response = command(http, cmd="del", queue=queue, key=key)
            assert response.status == 200 and response.json()["code"] == "bad_value"
    assert take_all(http, queue) == ["ours"]
    assert take(http, "other") == "theirs"


def test_a_key_of_a_queue_whose_name_begins_alike(http, redis, queue):
    push(http, f"{queue}:1", "theirs")
    assert_error(http.delete(f"/q/{queue}?key={queue}:1:1"), 400, "bad_value", "key")
    assert take(http, f"{queue}:1") == "theirs"


@pytest.mark.parametrize("query", ["key={q}:1&key={q}:2", "key={q}:1&key={q}:1", "key={q}:1&key",
                                   "key={q}:1&lease=a&lease=b", "key={q}:1&k%65y={q}:2"])
def test_two_keys(http, redis, queue, query):
    """The last one alone would be a guess."""
    push(http, queue, "a", "b")
    with nothing_changes(redis):
        assert_error(http.delete(f"/q/{queue}?{query.format(q=queue)}"), 400, "bad_request",
                     "more than one")
        assert_error(http.request("DELETE", f"/q/{queue}?key={queue}:1", form={"key": f"{queue}:2"}),
                     400, "bad_request", "more than one")
    assert take_all(http, queue) == ["a", "b"]


@pytest.mark.parametrize("query, status, code", [
    ("key=", 400, "bad_value"),
    ("key", 400, "bad_value"),
    ("colour=red", 400, "bad_request"),
    ("key={q}:1&lease=abc", 409, "stale_lease"),
    ("key={q}:1&lease=", 400, "bad_value"),
    ("lease=abc", 400, "bad_request"),
    ("key={q}:1&lease=abc&colour=red", 400, "bad_request"),
    ("key={q}:1&colour=red", 400, "bad_request"),
    ("key={q}:1&extend=5", 400, "bad_request"),
    ("key={q}:1&release=1", 400, "bad_request"),
    ("key={q}:1&delay=5", 400, "bad_request"),
    ("Key={q}:1", 400, "bad_request"),
    ("kye={q}:1", 400, "bad_request"),      # a typing error must not become a purge
    ("value=1", 400, "bad_request"),
])
def test_refused_and_nothing_deleted(http, redis, queue, query, status, code):
    push(http, queue, "a")
    with nothing_changes(redis):
        assert_error(http.delete(f"/q/{queue}?{query.format(q=queue)}"), status, code)
    assert take_all(http, queue) == ["a"]


# --- purge --------------------------------------------------------------------------------------

def assert_stats(redis, queue, **numbers):
    """What was counted of a queue, and nothing else; a plain push or take is not."""
    assert redis.hgetall(part(queue, "stats")) == {
        name.encode(): b"%d" % number for name, number in numbers.items()}


def test_purge(http, redis, queue):
    push(http, queue, "a", "b", "c")
    assert_json(http.delete(f"/q/{queue}"), {"queue": queue, "status": 1, "purged": 3})
    assert take(http, queue) is None
    assert not redis.exists(f"{queue}:queue")


LOST = [
    ("", {"Content-Type": "application/x-www-form-urlencoded"}, b""),
    ("", {"Content-Type": "multipart/form-data; boundary=x"}, b""),
    ("", {"Content-Type": "application/json"}, b""),
    ("", {"Content-Type": "application/json"}, b'{"key":"x"}'),
    ("", {"Content-Type": "application/x-www-form-urlencoded"}, b"&"),
    ("", {"Content-Type": "application/octet-stream"}, b"x" * 100000),
    ("", {}, b"&"), ("", {}, b"_=1"), ("?_=1", {"Content-Type": "text/plain"}, b""),
]


@pytest.mark.parametrize("query, headers, body", LOST, ids=repr)
def test_a_delete_that_has_lost_its_key_is_no_purge(http, redis, queue, query, headers, body):
    """The client meant to send something, be it that nothing has arrived."""
    push(http, queue, "a", "b")
    with nothing_changes(redis):
        assert_error(http.request("DELETE", f"/q/{queue}{query}", body, headers), 400, "bad_request",
                     "to purge, send no body and no Content-Type, or say purge=1")
    more = f"{query}&purge=1" if query else "?purge=1"
    assert_json(http.request("DELETE", f"/q/{queue}{more}", body, headers),
                {"queue": queue, "status": 1, "purged": 2})


@pytest.mark.parametrize("query", ["", "&", "_=1", "_=1&_=2", "callback=", "_=1&authkey=k"])
def test_a_query_string_that_has_lost_its_key(http, redis, queue, query):
    """No client adds any of these to a DELETE by itself."""
    push(http, queue, "a")
    with nothing_changes(redis):
        assert_error(http.delete(f"/q/{queue}?{query}"), 400, "bad_request", "did it get lost?")
    assert http.delete(f"/q/{queue}?{query}&purge=1").json()["purged"] == 1


def test_a_key_of_a_client_is_all_that_a_purge_says(http, queue):
    push(http, queue, "a")
    assert http.delete(f"/q/{queue}?authkey=k").json()["purged"] == 1


def test_a_purge_with_words(http, queue, redis):
    push(http, queue, "a")
    for query in "purge=0", "purge=", "purge=yes", f"purge=1&key={queue}:1", "purge=1&lease=x":
        with nothing_changes(redis):
            assert http.delete(f"/q/{queue}?{query}").status == 400
    assert http.delete(f"/q/{queue}?purge=1").json()["purged"] == 1
    push(http, queue, "a")
    assert http.request("DELETE", f"/q/{queue}", form={"purge": 1}).json()["purged"] == 1
    push(http, queue, "a")
    assert http.delete(f"/q/{queue}", {"Content-Length": "0"}).json()["purged"] == 1


def test_purge_of_an_empty_queue(http, queue, unchanged):
    assert_json(http.delete(f"/q/{queue}"), {"queue": queue, "status": 0, "purged": 0})


def test_what_a_purge_leaves(http, redis, queue):
    push(http, queue, "a", "b")
    http.post(f"/p/{queue}", form={"policy": "roundrobin"})
    http.post(f"/control/{queue}", form={"status": "stop"})
    http.delete(f"/q/{queue}")
    take(http, queue)
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"{queue}:queuepolicy",
                                            f"queuestat::{queue}", part(queue, "stats")])
    assert_stats(redis, queue, purged=2)
    assert redis.sismember("QUEUESET", queue)
    assert push(http, queue, "c") == [f"{queue}:3"]
    assert http.get(f"/control/{queue}").json()["status"]["status"] == 0


@pytest.mark.parametrize("later", ["push and take", "take"])
def test_the_bodies_of_a_purged_queue_go_with_later_calls(http, redis, queue, later):
    push(http, queue, *["a"] * 350)
    http.get(f"/q/{queue}?soft=1")
    assert http.delete(f"/q/{queue}").json()["purged"] == 350
    for _ in range(20):
        if later == "push and take":
            push(http, queue, "b")
        take(http, queue)
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}",
                                            part(queue, "stats")])
    assert_stats(redis, queue, purged=350)


def test_the_bodies_that_an_ended_responder_left(http, redis, queue):
    """It purged and went away; a later take, of whichever responder, tells that there is trash."""
    leave_trash(redis, queue, 300)
    push(http, queue, "new")
    assert take_all(http, queue) == ["new"]
    for _ in range(10):
        http.get(f"/q/{queue}")
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}"])


def test_a_key_in_the_body(http, queue):
    """A form is a form, whatever the method."""
    push(http, queue, "a", "b")
    response = http.request("DELETE", f"/q/{queue}", form={"key": f"{queue}:2"})
    assert response.json()["deleted"] is True
    assert take_all(http, queue) == ["a"]


def test_a_purge_is_published(http, redis, queue):
    """On the queue's channel of events, for those who hold its consumers."""
    push(http, queue, "a")
    assert heard(redis, f"restmq:{{{queue}}}:events", 1,
                 lambda: http.delete(f"/q/{queue}")) == [b"purge"]


def test_bodies_of_new_messages_survive_an_earlier_purge(http, queue):
    push(http, queue, *["old"] * 250)
    http.delete(f"/q/{queue}")
    push(http, queue, *["new"] * 30)
    http.delete(f"/q/{queue}")
    push(http, queue, *["newest"] * 30)
    assert take_all(http, queue) == ["newest"] * 30


def test_purge_twice_at_once(http, redis, queue):
    """The second purge while the bodies of the first are still there."""
    push(http, queue, *["a"] * 250)
    assert http.delete(f"/q/{queue}").json()["purged"] == 250
    push(http, queue, *["b"] * 150)
    assert http.delete(f"/q/{queue}").json()["purged"] == 150
    for _ in range(20):
        take(http, queue)
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}",
                                            part(queue, "stats")])
    assert_stats(redis, queue, purged=400)
