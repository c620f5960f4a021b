# test_kept_connections.py - FCGI_KEEP_CONN: a connection that the web server keeps holds no responder, and
# loses no request.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import os
import signal
import struct
import threading
import time

import pytest

import stack as servers
from checks import assert_error, assert_text, push, take, take_all

GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = 9, 10, 11
CANT_MPX_CONN = 1
NAMES = [b"FCGI_MAX_CONNS", b"FCGI_MAX_REQS", b"FCGI_MPXS_CONNS"]


class Kept(servers.Fcgi):
    """A connection for any number of requests."""

    def put(self, params, body=b""):
        self.begin(keep=True)
        self.params([*params.items(), ("CONTENT_LENGTH", str(len(body)))])
        self.stdin(body)
        self.end_of_input()

    def ask(self, params, body=b""):
        self.put(params, body)
        return self.answer()

    def push(self, queue, body):
        return self.ask(post(queue), body)

    def take(self, queue):
        answer = self.ask(get(queue))
        return answer.json()["value"] if answer.status == 200 else None

    def next_record(self):
        """Type, id and content."""
        _, type, id, size, padding = struct.unpack(">BBHHBx", self._exactly(8))
        return type, id, self._exactly(size + padding)[:size]

    def is_closed(self):
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True


def post(queue):
    return servers.fcgi_params("POST", f"/q/{queue}", CONTENT_TYPE="text/plain")


def get(queue):
    return servers.fcgi_params("GET", f"/q/{queue}")


@pytest.fixture(scope="module")
def alone(builddir):
    """One responder, so that it gets every request."""
    with servers.Stack(builddir, workers=1) as stack:
        yield stack


@pytest.fixture
def kept(alone):
    """A connection to the only responder, which is still the same one afterwards."""
    [pid] = alone.responders.pids
    with Kept(alone.responders.socket) as kept:
        yield kept
    assert alone.http.get("/health").status == 200
    assert alone.responders.pids == [pid]


def accepted(stack):
    """How many connections of web servers the responder has open: with the name of its socket, and not that."""
    with open("/proc/net/unix", encoding="utf-8") as rows:
        named = {row[6] for row in map(str.split, rows)
                 if row[-1] == stack.responders.socket and row[5] == "03"}
    files = f"/proc/{stack.responders.pids[0]}/fd"
    return sum(link.removeprefix("socket:[").rstrip("]") in named
               for link in map(os.readlink, (f"{files}/{file}" for file in os.listdir(files))))


# --- request after request ------------------------------------------------------------------------

@pytest.mark.parametrize("split", [None, 1, 7, 1000])
def test_many_requests(kept, queue, split):
    kept.split = split
    for number in range(1, 30 if split else 200):
        assert_text(kept.push(queue, b"%d" % number), f"{queue}:{number}")
        assert kept.take(queue) == str(number)


@pytest.mark.parametrize("size", [8183, 8184, 65535, 65536, 1 << 20])
def test_large_requests_and_answers(kept, queue, size):
    """Of a body in pieces the rest is collected first."""
    for _ in range(3):
        assert kept.push(queue, b"x" * size).status == 200
        assert kept.take(queue) == "x" * size


def test_refusals(kept, queue):
    """After them, too, the next request is served."""
    assert_error(kept.ask(servers.fcgi_params("GET", "/q/..")), 400, "bad_name")
    assert_error(kept.ask(servers.fcgi_params("BREW", "/q/a"), b"tea"), 405, "not_allowed")
    assert kept.push(queue, b"a").status == 200
    assert_error(kept.push(queue, b"x" * (9 << 20)), 413, "too_large")
    assert kept.take(queue) == "a"


def test_they_hold_no_responder(alone, queue):
    """Any number of them waits for its next request, and others are served."""
    with contextlib.ExitStack() as opened:
        connections = [opened.enter_context(Kept(alone.responders.socket)) for _ in range(20)]
        for number, kept in enumerate(connections):
            assert kept.push(queue, b"%d" % number).status == 200
        push(alone.http, queue, "by another way")
        assert [kept.take(queue) for kept in connections] == [str(number) for number in range(20)]
        assert take(alone.http, queue) == "by another way"


def test_hundreds_and_four_processes(new_stack):
    stack = new_stack(workers=4)
    with contextlib.ExitStack() as opened:
        connections = [opened.enter_context(Kept(stack.responders.socket)) for _ in range(400)]
        for turn in range(3):
            for kept in connections:
                kept.put(post("foo"), b"%d" % turn)
            assert {kept.answer().status for kept in connections} == {200}
        push(stack.http, "foo", "another way")
        assert len(take_all(stack.http, "foo")) == 1201
    servers.wait_for(lambda: all(len(os.listdir(f"/proc/{pid}/fd")) < 20
                                 for pid in stack.responders.pids))
    assert not stack.responders.exits


