# test_acks.py - when a message counts as done: acks by pong, explicit acks and prefetch.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import time

import pytest

import consumers
import stack as servers
from checks import push, take_all, trashed
from consumers import PING, PONG, Websocket, frame
from reliable import (TOKEN, ack, lease, lease_many, now_ms, part, policy, push_batch, release,
                      stats)


@pytest.fixture(autouse=True)
def roundrobin(http, queue):
    policy(http, queue, policy="roundrobin")


def leased(http, queue, count):
    """Waits until so many messages are leased."""
    servers.wait_for(lambda: stats(http, queue, "leased") == (count,))


# --- by pong ------------------------------------------------------------------------------------

def test_a_pong_acks(client, http, queue):
    """The message is leased until the pong to the ping that follows it."""
    consumer = client(Websocket, pongs=False).consume(queue)
    push(http, queue, "a")
    assert consumer.next() == {"key": f"{queue}:1", "value": "a"}
    opcode, payload = consumer.frame(time.monotonic() + 2)
    assert opcode == PING
    time.sleep(0.2)
    assert stats(http, queue, "len", "leased") == (0, 1)
    consumer.wire.send(frame(PONG, payload))
    leased(http, queue, 0)
    assert stats(http, queue, "len", "acked") == (0, 1)


def test_one_ping_for_many(client, http, queue):
    """One ping is under way at most; its pong acks what was written before it."""
    push_batch(http, queue, 50)
    consumer = client(Websocket, pongs=False).consume(queue)
    for _ in range(50):
        consumer.next()
    assert consumer.is_silent(0.3)
    assert consumer.pings == 1
    assert 1 <= stats(http, queue, "leased")[0] <= 50


def test_a_pong_for_large_bodies(client, http, redis, queue):
    """Redis does not free all of them in one call."""
    push_batch(http, queue, 50)
    consumer = client(Websocket, pongs=False).consume(queue)
    ping, = [payload for opcode, payload in (consumer.frame(time.monotonic() + 5) for _ in range(51))
             if opcode == PING]
    keys = [f"{queue}:{number}" for number in range(1, 51)]
    for key in keys:
        redis.set(key, "x" * 1048576)
    with trashed(redis, queue):
        consumer.wire.send(frame(PONG, ping))
        servers.wait_for(lambda: stats(http, queue, "acked")[0] > 1)
    left, = stats(http, queue, "leased")
    assert redis.exists(*keys) == left


def test_a_wrong_pong_acks_nothing(client, http, queue):
    consumer = client(Websocket, pongs=False).consume(queue)
    push(http, queue, "a")
    consumer.next()
    consumer.frame(time.monotonic() + 2)
    consumer.wire.send(frame(PONG, b"something else") + frame(PONG))
    time.sleep(0.3)
    assert stats(http, queue, "leased") == (1,)


def test_prefetch_without_pongs(client, http, queue):
    """No more than prefetch unacked messages; 64 by default."""
    push_batch(http, queue, 200)
    for query, count in ("", 64), ("?prefetch=1", 1), ("?prefetch=7", 7):
        consumer = client(Websocket, pongs=False).consume(queue, query)
        messages = [consumer.next() for _ in range(count)]
        assert consumer.is_silent(0.2)
        assert len({message["key"] for message in messages}) == count


@pytest.mark.parametrize("goodbye", ["drop", "close"])
def test_never_acked_goes_to_another(client, http, queue, goodbye):
    silent = client(Websocket, pongs=False).consume(queue)
    push(http, queue, "a", "b", "c")
    assert silent.values(3) == ["a", "b", "c"]
    other = client(Websocket).consume(queue)
    assert other.is_silent(0.2)
    getattr(silent, goodbye)()
    start = time.monotonic()
    assert sorted(other.values(3)) == ["a", "b", "c"]
    assert time.monotonic() - start < servers.patience(1)


def settled(http, queue):
    """How many messages are leased once no more are given."""
    def unchanged():
        before, = stats(http, queue, "leased")
        time.sleep(0.3)
        return stats(http, queue, "leased") == (before,) and before
    return servers.wait_for(unchanged)


