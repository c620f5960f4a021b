# test_kept.py - channels that remember: PUT and GET /pub/channel, what is kept, and for how long.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import random
import re
import threading

import pytest

import stack as servers
from checks import assert_error, assert_json, command, heard
from clients import Http
from consumers import Websocket
from messages import MESSAGES

BYTES = {"Content-Type": "application/octet-stream"}
ID = re.compile(r"[0-9a-f]{13}-[1-9]\d{12}-[1-9]\d*")
MIB = 1024 * 1024


def keep(http, channel, **options):
    words = "&".join(f"{name}={value}" for name, value in options.items())
    return http.request("PUT", f"/pub/{channel}?{words}")


def publish(http, channel, message):
    answer = http.post(f"/pub/{channel}", message, BYTES)
    assert answer.status == 200, answer
    return answer.json().get("id")


def since(http, channel, start="0", limit=None):
    """What a poller gets: (is there a gap?, messages)."""
    answer = http.get(f"/pub/{channel}?since={start}" + (f"&limit={limit}" if limit else ""))
    if answer.status == 204:
        return False, []
    rows = assert_json(answer)
    is_gap = rows[0].get("event") == "gap"
    return is_gap, rows[1:] if is_gap else rows


def data(rows):
    return [row["data"] for row in rows]


def state(http, channel):
    return assert_json(http.get(f"/pub/{channel}"))


# --- settings -----------------------------------------------------------------------------------

def test_a_channel_that_keeps_nothing(http, queue, unchanged):
    assert state(http, queue) == {"channel": queue, "keep": 0, "keep_bytes": 0, "keep_s": 0, "kept": 0,
                                  "first": None, "last": None, "subscribers": 0}
    assert publish(http, queue, "a") is None
    assert_error(http.get(f"/pub/{queue}?since=0"), 404, "not_found", "keeps nothing")
    assert_error(keep(http, queue, keep_s=5), 400, "bad_request", "keep=")
    assert_json(keep(http, queue, keep=0), {"channel": queue, "keep": 0, "keep_bytes": 0, "keep_s": 0})


def test_settings_stay_until_they_are_set(http, redis, queue):
    assert_json(keep(http, queue, keep=5), {"channel": queue, "keep": 5, "keep_bytes": 16 * MIB, "keep_s": 0})
    first = publish(http, queue, "a")
    assert_json(keep(http, queue, keep_s=50), {"channel": queue, "keep": 5, "keep_bytes": 16 * MIB, "keep_s": 50})
    assert 0 < redis.pttl(f"restmq:log:{{{queue}}}") <= 50000
    assert_json(keep(http, queue, keep_bytes=99), {"channel": queue, "keep": 5, "keep_bytes": 99, "keep_s": 50})
    assert_json(keep(http, queue, keep=100000, keep_bytes=0, keep_s=0),
                {"channel": queue, "keep": 100000, "keep_bytes": 16 * MIB, "keep_s": 0})
    assert redis.pttl(f"restmq:log:{{{queue}}}") == -1
    assert since(http, queue) == (False, [{"id": first, "data": "a"}])
    keep(http, queue, keep=0)
    assert not redis.keys(f"restmq:log:{{{queue}}}*")
    assert publish(http, queue, "b") is None


@pytest.mark.parametrize("options", [
    "", "keep=-1", "keep=100001", "keep=x", "keep=", "keep=1&keep=2", "keep=1&keep_bytes=1073741825", "keep=1&keep_s=-1",
    "keep=1&keep_s=315360001", "keep=1&colour=red", "keep=1.5"])
def test_bad_settings(http, queue, unchanged, options):
    assert_error(http.request("PUT", f"/pub/{queue}?{options}"), 400,
                 "bad_request" if options in ("", "keep=1&keep=2", "keep=1&colour=red") else "bad_value")


@pytest.mark.parametrize("channel", ["a:PUBSUB", "restmq:a", "__keyevent@0__:set", "a:queue"])
def test_bad_names(http, unchanged, channel):
    assert_error(keep(http, channel, keep=1), 400, "bad_name")


def test_a_queue_of_the_same_name(http, queue):
    """They have nothing to do with each other."""
    http.post(f"/q/{queue}", "in the queue", BYTES)
    keep(http, queue, keep=5)
    publish(http, queue, "on the channel")
    assert http.get(f"/q/{queue}?raw=1").text == "in the queue"
    http.delete(f"/q/{queue}?remove=1")
    assert data(since(http, queue)[1]) == ["on the channel"]


# --- what is kept -------------------------------------------------------------------------------

def test_every_byte_and_every_way(http, redis, queue):
    keep(http, queue, keep=1000)
    expected = list(MESSAGES.values())
    for number, message in enumerate(expected):
        if number % 2:
            assert ID.fullmatch(publish(http, queue, message))
        else:
            answer = command(http, cmd="pub", channel=queue, value=base64.b64encode(message).decode(), encoding="base64")
            assert ID.fullmatch(answer.json()["id"])
    found, last = [], "0"
    while True:
        is_gap, rows = since(http, queue, last)
        assert not is_gap
        if not rows:
            break
        for row in rows:
            value = row["data"]
            found.append(base64.b64decode(value) if row.get("encoding") else value.encode())
        last = rows[-1]["id"]
    assert found == expected
    told = state(http, queue)
    assert (told["kept"], told["last"]) == (len(expected), last)


