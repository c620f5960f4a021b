# test_ready.py - /ready is 503 when Redis would refuse a push, and says why, as the push would; a single
# command that its user may not use is known once something was pushed.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import subprocess

import pytest

import stack as servers
from checks import assert_unavailable, push
from fake_redis import FakeRedis

TEXT = {"Content-Type": "text/plain"}


def too_few_replicas(stack, redis):
    redis.config_set("min-replicas-to-write", 1)


def read_only(stack, redis):
    redis.execute_command("REPLICAOF", "127.0.0.1", "1")


def no_master(stack, redis):
    redis.config_set("replica-serve-stale-data", "no")
    redis.execute_command("REPLICAOF", "127.0.0.1", "1")


def no_snapshot(stack, redis):
    os.mkdir(stack.redis.path("dump.rdb"))      # its file cannot be put there
    redis.config_set("save", "1000 1000")
    redis.bgsave()
    servers.wait_for(lambda: redis.info("persistence")["rdb_last_bgsave_status"] == "err")


def no_memory(stack, redis):
    redis.config_set("maxmemory-policy", "noeviction")
    redis.config_set("maxmemory", 1000)


def may_not(*commands):
    def forbid(stack, redis):
        redis.execute_command("ACL", "SETUSER", "default", *["-" + command for command in commands])
    forbid.__name__ = "may not " + " ".join(commands)
    return forbid


def another_type(stack, redis):
    redis.delete("QUEUESET")
    redis.set("QUEUESET", "not ours")


COMMON = [too_few_replicas, no_snapshot, may_not("eval", "evalsha"),
          *(pytest.param(cause, marks=pytest.mark.no_cluster("who is a replica of whom is the cluster's affair"))
            for cause in (read_only, no_master)),
          pytest.param(no_memory, marks=pytest.mark.no_cluster("scripts of its tests may fill a full Redis"))]
USED = [may_not("lpush"), may_not("incr"), may_not("setnx"), another_type]


def refusing(stack, cause):
    """What a push and /ready are told."""
    with stack.redis.client() as redis:
        cause(stack, redis)
    answers = [stack.http.post(f"/q/{queue}", "x", TEXT) for queue in ("new", "foo")]
    told = next(answer for answer in answers if answer.status != 200)
    assert told.status in (500, 503, 507), told
    answer = stack.http.get("/ready")
    if told.status == 500:
        assert answer.status == 500
    else:
        assert_unavailable(answer)
    return told.json()["error"], answer.json()["error"]


@pytest.mark.parametrize("cause", COMMON, ids=lambda cause: cause.__name__)
def test_a_new_redis_refuses(new_stack, cause):
    stack = new_stack()
    assert stack.http.get("/ready").status == 200
    told, answer = refusing(stack, cause)
    assert answer == told


@pytest.mark.parametrize("cause", COMMON + USED, ids=lambda cause: cause.__name__)
def test_a_used_redis_refuses(new_stack, cause):
    stack = new_stack()
    push(stack.http, "foo", "a")
    assert stack.http.get("/ready").status == 200
    told, answer = refusing(stack, cause)
    assert answer == told


def test_it_is_back(new_stack):
    stack = new_stack()
    with stack.redis.client() as redis:
        for _ in range(2):
            too_few_replicas(stack, redis)
            answer = stack.http.get("/ready")
            assert answer.json()["error"] == "Redis has too few replicas to accept a write"
            redis.config_set("min-replicas-to-write", 0)
            assert stack.http.get("/ready").status == 200
            push(stack.http, "foo", "a")


@pytest.mark.parametrize("forbidden", ["info", "config", "info config"])
def test_what_redis_does_not_tell(new_stack, forbidden):
    """Pushes are accepted all the same."""
    stack = new_stack()
    with stack.redis.client() as redis:
        redis.execute_command("ACL", "SETUSER", "default", *["-" + word for word in forbidden.split()])
        push(stack.http, "foo", "a")
        answer = stack.http.get("/ready")
        assert answer.status == 200 and ("unknown" in answer.text) == ("info" in forbidden)
        assert (answer.json()["replicas"] == "unknown") == ("info" in forbidden)


@pytest.mark.skipif("config.getoption('hash_tags')", reason="this test has settings of its own")
@pytest.mark.parametrize("version, tags, refusal", [
    ("6.2.14", "on", "need Redis 7 or newer, and this one is 6.2.14"), ("6.2.14", "off", None), ("7.0.0", "on", None),
    ("255.255.255", "on", None), ("", "on", None)])
def test_a_redis_without_sharded_channels(builddir, version, tags, refusal):
    def reply(words):
        if words[0] == b"INFO":
            text = b"# Server\r\nredis_version:%s\r\naof_enabled:1\r\n" % version.encode()
            return b"$%d\r\n%s\r\n" % (len(text), text)
        return b"*0\r\n" if words[0] == b"CONFIG" else b"+OK\r\n"
    with FakeRedis(reply) as fake, servers.Stack(builddir, workers=1, conf={
            "redis": fake.address, "hash_tags": tags}) as stack:
        answer = stack.http.get("/ready")
        done = subprocess.run([os.path.join(builddir, "restmq.fcgi"), "--config", stack.responders.config,
                               "--check-config"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0 and done.stdout.splitlines()[-1] == (
            f"Redis: answers, but is {version}: hash tags need Redis 7 or newer" if refusal else "Redis: answers")
        if refusal:
            assert_unavailable(answer)
            assert refusal in answer.json()["error"]
        else:
            assert answer.json()["ready"] is True


def test_nothing_grows(new_stack):
    """Not the keys, and not what goes to replicas and the append-only file."""
    stack = new_stack(redis_options=["--appendonly", "yes", "--appendfsync", "no"])
    with stack.redis.client() as redis:
        for _ in range(2):
            before = redis.dbsize(), redis.info("persistence")["aof_current_size"]
            for _ in range(20):
                assert stack.http.get("/ready").status == 200
            assert (redis.dbsize(), redis.info("persistence")["aof_current_size"]) == before
            push(stack.http, "foo", "a")
