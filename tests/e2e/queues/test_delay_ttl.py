# test_delay_ttl.py - messages that are not there yet, and messages that are not there any more.
#
# SPDX-License-Identifier: BSD-2-Clause

import time

import pytest

import stack as servers
from checks import assert_empty, command, heard, keys_of, push, take, take_all
from reliable import (NDJSON, NO_NUMBERS, ack, assert_refused, expire, lease, lease_all, let_pass,
                      now_ms, part, policy, push_batch, release, stats)

TEXT = {"Content-Type": "text/plain"}


def push_with(http, queue, message, **options):
    query = "&".join(f"{name}={value}" for name, value in options.items())
    response = http.post(f"/q/{queue}?{query}", message, TEXT)
    assert response.status == 200, response
    return response.text.rstrip()


# --- delay --------------------------------------------------------------------------------------

def delayed_pushes(http, queue):
    return {
        "query": lambda: http.post(f"/q/{queue}?delay=10", "a", TEXT),
        "form": lambda: http.post(f"/q/{queue}", form={"value": "a", "delay": 10}),
        "root": lambda: http.post("/", form={"queue": queue, "value": "a", "delay": 10}),
        "batch": lambda: http.post(f"/q/{queue}?delay=10", "a\n", NDJSON),
        "cmd": lambda: command(http, cmd="add", queue=queue, value="a", delay=10)}


@pytest.mark.parametrize("how", delayed_pushes(None, None))
def test_delay(http, redis, queue, how):
    response = delayed_pushes(http, queue)[how]()
    assert response.status == 200 and f"{queue}:1" in response.text
    assert 9000 < redis.zscore(part(queue, "delayed"), f"{queue}:1") - now_ms(redis) <= 10001
    assert not redis.exists(f"{queue}:queue")      # an original RestMQ does not see it
    assert redis.get(f"{queue}:1") == b"a"
    assert stats(http, queue, "len", "delayed", "leased", "pushed", "removed") == (0, 1, 0, 1, 0)
    for query in "", "?lease=30", "?count=10", "?soft=1", "?raw=1":
        assert_empty(http.get(f"/q/{queue}{query}"))
    assert http.head(f"/q/{queue}").status == 204
    let_pass(redis, queue, 11)
    assert http.head(f"/q/{queue}").status == 200
    assert take(http, queue) == "a"
    assert stats(http, queue, "len", "delayed", "removed", "returned", "expired") == (0, 0, 1, 0, 0)
    assert part(queue, "delayed") not in keys_of(redis, queue)


def test_a_delayed_first_message_makes_the_queue_known(http, redis, queue):
    push_with(http, queue, "a", delay=10)
    assert redis.sismember("QUEUESET", queue)
    assert redis.get(f"queuestat::{queue}") == b"1"


def test_in_real_time(http, queue):
    start = time.monotonic()
    push_with(http, queue, "a", delay=1)
    while take(http, queue) is None:
        assert time.monotonic() - start < servers.patience(3)
        time.sleep(0.02)
    assert time.monotonic() - start > 0.99


def test_others_pass_it(http, redis, queue):
    push_with(http, queue, "late", delay=10)
    push(http, queue, "b")
    assert take(http, queue) == "b"
    push(http, queue, "c", "d")
    let_pass(redis, queue, 11)
    assert take_all(http, queue) == ["c", "d", "late"]


def test_in_the_order_of_their_time(http, redis, queue):
    for delay in 30, 10, 20:
        push_with(http, queue, str(delay), delay=delay)
    let_pass(redis, queue, 25)
    assert take_all(http, queue) == ["10", "20"]
    let_pass(redis, queue, 10)
    assert take_all(http, queue) == ["30"]


@pytest.mark.parametrize("count", [11, 99, 100, 101, 300])
@pytest.mark.parametrize("how", ["one request", "own requests"])
def test_due_together(http, redis, queue, count, how):
    """In their old order, also 9, 10, 11, and more of them than one call brings."""
    if how == "one request":
        push_batch(http, queue, count, delay=10)
    else:
        for number in range(1, count + 1):
            push_with(http, queue, str(number), delay=10)
    expire(redis, queue)
    assert take_all(http, queue) == [str(number) for number in range(1, count + 1)]


def test_a_delay_of_nothing(http, redis, queue):
    push_with(http, queue, "a", delay=0)
    assert not redis.exists(part(queue, "delayed"))
    assert take(http, queue) == "a"


def test_the_longest_delay(http, redis, queue):
    push_with(http, queue, "a", delay=2592000)
    let_pass(redis, queue, 2591999)
    assert take(http, queue) is None
    let_pass(redis, queue, 2)
    assert take(http, queue) == "a"


