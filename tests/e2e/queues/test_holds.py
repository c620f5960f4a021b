# test_holds.py - POST /control with what=: takes or pushes of a queue are held for all, streams as
# RestMQ stops them.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import pytest

import stack as servers
from checks import assert_empty, assert_error, assert_json, heard, push, take, take_all
from reliable import (NDJSON, ack, assert_refused, changes, expire, extend, lease, part, policy,
                      push_batch, release, stats)

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}


def control(http, queue, status, what=None):
    form = {"status": status} if what is None else {"status": status, "what": what}
    return assert_json(http.post(f"/control/{queue}", form=form))["stat"]


def hold(http, queue, *what):
    for one in what:
        control(http, queue, "stop", one)


def command(http, **members):
    return assert_json(http.post("/queue", json.dumps(members), JSON))


def assert_held(redis, what, *responses):
    """423, and nothing changes."""
    for respond in responses:
        before = changes(redis)
        response = respond()
        assert_error(response, 423, "held", what)
        assert response.headers["Retry-After"] == "5"
        assert changes(redis) == before


# --- control itself -----------------------------------------------------------------------------

def test_what_is_held_is_shown(http, queue):
    push(http, queue, "a")
    shown = {"queue": queue, "status": 1}
    for what, status, held in (("takes", "stop", ["takes"]), ("takes", "stop", ["takes"]),
                               ("pushes", "stop", ["takes", "pushes"]),
                               ("streams", "stop", ["takes", "pushes"]),
                               ("takes", "start", ["pushes"]), ("streams", "start", ["pushes"]),
                               ("pushes", "start", None), ("pushes", "start", None)):
        shown["status"] = {"stop": 0, "start": 1}[status] if what == "streams" else shown["status"]
        shown["held"] = held
        expected = {name: value for name, value in shown.items() if value is not None}
        assert control(http, queue, status, what) == expected
        assert http.get(f"/control/{queue}").json()["status"] == expected
        assert http.get("/control?match=" + queue).json()["queues"][queue] == expected
        assert command(http, cmd="control", queue=queue) == expected
        assert stats(http, queue).get("held") == held
        assert http.get(f"/stats?match={queue}").json()["queues"][queue].get("held") == held


def test_without_what_it_is_about_streams(http, redis, queue):
    assert control(http, queue, "stop") == {"queue": queue, "status": 0}
    assert redis.get(f"queuestat::{queue}") == b"0"
    assert not redis.exists(part(queue, "settings"))
    hold(http, queue, "takes")
    assert control(http, queue, "start") == {"queue": queue, "status": 1, "held": ["takes"]}


def test_nothing_is_left_behind(http, redis, queue):
    """So a queue that is held no more costs what it did before."""
    hold(http, queue, "takes", "pushes")
    assert redis.hgetall(part(queue, "settings")) == {b"held_takes": b"1", b"held_pushes": b"1"}
    for what in "takes", "pushes":
        control(http, queue, "start", what)
    assert not redis.exists(part(queue, "settings"))


def test_settings_are_another_thing(http, redis, queue):
    policy(http, queue, lease=30, ttl=60)
    hold(http, queue, "takes")
    assert http.get(f"/p/{queue}").json()["lease"] == 30
    policy(http, queue, lease=0, ttl=0)
    assert http.get(f"/control/{queue}").json()["status"]["held"] == ["takes"]


def test_as_a_command(http, queue):
    assert command(http, cmd="control", queue=queue, status="stop", what="takes") == {
        "queue": queue, "status": 1, "held": ["takes"]}
    assert command(http, cmd="control", queue=queue, status="start", what="takes") == {
        "queue": queue, "status": 1}


def test_it_is_published(http, redis, queue):
    """For the helpers."""
    assert heard(redis, part(queue, "events"), 2, lambda: (
        hold(http, queue, "takes"), control(http, queue, "start", "takes"))) == [b"control"] * 2


@pytest.mark.parametrize("form, code, word", [
    ({"what": "takes"}, "bad_request", "status"),
    ({"status": "stop", "what": ""}, "bad_value", "what"),
    ({"status": "stop", "what": "all"}, "bad_value", "streams, takes or pushes"),
    ({"status": "stop", "what": "Takes"}, "bad_value", "what"),
    ({"status": "stop", "what": "takes,pushes"}, "bad_value", "what"),
    ({"status": "hold", "what": "takes"}, "bad_value", "status"),
    ({"status": "stop", "what": "takes\0"}, "bad_value", "what"),
], ids=str)
def test_refused(http, redis, queue, form, code, word):
    assert_refused(redis, lambda: http.post(f"/control/{queue}", form=form), code, word)
    assert command(http, cmd="control", queue=queue, **form)["code"] == code


def test_twice(http, redis, queue):
    assert_refused(redis, lambda: http.post(f"/control/{queue}?what=takes",
                                            form={"status": "stop", "what": "takes"}), "bad_request", "what")


