# test_streams.py - what every consumer of a queue can rely on, over every transport, directly and
# through the web server.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import time

import pytest

import consumers
import stack as servers
from checks import push, take, take_all
from reliable import lease, policy, push_batch, stats

VALUES = {
    "ascii": b"hello",
    "empty": b"",
    "white space": b"  a \t b  ",
    "a number": b"007",
    "quotes": b'{"key":"x","value":"\\\\"}',
    "controls": bytes(range(1, 32)) + b"\x7f",
    "a zero byte": b"a\0b",
    "line ends": b"one\r\ntwo\nthree\rfour\r\n\r\nfive",
    "utf-8": "κόσμε € 𝄞 \u2028 \ufffd \U0010ffff".encode(),
    "script": b"</script><!--",
    "binary": bytes(range(256)),
    "half a character": b"abc\xe2\x82",
    "60 KiB": b"x" * 61440,
    "1 MiB": b"y" * 1048576,
    "1 MiB of binary": b"\xff" * 1048576,
}


def control(http, queue, status):
    assert http.post(f"/control/{queue}", form={"status": status}).status == 200


def settled(http, queue, *those):
    """Waits until everything that was delivered is acked."""
    for consumer in those:
        consumer.settle()
    servers.wait_for(lambda: stats(http, queue, "leased") == (0,))


# --- who gets what ------------------------------------------------------------------------------

def test_order(way, consume, http, queue):
    consumer = consume(way)
    push(http, queue, *map(str, range(20)))
    push_batch(http, queue, 100)
    messages = [consumer.next() for _ in range(120)]
    assert [message["key"] for message in messages] == [f"{queue}:{n}" for n in range(1, 121)]
    assert [message["value"] for message in messages] == [
        *map(str, range(20)), *map(str, range(1, 101))]
    assert set(messages[0]) == {"key", "value"}


def test_backlog(way, consume, http, queue):
    """What is there when the first consumer comes is delivered, and the rest after that."""
    push_batch(http, queue, 300)
    consumer = consume(way)
    assert consumer.values(300) == [str(n) for n in range(1, 301)]
    push(http, queue, "more")
    assert consumer.values(1) == ["more"]
    settled(http, queue, consumer)
    assert take(http, queue) is None


def test_broadcast(way, consume, http, queue):
    several = [consume(way) for _ in range(3)]
    push_batch(http, queue, 50)
    for consumer in several:
        assert consumer.values(50) == [str(n) for n in range(1, 51)]


def test_roundrobin_in_turn(way, consume, http, queue):
    """Each message to one consumer, and to each as many."""
    policy(http, queue, policy="roundrobin")
    several = [consume(way) for _ in range(3)]
    push(http, queue, *map(str, range(12)))
    shares = [consumer.values(4) for consumer in several]
    assert sorted(map(int, sum(shares, []))) == list(range(12))
    for share in shares:
        assert [int(value) - int(share[0]) for value in share] == [0, 3, 6, 9]
    push_batch(http, queue, 30)
    assert sorted(map(int, sum((consumer.values(10) for consumer in several), []))) == list(
        range(1, 31))
    settled(http, queue, *several)


def test_policy_switched_while_connected(way, consume, http, queue):
    several = [consume(way) for _ in range(2)]
    push(http, queue, "all-1")
    assert [consumer.values(1) for consumer in several] == [["all-1"]] * 2
    policy(http, queue, policy="roundrobin")
    push(http, queue, "one-1", "one-2")
    assert sorted(value for consumer in several for value in consumer.values(1)) == [
        "one-1", "one-2"]
    policy(http, queue, policy="broadcast")
    push(http, queue, "all-2")
    assert [consumer.values(1) for consumer in several] == [["all-2"]] * 2


@pytest.mark.parametrize("name", ["broadcast", "roundrobin"])
def test_pause(way, consume, http, queue, name):
    """Stop and start take effect at once."""
    policy(http, queue, policy=name)
    consumer = consume(way)
    push(http, queue, "a")
    assert consumer.values(1) == ["a"]
    control(http, queue, "stop")
    push(http, queue, "b", "c")
    assert consumer.is_silent(0.2)
    start = time.monotonic()
    control(http, queue, "start")
    assert consumer.values(2) == ["b", "c"]
    assert time.monotonic() - start < servers.patience(0.5)


@pytest.mark.parametrize("name", ["broadcast", "roundrobin"])
def test_held_takes_are_no_streams(way, consume, http, queue, name):
    policy(http, queue, policy=name)
    assert http.post(f"/control/{queue}", form={"status": "stop", "what": "takes"}).status == 200
    push(http, queue, "a")
    consumer = consume(way)
    push(http, queue, "b")
    assert consumer.values(2) == ["a", "b"]


