# test_release_extend.py - PUT /q/foo?key=…&lease=…: more time for the work, or the message back.
#
# SPDX-License-Identifier: BSD-2-Clause

import time

import pytest

import stack as servers
from checks import assert_empty, assert_json, heard, push, take, take_all
from reliable import (NO_NUMBERS, ack, assert_refused, assert_stale, claim, expire, extend, lease,
                      lease_all, let_pass, now_ms, part, policy, release, stats)


@pytest.fixture
def leased(http, queue):
    """A message under a lease of 30 s."""
    push(http, queue, "a")
    return lease(http, queue)


# --- extend -------------------------------------------------------------------------------------

def test_extend(http, redis, queue, leased):
    answer = assert_json(extend(http, leased, 100))
    assert set(answer) == {"key", "lease_until"} and answer["key"] == leased["key"]
    assert 99000 < answer["lease_until"] - now_ms(redis) <= 100000
    assert int(redis.zscore(part(queue, "leases"), leased["key"])) == answer["lease_until"]


def test_extended_it_is_held_longer(http, redis, queue, leased):
    extend(http, leased, 100)
    let_pass(redis, queue, 90)
    assert_empty(http.get(f"/q/{queue}"))
    extend(http, leased, 100)
    let_pass(redis, queue, 90)
    assert ack(http, leased).status == 200


def test_extended_it_comes_back_all_the_same(http, redis, queue, leased):
    extend(http, leased, 100)
    let_pass(redis, queue, 101)
    assert_stale(redis, lambda: ack(http, leased), lambda: extend(http, leased, 100))
    assert take(http, queue) == "a"


def test_extended_from_now_on(http, redis, queue, leased):
    """So that it may become shorter too."""
    extend(http, leased, 1)
    let_pass(redis, queue, 2)
    assert take(http, queue) == "a"


def test_extended_in_real_time(http, queue):
    push(http, queue, "a")
    message = lease(http, queue, 1)
    time.sleep(0.6)
    extend(http, message, 1)
    time.sleep(0.6)
    assert_empty(http.get(f"/q/{queue}"))
    assert ack(http, message).status == 200


@pytest.mark.parametrize("seconds", [1, 43200])
def test_bounds_of_extend(http, redis, leased, seconds):
    until = extend(http, leased, seconds).json()["lease_until"]
    assert seconds * 1000 - 1000 < until - now_ms(redis) <= seconds * 1000


@pytest.mark.parametrize("number", NO_NUMBERS + ["0", "43201"])
def test_extend_by_no_number(http, redis, leased, number):
    assert_refused(redis, lambda: extend(http, leased, number), "bad_value", "extend", "43200")


def test_extend_counts_no_delivery(http, redis, queue, leased):
    for _ in range(5):
        extend(http, leased, 30)
    expire(redis, queue)
    assert lease(http, queue)["deliveries"] == 2


def test_extend_of_a_message_whose_body_expired(http, redis, leased):
    """The holder may still be at work; his ack will do."""
    redis.delete(leased["key"])
    assert extend(http, leased, 30).status == 200
    assert ack(http, leased).status == 200


# --- release ------------------------------------------------------------------------------------

def test_release(http, redis, queue, leased):
    assert_json(release(http, leased), {"key": leased["key"], "released": True})
    assert redis.lrange(f"{queue}:queue", 0, -1) == [leased["key"].encode()]
    assert redis.hget(part(queue, "receipts"), leased["key"]).split() == [b"1"]
    assert not redis.exists(part(queue, "leases"), part(queue, "delayed"))
    assert stats(http, queue, "len", "leased", "returned") == (1, 0, 1)
    again = lease(http, queue)
    assert again["deliveries"] == 2 and again["lease"] != leased["lease"]


def test_released_the_token_is_used_up(http, redis, queue, leased):
    release(http, leased)
    assert_stale(redis, lambda: release(http, leased), lambda: ack(http, leased),
                 lambda: extend(http, leased, 30))
    lease(http, queue)
    assert_stale(redis, lambda: release(http, leased), lambda: ack(http, leased),
                 lambda: extend(http, leased, 30))


def test_released_to_the_old_end(http, queue, leased):
    push(http, queue, "b")
    release(http, leased)
    assert take_all(http, queue) == ["a", "b"]


def test_released_for_the_third_time_to_the_new_end(http, queue, leased):
    push(http, queue, "b")
    release(http, leased)
    release(http, lease(http, queue))
    third = lease(http, queue)
    assert third["value"] == "a" and third["deliveries"] == 3
    release(http, third)
    assert take_all(http, queue) == ["b", "a"]


def test_a_released_message_that_is_taken_for_good(http, redis, queue, leased):
    release(http, leased)
    assert take(http, queue) == "a"
    assert not redis.exists(part(queue, "receipts"))


