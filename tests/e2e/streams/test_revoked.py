# test_revoked.py - keys that are taken away and rules that change: what is open then ends, however
# busy it is.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import os
import signal
import time

import pytest

import stack as servers
from consumers import (
    Closed, Comet, Hixie75, Hixie76, LongPoll, Silent, Sse, Websocket, Wire, get, request)

LATEST = 30     # seconds; half a minute
ROOT, GONE, LESS = ({"X-Authkey": key} for key in ("root", "gone", "less"))
BUSY = [(transport, policy, query)
        for transport in (Websocket, Hixie76, Hixie75, Sse, Comet)
        for policy in ("roundrobin", "broadcast")
        for query in ("", "?ack=explicit")
        if not query or (transport, policy) == (Websocket, "roundrobin")]


def give(redis, headers, *queues, privs=("read", "write")):
    """The key is for these queues from now on."""
    redis.set(f"AUTHKEY:{headers['X-Authkey']}", json.dumps({"queues": queues, "privs": privs}))


def take_away(redis, headers):
    redis.delete(f"AUTHKEY:{headers['X-Authkey']}")


def push_as_root(stack, queue, body):
    answer = stack.http.post(f"/q/{queue}", body, {"Content-Type": "text/plain", **ROOT})
    assert answer.status == 200, answer


# --- streams: all of them at once, looked at when it is over ----------------------------------------

class Watched:
    """A stream with steady traffic."""

    def __init__(self, consumer):
        self.consumer = consumer
        self.count = 0
        self.ended = self.closed = None     # when, in seconds, and how

    def read(self, now):
        """All that is there; what must be acked is."""
        with contextlib.suppress(Silent):
            while not self.closed:
                try:
                    text = self.consumer.raw(0.005)
                except Closed as closed:
                    self.ended, self.closed = now, closed
                    return
                self.count += 1
                if '"lease":' in text:
                    message = json.loads(text)
                    self.consumer.send(json.dumps({
                        "cmd": "del", "queue": message["key"].partition(":")[0],
                        "key": message["key"], "lease": message["lease"]}))


class Busy:
    """Streams to which something comes four times a second, while their keys go."""

    def __init__(self, stack):
        self.stack = stack
        self.redis = stack.redis.client()
        self.streams, self.queues = {}, ["kept"]

    def open(self, name, transport, path, headers):
        self.streams[name] = Watched(transport(self.stack.ws_port).connect(path, headers))

    def begin(self):
        for headers in ROOT, GONE, LESS:
            give(self.redis, headers, "*")
        push_as_root(self.stack, "frozen", "x")
        for number, (transport, policy, query) in enumerate(BUSY):
            queue = f"busy{number}"
            self.redis.set(f"{queue}:queuepolicy", {"broadcast": 1, "roundrobin": 2}[policy])
            self.queues.append(queue)
            self.open((transport, policy, query), transport, f"{transport.route}{queue}{query}", GONE)
        self.open("a channel", Websocket, "/sub/news", GONE)
        self.open("presence", Websocket, "/who/kept", GONE)
        self.open("another queue", Sse, "/c/busy0", LESS)
        self.open("messages of any queue", Websocket, "/sub/news?deref=1", LESS)
        self.open("still allowed", Websocket, "/sub/news", LESS)
        self.open("stays", Websocket, "/ws/kept", ROOT)

    def turn(self, number):
        for queue in self.queues:
            push_as_root(self.stack, queue, f"{number}")
        self.redis.publish("news", "frozen:1")
        if number % 8 == 0:
            Websocket(self.stack.ws_port).connect("/c/kept", ROOT).close()     # presence has news

    def watch(self, seconds):
        start = time.monotonic()
        while (now := time.monotonic() - start) < seconds:
            self.turn(int(now * 4))
            for watched in self.streams.values():
                watched.read(time.monotonic() - start)
            time.sleep(max(0, start + now + 0.25 - time.monotonic()))

    def run(self):
        self.begin()
        self.watch(2)
        assert all(watched.count and not watched.closed for watched in self.streams.values())
        take_away(self.redis, GONE)
        give(self.redis, LESS, "news")
        self.watch(LATEST)


@pytest.fixture(scope="module")
def keyed(builddir):
    with servers.Stack(builddir, helpers=1, conf={"authkeys": "required"}) as stack:
        give(stack.redis.client(), ROOT, "*")
        yield stack


