# test_signals.py - SIGTERM and SIGUSR1: the request in hand is finished, none that arrived is lost,
# the exit code is 0.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

import stack as servers
from checks import push

STOPS = [signal.SIGTERM, signal.SIGUSR1]


@pytest.mark.parametrize("sig", STOPS, ids=lambda sig: sig.name)
def test_idle(new_stack, sig):
    stack = new_stack(workers=2)
    pids = set(stack.responders.pids)
    stack.responders.signal_all(sig)
    servers.wait_for(lambda: len(stack.responders.exits) == 2)
    assert set(stack.responders.exits) == {(pid, 0) for pid in pids}
    push(stack.http, "foo", "a")


@pytest.mark.parametrize("sig", STOPS, ids=lambda sig: sig.name)
@pytest.mark.parametrize("workers", [1, 3])
def test_no_request_is_lost(new_stack, sig, workers):
    """Requests through the web server while all the time one responder is told to stop and another
    started: every one is answered, and done once."""
    stack = new_stack(workers=workers)
    failures, done = [], []
    flowing = threading.Event()
    flowing.set()

    def produce(name):
        number = 0
        while flowing.is_set() or number < 100:
            number += 1
            response = stack.http.post("/q/foo", f"{name}-{number}", {"Content-Type": "text/plain"})
            (done if response.status == 200 else failures).append((name, number, response))
        stack.http.close()

    def stop_one_after_the_other():
        turn = 0
        while len(stack.responders.exits) < 40:
            if stack.responders.is_ready():
                stack.responders.kill_one(sig, turn)
                turn += 1
            time.sleep(0.01)
        flowing.clear()

    producers = [threading.Thread(target=produce, args=(name,)) for name in "abcd"]
    stopper = threading.Thread(target=stop_one_after_the_other)
    for thread in [stopper, *producers]:
        thread.start()
    for thread in [stopper, *producers]:
        thread.join()

    assert failures == []
    assert len(done) >= 400      # 300 at the least, by the issue
    redis = stack.redis.client()
    keys = redis.lrange("foo:queue", 0, -1)
    assert len(set(redis.mget(keys))) == len(keys) == len(done)
    assert {code for _, code in stack.responders.exits} == {0}


@pytest.mark.parametrize("sig", STOPS, ids=lambda sig: sig.name)
def test_in_the_middle_of_a_body(new_stack, sig):
    """A slow peer: the signal comes between two pieces of its body."""
    stack = new_stack(workers=1)
    [pid] = stack.responders.pids
    with servers.Fcgi(stack.responders.socket) as fcgi:
        fcgi.begin()
        fcgi.params(servers.fcgi_params("POST", "/q/foo", CONTENT_TYPE="text/plain",
                                        CONTENT_LENGTH="11"))
        fcgi.stdin(b"hello")
        time.sleep(0.2)
        os.kill(pid, sig)
        time.sleep(0.2)
        assert pid in stack.responders.pids
        fcgi.stdin(b" world")
        fcgi.end_of_input()
        answer = fcgi.answer()
    assert (answer.status, answer.body) == (200, b"foo:1\r\n")
    servers.wait_for(lambda: (pid, 0) in stack.responders.exits)
    assert stack.redis.client().get("foo:1") == b"hello world"


@pytest.mark.parametrize("sig", STOPS, ids=lambda sig: sig.name)
def test_in_the_middle_of_the_head(new_stack, sig):
    stack = new_stack(workers=1)
    [pid] = stack.responders.pids
    with servers.Fcgi(stack.responders.socket) as fcgi:
        fcgi.begin()
        time.sleep(0.2)
        os.kill(pid, sig)
        time.sleep(0.2)
        fcgi.params(servers.fcgi_params("POST", "/q/foo", CONTENT_TYPE="text/plain",
                                        CONTENT_LENGTH="5"))
        fcgi.stdin(b"hello")
        fcgi.end_of_input()
        assert fcgi.answer().body == b"foo:1\r\n"
    servers.wait_for(lambda: (pid, 0) in stack.responders.exits)