@pytest.mark.parametrize("delay", [None, 0, 10])
def test_release_of_a_message_whose_body_expired(http, redis, queue, leased, delay):
    redis.delete(leased["key"])
    assert release(http, leased, delay=delay).status == 200
    assert_empty(http.get(f"/q/{queue}"))
    assert stats(http, queue, "expired", "returned", "delayed", "leased") == (1, 0, 0, 0)
    assert not redis.exists(part(queue, "receipts"), part(queue, "delayed"))


def test_a_release_is_published(http, redis, queue, leased):
    """For the helpers, whose consumers wait."""
    assert heard(redis, part(queue, "events"), 1, lambda: release(http, leased)) == [b"ready"]


# --- release with delay -------------------------------------------------------------------------

def test_release_with_delay(http, redis, queue, leased):
    push(http, queue, "b")
    assert_json(release(http, leased, delay=10), {"key": leased["key"], "released": True})
    assert 9000 < redis.zscore(part(queue, "delayed"), leased["key"]) - now_ms(redis) <= 10001
    assert stats(http, queue, "len", "leased", "delayed", "returned") == (1, 0, 1, 1)
    assert take_all(http, queue) == ["b"]
    push(http, queue, "c")
    let_pass(redis, queue, 11)
    assert take(http, queue) == "c"      # it comes to the new end
    again = lease(http, queue)
    assert (again["value"], again["deliveries"]) == ("a", 2)


def test_release_with_delay_in_real_time(http, queue, leased):
    start = time.monotonic()
    release(http, leased, delay=1)
    while take(http, queue) is None:
        assert time.monotonic() - start < servers.patience(3)
        time.sleep(0.02)
    assert time.monotonic() - start > 0.99


def test_release_with_a_delay_of_nothing(http, queue, leased):
    push(http, queue, "b")
    release(http, leased, delay=0)
    assert take_all(http, queue) == ["a", "b"]


def test_released_with_delay_the_token_is_used_up(http, redis, leased):
    release(http, leased, delay=10)
    assert_stale(redis, lambda: release(http, leased), lambda: ack(http, leased),
                 lambda: extend(http, leased, 30))


def test_the_longest_delay(http, redis, queue, leased):
    assert release(http, leased, delay=2592000).status == 200
    let_pass(redis, queue, 2591999)
    assert take(http, queue) is None
    let_pass(redis, queue, 2)
    assert take(http, queue) == "a"


@pytest.mark.parametrize("number", NO_NUMBERS + ["2592001"])
def test_release_with_a_delay_that_is_no_number(http, redis, leased, number):
    assert_refused(redis, lambda: release(http, leased, delay=number), "bad_value", "delay",
                   "2592000")


def test_released_together(http, redis, queue):
    """One after the other, each due ten seconds later."""
    push(http, queue, *(str(number) for number in range(1, 12)))
    for message in lease_all(http, queue):
        release(http, message, delay=10)
    expire(redis, queue)
    assert take_all(http, queue) == [str(number) for number in range(1, 12)]


# --- with the settings of the queue -------------------------------------------------------------

def test_release_under_a_backoff(http, redis, queue):
    policy(http, queue, backoff="2,3,10")
    push(http, queue, "a")
    for seconds in 2, 6, 10, 10:
        assert release(http, lease(http, queue)).status == 200
        due = redis.zscore(part(queue, "delayed"), f"{queue}:1") - now_ms(redis)
        assert seconds * 1000 - 1000 < due <= seconds * 1000 + 1
        assert_empty(http.get(f"/q/{queue}"))
        let_pass(redis, queue, seconds + 1)


@pytest.mark.parametrize("delay, status", [(0, 200), (7, 204)])
def test_a_delay_that_is_named_counts_more_than_the_backoff(http, redis, queue, delay, status):
    policy(http, queue, backoff="100,2,1000")
    push(http, queue, "a")
    release(http, lease(http, queue), delay=delay)
    assert http.get(f"/q/{queue}").status == status
    let_pass(redis, queue, 8)
    assert delay == 0 or take(http, queue) == "a"


@pytest.mark.parametrize("delay", [None, 0, 10])
def test_release_of_the_last_delivery(http, redis, queue, delay):
    """It is a dead letter at that moment, whatever delay was asked for."""
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a")
    message = lease(http, queue)
    assert_json(release(http, message, delay=delay), {"key": f"{queue}:1", "released": True})
    assert redis.lrange(f"{queue}.dead:queue", 0, -1) == [f"{queue}:1".encode()]
    assert stats(http, queue, "len", "leased", "delayed", "dead", "died", "returned") == (
        0, 0, 0, 1, 1, 0)
    assert_stale(redis, lambda: release(http, message), lambda: ack(http, message))


# --- bad input ----------------------------------------------------------------------------------

