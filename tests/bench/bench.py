# bench.py - how fast is restmq.fcgi: wrk, real lighttpd, a private Redis, and two FastCGI programs
# of the same shape to compare with, fcgi-null and fcgi-ping.  `make bench` runs it.
#
#     bench.py --builddir BUILD [--quick] [--appendonly everysec|always]
#
# Rates of one machine say little about another, and they drift within a run: every round measures
# every case, in rotated order, and what counts is the median over the rounds of the ratio to
# fcgi-ping in the same round.
#
# SPDX-License-Identifier: BSD-2-Clause

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from stack import Http, Lighttpd, Redis, Responders, wait_for  # noqa: E402

# Measured on two cores, which wrk, lighttpd, Redis and the workers share.  PING requests a second
# (closed in libfcgi's own way) with 2, 3, 4, 6 and 8 workers: 16,000, 20,500, 22,500, 25,000 and
# 24,000; each waits for a round trip, so few leave the cores idle.  The ratios hardly differ; four
# is what `bootstrap run` starts.  8 to 64 connections reach the same rate; beyond 16 they only
# queue up, 64 wait four times as long.
WORKERS = 4
CONNECTIONS = 16

MESSAGE = b"0123456789" * 10
BIG = 1_000_000            # messages in the big queue
PUSH_BIG = f"push, {BIG:,} in it"
TAKE_BIG = f"take, {BIG:,} in it"
FASTEST = 50_000           # takes a second, more than any: so much is filled in for a round
FILL_STEP = 2_500          # messages of one call of fill.lua
SWEEP_LIMIT = 30           # seconds to wait for the bodies of a purged queue
SLOW_CALLS = 100_000       # of a purge, the SLOWLOG has room for all
SLOW_US = 100              # shorter calls stay out of the SLOWLOG


class Front(Lighttpd):
    """lighttpd in front of several programs: a socket for each prefix, the first that fits."""

    def __init__(self, sockets):
        super().__init__()
        self.sockets = sockets

    def _write_conf(self):
        routes = ",\n    ".join(
            f'"{prefix}" => (("socket" => "{socket}", "check-local" => "disable",'
            f' "fix-root-scriptname" => "enable"))' for prefix, socket in self.sockets.items())
        with open(self.path("lighttpd.conf"), "w") as conf:
            conf.write(f"""
server.document-root = "{self.dir}"
server.bind = "127.0.0.1"
server.port = {self.port}
server.errorlog = "{self.path("lighttpd-error.log")}"
server.max-keep-alive-requests = 100000000
server.modules += ("mod_fastcgi")
fastcgi.server = (
    {routes})
""")


class Case:
    """One kind of request to one program, and what the rounds found."""

    def __init__(self, name, program, method, path, messages=0, against=None):
        self.name = name
        self.program = program
        self.method = method
        self.path = path
        self.messages = messages   # in the queue before a round, a number for each second
        self.against = against     # the case it is compared with
        self.rounds = []

    def median(self, figure):
        return statistics.median(one[figure] for one in self.rounds)

    @property
    def ratio(self):
        """To the rate of the other case in the same round; the median over the rounds."""
        return statistics.median(one["rate"] / other["rate"]
                                 for one, other in zip(self.rounds, self.against.rounds))