def test_what_never_left_does_not_count_as_delivered(client, http, queue):
    """A consumer that reads nothing: what stayed in the outbox goes back as if nothing had been.
    With explicit acks a quarter of a MiB waits there, whatever its socket took before."""
    push(http, queue, *[b"x" * 80000] * 40)
    stuck = client(Websocket, "unix").consume(queue, "?ack=explicit&prefetch=64")
    servers.wait_for(lambda: servers.is_readable(stuck.wire.sock))
    held = settled(http, queue)
    assert 4 <= held < 40
    stuck.drop()
    leased(http, queue, 0)
    deliveries = [message["deliveries"] for message in iter(lambda: lease(http, queue), None)]
    assert len(deliveries) == 40
    assert 0 < deliveries.count(2) <= held - 3      # of those 80,014 bytes at most one had begun
    assert deliveries.count(1) + deliveries.count(2) == 40


# --- explicitly ---------------------------------------------------------------------------------

def explicit(client, queue, prefetch=None, way=(Websocket, "direct")):
    more = f"&prefetch={prefetch}" if prefetch else ""
    return client(*way).consume(queue, f"?ack=explicit{more}")


def test_message_with_its_lease(websocket_way, client, http, queue):
    consumer = explicit(client, queue, way=websocket_way)
    push(http, queue, "a")
    message = consumer.next()
    assert set(message) == {"key", "value", "lease", "deliveries"}      # it has no end
    assert (message["key"], message["value"], message["deliveries"]) == (f"{queue}:1", "a", 1)
    assert TOKEN.fullmatch(message["lease"])
    consumer.ack(message)
    assert stats(http, queue, "len", "leased", "acked") == (0, 0, 1)


def test_one_at_a_time_by_default(websocket_way, client, http, queue):
    push(http, queue, "a", "b", "c")
    consumer = explicit(client, queue, way=websocket_way)
    for value in "abc":
        message = consumer.next()
        assert message["value"] == value
        assert consumer.is_silent(0.1)
        consumer.ack(message)
    assert consumer.is_silent(0.1)


def test_prefetch(client, http, queue):
    push_batch(http, queue, 20)
    consumer = explicit(client, queue, 5)
    held = [consumer.next() for _ in range(5)]
    assert consumer.is_silent(0.2)
    for number in range(6, 21):
        consumer.ack(held.pop(0))
        held.append(consumer.next())
        assert held[-1]["value"] == str(number)
    assert consumer.is_silent(0.1)
    for message in reversed(held):      # in any order
        consumer.ack(message)
    assert stats(http, queue, "len", "leased", "acked") == (0, 0, 20)


def test_pongs_are_no_acks_then(client, http, queue):
    push(http, queue, "a", "b")
    consumer = explicit(client, queue)
    consumer.next()
    consumer.settle()
    assert consumer.is_silent(0.3)
    assert stats(http, queue, "leased") == (1,)


def test_shares_by_who_acks(client, http, queue):
    """Whoever is busy gets nothing more; the other one goes on."""
    busy, quick = explicit(client, queue), explicit(client, queue)
    push_batch(http, queue, 20)
    held = busy.next()
    for _ in range(19):
        quick.ack(quick.next())
    assert quick.is_silent(0.1) and busy.is_silent(0.1)
    busy.ack(held)
    assert stats(http, queue, "len", "leased", "acked") == (0, 0, 20)


def test_a_token_that_is_none(client, http, queue):
    push(http, queue, "a", "b")
    consumer = explicit(client, queue)
    message = consumer.next()
    for token in "0" * 32, "", "x":
        answer = consumer.command(cmd="del", queue=queue, key=message["key"], lease=token)
        assert "error" in answer, answer
    assert consumer.is_silent(0.1)
    consumer.ack(message)
    answer = consumer.command(cmd="del", queue=queue, key=message["key"], lease=message["lease"])
    assert answer["code"] in ("stale_lease", "not_found")
    assert consumer.next()["value"] == "b"


def test_release(client, http, queue):
    """Given back: somebody gets it again, and its place in the prefetch is free."""
    push(http, queue, "a", "b")
    consumer = explicit(client, queue)
    message = consumer.next()
    answer = consumer.command(cmd="release", queue=queue, key=message["key"],
                              lease=message["lease"])
    assert answer["released"] is True
    seen = []
    for _ in range(2):
        message = consumer.next()
        seen.append((message["value"], message["deliveries"]))
        consumer.ack(message)
    assert sorted(seen) == [("a", 2), ("b", 1)]


