# failover.py - numbered messages while Redis fails over, and an exact account of them.
#
# Two producers push, each into a queue of its own; a worker takes from one under leases and acks, and
# a websocket consumes the other.  What became of each push and each message is written down.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import threading
import time

import stack as servers
from checks import part
from consumers import Closed, Refused, Silent, Websocket
from reliable import assert_sound, expire, policy

WORKED, STREAMED = "worked", "streamed"


class Traffic:
    """Runs inside a `with`; account() comes after it."""

    def __init__(self, stack):
        self.stack = stack
        self.acked = {}         # value: when its 2xx came
        self.refused = set()    # nothing was pushed, says the answer
        self.unknown = set()
        self.received = {}      # value: how often
        self.came = {}          # value: when for the first time
        self.done = {}          # value: when the worker's first ack got its 2xx
        self.doubled = set()    # came to the worker once more after that
        self.gaps = 0           # that the websocket was told of
        self.stopping = threading.Event()
        self.trouble = []

    def __enter__(self):
        policy(self.stack.http, STREAMED, policy="roundrobin")
        return self.start([(self.produce, WORKED), (self.produce, STREAMED), (self.work,), (self.listen,)])

    def start(self, works):
        """Each is a function and its arguments, and has a thread of its own."""
        self.threads = [threading.Thread(target=self.run, args=work) for work in works]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def run(self, function, *arguments):
        try:
            function(*arguments)
        except Exception as trouble:
            self.trouble.append(trouble)

    def produce(self, queue):
        http = self.stack.new_http()
        number = 0
        while not self.stopping.is_set():
            number += 1
            self.push(http, queue, f"{queue}-{number}")
            time.sleep(0.003)

    def push(self, http, queue, value):
        response = answer_of(lambda: http.post(f"/q/{queue}", form={"value": value}))
        if response is None or is_unknown(response):
            self.unknown.add(value)
        elif response.status == 200:
            self.acked[value] = time.monotonic()
        else:
            assert response.status == 503, (response.status, response.body)
            self.refused.add(value)

    def note(self, value):
        self.received[value] = self.received.get(value, 0) + 1
        self.came.setdefault(value, time.monotonic())

    def work(self):
        http = self.stack.new_http()
        while not self.stopping.is_set():
            if not self.take_one(http, WORKED):
                time.sleep(0.005)

    def take_one(self, http, queue):
        """Takes a message under a lease, and acks it.  False: there was none to be had."""
        response = answer_of(lambda: http.get(f"/q/{queue}?lease=30"))
        if response is None or response.status != 200:
            return False
        message = json.loads(response.body)
        value = message["value"]
        self.note(value)
        if value in self.done:
            self.doubled.add(value)
        response = answer_of(lambda: http.delete(f"/q/{queue}?key={message['key']}&lease={message['lease']}"))
        if response is not None and response.status in (200, 204):
            self.done.setdefault(value, time.monotonic())
        return True

    def listen(self):
        while not self.stopping.is_set():
            with contextlib.suppress(Closed, Refused, OSError):
                with Websocket(self.stack.helper.socket) as consumer:
                    self.hear(consumer.consume(STREAMED))
            self.stopping.wait(0.05)

    def hear(self, consumer):
        """To the last message that has come: its pong was the ack."""
        while True:
            try:
                message = consumer.next(0.2)
            except Silent:
                if self.stopping.is_set():
                    return
                continue
            if "value" in message:
                self.note(message["value"])
            else:
                self.gaps += message == {"event": "gap"}

    # --- afterwards --------------------------------------------------------------------------------

    def drain(self):
        """Whatever is still there; the helper may hold something for a moment."""
        with contextlib.closing(self.stack.redis.client()) as redis:
            for queue in WORKED, STREAMED:
                servers.wait_for(lambda: self.is_empty(redis, queue), servers.patience(20))

    def is_empty(self, redis, queue):
        expire(redis, queue)
        while self.take_one(self.stack.http, queue):
            pass
        return not redis.llen(f"{queue}:queue") and not redis.zcard(part(queue, "leases"))

    def longest_gap(self, prefix=""):
        times = sorted(when for value, when in self.acked.items() if value.startswith(prefix))
        return max((after - before for before, after in zip(times, times[1:])), default=0)

    def may_be_undone(self, when):
        """Was a Redis killed or stopped so shortly after that it may not have told its replica?  It answers first."""
        return any(abs(kill - when) < servers.patience(0.1)
                   for member in self.stack.redis.members for kill in member.kills)

    def account(self, builddir, known_at=None, least=20):
        """Nothing is invented or doubled.  Nothing that was acknowledged is lost, but in the moment in
        which a Redis was killed or stopped; or, of a failover which may lose some, before known_at."""
        assert not self.trouble, self.trouble
        self.drain()
        received = set(self.received)
        lost = set(self.acked) - received
        print(f"{len(self.acked)} acknowledged, {len(self.unknown)} unknown, {len(self.refused)} refused; "
              f"{len(lost)} lost, longest gap {self.longest_gap():.2f} s, {self.gaps} gap events, "
              f"{sum(count > 1 for count in self.received.values())} came more than once")
        assert len(self.acked) > least
        assert not received & self.refused, "refused, and there all the same"
        assert received <= set(self.acked) | self.unknown
        def is_late(when):
            return not self.may_be_undone(when) if known_at is None else when > known_at

        late = {value for value in lost if is_late(self.acked[value])}
        assert not late, sorted(late)[:20]
        late = {value for value in self.doubled if is_late(self.done[value])}
        assert not late, sorted(late)[:20]
        assert_sound(self.stack, builddir)
        return lost


def answer_of(respond):
    try:
        return respond()
    except OSError:
        return None


def is_unknown(response):
    return response.status in (500, 502, 504) or b'"outcome"' in response.body
