# test_corners.py - a full Redis, other ways to Redis, dead letters and expired messages on a
# stream, the start of the program and its options.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import signal
import socket
import subprocess
import time

import pytest

import stack as servers
from checks import push
from consumers import Comet, LongPoll, Sse, Websocket, get
from helper import all_closed
from reliable import ack, expire, lease, policy, push_batch, stats

# --- a full Redis -------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def tank(builddir, plain_scripts):
    with servers.Stack(builddir, helpers=1, redis_options=[
            "--latency-tracking", "no", "--maxmemory-policy", "noeviction"]) as stack:
        stack.client = stack.redis.client()
        yield stack


def fill(tank, queue, count):
    """So many messages, and no space for more: there is a MiB too much already."""
    for _ in range(count // 100):
        lines = ("x" * 10000 + "\n") * 100
        assert tank.http.post(f"/q/{queue}", lines,
                              {"Content-Type": "application/x-ndjson"}).status == 200
    tank.client.config_set("maxmemory", tank.client.info("memory")["used_memory"] - 1048576)
    assert tank.http.post(f"/q/{queue}", "x", {"Content-Type": "text/plain"}).status == 507


@pytest.mark.parametrize("name", ["broadcast", "roundrobin"])
@pytest.mark.parametrize("transport", [Websocket, Sse, LongPoll])
def test_consumers_empty_a_full_redis(tank, queue, transport, name):
    policy(tank.http, queue, policy=name)
    several = []
    try:
        fill(tank, queue, 300)
        several = [transport(tank.ws_port).consume(queue)]
        assert len(several[0].values(300)) == 300
        several[0].settle()
        servers.wait_for(lambda: stats(tank.http, queue, "len", "leased") == (0, 0))
    finally:
        tank.client.config_set("maxmemory", 0)
        for consumer in several:
            consumer.wire.close()
        tank.http.delete(f"/q/{queue}")


# --- other ways to Redis --------------------------------------------------------------------------

def passes_messages(stack):
    several = [transport(stack.ws_port).consume("foo") for transport in (Websocket, Sse)]
    with all_closed(*several):
        push(stack.http, "foo", "a")
        for consumer in several:
            assert consumer.values(1) == ["a"]
        assert several[0].command(cmd="len", queue="bar") == {"queue": "bar", "len": 0}


def test_redis_over_tcp(new_stack):
    passes_messages(new_stack(tcp=True))


@pytest.mark.no_cluster("has one database")
def test_password_and_database(new_stack, tmp_path):
    password = tmp_path / "password"
    password.write_text("s3cret pass\n")
    stack = new_stack(redis_options=["--requirepass", "s3cret pass"],
                      conf={"redis_password_file": password, "redis_db": 3})
    passes_messages(stack)
    redis = stack.redis.client(password="s3cret pass", db=3)
    assert redis.get("foo:UUID") == b"1"
    redis.client_kill_filter(_type="pubsub", skipme=True)
    redis.client_kill_filter(_type="normal", skipme=True)
    time.sleep(0.3)
    passes_messages(stack)


def test_another_redis(new_stack):
    """The address changes in restmq.conf: consumers stay, and hear from the new one."""
    stack = new_stack()
    with servers.some_redis() as other:
        consumer = Websocket(stack.ws_port).consume("foo")
        with all_closed(consumer):
            push(stack.http, "foo", "old")
            assert consumer.values(1) == ["old"]
            stack.configure(redis=other.address)
            stack.helper.signal(signal.SIGHUP)
            servers.wait_for(lambda: stack.http.get("/stats/foo").json()["pushed"] == 0)
            push(stack.http, "foo", "new")
            message = consumer.next()
            assert message == {"event": "gap"} or message["value"] == "new"
            if message == {"event": "gap"}:
                assert consumer.values(1) == ["new"]
            assert other.client().get("foo:UUID") == b"1"


def raw_of(listener):
    """The next that was published.  A node of a cluster that has begun is twice as good as away."""
    while (text := listener.raw()) == '{"event":"gap"}' and servers.cluster:
        pass
    return text


def test_started_before_redis(builddir):
    """It waits for Redis, and serves what it can; who came before it is told that something may have been
    missed."""
    with servers.some_redis() as redis:
        redis.stop()
        with servers.Helper(os.path.join(builddir, "restmq-wsd"), servers.free_port(),
                            conf={"redis": redis.address}) as helper:
            assert get(helper.port, "/health").status == 200
            assert get(helper.port, "/w/foo?wait=1").status == 503
            with Websocket(helper.port).connect("/sub/news") as listener:
                redis.start()
                servers.wait_for(lambda: get(helper.port, "/w/foo?wait=0").status == 204, step=0.05)
                redis.client().publish("news", "hello")
                assert listener.next() == {"event": "gap"}
                assert raw_of(listener) == "hello"


# --- messages that are special ------------------------------------------------------------------

@pytest.mark.parametrize("name", ["broadcast", "roundrobin"])
def test_expired_messages_are_skipped(stack, http, queue, name):
    policy(http, queue, policy=name)
    for ttl, value in (1, "gone"), (100, "kept"), (1, "gone too"):
        answer = http.post(f"/q/{queue}?ttl={ttl}", value, {"Content-Type": "text/plain"})
        assert answer.status == 200
    time.sleep(1.2)
    with Websocket(stack.ws_port).consume(queue) as consumer:
        assert consumer.values(1) == ["kept"]
        push(http, queue, "next")
        assert consumer.values(1) == ["next"]


@pytest.mark.parametrize("name", ["broadcast", "roundrobin"])
@pytest.mark.parametrize("transport", [Websocket, Comet])
def test_dead_letters_on_a_stream(stack, http, redis, queue, transport, name):
    """They keep their keys."""
    policy(http, queue, max_deliveries=1)
    policy(http, f"{queue}.dead", policy=name)
    push(http, queue, "poison", "and more")
    for _ in range(2):
        lease(http, queue)
    consumer = transport(stack.ws_port).consume(f"{queue}.dead")
    with all_closed(consumer):
        expire(redis, queue)
        assert http.get(f"/q/{queue}").status == 204
        messages = sorted((consumer.next() for _ in range(2)), key=lambda message: message["key"])
        assert messages == [{"key": f"{queue}:1", "value": "poison"},
                            {"key": f"{queue}:2", "value": "and more"}]
        consumer.settle()
        servers.wait_for(lambda: stats(http, f"{queue}.dead", "len", "leased") == (0, 0))


def test_dead_letters_acked_explicitly(stack, http, redis, queue):
    policy(http, queue, max_deliveries=1)
    policy(http, f"{queue}.dead", policy="roundrobin")
    push(http, queue, "poison")
    lease(http, queue)
    expire(redis, queue)
    assert http.get(f"/q/{queue}").status == 204
    with Websocket(stack.ws_port).consume(f"{queue}.dead", "?ack=explicit") as consumer:
        message = consumer.next()
        answer = consumer.command(cmd="del", queue=f"{queue}.dead", key=message["key"],
                                  lease=message["lease"])
        assert answer["deleted"] is True
        assert stats(http, queue, "dead") == (0,)


def test_redriven_messages_wake(stack, http, redis, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "again")
    lease(http, queue)
    expire(redis, queue)
    assert http.get(f"/q/{queue}").status == 204
    with Websocket(stack.ws_port).consume(queue) as consumer:
        assert consumer.is_silent(0.1)
        assert http.post(f"/q/{queue}.dead?redrive=1").json()["redriven"] == 1
        assert consumer.next(1)["value"] == "again"


def test_a_backoff_holds_back(stack, http, queue):
    """What a worker that went away gives back comes after the pause that the queue asks for."""
    policy(http, queue, policy="roundrobin")
    policy(http, queue, backoff="1,2,10")
    push(http, queue, "a")
    leaving = Websocket(stack.ws_port).consume(queue, "?ack=explicit")
    leaving.next()
    start = time.monotonic()
    leaving.drop()
    with Websocket(stack.ws_port).consume(queue, "?ack=explicit") as staying:
        assert staying.next()["deliveries"] == 2
        assert 0.8 < time.monotonic() - start < servers.patience(2.6)


def test_purged_while_held(stack, http, queue):
    """The worker is disconnected, and its late ack finds nothing."""
    policy(http, queue, policy="roundrobin")
    push(http, queue, "a")
    worker = Websocket(stack.ws_port).consume(queue, "?ack=explicit")
    message = worker.next()
    assert http.delete(f"/q/{queue}").json()["purged"] == 1
    assert worker.end().code == 1000
    assert ack(http, message).status in (404, 409)
    time.sleep(0.2)
    assert stats(http, queue, "len", "leased") == (0, 0)


def test_a_message_deleted_while_it_waits(stack, http, queue):
    keys = push(http, queue, "a", "b", "c")
    assert http.delete(f"/q/{queue}?key={keys[1]}").status == 200
    with Websocket(stack.ws_port).consume(queue) as consumer:
        assert consumer.values(2) == ["a", "c"]


def test_order_of_many_that_are_given_back(stack, http, queue):
    """A worker with a thousand goes away: they come in their order again."""
    policy(http, queue, policy="roundrobin")
    push_batch(http, queue, 300)
    leaving = Websocket(stack.ws_port).consume(queue, "?ack=explicit&prefetch=300")
    assert leaving.values(300) == [str(n) for n in range(1, 301)]
    leaving.close()
    servers.wait_for(lambda: stats(http, queue, "leased") == (0,))
    with Websocket(stack.ws_port).consume(queue) as consumer:
        assert consumer.values(300) == [str(n) for n in range(1, 301)]


# --- the program --------------------------------------------------------------------------------

def run(builddir, *words, conf=None, tmp_path=None, timeout=5):
    """Runs it to its end."""
    argv = [os.path.join(builddir, "restmq-wsd"), *words]
    if conf is not None:
        path = tmp_path / "restmq.conf"
        path.write_text(conf)
        argv[1:1] = ["--config", str(path)]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout)


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_says_what_it_is(builddir, word):
    done = run(builddir, word)
    assert done.returncode == 0 and "restmq-wsd" in done.stdout and not done.stderr


