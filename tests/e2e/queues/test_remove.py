# test_remove.py - a queue is removed: never by accident, with all that it has, counter included.
#
# SPDX-License-Identifier: BSD-2-Clause

import time

import pytest

import stack as servers
from checks import assert_empty, assert_error, assert_json, command, contents, is_listed, keys_of, part, push, take
from reliable import lease, policy, push_batch, release, stats

REFUSED = ["remove=0", "remove=", "remove=yes", "remove=1&force=0", "remove=1&force=x", "force=1",
           "remove=1&key=Q:1", "remove=1&purge=1", "remove=1&lease=x", "remove=1&remove=1"]


def removed(http, queue, force=False):
    return http.delete(f"/q/{queue}?remove=1" + ("&force=1" if force else ""))


def make(http, redis, queue, what):
    """A queue that has nothing but that."""
    if what == "dead":
        policy(http, queue, max_deliveries=1)
    if what != "remembered":
        push(http, queue, "a")
    if what == "leased":
        lease(http, queue)
    elif what == "delayed":
        take(http, queue)
        http.post(f"/q/{queue}?delay=60", "b", {"Content-Type": "text/plain"})
    elif what == "dead":
        release(http, lease(http, queue))
    elif what == "remembered":
        http.post(f"/q/{queue}", "a", {"Content-Type": "text/plain", "Idempotency-Key": "k"})
        take(http, queue)
    elif what == "consumer":
        take(http, queue)
        redis.zadd("restmq:helpers", {"0f": round(time.time() * 1000)})
        redis.sadd(f"restmq:presence:{{{queue}}}", "0f")
        redis.hset(f"restmq:presence:{{{queue}}}:0f", "1", "{}")


def test_an_empty_queue(http, redis, queue):
    policy(http, queue, lease=30, max_deliveries=2)
    push(http, queue, "a", "b")
    http.post(f"/control/{queue}", form={"status": "stop"})
    for _ in range(2):
        message = lease(http, queue)
        http.delete(f"/q/{queue}?key={message['key']}&lease={message['lease']}")
    assert_json(removed(http, queue), {"queue": queue, "removed": True, "purged": 0})
    assert keys_of(redis, queue) == [] and not is_listed(http, queue)
    assert push(http, queue, "c") == [f"{queue}:1"]
    assert stats(http, queue, "len", "pushed", "acked", "status") == (1, 1, 0, 1)


@pytest.mark.parametrize("what, named", [
    ("ready", "1 ready message;"), ("leased", "1 leased message;"),
    ("delayed", "1 delayed message;"), ("dead", "1 dead letter;"), ("consumer", "1 consumer;"),
    ("remembered", "remembered Idempotency-Keys;")])
def test_what_stands_in_the_way(http, redis, queue, what, named):
    make(http, redis, queue, what)
    before = keys_of(redis, queue)
    assert_error(removed(http, queue), 409, "conflict", named, "force=1")
    assert command(http, cmd="remove", queue=queue).json()["code"] == "conflict"
    assert keys_of(redis, queue) == before and is_listed(http, queue)
    messages = what not in ("consumer", "remembered")
    assert_json(removed(http, queue, True), {"queue": queue, "removed": True, "purged": int(messages)})
    assert [key for key in keys_of(redis, queue) if ":once:" not in key] == []
    assert not is_listed(http, queue) and not is_listed(http, queue + ".dead")
    assert push(http, queue, "c") == [f"{queue}:1"]


def test_all_of_it_is_named(http, queue):
    push_batch(http, queue, 3)
    lease(http, queue)
    assert_error(removed(http, queue), 409, "conflict", "2 ready messages, 1 leased message;")


def test_an_idempotency_key_is_forgotten(http, queue):
    """Also one that would come to the same number again."""
    def keyed(text):
        return http.post(f"/q/{queue}", text, {"Content-Type": "text/plain", "Idempotency-Key": "k"})
    assert keyed("a").text == keyed("a").text == f"{queue}:1\r\n"
    assert removed(http, queue, True).status == 200
    push(http, queue, "b", "c")
    fresh = keyed("a")
    assert fresh.text == f"{queue}:3\r\n" and "Idempotent-Replay" not in fresh.headers
    assert keyed("a").headers["Idempotent-Replay"] == "true"
    assert keyed("other").status == 409


