# withheld.py - a way to Redis on which answers can be held back.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import socket
import threading


class Withheld:
    """Listens on loopback, and carries bytes to a unix socket and back.  On a connection on which the mark was
    sent nothing comes back until release()."""

    def __init__(self, path, mark):
        self.path, self.mark = path, mark
        self.released = threading.Event()
        self.pieces = []        # that have the mark, as they were read
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.sockets = [self.listener]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()
        for sock in self.sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self.path)
                self.sockets += near, far
                may_answer = threading.Event()
                may_answer.set()
                threading.Thread(target=self.ask, args=(near, far, may_answer), daemon=True).start()
                threading.Thread(target=self.answer, args=(far, near, may_answer), daemon=True).start()

    def ask(self, near, far, may_answer):
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                if (self.mark in data or not may_answer.is_set()) and not self.released.is_set():
                    may_answer.clear()
                    self.pieces.append(data)
                far.sendall(data)
            far.shutdown(socket.SHUT_WR)

    def answer(self, far, near, may_answer):
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                if not may_answer.is_set():
                    self.released.wait()
                near.sendall(data)
            near.shutdown(socket.SHUT_WR)

    def count(self):
        """How often the mark was sent."""
        return b"".join(list(self.pieces)).count(self.mark)

    def release(self):
        self.released.set()
