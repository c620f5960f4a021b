# acks.py - what it costs the helper when all consumers ack at the same moment.  bench.py runs it.
#
# Redis does not answer meanwhile, so that all acks are under way, or wait for it, at once.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import time
import urllib.request

import roundrobin
from fanout import CONNECT_LIMIT, MEASURED_AFTER, RUN_LIMIT, Load, Program
from stack import wait_for

CONSUMERS = 10_000         # each is an open file, here and in the helper
TIMEOUT_MS = 60_000        # of the helper's calls: it waits for Redis as long as we do
MOST_EACH = 4096           # bytes
QUIET_S = 0.5


def held_bytes(program):
    """What the helper says that it holds for its clients."""
    with urllib.request.urlopen(f"http://{program.address}/metrics") as answer:
        return next(float(line.split()[1]) for line in answer.read().decode().splitlines()
                    if line.startswith("restmq_helper_memory_used_bytes "))


def wait_until_idle(program):
    """Until the helper has read all that it was sent."""
    def is_idle():
        before = program.cpu_us()
        time.sleep(QUIET_S)
        return program.cpu_us() - before < 1e6 * QUIET_S / 50
    wait_for(is_idle, RUN_LIMIT, 0)


def figures(program):
    return program.resident_bytes(), held_bytes(program)


def begin(load):
    load.process.stdin.write("acks\n")
    load.process.stdin.flush()


def finish(load):
    answer = load.answer(RUN_LIMIT)
    if answer["acked"] != CONSUMERS or answer["strange"] or answer["gone"]:
        raise RuntimeError(f"acks: of {CONSUMERS}: {answer}")
    return answer["seconds"]


def run(bench, helper):
    """(resident bytes, bytes held for clients) before, while all are acking, and afterwards; the
    seconds until all were answered."""
    def command(address, dir):
        return bench.command_of(helper, address, dir, redis_timeout_ms=TIMEOUT_MS)

    redis_server, redis = bench.redis_server, bench.redis
    roundrobin.fill(redis, CONSUMERS)
    with contextlib.ExitStack() as stack:
        program = stack.enter_context(Program(command))
        load = stack.enter_context(Load(bench.load, redis_server, program,
                                        "/ws/bench?ack=explicit&prefetch=1", CONSUMERS))
        wait_for(lambda: redis.zcard("restmq:{bench}:leases") == CONSUMERS, CONNECT_LIMIT, 0.1)
        time.sleep(MEASURED_AFTER)
        before = figures(program)
        with redis_server.thinking():
            begin(load)
            if load.answer(RUN_LIMIT)["held"] != CONSUMERS:
                raise RuntimeError("acks: not every consumer was given a message")
            wait_until_idle(program)
            during = figures(program)
        seconds = finish(load)
        time.sleep(MEASURED_AFTER)
        return before, during, figures(program), seconds


def measure(bench):
    """bench: a fanout.Fanout.  Prints; returns the goals, which are this build's."""
    print(f"{CONSUMERS:,} consumers with ack=explicit ack at the same moment: bytes for each, "
          "resident (held for clients)")
    for name, helper in {"other build": bench.other, "this build": bench.helper}.items():
        if not helper:
            continue
        before, during, after, seconds = run(bench, helper)
        peak, held = ((now - then) / CONSUMERS for now, then in zip(during, before))
        rest, left = ((now - then) / CONSUMERS for now, then in zip(after, before))
        print(f"{name:22}before {before[0] / CONSUMERS:,.0f} ({before[1] / CONSUMERS:,.0f}); "
              f"meanwhile {peak:+,.0f} ({held:+,.0f}), "
              f"afterwards {rest:+,.0f} ({left:+,.0f}); all answered after {seconds:.1f} s")
    print(flush=True)
    return [(f"memory, an ack of {CONSUMERS:,}", f"at most {MOST_EACH} B", f"{peak:,.0f} B",
             peak <= MOST_EACH),
            ("held for it afterwards", "at most 0 B", f"{left:,.0f} B", left <= 0)]