def test_as_long_as_the_longest_key_is_remembered(http, redis, queue):
    headers = {"Content-Type": "text/plain", "Idempotency-Key": "k"}
    http.post(f"/q/{queue}", "a", headers)
    for number, left_ms in enumerate((5000, 299600)):  # a TTL is rounded
        redis.pexpire(part(queue, "remembers"), left_ms)
        http.post(f"/q/{queue}", "b", {**headers, "Idempotency-Key": f"l{number}"})
        assert redis.pttl(part(queue, "remembers")) >= redis.pttl(part(queue, f"once:l{number}")) > 5000


def test_of_a_plain_push_nothing_is_remembered(http, redis, queue):
    push(http, queue, "a")
    http.post(f"/q/{queue}?ttl=60", "a", {"Content-Type": "text/plain"})
    assert not redis.exists(part(queue, "remembers"))


@pytest.mark.parametrize("options", REFUSED)
def test_never_by_accident(http, redis, queue, options):
    push(http, queue, "a")
    assert http.delete(f"/q/{queue}?{options}").status == 400
    for method in "GET", "POST", "PUT":
        assert http.request(method, f"/q/{queue}?remove=1&force=1").status == 400
    assert redis.llen(f"{queue}:queue") == 1
    assert http.delete(f"/q/{queue}").json()["purged"] == 1
    assert is_listed(http, queue)


def test_a_queue_that_there_is_not(http, queue):
    assert_error(removed(http, queue), 404, "not_found", "no such queue")
    assert_error(removed(http, queue, True), 404, "not_found")
    assert_error(http.delete("/q/bad%20name?remove=1"), 400, "bad_name")


def test_dead_letters_alone(http, redis, queue):
    """The queue stays, and its counter."""
    make(http, redis, queue, "dead")
    assert_error(removed(http, queue + ".dead"), 409, "conflict", "1 ready message")
    assert_json(removed(http, queue + ".dead", True),
                {"queue": queue + ".dead", "removed": True, "purged": 1})
    assert not is_listed(http, queue + ".dead") and is_listed(http, queue)
    assert not redis.exists(f"{queue}:1")
    assert push(http, queue, "b") == [f"{queue}:2"]


def test_dead_letters_that_are_leased(http, redis, queue):
    make(http, redis, queue, "dead")
    assert lease(http, queue + ".dead")
    assert_error(removed(http, queue), 409, "conflict", "1 dead letter")
    assert removed(http, queue, True).json()["removed"]
    assert keys_of(redis, queue) == keys_of(redis, queue + ".dead") == []


def test_a_queue_of_the_sinatra_endpoint(http, redis, queue):
    redis.sadd("QUEUESET", queue + ":queue")
    assert removed(http, queue).status == 200
    assert not redis.sismember("QUEUESET", queue + ":queue")


def test_a_large_queue_goes_in_steps(http, redis, queue):
    """No number is given anew before the last body has gone."""
    for _ in range(5):
        push_batch(http, queue, 1000)
    answer = removed(http, queue, True).json()
    assert answer == {"queue": queue, "removed": False, "purged": 5000, "more": True}
    assert push(http, queue, "late") == [f"{queue}:5001"]
    purged = 0
    while not answer["removed"]:
        answer = removed(http, queue, True).json()
        purged += answer["purged"]
    assert purged == 1 and keys_of(redis, queue) == []
    assert push(http, queue, "new") == [f"{queue}:1"] and take(http, queue) == "new"


def test_what_was_purged_before_is_in_the_way_of_nobody(http, redis, queue):
    push_batch(http, queue, 1000)
    http.delete(f"/q/{queue}")
    servers.wait_for(lambda: removed(http, queue).json().get("removed"))
    assert keys_of(redis, queue) == []


def test_by_command(http, redis, queue):
    push(http, queue, "a")
    assert_error(command(http, cmd="remove", queue=queue), 200, "conflict", "1 ready message")
    for force in 0, 2, True, "x":
        assert_error(command(http, cmd="remove", queue=queue, force=force), 200, "bad_value", "force must be 1")
    assert_json(command(http, cmd="remove", queue=queue, force=1),
                {"queue": queue, "removed": True, "purged": 1})
    assert command(http, cmd="remove", queue=queue).json()["code"] == "not_found"
    assert keys_of(redis, queue) == []


