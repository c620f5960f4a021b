# test_full_redis.py - a Redis that has reached its maxmemory is drained by take, ack and purge, and
# what finds no space changes nothing.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib

import pytest

import stack as servers
from checks import assert_error, assert_unavailable, command, swept, take
from reliable import (NDJSON, ack, assert_sound, changes, expire, extend, part, policy, release,
                      stats)

TEXT = {"Content-Type": "text/plain"}
BODY = "a" * 1000
COUNT = 200      # messages in each state
OVER = 50000     # so many bytes are to be freed before anything is written again


def fill(stack):
    """foo: 200 messages ready, 200 leased, 200 expired, 200 delayed, 200 dead; bar: leased."""
    http, redis = stack.http, stack.client
    lines = (BODY + "\n") * COUNT

    def batch(queue, **options):
        query = "&".join(f"{name}={value}" for name, value in options.items())
        assert http.post(f"/q/{queue}?{query}", lines, NDJSON).status == 200

    policy(http, "foo", max_deliveries=1)
    batch("foo")
    for message in http.get(f"/q/foo?count={COUNT}&lease=1000").json():
        release(http, message)
    policy(http, "foo", max_deliveries=0)
    batch("foo")
    http.get(f"/q/foo?count={COUNT}&lease=10")
    leases = part("foo", "leases")
    redis.zadd(leases, {key: 1000 + at for at, key in enumerate(redis.zrange(leases, 0, -1))})
    batch("foo", delay=1000)
    batch("bar")
    stack.held = http.get(f"/q/bar?count={COUNT}&lease=1000").json()
    batch("foo")
    for _ in range(4):      # connections and buffers are there
        http.get("/stats")


@pytest.fixture(scope="module")
def tank(builddir, plain_scripts):
    """A stack of this file's own.  (A histogram for each kind of command would take memory too.)"""
    with servers.Stack(builddir, redis_options=["--latency-tracking", "no"]) as stack:
        stack.client = stack.redis.client()
        stack.client.config_set("maxmemory-policy", "noeviction")
        yield stack


def limit(stack, room):
    """Redis may have so many bytes more than it uses now."""
    stack.client.config_set("maxmemory", stack.client.info("memory")["used_memory"] + room)


@contextlib.contextmanager
def room_for_the_test(stack):
    """To prepare something; then Redis is full again."""
    stack.client.config_set("maxmemory", 0)
    yield
    limit(stack, -OVER)


@pytest.fixture
def full(tank):
    """A Redis over its limit."""
    tank.client.config_set("maxmemory", 0)
    tank.client.flushall()
    fill(tank)
    limit(tank, -OVER)
    assert_error(tank.http.post("/q/new", "x", TEXT), 507, "no_space")
    return tank


def has_room(stack):
    return stack.http.post("/q/new", "x", TEXT).status == 200


# --- drained ------------------------------------------------------------------------------------

def drained(stack, step, most):
    """Takes steps until a push works; returns how many that were."""
    for steps in range(1, most + 1):
        assert step(), f"step {steps}"
        if has_room(stack):
            return steps
    raise AssertionError(f"{most} steps made no room")


@pytest.mark.parametrize("query", ["", "?count=5", "?raw=1", "?lease=0"])
def test_by_take(full, builddir, query):
    """Those that expired are brought back first, and taken."""
    drained(full, lambda: full.http.get(f"/q/foo{query}").status == 200, 2 * COUNT)
    assert stats(full.http, "foo", "leased") == (0,)
    assert_sound(full, builddir)


def test_by_take_of_several_queues(full):
    drained(full, lambda: full.http.get("/q?queues=empty,bar,foo").status == 200, 2 * COUNT)


def test_by_take_in_the_json_protocol(full):
    drained(full, lambda: "value" in command(full.http, cmd="take", queue="foo").json(), 2 * COUNT)


def test_by_take_of_dead_letters(full, builddir):
    drained(full, lambda: full.http.get("/q/foo.dead").status == 200, COUNT)
    assert_sound(full, builddir)