def claims(messages):
    return [{"key": message["key"], "lease": message["lease"]} for message in messages]


def test_many_acks(client, http, queue):
    """The places of all of them are free."""
    push_batch(http, queue, 20)
    consumer = explicit(client, queue, 8)
    held = [consumer.next() for _ in range(8)]
    answer = consumer.command(cmd="acks", queue=queue, messages=claims(held[:5]))
    assert answer["messages"] == [{"key": message["key"], "deleted": True} for message in held[:5]]
    held += [consumer.next() for _ in range(5)]
    assert consumer.is_silent(0.1)
    answer = consumer.command(cmd="acks", queue=queue, messages=claims(held))
    assert [message.get("code") for message in answer["messages"]] == ["stale_lease"] * 5 + [None] * 8
    assert [consumer.next()["value"] for _ in range(7)] == [str(number) for number in range(14, 21)]


def test_many_releases_and_extends(client, http, redis, queue):
    push_batch(http, queue, 4)
    consumer = explicit(client, queue, 2)
    held = [consumer.next() for _ in range(2)]
    answer = consumer.command(cmd="extends", queue=queue, messages=claims(held), seconds=300)
    for message in answer["messages"]:
        assert 299000 < message["lease_until"] - now_ms(redis) <= 300100
    assert consumer.is_silent(0.1)
    consumer.command(cmd="releases", queue=queue, messages=claims(held))
    assert [(message["value"], message["deliveries"]) for message in (consumer.next(), consumer.next())] == [
        ("1", 2), ("2", 2)]


def test_many_of_another_queue_free_nothing(client, http, queue):
    other = f"{queue}x"
    push(http, queue, "a", "b")
    push(http, other, "c")
    consumer = explicit(client, queue)
    message, foreign = consumer.next(), lease(http, other)
    answer = consumer.command(cmd="acks", queue=other, messages=claims([foreign]))
    assert answer["messages"] == [{"key": foreign["key"], "deleted": True}]
    assert consumer.is_silent(0.1)
    consumer.ack(message)
    assert consumer.next()["value"] == "b"


def test_extend(client, http, redis, queue):
    push(http, queue, "a")
    consumer = explicit(client, queue)
    message = consumer.next()
    answer = consumer.command(cmd="extend", queue=queue, key=message["key"], lease=message["lease"],
                              seconds=300)
    assert 299000 < answer["lease_until"] - now_ms(redis) <= 300100
    consumer.ack(message)


def test_what_ends_no_lease(client, http, redis, queue):
    """The consumer holds its message, and gets no other in its place."""
    push(http, queue, "a", "b")
    consumer = explicit(client, queue)
    message = consumer.next()
    own = {"queue": queue, "key": message["key"], "lease": message["lease"]}

    def says(code, **members):
        answer = consumer.command(**members)
        assert answer.get("code") == code, (members, answer)
        assert consumer.is_silent(0.2), members

    says(None, cmd="extend", **own, seconds=300)
    says("stale_lease", cmd="del", queue=queue, key=message["key"])
    for cmd in "del", "release":
        says("stale_lease", cmd=cmd, **{**own, "queue": f"{queue}.dead"})
        says("stale_lease", cmd=cmd, **{**own, "lease": "0" * 32})
        redis.rename(part(queue, "leases"), part(queue, "aside"))
        redis.set(part(queue, "leases"), "x")
        says("damaged", cmd=cmd, **own)
        redis.rename(part(queue, "aside"), part(queue, "leases"))
    assert consumer.is_silent(1.3)      # the queue is looked at once a second
    consumer.ack(message)
    assert consumer.next()["value"] == "b"


def test_acked_by_somebody_else(client, http, queue):
    """The consumer may learn it by its own ack; then there is room for the next."""
    push(http, queue, "a", "b")
    consumer = explicit(client, queue)
    message = consumer.next()
    assert ack(http, message).status == 200
    assert consumer.command(cmd="del", queue=queue, key=message["key"])["deleted"] is False
    answer = consumer.command(cmd="del", queue=queue, key=message["key"], lease=message["lease"])
    assert answer["code"] == "stale_lease"
    assert consumer.next()["value"] == "b"


