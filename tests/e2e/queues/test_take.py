# test_take.py - GET /q/foo and GET /?queue=foo: a message goes out, once, with its body.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

import stack as servers

from checks import (assert_common, assert_empty, assert_error, assert_json, command, keys_of, push,
                    take, take_all)
from reliable import nothing_changes


def test_answer_byte_for_byte(http, queue):
    push(http, queue, 'é "quoted" \\ / \t')
    response = http.get(f"/q/{queue}")
    assert response.status == 200
    assert response.type == "application/json"
    assert response.text == (f'{{"key":"{queue}:1",'
                             '"value":"é \\"quoted\\" \\\\ / \\t","count":0}\r\n')
    assert_common(response)


def test_first_in_first_out(http, queue):
    push(http, queue, *(str(number) for number in range(20)))
    assert take_all(http, queue) == [str(number) for number in range(20)]


@pytest.mark.parametrize("query", ["", "?raw=1", "?soft=1", "?soft=1&raw=1", "?count=1",
                                   "?count=1000"])
def test_empty(http, queue, unchanged, query):
    assert_empty(http.get(f"/q/{queue}{query}"))


def test_taken_means_gone(http, redis, queue):
    push(http, queue, "a", "b")
    http.get(f"/q/{queue}?soft=1")
    assert f"{queue}:1:refcount" in keys_of(redis, queue)
    assert take(http, queue) == "a"
    assert keys_of(redis, queue) == sorted([f"{queue}:2", f"{queue}:UUID", f"{queue}:queue",
                                            f"queuestat::{queue}"])
    assert take(http, queue) == "b"
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}"])


def test_ids_go_on_when_the_queue_was_empty(http, queue):
    push(http, queue, "a")
    take(http, queue)
    assert push(http, queue, "b") == [f"{queue}:2"]


def test_a_name_of_several_segments(http, queue):
    assert push(http, f"{queue}/eu/north", "a") == [f"{queue}/eu/north:1"]
    assert take(http, queue) is None
    assert take(http, f"{queue}/eu/north") == "a"


@pytest.mark.parametrize("value", [
    "007", "123", "-0", "1.50", "1e400", "true", "null", "[]", '""', ""])
def test_a_value_is_always_a_string(http, queue, value):
    push(http, queue, value)
    assert http.get(f"/q/{queue}").json()["value"] == value


def test_a_stopped_queue_is_taken_from_all_the_same(http, queue):
    push(http, queue, "a")
    http.post(f"/control/{queue}", form={"status": "stop"})
    push(http, queue, "b")
    assert take_all(http, queue) == ["a", "b"]


def test_jquery_and_authkey_are_let_through(http, queue):
    push(http, queue, "a")
    assert http.get(f"/q/{queue}?_=1700000000&authkey=k").json()["value"] == "a"


@pytest.mark.parametrize("query, code, word", [
    ("wait=5", "bad_request", "/w/"),
    ("lease=43201", "bad_value", "lease"),
    ("lease=", "bad_value", "lease"),
    ("Lease=30", "bad_request", "Lease"),
    ("queues=a", "bad_request", "queues"),
    ("key=a", "bad_request", "key"),
    ("ttl=5", "bad_request", "ttl"),
    ("redrive=1", "bad_request", "redrive"),
    ("extend=30", "bad_request", "extend"),
    ("release=1", "bad_request", "release"),
    ("delay=1", "bad_request", "delay"),
    ("colour=red", "bad_request", "colour"),
    ("Soft=1", "bad_request", "Soft"),
    ("value=a", "bad_request", "value"),
    ("count=0", "bad_value", "count"),
    ("count=1001", "bad_value", "count"),
    ("count=-1", "bad_value", "count"),
    ("count=1.5", "bad_value", "count"),
    ("count=ten", "bad_value", "count"),
    ("count=", "bad_value", "count"),
    ("count", "bad_value", "count"),
    ("count=1x", "bad_value", "count"),
    ("count=4294967297", "bad_value", "count"),
    ("count=18446744073709551617", "bad_value", "count"),
    ("raw=2", "bad_value", "raw"),
    ("raw=", "bad_value", "raw"),
    ("raw=yes", "bad_value", "raw"),
    ("%zz=1", "bad_request", ""),
    ("soft=%", "bad_request", ""),
])
def test_refused_and_nothing_taken(http, redis, queue, query, code, word):
    if query.startswith("wait=") and servers.WEB_SERVERS[servers.default_server].has_streams:
        pytest.skip("a long-poll")
    push(http, queue, "a")
    with nothing_changes(redis):
        assert_error(http.get(f"/q/{queue}?{query}"), 400, code, word)
    assert take(http, queue) == "a"


@pytest.mark.parametrize("query", ["soft=1&count=2", "raw=1&count=2"])
def test_what_does_not_go_together(http, redis, queue, query):
    push(http, queue, "a")
    response = http.get(f"/q/{queue}?{query}")
    assert response.status == 400 and response.json()["code"] in ("bad_request", "bad_value")
    assert "count" in response.json()["error"]
    assert take(http, queue) == "a"


# --- raw ----------------------------------------------------------------------------------------

