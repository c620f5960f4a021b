# fanout.py - how fast is restmq-wsd: its fan-out beside fanout-null, the program of the same shape
# that does one write(2) of a ready frame per consumer and message; and what it costs when idle,
# and its walk over all queues.
# bench.py runs it.
#
# Rates of one machine say little about another, and they drift within a run: every round starts
# both programs anew and saturates them one after the other, in turned order; then both are paced at
# once, each in the other's pauses, so that a disturbance meets both.  What counts is the median
# over the rounds of the ratio.  The CPU time per delivery hardly drifts.
#
# SPDX-License-Identifier: BSD-2-Clause

import collections
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time

from stack import Server, end, free_port, wait_for

PARTS = ["fanout", "idle", "walk"]

CHANNEL = "/sub/bench"
NULL_CHANNEL = "/sub/null"
OTHER_CHANNEL = "/sub/other" # of the other build: one that is its alone
QUEUE = "/ws/bench"

# A window of 32 messages lets the helper write several to a consumer at once, and is far from any
# limit of its outboxes; 200 for the queue, as it is pushed to in batches of 100.
WINDOW = {CHANNEL: 32, NULL_CHANNEL: 32, OTHER_CHANNEL: 32, QUEUE: 200}
PACE = 40_000              # deliveries a second: a quarter of what fanout-null can on two cores

# The programs have a core of their own: else, with its pongs and with Redis's wake-ups, the load
# draws the helper to its own core for the first milliseconds of a message, and never fanout-null.
PROGRAM_CORES, LOAD_CORES = {0}, {1}

IDLE_CONSUMERS = 10_000
WALKED_QUEUES = 10_000
WALK_SECONDS = 20          # two rounds
NOTED_WITHIN = 300         # seconds, of all queues, that nobody uses them
WALK_COMMANDS = ["cmdstat_evalsha", "cmdstat_eval", "cmdstat_exists", "cmdstat_sscan"]
MANY_CONSUMERS = 19_000    # below an open-files limit of 20,000, which may be hard
MANY_LOADS = 2             # processes that they come from: each needs fewer
DEFLATING_CONSUMERS = 5_000
DEFLATE_OFFER = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
MEASURED_AFTER = 3         # seconds: what connecting has caused is over by then
SLOW_US = 100              # shorter calls stay out of the SLOWLOG
SLOW_CALLS = 10_000
USUAL_RANK = 10            # of some thousand calls so many may have met with another program
CONNECT_LIMIT = 90         # seconds to wait for a load's first line
RUN_LIMIT = 180            # seconds a run may take beyond its own

Plan = collections.namedtuple("Plan", "sizes rounds seconds pace_seconds queue_rounds idle_seconds")
# Only the full time has pings of idle consumers in it, which are the most of what they cost.
FULL = Plan((1_000, 10_000), 5, {1_000: 4, 10_000: 8}, 10, 2, 60)
QUICK = Plan((1_000, 10_000), 2, {1_000: 2, 10_000: 5}, 4, 1, 10)


def keep_on(process, cores):
    """Where there is more than one core."""
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(process.pid, cores)


def schedule_us(process):
    """How long a process ran; and how long it could have, but had no core: because of the load, or
    of somebody else."""
    with open(f"/proc/{process.pid}/schedstat") as schedstat:
        return [int(number) / 1e3 for number in schedstat.read().split()[:2]]


