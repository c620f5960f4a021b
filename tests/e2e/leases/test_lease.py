# test_lease.py - GET /q/foo?lease=30 and the ack: a message is held by one consumer for some time,
# and is there again when that time is over.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import time

import pytest

import stack as servers
from checks import (assert_common, assert_empty, assert_json, command, keys_of, push, swept, take,
                    take_all)
from reliable import (NO_NUMBERS, TOKEN, ack, assert_refused, assert_stale, claim, expire, extend,
                      lease, lease_all, lease_many, let_pass, nothing_changes, now_ms, part, push_batch,
                      release, stats, values)


# --- what it answers ----------------------------------------------------------------------------

def test_answer(http, redis, queue):
    push(http, queue, "a")
    message = assert_json(http.get(f"/q/{queue}?lease=30"))
    until, token = message.pop("lease_until"), message.pop("lease")
    assert message == {"key": f"{queue}:1", "value": "a", "deliveries": 1, "count": 0}
    assert TOKEN.fullmatch(token) and len(token) == 32
    assert isinstance(until, int) and 29000 < until - now_ms(redis) <= 30000
    assert int(redis.zscore(part(queue, "leases"), f"{queue}:1")) == until
    assert redis.hget(part(queue, "receipts"), f"{queue}:1") == f"1 {token}".encode()


def test_answer_without_a_lease(http, queue):
    push(http, queue, "a", "b", "c")
    assert set(http.get(f"/q/{queue}").json()) == {"key", "value", "count"}
    assert set(http.get(f"/q/{queue}?count=1").json()[0]) == {"key", "value", "count"}
    assert not any(name.lower().startswith(("restmq-lease", "restmq-deliveries"))
                   for name in http.get(f"/q/{queue}?raw=1").headers)


def test_raw(http, redis, queue):
    push(http, queue, b"a\0\xff")
    response = http.get(f"/q/{queue}?lease=30&raw=1")
    assert (response.status, response.body) == (200, b"a\0\xff")
    assert_common(response)
    assert response.headers["Restmq-Key"] == f"{queue}:1"
    assert response.headers["Restmq-Deliveries"] == "1"
    assert 29000 < int(response.headers["Restmq-Lease-Until"]) - now_ms(redis) <= 30000
    message = {"key": f"{queue}:1", "lease": response.headers["Restmq-Lease"]}
    assert ack(http, message).status == 200


def test_not_utf8(http, queue):
    push(http, queue, b"\xff")
    message = lease(http, queue)
    assert (message["value"], message["encoding"]) == ("/w==", "base64")


def test_several(http, redis, queue):
    """Each has a token of its own."""
    push(http, queue, *"abcd")
    messages = assert_json(http.get(f"/q/{queue}?lease=30&count=3"))
    assert values(messages) == ["a", "b", "c"]
    tokens = [message["lease"] for message in messages]
    assert [token[32:] for token in tokens] == ["-1", "-2", "-3"]
    assert all(TOKEN.fullmatch(token) for token in tokens)
    assert {message["deliveries"] for message in messages} == {1}
    assert_stale(redis, lambda: ack(http, {**messages[0], "lease": tokens[1]}),
                 lambda: ack(http, {**messages[0], "lease": tokens[0][:32]}))
    for message in messages:
        assert ack(http, message).status == 200
    assert stats(http, queue, "len", "leased", "acked") == (1, 0, 3)


def test_a_thousand(http, queue):
    push_batch(http, queue, 1000)
    messages = http.get(f"/q/{queue}?lease=30&count=1000").json()
    assert values(messages) == [str(number) for number in range(1, 1001)]
    assert len({message["lease"] for message in messages}) == 1000
    assert stats(http, queue, "len", "leased") == (0, 1000)
    for message in messages[0], messages[9], messages[999]:
        assert ack(http, message).status == 200


