# test_ages.py - samples of queues' numbers: how long ago the next message was pushed, and /history.
#
# SPDX-License-Identifier: BSD-2-Clause

import struct
import time

import pytest

import stack as servers
from checks import assert_json, part, push, take
from reliable import stats

ROUND = 10     # seconds between two looks at a queue
PROMISE = 25   # until samples have been taken


@pytest.fixture(scope="module")
def sampled(builddir):
    """A stack whose helper has taken samples for some rounds."""
    with servers.Stack(builddir, helpers=1) as stack:
        servers.wait_for(lambda: are_over(stack), servers.patience(2 * PROMISE))
        yield stack


def are_over(stack):
    with stack.redis.client() as redis:
        runs = redis.hget("restmq:index", "runs")
    return runs and len(set(runs.decode().split("-"))) == 2    # from … until …, which differ


def age(stack, queue):
    return stats(stack.http, queue, "oldest_s", "oldest_is")


def known_age(stack, queue):
    servers.wait_for(lambda: age(stack, queue)[0] is not None, servers.patience(PROMISE))
    return age(stack, queue)


def metric(stack, queue):
    lines = stack.http.get(f"/metrics?match={queue}").text.splitlines()
    return [line.split()[1] for line in lines if line.startswith("restmq_queue_oldest_seconds{")]


def ages(*rows):
    return b"".join(struct.pack(">IIQ", *row) for row in rows)


def test_a_message_ages(sampled, queue):
    began = time.time()
    push(sampled.http, queue, "x")
    pushed = time.time()
    assert age(sampled, queue) == (None, None) or age(sampled, queue)[1] == "="
    seconds, is_bound = known_age(sampled, queue)
    now = time.time()
    assert is_bound == "="
    assert pushed - began < ROUND    # what follows says nothing on a machine that is slower
    assert 0 <= seconds <= now - began + ROUND + 2
    assert seconds >= now - pushed - ROUND - 2
    time.sleep(2)
    later = age(sampled, queue)
    assert later[0] >= seconds + 2 and later[1] == "="
    assert int(*metric(sampled, queue)) >= later[0]
    take(sampled.http, queue)
    assert age(sampled, queue) == (None, None)
    assert metric(sampled, queue) == []


# Ages from samples that stand there; now is 1000 seconds after the last of them or so.
@pytest.mark.parametrize("number, shift, mark", [(1, 3000, ">"), (2, 3000, ">"), (3, 2000, "="), (4, 1500, "="),
                                                 (5, None, None)])
def test_which_sample_counts(stack, redis, queue, number, shift, mark):
    now = int(time.time())
    redis.hset(part(queue, "sampled"), "ages", ages((0, now - 3000, 2), (now - 2002, now - 1998, 3),
                                                    (now - 1502, now - 1498, 4)))
    redis.set(f"{queue}:UUID", 5)
    redis.set(f"{queue}:{number}", "v")
    redis.lpush(f"{queue}:queue", f"{queue}:{number}")
    redis.sadd("QUEUESET", queue)
    seconds, is_bound = age(stack, queue)
    assert is_bound == mark
    assert seconds is None if shift is None else shift - 2 <= seconds <= shift + servers.patience(10)


def test_the_counter_fell(stack, redis, queue):
    now = int(time.time())
    redis.hset(part(queue, "sampled"), "ages", ages((now - 100, now - 90, 7)))
    push(stack.http, queue, "x")
    assert age(stack, queue) == (None, None)


@pytest.mark.parametrize("bytes", [b"x", b"x" * 16, b"\xff" * 32, b""])
def test_ages_that_are_none(stack, redis, queue, bytes):
    push(stack.http, queue, "x")
    redis.hset(part(queue, "sampled"), "ages", bytes)
    assert stack.http.get(f"/stats/{queue}").status == 200
    redis.delete(part(queue, "sampled"))
    redis.set(part(queue, "sampled"), "no hash")
    assert age(stack, queue) == (None, None)


