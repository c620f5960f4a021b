# test_helper_trouble.py - slow consumers, bad heads, no more files, Redis gone and back, signals.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import os
import resource
import signal
import socket
import threading
import time

import pytest

import consumers
import stack as servers
from checks import push, take_all
from consumers import Comet, Hixie76, Library, LongPoll, Sse, Websocket, Wire, get, request
from helper import all_closed, memory
from reliable import expire, policy, push_batch, stats

EVERYBODY = [Websocket, Library, Hixie76, consumers.Hixie75, Comet, Sse]


# --- slow consumers -----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def narrow(builddir):
    """A stack whose helper keeps 64 KiB for a consumer that does not read."""
    with servers.Stack(builddir, helpers=1, conf={"max_outbox": 65536}) as stack:
        yield stack


@pytest.mark.parametrize("path", ["/ws/", "/sub/"])
@pytest.mark.parametrize("transport", [Websocket, Hixie76, Comet, Sse])
def test_who_does_not_read_is_cut_off(narrow, queue, path, transport):
    """A broadcast or pub/sub consumer; the others get everything."""
    redis = narrow.redis.client()
    slow = transport(narrow.ws_port, receive_buffer=4096).connect(path + queue)
    quick = Websocket(narrow.ws_port).connect(path + queue)
    with all_closed(slow, quick):
        for number in range(200):
            text = b"%4d" % number + b"x" * 60000
            if path == "/sub/":
                redis.publish(queue, text)
            else:
                push(narrow.http, queue, text)
            message = quick.raw()
            assert f"{number:4}xxx" in message
        end = slow.end(10)
        assert end.code in ((1013, 1006) if slow.has_close_code else (None, 1006))
        push(narrow.http, f"{queue}-2", "a")
        assert narrow.helper.answers()


def test_one_entry_may_always_be_in_it(narrow, queue):
    """A message larger than the whole outbox reaches whoever reads."""
    consumer = Websocket(narrow.ws_port).connect(f"/ws/{queue}")
    with all_closed(consumer):
        for _ in range(5):
            push(narrow.http, queue, "x" * 1000000)
            assert len(consumer.next()["value"]) == 1000000


def test_who_asks_and_does_not_read(plain_memory, narrow, queue):
    """Echoes and answers count like messages; the helper's memory does not grow with them."""
    consumer = Websocket(narrow.ws_port, receive_buffer=4096).connect(f"/ws/{queue}")
    before = memory(narrow.helper)
    consumer.wire.sock.settimeout(1)
    sent = consumers.frame(consumers.TEXT, b"x" * 60000)
    with all_closed(consumer), contextlib.suppress(OSError):
        for _ in range(500):
            consumer.wire.sock.sendall(sent)
        for _ in range(500):
            consumer.wire.sock.sendall(consumers.frame(consumers.PING, b"x" * 125) * 1000)
    assert memory(narrow.helper) - before < 16 << 20
    assert narrow.helper.answers()


# --- heads --------------------------------------------------------------------------------------

def answer_to(stack, data):
    """The status of the answer to these bytes, None where the connection just ends."""
    wire = Wire(stack.ws_port)
    try:
        with contextlib.suppress(OSError):
            wire.send(data)
        return wire.head(time.monotonic() + 5).status
    except EOFError:
        return None
    finally:
        wire.close()


HOST = b"GET /c/foo HTTP/1.1\r\nHost: localhost\r\n"
BAD_HEADS = {
    "over 1 MiB": (HOST + b"X: " + b"y" * (1 << 20) + b"\r\n\r\n", (400, 431, None)),
    "over 1 MiB and no end": (HOST + b"X: " + b"y" * (2 << 20), (400, 431, None)),
    "over 8192 fields": (HOST + b"X: y\r\n" * 8192 + b"\r\n", (400, 431)),
    "a long target": (b"GET /c/" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 414, 431)),
    "folded": (HOST + b"X: a\r\n b\r\n\r\n", (400,)),
    "bare line feeds": (b"GET /c/foo HTTP/1.1\nHost: localhost\n\n", (400,)),
    "a zero byte": (HOST + b"X: a\0b\r\n\r\n", (400,)),
    "a space before the colon": (HOST + b"X : a\r\n\r\n", (400,)),
    "no colon": (HOST + b"X\r\n\r\n", (400,)),
    "an empty name": (HOST + b": a\r\n\r\n", (400,)),
    "two hosts": (HOST + b"Host: y\r\n\r\n", (400,)),
    "no host": (b"GET /c/foo HTTP/1.1\r\n\r\n", (400,)),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    "HTTP/0.9": (b"GET /c/foo\r\n\r\n", (400,)),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 3, (400, None)),
    "garbage": (bytes(range(256)) * 40, (400, 431, None)),
    "empty lines": (b"\r\n" * 10000, (400, 431, None)),
    "chunked and a length": (b"POST /c/foo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
                             b"Transfer-Encoding: chunked\r\n\r\n", (400, 405)),
    "two lengths": (HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", (400,)),
}


