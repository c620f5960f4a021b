# test_browse.py - GET /j/foo with options: messages as they stand in a queue, which stays as it is.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import contextlib
import json
import threading
import time

import pytest

import stack as servers
from checks import assert_error, assert_json, push, take, take_all
from messages import MESSAGES
from reliable import ack, expire, lease, part, push_batch, release, stats


def browse(http, queue, more="limit=100"):
    """The answer without ages, which depend on who has taken samples: see test_ages.py."""
    answer = assert_json(http.get(f"/j/{queue}?{more}"))
    for row in answer.get("messages", [answer.get("message")]):
        age, is_what = row.pop("age_s"), row.pop("age_is")
        assert (age is None) == (is_what is None)
    return answer


def keys_of(answer):
    return [message["key"] for message in answer["messages"]]


def pages(http, queue, more):
    """All keys, page by page."""
    found, cursor, count = [], "0", 0
    while cursor is not None:
        answer = browse(http, queue, f"{more}&cursor={cursor}")
        found += keys_of(answer)
        cursor, count = answer.get("cursor"), count + 1
        assert count < 1000
    return found


def everything(redis, queue):
    names = sorted(redis.keys(f"*{queue}*"))
    return {name: redis.dump(name) for name in names}


def test_every_state(http, redis, queue):
    push(http, queue, "leased", "ready", "other")
    held = lease(http, queue)
    http.post(f"/q/{queue}?delay=60&ttl=500", "late", {"Content-Type": "text/plain"})
    before = everything(redis, queue)
    began = time.monotonic()
    answer = browse(http, queue)
    took_ms = 1000 * (time.monotonic() - began)
    assert everything(redis, queue) == before
    assert answer.keys() == {"queue", "now", "messages"} and answer["queue"] == queue
    late = answer["messages"][3]
    assert answer["messages"] == [
        {"key": f"{queue}:2", "state": "ready", "size": 5, "deliveries": 0, "value": "ready"},
        {"key": f"{queue}:3", "state": "ready", "size": 5, "deliveries": 0, "value": "other"},
        {"key": f"{queue}:1", "state": "leased", "size": 6, "deliveries": 1,
         "lease_until": held["lease_until"], "value": "leased"},
        {"key": f"{queue}:4", "state": "delayed", "size": 4, "deliveries": 0, "due": late["due"],
         "expires": late["expires"], "value": "late"}]
    assert held["lease"] not in json.dumps(answer)
    assert 0 < late["due"] - answer["now"] <= 60000 < late["expires"] - answer["now"] <= 560000 + 1
    began = time.monotonic()
    for state in "ready", "leased", "delayed":
        rows = [row for row in answer["messages"] if row["state"] == state]
        again = browse(http, queue, f"state={state}")["messages"]
        assert rows and [{**row, "expires": 0} for row in again] == [{**row, "expires": 0} for row in rows]
        # what is left of a ttl is counted from the script's begin, and read at some time while it runs
        late_ms = max(1, 1000 * (time.monotonic() - began) + took_ms)
        assert all(abs(one.get("expires", 0) - other.get("expires", 0)) <= late_ms for one, other in zip(rows, again))
    assert release(http, held).status == 200


def test_a_queue_without_messages(http, queue, unchanged):
    assert browse(http, queue)["messages"] == [] == browse(http, queue, "match=x")["messages"]


def test_reads_are_not_counted(http, queue):
    push(http, queue, "a")
    for more in "limit=1", f"key={queue}:1", "match=a", f"key={queue}:1&raw=1":
        assert http.get(f"/j/{queue}?{more}").status == 200
    assert assert_json(http.get(f"/q/{queue}?soft=1"))["count"] == 1


def test_without_an_option_it_is_the_page_of_jobs(http, queue):
    push(http, queue, "a")
    assert assert_json(http.get(f"/j/{queue}", {"Accept": "application/json"})) == {
        "queue": queue, "len": 1, "jobs": [f"{queue}:1"]}


