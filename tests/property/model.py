# model.py - what the broker means, in plain Python: the life of a message as docs/protocol.txt and
# docs/guarantees.txt tell it.  Nothing here was taken from the scripts that it is to check.
#
# SPDX-License-Identifier: BSD-2-Clause

import math
from collections import Counter

NO_LIMIT = 10 ** 9
STEP = 1 / 4096         # ms, from one message of a command to its next
STALE = "this is not the token of the lease in force"


class Refused(Exception):
    """The code of an error."""


def is_dead(name):
    return name.endswith(".dead")


def base(name):
    return name.removesuffix(".dead")


def in_time(rows):
    """Leased or delayed keys by their times; of equal times, by their names."""
    return sorted(rows, key=lambda key: (rows[key], key))


def is_over(time, clock):
    """Fractions of a ms keep an order; otherwise they count for nothing."""
    return math.floor(time) <= clock


class Queue:
    """Where the messages of one queue stand, by their keys."""

    def __init__(self):
        self.ready = []             # oldest first
        self.leases = {}            # key → deadline in ms
        self.tokens = {}            # key → token of its lease
        self.delayed = {}           # key → due time in ms
        self.deliveries = {}        # key → how often; of what was delivered and is still here, and
                                    # of all that died
        self.whys = {}              # key → reason of its last release that gave one or "", and of a
                                    # dead letter "<deliveries> <ms> <reason of its death>" or None
        self.trash = []             # purged keys whose bodies are still there, part after part
        self.settings = {}          # those that are not 0; backoff as a tuple
        self.policy = None
        self.held = set()           # "takes", "pushes"
        self.is_started = True
        self.counters = Counter()
        self.pushed = 0
        self.once = {}              # idempotency key → (number of the first message, the push)
        self.remembers = False      # has remembered one, maybe forgotten since
        self.is_known = False       # in the list of all queues
        self.is_told = False        # was started or stopped

    def parts(self):
        return [self.ready, in_time(self.leases), in_time(self.delayed)]

    def __len__(self):
        return sum(map(len, self.parts()))

    def has(self, key):
        return any(key in part for part in self.parts())


