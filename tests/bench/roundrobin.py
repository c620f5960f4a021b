# roundrobin.py - what a message costs the helper and Redis on its way to one of many consumers and
# back as an ack.  bench.py runs it.
#
# The consumers, stream_client.py, are slower than the helper, so what counts is CPU time; with another
# build both are measured in each round, in turned order.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import os
import statistics
import subprocess
import sys
import time

import stack
from fanout import PROGRAM_CORES, LOAD_CORES, Program, keep_on, schedule_us

CONSUMERS = 64
PREFETCH = 20
MESSAGES = {True: 10_000, False: 40_000}       # quick or not
ROUNDS = {True: 2, False: 5}
LIMIT_S = 120

CLIENT = os.path.join(os.path.dirname(os.path.abspath(stack.__file__)), "stream_client.py")


def fill(redis, count):
    """A roundrobin queue of small messages."""
    redis.flushdb()
    redis.set("bench:queuepolicy", 2)
    for first in range(1, count + 1, 10_000):
        keys = [f"bench:{number}" for number in range(first, min(first + 10_000, count + 1))]
        redis.mset({key: key.rpartition(":")[2] for key in keys})
        redis.lpush("bench:queue", *keys)
    redis.set("bench:UUID", count)
    redis.sadd("QUEUESET", "bench")


@contextlib.contextmanager
def consumers(program):
    """All of them, connected as the block ends."""
    port = program.address.rpartition(":")[2]
    crowd = subprocess.Popen([sys.executable, "-B", CLIENT, port,
                              f"/ws/bench?ack=explicit&prefetch={PREFETCH}", str(CONSUMERS), "work"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    keep_on(crowd, LOAD_CORES)
    try:
        yield crowd
        crowd.stdin.close()
        crowd.wait(20)
    finally:
        stack.end(crowd)
        crowd.stdout.close()


def wait_until_acked(redis):
    until = time.monotonic() + LIMIT_S
    while redis.llen("bench:queue") + redis.zcard("restmq:{bench}:leases"):
        if time.monotonic() > until:
            raise RuntimeError(f"roundrobin: not all is acked after {LIMIT_S} s")
        time.sleep(0.05)


def run(redis_server, redis, command, count):
    """Messages a second, and µs of the helper's and of Redis's CPU for each."""
    fill(redis, count)
    with Program(command) as program:
        keep_on(program.process, PROGRAM_CORES)
        servers = program.process, redis_server.process
        before, started = [schedule_us(server)[0] for server in servers], time.monotonic()
        with consumers(program):
            wait_until_acked(redis)
            passed = time.monotonic() - started
            used = [schedule_us(server)[0] - us for server, us in zip(servers, before)]
    return (count / passed, *(us / count for us in used))


def measure(redis_server, commands, quick):
    """commands: {name: command line of a helper}, see fanout.Program.  Prints; returns the goals."""
    redis = redis_server.client()
    runs = {name: [] for name in commands}
    for number in range(ROUNDS[quick]):
        for name in list(commands)[::-1 if number % 2 else 1]:
            runs[name].append(run(redis_server, redis, commands[name], MESSAGES[quick]))
    print(f"roundrobin, {CONSUMERS} consumers with ack=explicit, {ROUNDS[quick]} rounds: messages a "
          "second; CPU µs a message")
    for name, rows in runs.items():
        rate, helper, server = (statistics.median(column) for column in zip(*rows))
        print(f"{name:22}{rate:12,.0f}   helper {helper:6.1f}   Redis {server:6.1f}")
    print(flush=True)
    if len(runs) < 2:
        return []
    ours, others = runs.values()
    ratio = statistics.median(sum(one[1:]) / sum(other[1:]) for one, other in zip(ours, others))
    return [("roundrobin, CPU of the other build's", "at most 1.02", f"{ratio:.2f}", ratio <= 1.02)]
