# test_redis_back.py - Redis was away and is back: whoever holds messages keeps them, and nobody takes
# before all are there again.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import signal

import pytest

import stack as servers
from checks import push
from consumers import Comet, Comet10, Jsonp, LongPoll, Sse, Websocket, get
from reliable import ack, expire, lease, policy, push_batch, stats

GAP = {"event": "gap"}
TIMEOUT = 15


@pytest.fixture
def consume():
    """consume(helper, queue, query) connects a websocket to that helper."""
    with contextlib.ExitStack() as open_ones:
        yield lambda helper, queue, query="", **more: open_ones.enter_context(
            Websocket(helper.socket, **more)).consume(queue, query)


def fall_silent(stack, *helpers):
    """These helpers sleep, and Redis has ended their connections: when they wake up they find that out
    and dial again.  As if Redis had been away for them."""
    for helper in helpers:
        helper.signal(signal.SIGSTOP)
    redis = stack.redis.client()
    for kind in "pubsub", "normal":
        redis.client_kill_filter(_type=kind, skipme=True)


def wake(*helpers):
    for helper in helpers:
        helper.signal(signal.SIGCONT)


def gap(consumer):
    assert consumer.next(TIMEOUT) == GAP


# --- leases -------------------------------------------------------------------------------------

@pytest.fixture
def worker(new_stack):
    """A stack with a roundrobin queue, and a way to let the leases end while Redis is away for it."""
    stack = new_stack()
    policy(stack.http, "foo", policy="roundrobin")

    def away():
        fall_silent(stack, stack.helper)
        expire(stack.redis.client(), "foo")
    return stack, away


@pytest.mark.parametrize("query", ["?ack=explicit&prefetch=3", ""])
def test_what_is_held_is_kept(worker, consume, query):
    """The lease ended while Redis was away: it is prolonged before anything is taken."""
    stack, away = worker
    consumer = consume(stack.helper, "foo", query, pongs=bool(query))
    push(stack.http, "foo", *"ab")
    held = [consumer.next(), consumer.next()]
    away()
    push(stack.http, "foo", "c")
    wake(stack.helper)
    gap(consumer)
    assert consumer.next(TIMEOUT)["value"] == "c"
    assert consumer.is_silent(0.5)
    assert stats(stack.http, "foo", "len", "leased", "returned") == (0, 3, 0)
    if query:
        for message in held:
            consumer.ack(message)
        assert stats(stack.http, "foo", "leased", "acked") == (1, 2)


def test_many_are_kept(worker, consume):
    """Of some hundred consumers, and of one that has more than a call is for."""
    stack, away = worker
    one = consume(stack.helper, "foo", "?ack=explicit&prefetch=1000")
    push_batch(stack.http, "foo", 1000)
    held = [one.next() for _ in range(1000)]
    many = [consume(stack.helper, "foo", "?ack=explicit&prefetch=2") for _ in range(150)]
    push_batch(stack.http, "foo", 150)
    for consumer in many:
        consumer.next()
    away()
    wake(stack.helper)
    for consumer in one, *many:
        gap(consumer)
    for message in held[::100]:
        one.ack(message)
    assert stats(stack.http, "foo", "len", "leased", "returned") == (0, 1140, 0)
    assert all(consumer.is_silent(0.01) for consumer in (one, *many))


def test_what_somebody_else_has_got(worker, consume):
    """Its place is free at once, and its token worth nothing."""
    stack, away = worker
    consumer = consume(stack.helper, "foo", "?ack=explicit")
    push(stack.http, "foo", *"ab")
    held = consumer.next()
    away()
    taken = lease(stack.http, "foo")
    assert taken["key"] == held["key"] and taken["deliveries"] == 2
    wake(stack.helper)
    gap(consumer)
    assert consumer.next(servers.patience(3))["value"] == "b"
    answer = consumer.command(cmd="del", queue="foo", key=held["key"], lease=held["lease"])
    assert answer["code"] == "stale_lease"
    assert ack(stack.http, taken).status == 200


def test_a_long_poll_waits_for_it(worker, consume):
    """It stands in line while what others hold is prolonged."""
    stack, away = worker
    consumer = consume(stack.helper, "foo", "?ack=explicit")
    push(stack.http, "foo", "a")
    held = consumer.next()
    with contextlib.closing(LongPoll(stack.helper.socket).consume("foo", "?wait=30").wire):
        away()
        wake(stack.helper)
        gap(consumer)
        assert consumer.is_silent(0.5)
        consumer.ack(held)
    assert stats(stack.http, "foo", "acked", "returned") == (1, 0)