class Model:
    """All queues.  Commands are methods; they answer as over JSON or raise Refused."""

    def __init__(self, *names):
        self.queues = {name + end: Queue() for name in names for end in ("", ".dead")}
        self.bodies = {}            # key → (body, ttl in ms or None)
        self.reads = {}             # key → how many soft gets
        self.clock = 0              # ms, with a fraction

    def run(self, cmd, queue=None, tokens=(), **members):
        """tokens: those of the leases that this command gives, as they are random."""
        self.new_tokens = iter(tokens)
        answer = getattr(self, "do_" + cmd)(queue, **members)
        return {"queue": queue, **answer}

    # --- messages come, and come back ------------------------------------------------------------

    def do_add(self, queue, value=None, values=None, ttl=0, delay=0, once=None):
        q = self.queues[queue]
        if is_dead(queue):
            raise Refused("bad_name")
        bodies = [value] if values is None else values
        first, push = q.once.get(once, (q.pushed + 1, (bodies, ttl, delay)))
        keys = [f"{queue}:{first + i}" for i in range(len(bodies))]
        answer = {"key": keys[0], "value": value} if values is None else {"keys": keys}
        if push != (bodies, ttl, delay):
            raise Refused("conflict")
        if once in q.once:
            return {**answer, "replay": True}
        if "pushes" in q.held:
            raise Refused("held")
        ttl, limit = ttl or q.settings.get("ttl", 0), q.settings.get("max_length")
        gone = self.gone_at_old_end(q, max(100, len(bodies)) if limit else 2 if ttl else 0)
        if limit and len(q) - gone + len(bodies) > limit:
            raise Refused("full")
        for _ in range(gone):
            self.drop_unless_alive(q, set())
        for i, (key, body) in enumerate(zip(keys, bodies)):
            self.bodies[key] = (body, (ttl + delay) * 1000 if ttl else None)
            if delay:
                q.delayed[key] = self.clock + delay * 1000 + i * STEP
            else:
                q.ready.append(key)
        q.pushed += len(bodies)
        q.is_known = True
        if once:
            q.once[once] = (first, push)
            q.remembers = True
        return answer

    def gone_at_old_end(self, q, most):
        """How many of the oldest entries have no body, up to a number."""
        count = 0
        while count < min(most, len(q.ready)) and q.ready[count] not in self.bodies:
            count += 1
        return count

    def forget(self, q, key):
        for rows in (self.bodies, self.reads, q.leases, q.tokens, q.deliveries, q.whys):
            rows.pop(key, None)

    def expire(self, q, key):
        q.counters["expired"] += 1
        q.deliveries.pop(key, None)
        q.whys.pop(key, None)

    def drop_unless_alive(self, q, seen):
        """The oldest entry's key; or None, and drops it, where it stands twice (seen are the keys
        before it) or has no body any more."""
        key = q.ready[0]
        is_double = key in seen or key in q.leases
        seen.add(key)
        if key in self.bodies and not is_double:
            return key
        q.ready.pop(0)
        if is_double:
            q.counters["dropped"] += 1
        else:
            self.expire(q, key)
        return None

    def oldest(self, q, seen):
        key = None
        while q.ready and not key:
            key = self.drop_unless_alive(q, seen)
        return key

    def give_back(self, name, keys, delay=None, reason=""):
        """The leases of these have ended, the earliest first."""
        q, dead, old = self.queues[name], self.queues[base(name) + ".dead"], []
        for i, key in enumerate(keys):
            del q.leases[key]
            q.tokens.pop(key, None)
            times = q.deliveries.setdefault(key, 0)
            if key not in self.bodies:
                self.expire(q, key)
            elif times >= q.settings.get("max_deliveries", NO_LIMIT):
                q.deliveries.pop(key, None)
                before, _ = q.whys.pop(key, ("", None))
                dead.whys[key] = reason or before, f"{times} {math.floor(self.clock + i * STEP)} {reason}"
                q.counters["dead"] += 1
                self.bodies[key] = (self.bodies[key][0], None)
                dead.ready.append(key)
                dead.deliveries[key] = 0
                dead.tokens.pop(key, None)
                dead.is_known = True
            else:
                if reason:
                    q.whys[key] = reason, q.whys.get(key, ("", None))[1]
                q.counters["returned"] += 1
                first, factor, most = q.settings.get("backoff", (0, 1, 0))
                wait = min(first * factor ** (times - 1), most) if delay is None else delay
                if wait:
                    q.delayed[key] = self.clock + i * STEP + wait * 1000
                else:
                    (q.ready if times >= 3 else old).append(key)
        q.ready[:0] = old

    def bring_back(self, name):
        """What take, get and redrive do first.  Of what comes to the new end, that whose lease
        ran out comes before that whose delay is over."""
        q = self.queues[name]
        due = [key for key in in_time(q.delayed) if is_over(q.delayed[key], self.clock)]
        self.give_back(name, [key for key in in_time(q.leases)
                              if is_over(q.leases[key], self.clock)])
        for key in due:
            del q.delayed[key]
        q.ready += due

    # --- messages go -----------------------------------------------------------------------------

    def is_here(self, queue, key):
        """Does it stand there, or has it a body that belongs there?"""
        q, dead = self.queues[queue], self.queues[base(queue) + ".dead"]
        has_died = dead.has(key) or key in dead.deliveries
        return q.has(key) or key in self.bodies and has_died == is_dead(queue)

    def look(self, queue, key):
        q = self.queues[queue]
        if not self.is_here(queue, key) or key not in self.bodies:
            raise Refused("not_found")
        self.reads[key] = self.reads.get(key, 0) + 1
        answer = {"key": key, "value": self.bodies[key][0], "state": "ready",
                  "deliveries": q.deliveries.get(key, 0), "count": self.reads[key]}
        for state, times, name in (("delayed", q.delayed, "due"), ("leased", q.leases, "lease_until")):
            if key in times and not is_over(times[key], self.clock):
                answer.update({"state": state, name: math.floor(times[key])})
        return answer

    def do_get(self, queue, key=None):
        if key:
            return self.look(queue, key)
        self.bring_back(queue)
        key = self.oldest(self.queues[queue], set())
        if not key:
            raise Refused("empty")
        self.reads[key] = self.reads.get(key, 0) + 1
        return {"key": key, "value": self.bodies[key][0], "count": self.reads[key]}

    def do_take(self, queue=None, queues=None, count=None, lease=None):
        messages, was_held = [], False
        for name in queues or [queue]:
            was_held |= "takes" in self.queues[name].held
            if "takes" not in self.queues[name].held:
                messages = self.take_from(name, count or 1, lease)
            if messages:
                break
        if not messages and was_held:
            raise Refused("held")
        if count:
            return {"queue": name, "messages": messages}
        if not messages:
            raise Refused("empty")
        return {"queue": name, **messages[0]}

    def take_from(self, name, count, lease):
        q, keys, seen = self.queues[name], [], set()
        self.bring_back(name)
        while len(keys) < count and self.oldest(q, seen):
            keys.append(q.ready.pop(0))
        lease = q.settings.get("lease", 0) if lease is None else lease
        return [self.deliver(q, key, lease, i * STEP) for i, key in enumerate(keys)]

    def deliver(self, q, key, lease, later):
        message = {"key": key, "value": self.bodies[key][0]}
        if not lease:
            self.forget(q, key)
            return message
        q.leases[key] = self.clock + lease * 1000 + later
        q.tokens[key] = next(self.new_tokens, None)
        q.deliveries[key] = q.deliveries.get(key, 0) + 1
        return {**message, "lease": q.tokens[key], "deliveries": q.deliveries[key],
                "lease_until": math.floor(self.clock) + lease * 1000}

    def check(self, queue, key, token):
        """Refuses what is not the token of the lease in force; no token where there is a lease."""
        q = self.queues[queue]
        is_leased = key in q.leases and not is_over(q.leases[key], self.clock)
        if is_leased != bool(token) or (token and token != q.tokens.get(key)):
            raise Refused("stale_lease")
        return q

    def do_del(self, queue, key, lease=None, force=None):
        q = self.queues[queue] if force else self.check(queue, key, lease)
        is_here = self.is_here(queue, key)
        if lease:
            q.counters["acked"] += 1
        elif is_here:
            q.delayed.pop(key, None)
            if key in q.ready:
                q.ready.remove(key)
        if is_here:
            self.forget(q, key)
        return {"key": key, "deleted": is_here}

    def do_extend(self, queue, key, lease, seconds):
        q = self.check(queue, key, lease)
        q.leases[key] = self.clock + seconds * 1000
        return {"key": key, "lease_until": math.floor(q.leases[key])}

    def do_release(self, queue, key, lease, delay=None, reason=""):
        self.check(queue, key, lease)
        self.give_back(queue, [key], delay, reason)
        return {"key": key, "released": True}

    def do_acks(self, queue, messages):
        return self.of_each(queue, messages, self.do_del)

    def do_extends(self, queue, messages, seconds):
        answer = self.of_each(queue, messages, self.do_extend, seconds)
        for i, message in enumerate(messages):
            if "lease_until" in answer["messages"][i]:
                self.queues[queue].leases[message["key"]] = self.clock + seconds * 1000 + i * STEP
        return answer

    def do_releases(self, queue, messages, delay=None, reason=""):
        """Together: those that come back to the old end keep the order of the request."""
        answer, keys = [], []
        for message in messages:
            try:
                if message["key"] in keys:
                    raise Refused("stale_lease")
                self.check(queue, message["key"], message["lease"])
                keys.append(message["key"])
                answer.append({"key": message["key"], "released": True})
            except Refused as refusal:
                answer.append({"key": message["key"], "error": STALE, "code": str(refusal)})
        self.give_back(queue, keys, delay, reason)
        return {"messages": answer}

    @staticmethod
    def of_each(queue, messages, act, *more):
        """One after the other."""
        answer = []
        for message in messages:
            try:
                one = act(queue, message["key"], message["lease"], *more)
                answer.append(one if "deleted" not in one else {"key": one["key"], "deleted": True})
            except Refused as refusal:
                answer.append({"key": message["key"], "error": STALE, "code": str(refusal)})
        return {"messages": answer}

    # --- the whole queue -------------------------------------------------------------------------

    def do_purge(self, queue):
        q, purged = self.queues[queue], len(self.queues[queue])
        q.trash += [part for part in q.parts() if part]
        q.ready, q.leases, q.tokens, q.delayed = [], {}, {}, {}
        q.deliveries, q.whys = ({}, {}) if purged else (q.deliveries, q.whys)
        q.counters["purged"] += purged
        return {"status": int(purged > 0), "purged": purged}

    def do_sweep(self, queue):
        q = self.queues[queue]
        if q.trash:
            for key in q.trash.pop(0):
                self.bodies.pop(key, None)
                self.reads.pop(key, None)
        elif self.has_due(q):
            self.bring_back(queue)
        else:
            self.oldest(q, set())
        return {"more": bool(q.trash) or self.has_due(q)}

    def has_due(self, q):
        return any(is_over(end, self.clock) for rows in (q.leases, q.delayed)
                   for end in rows.values())

    def do_redrive(self, queue, count=None):
        if not is_dead(queue):
            raise Refused("bad_request")
        dead, q = self.queues[queue], self.queues[base(queue)]
        if "pushes" in q.held:
            raise Refused("held")
        self.bring_back(queue)
        keys = dead.ready[:count]
        dead.ready, q.ready = dead.ready[len(keys):], q.ready + keys
        for key in keys:
            dead.deliveries.pop(key, None)
            dead.whys.pop(key, None)
            dead.tokens.pop(key, None)
        q.is_known |= bool(keys)
        return {"queue": base(queue), "redriven": len(keys)}

    def do_policy(self, queue, policy=None, **settings):
        q = self.queues[queue]
        if is_dead(queue) and settings.get("max_deliveries"):
            raise Refused("bad_name")
        q.policy = policy or q.policy
        if settings.get("backoff"):
            settings["backoff"] = tuple(map(int, settings["backoff"].split(",")))
        q.settings = {name: value for name, value in {**q.settings, **settings}.items() if value}
        return {"value": q.policy or "broadcast", **self.told_settings(q)}

    @staticmethod
    def told_settings(q):
        names = ("lease", "max_deliveries", "max_length", "ttl", "backoff")
        told = {**dict.fromkeys(names, 0), **q.settings}
        if told["backoff"]:
            told["backoff"] = "%d,%d,%d" % told["backoff"]
        return told

    def do_control(self, queue, status=None, what="streams"):
        q = self.queues[queue]
        if is_dead(queue) and what == "pushes":
            raise Refused("bad_name")
        if what == "streams" and status:
            q.is_started, q.is_told = status == "start", True
        elif status:
            (q.held.discard if status == "start" else q.held.add)(what)
        return self.told_holds(q)

    @staticmethod
    def told_holds(q):
        held = [what for what in ("takes", "pushes") if what in q.held]
        return {"status": int(q.is_started), **({"held": held} if held else {})}

    def do_stats(self, queue):
        q = self.queues[queue]
        dead = 0 if is_dead(queue) else len(self.queues[queue + ".dead"])
        names = ("acked", "returned", "expired", "dropped", "purged")
        leased, delayed = (sum(not is_over(time, self.clock) for time in rows.values())
                           for rows in (q.leases, q.delayed))
        return {"len": len(q) - leased - delayed, "leased": leased, "delayed": delayed,
                "dead": dead, **self.told_holds(q), "policy": q.policy or "broadcast", "pushed": q.pushed,
                "removed": max(0, q.pushed - len(q) - dead), "died": q.counters["dead"],
                "consumers": 0, **{name: q.counters[name] for name in names},
                "oldest_s": None, "oldest_is": None}     # no helper takes samples
