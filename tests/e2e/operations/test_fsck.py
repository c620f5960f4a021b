# test_fsck.py - restmq fsck: do the parts of the queues fit together, and what is mended.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import re
import subprocess
import time

import pytest

import stack as servers
from checks import contents, push, take, take_all
from monitor import Monitor
from reliable import Fsck, ack, expire, lease, part, policy, push_batch, release
from samples import write_history


@pytest.fixture(scope="module")
def shelf(builddir):
    """A stack of this file's own, with a Redis that the tests may empty."""
    with servers.Stack(builddir) as stack:
        stack.client = stack.redis.client()
        stack.fsck = lambda *options, **more: Fsck(builddir, stack.responders.config, *(
            options or ("--grace", "0")), **more)
        yield stack


@pytest.fixture
def clean(shelf):
    shelf.client.flushall()
    return shelf


def repair(stack):
    return stack.fsck("--repair", "--grace", "0")


def mention(fsck, *words):
    """The one line that has all of these words."""
    lines = [line for line in fsck.lines[:-1] if all(word in line for word in words)]
    assert len(lines) == 1, fsck
    return lines[0]


# --- nothing to find ----------------------------------------------------------------------------

def test_an_empty_redis(clean):
    fsck = clean.fsck()
    assert (fsck.code, fsck.lines) == (0, ["0 queues, 0 findings, 0 mended, 0 problems left"])


def test_what_a_queue_does_not_have_is_not_asked_for(clean):
    """Most of many queues have messages that are ready, and nothing else: some calls for each."""
    for number in range(120):
        push(clean.http, f"queue{number}", "a")
    calls = lambda: clean.client.info("commandstats")["cmdstat_evalsha"]["calls"]
    clean.fsck()                           # loads the scripts
    before = calls()
    assert clean.fsck().lines == ["120 queues, 0 findings, 0 mended, 0 problems left"]
    assert calls() - before <= (5 if servers.hash_tags else 4) * 120    # one asks what there is


@pytest.mark.skipif("config.getoption('hash_tags')", reason="a call has one queue then, and a volley fewer of them")
def test_queues_are_looked_at_in_volleys(clean):
    """Else the way to Redis and back would be most of the time: 13 times for each of 100,000 queues."""
    for number in range(1000):
        push(clean.http, f"queue{number}", "a")
    reads = lambda: clean.client.info("stats")["total_reads_processed"]
    clean.fsck()                           # loads the scripts
    before = reads()
    assert clean.fsck().lines == ["1000 queues, 0 findings, 0 mended, 0 problems left"]
    assert reads() - before < 1000 // 5
    clean.client.unlink(*(f"queue{number}:1" for number in range(1000)))
    before = reads()
    assert repair(clean).mended == 1000
    assert reads() - before < 1000 // 2


@pytest.mark.parametrize("count", [49, 50, 51, 100, 101])
def test_a_damaged_queue_among_others(clean, count):
    """Whatever is damaged: the others of its volley are looked at and mended."""
    redis = clean.client
    for number in range(count):
        push(clean.http, f"queue{number:03}", "a", "b")
        redis.rpop(f"queue{number:03}:queue")
    wrong = {"queue003:UUID": "many", part("queue020", "leases"): "text",
             part("queue048", "receipts"): "text", part("queue030", "trash"): "text"}
    redis.mset(wrong)
    fsck = repair(clean)
    assert fsck.code == 1
    assert fsck.lines[-1] == (f"{count} queues, {count - 4} findings, {count - 4} mended, "
                              "4 problems left")
    redis.delete(*wrong)
    redis.set("queue003:UUID", 2)
    assert repair(clean).mended == 4
    assert clean.fsck().findings == 0


def test_every_state_a_message_may_be_in(clean):
    http, redis = clean.http, clean.client
    policy(http, "foo", max_deliveries=2)
    push(http, "foo", *(str(number) for number in range(10)))
    release(http, lease(http, "foo"))
    release(http, lease(http, "foo"))      # dead
    release(http, lease(http, "foo"), delay=100)
    ack(http, lease(http, "foo"))
    lease(http, "foo")
    http.post("/q/foo?delay=100", "late", {"Content-Type": "text/plain"})
    http.post("/q/foo", "once", {"Content-Type": "text/plain", "Idempotency-Key": "k"})
    http.get("/q/foo?soft=1")
    lease(http, "foo.dead")
    push(http, "bar/baz", "a")
    write_history(redis, "foo", [(time.time() - 600, {"pushed": 3}), (time.time() - 300, {"pushed": 9})])
    before = contents(redis)
    fsck = clean.fsck()
    assert (fsck.code, fsck.lines) == (0, ["2 queues, 0 findings, 0 mended, 0 problems left"])
    assert contents(redis) == before
    expire(redis, "foo")
    assert clean.fsck().findings == 0


