# test_long_poll.py - /w/<queue>: a take that waits.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import signal
import threading
import time

import pytest

import consumers
import stack as servers
from checks import push, take
from consumers import LongPoll, get
from reliable import TOKEN, lease, policy, push_batch, release, stats

FRONTS = ["direct", "proxied"]


@pytest.fixture(params=FRONTS)
def front(request):
    return request.param


@pytest.fixture
def address(stack, front):
    return stack.ws_port if front == "direct" else stack.port


@pytest.fixture
def poll(client, front, queue):
    """poll(query) begins to wait."""
    return lambda query="?wait=20": client(LongPoll, front).connect(f"/w/{queue}{query}")


def status(consumer, timeout=5):
    """The status and the time of the answer."""
    start = time.monotonic()
    head = consumer.wire.head(start + timeout)
    head.body = consumer.wire.body(head, start + timeout)
    return head.status, time.monotonic() - start


def test_at_once_when_there_is_one(poll, http, queue):
    push(http, queue, "a", "b")
    consumer = poll()
    start = time.monotonic()
    assert consumer.next() == {"key": f"{queue}:1", "value": "a", "count": 0}
    assert consumer.next() == {"key": f"{queue}:2", "value": "b", "count": 0}
    assert time.monotonic() - start < servers.patience(0.5)
    assert consumer.answer.get("Content-Type") == "application/json"
    assert consumer.answer.get("Cache-Control") == "no-store"
    assert consumer.answer.body.endswith(b"\r\n")
    servers.wait_for(lambda: stats(http, queue, "len", "leased") == (0, 0))   # the helper's ack


def test_waits(poll, http, queue):
    consumer = poll()
    assert consumer.is_silent(0.3)
    start = time.monotonic()
    push(http, queue, "a")
    assert consumer.values(1) == ["a"]
    assert time.monotonic() - start < servers.patience(0.3)


def test_in_vain(poll, queue):
    code, took = status(poll("?wait=1"))
    assert code == 204 and 0.9 < took < servers.patience(1.9)


def test_not_at_all(poll, queue):
    code, took = status(poll("?wait=0"))
    assert code == 204 and took < servers.patience(0.3)


@pytest.mark.parametrize("query", ["wait=61", "wait=-1", "wait=x", "wait=", "wait=1.5", "lease=x",
                                   "lease=50000", "count=0", "count=1001", "nonsense=1", "soft=1"])
def test_refused(address, queue, query):
    answer = get(address, f"/w/{queue}?{query}")
    assert answer.status == 400 and answer.json()["error"]


@pytest.mark.parametrize("path", ["/w/QUEUESET", "/w/foo:queue", "/w/.dead"])
def test_names_that_are_none(address, path):
    assert get(address, f"{path}?wait=1").status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_get(stack, queue, method):
    answer = get(stack.ws_port, f"/w/{queue}?wait=1", {"Content-Length": "0"}, method=method)
    assert answer.status == 405 and "GET" in answer.get("Allow")


def test_with_a_lease(poll, http, queue):
    consumer = poll("?wait=20&lease=30")
    push(http, queue, "a")
    message = consumer.next()
    assert set(message) == {"key", "value", "count", "lease", "lease_until", "deliveries"} or set(
        message) == {"key", "value", "lease", "lease_until", "deliveries"}
    assert TOKEN.fullmatch(message["lease"]) and message["deliveries"] == 1
    assert stats(http, queue, "leased") == (1,)
    answer = http.delete(f"/q/{queue}?key={message['key']}&lease={message['lease']}")
    assert answer.status == 200


def test_the_lease_of_the_policy(poll, http, queue):
    policy(http, queue, lease=20)
    push(http, queue, "a", "b")
    assert poll().next()["lease"]
    assert "lease" not in poll("?wait=20&lease=0").next()


