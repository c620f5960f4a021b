# test_redis_acl.py - a Redis user with exactly the rights that restmq.conf(5) names.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import os
import re

import pytest

import consumers
import stack as servers
from checks import is_helpers_own, push, take
from documents import read, redis_rights

pytestmark = [pytest.mark.usefixtures("our_responders"), pytest.mark.one_node("each node has users of its own")]

DATABASE = 0 if servers.cluster else 1       # a cluster has but one
SUBCOMMANDS = "CLIENT", "CLUSTER", "CONFIG", "PUBSUB", "SCRIPT"


def used(known):
    """What scripts and C send to Redis, as far as Redis has such a command."""
    words = set()
    for text in read("broker/scripts/*.lua"):
        words.update(re.findall(r"'([A-Z]{3,})'", re.sub("--.*", "", text)))
        words.update("|".join(pair) for pair in re.findall(rf"'({'|'.join(SUBCOMMANDS)})', '([A-Z]+)'", text))
    for text in read("broker/*.c", "redis/*.c", "ws/redis/*.c"):
        if text.startswith("/* reply.c"):     # names errors, one of which is a command, too
            continue
        words.update(re.findall(r'"([A-Z]{3,})"', text))
        words.update("|".join(pair) for pair in re.findall(
            rf'"({"|".join(SUBCOMMANDS)})".*?"([A-Z]+)"', text, re.DOTALL))
    return {word.lower() for word in words
            if word.partition("|")[0] in known and word not in (*SUBCOMMANDS, "AUTH")}


def test_the_line_has_what_the_program_sends(redis):
    words, commands = redis_rights()
    assert words == ["~*", "&*", "-@all"]
    assert commands == sorted(commands)
    assert set(commands) == used({name.upper() for name in redis.command()})


# --- every operation ------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def stack(builddir, tmp_path_factory):
    words, commands = redis_rights()
    password = tmp_path_factory.mktemp("acl") / "password"
    password.write_text("s3cret")
    rights = [*words, *("+" + name for name in commands)]
    if servers.hash_tags or servers.cluster:
        rights += ["+scan"]     # of fsck --repair alone
    with servers.Stack(builddir, helpers=1, workers=1, conf={
            "redis_user": "restmq", "redis_password_file": password, "redis_db": DATABASE},
            redis_options=["--user", "restmq", "on", ">s3cret", *rights,
                           "--enable-debug-command", "local"]) as stack:
        yield stack


def settle(http, method, queue, how):
    """A lease, and what ends or extends it."""
    answer = http.get(f"/q/{queue}?lease=60")
    if answer.status != 200:
        return answer
    taken = answer.json()
    return http.request(method, f"/q/{queue}?key={taken['key']}&lease={taken['lease']}{how}")


def once(http):
    return http.request("POST", "/q/a", "x", {"Content-Type": "text/plain",
                                              "Idempotency-Key": f"k{os.urandom(8).hex()}"})


def lines(http):
    return http.request("POST", "/q/a", '{"value":"1"}\n{"value":"2"}\n',
                        {"Content-Type": "application/x-ndjson"})


def die(http):
    """The message becomes a dead letter."""
    return settle(http, "PUT", "d", "&release=1")