def test_a_queue_that_was_emptied_and_one_that_never_was(clean):
    push(clean.http, "foo", "a")
    take(clean.http, "foo")
    clean.client.sadd("QUEUESET", "never", "sinatra:queue", "not a name", "foo:queue")
    assert clean.fsck().code == 0


@pytest.mark.parametrize("queue", ["foo", "foo.dead"])
def test_purged_bodies_are_no_orphans(clean, queue):
    """They wait to be removed; fsck does it at once."""
    redis = clean.client
    push_batch(clean.http, "foo", 300)
    redis.rename("foo:queue", part(queue, "trash") + ":1")      # a purge, before any sweep
    redis.lpush(part(queue, "trash"), 1)
    fsck = clean.fsck()
    assert (fsck.code, fsck.findings) == (0, 0)
    assert redis.keys("foo:[0-9]*") == []


def test_no_wait_when_there_is_nothing(clean):
    push(clean.http, "foo", "a")
    start = time.monotonic()
    assert clean.fsck("--grace", "5").code == 0
    assert time.monotonic() - start < servers.patience(3)


# --- what it finds ------------------------------------------------------------------------------

LATER = int(time.time() + 100000) * 1000      # a deadline


def orphan(redis):
    """A body whose entry is gone."""
    redis.lrem("foo:queue", 1, "foo:2")


def hollow(redis):
    redis.delete("foo:2")


def double(redis):
    redis.lpush("foo:queue", "foo:2")


def stray(redis):
    """Of foo:4 only the receipt is left."""
    redis.zrem(part("foo", "leases"), "foo:4")
    redis.delete("foo:4")


def hollow_lease(redis):
    redis.delete("foo:4")


def hollow_delayed(redis):
    redis.delete("foo:5")


def listed_and_leased(redis):
    redis.lpush("foo:queue", "foo:4")


def listed_and_delayed(redis):
    redis.lpush("foo:queue", "foo:5")


def leased_and_delayed(redis):
    redis.zadd(part("foo", "delayed"), {"foo:4": LATER})


def listed_and_dead(redis):
    redis.lpush("foo:queue", "foo:6")


def dead_and_leased(redis):
    redis.lpush("foo.dead:queue", "foo:4")


def dead_twice(redis):
    redis.lpush("foo.dead:queue", "foo:6")


def dead_and_leased_there(redis):
    redis.zadd(part("foo.dead", "leases"), {"foo:6": LATER})


def dead_hollow(redis):
    redis.delete("foo:6")


def dead_stray(redis):
    redis.hset(part("foo.dead", "receipts"), "foo:1", "1 0123")


ORIGINAL = "original RestMQ"
FINDINGS = [      # what was done, to which number, words of its line, whether it is a problem
    (orphan, 2, ["without an entry", ORIGINAL], True),
    (hollow, 2, ["without a body", "normal"], False),
    (double, 2, ["twice"], True),
    (stray, 4, ["receipt"], False),
    (hollow_lease, 4, ["without a body", "normal"], False),
    (hollow_delayed, 5, ["without a body", "normal"], False),
    (listed_and_leased, 4, ["twice"], True),
    (listed_and_delayed, 5, ["twice"], True),
    (leased_and_delayed, 4, ["twice"], True),
    (listed_and_dead, 6, ["twice"], True),
    (dead_and_leased, 4, ["twice"], True),
    (dead_twice, 6, ["twice"], True),
    (dead_and_leased_there, 6, ["twice"], True),
    (dead_hollow, 6, ["without a body", "normal"], False),
    (dead_stray, 1, ["receipt"], False)]


