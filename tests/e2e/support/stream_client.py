# stream_client.py - many websockets at once, and an exact account of what came over them.  A
# program of its own, so that the test can run several beside itself.
#
#   stream_client.py PORT PATH CONSUMERS work           acks every message explicitly, connects
#                                                       again whenever it is cut off
#   stream_client.py PORT PATH CONSUMERS listen COUNT   so many messages for each consumer
#   stream_client.py PORT PATH CONSUMERS idle           stays connected
#
# It prints one JSON object a line: first {"connected": seconds} when all are, at its end an
# account.  It ends with its standard input; listen, when everything has come.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import collections
import errno
import hashlib
import json
import os
import select
import socket
import struct
import sys
import time

AT_ONCE = 500      # handshakes under way
MASK = b"\0\0\0\0"      # allowed, and saves the work


def frame(opcode, payload):
    size = len(payload)
    if size < 126:
        return bytes([0x80 | opcode, 0x80 | size]) + MASK + payload
    return struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, size) + MASK + payload


class Peer:
    """One websocket, never waited for."""

    def __init__(self, crowd):
        self.crowd = crowd
        self.digest = hashlib.md5()
        self.count = 0
        self.connect()

    def connect(self):
        self.is_open = False
        self.data = bytearray()
        key = base64.b64encode(os.urandom(16)).decode()
        self.out = (f"GET {self.crowd.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.crowd.port}\r\n"
                    f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    f"Sec-WebSocket-Key: {key}\r\n\r\n").encode()
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        error = self.sock.connect_ex(("127.0.0.1", self.crowd.port))
        assert error in (0, errno.EINPROGRESS), os.strerror(error)
        self.mask = select.EPOLLIN | select.EPOLLOUT
        self.crowd.epoll.register(self.sock, self.mask)
        self.crowd.peers[self.sock.fileno()] = self

    def close(self):
        del self.crowd.peers[self.sock.fileno()]
        self.crowd.epoll.unregister(self.sock)
        self.sock.close()
        self.crowd.lost(self)

    def flush(self):
        if self.out:
            try:
                self.out = self.out[self.sock.send(self.out):]
            except BlockingIOError:
                pass
        mask = select.EPOLLIN | (select.EPOLLOUT if self.out else 0)
        if mask != self.mask:
            self.mask = mask
            self.crowd.epoll.modify(self.sock, mask)

    def handle(self):
        """Whatever can be done without waiting."""
        try:
            data = self.sock.recv(262144)
            if not data:
                return self.close()
            self.data += data
        except BlockingIOError:
            pass
        except OSError:
            return self.close()
        if not self.is_open and not self.read_head():
            return self.close()
        if self.is_open:
            if not self.read_frames():
                return self.close()
        try:
            self.flush()
        except OSError:
            self.close()

    def read_head(self):
        """False when the answer is no 101."""
        head, end, rest = self.data.partition(b"\r\n\r\n")
        if end:
            if not head.startswith(b"HTTP/1.1 101 "):
                return False
            self.is_open, self.data = True, rest
            self.crowd.opened()
        return True

    def read_frames(self):
        """False at a close frame."""
        data, at, answers = self.data, 0, []
        while len(data) >= at + 2:
            opcode, size, begin = data[at] & 15, data[at + 1], at + 2
            if size == 126:
                begin, size = at + 4, int.from_bytes(data[at + 2:at + 4], "big")
            elif size == 127:
                begin, size = at + 10, int.from_bytes(data[at + 2:at + 10], "big")
            if len(data) < begin + size:
                break
            payload = bytes(data[begin:begin + size])
            at = begin + size
            if opcode == 1:
                answer = self.crowd.message(self, payload)
                if answer:
                    answers.append(frame(1, answer))
            elif opcode == 9:
                answers.append(frame(10, payload))
            elif opcode == 8:
                return False
        del data[:at]
        self.out += b"".join(answers)
        return True


class Crowd:
    """All of them.  A role says what a message means and when it is over."""

    def __init__(self, port, path, count):
        self.port, self.path, self.count = port, path, count
        self.epoll = select.epoll()
        self.peers = {}
        self.all = []
        self.open = 0
        self.cuts = 0
        self.later = collections.deque()      # (when, peer) to connect again
        self.start = time.monotonic()

    def opened(self):
        self.open += 1
        if self.open == self.count:
            print(json.dumps({"connected": time.monotonic() - self.start}), flush=True)

    def lost(self, peer):
        self.cuts += 1
        self.later.append((time.monotonic() + 0.02, peer))

    def is_over(self):
        return False

    def run(self):
        self.epoll.register(sys.stdin, select.EPOLLIN)
        while not self.is_over():
            while len(self.all) < self.count and len(self.all) - self.open < AT_ONCE:
                self.all.append(Peer(self))
            while self.later and self.later[0][0] < time.monotonic():
                self.later.popleft()[1].connect()
            for descriptor, _ in self.epoll.poll(0.01 if self.later else 1):
                if descriptor == sys.stdin.fileno():
                    return
                if descriptor in self.peers:
                    self.peers[descriptor].handle()

    def account(self):
        return {"cuts": self.cuts}


class Idle(Crowd):
    def __init__(self, *where):
        super().__init__(*where)
        self.messages = 0

    def message(self, peer, payload):
        self.messages += 1
        if self.messages % self.count == 0:
            print(json.dumps({"messages": self.messages}), flush=True)

    def account(self):
        return {**super().account(), "messages": self.messages}


class Listen(Crowd):
    def __init__(self, port, path, count, wanted):
        super().__init__(port, path, count)
        self.wanted = int(wanted)
        self.complete = 0

    def message(self, peer, payload):
        peer.digest.update(payload)
        peer.count += 1
        self.complete += peer.count == self.wanted

    def is_over(self):
        return self.complete == self.count

    def account(self):
        return {**super().account(), "counts": sorted({peer.count for peer in self.all}),
                "orders": sorted({peer.digest.hexdigest() for peer in self.all})}


class Work(Crowd):
    """A message that was acked, as an answer said, may not come again."""

    def __init__(self, *where):
        super().__init__(*where)
        self.queue = self.path.partition("?")[0].rpartition("/")[2]
        self.processed = collections.Counter()      # value → how often
        self.confirmed = set()
        self.stale = 0
        self.again = []      # keys that came although they were acked
        self.strange = []

    def message(self, peer, payload):
        message = json.loads(payload)
        if "lease" in message:
            key = message["key"]
            self.processed[message["value"]] += 1
            if key in self.confirmed:
                self.again.append(key)
            return json.dumps({"cmd": "del", "queue": self.queue, "key": key,
                               "lease": message["lease"], "id": key}).encode()
        if message.get("deleted"):
            if message["key"] in self.confirmed:
                self.again.append(message["key"])
            self.confirmed.add(message["key"])
        elif message.get("code") in ("stale_lease", "not_found"):
            self.stale += 1
        elif message != {"event": "gap"}:
            self.strange.append(message)
        return None

    def account(self):
        return {**super().account(), "processed": len(self.processed),
                "repeated": sum(self.processed.values()) - len(self.processed),
                "confirmed": len(self.confirmed), "stale": self.stale, "again": self.again[:10],
                "strange": self.strange[:10],
                "values": [min(map(int, self.processed), default=0),
                           max(map(int, self.processed), default=0)]}


def main():
    port, path, consumers, role, *more = sys.argv[1:]
    crowd = {"idle": Idle, "listen": Listen, "work": Work}[role](int(port), path, int(consumers),
                                                                 *more)
    crowd.run()
    print(json.dumps(crowd.account()), flush=True)


if __name__ == "__main__":
    main()
