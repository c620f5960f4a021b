# steps.py - what a step of the property test does: a command of a client, a step of the clock, or
# something that happens in Redis behind the program's back.
#
# A step is chosen by a number: what it does follows from that, and from the state of the model.
#
# SPDX-License-Identifier: BSD-2-Clause

import math
import random

from model import base, is_over

NAMES = ("a", "b")
BATCH = 10              # messages at a time, at most
S = 1000                # seconds: leases, delays and times to live are multiples of this, so that
                        # what Redis does by its own clock does not happen while the test runs
REASONS = ("no", "5 7 no 0", " é ")


class Steps:
    """Chooses what to do.  Keeps the tokens of all leases, to try them when they are void too."""

    WEIGHTS = {"add": 24, "add_once": 3, "take": 26, "get": 4, "ack": 6, "extend": 3, "release": 7,
               "acks": 2, "extends": 1.5, "releases": 3,
               "delete": 2, "purge": 0.7, "redrive": 2, "policy": 3, "control": 1.5, "stats": 3, "sweep": 2,
               "wait": 12, "lose": 3, "forget_once": 0.3, "double": 1.5, "original_get": 0.7}

    def __init__(self, model):
        self.model = model
        self.tokens = {}            # token → (queue, key)

    def choose(self, number):
        """A command (dict), a time for the clock ({"clock": ms}), or a Redis command (list)."""
        self.random = random.Random(number)
        name, = self.random.choices(list(self.WEIGHTS), self.WEIGHTS.values())
        return getattr(self, name)()

    # --- pieces ----------------------------------------------------------------------------------

    def queue(self, dead=0.2):
        return self.random.choice(NAMES) + (".dead" if self.random.random() < dead else "")

    def maybe(self, **chances):
        """Members that are there by chance: name=(chance, value…)."""
        return {name: self.random.choice(values) for name, (chance, *values) in chances.items()
                if self.random.random() < chance}

    def body(self):
        return f"v{self.random.randrange(1000)}"

    def size(self):
        return self.random.choice((1, 2, 3, 5, BATCH))

    def key(self, queue):
        """A key that the queue has, or may have had."""
        known = [key for part in self.model.queues[queue].parts() for key in part]
        last = self.model.queues[base(queue)].pushed
        any_key = f"{base(queue)}:{self.random.randint(1, last + 1)}"
        return self.random.choice(known) if known and self.random.random() < 0.7 else any_key

    def claim(self):
        """A queue, a key and a token: mostly of a lease in force, else of any there ever was; and
        now and then the token of another message, or the dead letters instead of their queue."""
        in_force = [(name, key, token) for name, q in self.model.queues.items()
                    for key, token in q.tokens.items() if not is_over(q.leases[key], self.model.clock)]
        given = [(*where, token) for token, where in self.tokens.items()]
        chance = self.random.random()
        among = in_force if in_force and chance < 0.8 else given
        queue, key, token = self.random.choice(among or [("a", "a:1", "0" * 32)])
        if chance > 0.95:
            token = self.random.choice(given or ["none"])[-1]
        elif chance > 0.9:
            queue = self.random.choice((base(queue), base(queue) + ".dead"))
        return {"queue": queue, "key": key, "lease": token}

    # --- commands --------------------------------------------------------------------------------

    def add(self):
        body = {"value": self.body()}
        if self.random.random() < 0.3:
            body = {"values": [self.body() for _ in range(self.size())]}
        return {"cmd": "add", "queue": self.queue(0.02), **body,
                **self.maybe(ttl=(0.3, 1000 * S, 2000 * S), delay=(0.3, 0, S, 2 * S))}

    def add_once(self):
        body = self.random.choice(({"value": "same"}, {"values": ["same", "too"]}))
        return {"cmd": "add", "queue": self.queue(0), "once": self.random.choice("xyz"), **body,
                **self.maybe(ttl=(0.1, 1000 * S), delay=(0.2, S))}

    def take(self):
        where = {"queue": self.queue()}
        if self.random.random() < 0.2:
            where = {"queues": [self.queue() for _ in range(self.random.randint(1, 3))]}
        return {"cmd": "take", **where,
                **self.maybe(count=(0.3, self.size()), lease=(0.75, 0, S, S, 2 * S, 3 * S))}

    def get(self):
        queue = self.queue()
        return {"cmd": "get", "queue": queue, **self.maybe(key=(0.4, self.key(queue)))}

    def ack(self):
        return {"cmd": "del", **self.claim()}

    def extend(self):
        return {"cmd": "extend", **self.claim(), "seconds": self.random.choice((S, 2 * S))}

    def release(self):
        return {"cmd": "release", **self.claim(), **self.maybe(delay=(0.4, 0, S, 2 * S), reason=(0.4, *REASONS))}

    def claims(self):
        """Some of one queue, which may be its dead letters."""
        claims = [self.claim() for _ in range(self.size())]
        queue = claims[0]["queue"]
        return {"queue": queue, "messages": [
            {"key": claim["key"], "lease": claim["lease"]} for claim in claims
            if base(claim["queue"]) == base(queue) and claim["lease"]]}

    def acks(self):
        return {"cmd": "acks", **self.claims()}

    def extends(self):
        return {"cmd": "extends", **self.claims(), "seconds": self.random.choice((S, 2 * S))}

    def releases(self):
        return {"cmd": "releases", **self.claims(), **self.maybe(delay=(0.4, 0, S, 2 * S), reason=(0.4, *REASONS))}

    def delete(self):
        queue = self.queue()
        return {"cmd": "del", "queue": queue, "key": self.key(queue), **self.maybe(force=(0.4, 1))}

    def purge(self):
        return {"cmd": "purge", "queue": self.queue()}

    def redrive(self):
        return {"cmd": "redrive", "queue": self.queue(0.95), **self.maybe(count=(0.5, 1, 2, 10))}

    def policy(self):
        return {"cmd": "policy", "queue": self.queue(), **self.maybe(
            policy=(0.2, "broadcast", "roundrobin"), lease=(0.3, 0, S, 2 * S),
            max_deliveries=(0.4, 0, 1, 2, 3, 5), max_length=(0.2, 0, 0, 5, 20),
            ttl=(0.2, 0, 0, 3000 * S), backoff=(0.3, 0, f"{S},2,{3 * S}", f"{2 * S},1,{2 * S}"))}

    def control(self):
        """What is held is soon let go."""
        held = [(name, what) for name, q in self.model.queues.items() for what in sorted(q.held)]
        if held and self.random.random() < 0.6:
            queue, what = self.random.choice(held)
            return {"cmd": "control", "queue": queue, "status": "start", "what": what}
        told = {"cmd": "control", "queue": self.queue()}
        if self.random.random() < 0.1:
            return told
        return {**told, "status": self.random.choice(("start", "stop")),
                **self.maybe(what=(0.8, "streams", "takes", "takes", "pushes"))}

    def stats(self):
        return {"cmd": "stats", "queue": self.queue()}

    def sweep(self):
        return {"cmd": "sweep", "queue": self.queue()}

    # --- and what else happens -------------------------------------------------------------------

    def wait(self):
        """Often to the very ms at which a lease or a delay ends, or to the us before."""
        clock, queues = self.model.clock, self.model.queues.values()
        ends = [end for q in queues for rows in (q.leases, q.delayed) for end in rows.values()
                if end >= clock]
        ends = ends or [clock + S * 1000]
        end = math.floor(self.random.choice((min(ends), min(ends), self.random.choice(ends))))
        time = self.random.choice((end - 0.001, end, end, end + 0.999, end + 1, clock + 1))
        return {"clock": max(clock, time)}

    def lose(self):
        """A body expires."""
        key = self.random.choice(list(self.model.bodies) or ["a:1"])
        return ["UNLINK", key, key + ":refcount"]

    def forget_once(self):
        """What is remembered of an idempotent push expires."""
        return ["UNLINK", f"restmq:{{{self.queue(0)}}}:once:{self.random.choice('xyz')}"]

    def double(self):
        """A message's key stands in the list once more."""
        queue = self.queue()
        q = self.model.queues[queue]
        key = self.random.choice([*q.ready, *q.leases] or ["a:1"])
        return [self.random.choice(("LPUSH", "RPUSH")), f"{queue}:queue", key]

    def original_get(self):
        """An original RestMQ takes a message and leaves its body behind."""
        return ["RPOP", f"{self.queue()}:queue"]


def play(model, command):
    """Does to the model what such a Redis command does to Redis.  False: it makes no sense now."""
    verb, key, *more = command
    if ":once:" in key:
        model.queues[key[8]].once.pop(key[-1], None)
    elif verb == "UNLINK":
        model.bodies.pop(key, None)
        model.reads.pop(key, None)
    else:
        q = model.queues[key.removesuffix(":queue")]
        if verb == "RPOP":
            del q.ready[:1]
        elif more[0] not in q.ready and more[0] not in q.leases:
            return False
        elif verb == "LPUSH":
            q.ready += more
        else:
            q.ready[:0] = more
    return True