@pytest.mark.parametrize("number", NO_NUMBERS + ["2592001"])
def test_no_number(http, redis, queue, number):
    for path, body, headers in (
            (f"/q/{queue}?delay={number}", "a", TEXT),
            (f"/q/{queue}?delay={number}", "a\n", NDJSON),
            (f"/q/{queue}", f"value=a&delay={number}", {}),
            ("/", f"queue={queue}&value=a&delay={number}", {})):
        assert_refused(redis, lambda: http.post(path, body, headers), "bad_value", "delay",
                       "2592000")


def test_no_value(http, redis, queue):
    assert_refused(redis, lambda: http.post(f"/q/{queue}?delay", "a", TEXT), "bad_value", "delay")


@pytest.mark.parametrize("method, path", [
    ("GET", "/q/{}?delay=5"), ("GET", "/q/{}?lease=5&delay=5"), ("GET", "/?queue={}&delay=5"),
    ("DELETE", "/q/{}?delay=5"), ("DELETE", "/q/{}?key={}:1&delay=5")])
def test_where_nothing_is_delayed(http, redis, queue, method, path):
    push(http, queue, "a")
    assert_refused(redis, lambda: http.request(method, path.format(queue, queue)), "bad_request",
                   "delay")


def test_a_delayed_message_is_deleted(http, redis, queue):
    push_with(http, queue, "a", delay=10)
    push_with(http, queue, "b", delay=10)
    assert http.delete(f"/q/{queue}?key={queue}:1").json()["deleted"] is True
    assert http.delete(f"/q/{queue}?key={queue}:1").status == 404
    assert not redis.exists(f"{queue}:1")
    expire(redis, queue)
    assert take_all(http, queue) == ["b"]


def test_delayed_messages_are_purged(http, redis, queue):
    push_with(http, queue, "a", delay=10)
    push(http, queue, "b")
    assert http.delete(f"/q/{queue}").json() == {"queue": queue, "status": 1, "purged": 2}
    expire(redis, queue)
    assert take(http, queue) is None


def test_due_messages_are_published(http, redis, queue):
    """For the helpers; the consumers of an original RestMQ look every second."""
    push_with(http, queue, "a", delay=10)
    expire(redis, queue)
    assert heard(redis, part(queue, "events"), 1, lambda: http.head(f"/q/{queue}")) == [b"ready"]


def test_a_delayed_push_is_not_published(http, redis, queue):
    """There is nothing to be had yet."""
    def pushes():
        push_with(http, queue, "late", delay=10)
        push(http, queue, "now")
    assert heard(redis, f"{queue}:PUBSUB", 1, pushes) == [f"{queue}:2".encode()]


# --- ttl ----------------------------------------------------------------------------------------

def test_ttl_counts_from_when_it_is_due(http, redis, queue):
    push_with(http, queue, "a", ttl=50, delay=100)
    assert 149000 < redis.pttl(f"{queue}:1") <= 150000


def test_ttl_of_a_batch(http, redis, queue):
    push_batch(http, queue, 3, ttl=50, delay=100)
    push_batch(http, queue, 3, ttl=50)
    assert [round(redis.pttl(f"{queue}:{number}") / 1000) for number in range(1, 7)] == (
        [150] * 3 + [50] * 3)


def test_ttl_of_the_queue(http, redis, queue):
    policy(http, queue, ttl=70)
    push(http, queue, "a")
    push_with(http, queue, "b", ttl=7)
    push_with(http, queue, "c", delay=30)
    push_with(http, queue, "d", delay=30, ttl=700)
    push_batch(http, queue, 1)
    command(http, cmd="add", queue=queue, value="f")
    policy(http, queue, ttl=0)
    push(http, queue, "g")
    times = [redis.pttl(f"{queue}:{number}") for number in range(1, 8)]
    assert [round(time / 1000) for time in times[:-1]] == [70, 7, 100, 730, 70, 70]
    assert times[-1] == -1


def test_ttl_in_real_time(http, redis, queue):
    push_with(http, queue, "short", ttl=1)
    push_with(http, queue, "long", ttl=100)
    policy(http, queue, ttl=1)
    push(http, queue, "short too")
    leased = queue + "-leased"
    push_with(http, leased, "short", ttl=1)
    message = lease(http, leased)
    time.sleep(1.1)
    assert take_all(http, queue) == ["long"]
    assert stats(http, queue, "expired", "len", "removed") == (2, 0, 3)
    assert not redis.exists(message["key"])
    assert ack(http, message).status == 200


def test_an_expired_message_is_never_delivered(http, redis, queue):
    for query in "", "?lease=30", "?count=10", "?soft=1", "?raw=1":
        push_with(http, queue, "a", ttl=100)
        redis.delete(redis.lindex(f"{queue}:queue", 0))      # its time is over
        assert_empty(http.get(f"/q/{queue}{query}"))
    assert stats(http, queue, "expired", "len", "leased") == (5, 0, 0)


