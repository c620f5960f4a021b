# test_redis_trouble.py - Redis away, restarted, loading, read-only, full, hanging, damaged: the
# right status each time, nothing half done, nothing sent twice, and back without a restart of ours.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import signal
import threading
import time

import pytest

import stack as servers
from checks import (assert_error, assert_unavailable, command, contents, names_key, push, take,
                    take_all)
from fake_redis import FakeRedis
from outage import CHANGING, KEEP, NOT_NOW, READING, WRONG, ask, assert_away, label


# --- down and back ------------------------------------------------------------------------------

def test_down_and_back(new_stack):
    stack = new_stack(redis_options=KEEP)
    push(stack.http, "foo", "a", "b")
    for _ in range(4):   # so that both responders have a connection
        stack.http.get("/stats")
    pids = stack.responders.pids
    for sig in signal.SIGKILL, signal.SIGTERM:
        stack.redis.kill(sig)
        for _ in range(2):
            for method, path, body in CHANGING + READING:
                assert_away(ask(stack.http, method, path, body), method)
        assert stack.http.get("/health").status == 200
        assert stack.http.get("/").status == 200
        assert stack.http.get("/queue").status == 302
        assert_error(stack.http.get("/q/.."), 400, "bad_name")
        stack.redis.start()
        for _ in range(8):
            assert stack.http.get("/q/foo?soft=1").json()["value"] == "a"
    assert stack.http.get("/ready").json()["ready"] is True
    assert take_all(stack.http, "foo") == ["a", "b"]
    assert stack.responders.pids == pids


def test_ready_says_that_redis_is_away(new_stack):
    stack = new_stack()
    stack.redis.kill()
    answer = stack.http.get("/ready")
    assert answer.status == 503 and answer.json()["code"] == "unavailable"


def test_restarted_between_two_requests(new_stack):
    """The dead connection is noticed before anything is sent over it: no error at all."""
    stack = new_stack(redis_options=KEEP)
    push(stack.http, "foo", *"abcdefgh")
    for _ in range(4):
        stack.http.get("/stats")
    for letters in "abcd", "efgh":
        stack.redis.kill()
        stack.redis.start()
        for letter in letters:
            assert stack.http.get("/q/foo").json()["value"] == letter


def test_restarted_over_tcp(new_stack):
    stack = new_stack(redis_options=KEEP, tcp=True)
    push(stack.http, "foo", "a", "b")
    assert stack.http.get("/stats/foo").json()["redis"] == (
        f"<Redis Connection: {stack.redis.address} - 1 connection(s)>")
    stack.redis.kill()
    assert_unavailable(stack.http.get("/q/foo"))
    stack.redis.start()
    assert take_all(stack.http, "foo") == ["a", "b"]


def test_started_before_redis(builddir):
    """The responders come up without Redis and find it later."""
    redis = servers.some_redis()
    binary = os.path.join(builddir, "restmq.fcgi")
    with (servers.Responders(binary, conf={"redis": redis.address}) as responders,
          servers.web_server(responders) as web):
        http = servers.Http(web.port)
        assert_unavailable(http.get("/q/foo"))
        with redis:
            push(http, "foo", "a")
            assert take(http, "foo") == "a"


def test_clients_killed_by_redis(new_stack):
    """CLIENT KILL, a timeout of Redis, a failover: the connection is gone, Redis is there."""
    stack = new_stack()
    push(stack.http, "foo", *"abcd")
    for letter in "abcd":
        stack.redis.client().execute_command("CLIENT", "KILL", "TYPE", "normal")
        assert take(stack.http, "foo") == letter


# --- scripts gone -------------------------------------------------------------------------------

def test_script_flush(new_stack):
    stack = new_stack()
    redis = stack.redis.client()
    for value in "ab":
        redis.script_flush()
        push(stack.http, "foo", value)
        redis.script_flush()
        assert stack.http.get("/q/foo?soft=1").json()["value"] == value
        redis.script_flush()
        assert stack.http.get("/stats/foo").json()["len"] == 1
        redis.script_flush()
        assert take_all(stack.http, "foo") == [value]


# --- answers that mean: not now -----------------------------------------------------------------

