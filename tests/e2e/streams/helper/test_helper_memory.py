# test_helper_memory.py - what the helper holds for clients is bounded, whatever they send.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import time

import pytest

import consumers
import stack as servers
from checks import push
from consumers import Closed, Websocket, get
from helper import memory, metrics

MIB = 1 << 20
BUDGET = 16 * MIB
OWN = 40 * MIB          # that the program may take beside the budget


@pytest.fixture(scope="module")
def tight(builddir):
    """A stack whose helper may hold 16 MiB for its clients."""
    with servers.Stack(builddir, helpers=1, conf={"max_memory": BUDGET}) as stack:
        yield stack


@contextlib.contextmanager
def bounded(plain_memory, helper, most=BUDGET + OWN):
    """Never more than that beyond what it takes now; and soon afterwards about as much as now."""
    before = memory(helper)
    with contextlib.ExitStack() as opened:
        yield opened, lambda: memory(helper) - before < most
        assert memory(helper) - before < most
    servers.wait_for(lambda: memory(helper) - before < 10 * MIB, step=0.1)


@contextlib.contextmanager
def dropped(consumer):
    try:
        yield consumer
    finally:
        consumer.drop()


def websocket(opened, stack, path, **more):
    consumer = Websocket(stack.ws_port, **{"receive_buffer": 4096, **more}).connect(path)
    return opened.enter_context(dropped(consumer))


def test_pings_that_nobody_reads(plain_memory, tight, queue):
    """Only the newest is answered while an answer waits; who reads again gets that."""
    some = consumers.frame(consumers.PING, b"x" * 125) * 1000
    with bounded(plain_memory, tight.helper, 4 * MIB) as (opened, is_fine):
        peers = [websocket(opened, tight, f"/ws/{queue}") for _ in range(3)]
        for consumer in peers:
            for _ in range(100):
                consumer.wire.send(some)
            consumer.wire.send(consumers.frame(consumers.PING, b"newest"))
        assert is_fine()
        for consumer in peers:
            deadline = time.monotonic() + 10
            pongs = 0
            while consumer.frame(deadline) != (consumers.PONG, b"newest"):
                pongs += 1
            assert pongs < 100000


def test_who_reads_nothing_is_closed_first(plain_memory, tight, queue):
    """Each answer is larger than an outbox, together they are more than the budget: the oldest go,
    and new ones are served all the while."""
    push(tight.http, queue, b"\x01" * MIB)
    with bounded(plain_memory, tight.helper) as (opened, is_fine):
        asking = []
        for buffer in [4096] * 7 + [MIB]:
            asking.append(websocket(opened, tight, f"/ws/{queue}-other", receive_buffer=buffer))
            asking[-1].send('{"cmd":"get","queue":"%s"}' % queue)
            servers.wait_for(lambda: get(tight.ws_port, f"/w/{queue}-none?wait=0").status
                             == 204, 5)
            time.sleep(0.15)    # the next one is younger
            assert is_fine()
        assert len(asking[-1].next()["value"]) == MIB
        assert asking[0].end().code in (1006, 1013)
    assert "max_memory" in tight.helper.log_text()


def test_halves_of_messages(plain_memory, tight, queue):
    """What a websocket has begun to say counts, too."""
    half = consumers.frame(consumers.TEXT, b"x" * 60000)[:-1]
    with bounded(plain_memory, tight.helper) as (opened, is_fine):
        speaking = [websocket(opened, tight, f"/ws/{queue}") for _ in range(400)]
        speaking[0].wire.send(half)
        time.sleep(0.3)     # it is the oldest
        for consumer in speaking[1:]:
            with contextlib.suppress(OSError):
                consumer.wire.send(half)
        assert is_fine()
        with pytest.raises(Closed) as closed:
            speaking[0].raw()
        assert closed.value.code == 1013
        last = websocket(opened, tight, f"/ws/{queue}")
        last.send("hello")
        assert last.raw() == "hello"


def test_many_commands_at_once(plain_memory, tight, queue):
    """Some are under way, the others stand in line; each is answered."""
    text = json.dumps({"cmd": "add", "queue": queue, "value": "x" * 1000})
    with bounded(plain_memory, tight.helper, 8 * MIB) as (opened, is_fine):
        talking = [websocket(opened, tight, f"/ws/{queue}-other") for _ in range(400)]
        for consumer in talking:
            consumer.send(text)
        assert is_fine()
        keys = {json.loads(consumer.raw())["key"] for consumer in talking}
        assert len(keys) == 400


def test_nobody_is_left_who_could_be_closed(new_stack, queue):
    """While Redis is silent, what clients have published fills the memory: then new work is refused
    with 503, and what was begun is done.  How the helper is can be asked all the time."""
    stack = new_stack(conf={"max_memory": BUDGET, "redis_timeout_ms": 60000})
    texts = [f"text {number}" for number in range(64)]
    some = b"".join(consumers.frame(consumers.TEXT, text.encode()) for text in texts)

    def is_full():
        return metrics(stack.ws_port)["restmq_helper_memory_used_bytes"] > BUDGET

    with contextlib.ExitStack() as opened:
        speaking = [websocket(opened, stack, f"/sub/{queue}-{number}") for number in range(800)]
        late = websocket(opened, stack, f"/ws/{queue}")
        with stack.redis.thinking():
            for consumer in speaking:
                consumer.wire.send(some)
            servers.wait_for(is_full)
            answer = get(stack.ws_port, f"/w/{queue}?wait=0")
            assert answer.status == 503 and answer.get("retry-after")
            assert "max_memory" in answer.json()["error"]
            with pytest.raises(consumers.Refused) as refused:
                Websocket(stack.ws_port).connect(f"/ws/{queue}")
            assert refused.value.status == 503
            late.send('{"cmd":"len","queue":"%s"}' % queue)
            assert json.loads(late.raw())["code"] == "unavailable"
            assert get(stack.ws_port, "/health").status == 200
            assert metrics(stack.ws_port)["restmq_helper_memory_refused_total"] == 3
        for consumer in speaking:
            assert [consumer.raw(30) for _ in texts] == texts
        assert get(stack.ws_port, f"/w/{queue}?wait=0").status == 204
        servers.wait_for(lambda: metrics(stack.ws_port)["restmq_helper_memory_used_bytes"] < MIB)