def test_several(poll, http, queue):
    push_batch(http, queue, 5)
    consumer = poll("?wait=20&count=3")
    assert [message["value"] for message in consumer.next()] == ["1", "2", "3"]
    assert [message["value"] for message in consumer.next()] == ["4", "5"]


def test_several_queues(client, front, http, queue):
    """The first that has a message, in the order given."""
    high, low = f"{queue}-high", f"{queue}-low"
    path = f"/w?wait=20&queues={high},{low}"
    push(http, low, "l1", "l2")
    push(http, high, "h1")
    assert client(LongPoll, front).connect(path).values(3) == ["h1", "l1", "l2"]
    for name, value in (low, "l3"), (high, "h2"), (low, "l4"):
        waiting = client(LongPoll, front).connect(path)
        time.sleep(0.1)
        push(http, name, value)
        assert waiting.values(1) == [value]


def test_several_queues_and_a_name(address, queue):
    assert get(address, f"/w/{queue}?wait=1&queues=a,b").status == 400


def test_one_message_wakes_one(poll, http, queue):
    """Whatever the policy says: it takes for itself."""
    several = [poll() for _ in range(5)]
    time.sleep(0.1)
    push(http, queue, *map(str, range(5)))
    values = sorted(consumer.next(2)["value"] for consumer in several)
    assert values == ["0", "1", "2", "3", "4"]


def test_many_pollers_and_many_messages(poll, http, queue):
    several = [poll() for _ in range(20)]
    taken = []

    def work(consumer):
        while (value := consumer.next(10)["value"]) != "end":
            taken.append(value)

    workers = [threading.Thread(target=work, args=(consumer,)) for consumer in several]
    for worker in workers:
        worker.start()
    push_batch(http, queue, 400)
    push(http, queue, *["end"] * 20)
    for worker in workers:
        worker.join()
    assert sorted(map(int, taken)) == list(range(1, 401))


def test_a_binary_message(poll, http, queue):
    push(http, queue, b"\xff\x00", "1 MiB" * 200000)
    consumer = poll()
    message = consumer.next()
    assert (message["value"], message["encoding"]) == ("/wA=", "base64")
    assert len(consumer.next()["value"]) == 1000000


def test_a_delayed_message(poll, http, queue):
    consumer = poll()
    start = time.monotonic()
    assert http.post(f"/q/{queue}?delay=1", "a", {"Content-Type": "text/plain"}).status == 200
    assert consumer.values(1) == ["a"]
    assert 0.9 < time.monotonic() - start < servers.patience(2.6)


def test_an_expired_lease(poll, http, queue):
    push(http, queue, "a")
    assert lease(http, queue, 1)
    consumer = poll()
    assert consumer.values(1) == ["a"]


def test_pushed_by_an_original_restmq(poll, redis, queue):
    consumer = poll()
    time.sleep(0.1)
    redis.set(f"{queue}:1", "a")
    redis.lpush(f"{queue}:queue", f"{queue}:1")
    assert consumer.next(servers.patience(1.8))["value"] == "a"


def test_beside_a_stream(client, poll, http, queue):
    """A stream of the same queue and a poll: every message goes to one of them."""
    policy(http, queue, policy="roundrobin")
    stream, polling = client(consumers.Websocket).consume(queue), poll()
    push_batch(http, queue, 100)
    values = stream.rest()
    try:
        while True:
            values.append(polling.next(0.3)["value"])
    except consumers.Silent:
        pass
    assert sorted(map(int, values)) == list(range(1, 101))


def test_gone_before_the_answer(client, http, queue):
    """Nobody waits there any more: nothing is taken for it."""
    for ending in "close", "drop":
        consumer = client(LongPoll).connect(f"/w/{queue}?wait=20")
        time.sleep(0.1)
        getattr(consumer, ending)()
        time.sleep(0.1)
        push(http, queue, ending)
        time.sleep(0.1)
        assert take(http, queue) == ending


