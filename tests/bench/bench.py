# bench.py - how fast is restmq.fcgi: wrk, real lighttpd, a private Redis, and two FastCGI programs
# of the same shape to compare with, fcgi-null and fcgi-ping; restmq-wsd, see fanout.py, roundrobin.py,
# acks.py and crossed.py; its own address, see direct.py; several Redis, see scale.py; kept FastCGI
# connections, see kept.py; the table of many queues and its samples, see table.py.
# `make bench` runs it.
#
#     bench.py --builddir BUILD [--quick] [--appendonly everysec|always] [--against OTHERBUILD]
#              [--only rates|pairs|batch|leases|big|pools|against|fanout|roundrobin|idle|walk
#              |acks|table|sampling|crossed|kept|direct|tags|tls|cluster|wait|sharded]
#
# Rates of one machine say little about another, and they drift within a run: every round measures
# every case, in rotated order, and what counts is the median over the rounds of the ratio to
# fcgi-ping in the same round; or to the same case of another build, with --against.
#
# SPDX-License-Identifier: BSD-2-Clause

import argparse
import collections
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e", "support"))
from certificates import Authority  # noqa: E402
from stack import Http, Redis, Responders, free_port, wait_for  # noqa: E402
from tools import (CONNECTIONS, FASTEST, FILL_STEP, MESSAGE, WORKERS, Front, cpu_us,  # noqa: E402
                   fill_script, median_ratio, rotated, run_wrk, start_wrk, turned)
import acks  # noqa: E402
import crossed  # noqa: E402
import direct  # noqa: E402
import fanout  # noqa: E402
import kept  # noqa: E402
import roundrobin  # noqa: E402
import scale  # noqa: E402
import table  # noqa: E402

BIG = 1_000_000            # messages in the big queue
PUSH_BIG = f"push, {BIG:,} in it"
TAKE_BIG = f"take, {BIG:,} in it"
BATCH = 100                # messages of a request of the load BATCH
PUSH_AGAINST = "push, this build"
TAKE_AGAINST = "take, this build"
BEST_OF_MANY = "best of 1,000"
MANY_LEASES = f"leases and acks of {BATCH}"
SWEEP_LIMIT = 30           # seconds to wait for the bodies of a purged queue
SLOW_CALLS = 100_000       # of a purge, the SLOWLOG has room for all
SLOW_US = 100              # shorter calls stay out of the SLOWLOG


class Case:
    """One kind of load on one program, and what the rounds found."""

    def __init__(self, name, program, load, path, messages=0, against=None, worth=1):
        self.name = name
        self.program = program
        self.load = load           # what load.lua shall send
        self.path = path
        self.messages = messages   # in the queue before a round, a number for each second
        self.against = against     # the case it is compared with; itself where there is none
        self.worth = worth         # what a request counts in the rate
        self.rounds = []

    @property
    def queue(self):
        return self.path.rpartition("/")[2]

    def median(self, figure):
        return statistics.median(one[figure] for one in self.rounds)

    @property
    def ratio(self):
        """To the rate of the other case in the same round; the median over the rounds."""
        return median_ratio(*([one["rate"] for one in case.rounds] for case in (self, self.against)))