@pytest.fixture
def foo(clean):
    """foo:1 to 3 are ready, 4 is leased, 5 delayed, 6 a dead letter; bar has messages too."""
    http, redis = clean.http, clean.client
    push(http, "foo", *"123456")
    redis.lrem("foo:queue", 1, "foo:6")
    redis.lpush("foo.dead:queue", "foo:6")
    redis.sadd("QUEUESET", "foo.dead")
    for key, name in ("foo:4", "leases"), ("foo:5", "delayed"):
        redis.lrem("foo:queue", 1, key)
        redis.zadd(part("foo", name), {key: LATER})
    redis.hset(part("foo", "receipts"), "foo:4", "1 0123456789abcdef0123456789abcdef")
    push(http, "bar", "x", "y")
    assert clean.fsck().findings == 0
    return clean


@pytest.mark.parametrize("damage, number, words, is_problem", FINDINGS,
                         ids=[finding[0].__name__ for finding in FINDINGS])
def test_found(foo, damage, number, words, is_problem):
    redis = foo.client
    damage(redis)
    before = contents(redis)
    fsck = foo.fsck()
    line = mention(fsck, *words)
    assert re.match(rf"foo(\.dead)?: 1 .*:(.*\b)?{number}$", line), line
    assert len(fsck.lines) == 2
    assert (fsck.findings, fsck.mended, fsck.problems) == (1, 0, int(is_problem))
    assert fsck.code == int(is_problem)
    assert contents(redis) == before, "without --repair it only looks"


@pytest.mark.parametrize("damage, number, words, is_problem", FINDINGS,
                         ids=[finding[0].__name__ for finding in FINDINGS])
def test_mended(foo, damage, number, words, is_problem):
    """After --repair all is well, and every message that has a body and a place is still there,
    once."""
    redis = foo.client
    damage(redis)
    fsck = repair(foo)
    assert (fsck.code, fsck.findings, fsck.mended, fsck.problems) == (0, 1, 1, 0), fsck
    again = foo.fsck()
    assert (again.code, again.findings) == (0, 0), again
    expire(redis, "foo")
    expire(redis, "foo.dead")
    expected = set("123456") - ({str(number)} if damage in (
        orphan, hollow, stray, hollow_lease, hollow_delayed, dead_hollow) else set())
    got = take_all(foo.http, "foo") + take_all(foo.http, "foo.dead")
    assert sorted(got) == sorted(expected)
    assert take_all(foo.http, "bar") == ["x", "y"]


def test_several_at_once(foo):
    """One line for each queue and kind, with numbers; the last line adds them up."""
    redis = foo.client
    for damage in orphan, listed_and_leased, hollow_delayed:
        damage(redis)
    redis.set("bar:UUID", 50)
    for number in range(10, 40):
        redis.set(f"bar:{number}", "left behind")
    fsck = foo.fsck()
    assert len(fsck.lines) == 5
    line = mention(fsck, "bar: 30", "without an entry", ORIGINAL)
    assert all(f"{number}" in line for number in range(10, 15)) and len(line) < 300
    mention(fsck, "foo: 1", "without an entry")
    mention(fsck, "foo: 1", "twice")
    mention(fsck, "foo: 1", "without a body")
    assert fsck.lines[-1] == "2 queues, 33 findings, 0 mended, 32 problems left"
    assert repair(foo).lines[-1] == "2 queues, 33 findings, 33 mended, 0 problems left"
    assert foo.fsck().findings == 0


@pytest.mark.parametrize("times", [2, 3, 10])
def test_a_key_that_stands_more_than_twice(clean, times):
    redis = clean.client
    push(clean.http, "foo", "a", "b", "c")
    redis.lpush("foo:queue", *["foo:1"] * (times - 1))
    assert clean.fsck().problems == 1
    for _ in range(times):      # one at a time may be mended
        repair(clean)
    assert clean.fsck().code == 0
    assert take_all(clean.http, "foo") == ["a", "b", "c"]


def test_of_two_entries_the_older_stays(clean):
    push(clean.http, "foo", "a", "b")
    clean.client.lpush("foo:queue", "foo:1")
    repair(clean)
    assert clean.client.lrange("foo:queue", 0, -1) == [b"foo:2", b"foo:1"]


