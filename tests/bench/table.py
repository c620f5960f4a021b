# table.py - what the table of all queues costs where there are many: a filter keystroke and a refresh of it, at
# restmq.fcgi and at the own address of restmq-wsd; the numbers of all queues by /stats, as it was before; and what
# samples of idle queues cost Redis, one and a cluster.  bench.py runs it.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import random
import re
import statistics
import time

import redis as redis_py
from redis.crc import key_slot

from samples import write_history
from stack import Cluster, Helper, Http, Responders, fcgi_params, fcgi_request, free_port, wait_for
from tools import MESSAGE, cpu_us

PARTS = ["table", "sampling"]

QUEUES = 10_000
BUSY = 200                 # of these have a full history, and stand on the first pages
TIMES = {True: 15, False: 60}
SECONDS = {True: 20, False: 60}          # of sampling, whole rounds
INDEX_WITHIN = 300
SETTLED_AFTER = 60         # seconds: some rounds in which nothing changes
SLOTS = 16384

PAGE = "offset=0&limit=50"
KEYSTROKES = ["match=o", "match=or", "match=orders.12", "match=*7?", "min=ready:3", "min=ready:1,oldest_s:0&match=9"]
REFRESHES = ["sort=name&order=asc", "sort=ready&order=desc"]


def queue_keys(queue, pipe, at, tags=False):
    """Three messages, and two that were taken, or acked."""
    name = f"{{{queue}}}" if tags else queue
    pipe.set(f"{name}:UUID", 5)
    pipe.set(f"queuestat::{name}", 1)
    for message in 3, 4, 5:
        pipe.set(f"{name}:{message}", MESSAGE)
        pipe.lpush(f"{name}:queue", f"{name}:{message}")
    if at % 2:
        pipe.hset(f"restmq:{{{queue}}}:stats", "acked", 2)
    if tags:
        pipe.sadd(f"restmq:{{{queue}}}:names", queue)


def fill(redis):
    """Idle queues with messages, some of which were acked."""
    redis.flushdb()
    pipe = redis.pipeline(transaction=False)
    for at in range(QUEUES):
        pipe.sadd("QUEUESET", name_of(at))
        queue_keys(name_of(at), pipe, at)
        if at % 500 == 499:
            pipe.execute()


def fill_cluster(cluster):
    """The same, each queue where its slot is."""
    with contextlib.ExitStack() as stack:
        masters = [stack.enter_context(redis_py.Redis(port=member.port)) for member in cluster.members]
        for master in masters:
            master.flushall()
        pipes = [master.pipeline(transaction=False) for master in masters]
        for at in range(QUEUES):
            slot = key_slot(name_of(at).encode())
            queue_keys(name_of(at), pipes[slot_owner(slot, len(masters))], at, tags=True)
        owner = slot_owner(key_slot(b"QUEUESET"), len(masters))
        for at in range(QUEUES):
            pipes[owner].sadd("QUEUESET", name_of(at))
        for pipe in pipes:
            pipe.execute()