class Bench:
    def __init__(self, front, redis, programs):
        self.http = Http(front.port)
        self.url = f"http://127.0.0.1:{front.port}"
        self.redis = redis
        self.programs = programs
        self.fill_sha = redis.script_load(fill_script())

    def fill(self, queue, count):
        """Adds messages to a queue; count is rounded up to whole steps."""
        pipe = self.redis.pipeline(transaction=False)
        for _ in range(-(-count // FILL_STEP)):
            pipe.evalsha(self.fill_sha, 4, f"{queue}:UUID", f"{queue}:queue", f"queuestat::{queue}",
                         "QUEUESET", queue, MESSAGE, FILL_STEP)
        pipe.execute()

    def measure(self, case, seconds):
        """One round of a case."""
        self.redis.config_resetstat()
        pids = self.programs[case.program].pids
        before_us = cpu_us(pids)
        figures = run_wrk(case.name, self.url + case.path, case.load, seconds)
        figures["rate"] = case.worth * figures["requests"] / figures["seconds"]
        figures["worker_us"] = (cpu_us(pids) - before_us) / figures["requests"]
        figures["redis_us"] = self.redis_us(case.program)
        case.rounds.append(figures)

    def redis_us(self, program):
        """What Redis says that a call of the program took it."""
        command = {"null": None, "ping": "cmdstat_ping"}.get(program, "cmdstat_evalsha")
        return self.redis.info("commandstats").get(command, {}).get("usec_per_call")

    def count(self, case):
        """A number that rises by one with each request of the case that did what it should."""
        redis, queue = self.redis, case.queue
        pushed = int(redis.get(f"{queue}:UUID") or 0)
        acked = int(redis.hget(f"restmq:{{{queue}}}:stats", "acked") or 0)
        left = redis.llen(f"{queue}:queue")
        return {"POST": pushed, "BATCH": pushed / BATCH, "GET": -left,
                "PUSH+TAKE": 2 * pushed - left, "LEASE+ACK": acked - left,
                "LEASES+ACKS": (acked - left) / BATCH}[case.load]

    def measure_queue(self, case, seconds):
        """One round of a case of restmq.fcgi: each answer must have been what was asked for."""
        before = self.count(case)
        self.measure(case, seconds)
        done = self.count(case) - before
        answered = case.rounds[-1]["requests"]
        if not answered <= done <= answered + 2 * CONNECTIONS:   # wrk forgets those in flight
            raise RuntimeError(f"{case.name}: {answered} answers, but {done} done")


def measure_all(bench, cases, rounds, seconds, order):
    """The cases side by side, each round on an empty Redis.  What is compared stands next to each
    other, so that a disturbance of some seconds meets both."""
    for round in range(rounds):
        for case in order(cases, round):
            bench.redis.flushdb()
            if case.messages:
                bench.fill(case.queue, case.messages * seconds)
            if case.path.startswith(("/null/", "/ping/")):
                bench.measure(case, seconds)
            else:
                bench.measure_queue(case, seconds)
    bench.redis.flushdb()
    return cases


def rates(bench, rounds, seconds):
    """Single requests, beside the two programs of the same shape."""
    ping_post = Case("ping POST", "ping", "POST", "/ping/bench")
    ping_get = Case("ping GET", "ping", "GET", "/ping/bench")
    ping_post.against, ping_get.against = ping_post, ping_get
    cases = [
        Case("null POST", "null", "POST", "/null/bench", against=ping_post),
        ping_post,
        Case("push", "restmq", "POST", "/q/bench", against=ping_post),
        Case("take", "restmq", "GET", "/q/bench", messages=FASTEST, against=ping_get),
        ping_get,
        Case("null GET", "null", "GET", "/null/bench", against=ping_get),
    ]
    return measure_all(bench, cases, rounds, seconds, rotated)


def pairs(bench, rounds, seconds):
    """Taking with a lease and acknowledging it, against a push and a take: two requests each."""
    push_take = Case("push+take", "restmq", "PUSH+TAKE", "/q/bench", FASTEST // 2, worth=0.5)
    push_take.against = push_take
    lease_ack = Case("lease+ack", "restmq", "LEASE+ACK", "/q/bench", FASTEST // 2, push_take, 0.5)
    return measure_all(bench, [push_take, lease_ack], rounds, seconds, turned)


def batches(bench, rounds, seconds):
    """A hundred messages in a request, against one."""
    single = Case("single pushes", "restmq", "POST", "/q/bench")
    single.against = single
    batch = Case(f"batches of {BATCH}", "restmq", "BATCH", "/q/bench", 0, single, BATCH)
    return measure_all(bench, [single, batch], rounds, seconds, turned)


def many_leases(bench, rounds, seconds):
    """A worker that takes a hundred messages under leases and acks them in two requests, against
    one that takes and acks them singly."""
    single = Case("single lease+ack", "restmq", "LEASE+ACK", "/q/bench", FASTEST // 2, worth=0.5)
    single.against = single
    many = Case(MANY_LEASES, "restmq", "LEASES+ACKS", "/q/bench", 10 * FASTEST, single, BATCH / 2)
    return measure_all(bench, [single, many], rounds, seconds, turned)


def other_build(bench, rounds, seconds):
    """Push and take of this build and of the other one."""
    push = Case("push, other build", "other", "POST", "/other/q/cases")
    take = Case("take, other build", "other", "GET", "/other/q/cases", FASTEST)
    push.against, take.against = push, take
    cases = [
        push,
        Case(PUSH_AGAINST, "restmq", "POST", "/q/bench", against=push),
        Case(TAKE_AGAINST, "restmq", "GET", "/q/bench", FASTEST, take),
        take,
    ]
    return measure_all(bench, cases, rounds, seconds, turned)


def big_queue(bench, rounds, seconds):
    """Push and take in a queue of a million messages, against one beside it that was empty before
    the push, or has just enough to take."""
    push_small = Case("push, empty queue", "restmq", "POST", "/q/small")
    take_small = Case("take, small queue", "restmq", "GET", "/q/small")
    push_small.against, take_small.against = push_small, take_small
    cases = [
        push_small,
        Case(PUSH_BIG, "restmq", "POST", "/q/big", against=push_small),
        take_small,
        Case(TAKE_BIG, "restmq", "GET", "/q/big", against=take_small),
    ]
    bench.fill("big", BIG)
    for round in range(rounds):
        for case in rotated(cases, round):
            if case is push_small:
                empty(bench, "small")
            elif case is take_small:
                bench.fill("small", FASTEST * seconds)
            bench.measure_queue(case, seconds)
    empty(bench, "small")
    return cases


def pools(bench, rounds, seconds):
    """The best of many servers against the best of few; and what else a pool is asked."""
    few, many = ("best of 10", "/lb/few", 10), (BEST_OF_MANY, "/lb/many", 1000)
    bench.redis.flushdb()
    for _, path, count in few, many:
        key = f"restmq:lb:{{{path.rpartition('/')[2]}}}"
        for row in "even", "odd":
            bench.redis.sadd(key, row)
            bench.redis.zadd(f"{key}:{row}", {f"{row}{n}": n % 100 for n in range(count // 2)})
    cases = [Case(few[0], "restmq", "GET", few[1]), Case(many[0], "restmq", "GET", many[1]),
             Case("two replicas of 1,000", "restmq", "GET", "/lb/many?replicas=2"),
             Case("a key's place of 10", "restmq", "GET", "/lb/few?key=object42"),
             Case("a key's place of 1,000", "restmq", "GET", "/lb/many?key=object42")]
    for case in cases:
        case.against = cases[0]
    for round in range(rounds):
        for case in turned(cases, round):
            bench.measure(case, seconds)
    bench.redis.flushdb()
    return cases


def ring_lookup(args):
    """Nanoseconds that a key's place takes, by the number of servers."""
    output = subprocess.run([program(args.builddir, "tests/bench/ring-lookup")],
                            capture_output=True, check=True, text=True).stdout
    lookup_ns = json.loads(output)
    for count, ns in lookup_ns.items():
        print(f"a key's place on a ring of {count} servers: {ns / 1000:.2f} µs")
    print()
    return [(f"ring of {count}: lookup", "below 2 µs", f"{ns / 1000:.2f} µs", ns < 2000)
            for count, ns in lookup_ns.items()]


def empty(bench, queue):
    """Removes the messages of a queue, a step at a time, without any of the programs."""
    while True:
        keys = bench.redis.rpop(f"{queue}:queue", FILL_STEP)
        if not keys:
            return
        bench.redis.unlink(*keys)


def purge(bench):
    """Purges the big queue, then takes from it until the bodies are gone."""
    redis = bench.redis
    bench.fill("big", max(0, BIG - redis.llen("big:queue")))
    length = redis.llen("big:queue")
    others = redis.dbsize() - length
    bench.http.close()   # lighttpd has closed an idle one
    bench.http.get("/health")
    redis.config_set("slowlog-max-len", SLOW_CALLS)
    redis.config_set("slowlog-log-slower-than", SLOW_US)
    redis.slowlog_reset()

    started = time.monotonic()
    response = bench.http.delete("/q/big")
    answered = time.monotonic()
    if response.status != 200 or response.json()["purged"] != length:
        raise RuntimeError(f"purge of {length}: {response}")
    with start_wrk(bench.url + "/q/big", "GET", SWEEP_LIMIT) as wrk:
        try:
            wait_for(lambda: redis.dbsize() <= others, SWEEP_LIMIT)
            gone_s = time.monotonic() - answered
        except TimeoutError:
            gone_s = float("inf")
        finally:
            wrk.terminate()
    slow = [call["duration"] for call in redis.slowlog_get(SLOW_CALLS)]
    return {"messages": length, "answer_ms": 1e3 * (answered - started), "gone_s": gone_s,
            "slowest_ms": max(slow, default=0) / 1e3}


def print_cases(cases, against, rate="requests/s"):
    print(f"{'':26}{rate:>11}{'lowest–highest':>17}{'p50 ms':>8}{'p99 ms':>8}"
          f"{'worker µs':>11}{'Redis µs':>10}  {against}")
    for case in cases:
        all_rates = [one["rate"] for one in case.rounds]
        spread = f"{min(all_rates):.0f}–{max(all_rates):.0f}"
        redis_us = "" if case.rounds[0]["redis_us"] is None else f"{case.median('redis_us'):.2f}"
        print(f"{case.name:26}{case.median('rate'):11.0f}{spread:>17}{case.median('p50'):8.2f}"
              f"{case.median('p99'):8.2f}{case.median('worker_us'):11.1f}{redis_us:>10}"
              f"  {case.ratio:.3g}")
    print(flush=True)


def print_purges(purges):
    for one in purges:
        print(f"purge of {one['messages']:,}: answered in {one['answer_ms']:.1f} ms, bodies gone "
              f"after {one['gone_s']:.1f} s of takes, slowest Redis call "
              f"{one['slowest_ms']:.1f} ms")
    print()


def rate_goals(cases, purges):
    """What the issues ask for, as (text, wanted, measured, met); only what was measured."""
    def at_least(text, name, wanted):
        if name in cases:
            ratio = cases[name].ratio
            yield text, f"at least {wanted:.2f}", f"{ratio:.2f}", ratio >= wanted

    def rate_at_least(text, name, wanted):
        if name in cases:
            rate = cases[name].median("rate")
            yield text, f"{wanted:,}", f"{rate:,.0f}", rate >= wanted

    def below(text, figure, limit, unit):
        if purges:
            best = min(one[figure] for one in purges)
            yield text, f"below {limit} {unit}", f"{best:.1f} {unit}", best < limit

    return [
        *at_least("push, of the PING program's rate", "push", 0.70),
        *at_least("take, of the PING program's rate", "take", 0.70),
        *at_least("push, what we are after", "push", 0.80),
        *at_least("take, what we are after", "take", 0.80),
        *at_least("lease+ack, of push+take", "lease+ack", 0.90),
        *rate_at_least(f"messages/s in batches of {BATCH}", f"batches of {BATCH}", 100_000),
        *at_least(f"leases+acks of {BATCH}, of single ones", MANY_LEASES, 5),
        *at_least("push, of the other build's rate", PUSH_AGAINST, 0.98),
        *at_least("take, of the other build's rate", TAKE_AGAINST, 0.98),
        *at_least("best of 1,000 servers against 10", BEST_OF_MANY, 1 / 1.2),
        *at_least("push, a million against none", PUSH_BIG, 0.90),
        *at_least("take, a million against few", TAKE_BIG, 0.90),
        *below("purge of a million answers in", "answer_ms", 50, "ms"),
        *below("its slowest Redis call", "slowest_ms", 10, "ms"),
        *below("its bodies are gone in", "gone_s", SWEEP_LIMIT, "s"),
    ]


def print_goals(goals):
    print("goals, for a Redis without persistence; of purges the best counts:")
    print(f"{'':40}{'wanted':15}measured")
    for text, wanted, measured, met in goals:
        print(f"{text:40}{wanted:15}{measured:10}{'met' if met else 'MISSED'}")


def print_setting(args, redis):
    persistence = (f"append-only file, fsync {args.appendonly}" if args.appendonly
                   else "no persistence (--save '' --appendonly no)")
    print(f"messages of {len(MESSAGE)} bytes\n"
          f"Redis {redis.info('server')['redis_version']} on a unix socket, {persistence}\n"
          f"{os.cpu_count()} CPUs, load average at the start {os.getloadavg()[0]:.2f}\n",
          flush=True)


def program(builddir, name):
    path = os.path.join(os.path.abspath(builddir), name)
    if not os.access(path, os.X_OK):
        sys.exit(f"bench.py: {path} is missing; `make bench` builds it")
    return path


HELPER_PARTS = [*fanout.PARTS, "roundrobin", "acks"]
RESPONDER_PARTS = ["rates", "pairs", "batch", "leases", "big", "pools"]   # and, asked for, "against"

# How long the parts take: rounds of so many seconds, fewer for what is measured last.
Plan = collections.namedtuple("Plan", "rounds seconds side_rounds against_rounds big_rounds purges")
FULL = Plan(rounds=8, seconds=2, side_rounds=5, against_rounds=8, big_rounds=3, purges=3)
QUICK = Plan(rounds=3, seconds=1, side_rounds=2, against_rounds=2, big_rounds=1, purges=1)


def run(bench, plan, parts):
    """Measures and prints; returns the goals."""
    measured, purges = [], []

    def part(name, function, rounds, against, rate="requests/s"):
        if name in parts:
            cases = function(bench, rounds, plan.seconds)
            print_cases(cases, against, rate)
            measured.extend(cases)

    print(f"{WORKERS} workers a program, {CONNECTIONS} connections, "
          f"{plan.rounds} rounds of {plan.seconds} s a case\n")
    part("rates", rates, plan.rounds, "ratio to ping")
    part("pairs", pairs, plan.side_rounds, "ratio to push+take", "pairs/s")
    part("batch", batches, plan.side_rounds, "ratio to single pushes", "messages/s")
    part("leases", many_leases, plan.side_rounds, "ratio to single ones", "messages/s")
    part("against", other_build, plan.against_rounds, "ratio to the other build")
    part("big", big_queue, plan.big_rounds, "ratio to small")
    part("pools", pools, plan.side_rounds, "ratio to best of 10")
    if "big" in parts:
        purges = [purge(bench) for _ in range(plan.purges)]
        print_purges(purges)
    return rate_goals({case.name: case for case in measured}, purges)


def run_responder(args, redis_server, parts):
    """The parts that measure restmq.fcgi; returns the goals."""
    null = program(args.builddir, "tests/bench/fcgi-null")
    ping = program(args.builddir, "tests/bench/fcgi-ping")
    restmq = program(args.builddir, "restmq.fcgi")
    programs = {
        "null": Responders(null, workers=WORKERS, argv=[null]),
        "ping": Responders(ping, workers=WORKERS, argv=[ping, redis_server.socket]),
    }
    prefixes = {"null": "/null/", "ping": "/ping/"}
    if args.against:
        programs["other"] = Responders(program(args.against, "restmq.fcgi"), workers=WORKERS,
                                       conf={"redis": redis_server.address, "prefix": "/other"})
        prefixes["other"] = "/other/"
    programs["restmq"] = Responders(restmq, workers=WORKERS, conf={"redis": redis_server.address})
    prefixes["restmq"] = "/"   # fits whatever fits none of the others
    with contextlib.ExitStack() as servers:
        for responders in programs.values():
            servers.enter_context(responders)
        front = servers.enter_context(Front({prefix: programs[name].socket
                                             for name, prefix in prefixes.items()}))
        bench = Bench(front, servers.enter_context(redis_server.client()), programs)
        for name, prefix in prefixes.items():
            wait_for(lambda: bench.http.get(prefix + "health").status == 200)
        return run(bench, QUICK if args.quick else FULL, parts)


class TlsRedis(Redis):
    """On a unix socket, a TCP port, and another one within TLS."""

    def __init__(self, *options):
        self.keys = tempfile.TemporaryDirectory(prefix="rq-")
        certificate = Authority(self.keys.name, "bench").sign("redis", "IP:127.0.0.1")
        self.tcp_port = free_port()
        self.tls_conf = {"redis_tls": "on", "redis_tls_ca": certificate.ca}
        super().__init__(None, *options, "--port", self.tcp_port, certificate=certificate)

    def stop(self):
        super().stop()
        self.keys.cleanup()


def run_helper(args, redis_server, parts):
    """The parts that measure restmq-wsd; returns the goals."""
    bench = fanout.Fanout(redis_server, program(args.builddir, "restmq-wsd"),
                          program(args.builddir, "tests/bench/fanout-null"),
                          program(args.builddir, "tests/bench/fanout-load"),
                          args.against and program(args.against, "restmq-wsd"))
    goals = fanout.measure(bench, fanout.QUICK if args.quick else fanout.FULL, parts)
    if "roundrobin" in parts:
        commands = {"this build": bench.helper_command}
        if args.against:
            commands["other build"] = bench.other_command
        goals += roundrobin.measure(redis_server, commands, args.quick)
    if "acks" in parts:
        goals += acks.measure(bench)
    return goals


def main():
    parser = argparse.ArgumentParser(description="requests per second of restmq.fcgi, and the "
                                                 "fan-out of restmq-wsd")
    parser.add_argument("--builddir", default=".")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--appendonly", choices=["everysec", "always"],
                        help="Redis with an append-only file and this appendfsync")
    parser.add_argument("--against", metavar="OTHERBUILD",
                        help="measure the programs of this build directory too, in turn")
    parser.add_argument("--only", help="one part", choices=[
        *RESPONDER_PARTS, "against", *HELPER_PARTS, *scale.PARTS, *table.PARTS, "crossed", "kept",
        "direct"])
    args = parser.parse_args()
    parts = {args.only} if args.only else {*RESPONDER_PARTS, "kept", "direct", *HELPER_PARTS, *scale.PARTS,
                                                *table.PARTS}
    if args.only == "against" and not args.against:
        parser.error("--only against needs --against OTHERBUILD")
    if args.only == "crossed":     # no rate: what it counts does not depend on the machine
        crossed.measure({"this build": args.builddir,
                         **({"other build": args.against} if args.against else {})})
        return
    if args.against:
        parts.add("against")
    if not parts <= {*HELPER_PARTS, *table.PARTS, "sharded"} and not shutil.which("wrk"):
        sys.exit("bench.py: wrk is missing; on Debian: apt-get install wrk")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # the servers are stopped on the way out

    options = []
    if args.appendonly:
        options = ["--appendonly", "yes", "--appendfsync", args.appendonly,
                   "--auto-aof-rewrite-percentage", "0"]
    goals = []
    with TlsRedis(*options) if "tls" in parts else Redis(None, *options) as redis_server:
        with redis_server.client() as redis:
            print_setting(args, redis)
        if parts & {*RESPONDER_PARTS, "against"}:
            goals += run_responder(args, redis_server, parts)
        if "pools" in parts:
            goals += ring_lookup(args)
        if "kept" in parts:
            goals += kept.measure(redis_server, program(args.builddir, "restmq.fcgi"),
                                  program(args.builddir, "tests/bench/fcgi-null"), args.quick)
        if "direct" in parts:
            goals += direct.measure(redis_server, program(args.builddir, "restmq.fcgi"),
                                    program(args.builddir, "restmq-wsd"), args.quick)
        if parts & set(HELPER_PARTS):
            goals += run_helper(args, redis_server, parts)
        goals += table.measure(redis_server, program(args.builddir, "restmq.fcgi"),
                               program(args.builddir, "restmq-wsd"), parts, args.quick)
        goals += scale.measure(args, redis_server, parts, program)
    print_goals(goals)


if __name__ == "__main__":
    main()