def test_what_an_original_leaves_behind(clean):
    """Its GET pops the entry and leaves the body; its del leaves the entry; its counter goes on."""
    redis = clean.client
    push(clean.http, "foo", *"abcde")
    redis.rpop("foo:queue")                  # GET
    redis.delete("foo:3")                    # del
    redis.incr("foo:4:refcount")             # get
    fsck = clean.fsck()
    assert ORIGINAL in mention(fsck, "foo: 1", "without an entry")
    mention(fsck, "foo: 1", "without a body")
    assert repair(clean).mended == 2
    assert take_all(clean.http, "foo") == ["b", "d", "e"]
    assert not redis.exists("foo:1")


def test_the_counter_of_an_orphan_goes_too(clean):
    push(clean.http, "foo", "a")
    clean.http.get("/q/foo?soft=1")
    clean.client.rpop("foo:queue")
    repair(clean)
    assert not clean.client.exists("foo:1", "foo:1:refcount")


# --- seen twice ---------------------------------------------------------------------------------

def start(stack, builddir, *options):
    return subprocess.Popen([os.path.join(builddir, "restmq"), "fsck", "--config",
                             stack.responders.config, *options], text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def looked_once(stack, builddir, *options):
    """fsck that has done its first look and sleeps for two more seconds."""
    monitor = Monitor(stack.redis)
    process = start(stack, builddir, "--grace", "3", *options)
    servers.wait_for(monitor.lines)
    servers.wait_for(lambda: is_silent(monitor))
    return process


def is_silent(monitor):
    time.sleep(0.4)
    return not monitor.lines()


@pytest.mark.parametrize("option", [[], ["--repair"]])
def test_only_what_is_seen_twice(clean, builddir, option):
    """Between the looks one thing is put right and another one goes wrong: neither counts."""
    redis = clean.client
    push(clean.http, "foo", *"abcdef")
    for number in 1, 2, 3:
        redis.lrem("foo:queue", 1, f"foo:{number}")
    process = looked_once(clean, builddir, *option)
    redis.rpush("foo:queue", "foo:1")      # mended by itself
    redis.lrem("foo:queue", 1, "foo:5")    # new
    redis.lpush("foo:queue", "foo:2")      # another kind of thing
    redis.lpush("foo:queue", "foo:2")
    output, _ = process.communicate(timeout=10)
    assert output.splitlines()[-1] == (
        f"1 queue, 1 finding, {len(option)} mended, " + ("0 problems left" if option else "1 problem left"))
    assert re.search(r"foo: 1 .*\b3$", output.splitlines()[0])
    assert redis.exists("foo:5", "foo:2", "foo:1") == 3


def test_sixty_seconds_between_the_looks(clean, builddir):
    """Unless --grace says otherwise."""
    push(clean.http, "foo", "a")
    clean.client.rpop("foo:queue")
    process = start(clean, builddir, "--repair")
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=2)
    process.kill()
    process.communicate()
    assert clean.client.get("foo:1") == b"a"


def test_work_goes_on_meanwhile(clean, builddir):
    """What moves between the looks is no finding."""
    push_batch(clean.http, "foo", 500)
    clean.client.rpop("foo:queue")
    process = start(clean, builddir, "--grace", "1", "--repair")
    while process.poll() is None:
        push(clean.http, "foo", "x", "y", "z")
        for index, message in enumerate(clean.http.get("/q/foo?lease=30&count=5").json()):
            if index % 2:
                ack(clean.http, message)
            else:
                release(clean.http, message)
    assert process.stdout.read().splitlines()[-1].startswith("1 queue, 1 finding, 1 mended, 0 ")
    process.stdout.close()
    assert clean.fsck().findings == 0


def test_what_is_right_again_when_its_turn_comes(clean, builddir):
    """Somebody was slow, more than the time between the looks, and ends his work while others'
    messages are mended: his are left alone."""
    redis, late = clean.client, [f"foo:{number}" for number in range(40001, 40005)]
    push(clean.http, "foo", "keep")
    redis.mset({f"foo:{number}": "x" for number in range(2, 40005)})
    redis.set("foo:UUID", 40004)
    orphan, hollow, double, stray = late
    redis.delete(hollow)
    redis.lpush("foo:queue", hollow, double, double)
    redis.hset(part("foo", "receipts"), stray, "1")
    redis.lpush("foo.dead:queue", stray)
    process = start(clean, builddir, "--grace", "0", "--repair")
    servers.wait_for(lambda: not redis.exists("foo:2"), 10, step=0)
    with redis.pipeline() as pipe:
        pipe.rpush("foo:queue", orphan)
        pipe.set(hollow, "x")
        pipe.lrem("foo:queue", 1, double)
        pipe.rpoplpush("foo.dead:queue", "foo:queue")
        pipe.execute()
    output, _ = process.communicate(timeout=30)
    assert output.splitlines()[-1] == "1 queue, 40003 findings, 39999 mended, 2 problems left"
    assert redis.exists(*late) == 4
    assert sorted(redis.lrange("foo:queue", 0, -1)) == sorted(
        [b"foo:1", *(key.encode() for key in late)])
    assert redis.hget(part("foo", "receipts"), stray) == b"1"