@pytest.mark.parametrize("text", NOT_NOW, ids=lambda text: text.split()[0])
@pytest.mark.parametrize("all_commands", [False, True], ids=["scripts", "everything"])
def test_not_now(new_stack, text, all_commands):
    """Redis said no, so the outcome is known: nothing was done.  Every request asks anew."""
    with FakeRedis(lambda words: b"-%s\r\n" % text.encode(), all_commands) as fake:
        stack = new_stack(conf={"redis": fake.address}, workers=1)
        for method, path, body in CHANGING + READING:
            assert_away(ask(stack.http, method, path, body), method)


@pytest.mark.no_cluster("who is a replica of whom is the cluster's affair")
@pytest.mark.parametrize("options", [[], ["--replica-serve-stale-data", "no"]],
                         ids=["READONLY", "MASTERDOWN"])
def test_read_only_replica(new_stack, options):
    stack = new_stack(redis_options=options)
    redis = stack.redis.client()
    push(stack.http, "foo", "a")
    redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    before = None if options else contents(redis)
    for method, path, body in CHANGING:
        assert_unavailable(ask(stack.http, method, path, body))
    if not options:
        assert contents(redis) == before
    redis.execute_command("REPLICAOF", "NO", "ONE")
    push(stack.http, "foo", "b")
    assert take_all(stack.http, "foo") == ["a", "b"]


def test_busy_script(new_stack):
    """Somebody else's endless script."""
    stack = new_stack(redis_options=["--busy-reply-threshold", "50"],
                      conf={"redis_timeout_ms": 400})
    push(stack.http, "foo", "a")
    endless = stack.redis.client()
    script = "while true do end"
    thread = threading.Thread(target=lambda: pytest.raises(Exception, endless.eval, script, 0))
    thread.start()
    time.sleep(0.3)
    for _ in range(4):
        assert stack.http.get("/q/foo").status == 503
    stack.redis.client().execute_command("SCRIPT", "KILL")
    thread.join()
    assert take_all(stack.http, "foo") == ["a"]


def test_cannot_persist(new_stack):
    """MISCONF: RDB saving is on and fails."""
    stack = new_stack()
    redis = stack.redis.client()
    os.mkdir(stack.redis.path("dump.rdb"))      # its file cannot be put there
    push(stack.http, "foo", "a")
    redis.config_set("save", "1000 1000")
    redis.bgsave()
    servers.wait_for(lambda: redis.info("persistence")["rdb_last_bgsave_status"] == "err")
    for _ in range(2):
        assert_unavailable(stack.http.post("/q/foo", form={"value": "b"}))
    redis.config_set("save", "")
    assert take_all(stack.http, "foo") == ["a"]


# --- a full Redis -------------------------------------------------------------------------------

@pytest.fixture
def full(new_stack):
    """A Redis full of messages, a little over its limit of memory.  (A histogram for each kind of
    command would take more than our messages do.)"""
    stack = new_stack(redis_options=["--latency-tracking", "no"])
    redis = stack.redis.client()
    push(stack.http, "foo", *["a" * 1000] * 300)
    push(stack.http, "bar", *["b" * 1000] * 300)
    redis.config_set("maxmemory-policy", "noeviction")
    redis.config_set("maxmemory", redis.info("memory")["used_memory"] - 100000)
    return stack


@pytest.mark.usefixtures("plain_scripts")
def test_out_of_memory(full):
    stack = full
    redis = stack.redis.client()
    before = contents(redis)
    for method, path, body in [("POST", "/q/foo", "value=a"), ("POST", "/q/new", "value=a"),
                               ("POST", "/q/foo", "value=a&ttl=100"),
                               ("POST", "/", "queue=foo&value=a"),
                               ("POST", "/queue", 'body={"cmd":"add","queue":"foo","value":"a"}')]:
        assert_error(ask(stack.http, method, path, body), 507, "no_space")
    assert contents(redis) == before
    for path in "/stats/foo", "/p/foo", "/control/foo", "/q", "/stats":
        assert stack.http.get(path).status == 200, path
    assert_unavailable(stack.http.get("/ready"))


@pytest.mark.parametrize("drain", ["take", "count", "raw", "root", "cmd", "cmd count"])
def test_takes_drain_a_full_redis(full, drain):
    redis, http = full.redis.client(), full.http
    one = {"take": lambda: http.get("/q/foo").status == 200 and 1,
           "count": lambda: len(http.get("/q/foo?count=7").json()),
           "raw": lambda: http.get("/q/foo?raw=1").body == b"a" * 1000 and 1,
           "root": lambda: http.get("/?queue=foo").status == 200 and 1,
           "cmd": lambda: "value" in command(http, cmd="take", queue="foo").json() and 1,
           "cmd count": lambda: len(command(http, cmd="take", queue="foo", count=7)
                                    .json()["messages"])}
    taken = 0
    while True:
        got = one[drain]()
        assert got
        taken += got
        if http.post("/q/bar", form={"value": "a"}).status == 200:
            break
    assert 0 < taken <= 300
    assert redis.llen("foo:queue") == 300 - taken