def test_it_expires_while_it_is_delayed(http, redis, queue):
    push_with(http, queue, "a", delay=10)
    push_with(http, queue, "b", delay=10)
    redis.delete(f"{queue}:1")
    expire(redis, queue)
    assert take_all(http, queue) == ["b"]
    assert stats(http, queue, "expired", "delayed", "len") == (1, 0, 0)


def test_it_expires_after_it_came_back(http, redis, queue):
    """Nothing of its deliveries stays behind."""
    push(http, queue, "a", "b")
    release(http, lease(http, queue))
    redis.delete(f"{queue}:1")
    assert lease(http, queue)["value"] == "b"
    assert redis.hkeys(part(queue, "receipts")) == [f"{queue}:2".encode()]
    assert stats(http, queue, "expired", "returned") == (1, 1)


@pytest.mark.parametrize("query", ["", "?soft=1", "?count=10", "?lease=30", "?raw=1"])
def test_many_that_expired_after_they_came_back(http, redis, queue, query):
    push_batch(http, queue, 1000)
    for message in http.get(f"/q/{queue}?count=1000&lease=30").json()[:200]:
        redis.delete(message["key"])
        release(http, message)
    expire(redis, queue)
    http.get(f"/q/{queue}?lease=0")
    servers.wait_for(lambda: not redis.exists(part(queue, "leases")))
    redis.delete(*(f"{queue}:{number}" for number in range(1, 1001)))
    assert_empty(http.get(f"/q/{queue}{query}"))
    assert not redis.exists(part(queue, "receipts"), f"{queue}:queue", part(queue, "leases"))
    assert stats(http, queue, "expired", "len") == (999, 0)


def test_a_returned_message_keeps_its_ttl(http, redis, queue):
    push_with(http, queue, "a", ttl=100)
    release(http, lease(http, queue))
    assert 98 <= redis.ttl(f"{queue}:1") <= 100
    lease(http, queue)
    expire(redis, queue)
    assert http.head(f"/q/{queue}").status == 200
    assert 98 <= redis.ttl(f"{queue}:1") <= 100


# --- a queue that nobody reads ------------------------------------------------------------------

@pytest.mark.parametrize("how", ["ttl of the message", "ttl of the queue", "batch", "cmd"])
def test_an_unread_queue_does_not_grow(http, redis, queue, how):
    """Each push with a ttl drops up to two dead entries at the old end."""
    if how == "ttl of the queue":
        policy(http, queue, ttl=100)
    pushes = {"ttl of the message": lambda: push_with(http, queue, "a", ttl=100),
              "ttl of the queue": lambda: push(http, queue, "a"),
              "batch": lambda: push_batch(http, queue, 1, ttl=100),
              "cmd": lambda: command(http, cmd="add", queue=queue, value="a", ttl=100)}
    for number in range(1, 21):
        pushes[how]()
        redis.delete(f"{queue}:{number}")
        assert redis.llen(f"{queue}:queue") <= 2


def test_a_living_message_is_not_dropped(http, redis, queue):
    push(http, queue, "a", "b", "c")
    redis.delete(f"{queue}:2")
    push_with(http, queue, "d", ttl=100)
    assert take_all(http, queue) == ["a", "c", "d"]


def test_what_a_push_drops_leaves_no_receipt(http, redis, queue):
    push(http, queue, "a", "b")
    for message in lease_all(http, queue):
        release(http, message)
    redis.delete(f"{queue}:1", f"{queue}:2")
    push_with(http, queue, "c", ttl=100)
    push_with(http, queue, "d", ttl=100)
    assert redis.lrange(f"{queue}:queue", 0, -1) == [f"{queue}:4".encode(), f"{queue}:3".encode()]
    assert not redis.exists(part(queue, "receipts"))


def test_what_a_push_drops_is_counted(http, redis, queue):
    """As expired, by whomever it is found."""
    push_with(http, queue, "a", ttl=100)
    push_with(http, queue, "b", ttl=100)
    redis.delete(f"{queue}:1", f"{queue}:2")
    push_with(http, queue, "c", ttl=100)
    assert stats(http, queue, "len", "expired") == (1, 2)


def test_what_a_push_drops_may_be_held(http, redis, queue):
    """A key that stands twice, once under a lease, and its body expired: the ack succeeds."""
    push(http, queue, "a")
    message = lease(http, queue)
    redis.rpush(f"{queue}:queue", f"{queue}:1")
    redis.delete(f"{queue}:1")
    push_with(http, queue, "b", ttl=100)
    assert ack(http, message).status == 200
    assert take_all(http, queue) == ["b"]
