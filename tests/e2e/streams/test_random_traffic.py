# test_random_traffic.py - everything at random and at once; what it left must add up in the end.
#
# SPDX-License-Identifier: BSD-2-Clause

import collections
import contextlib
import os
import random
import time

import pytest

import consumers
import stack as servers
from checks import push, take_all
from consumers import Closed, Silent, Websocket, Wire, frame
from helper import all_closed, memory
from reliable import NDJSON, ack, assert_sound, expire, lease_all, policy, push_batch, stats

TRANSPORTS = [Websocket, consumers.Library, consumers.Hixie76, consumers.Comet, consumers.Sse]


class Restless:
    """Consumers with explicit acks and others, on two helpers, that come and go while messages are
    pushed, the policy changes, the queue stops and starts and Redis cuts connections."""

    def __init__(self, stack, dice):
        self.stack, self.dice = stack, dice
        self.redis = stack.redis.client()
        self.workers = []
        self.watchers = []
        self.pushed = 0
        self.seen = collections.Counter()
        self.acked = set()

    def address(self):
        return self.dice.choice([helper.socket for helper in self.stack.helpers]
                                + [self.stack.ws_port, self.stack.port])

    def come(self):
        if len(self.workers) < 12:
            query = f"?ack=explicit&prefetch={self.dice.choice([1, 2, 10])}"
            worker = Websocket(self.address()).consume("foo", query)
            worker.held = []
            self.workers.append(worker)

    def go(self):
        if len(self.workers) > 1:
            worker = self.workers.pop(self.dice.randrange(len(self.workers)))
            self.dice.choice([worker.close, worker.drop])()

    def watch(self):
        if len(self.watchers) < 8:
            transport = self.dice.choice(TRANSPORTS)
            path = self.dice.choice(["/ws/other", "/sub/foo:PUBSUB", "/who/foo", "/sub/news"])
            self.watchers.append(transport(self.address()).connect(path))

    def look_away(self):
        if self.watchers:
            watcher = self.watchers.pop(self.dice.randrange(len(self.watchers)))
            self.dice.choice([watcher.close, watcher.drop])()

    def push(self):
        count = self.dice.choice([1, 1, 5, 50])
        lines = "".join(f"{number}\n" for number in range(self.pushed, self.pushed + count))
        answer = self.stack.http.post("/q/foo", lines, NDJSON)
        assert answer.status == 200, answer
        self.pushed += count
        self.redis.publish("news", os.urandom(self.dice.randrange(300)))
        push(self.stack.http, "other", "x" * self.dice.randrange(1000))

    def read(self, worker):
        with contextlib.suppress(Silent):
            while True:
                message = worker.next(0.01)
                if "lease" in message:
                    assert message["value"] not in self.acked, "acked, and here again"
                    self.seen[message["value"]] += 1
                    worker.held.append(message)
                elif "value" not in message:
                    assert message == {"event": "gap"}, message

    def work(self):
        if not self.workers:
            return
        worker = self.dice.choice(self.workers)
        self.read(worker)
        self.dice.shuffle(worker.held)
        for _ in range(self.dice.randrange(len(worker.held) + 1)):
            message = worker.held.pop()
            verb = self.dice.choice(["del"] * 8 + ["release", "extend"])
            answer = worker.command(cmd=verb, queue="foo", key=message["key"],
                                    lease=message["lease"],
                                    **({"seconds": 60} if verb == "extend" else {}))
            if answer.get("deleted"):
                self.acked.add(message["value"])
            elif verb == "extend":
                worker.held.append(message)

    def pause(self):
        for status in "stop", "start":
            self.stack.http.post("/control/foo", form={"status": status})

    def cut(self):
        self.redis.client_kill_filter(_type="pubsub", skipme=True)

    def turn(self):
        chances = {self.work: 60, self.push: 20, self.come: 6, self.go: 4, self.watch: 4,
                   self.look_away: 3, self.pause: 2, self.cut: 0.3}
        step = self.dice.choices(list(chances), list(chances.values()))[0]
        try:
            step()
        except (Closed, EOFError):      # nobody may be thrown out
            raise AssertionError("a connection was ended")

    def finish(self):
        """Works off what is left."""
        deadline = time.monotonic() + 30
        self.come()
        while stats(self.stack.http, "foo", "len", "leased", "delayed") != (0, 0, 0):
            assert time.monotonic() < deadline, stats(self.stack.http, "foo")
            for worker in self.workers:
                self.read(worker)
                while worker.held:
                    message = worker.held.pop()
                    answer = worker.command(cmd="del", queue="foo", key=message["key"],
                                            lease=message["lease"])
                    if answer.get("deleted"):
                        self.acked.add(message["value"])
        with all_closed(*self.workers, *self.watchers):
            pass