def test_deleting_drains_a_full_redis(full):
    assert full.http.delete("/q/foo?key=foo:5").json()["deleted"] is True
    assert command(full.http, cmd="del", queue="foo", key="foo:6").json()["deleted"] is True
    assert full.redis.client().llen("foo:queue") == 298


def test_purge_drains_a_full_redis(full):
    assert full.http.delete("/q/foo").json()["purged"] == 300
    for _ in range(20):
        full.http.get("/q/foo")
    assert full.redis.client().keys("foo:[0-9]*") == []
    assert full.http.post("/q/bar", form={"value": "a"}).status == 200


def test_a_soft_count_may_find_no_space(full):
    """It must not break the message."""
    assert full.http.get("/q/foo?soft=1").status in (200, 507)
    assert take(full.http, "foo") == "a" * 1000


# --- keys of a wrong type -----------------------------------------------------------------------


PUSHES = [request for request in CHANGING
          if "value=a" in label(request) or '"add"' in label(request)]
TAKES = [request for request in CHANGING if '"take"' in label(request) or label(request) in (
    "GET /q/foo", "GET /?queue=foo", "GET /q/foo?count=5", "GET /q/foo?raw=1")]
SOFT = [("GET", "/q/foo?soft=1", None), ("POST", "/queue", 'body={"cmd":"get","queue":"foo"}')]
REMOVALS = [("DELETE", "/q/foo", None), ("DELETE", "/q/foo?key=foo:1", None),
            ("POST", "/queue", 'body={"cmd":"del","queue":"foo","key":"foo:1"}'),
            ("POST", "/queue", 'body={"cmd":"purge","queue":"foo"}')]
LOOKS = [("GET", "/stats/foo", None), ("GET", "/j/foo", None),
         ("POST", "/queue", 'body={"cmd":"len","queue":"foo"}')]

DAMAGE = (
    [("foo:queue", kind, request) for kind in ("string", "zset", "hash", "stream", "set")
     for request in PUSHES + TAKES + SOFT + REMOVALS + LOOKS]
    + [("foo:UUID", kind, request) for kind in ("list", "hash", "string") for request in PUSHES]
    + [("foo:UUID", "list", ("GET", "/stats/foo", None))]
    + [("foo:1", kind, request) for kind in ("list", "hash", "zset") for request in TAKES + SOFT]
    + [("foo:1:refcount", kind, request) for kind in ("list", "string") for request in SOFT]
    + [("QUEUESET", kind, request) for kind in ("string", "list")
       for request in [("GET", "/q", None), ("GET", "/stats", None), ("GET", "/control/", None),
                       ("POST", "/queue", 'body={"cmd":"list"}')]]
    + [("queuestat::foo", "list", ("GET", path, None)) for path in ("/control/foo", "/stats/foo")]
    + [("foo:queuepolicy", "list", ("GET", path, None)) for path in ("/p/foo", "/stats/foo")])


@pytest.fixture(scope="module")
def damaged(builddir):
    with servers.Stack(builddir) as stack:
        stack.client = stack.redis.client()
        yield stack


@pytest.mark.parametrize("key, kind, request_", DAMAGE,
                         ids=[f"{key} {kind} {label(request)}" for key, kind, request in DAMAGE])
def test_wrong_type(damaged, key, kind, request_):
    """500 naming the key, nothing half done."""
    redis = damaged.client
    redis.flushall()
    push(damaged.http, "foo", "a", "b")
    push(damaged.http, "bar", "c")
    redis.delete(key)
    WRONG[kind](redis, key)
    before = contents(redis)
    assert_error(ask(damaged.http, *request_), 500, "damaged", key)
    assert contents(redis) == before
    assert take(damaged.http, "bar") == "c" or key == "QUEUESET"
    assert not damaged.responders.exits


@pytest.mark.parametrize("kind", ["string", "list", "hash"])
@pytest.mark.parametrize("request_", PUSHES, ids=label)
def test_wrong_type_of_the_set_of_queues(damaged, kind, request_):
    """A push that finds the list empty writes the set of queues."""
    redis = damaged.client
    redis.flushall()
    WRONG[kind](redis, names_key("foo"))
    before = contents(redis)
    assert_error(ask(damaged.http, *request_), 500, "damaged", names_key("foo"))
    assert contents(redis) == before