def test_what_has_expired_is_not_the_next(stack, redis, queue):
    now = int(time.time())
    redis.hset(part(queue, "sampled"), "ages", ages((now - 500, now - 500, 1), (now - 50, now - 50, 2)))
    push(stack.http, queue, "a", "b")
    redis.delete(f"{queue}:1")
    assert 50 <= age(stack, queue)[0] < 500


def test_dead_letters_count_from_their_push(stack, redis, queue):
    now = int(time.time())
    redis.hset(part(queue, "sampled"), "ages", ages((now - 500, now - 500, 1)))
    redis.set(f"{queue}:1", "v")
    redis.lpush(f"{queue}.dead:queue", f"{queue}:1")
    redis.sadd("QUEUESET", f"{queue}.dead")
    assert stats(stack.http, f"{queue}.dead", "oldest_is") == ("=",)


# --- history --------------------------------------------------------------------------------------

def known(values):
    return [value for value in values if value is not None]


def test_history(sampled, queue):
    push(sampled.http, queue, "a", "b", "c")
    servers.wait_for(lambda: 3 in sampled.http.get(f"/history/{queue}").json()["ready"],
                     servers.patience(PROMISE))
    take(sampled.http, queue)
    servers.wait_for(lambda: sampled.http.get(f"/history/{queue}").json()["ready"][-2:] == [2, 2],
                     servers.patience(2 * PROMISE))
    answer = sampled.http.get(f"/history/{queue}?span=600").json()
    assert answer["on"] is True and answer["step_s"] == 10 and len(answer["ready"]) == 61
    assert abs(answer["from"] / 1000 + 600 - time.time()) < servers.patience(20)
    ready = known(answer["ready"])
    assert ready == sorted(ready, reverse=True) and set(ready) == {3, 2}
    assert sum(known(answer["out_s"])) * 10 == pytest.approx(1, abs=0.1)
    assert set(known(answer["leased"])) == {0}
    days = sampled.http.get(f"/history/{queue}?span=691200").json()
    assert days["step_s"] == 300 and len(days["ready"]) == 2305
    assert days["ready"][-1] == 2 and days["ready"][0] is None


def test_of_a_queue_that_nobody_used(stack, queue):
    answer = stack.http.get(f"/history/{queue}?span=60").json()
    assert answer["ready"] == [None] * 7 and answer["on"] is True


@pytest.mark.parametrize("options", ["span=59", "span=691201", "span=", "span=x", "span=1e3"])
def test_spans_that_are_none(stack, queue, options):
    assert_json(stack.http.get(f"/history/{queue}?{options}"),
                {"error": "span must be a whole number from 60 to 691200", "code": "bad_value"}, 400)


def test_samples_that_are_none(stack, redis, queue):
    now = int(time.time())
    for last, field, rows in (("x", "a", b"x"), ("1 2 3", f"a{now // 600}", b"\xff" * 500),
                              (" ".join(["9" * 30] * 14), f"b{now // 86400}", b"\x01" * 999),
                              ("", "a" + "9" * 40, b"\0"), ("", f"a{now // 600}", b"\x00" * 5000)):
        redis.hset(part(queue, "sampled"), "last", last)
        redis.hset(part(queue, "history"), field, rows)
        for span in 60, 691200:
            assert stack.http.get(f"/history/{queue}?span={span}").status == 200
    redis.set(part(queue, "history"), "no hash")
    assert stack.http.get(f"/history/{queue}").status == 200


def test_a_queue_takes_its_samples_with_it(sampled, queue):
    push(sampled.http, queue, "x")
    known_age(sampled, queue)
    with sampled.redis.client() as redis:
        assert redis.exists(part(queue, "sampled"), part(queue, "history")) == 2
        assert sampled.http.delete(f"/q/{queue}?remove=1&force=1").status == 200
        assert redis.exists(part(queue, "sampled"), part(queue, "history")) == 0


def test_off(new_stack):
    stack = new_stack(helpers=1, conf={"history": "off"})
    push(stack.http, "foo", "x")
    time.sleep(ROUND + 2)
    with stack.redis.client() as redis:
        assert not redis.exists("restmq:index", part("foo", "sampled"), part("foo", "history"))
    assert age(stack, "foo") == (None, None)
