# scale.py - what more than one machine costs: hash tags, TLS, a Redis Cluster of one, two and three masters,
# replicas, and the fan-out over sharded channels.  bench.py runs it.
#
# Here all machines are one, so rates say little; what counts is CPU time: of the responders and of
# each Redis for a request.  It is measured in short bursts of requests, at all places in turn, so that
# what else runs meets all of them; a ratio is the median over the bursts.  Of hash tags callgrind counts
# the instructions as well.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile

from redis.crc import key_slot

import fanout
from stack import Cluster, Fcgi, Http, Redis, Responders, Sentinels, fcgi_params, fcgi_request, wait_for
from tools import MESSAGE, WORKERS, Front, cpu_us, median_ratio, rotated, run_wrk, turned

PARTS = ["tags", "tls", "cluster", "wait", "sharded"]

QUEUES = 12                # of a load that is to meet all masters alike
SLOTS = 16384
BURST = 240                # requests
AT_ONCE = 16               # of these
BURSTS = {True: 40, False: 200}          # quick or not
ROUNDS = {True: 1, False: 3}             # of pushes as fast as they are answered
SECONDS = 2                # of a round
COUNTED = 500              # requests under callgrind
FANOUT_CONSUMERS = 1_000
FANOUT_ROUNDS = {True: 2, False: 8}
FANOUT_SECONDS = 2


# --- places: a Redis, or several, and who uses it ------------------------------------------------

