# test_who.py - who is there: join and leave as they happen, and the lists of the responder.
#
# SPDX-License-Identifier: BSD-2-Clause

import signal
import time

import pytest

import consumers
import stack as servers
from checks import assert_json
from consumers import Comet, Sse, Websocket
from reliable import stats


def who(http, topic):
    return assert_json(http.get(f"/presence/{topic}"))


def named(http, topic):
    """The names of those who are there."""
    return sorted(row["name"] for row in who(http, topic))


def event(watcher, kind, name):
    """The next event; it must be this one."""
    message = watcher.next()
    assert (message["event"], message["name"]) == (kind, name), message
    return message


@pytest.mark.parametrize("watching", [Websocket, Sse, Comet, consumers.Hixie76])
@pytest.mark.parametrize("front", ["direct", "proxied"])
def test_join_and_leave(stack, client, http, queue, watching, front):
    if front == "proxied" and not stack.web.notices_gone:
        pytest.skip("the web server does not notice that a consumer has gone")
    watcher = client(watching, front).connect(f"/who/{queue}")
    for transport in Websocket, consumers.Hixie76, Comet, Sse:
        consumer = client(transport, front).consume(queue, f"?name={transport.__name__}")
        joined = event(watcher, "join", transport.__name__)
        assert set(joined) == {"event", "topic", "id", "name", "since", "via"}
        assert (joined["topic"], joined["via"]) == (queue, transport.via)
        assert abs(joined["since"] - time.time() * 1000) < 5000
        consumer.close()
        left = event(watcher, "leave", transport.__name__)
        assert {**left, "event": "join"} == joined


def test_list(stack, client, http, queue):
    several = [client(Websocket).consume(queue, f"?name=n{number}") for number in range(3)]
    front = "proxied" if stack.web.notices_gone else "direct"
    sse = client(Sse, front).consume(queue, "?name=n3")
    servers.wait_for(lambda: len(who(http, queue)) == 4)
    rows = who(http, queue)
    assert sorted(row["name"] for row in rows) == ["n0", "n1", "n2", "n3"]
    for row in rows:
        assert set(row) == {"id", "name", "since", "via", "helper"}
    assert len({row["id"] for row in rows}) == 4 and len({row["helper"] for row in rows}) == 1
    assert assert_json(http.get("/presence"))["topics"][queue] == 4
    assert stats(http, queue, "consumers") == (4,)
    for consumer in *several, sse:
        consumer.close()
    servers.wait_for(lambda: who(http, queue) == [])
    assert queue not in assert_json(http.get("/presence"))["topics"]
    assert stats(http, queue, "consumers") == (0,)


def test_topics_are_paths_without_the_first_segment(client, http, queue):
    """ws/foo, c/foo and sub/foo are the topic foo; slashes stay."""
    topic = f"{queue}/a"
    for path in f"/ws/{topic}", f"/c/{topic}", f"/sub/{topic}":
        client(Websocket).connect(f"{path}?name={path[1:3]}")
    servers.wait_for(lambda: len(who(http, topic)) == 3)
    assert named(http, topic) == ["c/", "su", "ws"]


@pytest.mark.parametrize("name", ["", "till", "κόσμε 𝄞", "a \"quoted\" \\ name", "</script>",
                                  "x" * 128, "a\u2028b"])
def test_names(client, http, queue, name):
    watcher = client(Websocket).connect(f"/who/{queue}")
    client(Websocket).consume(queue, f"?name={quoted(name)}")
    assert event(watcher, "join", name)
    assert named(http, queue) == [name]


def quoted(name):
    return "".join(f"%{byte:02x}" for byte in name.encode())


def test_without_a_name(client, http, queue):
    client(Websocket).consume(queue)
    servers.wait_for(lambda: named(http, queue) == [""])


def test_dropped(client, http, queue):
    """A reset is a leave, too."""
    watcher = client(Websocket).connect(f"/who/{queue}")
    consumer = client(Websocket).consume(queue, "?name=a")
    event(watcher, "join", "a")
    consumer.drop()
    event(watcher, "leave", "a")


def test_a_watcher_is_not_on_the_topic(client, http, queue):
    client(Websocket).connect(f"/who/{queue}")
    client(Websocket).consume(queue, "?name=a")
    servers.wait_for(lambda: "a" in named(http, queue))
    assert named(http, queue) == ["a"]