def test_what_is_published_besides(http, redis, queue):
    """The text on the channel, as ever, and before it id and text on that of the log."""
    keep(http, queue, keep=5)
    news = f"{{{queue}}}:restmq:log" if servers.hash_tags else f"restmq:log:{{{queue}}}"
    if not servers.hash_tags:
        ids = []
        assert heard(redis, news, 1, lambda: ids.append(publish(http, queue, "a b"))) == [f"{ids[0]} a b".encode()]
    assert heard(redis, queue, 1, lambda: publish(http, queue, "a b")) == [b"a b"]


def test_a_websocket_publishes(new_stack, queue):
    """And the helper answers at its own address as the responder does."""
    stack = new_stack(helpers=1, workers=1)
    own = Http(stack.ws_port)
    assert keep(own, queue, keep=5).status == 200
    with Websocket(stack.ws_port).connect(f"/sub/{queue}") as subscriber:
        subscriber.send("from a page")
        assert subscriber.raw() == "from a page"
        publish(own, queue, "from a program")
        assert subscriber.raw() == "from a program"
    rows = since(own, queue)
    assert rows == since(stack.http, queue) and data(rows[1]) == ["from a page", "from a program"]


@pytest.mark.parametrize("most", [1, 3, 99, 100, 150])
def test_the_newest_are_kept(http, queue, most):
    keep(http, queue, keep=most)
    ids = [publish(http, queue, str(number)) for number in range(most + 21)]
    is_gap, rows = since(http, queue, limit=1000)
    assert (is_gap, [row["id"] for row in rows]) == (False, ids[21:])
    told = state(http, queue)
    assert (told["kept"], told["first"], told["last"]) == (most, ids[21], ids[-1])
    keep(http, queue, keep=1)
    assert since(http, queue) == (False, rows[-1:])


def test_bytes_are_bounded(http, redis, queue):
    keep(http, queue, keep=1000, keep_bytes=10000)
    ids = [publish(http, queue, "x" * 1000) for _ in range(50)]
    rows = since(http, queue, limit=1000)[1]
    assert 9 <= len(rows) <= 10 and [row["id"] for row in rows] == ids[-len(rows):]
    publish(http, queue, "x" * 10001)
    assert (since(http, queue), state(http, queue)["kept"]) == ((False, []), 0)
    assert since(http, queue, ids[-1])[0]
    publish(http, queue, "small")
    assert data(since(http, queue)[1]) == ["small"]


def test_many_small_ones_before_a_large_one(http, redis, queue):
    """They go in steps."""
    keep(http, queue, keep=5000, keep_bytes=100000)
    for _ in range(1200):
        publish(http, queue, "x")
    for _ in range(12):
        publish(http, queue, "x" * 24000)
    assert redis.xlen(f"restmq:log:{{{queue}}}") <= 4
    assert len(since(http, queue)[1]) <= 4


def test_seconds(http, redis, queue):
    """Also without a new message; who knew the last one has missed nothing."""
    keep(http, queue, keep=100, keep_s=2)
    first, last = publish(http, queue, "a"), publish(http, queue, "b")
    servers.wait_for(lambda: state(http, queue)["kept"] == 0)
    servers.wait_for(lambda: not redis.exists(f"restmq:log:{{{queue}}}"))
    assert since(http, queue) == (False, [])
    assert since(http, queue, last) == (False, [])
    assert since(http, queue, first) == (True, [])
    later = publish(http, queue, "c")
    assert later.split("-")[0] == last.split("-")[0]
    assert since(http, queue, last) == (False, [{"id": later, "data": "c"}])


# --- from where ---------------------------------------------------------------------------------

def test_pages(http, queue):
    keep(http, queue, keep=1000)
    ids = [publish(http, queue, str(number)) for number in range(250)]
    found, last = [], "0"
    while rows := since(http, queue, last, 33)[1]:
        assert len(rows) <= 33
        found += [row["id"] for row in rows]
        last = found[-1]
    assert found == ids
    assert len(since(http, queue)[1]) == 100
    for place in random.sample(range(250), 20):
        is_gap, rows = since(http, queue, ids[place], 1000)
        assert (is_gap, [row["id"] for row in rows]) == (False, ids[place + 1:])


def test_large_ones_come_a_few_at_a_time(http, queue):
    keep(http, queue, keep=100)
    for _ in range(5):
        publish(http, queue, "x" * 700000)
    assert len(since(http, queue)[1]) == 2


def test_a_gap_only_where_there_is_one(http, queue):
    keep(http, queue, keep=3)
    ids = [publish(http, queue, str(number)) for number in range(10)]
    for number, known in enumerate(ids):
        is_gap, rows = since(http, queue, known)
        assert is_gap == (number < 6)
        assert [row["id"] for row in rows] == ids[max(number + 1, 7):]


