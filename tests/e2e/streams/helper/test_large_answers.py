# test_large_answers.py - many want large answers at once: others do not wait for all of them, and what
# those want that have gone is not done.
#
# While Redis is stopped all of them are asked for; then it says in which order it did what.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import signal

import pytest

import stack as servers
from checks import push, take_all
from consumers import Websocket
from helper import metrics

MIB = 1 << 20
MANY = 40
AT_ONCE = 2         # of one MiB each
LARGE = 8           # commands with such answers that are under way; others stand in line


@pytest.fixture
def alone(new_stack):
    """What Redis does is told by its monitor, or counted; so nobody else may do something."""
    return new_stack()


@contextlib.contextmanager
def many(stack):
    """Websockets that are connected."""
    with contextlib.ExitStack() as opened:
        yield [opened.enter_context(Websocket(stack.ws_port)).connect("/ws/other")
               for _ in range(MANY)]


def ask_for(stack, websockets, text, calls):
    """So many calls to Redis are under way, or held back, then."""
    for websocket in websockets:
        websocket.send(json.dumps(text))
    servers.wait_for(lambda: metrics(stack.ws_port)["restmq_helper_redis_calls"] >= calls)


@contextlib.contextmanager
def monitor(stack):
    """The scripts and publications that Redis runs, until the block ends."""
    done = []
    with contextlib.closing(stack.redis.client()) as client, client.monitor() as commands:
        yield lambda: done
        client.echo("the end")
        for command in commands.listen():
            if "the end" in command["command"]:
                break
            if command["command"].split()[0] in ("EVALSHA", "PUBLISH"):
                done.append(servers.shown(command["command"]))


def test_others_do_not_wait_for_all(alone):
    """What is published comes after a few of them, and so does a message of another queue."""
    push(alone.http, "large", "x" * MIB)
    push(alone.http, "small", "first", "next")
    with many(alone) as asking, Websocket(alone.ws_port) as speaking, \
            Websocket(alone.ws_port) as taking:
        speaking.connect("/sub/channel")
        taking.connect("/ws/another")
        taking.send('{"cmd":"take","queue":"small"}')
        assert json.loads(taking.raw())["value"] == "first"     # so these are known to be small
        with monitor(alone) as done:
            with alone.redis.thinking():
                ask_for(alone, asking, {"cmd": "get", "queue": "large"}, LARGE)
                speaking.send("published")
                taking.send('{"cmd":"take","queue":"small"}')
                servers.wait_for(
                    lambda: metrics(alone.ws_port)["restmq_helper_redis_calls"] >= LARGE + 2)
            assert speaking.raw(30) == "published"
            assert json.loads(taking.raw(30))["value"] == "next"
            for websocket in asking:
                assert len(json.loads(websocket.raw(30))["value"]) == MIB
    order = [name for command in done() for name in ("{large}:receipts", "{small}:receipts", "PUBLISH channel")
             if name in command]
    assert order.count("{large}:receipts") == MANY
    assert order.index("PUBLISH channel") <= AT_ONCE + 1, order
    assert order.index("{small}:receipts") <= AT_ONCE + 1, order


def test_who_has_gone_gets_nothing(alone):
    """A message would be lost with the connection."""
    push(alone.http, "foo", *[str(number) for number in range(MANY)])
    with many(alone) as asking:
        with alone.redis.thinking():
            ask_for(alone, asking, {"cmd": "take", "queue": "foo", "count": 1}, LARGE)
            for websocket in asking:
                websocket.drop()
        servers.wait_for(lambda: metrics(alone.ws_port)["restmq_helper_redis_calls"] == 0)
    assert len(take_all(alone.http, "foo")) >= MANY - AT_ONCE


def test_who_went_before_it_was_read_gets_nothing(alone):
    push(alone.http, "foo", *[str(number) for number in range(MANY)])
    with many(alone) as asking:
        alone.helper.signal(signal.SIGSTOP)
        for websocket in asking:
            websocket.send('{"cmd":"take","queue":"foo"}')
            websocket.drop()
        alone.helper.signal(signal.SIGCONT)
        servers.wait_for(lambda: metrics(alone.ws_port)['restmq_helper_connections{kind="websocket"}'] == 0)
    assert len(take_all(alone.http, "foo")) == MANY


def test_what_was_sent_is_done_all_the_same(alone):
    """Its client is gone, but what it wanted to be done needs no answer."""
    with many(alone) as asking:
        with alone.redis.thinking():
            ask_for(alone, asking, {"cmd": "add", "queue": "foo", "value": "x"}, 32)
            for websocket in asking:
                websocket.drop()
        servers.wait_for(lambda: metrics(alone.ws_port)["restmq_helper_redis_calls"] == 0)
    servers.wait_for(lambda: alone.redis.client().llen("foo:queue") == MANY)