def test_paused_before(way, consume, http, queue):
    """A queue whose queuestat is 0, with a backlog."""
    control(http, queue, "stop")
    push(http, queue, "a")
    consumer = consume(way)
    assert consumer.is_silent(0.2)
    assert take(http, queue) == "a"
    push(http, queue, "b")
    control(http, queue, "start")
    assert consumer.values(1) == ["b"]


def test_values(way, consume, http, queue):
    consumer = consume(way)
    for name, value in VALUES.items():
        push(http, queue, value)
        message = consumer.next(10)
        message.pop("key")
        try:
            expected = {"value": value.decode()}
        except UnicodeDecodeError:
            expected = {"value": base64.b64encode(value).decode(), "encoding": "base64"}
        assert message == expected, name


# --- the end of a stream ------------------------------------------------------------------------

def test_purge_disconnects(way, consume, client, http, queue):
    several = [consume(way) for _ in range(3)]
    other = client(*way).consume(queue + "x")
    push(http, queue, "a")
    for consumer in several:
        consumer.values(1)
    http.delete(f"/q/{queue}")
    for consumer in several:
        end = consumer.end()
        if consumer.has_close_code:
            assert (end.code, end.reason) == (1000, "purged")
        elif consumer.has_goodbye:
            assert end.code is None, "the stream was cut"
    push(http, queue + "x", "b")
    assert other.values(1) == ["b"]
    push(http, queue, "c")
    assert consume(way).values(1) == ["c"]


def test_a_removed_queue_disconnects(way, consume, http, queue):
    """As a purge does; and the next queue of that name has the same keys again."""
    for _ in range(2):
        consumer = consume(way)
        push(http, queue, "same")
        assert consumer.next(10)["key"] == f"{queue}:1"
        assert http.delete(f"/q/{queue}?remove=1").status == 409
        assert http.delete(f"/q/{queue}?remove=1&force=1").json()["removed"]
        end = consumer.end()
        if consumer.has_close_code:
            assert (end.code, end.reason) == (1000, "purged")


@pytest.mark.parametrize("name", ["broadcast", "roundrobin"])
def test_reconnect(way, consume, stack, http, queue, name):
    """Nothing is lost between two connections, and nothing comes again."""
    transport, front = way
    if front == "proxied" and transport in consumers.STREAMS and not stack.web.notices_gone:
        pytest.skip("the web server does not notice that a consumer has gone")
    policy(http, queue, policy=name)
    for turn in range(3):
        consumer = consume(way)
        if turn:
            assert consumer.values(2) == [f"{turn - 1}c", f"{turn - 1}d"]
        push(http, queue, f"{turn}a", f"{turn}b")
        assert consumer.values(2) == [f"{turn}a", f"{turn}b"]
        settled(http, queue, consumer)
        consumer.close()
        wait_until_alone(http, queue)
        push(http, queue, f"{turn}c", f"{turn}d")
    assert take_all(http, queue) == ["2c", "2d"]


def wait_until_alone(http, queue):
    """Through a web server a goodbye takes a moment."""
    servers.wait_for(lambda: stats(http, queue, "consumers") == (0,))


def test_a_consumer_that_goes_away_disturbs_nobody(way, consume, http, queue):
    leaving, staying = consume(way), consume(way)
    push(http, queue, "a")
    assert leaving.values(1) == staying.values(1) == ["a"]
    leaving.drop()
    push(http, queue, *map(str, range(20)))
    assert staying.values(20) == [str(n) for n in range(20)]


@pytest.mark.parametrize("goodbye", ["close", "drop"])
def test_unacked_are_given_back_at_once(websocket_way, consume, http, queue, goodbye):
    """A work-sharing consumer that goes away gives back what it did not ack, in order."""
    policy(http, queue, policy="roundrobin")
    leaving = consume(websocket_way, "?ack=explicit&prefetch=3")
    push(http, queue, *"abcde")
    held = [leaving.next() for _ in range(3)]
    assert [message["value"] for message in held] == ["a", "b", "c"]
    leaving.ack(held[1])
    assert leaving.next()["value"] == "d"
    getattr(leaving, goodbye)()
    staying = consume(websocket_way, "?ack=explicit&prefetch=9")
    start = time.monotonic()
    messages = [staying.next() for _ in range(4)]
    assert time.monotonic() - start < servers.patience(1)
    assert sorted(message["value"] for message in messages) == ["a", "c", "d", "e"]
    assert {message["value"]: message["deliveries"] for message in messages} == {
        "a": 2, "c": 2, "d": 2, "e": 1}
    for message in messages:
        staying.ack(message)
    assert stats(http, queue, "len", "leased") == (0, 0)


# --- what comes by itself -----------------------------------------------------------------------
# All transports wait at the same time.

@pytest.fixture
def everybody(client, http, queue):
    """A consumer on each transport, with a queue of its own."""
    several = {f"{queue}-{transport.__name__.lower()}": client(transport)
               for transport in consumers.TRANSPORTS}
    for name, consumer in several.items():
        consumer.consume(name)
    return several


