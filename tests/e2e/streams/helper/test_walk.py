# test_walk.py - one helper walks over all queues: what is due comes back where nobody takes.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import os
import time

import pytest

import stack as servers
from checks import command, part, push, take, take_all
from distance import Distance
from helper import metrics
from reliable import expire, lease, policy, push_batch, stats

PROMISE = 15   # seconds
WALK_COMMANDS = ["evalsha", "exists", "sscan"]


def lost_leases(redis, queue, count, deliveries=1, after=-1):
    """So many messages, each under a lease that ends after so many seconds, or has ended."""
    keys = [f"{queue}:{number}" for number in range(1, count + 1)]
    until = int((time.time() + after) * 1000)
    with redis.pipeline(transaction=True) as pipe:
        for key in keys:
            pipe.set(key, key)
        pipe.zadd(part(queue, "leases"), {key: until for key in keys})
        pipe.hset(part(queue, "receipts"), mapping={key: f"{deliveries} token" for key in keys})
        pipe.set(f"{queue}:UUID", count)
        pipe.sadd("QUEUESET", queue)
        pipe.execute()
    return keys


def test_a_lease_ends_where_nobody_takes(stack, http, redis, queue):
    lost_leases(redis, queue, 3, after=0.2)
    assert stats(http, queue, "len", "leased") == (0, 3)
    servers.wait_for(lambda: redis.llen(f"{queue}:queue") == 3, servers.patience(PROMISE))
    assert stats(http, queue, "len", "leased", "returned") == (3, 0, 3)
    assert take_all(http, queue) == [f"{queue}:{number}" for number in (1, 2, 3)]


def test_a_delay_ends_where_nobody_takes(stack, http, redis, queue):
    http.post(f"/q/{queue}?delay=1", "later", {"Content-Type": "text/plain"})
    servers.wait_for(lambda: redis.llen(f"{queue}:queue") == 1, servers.patience(PROMISE))
    assert take(http, queue) == "later"


def test_a_dead_letter_where_nobody_takes(stack, http, redis, queue):
    policy(http, queue, max_deliveries=1)
    lost_leases(redis, queue, 250)
    servers.wait_for(lambda: redis.llen(f"{queue}.dead:queue") == 250, servers.patience(PROMISE))
    assert stats(http, queue, "len", "leased", "dead", "died") == (0, 0, 250, 250)
    lines = http.get(f"/metrics?match={queue}*").text.splitlines()
    assert f'restmq_queue_dead_letters{{queue="{queue}"}} 250' in lines
    assert f'restmq_queue_messages{{queue="{queue}.dead",state="ready"}} 250' in lines


def test_dead_letters_come_back_to_their_queue(stack, http, redis, queue):
    """A lease of a dead letter ends, too."""
    redis.set(f"{queue}:1", "v")
    redis.zadd(part(queue + ".dead", "leases"), {f"{queue}:1": 1})
    redis.hset(part(queue + ".dead", "receipts"), f"{queue}:1", "1 token")
    redis.sadd("QUEUESET", queue + ".dead")
    servers.wait_for(lambda: redis.llen(f"{queue}.dead:queue") == 1, servers.patience(PROMISE))


def test_purged_bodies_go_though_who_purged_died(stack, redis, queue):
    """As a process leaves them that is killed behind a purge."""
    redis.set(f"{queue}:1", "v")
    redis.lpush(part(queue, "trash"), 1)
    redis.lpush(part(queue, "trash") + ":1", f"{queue}:1")
    redis.sadd("QUEUESET", queue)
    servers.wait_for(lambda: not redis.exists(f"{queue}:1", part(queue, "trash")),
                     servers.patience(PROMISE))


def test_a_queue_of_the_sinatra_endpoint(stack, redis, queue):
    redis.sadd("QUEUESET", queue + ":queue")
    redis.set(f"{queue}:1", "v")
    redis.zadd(part(queue, "delayed"), {f"{queue}:1": 1})
    servers.wait_for(lambda: redis.llen(f"{queue}:queue") == 1, servers.patience(PROMISE))


def test_what_is_no_queue_of_ours_holds_nobody_up(new_stack):
    stack = new_stack()
    with stack.redis.client() as redis:
        redis.sadd("QUEUESET", "no name", "x" * 200, b"\xff\0", "", "broken", "after")
        redis.set(part("broken", "leases"), "no set")
        redis.set(part("broken", "trash"), "no list")
        lost_leases(redis, "after", 1)
        servers.wait_for(lambda: redis.llen("after:queue") == 1, servers.patience(PROMISE))


def test_one_of_several_helpers_walks_and_another_one_when_it_dies(new_stack):
    stack = new_stack(helpers=3)
    with stack.redis.client() as redis:
        def walker():
            return redis.get("restmq:walker")
        servers.wait_for(walker)
        walks = [metrics(helper.socket)["restmq_helper_walks"] for helper in stack.helpers]
        servers.wait_for(lambda: sum(metrics(helper.socket)["restmq_helper_walks"]
                                     for helper in stack.helpers) == 1, 10)
        walks = [metrics(helper.socket)["restmq_helper_walks"] for helper in stack.helpers]
        first = walker()
        stack.helpers[walks.index(1)].kill()
        lost_leases(redis, "q", 1)
        servers.wait_for(lambda: walker() not in (None, first), servers.patience(10))
        servers.wait_for(lambda: redis.llen("q:queue") == 1, servers.patience(PROMISE))


