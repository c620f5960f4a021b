# load_client.py - many requests over several kept connections at once, and an exact account of
# what became of each.  A program of its own, so that the test can run several beside itself.
#
#   load_client.py PORT QUEUE CONNECTIONS produce FIRST LAST   pushes the numbers FIRST…LAST
#   load_client.py PORT QUEUE CONNECTIONS consume              takes until standard input has ended
#                                                              and the queue is empty
#   load_client.py PORT QUEUE CONNECTIONS ask COUNT            takes COUNT times, empty or not
#
# It prints one JSON object: acked, taken, refused (surely not done), unknown (pushes: the numbers;
# takes: how many), refusals (the times of 503), others (answers that should not be there).
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import re
import select
import socket
import sys
import time

VALUE = re.compile(rb'"value":"(\d+)"')
LENGTH = re.compile(rb"content-length: (\d+)", re.I)


class Account:
    def __init__(self):
        self.acked, self.taken, self.refused, self.unknown = [], [], [], []
        self.refusals, self.others = [], []

    def note(self, number, status, body):
        """number: what was pushed, None for a take.  False when it is better to wait a little."""
        if status == 200 and number is not None:
            self.acked.append(number)
        elif status == 200:
            self.taken.append(int(VALUE.search(body).group(1)))
        elif status == 204:
            return False
        elif status == 503 and b'"code":"unavailable"' in body:
            self.refusals.append(time.monotonic())
            (self.unknown if b'"outcome":"unknown"' in body else self.refused).append(number)
            return False
        else:      # the web server's own: it lost the responder
            self.unknown.append(number)
            self.others.append(status)
        return True


class Connection:
    """One kept connection with one request under way."""

    def __init__(self, port):
        self.port = port
        self.sock = None
        self.number = None

    def send(self, request, number):
        if self.sock is None:
            self.sock = socket.create_connection(("127.0.0.1", self.port))
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = number
        self.got = b""
        self.sock.sendall(request)

    def close(self):
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def receive(self):
        """(status, body), or None while more is to come.  A lost connection has status 0."""
        try:
            more = self.sock.recv(65536)
        except OSError:
            more = b""
        if not more:
            self.close()
            return 0, b""
        self.got += more
        head, end, body = self.got.partition(b"\r\n\r\n")
        if not end:
            return None
        length = LENGTH.search(head)
        if length and len(body) < int(length.group(1)):
            return None
        return int(head[9:12]), body


def run(port, connections, requests, is_over):
    """requests yields (bytes, number); is_over(status) says after an answer whether to stop."""
    account = Account()
    epoll = select.epoll()
    waiting = {}      # descriptor → the connection with a request under way

    def ask(connection):
        request = next(requests, None)
        if request is None:
            connection.close()
            return
        is_new = connection.sock is None
        connection.send(*request)
        if is_new:
            epoll.register(connection.sock, select.EPOLLIN)
        waiting[connection.sock.fileno()] = connection

    for _ in range(connections):
        ask(Connection(port))
    while waiting:
        for descriptor, _ in epoll.poll(10):
            connection = waiting[descriptor]
            answer = connection.receive()
            if answer is None:
                continue
            del waiting[descriptor]
            if not account.note(connection.number, *answer):
                time.sleep(0.003)
            if is_over(answer[0]):
                connection.close()
            else:
                ask(connection)
    return account


def pushes(queue, first, last):
    head = b"POST /q/%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n" % queue
    for number in range(first, last + 1):
        body = b"%d" % number
        yield head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body), number


def takes(queue, count=None):
    request = b"GET /q/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % queue
    while count is None or count > 0:
        yield request, None
        if count is not None:
            count -= 1


def input_has_ended():
    return bool(select.select([sys.stdin], [], [], 0)[0]) and sys.stdin.read(1) == ""


def main():
    port, queue, connections, role, *rest = sys.argv[1:]
    queue = queue.encode()
    numbers = [int(word) for word in rest]
    if role == "produce":
        account = run(int(port), int(connections), pushes(queue, *numbers), lambda status: False)
    elif role == "ask":
        account = run(int(port), int(connections), takes(queue, *numbers), lambda status: False)
    else:
        account = run(int(port), int(connections), takes(queue),
                      lambda status: status == 204 and input_has_ended())
    print(json.dumps({**vars(account), "unknown_takes": account.unknown.count(None)}))


if __name__ == "__main__":
    main()
