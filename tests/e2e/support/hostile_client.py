# hostile_client.py - clients that mean harm, one kind a function.  A program of its own, so that what it
# does costs the one that measures nothing.
#
#   hostile_client.py KIND HTTP_PORT WS_PORT
#
# It prints "done" when all that it sends is sent, or refused; then it keeps its connections, reads
# nothing from them, and ends with its standard input.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import contextlib
import http.client
import itertools
import os
import random
import resource
import select
import socket
import struct
import sys
import threading
import time

MASK = b"\0\0\0\0"         # allowed, and saves the work
TEXT, PING = 1, 9
SECONDS = 4                 # of a flood
SMALL = 4096                # bytes of a receive buffer; the kernel makes some more of it

HANDSHAKE = ("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


def frame(opcode, payload=b""):
    size = len(payload)
    if size < 126:
        return bytes([0x80 | opcode, 0x80 | size]) + MASK + payload
    if size < 65536:
        return struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, size) + MASK + payload
    return struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, size) + MASK + payload


def connect(port, data, receive_buffer=SMALL, source=None):
    """A connection that has sent the data; None where it is refused."""
    sock = socket.socket()
    try:
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            sock.bind((source, 0))
        sock.settimeout(20)
        sock.connect(("127.0.0.1", port))
        sock.sendall(data)
        return sock
    except OSError:
        sock.close()
        return None


def websockets(port, path, count, receive_buffer=SMALL):
    """So many of them, past the handshake."""
    socks = [connect(port, HANDSHAKE.format(path=path).encode(), receive_buffer)
             for _ in range(count)]
    socks = [sock for sock in socks if sock]
    for sock in socks:
        with contextlib.suppress(OSError):
            sock.recv(4096)
    return socks


def flood(socks, data, seconds=SECONDS, most=1 << 40):
    """Sends the same bytes again and again over all of them, as fast as they take it; of each no more
    than so many."""
    poll, sent, by_number = select.poll(), {}, {}
    for sock in socks:
        sock.setblocking(False)
        poll.register(sock, select.POLLOUT)
        sent[sock.fileno()], by_number[sock.fileno()] = 0, sock
    until = time.monotonic() + seconds
    while by_number and time.monotonic() < until:
        for number, events in poll.poll(100):
            try:
                if events & (select.POLLHUP | select.POLLERR):
                    raise ConnectionResetError
                # what is left of a frame goes first
                start = sent[number] % len(data)
                sent[number] += by_number[number].send(data[start:start + most - sent[number]])
                is_over = sent[number] == most
            except BlockingIOError:
                is_over = False
            except OSError:
                is_over = True
            if is_over:
                poll.unregister(number)
                del by_number[number]
    return socks


def at_once(count, work):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- the kinds: each returns what it keeps -----------------------------------------------------------

def pings(web, ws):
    """Empty pings, whose answers are read by nobody."""
    return flood(websockets(ws, "/ws/none", 20), frame(PING) * 1000)


def commands(web, ws):
    """Commands, whose answers are read by nobody."""
    text = frame(TEXT, b'{"cmd":"stats","queue":"none"}')
    return flood(websockets(ws, "/ws/none", 500), text * 100)


def large_answers(web, ws):
    """An answer of 6 MiB each, which nobody reads."""
    return flood(websockets(ws, "/ws/none", 40), frame(TEXT, b'{"cmd":"get","queue":"bytes"}'),
                 most=200)


def large_long_polls(web, ws):
    """Answers to long-polls, which nobody reads."""
    request = b"GET /w/eight?count=8&lease=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    socks = [connect(ws, request) for _ in range(40)]
    time.sleep(SECONDS)
    return socks


def half_messages(web, ws):
    """Messages as large as a websocket may send, without their last byte."""
    return flood(websockets(ws, "/ws/none", 2000),
                 struct.pack(">BBQ", 0x80 | TEXT, 0x80 | 127, 65536) + MASK + b"x" * 65535,
                 most=65535 + 14)


def deref(web, ws):
    """Subscribers with deref=1 that publish the key of a large message, again and again."""
    return flood(websockets(ws, "/sub/y?deref=1", 30), frame(TEXT, b"big:1") * 64, most=64 * 11)


def publications(web, ws):
    """A channel flooded by who is subscribed to it."""
    return flood(websockets(ws, "/sub/flood", 20), frame(TEXT, b"x" * 60000))


def broadcast(web, ws):
    """Consumers of a queue of large messages, who read nothing."""
    socks = websockets(ws, "/ws/large", 300)
    for _ in range(32):
        connection = http.client.HTTPConnection("127.0.0.1", web, timeout=20)
        connection.request("POST", "/q/large", b"\1" * (1 << 20), {"Content-Type": "text/plain"})
        connection.getresponse().read()
    return socks


def crowd(web, ws):
    """Consumers that come and go, all at once."""
    for _ in range(3):
        for sock in websockets(ws, "/ws/crowd?name=me", 3000, None):
            sock.close()
    return []


def takes(web, ws):
    """Takes from a queue with all that is due."""
    until = time.monotonic() + SECONDS

    def take(number):
        while time.monotonic() < until:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", web, timeout=20)
                connection.request("GET", "/q/due")
                connection.getresponse().read()
                connection.close()

    at_once(16, take)
    return []


def listings(web, ws):
    """Everything of all queues, several times at once."""
    paths = itertools.cycle(["/stats/", "/metrics", "/control", "/q"])
    until = time.monotonic() + SECONDS

    def read(number):
        while time.monotonic() < until:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", web, timeout=20)
                connection.request("GET", next(paths))
                answer = connection.getresponse()
                while answer.read(65536):
                    pass
                connection.close()

    at_once(4, read)
    return []


def half_heads(web, ws):
    """Heads of requests without their end, from one address, again when they are cut off."""
    socks, until = [], time.monotonic() + SECONDS
    while time.monotonic() < until:
        socks.append(connect(ws, b"GET /ws/none HTTP/1.1\r\nX: " + b"x" * 4000, None, "127.0.0.2"))
        if len(socks) > 3000:
            time.sleep(0.05)
            if gone := socks.pop(0):
                gone.close()
    return socks


def half_bodies(web, ws):
    """Bodies without their last byte."""
    head = (b"POST /q/none HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\n\r\n")
    return flood([connect(web, head % (1 << 20)) for _ in range(100)], b"x" * 65535,
                 most=(1 << 20) - 1)


def passwords(web, ws):
    """Wrong passwords, from as many addresses as there are."""
    until = time.monotonic() + SECONDS

    def guess(number):
        while time.monotonic() < until:
            source = f"127.{random.randrange(1, 255)}.{random.randrange(255)}.9"
            word = base64.b64encode(b"me:" + os.urandom(6)).decode()
            sock = connect(random.choice((web, ws)), (
                f"GET /w/none?wait=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {word}\r\n"
                "Connection: close\r\n\r\n").encode(), None, source)
            if sock:
                with contextlib.suppress(OSError):
                    sock.recv(4096)
                sock.close()

    at_once(16, guess)
    return []


def main():
    kind, web, ws = sys.argv[1:]
    os.nice(5)      # it would be on another machine
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    kept = globals()[kind](int(web), int(ws))
    print("done", flush=True)
    sys.stdin.read()
    for sock in kept:
        if sock:
            sock.close()


if __name__ == "__main__":
    main()