@pytest.fixture(scope="module")
def busy(keyed):
    busy = Busy(keyed)
    busy.run()
    yield busy
    for watched in busy.streams.values():
        watched.consumer.close()


def ended(busy, name):
    watched = busy.streams[name]
    assert watched.closed, f"it goes on: {watched.count}"
    if watched.consumer.has_close_code:
        assert watched.closed.code == 1008


@pytest.mark.parametrize("transport, policy, query", BUSY)
def test_a_busy_stream_ends(busy, transport, policy, query):
    ended(busy, (transport, policy, query))


@pytest.mark.parametrize("name", ["a channel", "presence", "another queue", "messages of any queue"])
def test_others_end(busy, name):
    ended(busy, name)


@pytest.mark.parametrize("name", ["still allowed", "stays"])
def test_who_may_stays(busy, name):
    assert not busy.streams[name].closed


# --- long-polls -------------------------------------------------------------------------------------

def answer_of(poll):
    head = poll.wire.head(time.monotonic() + 5)
    head.body = poll.wire.body(head, time.monotonic() + 5)
    return head


def in_line(stack, *polls):
    """They wait in this order; what was known of their keys is forgotten again."""
    waiting = []
    for path, headers in polls:
        waiting.append(LongPoll(stack.ws_port).connect(path, headers))
        assert waiting[-1].is_silent(0.1)
    time.sleep(1.2)
    return waiting


def test_a_long_poll_whose_key_goes(keyed):
    """The message is for the next one in line, whose key is good."""
    with contextlib.closing(keyed.redis.client()) as redis:
        one, other = {"X-Authkey": "late"}, {"X-Authkey": "later"}
        for headers in one, other:
            give(redis, headers, "late", "other")
        polls = in_line(keyed, ("/w/late?wait=30", one), ("/w?queues=other,late&wait=30", other),
                        ("/w/late?wait=30", ROOT))
        take_away(redis, one)
        give(redis, other, "other")
        time.sleep(1.2)
        push_as_root(keyed, "late", "one")
        answers = [answer_of(poll) for poll in polls]
        assert [answer.status for answer in answers] == [401, 403, 200], answers
        assert answers[0].json()["code"] == "unauthorized"
        assert answers[1].json()["code"] == "forbidden"
        assert answers[2].json()["value"] == "one"
        assert redis.llen("late:queue") == 0


@pytest.mark.parametrize("path", ["/w?queues=mine,theirs", "/w?queues=theirs,mine", "/w?queues=theirs",
                                  "/w/theirs"])
def test_a_long_poll_needs_its_key_for_each_queue(keyed, path):
    with contextlib.closing(keyed.redis.client()) as redis:
        headers = {"X-Authkey": "partial"}
        give(redis, headers, "mine")
        push_as_root(keyed, "theirs", "secret")
        answer = get(keyed.ws_port, path + ("&" if "?" in path else "?") + "wait=0", headers)
        assert (answer.status, answer.json()["code"]) == (403, "forbidden")
        assert redis.rpop("theirs:queue")


@pytest.mark.parametrize("end", ["stays", "drop", "key"])
def test_a_long_poll_while_its_key_is_looked_at(keyed, end):
    """Who goes meanwhile takes nothing, and keeps nothing from the next one in line."""
    queue, headers = f"slow-{end}", {"X-Authkey": f"slow-{end}"}
    with contextlib.closing(keyed.redis.client()) as redis:
        give(redis, headers, queue)
        polls = in_line(keyed, (f"/w/{queue}?wait=30", headers), (f"/w/{queue}?wait=30", ROOT))
        with redis.pipeline(transaction=False) as pipe:
            if end == "key":
                take_away(pipe, headers)
            pipe.set(f"{queue}:1", "x").lpush(f"{queue}:queue", f"{queue}:1")
            pipe.publish(f"{queue}:PUBSUB", f"{queue}:1")
            pipe.execute_command("CLIENT", "PAUSE", "300")
            pipe.execute()
        time.sleep(0.1)
        if end == "drop":
            polls[0].drop()
        if end == "key":
            assert answer_of(polls[0]).status == 401
        served = polls[0] if end == "stays" else polls[1]
        assert answer_of(served).json()["value"] == "x"
        servers.wait_for(lambda: not redis.exists(f"{queue}:1"))
        for poll in polls:
            poll.close()


