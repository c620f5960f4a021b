# test_presence.py - who is connected: rows as helpers write them, and GET /presence.
#
# SPDX-License-Identifier: BSD-2-Clause

import collections
import json
import os
import subprocess
import threading
import time

import pytest

from checks import assert_error, assert_json, contents, heard, push

A, B, C = ("%032x" % number for number in (10, 11, 12))   # helpers
SINCE = 1700000000123


class Helper:
    """What helpers say to Redis, by the program's own calls."""

    def __init__(self, builddir, address):
        self.process = subprocess.Popen(
            [os.path.join(builddir, "tests", "presence", "driver"), address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def say(self, *lines):
        """Sends the lines together; returns the answers."""
        def write():
            self.process.stdin.write("".join(line + "\n" for line in lines).encode())
            self.process.stdin.flush()

        writer = threading.Thread(target=write)
        writer.start()
        answers = [self.process.stdout.readline().decode().rstrip("\n") for _ in lines]
        writer.join()
        return answers

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0


@pytest.fixture
def helper(builddir, stack):
    helper = Helper(builddir, stack.redis.address)
    yield helper
    helper.say(*(f"end {each}" for each in (A, B, C)))
    while helper.say("tidy") == ["ok more"]:
        pass
    helper.close()


@pytest.fixture
def topic(queue):
    return queue


def join(helper, topic, id, name="", via="sse", since=SINCE):
    return f"join {helper} {topic} {id} {since} {via} {name}"


def row(helper, id, name="", via="sse", since=SINCE):
    return {"id": id, "name": name, "since": since, "via": via, "helper": helper}


def die(redis, *helpers):
    """What Redis does when nobody says any more that they are alive."""
    for helper in helpers:
        assert redis.delete(f"restmq:helper:{helper}") == 1


def channel(topic):
    return f"restmq:presence:{{{topic}}}"


def events(redis, topic, count, action):
    return [json.loads(event) for event in heard(redis, channel(topic), count, action)]


def present(http, topic):
    return sorted(assert_json(http.get(f"/presence/{topic}")), key=lambda row: row["id"])


def topics(http):
    return assert_json(http.get("/presence"))["topics"]


def consumers(http, topic):
    return http.get(f"/stats/{topic}").json()["consumers"]


def own_keys(redis):
    return {key for key in redis.scan_iter("restmq:*", count=10000)
            if key.startswith((b"restmq:presence", b"restmq:helper", b"restmq:topics"))}


# --- joining and leaving ------------------------------------------------------------------------

def test_nobody(http, topic, unchanged):
    assert_json(http.get(f"/presence/{topic}"), [])
    assert topic not in topics(http)
    assert consumers(http, topic) == 0


def test_join_and_leave(http, redis, topic, helper):
    helper.say(f"beat {A}")
    joined = events(redis, topic, 2, lambda: helper.say(
        join(A, topic, "c1", "Ann", "websocket"), join(A, topic, "c2", via="comet", since=5)))
    assert joined == [
        {"event": "join", "topic": topic, "id": "c1", "name": "Ann", "since": SINCE,
         "via": "websocket"},
        {"event": "join", "topic": topic, "id": "c2", "name": "", "since": 5, "via": "comet"}]
    assert present(http, topic) == [row(A, "c1", "Ann", "websocket"),
                                    row(A, "c2", via="comet", since=5)]
    assert topics(http)[topic] == 2 and consumers(http, topic) == 2
    assert events(redis, topic, 1, lambda: helper.say(f"leave {A} {topic} c1")) == [
        {**joined[0], "event": "leave"}]
    assert present(http, topic) == [row(A, "c2", via="comet", since=5)]
    assert events(redis, topic, 1, lambda: helper.say(f"leave {A} {topic} c2")) == [
        {**joined[1], "event": "leave"}]
    assert topic not in topics(http)


def test_joining_twice_is_announced_once(http, redis, topic, helper):
    """The first word counts."""
    helper.say(f"beat {A}")
    assert len(events(redis, topic, 2, lambda: helper.say(
        join(A, topic, "c1", "Ann"), join(A, topic, "c1", "Bob")))) == 1
    assert present(http, topic) == [row(A, "c1", "Ann")]


def test_leaving_twice_is_announced_once(redis, topic, helper):
    helper.say(f"beat {A}", join(A, topic, "c1"))
    assert len(events(redis, topic, 2, lambda: helper.say(
        f"leave {A} {topic} c1", f"leave {A} {topic} c1", f"leave {A} {topic} c2"))) == 1


def test_nothing_is_left_behind(redis, topic, helper):
    helper.say(f"beat {A}")
    before = own_keys(redis)
    helper.say(join(A, topic, "c1"), join(A, topic, "c2"), join(A, topic + "/b", "c3"))
    assert len(own_keys(redis) - before) >= 4
    helper.say(f"leave {A} {topic} c1", f"leave {A} {topic} c2", f"leave {A} {topic}/b c3")
    assert own_keys(redis) == before


@pytest.mark.parametrize("name", ['"', "\\", '"}],{"', "</script>", "caf\u00e9 \U0001f407", "\x1b[0m",
                                  "tab\tand\rmore", "\u2028", "%s %n %1", "x" * 128, "*", "a b"])
def test_every_name_is_valid_json(http, redis, topic, helper, name):
    helper.say(f"beat {A}")
    came = events(redis, topic, 1, lambda: helper.say(join(A, topic, "c1", name)))
    gone = events(redis, topic, 1, lambda: helper.say(f"leave {A} {topic} c1"))
    assert [came[0]["name"], gone[0]["name"]] == [name, name]
    helper.say(join(A, topic, "c1", name))
    assert present(http, topic) == [row(A, "c1", name)]


@pytest.mark.parametrize("name", ["a/b/c", "a.b:c@d-e_f", "foo.dead", "-", "x" * 128])
def test_every_topic(http, redis, helper, name):
    helper.say(f"beat {A}")
    assert events(redis, name, 1, lambda: helper.say(join(A, name, "c1")))[0]["topic"] == name
    assert topics(http)[name] == 1 and present(http, name) == [row(A, "c1")]
    die(redis, A)
    assert events(redis, name, 1, lambda: helper.say("tidy"))[0]["topic"] == name


def test_the_same_person_through_two_helpers(http, redis, topic, helper):
    """Ids are the helpers' own."""
    helper.say(f"beat {A}", f"beat {B}", join(A, topic, "c1"), join(B, topic, "c1"))
    assert sorted(row["helper"] for row in present(http, topic)) == [A, B]
    assert topics(http)[topic] == 2
    helper.say(f"leave {A} {topic} c1")
    assert present(http, topic) == [row(B, "c1")]


def test_consumers_of_a_queue(http, topic, helper):
    push(http, topic, "a")
    helper.say(f"beat {A}", f"beat {B}", *(join(A, topic, f"a{n}") for n in range(3)),
               *(join(B, topic, f"b{n}") for n in range(4)), join(A, topic + "x", "c"))
    assert consumers(http, topic) == 7
    assert http.get("/stats").json()["queues"][topic]["consumers"] == 7
    assert http.post("/queue", json.dumps({"cmd": "stats", "queue": topic}),
                     {"Content-Type": "application/json"}).json()["consumers"] == 7


# --- helpers ------------------------------------------------------------------------------------

def test_a_beat_tells_whether_it_was_the_first(redis, helper):
    assert helper.say(f"beat {A}", f"beat {A}") == ["not_found", "ok"]
    assert 15000 < redis.pttl(f"restmq:helper:{A}") <= 20000
    redis.pexpire(f"restmq:helper:{A}", 10000)
    assert helper.say(f"beat {A}") == ["ok"]
    assert redis.pttl(f"restmq:helper:{A}") > 15000
    die(redis, A)
    assert helper.say(f"beat {A}") == ["not_found"]


def test_a_dead_helper_s_consumers_are_not_shown(http, redis, topic, helper):
    helper.say(f"beat {A}", f"beat {B}", join(A, topic, "c1", "Ann"), join(B, topic, "c2"),
               join(A, topic + "/x", "c3"))
    push(http, topic, "a")
    redis.pexpire(f"restmq:helper:{A}", 100)
    time.sleep(0.2)
    assert consumers(http, topic) == 1
    assert http.get("/stats").json()["queues"][topic]["consumers"] == 1
    gone = events(redis, topic, 2, lambda: present(http, topic) == [row(B, "c2")] or 1 / 0)
    assert gone == [{"event": "leave", "topic": topic, "id": "c1", "name": "Ann", "since": SINCE,
                     "via": "sse"}]
    assert topics(http) == {topic: 1}
    assert not redis.exists(f"restmq:presence:{{{topic}/x}}:{A}", f"restmq:helper:{A}:topics")
    assert not redis.sismember("restmq:helpers", A)


def test_an_end_in_order(http, redis, topic, helper):
    helper.say(f"beat {A}", join(A, topic, "c1"), join(A, topic, "c2"))
    gone = events(redis, topic, 3, lambda: helper.say(f"end {A}", "tidy", "tidy"))
    assert sorted(event["id"] for event in gone) == ["c1", "c2"]
    assert present(http, topic) == []


def presence_of(redis):
    """Other tests' messages may expire meanwhile."""
    return {key: what for key, what in contents(redis).items() if key.startswith(b"restmq:")}


def test_tidy_leaves_the_living_alone(redis, topic, helper):
    helper.say(f"beat {A}", join(A, topic, "c1"))
    before = presence_of(redis)
    assert helper.say("tidy") == ["ok"]
    assert presence_of(redis) == before


def test_one_that_was_taken_for_dead_comes_back(http, redis, topic, helper):
    helper.say(f"beat {A}", join(A, topic, "c1"))
    die(redis, A)
    assert present(http, topic) == []
    assert helper.say(f"beat {A}") == ["not_found"]
    assert len(events(redis, topic, 1, lambda: helper.say(join(A, topic, "c1")))) == 1
    assert present(http, topic) == [row(A, "c1")]


def test_one_that_was_not_yet_removed_comes_back(http, redis, topic, helper):
    """Nobody looked meanwhile: nobody left."""
    helper.say(f"beat {A}", join(A, topic, "c1"))
    die(redis, A)
    assert events(redis, topic, 1, lambda: helper.say(f"beat {A}", join(A, topic, "c1"))) == []
    assert present(http, topic) == [row(A, "c1")]


def test_a_row_of_one_that_never_was_alive_is_found(http, redis, topic, helper):
    helper.say(join(C, topic, "c1"))
    assert present(http, topic) == []
    assert not redis.exists(channel(topic))


@pytest.mark.parametrize("readers", [1, 8])
def test_each_leave_is_announced_once(builddir, stack, http, redis, topic, helper, readers):
    """Though many find the dead helpers at the same time: browsers, and other helpers."""
    count = 1500
    helper.say(f"beat {A}", f"beat {B}", *(join(A if n % 2 else B, topic, f"c{n}")
                                           for n in range(count)))
    die(redis, A, B)
    others = [Helper(builddir, stack.redis.address) for _ in range(readers // 2)]

    def look(other):
        for _ in range(10):
            assert http.get(f"/presence/{topic}").json() == []
            assert topic not in http.get("/presence").json()["topics"]
            if other:
                other.say("tidy")
        http.close()

    def look_all():
        threads = [threading.Thread(target=look, args=(others[n] if n < len(others) else None,))
                   for n in range(readers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    gone = events(redis, topic, count + 1, look_all)
    for other in others:
        other.close()
    assert {event["event"] for event in gone} == {"leave"}
    assert collections.Counter(event["id"] for event in gone) == {f"c{n}": 1 for n in range(count)}
    assert not redis.exists(channel(topic), f"{channel(topic)}:{A}", f"{channel(topic)}:{B}")


def test_many_rows_go_in_bounded_calls(redis, topic, helper):
    rows = 10000
    helper.say(f"beat {A}", *(join(A, topic, f"c{n}") for n in range(rows)))
    die(redis, A)
    key, left = f"{channel(topic)}:{A}", [rows]
    while left[-1]:
        answer = helper.say("tidy")
        left.append(redis.hlen(key))
        assert 0 < left[-2] - left[-1] <= 1000
        assert answer == ["ok more" if left[-1] else "ok"]
    assert len(left) <= 13
    assert not redis.sismember("restmq:topics", topic) and not redis.sismember("restmq:helpers", A)


def test_many_topics_go_in_bounded_calls(redis, topic, helper):
    helper.say(f"beat {A}", *(join(A, f"{topic}/{n}", "c") for n in range(2500)))
    die(redis, A)
    calls = 1
    while helper.say("tidy") == ["ok more"]:
        calls += 1
        assert calls < 6
    assert not [key for key in own_keys(redis) if topic.encode() + b"/" in key]
    assert calls >= 3


def test_many_dead_helpers(redis, topic, helper):
    helpers = ["%032x" % (1000 + number) for number in range(1500)]
    helper.say(*(join(each, topic, "c") for each in helpers))
    for _ in range(5):
        if helper.say("tidy") == ["ok"]:
            break
    assert not redis.exists(channel(topic))
    assert not redis.smismember("restmq:helpers", helpers).count(1)


# --- pages --------------------------------------------------------------------------------------

LONG = "n" * 100        # Redis reads a small hash of short rows only whole


def pages(http, path, limit):
    """The answers of all pages."""
    query, answers = f"?limit={limit}", []
    while query:
        response = http.get(path + query)
        answers.append(assert_json(response))
        link = response.headers.get("Link")
        query = link and link.removeprefix("<").removesuffix('>; rel="next"')
        assert len(answers) < 500
    return answers


@pytest.mark.parametrize("limit", [1, 10, 999, 1000])
def test_pages_of_a_topic(http, redis, topic, helper, limit):
    """Over several helpers, among them small ones, an empty and a dead one."""
    helper.say(f"beat {A}", f"beat {B}", f"beat {C}", join(A, topic, "a1"), join(B, topic, "b1"),
               *(join(C, topic, f"c{n}", LONG) for n in range(300)), join("f" * 32, topic, "f1"))
    answers = pages(http, f"/presence/{topic}", limit)
    ids = [row["id"] for answer in answers for row in answer]
    assert sorted(ids) == sorted(["a1", "b1"] + [f"c{n}" for n in range(300)])
    assert max(len(answer) for answer in answers) <= limit + 20
    assert len(answers) > 300 / (limit + 20)


def test_a_page_goes_on_behind_a_helper_that_died(http, redis, topic, helper):
    helper.say(f"beat {A}", f"beat {B}", *(join(A, topic, f"a{n}", LONG) for n in range(500)),
               *(join(B, topic, f"b{n}", LONG) for n in range(500)))
    response = http.get(f"/presence/{topic}?limit=100")
    die(redis, A)
    cursor = response.headers["Link"].split("=")[1].split("&")[0]
    assert cursor.endswith("-" + A)
    rows = assert_json(http.get(f"/presence/{topic}?limit=1000&cursor={cursor}"))
    assert {row["helper"] for row in rows} == {B} and len(rows) == 500


def test_pages_of_topics(http, topic, helper):
    helper.say(f"beat {A}", *(join(A, f"{topic}/{n}", "c") for n in range(300)),
               *(join(A, f"{topic}/{n}", "d") for n in range(100)))
    found = {}
    for answer in pages(http, "/presence", 50):
        found.update(answer["topics"])
    assert {name: count for name, count in found.items() if name.startswith(topic + "/")} == {
        f"{topic}/{n}": 2 if n < 100 else 1 for n in range(300)}


@pytest.mark.parametrize("path, query, mention", [
    ("/presence", "limit=0", "limit"), ("/presence", "limit=1001", "limit"),
    ("/presence", "cursor=x", "cursor"), ("/presence", "cursor=1-0a", "cursor"),
    ("/presence", "cursor=18446744073709551616", "cursor"), ("/presence/foo", "cursor=1", "cursor"),
    ("/presence/foo", "cursor=x-0a", "cursor"), ("/presence/foo", "cursor=1-", "cursor"),
    ("/presence/foo", "cursor=1-*", "cursor"), ("/presence/foo", "limit=", "limit")])
def test_bad_pages(http, unchanged, path, query, mention):
    assert_error(http.get(f"{path}?{query}"), 400, "bad_value", mention)


def test_unknown_options(http, unchanged):
    for path in "/presence?x=1", "/presence/foo?x=1":
        assert_error(http.get(path), 400, "bad_request", "x")


# --- what somebody else put there ---------------------------------------------------------------

def test_what_is_no_row_is_not_listed(http, redis, topic, helper):
    helper.say(f"beat {A}", join(A, topic, "c1"))
    redis.hset(f"{channel(topic)}:{A}", mapping={"x": "no json", "y": "{}", "z": b"\xff", "": ""})
    redis.sadd("restmq:topics", "no name", b"\xff")
    assert present(http, topic) == [row(A, "c1")]
    assert topic in topics(http)
    redis.srem("restmq:topics", "no name", b"\xff")


@pytest.mark.parametrize("key, paths", [
    ("restmq:presence:{{{0}}}", ["/presence/{0}", "/stats/{0}"]),
    ("restmq:presence:{{{0}}}:" + A, ["/presence/{0}", "/presence", "/stats/{0}"])])
def test_damaged_keys_are_named(http, redis, topic, helper, key, paths):
    helper.say(f"beat {A}", join(A, topic, "c1"))
    key = key.format(topic)
    redis.set(key, "x")
    try:
        for path in paths:
            assert_error(http.get(path.format(topic)), 500, "damaged", key)
        assert helper.say(join(A, topic, "c2")) == ["damaged"] or ":" + A not in key
    finally:
        redis.delete(key, channel(topic), f"{channel(topic)}:{A}")
        redis.srem("restmq:topics", topic)
        redis.srem(f"restmq:helper:{A}:topics", topic)


def test_a_full_redis(new_stack, builddir):
    """Who is alive stays alive, who leaves leaves, and the dead are removed; nobody joins."""
    stack = new_stack(workers=1)
    redis, helper = stack.redis.client(), Helper(builddir, stack.redis.address)
    helper.say(f"beat {A}", f"beat {B}", join(A, "foo", "c1"), join(A, "foo", "c2"),
               join(B, "foo", "c3"))
    redis.config_set("maxmemory", 1)
    assert helper.say(f"beat {A}", join(A, "foo", "c4"), f"leave {A} foo c1") == [
        "ok", "no_space", "ok"]
    die(redis, B)
    assert helper.say("tidy") == ["ok"]
    assert present(stack.http, "foo") == [row(A, "c2")]
    helper.close()


def test_other_readers_need_no_writing(new_stack, builddir):
    """A replica answers, though nobody can be removed there."""
    stack = new_stack(workers=1)
    redis, helper = stack.redis.client(), Helper(builddir, stack.redis.address)
    helper.say(f"beat {A}", join(A, "foo", "c1"), join(B, "foo", "c2"))
    redis.config_set("min-replicas-to-write", 1)
    assert present(stack.http, "foo") == [row(A, "c1")]
    assert topics(stack.http) == {"foo": 1}
    helper.close()
