# http2.py - as much of HTTP/2 as it takes to open streams and to reset them.
#
# SPDX-License-Identifier: BSD-2-Clause

import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1
CANCEL = 8


def frame(kind, flags, stream, content=b""):
    return struct.pack(">I", len(content))[1:] + struct.pack(">BBI", kind, flags, stream) + content


def text(value):
    """A string of HPACK as it is; up to 126 bytes."""
    value = value.encode()
    assert len(value) < 127
    return bytes([len(value)]) + value


class Http2:
    """A client on a socket that speaks TLS with the protocol h2.  No answer is understood but its
    status, where the server sends it by an index or as digits."""

    def __init__(self, sock, authority):
        self.sock = sock
        self.authority = authority
        self.stream = -1
        self.seen = b""
        sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))

    def request(self, method, path, headers={}, is_whole=True):
        """The bytes of a request; its number is self.stream."""
        self.stream += 2
        fields = {":method": method, ":scheme": "https", ":authority": self.authority,
                  ":path": path, **headers}
        block = b"".join(b"\0" + text(name) + text(value) for name, value in fields.items())
        return frame(HEADERS, END_HEADERS | (END_STREAM if is_whole else 0), self.stream, block)

    def reset(self, stream):
        return frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))

    def _exactly(self, size):
        while len(self.seen) < size:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError("connection closed")
            self.seen += more
        bytes, self.seen = self.seen[:size], self.seen[size:]
        return bytes

    def read(self):
        """The next frame: kind, flags, stream, content."""
        head = self._exactly(9)
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        return kind, flags, stream, self._exactly(int.from_bytes(head[:3], "big"))

    def settle(self):
        """Waits until the server has read all that was sent."""
        self.sock.sendall(frame(PING, 0, 0, b"settled?"))
        while True:
            kind, flags, _, content = self.read()
            if kind == GOAWAY or (kind == PING and flags & ACK and content == b"settled?"):
                return