def test_by_ack(full, builddir):
    held = iter(full.held)
    drained(full, lambda: ack(full.http, next(held)).status == 200, COUNT)
    assert_sound(full, builddir)


def test_by_ack_in_the_json_protocol(full):
    held = iter(full.held)
    drained(full, lambda: command(full.http, cmd="del", queue="bar", **{
        name: message[name] for message in [next(held)] for name in ("key", "lease")
    }).json()["deleted"], COUNT)


def test_by_lease_and_ack(full, builddir):
    """A lease needs room for its row: it is given, or refused and nothing changes.  What was given
    can be acked."""
    def step():
        before = changes(full.client)
        response = full.http.get("/q/foo.dead?lease=30")
        if response.status == 507:
            assert_error(response, 507, "no_space")
            assert changes(full.client) == before
            return full.http.get("/q/foo.dead").status == 200
        return ack(full.http, response.json(), "foo.dead").status == 200

    drained(full, step, COUNT)
    assert_sound(full, builddir)


@pytest.mark.parametrize("count", [1, 50])
def test_a_lease(full, builddir, count):
    """Whatever it answers, no message is lost or held twice."""
    response = full.http.get(f"/q/foo?lease=30&count={count}")
    assert response.status in (200, 507)
    if response.status == 200:
        for message in response.json():
            assert ack(full.http, message).status == 200
    there = stats(full.http, "foo", "len", "leased")
    given = count if response.status == 200 else 0
    assert sum(there) == 2 * COUNT - given
    assert_sound(full, builddir)


@pytest.mark.parametrize("delay", [None, 0, 100])
def test_release(full, builddir, delay):
    """The message comes back, or the holder keeps it."""
    response = release(full.http, full.held[0], delay=delay)
    assert response.status in (200, 507)
    if response.status == 507:
        assert ack(full.http, full.held[0]).status == 200
    else:
        assert stats(full.http, "bar", "len", "leased", "delayed") == (
            (0, COUNT - 1, 1) if delay else (1, COUNT - 1, 0))
    assert_sound(full, builddir)


def test_delete(full, builddir):
    """One that is ready, delayed, dead, and one whose lease is over."""
    redis = full.client
    ready = redis.lindex("foo:queue", 0)
    delayed = redis.zrange(part("foo", "delayed"), 0, 0)[0]
    expired = redis.zrange(part("foo", "leases"), 0, 0)[0]
    for key in ready, delayed, expired:
        assert full.http.delete(f"/q/foo?key={key.decode()}").status == 200
        assert not redis.exists(key)
    dead = redis.lindex("foo.dead:queue", 0)
    assert full.http.delete(f"/q/foo.dead?key={dead.decode()}").status == 200
    assert_sound(full, builddir)


@pytest.mark.parametrize("queue, purged", [("foo", 3 * COUNT), ("bar", COUNT), ("foo.dead", COUNT)])
def test_by_purge(full, builddir, queue, purged):
    assert full.http.delete(f"/q/{queue}").json()["purged"] == purged
    swept(full.client, queue)
    assert has_room(full)
    assert_sound(full, builddir)


def test_by_purge_in_the_json_protocol(full):
    assert command(full.http, cmd="purge", queue="bar").json()["purged"] == COUNT
    swept(full.client, "bar")
    assert has_room(full)


def test_what_expires_comes_back(full, builddir):
    """Also to those who only look."""
    assert full.http.head("/q/foo").status == 200
    assert full.http.get("/q/foo?soft=1").status in (200, 507)
    assert stats(full.http, "foo", "leased", "delayed") == (0, COUNT)
    with room_for_the_test(full):
        expire(full.client, "foo")
        expire(full.client, "bar")
    assert full.http.head("/q/foo").status == 200
    assert full.http.get("/q/bar").json()["value"] == BODY
    assert_sound(full, builddir)


