# test_stream_load.py - many consumers, many messages, and helpers that are killed under way.
#
# SPDX-License-Identifier: BSD-2-Clause

import signal
import threading
import time

import pytest

import stack as servers
from checks import push
from consumers import Silent, Websocket
from helper import memory
from reliable import assert_sound, expire, policy, push_batch, stats

pytestmark = pytest.mark.load

MESSAGES = 100000


def test_helpers_killed_every_second(builddir, crowd):
    """Explicit acks: every message is processed, and what was acked never comes again."""
    with servers.Stack(builddir, workers=2, helpers=2) as stack:
        policy(stack.http, "foo", policy="roundrobin")
        workers = crowd(stack.ws_port, "/ws/foo?ack=explicit&prefetch=20", 50, "work")
        workers.line()
        producer = threading.Thread(target=push_numbers, args=(stack.http, "foo"))
        producer.start()
        kills = 0
        while producer.is_alive():
            time.sleep(1)
            helper = stack.helpers[kills % 2]
            helper.kill()
            helper.start()
            kills += 1
        producer.join()
        servers.wait_for(lambda: stats(stack.http, "foo", "pushed", "len", "leased") == (
            MESSAGES, 0, 0), 60, 0.2)      # what a killed helper held comes when its lease is over
        account = workers.finish()
        assert stats(stack.http, "foo", "acked", "dead", "dropped") == (MESSAGES, 0, 0)
        assert_sound(stack, builddir)
    print(f"{kills} kills, {account}")
    assert kills >= 10
    assert account["again"] == [] and account["strange"] == []
    assert account["processed"] == MESSAGES and account["values"] == [0, MESSAGES - 1]
    # Unknown are only acks that were under way at a kill.
    assert MESSAGES - account["confirmed"] <= kills * 50 * 20
    assert account["repeated"] <= kills * 50 * 20


def push_numbers(http, queue):
    """0…MESSAGES-1, spread over more than ten seconds."""
    start = time.monotonic()
    for first in range(0, MESSAGES, 100):
        lines = "".join(f"{number}\n" for number in range(first, first + 100))
        answer = http.post(f"/q/{queue}", lines, {"Content-Type": "application/x-ndjson"})
        assert answer.status == 200, answer
        time.sleep(max(0, start + first / 7500 - time.monotonic()))
    http.close()