def test_what_the_other_helper_holds(new_stack, consume):
    """Whoever is back first waits until the other one has prolonged its leases, too."""
    stack = new_stack(helpers=2)
    policy(stack.http, "foo", policy="roundrobin")
    held = {}
    for prefetch, helper in enumerate(stack.helpers, 1):    # the second one has room for another
        consumer = consume(helper, "foo", f"?ack=explicit&prefetch={prefetch}")
        push(stack.http, "foo", "a")
        held[consumer] = consumer.next()
    late, early = held
    fall_silent(stack, *stack.helpers)
    expire(stack.redis.client(), "foo")
    wake(stack.helpers[1])
    gap(early)
    wake(stack.helpers[0])
    gap(late)
    for consumer, message in held.items():
        assert consumer.is_silent(0.5)
        consumer.ack(message)
    assert stats(stack.http, "foo", "len", "leased", "acked", "returned") == (0, 0, 2, 0)


# --- broadcasts ---------------------------------------------------------------------------------

@pytest.mark.one_node("kills it")
@pytest.mark.parametrize("kept", ["yes", "no"])
def test_a_backlog_waits_for_both(new_stack, consume, kept):
    """Redis comes back, with its data or without, and one helper is later than the other."""
    stack = new_stack(helpers=2, redis_options=["--appendonly", kept])
    late, early = [consume(helper, "foo") for helper in stack.helpers]
    push(stack.http, "foo", "before")
    assert late.values(1) == early.values(1) == ["before"]
    stack.redis.kill()
    for helper in stack.helpers:
        helper.signal(signal.SIGSTOP)
    stack.redis.start()
    servers.wait_for(lambda: stack.http.get("/q/none").status == 204)
    push_batch(stack.http, "foo", 300)
    wake(stack.helpers[1])
    gap(early)
    wake(stack.helpers[0])
    gap(late)
    for consumer in early, late:
        assert consumer.values(300, TIMEOUT) == [str(number) for number in range(1, 301)]


def test_who_does_not_come_back_is_not_waited_for_long(new_stack, consume):
    stack = new_stack(helpers=2)
    other, consumer = [consume(helper, "foo") for helper in stack.helpers]
    other.close()
    fall_silent(stack, *stack.helpers)
    push(stack.http, "foo", "a")
    wake(stack.helpers[1])
    gap(consumer)
    answer = get(stack.helpers[1].socket, "/w/bar?wait=1", {"X-Forwarded-For": "127.0.0.1"})
    assert answer.status == 503 and answer.get("Retry-After") == "1"
    assert consumer.next(TIMEOUT)["value"] == "a"
    wake(stack.helpers[0])


def test_a_helper_alone_waits_for_nobody(new_stack, consume):
    """Nor does one of two that loses its connection alone: the other one says at once that it is there."""
    stack = new_stack(helpers=2)
    consumer = consume(stack.helpers[1], "foo")
    for _ in range(3):
        fall_silent(stack, stack.helpers[1])
        wake(stack.helpers[1])
        gap(consumer)
        push(stack.http, "foo", "a")
        assert consumer.next(servers.patience(3))["value"] == "a"


# --- gaps ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/c/foo", "/sub/foo", "/who/foo"])
def test_who_is_told_of_the_gap(new_stack, path):
    """By itself a websocket and an event stream, and comet not; gaps= says otherwise."""
    stack = new_stack(conf={"jsonp": "on"})
    told = [(Websocket, ""), (Sse, ""), (Comet, "?gaps=1"), (Websocket, "?gaps=1"),
            (Comet10, "?gaps=1"), (Jsonp, "?gaps=1&callback=show")]
    untold = [(Comet, ""), (Comet, "?gaps=0"), (Websocket, "?gaps=0"), (Sse, "?gaps=0"), (Jsonp, "?callback=show")]
    with contextlib.ExitStack() as open_ones:
        def connect(transport, query):
            return open_ones.enter_context(transport(stack.ws_port)).connect(path + query)
        hearing, deaf = ([connect(*one) for one in several] for several in (told, untold))
        fall_silent(stack, stack.helper)
        wake(stack.helper)
        for consumer in hearing:
            assert consumer.raw(TIMEOUT) == '{"event":"gap"}'
        assert all(consumer.is_silent(0.05) for consumer in deaf)


@pytest.mark.parametrize("value", ["2", "yes", ""])
def test_no_other_gaps(stack, queue, value):
    for path in f"/c/{queue}", f"/sub/{queue}", f"/who/{queue}":
        answer = get(stack.ws_port, f"{path}?gaps={value}")
        assert (answer.status, answer.json()["code"]) == (400, "bad_value")
    answer = get(stack.ws_port, f"/w/{queue}?gaps=1")
    assert (answer.status, answer.json()["code"]) == (400, "bad_request")