# Each works on what prepare() makes.
OPERATIONS = {
    "push": lambda http: http.post("/q/a", form={"value": "x"}),
    "push to a new queue": lambda http: http.post("/q/new", form={"value": "x"}),
    "push with a ttl": lambda http: http.post("/q/a", form={"value": "x", "ttl": "9999"}),
    "push for later": lambda http: http.post("/q/a", form={"value": "x", "delay": "9999"}),
    "push once": once,
    "batch": lines,
    "take": lambda http: http.get("/q/a"),
    "take some": lambda http: http.get("/q/a?count=2"),
    "soft": lambda http: http.get("/q/a?soft=1"),
    "one message": lambda http: http.get("/q/a?soft=1&key=a:1"),
    "from several": lambda http: http.get("/q?queues=none,a"),
    "lease": lambda http: http.get("/q/a?lease=60"),
    "ack": lambda http: settle(http, "DELETE", "a", ""),
    "extend": lambda http: settle(http, "PUT", "a", "&extend=60"),
    "release": lambda http: settle(http, "PUT", "a", "&release=1"),
    "delete": lambda http: http.delete("/q/a?key=a:1"),
    "die": die,
    "redrive": lambda http: http.post("/q/e.dead?redrive=1", form={}),
    "redrive one": lambda http: http.post("/q/f.dead", form={"redrive": "1", "keys": "f:1"}),
    "settings": lambda http: http.post("/p/a", form={"lease": "60", "max_deliveries": "3"}),
    "policy": lambda http: http.get("/p/a"),
    "hold": lambda http: http.post("/control/a", form={"status": "stop"}),
    "control": lambda http: http.get("/control/a"),
    "stats": lambda http: http.get("/stats/a"),
    "all stats": lambda http: http.get("/stats"),
    "metrics": lambda http: http.get("/metrics"),
    "queues": lambda http: http.get("/q"),
    "jobs": lambda http: http.get("/j/a"),
    "browse": lambda http: http.get("/j/a?state=ready"),
    "purge": lambda http: http.delete("/q/a"),
    "remove": lambda http: http.delete("/q/a?remove=1&force=1"),
    "json": lambda http: http.post("/queue", form={"body": json.dumps({"cmd": "len", "queue": "a"})}),
    "publish": lambda http: http.post("/pub/news", "hello", {"Content-Type": "text/plain"}),
    "keep": lambda http: http.request("PUT", "/pub/kept?keep=5&keep_s=60"),
    "keep for ever": lambda http: http.request("PUT", "/pub/kept?keep_s=0"),
    "publish what is kept": lambda http: http.post("/pub/kept", "hello", {"Content-Type": "text/plain"}),
    "replay": lambda http: http.get("/pub/kept?since=0"),
    "how much is kept": lambda http: http.get("/pub/kept"),
    "presence": lambda http: http.get("/presence"),
    "pool": lambda http: http.request("PUT", "/lb/p?server=s3&row=r&score=3"),
    "charge": lambda http: http.request("POST", "/lb/p"),
    "best": lambda http: http.get("/lb/p"),
    "place": lambda http: http.get("/lb/p?key=k"),
    "servers": lambda http: http.get("/lb/p?list=1"),
    "no server": lambda http: http.delete("/lb/p?server=s1"),
    "no pool": lambda http: http.delete("/lb/p"),
    "ready": lambda http: http.get("/ready"),
    "long-poll": lambda http: http.get("/w/a?wait=0"),
}


def prepare(stack, redis):
    """The same data for each operation, by a user who may do all."""
    redis.flushdb()
    push(stack.http, "a", "x", "y", "z")
    for queue in "d", "e", "f":
        stack.http.post(f"/p/{queue}", form={"max_deliveries": "1"})
        push(stack.http, queue, "x")
    for queue in "e", "f":
        settle(stack.http, "PUT", queue, "&release=1")
    stack.http.request("PUT", "/pub/kept?keep=100&keep_bytes=5&keep_s=60")
    for text in "abc", "def":
        stack.http.post("/pub/kept", text, {"Content-Type": "text/plain"})
    for server in 1, 2:
        stack.http.request("PUT", f"/lb/p?server=s{server}&row=r&score={server}")


def test_every_operation(stack, builddir):
    with contextlib.closing(stack.redis.client(db=DATABASE)) as redis:
        for name, operation in OPERATIONS.items():
            prepare(stack, redis)
            answer = operation(stack.http)
            assert answer.status in (200, 204), (name, answer)
    for verb, *words in ["fsck", "--grace", "0"], ["authkey", "add", "-", "--queues", "a"], [
            "authkey", "list"], ["authkey", "remove", "-"]:
        done = servers.restmq(builddir, verb, "--config", stack.responders.config, *words, typed="k1\n")
        assert (done.returncode, done.stderr) == (0, ""), (verb, words, done)


def test_streams(stack):
    for transport in consumers.Websocket, consumers.Sse:
        with (transport(stack.ws_port).consume("s") as consumer,
              transport(stack.ws_port).connect("/sub/news") as subscriber):
            push(stack.http, "s", "hello")
            assert consumer.next()["value"] == "hello"
            assert stack.http.post("/pub/news", "hello", {"Content-Type": "text/plain"}).status == 200
            assert subscriber.raw() == "hello"
    assert "may not run" not in stack.helper.log_text()


def fsck(stack, *options):
    return servers.restmq(os.path.dirname(stack.responders.argv[0]), "fsck", "--config",
                          stack.responders.config, "--grace", "0", *options)


