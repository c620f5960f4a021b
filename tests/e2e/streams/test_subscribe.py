# test_subscribe.py - /sub/<channel>: everything that anybody publishes on a Redis channel, as it is.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import signal
import time

import pytest

import consumers
import stack as servers
from checks import push
from consumers import BINARY, TEXT, Comet, Hixie75, Hixie76, Library, Sse, Websocket
from reliable import lease, policy, push_batch, release

LIVE = [Websocket, consumers.Hybi7, Library, Hixie76, Hixie75, Comet, consumers.Comet10, Sse]


@pytest.fixture(params=[(transport, front) for transport in LIVE for front in ("direct", "proxied")
                        if front == "direct" or transport.over_proxy],
                ids=lambda pair: f"{pair[0].__name__.lower()}-{pair[1]}")
def listen(request, client, queue):
    """listen() hears the test's channel."""
    return lambda query="", channel=None: client(*request.param).connect(
        f"/sub/{channel or queue}{query}")


@pytest.fixture
def channel(queue):
    return queue


# --- by Redis -----------------------------------------------------------------------------------

def test_published_by_redis(listen, redis, channel):
    """From the moment the answer is there, in order."""
    listener = listen()
    for number in range(100):
        redis.publish(channel, f"message {number}")
    assert [listener.raw() for _ in range(100)] == [f"message {n}" for n in range(100)]


def test_as_it_is(listen, redis, channel):
    listener = listen()
    for text in "", " a ", '{"key":"x"}', "κόσμε 𝄞", "007", "a\0b\x01", "x" * 100000:
        redis.publish(channel, text)
        assert listener.raw() == text


def test_several_hear_the_same(listen, redis, channel):
    several = [listen() for _ in range(3)]
    redis.publish(channel, "a")
    redis.publish(channel, "b")
    for listener in several:
        assert [listener.raw(), listener.raw()] == ["a", "b"]


def test_only_this_channel(client, redis, channel):
    listener = client(Websocket).connect(f"/sub/{channel}")
    for other in channel + "x", channel[:-1], "*", "t*", channel + "/x":
        redis.publish(other, "no")
    redis.publish(channel, "yes")
    assert listener.raw() == "yes"


def test_names(client, redis, channel):
    for name in f"{channel}/a/b", f"{channel}:x.y-z@1":
        listener = client(Websocket).connect(f"/sub/{name}")
        redis.publish(name, "a")
        assert listener.raw() == "a"


def test_line_ends(client, redis, channel):
    """An event has several lines of data then."""
    listeners = [client(transport).connect(f"/sub/{channel}")
                 for transport in (Websocket, Hixie76, Sse)]
    redis.publish(channel, "one\ntwo\n\nthree")
    for listener in listeners:
        assert listener.raw() == "one\ntwo\n\nthree"


def test_binary(client, redis, channel):
    listener = client(Websocket).connect(f"/sub/{channel}")
    library = client(Library).connect(f"/sub/{channel}")
    for data in b"\xff", b"abc\xc3", bytes(range(256)), b"\xed\xa0\x80", b"\xfe" * 100000:
        redis.publish(channel, data)
        assert listener.message() == (BINARY, data)
    redis.publish(channel, "text again")
    assert listener.message() == (TEXT, b"text again")
    assert library.raw() == "text again"


def test_a_large_one(client, redis, channel):
    listener = client(Websocket).connect(f"/sub/{channel}")
    redis.publish(channel, "x" * 2000000)
    assert len(listener.raw()) == 2000000


def test_a_lot(client, redis, channel):
    listeners = [client(transport).connect(f"/sub/{channel}") for transport in (Websocket, Sse)]
    for first in range(0, 5000, 500):
        with redis.pipeline(transaction=False) as pipe:
            for number in range(first, first + 500):
                pipe.publish(channel, str(number))
            pipe.execute()
    for listener in listeners:
        assert [listener.raw() for _ in range(5000)] == [str(n) for n in range(5000)]


def test_coming_and_going(client, redis, channel):
    """The subscription of the last who leaves is not the one of the next who comes."""
    for number in range(30):
        listener = client(Websocket).connect(f"/sub/{channel}")
        redis.publish(channel, str(number))
        assert listener.raw() == str(number)
        (listener.close if number % 2 else listener.drop)()


