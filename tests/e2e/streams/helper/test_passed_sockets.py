# test_passed_sockets.py - restmq-wsd on sockets that somebody else keeps, as systemd does for a socket unit.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import fcntl
import os
import socket
import subprocess
import threading

import pytest

import stack as servers


class Passed(servers.Helper):
    """The listening sockets are descriptors 3, 4 and so on, which it shares with this process."""

    def __init__(self, binary, dir, conf, listeners, count=None, pid="$$"):
        super().__init__(binary, servers.free_port(), dir, conf)
        self.listeners = listeners
        self.count = len(listeners) if count is None else count
        self.of_pid = pid

    def start(self):
        self.run()
        servers.wait_for(self.answers)
        servers.wait_for(self.has_redis)

    def run(self):
        kept = [fcntl.fcntl(listener, fcntl.F_DUPFD, 20) for listener in self.listeners]
        redirections = " ".join(f"{number}<&{fd}" for number, fd in enumerate(kept, 3))
        script = f'LISTEN_FDS={self.count} LISTEN_PID={self.of_pid} exec "$0" "$@" {redirections}'
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["bash", "-c", script, self.binary, "--config", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=kept,
                                            env={**os.environ, **servers.SANITIZERS})
        for fd in kept:
            os.close(fd)


def listen(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1024)
    return listener


def status(address):
    """Of a long-poll; None: refused, or without an answer."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family) as sock:
        sock.settimeout(30)
        sock.connect(address)
        sock.sendall(b"GET /health/ws HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n")
        return sock.recv(12)[9:].decode() or None


@pytest.fixture
def passed(builddir, stack, tmp_path):
    """passed(listeners): a helper that has them."""
    with contextlib.ExitStack() as running:
        def passed(listeners, **more):
            return Passed(os.path.join(builddir, "restmq-wsd"), str(tmp_path), {"redis": stack.redis.address},
                          listeners, **more)
        passed.enter = running.enter_context
        yield passed


def test_a_restart_refuses_nobody(passed, tmp_path):
    """Who comes while it is away waits in the socket."""
    path = str(tmp_path / "ws.sock")
    with listen(path) as listener:
        helper = passed.enter(passed([listener]))
        ended, seen = threading.Event(), []

        def ask():
            while not ended.is_set():
                seen.append(status(path))

        asking = [threading.Thread(target=ask) for _ in range(4)]
        for thread in asking:
            thread.start()
        for _ in range(3):
            count = len(seen)
            servers.wait_for(lambda: len(seen) > count + 20)
            helper.stop()
            assert os.path.exists(path)
            helper.start()
        ended.set()
        for thread in asking:
            thread.join()
    assert set(seen) == {"200"}


def test_several_sockets(passed, tmp_path):
    """They take the place of listen."""
    paths = [str(tmp_path / "ws.sock"), str(tmp_path / "other.sock")]
    with listen(paths[0]) as one, listen(paths[1]) as two, socket.create_server(("127.0.0.1", 0)) as three:
        helper = passed.enter(passed([one, two, three]))
        assert [status(path) for path in paths] == ["200", "200"]
        assert status(three.getsockname()) == "200"
        assert status(("127.0.0.1", helper.port)) is None
        assert "LISTEN_FDS=3" in helper.log_text()
        os.unlink(paths[1])
    os.unlink(paths[0])


def test_meant_for_another_process(passed, tmp_path):
    """LISTEN_PID says for whom they are."""
    with listen(str(tmp_path / "other.sock")) as listener:
        helper = passed.enter(passed([listener], pid="1"))
        assert status(("127.0.0.1", helper.port)) == status(helper.socket) == "200"
        assert "LISTEN_FDS" not in helper.log_text()


@pytest.mark.parametrize("count", [2, 3])
def test_what_is_no_listening_socket(passed, tmp_path, count):
    with listen(str(tmp_path / "ws.sock")) as listener, open(os.devnull) as file:
        helper = passed([listener, file], count=count)
        helper.run()
        assert helper.process.wait(10) == 1
        assert "LISTEN_FDS: descriptor 4 is no listening socket" in helper.log_text()