def test_a_full_redis_has_a_walker_too(new_stack):
    stack = new_stack()
    with stack.redis.client() as redis:
        lost_leases(redis, "q", 1, after=3)
        redis.config_set("maxmemory", 1)
        redis.delete("restmq:walker")
        servers.wait_for(lambda: redis.llen("q:queue") == 1, servers.patience(PROMISE))
        redis.config_set("maxmemory", 0)


def test_redis_was_away(new_stack):
    """Helpers have time to prolong what they hold before what seems to be over comes back."""
    stack = new_stack(redis_options=("--appendonly", "yes"))
    with stack.redis.client() as redis:
        servers.wait_for(lambda: redis.exists("restmq:walker"))
        stack.redis.stop()
        stack.redis.start()
        lost_leases(redis, "q", 1)
        servers.wait_for(lambda: redis.llen("q:queue") == 1, servers.patience(PROMISE + 5))


@pytest.mark.load
def test_without_queues_it_asks_once_a_round(new_stack):
    with new_stack().redis.client() as redis:
        time.sleep(2)
        assert 1 <= redis.info("commandstats")["cmdstat_sscan"]["calls"] <= 3


def test_with_ten_thousand_others(new_stack):
    """The promise: within 15 seconds; and all calls together leave Redis its time.  (How much they take is
    measured by the bench.)"""
    stack = new_stack()
    servers.wait_for(lambda: metrics(stack.ws_port)["restmq_helper_walks"] == 1)
    time.sleep(0.5)   # a round that finds none
    with stack.redis.client() as redis:
        with redis.pipeline(transaction=False) as pipe:
            for number in range(10000):
                pipe.sadd("QUEUESET", f"other.{number}")
                pipe.set(f"other.{number}:UUID", 7)
            pipe.execute()
        policy(stack.http, "q", max_deliveries=1)
        # The next round begins ten seconds after the one before.
        servers.wait_for(lambda: metrics(stack.ws_port)["restmq_helper_walked_total"] >= 10000,
                         servers.patience(25), 0.1)
        for number in range(3):
            lost_leases(redis, "q", 5)
            servers.wait_for(lambda: redis.llen("q.dead:queue") == 5, servers.patience(PROMISE))
            redis.delete("q.dead:queue")
        before = metrics(stack.ws_port)["restmq_helper_walked_total"]
        redis.config_resetstat()
        began = time.monotonic()
        servers.wait_for(lambda: metrics(stack.ws_port)["restmq_helper_walked_total"]
                         >= before + 10000, servers.patience(30), 0.5)
        seconds = time.monotonic() - began
        spent = sum(numbers["usec"] for numbers in redis.info("commandstats").values()) / 1e6
        assert seconds > 8 and spent / seconds < servers.patience(0.1)
        usual = {command: usec["p50"] for command, usec in redis.info("latencystats").items()
                 if command.removeprefix("latency_percentiles_usec_") in WALK_COMMANDS}
        assert len(usual) == len(WALK_COMMANDS), usual
        assert max(usual.values()) < servers.patience(1000), usual


@pytest.mark.no_cluster("the Redis of this test is its own")
def test_with_ten_thousand_others_that_have_calls_of_their_own(builddir):
    """With hash tags each queue is looked at alone, twice with queue_ttl: and Redis is a millisecond away."""
    with contextlib.ExitStack() as opened:
        far = opened.enter_context(servers.Redis())
        with far.client() as redis:
            redis.sadd("QUEUESET", *(f"other.{number}" for number in range(10000)))
        way = opened.enter_context(Distance(far.socket, 0.0005))
        helper = opened.enter_context(servers.Helper(
            os.path.join(builddir, "restmq-wsd"), servers.free_port(),
            conf={"redis": way.address, "hash_tags": "on", "queue_ttl": 43200}))

        def walked():
            return metrics(helper.socket)["restmq_helper_walked_total"]
        servers.wait_for(lambda: walked() >= 10000, servers.patience(30), 0.1)
        before = walked()       # the number of queues is known
        began = time.monotonic()
        servers.wait_for(lambda: walked() >= before + 10000, servers.patience(15), 0.1)
        assert time.monotonic() - began > 8


def test_rounds_that_are_faster_than_redis(builddir):
    """Without a queue a round is one call, and what is told of the one before is several: they end in their
    order."""
    with contextlib.ExitStack() as opened:
        stack = opened.enter_context(servers.Stack(builddir, workers=1, helpers=1))
        distance = opened.enter_context(Distance(stack.redis.path("redis.sock"), 0.3))
        with stack.redis.client() as redis:
            stack.helper.configure({**stack.conf, "redis": distance.address})
            servers.wait_for(lambda: redis.hget("restmq:index", "runs"), servers.patience(30))
            told = redis.hget("restmq:index", "runs")
            servers.wait_for(lambda: redis.hget("restmq:index", "runs") != told, servers.patience(30))
        assert stack.helper.process.poll() is None
