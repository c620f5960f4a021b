# test_cluster_streams.py - streams on a Redis Cluster: each queue, topic and channel at the master of its
# slot, which moves, fails, hangs, or is another one; whoever uses another node notices nothing of it.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import os
import signal
import threading
import time

import pytest
import redis as redis_py
from redis.crc import key_slot

import stack as servers
from consumers import Comet, LongPoll, Silent, Sse, Websocket, get

GAP = {"event": "gap"}
STEP = 0.3              # no stream of another node stands still for longer
TIMEOUT = 15

OPTIONS = ("--cluster-require-full-coverage", "no")


class Shards:
    """A cluster, a client of it, and names by the master that has them."""

    def __init__(self, replicas):
        self.cluster = servers.Cluster(replicas=replicas, options=OPTIONS)

    def begin(self):
        self.redis = self.cluster.client()
        self.made = 0

    def port_of(self, name):
        slot = key_slot(name.encode())
        return next(port for first, last, port in self.cluster.slots() if first <= slot <= last)

    def names(self, count, port=None, but=None):
        """New ones, at that master, or not at that one."""
        names = []
        while len(names) < count:
            self.made += 1
            name = f"name{self.made}"
            if port in (None, self.port_of(name)) and (but is None or self.port_of(name) != but):
                names.append(name)
        return names

    def one_each(self):
        ports = sorted({port for _, _, port in self.cluster.slots()})
        return [self.names(1, port)[0] for port in ports]

    def push(self, queue, *values):
        """As RestMQ does."""
        for value in values:
            number = self.redis.incr(f"{queue}:UUID")
            self.redis.set(f"{queue}:{number}", value)
            self.redis.lpush(f"{queue}:queue", f"{queue}:{number}")
            self.redis.publish(f"{queue}:PUBSUB", f"{queue}:{number}")

    def push_roughly(self, queue, value):
        """The same; what fails says so to nobody."""
        with contextlib.suppress(redis_py.exceptions.RedisError):
            self.push(queue, value)

    def move(self, slot, to):
        """As redis-cli --cluster reshard does with one slot."""
        start = self.begin_move(slot, to)
        self.end_move(slot, start, to)

    def begin_move(self, slot, to):
        start = next(port for first, last, port in self.cluster.slots() if first <= slot <= last)
        servers.cli(to, "CLUSTER", "SETSLOT", str(slot), "IMPORTING", servers.cli(start, "CLUSTER", "MYID"))
        servers.cli(start, "CLUSTER", "SETSLOT", str(slot), "MIGRATING", servers.cli(to, "CLUSTER", "MYID"))
        return start

    def end_move(self, slot, start, to):
        keys = servers.cli(start, "CLUSTER", "GETKEYSINSLOT", str(slot), "1000")
        if keys:
            servers.cli(start, "MIGRATE", "127.0.0.1", str(to), "", "0", "5000", "KEYS", *keys)
        node = servers.cli(to, "CLUSTER", "MYID")
        for port in (to, start, *(member.port for member in self.cluster.members)):
            with contextlib.suppress(redis_py.exceptions.RedisError):
                servers.cli(port, "CLUSTER", "SETSLOT", str(slot), "NODE", node)
        servers.wait_for(lambda: all(self.has(member.port, slot, to) for member in self.cluster.members))
        self.redis.map = []

    @staticmethod
    def has(port, slot, to):
        ranges = servers.cli(port, "CLUSTER", "SLOTS")
        if isinstance(ranges, dict):
            return any(first <= slot <= last and place["primary"][1] == to
                       for (first, last), place in ranges.items())
        return any(first <= slot <= last and master[1] == to for first, last, master, *_ in ranges)


@contextlib.contextmanager
def running(builddir, replicas, helpers=1):
    shards = Shards(replicas)
    with contextlib.ExitStack() as started:
        started.enter_context(shards.cluster)
        shards.begin()
        shards.helpers = [started.enter_context(servers.Helper(
            os.path.join(builddir, "restmq-wsd"), servers.free_port(),
            conf={"redis": shards.cluster.address, "hash_tags": "on", "redis_timeout_ms": "1000"}))
            for _ in range(helpers)]
        for helper in shards.helpers:
            servers.wait_for(helper.has_redis)
        yield shards