def test_more_than_are_kept(alone, queue):
    """Then it is the one that has waited for longest that is closed."""
    with contextlib.ExitStack() as opened:
        connections = []
        for _ in range(530):
            connections.append(opened.enter_context(Kept(alone.responders.socket)))
            assert connections[-1].push(queue, b"a").status == 200
        assert connections[0].is_closed()
        assert connections[-1].push(queue, b"a").status == 200
    assert "closed the oldest of 512 idle connections" in alone.responders.log_text()
    assert len(take_all(alone.http, queue)) == 531


def test_both_kinds_take_turns(alone, queue):
    """Whoever asks on kept connections all the time does not keep others out, nor they him."""
    stopped = threading.Event()
    done = [0] * 4

    def ask(slot):
        with Kept(alone.responders.socket) as kept:
            while not stopped.is_set():
                assert kept.push(queue, b"a").status == 200
                done[slot] += 1
    asking = [threading.Thread(target=ask, args=(slot,)) for slot in range(4)]
    for thread in asking:
        thread.start()
    try:
        for _ in range(100):
            push(alone.http, queue, "b")
    finally:
        stopped.set()
        for thread in asking:
            thread.join()
    assert min(done) > 10
    assert len(take_all(alone.http, queue)) == sum(done) + 100


# --- the end of a connection ----------------------------------------------------------------------

def test_closed_without_a_request(alone):
    for _ in range(20):
        with Kept(alone.responders.socket):
            pass
    with contextlib.ExitStack() as opened:
        for _ in range(20):
            opened.enter_context(Kept(alone.responders.socket))
        servers.wait_for(lambda: accepted(alone) == 20)
    servers.wait_for(lambda: accepted(alone) == 0)


@pytest.mark.parametrize("begun", [False, True], ids=["between requests", "within one"])
def test_half_closed(kept, queue, alone, begun):
    assert kept.push(queue, b"a").status == 200
    if begun:
        kept.begin(keep=True)
        kept.params({**post(queue), "CONTENT_LENGTH": "5"})
        kept.stdin(b"hel")
    kept.half_close()
    answer = kept.answer()
    assert answer is None or answer.status == 503
    assert kept.is_closed()
    assert take_all(alone.http, queue) == ["a"]


def test_half_closed_behind_a_request(kept, queue, alone):
    """That may mean that nobody waits for the answer: done or not, and said so."""
    kept.put(post(queue), b"a")
    kept.half_close()
    answer = kept.answer()
    assert answer is None or answer.status in (200, 503)
    if answer:
        assert take_all(alone.http, queue) == ["a"] * (answer.status == 200)


@pytest.mark.parametrize("junk", [b"\0" * 100, b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 9, b"\2\1\0\1\0\10\0\0",
                                  struct.pack(">BBHHBx", 1, servers.STDIN, 1, 0, 0),
                                  struct.pack(">BBHHBx", 1, servers.PARAMS, 1, 500, 0)],
                         ids=["zeros", "http", "ones", "version", "body", "parameters"])
def test_junk(kept, queue, junk):
    assert kept.push(queue, b"a").status == 200
    kept.send(junk)
    assert kept.is_closed()


def test_a_second_request_too_early(kept, queue, alone):
    """It is told nothing of the kind by FCGI_MPXS_CONNS; it is not done, and the first one is."""
    kept.begin(keep=True)
    kept.params({**post(queue), "CONTENT_LENGTH": "1"})
    kept.stdin(b"a")
    # the end, and the beginning of the next one, in one piece
    kept.send(struct.pack(">BBHHBx", 1, servers.STDIN, 1, 0, 0)
              + struct.pack(">BBHHBx", 1, servers.BEGIN, 1, 8, 0) + b"\0\1\1\0\0\0\0\0")
    assert kept.answer().status == 200
    assert kept.is_closed()
    assert take_all(alone.http, queue) == ["a"]


def test_an_abort(kept, queue, alone):
    kept.begin(keep=True)
    kept.params({**post(queue), "CONTENT_LENGTH": "5"})
    kept.stdin(b"hel")
    kept.abort()
    answer = kept.answer()
    assert answer is None or answer.status == 503
    assert kept.is_closed()
    assert take_all(alone.http, queue) == []


def test_an_abort_that_comes_too_late(kept, queue):
    """The request was answered meanwhile."""
    assert kept.push(queue, b"a").status == 200
    kept.abort()
    assert kept.take(queue) == "a"


# --- records of no request, and of another one ----------------------------------------------------

def question():
    return b"".join(bytes([len(name), 0]) + name for name in NAMES)


@pytest.mark.parametrize("split", [None, 1, 9])
@pytest.mark.parametrize("asked", [False, True], ids=["first", "between requests"])
def test_get_values(kept, queue, asked, split):
    if asked:
        assert kept.push(queue, b"a").status == 200
    kept.split, kept.id = split, 0
    for _ in range(3):
        kept.record(GET_VALUES, question(), padding=3)
        type, id, content = kept.next_record()
        assert (type, id) == (GET_VALUES_RESULT, 0)
        assert content == b"".join(bytes([len(name), 1]) + name + value
                                   for name, value in zip(NAMES, (b"1", b"1", b"0")))
    kept.record(77, b"?")
    assert kept.next_record() == (UNKNOWN_TYPE, 0, b"\115" + b"\0" * 7)
    kept.id = 1
    assert kept.push(queue, b"b").status == 200