def test_raw(http, queue):
    push(http, queue, b"a\0\xff\r\n")
    response = http.get(f"/q/{queue}?raw=1")
    assert response.status == 200
    assert response.type == "application/octet-stream"
    assert response.body == b"a\0\xff\r\n"
    assert response.headers["Restmq-Key"] == f"{queue}:1"
    assert_common(response)
    assert take(http, queue) is None


def test_raw_of_an_empty_message(http, queue):
    push(http, queue, "")
    response = http.get(f"/q/{queue}?raw=1")
    assert (response.status, response.body) == (200, b"")
    assert response.headers["Content-Length"] == "0"


def test_raw_off(http, queue):
    push(http, queue, "a")
    assert http.get(f"/q/{queue}?raw=0").json()["value"] == "a"


# --- count --------------------------------------------------------------------------------------

def test_count(http, redis, queue):
    push(http, queue, "a", "b", "c")
    messages = assert_json(http.get(f"/q/{queue}?count=2"))
    assert [(message["key"], message["value"]) for message in messages] == [
        (f"{queue}:1", "a"), (f"{queue}:2", "b")]
    messages = assert_json(http.get(f"/q/{queue}?count=1000"))
    assert [message["value"] for message in messages] == ["c"]
    assert_empty(http.get(f"/q/{queue}?count=2"))
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}"])


def test_count_of_one_is_an_array(http, queue):
    push(http, queue, "a")
    assert len(assert_json(http.get(f"/q/{queue}?count=1"))) == 1


def test_count_of_a_thousand(http, redis, queue):
    with redis.pipeline(transaction=False) as pipe:
        for number in range(1, 1201):
            pipe.set(f"{queue}:{number}", number)
            pipe.lpush(f"{queue}:queue", f"{queue}:{number}")
        pipe.set(f"{queue}:UUID", 1200)
        pipe.execute()
    assert [int(message["value"]) for message in http.get(f"/q/{queue}?count=1000").json()] == list(
        range(1, 1001))
    assert [int(message["value"]) for message in http.get(f"/q/{queue}?count=1000").json()] == list(
        range(1001, 1201))
    assert keys_of(redis, queue) == [f"{queue}:UUID"]


@pytest.mark.parametrize("size, most", [(1048576, 1), (524288, 2), (524289, 1), (300000, 3)])
def test_count_gives_at_most_1_mib(http, queue, size, most):
    push(http, queue, *["a" * size] * 10)
    taken, counts = [], []
    while (response := http.get(f"/q/{queue}?count=100")).status == 200:
        taken += response.json()
        counts.append(len(response.json()))
    assert [message["key"] for message in taken] == [f"{queue}:{n}" for n in range(1, 11)]
    assert set(counts[:-1]) == {most} and counts[-1] <= most


def test_count_gives_at_least_one(new_stack):
    http = new_stack(conf={"max_message": 10485760, "max_body": 20971520,
                           "redis_timeout_ms": 30000}).http
    push(http, "foo", "a" * 10485760, "b")
    assert [len(message["value"]) for message in http.get("/q/foo?count=2").json()] == [10485760]
    assert take_all(http, "foo") == ["b"]


# --- entries whose body has gone ----------------------------------------------------------------

def dead_entries(redis, queue, count, first=1):
    redis.set(f"{queue}:UUID", first + count - 1)
    redis.lpush(f"{queue}:queue", *(f"{queue}:{number}" for number in range(first, first + count)))


@pytest.mark.parametrize("count", [1, 99, 100, 101, 1000, 3000])
def test_dead_entries_are_skipped(http, redis, queue, count):
    dead_entries(redis, queue, count)
    push(http, queue, "alive")
    assert take(http, queue) == "alive"
    assert take(http, queue) is None
    assert redis.llen(f"{queue}:queue") == 0


def test_dead_entries_are_skipped_softly(http, redis, queue):
    dead_entries(redis, queue, 3)
    push(http, queue, "alive")
    assert http.get(f"/q/{queue}?soft=1").json()["key"] == f"{queue}:4"
    assert take(http, queue) == "alive"


def test_dead_entries_are_skipped_by_count(http, redis, queue):
    push(http, queue, "a")
    dead_entries(redis, queue, 3, first=2)
    push(http, queue, "b")
    assert [message["value"] for message in http.get(f"/q/{queue}?count=2").json()] == ["a", "b"]


def test_only_dead_entries(http, redis, queue):
    for query in "", "?soft=1", "?count=5", "?raw=1":
        dead_entries(redis, queue, 1500)
        assert_empty(http.get(f"/q/{queue}{query}"))
    for cmd in "get", "take":
        dead_entries(redis, queue, 1500)
        assert command(http, cmd=cmd, queue=queue).json()["error"] == "empty queue"


# --- GET /?queue= -------------------------------------------------------------------------------

def test_take_on_the_root(http, queue):
    push(http, queue, "a")
    assert_json(http.get(f"/?queue={queue}"), {"key": f"{queue}:1", "value": "a", "count": 0})
    assert take(http, queue) is None


def test_take_on_the_root_when_empty(http, queue, unchanged):
    assert_json(http.get(f"/?queue={queue}"), {"error": "empty queue", "code": "empty"}, status=404)


def test_unknown_option_on_the_root(http, queue):
    push(http, queue, "a")
    assert_error(http.get(f"/?queue={queue}&colour=red"), 400, "bad_request", "colour")
    assert take(http, queue) == "a"
