# routed.py - Redis clients for tests of a cluster: of one node, which takes a command of one slot only; and
# of several, where each key is at the master of its slot.
#
# Tests say what they say to one Redis, with names as they are without hash tags (see tagged.py).  What is
# asked of no key is asked of all masters.  A pipeline is one command after the other.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import time

import redis as redis_py
from redis.crc import key_slot

import tagged

ALL = {"FLUSHALL", "FLUSHDB", "CONFIG SET", "CONFIG RESETSTAT", "SCRIPT FLUSH", "KEYS", "DBSIZE", "INFO",
       "CLIENT KILL"}
MANY = {"EXISTS", "DEL", "UNLINK", "MSET"}      # of keys that may have several slots
MOVING = redis_py.exceptions.ConnectionError, redis_py.exceptions.ResponseError


def encoded(word):
    return word if isinstance(word, bytes) else str(word).encode()


def slot_of(args):
    """That of the first key, as it is with hash tags; None: there is none."""
    words = [encoded(word) for word in args]
    if words[0].upper() in (b"EVAL", b"EVALSHA"):
        words = words[:1] + words[3:3 + int(words[2])]
    elif words[0].upper() in (b"OBJECT", b"MEMORY"):
        words = words[1:]
    return key_slot(tagged.renamed_words(words)[1]) if len(words) > 1 else None


def by_slot(args):
    """A command with keys of several slots, as one command for each slot."""
    step = 2 if args[0].upper() == "MSET" else 1
    slots = {}
    for at in range(1, len(args), step):
        slots.setdefault(slot_of([args[0], args[at]]), [args[0]]).extend(args[at:at + step])
    return slots.values()


class Whole(redis_py.Redis):
    """Of a cluster of one node.  A pipeline is no transaction."""

    def execute_command(self, *args, **options):
        if args[0].upper() in MANY:
            return together([super(Whole, self).execute_command(*part, **options) for part in by_slot(args)])
        return super().execute_command(*args, **options)

    def pipeline(self, transaction=False, shard_hint=None):
        return WholePipeline(self.connection_pool, self.response_callbacks, False, shard_hint)


class WholePipeline(redis_py.client.Pipeline):
    def execute_command(self, *args, **options):
        if args[0].upper() == "MSET":
            for part in by_slot(args):
                super().execute_command(*part, **options)
            return self
        return super().execute_command(*args, **options)


class Routed(redis_py.Redis):
    """cluster: a stack.Cluster.  more: for the clients of its members."""

    def __init__(self, cluster, **more):
        super().__init__()
        self.cluster = cluster
        self.more = more
        self.clients = {}
        self.map = []

    def close(self):
        for client in self.clients.values():
            client.close()
        self.clients.clear()

    def at(self, port):
        if port not in self.clients:
            self.clients[port] = self.cluster.at(port).client(**self.more)
        return self.clients[port]

    def masters(self):
        self.map = self.map or self.cluster.slots()
        return [self.at(port) for port in dict.fromkeys(port for _, _, port in self.map)]

    def of_slot(self, slot):
        self.masters()
        return next(self.at(port) for first, last, port in self.map if first <= slot <= last)

    def execute_command(self, *args, **options):
        name = args[0].upper()
        if name in ALL:
            return together([client.execute_command(*args, **options) for client in self.masters()])
        if name in MANY:
            return together([self.run(*part, **options) for part in by_slot(args)])
        if name in ("SADD", "SREM") and encoded(args[1]) == b"QUEUESET":
            self.run(name, tagged.names_key(encoded(args[2])), args[2])
            return self.run_alone(*args)
        return self.run(*args, **options)

    def run(self, *args, **options):
        """Again for some seconds while the slot is on its way, or its master away."""
        deadline = time.monotonic() + 5
        while True:
            try:
                slot = slot_of(args)
                client = self.masters()[0] if slot is None else self.of_slot(slot)
                return client.execute_command(*args, **options)
            except MOVING as trouble:
                words = str(trouble).split(" ")[0]
                is_moving = (isinstance(trouble, redis_py.exceptions.ConnectionError)
                             or type(trouble).__name__ in ("MovedError", "AskError", "TryAgainError",
                                                           "ClusterDownError", "MasterDownError")
                             or words in ("MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"))
                if not is_moving or time.monotonic() > deadline:
                    raise
                self.map = []
                time.sleep(0.05)

    def run_alone(self, *args):
        """A command that a tagged connection would send a second one with."""
        with self.of_slot(key_slot(b"QUEUESET")).pipeline(transaction=False) as pipe:
            return pipe.execute_command(*args).execute()[0]

    def scan_iter(self, *args, **more):
        for client in self.masters():
            yield from client.scan_iter(*args, **more)

    def pipeline(self, transaction=False, shard_hint=None):
        return Pipeline(self)

    def pubsub(self, **more):
        return Listener(self, more)


def together(answers):
    """One of several answers."""
    if isinstance(answers[0], dict):
        names = dict.fromkeys(name for answer in answers for name in answer)
        return {name: together_with(*(answer[name] for answer in answers if name in answer)) for name in names}
    if isinstance(answers[0], list):
        return sum(answers, [])
    return answers[0] if isinstance(answers[0], bool) else sum(answers)


def together_with(first, *others):
    """What several have of one name: numbers, numbers by name, or what the first one has."""
    return together([first, *others]) if isinstance(first, (int, dict)) else first


class Pipeline(contextlib.ExitStack):
    def __init__(self, client):
        super().__init__()
        self.client = client
        self.commands = []

    def __getattr__(self, name):
        def note(*args, **more):
            self.commands.append(lambda: getattr(self.client, name)(*args, **more))
            return self
        return note

    def execute(self, raise_on_error=True):
        commands, self.commands = self.commands, []
        return [command() for command in commands]


class Listener(contextlib.ExitStack):
    """Listens to channels of one slot, or plain ones, at the right master."""

    def __init__(self, client, more):
        super().__init__()
        self.client, self.more = client, more
        self.pubsub = None

    def subscribe(self, *channels):
        return self.listener(encoded(channels[0])).subscribe(*channels)

    def psubscribe(self, *patterns):
        return self.listener(None).psubscribe(*patterns)

    def listener(self, channel):
        if self.pubsub is None:
            client = self.client.masters()[0]
            if channel is not None:
                name = tagged.renamed_words([b"SUBSCRIBE", channel])[1].removeprefix(b"__keyspace@0__:")
                client = self.client.of_slot(key_slot(name))
            self.pubsub = self.enter_context(client.pubsub(**self.more))
        return self.pubsub

    def __getattr__(self, name):
        return getattr(self.__dict__["pubsub"], name)
