# consumers.py - clients of restmq-wsd: one small class for each transport, all with the same
# interface, down to the bytes where that matters.
#
#   consumer = Websocket(address).connect("/ws/foo")     address: a port of 127.0.0.1, or the path
#   consumer.next()["value"]                             of a unix socket
#
# next() waits for a message and returns it decoded, raw() returns its text as it came.  Both raise
# Silent when nothing comes in time, and Closed when the stream has ended.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import collections
import hashlib
import itertools
import json
import os
import random
import re
import socket
import struct
import time
import zlib

import websockets.client
import websockets.connection
import websockets.exceptions
import websockets.extensions.permessage_deflate
import websockets.frames
import websockets.http11
import websockets.uri

TIMEOUT = 5.0     # seconds; for whatever should come at once


class Silent(Exception):
    """Nothing came in time."""


class Closed(Exception):
    """The stream has ended.  code: a websocket's, 1006 for an end without a goodbye, None where
    the transport has a goodbye without a code."""

    def __init__(self, code, reason=""):
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Refused(Exception):
    """The answer to the request is no stream."""

    def __init__(self, answer):
        super().__init__(answer)
        self.answer = answer
        self.status = answer.status


class Head:
    """The head of an HTTP answer; body where one was read."""

    def __init__(self, text):
        status, *fields = text.decode("latin-1").split("\r\n")
        self.version, self.status, *phrase = status.split(" ", 2)
        self.status = int(self.status)
        self.phrase = "".join(phrase)
        self.lines = fields
        self.fields = {}
        for field in fields:
            name, _, value = field.partition(":")
            self.fields[name.strip().lower()] = value.strip()
        self.body = b""

    def get(self, name):
        return self.fields.get(name.lower())

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.fields} {self.body[:200]!r}>"