# --- by HTTP ------------------------------------------------------------------------------------

def test_published_by_post(listen, http, channel):
    listener = listen()
    answer = http.post(f"/pub/{channel}", "raw κόσμε", {"Content-Type": "text/plain"})
    assert answer.status == 200 and answer.json()["channel"] == channel
    assert answer.json()["receivers"] >= (0 if servers.cluster == "three" else 1)   # those of another node
    for field in "body", "msg", "value":
        assert http.post(f"/pub/{channel}", form={field: f"in {field}"}).status == 200
    assert [listener.raw() for _ in range(4)] == ["raw κόσμε", "in body", "in msg", "in value"]


def test_published_by_command(client, channel):
    listener = client(Websocket).connect(f"/sub/{channel}")
    sender = client(Websocket).consume(f"{channel}-q")
    answer = sender.command(cmd="pub", channel=channel, value="a")
    assert answer["channel"] == channel and answer["receivers"] == 1
    assert listener.raw() == "a"


# --- by websocket -------------------------------------------------------------------------------

def test_published_by_websocket(websocket_way, client, redis, channel):
    """Everybody hears it: the sender, others of the same helper, others of Redis."""
    sender = client(*websocket_way).connect(f"/sub/{channel}")
    other = client(Sse).connect(f"/sub/{channel}")
    with contextlib.closing(redis.pubsub()) as foreign:
        foreign.subscribe(channel)
        assert foreign.get_message(timeout=5)["type"] == "subscribe"
        texts = ["hello", "", "κόσμε", '{"cmd":"len","queue":"x"}', *map(str, range(50))]
        for text in texts:
            sender.send(text)
        assert [sender.raw() for _ in texts] == texts
        assert [other.raw() for _ in texts] == texts
        assert [foreign.get_message(timeout=5)["data"].decode() for _ in texts] == texts


def test_no_echo(websocket_way, client, redis, channel):
    """It does not hear itself, but everybody else; also when others say the same."""
    quiet = client(*websocket_way).connect(f"/sub/{channel}?echo=no")
    other = client(Websocket).connect(f"/sub/{channel}")
    quiet.send("mine")
    assert other.raw() == "mine"
    redis.publish(channel, "mine")
    assert other.raw() == quiet.raw() == "mine"
    for number in range(20):
        quiet.send(f"quiet {number}")
        other.send(f"other {number}")
    heard = [other.raw() for _ in range(40)]
    assert [text for text in heard if text.startswith("quiet")] == [f"quiet {n}" for n in range(20)]
    assert [quiet.raw() for _ in range(20)] == [f"other {n}" for n in range(20)]
    assert quiet.is_silent(0.2)


def test_two_without_echo(client, channel):
    first, second = [client(Websocket).connect(f"/sub/{channel}?echo=no") for _ in range(2)]
    first.send("from the first")
    assert second.raw() == "from the first"
    second.send("from the second")
    assert first.raw() == "from the second"
    assert first.is_silent(0.1) and second.is_silent(0.1)


def test_an_echo_from_before_the_subscription(stack, client, redis, channel):
    """Of a client that does not wait for the answer; what others say comes nevertheless."""
    wire = consumers.Wire(stack.ws_port)
    consumers.request(wire, "GET", f"/sub/{channel}?echo=no", "Upgrade: WebSocket",
                      "Connection: Upgrade")
    wire.send(b"\x00same\xff")
    deadline = time.monotonic() + consumers.TIMEOUT
    assert wire.head(deadline).status == 101
    client(Websocket).connect(f"/sub/{channel}")     # by then it is published
    redis.publish(channel, "same")
    redis.publish(channel, "another")
    assert wire.until(b"another\xff", deadline).endswith(b"\x00same\xff\x00")
    wire.close()


def test_binary_from_a_client(client, channel):
    """Bytes are published as well; whether they are text is for those who hear them to say."""
    listener = client(Websocket).connect(f"/sub/{channel}")
    sender = client(Websocket).connect(f"/sub/{channel}?echo=no")
    for data in b"\xff\x00", b"text":
        sender.wire.send(consumers.frame(BINARY, data))
    assert [listener.message(), listener.message()] == [(BINARY, b"\xff\x00"), (TEXT, b"text")]


