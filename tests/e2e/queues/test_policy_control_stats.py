# test_policy_control_stats.py - /p/foo, /control/foo, /stats/foo, and the forms for all queues.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from checks import assert_error, assert_json, assert_text, heard, listed, pages, push, take
from reliable import part

CONNECTION = "<Redis Connection: {} - 1 connection(s)>"

# of a queue that nobody set up, and that has nothing but plain pushes and takes
NO_SETTINGS = {"lease": 0, "max_deliveries": 0, "max_length": 0, "ttl": 0, "backoff": 0}
NOTHING_RARE = {"leased": 0, "delayed": 0, "dead": 0, "acked": 0, "returned": 0, "expired": 0,
                "died": 0, "dropped": 0, "purged": 0, "consumers": 0,
                "oldest_s": None, "oldest_is": None}


@pytest.fixture
def connection(stack):
    return CONNECTION.format(stack.redis.address)


# --- policy -------------------------------------------------------------------------------------

def test_policy_is_broadcast_until_set(http, queue, unchanged):
    assert_json(http.get(f"/p/{queue}"), {"queue": queue, "value": "broadcast", **NO_SETTINGS})


@pytest.mark.parametrize("policy, stored", [("broadcast", b"1"), ("roundrobin", b"2")])
def test_set_policy(http, redis, queue, policy, stored):
    assert_text(http.post(f"/p/{queue}", form={"policy": policy}), "OK")
    assert redis.get(f"{queue}:queuepolicy") == stored
    assert_json(http.get(f"/p/{queue}"), {"queue": queue, "value": policy, **NO_SETTINGS})


def test_set_policy_by_the_query_string(http, queue):
    assert_text(http.post(f"/p/{queue}?policy=roundrobin"), "OK")
    assert http.get(f"/p/{queue}").json()["value"] == "roundrobin"


@pytest.mark.parametrize("form, code, word", [
    ("policy=bogus", "bad_value", "roundrobin"),
    ("policy=", "bad_value", "policy"),
    ("policy=Broadcast", "bad_value", "policy"),
    ("policy=1", "bad_value", "policy"),
    ("policy=broadcast%00", "bad_value", "policy"),
    ("", "bad_request", "policy"),
    ("status=stop", "bad_request", "status"),
    ("policy=broadcast&colour=red", "bad_request", "colour"),
    ("policy=roundrobin&lease=43201", "bad_value", "lease"),
    ("policy=roundrobin&lease=", "bad_value", "lease"),
    ("policy=bogus&lease=30", "bad_value", "roundrobin"),
    ("policy=roundrobin&lease=30&colour=red", "bad_request", "colour"),
    ("policy=roundrobin&delay=30", "bad_request", "delay"),
])
def test_bad_policy(http, queue, unchanged, form, code, word):
    response = http.post(f"/p/{queue}", form, {"Content-Type": "application/x-www-form-urlencoded"})
    assert_error(response, 400, code, word)


def test_policy_and_a_setting(http, redis, queue):
    """Answered like GET, not with OK."""
    settings = {"queue": queue, "value": "roundrobin", **NO_SETTINGS, "lease": 30}
    assert_json(http.post(f"/p/{queue}", form={"policy": "roundrobin", "lease": 30}), settings)
    assert_json(http.get(f"/p/{queue}"), settings)
    assert redis.get(f"{queue}:queuepolicy") == b"2"
    assert redis.hgetall(part(queue, "settings")) == {b"lease": b"30"}
    assert_text(http.post(f"/p/{queue}", form={"policy": "broadcast"}), "OK")
    assert_json(http.get(f"/p/{queue}"), {**settings, "value": "broadcast"})


# --- control ------------------------------------------------------------------------------------

def test_a_queue_is_started_until_stopped(http, queue, connection, unchanged):
    assert_json(http.get(f"/control/{queue}"),
                {"queue": queue, "status": {"queue": queue, "status": 1}, "redis": connection})


def test_stop_and_start(http, redis, queue, connection):
    for word, status in [("stop", 0), ("start", 1)]:
        assert_json(http.post(f"/control/{queue}", form={"status": word}),
                    {"stat": {"queue": queue, "status": status}})
        assert redis.get(f"queuestat::{queue}") == b"%d" % status
        assert_json(http.get(f"/control/{queue}"),
                    {"queue": queue, "status": {"queue": queue, "status": status},
                     "redis": connection})


