# test_interop.py - one Redis shared with an original RestMQ or with the Sinatra endpoint.
#
# Below are their commands as they send them (one round trip each).  Our queues must be theirs and
# theirs ours: what they wrote is listed and served, what we write is what they would have written.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest
import redis as redis_py

from checks import (assert_json, command, heard, is_listed, keys_of, listed, names_by_command, pages, push, take,
                    take_all)
from reliable import part


def restmq_add(redis, queue, value, ttl=None):
    number = redis.incr(f"{queue}:UUID")
    key = f"{queue}:{number}"
    redis.set(key, value)
    if ttl:
        redis.expire(key, ttl)
    if number == 1:
        redis.sadd("QUEUESET", queue)
        redis.set(f"queuestat::{queue}", 1)
    redis.lpush(f"{queue}:queue", key)
    return key


def restmq_get(redis, queue):
    """GET /q/foo of the original: the body stays."""
    key = redis.rpop(f"{queue}:queue")
    return redis.get(key) if key else None


def restmq_cmd_get(redis, queue):
    key = redis.lindex(f"{queue}:queue", -1)
    return redis.get(key), redis.incr(f"{key.decode()}:refcount")


def restmq_cmd_take(redis, queue):
    key = redis.rpop(f"{queue}:queue").decode()
    redis.rename(key, key + ":lock")
    value = redis.get(key + ":lock")
    redis.delete(key + ":lock")
    return value


def sinatra_add(redis, queue, value):
    number = redis.incr(f"{queue}:UUID")
    redis.set(f"{queue}:{number}", value)
    redis.lpush(f"{queue}:queue", f"{queue}:{number}")
    redis.sadd("QUEUESET", f"{queue}:queue")


def sinatra_get(redis, queue):
    key = redis.rpop(f"{queue}:queue")
    return redis.get(key) if key else None


def layout(redis, queue):
    """key → (type, value, ttl), the queue's name taken out, so that two queues can be compared."""
    keys = {}
    for key in keys_of(redis, queue):
        kind = redis.type(key).decode()
        value = redis.get(key) if kind == "string" else redis.lrange(key, 0, -1)
        encoding = redis.object("encoding", key)
        keys[key.replace(queue, "Q")] = (kind, str(value).replace(queue, "Q"), encoding,
                                         redis.ttl(key))
    return keys


# --- what we write is what they would write -----------------------------------------------------

def test_push(http, redis, queue):
    ours, theirs = f"{queue}o", f"{queue}t"
    for value in "hello", "", b"\0\xff", "123", "a" * 100000:
        push(http, ours, value)
        restmq_add(redis, theirs, value)
        assert layout(redis, ours) == layout(redis, theirs)
    assert redis.sismember("QUEUESET", ours)
    assert not redis.sismember("QUEUESET", f"{ours}:queue")


def test_push_with_ttl(http, redis, queue):
    ours, theirs = f"{queue}o", f"{queue}t"
    restmq_add(redis, theirs, "hello", ttl=1000)
    http.post(f"/q/{ours}", form={"value": "hello", "ttl": "1000"})
    ours, theirs = layout(redis, ours), layout(redis, theirs)
    ttl = [keys.pop("Q:1") for keys in (ours, theirs)]
    assert ours == theirs
    assert ttl[0][:3] == ttl[1][:3] and abs(ttl[0][3] - ttl[1][3]) <= 1


def test_every_way_to_push_writes_the_same(http, redis, queue):
    ways = [lambda name: http.post(f"/q/{name}", form={"value": "a"}),
            lambda name: http.post(f"/q/{name}", "a", {"Content-Type": "text/plain"}),
            lambda name: http.post("/", form={"queue": name, "value": "a"}),
            lambda name: command(http, cmd="add", queue=name, value="a")]
    layouts = []
    for number, way in enumerate(ways):
        way(f"{queue}{'abcd'[number]}")
        layouts.append(layout(redis, f"{queue}{'abcd'[number]}"))
    assert all(each == layouts[0] for each in layouts)


