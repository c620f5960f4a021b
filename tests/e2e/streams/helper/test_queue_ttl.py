# test_queue_ttl.py - queue_ttl: queues that are empty and that nobody has used for so long are removed, no
# others.  Nobody waits for 43,200 seconds: the tests write into Redis since when a queue is unused.
#
# SPDX-License-Identifier: BSD-2-Clause

import time

import pytest

import stack as servers
from checks import keys_of, push, take
from consumers import Websocket
from helper import metrics
from reliable import lease, policy, release

TTL = 43200
ROUND = 15   # seconds, and some more
UNUSED = "restmq:unused"


@pytest.fixture(scope="module")
def stack(builddir):
    with servers.Stack(builddir, helpers=1, conf={"queue_ttl": TTL}) as stack:
        yield stack


@pytest.fixture
def alone(redis):
    """Where there are many queues to note, it takes some rounds."""
    redis.delete("QUEUESET")


def used(http, queue):
    push(http, queue, "a")
    assert take(http, queue) == "a"


def travel(redis, queue, seconds, counter=None):
    """Whatever is noted of the queue, it was noted so many seconds ago."""
    counter = (redis.get(f"{queue}:UUID") or b"").decode() if counter is None else counter
    redis.hset(UNUSED, queue, f"{int((time.time() - seconds) * 1000)} {counter}")


def seconds_unused(redis, queue):
    """None: it is not."""
    row = redis.hget(UNUSED, queue)
    return row and time.time() - int(row.split()[0]) / 1000


def is_listed(redis, queue):
    return redis.sismember("QUEUESET", queue)


def a_round(redis, helper):
    """Waits until the walk has been at every queue."""
    def walked():
        return metrics(helper.socket)["restmq_helper_walked_total"]
    goal = walked() + 2 * redis.scard("QUEUESET")   # from the midst of a round to the end of the next
    servers.wait_for(lambda: walked() >= goal, servers.patience(3 * ROUND), 0.2)


def test_an_unused_queue(alone, stack, http, redis, queue):
    used(http, queue)
    servers.wait_for(lambda: redis.hexists(UNUSED, queue), servers.patience(ROUND))
    assert 0 <= seconds_unused(redis, queue) < servers.patience(ROUND) + 5
    assert redis.hget(UNUSED, queue).endswith(b" 1") and is_listed(redis, queue)
    before = metrics(stack.ws_port)["restmq_helper_queues_removed_total"]
    travel(redis, queue, TTL + 1)
    servers.wait_for(lambda: not is_listed(redis, queue), servers.patience(ROUND))
    assert keys_of(redis, queue) == [] and not redis.hexists(UNUSED, queue)
    servers.wait_for(lambda: metrics(stack.ws_port)["restmq_helper_queues_removed_total"] > before)
    assert (f"done by queue_ttl: remove {queue}, empty and not used for {TTL} seconds"
            in stack.helper.log_text())
    assert push(http, queue, "b") == [f"{queue}:1"]


def test_with_its_dead_letters(stack, http, redis, queue):
    """They are empty as well."""
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a")
    release(http, lease(http, queue))
    assert take(http, queue + ".dead") == "a"
    policy(http, queue, max_deliveries=0)
    travel(redis, queue, TTL + 1)
    servers.wait_for(lambda: not is_listed(redis, queue), servers.patience(ROUND))
    assert not is_listed(redis, queue + ".dead")
    assert keys_of(redis, queue) == keys_of(redis, queue + ".dead") == []


def form(path, **fields):
    return lambda http, redis, queue: http.post(path.replace("Q", queue), form=fields)