@pytest.mark.parametrize("name", BAD_HEADS)
def test_bad_heads(stack, name):
    data, allowed = BAD_HEADS[name]
    assert answer_to(stack, data) in allowed


@pytest.mark.parametrize("fields", [
    {"Cookie": "a" * 4000}, {"Cookie": "a" * 8100}, {"Cookie": "a" * 9000},
    {f"X{number}": "y" for number in range(70)}, {f"X{number}": "y" for number in range(95)},
    {f"X{number}": "y" for number in range(2000)}, {f"X{number}": "y" * 7900 for number in range(3)},
    {f"X{number}": "y" * 7900 for number in range(90)}],
    ids=lambda fields: f"{len(fields)} of {len(next(iter(fields.values())))}")
def test_large_heads(stack, queue, fields):
    """A stream is served with whatever head the web server passes on to a responder."""
    statuses = []
    for path in f"/q/{queue}", f"/w/{queue}?wait=0":
        http = servers.Http(stack.port)
        statuses.append(http.get(path, fields).status)
        http.close()
    assert statuses[0] in (204, 400, 431) and statuses[1] == statuses[0]


def test_a_large_head_past_the_web_server(stack, queue):
    fields = [f"X{number}: {'y' * 8000}" for number in range(100)]
    with contextlib.closing(Wire(stack.ws_port)) as wire:
        request(wire, "GET", f"/c/{queue}", *fields)
        assert wire.head(time.monotonic() + 5).status == 200


def test_heads_that_are_not_complete_count(new_stack):
    """All together within max_memory: the oldest are closed."""
    stack = new_stack(conf={"max_memory": 16 << 20})
    before = memory(stack.helper)
    with contextlib.ExitStack() as opened:
        for _ in range(100):
            sock = opened.enter_context(socket.create_connection(("127.0.0.1", stack.ws_port), 10))
            with contextlib.suppress(OSError):
                sock.sendall(HOST + b"X: " + b"y" * 900000)
        assert stack.helper.answers()
        assert memory(stack.helper) - before < 48 << 20
        assert can_consume(stack)