def test_many(client, http, queue):
    """All who come and go are seen doing so, in order for each."""
    watcher = client(Websocket).connect(f"/who/{queue}")
    several = [client(Websocket).consume(queue, f"?name={number}") for number in range(100)]
    joined = [watcher.next() for _ in several]
    assert {row["event"] for row in joined} == {"join"}
    assert sorted(int(row["name"]) for row in joined) == list(range(100))
    for consumer in several:
        consumer.drop()
    left = [watcher.next() for _ in several]
    assert {row["event"] for row in left} == {"leave"}
    assert {row["id"] for row in left} == {row["id"] for row in joined}


def test_two_helpers(new_stack):
    """One sees who is on the other one; one that ends takes its consumers with it at once."""
    stack = new_stack(helpers=2)
    watcher = Websocket(stack.helpers[0].socket).connect("/who/foo")
    there = [Websocket(helper.socket).connect(f"/ws/foo?name={number}")
             for number, helper in enumerate(stack.helpers)]
    assert sorted(watcher.next()["name"] for _ in there) == ["0", "1"]
    assert len({row["helper"] for row in who(stack.http, "foo")}) == 2
    stack.helpers[1].signal(signal.SIGTERM)
    start = time.monotonic()
    event(watcher, "leave", "1")
    assert time.monotonic() - start < servers.patience(3)
    assert named(stack.http, "foo") == ["0"]
    for consumer in watcher, *there:
        consumer.wire.close()


def test_redis_forgets(new_stack):
    """After a Redis that lost everything, who is there is there again."""
    stack = new_stack()
    consumer = Websocket(stack.ws_port).connect("/ws/foo?name=a")
    servers.wait_for(lambda: named(stack.http, "foo") == ["a"])
    stack.redis.kill()
    stack.redis.start()
    servers.wait_for(lambda: stack.http.get("/presence/foo").status == 200)
    servers.wait_for(lambda: named(stack.http, "foo") == ["a"], 15)
    consumer.close()


# --- helpers that die, or were taken for dead ---------------------------------------------------

HELPERS, TOPICS = "restmq:helpers", "restmq:topics"


def helper_of(stack, topic, name):
    """The id of the helper through which somebody of that name is there."""
    return next((row["helper"] for row in who(stack.http, topic) if row["name"] == name), None)


def grow_old(redis, helper, seconds=19.5):
    """It has not said for so long that it is alive."""
    redis.zadd(HELPERS, {helper: round((time.time() - seconds) * 1000)}, xx=True)


def test_a_helper_is_killed(new_stack):
    """Another one tells who has left, on all topics, and nothing is left of it."""
    stack = new_stack(helpers=2)
    redis = stack.redis.client()
    watchers = [Websocket(stack.helpers[0].socket).connect(f"/who/{topic}") for topic in ("foo", "bar")]
    there = [Websocket(stack.helpers[1].socket).connect(f"/ws/{topic}?name={topic}") for topic in ("foo", "bar")]
    for watcher, topic in zip(watchers, ("foo", "bar")):
        event(watcher, "join", topic)
    dead = helper_of(stack, "foo", "foo")
    stack.helpers[1].kill()
    grow_old(redis, dead)
    for watcher, topic in zip(watchers, ("foo", "bar")):
        message = watcher.next(servers.patience(10))
        assert (message["event"], message["name"]) == ("leave", topic)
    assert named(stack.http, "foo") == [] and stats(stack.http, "foo", "consumers") == (0,)
    servers.wait_for(lambda: redis.zscore(HELPERS, dead) is None)
    assert not [key for key in redis.keys("restmq:*")
                if (dead.encode() in key or b"presence" in key) and redis.ttl(key) < 0]   # others go by themselves
    for consumer in *watchers, *there:
        consumer.wire.close()