def hold_a_dead_letter(http, redis, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a")
    release(http, lease(http, queue))
    policy(http, queue, max_deliveries=0)


def remember(http, redis, queue):
    headers = {"Content-Type": "text/plain", "Idempotency-Key": "k"}
    http.post(f"/q/{queue}", "b", headers)
    take(http, queue)


USES = {
    "ready": lambda http, redis, queue: push(http, queue, "b"),
    "leased": lambda http, redis, queue: push(http, queue, "b") and lease(http, queue),
    "delayed": lambda http, redis, queue: http.post(
        f"/q/{queue}?delay=600", "b", {"Content-Type": "text/plain"}),
    "dead": hold_a_dead_letter,
    "remembered": remember,
    "settings": form("/p/Q", lease="30"),
    "settings of dead letters": form("/p/Q.dead", lease="30"),
    "policy": form("/p/Q", policy="broadcast"),
    "stopped": form("/control/Q", status="stop"),
    "dead letters stopped": form("/control/Q.dead", status="stop"),
    "takes held": form("/control/Q", status="stop", what="takes"),
    "pushed and taken": lambda http, redis, queue: travel(redis, queue, 2 * TTL, "0"),
    "not long enough": lambda http, redis, queue: travel(redis, queue, TTL - 300),
}
UNUSED_USES = {"pushed and taken", "not long enough"}   # these are noted, and go later


def test_what_keeps_a_queue(alone, stack, http, redis, queue):
    """Each by itself, though each is noted as one that nobody used."""
    queues = {what: f"{queue}.{number}" for number, what in enumerate(USES)}
    with Websocket(stack.ws_port).connect(f"/ws/{queue}"), \
         Websocket(stack.ws_port).connect(f"/ws/{queue}.x.dead"):
        queues["consumer"] = queue
        queues["consumer of dead letters"] = f"{queue}.x"
        for name in queues.values():
            used(http, name) if name != queue else push(http, name, "a")
        servers.wait_for(lambda: redis.llen(f"{queue}:queue") == 0)
        for what, name in queues.items():
            if what in USES:
                USES[what](http, redis, name)
            if what not in UNUSED_USES:
                travel(redis, name, 2 * TTL)
        a_round(redis, stack.helper)
        for what, name in queues.items():
            assert is_listed(redis, name), what
            assert redis.hexists(UNUSED, name) == (what in UNUSED_USES), what
        servers.wait_for(lambda: seconds_unused(redis, queues["pushed and taken"]) < TTL - 600,
                         servers.patience(6 * ROUND))
        assert seconds_unused(redis, queues["not long enough"]) >= TTL - 301


def test_a_consumer_that_comes_and_goes_is_use(stack, http, redis, queue):
    """Also between two looks."""
    used(http, queue)
    travel(redis, queue, TTL - 300)
    with Websocket(stack.ws_port).connect(f"/ws/{queue}"):
        servers.wait_for(lambda: redis.exists(f"restmq:presence:{{{queue}}}"))
    assert (seconds_unused(redis, queue) or 0) < 300


def test_nothing_is_lost_beside_it(stack, http, redis, queue):
    """Pushes to queues that go just then, again and again."""
    queues = [f"{queue}.{number}" for number in range(50)]
    removed = metrics(stack.ws_port)["restmq_helper_queues_removed_total"]

    def push_and_take():
        for name in queues:
            travel(redis, name, TTL + 1)
            push(http, name, f"to {name}")
            assert take(http, name) == f"to {name}"
            travel(redis, name, TTL + 1)
        return metrics(stack.ws_port)["restmq_helper_queues_removed_total"] >= removed + 20
    servers.wait_for(push_and_take, servers.patience(6 * ROUND), 0)


def test_what_is_removed_by_hand_is_not_noted_any_more(http, redis, queue):
    used(http, queue)
    travel(redis, queue, TTL - 300)
    assert http.delete(f"/q/{queue}?remove=1").json()["removed"]
    assert not redis.hexists(UNUSED, queue)


def test_where_nobody_walked_for_an_hour_time_begins_anew(alone, http, redis, queue):
    used(http, queue)
    notes = f"restmq:{{{queue}}}:unused" if servers.hash_tags else UNUSED
    redis.delete(notes)
    servers.wait_for(lambda: redis.hexists(notes, queue), servers.patience(ROUND))
    assert seconds_unused(redis, queue) < servers.patience(ROUND) + 5
    assert 1800 <= redis.ttl(notes) <= 3600
    redis.expire(notes, 1000)
    servers.wait_for(lambda: redis.ttl(notes) > 1800, servers.patience(ROUND))


def test_it_is_off_by_default(new_stack):
    stack = new_stack()
    with stack.redis.client() as redis:
        used(stack.http, "q")
        travel(redis, "q", 10 * TTL)
        a_round(redis, stack.helper)
        assert is_listed(redis, "q") and seconds_unused(redis, "q") > 9 * TTL


def test_another_helper_goes_on(new_stack):
    """What is noted outlives the helper that noted it."""
    stack = new_stack(helpers=2)
    with stack.redis.client() as redis:
        used(stack.http, "q")
        travel(redis, "q", TTL + 1)
        walker = servers.wait_for(lambda: next((
            helper for helper in stack.helpers
            if metrics(helper.socket)["restmq_helper_walks"] == 1), None), 10)
        stack.configure(queue_ttl=TTL)
        walker.kill()
        servers.wait_for(lambda: not is_listed(redis, "q"), servers.patience(2 * ROUND))


def test_in_a_full_redis(new_stack):
    """A queue goes, though no other can be noted."""
    stack = new_stack(conf={"queue_ttl": TTL})
    with stack.redis.client() as redis:
        used(stack.http, "q")
        used(stack.http, "other")
        with redis.pipeline(transaction=True) as pipe:
            pipe.hdel(UNUSED, "other")
            travel(pipe, "q", TTL + 1, "1")
            pipe.config_set("maxmemory", 1)
            pipe.execute()
        servers.wait_for(lambda: not is_listed(redis, "q"), servers.patience(2 * ROUND))
        assert is_listed(redis, "other")
        redis.config_set("maxmemory", 0)