@pytest.mark.parametrize("settle, after", [(ack, "3"), (release, "0")])
def test_settled_for_it(client, http, queue, settle, after):
    """By a worker that it has handed the message to, say: only whoever held it gets the next one."""
    push(http, queue, *map(str, range(4)))
    several = [explicit(client, queue, prefetch) for prefetch in (1, 2)]
    message = several[0].next()
    held = several[1].values(2)
    assert settle(http, message).status == 200
    assert several[0].next()["value"] == after
    assert len(held) == 2 and several[1].is_silent(0.2)


@pytest.mark.parametrize("prefetch", [1, 3])
def test_acks_over_http(client, http, queue, prefetch):
    """Each makes room at once, so a consumer that acks so does not starve."""
    count = 30
    push_batch(http, queue, count)
    consumer = explicit(client, queue, prefetch)
    for number in range(1, count + 1):
        message = consumer.next()
        assert message["value"] == str(number)
        assert ack(http, message).status == 200
    assert stats(http, queue, "len", "leased", "acked") == (0, 0, count)


@pytest.mark.parametrize("method, query", [("POST", "acks=1"), ("PUT", "release=1&delay=300")])
def test_many_settled_at_once(client, http, queue, method, query):
    """In one request: as many come next."""
    push_batch(http, queue, 30)
    consumer = explicit(client, queue, 10)
    for _ in range(3):
        held = [consumer.next() for _ in range(10)]
        answer = http.request(method, f"/q/{queue}?{query}", json.dumps(claims(held)),
                              {"Content-Type": "application/json"})
        assert answer.status == 200 and "error" not in answer.text
    assert consumer.is_silent(0.2)


def test_deleted_by_an_admin(client, http, queue):
    """By force, without the token; the consumer's own ack is too late."""
    push(http, queue, *"abc")
    consumer = explicit(client, queue)
    for value in "abc":
        message = consumer.next()
        assert message["value"] == value
        assert http.delete(f"/q/{queue}?key={message['key']}&force=1").status == 200
    answer = consumer.command(cmd="del", queue=queue, key=message["key"], lease=message["lease"])
    assert answer["code"] == "stale_lease"


@pytest.mark.parametrize("settle", ["ack", "release"])
def test_settled_by_another_websocket(client, http, queue, settle):
    push(http, queue, *"ab")
    consumer, other = explicit(client, queue), client(Websocket).consume(f"{queue}-x")
    for value in "ab":
        message = consumer.next()
        assert message["value"] == value
        if settle == "ack":
            other.ack(message)
        else:
            assert other.command(cmd="release", queue=queue, key=message["key"],
                                 lease=message["lease"], delay=300)["released"] is True
    assert consumer.is_silent(0.2)


def test_dead_letters_acked_over_http(client, http, queue):
    """A queue of dead letters is consumed as any other."""
    policy(http, queue, max_deliveries=1)
    policy(http, f"{queue}.dead", policy="roundrobin")
    push(http, queue, *"abc")
    for _ in range(3):
        assert release(http, lease(http, queue)).status == 200
    consumer = explicit(client, f"{queue}.dead")
    for _ in range(3):
        assert ack(http, consumer.next(), f"{queue}.dead").status == 200


def test_who_is_told_of_an_ack(client, http, redis, queue):
    """Helpers are, of what a helper holds; the ack of a plain worker tells nobody."""
    push(http, queue, *"abcd")
    consumer = explicit(client, queue)
    held = consumer.next()
    with contextlib.closing(redis.pubsub(ignore_subscribe_messages=True)) as heard:
        heard.subscribe(part(queue, "events"))
        servers.wait_for(lambda: heard.subscribed and heard.get_message(timeout=0.1) is None)
        for message in lease(http, queue), *lease_many(http, queue, 2):
            assert ack(http, message).status == 200
        assert ack(http, held).status == 200
        said = servers.wait_for(lambda: heard.get_message(timeout=0.1))
    assert said["data"].decode() == f"ended {held['lease']}"