def ask_again(redis, *rights):
    """Rights are asked for with the login."""
    redis.execute_command("ACL", "SETUSER", "restmq", *rights)
    redis.execute_command("CLIENT", "KILL", "USER", "restmq", "SKIPME", "yes")


def contents(redis):
    """All but what a helper that may do all again writes by itself; a set without its order, which changes
    by itself."""
    return {key: redis.smembers(key) if redis.type(key) == b"set" else redis.dump(key)
            for key in redis.keys() if not is_helpers_own(key)}


# The programs can do without these; or settings need them that are others here.
NOT_ASKED = {"asking", "client|id", "client|list", "cluster|slots", "config|get", "info", "role", "spublish",
             "ssubscribe", "sunsubscribe", "wait"}


def assert_goes_on(stack, value):
    """In a cluster nothing is sent for a second to a node that refused."""
    servers.wait_for(lambda: stack.http.post("/q/after", form={"value": value}).status == 200)
    assert take(stack.http, "after") == value


def wait_until_missed(stack, right):
    servers.wait_for(lambda: refusal(right) in OPERATIONS["push"](stack.http).text)


def refusal(right):
    return f"this Redis user may not run {right.upper()}"


def is_refusal(answer, right=""):
    """A node that has failed has but a moment, each second, to say why."""
    text = answer.json()["error"]
    return (text == refusal(right) if right else text.startswith(refusal(""))) or bool(
        servers.cluster and text == "the Redis node of these keys does not answer")


@contextlib.contextmanager
def without(stack, *rights):
    """A Redis whose user lacks these, as everybody has found out; all is well behind it."""
    with contextlib.closing(stack.redis.client(db=DATABASE)) as redis:
        prepare(stack, redis)
        ask_again(redis, *["-" + right for right in rights])
        servers.wait_for(lambda: not stack.helper.has_redis())
        try:
            yield redis
        finally:
            redis.execute_command("ACL", "SETUSER", "restmq", *["+" + name for name in redis_rights()[1]])
            servers.wait_for(stack.helper.has_redis)
            assert_goes_on(stack, "x")


def test_each_right_is_asked_for(stack):
    """Without one of them nothing is done at all: what needs Redis is 503, and names it."""
    asked = [command for command in redis_rights()[1] if command not in NOT_ASKED | {"eval", "select"}]
    if servers.cluster:
        asked = asked[::12]     # each takes a second
    with without(stack, asked[-1]) as redis:
        before = contents(redis)
        for right, last in zip(asked, [asked[-1], *asked]):
            ask_again(redis, "+" + last, "-" + right)
            wait_until_missed(stack, right)
            for name, operation in OPERATIONS.items():
                answer = operation(stack.http)
                assert answer.status == 503, (right, name, answer)
                if name != "long-poll":
                    assert is_refusal(answer, right), (name, answer)
                    assert "outcome" not in answer.json()
            assert contents(redis) == before, right


def test_a_missing_right_is_in_the_logs(stack):
    """Once, though both were there before and ask again and again."""
    lines = [log() for log in (stack.responders.log_text, stack.helper.log_text)]
    text = "NOPERM this Redis user may not run HINCRBY, UNLINK\n"
    with without(stack, "hincrby", "unlink"):
        for _ in range(20):
            assert stack.http.get("/ready").status == 503
        for log, before in zip((stack.responders.log_text, stack.helper.log_text), lines):
            servers.wait_for(lambda: text in log()[len(before):])
            assert log()[len(before):].count(text) == 1


def test_what_is_not_asked_for(stack):
    rights = NOT_ASKED - ({"spublish", "ssubscribe", "sunsubscribe"} if servers.hash_tags else set()) - (
        {"asking", "cluster|slots"} if servers.cluster else set())
    with contextlib.closing(stack.redis.client(db=DATABASE)) as redis:
        prepare(stack, redis)
        ask_again(redis, *["-" + right for right in rights])
        push(stack.http, "new", "x")
        assert stack.http.get("/ready").status == 200
        servers.wait_for(stack.helper.has_redis)
        redis.execute_command("ACL", "SETUSER", "restmq", *["+" + right for right in rights])