def test_what_is_over_or_due_is_ready(http, redis, queue):
    push(http, queue, "a", "b")
    lease(http, queue)
    http.post(f"/q/{queue}?delay=60", "c", {"Content-Type": "text/plain"})
    expire(redis, queue)
    answer = browse(http, queue, "state=ready")
    assert keys_of(answer) == [f"{queue}:1", f"{queue}:2", f"{queue}:3"]
    assert "lease_until" not in json.dumps(answer) and stats(http, queue)["len"] == 3
    assert browse(http, queue, "state=leased")["messages"] == []
    assert browse(http, queue, "state=delayed")["messages"] == []


@pytest.mark.parametrize("limit", [1, 7, 50, 100])
def test_pages(http, redis, queue, limit):
    push_batch(http, queue, 30)
    for _ in range(4):
        lease(http, queue)
    for _ in range(3):
        http.post(f"/q/{queue}?delay=60", "x", {"Content-Type": "text/plain"})
    numbers = list(range(5, 31)) + [1, 2, 3, 4] + [31, 32, 33]
    assert pages(http, queue, f"limit={limit}") == [f"{queue}:{number}" for number in numbers]
    assert pages(http, queue, f"limit={limit}&state=delayed") == [f"{queue}:{n}" for n in (31, 32, 33)]
    # what is behind the end
    assert browse(http, queue, "cursor=1000000")["messages"] == []


def test_match(http, queue):
    push(http, queue, "an apple", "a pear", "APPLE", "")
    assert keys_of(browse(http, queue, "match=apple")) == [f"{queue}:1"]
    assert keys_of(browse(http, queue, f"match={queue}:3")) == [f"{queue}:3"]
    assert len(browse(http, queue, "match=.")["messages"]) == (4 if "." in queue else 0)
    assert browse(http, queue, "match=%25a")["messages"] == []


def test_match_goes_on_behind_many_others(http, redis, queue):
    """A request looks at some thousand; a page without messages has a cursor, and the work of a call is
    bounded."""
    redis.set(f"{queue}:UUID", 8000)
    redis.mset({f"{queue}:{number}": "needle" if number in (3, 7990) else "hay"
                for number in range(1, 8001)})
    redis.lpush(f"{queue}:queue", *(f"{queue}:{number}" for number in range(1, 8001)))
    first = browse(http, queue, "match=needle&limit=10")
    assert keys_of(first) == [f"{queue}:3"] and first["cursor"] == "5000"
    second = browse(http, queue, f"match=needle&limit=10&cursor={first['cursor']}")
    assert keys_of(second) == [f"{queue}:7990"] and "cursor" not in second
    redis.delete(f"{queue}:queue", *(f"{queue}:{number}" for number in range(1, 8001)))


def test_match_in_long_bodies(http, queue):
    """The first 64 KiB of each are searched, however few of them fit into a page."""
    bodies = ["x" * 65530 + "needle", "x" * 65531 + "needle", "needle" + "x" * 70000]
    push(http, queue, *bodies)
    assert pages(http, queue, "match=needle&cut=10") == [f"{queue}:1", f"{queue}:3"]


@pytest.mark.parametrize("name", MESSAGES)
def test_any_bytes(http, queue, name):
    body = MESSAGES[name]
    http.post(f"/q/{queue}", body, {"Content-Type": "application/octet-stream"})
    for more in "limit=1&cut=65536", f"key={queue}:1&cut=65536":
        answer = browse(http, queue, more)
        row = answer["message"] if "key=" in more else answer["messages"][0]
        value = row["value"].encode() if "encoding" not in row else base64.b64decode(row["value"])
        assert row["size"] == len(body) and value == body[:65536]
        assert row.get("cut", False) == (len(body) > 65536)
    raw = http.get(f"/j/{queue}?key={queue}:1&raw=1")
    assert (raw.status, raw.type, raw.body) == (200, "application/octet-stream", body)
    assert raw.headers["Content-Disposition"].startswith("attachment")
    assert raw.headers["X-Content-Type-Options"] == "nosniff"