def test_restless(builddir, request):
    seed = request.config.getoption("seed") or random.randrange(1 << 30)
    print("seed", seed)
    with servers.Stack(builddir, helpers=2) as stack:
        policy(stack.http, "foo", policy="roundrobin")
        restless = Restless(stack, random.Random(int(seed)))
        end = time.monotonic() + 4
        while time.monotonic() < end:
            restless.turn()
        restless.finish()
        assert len(restless.seen) == restless.pushed
        assert len(restless.acked) == restless.pushed
        assert stats(stack.http, "foo", "acked") == (restless.pushed,)
        assert_sound(stack, builddir)


# --- Redis takes its time -----------------------------------------------------------------------

@pytest.fixture
def slow_redis(new_stack):
    """A stack whose Redis may think for a while."""
    return new_stack(conf={"redis_timeout_ms": 20000})


@contextlib.contextmanager
def all_gone_meanwhile(stack, earlier=0):
    """Redis thinks until the helper knows that all have left who came in this block, and so many of
    those who came earlier."""
    def connections():
        return len(os.listdir(f"/proc/{stack.helper.pid}/fd"))

    with stack.redis.thinking():
        before = connections()
        yield
        servers.wait_for(lambda: connections() <= before - earlier)


def test_gone_while_redis_thinks(slow_redis):
    """Messages that are taken for somebody who has left meanwhile are there again at once."""
    stack = slow_redis
    policy(stack.http, "foo", policy="roundrobin")
    push_batch(stack.http, "foo", 20)
    for goodbye in "close", "drop":
        with all_gone_meanwhile(stack):
            wires = [Wire(stack.ws_port) for _ in range(5)]
            for wire in wires:
                consumers.request(wire, "GET", "/c/foo")
            time.sleep(0.1)
            for wire in wires:
                wire.reset() if goodbye == "drop" else wire.close()
        servers.wait_for(lambda: stats(stack.http, "foo", "leased") == (0,))
    assert sorted(map(int, take_all(stack.http, "foo"))) == list(range(1, 21))


def test_all_gone_while_redis_broadcasts(slow_redis):
    """What is published for consumers who have all left is there again at once, undelivered."""
    stack = slow_redis
    redis = stack.redis.client().connection_pool.get_connection("SET")
    first = consumers.Comet(stack.ws_port).consume("foo")
    push(stack.http, "foo", "the helper knows the policy now")
    first.next()
    stack.http.post("/control/foo", form={"status": "stop"})
    push_batch(stack.http, "foo", 20)
    with all_gone_meanwhile(stack, earlier=1):
        redis.send_command("SET", "queuestat::foo", 1)      # when it goes on, and without an event
        second = consumers.Comet(stack.ws_port).consume("foo")      # this makes the helper ask
        time.sleep(0.1)
        for consumer in first, second:
            consumer.drop()
    assert redis.read_response() == b"OK"
    servers.wait_for(lambda: stats(stack.http, "foo", "len", "leased") == (20, 0))
    messages = lease_all(stack.http, "foo")
    assert [message["value"] for message in messages] == [str(n) for n in range(1, 21)]
    assert {message["deliveries"] for message in messages} == {1}


def test_long_polls_gone_while_redis_thinks(slow_redis):
    stack = slow_redis
    push_batch(stack.http, "foo", 20)
    with all_gone_meanwhile(stack):
        several = [consumers.LongPoll(stack.ws_port).connect("/w/foo?count=5") for _ in range(4)]
        time.sleep(0.1)
        for consumer in several:
            consumer.drop()
    servers.wait_for(lambda: stats(stack.http, "foo", "len", "leased") == (20, 0))


def test_commands_while_redis_thinks(slow_redis):
    """Answered in order when it has thought; a client that left does no harm."""
    stack = slow_redis
    staying, leaving = [Websocket(stack.ws_port).consume("foo") for _ in range(2)]
    with stack.redis.thinking():
        for number in range(50):
            for consumer in staying, leaving:
                consumer.send(consumers.json.dumps({"cmd": "add", "queue": "bar", "value": "x",
                                                    "id": number}))
        leaving.drop()
    assert [staying.next()["id"] for _ in range(50)] == list(range(50))
    staying.close()


# --- nothing piles up ---------------------------------------------------------------------------