def slot_owner(slot, masters):
    """As Cluster.deal_slots() has it."""
    return next(number for number in range(masters) if slot < SLOTS * (number + 1) // masters)


def name_of(at):
    return f"orders.{at:05}"


def add_histories(redis):
    """As after a busy day, of the queues that the pages show first."""
    now = time.time() // 10 * 10
    chance = random.Random(1)
    for at in range(BUSY):
        samples, pushed = [], 0
        for seconds in range(8640, -1, -10):
            pushed += chance.randrange(100_000)
            samples.append((now - seconds, {"pushed": pushed, "taken": pushed - chance.randrange(1000),
                                            "leased": chance.randrange(1000)}))
        write_history(redis, name_of(at), samples)


def helper_of(redis_server, program, **settings):
    return Helper(program, free_port(), conf={"redis": redis_server.address, **settings})


def index_is_whole(redis):
    chunks = redis.hget("restmq:index", "chunks")
    return chunks and int(chunks) * 64 >= QUEUES


# --- the table ---------------------------------------------------------------------------------------------

class Way:
    """Requests to one program; how long they take and what they cost it and Redis."""

    def __init__(self, name, ask, pids, redis_pid):
        self.name, self.ask, self.pids, self.redis_pid = name, ask, pids, redis_pid

    def measure(self, paths, times):
        """Of one path after the other: (ms each took, CPU ms of the program for one, of Redis)."""
        took = []
        before = cpu_us(self.pids), cpu_us([self.redis_pid])
        for number in range(times):
            began = time.monotonic()
            self.ask(paths[number % len(paths)])
            took.append(1e3 * (time.monotonic() - began))
        after = cpu_us(self.pids), cpu_us([self.redis_pid])
        return (took, *((now - then) / 1e3 / times for now, then in zip(after, before)))

    def all_of_stats(self):
        """The numbers of all queues, page by page."""
        path = "/stats?limit=1000"
        while path:
            following = re.match(r"<([^>]*)>", self.ask(path).headers.get("Link") or "")
            path = following and "/stats" + following[1]


def responders_ask(socket):
    def ask(path):
        answer = fcgi_request(socket, fcgi_params("GET", path, HTTP_ACCEPT="application/json"))
        if answer is None or answer.status != 200:
            raise RuntimeError(f"{path}: {answer}")
        return answer
    return ask


def helper_ask(port):
    http = Http(port)

    def ask(path):
        answer = http.get(path)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return answer
    return ask


def all_before(way):
    """CPU ms of the program and of Redis for the numbers of all queues, and how long that took."""
    began, before = time.monotonic(), (cpu_us(way.pids), cpu_us([way.redis_pid]))
    way.all_of_stats()
    passed = 1e3 * (time.monotonic() - began)
    return ((cpu_us(way.pids) - before[0]) / 1e3, (cpu_us([way.redis_pid]) - before[1]) / 1e3, passed)


def measure_way(way, times):
    """Prints; yields the goals."""
    took, ours, redis_ms = way.measure([f"/queues?{one}&{PAGE}" for one in KEYSTROKES], times)
    worst = sorted(took)[int(0.95 * (len(took) - 1))]
    print(f"a keystroke, {way.name:14}{statistics.median(took):8.1f} ms, p95 {worst:.1f}; CPU {ours:.1f} ms, "
          f"of Redis {redis_ms:.1f}")
    yield f"keystroke, {way.name}, p95", "below 100 ms", f"{worst:.1f} ms", worst < 100
    took, ours, redis_ms = way.measure([f"/queues?{one}&{PAGE}" for one in REFRESHES], times)
    print(f"a refresh, {way.name:16}{statistics.median(took):8.1f} ms; CPU {ours:.1f} ms, of Redis {redis_ms:.1f}")
    total = ours + redis_ms
    yield f"refresh, {way.name}, CPU with Redis", "below 20 ms", f"{total:.1f} ms", total < 20
    ours, redis_ms, took = all_before(way)
    print(f"all of /stats, {way.name:12}{took:8.1f} ms; CPU {ours:.1f} ms, of Redis {redis_ms:.1f}", flush=True)


def measure_table(redis_server, restmq, helper_program, quick):
    conf = {"redis": redis_server.address}
    goals = []
    with contextlib.ExitStack() as servers:
        redis = servers.enter_context(redis_server.client())
        fill(redis)
        responders = servers.enter_context(Responders(restmq, workers=1, conf=conf))
        helper = servers.enter_context(helper_of(redis_server, helper_program))
        wait_for(responders.is_ready)
        wait_for(lambda: index_is_whole(redis), INDEX_WITHIN, 1)
        add_histories(redis)
        print(f"the table of {QUEUES:,} queues, {PAGE}")
        pid = redis_server.process.pid
        for way in (Way("restmq.fcgi", responders_ask(responders.socket), responders.pids, pid),
                    Way("restmq-wsd", helper_ask(helper.port), [helper.pid], pid)):
            goals += measure_way(way, TIMES[quick])
    print(flush=True)
    return goals


# --- samples -----------------------------------------------------------------------------------------------

def used(nodes, seconds):
    """Shares of a core, of all nodes together."""
    pids = [node.process.pid for node in nodes]
    before, began = cpu_us(pids), time.monotonic()
    time.sleep(seconds)
    return (cpu_us(pids) - before) / 1e6 / (time.monotonic() - began)


def share_of(redis_server, nodes, helper_program, seconds, **settings):
    with redis_server.client() as redis, helper_of(redis_server, helper_program, **settings):
        wait_for(lambda: redis.exists("restmq:walker"), 20)
        if settings.get("history") != "off":
            wait_for(lambda: index_is_whole(redis), INDEX_WITHIN, 1)
        time.sleep(SETTLED_AFTER)
        return used(nodes, seconds)


def measure_samples(name, limit, redis_server, helper_program, seconds, **settings):
    """Prints; returns the goal."""
    nodes = getattr(redis_server, "members", [redis_server])
    shares = {}
    for history in "off", "on":
        if len(nodes) > 1:
            fill_cluster(redis_server)
        else:
            with redis_server.client() as redis:
                fill(redis)
        shares[history] = share_of(redis_server, nodes, helper_program, seconds, history=history, **settings)
    more = shares["on"] - shares["off"]
    print(f"{QUEUES:,} idle queues, {name}: {shares['on']:.2%} of a core with samples, {shares['off']:.2%} without",
          flush=True)
    return f"{name}, samples of idle queues", f"below {limit:.0%}", f"{more:.2%}", more < limit


def measure(redis_server, restmq, helper_program, parts, quick):
    """Prints; returns the goals as (text, wanted, measured, met)."""
    goals = []
    if "table" in parts:
        goals += measure_table(redis_server, restmq, helper_program, quick)
    if "sampling" in parts:
        goals.append(measure_samples("Redis", 0.01, redis_server, helper_program, SECONDS[quick]))
        with Cluster(masters=3, replicas=0) as cluster:
            goals.append(measure_samples("three masters", 0.03, cluster, helper_program, SECONDS[quick], hash_tags="on"))
    return goals