@pytest.mark.parametrize("request_", CHANGING + READING, ids=label)
def test_everything_of_a_wrong_type(damaged, request_):
    """Whatever it answers, it is an answer, and nothing half done where it is an error."""
    redis = damaged.client
    redis.flushall()
    for key in ("foo:queue", "foo:UUID", "foo:1", "foo:1:refcount", "QUEUESET", "queuestat::foo",
                "foo:queuepolicy", "restmq:{foo}:leases", "restmq:{foo}:delayed",
                "restmq:{foo}:receipts", "restmq:{foo}:trash", "restmq:{foo}:settings",
                "restmq:{foo}:stats"):
        WRONG["stream"](redis, key)
    before = contents(redis)
    response = ask(damaged.http, *request_)
    assert response.status in (200, 204, 500), response
    if response.status == 500:
        assert contents(redis) == before
    assert not damaged.responders.exits


@pytest.mark.parametrize("counter", ["9223372036854775807", "abc", "1.5", " 1", ""])
def test_a_counter_that_cannot_count(damaged, counter):
    redis = damaged.client
    redis.flushall()
    redis.set("foo:UUID", counter)
    before = contents(redis)
    for request_ in PUSHES:
        assert_error(ask(damaged.http, *request_), 500, "damaged", "foo:UUID")
        assert contents(redis) == before


@pytest.mark.parametrize("entry", [
    "nonsense", "", b"\xff\0", "bar:1", "QUEUESET", "foo:x", "foo:queue", "foo:UUID", "a" * 100000])
def test_an_entry_that_is_no_message_of_this_queue(damaged, entry):
    """Somebody put it there by hand: neither a crash nor another queue's message is its price."""
    redis = damaged.client
    redis.flushall()
    push(damaged.http, "bar", "theirs")
    push(damaged.http, "foo", "ours")
    redis.rpush("foo:queue", entry)
    for request_ in LOOKS + SOFT + TAKES[:1]:
        assert ask(damaged.http, *request_).status in (200, 204, 500)
    assert redis.type("QUEUESET") == b"set" and redis.get("foo:UUID") == b"1"
    assert not damaged.responders.exits
    if entry != "bar:1":
        assert take(damaged.http, "bar") == "theirs"


@pytest.mark.parametrize("value", ["", "5", "abc", "-1", "99999999999999999999"])
def test_settings_of_a_queue_that_mean_nothing(damaged, value):
    redis = damaged.client
    redis.flushall()
    redis.set("queuestat::foo", value)
    redis.set("foo:queuepolicy", value)
    for path in "/p/foo", "/control/foo", "/stats/foo", "/stats", "/control/":
        response = damaged.http.get(path)
        assert response.status in (200, 500)
        response.json()


# --- a Redis that hangs -------------------------------------------------------------------------

@pytest.mark.no_cluster("a node that hangs gets nothing for a second: see test_cluster_answers.py")
def test_hanging(new_stack):
    """503 after the 2 s that redis_timeout_ms is by default, and back when Redis is."""
    stack = new_stack(workers=1)
    push(stack.http, "foo", "a", "b")
    with stack.redis.thinking():
        start = time.monotonic()
        response = stack.http.post("/q/foo", form={"value": "c"})
        took = time.monotonic() - start
    assert_unavailable(response, unknown=True)
    assert 1.9 < took < servers.patience(3)
    values = take_all(stack.http, "foo")
    assert values in (["a", "b"], ["a", "b", "c"])
    assert not stack.responders.exits


@pytest.mark.no_cluster("a node that hangs gets nothing for a second: see test_cluster_answers.py")
def test_every_request_on_a_hanging_redis(new_stack):
    """The first call over an open connection may have happened; what only reads is never unknown.
    Later ones do not even connect, or wait in Redis's backlog: either is 503."""
    stack = new_stack(workers=1, conf={"redis_timeout_ms": 100})
    push(stack.http, "foo", "x")        # with hash tags a queue is listed before its first push
    for requests, unknown in (CHANGING, True), (READING, False):
        for method, path, body in requests:
            assert stack.http.get("/ready").status == 200      # a fresh connection
            with stack.redis.thinking():
                response = ask(stack.http, method, path, body)
            assert_away(response, method, unknown)
    assert not stack.responders.exits