def test_no_memory_is_kept(plain_memory, new_stack):
    """Consumers that come, get something and go, of every kind."""
    stack = new_stack(conf={"jsonp": "on"})
    kinds = [(transport, path) for transport in TRANSPORTS + [consumers.Hixie75, consumers.Jsonp]
             for path in ("foo", "bar/baz")]

    def round():
        for transport, queue in kinds * 4:
            consumer = transport(stack.ws_port).consume(queue)
            push(stack.http, queue, "x" * 10000)
            consumer.next()
            if consumer.has_text:
                consumer.send("y" * 10000)
                consumer.raw()
            consumer.drop()
        for path in "/sub/foo", "/who/foo", "/w/foo?wait=0":
            for _ in range(20):
                wire = Wire(stack.ws_port)
                consumers.request(wire, "GET", path)
                wire.head(time.monotonic() + 5)
                wire.close()

    round()
    before = memory(stack.helper)
    for _ in range(10):
        round()
    assert memory(stack.helper) - before < 1 << 20


def test_a_backlog_stays_in_redis(plain_memory, new_stack):
    """A hundred megabytes, and a consumer that does not read."""
    stack = new_stack()
    policy(stack.http, "foo", policy="roundrobin")
    before = memory(stack.helper)
    for _ in range(80):
        lines = ("x" * 50000 + "\n") * 20
        assert stack.http.post("/q/foo", lines, NDJSON).status == 200
    several = [transport(stack.ws_port, receive_buffer=4096).consume("foo")
               for transport in TRANSPORTS]
    with all_closed(*several):
        time.sleep(1)
        assert memory(stack.helper) - before < 24 << 20
        assert stats(stack.http, "foo", "len")[0] > 1000


# --- garbage ------------------------------------------------------------------------------------

def test_garbage_behind_a_handshake(stack, http, queue):
    """Random bytes, random frames, frames cut anywhere: nothing but an end of the connection."""
    dice = random.Random(3)
    for number in range(300):
        transport = dice.choice([Websocket, consumers.Hybi7, consumers.Hixie76, consumers.Hixie75])
        consumer = transport(stack.ws_port).consume(queue)
        data = b"".join(dice.choice([
            lambda: os.urandom(dice.randrange(100)),
            lambda: frame(dice.randrange(16), os.urandom(dice.randrange(200)),
                          fin=dice.random() < 0.7, rsv=dice.choice([0, 0, 0, 0, 4]),
                          masked=dice.random() < 0.95),
            lambda: frame(1, '{"cmd":"add","queue":"x","value":' + dice.choice(["1}", "{}", "["])),
            lambda: b"\x00" + os.urandom(dice.randrange(50)) + b"\xff",
            lambda: b"\xff\x00",
        ])() for _ in range(dice.randrange(1, 20)))
        with contextlib.suppress(OSError):
            for at in range(0, len(data), 64):
                consumer.wire.send(data[at:at + 64])
        consumer.drop()
    push(http, f"{queue}-x", "still here")
    with Websocket(stack.ws_port).consume(f"{queue}-x") as consumer:
        assert consumer.values(1) == ["still here"]


def test_garbage_on_our_channels(stack, http, redis, queue):
    """Whoever may publish in Redis can say anything."""
    dice = random.Random(4)
    several = [transport(stack.ws_port).consume(queue) for transport in TRANSPORTS]
    who = Websocket(stack.ws_port).connect(f"/who/{queue}")
    with all_closed(who, *several):
        for _ in range(500):
            channel = dice.choice([f"{queue}:PUBSUB", f"restmq:{{{queue}}}:broadcast"])
            redis.publish(channel, dice.choice([
                b"", os.urandom(dice.randrange(100)), f"{queue}:1", "x" * 200000,
                f"{queue}:1 {'0' * 32} value", f"other:1 {'0' * 32} value"]))
        push(http, queue, "after all")
        for consumer in several:
            while (message := consumer.next())["value"] != "after all":
                assert message["key"].startswith(f"{queue}:"), message
    assert stack.helper.answers()


def test_a_worker_that_lost_its_leases(stack, http, redis, queue):
    """Another one has the messages: its own acks are stale, and it can go on.  (The helper may extend the
    leases before another one asks.)"""
    policy(http, queue, policy="roundrobin")
    push_batch(http, queue, 10)
    slow = Websocket(stack.ws_port).consume(queue, "?ack=explicit&prefetch=10")
    with all_closed(slow):
        held = [slow.next() for _ in range(10)]
        answer = None
        while answer is None or answer.status == 204:
            expire(redis, queue)
            answer = http.get(f"/q/{queue}?lease=30&count=10")
        again = answer.json()
        assert [message["deliveries"] for message in again] == [2] * 10
        for message in held:
            answer = slow.command(cmd="del", queue=queue, key=message["key"],
                                  lease=message["lease"])
            assert answer["code"] == "stale_lease"
        for message in again:
            assert ack(http, message).status == 200
        push_batch(http, queue, 10)
        assert slow.values(10) == [str(n) for n in range(1, 11)]