def test_delayed(everybody, http):
    start = time.monotonic()
    for name in everybody:
        answer = http.post(f"/q/{name}?delay=1", "later", {"Content-Type": "text/plain"})
        assert answer.status == 200
    for consumer in everybody.values():
        assert consumer.values(1) == ["later"]
        assert 0.9 < time.monotonic() - start < servers.patience(2.6)


def test_expired_leases(everybody, http):
    start = time.monotonic()
    for name in everybody:
        control(http, name, "stop")
        push(http, name, "a")
        assert lease(http, name, 1)["value"] == "a"
        control(http, name, "start")
    for consumer in everybody.values():
        assert consumer.values(1) == ["a"]
        assert 0.9 < time.monotonic() - start < servers.patience(2.6)


def test_released(everybody, http):
    """Whoever gives a message back wakes the waiting at once."""
    for name, consumer in everybody.items():
        control(http, name, "stop")
        push(http, name, "a")
        message = lease(http, name, 100)
        control(http, name, "start")
        start = time.monotonic()
        query = f"key={message['key']}&lease={message['lease']}&release=1"
        assert http.request("PUT", f"/q/{name}?{query}").status == 200
        assert consumer.values(1) == ["a"]
        assert time.monotonic() - start < servers.patience(0.5)


def push_like_restmq(redis, queue, value):
    """The commands of an original RestMQ, which publishes nothing."""
    number = redis.incr(f"{queue}:UUID")
    redis.set(f"{queue}:{number}", value)
    if number == 1:
        redis.sadd("QUEUESET", queue)
        redis.set(f"queuestat::{queue}", 1)
    redis.lpush(f"{queue}:queue", f"{queue}:{number}")


def test_pushed_by_an_original_restmq(everybody, redis):
    for turn in "ab":
        start = time.monotonic()
        for name in everybody:
            push_like_restmq(redis, name, turn)
        for consumer in everybody.values():
            assert consumer.values(1) == [turn]
            assert time.monotonic() - start < servers.patience(1.6)


def test_stopped_by_hand(everybody, redis, http):
    """queuestat written by another program, without an event."""
    for name in everybody:
        redis.set(f"queuestat::{name}", 0)
        push(http, name, "a")
    time.sleep(0.5)
    for consumer in everybody.values():
        assert consumer.is_silent(0.01)
    for name in everybody:
        redis.set(f"queuestat::{name}", 1)
    for consumer in everybody.values():
        assert consumer.values(1) == ["a"]


# --- what each transport has of its own ---------------------------------------------------------

def test_any_transport_on_either_path(client, http, queue):
    """The request says what it wants, not the path."""
    several = [client(transport).connect(f"{route}{queue}")
               for transport in (consumers.Websocket, consumers.Sse, consumers.Comet)
               for route in ("/ws/", "/c/")]
    push(http, queue, "a")
    for consumer in several:
        assert consumer.values(1) == ["a"]


def test_queue_with_slashes(way, consume, client, http, queue):
    name = f"{queue}/orders/eu.v-1@x"
    consumer = client(*way).consume(name)
    push(http, name, "a")
    assert consumer.next() == {"key": f"{name}:1", "value": "a"}


def test_encoded_path(client, http, queue):
    consumer = client(consumers.Comet).connect(f"/c/%{ord(queue[0]):x}{queue[1:]}")
    push(http, queue, "a")
    assert consumer.values(1) == ["a"]


@pytest.mark.parametrize("front", ["direct", "proxied"])
def test_headers_at_once(client, front, queue):
    """A browser's EventSource is open before the first message."""
    for transport in consumers.STREAMS:
        start = time.monotonic()
        client(transport, front).consume(queue)
        assert time.monotonic() - start < servers.patience(0.5)


def test_sse_fields(client, http, queue):
    consumer = client(consumers.Sse).consume(queue)
    push(http, queue, "a", "b")
    for number in 1, 2:
        consumer.next()
        assert (consumer.id, consumer.event) == (f"{queue}:{number}", None)
    assert consumer.retry == 2000
    assert consumer.answer.get("X-Accel-Buffering") == "no"


def test_sse_by_query(client, http, queue):
    class Asking(consumers.Sse):
        def fields(self):
            return []

    consumer = client(Asking).consume(queue, "?sse=1")
    push(http, queue, "a")
    assert consumer.values(1) == ["a"]


def test_name_of_the_consumer(client, http, queue):
    """name= is for presence and changes nothing else."""
    consumer = client(consumers.Websocket).consume(queue, "?name=till%201")
    push(http, queue, "a")
    assert consumer.values(1) == ["a"]


def test_unix_socket(client, http, queue):
    several = [client(transport, "unix").consume(queue)
               for transport in (consumers.Websocket, consumers.Sse, consumers.Comet)]
    push(http, queue, "a")
    for consumer in several:
        assert consumer.values(1) == ["a"]
