# test_load.py - many producers and consumers at once, also with responders and Redis killed in
# between: every message is taken exactly once, or accounted for.  And a purge of a million.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import stack as servers

pytestmark = pytest.mark.load

CLIENT = os.path.join(servers.HERE, "load_client.py")
PROCESSES = 2            # of producers, and as many of consumers,
CONNECTIONS = 4          # each with as many connections: 8 and 8


def client(stack, queue, *role):
    """Starts a load_client."""
    return subprocess.Popen([sys.executable, CLIENT, str(stack.port), queue,
                             str(CONNECTIONS), *map(str, role)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)


def merge(accounts):
    """The sum of what several clients account for."""
    accounts = [json.loads(account) for account in accounts]
    return {name: sum((account[name] for account in accounts[1:]), accounts[0][name])
            for name in accounts[0]}


def produce_and_consume(stack, count, meanwhile=None):
    """Pushes 0…count-1 and takes them at the same time, meanwhile(flowing) runs beside it.  Returns
    what the producers and what the consumers account for."""
    share = count // PROCESSES
    consumers = [client(stack, "load", "consume") for _ in range(PROCESSES)]
    producers = [client(stack, "load", "produce", number * share, (number + 1) * share - 1)
                 for number in range(PROCESSES)]
    flowing = threading.Event()
    flowing.set()
    beside = threading.Thread(target=meanwhile or (lambda flowing: None), args=(flowing,))
    beside.start()
    pushed = [producer.communicate()[0] for producer in producers]
    flowing.clear()
    beside.join()
    taken = [consumer.communicate()[0] for consumer in consumers]      # closes their input
    return merge(pushed), merge(taken)


def assert_accounted_for(pushes, takes, count):
    """Nothing twice, nothing out of nowhere, and lost at most what a take without answer took."""
    taken = takes["taken"]
    assert len(taken) == len(set(taken)), "a message was taken twice"
    assert len(pushes["acked"]) + len(pushes["unknown"]) + len(pushes["refused"]) == count
    assert set(taken) <= set(pushes["acked"]) | set(pushes["unknown"]), "a refused push was done"
    lost = set(pushes["acked"]) - set(taken)
    assert len(lost) <= takes["unknown_takes"], "an acknowledged message is lost"


def test_exactly_once(builddir):
    with servers.Stack(builddir, workers=4) as stack:
        pushes, takes = produce_and_consume(stack, 100000)
        assert len(pushes["acked"]) == 100000
        assert sorted(takes["taken"]) == list(range(100000))
        assert stack.redis.client().dbsize() == 3      # QUEUESET, UUID, queuestat


def test_exactly_once_with_responders_killed(builddir):
    """Only what a responder had in hand when it was killed may be unknown: one request each."""
    kills = []

    def kill(flowing):
        while flowing.is_set():
            time.sleep(0.2)
            kills.append(stack.responders.kill_one(signal.SIGKILL, len(kills)))

    with servers.Stack(builddir, workers=4) as stack:
        pushes, takes = produce_and_consume(stack, 100000, kill)
        assert_accounted_for(pushes, takes, 100000)
        assert pushes["refused"] == [] and takes["refused"] == []
        assert len(kills) >= 10
        assert len(pushes["unknown"]) + takes["unknown_takes"] <= len(kills)


def test_redis_killed_under_load(builddir):
    """503 while it is away, service within 2 s when it is back, no acknowledged push lost."""
    back = []

    def kill(flowing):
        for _ in range(3):
            time.sleep(1.5)
            stack.redis.kill(signal.SIGKILL)
            time.sleep(1)
            stack.redis.start()
            back.append(time.monotonic())
        while flowing.is_set():
            time.sleep(0.1)

    count = 40000
    with servers.Stack(builddir, workers=4,
                       redis_options=["--appendonly", "yes", "--appendfsync", "always"]) as stack:
        pids = stack.responders.pids
        pushes, takes = produce_and_consume(stack, count, kill)
        assert stack.responders.pids == pids
        assert stack.http.get("/q/load").status == 204
    assert_accounted_for(pushes, takes, count)
    refusals = pushes["refusals"] + takes["refusals"]
    assert pushes["others"] == takes["others"] == []
    assert refusals
    for start, end in zip(back, back[1:] + [time.monotonic()]):
        late = [refusal - start for refusal in refusals if start < refusal < end - 1]
        assert max(late, default=0) < 2


# --- a million messages -------------------------------------------------------------------------

MILLION = 1000000

FILL = """
for number = ARGV[2], ARGV[3] do
    local key = ARGV[1] .. ':' .. string.format('%d', number)
    redis.call('SET', key, ARGV[4])
    redis.call('LPUSH', ARGV[1] .. ':queue', key)
end
redis.call('SET', ARGV[1] .. ':UUID', ARGV[3])
redis.call('SADD', 'QUEUESET', ARGV[1])"""


def fill(redis, queue, count):
    fill = redis.register_script(FILL)
    for first in range(1, count, 10000):
        fill(args=[queue, first, first + 9999, "x" * 100])


def purge(stack):
    """Purges a million messages; returns how long that took, and the part of the calls of Redis that
    took over 10 ms, from the purge until the last body has gone."""
    redis = stack.redis.client()
    fill(redis, "big", MILLION)
    assert redis.llen("big:queue") == MILLION
    redis.config_set("slowlog-log-slower-than", 10000)
    redis.slowlog_reset()
    redis.config_resetstat()
    stack.http.get("/stats/big")
    start = time.monotonic()
    response = stack.http.delete("/q/big")
    took = time.monotonic() - start
    assert response.json() == {"queue": "big", "status": 1, "purged": MILLION}
    assert stack.http.get("/q/big").status == 204
    for _ in range(15):      # the bodies go with later calls
        if redis.dbsize() < 10:
            break
        client(stack, "big", "ask", 1000).communicate()
    assert redis.dbsize() < 10
    assert not redis.exists("big:1", f"big:{MILLION}")
    slow = [entry for entry in redis.slowlog_get(100) if b"SLOWLOG" not in entry["command"]]
    return took, len(slow) / redis.info("commandstats")["cmdstat_evalsha"]["calls"]


def test_purge_a_million(builddir):
    with servers.Stack(builddir) as stack:
        servers.put_first(stack.redis.process)
        rounds = [purge(stack) for _ in range(3)]
    assert min(took for took, _ in rounds) < servers.patience(0.050)
    assert min(slow for _, slow in rounds) < 0.01, rounds    # the machine itself may stand still
