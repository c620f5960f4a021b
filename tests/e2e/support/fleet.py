# fleet.py - numbered messages in many queues of a cluster while its nodes come and go, and an exact account.
#
# Twelve queues are on one node, whose master is to have the trouble, and four elsewhere.  Some are taken
# from under leases, some without, some stream.  Every second push has an Idempotency-Key and is said again until
# it is answered.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import itertools
import json
import time

from redis.crc import key_slot

import stack as servers
from checks import part
from consumers import Closed, Refused, Websocket
from failover import Traffic, answer_of, is_unknown
from reliable import assert_sound, expire, policy

KINDS = ["leased"] * 5 + ["taken"] * 3 + ["roundrobin"] * 2 + ["broadcast"] * 2     # of the queues on one node
OTHERS = ["leased", "taken", "roundrobin", "broadcast"]
PAUSE = 0.02        # behind each push
PATIENCE = 20       # for a push with an Idempotency-Key, seconds


def names(kinds, has_slot):
    """{name: kind} of queues whose slots are as asked for."""
    found = filter(lambda name: has_slot(key_slot(name.encode())), (f"q{number}" for number in itertools.count()))
    return dict(zip(found, kinds))


class Fleet(Traffic):
    """Runs inside a `with`; near: which slots have the twelve queues."""

    def __init__(self, stack, near):
        super().__init__(stack)
        self.near = names(KINDS, lambda slot: slot in near)
        first, last = next((first, last) for first, last, _ in stack.redis.slots() if first <= near[0] <= last)
        self.far = names(OTHERS, lambda slot: not first <= slot <= last)
        self.kinds = {**self.near, **self.far}
        self.unknown_takes = dict.fromkeys(self.kinds, 0)
        self.repeated = 0
        self.twice = set()      # taken again, though no lease was asked for

    def works(self):
        near, far = list(self.near), list(self.far)
        yield from ((self.produce, *near[at::4]) for at in range(4))
        yield from ((self.produce, name) for name in far)
        for names in near, far:
            yield self.work, *(name for name in names if self.kinds[name] in ("leased", "taken"))
        yield from ((self.listen, name) for name, kind in self.kinds.items() if kind in ("roundrobin", "broadcast"))

    def __enter__(self):
        for name, kind in self.kinds.items():
            if kind in ("roundrobin", "broadcast"):
                policy(self.stack.http, name, policy=kind)
        return self.start(self.works())

    def produce(self, *queues):
        http = self.stack.new_http()
        for number in itertools.count(1):
            for queue in queues:
                if self.stopping.is_set():
                    return
                self.push(http, queue, f"{queue}-{number}", has_key=number % 2 == 0)
                time.sleep(PAUSE)

    def push(self, http, queue, value, has_key=False):
        deadline = time.monotonic() + PATIENCE
        was_unknown = False
        while True:
            response = answer_of(lambda: http.post(f"/q/{queue}", value, {
                "Content-Type": "application/octet-stream", **({"Idempotency-Key": value} if has_key else {})}))
            is_acked = response is not None and response.status == 200
            was_unknown = not is_acked and (was_unknown or response is None or is_unknown(response))
            if is_acked or not has_key or time.monotonic() > deadline or self.stopping.is_set():
                break
            self.repeated += 1
            time.sleep(0.1)
        if is_acked:
            self.acked[value] = time.monotonic()
        elif was_unknown:
            self.unknown.add(value)
        else:
            assert response.status == 503, (response.status, response.body)
            self.refused.add(value)

    def work(self, *queues):
        http = self.stack.new_http()
        while not self.stopping.is_set():
            if not any([self.fetch(http, queue) for queue in queues]):
                time.sleep(0.01)

    def fetch(self, http, queue):
        if self.kinds[queue] != "taken":
            return self.take_one(http, queue)
        response = answer_of(lambda: http.get(f"/q/{queue}"))
        if response is None or response.status != 200:
            self.unknown_takes[queue] += response is None or is_unknown(response)
            return False
        value = json.loads(response.body)["value"]
        if value in self.received:
            self.twice.add(value)
        self.note(value)
        return True

    def listen(self, queue):
        while not self.stopping.is_set():
            with contextlib.suppress(Closed, Refused, OSError):
                with Websocket(self.stack.helper.socket) as consumer:
                    self.hear(consumer.consume(queue))
            self.stopping.wait(0.05)

    # --- afterwards ---

    def drain(self):
        with contextlib.closing(self.stack.redis.client()) as redis:
            for queue in self.kinds:
                servers.wait_for(lambda: self.is_empty(redis, queue), servers.patience(30))

    def is_empty(self, redis, queue):
        expire(redis, queue)
        while self.fetch(self.stack.http, queue):
            pass
        return not redis.llen(f"{queue}:queue") and not redis.zcard(part(queue, "leases"))

    def gap_of(self, names, since=0):
        """The longest time without a push that was acknowledged, of any of these queues."""
        longest = 0
        for name in names:
            times = sorted(when for value, when in self.acked.items()
                           if value.startswith(name + "-") and when >= since)
            longest = max([longest] + [after - before for before, after in zip(times, times[1:])])
        return longest

    def account(self, builddir, least=200, has_file=False):
        """Prints what became of all messages, and fails where that is not what may be relied on.  has_file: a
        Redis that was killed is back with all that it had answered."""
        assert not self.trouble, self.trouble
        self.drain()
        received = set(self.received)
        missing = set(self.acked) - received
        lost = set()        # more than takes whose answer was lost may have taken
        for queue in self.kinds:
            of_queue = {value for value in missing if value.startswith(queue + "-")}
            if len(of_queue) > self.unknown_takes[queue]:
                lost |= of_queue
        print(f"{len(self.acked)} acknowledged, {len(self.unknown)} unknown, {len(self.refused)} refused, "
              f"{self.repeated} repeated by key; {len(lost)} lost, {len(missing - lost)} in takes without answer, "
              f"{len(received & self.refused)} invented, {len(self.doubled | self.twice)} doubled; longest gap "
              f"{self.gap_of(self.near):.2f} s there, {self.gap_of(self.far):.2f} s elsewhere; {self.gaps} gap events")
        assert len(self.acked) > least
        assert not received & self.refused, "refused, and there all the same"
        assert received <= set(self.acked) | self.unknown, "nobody has pushed it"
        for values, times in (self.twice, self.came), (self.doubled, self.done), (lost, self.acked):
            late = {value for value in values if has_file or not self.may_be_undone(times[value])}
            assert not late, sorted(late)[:20]
        assert_sound(self.stack, builddir)