def test_at_most_1_mib(http, queue):
    """Those that do not fit into the answer are not leased."""
    push(http, queue, *["a" * 524288] * 10)
    messages = http.get(f"/q/{queue}?lease=30&count=100").json()
    assert len(messages) == 2
    assert stats(http, queue, "len", "leased") == (10 - len(messages), len(messages))
    for message in messages:
        assert ack(http, message).status == 200
    assert http.get(f"/q/{queue}").json()["key"] == f"{queue}:{len(messages) + 1}"


def test_count_of_one_is_an_array(http, queue):
    push(http, queue, "a")
    message, = http.get(f"/q/{queue}?lease=30&count=1").json()
    assert ack(http, message).status == 200


def test_tokens_are_random(http, queue):
    push_batch(http, queue, 100)
    tokens = {message["lease"] for message in lease_all(http, queue)}
    assert len(tokens) == 100
    for position in range(32):
        assert len({token[position] for token in tokens}) > 6, "this digit hardly changes"


@pytest.mark.parametrize("query", ["", "&count=1", "&count=1000", "&raw=1"])
def test_empty(http, queue, unchanged, query):
    assert_empty(http.get(f"/q/{queue}?lease=30{query}"))


@pytest.mark.parametrize("seconds", [1, 43200])
def test_bounds(http, redis, queue, seconds):
    push(http, queue, "a")
    until = lease(http, queue, seconds)["lease_until"]
    assert seconds * 1000 - 1000 < until - now_ms(redis) <= seconds * 1000


@pytest.mark.parametrize("number", NO_NUMBERS + ["43201"])
def test_no_number(http, redis, queue, number):
    push(http, queue, "a")
    assert_refused(redis, lambda: http.get(f"/q/{queue}?lease={number}"), "bad_value", "lease",
                   "43200")
    assert_refused(redis, lambda: http.get(f"/q/{queue}?lease={number}&count=5&raw=0"),
                   "bad_value", "lease")
    assert take(http, queue) == "a"


def test_no_value(http, redis, queue):
    push(http, queue, "a")
    assert_refused(redis, lambda: http.get(f"/q/{queue}?lease"), "bad_value", "lease")


@pytest.mark.parametrize("query", ["soft=1&lease=30", "soft=&lease=30", "soft=1&lease=0",
                                   "lease=30&raw=1&count=2"])
def test_what_does_not_go_together(http, redis, queue, query):
    push(http, queue, "a")
    assert_refused(redis, lambda: http.get(f"/q/{queue}?{query}"), "bad_request")


def test_soft_off(http, queue):
    push(http, queue, "a", "b")
    for off in "soft=0", "soft=false":
        assert "lease" in http.get(f"/q/{queue}?lease=30&{off}").json()


def test_a_lease_of_nothing_takes(http, redis, queue):
    push(http, queue, "a")
    assert_json(http.get(f"/q/{queue}?lease=0"), {"key": f"{queue}:1", "value": "a", "count": 0})
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}"])


def test_with_a_callback(new_stack):
    http = new_stack(conf={"jsonp": "on"}).http
    push(http, "foo", "a", "b")
    response = http.get("/q/foo?lease=30&callback=fn")
    assert response.text.startswith("/**/fn({") and response.text.endswith("});\r\n")
    message = json.loads(response.text[len("/**/fn("):-len(");\r\n")])
    assert TOKEN.fullmatch(message["lease"])
    assert http.get("/q/foo?lease=30&count=1&callback=fn").text.startswith("/**/fn([{")
    assert http.delete(claim(message) + "&callback=fn").text.startswith('/**/fn({"')
    assert '"stale_lease"' in http.delete(claim(message) + "&callback=fn").text


def test_head_leases_nothing(http, redis, queue):
    push(http, queue, "a")
    with nothing_changes(redis):
        assert http.head(f"/q/{queue}?lease=30").status == 200
    assert lease(http, queue)["deliveries"] == 1