@pytest.mark.no_cluster("a node that hangs gets nothing for a second: see test_cluster_answers.py")
def test_a_late_answer_belongs_to_nobody(new_stack):
    """The answer of a call that was given up must never be taken for the next call's."""
    stack = new_stack(workers=1, conf={"redis_timeout_ms": 400})
    for turn in range(5):
        push(stack.http, "late", f"late {turn}")
        push(stack.http, "next", f"next {turn}")
        with stack.redis.thinking():
            assert_unavailable(stack.http.get("/q/late"), unknown=True)
        assert stack.http.get("/q/next").json()["value"] == f"next {turn}"
        take_all(stack.http, "late")


# --- outcome unknown ----------------------------------------------------------------------------

@pytest.mark.parametrize("request_", CHANGING, ids=label)
def test_the_answer_is_lost(new_stack, request_):
    """Redis reads the call and dies: 503, outcome unknown, and the call was sent once."""
    with FakeRedis(lambda words: None) as fake:
        stack = new_stack(conf={"redis": fake.address}, workers=1)
        assert_unavailable(ask(stack.http, *request_), unknown=True)
        assert len(fake.work()) == 1
        assert_unavailable(ask(stack.http, *request_), unknown=True)
        assert len(fake.work()) == 2


@pytest.mark.parametrize("request_", READING, ids=label)
def test_the_answer_of_a_reading_call_is_lost(new_stack, request_):
    with FakeRedis(lambda words: None) as fake:
        stack = new_stack(conf={"redis": fake.address}, workers=1)
        assert_away(ask(stack.http, *request_), request_[0])
        assert len(fake.work()) == 1


@pytest.mark.parametrize("reply", [
    b"", b"$5\r\nhel", b"*3\r\n$1\r\na\r\n", b"?\r\n", b"$-5\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n", b":\r\n", b"\0" * 100], ids=repr)
def test_half_an_answer_or_nonsense(new_stack, reply):
    """Redis's answer is cut or is none at all."""
    def answer(words):
        replies.append(words)
        return reply if reply else None
    replies = []
    with FakeRedis(answer) as fake:
        stack = new_stack(conf={"redis": fake.address, "redis_timeout_ms": 200}, workers=1)
        for method, path, body in [CHANGING[0], CHANGING[2]]:
            assert_unavailable(ask(stack.http, method, path, body), unknown=True)
        assert len(fake.work()) == 2
        assert not stack.responders.exits


def test_a_refused_push_needs_no_replicas(new_stack):
    """redis_wait: Redis refuses a push, and is gone before it has said how many replicas have it."""
    def answer(words):
        return None if words[0] == b"WAIT" else b"-OOM command not allowed\r\n"
    with FakeRedis(answer) as fake:
        stack = new_stack(conf={"redis": fake.address, "redis_wait": 1, "redis_wait_ms": 20},
                          workers=1)
        response = ask(stack.http, *CHANGING[0])
        assert (response.status, response.json()["code"]) == (507, "no_space")
        assert "outcome" not in response.json()
        assert [words[0] for words in fake.work()] == [b"EVALSHA", b"WAIT"]


@pytest.mark.parametrize("reply", [
    b"+OK\r\n", b":-1\r\n", b"$-1\r\n", b"*-1\r\n", b"*0\r\n", b"*1\r\n:5\r\n", b"$0\r\n\r\n",
    b"*2\r\n$-1\r\n$-1\r\n", b"-ERR something unheard of\r\n", b"-\r\n", b"*3\r\n*0\r\n*0\r\n*0\r\n"
], ids=repr)
def test_answers_of_another_shape(new_stack, reply):
    """Well-formed, and not what the script returns: some status of ours, and no crash."""
    with FakeRedis(lambda words: reply) as fake:
        stack = new_stack(conf={"redis": fake.address}, workers=1)
        for method, path, body in CHANGING + READING:
            response = ask(stack.http, method, path, body)
            assert response.headers["Cache-Control"] == "no-store", response
        assert not stack.responders.exits


# --- who we are to Redis ------------------------------------------------------------------------

@pytest.fixture
def password(tmp_path):
    """password(text) writes the file that redis_password_file names."""
    path = tmp_path / "password"
    def write(text):
        path.write_text(text)
        return str(path)
    return write


APP = ["--user", "default", "off", "--user", "app", "on", ">s3cret", "&*", "+@all"]