def test_http_1_0(stack, http, queue):
    push(http, queue, "a")
    wire = consumers.Wire(stack.ws_port)
    wire.send(f"GET /w/{queue}?wait=5 HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    head = wire.head(time.monotonic() + 5)
    assert head.status == 200
    assert b'"value":"a"' in wire.rest(time.monotonic() + 5)


def test_paused(poll, http, queue):
    """Stop pauses streams, not takes."""
    http.post(f"/control/{queue}", form={"status": "stop"})
    push(http, queue, "a")
    assert poll().next(2)["value"] == "a"


def hold(http, queue, status, what="takes"):
    assert http.post(f"/control/{queue}", form={"status": status, "what": what}).status == 200


def test_held(poll, http, queue):
    """It waits on until takes are started, and gets its message at once then."""
    hold(http, queue, "stop")
    waiting = poll()
    push(http, queue, "a")
    assert waiting.is_silent(1.3)       # the helper looks at each queue once a second
    start = time.monotonic()
    hold(http, queue, "start")
    assert waiting.values(1) == ["a"]
    assert time.monotonic() - start < servers.patience(0.5)


@pytest.mark.parametrize("query", ["?wait=0", "?wait=1", "?wait=1&lease=30", "?wait=0&count=5"])
def test_held_to_the_end(poll, http, queue, query):
    push(http, queue, "a")
    hold(http, queue, "stop")
    assert status(poll(query))[0] == 204
    assert stats(http, queue, "len", "leased") == (1, 0)


def test_held_beside_another_one(address, http, queue):
    push(http, queue, "a")
    push(http, f"{queue}x", "b")
    hold(http, queue, "stop")
    assert get(address, f"/w?queues={queue},{queue}x").json()["value"] == "b"
    assert get(address, f"/w?queues={queue},{queue}x&wait=0").status == 204


def test_pushes_are_held(poll, http, queue):
    push(http, queue, "a")
    hold(http, queue, "stop", "pushes")
    assert poll().values(1) == ["a"]


def test_the_bytes_themselves(address, http, queue):
    push(http, queue, b"\xff\x00 bytes")
    answer = get(address, f"/w/{queue}?wait=5&raw=1&lease=30")
    assert answer.status == 200 and answer.body == b"\xff\x00 bytes"
    assert answer.get("Content-Type") == "application/octet-stream"
    assert answer.get("Restmq-Key") == f"{queue}:1"
    assert TOKEN.fullmatch(answer.get("Restmq-Lease")) and answer.get("Restmq-Deliveries") == "1"


def test_an_answer_has_its_limit(address, http, queue):
    """Fewer messages are given then; the others stay where they are."""
    push(http, queue, *[b"%d" % number + b"x" * 299999 for number in range(12)])
    values = []
    while len(values) < 12:
        answer = get(address, f"/w/{queue}?wait=5&count=100", timeout=10)
        assert len(answer.body) < 1 << 20
        values += [message["value"][:2].rstrip("x") for message in answer.json()]
    assert values == [str(number) for number in range(12)]


@pytest.mark.parametrize("byte, query", [(b"\x01", ""), (b"<", "&callback=f")])
def test_the_limit_is_on_what_is_sent(address, http, queue, byte, query):
    """Each of these bytes is six in the answer.  What did not fit was delivered to nobody."""
    push(http, queue, *[b"%d" % number + byte * 299999 for number in range(6)])
    for number in 0, 2, 4:
        answer = get(address, f"/w/{queue}?wait=5&count=100&lease=60{query}", timeout=10)
        assert 3.5e6 < len(answer.body) < 4 << 20
        body = answer.body.decode().strip().removeprefix("/**/f(").removesuffix(");")
        messages = json.loads(body)
        assert [message["value"] for message in messages] == [
            f"{n}" + byte.decode() * 299999 for n in (number, number + 1)]
        assert [message["deliveries"] for message in messages] == [1, 1]
        servers.wait_for(lambda: stats(http, queue, "len", "leased") == (4 - number, number + 2))


def test_head_takes_nothing(stack, http, queue):
    push(http, queue, "a")
    assert get(stack.ws_port, f"/w/{queue}?wait=0", method="HEAD").status in (200, 204, 405)
    assert take(http, queue) == "a"


def test_a_lease_that_the_client_keeps(client, http, queue):
    """The answer was read: the message is the client's, though the connection is gone."""
    push(http, queue, "a")
    consumer = client(LongPoll).connect(f"/w/{queue}?wait=5&lease=30")
    message = consumer.next()
    consumer.close()
    time.sleep(0.2)
    assert stats(http, queue, "len", "leased") == (0, 1)
    assert http.delete(f"/q/{queue}?key={message['key']}&lease={message['lease']}").status == 200


@pytest.mark.parametrize("query, allowed", [
    ("queues=a,,b", 400), ("queues=", 400), ("queues=a,QUEUESET", 400),
    ("queues=" + ",".join(f"q{n}" for n in range(17)), 400),
    ("queues=" + ",".join(f"lp{n}" for n in range(16)), 204), ("queues=lpa,lpa", 204)],
    ids=lambda value: str(value)[:20])
def test_lists_of_queues(address, query, allowed):
    assert get(address, f"/w?wait=0&{query}").status == allowed


# --- what waiting costs Redis ---------------------------------------------------------------------

SIXTEEN = [f"q{number}" for number in range(16)]


def look_ups(redis):
    numbers = redis.info("stats")
    return numbers["keyspace_hits"] + numbers["keyspace_misses"]


def calls(redis):
    return redis.info("commandstats")["cmdstat_evalsha"]["calls"]


def settled(redis, step=1.2):
    """How many look-ups and calls of scripts a second takes, once it is quiet."""
    before, start = (look_ups(redis), calls(redis)), time.monotonic()
    time.sleep(step)
    took = time.monotonic() - start
    return (look_ups(redis) - before[0]) / took, (calls(redis) - before[1]) / took


@pytest.fixture
def waiting(builddir):
    """A long-poll of sixteen queues, on a stack of its own: nobody else asks that Redis."""
    with servers.Stack(builddir, helpers=1) as own:
        with LongPoll(own.ws_port).connect(f"/w?wait=60&queues={','.join(SIXTEEN)}") as poll:
            own.poll = poll
            yield own


def test_an_idle_poll_is_one_call_and_one_look_up_a_queue(waiting):
    """Each second.  Now and then there are closer looks, and what the helper says of itself."""
    redis = waiting.redis.client()
    def is_quiet():
        look_ups, calls = settled(redis)
        return look_ups <= 16 * 1.5 and calls <= 1.7 * (16 if servers.hash_tags else 1)

    servers.wait_for(is_quiet, 15)


@pytest.mark.parametrize("end", ["lease", "delay", "release", "foreign"])
def test_quiet_queues_keep_the_promise_of_a_second(waiting, end):
    """However long nothing was there, and whatever it is that comes."""
    http, redis, queue = waiting.http, waiting.redis.client(), SIXTEEN[7]
    servers.wait_for(lambda: settled(redis)[0] <= 16 * 1.5, 15)
    waits = 0 if end == "foreign" else 1
    if end == "delay":
        assert http.post(f"/q/{queue}?delay=1", "late", {"Content-Type": "text/plain"}).status == 200
    elif end == "foreign":
        redis.set(f"{queue}:1", "late")
        redis.lpush(f"{queue}:queue", f"{queue}:1")
    else:
        waiting.helper.signal(signal.SIGSTOP)      # somebody else is faster
        push(http, queue, "late")
        held = lease(http, queue, 1 if end == "lease" else 60)
        waiting.helper.signal(signal.SIGCONT)
        if end == "release":
            assert release(http, held, queue, delay=1).status == 200
    start = time.monotonic()
    assert waiting.poll.next(waits + servers.patience(2))["value"] == "late"
    assert time.monotonic() - start > waits - 0.5