def test_damaged(http, redis, queue):
    redis.set(f"{queue}:queue", "x")
    redis.set(f"{queue}:UUID", 5)
    assert_error(removed(http, queue, True), 500, "damaged", f"{queue}:queue")
    assert redis.get(f"{queue}:UUID") == b"5"


@pytest.mark.parametrize("name", ["trash", "trash:1"])
@pytest.mark.parametrize("side", ["", ".dead"])
def test_a_damaged_trash(http, redis, queue, name, side):
    """Nothing has changed."""
    make(http, redis, queue, "dead")
    push(http, queue, "b")
    if name != "trash":
        redis.lpush(part(queue + side, "trash"), 1)
    redis.set(part(queue + side, name), "x")

    def own():     # keys of others may expire meanwhile
        return {key: value for key, value in contents(redis).items() if queue.encode() in key}
    before = own()
    assert_error(removed(http, queue, True), 500, "damaged", part(queue + side, name))
    assert own() == before
    redis.delete(part(queue + side, name), part(queue + side, "trash"))


def test_in_a_full_redis(new_stack):
    stack = new_stack()
    push_batch(stack.http, "q", 10)
    with stack.redis.client() as redis:
        redis.config_set("maxmemory", 1)
        assert removed(stack.http, "q", True).json()["removed"]
        assert keys_of(redis, "q") == []
        redis.config_set("maxmemory", 0)


@pytest.mark.parametrize("left, counter", [
    (range(1, 13), 12), ([500], 600), (range(991, 1000), 1000), ([8], 3)])
def test_the_counter_goes_on_past_keys_that_stay(http, redis, queue, left, counter):
    """Bodies without an entry, as RestMQ leaves them, or another program's keys: pushes that began
    with 1 would sooner or later have too many of them in the way."""
    bodies = {f"{queue}:{number}": b"old" for number in left}
    redis.mset(bodies)
    redis.set(f"{queue}:UUID", counter)
    push(http, queue, "a")
    take(http, queue)
    for _ in range(2):
        assert_json(removed(http, queue), {"queue": queue, "removed": True, "purged": 0})
        assert not is_listed(http, queue)
    assert redis.mget(list(bodies)) == list(bodies.values())
    assert push(http, queue, "b") == [f"{queue}:{counter + 2}"]
    redis.delete(*bodies)
    assert removed(http, queue, True).json()["removed"]
    assert removed(http, queue).status == 404
    assert push(http, queue, "c") == [f"{queue}:1"]


def test_what_a_push_passed_over_stays_known(http, redis, queue):
    redis.hset(f"{queue}:1", "name", "ann")
    push(http, queue, "a")
    assert removed(http, queue, True).status == 200
    assert http.delete(f"/q/{queue}?key={queue}:1").status == 404
    assert push(http, queue, "b") == [f"{queue}:3"]
    assert redis.hget(f"{queue}:1", "name") == b"ann"
    redis.delete(f"{queue}:1")


def test_dead_letters_have_no_counter_to_keep(http, redis, queue):
    redis.set(f"{queue}:1", "old")
    redis.set(f"{queue}:UUID", 1)
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a")
    release(http, lease(http, queue))
    assert removed(http, queue + ".dead", True).json()["removed"]
    assert removed(http, queue + ".dead").status == 404
    assert push(http, queue, "b") == [f"{queue}:3"]
    redis.delete(f"{queue}:1")


@pytest.mark.parametrize("counter", ["list", "-5", "x", "nan", "9007199254740992"])
def test_a_damaged_counter_does_not_keep_a_queue(http, redis, queue, counter):
    policy(http, queue, lease=30)
    redis.set(f"{queue}:1", "old")
    if counter == "list":
        redis.rpush(f"{queue}:UUID", "x")
    else:
        redis.set(f"{queue}:UUID", counter)
    assert removed(http, queue).json()["removed"]
    assert not redis.exists(part(queue, "settings"))
    assert redis.get(f"{queue}:1") == b"old"
    redis.delete(f"{queue}:1", f"{queue}:UUID")