def test_while_redis_hangs(new_stack):
    """The request in hand gets its 503 first."""
    stack = new_stack(workers=1, conf={"redis_timeout_ms": 600})
    push(stack.http, "foo", "a")
    [pid] = stack.responders.pids
    answers = []
    asking = threading.Thread(target=lambda: answers.append(stack.http.get("/q/foo")))
    with stack.redis.thinking():
        asking.start()
        time.sleep(0.2)
        os.kill(pid, signal.SIGTERM)
        asking.join()
    assert answers[0].status == 503
    servers.wait_for(lambda: (pid, 0) in stack.responders.exits)


def test_a_signal_twice(new_stack):
    stack = new_stack(workers=1)
    [pid] = stack.responders.pids
    for sig in signal.SIGTERM, signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP:
        try:
            os.kill(pid, sig)
        except ProcessLookupError:
            pass
    servers.wait_for(lambda: stack.responders.exits)
    assert stack.responders.exits[0] == (pid, 0)


@pytest.mark.parametrize("sig", STOPS, ids=lambda sig: sig.name)
def test_at_the_start(builddir, tmp_path, sig):
    """Between libfcgi's first call, which catches signals, and the first look at them.  A log that
    nobody reads holds the program there."""
    conf = tmp_path / "restmq.conf"
    conf.write_text("redis = unix:/nonexistent/redis.sock\n")
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, b"x" * 512)
        except BlockingIOError:
            break
    os.set_blocking(writer, True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "fcgi.sock"))
        listener.listen(1)
        process = subprocess.Popen([f"{builddir}/restmq.fcgi", "--config", conf], stdin=listener,
                                   stderr=writer)
    try:
        servers.wait_for(lambda: servers.handles(process.pid, sig) and sleeps(process.pid))
        process.send_signal(sig)
        time.sleep(0.2)
        assert process.poll() is None
        os.read(reader, 1 << 20)
        assert process.wait(5) == 0
    finally:
        servers.end(process)
        os.close(reader)
        os.close(writer)


def test_signals_that_mean_nothing(new_stack):
    """SIGPIPE is a peer that went away."""
    stack = new_stack(workers=1)
    for _ in range(3):
        stack.responders.signal_all(signal.SIGPIPE)
        push(stack.http, "foo", "a")
    assert not stack.responders.exits


@pytest.mark.usefixtures("our_responders")
def test_killed(new_stack):
    """-9, and another one takes over behind the same socket."""
    stack = new_stack(workers=2)
    for number in range(10):
        servers.wait_for(stack.responders.is_ready)
        stack.responders.kill_one(signal.SIGKILL, number)
        push(stack.http, "foo", str(number))
        servers.wait_for(lambda: len(stack.responders.exits) == number + 1)


@pytest.mark.parametrize("sig", STOPS, ids=lambda sig: sig.name)
def test_a_connection_that_woke_the_one_that_stops(builddir, tmp_path, sig):
    """Of several responders one is woken for a connection; told to stop, it must not leave it lying."""
    conf = tmp_path / "restmq.conf"
    conf.write_text("redis = unix:/nonexistent/redis.sock\n")
    for turn in range(10):
        with socket.socket(socket.AF_UNIX) as listener, tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/fcgi.sock"
            listener.bind(path)
            listener.listen(64)
            pair = [subprocess.Popen([f"{builddir}/restmq.fcgi", "--config", conf], stdin=listener)
                    for _ in range(2)]
            try:
                servers.wait_for(lambda: all(is_waiting(process.pid) for process in pair))
                with servers.Fcgi(path, timeout=5) as fcgi:
                    pair[turn % 2].send_signal(sig)
                    fcgi.begin()
                    fcgi.params(servers.fcgi_params("GET", "/health", CONTENT_LENGTH="0"))
                    fcgi.end_of_input()
                    assert fcgi.answer().status == 200
                assert pair[turn % 2].wait(5) == 0
            finally:
                for process in pair:
                    process.terminate()
                    process.wait()


def is_waiting(pid):
    """Past its start, and asleep: it can only be in epoll_wait then."""
    return servers.handles(pid, signal.SIGTERM) and sleeps(pid)


def sleeps(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(") ")[2][0] == "S"