def test_no_other_key_is_written(new_stack):
    stack = new_stack()
    redis = stack.redis.client()
    push(stack.http, "test", "a", "b")
    assert sorted(redis.keys()) == [b"QUEUESET", b"queuestat::test", b"test:1", b"test:2",
                                    b"test:UUID", b"test:queue"]
    stack.http.get("/q/test?soft=1")
    assert redis.get("test:1:refcount") == b"1" and len(redis.keys()) == 7
    take_all(stack.http, "test")
    assert sorted(redis.keys()) == [b"QUEUESET", b"queuestat::test", b"test:UUID"]
    assert redis.smembers("QUEUESET") == {b"test"}


def test_policy_and_control(http, redis, queue):
    http.post(f"/p/{queue}", form={"policy": "broadcast"})
    http.post(f"/control/{queue}", form={"status": "stop"})
    assert layout(redis, queue) == {"Q:queuepolicy": ("string", "b'1'", b"int", -1),
                                    "queuestat::Q": ("string", "b'0'", b"int", -1)}


# --- what we wrote, they read -------------------------------------------------------------------

def test_the_originals_take_what_we_pushed(http, redis, queue):
    push(http, queue, "a", b"\0\xff", "c", "d")
    assert restmq_get(redis, queue) == b"a"
    assert sinatra_get(redis, queue) == b"\0\xff"
    assert restmq_cmd_get(redis, queue) == (b"c", 1)
    assert restmq_cmd_take(redis, queue) == b"c"
    assert take_all(http, queue) == ["d"]


def test_one_soft_count(http, redis, queue):
    push(http, queue, "a")
    restmq_cmd_get(redis, queue)
    assert http.get(f"/q/{queue}?soft=1").json()["count"] == 2
    assert restmq_cmd_get(redis, queue) == (b"a", 3)


def test_one_counter(http, redis, queue):
    assert push(http, queue, "a") == [f"{queue}:1"]
    assert restmq_add(redis, queue, "b") == f"{queue}:2"
    assert push(http, queue, "c") == [f"{queue}:3"]
    sinatra_add(redis, queue, "d")
    assert take_all(http, queue) == ["a", "b", "c", "d"]


# --- what they wrote, we read -------------------------------------------------------------------

@pytest.mark.parametrize("add", [restmq_add, sinatra_add])
def test_a_queue_of_the_originals(http, redis, queue, add):
    for value in "a", b"\xff", "", "c", "d", "e", "f":
        add(redis, queue, value)
    assert is_listed(http, queue) and queue in names_by_command(http)
    assert command(http, cmd="len", queue=queue).json()["len"] == 7
    assert http.get(f"/stats/{queue}").json()["pushed"] == 7
    assert listed(http, "/stats", queue)["pushed"] == 7
    assert http.get(f"/control/{queue}").json()["status"]["status"] == 1
    assert http.get(f"/j/{queue}", {"Accept": "application/json"}).json()["jobs"][0] == f"{queue}:7"
    assert http.get(f"/q/{queue}?soft=1").json() == {"key": f"{queue}:1", "value": "a", "count": 1}
    assert take(http, queue) == "a"
    assert http.get(f"/q/{queue}?raw=1").body == b"\xff"
    assert [message["value"] for message in http.get(f"/q/{queue}?count=2").json()] == ["", "c"]
    assert http.delete(f"/q/{queue}?key={queue}:6").json()["deleted"] is True
    assert command(http, cmd="take", queue=queue).json()["value"] == "d"
    assert http.delete(f"/q/{queue}").json()["purged"] == 1
    take(http, queue)
    left = set(keys_of(redis, queue))
    assert left - {f"queuestat::{queue}"} == {f"{queue}:UUID", part(queue, "stats")}
    assert redis.hgetall(part(queue, "stats")) == {b"purged": b"1"}


def test_a_sinatra_queue_is_listed_once_after_our_push(http, redis, queue):
    sinatra_add(redis, queue, "a")
    take(http, queue)
    push(http, queue, "b")      # finds the list empty: writes the plain name too
    assert redis.sismember("QUEUESET", queue) and redis.sismember("QUEUESET", f"{queue}:queue")
    assert [path for page in pages(http, "/q") for path in page.json()].count(f"/q/{queue}") == 1
    assert names_by_command(http).count(queue) == 1


@pytest.mark.parametrize("policy, word", [("1", "broadcast"), ("2", "roundrobin")])
def test_policies_of_the_original(http, redis, queue, policy, word):
    redis.set(f"{queue}:queuepolicy", policy)
    assert http.get(f"/p/{queue}").json()["value"] == word
    assert http.get(f"/stats/{queue}").json()["policy"] == word