# --- size ---------------------------------------------------------------------------------------

def test_a_large_queue(clean):
    redis = clean.client
    for first in range(0, 100000, 1000):
        keys = [f"foo:{number}" for number in range(first + 1, first + 1001)]
        redis.mset({key: "x" for key in keys})
        redis.lpush("foo:queue", *keys)
    redis.set("foo:UUID", 100000)
    redis.sadd("QUEUESET", "foo")
    redis.lrem("foo:queue", 1, "foo:50000")
    redis.lpush("foo:queue", "foo:99999")
    redis.delete("foo:3")
    fsck = repair(clean)
    assert (fsck.code, fsck.findings, fsck.mended) == (0, 3, 3), fsck
    assert redis.llen("foo:queue") == 99998


def test_many_queues(clean):
    redis = clean.client
    with redis.pipeline(transaction=False) as pipe:
        for number in range(1500):
            pipe.sadd("QUEUESET", f"q{number}")
            pipe.set(f"q{number}:UUID", 1)
            pipe.set(f"q{number}:1", "x")
            if number % 100:
                pipe.lpush(f"q{number}:queue", f"q{number}:1")
        pipe.execute()
    fsck = repair(clean)
    assert fsck.lines[-1] == "1500 queues, 15 findings, 15 mended, 0 problems left"


@pytest.mark.skipif("config.getoption('hash_tags')", reason="it looks for lists of names then")
def test_no_keyspace_scan(clean):
    """It walks from 1 to the counter."""
    redis = clean.client
    push_batch(clean.http, "foo", 1000)
    redis.rpop("foo:queue")
    redis.mset({f"other:{number}": "x" for number in range(1000)})
    monitor = Monitor(clean.redis)
    repair(clean)
    lines = monitor.lines()
    assert lines
    for line in lines:
        assert not re.search(r'\] "(keys|scan|randomkey|dbsize)"', line, re.I), line
    assert len(lines) < 60


@pytest.mark.parametrize("counter", ["abc", "-5", "1.5", "9223372036854775807", "1" + "0" * 15,
                                     "99999999999999999999999"])
def test_a_counter_that_means_nothing(clean, counter):
    """It says something, and ends."""
    push(clean.http, "foo", "a")
    push(clean.http, "bar", "b")
    clean.client.set("foo:UUID", counter)
    fsck = clean.fsck(timeout=20)
    assert fsck.code in (0, 1), fsck
    if fsck.code == 1:
        assert "foo" in fsck.errors or fsck.problems, fsck


def test_keys_that_are_beyond_the_counter_or_none(clean):
    """Somebody put them there by hand."""
    push(clean.http, "foo", "a")
    clean.client.rpush("foo:queue", "foo:99", "bar:1", "nonsense", "", b"\xff", "foo:0", "foo:-1",
                       "foo:99999999999999999999", "foo:1x")
    clean.client.zadd(part("foo", "leases"), {"nonsense": 1, "foo:77": 1})
    assert clean.fsck().code in (0, 1)
    assert repair(clean).code in (0, 1)
    assert clean.client.get("foo:1") == b"a"


# --- another program's keys, and the counter that met them -----------------------------------------

def test_foreign_keys_are_left_alone(clean):
    http, redis = clean.http, clean.client
    redis.hset("foo:1", "name", "ann")
    redis.rpush("foo:2", "ann")
    redis.set("foo:3", "ann")
    push(http, "foo", "x")
    before = contents(redis)
    fsck = repair(clean)
    assert fsck.lines == ["1 queue, 0 findings, 0 mended, 0 problems left"], fsck
    assert contents(redis) == before
    assert take(http, "foo") == "x"