def test_no_explicit_acks_on_a_broadcast(client, http, queue):
    """When the policy changes whoever acks by himself is sent away, and what he held comes back."""
    push(http, queue, "a")
    consumer = explicit(client, queue)
    assert consumer.next()["value"] == "a"
    policy(http, queue, policy="broadcast")
    assert consumer.end().code == 1008
    servers.wait_for(lambda: stats(http, queue, "len", "leased") == (1, 0))
    late = explicit(client, queue)
    assert late.end().code == 1008
    assert client(Websocket).consume(queue).values(1) == ["a"]


def test_dead_letters(client, http, queue):
    """A message that nobody acks is given up after max_deliveries."""
    policy(http, queue, max_deliveries=2)
    push(http, queue, "poison")
    for delivery in 1, 2:
        consumer = explicit(client, queue)
        assert consumer.next()["deliveries"] == delivery
        consumer.drop()
    other = explicit(client, queue)
    assert other.is_silent(0.5)
    assert stats(http, queue, "len", "leased", "dead") == (0, 0, 1)


def test_many_at_once(client, http, queue):
    """Commands in a row, without waiting for the answers in between."""
    count = 200
    push_batch(http, queue, count)
    consumer = explicit(client, queue, 50)
    keys, acked = [], 0
    while acked < count:
        text = consumer.raw()
        if '"lease"' in text:
            message = consumers.json.loads(text)
            keys.append(message["key"])
            consumer.send(consumers.json.dumps({"cmd": "del", "queue": queue, "key": message["key"],
                                                "lease": message["lease"]}))
        else:
            assert '"deleted":true' in text
            acked += 1
    assert keys == [f"{queue}:{n}" for n in range(1, count + 1)]


def test_the_other_helper_acks(new_stack):
    """The token counts, not the connection."""
    stack = new_stack(helpers=2)
    policy(stack.http, "foo", policy="roundrobin")
    push(stack.http, "foo", "a", "b")
    with contextlib.ExitStack() as open_ones:
        first, second = [open_ones.enter_context(Websocket(helper.socket))
                         for helper in stack.helpers]
        first.consume("foo", "?ack=explicit")
        message = first.next()
        second.connect("/ws/bar")
        second.ack(message)
        first.drop()
    servers.wait_for(lambda: stats(stack.http, "foo", "leased") == (0,))
    assert take_all(stack.http, "foo") == ["b"]


# --- streams ------------------------------------------------------------------------------------

@pytest.mark.parametrize("front", ["direct", "proxied"])
@pytest.mark.parametrize("transport", consumers.STREAMS + [consumers.Hixie76, consumers.Hixie75])
def test_acked_when_it_is_on_its_way(client, http, queue, transport, front):
    """Nothing comes back from such a client: the kernel's word is taken."""
    if front == "proxied" and not transport.over_proxy:
        front = "unix"
    consumer = client(transport, front).consume(queue)
    push(http, queue, *"abc")
    assert consumer.values(3) == ["a", "b", "c"]
    leased(http, queue, 0)
    assert stats(http, queue, "len", "acked") == (0, 3)


@pytest.mark.parametrize("transport", [consumers.Comet, consumers.Sse, consumers.Hixie76,
                                       Websocket])