def test_a_question_and_silence(alone, kept, queue):
    """Whoever asks and says no more holds nobody."""
    kept.id = 0
    kept.record(GET_VALUES, question())
    assert kept.next_record()[0] == GET_VALUES_RESULT
    push(alone.http, queue, "a")
    kept.id = 1
    kept.begin()
    kept.id = 0
    kept.record(GET_VALUES, question())
    assert kept.next_record()[0] == GET_VALUES_RESULT
    assert take(alone.http, queue) == "a"


@pytest.mark.parametrize("split", [None, 1, 1000])
def test_several_ids(kept, queue, alone, split):
    """One request at a time: the other one is refused, and its body does not become ours."""
    kept.split = split
    kept.begin(keep=True)
    kept.params({**post(queue), "CONTENT_LENGTH": "5"})
    kept.stdin(b"he")
    kept.id = 2
    kept.begin(keep=True)
    kept.params({**post(queue), "CONTENT_LENGTH": "3"})
    kept.stdin(b"xyz")
    kept.end_of_input()
    kept.id = 1
    kept.stdin(b"llo")
    kept.end_of_input()
    assert kept.next_record() == (servers.END, 2, struct.pack(">IB3x", 0, CANT_MPX_CONN))
    assert_text(kept.answer(), f"{queue}:1")
    kept.id = 2     # and now it may
    assert_text(kept.push(queue, b"xyz"), f"{queue}:2")
    assert take_all(alone.http, queue) == ["hello", "xyz"]


# --- a process that ends --------------------------------------------------------------------------

def test_an_idle_one_is_closed_and_the_process_ends(new_stack):
    stack = new_stack(workers=1)
    [pid] = stack.responders.pids
    with Kept(stack.responders.socket) as kept:
        assert kept.push("foo", b"a").status == 200
        os.kill(pid, signal.SIGTERM)
        time.sleep(0.3)
        assert kept.push("foo", b"b").status == 200     # it is served for a while
        servers.wait_for(lambda: (pid, 0) in stack.responders.exits)
        assert kept.is_closed()
    assert take_all(stack.http, "foo") == ["a", "b"]


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGUSR1], ids=lambda sig: sig.name)
def test_busy_ones_lose_nothing(new_stack, sig):
    """What could be sent is answered, as often as a process ends."""
    stack = new_stack(workers=2)
    stopped = threading.Event()
    lost, done = [], []

    def ask(name):
        kept, number = Kept(stack.responders.socket), 0
        while not stopped.is_set():
            number += 1
            message = f"{name}-{number}"
            try:
                kept.put(post("foo"), message.encode())
                answer = kept.answer()
                (done if answer and answer.status == 200 else lost).append(message)
            except (BrokenPipeError, ConnectionResetError):     # closed before it was sent
                kept.sock.close()
                kept = Kept(stack.responders.socket)
            time.sleep(0.002)
        kept.sock.close()
    asking = [threading.Thread(target=ask, args=(name,)) for name in "abcdef"]
    for thread in asking:
        thread.start()
    for index in 0, 1, 0:
        servers.wait_for(stack.responders.is_ready)
        pid = stack.responders.kill_one(sig, index)
        servers.wait_for(lambda: (pid, 0) in stack.responders.exits)
    stopped.set()
    for thread in asking:
        thread.join()
    assert lost == [] and len(done) > 100
    redis = stack.redis.client()
    there = redis.mget(redis.lrange("foo:queue", 0, -1))
    assert sorted(there) == sorted(message.encode() for message in done)


# --- web servers that keep them -------------------------------------------------------------------

@pytest.fixture(scope="module", params=["nginx-kept", "apache-kept"])
def keeping(request, builddir):
    with servers.Stack(builddir, workers=2, server=request.param) as stack:
        yield stack


def kept_by(stack):
    """Connections of the responders' socket."""
    with open("/proc/net/unix") as sockets:
        return sum(line.split()[5] == "03" and line.split()[-1] == stack.responders.socket
                   for line in sockets)


def test_through_a_web_server(keeping, queue):
    for number in range(50):
        push(keeping.http, queue, f"a{number}")
        assert take(keeping.http, queue) == f"a{number}"
    assert keeping.http.post(f"/q/{queue}", "x" * 200000, {"Content-Type": "text/plain"}).status == 200
    assert take(keeping.http, queue) == "x" * 200000
    assert_error(keeping.http.get("/q/a%20b"), 400, "bad_name")
    assert 1 <= kept_by(keeping) <= 2   # Apache: one for each of its processes


def test_more_clients_than_responders(keeping, queue):
    """They would wait for ever for two who are busy with idle connections."""
    clients = [keeping.new_http() for _ in range(12)]
    for _ in range(3):
        threads = [threading.Thread(target=push, args=(client, queue, "a")) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()
    for client in clients:
        client.close()
    assert len(take_all(keeping.http, queue)) == 36
