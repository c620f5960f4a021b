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

import stack as servers
from checks import assert_error, assert_json, contents, heard, listed, push

A, B, C = ("%032x" % number for number in (10, 11, 12))   # helpers
SINCE = 1700000000123


class Helper:
    """What helpers say to Redis, by the program's own calls."""

    def __init__(self, builddir, address):
        self.process = subprocess.Popen(
            [os.path.join(builddir, "tests", "presence", "driver"), address,
             *servers.driver_options()],
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
    assert helper.say("tidy") == ["ok"]
    helper.close()


@pytest.fixture
def topic(queue):
    return queue


def join(helper, topic, id, name="", via="sse", since=SINCE):
    return f"join {helper} {topic} {id} {since} {via} {name}"


def row(helper, id, name="", via="sse", since=SINCE):
    return {"id": id, "name": name, "since": since, "via": via, "helper": helper}


HELPERS, TOPICS = "restmq:helpers", "restmq:topics"
KEPT = 1.1              # so long a responder may believe that a helper is alive


def set_beat(redis, helper, seconds):
    """Its last beat was so many seconds ago; by Redis's clock, which is ours."""
    assert redis.zscore(HELPERS, helper) is not None
    redis.zadd(HELPERS, {helper: round((time.time() - seconds) * 1000)})


def die(redis, *helpers):
    """Nobody has said for long that they are alive."""
    for helper in helpers:
        set_beat(redis, helper, 20.1)
    time.sleep(KEPT)


def channel(topic):
    return f"restmq:presence:{{{topic}}}"


def heard_on(redis, channels, action):
    """The events of these channels, as long as that takes."""
    with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        for each in channels:       # which may have slots of their own
            pubsub.subscribe(each)
            assert pubsub.get_message(timeout=5) is None
        action()
        found = []
        while message := pubsub.get_message(timeout=0.5):
            found.append(json.loads(message["data"]))
        return found


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
            if key.startswith((b"restmq:presence", b"restmq:helper")) and not key.endswith(b":about")}


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
    """But that it was seen, a moment ago; that goes with a later beat of any helper."""
    helper.say(f"beat {A}")
    before = own_keys(redis)
    helper.say(join(A, topic, "c1"), join(A, topic, "c2"), join(A, topic + "/b", "c3"))
    assert len(own_keys(redis) - before) >= 4
    helper.say(f"leave {A} {topic} c1", f"leave {A} {topic} c2", f"leave {A} {topic}/b c3",
               f"strike {A} {topic}", f"strike {A} {topic}/b")
    assert own_keys(redis) == before
    redis.zadd(TOPICS, {topic: 1, topic + "/b": (time.time() + 31) * 1000, topic + "/c": (time.time() - 29) * 1000})
    helper.say(f"seen {topic}/d", f"seen {topic}/d")
    scores = redis.zmscore(TOPICS, [topic, topic + "/b", topic + "/c", topic + "/d"])
    assert scores[:2] == [None, None] and scores[2] and abs(scores[3] / 1000 - time.time()) < 5


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
    assert listed(http, "/stats", topic)["consumers"] == 7
    assert http.post("/queue", json.dumps({"cmd": "stats", "queue": topic}),
                     {"Content-Type": "application/json"}).json()["consumers"] == 7


# --- helpers ------------------------------------------------------------------------------------

def test_a_beat_tells_whether_it_is_alive(redis, helper):
    """One that came too late has no effect: it stays dead."""
    assert helper.say(f"again {A}", f"beat {A}", f"again {A}") == ["not_found", "ok", "ok"]
    for seconds in 19, -19:
        set_beat(redis, A, seconds)
        assert helper.say(f"again {A}") == ["ok"]
        assert abs(redis.zscore(HELPERS, A) / 1000 - time.time()) < 5
    for seconds in 20.1, -25, 1e9:
        set_beat(redis, A, seconds)
        before = redis.zscore(HELPERS, A)
        assert helper.say(f"again {A}") == ["not_found"]
        assert redis.zscore(HELPERS, A) == before
    assert helper.say(f"beat {A}", f"end {A}", f"again {A}") == ["ok", "ok", "not_found"]