def test_a_counter_that_is_behind(clean):
    http, redis = clean.http, clean.client
    push(http, "foo", *"abcde")
    redis.set("foo:UUID", 2)
    fsck = clean.fsck()
    mention(fsck, "foo: 1 counters that are behind the newest message: 5")
    assert (fsck.code, redis.get("foo:UUID")) == (1, b"2")
    assert repair(clean).mended == 1
    assert redis.get("foo:UUID") == b"5"
    assert clean.fsck().findings == 0
    assert push(http, "foo", "f") == ["foo:6"]
    redis.delete("foo:UUID")
    assert repair(clean).mended == 1
    assert push(http, "foo", "g") == ["foo:7"]


# --- when it cannot -----------------------------------------------------------------------------

WRONG_KEYS = ["QUEUESET", "foo:queue", "foo:UUID", part("foo", "leases"), part("foo", "delayed"),
              part("foo", "receipts"), part("foo", "trash"), "foo.dead:queue",
              part("foo.dead", "leases"), part("foo.dead", "delayed")]


@pytest.mark.parametrize("option", [[], ["--repair"]])
@pytest.mark.parametrize("key", WRONG_KEYS)
def test_a_key_of_a_wrong_type(clean, key, option):
    redis = clean.client
    """Nothing of its queue is touched; the others are looked at and mended."""
    push(clean.http, "foo", "a", "b")
    for other in "bar", "zoo":
        push(clean.http, other, "a", "b")
        redis.lrem(f"{other}:queue", 1, f"{other}:1")
    redis.lrem("foo:queue", 1, "foo:1")
    redis.delete(key)
    redis.xadd(key, {"x": "y"})
    before = contents(redis)
    fsck = clean.fsck("--grace", "0", *option)
    assert fsck.code == 1 and key in fsck.errors, fsck
    after = contents(redis)
    if key == "QUEUESET":
        assert fsck.lines == [] and after == before
        return
    orphans = [line for line in fsck.lines if "bodies without an entry" in line]
    assert [line[:6] for line in orphans] == ["bar: 1", "zoo: 1"], fsck
    assert fsck.lines[-1].endswith("2 mended, 1 problem left" if option else "0 mended, 3 problems left")
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert changed == ({b"bar:1", b"zoo:1"} if option else set())


def test_without_redis(builddir, tmp_path):
    config = tmp_path / "restmq.conf"
    config.write_text(f"redis = unix:{tmp_path}/none.sock\n")
    for option in [], ["--repair"]:
        fsck = Fsck(builddir, config, "--grace", "0", *option)
        assert fsck.code == 1 and fsck.lines == [] and fsck.errors


def test_redis_goes_away_between_the_looks(builddir, new_stack):
    stack = new_stack()
    push(stack.http, "foo", "a")
    stack.redis.client().rpop("foo:queue")
    process = looked_once(stack, builddir, "--repair")
    stack.redis.kill()
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 1 and output == ""
    stack.redis.start()


@pytest.mark.parametrize("options", [
    ["--grace", "x"], ["--grace", "-1"], ["--grace", ""], ["--grace", "1.5"],
    ["--grace", "999999999999"], ["--grace"], ["--fix"], ["now"]])
def test_bad_options(clean, options):
    push(clean.http, "foo", "a")
    clean.client.rpop("foo:queue")
    fsck = clean.fsck("--grace", "0", *options)
    assert fsck.code == 2 and fsck.lines == [] and "usage" in fsck.errors, fsck
    assert clean.client.get("foo:1") == b"a"


def test_a_bad_config(builddir, tmp_path):
    config = tmp_path / "restmq.conf"
    config.write_text("colour = red\n")
    fsck = Fsck(builddir, config, "--grace", "0")
    assert fsck.code == 1 and f"{config}:1: " in fsck.errors


@pytest.mark.no_cluster("has one database")
def test_another_database(builddir, new_stack):
    """The settings count, as for the responders."""
    stack = new_stack(conf={"redis_db": 3})
    push(stack.http, "foo", "a")
    stack.redis.client(db=3).rpop("foo:queue")
    fsck = Fsck(builddir, stack.responders.config, "--grace", "0")
    assert (fsck.code, fsck.queues, fsck.problems) == (1, 1, 1)
