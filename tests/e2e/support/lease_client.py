# lease_client.py - a worker that takes messages under a lease, and writes down what it does as it
# does it, so that the account outlives a kill -9.
#
#   lease_client.py PORT QUEUE LOG work SECONDS COUNT   leases up to COUNT messages and acks
#                                                       them, one by one, until its input ends
#   lease_client.py PORT QUEUE LOG hoard SECONDS COUNT  leases them and never acks
#   lease_client.py PORT QUEUE LOG contend TAKES        takes so often, gives every fourth back
#   lease_client.py PORT QUEUE LOG mix SEED             pushes, leases, extends, gives back and
#                                                       acks at random, until its input ends
#
# A line of the log is one of these; <ms> is the wall clock, <s> the clock of the machine, and what
# stands before an answer was written before the request:
#
#   push <number> / pushed <number> <status>
#   lease <key> <deliveries> <lease until, ms> <ms now> <s now>
#   ack <key> <ms> / acked <key> <status>
#   release <key> <s> / released <key> <status>
#   extend <key> / extended <key> <status>
#   empty                                               a take found nothing
#   lost <status>                                       a take got no answer of ours
#
# A status of 0 is a lost connection.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import os
import random
import select
import sys
import time

from load_client import Connection


class Worker:
    def __init__(self, port, queue, log):
        self.connection = Connection(port)
        self.queue = queue
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, *words):
        os.write(self.log, (" ".join(map(str, words)) + "\n").encode())

    def ask(self, method, query, body=None):
        """(status, body) of a request about the queue."""
        head = f"{method} /q/{self.queue}{query} HTTP/1.1\r\nHost: localhost\r\n"
        if body is not None:
            head += f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        try:
            self.connection.send((head + "\r\n" + (body or "")).encode(), None)
        except OSError:
            self.connection.close()
            return 0, b""
        while (answer := self.connection.receive()) is None:
            pass
        return answer

    def push(self, number):
        self.note("push", number)
        status, _ = self.ask("POST", "", str(number))
        self.note("pushed", number, status)

    def lease(self, seconds, count=None):
        """The messages that were to be had."""
        many = f"&count={count}" if count else ""
        status, body = self.ask("GET", f"?lease={seconds}{many}")
        seen, ms = time.monotonic(), time.time() * 1000
        if status != 200:
            self.note(*(("empty",) if status == 204 else ("lost", status)))
            return []
        messages = json.loads(body)
        for message in messages if count else [messages]:
            self.note("lease", message["key"], message["deliveries"], message["lease_until"],
                      f"{ms:.3f}", seen)
        return messages if count else [messages]

    def claim(self, message):
        return f"?key={message['key']}&lease={message['lease']}"

    def ack(self, message):
        self.note("ack", message["key"], f"{time.time() * 1000:.3f}")
        status, _ = self.ask("DELETE", self.claim(message))
        self.note("acked", message["key"], status)

    def release(self, message):
        self.note("release", message["key"], time.monotonic())
        status, _ = self.ask("PUT", self.claim(message) + "&release=1")
        self.note("released", message["key"], status)

    def extend(self, message, seconds):
        self.note("extend", message["key"])
        status, _ = self.ask("PUT", self.claim(message) + f"&extend={seconds}")
        self.note("extended", message["key"], status)


def input_has_ended():
    return bool(select.select([sys.stdin], [], [], 0)[0]) and sys.stdin.read(1) == ""


def work(worker, seconds, count):
    while not input_has_ended():
        messages = worker.lease(seconds, count)
        for message in messages:
            worker.ack(message)
        if not messages:
            time.sleep(0.02)


def hoard(worker, seconds, count):
    while worker.lease(seconds, count):
        pass
    while True:
        time.sleep(1)


def contend(worker, takes):
    for take in range(takes):
        for message in worker.lease(1000):
            if take % 4 == 0:
                worker.release(message)


def mix(worker, seed):
    dice, held, number = random.Random(seed), [], seed * 1000000
    while not input_has_ended():
        roll = dice.random()
        if roll < 0.35:
            worker.push(number)
            number += 1
        elif roll < 0.6:
            held += worker.lease(1000, dice.choice([None, 2, 5]))
        elif held:
            message = held.pop(dice.randrange(len(held)))
            if roll < 0.7:
                worker.extend(message, 1000)
                held.append(message)
            else:
                (worker.release if roll < 0.75 else worker.ack)(message)


def main():
    port, queue, log, role, *numbers = sys.argv[1:]
    roles = {"work": work, "hoard": hoard, "contend": contend, "mix": mix}
    roles[role](Worker(int(port), queue, log), *map(int, numbers))


if __name__ == "__main__":
    main()
