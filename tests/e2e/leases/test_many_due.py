# test_many_due.py - so many leases end, delays are over or messages have expired at once that no
# request could see to all of them: each does a step, answers, and the rest goes on beside them.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import random
import threading
import time

import pytest

import stack as servers
from checks import assert_empty, assert_json, assert_unavailable, command, part, push
from reliable import NDJSON, ack, expire, policy, push_batch, stats, values

pytestmark = pytest.mark.responders("a helper's walk brings messages back, too")

MANY = 2500
STEP = 100               # of each kind in one call


def size(redis, queue):
    return redis.zcard(part(queue, "leases")) + redis.zcard(part(queue, "delayed"))


def fill(http, redis, queue, kind):
    """MANY messages, their number their value, that are due: delayed, or leased so often before."""
    for first in range(1, MANY, 500):
        lines = "".join(f"{number}\n" for number in range(first, first + 500))
        assert http.post(f"/q/{queue}" + ("?delay=30" if kind == "delayed" else ""), lines,
                         NDJSON).status == 200
        if kind == "leased":
            assert len(http.get(f"/q/{queue}?count=500&lease=30").json()) == 500
    expire(redis, queue)
    assert size(redis, queue) == MANY


def calls(redis):
    return redis.info("commandstats")["cmdstat_evalsha"]["calls"]


def all_back(redis, queue):
    servers.wait_for(lambda: size(redis, queue) == 0, 20)


@pytest.mark.parametrize("kind", ["delayed", "leased"])
def test_a_request_does_one_step(http, redis, queue, kind):
    fill(http, redis, queue, kind)
    before = calls(redis)
    assert http.get(f"/q/{queue}?soft=1").json()["value"] == "1"
    assert calls(redis) - before == 1
    assert MANY - size(redis, queue) <= 2 * STEP
    assert http.request("HEAD", f"/q/{queue}").status == 200
    assert calls(redis) - before == 2


@pytest.mark.parametrize("kind", ["delayed", "leased"])
def test_the_rest_comes_back_beside_the_requests(http, redis, queue, kind):
    """One take is enough, by either interface; nobody has to ask again."""
    fill(http, redis, queue, kind)
    if kind == "delayed":
        assert http.get(f"/q/{queue}").json()["value"] == "1"
    else:
        assert command(http, cmd="take", queue=queue).json()["value"] == "1"
    all_back(redis, queue)
    assert stats(http, queue, "len") == (MANY - 1,)


@pytest.mark.parametrize("kind", ["delayed", "leased"])
def test_they_keep_their_order(http, redis, queue, kind):
    """Whoever takes one, or some, or only looks, while the others are coming back."""
    fill(http, redis, queue, kind)
    chance, seen = random.Random(17), []
    while len(seen) < MANY:
        what = chance.randrange(4)
        if what == 0:
            assert http.get(f"/q/{queue}?soft=1").json()["value"] == str(len(seen) + 1)
        elif what == 1:
            seen.append(http.get(f"/q/{queue}").json()["value"])
        else:
            count = chance.choice((2, 30, 100, 101, 400))
            lease = chance.choice(("", "&lease=30"))
            messages = http.get(f"/q/{queue}?count={count}{lease}").json()
            assert 1 <= len(messages) <= count
            seen += values(messages)
    assert seen == [str(number) for number in range(1, MANY + 1)]
    assert_empty(http.get(f"/q/{queue}"))


def test_they_keep_their_order_where_the_answer_is_full(http, redis, queue):
    """What is left of one answer is not passed by what comes back later."""
    for number in range(1, 241):
        push(http, queue, f"{number} " + "x" * 100000)
    leased = 0
    while leased < 240:
        leased += len(http.get(f"/q/{queue}?count=1000&lease=30").json())
    expire(redis, queue)
    seen = []
    while len(seen) < 240:
        seen += [int(value.split()[0])
                 for value in values(http.get(f"/q/{queue}?count=1000&lease=30").json())]
    assert seen == list(range(1, 241))


def test_those_that_go_to_the_new_end_are_behind_what_is_there(http, redis, queue):
    push_batch(http, queue, 1000)
    assert len(http.get(f"/q/{queue}?count=1000&lease=30").json()) == 1000
    token = redis.hget(part(queue, "receipts"), f"{queue}:1").decode().split()[1]
    redis.hset(part(queue, "receipts"),
               mapping={f"{queue}:{number}": f"3 {token}" for number in range(1, 1001)})
    push(http, queue, "a", "b")
    expire(redis, queue)
    seen = []
    while len(seen) < 1002:
        seen += values(http.get(f"/q/{queue}?count=2").json())
    assert seen == ["a", "b"] + [str(number) for number in range(1, 1001)]