def test_a_cut_leaves_whole_characters(http, queue):
    push(http, queue, "é€😀" * 10)
    for cut in range(0, 90):
        row = browse(http, queue, f"cut={cut}")["messages"][0]
        assert row["size"] == 90 and row["cut"] is True
        if cut >= 4:
            assert "encoding" not in row and "é€😀" * 10 == row["value"] + ("é€😀" * 10)[len(row["value"]):]
            assert cut - 4 < len(row["value"].encode()) <= cut
    row = browse(http, queue, "cut=90")["messages"][0]
    assert row["value"] == "é€😀" * 10 and "cut" not in row


def test_a_page_of_long_messages_is_cut_short(http, queue):
    push(http, queue, *["x" * 60000] * 30)
    answer = browse(http, queue, "cut=65536&limit=100")
    assert 2 < len(answer["messages"]) < 10
    assert len(pages(http, queue, "cut=65536&limit=100")) == 30


def test_one(http, redis, queue):
    push(http, queue, "a", "b")
    held = lease(http, queue)
    answer = browse(http, queue, f"key={queue}:1")
    assert answer == {"queue": queue, "now": answer["now"], "message": {
        "key": f"{queue}:1", "state": "leased", "size": 1, "deliveries": 1,
        "lease_until": held["lease_until"], "value": "a"}}
    assert browse(http, queue, f"key={queue}:2&cut=0")["message"] == {
        "key": f"{queue}:2", "state": "ready", "size": 1, "deliveries": 0, "value": "", "cut": True}
    for more in "", "&raw=1", "&cut=0":
        assert_error(http.get(f"/j/{queue}?key={queue}:3{more}"), 404, "not_found")
    assert ack(http, held).status == 200


def test_entries_without_a_message(http, redis, queue):
    """What is not the queue's is neither read nor told."""
    redis.set("elsewhere", "secret")
    push(http, queue, "a", "b", "c")
    redis.delete(f"{queue}:2")
    redis.lpush(f"{queue}:queue", "elsewhere", f"{queue}:x", b"\xff")
    redis.sadd(f"{queue}:4", "a set")
    redis.lpush(f"{queue}:queue", f"{queue}:4")
    answer = browse(http, queue)
    assert keys_of(answer) == [f"{queue}:1", f"{queue}:3"] and "secret" not in json.dumps(answer)
    assert "secret" not in json.dumps(browse(http, queue, "match=secret"))
    redis.delete("elsewhere", f"{queue}:queue", f"{queue}:4")


def test_an_entry_that_stands_twice(http, redis, queue):
    """It is leased, so a take passes over the other entry."""
    push(http, queue, "a")
    held = lease(http, queue)
    redis.lpush(f"{queue}:queue", f"{queue}:1")
    assert [row["state"] for row in browse(http, queue)["messages"]] == ["leased"]
    assert ack(http, held).status == 200


@pytest.mark.parametrize("kind", ["queue", "leases", "delayed"])
def test_a_damaged_queue(http, redis, queue, kind):
    name = f"{queue}:queue" if kind == "queue" else part(queue, kind)
    redis.set(name, "text")
    assert_error(http.get(f"/j/{queue}?limit=5"), 500, "damaged")
    redis.delete(name)


@pytest.mark.parametrize("more, code", [
    ("state=dead", "bad_value"), ("state=", "bad_value"), ("state=Ready", "bad_value"), ("limit=0", "bad_value"),
    ("limit=101", "bad_value"), ("limit=x", "bad_value"), ("cursor=-1", "bad_value"), ("cursor=", "bad_value"),
    ("cursor=9007199254740993", "bad_value"), ("cut=65537", "bad_value"), ("cut=-1", "bad_value"),
    ("match=", "bad_value"), ("match=" + "x" * 201, "bad_value"), ("key=other:1", "bad_value"), ("key=", "bad_value"),
    ("key=$:1&state=ready", "bad_request"), ("key=$:1&limit=5", "bad_request"), ("key=$:1&cursor=5", "bad_request"),
    ("key=$:1&match=x", "bad_request"), ("raw=1", "bad_request"), ("key=$:1&raw=2", "bad_value"),
    ("key=$:1&raw=1&cut=5", "bad_request"), ("key=$:x", "bad_value"), ("limit=5&limit=6", "bad_request"),
    ("colour=red", "bad_request")])