def test_a_push_does_not_start_a_stopped_queue(http, queue):
    http.post(f"/control/{queue}", form={"status": "stop"})
    push(http, queue, "a")
    assert http.get(f"/control/{queue}").json()["status"]["status"] == 0


@pytest.mark.parametrize("form, code, word", [
    ("status=bogus", "bad_value", "start"),
    ("status=", "bad_value", "status"),
    ("status=1", "bad_value", "status"),
    ("", "bad_request", "status"),
    ("policy=broadcast", "bad_request", "policy"),
    ("status=stop&colour=red", "bad_request", "colour"),
])
def test_bad_status(http, queue, unchanged, form, code, word):
    response = http.post(f"/control/{queue}", form,
                         {"Content-Type": "application/x-www-form-urlencoded"})
    assert_error(response, 400, code, word)


def assert_counted(http, path, connection):
    """Each page says how many there are on all of them, and where.  A name that an original RestMQ and the
    Sinatra endpoint have written counts twice where there are several."""
    answers = [assert_json(page) for page in pages(http, path)]
    shown = sum(len(answer["queues"]) for answer in answers)
    for answer in answers:
        assert answer["count"] == shown if len(answers) == 1 else answer["count"] >= shown
        assert answer["redis"] == connection


@pytest.mark.parametrize("path", ["/control/", "/control"])
def test_control_of_all(http, queue, connection, path):
    push(http, queue, "a")
    http.post(f"/control/{queue}", form={"status": "stop"})
    assert listed(http, path, queue) == {"queue": queue, "status": 0}
    assert_counted(http, path, connection)


# --- stats --------------------------------------------------------------------------------------

def test_stats(http, queue, connection):
    push(http, queue, "a", "b", "c")
    take(http, queue)
    assert_json(http.get(f"/stats/{queue}"), {
        "redis": connection, "queue": queue, "len": 2, "status": 1, "policy": "broadcast",
        "pushed": 3, "removed": 1, **NOTHING_RARE})
    http.post(f"/control/{queue}", form={"status": "stop"})
    http.post(f"/p/{queue}", form={"policy": "roundrobin"})
    http.delete(f"/q/{queue}")
    assert_json(http.get(f"/stats/{queue}"), {
        "redis": connection, "queue": queue, "len": 0, "status": 0, "policy": "roundrobin",
        "pushed": 3, "removed": 3, **NOTHING_RARE, "purged": 2})


def test_stats_of_an_unknown_queue(http, queue, connection, unchanged):
    assert_json(http.get(f"/stats/{queue}"), {
        "redis": connection, "queue": queue, "len": 0, "status": 1, "policy": "broadcast",
        "pushed": 0, "removed": 0, **NOTHING_RARE})


def test_removed_is_never_negative(http, redis, queue):
    """A list that somebody filled without counting."""
    redis.lpush(f"{queue}:queue", f"{queue}:1")
    stats = http.get(f"/stats/{queue}").json()
    assert (stats["len"], stats["pushed"], stats["removed"]) == (1, 0, 0)


@pytest.mark.parametrize("path", ["/stats", "/stats/"])
def test_stats_of_all(http, queue, connection, path):
    push(http, queue, "a", "b")
    take(http, queue)
    assert listed(http, path, queue) == {"name": queue, "len": 1, "status": 1, "policy": "broadcast",
                                         "pushed": 2, "removed": 1, **NOTHING_RARE}
    assert_counted(http, path, connection)


@pytest.mark.parametrize("path", ["/stats/{}", "/stats", "/control/{}", "/control/", "/p/{}"])
def test_unknown_option(http, queue, unchanged, path):
    assert_error(http.get(path.format(queue) + "?colour=red"), 400, "bad_request", "colour")


@pytest.mark.parametrize("path, form, event", [("/p", {"policy": "roundrobin"}, b"policy"),
                                               ("/control", {"status": "stop"}, b"control")])
def test_a_change_is_published(http, redis, queue, path, form, event):
    """On the queue's channel of events, for those who hold its consumers."""
    assert heard(redis, f"restmq:{{{queue}}}:events", 1,
                 lambda: http.post(f"{path}/{queue}", form=form)) == [event]