@pytest.fixture(scope="module")
def shared(builddir):
    """Three masters that are there whatever happens; two helpers."""
    with running(builddir, 0, helpers=2) as shards:
        yield shards


@pytest.fixture
def shards(builddir):
    """Three masters with a replica each, for tests that end one of them."""
    with running(builddir, 1) as shards:
        yield shards


@pytest.fixture
def client():
    """client(transport, helper) makes one that is not yet connected; all are closed at the end."""
    with contextlib.ExitStack() as open_ones:
        yield lambda transport, helper: open_ones.enter_context(transport(helper.socket))


@pytest.fixture
def consume(client):
    return lambda shards, queue, query="": client(Websocket, shards.helpers[0]).consume(queue, query)


def values_of(consumer, count, timeout=TIMEOUT):
    """Of so many messages; gaps are left out."""
    values = []
    deadline = time.monotonic() + timeout
    while len(values) < count:
        message = consumer.next(deadline - time.monotonic())
        if message != GAP:
            values.append(message["value"])
    return values


def expect_gap(consumer):
    assert consumer.next(TIMEOUT) == GAP


class Beat:
    """Pushes a number into each of these queues every 20 ms, and notes when a consumer gets it."""

    def __init__(self, shards, consume, queues):
        self.shards = shards
        self.queues = queues
        self.consumers = [consume(shards, queue) for queue in queues]
        self.clients = [self.client() for _ in queues]
        self.times = {queue: [time.monotonic()] for queue in queues}
        self.gaps = []
        self.is_over = False

    def client(self):
        """Which knows the map before anything happens: to ask for it is not what is measured."""
        client = Shards.__new__(Shards)
        client.cluster, client.redis = self.shards.cluster, self.shards.cluster.client()
        client.redis.masters()
        return client

    def run(self, consumer, queue, client):
        while not self.is_over:
            client.push(queue, "beat")
            try:
                message = consumer.next(5)
            except Silent:
                continue
            if message == GAP:
                self.gaps.append(queue)
            self.times[queue].append(time.monotonic())
            time.sleep(0.02)

    def __enter__(self):
        self.threads = [threading.Thread(target=self.run, args=pair)
                        for pair in zip(self.consumers, self.queues, self.clients)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        for thread in self.threads:
            thread.join()

    def longest(self):
        return max(later - earlier for times in self.times.values()
                   for earlier, later in zip(times, [*times[1:], time.monotonic()]))


# --- all nodes are there ------------------------------------------------------------------------

@pytest.mark.parametrize("transport", [Websocket, Sse, Comet])
def test_consumers(shared, client, transport):
    queues = shared.one_each()
    consumers = [client(transport, shared.helpers[0]).consume(queue) for queue in queues]
    for queue in queues:
        shared.push(queue, *"abc")
    for consumer in consumers:
        assert consumer.values(3) == ["a", "b", "c"]


def test_long_polls(shared):
    for queue in shared.one_each():
        timer = threading.Timer(0.2, shared.push, [queue, "late"])
        timer.start()
        answer = get(shared.helpers[0].socket, f"/w/{queue}?wait=5")
        timer.join()
        assert (answer.status, answer.json()["value"]) == (200, "late")


def test_a_long_poll_for_queues_of_several_nodes(shared):
    queues = shared.one_each()
    shared.push(queues[2], "there")
    answer = get(shared.helpers[0].socket, f"/w?queues={','.join(queues)}&wait=5")
    assert answer.json()["value"] == "there"


def test_all_helpers_share_the_messages(shared, client):
    """A broadcast is heard by the consumers of both, once."""
    queue, = shared.names(1)
    several = [client(Websocket, helper).consume(queue) for helper in shared.helpers]
    shared.push(queue, *"abc")
    for consumer in several:
        assert consumer.values(3) == ["a", "b", "c"]


def test_plain_channels(shared, client):
    """Over any node, to all helpers."""
    listeners = [client(Websocket, helper).connect("/sub/plain") for helper in shared.helpers]
    for number in range(100):
        listeners[number % 2].send(f"message {number}")
        for listener in listeners:
            assert listener.raw() == f"message {number}"


def test_presence(shared, client):
    for topic in shared.one_each():
        watcher = client(Websocket, shared.helpers[0]).connect(f"/who/{topic}")
        for helper in shared.helpers:
            consumer = client(Websocket, helper).consume(topic, "?name=somebody")
            assert watcher.next()["event"] == "join"
            consumer.close()
            assert watcher.next()["event"] == "leave"


# --- a slot moves -------------------------------------------------------------------------------

def another_master(shards, name):
    ports = {port for _, _, port in shards.cluster.slots()} - {shards.port_of(name)}
    return min(ports)


def test_a_slot_moves(shared, consume):
    """Whoever listens there is told of a gap, and misses nothing afterwards; others hear nothing."""
    queue, = shared.names(1)
    others = [name for name in shared.one_each() if name != queue]
    consumer, quiet = consume(shared, queue), [consume(shared, name) for name in others]
    shared.push(queue, "before")
    assert consumer.values(1) == ["before"]
    shared.move(key_slot(queue.encode()), another_master(shared, queue))
    expect_gap(consumer)
    shared.push(queue, *"abc")
    assert values_of(consumer, 3) == ["a", "b", "c"]
    for name, other in zip(others, quiet):
        shared.push(name, "x")
        assert other.values(1) == ["x"]


def test_whoever_comes_when_the_map_is_old(shared, consume):
    """Nobody here was told that the slot has moved."""
    queue, = shared.names(1)
    other, = shared.names(1, shared.port_of(queue))
    quiet = consume(shared, other)
    shared.move(key_slot(queue.encode()), another_master(shared, queue))
    consumer = consume(shared, queue)
    shared.push(queue, "a")
    assert values_of(consumer, 1) == ["a"]
    shared.push(other, "x")
    assert quiet.values(1) == ["x"]


@pytest.mark.parametrize("seconds", [0.2, 1.5])
def test_who_comes_and_goes_while_a_slot_is_in_two_halves(shared, client, seconds):
    """It is told in that order once the slot is whole again, however long that takes.  What never exists
    is missing as soon as the slot is on its way."""
    topic, = shared.names(1)
    slot, to = key_slot(topic.encode()), another_master(shared, topic)
    watcher = client(Websocket, shared.helpers[0]).connect(f"/who/{topic}")
    client(Websocket, shared.helpers[0]).consume(topic, "?name=keeper")
    assert watcher.next()["name"] == "keeper"
    start = shared.begin_move(slot, to)
    for number in range(20):
        client(Websocket, shared.helpers[0]).consume(topic, f"?name=n{number}").close()
    client(Websocket, shared.helpers[0]).consume(topic, "?name=last")
    time.sleep(seconds)
    assert watcher.is_silent(0.1)
    for port in to, start:
        servers.cli(port, "CLUSTER", "SETSLOT", str(slot), "STABLE")
    events = []
    while ("join", "last") not in events:
        message = watcher.next(TIMEOUT)
        events.append((message["event"], message["name"]))
    names = [f"n{number}" for number in range(20)] + ["last"]
    for name in names[:-1]:       # who has gone again before that could be told need not be told at all
        told = [kind for kind, other in events if other == name]
        assert told == ["join", "leave"] or (seconds > 1 and not told)
    joins = [name for kind, name in events if kind == "join"]
    assert joins == [name for name in names if name in joins]


def test_whoever_leaves_while_its_slot_moves(shared, client, consume):
    """SUNSUBSCRIBE has an error for an answer, or two answers: others notice nothing."""
    queues = shared.names(10)
    stays, = shared.names(1, shared.port_of(queues[0]))
    quiet = consume(shared, stays)
    for queue in queues:
        consumer = client(Websocket, shared.helpers[0]).consume(queue)
        slot, to = key_slot(queue.encode()), another_master(shared, queue)
        start = shared.begin_move(slot, to)
        leaving = threading.Timer(0.01, consumer.close)
        leaving.start()
        shared.end_move(slot, start, to)
        leaving.join()
        again = consume(shared, queue)
        shared.push(queue, "again")
        assert values_of(again, 1) == ["again"]
    shared.push(stays, "x")
    assert quiet.values(1) == ["x"]


def test_whoever_stays_while_its_slot_moves(shared, consume):
    """What it asked for meanwhile is not given out where nobody listens yet."""
    for queue in shared.names(10):
        consumer = consume(shared, queue)
        slot, to = key_slot(queue.encode()), another_master(shared, queue)
        start = shared.begin_move(slot, to)
        servers.cli(start, "SPUBLISH", f"{{{queue}}}:PUBSUB", f"{queue}:1")
        shared.end_move(slot, start, to)
        shared.push(queue, "again")
        assert values_of(consumer, 1) == ["again"]


# --- a master goes ------------------------------------------------------------------------------

def masters(shards):
    return sorted({port for _, _, port in shards.cluster.slots()})


def test_a_failover_by_hand(shards, consume):
    port = masters(shards)[0]
    queue, = shards.names(1, port)
    consumer = consume(shards, queue)
    replica = next(member for member in shards.cluster.members
                   if member.info("replication").get("master_port") == port)
    with Beat(shards, consume, shards.names(2, but=port)) as beat:
        servers.cli(replica.port, "CLUSTER", "FAILOVER")
        expect_gap(consumer)
        shards.push(queue, *"abc")
        assert values_of(consumer, 3) == ["a", "b", "c"]
    assert not beat.gaps
    assert beat.longest() < servers.patience(STEP)


def test_a_master_is_killed(shards, consume, client):
    """Its replica takes its place; those of other nodes do not notice."""
    port = masters(shards)[0]
    queue, = shards.names(1, port)
    consumer = consume(shards, queue)
    with Beat(shards, consume, shards.names(2, but=port)) as beat:
        shards.cluster.at(port).kill()
        time.sleep(0.1)
        assert get(shards.helpers[0].socket, f"/w/{queue}?wait=0").status == 503
        expect_gap(consumer)
        shards.push(queue, *"abc")
        assert values_of(consumer, 3) == ["a", "b", "c"]
    assert not beat.gaps
    assert beat.longest() < servers.patience(STEP)


def test_a_master_hangs(shards, consume):
    port = masters(shards)[1]
    queue, = shards.names(1, port)
    consumer = consume(shards, queue)
    with Beat(shards, consume, shards.names(2, but=port)) as beat:
        shards.cluster.at(port).kill(signal.SIGSTOP)
        try:
            expect_gap(consumer)
        finally:
            shards.cluster.at(port).kill(signal.SIGCONT)
        shards.push(queue, *"abc")
        assert values_of(consumer, 3) == ["a", "b", "c"]
    assert not beat.gaps
    assert beat.longest() < servers.patience(STEP)


def test_plain_channels_go_to_another_node(shards, client):
    """Whichever node has them, each is killed once."""
    listener = client(Websocket, shards.helpers[0]).connect("/sub/plain")
    for port in masters(shards)[:1]:
        shards.cluster.at(port).kill()
        servers.wait_for(lambda: port not in masters(shards), TIMEOUT)
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            listener.send("hello")
            with contextlib.suppress(Silent):
                if listener.raw(0.2) == "hello":
                    break
        else:
            pytest.fail("nothing is heard any more")


def test_without_a_replica(builddir, consume):
    """The queues of a node that has gone for good are refused, and only these."""
    with running(builddir, 0) as shards:
        port = masters(shards)[2]
        dead, = shards.names(1, port)
        consumer = consume(shards, dead)
        with Beat(shards, consume, shards.names(2, but=port)) as beat:
            shards.cluster.at(port).kill()
            time.sleep(2)
            assert get(shards.helpers[0].socket, f"/w/{dead}?wait=0").status == 503
        assert not beat.gaps
        assert beat.longest() < servers.patience(STEP)
        shards.cluster.at(port).start()
        expect_gap(consumer)
        shards.push(dead, "again")
        assert values_of(consumer, 1) == ["again"]