@pytest.mark.parametrize("rights, text", [
    (["@sortedset"], "ZADD, ZCARD, ZCOUNT, ZINCRBY, ZMSCORE, ZRANGE, ZRANGEBYSCORE, ZREM, ZREMRANGEBYRANK, "
     "ZREVRANGEBYSCORE"), (["eval"], "eval"), (["eval", "lpush"], "eval")])
def test_many_rights_are_missed(stack, rights, text):
    """The first ten are named; or what it takes to ask."""
    with without(stack, *rights):
        answer = stack.http.get("/ready")
        assert answer.status == 503 and answer.json()["error"] == refusal("") + text


# Of these no request notices anything: the helper needs some of them, to connect or to subscribe; others
# are for queues that are not empty enough here, or the script goes on without them.
UNNOTICED = {
    "asking", "client|id", "client|list", "cluster|slots", "config|get", "del", "eval", "expire", "hincrby",
    "hscan", "info", "lpushx", "mget", "pexpire", "ping", "role", "script|load", "select",
    "spublish", "srandmember", "ssubscribe", "subscribe", "sunsubscribe", "unsubscribe", "wait",
    "zrangebyscore", "zrevrangebyscore"}

# These a script misses behind its first write.
MENDED = {"lpush", "lrem", "unlink", "zadd"}


def test_each_right_is_missed(stack):
    """Without one of them what needs it is 503 and says so; nothing is left in pieces, but for four that fsck
    mends, and with the right all goes on."""
    _, commands = redis_rights()
    with contextlib.closing(stack.redis.client(db=DATABASE)) as redis:
        for right in commands:
            prepare(stack, redis)
            redis.execute_command("ACL", "SETUSER", "restmq", "-" + right)
            answers = {name: operation(stack.http) for name, operation in OPERATIONS.items()}
            redis.execute_command("ACL", "SETUSER", "restmq", "+" + right)
            for name, answer in answers.items():
                assert answer.status in (200, 204, 404, 409, 503), (right, name, answer)
                if answer.status == 503 and name != "long-poll":     # its program has ended the connection
                    assert is_refusal(answer), (right, name, answer)
                    assert "outcome" not in answer.json()
            assert right in UNNOTICED or any(answer.status == 503 for answer in answers.values()), right
            done = fsck(stack, *(["--repair"] if right in MENDED else []))
            assert done.returncode == 0, (right, done.stdout)
            assert_goes_on(stack, right)
            servers.wait_for(stack.helper.has_redis)   # it ends a subscription that it cannot leave


def test_a_right_is_named(stack):
    """Where Redis says which one it was."""
    for right, request in [("publish", OPERATIONS["publish"]), ("incrby", OPERATIONS["batch"]),
                           ("lindex", OPERATIONS["take"]), ("evalsha", OPERATIONS["push"])]:
        with contextlib.closing(stack.redis.client(db=DATABASE)) as redis:
            prepare(stack, redis)
            redis.execute_command("ACL", "SETUSER", "restmq", "-" + right)
            answer = request(stack.http)
            redis.execute_command("ACL", "SETUSER", "restmq", "+" + right)
            assert_goes_on(stack, "x")
        assert answer.status == 503 and answer.json()["error"].lower() == refusal(right).lower()


def test_a_right_is_taken_from_a_helper_at_work(stack, builddir):
    """It finds out at the first message, and touches no other one until it has the right again."""
    with contextlib.closing(stack.redis.client(db=DATABASE)) as redis:
        prepare(stack, redis)
        stack.http.post("/p/r", form={"policy": "roundrobin"})
        with consumers.Websocket(stack.ws_port).consume("r", "?prefetch=1&ack=explicit") as consumer:
            push(stack.http, "r", "first")
            message = consumer.next()
            redis.execute_command("ACL", "SETUSER", "restmq", "-zadd")
            push(stack.http, "r", *"abcdef")
            consumer.send(json.dumps({"cmd": "ack", "key": message["key"], "lease": message["lease"]}))
            servers.wait_for(lambda: not stack.helper.has_redis())
            assert redis.llen("r:queue") >= 5
            assert re.search("refused: NOPERM .*zadd", stack.helper.log_text())
            redis.execute_command("ACL", "SETUSER", "restmq", "+zadd")
            servers.wait_for(stack.helper.has_redis)
        assert fsck(stack, "--repair").returncode == 0
        assert fsck(stack).returncode == 0