def test_ack_with_a_form(http, queue):
    push(http, queue, "a")
    message = lease(http, queue)
    response = http.request("DELETE", f"/q/{queue}",
                            form={"key": message["key"], "lease": message["lease"]})
    assert_json(response, {"queue": queue, "key": f"{queue}:1", "deleted": True})


# --- leased -------------------------------------------------------------------------------------

def test_nobody_else_gets_it(http, queue):
    push(http, queue, "a", "b")
    lease(http, queue)
    assert take(http, queue) == "b"
    for path in "", "?lease=30", "?count=10", "?raw=1", "?soft=1":
        assert_empty(http.get(f"/q/{queue}{path}"))
    assert http.head(f"/q/{queue}").status == 204
    assert command(http, cmd="take", queue=queue).json()["code"] == "empty"
    assert stats(http, queue, "len", "leased", "pushed", "removed") == (0, 1, 2, 1)


def test_an_original_restmq_does_not_see_it(http, redis, queue):
    push(http, queue, "a", "b")
    lease(http, queue)
    assert redis.lrange(f"{queue}:queue", 0, -1) == [f"{queue}:2".encode()]
    assert redis.get(f"{queue}:1") == b"a"
    assert http.get(f"/j/{queue}", {"Accept": "application/json"}).json()["jobs"] == [f"{queue}:2"]


def test_the_others_are_taken_as_ever(http, queue):
    """A queue some of whose messages are leased is still one to push into and take from."""
    push(http, queue, *"abc")
    message = lease(http, queue)
    push(http, queue, "d")
    assert http.get(f"/q/{queue}?soft=1").json()["count"] == 1
    assert take_all(http, queue) == ["b", "c", "d"]
    assert ack(http, message).status == 200


# --- ack ----------------------------------------------------------------------------------------

def test_ack(http, redis, queue):
    push(http, queue, "a")
    http.get(f"/q/{queue}?soft=1")
    message = lease(http, queue)
    assert message["count"] == 0 or message["count"] == 1
    assert_json(ack(http, message), {"queue": queue, "key": f"{queue}:1", "deleted": True})
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}",
                                            part(queue, "stats")])
    assert stats(http, queue, "leased", "acked", "removed", "returned") == (0, 1, 1, 0)


def test_ack_of_one_leaves_the_others(http, redis, queue):
    push(http, queue, *"abc")
    first, second, third = lease_all(http, queue)
    assert ack(http, second).status == 200
    assert stats(http, queue, "leased", "acked") == (2, 1)
    assert redis.hkeys(part(queue, "receipts")) == [f"{queue}:1".encode(), f"{queue}:3".encode()]
    assert ack(http, third).status == 200 and ack(http, first).status == 200


def test_ack_twice(http, redis, queue):
    push(http, queue, "a")
    message = lease(http, queue)
    assert ack(http, message).status == 200
    assert_stale(redis, lambda: ack(http, message), lambda: ack(http, message),
                 lambda: extend(http, message, 30), lambda: release(http, message))
    assert stats(http, queue, "acked") == (1,)


def wrong_tokens(token):
    return ["x", "0" * 32, token[:-1], token + "0", token + "-1", token[::-1], "%20" + token,
            token + "%20", "1%20" + token, "a" * 4000]


def test_a_wrong_token(http, redis, queue):
    push(http, queue, "a", "b")
    message = lease(http, queue)
    for token in wrong_tokens(message["lease"]):
        wrong = {**message, "lease": token}
        assert_stale(redis, lambda: ack(http, wrong), lambda: extend(http, wrong, 30),
                     lambda: release(http, wrong))
    assert ack(http, message).status == 200


def test_a_token_of_another_message(http, redis, queue):
    push(http, queue, "a", "b")
    first, second = lease_all(http, queue)
    mixed = {**first, "lease": second["lease"]}
    assert_stale(redis, lambda: ack(http, mixed), lambda: extend(http, mixed, 30),
                 lambda: release(http, mixed))
    assert ack(http, first).status == 200 and ack(http, second).status == 200