@pytest.mark.parametrize("status", [0, 1])
def test_status_of_the_original(http, redis, queue, status):
    redis.set(f"queuestat::{queue}", status)
    assert http.get(f"/control/{queue}").json()["status"] == {"queue": queue, "status": status}


def test_a_message_that_expired_in_the_original(http, redis, queue):
    """The original answers null; we skip it."""
    restmq_add(redis, queue, "a", ttl=100)
    restmq_add(redis, queue, "b")
    redis.delete(f"{queue}:1")
    assert take_all(http, queue) == ["b"]


def test_a_queue_that_the_original_left_without_status(http, redis, queue):
    """`ttl=abc` there leaves a body and a counter and nothing else: never listed, never started.
    Our push makes a whole queue of it, so that the original delivers again."""
    redis.set(f"{queue}:UUID", 1)
    redis.set(f"{queue}:1", "lost")
    assert push(http, queue, "a") == [f"{queue}:2"]
    assert redis.get(f"queuestat::{queue}") == b"1"
    assert redis.sismember("QUEUESET", queue)


@pytest.mark.parametrize("last", [
    10 ** 9, 2 ** 32, 10 ** 14 - 2, 10 ** 14 - 1, 10 ** 15, 2 ** 53 - 2])
def test_a_counter_far_on(http, redis, queue, last):
    """An id is a whole number in the key, however large."""
    redis.set(f"{queue}:UUID", last)
    assert push(http, queue, "a") == [f"{queue}:{last + 1}"]
    assert redis.get(f"{queue}:{last + 1}") == b"a"
    assert http.get(f"/stats/{queue}").json()["pushed"] == last + 1
    assert command(http, cmd="get", queue=queue).json()["key"] == f"{queue}:{last + 1}"
    assert http.delete(f"/q/{queue}?key={queue}:{last + 1}").json()["deleted"] is True


def test_bodies_that_the_original_left_behind(http, redis, queue):
    """Its GET takes the entry and leaves the body: that is no message."""
    restmq_add(redis, queue, "a")
    restmq_add(redis, queue, "b")
    restmq_get(redis, queue)
    assert take_all(http, queue) == ["b"]
    assert_json(http.delete(f"/q/{queue}?key={queue}:1"),
                {"queue": queue, "key": f"{queue}:1", "deleted": True})


def test_a_counter_behind_the_bodies(http, redis, queue):
    """Somebody lost the counter; old bodies must not come back as new messages."""
    redis.set(f"{queue}:1", "old")
    assert push(http, queue, "new") == [f"{queue}:2"]
    assert take_all(http, queue) == ["new"]


def test_the_originals_publish_and_subscribe_as_we_do(http, redis, queue):
    assert heard(redis, f"{queue}:PUBSUB", 1,
                 lambda: command(http, cmd="add", queue=queue,
                                 value="a")) == [f"{queue}:1".encode()]


# --- with hash tags queues are not theirs ---------------------------------------------------------

@pytest.mark.skipif("config.getoption('cluster')", reason="an original has one Redis")
def test_hash_tags_keep_apart(new_stack):
    """A queue of theirs and one of ours may have the same name; the list of names is one."""
    stack = new_stack(tcp=True, conf={"hash_tags": "on"})
    with redis_py.Redis(host="127.0.0.1", port=stack.redis.port) as redis:
        restmq_add(redis, "foo", "theirs")
        assert stack.http.get("/q/foo").status == 204
        assert push(stack.http, "foo", "ours") == ["foo:1"]
        push(stack.http, "bar", "ours")
        assert restmq_get(redis, "bar") is None
        assert restmq_cmd_get(redis, "foo") == (b"theirs", 1)
        assert stack.http.get("/q/foo?soft=1").json() == {"key": "foo:1", "value": "ours", "count": 1}
        assert restmq_cmd_take(redis, "foo") == b"theirs"
        assert take_all(stack.http, "foo") == ["ours"]
        restmq_add(redis, "baz", "theirs")
        assert stack.http.get("/q").json() == ["/q/bar", "/q/baz", "/q/foo"]
        assert redis.smembers("QUEUESET") == {b"foo", b"bar", b"baz"}
