# test_take_of_several.py - GET /q?queues=high,low: a message of the first of these queues that has one.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from checks import assert_common, assert_empty, assert_error, assert_json, push, take, take_all
from reliable import (NO_NUMBERS, ack, assert_refused, expire, lease, nothing_changes, policy,
                      release, values)


@pytest.fixture
def names(queue):
    """Three queues."""
    return [f"{queue}-high", f"{queue}/middle", f"{queue}.low"]


def take_of(http, names, more=""):
    return http.get(f"/q?queues={','.join(names)}{more}")


def test_the_first_that_has_one(http, names):
    high, middle, low = names
    push(http, low, "l1", "l2")
    push(http, high, "h1", "h2")
    push(http, middle, "m")
    got = [take_of(http, names).json() for _ in range(5)]
    assert values(got) == ["h1", "h2", "m", "l1", "l2"]
    assert got[0] == {"key": f"{high}:1", "value": "h1", "count": 0}
    assert_empty(take_of(http, names))


def test_the_order_is_the_callers(http, names):
    high, middle, low = names
    push(http, high, "h")
    push(http, low, "l")
    assert take_of(http, [low, high]).json()["value"] == "l"
    assert take_of(http, [low, high]).json()["value"] == "h"


def test_anew_each_time(http, names):
    high, _, low = names
    push(http, low, "l1", "l2")
    assert take_of(http, names).json()["value"] == "l1"
    push(http, high, "h")
    assert [take_of(http, names).json()["value"] for _ in range(2)] == ["h", "l2"]


@pytest.mark.parametrize("more", ["", "&lease=30", "&count=10", "&raw=1", "&soft=1",
                                  "&lease=30&count=10"])
def test_empty(http, names, unchanged, more):
    assert_empty(take_of(http, names, more))


def test_with_a_lease(http, names):
    high, _, low = names
    push(http, low, "l")
    message = assert_json(take_of(http, names, "&lease=30"))
    assert message["key"] == f"{low}:1" and message["deliveries"] == 1
    assert_empty(take_of(http, names))
    assert ack(http, message, low).status == 200


def test_count_is_of_one_queue(http, names):
    """Not filled up from the next."""
    high, middle, _ = names
    push(http, high, "h1", "h2")
    push(http, middle, "m1", "m2")
    assert values(take_of(http, names, "&count=3").json()) == ["h1", "h2"]
    assert values(take_of(http, names, "&count=1&lease=30").json()) == ["m1"]


def test_raw(http, names):
    push(http, names[1], b"\xff")
    response = take_of(http, names, "&raw=1")
    assert response.body == b"\xff" and response.headers["Restmq-Key"] == f"{names[1]}:1"
    assert_common(response)


def test_soft(http, names):
    push(http, names[2], "l")
    for count in 1, 2:
        assert take_of(http, names, "&soft=1").json() == {
            "key": f"{names[2]}:1", "value": "l", "count": count}


def test_head(http, redis, names):
    with nothing_changes(redis):
        assert http.head(f"/q?queues={','.join(names)}").status == 204
    push(http, names[2], "l")
    with nothing_changes(redis):
        assert http.head(f"/q?queues={','.join(names)}").status == 200
    assert take(http, names[2]) == "l"


def test_each_by_its_own_settings(http, names):
    policy(http, names[1], lease=30)
    push(http, names[1], "m")
    push(http, names[2], "l")
    assert "lease" in take_of(http, names).json()
    assert "lease" not in take_of(http, names).json()


def test_what_is_due_comes_first(http, redis, names):
    """Leases of each are brought back when its turn comes."""
    high, _, low = names
    push(http, high, "h")
    push(http, low, "l")
    lease(http, high)
    expire(redis, high)
    assert take_of(http, names).json()["value"] == "h"
    http.post(f"/q/{high}?delay=10", "late", {"Content-Type": "text/plain"})
    expire(redis, high)
    assert take_of(http, names).json()["value"] == "late"
    assert take_of(http, names).json()["value"] == "l"


