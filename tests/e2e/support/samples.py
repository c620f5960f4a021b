# samples.py - histories of queues as scripts/sample.lua would have written them, for those who cannot wait for days.
#
# SPDX-License-Identifier: BSD-2-Clause

import math
import random
import struct

from checks import part

COLUMNS = ["pushed", "taken", "acked", "leased", "passed", "returned", "delayed", "dead", "died"]
GROWING = 3
KINDS = {"a": (10, 60), "b": (300, 288)}      # seconds of a slot, slots of a chunk


def number(value):
    text = bytearray()
    while value >= 128:
        text.append(128 + value % 128)
        value //= 128
    text.append(value)
    return bytes(text)


def difference(value):
    return number(2 * value if value >= 0 else -2 * value - 1)


def chunks_of(kind, samples):
    """Field -> rows; and how much the growing columns grew in the end.  samples: (slot of ten seconds, columns)."""
    seconds, slots = KINDS[kind]
    chunks, last, growth = {}, [0] * len(COLUMNS), [0] * GROWING
    for at, columns in samples:
        slot = at * 10 // seconds
        field = f"{kind}{slot // slots}"
        if field not in chunks:
            chunks[field], last, growth = b"", [0] * len(COLUMNS), [0] * GROWING
        grown = [now - before for now, before in zip(columns, last)]
        told = [now - before for now, before in zip(grown, growth)] + grown[GROWING:]
        chunks[field] += b"\xff" + number(slot % slots) + b"".join(map(difference, told))
        last, growth = columns, grown[:GROWING]
    return chunks, growth


def line(slot, columns, growth):
    return " ".join(map(str, [slot * 10000, slot, *columns, *growth]))


def write_history(redis, queue, samples, ages=b""):
    """samples: (seconds, {column: number}), of different slots, the oldest first; the last one is the last that was
    taken.  ages: see sample.lua."""
    fine = [(int(seconds) // 10, [numbers.get(column, 0) for column in COLUMNS]) for seconds, numbers in samples]
    coarse = [one for one, following in zip(fine, fine[1:]) if one[0] // 30 != following[0] // 30]
    hour_ago = fine[-1][0] - 366
    rows, growth = chunks_of("a", [one for one in fine if one[0] > hour_ago])
    days, past_growth = chunks_of("b", coarse)
    history = {**rows, **days}
    fields = {"last": line(*fine[-1], growth), "ages": ages, "bytes": sum(map(len, history.values()))}
    if coarse:
        fields["past"] = line(*coarse[-1], past_growth)
    redis.hset(part(queue, "history"), mapping=history)
    redis.hset(part(queue, "sampled"), mapping=fields)


def write_runs(redis, since, until):
    """Samples were taken all that time, in seconds."""
    redis.hset("restmq:index", "runs", f"{int(since) * 1000}-{int(until) * 1000}")


def ages_of(samples, count=100):
    """When the numbers of the last samples were given."""
    rows, last = b"", samples[-count - 1]
    for one in samples[-count:]:
        if one[1]["pushed"] > last[1]["pushed"]:
            rows += struct.pack(">IIQ", int(last[0]), int(one[0]), one[1]["pushed"])
        last = one
    return rows


class Past:
    """A likely past of a queue that ends with its numbers of now.  rate: messages a second; depth: how many wait, on
    the average."""

    def __init__(self, now, numbers, rate, depth):
        self.now, self.numbers, self.rate, self.depth = now, dict(numbers), rate, depth
        self.chance = random.Random(rate * 1000 + depth)
        self.phase = self.chance.randrange(90000)

    def busy(self, seconds):
        """How busy the time so long ago was, about 1: more by day than by night, and now and then much more."""
        at = seconds + self.phase
        rush = math.exp(-(((at % 7400) - 3700) / 500) ** 2)
        return 1 + 0.3 * math.sin(at / 13751) + 0.2 * math.sin(at / 497) + 0.9 * rush

    def step(self, seconds, step_s):
        """One step back."""
        now, chance = self.numbers, self.chance
        busy = self.busy(seconds)
        pushed = max(0, round(chance.gauss(self.rate * busy * step_s, math.sqrt(self.rate * step_s) / 3)))
        goal = self.depth * busy ** 2 * chance.uniform(0.95, 1.05)
        out = max(0, pushed + round((goal - now["ready"]) * min(1, step_s / 60)))
        ready = now["ready"] - pushed + out
        out += max(0, -ready)
        leased = max(now["leased"] - out, round(self.rate * 1.5 * busy * chance.uniform(0.5, 1.5)))
        died = int(now["dead"] > 0 and chance.random() < step_s / 5000)
        returned = int(chance.random() < self.rate * step_s / 400)
        before = {"ready": max(0, ready), "leased": leased, "delayed": now["delayed"], "dead": now["dead"] - died,
                  "died": now["died"] - died, "returned": max(0, now["returned"] - returned),
                  "pushed": now["pushed"] - pushed}
        return before

    def samples(self, days=1.1):
        """As write_history() has them: every ten seconds of the last hour, and every five minutes before."""
        found, seconds = [], 0
        while seconds < days * 86400:
            step_s = 10 if seconds < 3900 else 300
            found.append((self.now - seconds, self.columns()))
            self.numbers = self.step(seconds, step_s)
            seconds += step_s
        return found[::-1]

    def columns(self):
        numbers = {name: self.numbers[name] for name in COLUMNS if name in self.numbers}
        there = sum(self.numbers[name] for name in ("ready", "leased", "delayed", "dead"))
        return {**numbers, "acked": self.numbers["pushed"] - there}