def test_where_a_take_of_several_gives_one(http, redis, queue):
    """Its token is that of the first of several all the same."""
    push_batch(http, queue, 300)
    assert len(http.get(f"/q/{queue}?count=1000&lease=30").json()) == 300
    redis.hset(part(queue, "receipts"),
               mapping={f"{queue}:{number}": "3 " + "a" * 32 for number in range(2, 301)})
    expire(redis, queue)
    message, = http.get(f"/q/{queue}?count=10&lease=30").json()
    assert message["value"] == "1" and ack(http, message).status == 200


@pytest.mark.parametrize("setting", [{"max_deliveries": 1}, {"backoff": "60,1,60"}])
def test_none_of_them_may_be_taken(http, redis, queue, setting):
    """They become dead letters, or are delayed: takes have nothing to give meanwhile."""
    policy(http, queue, **setting)
    push_batch(http, queue, 1000)
    assert len(http.get(f"/q/{queue}?count=1000&lease=30").json()) == 1000
    expire(redis, queue)
    assert_empty(http.get(f"/q/{queue}"))
    servers.wait_for(lambda: redis.zcard(part(queue, "leases")) == 0, 20)
    where = "dead" if "max_deliveries" in setting else "delayed"
    assert stats(http, queue, "len", "leased", where) == (0, 0, 1000)


def test_redrive_of_many(http, redis, queue):
    """Some ten thousand go in one request, which says that there are more."""
    dead = f"{queue}.dead"
    keys = [f"{queue}:{number}" for number in range(1, 24001)]
    for first in range(0, len(keys), 4000):
        redis.mset(dict.fromkeys(keys[first:first + 4000], "x"))
        redis.lpush(f"{dead}:queue", *keys[first:first + 4000])
    redis.set(f"{queue}:UUID", len(keys))
    first = assert_json(http.post(f"/q/{dead}?redrive=1", b""))
    assert (first["queue"], first["more"]) == (queue, True) and 0 < first["redriven"] < 24000
    second = command(http, cmd="redrive", queue=dead).json()
    assert second["more"] is True
    third = assert_json(http.post(f"/q/{dead}?redrive=1", b""))
    assert "more" not in third
    assert sum(answer["redriven"] for answer in (first, second, third)) == 24000
    assert [key.decode() for key in redis.lrange(f"{queue}:queue", -3, -1)] == keys[2::-1]


def test_many_messages_expired(http, redis, queue):
    """A take that finds nothing else says so after some thousand: try again."""
    for _ in range(20):
        push_batch(http, queue, 1000)
    for first in range(1, 20001, 4000):
        redis.unlink(*(f"{queue}:{number}" for number in range(first, first + 4000)))
    push(http, queue, "alive")
    assert_unavailable(http.get(f"/q/{queue}"))
    servers.wait_for(lambda: redis.llen(f"{queue}:queue") == 1, 20)
    assert http.get(f"/q/{queue}").json()["value"] == "alive"
    assert stats(http, queue, "expired", "dropped") == (20000, 0)


def due_keys(redis, queue, count, kind):
    """So many messages that are due now, as if they had waited for it together."""
    seconds, _ = redis.time()
    for first in range(1, count + 1, 10000):
        keys = [f"{queue}:{number}" for number in range(first, first + 10000)]
        redis.mset(dict.fromkeys(keys, "x"))
        redis.zadd(part(queue, kind),
                   {key: seconds * 1000 - 60000 + (first + i) / 4096 for i, key in enumerate(keys)})
        if kind == "leases":
            redis.hset(part(queue, "receipts"), mapping={key: "1 " + "a" * 32 for key in keys})
    redis.set(f"{queue}:UUID", count)


@pytest.mark.load
@pytest.mark.parametrize("kind, count", [("delayed", 300000), ("leases", 60000)])
def test_health_while_many_take(new_stack, kind, count):
    """It waits for its turn behind 16 clients, not for all that is due."""
    stack = new_stack(workers=4)
    with contextlib.closing(stack.redis.client()) as redis:
        due_keys(redis, "q", count, kind)
        done, taken, waits = threading.Event(), [], []

        def take():
            with contextlib.closing(servers.Http(stack.port)) as http:
                while not done.is_set():
                    taken.append(http.get("/q/q").status)

        takers = [threading.Thread(target=take) for _ in range(16)]
        for taker in takers:
            taker.start()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            start = time.monotonic()
            assert stack.http.get("/health").status == 200
            waits.append(time.monotonic() - start)
        done.set()
        for taker in takers:
            taker.join()
        print(f"{len(taken)} takes, {len(waits)} looks at /health of at most {max(waits):.3f} s")
        assert set(taken) == {200}
        assert max(waits) < servers.patience(0.5)