class Program(Server):
    """A program that listens: command(address, dir) is its command line."""

    def __init__(self, command):
        super().__init__()
        self.command = command
        self.address = None
        self.process = None

    def start(self):
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(self.command(self.address, self.dir),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(lambda: self.listens(port))

    def listens(self, port):
        if self.process.poll() is not None:
            with open(self.path("log"), errors="replace") as log:
                raise RuntimeError(f"{self.process.args[0]} ended:\n{log.read()[-2000:]}")
        with open("/proc/net/tcp") as sockets:   # connecting would leave it one to clean up
            return any(f":{port:04X} 00000000:0000 0A" in line for line in sockets)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        end(self.process)

    def cpu_us(self):
        return schedule_us(self.process)[0]

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(1024 * int(line.split()[1]) for line in status
                        if line.startswith("VmRSS:"))


class Load:
    """A running fanout-load; `with` waits until its consumers are connected."""

    def __init__(self, binary, redis, program, path, consumers):
        self.argv = [binary, redis.address, program.address, path, str(consumers)]
        self.consumers = consumers
        self.process = None
        self.command = None        # under way
        self.limit_s = 0

    def start(self):
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def connected(self):
        """Waits; how long it took them."""
        answer = self.answer(CONNECT_LIMIT)
        if answer["connected"] != self.consumers:
            raise RuntimeError(f"of {self.consumers} consumers: {answer}")
        return answer["seconds"]

    def __enter__(self):
        try:
            self.start()
            self.connected()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired, BrokenPipeError):
                self.process.stdin.close()
                self.process.wait(20)
            end(self.process)
            self.process.stdout.close()

    def answer(self, limit_s):
        """Its next line; a load that hangs is ended, which ends its output."""
        alarm = signal.signal(signal.SIGALRM, lambda *_: self.process.kill())
        signal.alarm(int(limit_s))
        try:
            line = self.process.stdout.readline()
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, alarm)
        if not line:
            raise RuntimeError(f"no answer: {self.argv}")
        return json.loads(line)

    def begin(self, command, seconds, *numbers):
        """Begins a run; end() waits for its figures."""
        self.command = f"{command} {seconds} {' '.join(map(str, numbers))}"
        self.limit_s = seconds + RUN_LIMIT
        self.process.stdin.write(self.command + "\n")
        self.process.stdin.flush()

    def end(self):
        """Every consumer must have got every message, in order."""
        figures = self.answer(self.limit_s)
        wrong = {name: figures[name] for name in ("missing", "disordered", "strange", "gone")}
        if any(wrong.values()):
            raise RuntimeError(f"{' '.join(self.argv[2:])}: {self.command}: {wrong}")
        return figures


class Case:
    """One program with that many consumers of one path, and what the rounds found."""

    def __init__(self, name, command, path, consumers, against=None):
        self.name = name
        self.command = command
        self.path = path
        self.consumers = consumers
        self.against = against     # the case it is compared with
        self.before = None         # the same of another build
        self.runs = {"saturated": [], "paced": []}
        self.program = None        # of this round
        self.load = None

    @contextlib.contextmanager
    def measuring(self, mode):
        """Around the begin of a run: waits for its end and keeps the figures."""
        cpu_us, waited_us, started = *schedule_us(self.program.process), time.monotonic()
        yield
        figures = self.load.end()
        passed_us = 1e6 * (time.monotonic() - started)
        cpu_us, waited_us = (after - before for after, before in
                             zip(schedule_us(self.program.process), (cpu_us, waited_us)))
        figures["cpu_us"] = cpu_us / figures["deliveries"]
        figures["waited"] = waited_us / passed_us
        self.runs[mode].append(figures)

    def median(self, mode, figure):
        return statistics.median(one[figure] for one in self.runs[mode])

    def ratio(self, mode, figure, other=None):
        """To another case in the same round; the median over the rounds."""
        return statistics.median(one[figure] / two[figure] for one, two
                                 in zip(self.runs[mode], (other or self.against).runs[mode]))