def test_a_token_of_another_queue(http, redis, queue):
    other = queue + "-other"
    push(http, queue, "a")
    push(http, other, "b")
    mine, theirs = lease(http, queue), lease(http, other)
    mixed = {**mine, "lease": theirs["lease"]}
    assert_stale(redis, lambda: ack(http, mixed), lambda: extend(http, mixed, 30),
                 lambda: release(http, mixed))
    for respond in (lambda: ack(http, theirs, queue), lambda: extend(http, theirs, 30, queue),
                    lambda: release(http, theirs, queue)):
        assert_refused(redis, respond, "bad_value", "key")


def test_without_its_token(http, redis, queue):
    """A leased message is its holder's: nobody deletes it from under him."""
    push(http, queue, "a")
    message = lease(http, queue)
    assert_stale(redis, lambda: http.delete(f"/q/{queue}?key={message['key']}"))
    assert ack(http, message).status == 200


def test_a_token_for_a_message_that_is_not_leased(http, redis, queue):
    push(http, queue, "a")
    for number in 1, 2:      # the second is not there at all
        message = {"key": f"{queue}:{number}", "lease": "0" * 32}
        assert_stale(redis, lambda: ack(http, message), lambda: extend(http, message, 30),
                     lambda: release(http, message))
    assert take(http, queue) == "a"


@pytest.mark.parametrize("query", ["lease=", "lease=abc", "lease", "lease=abc&key="])
def test_an_ack_without_a_key_is_no_purge(http, redis, queue, query):
    push(http, queue, "a")
    with nothing_changes(redis):
        response = http.delete(f"/q/{queue}?{query}")
        assert response.status == 400 and response.json()["code"] in ("bad_request", "bad_value")
        assert "key" in response.json()["error"]
    assert take(http, queue) == "a"


def test_an_empty_token(http, redis, queue):
    push(http, queue, "a")
    message = lease(http, queue)
    for token in "&lease=", "&lease":
        assert_refused(redis, lambda: http.delete(f"/q/{queue}?key={message['key']}{token}"),
                       "bad_value", "lease")
    release(http, message)      # its receipt has no token now
    assert_refused(redis, lambda: http.delete(f"/q/{queue}?key={message['key']}&lease="),
                   "bad_value", "lease")
    assert take(http, queue) == "a"


def test_control_bytes_in_a_token(fcgi, http, redis, queue):
    """NUL is not the end of it.  (A web server may refuse these already.)"""
    push(http, queue, "a")
    message = lease(http, queue)
    token = message["lease"]
    for token in token + "%00", token + "%00x", token + "%0a", "%0d%0a", "%00", "%ff":
        wrong = claim({**message, "lease": token})
        assert_stale(redis, lambda: fcgi("DELETE", wrong),
                     lambda: fcgi("PUT", wrong + "&extend=30"),
                     lambda: fcgi("PUT", wrong + "&release=1"))
    wrong = claim({**message, "key": message["key"] + "%00"})
    assert_refused(redis, lambda: fcgi("DELETE", wrong), "bad_value", "key")
    assert_refused(redis, lambda: fcgi("PUT", wrong + "&extend=30"), "bad_value", "key")
    assert_refused(redis, lambda: fcgi("GET", f"/q/{queue}?lease=1%00"), "bad_value", "lease")


@pytest.mark.parametrize("key", ["{0}", "{0}:", "{0}:x", "{0}:01", "{0}:-1", "other:1",
                                 "{0}:1:refcount", "QUEUESET", "restmq:%7b{0}%7d:leases", "{0}:0",
                                 "{0}:UUID", "{0}:99999999999999999999", ""])
def test_a_key_that_is_none(http, redis, queue, key):
    push(http, queue, "a")
    path = f"/q/{queue}?key={key.format(queue)}&lease=" + "0" * 32
    for method, more in (("DELETE", ""), ("PUT", "&extend=5"), ("PUT", "&release=1")):
        assert_refused(redis, lambda: http.request(method, path + more), "bad_value", "key")


