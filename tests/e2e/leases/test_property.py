# test_property.py - random commands of several clients by a clock of the test's own, compared with
# a model after every step: the answer, and everything that Redis then holds.
#
# A failure names the seed and the shortest sequence found that fails.  To run more, or one again:
#
#     tests/e2e/leases/test_property.py --builddir build --seed SEED --steps STEPS
#
# SPDX-License-Identifier: BSD-2-Clause

import argparse
import contextlib
import json
import math
import os
import random
import re
import subprocess
import sys
import time

import pytest

import stack as servers

sys.path.insert(0, os.path.join(servers.TOP, "tests", "property"))

from model import Model, Refused, base, is_dead
from steps import NAMES, Steps, play

STEPS = 22000
SEQUENCE = 250          # steps from one empty Redis to the next
CLIENTS = 3
SHRINK_SECONDS = 20
START = 1700000000000   # of the clock, in ms
US = 30                 # from one command to the next: so few that many come in the same ms
TOKEN = re.compile("[0-9a-f]{32}(-[0-9]+)?")
NAME = re.compile("[0-9a-f]{32}(-[0-9]+)?|[a-z]:[0-9]+")

# Everything in Redis as JSON: [key, type, value, ttl in ms], …
READ = """
local commands = {string = {'GET'}, list = {'LRANGE', 0, -1}, hash = {'HGETALL'},
                  set = {'SMEMBERS'}, zset = {'ZRANGE', 0, -1, 'WITHSCORES'}}
local state = {}
for i, key in ipairs(redis.call('KEYS', '*')) do
    local kind = redis.call('TYPE', key).ok
    local command = commands[kind]
    local value = redis.call(command[1], key, unpack(command, 2))
    state[i] = {key, kind, value, redis.call('PTTL', key)}
end
return cjson.encode(state)
"""


class Failure(Exception):
    """A step after which the program and the model differ.  Has done, the steps up to it as
    (number, action); given, see World; and log, which tells it all."""


class Client:
    """A driver: a process with its own connection to Redis."""

    def __init__(self, builddir, address):
        driver = os.path.join(builddir, "tests", "property", "driver")
        self.process = subprocess.Popen([driver, address, *servers.driver_options()],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1,
                                        env={**os.environ, **servers.SANITIZERS})

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        self.process.stdin.close()
        code = self.process.wait(10)
        assert failed or code == 0, f"a driver ended with {code}"

    def run(self, clock, command):
        is_sweep = command["cmd"] == "sweep"
        text = f"sweep {command['queue']}" if is_sweep else json.dumps(command)
        self.process.stdin.write(f"{round(clock * 1000)} {text}\n")
        answer = self.process.stdout.readline()
        assert answer, f"no answer to {text}"
        return json.loads(answer)


# --- the two states ------------------------------------------------------------------------------

def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def rough(ms):
    """Fractions of a ms keep an order; which ms is meant exactly, the steps of the clock show."""
    return round(ms / 100)


def read_state(entries):
    """What Redis holds, by key, in the form of expected_state()."""
    state, trash = {}, {}
    entries = [entry for entry in entries if not (servers.hash_tags and entry[0] == "QUEUESET")]
    names = [name for key, _, value, _ in entries if key.endswith("}:names") for name in value]
    if names:
        entries.append(["QUEUESET", "set", names, -1])      # with hash tags each queue has its part
    for key, kind, value, ttl in entries:
        if key.endswith("}:names"):
            continue
        if kind == "list":
            value.reverse()                         # the old end first
        elif kind == "zset":
            value = {member: rough(float(score)) for member, score in pairs(value).items()}
        elif kind == "hash":
            value = pairs(value)
        elif kind == "set":
            value.sort()
        elif ":once:" in key:
            value = value.rsplit(" ", 2)[0]         # without the digest, and since when
        elif key.endswith(":remembers"):
            value = True
        elif ttl >= 0:
            value = (value, math.ceil(ttl / 1e6) * 1000000)     # the test takes less than 1000 s
        if ":trash:" in key:
            trash[key] = sorted(value)
        else:
            state[key] = value
    for key in [key for key in state if key.endswith(":trash")]:
        state[key] = [trash.pop(f"{key}:{number}", None) for number in state[key]]
    return {**state, **trash}


def expected_state(model):
    """Every key that Redis has to hold by the data model of the design."""
    state = {"QUEUESET": sorted(name for name, q in model.queues.items() if q.is_known)}
    for name, q in model.queues.items():
        own = f"restmq:{{{base(name)}}}" + (".dead" if is_dead(name) else "")
        receipts = {key: str(times) for key, times in q.deliveries.items()}
        receipts.update((key, f"{q.deliveries.get(key)} {q.tokens[key]}") for key in q.tokens)
        for key, (reason, death) in q.whys.items():
            receipts[key] += f"\n{reason}" + (f"\n{death}" if death else "")
        settings = {name: str(value) for name, value in model.told_settings(q).items() if value}
        settings.update((f"held_{what}", "1") for what in q.held)
        state.update({
            f"{name}:queue": q.ready,
            f"{name}:UUID": q.pushed and str(q.pushed),
            f"{name}:queuepolicy": q.policy and {"broadcast": "1", "roundrobin": "2"}[q.policy],
            f"queuestat::{name}": (q.is_known or q.is_told) and str(int(q.is_started)),
            f"{own}:leases": {key: rough(end) for key, end in q.leases.items()},
            f"{own}:receipts": receipts,
            f"{own}:delayed": {key: rough(due) for key, due in q.delayed.items()},
            f"{own}:settings": settings,
            f"{own}:stats": {name: str(count) for name, count in q.counters.items() if count},
            f"{own}:trash": [sorted(part) for part in q.trash],
            f"{own}:remembers": q.remembers,
        })
        for key, (first, (bodies, *_)) in q.once.items():
            state[f"{own}:once:{key}"] = f"{first} {len(bodies)}"
    for key, (body, ttl) in model.bodies.items():
        state[key] = (body, ttl) if ttl else body
        if key in model.reads:
            reads = str(model.reads[key])
            state[f"{key}:refcount"] = (reads, ttl) if ttl else reads
    return {key: value for key, value in state.items() if value or isinstance(value, str)}