def test_a_clock_that_was_set_back(http, redis, topic, helper):
    """What was said in a time to come holds for as long as anything else, and then it is none."""
    helper.say(f"beat {A}", f"beat {B}", join(A, topic, "c1"), join(B, topic, "c2"))
    redis.zadd(TOPICS, {topic: round((time.time() + 29) * 1000)})
    set_beat(redis, A, -19)
    set_beat(redis, B, -3600)
    time.sleep(KEPT)
    gone = events(redis, topic, 1, lambda: present(http, topic) == [row(A, "c1")] or 1 / 0)
    assert [event["id"] for event in gone] == ["c2"]
    assert topics(http)[topic] == 1
    assert redis.zscore(HELPERS, B) is None
    redis.zadd(TOPICS, {topic: round((time.time() + 3600) * 1000)})
    assert topic not in topics(http)
    assert helper.say(f"again {A}", f"seen {topic}") == ["ok", "ok"]
    assert topics(http)[topic] == 1


def test_a_new_helper_is_known_at_once(http, redis, topic, helper):
    """Though who is alive was asked a moment ago."""
    helper.say(f"beat {A}", join(A, topic, "c1"))
    for _ in range(10):
        assert present(http, topic) == [row(A, "c1")] and consumers(http, topic) == 1
    helper.say(f"beat {B}", join(B, topic, "c2"))
    for _ in range(10):
        assert len(present(http, topic)) == 2 and consumers(http, topic) == 2
        assert topics(http)[topic] == 2


def test_a_dead_helper_s_consumers_are_not_shown(http, redis, topic, helper):
    helper.say(f"beat {A}", f"beat {B}", join(A, topic, "c1", "Ann"), join(B, topic, "c2"),
               join(A, topic + "/x", "c3"))
    push(http, topic, "a")
    set_beat(redis, A, 19.9)
    time.sleep(KEPT)
    assert consumers(http, topic) == 1
    assert listed(http, "/stats", topic)["consumers"] == 1
    gone = events(redis, topic, 2, lambda: present(http, topic) == [row(B, "c2")] or 1 / 0)
    assert gone == [{"event": "leave", "topic": topic, "id": "c1", "name": "Ann", "since": SINCE,
                     "via": "sse"}]
    assert topics(http) == {topic: 1}
    assert not redis.exists(f"restmq:presence:{{{topic}/x}}:{A}", f"restmq:helper:{A}:topics")
    assert redis.zscore(HELPERS, A) is None


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


def test_one_that_was_taken_for_dead_stays_dead(http, redis, topic, helper):
    """Whoever it was goes on under another id, and joins with that."""
    helper.say(f"beat {A}", join(A, topic, "c1"))
    die(redis, A)
    assert helper.say(f"again {A}", f"beat {B}", join(B, topic, "c2")) == ["not_found", "ok", "ok"]
    assert [event["id"] for event in
            events(redis, topic, 2, lambda: present(http, topic) == [row(B, "c2")] or 1 / 0)] == ["c1"]


def test_a_beat_that_was_lost(http, redis, topic, helper):
    """So is whoever would find its rows by it, until it says that it ends."""
    helper.say(f"beat {A}", join(A, topic, "c1"))
    redis.zrem(HELPERS, A)
    time.sleep(KEPT)
    assert present(http, topic) == [] and redis.exists(channel(topic))
    assert helper.say(f"again {A}", f"end {A}") == ["not_found", "ok"]
    assert len(events(redis, topic, 2, lambda: present(http, topic))) == 1
    assert not redis.exists(channel(topic), f"restmq:helper:{A}:topics")


def test_a_row_of_one_that_never_was_alive(http, redis, topic, helper):
    helper.say(join(C, topic, "c1"))
    assert present(http, topic) == [] and topic not in topics(http) and consumers(http, topic) == 0


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
    helper.say(f"beat {A}", f"enlist {A} {topic}",
               *(join(A, topic, f"c{n}").replace("join", "row") for n in range(rows)))
    die(redis, A)
    key, left = f"{channel(topic)}:{A}", [rows]
    assert helper.say("step", "step") == ["ok", "ok"]      # who is dead, and where
    while left[-1]:
        assert helper.say("step") == ["ok"]
        left.append(redis.hlen(key))
        assert 0 < left[-2] - left[-1] <= 1000
    assert len(left) <= 13
    assert helper.say("step", "step") == ["ok", "ok over"]
    assert not redis.exists(channel(topic), f"restmq:helper:{A}:topics")
    assert redis.zscore(HELPERS, A) is None