class Fanout:
    """other: the helper of another build, or None."""

    def __init__(self, redis_server, helper, null, load, other=None):
        self.redis_server = redis_server
        self.redis = redis_server.client()
        self.helper = helper
        self.other = other
        self.null = null
        self.load = load

    def helper_command(self, address, dir, **settings):
        return self.command_of(self.helper, address, dir, **settings)

    def other_command(self, address, dir):
        return self.command_of(self.other, address, dir)

    def command_of(self, helper, address, dir, **settings):
        config = os.path.join(dir, "restmq.conf")
        settings = {"redis": self.redis_server.address, "listen": address, **settings}
        with open(config, "w") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        return [helper, "--config", config]

    def null_command(self, address, _dir):
        return [self.null, self.redis_server.socket, address, NULL_CHANNEL.rpartition("/")[2]]

    def start(self, case, stack):
        """The program of a case with its consumers, until the stack is left."""
        case.program = stack.enter_context(Program(case.command))
        keep_on(case.program.process, PROGRAM_CORES)
        case.load = stack.enter_context(Load(self.load, self.redis_server, case.program, case.path,
                                             case.consumers))
        keep_on(case.load.process, LOAD_CORES)

    def round(self, cases, plan):
        """Every case saturated, then all paced, each in the others' pauses."""
        self.redis.flushdb()
        with contextlib.ExitStack() as stack:
            for case in cases:
                self.start(case, stack)
            for case in cases:
                with case.measuring("saturated"):
                    case.load.begin("saturate", plan.seconds[case.consumers], WINDOW[case.path])
            if len(cases) > 1:
                with contextlib.ExitStack() as paced:
                    for i, case in enumerate(cases):
                        paced.enter_context(case.measuring("paced"))
                        case.load.begin("pace", plan.pace_seconds, PACE / case.consumers,
                                        i / len(cases))

    def size(self, consumers, plan):
        """Both programs with that many consumers, and the broadcast queue."""
        null = Case(f"one write, {consumers:,}", self.null_command, NULL_CHANNEL, consumers)
        sub = Case(f"{CHANNEL}, {consumers:,}", self.helper_command, CHANNEL, consumers, null)
        queue = Case(f"{QUEUE}, {consumers:,}", self.helper_command, QUEUE, consumers)
        compared = [null, sub]
        if self.other:
            sub.before = Case(f"other build, {consumers:,}", self.other_command, OTHER_CHANNEL,
                              consumers)
            compared.append(sub.before)
        for round in range(plan.rounds):
            self.round(compared[::-1 if round % 2 else 1], plan)
        for _ in range(plan.queue_rounds):
            self.round([queue], plan)
        return [*compared, queue]

    # --- idle ------------------------------------------------------------------------------------

    def connect_all(self, stack, program, path, consumers, loads):
        """That many consumers, from several processes at once; the seconds that took."""
        started = time.monotonic()
        running = [Load(self.load, self.redis_server, program, path, consumers // loads)
                   for _ in range(loads)]
        for load in running:
            stack.callback(load.__exit__)
            load.start()
        for load in running:
            load.connected()
        return time.monotonic() - started

    def idle(self, path, seconds):
        """What consumers without messages cost the helper and Redis, in shares of a core."""
        self.redis.flushdb()
        with contextlib.ExitStack() as stack:
            program = stack.enter_context(Program(self.helper_command))
            self.connect_all(stack, program, path, IDLE_CONSUMERS, 1)
            time.sleep(MEASURED_AFTER)
            self.redis.config_set("slowlog-max-len", SLOW_CALLS)
            self.redis.config_set("slowlog-log-slower-than", SLOW_US)
            self.redis.config_resetstat()
            self.redis.slowlog_reset()
            before = program.cpu_us(), self.redis_cpu_us(), time.monotonic()
            waited_us = schedule_us(self.redis_server.process)[1]
            time.sleep(seconds)
            passed_us = 1e6 * (time.monotonic() - before[2])
            return {
                "path": path,
                "helper": (program.cpu_us() - before[0]) / passed_us,
                "redis": (self.redis_cpu_us() - before[1]) / passed_us,
                "calls": self.calls(),
                "slow": self.slow_calls(),
                "redis_waited": (schedule_us(self.redis_server.process)[1] - waited_us) / passed_us,
            }

    # --- walk ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def walked(self, **settings):
        """A helper with these settings, and queues that are empty, and noted as such where it does."""
        self.redis.flushdb()
        for number in range(WALKED_QUEUES):
            self.redis.sadd("QUEUESET", f"walked.{number}")
            self.redis.set(f"walked.{number}:UUID", 1)
        with Program(lambda address, dir: self.helper_command(address, dir, **settings)):
            wait_for(lambda: self.redis.exists("restmq:walker"))
            yield

    def walk(self):
        """What the commands of the walk take Redis, in shares of a core, and its slowest calls."""
        self.redis.config_set("slowlog-max-len", SLOW_CALLS)
        self.redis.config_set("slowlog-log-slower-than", SLOW_US)
        self.redis.config_resetstat()
        self.redis.slowlog_reset()
        started = time.monotonic()
        time.sleep(WALK_SECONDS)
        passed_us = 1e6 * (time.monotonic() - started)
        stats = self.redis.info("commandstats")   # what a script calls is in its own time, too
        return {"redis": sum(stats[name]["usec"] for name in WALK_COMMANDS if name in stats) / passed_us,
                "slow": self.slow_calls()}

    def all_are_noted(self):
        return self.redis.hlen("restmq:unused") == WALKED_QUEUES

    def calls(self):
        """What Redis was asked, some of it by scripts: calls and their total time."""
        stats = self.redis.info("commandstats")
        return {name: (figures["calls"], figures["usec"]) for name, figures in stats.items()
                if name in ("cmdstat_evalsha", "cmdstat_exists", "cmdstat_ping")}

    def slow_calls(self):
        """The slowest first, without our own."""
        return sorted((call for call in self.redis.slowlog_get(SLOW_CALLS)
                       if not call["command"].startswith((b"SLOWLOG", b"CONFIG", b"INFO"))),
                      reverse=True, key=lambda call: call["duration"])

    def redis_cpu_us(self):
        return schedule_us(self.redis_server.process)[0]

    def redis_alone(self, seconds):
        """What Redis uses without anybody, which is no fault of the helper's."""
        before = self.redis_cpu_us(), time.monotonic()
        time.sleep(seconds)
        return (self.redis_cpu_us() - before[0]) / 1e6 / (time.monotonic() - before[1])

    def many(self):
        """As many consumers as the open files allow: memory, and how long they take to connect."""
        self.redis.flushdb()
        with contextlib.ExitStack() as stack:
            program = stack.enter_context(Program(self.helper_command))
            before = program.resident_bytes()
            seconds = self.connect_all(stack, program, QUEUE, MANY_CONSUMERS, MANY_LOADS)
            time.sleep(MEASURED_AFTER)
            return {"seconds": seconds,
                    "bytes": (program.resident_bytes() - before) / MANY_CONSUMERS}

    def bytes_of_one(self, fields):
        """Resident memory of an idle consumer with these fields in its request."""
        request = (f"GET {QUEUE} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                   f"Sec-WebSocket-Version: 13\r\n{fields}\r\n").encode()
        self.redis.flushdb()
        with contextlib.ExitStack() as stack:
            program = stack.enter_context(
                Program(lambda address, dir: self.helper_command(address, dir, deflate="on")))
            host, port = program.address.split(":")
            before = program.resident_bytes()
            for _ in range(DEFLATING_CONSUMERS):
                consumer = stack.enter_context(socket.create_connection((host, int(port))))
                consumer.sendall(request)
                answer = consumer.recv(4096)
                if (b"permessage-deflate" in answer) != bool(fields):
                    raise RuntimeError(f"the handshake's answer is {answer}")
            time.sleep(MEASURED_AFTER)
            return (program.resident_bytes() - before) / DEFLATING_CONSUMERS


# Columns of the table of a mode: the heading, its width, the figure, its format.
COLUMNS = {
    "saturated": [("p50 ms", 9, "p50", ".1f"), ("p99 ms", 9, "p99", ".1f"),
                  ("CPU µs", 8, "cpu_us", ".2f"), ("waits", 7, "waited", ".0%"),
                  ("load", 6, "load_cpu", ".0%")],
    "paced": [("paced: p50", 13, "p50", ".1f"), ("p99 ms", 9, "p99", ".1f"),
              ("CPU µs", 8, "cpu_us", ".2f"), ("waits", 7, "waited", ".0%")],
}


def print_cases(cases):
    columns = [column for mode in COLUMNS.values() for column in mode]
    print(f"{'':22}{'saturated/s':>12}{'lowest–highest':>20}"
          + "".join(f"{heading:>{width}}" for heading, width, _, _ in columns))
    for case in cases:
        rates = [one["rate"] for one in case.runs["saturated"]]
        spread = f"{min(rates):,.0f}–{max(rates):,.0f}"
        print(f"{case.name:22}{case.median('saturated', 'rate'):12,.0f}{spread:>20}"
              + "".join(f"{case.median(mode, figure):{width}{form}}"
                        for mode, row in COLUMNS.items() if case.runs[mode]
                        for _, width, figure, form in row))
    print(flush=True)


def fanout_goals(cases):
    for case in cases:
        if not case.against:
            continue
        ratio = case.ratio("saturated", "rate")
        yield (f"{case.name}, of one write's rate", "at least 1.00", f"{ratio:.2f}", ratio >= 1)
        if case.before:
            ratio = case.ratio("saturated", "rate", case.before)
            yield (f"{case.name}, of the other build's rate", "at least 0.98", f"{ratio:.2f}", ratio >= 0.98)
        for mode in case.runs:
            ratio = case.ratio(mode, "p99")
            yield (f"{case.name}, p99 {mode}", "at most 1.00", f"{ratio:.2f}", ratio <= 1)


def slow_ms(one, rank):
    """How long the slowest call took, or the next after that…; 0: less than SLOW_US."""
    return one["slow"][rank]["duration"] / 1e3 if rank < len(one["slow"]) else 0


def print_idle(one):
    calls = ", ".join(f"{calls:,} {name.removeprefix('cmdstat_')} of {usec / calls:.0f} µs"
                      for name, (calls, usec) in one["calls"].items())
    print(f"{IDLE_CONSUMERS:,} idle consumers of {one['path']}: the helper uses {one['helper']:.2%}"
          f" of a core,\n    Redis {one['redis']:.2%} and waited for one "
          f"{one['redis_waited']:.2%}; {calls}")
    if one["slow"]:
        print(f"    slowest call {slow_ms(one, 0):.2f} ms, the next {slow_ms(one, 1):.2f}, the "
              f"{USUAL_RANK}th {slow_ms(one, USUAL_RANK - 1):.2f} (what else runs can make any "
              f"call slow): {one['slow'][0]['command'][:40].decode(errors='replace')}…")
    sys.stdout.flush()


def measure_idle(fanout, plan):
    """Prints; yields the goals."""
    alone = fanout.redis_alone(min(10, plan.idle_seconds))
    print(f"Redis alone uses {alone:.2%} of a core")
    one = fanout.idle("/ws/idle", plan.idle_seconds)
    print_idle(one)
    yield "helper, idle consumers of one queue", "below 1 %", f"{one['helper']:.2%}", \
        one["helper"] < 0.01
    one = fanout.idle("/ws/idle%", plan.idle_seconds)
    print_idle(one)
    tick = one["redis"] - alone
    yield "Redis, idle consumers of many", "below 3 %", f"{tick:.2%}", tick < 0.03
    yield "its slowest call", "below 2 ms", f"{slow_ms(one, 0):.2f} ms", slow_ms(one, 0) < 2
    many = fanout.many()
    print(f"{MANY_CONSUMERS:,} consumers: connected in {many['seconds']:.1f} s, "
          f"{many['bytes']:,.0f} bytes of resident memory each\n", flush=True)
    yield f"memory, {MANY_CONSUMERS:,} consumers", "at most 4096 B", f"{many['bytes']:,.0f} B", \
        many["bytes"] <= 4096
    yield "they are connected in", "below 10 s", f"{many['seconds']:.1f} s", many["seconds"] < 10
    plain, deflating = fanout.bytes_of_one(""), fanout.bytes_of_one(DEFLATE_OFFER)
    print(f"{DEFLATING_CONSUMERS:,} consumers: {plain:,.0f} bytes each, with permessage-deflate "
          f"{deflating:,.0f}\n", flush=True)
    yield "memory more, with permessage-deflate", "at most 64 B", f"{deflating - plain:,.0f} B", \
        deflating - plain <= 64


def measure_walk(fanout):
    """Prints; yields the goals."""
    with fanout.walked():
        yield walk_goal("nothing waits", fanout.walk())
    with fanout.walked(queue_ttl=43200):
        yield walk_goal("queue_ttl, at first", fanout.walk())
        wait_for(fanout.all_are_noted, NOTED_WITHIN, 1)
        yield walk_goal("queue_ttl", fanout.walk())


def walk_goal(what, one):
    print(f"the walk over {WALKED_QUEUES:,} queues, {what}: Redis {one['redis']:.2%} of a core, "
          f"slowest calls {slow_ms(one, 0):.2f} and {slow_ms(one, 1):.2f} ms", flush=True)
    return f"Redis, the walk, {what}", "below 1 %", f"{one['redis']:.2%}", one["redis"] < 0.01


def measure(fanout, plan, parts):
    """Measures and prints; returns the goals as (text, wanted, measured, met)."""
    goals = []
    if "fanout" in parts:
        print(f"fan-out, {plan.rounds} rounds, each with everything new: deliveries a second, the "
              f"time each took, the program's CPU\n"
              f"for one, how long it waited for a core, the load's CPU; saturated: "
              f"{WINDOW[CHANNEL]} messages under way; paced: {PACE:,} deliveries/s", flush=True)
        keep_on(fanout.redis_server.process, LOAD_CORES)
        for consumers in plan.sizes:
            cases = fanout.size(consumers, plan)
            print_cases(cases)
            goals += fanout_goals(cases)
    if "idle" in parts:
        goals += measure_idle(fanout, plan)
    if "walk" in parts:
        goals += measure_walk(fanout)
    return goals
