# test_sampling.py - what samples may take: of Redis, of one queue, of all queues; and two helpers that take them at once.
#
# SPDX-License-Identifier: BSD-2-Clause

import threading
import time

import pytest

import stack as servers
from checks import part, push
from helper import metrics
from samples import Past, write_history

ROUND = 10          # seconds between two looks at a queue
WITHIN = 60
MOST = 24 * 1024    # bytes of a queue
TOTAL = 65536       # the least that history_bytes may be
KEPT = {b"last", b"ages", b"past", b"bytes"}


def walked(stack):
    return sum(metrics(helper.socket)["restmq_helper_walked_total"] for helper in stack.helpers)


def await_rounds(stack, count, queues):
    """So many rounds over so many queues have begun and ended since now."""
    before = walked(stack)
    servers.wait_for(lambda: walked(stack) >= before + (count + 1) * queues, servers.patience((count + 2) * ROUND), 0.2)


def last_of(redis, queue):
    return redis.hget(part(queue, "sampled"), "last")


def size_of(redis, queue):
    """Bytes of all that stands in the samples of a queue."""
    return sum(len(field) + len(value) for key in ("sampled", "history")
               for field, value in redis.hgetall(part(queue, key)).items())


def test_two_helpers_that_both_think_they_sample(new_stack):
    """What is written is what one would have written: a sample at most once in a slot, and an index of one of them."""
    stack = new_stack(helpers=2)
    over = threading.Event()

    def let_both(redis):
        while not over.wait(0.05):
            redis.delete("restmq:walker")

    with stack.redis.client() as redis, stack.redis.client() as other:
        thread = threading.Thread(target=let_both, args=(other,))
        thread.start()
        try:
            servers.wait_for(lambda: all(metrics(helper.socket)["restmq_helper_walks"] for helper in stack.helpers),
                             servers.patience(20))
            began = time.time()
            for number in range(6):
                push(stack.http, "foo", f"{number}")
                push(stack.http, f"other{number}", "x")
                time.sleep(ROUND / 2)
            servers.wait_for(lambda: last_of(redis, "foo") and last_of(redis, "foo").split()[2] == b"6",
                             servers.patience(WITHIN), 0.5)
            looks = [metrics(helper.socket)["restmq_helper_walked_total"] for helper in stack.helpers]
            assert all(looks), looks
            answer = stack.http.get("/history/foo?span=600").json()
            known = [value for value in answer["ready"] if value is not None]
            assert known == sorted(known) and known[-1] == 6
            assert sum(value or 0 for value in answer["in_s"]) * 10 <= 6.01
            assert sum(map(len, redis.hgetall(part("foo", "history")).values())) <= 30 * ((time.time() - began) / 5 + 4)
            who, chunks = redis.hmget("restmq:index", "who", "chunks")
            assert redis.hexists("restmq:index", who + b":0") and int(chunks) == 1
            lines = redis.hget("restmq:index", who + b":0").splitlines()
            assert len({line.split()[0] for line in lines}) == len(lines)
        finally:
            over.set()
            thread.join()


@pytest.mark.skipif("config.getoption('cluster')", reason="sets what one Redis may take")
def test_a_redis_that_is_nearly_full(new_stack):
    """Over 80 % of maxmemory nothing is written, not even the index; below it that goes on."""
    stack = new_stack(helpers=1)
    with stack.redis.client() as redis:
        redis.config_set("maxmemory", int(redis.info("memory")["used_memory"] / 0.9))
        redis.delete("restmq:index")
        push(stack.http, "foo", "x")
        await_rounds(stack, 2, 1)
        assert not redis.exists(part("foo", "sampled"), part("foo", "history"), "restmq:index")
        redis.config_set("maxmemory", redis.info("memory")["used_memory"] * 2)
        servers.wait_for(lambda: last_of(redis, "foo"), servers.patience(WITHIN))
        servers.wait_for(lambda: redis.hget("restmq:index", "chunks"), servers.patience(WITHIN))


def test_what_all_queues_may_take(new_stack):
    """history_bytes is kept: the samples go that have not changed for the longest time."""
    stack = new_stack(helpers=1, conf={"history_bytes": TOTAL})
    idle = [f"idle{number:03}" for number in range(150)]
    with stack.redis.client() as redis:
        def has(queue):
            return redis.exists(part(queue, "sampled"))

        def taken():
            rows = [redis.hmget(part(queue, "sampled"), "bytes", "ages") for queue in [*idle, "busy"] if has(queue)]
            return sum(int(size or 0) + len(ages or b"") + 700 for size, ages in rows)    # as sample.lua counts

        for queue in idle:
            push(stack.http, queue, "x")
        servers.wait_for(lambda: any(map(has, idle)), servers.patience(WITHIN))

        def is_less():
            push(stack.http, "busy", "x")
            return not all(map(has, idle)) and taken() <= TOTAL and last_of(redis, "busy")

        servers.wait_for(is_less, servers.patience(2 * WITHIN), 1)
        await_rounds(stack, 2, 151)
        assert taken() <= TOTAL + 5000 and has("busy") and redis.exists(part("busy", "history"))
        left = sum(map(has, idle))
        assert 20 < left < 100, left


def test_what_a_queue_may_take(new_stack):
    """One in which much changes all the time has less than eight days."""
    stack = new_stack(helpers=1)
    with stack.redis.client() as redis:
        redis.set("foo:UUID", 5_000_000)
        push(stack.http, "foo", "x")
        past = Past(time.time() // 10 * 10 - 20, {"ready": 1, "leased": 0, "delayed": 0, "dead": 0, "died": 0, "returned": 0,
                                                  "pushed": 5_000_001}, 7, 900).samples(days=8)
        write_history(redis, "foo", past)
        assert size_of(redis, "foo") > MOST
        push(stack.http, "foo", "y")
        servers.wait_for(lambda: last_of(redis, "foo").split()[2] == b"5000002", servers.patience(WITHIN))
        assert size_of(redis, "foo") <= MOST
        assert set(redis.hkeys(part("foo", "sampled"))) == KEPT
        days = stack.http.get("/history/foo?span=691200").json()["ready"]
        assert days[-1] == 2 and days[0] is None and days[-200] is not None