class Bench:
    def __init__(self, front, redis, programs):
        self.http = Http(front.port)
        self.url = f"http://127.0.0.1:{front.port}"
        self.redis = redis
        self.programs = programs
        with open(os.path.join(HERE, "fill.lua")) as script:
            self.fill_sha = redis.script_load(script.read())

    def fill(self, queue, count):
        """Adds messages to a queue; count is rounded up to whole steps."""
        pipe = self.redis.pipeline(transaction=False)
        for _ in range(-(-count // FILL_STEP)):
            pipe.evalsha(self.fill_sha, 4, f"{queue}:UUID", f"{queue}:queue", f"queuestat::{queue}",
                         "QUEUESET", queue, MESSAGE, FILL_STEP)
        pipe.execute()

    def wrk(self, method, path, seconds):
        """A running wrk; it prints its figures at the end."""
        argv = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s",
                "-s", os.path.join(HERE, "load.lua"), self.url + path, method]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)

    def cpu_us(self, program):
        """CPU time that the processes of a program have used so far."""
        total = 0
        for pid in self.programs[program].pids:
            with open(f"/proc/{pid}/schedstat") as schedstat:
                total += int(schedstat.read().split()[0])
        return total / 1e3

    def measure(self, case, seconds):
        """One round of a case."""
        self.redis.config_resetstat()
        cpu_us = self.cpu_us(case.program)
        with self.wrk(case.method, case.path, seconds) as wrk:
            output = wrk.communicate(timeout=seconds + 30)[0]
        figures = json.loads(output.splitlines()[-1])
        if figures["failed"]:
            raise RuntimeError(f"{case.name}: {figures['failed']} requests failed")
        figures["rate"] = figures["requests"] / figures["seconds"]
        figures["worker_us"] = (self.cpu_us(case.program) - cpu_us) / figures["requests"]
        figures["redis_us"] = self.redis_us(case.program)
        case.rounds.append(figures)

    def redis_us(self, program):
        """What Redis says that a call of the program took it."""
        command = {"null": None, "ping": "cmdstat_ping", "restmq": "cmdstat_evalsha"}[program]
        return self.redis.info("commandstats").get(command, {}).get("usec_per_call")

    def count(self, case):
        """Pushes so far, or messages left, whichever the case changes."""
        queue = case.path.rpartition("/")[2]
        if case.method == "POST":
            return int(self.redis.get(f"{queue}:UUID") or 0)
        return -self.redis.llen(f"{queue}:queue")

    def measure_queue(self, case, seconds):
        """One round of a case of restmq.fcgi: each answer must have been a push or a take."""
        before = self.count(case)
        self.measure(case, seconds)
        done = self.count(case) - before
        answered = case.rounds[-1]["requests"]
        if not answered <= done <= answered + 2 * CONNECTIONS:   # wrk forgets those in flight
            raise RuntimeError(f"{case.name}: {answered} answers, but {done} messages")


def rotated(cases, round):
    start = round % len(cases)
    return cases[start:] + cases[:start]


def rates(bench, rounds, seconds):
    """The cases side by side, each round on an empty Redis.  What is compared stands next to each
    other, so that a disturbance of some seconds meets both."""
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
    for round in range(rounds):
        for case in rotated(cases, round):
            bench.redis.flushdb()
            if case.messages:
                bench.fill("bench", case.messages * seconds)
            if case.program == "restmq":
                bench.measure_queue(case, seconds)
            else:
                bench.measure(case, seconds)
    bench.redis.flushdb()
    return cases


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
    with bench.wrk("GET", "/q/big", SWEEP_LIMIT) as wrk:
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


def print_cases(cases, against):
    print(f"{'':26}{'requests/s':>11}{'lowest–highest':>17}{'p50 ms':>8}{'p99 ms':>8}"
          f"{'worker µs':>11}{'Redis µs':>10}  {against}")
    for case in cases:
        all_rates = [one["rate"] for one in case.rounds]
        spread = f"{min(all_rates):.0f}–{max(all_rates):.0f}"
        redis_us = "" if case.rounds[0]["redis_us"] is None else f"{case.median('redis_us'):.2f}"
        print(f"{case.name:26}{case.median('rate'):11.0f}{spread:>17}{case.median('p50'):8.2f}"
              f"{case.median('p99'):8.2f}{case.median('worker_us'):11.1f}{redis_us:>10}"
              f"  {case.ratio:.2f}")
    print(flush=True)


def print_purges(purges):
    for one in purges:
        print(f"purge of {one['messages']:,}: answered in {one['answer_ms']:.1f} ms, bodies gone "
              f"after {one['gone_s']:.1f} s of takes, slowest Redis call "
              f"{one['slowest_ms']:.1f} ms")
    print()