def test_a_body_that_expired_under_the_lease(http, redis, queue):
    """The work is done: the ack says so, and no trace stays."""
    push(http, queue, "a")
    message = lease(http, queue)
    redis.delete(message["key"])
    assert_json(ack(http, message), {"queue": queue, "key": f"{queue}:1", "deleted": True})
    assert not redis.exists(part(queue, "leases"), part(queue, "receipts"))


def test_a_body_that_expired_and_then_the_lease(http, redis, queue):
    push(http, queue, "a")
    assert http.get(f"/q/{queue}?soft=1").status == 200
    message = lease(http, queue)
    redis.delete(message["key"])
    expire(redis, queue)
    assert_empty(http.get(f"/q/{queue}"))
    assert stats(http, queue, "expired", "returned") == (1, 0)
    assert not redis.exists(message["key"] + ":refcount", part(queue, "receipts"))


def test_purge_takes_the_leases_too(http, redis, queue):
    push(http, queue, "a", "b")
    message = lease(http, queue)
    assert http.delete(f"/q/{queue}").json()["purged"] == 2
    swept(redis, queue)
    assert_stale(redis, lambda: ack(http, message), lambda: extend(http, message, 30),
                 lambda: release(http, message))
    push(http, queue, "c")
    expire(redis, queue)
    assert take_all(http, queue) == ["c"]
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}",
                                            part(queue, "stats")])
    assert stats(http, queue, "purged", "leased", "returned") == (2, 0, 0)


# --- the deadline -------------------------------------------------------------------------------

def test_in_real_time(http, redis, queue):
    push(http, queue, "a")
    start = time.monotonic()
    first = lease(http, queue, 1)
    while (second := lease(http, queue)) is None:
        assert time.monotonic() - start < servers.patience(3)
        time.sleep(0.02)
    assert time.monotonic() - start > 0.99
    assert now_ms(redis) > first["lease_until"]
    assert (second["key"], second["deliveries"]) == (first["key"], 2)
    assert second["lease"] != first["lease"]


def test_stale_before_anybody_took_it(http, redis, queue):
    """The deadline alone ends the lease."""
    push(http, queue, "a")
    message = lease(http, queue, 1)
    time.sleep(1.01)
    assert_stale(redis, lambda: ack(http, message), lambda: extend(http, message, 30),
                 lambda: release(http, message))
    assert take(http, queue) == "a"


def test_stale_after_somebody_took_it(http, redis, queue):
    push(http, queue, "a")
    first = lease(http, queue)
    expire(redis, queue)
    second = lease(http, queue)
    assert_stale(redis, lambda: ack(http, first), lambda: extend(http, first, 30),
                 lambda: release(http, first))
    assert ack(http, second).status == 200
    assert_stale(redis, lambda: ack(http, first))


@pytest.mark.parametrize("query, get", [
    ("", lambda response: response.json()["value"]),
    ("?lease=30", lambda response: response.json()["value"]),
    ("?count=5", lambda response: response.json()[0]["value"]),
    ("?raw=1", lambda response: response.text),
    ("?soft=1", lambda response: response.json()["value"])])
def test_it_comes_back_to_everybody(http, redis, queue, query, get):
    push(http, queue, "a")
    lease(http, queue)
    expire(redis, queue)
    assert http.head(f"/q/{queue}").status == 200
    assert get(http.get(f"/q/{queue}{query}")) == "a"


def test_it_comes_back_to_the_old_interface(http, redis, queue):
    for respond in (lambda: http.get(f"/?queue={queue}"),
                    lambda: command(http, cmd="get", queue=queue),
                    lambda: command(http, cmd="take", queue=queue)):
        push(http, queue, "a")
        lease(http, queue)
        expire(redis, queue)
        assert respond().json()["value"] == "a"
        take(http, queue)