def test_many_topics_go_in_bounded_calls(redis, topic, helper):
    helper.say(f"beat {A}", *(join(A, f"{topic}/{n}", "c") for n in range(450)))
    die(redis, A)
    left, calls = [450], 0
    while helper.say("step") != ["ok over"]:
        calls += 1
        left.append(redis.scard(f"restmq:helper:{A}:topics"))
        assert left[-2] - left[-1] <= 100
    assert 450 < calls < 470
    assert not [key for key in own_keys(redis) if topic.encode() + b"/" in key]


def test_many_dead_helpers(redis, topic, helper):
    helpers = ["%032x" % (1000 + number) for number in range(150)]
    helper.say(*(f"beat {each}" for each in helpers), *(join(each, topic, "c") for each in helpers),
               *(f"end {each}" for each in helpers))
    assert len(events(redis, topic, 151, lambda: helper.say("tidy") == ["ok"] or 1 / 0)) == 150
    assert not redis.exists(channel(topic))
    assert not any(redis.zmscore(HELPERS, helpers))


@pytest.mark.parametrize("calls", range(1, 11))
def test_whoever_tidies_up_stops_on_the_way(builddir, stack, redis, topic, helper, calls):
    """After any of its calls: the next one ends it, and each leave is announced once."""
    ids = [f"c{n}" for n in range(1200)] + ["d", "e"]
    helper.say(f"beat {A}", f"beat {B}", f"enlist {A} {topic}", join(A, topic + "/x", "d"), join(B, topic, "e"),
               *(join(A, topic, each).replace("join", "row") for each in ids[:1200]))
    helper.say(f"end {A}", f"end {B}")

    def tidy_up():
        first = Helper(builddir, stack.redis.address)
        first.say(*["step"] * calls)
        first.process.kill()
        first.process.wait()
        assert helper.say("tidy", "tidy") == ["ok", "ok"]
    gone = heard_on(redis, [channel(topic), channel(topic + "/x")], tidy_up)
    assert collections.Counter(event["id"] for event in gone) == {each: 1 for each in ids}
    assert not [key for key in own_keys(redis) if topic.encode() in key or A.encode() in key or B.encode() in key]
    assert redis.zmscore(HELPERS, [A, B]) == [None, None]


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
    redis.zadd(TOPICS, dict.fromkeys(["no name", b"\xff"], time.time() * 1000))
    assert present(http, topic) == [row(A, "c1")]
    assert topic in topics(http)
    redis.zrem(TOPICS, "no name", b"\xff")


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
        redis.zrem(TOPICS, topic)
        redis.srem(f"restmq:helper:{A}:topics", topic)


@pytest.mark.usefixtures("plain_scripts")
def test_a_full_redis(new_stack, builddir):
    """Who is alive stays alive, who leaves leaves, and the dead are removed; nobody joins."""
    stack = new_stack(workers=1)
    redis, helper = stack.redis.client(), Helper(builddir, stack.redis.address)
    helper.say(f"beat {A}", f"beat {B}", join(A, "foo", "c1"), join(A, "foo", "c2"),
               join(B, "foo", "c3"))
    redis.config_set("maxmemory", 1)
    assert helper.say(f"again {A}", join(A, "foo", "c4"), join(A, "foo", "c4").replace("join", "row"),
                      f"seen foo", f"leave {A} foo c1") == ["ok", "no_space", "no_space", "ok", "ok"]
    redis.config_set("maxmemory", 0)
    die(redis, B)
    redis.config_set("maxmemory", 1)
    assert helper.say("tidy") == ["ok"]
    assert present(stack.http, "foo") == [row(A, "c2")]
    helper.close()


@pytest.mark.usefixtures("plain_scripts")
def test_other_readers_need_no_writing(new_stack, builddir):
    """A replica answers, though nobody can be removed there."""
    stack = new_stack(workers=1)
    redis, helper = stack.redis.client(), Helper(builddir, stack.redis.address)
    helper.say(f"beat {A}", join(A, "foo", "c1"), join(B, "foo", "c2"))
    redis.config_set("min-replicas-to-write", 1)
    assert present(stack.http, "foo") == [row(A, "c1")]
    assert topics(stack.http) == {"foo": 1}
    helper.close()
