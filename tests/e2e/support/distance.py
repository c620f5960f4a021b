# distance.py - a Redis that is far away: whatever is said to it, or by it, takes its time.
#
# SPDX-License-Identifier: BSD-2-Clause

import collections
import contextlib
import select
import socket
import threading
import time


class Distance:
    """Listens on loopback, and carries bytes to a unix socket and back; each of them arrives so many
    seconds after it was sent, however many are on their way."""

    def __init__(self, path, seconds):
        self.path, self.seconds = path, seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.sockets = [self.listener]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
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
                near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.sockets += near, far
                for pair in (near, far), (far, near):
                    threading.Thread(target=self.carry, args=pair, daemon=True).start()

    def carry(self, source, target):
        under_way = collections.deque()     # (when it arrives, bytes)
        with contextlib.suppress(OSError, ValueError):
            while True:
                wait = max(0, under_way[0][0] - time.monotonic()) if under_way else None
                if select.select([source], [], [], wait)[0]:
                    data = source.recv(65536)
                    if not data:
                        target.shutdown(socket.SHUT_WR)
                        return
                    under_way.append((time.monotonic() + self.seconds, data))
                while under_way and under_way[0][0] <= time.monotonic():
                    target.sendall(under_way.popleft()[1])