class Wire:
    """A socket and what was read from it but not used yet."""

    def __init__(self, address, receive_buffer=None):
        unix = isinstance(address, str)
        self.sock = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        if receive_buffer:      # before the connection: it decides the window
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(address if unix else ("127.0.0.1", address))
        if not unix:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = "localhost" if unix else f"127.0.0.1:{address}"
        # what the web server in front of a unix socket says
        self.forwarded = {"X-Forwarded-For": "127.0.0.1"} if unix else {}
        self.data = bytearray()

    def send(self, data):
        self.sock.settimeout(30)
        self.sock.sendall(data)

    def more(self, deadline):
        """Reads once; false at the end of the stream."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise Silent()
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(262144)
        except TimeoutError:
            raise Silent() from None
        except ConnectionResetError:
            return False
        self.data += data
        return bool(data)

    def need(self, size, deadline):
        """Waits until so many bytes are there, without using them up."""
        while len(self.data) < size:
            if not self.more(deadline):
                raise EOFError()

    def take(self, size):
        data = bytes(self.data[:size])
        del self.data[:size]
        return data

    def until(self, mark, deadline):
        """What stands before the mark; uses up both."""
        seen = 0
        while (at := self.data.find(mark, seen)) < 0:
            seen = max(0, len(self.data) - len(mark) + 1)
            if not self.more(deadline):
                raise EOFError()
        data = self.take(at + len(mark))
        return data[:at]

    def head(self, deadline):
        return Head(self.until(b"\r\n\r\n", deadline))

    def body(self, head, deadline):
        """The body of an answer that is no stream."""
        if head.get("Content-Length") is not None:
            size = int(head.get("Content-Length"))
            self.need(size, deadline)
            return self.take(size)
        if (head.get("Transfer-Encoding") or "").lower() == "chunked":
            return b"".join(iter(lambda: self.chunk(deadline), b""))
        return b"" if head.status == 204 else self.rest(deadline)

    def chunk(self, deadline):
        """The next chunk of a chunked body; b"" is the last."""
        while (end := self.data.find(b"\r\n")) < 0:
            if not self.more(deadline):
                raise EOFError()
        size = int(bytes(self.data[:end]), 16)
        self.need(end + 2 + size + 2, deadline)
        chunk = self.take(end + 2 + size + 2)
        assert chunk.endswith(b"\r\n")
        return chunk[end + 2:-2]

    def rest(self, deadline):
        """All that comes until the peer closes."""
        while self.more(deadline):
            pass
        return self.take(len(self.data))

    def ends(self, timeout=TIMEOUT):
        """True when the peer closes in time; what comes before is dropped."""
        try:
            self.rest(time.monotonic() + timeout)
            return True
        except Silent:
            return False

    def close(self):
        self.sock.close()

    def reset(self):
        """Ends the connection as a dead program's kernel does: at once, with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def request(wire, method, path, *fields):
    """Sends the head of a request; fields are lines, or None to leave one out."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {wire.host}", *filter(None, fields), "", ""]
    wire.send("\r\n".join(lines).encode("latin-1"))


def lines_of(headers):
    return [f"{name}: {value}" for name, value in headers.items()]


def get(address, path, headers={}, timeout=TIMEOUT, method="GET"):
    """An answer that is no stream."""
    wire = Wire(address)
    try:
        request(wire, method, path, *lines_of({**wire.forwarded, **headers}))
        deadline = time.monotonic() + timeout
        head = wire.head(deadline)
        if method != "HEAD":
            head.body = wire.body(head, deadline)
        return head
    finally:
        wire.close()


class Consumer:
    """What all transports have in common."""

    route = "/c/"            # of the consumers of a queue
    via = "comet"            # the name that presence has for it
    has_text = False         # can it send?
    has_close_code = False
    has_goodbye = True       # something that says that the end is meant
    over_proxy = True        # can any web server stand in front?

    def __init__(self, address, receive_buffer=None):
        self.address = address
        self.receive_buffer = receive_buffer
        self.wire = None
        self.answer = None
        self.aside = collections.deque()     # messages that came while an answer was waited for

    def connect(self, path, headers={}):
        self.path = path
        self.wire = Wire(self.address, self.receive_buffer)
        self.open({**self.wire.forwarded, **headers})
        return self

    def consume(self, queue, query=""):
        """Connects as a consumer of the queue."""
        return self.connect(f"{self.route}{queue}{query}")

    def open(self, headers):
        request(self.wire, "GET", self.path, *self.fields(), *lines_of(headers))
        self.expect(200)

    def fields(self):
        """Header fields that make the request one of this transport."""
        return []

    def expect(self, status):
        """Reads the head of the answer."""
        deadline = time.monotonic() + TIMEOUT
        self.answer = self.wire.head(deadline)
        if self.answer.status != status:
            self.answer.body = self.wire.body(self.answer, deadline)
            raise Refused(self.answer)

    def raw(self, timeout=TIMEOUT):
        if self.aside:
            return self.aside.popleft()
        try:
            return self.receive(time.monotonic() + timeout)
        except EOFError:
            raise Closed(1006) from None

    def receive(self, deadline):
        """The text of the next message."""
        raise NotImplementedError

    def next(self, timeout=TIMEOUT):
        return json.loads(self.raw(timeout))

    def values(self, count, timeout=TIMEOUT):
        """The values of so many messages."""
        return [self.next(timeout)["value"] for _ in range(count)]

    def rest(self, quiet=0.3):
        """The values of all that comes until it is quiet for so many seconds."""
        values = []
        try:
            while True:
                values.append(self.next(quiet)["value"])
        except Silent:
            return values

    def is_silent(self, seconds=0.3):
        try:
            self.aside.append(self.raw(seconds))
            return False
        except Silent:
            return True

    def end(self, timeout=TIMEOUT):
        """Waits for the end of the stream and returns how it ended; messages before are dropped."""
        deadline = time.monotonic() + timeout
        self.aside.clear()
        try:
            while True:
                self.raw(deadline - time.monotonic())
        except Closed as closed:
            return closed

    def settle(self):
        """Answers the pings that are under way, so that what was read counts as acked."""

    def close(self):
        """Goes away as a well-behaved client does."""
        if self.wire:
            self.wire.close()

    def drop(self):
        """Goes away without a word."""
        self.wire.reset()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Commanding(Consumer):
    """A consumer that can send text, and so commands of the JSON protocol."""

    has_text = True
    _ids = itertools.count(1)

    def command(self, **members):
        """Runs a command; messages that come before its answer are kept for next()."""
        number = f"c{next(self._ids)}"
        self.send(json.dumps({**members, "id": number}))
        deadline = time.monotonic() + TIMEOUT
        others = collections.deque()
        try:
            while True:
                text = self.raw(deadline - time.monotonic())
                if f'"id":"{number}"' in text:
                    answer = json.loads(text)
                    assert answer.pop("id") == number
                    return answer
                others.append(text)
        finally:
            self.aside.extendleft(reversed(others))

    def ack(self, message):
        queue = message["key"].rpartition(":")[0]
        answer = self.command(cmd="del", queue=queue, key=message["key"], lease=message["lease"])
        assert answer == {"queue": queue, "deleted": True, "key": message["key"]}, answer


# --- RFC 6455, hybi-07, hybi-08 -----------------------------------------------------------------

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload=b"", fin=True, rsv=0, masked=True, size=None):
    """A client's frame.  size: a longer form of the length than needed, 16 or 64 bits."""
    if isinstance(payload, str):
        payload = payload.encode()
    head = bytes([fin << 7 | rsv << 4 | opcode])
    bit = masked << 7
    if size == 64 or len(payload) > 65535:
        head += struct.pack(">BQ", bit | 127, len(payload))
    elif size == 16 or len(payload) > 125:
        head += struct.pack(">BH", bit | 126, len(payload))
    else:
        head += bytes([bit | len(payload)])
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + xor(payload, mask)