class Place:
    """The responders of one Redis, below a prefix.  settings: theirs, beside the address."""

    def __init__(self, name, redis_server, binary, **settings):
        self.name = name
        self.redis_server = redis_server
        self.nodes = getattr(redis_server, "members", [redis_server])
        self.masters = getattr(redis_server, "masters", 1)
        self.responders = Responders(binary, workers=WORKERS, conf={
            "redis": redis_server.address, "prefix": f"/{name}", **settings})

    def queues(self, count):
        """So many names, of which each master has as many."""
        share = -(-count // self.masters)
        names = [[] for _ in range(self.masters)]
        for number in range(1000):
            name = f"bench.{number}"
            slot = key_slot(name.encode())
            names[next(master for master in range(self.masters)
                       if slot < SLOTS * (master + 1) // self.masters)].append(name)
        return [name for of_master in names for name in of_master[:share]][:count]

    def cpu_us(self):
        """Of the responders, and of each node."""
        return [cpu_us(self.responders.pids),
                *(cpu_us([node.process.pid]) for node in self.nodes)]

    def ask(self, requests):
        """All at once; each is its FastCGI records."""
        with contextlib.ExitStack() as stack:
            socks = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in requests]
            for sock, request in zip(socks, requests):
                sock.connect(self.responders.socket)
                sock.sendall(request)
            for sock in socks:
                answer = b"".join(iter(lambda: sock.recv(65536), b""))
                if b"Status: 200" not in answer:
                    raise RuntimeError(f"{self.name}: {answer}")

    def burst(self, requests):
        """CPU µs for a request, of the responders and of each node."""
        turns = [[requests[(first + number) % len(requests)] for number in range(AT_ONCE)]
                 for first in range(0, BURST, AT_ONCE)]
        before_us = self.cpu_us()
        for turn in turns:
            self.ask(turn)
        return [(now - before) / BURST for now, before in zip(self.cpu_us(), before_us)]


def records(params, body):
    """A request, as its bytes."""
    kept = Recorder()
    kept.begin()
    kept.params(params)
    kept.stdin(body)
    kept.end_of_input()
    return kept.data


class Recorder(Fcgi):
    def __init__(self):
        self.data = b""

    def send(self, data):
        self.data += data


class Case:
    """Pushes, and takes of what was pushed, at one place; and what was found."""

    def __init__(self, place, queues=1):
        self.place = place
        self.paths = [f"/{place.name}/q/{queue}" for queue in place.queues(queues)]
        self.requests = {
            "push": [records(fcgi_params("POST", path, CONTENT_TYPE="text/plain",
                                         CONTENT_LENGTH=str(len(MESSAGE))), MESSAGE)
                     for path in self.paths],
            "take": [records(fcgi_params("GET", path), b"") for path in self.paths]}
        self.bursts = {verb: [] for verb in self.requests}
        self.rates = []

    def measure(self):
        for verb, requests in self.requests.items():
            self.bursts[verb].append(self.place.burst(requests))

    def measure_rate(self, url):
        figures = run_wrk(self.place.name, url, "POST", SECONDS, *self.paths)
        self.rates.append(figures["requests"] / figures["seconds"])

    def used_us(self, verb, who):
        """CPU time for each request, burst by burst: of "responders", of "Redis", or of a node."""
        return [us[0] if who == "responders" else sum(us[1:]) if who == "Redis" else us[1 + who]
                for us in self.bursts[verb]]

    def median_us(self, verb, who):
        return statistics.median(self.used_us(verb, who))

    def ratio(self, verb, who, other):
        return median_ratio(self.used_us(verb, who), other.used_us(verb, who))


@contextlib.contextmanager
def front_of(places, started=None):
    """The URL of a web server in front of all of them; started: a Redis that runs already."""
    with contextlib.ExitStack() as stack:
        for server in {place.redis_server: None for place in places}:
            if server is not started:
                stack.enter_context(server)
        for place in places:
            stack.enter_context(place.responders)
        front = stack.enter_context(Front({f"/{place.name}/": place.responders.socket
                                           for place in places}))
        http = Http(front.port)
        for place in places:
            wait_for(lambda: http.get(f"/{place.name}/health").status == 200)
            wait_for(lambda: http.post(f"/{place.name}/q/first", form={"value": "x"}).status == 200)
        yield f"http://127.0.0.1:{front.port}"


def measure_cases(title, url, cases, quick):
    """Prints; ratios are to the first case."""
    for round in range(BURSTS[quick]):
        for case in rotated(cases, round):
            case.measure()
    for round in range(ROUNDS[quick]):
        for case in rotated(cases, round):
            case.measure_rate(url)
    print(f"{title + '; CPU µs':32}{'responders':>10}{'ratio':>7}{'Redis':>8}{'ratio':>7}{'pushes/s':>10}"
          "   each node")
    for verb in "push", "take":
        for case in cases:
            nodes = " ".join(f"{case.median_us(verb, number):.1f}" for number in range(len(case.place.nodes)))
            rate = f"{statistics.median(case.rates):,.0f}" if verb == "push" else ""
            columns = "".join(f"{case.median_us(verb, who):{width}.1f}{case.ratio(verb, who, cases[0]):7.3f}"
                              for who, width in (("responders", 10), ("Redis", 8)))
            print(f"{verb + ', ' + case.place.name:32}{columns}{rate:>10}   {nodes}")
    print(flush=True)
    return cases


def at_most(text, ratio, limit):
    return text, f"at most {limit}", f"{ratio:.3f}", ratio <= limit


# --- hash tags -----------------------------------------------------------------------------------

def callgrind(dir, command):
    return ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={dir}/profile", *command]


class CountedRedis(Redis):
    def command(self):
        return callgrind(self.dir, [*super().command(), "--hz", "1"])   # what it does by itself is not meant


class Counted:
    """A responder and a Redis under callgrind."""

    def __init__(self, stack, binary, **settings):
        self.redis_server = stack.enter_context(CountedRedis())
        self.responders = Responders(binary, workers=1, conf={
            "redis": self.redis_server.address, "redis_timeout_ms": 60000, **settings})
        self.responders.argv = callgrind(self.responders.dir, self.responders.argv)
        stack.enter_context(self.responders)
        wait_for(self.responders.is_ready)

    def ask(self, method, body=b"", count=1):
        for _ in range(count):
            answer = fcgi_request(self.responders.socket, fcgi_params(
                method, "/q/bench", CONTENT_TYPE="text/plain" if body else None), body)
            if answer is None or answer.status != 200:
                raise RuntimeError(f"{method} under callgrind: {answer}")

    def counted(self):
        """Since it was asked before: of the responder, and of Redis."""
        return [dumped(self.responders.pids[0], self.responders.dir),
                dumped(self.redis_server.process.pid, self.redis_server.dir)]

    def count(self, *request):
        """Instructions for a request."""
        self.ask(*request, count=3)
        self.counted()
        self.ask(*request, count=COUNTED)
        return [instructions / COUNTED for instructions in self.counted()]


def profiles(dir):
    return {os.path.join(dir, name) for name in os.listdir(dir) if name.startswith("profile.")}


def dumped(pid, dir):
    """Instructions since the last time."""
    before = profiles(dir)
    subprocess.run(["vgdb", f"--pid={pid}", "dump"], check=True, capture_output=True)
    [profile] = profiles(dir) - before
    with open(profile) as lines:
        return int(re.search(r"^summary: (\d+)$", lines.read(), re.MULTILINE)[1])


def count_instructions(binary):
    """Prints.  They are those of the programs, not of the system below them, so no measure of CPU time."""
    if not shutil.which("vgdb"):
        print("valgrind is missing, so no instructions are counted; on Debian: apt-get install valgrind\n")
        return
    counts = {}
    for tags in "off", "on":
        with contextlib.ExitStack() as stack:
            counted = Counted(stack, binary, hash_tags=tags)
            counts[tags] = counted.count("POST", MESSAGE), counted.count("GET")
    print(f"{'instructions, hash_tags off, on':32}{'responder':>27}{'Redis':>27}")
    for number, verb in enumerate(("push", "take")):
        columns = "".join(f"{off:10,.0f}{on:10,.0f}{on / off:7.3f}" for off, on in
                          zip(counts["off"][number], counts["on"][number]))
        print(f"{verb:32}{columns}")
    print(flush=True)


def measure_tags(binary, redis_server, quick):
    """One Redis, without and with hash tags."""
    places = [Place(f"tags-{tags}", redis_server, binary, hash_tags=tags) for tags in ("off", "on")]
    with front_of(places, redis_server) as url:
        off, on = measure_cases("hash_tags", url, [Case(place) for place in places], quick)
    count_instructions(binary)
    return [at_most(f"{verb} with hash_tags, CPU of {who}", on.ratio(verb, who, off), 1.03)
            for verb in ("push", "take") for who in ("responders", "Redis")]


def measure_tls(binary, redis_server, quick):
    """One Redis, at its TCP port and within TLS."""
    places = [Place("tcp", redis_server, binary, redis=f"127.0.0.1:{redis_server.tcp_port}"),
              Place("tls", redis_server, binary, redis=f"127.0.0.1:{redis_server.tls_port}",
                    **redis_server.tls_conf)]
    with front_of(places, redis_server) as url:
        plain, within = measure_cases("Redis within TLS", url, [Case(place) for place in places], quick)
    more_us = {verb: within.median_us(verb, "responders") - plain.median_us(verb, "responders")
               for verb in ("push", "take")}
    return [(f"{verb} within TLS, CPU of responders", "at most 20 µs more", f"{us:.1f} µs", us <= 20)
            for verb, us in more_us.items()]


def takes_cluster(program):
    """Whether it can use one at all; says so where it cannot."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write("redis = cluster://127.0.0.1:1\nhash_tags = on\n")
        conf.flush()
        done = subprocess.run([program, "--config", conf.name, "--check-config"], capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr)
    return done.returncode == 0


# --- clusters and replicas -----------------------------------------------------------------------

def measure_cluster(binary, quick):
    """A Redis of its own against one, two and three masters, and three with a replica each; of many
    queues, which meet all masters, and of one, which has one."""
    places = [Place("single", Redis(tcp=True), binary),
              *(Place(f"cluster-{masters}", Cluster(masters=masters, replicas=0), binary)
                for masters in (1, 2, 3)),
              Place("cluster-3-3", Cluster(masters=3, replicas=1), binary)]
    with front_of(places) as url:
        many = measure_cases(f"{QUEUES} queues", url, [Case(place, QUEUES) for place in places], quick)
        measure_cases("one queue", url, [Case(places[0]), Case(places[3])], quick)
    return [at_most(f"{verb} at three masters, CPU of responders", many[3].ratio(verb, "responders", many[0]),
                    1.2)
            for verb in ("push", "take")]


def measure_wait(binary, quick):
    """A master with a replica, which a push awaits or not."""
    server = Sentinels(replicas=1)
    places = [Place(f"redis_wait-{number}", server, binary, redis_wait=number) for number in (0, 1)]
    with front_of(places) as url:
        measure_cases("one replica", url, [Case(place) for place in places], quick)
    return []


# --- fan-out -------------------------------------------------------------------------------------

class Fan:
    """A helper with consumers of one path, and what the rounds found."""

    def __init__(self, name, redis_server, path, **settings):
        self.name = name
        self.redis_server = redis_server
        self.path = path
        self.settings = settings
        self.rounds = []
        self.program = self.load = None      # of this round

    def command(self, helper, address, dir):
        with open(os.path.join(dir, "restmq.conf"), "w") as conf:
            settings = {"redis": self.redis_server.address, "listen": address, **self.settings}
            conf.writelines(f"{name} = {value}\n" for name, value in settings.items())
        return [helper, "--config", conf.name]

    def start(self, stack, helper, load):
        self.program = stack.enter_context(fanout.Program(
            lambda address, dir: self.command(helper, address, dir)))
        fanout.keep_on(self.program.process, fanout.PROGRAM_CORES)
        self.load = fanout.Load(load, self.redis_server, self.program, self.path, FANOUT_CONSUMERS)
        self.load.argv += ["tags"] if self.settings.get("hash_tags") == "on" else []
        stack.enter_context(self.load)
        fanout.keep_on(self.load.process, fanout.LOAD_CORES)

    @contextlib.contextmanager
    def measuring(self):
        """Around the begin of the others: waits for the end and keeps the figures."""
        before_us = self.program.cpu_us()
        self.load.begin("saturate", FANOUT_SECONDS, 200 if self.path.startswith("/ws/") else 32)
        yield
        figures = self.load.end()
        figures["cpu_us"] = (self.program.cpu_us() - before_us) / figures["deliveries"]
        self.rounds.append(figures)

    def ratio(self, figure, other):
        return median_ratio(*([one[figure] for one in fan.rounds] for fan in (self, other)))


def fan_out(fans, helper, load):
    """A round: all consumers get what is published as fast as they read it."""
    for fan in fans:
        for node in getattr(fan.redis_server, "members", [fan.redis_server]):
            with node.client() as redis:
                redis.flushall()
    with contextlib.ExitStack() as stack:
        for fan in fans:
            fan.start(stack, helper, load)
        with contextlib.ExitStack() as measured:
            for fan in fans:
                measured.enter_context(fan.measuring())


def measure_sharded(helper, load, redis_server, quick):
    """The fan-out over plain channels, and over sharded ones, as hash tags and a cluster make them, at the
    same time."""
    groups = [[Fan(f"{path}, hash_tags {tags}", redis_server, path, hash_tags=tags) for tags in ("off", "on")]
              for path in ("/sub/bench:PUBSUB", "/ws/bench")]
    with Cluster(masters=3, replicas=0) as cluster:
        if takes_cluster(helper):
            groups[1].append(Fan("/ws/bench, cluster-3", cluster, "/ws/bench", hash_tags="on"))
        for number in range(FANOUT_ROUNDS[quick]):
            for fans in groups:
                fan_out(turned(fans, number), helper, load)
    print(f"fan-out to {FANOUT_CONSUMERS:,} consumers{'':10}{'deliveries/s':>14}{'ratio':>7}"
          f"{'CPU µs':>8}{'ratio':>7}")
    for fans in groups:
        for fan in fans:
            rate, used_us = (statistics.median(one[figure] for one in fan.rounds)
                             for figure in ("rate", "cpu_us"))
            print(f"{fan.name:39}{rate:14,.0f}{fan.ratio('rate', fans[0]):7.3f}{used_us:8.3f}"
                  f"{fan.ratio('cpu_us', fans[0]):7.3f}")
    print(flush=True)
    return [at_most(f"{fan.name}, CPU of plain", fan.ratio("cpu_us", fans[0]), 1.05)
            for fans in groups for fan in fans[1:]]


def measure(args, redis_server, parts, program):
    """Prints; returns the goals as (text, wanted, measured, met).  program(builddir, name) is the path
    of a program."""
    goals = []
    binary = program(args.builddir, "restmq.fcgi")
    if "tags" in parts:
        goals += measure_tags(binary, redis_server, args.quick)
    if "tls" in parts:
        goals += measure_tls(binary, redis_server, args.quick)
    if "cluster" in parts and takes_cluster(binary):
        goals += measure_cluster(binary, args.quick)
    if "wait" in parts:
        goals += measure_wait(binary, args.quick)
    if "sharded" in parts:
        goals += measure_sharded(program(args.builddir, "restmq-wsd"),
                                 program(args.builddir, "tests/bench/fanout-load"),
                                 redis_server, args.quick)
    return goals