def test_nothing_is_pushed_to_dead_letters(http, redis, queue):
    assert_refused(redis, lambda: http.post(f"/control/{queue}.dead",
                                            form={"status": "stop", "what": "pushes"}), "bad_name")


# --- takes --------------------------------------------------------------------------------------

TAKES = ["/q/{}", "/q/{}?lease=30", "/q/{}?lease=0", "/q/{}?count=5", "/q/{}?count=5&lease=30",
         "/q/{}?raw=1", "/q/{}?soft=0", "/?queue={}", "/q?queues={}", "/q?queues={}&count=3"]


@pytest.mark.parametrize("path", TAKES)
@pytest.mark.parametrize("state", ["ready", "empty", "due", "over"])
def test_takes(http, redis, queue, path, state):
    """However, and whatever there is to take."""
    if state != "empty":
        http.post(f"/q/{queue}" + ("?delay=60" if state == "due" else ""), "a", TEXT)
    if state == "over":
        lease(http, queue)
    if state in ("due", "over"):
        expire(redis, queue)
    hold(http, queue, "takes")
    assert_held(redis, "takes", lambda: http.get(path.format(queue)))
    control(http, queue, "start", "takes")
    assert http.get(path.format(queue)).status == (
        200 if state != "empty" else 404 if "queue=" in path else 204)


@pytest.mark.parametrize("more", [{}, {"count": 5}, {"lease": 30}, {"count": 5, "lease": 0}], ids=str)
def test_takes_by_command(http, queue, more):
    push(http, queue, "a")
    hold(http, queue, "takes")
    for where in {"queue": queue}, {"queues": [queue]}, {"queues": [queue, f"{queue}x"]}:
        answer = command(http, cmd="take", **where, **more)
        assert answer["code"] == "held" and "takes" in answer["error"]
    assert stats(http, queue, "len") == (1,)


def test_several_queues(http, redis, queue):
    """A held one is passed over."""
    low = f"{queue}x"
    push(http, queue, "high")
    push(http, low, "one", "two")
    hold(http, queue, "takes")
    assert assert_json(http.get(f"/q?queues={queue},{low}"))["value"] == "one"
    assert command(http, cmd="take", queues=[queue, low])["value"] == "two"
    for queues in f"{queue},{low}", f"{low},{queue}":
        assert_held(redis, "takes", lambda: http.get(f"/q?queues={queues}"))
        assert command(http, cmd="take", queues=queues.split(","), count=5)["code"] == "held"
    control(http, queue, "start", "takes")
    assert assert_json(http.get(f"/q?queues={low},{queue}"))["value"] == "high"
    assert_empty(http.get(f"/q?queues={low},{queue}"))


def test_what_goes_on_while_takes_are_held(http, redis, queue):
    """Pushes, looks, and all that workers do with what they have; and an operator's own acts."""
    push_batch(http, queue, 5)
    held = [lease(http, queue) for _ in range(4)]
    hold(http, queue, "takes")
    push(http, queue, "more")
    assert assert_json(http.get(f"/q/{queue}?soft=1"))["value"] == "5"
    assert http.head(f"/q/{queue}").status == 200
    assert command(http, cmd="get", queue=queue)["value"] == "5"
    assert extend(http, held[0], 60).status == 200
    assert ack(http, held[0]).status == 200
    assert release(http, held[1]).status == 200
    keys = f"{held[2]['key']} {held[2]['lease']}"
    assert http.post(f"/q/{queue}?acks=1", form={"keys": keys}).json()[0]["deleted"]
    assert http.delete(f"/q/{queue}?key={queue}:5").status == 200
    assert stats(http, queue, "len", "leased", "acked") == (2, 1, 2)
    assert http.delete(f"/q/{queue}").json()["purged"] == 3