def test_a_slow_worker_holds_up_nobody(client, http, queue, transport):
    """It gets nothing more until it reads; then it has what it was given, and nothing is lost."""
    count = 300
    slow = client(transport, receive_buffer=4096).consume(queue)
    quick = client(Websocket).consume(queue)
    for _ in range(count // 50):
        push(http, queue, *[b"%8d" % n + b"x" * 40000 for n in range(50)])
    got, held = [], []

    def all_that_it_may_have():
        got.extend(quick.rest(0.3))
        return stats(http, queue, "len") == (0,)

    def the_rest():
        held.extend(slow.rest(0.3))
        return len(got) + len(held) >= count

    servers.wait_for(all_that_it_may_have)
    got.extend(quick.rest(0.6))
    assert len(got) > count / 2
    servers.wait_for(the_rest)
    assert len(got) + len(held) == count
    leased(http, queue, 0)


def test_text_while_messages_come(client, http, queue):
    """Answers and messages share the connection, frame by frame."""
    consumer = explicit(client, queue, 100)
    push_batch(http, queue, 100)
    for number in range(50):
        consumer.send(f"echo {number}")
    texts = [consumer.message()[1].decode() for _ in range(150)]
    assert [text for text in texts if text.startswith("echo")] == [f"echo {n}" for n in range(50)]


# --- by right -----------------------------------------------------------------------------------

STRANGER = {"X-Forwarded-For": "10.1.2.3"}


@pytest.fixture(scope="module")
def strict(builddir, tmp_path_factory):
    """Strangers may be consumers on a websocket, and nothing else."""
    file = tmp_path_factory.mktemp("acl") / "acl.conf"
    file.write_text("[websocket:consumer]\n")
    with servers.Stack(builddir, helpers=1, conf={"acl": file, "hosts": "127.0.0.1 localhost"}) as stack:
        yield stack


@pytest.fixture
def strangers(strict, queue):
    """Two consumers with a message each, and those."""
    policy(strict.http, queue, policy="roundrobin")
    with contextlib.ExitStack() as open_ones:
        consumers = [open_ones.enter_context(
            Websocket(strict.ws_port).connect(f"/ws/{queue}?ack=explicit", STRANGER)) for _ in range(2)]
        push(strict.http, queue, "a", "b")
        yield consumers, [consumer.next() for consumer in consumers]


def test_what_a_consumer_was_given_is_its_own(strict, strangers, queue):
    """With the token it may extend, release and ack it, whatever else it may not."""
    (consumer, _), (message, _) = strangers
    claim = {"queue": queue, "key": message["key"], "lease": message["lease"]}
    assert "lease_until" in consumer.command(cmd="extend", **claim, seconds=60)
    assert consumer.command(cmd="release", **claim)["released"] is True
    message = consumer.next()
    consumer.ack(message)
    assert stats(strict.http, queue, "len", "leased", "acked") == (0, 1, 1)


def test_what_it_was_not_given_is_not(strict, strangers, queue):
    (consumer, _), (own, other) = strangers
    key, lease, dead = own["key"], own["lease"], f"{queue}.dead"
    for members in [
            *({"cmd": cmd, "queue": queue, "key": name, "lease": token, **more}
              for cmd, more in (("del", {}), ("release", {}), ("extend", {"seconds": 60}))
              for name, token in ((other["key"], other["lease"]), (other["key"], lease),
                                  (key, other["lease"]), (key, "0" * 32), (key, ""))),
            {"cmd": "del", "queue": queue, "key": key},
            {"cmd": "del", "queue": dead, "key": key, "lease": lease},
            {"cmd": "release", "queue": dead, "key": key, "lease": lease},
            {"cmd": "extend", "queue": dead, "key": key, "lease": lease, "seconds": 60},
            {"cmd": "take", "queue": queue}, {"cmd": "take", "queue": queue, "lease": 5},
            {"cmd": "get", "queue": queue}, {"cmd": "len", "queue": queue},
            {"cmd": "purge", "queue": queue}]:
        answer = consumer.command(**members)
        assert answer.get("code") in ("forbidden", "bad_value"), (members, answer)
        assert answer["code"] == "forbidden" or members["lease"] == "", (members, answer)
    assert stats(strict.http, queue, "len", "leased", "acked") == (0, 2, 0)
    consumer.ack(own)


@pytest.mark.parametrize("settle", [ack, release])
def test_what_somebody_else_has_settled_is_not_its_own_any_more(strict, strangers, queue, settle):
    """The helper knows it, since there is room for the next message: it does not ask Redis whether the
    token is stale."""
    (consumer, _), (message, _) = strangers
    push(strict.http, queue, "c")
    assert settle(strict.http, message).status == 200
    assert consumer.next()["value"] == {ack: "c", release: "a"}[settle]
    for cmd, more in ("del", {}), ("release", {}), ("extend", {"seconds": 60}):
        answer = consumer.command(cmd=cmd, queue=queue, key=message["key"], lease=message["lease"], **more)
        assert answer["code"] == "forbidden", (cmd, answer)
