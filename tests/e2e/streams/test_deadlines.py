# test_deadlines.py - what takes time: deadlines, keep-alives, a helper that is dead.  All of it is
# begun at once and looked at when it is over.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import selectors
import socket
import time

import pytest

import consumers
import stack as servers
from checks import push
from consumers import Comet, Hixie76, Sse, Websocket, Wire
from reliable import policy, stats

SECONDS = 38


class Watched:
    """A connection on which only the clock is of interest."""

    def __init__(self, wire):
        self.wire = wire
        self.start = time.monotonic()
        self.bytes = bytearray(wire.data)
        self.arrivals = []       # (seconds, bytes)
        self.ended = None        # seconds

    def read(self):
        try:
            data = self.wire.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        now = time.monotonic() - self.start
        if data:
            self.bytes += data
            self.arrivals.append((now, data))
        else:
            self.ended = now
        return bool(data)


class Silence:
    """Two helpers, and peers that say nothing (or not enough) to the first."""

    def __init__(self, builddir):
        self.stack = servers.Stack(builddir, helpers=2)
        self.selector = selectors.DefaultSelector()
        self.watched = {}
        self.trickles = []

    def watch(self, name, wire):
        self.watched[name] = Watched(wire)
        wire.sock.setblocking(False)
        self.selector.register(wire.sock, selectors.EVENT_READ, self.watched[name])

    def connect(self, name, consumer, path):
        consumer.connect(path)
        self.watch(name, consumer.wire)

    def trickle(self, name, head):
        """A head that comes a byte a second."""
        wire = Wire(self.stack.helper.socket)
        self.watch(name, wire)
        self.trickles.append((wire, iter(head)))

    def begin(self):
        http, address = self.stack.http, self.stack.helper.socket
        for queue in "shared", "held", "quiet":
            policy(http, queue, policy="roundrobin")
        push(http, "shared", "a")
        push(http, "held", "a")
        self.connect("no pongs", Websocket(address), "/ws/idle")
        self.connect("no pongs on a message", Websocket(address), "/ws/shared")
        self.held = Websocket(address).consume("held", "?ack=explicit")
        self.message = self.held.next()
        self.waiting = Websocket(address).consume("held", "?ack=explicit")
        self.quiet = Websocket(address).consume("quiet")
        self.connect("sse", Sse(address), "/c/idle")
        self.connect("comet", Comet(address), "/c/idle")
        self.connect("jsonless", Comet(address), "/sub/idle")
        self.connect("hixie-76", Hixie76(address), "/ws/idle")
        self.watch("nothing", Wire(address))
        silent = Wire(address)
        silent.send(b"GET /ws/foo HTTP/1.1\r\nHost: localhost\r\n")
        self.watch("half a head", silent)
        self.trickle("slowloris", b"GET /ws/foo HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100)
        hixie = Wire(address)
        consumers.request(hixie, "GET", "/ws/idle", "Upgrade: WebSocket", "Connection: Upgrade",
                          *consumers.lines_of(hixie.forwarded),
                          "Origin: http://localhost", "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5",
                          "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00")
        hixie.send(b"1234567")
        self.watch("seven of eight bytes", hixie)
        # Presence: somebody on the helper that will be killed, seen through the other one.
        self.watcher = Websocket(address).connect("/who/crowd")
        self.lost = [Websocket(self.stack.helpers[1].socket).connect(f"/ws/crowd?name=n{number}")
                     for number in range(5)]
        self.joined = [self.watcher.next() for _ in self.lost]
        self.stack.helpers[1].kill()
        self.killed = time.monotonic()

    def wait(self):
        end = time.monotonic() + SECONDS
        self.leaves = []
        beat = 0
        while time.monotonic() < end:
            for key, _ in self.selector.select(0.2):
                if not key.data.read():
                    self.selector.unregister(key.fileobj)
            if time.monotonic() > beat:
                beat = time.monotonic() + 1
                self.turn()

    def turn(self):
        """Once a second: well-behaved clients answer pings, slow ones send a byte."""
        for consumer in self.held, self.quiet, self.waiting:
            assert consumer.is_silent(0.01), consumer.aside
        with contextlib.suppress(consumers.Silent):
            while True:
                self.leaves.append((time.monotonic() - self.killed, self.watcher.next(0.01)))
        for wire, rest in self.trickles:
            with contextlib.suppress(OSError, StopIteration):
                wire.sock.send(bytes([next(rest)]))


@pytest.fixture(scope="module")
def silence(builddir):
    silence = Silence(builddir)
    with silence.stack:
        silence.begin()
        silence.wait()
        yield silence
        for watched in silence.watched.values():
            watched.wire.close()


def ended(silence, name, low, high):
    watched = silence.watched[name]
    assert watched.ended is not None and low <= watched.ended <= high, watched.ended
    return bytes(watched.bytes)


@pytest.mark.parametrize("name", ["nothing", "half a head", "slowloris", "seven of eight bytes"])
def test_a_head_that_does_not_come(silence, name):
    """Ten seconds in all, however busy the peer looks."""
    ended(silence, name, 8, 13)


def test_a_websocket_without_pongs(silence):
    """A ping after 25 seconds, the end ten seconds later."""
    data = ended(silence, "no pongs", 33, 38)
    assert data[0] == 0x89
    first, _ = silence.watched["no pongs"].arrivals[0]
    assert 23 <= first <= 27


def test_a_message_that_is_not_acked_by_pong(silence):
    """The end comes ten seconds after the ping that follows it; the message is there again."""
    data = ended(silence, "no pongs on a message", 8, 13)
    assert b'"key":"shared:1"' in data
    assert stats(silence.stack.http, "shared", "len", "leased") == (1, 0)


def test_a_websocket_that_pongs_stays(silence):
    assert silence.quiet.pings >= 1
    silence.quiet.send("hello")
    assert silence.quiet.raw() == "hello"


def test_a_lease_is_kept_alive(silence):
    """30 seconds are over, and the message is still that of the consumer who holds it; its token is
    the same."""
    assert stats(silence.stack.http, "held", "len", "leased") == (0, 1)
    silence.held.ack(silence.message)


def test_comments_of_sse(silence):
    """Every 15 seconds."""
    watched = silence.watched["sse"]
    assert watched.ended is None
    comments = [when for when, data in watched.arrivals if when > 1]
    assert len(comments) == 2, watched.arrivals
    for when, due in zip(comments, (15, 30)):
        assert abs(when - due) < servers.patience(2)
    assert b"\n:" in bytes(watched.bytes) or b":" == bytes(watched.bytes[:1])


@pytest.mark.parametrize("name", ["comet", "jsonless", "hixie-76"])
def test_others_stay(silence, name):
    assert silence.watched[name].ended is None


def test_consumers_of_a_killed_helper_leave(silence):
    """Within 30 seconds, each once, announced to whoever watches."""
    assert [row["event"] for _, row in silence.leaves] == ["leave"] * 5
    assert sorted(row["name"] for _, row in silence.leaves) == [f"n{n}" for n in range(5)]
    assert {row["id"] for _, row in silence.leaves} == {row["id"] for row in silence.joined}
    assert max(when for when, _ in silence.leaves) < 31
    assert silence.stack.http.get("/presence/crowd").json() == []
    assert "crowd" not in json.loads(silence.stack.http.get("/presence").body)["topics"]


def test_sockets_of_the_killed_helper(silence):
    for consumer in silence.lost:
        assert isinstance(consumer.wire.sock, socket.socket)
        assert consumer.wire.ends(0.5)