@pytest.mark.parametrize("words", [["--nonsense"], ["extra"], ["--config"],
                                   ["--config", "/does/not/exist"],
                                   ["--check-config", "--config", "/dev/null", "--config", "/dev/null"]])
def test_bad_options(builddir, words):
    done = run(builddir, *words)
    assert done.returncode == 1 and done.stderr and not done.stdout


def test_check_config(builddir, tmp_path):
    done = run(builddir, "--check-config", conf="listen = 127.0.0.1:1,unix:/x\n", tmp_path=tmp_path)
    assert done.returncode == 0
    done = run(builddir, "--check-config", conf="listen = nonsense\n", tmp_path=tmp_path)
    assert done.returncode == 1 and "listen" in done.stderr and ":1:" in done.stderr


@pytest.mark.parametrize("address", ["unix:/does/not/exist/ws.sock", "192.0.2.1:8889"])
def test_an_address_that_cannot_be_had(builddir, tmp_path, address):
    done = run(builddir, conf=f"listen = {address}\n", tmp_path=tmp_path)
    assert done.returncode == 1 and address.removeprefix("unix:") in done.stderr


def test_a_port_of_another_program(builddir, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run(builddir, conf=f"listen = 127.0.0.1:{port}\n", tmp_path=tmp_path)
        assert done.returncode == 1 and str(port) in done.stderr


def test_a_unix_socket_of_another_helper(stack, builddir, tmp_path):
    """It is not taken away from one that lives; one that was left behind is replaced."""
    done = run(builddir, conf=f"listen = unix:{stack.helper.socket}\n", tmp_path=tmp_path)
    assert done.returncode == 1 and stack.helper.socket in done.stderr
    assert stack.helper.answers()


def test_a_file_in_the_place_of_a_socket(builddir, tmp_path):
    """Somebody's file is not removed."""
    path = tmp_path / "precious"
    path.write_text("data")
    done = run(builddir, conf=f"listen = unix:{path}\n", tmp_path=tmp_path)
    assert done.returncode == 1 and path.read_text() == "data"


def test_health(stack):
    for path in "/health", "/health?x=1":
        answer = get(stack.ws_port, path)
        if answer.status == 200:
            assert answer.body == b"ok\r\n"
    head = get(stack.ws_port, "/health", method="HEAD")
    assert head.status == 200 and not head.body


def test_ipv6(builddir, new_stack):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("no IPv6 here")
    stack = new_stack(helpers=0)
    helper = servers.Helper(os.path.join(builddir, "restmq-wsd"), 0, stack.path("six"), {
        "redis": stack.redis.address,
        "listen": f"[::1]:{port},unix:{stack.path('six/ws.sock')}"})
    with helper:
        with socket.create_connection(("::1", port), 5) as sock:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: [::1]\r\n\r\n")
            assert sock.recv(12) == b"HTTP/1.1 200"