@pytest.mark.parametrize("loses", ["beat", "time", "everything"])
def test_a_helper_is_taken_for_dead(new_stack, loses):
    """It comes back under another id, with all who are there; also those of whom nobody was told that
    they have left."""
    stack = new_stack()
    redis = stack.redis.client()
    there = [Websocket(stack.ws_port).connect(f"/ws/foo/{number % 3}?name={number}") for number in range(30)]
    everybody = [sorted(str(number) for number in range(30) if number % 3 == topic) for topic in range(3)]

    def all_are_there():
        return [named(stack.http, f"foo/{topic}") for topic in range(3)] == everybody
    servers.wait_for(all_are_there)
    before = helper_of(stack, "foo/0", "0")
    if loses == "everything":
        redis.flushall()
    elif loses == "beat":
        redis.zrem(HELPERS, before)
    else:
        grow_old(redis, before, 3600)
    servers.wait_for(lambda: helper_of(stack, "foo/0", "0") not in (before, None) and all_are_there(), 15)
    servers.wait_for(lambda: redis.zscore(HELPERS, before) is None, 15)
    assert all_are_there() and stats(stack.http, "foo/0", "consumers") == (10,)
    assert not [key for key in redis.keys("restmq:*")
                if before.encode() in key and redis.ttl(key) < 0]   # others go by themselves
    assert redis.smembers(f"restmq:helper:{helper_of(stack, 'foo/0', '0')}:topics") == {b"foo/0", b"foo/1", b"foo/2"}
    for consumer in there:
        consumer.close()


def test_topics_come_and_go(new_stack):
    """Those where somebody is stay listed; the others leave the list of the helper, and come again."""
    stack = new_stack()
    redis = stack.redis.client()
    stays = Websocket(stack.ws_port).connect("/ws/stays?name=a")
    goes = Websocket(stack.ws_port).connect("/ws/goes?name=a")
    servers.wait_for(lambda: named(stack.http, "goes") == ["a"])
    helper = helper_of(stack, "stays", "a")
    topics = f"restmq:helper:{helper}:topics"
    assert redis.smembers(topics) == {b"stays", b"goes"}
    goes.close()
    redis.zadd(TOPICS, {"stays": round((time.time() - 15) * 1000), "gone": 1})
    servers.wait_for(lambda: redis.smembers(topics) == {b"stays"}, 30)
    servers.wait_for(lambda: time.time() * 1000 - redis.zscore(TOPICS, "stays") < 7000)
    assert redis.zscore(TOPICS, "gone") is None
    again = Websocket(stack.ws_port).connect("/ws/goes?name=b")
    servers.wait_for(lambda: named(stack.http, "goes") == ["b"])
    assert redis.smembers(topics) == {b"stays", b"goes"}
    assert set(assert_json(stack.http.get("/presence"))["topics"]) == {"stays", "goes"}
    for consumer in stays, again:
        consumer.close()


def test_many_topics(new_stack):
    """More than one call is for; a consumer that goes at once may or may not be seen."""
    stack = new_stack()
    redis = stack.redis.client()
    there = [Websocket(stack.ws_port).connect(f"/ws/t/{number}?name={number}") for number in range(1200)]
    for number in range(100):
        Websocket(stack.ws_port).connect(f"/ws/u/{number}").close()
    servers.wait_for(lambda: named(stack.http, "t/1199") == ["1199"])
    found, cursor = {}, "0"
    while cursor is not None:
        answer = stack.http.get(f"/presence?limit=500&cursor={cursor}")
        found.update(answer.json()["topics"])
        cursor = answer.headers["Link"].split("cursor=")[1].split("&")[0] if "Link" in answer.headers else None
    assert {name: count for name, count in found.items() if name.startswith("t/")} == {
        f"t/{number}": 1 for number in range(1200)}
    helper = helper_of(stack, "t/0", "0")
    servers.wait_for(lambda: redis.scard(f"restmq:helper:{helper}:topics") == 1200, 30)
    for consumer in there:
        consumer.wire.close()
    servers.wait_for(lambda: not redis.exists(f"restmq:helper:{helper}:topics"), 30)
    assert not redis.keys("restmq:presence:*")


def test_a_full_redis(new_stack):
    """Who is there stays there; who comes is seen once there is room."""
    stack = new_stack()
    redis = stack.redis.client()
    there = Websocket(stack.ws_port).connect("/ws/foo?name=a")
    servers.wait_for(lambda: named(stack.http, "foo") == ["a"])
    helper = helper_of(stack, "foo", "a")
    redis.config_set("maxmemory", 1)
    late = Websocket(stack.ws_port).connect("/ws/bar?name=b")
    beat = redis.zscore(HELPERS, helper)
    servers.wait_for(lambda: redis.zscore(HELPERS, helper) > beat)
    assert named(stack.http, "foo") == ["a"] and named(stack.http, "bar") == []
    redis.config_set("maxmemory", 0)
    servers.wait_for(lambda: named(stack.http, "bar") == ["b"], 15)
    assert helper_of(stack, "bar", "b") == helper
    for consumer in there, late:
        consumer.close()