def test_dead_letters_too(http, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a")
    release(http, lease(http, queue))
    assert take_of(http, [queue, queue + ".dead"]).json()["key"] == f"{queue}:1"


def test_entries_without_a_body_are_no_message(http, redis, names):
    high, _, low = names
    push(http, high, "h")
    redis.delete(f"{high}:1")
    push(http, low, "l")
    assert take_of(http, names).json()["value"] == "l"


def test_the_same_twice(http, names):
    push(http, names[0], "a", "b")
    for value in "a", "b":
        assert take_of(http, [names[0]] * 2).json()["value"] == value
    assert_empty(take_of(http, [names[0]] * 16))


def test_one(http, names):
    push(http, names[0], "a")
    assert take_of(http, names[:1]).json()["value"] == "a"


@pytest.mark.parametrize("path", ["/q/?queues={}", "/q?queues={}%2C{}", "/q?_=1&queues={},{}&_=2"])
def test_other_ways_to_write_it(http, names, path):
    push(http, names[0], "a")
    assert http.get(path.format(*names)).json()["value"] == "a"


def test_sixteen(http, queue):
    names = [f"{queue}-{number}" for number in range(16)]
    push(http, names[15], "a")
    assert take_of(http, names).json()["value"] == "a"


def test_seventeen(http, redis, queue):
    names = [f"{queue}-{number}" for number in range(17)]
    push(http, names[0], "a")
    assert_refused(redis, lambda: take_of(http, names), "bad_value", "16")
    assert_refused(redis, lambda: take_of(http, names * 50), "bad_value", "16")
    assert take(http, names[0]) == "a"


@pytest.mark.parametrize("bad", ["", ".", "..", "a%20b", "QUEUESET", "restmq:x", "a:queue",
                                 "%C3%A9", "a//b", "/a", "a/", ".dead", "x.dead.dead", "a" * 129,
                                 "*", "a%0ab"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_name_and_nothing_is_taken(fcgi, http, redis, queue, bad, place):
    push(http, queue, "a")
    names = [queue, queue]
    names.insert(place, bad)
    with nothing_changes(redis):
        response = fcgi("GET", f"/q?queues={','.join(names)}")
        assert_error(response, 400, "bad_name")
    assert take(http, queue) == "a"


@pytest.mark.parametrize("query", ["queues=", "queues", "queues=,"])
def test_no_name(http, unchanged, query):
    assert_error(http.get(f"/q?{query}"), 400, "bad_name")


@pytest.mark.parametrize("query, code, word", [
    ("queues={}&limit=5", "bad_request", "queues"), ("queues={}&cursor=0", "bad_request", "queues"),
    pytest.param("queues={}&wait=5", "bad_request", "/w/", marks=pytest.mark.responders("it is a long-poll there")),
    ("queues={}&colour=red", "bad_request", "colour"),
    ("queues={}&key={}:1", "bad_request", "key"), ("queues={}&count=0", "bad_value", "count"),
    ("queues={}&count=1001", "bad_value", "count"),
    ("queues={}&soft=1&lease=5", "bad_request", "lease"),
    ("queues={}&soft=1&count=2", "bad_request", "count"),
    ("queues={}&raw=1&count=2", "bad_request", "count"),
    ("queues={}&raw=2", "bad_value", "raw"), ("count=5", "bad_request", "queues"),
    ("lease=5", "bad_request", "queues"), ("soft=1", "bad_request", "queues"),
    ("raw=1", "bad_request", "queues"), ("queue={}", "bad_request", "queue")])
def test_refused(http, redis, queue, query, code, word):
    push(http, queue, "a")
    assert_refused(redis, lambda: http.get("/q?" + query.format(queue, queue)), code, word)


@pytest.mark.parametrize("number", NO_NUMBERS + ["43201"])
def test_a_lease_that_is_no_number(http, redis, queue, number):
    push(http, queue, "a")
    assert_refused(redis, lambda: http.get(f"/q?queues={queue}&lease={number}"), "bad_value",
                   "lease")


@pytest.mark.parametrize("path", ["/q/{}?queues={}", "/?queues={}", "/?queue={}&queues={}"])
def test_elsewhere(http, redis, queue, path):
    push(http, queue, "a")
    assert_refused(redis, lambda: http.get(path.format(queue, queue)), "bad_request", "queues")


def test_posts_are_none_of_it(http, redis, queue):
    for method in "POST", "DELETE", "PUT":
        with nothing_changes(redis):
            assert http.request(method, f"/q?queues={queue}").status == 405


def test_a_damaged_queue_stops_it(http, redis, names):
    """The answer is about the first, and the second keeps its message."""
    redis.set(f"{names[0]}:queue", "x")
    push(http, names[1], "m")
    assert_refused(redis, lambda: take_of(http, names), "damaged", f"{names[0]}:queue", status=500)
    assert take_all(http, names[1]) == ["m"]