def compare_states(expected, got):
    names = [name for name in {*expected, *got} if expected.get(name) != got.get(name)]
    if names:
        raise Failure("\n".join(f"{name}\n    expected {expected.get(name)}\n"
                                f"    in Redis {got.get(name)}" for name in sorted(names)))


# --- running -------------------------------------------------------------------------------------

class World:
    """A Redis and its clients; runs sequences of steps that begin with it empty."""

    def __init__(self, redis, clients):
        self.redis, self.clients = redis, clients
        self.read = redis.register_script(READ)

    def begin(self):
        self.redis.flushall()
        self.model = Model(*NAMES)
        self.model.clock = START
        self.steps = Steps(self.model)
        self.log = []
        self.given = {}             # number of a step → keys and tokens that came with its answer

    def run(self, numbers):
        """Runs what the numbers choose; None, or the Failure."""
        self.begin()
        done = []
        for number in numbers:
            done.append((number, self.steps.choose(number)))
            try:
                self.step(*done[-1])
            except Failure as failure:
                failure.done, failure.log, failure.given = done, self.log, self.given
                return failure
        return None

    def run_again(self, done, given):
        """As run(), with steps that were run before, and all that was given then.  Where they
        name keys and tokens, those are put that the same steps give now."""
        self.begin()
        renamed = {}
        for at, (number, action) in enumerate(done):
            text = NAME.sub(lambda name: renamed.get(name[0], name[0]), json.dumps(action))
            try:
                self.step(number, json.loads(text))
            except Failure as failure:
                failure.done, failure.log, failure.given = done[:at + 1], self.log, given
                return failure
            renamed.update(zip(given.get(number, ()), self.given.get(number, ())))
        return None

    def shrink(self, failure):
        """A failure after fewer steps, as few as there is time to find."""
        deadline = time.monotonic() + SHRINK_SECONDS
        size = len(failure.done) // 2
        while size:
            at, before = 0, len(failure.done)
            while at < len(failure.done) and time.monotonic() < deadline:
                fewer = failure.done[:at] + failure.done[at + size:]
                another = self.run_again(fewer, failure.given)
                if another:
                    failure = another
                else:
                    at += size
            if size > 1 or len(failure.done) == before:
                size //= 2
        return failure

    def step(self, number, action):
        if isinstance(action, list):
            if play(self.model, action):
                self.log.append("Redis: " + " ".join(action))
                self.redis.execute_command(*action)
        elif "clock" in action:
            self.log.append(f"the clock is {action['clock'] - START:.3f} ms")
            self.model.clock = action["clock"]
        else:
            self.command(number, action)
        compare_states(expected_state(self.model), read_state(json.loads(servers.shown(self.read()))))

    def command(self, number, command):
        client = number % len(self.clients)
        self.model.clock = round(self.model.clock * 1000 + US) / 1000   # Redis's clock has whole us
        answer = self.clients[client].run(self.model.clock, command)
        self.log.append(f"client {client}: {json.dumps(command)}\n        {json.dumps(answer)}")
        leased = [message for message in answer.get("messages", [answer])
                  if {"deliveries", "lease"} <= set(message)]
        for message in leased:
            token = message["lease"]
            if token in self.steps.tokens or not TOKEN.fullmatch(token):
                raise Failure(f"{token} is no new token")
            self.steps.tokens[token] = (answer["queue"], message["key"])
        self.given[number] = [message["lease"] for message in leased]
        if command["cmd"] == "add" and "code" not in answer:
            self.given[number] = answer.get("keys") or [answer["key"]]
        try:
            expected = self.model.run(**command, tokens=[message["lease"] for message in leased])
        except Refused as refusal:
            expected = {"code": str(refusal), "error": answer.get("error")}
        if answer != expected:
            raise Failure(f"expected {json.dumps(expected)}")


@contextlib.contextmanager
def world(builddir):
    with contextlib.ExitStack() as started:
        redis = started.enter_context(servers.some_redis())
        connection = started.enter_context(contextlib.closing(
            redis.client(decode_responses=True)))
        clients = [started.enter_context(Client(builddir, redis.address)) for _ in range(CLIENTS)]
        yield World(connection, clients)


def explore(builddir, seed, steps):
    print(f"--seed {seed}")
    chooser = random.Random(seed)
    with world(builddir) as here:
        for _ in range(0, steps, SEQUENCE):
            failure = here.run([chooser.getrandbits(32) for _ in range(SEQUENCE)])
            if failure:
                failure = here.shrink(failure)
                way = "\n  ".join(line[:1000] for line in failure.log)
                pytest.fail(f"--seed {seed} found this to fail:\n  {way}\n{failure}", pytrace=False)


def test_against_the_model(builddir, request):
    seed = request.config.getoption("--seed", default=None)
    explore(builddir, random.getrandbits(32) if seed is None else int(seed), STEPS)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--builddir", default="build")
    options.add_argument("--seed", type=int, default=random.getrandbits(32))
    options.add_argument("--steps", type=int, default=STEPS)
    explore(**vars(options.parse_args()))
