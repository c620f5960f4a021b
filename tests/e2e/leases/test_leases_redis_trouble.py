# test_leases_redis_trouble.py - leases, delays and dead letters when Redis is away, restarted, damaged
# or read-only: the right status each time, nothing half done, and one Redis command a request.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import time

import pytest

import stack as servers
from checks import (assert_error, assert_json, assert_unavailable, names_key, push, swept, take,
                    take_all)
from fake_redis import FakeRedis
from monitor import Monitor
from outage import KEEP, NOT_NOW, WRONG
from reliable import (ack, assert_stale, changes, expire, extend, lease, nothing_changes,
                      part, policy, push_batch, release, stats)

TEXT = {"Content-Type": "text/plain"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NDJSON = {"Content-Type": "application/x-ndjson"}
ONCE = {**TEXT, "Idempotency-Key": "k"}
TOKEN = "0123456789abcdef0123456789abcdef"


def cmd(**members):
    return ("POST", "/queue", json.dumps(members), {"Content-Type": "application/json"})


def claim(number, more="", queue="foo"):
    return f"/q/{queue}?key=foo:{number}&lease={TOKEN}{more}"


# What can be asked about foo, as prepare() leaves it.
TAKES = {
    "take": ("GET", "/q/foo", None, {}),
    "lease": ("GET", "/q/foo?lease=30", None, {}),
    "take count": ("GET", "/q/foo?count=5", None, {}),
    "lease count": ("GET", "/q/foo?count=5&lease=30", None, {}),
    "take raw": ("GET", "/q/foo?raw=1", None, {}),
    "take root": ("GET", "/?queue=foo", None, {}),
    "take queues": ("GET", "/q?queues=foo,bar", None, {}),
    "cmd take": cmd(cmd="take", queue="foo"),
    "cmd lease": cmd(cmd="take", queue="foo", lease=30)}
LOOKS = {
    "soft": ("GET", "/q/foo?soft=1", None, {}),
    "cmd get": cmd(cmd="get", queue="foo")}
PUSHES = {
    "push": ("POST", "/q/foo", "x", TEXT),
    "push ttl": ("POST", "/q/foo?ttl=100", "x", TEXT),
    "push delay": ("POST", "/q/foo?delay=100", "x", TEXT),
    "push once": ("POST", "/q/foo", "x", ONCE),
    "batch": ("POST", "/q/foo", "x\ny\n", NDJSON),
    "batch delay": ("POST", "/q/foo?delay=100", "x\ny\n", NDJSON),
    "cmd add": cmd(cmd="add", queue="foo", values=["x", "y"]),
    "cmd once": cmd(cmd="add", queue="foo", value="x", once="k")}
CLAIMS = {
    "ack": ("DELETE", claim(2), None, {}),
    "cmd ack": cmd(cmd="del", queue="foo", key="foo:2", lease=TOKEN),
    "ack expired": ("DELETE", claim(3), None, {}),
    "extend": ("PUT", claim(2, "&extend=100"), None, {}),
    "cmd extend": cmd(cmd="extend", queue="foo", key="foo:2", lease=TOKEN, seconds=100)}
RELEASES = {
    "release": ("PUT", claim(2, "&release=1"), None, {}),
    "release delay": ("PUT", claim(2, "&release=1&delay=10"), None, {}),
    "release last": ("PUT", claim(8, "&release=1"), None, {}),
    "cmd release": cmd(cmd="release", queue="foo", key="foo:2", lease=TOKEN)}
DELETES = {
    "delete ready": ("DELETE", "/q/foo?key=foo:1", None, {}),
    "delete expired": ("DELETE", "/q/foo?key=foo:3", None, {}),
    "delete delayed": ("DELETE", "/q/foo?key=foo:4", None, {}),
    "delete leased": ("DELETE", "/q/foo?key=foo:2", None, {}),
    "delete a dead letter": ("DELETE", "/q/foo?key=foo:6", None, {})}
PURGES = {
    "purge": ("DELETE", "/q/foo", None, {}),
    "cmd purge": cmd(cmd="purge", queue="foo")}
DEAD_TAKES = {
    "take dead": ("GET", "/q/foo.dead", None, {}),
    "lease dead": ("GET", "/q/foo.dead?lease=30", None, {})}
DEAD = {
    "ack dead": ("DELETE", claim(7, queue="foo.dead"), None, {}),
    "release dead": ("PUT", claim(7, "&release=1", queue="foo.dead"), None, {}),
    "delete dead": ("DELETE", "/q/foo.dead?key=foo:6", None, {}),
    "purge dead": ("DELETE", "/q/foo.dead", None, {}),
    "redrive": ("POST", "/q/foo.dead?redrive=1", None, {}),
    "redrive some": ("POST", "/q/foo.dead?redrive=1&count=1", None, {}),
    "cmd redrive": cmd(cmd="redrive", queue="foo.dead")}
SETS = {
    "set": ("POST", "/p/foo", "lease=5", FORM),
    "cmd policy": cmd(cmd="policy", queue="foo", ttl=5)}
READS = {
    "stats": ("GET", "/stats/foo", None, {}),
    "cmd stats": cmd(cmd="stats", queue="foo"),
    "cmd len": cmd(cmd="len", queue="foo")}
OVERVIEW = {"stats of all": ("GET", "/stats", None, {})}
POLICY = {"policy": ("GET", "/p/foo", None, {})}

CHANGING = {**TAKES, **LOOKS, **PUSHES, **CLAIMS, **RELEASES, **DELETES, **PURGES, **DEAD_TAKES,
            **DEAD, **SETS}
ALL = {**CHANGING, **READS, **OVERVIEW, **POLICY}


def ask(http, name):
    method, path, body, headers = ALL[name]
    return http.request(method, path, body, headers)


def prepare(redis, due):
    """foo:1 is ready, 2, 3 and 8 are leased, 4 and 5 delayed, 6 and 7 dead, the latter leased.  The
    next return of 3 and 8 is their last.  due: the lease of 3 and the delay of 5 are over."""
    past, future = 1000, int(time.time() + 1000) * 1000
    with redis.pipeline() as pipe:
        pipe.flushall()
        pipe.sadd("QUEUESET", "foo", "foo.dead")
        pipe.mset({f"foo:{number}": f"body {number}" for number in range(1, 9)})
        pipe.set("foo:UUID", 8)
        pipe.lpush("foo:queue", "foo:1")
        pipe.lpush("foo.dead:queue", "foo:6")
        pipe.zadd(part("foo", "leases"), {
            "foo:2": future, "foo:3": past if due else future, "foo:8": future + 1})
        pipe.hset(part("foo", "receipts"), mapping={
            "foo:2": f"1 {TOKEN}", "foo:3": f"3 {TOKEN}", "foo:8": f"3 {TOKEN}"})
        pipe.zadd(part("foo", "delayed"), {"foo:4": future, "foo:5": past if due else future + 1})
        pipe.zadd(part("foo.dead", "leases"), {"foo:7": future})
        pipe.hset(part("foo.dead", "receipts"), "foo:7", f"1 {TOKEN}")
        pipe.hset(part("foo", "settings"), mapping={"max_deliveries": 3, "max_length": 1000})
        pipe.hset(part("foo", "stats"), "acked", 5)
        pipe.execute()


@pytest.fixture(scope="module")
def damaged(builddir):
    with servers.Stack(builddir) as stack:
        stack.client = stack.redis.client()
        yield stack


# --- keys of a wrong type -----------------------------------------------------------------------

QUIET_TAKES = [*TAKES, *LOOKS]

# Which requests say that a key is damaged, always; and which only when something is due.
MUST = {
    part("foo", "leases"): ([*QUIET_TAKES, *PUSHES, *CLAIMS, *RELEASES, *DELETES, *PURGES, *READS],
                            []),
    part("foo", "receipts"): ([*QUIET_TAKES, *CLAIMS, *RELEASES, *DELETES, *PURGES], []),
    part("foo", "delayed"): ([*QUIET_TAKES, *PUSHES, *RELEASES, *PURGES, *READS, "delete ready",
                              "delete delayed", "delete a dead letter"], []),
    part("foo", "settings"): ([*(name for name in TAKES if "lease" not in name), *PUSHES, *RELEASES,
                               *SETS, *POLICY, *READS],
                              [*LOOKS, *(name for name in TAKES if "lease" in name)]),
    part("foo", "stats"): ([*READS], []),
    part("foo", "once:k"): (["push once", "cmd once"], []),
    part("foo", "trash"): ([*PURGES], []),
    "foo.dead:queue": ([*RELEASES, *DEAD_TAKES, *READS, "delete a dead letter", "purge dead",
                        "redrive", "redrive some", "cmd redrive", "release dead"], [*QUIET_TAKES]),
    "foo:queue": ([*TAKES, *LOOKS, *PUSHES, *RELEASES, *PURGES, *READS, "redrive", "redrive some",
                   "cmd redrive"], []),
    "QUEUESET": (["stats of all"], []),
    part("foo.dead", "leases"): ([*DEAD_TAKES, "ack dead", "release dead", "delete dead",
                                  "purge dead"], []),
    part("foo.dead", "receipts"): ([*DEAD_TAKES, "ack dead", "release dead", "delete dead",
                                    "delete a dead letter", "purge dead", "redrive", "redrive some",
                                    "cmd redrive"], []),
    part("foo.dead", "delayed"): ([*DEAD_TAKES, "release dead", "delete dead", "purge dead"], []),
}
RIGHT = {"leases": "zset", "delayed": "zset", "receipts": "hash", "settings": "hash",
         "stats": "hash", "k": "string", "trash": "list", "queue": "list", "QUEUESET": "set",
         "names": "set"}
LISTED = MUST.setdefault(names_key("foo"), ([], []))
LISTED[0].extend([*RELEASES, "redrive", "redrive some", "cmd redrive"])
LISTED[1].extend(QUIET_TAKES)


def kinds(key):
    """The types that this key must not have."""
    return [kind for kind in WRONG if kind != RIGHT[key.rpartition(":")[2]]]


def spoil(redis, key, kind, due):
    prepare(redis, due)
    redis.delete(key)
    WRONG[kind](redis, key)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("key", MUST)
def test_wrong_type(damaged, key, name):
    """500 naming the key, and nothing half done; or the request has no need of the key."""
    redis = damaged.client
    always, when_due = MUST[key]
    for kind in kinds(key):
        for due in False, True:
            spoil(redis, key, kind, due)
            before = changes(redis)
            response = ask(damaged.http, name)
            case = f"{key} is a {kind}, due: {due}"
            if response.status == 500:
                assert_error(response, 500, "damaged", key)
                assert changes(redis) == before, case
            else:
                assert response.status in (200, 204, 404, 409), (case, response)
                assert name not in always, (case, response)
                assert not (due and name in when_due), (case, response)
                if "purge" in name:     # or it would be swept when the next one is prepared
                    swept(redis, "foo.dead" if "dead" in name else "foo")
    assert not damaged.responders.exits


@pytest.mark.parametrize("name", [*TAKES, *LOOKS, "push ttl"])
@pytest.mark.parametrize("key", [key for key in MUST if "foo}:" in key] + ["foo:queue"])
def test_wrong_type_where_all_messages_expired(damaged, key, name):
    """Nothing but entries without a body: passing over them is a change too."""
    redis = damaged.client
    for kind in kinds(key):
        spoil(redis, key, kind, False)
        redis.delete("foo:1")
        before = changes(redis)
        response = ask(damaged.http, name)
        if response.status == 500:
            assert_error(response, 500, "damaged", key)
            assert changes(redis) == before, (key, kind)
        else:
            assert response.status in (200, 204, 404), (key, kind, response)


@pytest.mark.parametrize("key", [key for key in MUST if "stats" in MUST[key][0]])
def test_one_damaged_queue_does_not_hide_the_others(damaged, key):
    """The numbers of all queues: in its place stands what is wrong with it."""
    redis = damaged.client
    spoil(redis, key, kinds(key)[0], True)
    push(damaged.http, "bar", "x")
    with nothing_changes(redis):
        queues = assert_json(ask(damaged.http, "stats of all"))["queues"]
    assert queues["bar"]["len"] == 1
    assert queues["foo"]["code"] == "damaged" and key in servers.shown(queues["foo"]["error"])
    assert set(queues["foo"]) == {"name", "error", "code"}


@pytest.mark.parametrize("kind", ["list", "hash", "zset"])
@pytest.mark.parametrize("due", [False, True])
def test_a_body_of_a_wrong_type(damaged, kind, due):
    """Of the message that would be next: it is named, and it may be deleted or acked."""
    redis = damaged.client
    for name in {**TAKES, **LOOKS}:
        spoil(redis, "foo:1", kind, False)
        with nothing_changes(redis):
            assert_error(ask(damaged.http, name), 500, "damaged", "foo:1")
    spoil(redis, "foo:2", kind, due)
    assert ask(damaged.http, "ack").status == 200
    assert not redis.exists("foo:2")


@pytest.mark.parametrize("key", MUST)
def test_ack_while_something_else_is_damaged(damaged, key):
    """What an ack does not need does not keep it from being done."""
    redis = damaged.client
    if "ack" in MUST[key][0]:
        return
    spoil(redis, key, "stream", False)
    assert ask(damaged.http, "ack").status == 200
    assert not redis.exists("foo:2") and redis.zscore(part("foo", "leases"), "foo:2") is None


@pytest.mark.parametrize("name", ALL)
def test_everything_of_a_wrong_type(damaged, name):
    redis = damaged.client
    prepare(redis, False)
    for key in MUST:
        redis.delete(key)
        WRONG["stream"](redis, key)
    with nothing_changes(redis):
        response = ask(damaged.http, name)
    assert response.status in (500, 204) or name in ("policy", "set", "cmd policy"), response


NONSENSE = ["", "x", "-1", "1", "1 ", " 1 x", "1.5 x", "99999999999999999999 x", "0", "abc def",
            "\0", "1 " + "a" * 10000]


@pytest.mark.parametrize("receipt", NONSENSE, ids=lambda text: text[:12])
@pytest.mark.parametrize("due", [False, True])
def test_a_receipt_that_means_nothing(damaged, receipt, due):
    """Somebody wrote it there by hand: the message is not lost, and nobody else can ack it."""
    redis = damaged.client
    prepare(redis, due)
    redis.hset(part("foo", "receipts"), mapping={"foo:2": receipt, "foo:3": receipt})
    for name in "ack", "extend", "release", "ack expired":
        assert ask(damaged.http, name).status == 409
    redis.zadd(part("foo", "leases"), {"foo:2": 1000, "foo:3": 1001})
    got = take_all(damaged.http, "foo") + take_all(damaged.http, "foo.dead")
    assert {"body 1", "body 2", "body 3"} <= set(got)


VALUES = ["", "x", "-1", "-5", "0", "1.5", "nan", "inf", "1e300", "0x10",
          "99999999999999999999", "1,2,3", "0,0,0", "9999999999,9999999999,9999999999", " 5", "5 "]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("setting", ["lease", "max_deliveries", "max_length", "ttl", "backoff"])
def test_a_setting_that_means_nothing(damaged, setting, value):
    """Somebody wrote it there by hand.  Whatever it does, nothing is half done, it is not called
    something that passes, and no message is lost."""
    redis = damaged.client
    for due in False, True:
        for name in [*TAKES, *PUSHES, *RELEASES, *READS, *POLICY]:
            prepare(redis, due)
            redis.hset(part("foo", "settings"), setting, value)
            before = changes(redis)
            response = ask(damaged.http, name)
            if response.status == 500:
                assert_error(response, 500, "damaged", part("foo", "settings"))
                assert changes(redis) == before, name
            else:
                assert response.status in (200, 204, 409, 429), (name, response)
            if response.status == 429 or (response.status == 200 and "full" in response.text):
                assert changes(redis) == before, name
            response.body.decode()
    assert not damaged.responders.exits


@pytest.mark.parametrize("number", ["x", "", "-1", "1.5"])
def test_a_trash_that_means_nothing(damaged, number):
    redis = damaged.client
    prepare(redis, False)
    redis.lpush(part("foo", "trash"), number)
    before = changes(redis)
    response = ask(damaged.http, "purge")
    if response.status == 500:
        assert_error(response, 500, "damaged", part("foo", "trash"))
        assert changes(redis) == before
    else:
        assert response.status == 200, response
        servers.wait_for(lambda: not redis.exists(part("foo", "trash"), "foo:1", "foo:2"))


@pytest.mark.parametrize("score", ["-inf", "+inf", "-5", "0", "1e300", "0.5"])
def test_a_deadline_that_means_nothing(damaged, score):
    redis = damaged.client
    for name in [*TAKES, *CLAIMS, *RELEASES, *READS]:
        prepare(redis, False)
        for key in "leases", "delayed":
            redis.zadd(part("foo", key), {"foo:2": float(score)})
        response = ask(damaged.http, name)
        assert response.status in (200, 409), (name, response)
        response.body.decode()


@pytest.mark.parametrize("member", ["nonsense", "", "bar:1", "foo:x", b"\xff\0", "foo:", "foo:UUID",
                                    "QUEUESET", "foo:99"])
@pytest.mark.parametrize("name", ["leases", "delayed"])
def test_a_member_that_is_no_message_of_this_queue(damaged, name, member):
    """It is neither a crash, nor another queue's message, nor what holds up the others."""
    redis = damaged.client
    prepare(redis, False)
    push(damaged.http, "bar", "theirs")
    redis.zadd(part("foo", name), {member: 1000})
    for request in "head", "soft", "take", "stats", "purge":
        if request == "head":
            damaged.http.head("/q/foo")
        else:
            # In a cluster a script may not look at a key of another slot.
            assert ask(damaged.http, request).status in (200, 204, 500, *([503] if servers.cluster else []))
    servers.wait_for(lambda: not redis.exists(part("foo", "trash")))
    assert redis.type("QUEUESET") == b"set" and redis.get("foo:UUID") == b"8"
    if member != "bar:1":
        assert take(damaged.http, "bar") == "theirs"
    assert not damaged.responders.exits


@pytest.mark.parametrize("text", ["", "x", "1", "1 1", "x 1 abc", "0 0 abc", "-1 5 abc",
                                  "99999999999999999999 1 abc"])
def test_a_remembered_push_that_means_nothing(damaged, text):
    redis = damaged.client
    prepare(redis, False)
    redis.set(part("foo", "once:k"), text)
    with nothing_changes(redis):
        for name in "push once", "cmd once":
            response = ask(damaged.http, name)
            assert response.status in (200, 409, 500), response
            if name == "cmd once" and response.status == 200:
                assert "code" in response.json()


# --- away ---------------------------------------------------------------------------------------

def test_the_answer_is_lost(builddir):
    """Redis reads the call and dies: 503, outcome unknown, and the call was sent once."""
    with FakeRedis(lambda words: None) as fake:
        with servers.Stack(builddir, conf={"redis": fake.address}, workers=1) as stack:
            for sent, name in enumerate(CHANGING, 1):
                assert_unavailable(ask(stack.http, name), unknown=True)
                assert len(fake.work()) == sent, name
            for sent, name in enumerate({**READS, **OVERVIEW, **POLICY}, sent + 1):
                assert_unavailable(ask(stack.http, name))
                assert len(fake.work()) == sent, name


@pytest.mark.parametrize("text", NOT_NOW, ids=lambda text: text.split()[0])
def test_not_now(builddir, text):
    """Redis said no: nothing was done."""
    with FakeRedis(lambda words: b"-%s\r\n" % text.encode()) as fake:
        with servers.Stack(builddir, conf={"redis": fake.address}, workers=1) as stack:
            for name in ALL:
                assert_unavailable(ask(stack.http, name))


@pytest.mark.parametrize("reply", [
    b"+OK\r\n", b":-1\r\n", b":-2\r\n", b":5\r\n", b"$-1\r\n", b"*-1\r\n", b"*0\r\n", b"$0\r\n\r\n",
    b"*1\r\n:-1\r\n", b"*1\r\n:0\r\n", b"*2\r\n:5\r\n:5\r\n", b"*2\r\n:5\r\n:99999\r\n",
    b"*2\r\n$-1\r\n$-1\r\n", b"*3\r\n:0\r\n:0\r\n:0\r\n", b"*3\r\n*0\r\n*0\r\n*0\r\n",
    b"*6\r\n:0\r\n:0\r\n:5\r\n:1\r\n:2\r\n:3\r\n", b"*4\r\n:0\r\n:0\r\n:5\r\n$1\r\na\r\n",
    b"*6\r\n:0\r\n:0\r\n:5\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n",
    b"-ERR something unheard of\r\n"], ids=repr)
def test_answers_of_another_shape(builddir, reply):
    """Well-formed, and not what the script returns: some status of ours, and no crash."""
    with FakeRedis(lambda words: reply) as fake:
        with servers.Stack(builddir, conf={"redis": fake.address}, workers=1) as stack:
            for name in ALL:
                response = ask(stack.http, name)
                assert response.headers["Cache-Control"] == "no-store", response
            assert not stack.responders.exits


def test_redis_restarted_while_leased(new_stack):
    """A lease is a row in Redis: with its data it is there again."""
    stack = new_stack(redis_options=KEEP)
    http = stack.http
    policy(http, "foo", max_deliveries=2)
    push(http, "foo", *"abcdef")
    first, second, third, fourth = (lease(http, "foo") for _ in range(4))
    release(http, fourth, delay=100)
    http.post("/q/foo", "once", ONCE)
    for _ in range(2):
        stack.redis.kill()
        for respond in lambda: ack(http, first), lambda: extend(http, first, 5), lambda: release(
                http, first), lambda: http.get("/q/foo?lease=5"):
            assert_unavailable(respond())
        stack.redis.start()
        redis = stack.redis.client()
        assert stats(http, "foo", "len", "leased", "delayed") == (3, 3, 1)
    assert ack(http, first).status == 200
    assert extend(http, second, 100).status == 200
    assert release(http, third).status == 200
    assert http.post("/q/foo", "once", ONCE).headers["Idempotent-Replay"] == "true"
    assert_stale(redis, lambda: ack(http, first), lambda: ack(http, third))
    again = lease(http, "foo")
    assert (again["value"], again["deliveries"]) == ("c", 2)
    expire(redis, "foo")
    assert take_all(http, "foo") == ["b", "e", "f", "once", "d"]
    assert take_all(http, "foo.dead") == ["c"]


def test_deadlines_pass_while_redis_is_away(new_stack):
    stack = new_stack(redis_options=KEEP)
    push(stack.http, "foo", "a")
    message = lease(stack.http, "foo", 1)
    stack.redis.kill()
    time.sleep(1)
    stack.redis.start()
    assert_stale(stack.redis.client(), lambda: ack(stack.http, message))
    assert lease(stack.http, "foo")["deliveries"] == 2


def test_redis_restarted_without_its_data(new_stack):
    """Nothing is promised then; tokens of before mean nothing."""
    stack = new_stack()
    push(stack.http, "foo", "a")
    message = lease(stack.http, "foo")
    stack.redis.kill()
    stack.redis.start()
    assert_stale(stack.redis.client(), lambda: ack(stack.http, message),
                 lambda: extend(stack.http, message, 5), lambda: release(stack.http, message))
    assert push(stack.http, "foo", "b") == ["foo:1"]
    assert_stale(stack.redis.client(), lambda: ack(stack.http, message))
    assert take(stack.http, "foo") == "b"


def test_the_answer_to_an_ack_is_lost_and_it_is_sent_again(new_stack):
    """409 says that the first one was done, or that the lease is over: nothing is deleted twice."""
    stack = new_stack()
    push(stack.http, "foo", "a", "b")
    message = lease(stack.http, "foo")
    assert ack(stack.http, message).status == 200      # this answer never reaches the worker
    assert_stale(stack.redis.client(), lambda: ack(stack.http, message))
    assert take_all(stack.http, "foo") == ["b"]


def test_script_flush(new_stack):
    stack = new_stack()
    http, redis = stack.http, stack.redis.client()

    def after_flush(respond):
        redis.script_flush()
        response = respond()
        assert response.status == 200, response
        return response

    after_flush(lambda: http.post("/q/foo", "a\nb\nc\n", NDJSON))
    first, second = after_flush(lambda: http.get("/q/foo?lease=30&count=2")).json()
    after_flush(lambda: extend(http, first, 60))
    after_flush(lambda: release(http, first))
    after_flush(lambda: ack(http, second))
    after_flush(lambda: http.post("/p/foo", form={"max_deliveries": 1}))
    third = after_flush(lambda: http.get("/q/foo?lease=30")).json()
    after_flush(lambda: release(http, third))
    after_flush(lambda: http.post("/q/foo.dead?redrive=1"))
    assert take_all(http, "foo") == ["c", "a"]


@pytest.mark.no_cluster("who is a replica of whom is the cluster's affair")
def test_read_only_replica(new_stack):
    """Also one on which something is due: it can be brought back by the master alone."""
    stack = new_stack()
    redis = stack.redis.client()
    for due in False, True:
        prepare(redis, due)
        redis.execute_command("REPLICAOF", "127.0.0.1", "1")
        with nothing_changes(redis):
            for name in CHANGING:
                response = ask(stack.http, name)
                refused = response.status in (404, 409)      # before anything was to be written
                if not refused and not (name in LOOKS and response.status == 200):
                    assert_unavailable(response)
            for name in {**READS, **OVERVIEW, **POLICY}:
                assert ask(stack.http, name).status == 200
        redis.execute_command("REPLICAOF", "NO", "ONE")


# --- one Redis command --------------------------------------------------------------------------

SWEEP = '"1" "restmq:{foo}.dead:trash"'      # no operation of a client


@pytest.fixture(scope="module")
def watched(builddir):
    with servers.Stack(builddir, workers=1) as stack:
        stack.client = stack.redis.client()
        for name in ALL:      # each script is loaded at its first use; that is not what we count
            prepare(stack.client, True)
            ask(stack.http, name)
        yield stack, Monitor(stack.redis)


@pytest.mark.parametrize("name", [name for name in ALL if name != "stats of all"])
def test_one_command(watched, name):
    stack, monitor = watched
    for _ in range(2):
        prepare(stack.client, False)
        monitor.lines()
        response = ask(stack.http, name)
        lines = [line for line in monitor.lines() if SWEEP not in line]
        assert response.status in (200, 404, 409), response
        assert len(lines) == 1, lines
        assert '"EVALSHA"' in lines[0].upper() or len(lines[0]) < 200, "a whole script was sent"


@pytest.mark.parametrize("count", [1, 1000])
def test_one_command_for_a_batch(watched, count):
    stack, monitor = watched
    stack.client.flushall()
    monitor.lines()
    push_batch(stack.http, "foo", count)
    assert len(monitor.lines()) == 1
    assert len(stack.http.get(f"/q/foo?lease=30&count={count}").json()) == count
    assert len(monitor.lines()) == 1


@pytest.mark.parametrize("names, commands", [("foo", 1), ("foo,bar", 1), ("bar,foo", 2),
                                             ("a,b,c,d,e,f,g,foo", 8), ("foo,..", 0)])
def test_one_command_for_each_queue_up_to_the_first(watched, names, commands):
    stack, monitor = watched
    for lease in "", "&lease=30":
        prepare(stack.client, False)
        monitor.lines()
        stack.http.get(f"/q?queues={names}{lease}")
        assert len(monitor.lines()) == commands


@pytest.mark.parametrize("due, commands", [(1, 2), (100, 2), (101, 3), (250, 4)])
def test_what_is_brought_back_a_hundred_at_a_time(watched, due, commands):
    """Each such call is bounded; then comes the take itself."""
    stack, monitor = watched
    stack.client.flushall()
    push_batch(stack.http, "foo", 300)
    stack.http.get(f"/q/foo?lease=30&count={due}")
    expire(stack.client, "foo")
    monitor.lines()
    assert take(stack.http, "foo") == "1"
    assert len(monitor.lines()) <= commands
    assert take_all(stack.http, "foo") == [str(number) for number in range(2, 301)]


@pytest.mark.parametrize("method, path, body, headers", [
    ("GET", "/q/foo?lease=x", None, {}), ("PUT", "/q/foo?key=foo:1&lease=x", None, {}),
    ("PUT", "/q/foo?key=bar:1&lease=x&extend=5", None, {}), ("DELETE", "/q/foo?lease=x", None, {}),
    ("POST", "/q/foo?redrive=1", None, {}), ("POST", "/q/foo.dead", "x", TEXT),
    ("POST", "/q/foo", "\n" * 1001, NDJSON), ("POST", "/q/foo", "", NDJSON),
    ("POST", "/q/foo", "x", {**TEXT, "Idempotency-Key": "a" * 129}),
    ("POST", "/p/foo", "lease=x", FORM), ("POST", "/p/foo", "lease=5&ttl=-1", FORM),
    ("GET", "/q?queues=a,b,", None, {}), ("GET", "/q?lease=5", None, {})])
def test_no_command_for_what_is_refused(watched, method, path, body, headers):
    stack, monitor = watched
    monitor.lines()
    assert stack.http.request(method, path, body, headers).status in (400, 413)
    assert monitor.lines() == []