def test_leases_run_out_all_the_same(http, redis, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a")
    lease(http, queue)
    hold(http, queue, "takes")
    expire(redis, queue)
    assert_empty(http.get(f"/q/{queue}?soft=1"))
    assert stats(http, queue, "dead", "leased") == (1, 0)


def test_dead_letters_are_a_queue_of_their_own(http, redis, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a", "b")
    for _ in range(2):
        release(http, lease(http, queue))
    hold(http, queue, "takes")
    assert take(http, f"{queue}.dead") == "a"
    hold(http, f"{queue}.dead", "takes")
    assert_held(redis, "takes", lambda: http.get(f"/q/{queue}.dead"))
    assert http.post(f"/q/{queue}.dead?redrive=1", b"").json()["redriven"] == 1   # by the operator
    control(http, queue, "start", "takes")
    assert take(http, queue) == "b"


# --- pushes -------------------------------------------------------------------------------------

def pushes(http, queue):
    return [lambda: http.post(f"/q/{queue}", "a", TEXT),
            lambda: http.post(f"/q/{queue}?ttl=5", "a", TEXT),
            lambda: http.post(f"/q/{queue}?delay=5", "a", TEXT),
            lambda: http.post(f"/q/{queue}", "a\nb\n", NDJSON),
            lambda: http.post(f"/q/{queue}", form={"value": "a"}),
            lambda: http.post("/", form={"queue": queue, "value": "a"}),
            lambda: http.post(f"/q/{queue}", "a", {**TEXT, "Idempotency-Key": "new"})]


def test_pushes(http, redis, queue):
    push(http, queue, "a")
    hold(http, queue, "pushes")
    assert_held(redis, "pushes", *pushes(http, queue))
    for more in {"value": "a"}, {"values": ["a", "b"]}, {"value": "a", "once": "x", "delay": 5}:
        assert command(http, cmd="add", queue=queue, **more)["code"] == "held"
    control(http, queue, "start", "pushes")
    for respond in pushes(http, queue):
        assert respond().status == 200


def test_pushes_to_a_queue_that_is_empty_or_new(http, redis, queue):
    hold(http, queue, "pushes")
    assert_held(redis, "pushes", *pushes(http, queue))
    assert not redis.sismember("QUEUESET", queue)


def test_a_full_queue(http, redis, queue):
    """Held counts more than full: it is no use to make room."""
    policy(http, queue, max_length=1)
    push(http, queue, "a")
    hold(http, queue, "pushes")
    assert_held(redis, "pushes", *pushes(http, queue))


def test_a_push_that_is_repeated(http, redis, queue):
    """It was pushed before, and is told so."""
    headers = {**TEXT, "Idempotency-Key": "k"}
    assert http.post(f"/q/{queue}", "a", headers).status == 200
    hold(http, queue, "pushes")
    assert http.post(f"/q/{queue}", "a", headers).headers["Idempotent-Replay"] == "true"
    assert_error(http.post(f"/q/{queue}", "b", headers), 409, "conflict")


def test_a_redrive_is_a_push(http, redis, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a")
    release(http, lease(http, queue))
    hold(http, queue, "pushes")
    for options in "redrive=1", "redrive=1&count=1":
        assert_held(redis, "pushes", lambda: http.post(f"/q/{queue}.dead?{options}", b""))
    assert command(http, cmd="redrive", queue=f"{queue}.dead")["code"] == "held"
    control(http, queue, "start", "pushes")
    assert http.post(f"/q/{queue}.dead?redrive=1", b"").json()["redriven"] == 1


def test_what_goes_on_while_pushes_are_held(http, redis, queue):
    push(http, queue, "a", "b", "c")
    message = lease(http, queue)
    hold(http, queue, "pushes")
    release(http, message)
    assert take_all(http, queue) == ["a", "b", "c"]
    assert http.post(f"/pub/{queue}", "a", TEXT).status == 200


def test_both(http, redis, queue):
    push(http, queue, "a")
    hold(http, queue, "takes", "pushes", "streams")
    assert_held(redis, "takes", lambda: http.get(f"/q/{queue}"))
    assert_held(redis, "pushes", *pushes(http, queue))


# --- in Redis -----------------------------------------------------------------------------------

def calls(redis, act):
    """How many commands Redis ran, those of scripts too, by name; and how often keys were read."""
    redis.config_resetstat()
    before = redis.info("stats")
    act()
    after = redis.info("commandstats")
    hits = sum(redis.info("stats")[name] - before[name] for name in ("keyspace_hits", "keyspace_misses"))
    return {name: row["calls"] for name, row in after.items()
            if name not in ("cmdstat_info", "cmdstat_config|resetstat")}, hits


def test_plain_pushes_and_takes_look_at_nothing_more(http, redis, queue):
    push(http, queue, "a", "b")
    take(http, queue)
    assert calls(redis, lambda: push(http, queue, "c"))[0] == {
        f"cmdstat_{name}": 1 for name in ("evalsha", "llen", "exists", "get", "setnx", "incr", "lpush",
                                          "spublish" if servers.hash_tags else "publish")}
    assert calls(redis, lambda: take(http, queue))[0] == {
        f"cmdstat_{name}": 1 for name in ("evalsha", "exists", "lindex", "get", "rpop", "unlink")}


def test_settings_that_are_no_hash(http, redis, queue):
    push(http, queue, "a")
    redis.set(part(queue, "settings"), "x")
    for what in "takes", "pushes", "streams":
        assert_refused(redis, lambda: http.post(f"/control/{queue}",
                                                form={"status": "stop", "what": what}),
                       "damaged", part(queue, "settings"), status=500)


def test_metrics(http, queue):
    hold(http, queue, "takes")
    push(http, queue, "a")
    lines = http.get(f"/metrics?match={queue}").text.splitlines()
    assert f'restmq_queue_held{{queue="{queue}",what="takes"}} 1' in lines
    assert f'restmq_queue_held{{queue="{queue}",what="pushes"}} 0' in lines