@pytest.mark.parametrize("transport", [Comet, Sse])
def test_bytes_behind_the_request_of_a_stream(stack, http, queue, transport):
    """Another request, or anything: not looked at, and the stream goes on."""
    consumer = transport(stack.ws_port).consume(queue)
    with all_closed(consumer):
        with contextlib.suppress(OSError):
            for _ in range(5):
                consumer.wire.send(b"GET /c/other HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"x" * 100)
        push(http, queue, "a")
        try:
            assert consumer.values(1) == ["a"]
        except consumers.Closed:
            pass      # or the connection was ended, which is as good
    assert stack.helper.answers()


def test_two_requests_at_once(stack, queue):
    """The second is answered, or the connection ends behind the first answer."""
    wire = Wire(stack.ws_port)
    wire.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
    deadline = time.monotonic() + 5
    head = wire.head(deadline)
    assert head.status == 200
    wire.body(head, deadline)
    try:
        assert wire.head(deadline).status == 200
    except EOFError:
        assert "close" in head.get("Connection").lower()


def test_gone_before_the_answer(stack):
    """A thousand clients that hang up at once."""
    for number in range(1000):
        wire = Wire(stack.ws_port)
        wire.send(HOST + (b"\r\n" if number % 2 else b""))
        (wire.reset if number % 3 else wire.close)()
    assert stack.helper.answers()
    push(stack.http, "foo", "a")
    servers.wait_for(lambda: stats(stack.http, "foo", "leased") == (0,))


# --- files --------------------------------------------------------------------------------------

def test_no_more_files(new_stack):
    """A helper that may open nothing more goes on with those it has, and accepts again later."""
    stack = new_stack(files=64)
    held = []
    with contextlib.ExitStack() as open_ones:
        for number in range(100):
            consumer = open_ones.enter_context(Websocket(stack.ws_port))
            try:
                consumer.consume("foo")
            except (consumers.Refused, consumers.Silent, EOFError, OSError):
                break
            held.append(consumer)
        else:
            pytest.fail("no limit")
        assert 30 <= len(held) < 64
        push(stack.http, "foo", "a")
        for consumer in held:
            assert consumer.values(1) == ["a"]
        busy = cpu_seconds(stack.helper)
        waiting = [open_ones.enter_context(contextlib.closing(Wire(stack.ws_port)))
                   for _ in range(20)]
        time.sleep(1)
        assert cpu_seconds(stack.helper) - busy < 0.3, "it spins"
        for wire in waiting:
            wire.close()
        for consumer in held[:20]:
            consumer.close()
        servers.wait_for(lambda: can_consume(stack), step=0.2)
        push(stack.http, "foo", "b")
        for consumer in held[20:]:
            assert consumer.values(1) == ["b"]


def half_heads(opened, stack, count, source="127.0.0.1"):
    """So many requests that are not complete, from that address of this machine; those that were
    closed meanwhile do not matter."""
    for _ in range(count):
        with contextlib.suppress(OSError):
            sock = opened.enter_context(socket.create_connection(
                ("127.0.0.1", stack.ws_port), 10, source_address=(source, 0)))
            sock.sendall(b"GET /c/foo HTTP/1.1\r\n")


# With "unix" alone loopback addresses are like any others.
@pytest.mark.parametrize("proxies", ["unix", "loopback unix"])
def test_half_heads_keep_nobody_out(new_stack, proxies):
    stack = new_stack(files=256, conf={"trusted_proxies": proxies})
    assert "max_consumers is 50000, but" in stack.helper.log_text()
    with contextlib.ExitStack() as opened:
        held = [opened.enter_context(Websocket(stack.ws_port)).consume("foo") for _ in range(20)]
        for number in range(1, 4):
            half_heads(opened, stack, 200, f"127.0.0.{number}")
            assert can_consume(stack)
        push(stack.http, "foo", "a")
        for consumer in held:
            assert consumer.values(1) == ["a"]
    assert len(stack.helper.log_text().splitlines()) < 50


def test_half_heads_of_one_address(new_stack):
    """They make room for each other, not the others for them."""
    stack = new_stack(files=256, conf={"trusted_proxies": "unix"})
    with contextlib.ExitStack() as opened:
        slow = opened.enter_context(socket.create_connection(
            ("127.0.0.1", stack.ws_port), 10, source_address=("127.0.0.9", 0)))
        slow.sendall(b"GET /w/foo?wait=0 HTTP/1.1\r\nHost: localhost\r\n")
        assert stack.helper.answers()
        half_heads(opened, stack, 400)
        slow.sendall(b"\r\n")
        assert slow.recv(12) == b"HTTP/1.1 204"


def test_refused_ones_keep_nobody_out(new_stack):
    """Their connections stay open for a while if they do not close them."""
    stack = new_stack(files=128)
    with contextlib.ExitStack() as opened:
        for _ in range(150):
            sock = opened.enter_context(socket.create_connection(("127.0.0.1", stack.ws_port), 10))
            with contextlib.suppress(OSError):
                sock.sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert can_consume(stack)


def test_not_one_file_left(new_stack):
    """Not even to turn a connection away: it waits, and nothing spins."""
    stack = new_stack()
    with contextlib.closing(Websocket(stack.ws_port).consume("foo")) as held:
        limits = resource.prlimit(stack.helper.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(stack.helper.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        with contextlib.closing(Wire(stack.ws_port)):
            busy = cpu_seconds(stack.helper)
            time.sleep(1)
            assert cpu_seconds(stack.helper) - busy < 0.3, "it spins"
            resource.prlimit(stack.helper.pid, resource.RLIMIT_NOFILE, limits)
            servers.wait_for(lambda: can_consume(stack), step=0.1)
        push(stack.http, "foo", "a")
        assert held.values(1) == ["a"]
    assert len(stack.helper.log_text().splitlines()) < 50


def can_consume(stack):
    try:
        with Websocket(stack.ws_port).consume("foo"):
            return True
    except (consumers.Refused, consumers.Silent, EOFError, OSError):
        return False


def cpu_seconds(helper):
    with open(f"/proc/{helper.pid}/stat") as stat:
        words = stat.read().rpartition(") ")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def test_max_consumers(new_stack):
    stack = new_stack(conf={"max_consumers": 10})
    with contextlib.ExitStack() as open_ones:
        held = [open_ones.enter_context(Websocket(stack.ws_port)).consume("foo") for _ in range(10)]
        for transport in Websocket, Sse, Comet:
            with pytest.raises((consumers.Refused, EOFError, OSError)) as refused:
                transport(stack.ws_port).consume("foo")
            if refused.type is consumers.Refused:
                assert refused.value.status == 503
        held[0].close()
        servers.wait_for(lambda: can_consume(stack), step=0.1)


def test_the_answer_to_one_too_many(new_stack):
    """It is like any other error."""
    stack = new_stack(conf={"max_consumers": 1})
    with contextlib.closing(Websocket(stack.ws_port).consume("foo")):
        wire = consumers.Wire(stack.ws_port)     # says nothing: what it said would be cut off
        with contextlib.closing(wire):
            deadline = time.monotonic() + 5
            answer = wire.head(deadline)
            answer.body = wire.body(answer, deadline)
    assert answer.status == 503 and answer.json()["code"] == "unavailable"
    assert {name: answer.get(name) for name in (
        "Content-Type", "Cache-Control", "X-Content-Type-Options", "Retry-After", "Connection")} == {
            "Content-Type": "application/json", "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff", "Retry-After": "1", "Connection": "close"}


# --- Redis --------------------------------------------------------------------------------------

def connected(stack, queue="foo"):
    """One consumer of each transport."""
    return [transport(stack.ws_port).consume(queue) for transport in EVERYBODY]


def gets_after_gap(consumer, value, timeout=10):
    """The next message; a websocket or SSE consumer hears of the gap before it."""
    message = consumer.next(timeout)
    if not isinstance(consumer, Comet):
        assert message == {"event": "gap"}, message
        message = consumer.next(timeout)
        while servers.cluster and message == {"event": "gap"}:      # a node that has begun refuses all
            message = consumer.next(timeout)
    assert message["value"] == value, message


def push_when_up(stack, queue, value):
    servers.wait_for(lambda: stack.http.post(f"/q/{queue}", value, {
        "Content-Type": "text/plain"}).status == 200, 10, 0.05)


def test_redis_killed_and_back(new_stack):
    """Consumers stay connected, are told of the gap, and get what comes then."""
    stack = new_stack(redis_options=["--appendonly", "yes"])
    several = connected(stack)
    listener = Websocket(stack.ws_port).connect("/sub/news")
    with all_closed(listener, *several):
        push(stack.http, "foo", "before")
        for consumer in several:
            assert consumer.values(1) == ["before"]
        for number in range(2):
            stack.redis.kill()
            time.sleep(0.5)
            stack.redis.start()
            push_when_up(stack, "foo", f"after {number}")
            for consumer in several:
                gets_after_gap(consumer, f"after {number}")
            assert listener.next() == {"event": "gap"}
            stack.redis.client().publish("news", f"news {number}")
            while (text := listener.raw()) == '{"event":"gap"}' and servers.cluster:
                pass
            assert text == f"news {number}"
        assert stack.helper.process.poll() is None


def test_too_slow_for_the_gap(new_stack):
    """Who has no room to be told of it is closed, and so learns that it missed something."""
    stack = new_stack(conf={"max_outbox": 1024})
    with Websocket(stack.ws_port, receive_buffer=4096).connect("/sub/news") as slow:
        stack.redis.client().publish("news", "x" * 8000000)
        time.sleep(0.5)
        stack.redis.kill()
        stack.redis.start()
        servers.wait_for(lambda: get(stack.ws_port, "/w/foo?wait=0").status == 204, step=0.05)
        assert len(slow.raw()) == 8000000
        with pytest.raises(consumers.Closed) as closed:
            slow.raw()
        assert closed.value.code == 1013


def test_while_redis_is_away(new_stack):
    """New consumers are told so or wait; commands are refused; nothing hangs."""
    stack = new_stack()
    consumer = Websocket(stack.ws_port).consume("foo")
    stack.redis.kill()
    with all_closed(consumer):
        answer = consumer.command(cmd="add", queue="bar", value="x")
        assert answer["code"] == "unavailable"
        consumer.send("still here")
        assert consumer.raw() == "still here"
        answer = get(stack.ws_port, "/w/foo?wait=5", timeout=10)
        assert answer.status == 503 and answer.get("Retry-After")
        late = Websocket(stack.ws_port)
        try:
            late.consume("foo")
        except consumers.Refused as refused:
            assert refused.status == 503
            late = None
        assert get(stack.ws_port, "/health").status == 200
        stack.redis.start()
        push_when_up(stack, "foo", "a")
        gets_after_gap(consumer, "a")
        if late:
            with all_closed(late):
                while late.next(10).get("value") != "a":
                    pass


def test_redis_hangs(new_stack):
    """SIGSTOP: the connection is given up after redis_timeout_ms; nothing is lost."""
    stack = new_stack(conf={"redis_timeout_ms": 500})
    policy(stack.http, "foo", policy="roundrobin")
    consumer = Websocket(stack.ws_port).consume("foo")
    with all_closed(consumer):
        push(stack.http, "foo", "a")
        assert consumer.values(1) == ["a"]
        with stack.redis.thinking():
            time.sleep(1.5)
            assert get(stack.ws_port, "/health").status == 200
        push_when_up(stack, "foo", "b")
        values = []
        while "b" not in values:
            message = consumer.next(10)
            if message != {"event": "gap"}:
                values.append(message["value"])
        assert values in (["b"], ["a", "b"])


@pytest.mark.parametrize("kind", ["pubsub", "normal"])
def test_connection_cut_by_redis(new_stack, kind):
    """One of the two connections: what was published meanwhile is pushed again when its lease is
    over, so a broadcast loses nothing."""
    stack = new_stack()
    redis = stack.redis.client()
    several = connected(stack)
    with all_closed(*several):
        push(stack.http, "foo", "first")
        for consumer in several:
            assert consumer.values(1) == ["first"]
        seen = {consumer: [] for consumer in several}
        for turn in range(5):
            redis.client_kill_filter(_type=kind, skipme=True)
            for number in range(5):
                push_when_up(stack, "foo", f"{turn}-{number}")
        expected = {f"{turn}-{number}" for turn in range(5) for number in range(5)}
        deadline = time.monotonic() + 15
        while any(set(values) != expected for values in seen.values()):
            assert time.monotonic() < deadline, seen
            for consumer, values in seen.items():
                with contextlib.suppress(consumers.Silent):
                    while True:
                        message = consumer.next(0.05)
                        if message != {"event": "gap"}:
                            values.append(message["value"])
            expire(redis, "foo")
        # What had been acked as the connection was cut is acked once more, when its lease is over.
        servers.wait_for(lambda: expire(redis, "foo") or stats(stack.http, "foo", "len") == (0,),
                         15, 0.05)


def test_an_echo_that_was_lost(new_stack):
    """What a websocket with echo=no published while nobody listened is not heard here, so it keeps
    nothing that others publish from its sender."""
    stack = new_stack()
    redis = stack.redis.client()
    with Websocket(stack.ws_port).connect("/sub/chan?echo=no") as sender:
        stack.helper.signal(signal.SIGSTOP)     # it reads the text and the loss in one turn
        sender.send("same")
        redis.client_kill_filter(_type="pubsub")
        stack.helper.signal(signal.SIGCONT)
        assert sender.next() == {"event": "gap"}
        redis.publish("chan", "same")
        redis.publish("chan", "another")
        assert [sender.raw(), sender.raw()] == ["same", "another"]


def test_scripts_forgotten(stack, http, redis, queue):
    """SCRIPT FLUSH under way."""
    with Websocket(stack.ws_port).consume(queue) as consumer:
        for number in range(20):
            redis.script_flush()
            push(http, queue, str(number))
            assert consumer.values(1) == [str(number)]
            assert consumer.command(cmd="len", queue=f"{queue}-x")["len"] == 0


def test_a_foreign_subscriber_to_everything(stack, http, queue):
    """PSUBSCRIBE * hears all that goes to the helpers, and swallows nothing."""
    client = stack.redis.client()
    with contextlib.closing(client.pubsub()) as foreign:
        foreign.psubscribe("*")
        assert foreign.get_message(timeout=5)
        push_batch(http, queue, 10)
        with Websocket(stack.ws_port).consume(queue) as consumer:
            assert consumer.values(10) == [str(n) for n in range(1, 11)]
            push(http, queue, "a")
            assert consumer.values(1) == ["a"]
        push(http, queue, "kept")
        time.sleep(0.3)
        assert take_all(http, queue) == ["kept"]


def test_a_damaged_queue(stack, http, redis, queue):
    """A key of another type: the others go on, and this one does when it is mended."""
    other = Websocket(stack.ws_port).consume(f"{queue}-x")
    broken = Websocket(stack.ws_port).consume(queue)
    with all_closed(other, broken):
        redis.set(f"{queue}:queue", "no list")
        redis.publish(f"{queue}:PUBSUB", f"{queue}:1")
        time.sleep(0.3)
        push(http, f"{queue}-x", "a")
        assert other.values(1) == ["a"]
        redis.delete(f"{queue}:queue")
        push(http, queue, "b")
        assert broken.values(1) == ["b"]


# --- idle is idle -------------------------------------------------------------------------------

def busy(helper, seconds=1.0):
    """The share of a core it uses."""
    before = cpu_seconds(helper)
    time.sleep(seconds)
    return (cpu_seconds(helper) - before) / seconds


def comes_to_rest(helper):
    """What lies there may be worked off first."""
    servers.wait_for(lambda: busy(helper) < 0.1)


def test_nothing_spins(new_stack):
    """Peers in every state that lasts, and no Redis at last."""
    stack = new_stack(conf={"redis_timeout_ms": 60000})
    policy(stack.http, "work", policy="roundrobin")
    push(stack.http, "work", *[b"x" * 500000] * 20)
    stuck = [transport(stack.ws_port, receive_buffer=4096).consume(queue)
             for transport in (Websocket, Hixie76, Comet, Sse) for queue in ("work", "news")]
    push(stack.http, "news", *[b"x" * 900000] * 5)
    closing = Websocket(stack.ws_port).consume("foo")
    closing.wire.send(consumers.frame(3))
    poll = LongPoll(stack.ws_port).consume("foo")
    half = Wire(stack.ws_port)
    half.send(HOST)
    asking = Websocket(stack.ws_port, receive_buffer=4096).consume("foo")
    with all_closed(closing, poll, asking, *stuck):
        comes_to_rest(stack.helper)
        with stack.redis.thinking():
            with contextlib.suppress(OSError):
                asking.wire.sock.settimeout(0.5)
                for _ in range(500):
                    asking.wire.sock.sendall(consumers.frame(1, '{"cmd":"len","queue":"x"}') * 100)
            comes_to_rest(stack.helper)
        stack.redis.kill()
        comes_to_rest(stack.helper)
        stack.redis.start()
    half.close()


# --- signals ------------------------------------------------------------------------------------

@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_told_to_stop(new_stack, sig):
    """1001 for websockets, an orderly end for streams, leases given back at once, exit 0."""
    stack = new_stack()
    policy(stack.http, "work", policy="roundrobin")
    push(stack.http, "work", "a", "b", "c")
    worker = Websocket(stack.ws_port).consume("work", "?ack=explicit&prefetch=2")
    held = worker.values(2)
    several = connected(stack, "foo")
    poll = LongPoll(stack.ws_port).consume("bar", "?wait=30")
    stuck = Websocket(stack.ws_port, receive_buffer=4096).consume("foo")
    silent = Wire(stack.ws_port)
    push(stack.http, "foo", "x")
    start = time.monotonic()
    with all_closed(worker, poll, stuck, *several):
        stack.helper.signal(sig)
        for consumer in (worker, *several):
            end = consumer.end()
            if consumer.has_close_code:
                assert end.code == 1001
            elif consumer.has_goodbye:
                assert end.code is None, "the stream was cut"
        assert poll.wire.head(time.monotonic() + 5).status in (204, 503)
        assert stack.helper.process.wait(5) == 0
        assert time.monotonic() - start < servers.patience(5)
    silent.close()
    assert held == ["a", "b"]
    assert stats(stack.http, "work", "len", "leased") == (3, 0)
    assert sorted(take_all(stack.http, "work")) == ["a", "b", "c"]
    assert not os.path.exists(stack.helper.socket)


def test_stopped_while_redis_is_away(new_stack):
    stack = new_stack()
    with Websocket(stack.ws_port).consume("foo") as consumer:
        stack.redis.kill()
        stack.helper.signal(signal.SIGTERM)
        assert consumer.end().code == 1001
        assert stack.helper.process.wait(5) == 0
    stack.redis.start()


def test_peers_that_do_not_read_do_not_delay_the_end(new_stack):
    stack = new_stack()
    several = [Websocket(stack.ws_port, receive_buffer=4096).consume("foo") for _ in range(5)]
    with all_closed(*several):
        push(stack.http, "foo", *[b"x" * 500000] * 4)
        time.sleep(0.3)
        start = time.monotonic()
        stack.helper.signal(signal.SIGTERM)
        assert stack.helper.process.wait(6) == 0
        assert time.monotonic() - start < servers.patience(5)


def test_started_again(new_stack):
    """Clients that come back find everything as it was."""
    stack = new_stack()
    for turn in range(3):
        with Websocket(stack.ws_port).consume("foo") as consumer:
            push(stack.http, "foo", f"{turn}")
            assert consumer.values(1) == [f"{turn}"]
            if turn % 2:
                stack.helper.kill()
            else:
                stack.helper.stop()
            push(stack.http, "bar", f"{turn}")
        stack.helper.start()
    with Sse(stack.port).consume("bar") as consumer:
        assert consumer.values(3) == ["0", "1", "2"]


def test_settings_read_again(new_stack):
    """By SIGHUP, without losing anybody; a bad file changes nothing."""
    stack = new_stack(conf={"max_websocket": 1000})
    old = Websocket(stack.ws_port).consume("foo")
    with all_closed(old):
        stack.conf["max_websocket"] = 2000
        stack.helper.configure(stack.conf)
        stack.helper.signal(signal.SIGHUP)

        def is_new():
            with Websocket(stack.ws_port).consume("bar") as consumer:
                consumer.send("x" * 1500)
                try:
                    return consumer.raw() == "x" * 1500
                except consumers.Closed as closed:
                    assert closed.code == 1009
                    return False
        servers.wait_for(is_new, step=0.1)
        stack.helper.configure("max_websocket = nonsense\n")
        stack.helper.signal(signal.SIGHUP)
        servers.wait_for(lambda: "max_websocket" in stack.helper.log_text())
        assert is_new()
        push(stack.http, "foo", "a")
        assert old.values(1) == ["a"]


def test_signals_that_mean_nothing(stack, http, queue):
    with Websocket(stack.ws_port).consume(queue) as consumer:
        for sig in signal.SIGPIPE, signal.SIGHUP, signal.SIGCONT:
            stack.helper.signal(sig)
            push(http, queue, "a")
            assert consumer.values(1) == ["a"]


# --- several helpers ----------------------------------------------------------------------------

def test_both_serve_one_port(new_stack):
    """SO_REUSEPORT: connections are spread, and every consumer gets the broadcast."""
    stack = new_stack(helpers=2)
    with contextlib.ExitStack() as open_ones:
        several = [open_ones.enter_context(Websocket(stack.ws_port)).consume("foo")
                   for _ in range(40)]
        push_batch(stack.http, "foo", 50)
        for consumer in several:
            assert consumer.values(50) == [str(n) for n in range(1, 51)]
        rows = servers.wait_for(lambda: stack.http.get("/presence/foo").json())
        assert len({row["helper"] for row in rows}) == 2


def test_roundrobin_over_two_helpers(new_stack):
    stack = new_stack(helpers=2)
    policy(stack.http, "foo", policy="roundrobin")
    with contextlib.ExitStack() as open_ones:
        several = [open_ones.enter_context(Websocket(helper.socket)).consume("foo")
                   for helper in stack.helpers for _ in range(2)]
        push_batch(stack.http, "foo", 500)
        shares = [consumer.rest() for consumer in several]
        assert sorted(map(int, sum(shares, []))) == list(range(1, 501))
        for share in shares:
            assert list(map(int, share)) == sorted(map(int, share))
        servers.wait_for(lambda: stats(stack.http, "foo", "leased") == (0,))


def test_pause_and_purge_reach_both(new_stack):
    stack = new_stack(helpers=2)
    several = [Websocket(helper.socket).consume("foo") for helper in stack.helpers]
    with all_closed(*several):
        stack.http.post("/control/foo", form={"status": "stop"})
        push(stack.http, "foo", "a")
        assert all(consumer.is_silent(0.2) for consumer in several)
        stack.http.post("/control/foo", form={"status": "start"})
        for consumer in several:
            assert consumer.values(1) == ["a"]
        stack.http.delete("/q/foo")
        for consumer in several:
            assert (consumer.end().code, ) == (1000, )


def test_what_is_on_its_way_when_it_is_purged(new_stack):
    """It arrives, in order, and then the stream ends: nothing that was still in the queue comes."""
    stack = new_stack(helpers=2)
    behind, ahead = several = [Websocket(helper.socket).consume("foo") for helper in stack.helpers]
    with all_closed(*several):
        stack.helpers[0].signal(signal.SIGSTOP)
        push_batch(stack.http, "foo", 20)
        given = [str(number) for number in range(1, 21)]
        assert ahead.values(20) == given
        stack.http.post("/control/foo", form={"status": "stop"})
        push(stack.http, "foo", "in the queue")
        assert stack.http.delete("/q/foo").json()["purged"] == 1
        stack.http.post("/control/foo", form={"status": "start"})
        with pytest.raises(consumers.Closed) as closed:
            ahead.raw()
        assert closed.value.code == 1000
        stack.helpers[0].signal(signal.SIGCONT)
        assert behind.values(20) == given
        with pytest.raises(consumers.Closed) as closed:
            behind.raw()
        assert closed.value.code == 1000


@pytest.mark.parametrize("stopped", [0, 1])
def test_a_helper_that_hangs(new_stack, stopped):
    """SIGSTOP: the other one's consumers go on, and when it wakes nothing is missing."""
    stack = new_stack(helpers=2)
    redis = stack.redis.client()
    several = [Websocket(helper.socket).consume("foo") for helper in stack.helpers]
    with all_closed(*several):
        push(stack.http, "foo", "a")
        for consumer in several:
            assert consumer.values(1) == ["a"]
        stack.helpers[stopped].signal(signal.SIGSTOP)
        push(stack.http, "foo", *map(str, range(20)))
        awake = several[1 - stopped]
        seen = set()
        deadline = time.monotonic() + 10
        while len(seen) < 20:      # what the one that hangs had taken comes when its lease is over
            assert time.monotonic() < deadline, seen
            seen.update(awake.rest(0.3))
            expire(redis, "foo")
        assert seen == set(map(str, range(20)))
        stack.helpers[stopped].signal(signal.SIGCONT)
        assert set(several[stopped].rest(1)) == seen


@pytest.mark.parametrize("killed", [0, 1])
def test_a_helper_that_is_killed(new_stack, killed):
    """What it held comes again when the leases are over."""
    stack = new_stack(helpers=2)
    redis = stack.redis.client()
    policy(stack.http, "foo", policy="roundrobin")
    several = [Websocket(helper.socket).consume("foo", "?ack=explicit&prefetch=5")
               for helper in stack.helpers]
    with all_closed(*several):
        push_batch(stack.http, "foo", 10)
        held = [[consumer.next() for _ in range(5)] for consumer in several]
        stack.helpers[killed].kill()
        staying = several[1 - killed]
        for message in held[1 - killed]:
            staying.ack(message)
        assert staying.is_silent(0.2)
        expire(redis, "foo")
        again = [staying.next() for _ in range(5)]
        assert {message["key"] for message in again} == {message["key"] for message in held[killed]}
        assert {message["deliveries"] for message in again} == {2}
        for message in again:
            staying.ack(message)
        assert stats(stack.http, "foo", "len", "leased", "acked") == (0, 0, 10)


def test_a_burst_from_many_producers(stack, http, queue):
    """Eight at once, three consumers: the same order for all."""
    with contextlib.ExitStack() as open_ones:
        several = [open_ones.enter_context(transport(stack.ws_port)).consume(queue)
                   for transport in (Websocket, Sse, Comet)]

        def produce(name):
            push(http, queue, *[f"{name}{number}" for number in range(50)])
            http.close()

        producers = [threading.Thread(target=produce, args=(name,)) for name in "abcdefgh"]
        for producer in producers:
            producer.start()
        orders = [consumer.values(400, 10) for consumer in several]
        for producer in producers:
            producer.join()
    assert orders[0] == orders[1] == orders[2]
    for name in "abcdefgh":
        assert [value for value in orders[0] if value[0] == name] == [
            f"{name}{number}" for number in range(50)]


# --- a mount prefix -----------------------------------------------------------------------------

def test_below_a_prefix(new_stack):
    stack = new_stack(conf={"prefix": "/mq"})
    with contextlib.ExitStack() as open_ones:
        several = [open_ones.enter_context(Websocket(port)).connect("/mq/ws/foo")
                   for port in (stack.ws_port, stack.port)]
        stack.http.post("/mq/q/foo", "a", {"Content-Type": "text/plain"})
        for consumer in several:
            assert consumer.values(1) == ["a"]
    assert get(stack.ws_port, "/ws/foo").status == 404