# --- keys -----------------------------------------------------------------------------------------

def test_pushes_are_heard(listen, http, queue):
    listener = listen(channel=f"{queue}:PUBSUB")
    push(http, queue, "a", "b")
    push_batch(http, queue, 3)
    assert [listener.raw() for _ in range(5)] == [f"{queue}:{n}" for n in range(1, 6)]


def test_deref(listen, http, queue):
    """The value of the key that is published."""
    listener = listen("?deref=1", channel=f"{queue}:PUBSUB")
    values = ["hello", "", "κόσμε", "x" * 50000]
    push(http, queue, *values)
    assert [listener.raw() for _ in values] == values


def test_deref_of_bytes(client, http, queue):
    listener = client(Websocket).connect(f"/sub/{queue}:PUBSUB?deref=1")
    push(http, queue, b"\xff\x00")
    assert listener.message() == (BINARY, b"\xff\x00")


def test_deref_reaches_only_messages(client, http, redis, queue):
    """No other key of Redis, and nothing that is not there."""
    listener = client(Websocket).connect(f"/sub/{queue}?deref=1")
    keys = push(http, f"{queue}-q", "the value")
    redis.set(f"{queue}-secret", "secret")
    redis.set("AUTHKEY:1", "secret")
    for key in ("QUEUESET", f"{queue}-secret", f"{queue}-q:queue", f"{queue}-q:UUID", "AUTHKEY:1",
                f"{queue}-q:999", f"{queue}-q:1x", f"{queue}-q:", ":1", "", "queuestat::x", "\xff",
                f"restmq:{{{queue}-q}}:stats", f"{queue}-q:01", f"{queue}-q:-1", f" {keys[0]}",
                "x" * 1000 + ":1", f"{queue}-q:99999999999999999999999"):
        redis.publish(queue, key)
    redis.publish(queue, keys[0])
    assert listener.raw() == "the value"


def test_deref_shows_messages_of_queues_only(client, http, redis, queue):
    """Not: a queue that there is not, a key that was passed over, a number that is still to come."""
    listener = client(Websocket).connect(f"/sub/{queue}?deref=1")
    theirs = {f"{queue}-other:1": "theirs", f"{queue}-other:UUID": "7", f"{queue}-q:1": "theirs",
              f"{queue}-q:3": "theirs"}
    redis.mset(theirs)
    assert push(http, f"{queue}-q", "ours") == [f"{queue}-q:2"]
    for key in [*theirs, f"{queue}-q:2"]:
        redis.publish(queue, key)
    assert listener.raw() == "ours"
    assert [redis.get(key).decode() for key in theirs] == list(theirs.values())
    redis.delete(*theirs)


def test_deref_of_dead_letters_and_of_the_sinatra_endpoint_s_queues(client, http, redis, queue):
    listener = client(Websocket).connect(f"/sub/{queue}-channel?deref=1")
    policy(http, queue, max_deliveries=1)
    push(http, queue, "the value")
    release(http, lease(http, queue))
    redis.publish(f"{queue}-channel", f"{queue}:1")
    assert listener.raw() == "the value"
    redis.srem("QUEUESET", queue)
    redis.sadd("QUEUESET", f"{queue}:queue")
    redis.publish(f"{queue}-channel", f"{queue}:1")
    assert listener.raw() == "the value"
    redis.srem("QUEUESET", f"{queue}:queue")


def test_deref_in_order(client, http, queue):
    listener = client(Websocket).connect(f"/sub/{queue}:PUBSUB?deref=1")
    for _ in range(5):
        push_batch(http, queue, 200)
    assert [listener.raw() for _ in range(1000)] == [str(n) for n in range(1, 201)] * 5


def test_deref_in_order_whatever_their_size(client, http, queue):
    """A large value is asked for twice, with its size; those behind it wait."""
    listener = client(Websocket).connect(f"/sub/{queue}:PUBSUB?deref=1")
    values = ["x" * size for size in (1, 300000, 2, 16384, 16385, 3, 100000, 4)]
    push(http, queue, *values)
    assert [listener.raw() for _ in values] == values


