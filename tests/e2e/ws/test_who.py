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
    servers.wait_for(lambda: len(who(http, queue)) == 4, 3)
    rows = who(http, queue)
    assert sorted(row["name"] for row in rows) == ["n0", "n1", "n2", "n3"]
    for row in rows:
        assert set(row) == {"id", "name", "since", "via", "helper"}
    assert len({row["id"] for row in rows}) == 4 and len({row["helper"] for row in rows}) == 1
    assert assert_json(http.get("/presence"))["topics"][queue] == 4
    assert stats(http, queue, "consumers") == (4,)
    for consumer in *several, sse:
        consumer.close()
    servers.wait_for(lambda: who(http, queue) == [], 3)
    assert queue not in assert_json(http.get("/presence"))["topics"]
    assert stats(http, queue, "consumers") == (0,)


def test_topics_are_paths_without_the_first_segment(client, http, queue):
    """ws/foo, c/foo and sub/foo are the topic foo; slashes stay."""
    topic = f"{queue}/a"
    for path in f"/ws/{topic}", f"/c/{topic}", f"/sub/{topic}":
        client(Websocket).connect(f"{path}?name={path[1:3]}")
    servers.wait_for(lambda: len(who(http, topic)) == 3, 3)
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
    servers.wait_for(lambda: named(http, queue) == [""], 3)


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
    servers.wait_for(lambda: "a" in named(http, queue), 3)
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
    servers.wait_for(lambda: named(stack.http, "foo") == ["a"], 3)
    stack.redis.kill()
    stack.redis.start()
    servers.wait_for(lambda: stack.http.get("/presence/foo").status == 200, 10)
    servers.wait_for(lambda: named(stack.http, "foo") == ["a"], 15)
    consumer.close()
