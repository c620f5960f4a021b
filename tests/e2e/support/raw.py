# raw.py - requests as bytes, to the helper's own address.
#
# SPDX-License-Identifier: BSD-2-Clause

import socket

import stack as servers

HEAD = "Host: localhost\r\n"
PLAIN = HEAD + "Content-Type: text/plain\r\n"


def push(queue, body, more=""):
    return f"POST /q/{queue} HTTP/1.1\r\n{PLAIN}{more}Content-Length: {len(body)}\r\n\r\n{body}"


def take(queue, more=""):
    return f"GET /q/{queue}?raw=1 HTTP/1.1\r\n{HEAD}{more}\r\n"


def chunked(*pieces, end="0\r\n\r\n"):
    return "".join(f"{len(piece):x}\r\n{piece}\r\n" for piece in pieces) + end


def push_chunked(queue, body, more=""):
    return f"POST /q/{queue} HTTP/1.1\r\n{PLAIN}{more}Transfer-Encoding: chunked\r\n\r\n{body}"


class Raw:
    """A connection on which bytes are sent as they are."""

    def __init__(self, port, receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:      # the kernel makes some more of it
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(servers.patience(20))
        self.sock.connect(("127.0.0.1", port))
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, *texts):
        self.sock.sendall(b"".join(text if isinstance(text, bytes) else text.encode() for text in texts))
        return self

    def more(self):
        data = self.sock.recv(65536)
        self.rest += data
        return bool(data)

    def hear(self, text):
        while len(self.rest) < len(text) and self.more():
            pass
        assert self.rest.startswith(text), self.rest
        self.rest = self.rest[len(text):]

    def answer(self, has_body=True):
        """(status, {field: value}, body)"""
        while b"\r\n\r\n" not in self.rest:
            assert self.more(), self.rest
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines)
        if has_body and fields.get("Transfer-Encoding") == "chunked":
            return int(first.split()[1]), fields, self.chunks()
        length = int(fields.get("Content-Length", 0)) if has_body else 0
        while len(self.rest) < length:
            assert self.more()
        body, self.rest = self.rest[:length], self.rest[length:]
        return int(first.split()[1]), fields, body

    def chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.rest:
                assert self.more()
            size, _, self.rest = self.rest.partition(b"\r\n")
            size = int(size, 16)
            while len(self.rest) < size + 2:
                assert self.more()
            body, self.rest = body + self.rest[:size], self.rest[size + 2:]
            if size == 0:
                return body

    def is_closed(self):
        assert self.rest == b""
        return self.sock.recv(1) == b""