def test_ids_that_the_log_does_not_know(http, queue):
    """All that is there, and that something may be gone."""
    other = queue + ".other"
    for channel in queue, other:
        keep(http, channel, keep=5)
    ids = [publish(http, queue, str(number)) for number in range(3)]
    foreign = publish(http, other, "x")
    epoch, ms, number = ids[1].split("-")
    for bad in (foreign, f"{epoch}-{ms}-4", f"{epoch}-{int(ms) + 99999999}-2", f"{epoch}-1-1", f"{epoch}-9-9", "junk", "",
                "-", "00", "-1", f"{epoch}-{ms}-99999999999999999999", "x" * 1500,
                "%24", "+", "*", "(1-1"):
        is_gap, rows = since(http, queue, bad)
        expected = ids[1:] if bad == f"{epoch}-1-1" and not is_gap else ids
        assert [row["id"] for row in rows] == expected, bad
        assert is_gap or expected != ids, bad
    assert http.get(f"/pub/{queue}?since=" + "x" * 10240).status in (200, 400, 414, 431)


def test_a_poller_is_told_of_a_gap_once(http, queue):
    keep(http, queue, keep=5)
    first = assert_json(http.get(f"/pub/{queue}?since=junk"))
    assert [row["event"] for row in first] == ["gap"]
    assert since(http, queue, first[0]["id"]) == (False, [])
    publish(http, queue, "a")
    assert data(since(http, queue, first[0]["id"])[1]) == ["a"]


@pytest.mark.parametrize("loss", ["deleted", "made anew", "state"])
def test_a_lost_log_has_another_epoch(http, redis, queue, loss):
    keep(http, queue, keep=5)
    before = [publish(http, queue, "a"), publish(http, queue, "b")]
    if loss == "deleted":
        redis.delete(f"restmq:log:{{{queue}}}")
        assert since(http, queue, before[0]) == (True, [])
    elif loss == "state":
        redis.hdel(f"restmq:log:{{{queue}}}:keep", "last")
        assert since(http, queue, before[1]) == (True, [])
    else:
        keep(http, queue, keep=0)
        keep(http, queue, keep=5)
    after = publish(http, queue, "c")
    assert after.split("-")[0] != before[1].split("-")[0]
    for known in before:
        assert since(http, queue, known) == (True, [{"id": after, "data": "c"}])


@pytest.mark.parametrize("options", ["limit=5", "since=0&limit=0", "since=0&limit=1001", "since=0&since=1", "since=0&count=1"])
def test_bad_options(http, queue, unchanged, options):
    assert http.get(f"/pub/{queue}?{options}").status == 400


# --- trouble ------------------------------------------------------------------------------------

def test_a_full_redis_drops_the_log_and_not_the_publish(new_stack, plain_scripts):
    stack = new_stack(workers=1)
    redis = stack.redis.client()
    keep(stack.http, "news", keep=5)
    before = publish(stack.http, "news", "a")
    redis.config_set("maxmemory", 1)
    assert publish(stack.http, "news", "b") is None
    assert heard(redis, "news", 1, lambda: publish(stack.http, "news", "c")) == [b"c"]
    assert since(stack.http, "news") == (False, [])
    assert since(stack.http, "news", before) == (True, [])
    redis.config_set("maxmemory", 0)
    after = publish(stack.http, "news", "d")
    assert since(stack.http, "news", before) == (True, [{"id": after, "data": "d"}])


@pytest.mark.parametrize("key", ["restmq:log:{%s}", "restmq:log:{%s}:keep"])
def test_a_damaged_key_is_named(http, redis, queue, key):
    keep(http, queue, keep=5)
    redis.delete(key % queue)
    redis.set(key % queue, "x")
    answers = []
    assert heard(redis, queue, 1, lambda: answers.append(http.post(f"/pub/{queue}", "x", BYTES))) == []
    assert_error(answers[0], 500, "damaged", key % queue)
    assert_error(http.get(f"/pub/{queue}?since=0"), 500, "damaged")
    redis.delete(key % queue, f"restmq:log:{{{queue}}}:keep")


def test_many_publish_at_once(stack, http, queue):
    """Numbers have no gaps, ids of one publisher come in its order, and a poller sees each once."""
    keep(http, queue, keep=100000)
    ids, found = [[] for _ in range(4)], []

    def run(mine):
        client = type(http)(http.port)
        for number in range(250):
            mine.append(publish(client, queue, str(number)))

    threads = [threading.Thread(target=run, args=(mine,)) for mine in ids]
    for thread in threads:
        thread.start()
    last = "0"
    while len(found) < 1000 and (any(thread.is_alive() for thread in threads) or since(http, queue, last)[1]):
        is_gap, rows = since(http, queue, last)
        assert not is_gap
        found += [row["id"] for row in rows]
        last = found[-1] if found else "0"
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(sum(ids, []))
    numbers = [int(id.split("-")[2]) for id in found]
    assert numbers == list(range(1, 1001))
    for mine in ids:
        assert sorted(mine, key=lambda id: int(id.split("-")[2])) == mine