def test_bad_options(http, queue, unchanged, more, code):
    assert_error(http.get(f"/j/{queue}?{more.replace('$', queue)}"), 400, code)


def test_while_others_push_and_take(stack, http, queue):
    """A message may be missed or seen twice, but none is told that was never there."""
    push(http, queue, *(f"body of {number}" for number in range(1, 201)))
    is_over = threading.Event()

    def trouble():
        with contextlib.closing(servers.Http(stack.port)) as other:
            number = 200
            while not is_over.is_set():
                number += 1
                push(other, queue, f"body of {number}")
                take(other, queue)

    thread = threading.Thread(target=trouble)
    thread.start()
    try:
        for _ in range(20):
            cursor = "0"
            while cursor:
                answer = browse(http, queue, f"limit=30&cursor={cursor}")
                for row in answer["messages"]:
                    assert row["value"] == "body of " + row["key"].rpartition(":")[2]
                    assert row["state"] == "ready" and row["size"] == len(row["value"])
                assert len(set(keys_of(answer))) == len(answer["messages"])
                cursor = answer.get("cursor")
    finally:
        is_over.set()
        thread.join()
    take_all(http, queue)


# --- who sees what ------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def watched(builddir, tmp_path_factory):
    acl = tmp_path_factory.mktemp("acl") / "acl.conf"
    acl.write_text("[rest:producer]\n[rest:consumer]\nusername = me\npassword = secret\n[stats]\n")
    with servers.Stack(builddir, conf={"acl": acl}) as stack:
        yield stack


def test_who_may_not_read_sees_no_bodies(watched, queue):
    http, me = watched.http, servers.basic("me", "secret")
    push(http, queue, "hush", "hush")
    answer = browse(http, queue)
    assert answer["bodies"] is False and len(answer["messages"]) == 2
    assert browse(http, queue, f"key={queue}:2&cut=100")["message"] == {
        "key": f"{queue}:2", "state": "ready", "size": 4, "deliveries": 0}
    assert "hush" not in json.dumps(answer)
    assert browse(http, queue, "match=hush")["messages"] == []      # nor can they be guessed
    assert len(browse(http, queue, f"match={queue}:1")["messages"]) == 1
    assert_error(http.get(f"/j/{queue}?key={queue}:2&raw=1"), 401, "unauthorized")
    answer = assert_json(http.get(f"/j/{queue}?match=hush", me))
    assert [row["value"] for row in answer["messages"]] == ["hush", "hush"] and "bodies" not in answer
    assert http.get(f"/j/{queue}?key={queue}:2&raw=1", me).body == b"hush"


def test_keys(new_stack, queue):
    stack = new_stack(conf={"authkeys": "required"})
    redis = stack.redis.client()
    for key, privs in ("looks", ["stats"]), ("reads", ["read"]), ("writes", ["write"]):
        redis.set(f"AUTHKEY:{key}", json.dumps({"queues": ["foo"], "privs": privs}))
    assert stack.http.post("/q/foo", form={"value": "hush"}, headers={"X-Authkey": "writes"}).status == 200
    assert_error(stack.http.get("/j/foo?limit=1", {"X-Authkey": "writes"}), 403, "forbidden")
    assert_error(stack.http.get("/j/other?limit=1", {"X-Authkey": "reads"}), 403, "forbidden")
    assert "hush" not in stack.http.get("/j/foo?limit=1", {"X-Authkey": "looks"}).text
    assert "hush" in stack.http.get("/j/foo?limit=1", {"X-Authkey": "reads"}).text
    redis.close()