@pytest.mark.parametrize("more, code, word", [
    ("", "bad_request", "extend"),
    ("&extend=5&release=1", "bad_request", "extend"),
    ("&extend=5&delay=5", "bad_request", "delay"),
    ("&delay=5", "bad_request", "release"),
    ("&release=0", "bad_value", "release"),
    ("&release=2", "bad_value", "release"),
    ("&release=", "bad_value", "release"),
    ("&release", "bad_value", "release"),
    ("&release=true", "bad_value", "release"),
    ("&extend", "bad_value", "extend"),
    ("&extend=5&colour=red", "bad_request", "colour"),
    ("&extend=5&count=1", "bad_request", "count"),
    ("&release=1&ttl=5", "bad_request", "ttl"),
    ("&extend=5&wait=5", "bad_request", "wait"),
    ("&value=a&extend=5", "bad_request", "value"),
    ("&redrive=1", "bad_request", "redrive"),
])
def test_refused(http, redis, leased, more, code, word):
    assert_refused(redis, lambda: http.request("PUT", claim(leased) + more), code, word)
    assert ack(http, leased).status == 200


@pytest.mark.parametrize("action", ["extend=5", "release=1", "release=1&delay=5"])
@pytest.mark.parametrize("query, code, word", [
    ("", "bad_request", "key"),
    ("lease={lease}&", "bad_request", "key"),
    ("key={key}&", "bad_request", "lease"),
    ("key={key}&lease=&", "bad_value", "lease"),
    ("key={key}&lease&", "bad_value", "lease"),
    ("key=&lease={lease}&", "bad_value", "key"),
    ("key&lease={lease}&", "bad_value", "key"),
    ("key=other:1&lease={lease}&", "bad_value", "key"),
])
def test_without_a_claim(http, redis, queue, leased, query, code, word, action):
    assert_refused(redis, lambda: http.request(
        "PUT", f"/q/{queue}?" + query.format(**leased) + action), code, word)


@pytest.mark.parametrize("action", ["extend=5", "release=1"])
def test_a_type_of_no_body(http, leased, queue, action):
    """Some HTTP libraries name one in any case."""
    answer = http.request("PUT", f"/q/{queue}?key={leased['key']}&lease={leased['lease']}&{action}", b"",
                          {"Content-Type": "application/json"})
    assert answer.status == 200 and "messages" not in answer.text


def test_of_a_message_that_is_not_there(http, redis, queue):
    for key in f"{queue}:1", f"{queue}:9007199254740991":
        nobody = {"key": key, "lease": "0" * 32}
        assert_stale(redis, lambda: extend(http, nobody, 5), lambda: release(http, nobody))


@pytest.mark.parametrize("what", ["extend=5", "release=1", "release=1&delay=5"])
def test_of_a_delayed_message(http, redis, queue, what):
    http.post(f"/q/{queue}?delay=100", "a", {"Content-Type": "text/plain"})
    path = f"/q/{queue}?key={queue}:1&lease={'0' * 32}&{what}"
    assert_stale(redis, lambda: http.request("PUT", path))


def test_as_a_form(http, queue):
    push(http, queue, "a", "b")
    first, second = lease_all(http, queue)
    for message, what in (first, {"extend": 5}), (second, {"release": 1, "delay": 5}):
        form = {"key": message["key"], "lease": message["lease"], **what}
        assert http.request("PUT", f"/q/{queue}", form=form).status == 200
    assert stats(http, queue, "leased", "delayed") == (1, 1)


@pytest.mark.parametrize("type", ["text/plain", "application/x-ndjson", "multipart/mixed; boundary=x"])
def test_a_body_that_is_read_nowhere(fcgi, redis, leased, type):
    assert_refused(redis, lambda: fcgi("PUT", claim(leased) + "&release=1", b'{"delay":5}',
                                       CONTENT_TYPE=type), "unsupported", status=415)


def test_one_message_and_a_body_of_many(fcgi, redis, leased):
    assert_refused(redis, lambda: fcgi("PUT", claim(leased) + "&release=1", b'{"delay":5}',
                                       CONTENT_TYPE="application/json"), "bad_request", "neither")


def test_a_body_that_was_cut(redis, queue, leased, stack):
    """Nothing is done on the strength of half a request."""
    params = servers.fcgi_params("PUT", f"/q/{queue}",
                                 CONTENT_TYPE="application/x-www-form-urlencoded")
    body = f"key={leased['key']}&lease={leased['lease']}&release=1".encode()
    assert_refused(redis, lambda: servers.fcgi_request(stack.responders.socket, params, body,
                                                       claim_length=len(body) + 10), "unavailable", status=503)


def test_methods(http, queue, unchanged):
    response = http.request("OPTIONS", f"/q/{queue}")
    assert response.status == 204
    assert sorted(response.headers["Allow"].split(", ")) == [
        "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]
    for path in "/q", "/q/", "/", "/queue", f"/p/{queue}", f"/stats/{queue}":
        assert http.request("PUT", path + "?extend=5").status == 405