def test_an_expired_lease_may_be_deleted_by_anybody(http, redis, queue):
    """It is ready, though nobody has looked yet."""
    push(http, queue, "a")
    message = lease(http, queue)
    expire(redis, queue)
    assert http.delete(f"/q/{queue}?key={message['key']}").json()["deleted"] is True
    assert take(http, queue) is None
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}"])


def test_deliveries_are_counted(http, redis, queue):
    push(http, queue, "a")
    for deliveries in range(1, 8):
        assert lease(http, queue)["deliveries"] == deliveries
        expire(redis, queue)
    assert stats(http, queue, "returned") == (6,)
    assert take(http, queue) == "a"
    assert stats(http, queue, "returned", "acked", "len", "leased") == (7, 0, 0, 0)
    assert not redis.exists(part(queue, "receipts"), part(queue, "leases"))


def test_a_body_that_expired_is_not_given_back(http, redis, queue):
    push(http, queue, "a", "b")
    lease_all(http, queue)
    redis.delete(f"{queue}:1")
    expire(redis, queue)
    assert take_all(http, queue) == ["b"]
    assert stats(http, queue, "expired", "returned") == (1, 1)
    assert not redis.exists(part(queue, "receipts"), part(queue, "leases"))


# --- the order in which they come back ----------------------------------------------------------

def test_before_those_that_never_went_out(http, redis, queue):
    push(http, queue, *"abcde")
    lease(http, queue)
    lease(http, queue)
    expire(redis, queue)
    assert take_all(http, queue) == ["a", "b", "c", "d", "e"]


def test_the_earliest_deadline_first(http, redis, queue):
    push(http, queue, *"abcd")
    for seconds in 30, 10, 20:
        lease(http, queue, seconds)
    let_pass(redis, queue, 25)
    assert take_all(http, queue) == ["b", "c", "d"]
    let_pass(redis, queue, 10)
    assert take_all(http, queue) == ["a"]


def test_only_those_whose_time_is_over(http, redis, queue):
    push(http, queue, *"abc")
    for seconds in 10, 20, 30:
        lease(http, queue, seconds)
    for seconds, value in [(5, None), (10, "a"), (10, "b"), (10, "c")]:
        let_pass(redis, queue, seconds)
        assert take(http, queue) == value


@pytest.mark.parametrize("count", [2, 11, 100, 101, 199, 200, 201, 300, 1000])
@pytest.mark.parametrize("how", ["one request", "own requests"])
def test_those_that_expired_together(http, redis, queue, count, how):
    """In their old order, also 9, 10, 11, and more of them than one call brings back."""
    push_batch(http, queue, count)
    if how == "one request":
        assert len(http.get(f"/q/{queue}?count={count}&lease=30").json()) == count
    else:
        assert len(lease_all(http, queue)) == count
    expire(redis, queue)
    assert take_all(http, queue) == [str(number) for number in range(1, count + 1)]
    assert stats(http, queue, "returned") == (count,)


@pytest.mark.parametrize("count", [11, 300])
def test_from_the_third_delivery_on_behind_the_others(http, redis, queue, count):
    """Still in their old order among themselves."""
    push_batch(http, queue, count)
    for _ in range(3):
        push(http, queue, "other")
        messages = lease_many(http, queue, count)
        assert values(messages) == [str(number) for number in range(1, count + 1)]
        expire(redis, queue)
    assert take_all(http, queue) == ["other"] * 3 + [str(number) for number in range(1, count + 1)]


def test_poison_does_not_starve_the_others(http, redis, queue):
    """Messages that kill every worker that gets them, in front of good ones."""
    push(http, queue, *["poison"] * 10, *["good"] * 20)
    good = turns = 0
    while good < 20:
        turns += 1
        assert turns <= 200
        message = lease(http, queue)
        if message["value"] == "good":
            assert ack(http, message).status == 200
            good += 1
        else:
            expire(redis, queue)
    assert turns <= 20 + 3 * 10
    assert stats(http, queue, "acked") == (20,)


