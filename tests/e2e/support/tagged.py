# tagged.py - a Redis client for tests of programs with hash_tags = on: it says {foo}:queue where a test
# says foo:queue, and the test reads foo:queue where Redis says {foo}:queue.
#
# Tests name keys and channels as they are without hash tags, and whatever they look at is told so.  What
# they write as elements is renamed, too, where it looks like such a name: entries of lists are names.
# Strings are values.
#
# SPDX-License-Identifier: BSD-2-Clause

import re

from redis.connection import Connection, UnixDomainSocketConnection

NAME = rb"([A-Za-z0-9_.:@/-]+?)(\.dead)?"
PARTS = rb"(?:queue|UUID|queuepolicy|PUBSUB|\*)"
RENAMES = [(re.compile(pattern, re.S), name) for pattern, name in (
    (rb"(?!restmq|queuestat|AUTHKEY)" + NAME + rb"(:" + PARTS + rb")", rb"{\1}\2\3"),
    (rb"(?!restmq|AUTHKEY)([A-Za-z0-9_.:@/-]+):([1-9]\d*(?::refcount|:lock)?)", rb"{\1}:\2"),
    (rb"queuestat::" + NAME, rb"queuestat::{\1}\2"),
    (rb"restmq:(\{[^}]+\}(?:\.dead)?):(events|broadcast)", rb"\1:restmq:\2"))]
SHOWN = [(re.compile(pattern), name) for pattern, name in (
    (rb"\{([^{}]+)\}(\.dead)?:(queue|UUID|queuepolicy|PUBSUB)", rb"\1\2:\3"),
    (rb"\{([^{}]+)\}:([1-9]\d*(?::refcount|:lock)?)", rb"\1:\2"),
    (rb"queuestat::\{([^{}]+)\}(\.dead)?", rb"queuestat::\1\2"),
    (rb"(\{[^{}]+\}(?:\.dead)?):restmq:(events|broadcast)", rb"restmq:\1:\2"),
    (rb"\{([^{}]+)\}(\.dead)?:restmq:presence", rb"restmq:presence:{\1\2}"))]
ADDED = re.compile(rb"restmq:\{[^{}]+\}:(names|unused)")    # no key that there is without hash tags
IN_TEXT = re.compile(r"\{([^{}\s\"]+)\}((?:\.dead)?:(?:queue|UUID|queuepolicy|PUBSUB|[1-9]\d*)\b)")

CHANNELS = {b"PUBLISH", b"SUBSCRIBE", b"UNSUBSCRIBE"}
PRESENCE = re.compile(rb"restmq:presence:\{([^}]+?)(\.dead)?\}")
VALUES = {b"SET", b"SETEX", b"PSETEX", b"SETNX", b"APPEND", b"GETSET"}    # only the first word is a name
OTHERS = {b"CONFIG", b"REPLICAOF", b"ACL", b"AUTH", b"CLIENT", b"ECHO", b"SELECT", b"SCRIPT"}
SHARDED = {b"smessage": b"message", b"ssubscribe": b"subscribe", b"sunsubscribe": b"unsubscribe"}


def renamed(name, rules=RENAMES):
    for pattern, new in rules:
        if match := pattern.fullmatch(name):
            return match.expand(new)
    return name


def shown(reply):
    """A reply, with all names in it."""
    if isinstance(reply, bytes):
        return renamed(reply, SHOWN)
    if isinstance(reply, list):
        if len(reply) == 3 and isinstance(reply[0], bytes):
            reply[0] = SHARDED.get(reply[0], reply[0])
        return [shown(part) for part in reply
                if not (isinstance(part, bytes) and ADDED.fullmatch(part))]
    return reply


def shown_text(text):
    """The same in a text for people, of an error for instance."""
    text = re.sub(r"queuestat::\{([^{}\s\"]+)\}", r"queuestat::\1", text)
    return IN_TEXT.sub(r"\1\2", text)


def names_key(queue):
    """Where a queue's name stands, and that of its dead letters."""
    queue = queue.removesuffix(b":queue")     # as the Sinatra endpoint has it
    return b"restmq:{%s}:names" % queue.removesuffix(b".dead")


def renamed_words(words):
    """A command with all names in it."""
    command = words[0].upper()
    if len(words) == 3 and words[1] == b"QUEUESET":
        return [words[0], names_key(words[2]) if command == b"SISMEMBER" else words[1], words[2]]
    if words[1:2] in ([b"QUEUESET"], [b"restmq:index"]) or len(words) > 1 and ADDED.fullmatch(words[1]):
        return words
    if len(words) > 2 and words[1] == b"restmq:unused":
        return [words[0], b"restmq:{%s}:unused" % words[2], *words[2:]]
    if command in CHANNELS:
        end = 2 if command == b"PUBLISH" else len(words)
        names = [renamed(PRESENCE.sub(rb"{\1}\2:restmq:presence", word)) for word in words[1:end]]
        is_sharded = names and names[0].startswith(b"{")
        return [b"S" + command if is_sharded else words[0], *names, *words[end:]]
    if command in VALUES:
        return [words[0], *map(renamed, words[1:2]), *words[2:]]
    return words if command in OTHERS else [words[0], *map(renamed, words[1:])]


class Tagged:
    """A connection of redis-py."""

    others = 0              # answers to come that nobody has asked for
    is_pipeline = False

    def pack_command(self, *args):
        words = list(map(self.encoder.encode, args))
        before = []
        if (len(words) == 3 and words[1] == b"QUEUESET" and words[0].upper() in (b"SADD", b"SREM")
                and not self.is_pipeline):
            before = super().pack_command(words[0], names_key(words[2]), words[2])
            self.others += 1
        return before + super().pack_command(*renamed_words(words))

    def pack_commands(self, commands):
        self.is_pipeline = True
        try:
            return super().pack_commands(commands)
        finally:
            self.is_pipeline = False

    def read_response(self, *args, **more):
        while self.others:
            self.others -= 1
            super().read_response(*args, **more)
        return shown(super().read_response(*args, **more))


class TaggedConnection(Tagged, Connection):
    pass


class TaggedUnixConnection(Tagged, UnixDomainSocketConnection):
    pass