# --- rules ------------------------------------------------------------------------------------------

@pytest.fixture
def ruled(new_stack, tmp_path):
    """A stack, and a function that changes whom its rules refuse."""
    file = str(tmp_path / "acl.conf")

    def refuse(whom):
        with open(file + ".new", "w") as new:
            for section in "rest:producer", "rest:consumer", "comet:consumer", "websocket:consumer":
                new.write(f"[{section}]\nhosts_deny = {whom}\n")
        os.rename(file + ".new", file)
        if stack:
            stack.helper.signal(signal.SIGHUP)

    stack = None
    refuse("10.0.0.0/8")
    stack = new_stack(conf={"acl": file, "hosts": "127.0.0.1"})
    servers.wait_for(lambda: get(stack.ws_port, "/w/none?wait=0").status == 204)
    return stack, refuse


def test_long_polls_are_answered_when_rules_change(ruled):
    """At once, and with 204: who comes again is judged by the new ones."""
    stack, refuse = ruled
    poll = LongPoll(stack.ws_port).connect("/w/quiet?wait=30")
    assert poll.is_silent(0.3)
    start = time.monotonic()
    refuse("all")
    assert answer_of(poll).status == 204
    assert time.monotonic() - start < servers.patience(2)
    assert get(stack.ws_port, "/w/quiet?wait=0").status == 403


@pytest.mark.parametrize("path", ["/c/foo", "/sub/foo", "/sub/foo?deref=1", "/who/foo"])
def test_streams_end_when_rules_change(ruled, path):
    stack, refuse = ruled
    others = [transport(stack.ws_port).connect(path) for transport in (Hixie76, Hixie75, Sse, Comet)]
    websocket = Websocket(stack.ws_port).connect(path)
    refuse("10.0.0.0/7")
    assert websocket.end().code == 1012
    for stream in others:
        stream.end()


def test_streams_end_when_keys_become_required(new_stack):
    stack = new_stack()
    websocket, comet = (transport(stack.ws_port).connect("/sub/foo") for transport in (Websocket, Comet))
    stack.configure(authkeys="required")
    stack.helper.signal(signal.SIGHUP)
    assert websocket.end(5).code == 1012
    comet.end(5)


def test_a_handshake_that_is_not_complete_when_rules_change(ruled):
    """The eight bytes of hixie-76 make no stream of it any more."""
    stack, refuse = ruled
    wire = Wire(stack.ws_port)
    request(wire, "GET", "/ws/foo", "Upgrade: WebSocket", "Connection: Upgrade",
            f"Origin: http://{wire.host}", "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5",
            "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00")
    assert wire.head(time.monotonic() + 5).status == 101
    refuse("all")
    servers.wait_for(lambda: get(stack.ws_port, "/w/none?wait=0").status == 403)
    with contextlib.suppress(OSError):
        wire.send(b"12345678")
    assert wire.ends()


@pytest.mark.parametrize("cmd", ["del", "release", "extend"])
def test_a_command_whose_key_is_looked_at_when_rules_change(ruled, cmd):
    """Nobody is there for its answer, which hurts nobody."""
    stack, refuse = ruled
    with contextlib.closing(stack.redis.client()) as redis:
        give(redis, ROOT, "*")
        redis.set("foo:queuepolicy", 2)
        stack.configure(authkeys="required")
        stack.helper.signal(signal.SIGHUP)
        servers.wait_for(lambda: get(stack.ws_port, "/w/none?wait=0").status == 401)
        consumer = Websocket(stack.ws_port).connect("/ws/foo?ack=explicit", ROOT)
        time.sleep(1.2)      # what was known of the key is forgotten
        more = {"seconds": 5} if cmd == "extend" else {}
        with stack.redis.thinking():
            consumer.send(json.dumps({"cmd": cmd, "queue": "foo", "key": "foo:1", "lease": "x", **more}))
            time.sleep(0.1)
            refuse("10.0.0.0/7")
            assert consumer.end().code == 1012
        assert redis.ping()
    with Websocket(stack.ws_port).connect("/ws/foo?ack=explicit", ROOT) as other:
        assert other.command(cmd="len", queue="foo") == {"queue": "foo", "len": 0}
    assert stack.helper.process.poll() is None