def test_what_dies_is_kept(full, builddir):
    """Moving to the dead letters needs a little room: each step of it is done whole or not at all, by the
    take or by the walk of a helper."""
    with room_for_the_test(full):
        policy(full.http, "bar", max_deliveries=1)
        expire(full.client, "bar")
    response = full.http.get("/q/bar")
    assert response.status in (204, 507)
    there = stats(full.http, "bar", "len", "leased", "dead")
    assert sum(there) == COUNT
    with room_for_the_test(full):
        servers.wait_for(lambda: full.http.get("/q/bar").status == 204 and
                         stats(full.http, "bar", "len", "leased", "dead") == (0, 0, COUNT))
    assert_sound(full, builddir)


def test_redrive(full, builddir):
    response = full.http.post("/q/foo.dead?redrive=1")
    assert response.status in (200, 507)
    before = 2 * COUNT      # ready, or expired and not looked at yet
    there = stats(full.http, "foo", "len", "leased", "dead")
    assert sum(there) == before + COUNT
    assert there[2] == (0 if response.status == 200 else COUNT)
    assert_sound(full, builddir)


# --- refused ------------------------------------------------------------------------------------

REFUSED = [
    ("POST", "/q/foo", "x", TEXT), ("POST", "/q/foo?delay=5", "x", TEXT),
    ("POST", "/q/foo?ttl=5", "x", TEXT), ("POST", "/q/foo", "x\ny\n", NDJSON),
    ("POST", "/q/foo", "x", {**TEXT, "Idempotency-Key": "k"}),
    ("POST", "/q/foo", "x\ny\n", {**NDJSON, "Idempotency-Key": "k"}),
    ("POST", "/", "queue=foo&value=x", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("POST", "/p/foo", "lease=5", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("POST", "/p/foo", "policy=roundrobin", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("POST", "/control/foo", "status=stop", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("POST", "/queue", '{"cmd":"add","queue":"foo","values":["x","y"]}',
     {"Content-Type": "application/json"}),
    ("POST", "/queue", '{"cmd":"policy","queue":"foo","lease":5}',
     {"Content-Type": "application/json"})]


@pytest.mark.parametrize("method, path, body, headers", REFUSED)
def test_no_space(full, method, path, body, headers):
    before = changes(full.client)
    assert_error(full.http.request(method, path, body, headers), 507, "no_space")
    assert changes(full.client) == before


def test_extend_finds_no_space(full):
    """The holder knows; his lease is as it was."""
    before = changes(full.client)
    response = extend(full.http, full.held[0], 2000)
    assert response.status in (200, 507)
    if response.status == 507:
        assert_error(response, 507, "no_space")
        assert changes(full.client) == before
    assert ack(full.http, full.held[0]).status == 200


def test_settings_are_taken_away(full):
    """That needs no room."""
    assert full.http.post("/p/foo", form={"max_deliveries": 0, "lease": 0}).status == 200


def test_a_repeat_is_answered(full):
    """What was pushed before it was full is still known."""
    once = {**TEXT, "Idempotency-Key": "k"}
    with room_for_the_test(full):
        full.http.post("/q/once", "x", once)
    response = full.http.post("/q/once", "x", once)
    assert (response.status, response.text) == (200, "once:1\r\n")
    assert take(full.http, "once") == "x"


def test_reading_goes_on(full):
    for path in ("/stats/foo", "/stats", "/p/foo", "/control/foo", "/q", "/j/foo",
                 "/stats/foo.dead"):
        assert full.http.get(path).status == 200, path
    assert_unavailable(full.http.get("/ready"))


def test_lease_until_it_is_full(tank, builddir):
    """The rows of leases fill Redis up; then it is drained by the acks."""
    tank.client.config_set("maxmemory", 0)
    tank.client.flushall()
    assert tank.http.post("/q/foo", "x\n" * 1000, NDJSON).status == 200
    limit(tank, 20000)
    held = []
    while (response := tank.http.get("/q/foo?lease=1000")).status == 200:
        held.append(response.json())
    assert response.status in (204, 507) and held
    assert stats(tank.http, "foo", "len", "leased") == (1000 - len(held), len(held))
    for message in held:
        assert ack(tank.http, message).status == 200
    while stats(tank.http, "foo", "len") != (0,):
        assert tank.http.get("/q/foo?count=100").status == 200
    assert stats(tank.http, "foo", "leased", "acked") == (0, len(held))
    assert_sound(tank, builddir)