def print_goals(ratios, purges):
    def at_least(name, case, wanted):
        return name, f"at least {wanted:.2f}", f"{ratios[case]:.2f}", ratios[case] >= wanted

    def below(name, figure, limit, unit):
        best = min(one[figure] for one in purges)
        return name, f"below {limit} {unit}", f"{best:.1f} {unit}", best < limit

    goals = [
        at_least("push, of the PING program's rate", "push", 0.70),
        at_least("take, of the PING program's rate", "take", 0.70),
        at_least("push, what we are after", "push", 0.80),
        at_least("take, what we are after", "take", 0.80),
        at_least("push, a million against none", PUSH_BIG, 0.90),
        at_least("take, a million against few", TAKE_BIG, 0.90),
        below("purge of a million answers in", "answer_ms", 50, "ms"),
        below("its slowest Redis call", "slowest_ms", 10, "ms"),
        below("its bodies are gone in", "gone_s", SWEEP_LIMIT, "s"),
    ]
    print("goals, for a Redis without persistence:")
    print(f"{'':34}{'wanted':15}measured (purges: the best of {len(purges)})")
    for name, wanted, measured, met in goals:
        print(f"{name:34}{wanted:15}{measured:10}{'met' if met else 'MISSED'}")


def print_setting(args, redis, rounds, seconds):
    persistence = (f"append-only file, fsync {args.appendonly}" if args.appendonly
                   else "no persistence (--save '' --appendonly no)")
    print(f"{WORKERS} workers a program, {CONNECTIONS} connections, "
          f"{rounds} rounds of {seconds} s a case, messages of {len(MESSAGE)} bytes\n"
          f"Redis {redis.info('server')['redis_version']} on a unix socket, {persistence}\n"
          f"{os.cpu_count()} CPUs, load average at the start {os.getloadavg()[0]:.2f}\n",
          flush=True)


def program(builddir, name):
    path = os.path.join(os.path.abspath(builddir), name)
    if not os.access(path, os.X_OK):
        sys.exit(f"bench.py: {path} is missing; `make bench` builds it")
    return path


def main():
    parser = argparse.ArgumentParser(description="requests per second of restmq.fcgi")
    parser.add_argument("--builddir", default=".")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--appendonly", choices=["everysec", "always"],
                        help="Redis with an append-only file and this appendfsync")
    args = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("bench.py: wrk is missing; on Debian: apt-get install wrk")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # the servers are stopped on the way out
    rounds, seconds, big_rounds, purges = (3, 1, 2, 1) if args.quick else (10, 2, 5, 3)

    options = []
    if args.appendonly:
        options = ["--appendonly", "yes", "--appendfsync", args.appendonly,
                   "--auto-aof-rewrite-percentage", "0"]
    null = program(args.builddir, "tests/bench/fcgi-null")
    ping = program(args.builddir, "tests/bench/fcgi-ping")
    restmq = program(args.builddir, "restmq.fcgi")
    with contextlib.ExitStack() as servers:
        redis_server = servers.enter_context(Redis(None, *options))
        programs = {
            "null": Responders(null, workers=WORKERS, argv=[null]),
            "ping": Responders(ping, workers=WORKERS, argv=[ping, redis_server.socket]),
            "restmq": Responders(restmq, workers=WORKERS, conf={"redis": redis_server.address}),
        }
        for responders in programs.values():
            servers.enter_context(responders)
        front = servers.enter_context(Front({"/null/": programs["null"].socket,
                                             "/ping/": programs["ping"].socket,
                                             "/": programs["restmq"].socket}))
        redis = servers.enter_context(redis_server.client())
        bench = Bench(front, redis, programs)
        for path in "/null/bench", "/ping/bench", "/health":
            wait_for(lambda: bench.http.get(path).status == 200)

        print_setting(args, redis, rounds, seconds)
        cases = rates(bench, rounds, seconds)
        print_cases(cases, "ratio to ping")
        big_cases = big_queue(bench, big_rounds, seconds)
        print_cases(big_cases, "ratio to small")
        purge_figures = [purge(bench) for _ in range(purges)]
        print_purges(purge_figures)
        print_goals({case.name: case.ratio for case in cases + big_cases}, purge_figures)


if __name__ == "__main__":
    main()
