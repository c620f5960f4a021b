# fake_redis.py - a server that speaks Redis's protocol and misbehaves in one chosen way.
#
# SPDX-License-Identifier: BSD-2-Clause

import hashlib
import os
import socket
import tempfile
import threading

import stack as servers


class FakeRedis:
    """reply(words) decides what an EVALSHA, EVAL or other command is answered with: bytes of the
    protocol, or None to close the connection without a word.  What belongs to opening a connection
    is answered politely unless reply is given it too (all_commands), and what lists a queue always.
    Every command is recorded.  It listens on a unix socket, or on a loopback port."""

    POLITE = (b"PING", b"AUTH", b"SELECT", b"CLIENT", b"HELLO", b"SCRIPT")

    def __init__(self, reply, all_commands=False, tcp=False):
        self.reply = reply
        self.all_commands = all_commands
        self.commands = []           # each a list of words
        self.dir = tempfile.mkdtemp(prefix="rq-", dir="/tmp")
        self.port = servers.free_port() if tcp else None
        self.address = f"127.0.0.1:{self.port}" if tcp else f"unix:{self.dir}/fake.sock"
        self._listener = socket.socket(socket.AF_INET if tcp else socket.AF_UNIX)
        self._connections = []

    def __enter__(self):
        self._listener.bind(("127.0.0.1", self.port) if self.port else self.address.removeprefix("unix:"))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for sock in [self._listener, *self._connections]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
        if not self.port:
            os.unlink(self.address.removeprefix("unix:"))
        os.rmdir(self.dir)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        stream = connection.makefile("rb")
        try:
            while words := self._command(stream):
                self.commands.append(words)
                answer = self._answer(words)
                if answer is None:
                    break
                connection.sendall(answer)
        except (OSError, ValueError):
            pass
        finally:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            stream.close()
            connection.close()

    @staticmethod
    def _command(stream):
        line = stream.readline()
        if not line.startswith(b"*"):
            return None
        words = []
        for _ in range(int(line[1:])):
            size = int(stream.readline()[1:])
            words.append(stream.read(size + 2)[:-2])
        return words

    @staticmethod
    def _is_listing(words):
        """With hash tags, and in a cluster, a queue is listed before its first push."""
        return words[2:4] == [b"1", b"QUEUESET"] and len(words) == 5

    def _answer(self, words):
        name = words[0].upper()
        if self._is_listing(words):
            return b":1\r\n"
        if self.all_commands or name not in self.POLITE:
            return self.reply(words)
        if name == b"PING":
            return b"+PONG\r\n"
        if name == b"SCRIPT":
            digest = hashlib.sha1(words[-1]).hexdigest().encode()
            return b"$40\r\n" + digest + b"\r\n"
        return b"+OK\r\n"

    def work(self):
        """The recorded commands without those that open a connection."""
        return [words for words in self.commands
                if words[0].upper() not in self.POLITE and not self._is_listing(words)]