def test_one_order_for_all(builddir, crowd):
    """Broadcast with two helpers and four producers."""
    count, producers = 40000, 4
    with servers.Stack(builddir, workers=2, helpers=2) as stack:
        listeners = crowd(stack.ws_port, "/ws/foo", 60, "listen", count)
        listeners.line()

        def produce(name):
            for first in range(0, count // producers, 100):
                lines = "".join(f"{name}{number}\n" for number in range(first, first + 100))
                assert stack.http.post("/q/foo", lines, {
                    "Content-Type": "application/x-ndjson"}).status == 200
            stack.http.close()

        threads = [threading.Thread(target=produce, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        account = listeners.wait(60)
        rows = stack.http.get("/presence/foo").json()
        servers.wait_for(lambda: stats(stack.http, "foo", "len", "leased") == (0, 0))
    assert account["cuts"] == 0
    assert account["counts"] == [count]
    assert len(account["orders"]) == 1, "not one order"
    assert len({row["helper"] for row in rows}) <= 2


def read_all(consumer, values, is_over):
    """Adds every value that comes, until it is over and quiet."""
    while True:
        try:
            message = consumer.next(0.5)
            if message != {"event": "gap"}:
                values.append(int(message["value"]))
        except Silent:
            if is_over.is_set():
                return


@pytest.mark.parametrize("trouble", ["cut", "stopped", "killed"])
def test_broadcast_in_trouble(builddir, trouble):
    """Redis cuts the subscribers, or a helper hangs now and then, or is killed: no message is lost
    altogether.  Who only was stopped has missed nothing at all."""
    count = 20000
    with servers.Stack(builddir, workers=2, helpers=2) as stack:
        redis = stack.redis.client()
        several = [Websocket(helper.socket).consume("foo") for helper in stack.helpers]
        seen, over = [[], []], threading.Event()
        readers = [threading.Thread(target=read_all, args=(consumer, values, over))
                   for consumer, values in zip(several, seen)]
        for reader in readers[:1] if trouble == "killed" else readers:
            reader.start()
        pushing = threading.Event()

        def produce():
            for first in range(0, count, 100):
                lines = "".join(f"{number}\n" for number in range(first, first + 100))
                assert stack.http.post("/q/foo", lines, {
                    "Content-Type": "application/x-ndjson"}).status == 200
                time.sleep(0.02)
            pushing.set()
            stack.http.close()

        producer = threading.Thread(target=produce)
        producer.start()
        turn = 0
        while not pushing.is_set():
            helper = stack.helpers[1]
            if trouble == "cut":
                redis.client_kill_filter(_type="pubsub", skipme=True)
                time.sleep(0.3)
            elif trouble == "stopped":
                helper = stack.helpers[turn % 2]
                helper.signal(signal.SIGSTOP)
                time.sleep(0.3)
                helper.signal(signal.SIGCONT)
                time.sleep(0.1)
            else:
                helper.kill()
                helper.start()
                time.sleep(0.3)
            turn += 1
        producer.join()
        deadline = time.monotonic() + 60
        while set().union(*seen) != set(range(count)):
            assert time.monotonic() < deadline, len(set().union(*seen))
            expire(redis, "foo")
            time.sleep(0.5)
        over.set()
        for reader in readers:
            if reader.ident:
                reader.join()
        for consumer in several:
            consumer.wire.close()
        servers.wait_for(lambda: stats(stack.http, "foo", "len", "leased") == (0, 0), 40, 0.2)
        print(f"{trouble}: {turn} times, {[len(values) for values in seen]} came")
        if trouble == "stopped":
            assert set(seen[0]) == set(seen[1]) == set(range(count))


CONSUMERS = 19000


def test_many_idle_consumers(builddir, crowd):
    """4 KiB of memory for each; all there within ten seconds; and then they all hear something."""
    with servers.Stack(builddir, helpers=1) as stack:
        before = memory(stack.helper)
        start = time.monotonic()
        crowds = [crowd(stack.ws_port, "/ws/foo", CONSUMERS // 2, "idle") for _ in range(2)]
        for one in crowds:
            one.line()
        took = time.monotonic() - start
        servers.wait_for(lambda: stats(stack.http, "foo", "consumers") == (CONSUMERS,), 20)
        each = (memory(stack.helper) - before) / CONSUMERS
        push(stack.http, "foo", "hello", "again")
        for one in crowds:
            assert one.line() == {"messages": CONSUMERS // 2}
            assert one.line() == {"messages": CONSUMERS}
        assert [one.finish() for one in crowds] == [{"cuts": 0, "messages": CONSUMERS}] * 2
        servers.wait_for(lambda: stats(stack.http, "foo", "consumers") == (0,), 20)
    print(f"{each:.0f} bytes each, connected in {took:.1f} s")
    assert each <= 4096
    assert took < servers.patience(10)


def test_many_queues(builddir, crowd):
    """A consumer on each of 2000 queues: each gets its message, pushed behind the helper's back."""
    count = 2000
    with servers.Stack(builddir, helpers=1) as stack:
        redis = stack.redis.client()
        several = [Websocket(stack.ws_port).connect(f"/ws/q{number}") for number in range(count)]
        with redis.pipeline(transaction=False) as pipe:
            for number in range(count):
                pipe.set(f"q{number}:1", number)
                pipe.lpush(f"q{number}:queue", f"q{number}:1")
            pipe.execute()
        start = time.monotonic()
        for number, consumer in enumerate(several):
            assert consumer.next() == {"key": f"q{number}:1", "value": str(number)}
        assert time.monotonic() - start < 4
        for consumer in several:
            consumer.wire.close()


def test_a_busy_roundrobin_by_pongs(builddir, crowd):
    """Acks by pong with two helpers, nobody killed: every message once."""
    with servers.Stack(builddir, helpers=2) as stack:
        policy(stack.http, "foo", policy="roundrobin")
        crowds = [crowd(stack.ws_port, "/ws/foo", 25, "idle") for _ in range(2)]
        for one in crowds:
            one.line()
        for _ in range(50):
            push_batch(stack.http, "foo", 1000)
        servers.wait_for(lambda: stats(stack.http, "foo", "len", "leased") == (0, 0), 60, 0.1)
        assert sum(one.finish()["messages"] for one in crowds) == 50000
        assert stats(stack.http, "foo", "acked", "returned") == (50000, 0)