def test_password(new_stack, password):
    stack = new_stack(redis_options=["--requirepass", "s3cret pass"],
                      conf={"redis_password_file": password("s3cret pass\nsecond line\n")})
    push(stack.http, "foo", "a")
    stack.redis.client(password="s3cret pass").execute_command("CLIENT", "KILL", "TYPE", "normal")
    assert take(stack.http, "foo") == "a"      # the new connection logs in too


def test_no_password_and_a_wrong_one(new_stack, password):
    for conf in {}, {"redis_password_file": password("wrong\n")}:
        stack = new_stack(redis_options=["--requirepass", "s3cret"], conf=conf)
        for method, path, body in CHANGING + READING:
            assert_away(ask(stack.http, method, path, body), method)


@pytest.mark.usefixtures("our_responders")
def test_a_new_password(new_stack, password):
    """The file is read again with restmq.conf."""
    stack = new_stack(redis_options=["--requirepass", "s3cret"],
                      conf={"redis_password_file": password("wrong")})
    assert_unavailable(stack.http.get("/q/foo"))
    password("s3cret")
    stack.responders.signal_all(signal.SIGHUP)
    servers.wait_for(lambda: all(stack.http.get("/p/foo").status == 200 for _ in range(6)))


def test_user(new_stack, password):
    stack = new_stack(redis_options=APP + ["~*"],
                      conf={"redis_user": "app", "redis_password_file": password("s3cret")})
    push(stack.http, "foo", "a")
    assert take(stack.http, "foo") == "a"


def test_a_user_without_rights(new_stack, password):
    """NOPERM: like a missing password, the operator's to mend."""
    stack = new_stack(redis_options=APP + ["~other:*"],
                      conf={"redis_user": "app", "redis_password_file": password("s3cret")})
    for method, path, body in CHANGING[:3]:
        assert ask(stack.http, method, path, body).status in (500, 503)


@pytest.mark.parametrize("command, form", [("lpush", {"value": "a"}), ("incr", {"value": "a"}),
                                           ("lpush", {"value": "a", "ttl": 60}),
                                           ("zadd", {"value": "a", "delay": 60})])
def test_a_user_who_may_not_push(new_stack, password, command, form):
    """No body is left behind without an entry."""
    stack = new_stack(redis_options=APP[3:] + ["~*"],
                      conf={"redis_user": "app", "redis_password_file": password("s3cret")})
    push(stack.http, "foo", "a")
    redis = stack.redis.client()
    redis.execute_command("ACL", "SETUSER", "app", "-" + command)
    assert_unavailable(stack.http.post("/q/foo", form=form))
    assert redis.keys("*:[0-9]*") == [b"foo:1"]
    redis.execute_command("ACL", "SETUSER", "app", "+" + command)
    push(stack.http, "foo", "b")
    assert take_all(stack.http, "foo") == ["a", "b"]


def test_a_password_is_in_no_log(new_stack, password):
    stack = new_stack(redis_options=["--requirepass", "other"],
                      conf={"redis_password_file": password("s3cret-not-to-be-seen")})
    response = stack.http.get("/q/foo")
    assert "s3cret-not" not in response.text + stack.responders.log_text()


@pytest.mark.no_cluster("has one database")
def test_database(new_stack):
    stack = new_stack(conf={"redis_db": 3})
    push(stack.http, "foo", "a", "b")
    assert stack.redis.client(db=3).llen("foo:queue") == 2
    assert stack.redis.client().dbsize() == 0
    stack.redis.client().execute_command("CLIENT", "KILL", "TYPE", "normal")
    assert take_all(stack.http, "foo") == ["a", "b"]


@pytest.mark.no_cluster("a cluster has one database")
def test_a_database_that_is_none(new_stack):
    stack = new_stack(conf={"redis_db": 15}, redis_options=["--databases", "4"])
    for _ in range(2):
        assert_unavailable(stack.http.post("/q/foo", form={"value": "a"}))
    assert stack.redis.client().dbsize() == 0


# --- the log ------------------------------------------------------------------------------------

@pytest.mark.usefixtures("our_responders")
def test_the_cause_is_logged(new_stack):
    stack = new_stack(workers=1)
    stack.redis.kill()
    before = len(stack.responders.log_text())
    stack.http.get("/q/foo")
    lines = stack.responders.log_text()[before:].splitlines()
    assert 1 <= len(lines) <= 2
    assert "redis" in lines[0].lower()