@pytest.mark.one_node("counts the commands of one")
def test_deref_of_one_key_again_and_again(client, http, redis, queue):
    """It is asked for once in a turn, and its value comes as often as the key was published."""
    key, other = push(http, f"{queue}-q", "one", "other")
    listener = client(Websocket).connect(f"/sub/{queue}?deref=1")
    redis.config_resetstat()
    pipe = redis.pipeline(transaction=False)
    for _ in range(500):
        pipe.publish(queue, key)
    pipe.publish(queue, other)
    pipe.execute()
    assert [listener.raw() for _ in range(501)] == ["one"] * 500 + ["other"]
    assert redis.info("commandstats")["cmdstat_strlen"]["calls"] < 250


def test_deref_of_more_than_can_be_sent(client, http, redis, queue):
    """Whoever listens is told that something is missing, and hears what comes later."""
    key, small = push(http, f"{queue}-q", "x" * 900000, "small")
    listener = client(Websocket).connect(f"/sub/{queue}?deref=1")
    pipe = redis.pipeline(transaction=False)
    for _ in range(300):
        pipe.publish(queue, key)
    pipe.execute()
    seen = [listener.raw()]
    while seen[-1] != '{"event":"gap"}':
        seen.append(listener.raw())
    assert 1 < len(seen) < 300 and {*seen[:-1]} == {"x" * 900000}
    redis.publish(queue, small)
    while (text := listener.raw()) != "small":
        assert text == '{"event":"gap"}' or len(text) == 900000


@pytest.mark.parametrize("query", ["echo=maybe", "deref=2", "prefetch=3", "ack=explicit",
                                   "echo=no&deref=1", "nonsense=1"])
def test_options_that_are_none(stack, channel, query):
    with pytest.raises(consumers.Refused) as refused:
        Websocket(stack.ws_port).connect(f"/sub/{channel}?{query}")
    assert refused.value.status == 400


@pytest.mark.parametrize("name", ["QUEUESET", "AUTHKEY:x", "restmq:x", "restmq:{x}:events", "a%2Fb",
                                  "a*", "a%3F", "%5Ba", "__keyevent@0__:set", "__keyspace@0__:a",
                                  "%5F_key"])
def test_channels_that_are_none(stack, name):
    with pytest.raises(consumers.Refused) as refused:
        Websocket(stack.ws_port).connect(f"/sub/{name}")
    assert refused.value.status == 400


def test_one_subscription_for_all(client, redis, channel):
    """Redis has one subscriber for a helper, however many listen."""
    several = [client(Websocket).connect(f"/sub/{channel}") for _ in range(10)]
    assert redis.publish(channel, "a") == 1
    for listener in several:
        assert listener.raw() == "a"
        listener.close()
    deadline = time.monotonic() + 5
    while redis.publish(channel, "b"):
        assert time.monotonic() < deadline, "the subscription stays"
        time.sleep(0.05)


# --- more than can be read ------------------------------------------------------------------------

@pytest.mark.one_node("fills what one has for a subscriber")
def test_a_flood_is_the_flooded_channel_s_own(stack, client, queue):
    """Redis would end the subscription of all: that channel is left instead, for a second, and who
    listens there is told of a gap.  Others miss nothing.  The helper stands still meanwhile, so that
    Redis holds all of it."""
    flood, calm = f"{queue}-flood", f"{queue}-calm"
    flooded = client(Websocket).connect(f"/sub/{flood}")
    quiet = client(Websocket).connect(f"/sub/{calm}")
    redis = stack.redis.client()
    stack.helper.signal(signal.SIGSTOP)
    try:
        redis.publish(calm, "before")
        for _ in range(240):
            redis.publish(flood, b"x" * 100000)
        redis.publish(calm, "behind")
    finally:
        stack.helper.signal(signal.SIGCONT)
    while (text := flooded.raw(30)) != '{"event":"gap"}':
        assert text == "x" * 100000
    assert [quiet.raw(30), quiet.raw(30)] == ["before", "behind"]
    assert f"more is published on {flood} than" in stack.helper.log_text()
    servers.wait_for(lambda: redis.publish(flood, "again"))
    assert flooded.raw(30) == "again"