def test_many_for_each_end_that_expired_together(http, redis, queue):
    """The earliest are for the old end, the latest for the new one, and in each step both are only
    that: it goes on all the same."""
    push_batch(http, queue, 150)
    for _ in range(2):
        lease_many(http, queue, 150)
        expire(redis, queue)
    lease_many(http, queue, 150, 900)
    push_batch(http, queue, 150)
    lease_many(http, queue, 150)
    expire(redis, queue)
    messages = lease_many(http, queue, 300)
    assert sorted(message["deliveries"] for message in messages) == [2] * 150 + [4] * 150


def test_poison_does_not_starve_those_that_come_later(http, redis, queue):
    """Poison takes its turn at the new end: a message pushed now is out before long."""
    push(http, queue, *["poison"] * 5)
    for _ in range(30):
        lease(http, queue)
        expire(redis, queue)
    for _ in range(3):
        push(http, queue, "good")
        seen = 0
        while lease(http, queue)["value"] == "poison":
            expire(redis, queue)
            seen += 1
            assert seen <= 6


# --- keys that stand twice ----------------------------------------------------------------------

def test_a_key_that_stands_twice_has_one_lease(http, redis, queue):
    push(http, queue, "a", "b")
    redis.lpush(f"{queue}:queue", f"{queue}:1")
    redis.rpush(f"{queue}:queue", f"{queue}:1")
    messages = lease_all(http, queue)
    assert values(messages) == ["a", "b"]
    assert stats(http, queue, "len", "leased", "dropped") == (0, 2, 2)
    for message in messages:
        assert ack(http, message).status == 200


def test_a_key_that_stands_twice_in_one_take(http, redis, queue):
    push(http, queue, "a", "b")
    redis.lpush(f"{queue}:queue", f"{queue}:1")
    redis.rpush(f"{queue}:queue", f"{queue}:1")
    assert values(http.get(f"/q/{queue}?count=10&lease=30").json()) == ["a", "b"]
    assert stats(http, queue, "len", "leased", "dropped") == (0, 2, 2)


def test_a_leased_key_that_is_listed_again(http, redis, queue):
    """It is the holder's alone, for whoever takes or reads."""
    push(http, queue, "a")
    message = lease(http, queue)
    for path in "", "?lease=30", "?count=10", "?raw=1", "?soft=1":
        redis.lpush(f"{queue}:queue", f"{queue}:1")
        assert_empty(http.get(f"/q/{queue}{path}"))
        assert redis.llen(f"{queue}:queue") == 0
    redis.lpush(f"{queue}:queue", f"{queue}:1")
    assert http.head(f"/q/{queue}").status == 204
    redis.lpush(f"{queue}:queue", f"{queue}:1")
    assert ack(http, message).status == 200
    assert_empty(http.get(f"/q/{queue}"))


def test_a_key_that_is_listed_again_when_its_lease_ends(http, redis, queue):
    push(http, queue, "a")
    lease(http, queue)
    redis.lpush(f"{queue}:queue", f"{queue}:1")
    expire(redis, queue)
    messages = lease_all(http, queue)
    assert [(message["value"], message["deliveries"]) for message in messages] == [("a", 2)]
    assert ack(http, messages[0]).status == 200
    assert take(http, queue) is None


@pytest.mark.parametrize("twice", [500, 1500])
def test_nothing_but_keys_that_stand_twice(http, redis, queue, twice):
    """More of them than one look at the list sees."""
    push(http, queue, "a")
    lease(http, queue)
    redis.lpush(f"{queue}:queue", *[f"{queue}:1"] * twice)
    push(http, queue, "b")
    assert values(lease_all(http, queue)) == ["b"]
    assert redis.llen(f"{queue}:queue") == 0