def xor(payload, mask):
    size = len(payload)
    stream = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ stream).to_bytes(size, "big")


class Websocket(Commanding):
    """RFC 6455 by hand.  pongs: does it answer pings?  (And with that ack messages.)"""

    route = "/ws/"
    via = "websocket"
    version = 13
    has_close_code = True
    offers = ("permessage-deflate; client_max_window_bits",)
    agreed = None            # what the server says of that; it is off by default

    def __init__(self, address, receive_buffer=None, pongs=True):
        super().__init__(address, receive_buffer)
        self.pongs = pongs
        self.pings = 0

    def fields(self):
        return ["Upgrade: websocket", "Connection: keep-alive, Upgrade",
                f"Sec-WebSocket-Version: {self.version}", f"Sec-WebSocket-Key: {self.key}",
                *(f"Sec-WebSocket-Extensions: {offer}" for offer in self.offers)]

    def open(self, headers):
        self.key = base64.b64encode(os.urandom(16)).decode()
        request(self.wire, "GET", self.path, *self.fields(), *lines_of(headers))
        self.expect(101)
        digest = hashlib.sha1(self.key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        assert self.answer.get("Sec-WebSocket-Accept") == base64.b64encode(digest).decode()
        assert self.answer.get("Upgrade").lower() == "websocket"
        assert self.answer.get("Connection").lower() == "upgrade"
        assert self.answer.get("Sec-WebSocket-Extensions") == self.agreed
        assert self.answer.get("Sec-WebSocket-Protocol") is None
        assert self.answer.get("Content-Length") is None

    def frame(self, deadline):
        """(opcode, payload) of the next frame of any kind; checks its form."""
        first, payload = self.whole_frame(deadline)
        assert first & 0x70 == 0, "a reserved bit"
        return first & 15, payload

    def whole_frame(self, deadline):
        """(first byte, payload) of the next frame."""
        wire = self.wire
        wire.need(2, deadline)
        first, size = wire.data[0], wire.data[1]
        assert first & 0x80, "a server has no reason to fragment"
        assert size < 128, "a masked frame from a server"
        at = 2
        if size >= 126:
            at = 4 if size == 126 else 10
            wire.need(at, deadline)
            size = int.from_bytes(wire.data[2:at], "big")
            assert size > 125 if at == 4 else size > 65535, "not the shortest length"
        wire.need(at + size, deadline)
        return first, wire.take(at + size)[at:]

    def event(self, deadline):
        """The next frame, pings and closes answered."""
        opcode, payload = self.frame(deadline)
        if opcode == PING:
            self.pings += 1
            if self.pongs:
                self.wire.send(frame(PONG, payload))
        if opcode == CLOSE:
            try:
                self.wire.send(frame(CLOSE, payload))
            except OSError:
                pass
            assert self.wire.ends(), "the server closes the connection first"
            code = int.from_bytes(payload[:2], "big") if payload else 1005
            raise Closed(code, payload[2:].decode())
        return opcode, payload

    def message(self, timeout=TIMEOUT):
        """(TEXT or BINARY, payload)."""
        deadline = time.monotonic() + timeout
        while (event := self.event(deadline))[0] not in (TEXT, BINARY):
            assert event[0] in (PING, PONG), event
        return event

    def receive(self, deadline):
        while True:
            opcode, payload = self.event(deadline)
            if opcode == TEXT:
                return payload.decode()
            assert opcode in (PING, PONG), opcode

    def send(self, text):
        self.wire.send(frame(TEXT, text))

    def settle(self):
        """A ping of our own is answered behind the server's; whose answer may bring one more."""
        for turn in range(3):
            self.wire.send(frame(PING, b"settle%d" % turn))
            deadline = time.monotonic() + TIMEOUT
            while (event := self.event(deadline)) != (PONG, b"settle%d" % turn):
                if event[0] == TEXT:
                    self.aside.append(event[1].decode())

    def close(self, code=1000):
        """Says goodbye and waits for the same and for the end."""
        if self.wire is None or self.wire.sock.fileno() < 0:
            return
        try:
            self.wire.send(frame(CLOSE, struct.pack(">H", code)))
            deadline = time.monotonic() + TIMEOUT
            while self.frame(deadline)[0] != CLOSE:
                pass
            self.wire.ends()
        except (EOFError, OSError, Silent):
            pass
        self.wire.close()


DEFLATE = "permessage-deflate"
DEFLATE_TERMS = f"{DEFLATE}; server_no_context_takeover; client_no_context_takeover"
DEFLATE_TAIL = b"\0\0\xff\xff"


def deflated(data, window=15, flush=zlib.Z_SYNC_FLUSH, level=6):
    """The payload of a message, deflated by itself."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -window)
    data = deflate.compress(data) + deflate.flush(flush)
    return data + b"\0" if flush == zlib.Z_FINISH else data.removesuffix(DEFLATE_TAIL)


class Deflated(Websocket):
    """RFC 6455 with permessage-deflate, in both directions.  offers: fields; agreed: the answer."""

    def __init__(self, address, receive_buffer=None, offers=(DEFLATE,), agreed=DEFLATE_TERMS, **more):
        super().__init__(address, receive_buffer, **more)
        self.offers, self.agreed = offers, agreed
        window = re.search(r"server_max_window_bits=(\d+)", agreed or "")
        self.window = int(window[1]) if window else 15
        self.forms = []      # of the messages that came: (is it deflated, bytes on the wire)

    def frame(self, deadline):
        first, payload = self.whole_frame(deadline)
        assert first & 0x30 == 0, "a reserved bit"
        if first & 15 in (TEXT, BINARY):
            self.forms.append((first & 0x40 != 0, len(payload)))
        if first & 0x40 == 0:
            return first & 15, payload
        assert first & 15 in (TEXT, BINARY), "a control frame that is deflated"
        inflate = zlib.decompressobj(-self.window)     # nothing is taken over
        text = inflate.decompress(payload + DEFLATE_TAIL)
        assert not inflate.unconsumed_tail and len(text) > len(payload)
        return first & 15, text

    def send(self, text):
        self.wire.send(frame(TEXT, deflated(text.encode()), rsv=4))


class Hybi8(Websocket):
    version = 8

    def fields(self):
        return [*super().fields(), f"Sec-WebSocket-Origin: http://{self.wire.host}"]


class Hybi7(Hybi8):
    version = 7


class Library(Commanding):
    """python3-websockets, which asks for compression and is strict about what it gets."""

    route = "/ws/"
    via = "websocket"
    has_close_code = True
    agrees = False           # upon compression, which is off by default

    def open(self, headers):
        uri = websockets.uri.parse_uri(f"ws://{self.wire.host}{self.path}")
        deflate = websockets.extensions.permessage_deflate.ClientPerMessageDeflateFactory()
        self.peer = websockets.client.ClientConnection(uri, extensions=[deflate], max_size=None)
        asked = self.peer.connect()
        for name, value in headers.items():
            asked.headers[name] = value
        self.peer.send_request(asked)
        self.flush()
        self.events = collections.deque()
        answer = self.event(time.monotonic() + TIMEOUT)
        assert isinstance(answer, websockets.http11.Response)
        if self.peer.handshake_exc:
            self.answer = Head(b"HTTP/1.1 %d -" % answer.status_code)
            raise Refused(self.answer) from self.peer.handshake_exc
        assert bool(self.peer.extensions) == self.agrees

    def flush(self):
        for data in self.peer.data_to_send():
            try:
                if data:
                    self.wire.send(data)
            except OSError:
                pass     # it is closed, as we will read

    def event(self, deadline):
        while not self.events:
            if self.wire.more(deadline):
                self.peer.receive_data(self.wire.take(len(self.wire.data)))
            else:
                self.peer.receive_eof()
            self.flush()
            self.events.extend(self.peer.events_received())
            if not self.events and self.peer.state is websockets.connection.State.CLOSED:
                raise Closed(self.peer.close_code or 1006, self.peer.close_reason or "")
        return self.events.popleft()

    def receive(self, deadline):
        while (event := self.event(deadline)).opcode is not websockets.frames.Opcode.TEXT:
            pass
        return event.data.decode()

    def send(self, text):
        self.peer.send_text(text.encode())
        self.flush()

    def settle(self):
        for turn in range(3):
            self.peer.send_ping(b"settle%d" % turn)
            self.flush()
            deadline = time.monotonic() + TIMEOUT
            while (event := self.event(deadline)).data != b"settle%d" % turn:
                if event.opcode is websockets.frames.Opcode.TEXT:
                    self.aside.append(event.data.decode())

    def close(self):
        if self.wire is None or self.wire.sock.fileno() < 0:
            return
        try:
            if self.peer.state is websockets.connection.State.OPEN:
                self.peer.send_close(1000)
                self.flush()
                self.end()
        except Silent:
            pass
        self.wire.close()


class DeflatedLibrary(Library):
    agrees = True


# --- hixie-76 and hixie-75 ----------------------------------------------------------------------

def hixie_key():
    """A random key as the draft makes it, and its number."""
    spaces = random.randint(1, 12)
    number = random.randint(0, 4294967295 // spaces)
    key = list(str(number * spaces))
    for _ in range(random.randint(1, 12)):
        key.insert(random.randint(0, len(key)), random.choice("!\"#$%&'()*+,-./:;<=>?@AZaz~"))
    for _ in range(spaces):
        key.insert(random.randint(1, len(key) - 1), " ")
    return "".join(key), number


def hixie_digest(numbers, nonce):
    return hashlib.md5(struct.pack(">II", *numbers) + nonce).digest()


class Hixie75(Commanding):
    route = "/ws/"
    via = "websocket"
    has_goodbye = False
    over_proxy = False       # lighttpd rewrites the status line, Apache moves the headers

    def fields(self):
        return ["Upgrade: WebSocket", "Connection: Upgrade", f"Origin: http://{self.wire.host}"]

    def open(self, headers):
        request(self.wire, "GET", self.path, *self.fields(), *lines_of(headers))
        self.expect(101)
        assert self.answer.phrase == "Web Socket Protocol Handshake"
        assert self.answer.lines[:2] == ["Upgrade: WebSocket", "Connection: Upgrade"]
        assert self.answer.get("WebSocket-Origin") == f"http://{self.wire.host}"
        assert self.answer.get("WebSocket-Location") == f"ws://{self.wire.host}{self.path}"

    def receive(self, deadline):
        self.wire.need(1, deadline)
        if self.wire.data[0] == 0xff:
            self.wire.need(2, deadline)
            assert self.wire.data[1] == 0
            self.close()
            raise Closed(None)
        assert self.wire.data[0] == 0, "frames begin with 00"
        while (end := self.wire.data.find(b"\xff")) < 0:
            if not self.wire.more(deadline):
                raise EOFError()
        return self.wire.take(end + 1)[1:-1].decode()

    def send(self, text):
        self.wire.send(b"\x00" + text.encode() + b"\xff")


class Hixie76(Hixie75):
    """split: how many of the eight bytes go out with the head, how many after that, and so on; all
    but the first piece go out when the 101 is there.  glued: what follows the last of them in the
    same send()."""

    has_goodbye = True
    over_proxy = True

    def __init__(self, address, receive_buffer=None, split=(8,), glued=b"", keys=None, nonce=None,
                 origin=None):
        super().__init__(address, receive_buffer)
        self.split, self.glued, self.origin = split, glued, origin
        first, second = hixie_key(), hixie_key()
        self.keys = keys or (first[0], second[0])
        self.numbers = None if keys else (first[1], second[1])
        self.nonce = nonce or os.urandom(8)

    def fields(self):
        return ["Upgrade: WebSocket", "Connection: Upgrade",
                f"Origin: {self.origin or 'http://' + self.wire.host}",
                f"Sec-WebSocket-Key1: {self.keys[0]}", f"Sec-WebSocket-Key2: {self.keys[1]}"]

    def pieces(self):
        ends = list(itertools.accumulate(self.split))
        assert ends[-1] == 8
        pieces = [self.nonce[end - size:end] for size, end in zip(self.split, ends)]
        pieces[-1] += self.glued
        return pieces

    def open(self, headers):
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {self.wire.host}", *self.fields(),
                 *lines_of(headers), "", ""]
        pieces = self.pieces()
        self.wire.send("\r\n".join(lines).encode("latin-1") + pieces[0])
        self.expect(101)
        for piece in pieces[1:]:
            time.sleep(0.002)
            self.wire.send(piece)
        self.wire.need(16, time.monotonic() + TIMEOUT)
        self.digest = self.wire.take(16)
        if self.numbers:
            assert self.digest == hixie_digest(self.numbers, self.nonce)
        origin = self.origin or f"http://{self.wire.host}"
        assert self.answer.get("Sec-WebSocket-Origin") == origin
        assert self.answer.get("Sec-WebSocket-Location") == f"ws://{self.wire.host}{self.path}"

    def close(self):
        if self.wire and self.wire.sock.fileno() >= 0:
            try:
                self.wire.send(b"\xff\x00")
                self.wire.ends(1)
            except OSError:
                pass
            self.wire.close()


# --- HTTP streams -------------------------------------------------------------------------------

class Stream(Consumer):
    """The body of an answer that does not end, undone of its chunks where it has them."""

    version = "1.1"

    def __init__(self, address, receive_buffer=None):
        super().__init__(address, receive_buffer)
        self.text = bytearray()

    def open(self, headers):
        lines = [f"GET {self.path} HTTP/{self.version}", f"Host: {self.wire.host}",
                 *self.fields(), *lines_of(headers), "", ""]
        self.wire.send("\r\n".join(lines).encode("latin-1"))
        self.expect(200)
        assert self.answer.get("Content-Length") is None
        assert self.answer.get("Cache-Control") == "no-store"
        self.is_chunked = (self.answer.get("Transfer-Encoding") or "").lower() == "chunked"

    def more_text(self, deadline):
        if self.is_chunked:
            data = self.wire.chunk(deadline)
        else:
            data = self.wire.take(len(self.wire.data))
            if not data and self.wire.more(deadline):
                data = self.wire.take(len(self.wire.data))
        if not data:
            raise Closed(None)
        self.text += data

    def until(self, mark, deadline):
        """What stands before the mark; uses up both."""
        while (at := self.text.find(mark)) < 0:
            self.more_text(deadline)
        text = bytes(self.text[:at])
        del self.text[:at + len(mark)]
        return text.decode()

    def receive(self, deadline):
        return self.until(b"\r\n", deadline)


class Comet(Stream):
    def open(self, headers):
        super().open(headers)
        assert self.answer.get("Content-Type").lower() == "text/plain; charset=utf-8"
        assert self.is_chunked


class Comet10(Stream):
    """HTTP/1.0: no chunks, the end of the connection is the end of the stream."""

    version = "1.0"

    def open(self, headers):
        super().open(headers)
        assert not self.is_chunked


class Jsonp(Stream):
    """Script lines; the function's name is in the query."""

    LINE = re.compile(r"(?:/\*\*/)?show\((.*)\);")

    def consume(self, queue, query=""):
        return self.connect(f"{self.route}{queue}{query or '?'}{'&' if query else ''}callback=show")

    def open(self, headers):
        super().open(headers)
        # lighttpd and nginx may make it text/javascript.
        assert self.answer.get("Content-Type").lower().partition("/")[2].startswith("javascript")
        assert self.answer.get("X-Content-Type-Options") == "nosniff"

    def receive(self, deadline):
        return self.LINE.fullmatch(super().receive(deadline)).group(1)


class Sse(Stream):
    """Server-sent events as an EventSource reads them."""

    via = "sse"

    def __init__(self, address, receive_buffer=None):
        super().__init__(address, receive_buffer)
        self.retry = None
        self.id = None           # of the last event that had one
        self.event = None
        self.comments = 0

    def fields(self):
        return ["Accept: text/event-stream"]

    def open(self, headers):
        super().open(headers)
        assert self.answer.get("Content-Type").lower().startswith("text/event-stream")

    def line(self, deadline):
        """Lines end with CRLF, LF or CR; ours with one of the first two."""
        return self.until(b"\n", deadline).removesuffix("\r")

    def receive(self, deadline):
        data, self.event = [], None
        while True:
            line = self.line(deadline)
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line == "":
                if data:
                    return "\n".join(data)
            elif name == "":
                self.comments += 1
            elif name == "data":
                data.append(value)
            elif name == "retry":
                self.retry = int(value)
            elif name in ("id", "event"):
                setattr(self, name, value)
            else:
                raise AssertionError(f"no field of an event: {line}")


class LongPoll(Consumer):
    """Asks with connect(), and again whenever a message is waited for."""

    route = "/w/"
    via = None

    def open(self, headers):
        self.headers = headers
        self.ask()

    def ask(self):
        wait = "" if "wait=" in self.path else ("&" if "?" in self.path else "?") + "wait=20"
        if self.wire.sock.fileno() < 0:
            self.wire = Wire(self.address, self.receive_buffer)
        request(self.wire, "GET", self.path + wait, *lines_of(self.headers))
        self.is_asked = True

    def receive(self, deadline):
        while True:
            if not self.is_asked:
                self.ask()
            self.wire.need(1, deadline)
            soon = time.monotonic() + TIMEOUT
            self.answer = self.wire.head(soon)
            self.answer.body = self.wire.body(self.answer, soon)
            self.is_asked = False
            if "close" in (self.answer.get("Connection") or "").lower():
                self.wire.close()
            if self.answer.status not in (200, 204):
                raise Refused(self.answer)
            if self.answer.status == 200:
                return self.answer.body.decode()


WEBSOCKETS = [Websocket, Hybi8, Hybi7, Library, Hixie76, Hixie75]
STREAMS = [Comet, Comet10, Jsonp, Sse]
TRANSPORTS = WEBSOCKETS + STREAMS
