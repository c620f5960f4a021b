# test_redis_tls.py - Redis within TLS, for both programs: whose certificate is believed, what is said where
# it is not, and that nothing hangs, is lost or sent twice when a connection ends.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest

import consumers
import stack as servers
from certificates import Authority
from checks import assert_unavailable, push, take, take_all
from consumers import LongPoll, Websocket

pytestmark = pytest.mark.usefixtures("our_responders")

TIMEOUT_MS = 700
SLACK = 1.5     # seconds, for what is beside redis_timeout_ms on a busy machine


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("own"), "own")


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("foreign"), "foreign")


@pytest.fixture(scope="module")
def right(own):
    """For the address that is dialled."""
    return own.sign("right", "IP:127.0.0.1", "DNS:localhost")


@pytest.fixture
def started(builddir):
    """started(certificate of Redis, its options, settings) is a stack with both programs.  is_plain: they
    dial its other port; is_served: it will do."""
    with contextlib.ExitStack() as stacks:
        def start(certificate, *redis_options, is_plain=False, is_served=True, **conf):
            stack = servers.Stack(builddir, tcp=True, helpers=1, certificate=certificate,
                                  redis_options=redis_options, workers=1,
                                  conf={"redis_timeout_ms": TIMEOUT_MS, **conf})
            if is_plain:
                stack.configure(redis=stack.redis.address, redis_tls="off", redis_tls_ca="")
            if not is_served:
                stack.helper.redis_patience = 0
            return stacks.enter_context(stack)
        yield start


def asks(stack, path="/w/nothing?wait=0"):
    """What the helper answers to a request that needs Redis."""
    return stack.helper.status_of(path)


def assert_served(stack, queue="foo"):
    """Both programs do their work."""
    servers.wait_for(lambda: asks(stack).endswith(b" 204"))
    with Websocket(stack.ws_port).consume(queue) as consumer:
        push(stack.http, queue, "hello")
        assert consumer.next()["value"] == "hello"
    assert stack.http.get("/ready").json()["ready"] is True


def assert_refused(stack, why):
    """Both programs answer 503 in time and say why in their logs; they live."""
    for ask in (lambda: assert_unavailable(stack.http.post("/q/foo", form={"value": "a"})),
                lambda: assert_unavailable(stack.http.get("/ready"))):
        began = time.monotonic()
        ask()
        assert time.monotonic() - began < TIMEOUT_MS / 1000 + SLACK
    assert asks(stack).endswith(b" 503")
    assert stack.http.get("/health").status == 200
    assert asks(stack, "/health").endswith(b" 200")
    for log in stack.responders.log_text, stack.helper.log_text:
        servers.wait_for(lambda: any(f"Redis at {stack.conf['redis']}: " in line and why in line
                                     for line in log().splitlines()), 5)


# --- whose certificate ----------------------------------------------------------------------------

def test_own_authority(started, right):
    stack = started(right)
    assert_served(stack)
    assert set(clients(stack)) == {stack.redis.tls_port}


def clients(stack):
    """The ports at which Redis has clients, but for the one that asks."""
    with contextlib.closing(stack.redis.client()) as redis:
        own = redis.client_id()
        return [int(client["laddr"].rpartition(":")[2]) for client in redis.client_list()
                if int(client["id"]) != own]


@pytest.mark.parametrize("subject, conf", [
    ("DNS:localhost", {"host": "localhost"}),
    ("DNS:*.example.org", {"redis_tls_name": "redis.example.org"}),
    ("IP:10.1.2.3", {"redis_tls_name": "10.1.2.3"}),
    ("IP:::1", {"redis_tls_name": "::1"}),
])
def test_names(started, own, subject, conf):
    """The name is the host that is dialled, or redis_tls_name."""
    stack = started(own.sign("named", subject), is_plain=True)
    host = conf.pop("host", "127.0.0.1")
    stack.configure(redis=f"{host}:{stack.redis.tls_port}", redis_tls="on", redis_tls_ca=own.ca, **conf)
    assert_served(stack)


UNTRUSTED = "TLS: certificate verify failed: "


@pytest.mark.parametrize("subject, conf", [
    ("DNS:other.example.org", {}),
    ("IP:127.0.0.2", {}),
    ("DNS:127.0.0.1", {}),      # a number is no name
    ("DNS:*.example.org", {"redis_tls_name": "example.org"}),
    ("DNS:*.example.org", {"redis_tls_name": "a.b.example.org"}),
    ("IP:127.0.0.1", {"redis_tls_name": "redis.example.org"}),
])
def test_wrong_name(started, own, subject, conf):
    stack = started(own.sign("other", subject), is_served=False, **conf)
    expected = conf.get("redis_tls_name", "127.0.0.1")
    assert_refused(stack, UNTRUSTED + f"it is not one of {expected}")


def test_wrong_authority(started, right, foreign):
    assert_refused(started(right, redis_tls_ca=foreign.ca, is_served=False), UNTRUSTED)


def test_an_authority_that_the_system_does_not_know(started, right):
    assert_refused(started(right, redis_tls_ca="", is_served=False), UNTRUSTED)


def test_expired(started, own):
    stack = started(own.sign("expired", "IP:127.0.0.1", days=-1), is_served=False)
    assert_refused(stack, UNTRUSTED + "certificate has expired")


def test_no_certificate_of_ours(started, own, right):
    """That Redis refuses us comes after the handshake of TLS 1.3, instead of the first answer: of that push it
    is known that it was not done."""
    stack = started(right, "--tls-auth-clients", "yes", is_served=False)
    assert_refused(stack, "certificate required")
    ours = own.sign("client")
    stack.configure(redis_tls_cert=ours.cert, redis_tls_key=ours.key)
    assert_served(stack)


def test_certificate_of_a_stranger(started, foreign, right):
    ours = foreign.sign("client")
    stack = started(right, "--tls-auth-clients", "yes", is_served=False, redis_tls_cert=ours.cert,
                    redis_tls_key=ours.key)
    assert_refused(stack, "unknown ca")


@pytest.mark.parametrize("protocols, is_served", [("TLSv1.2", True), ("TLSv1.3", True), ("TLSv1.1", False)])
def test_versions(started, right, protocols, is_served):
    stack = started(right, "--tls-protocols", protocols, is_served=is_served)
    if is_served:
        assert_served(stack)
    else:
        assert_refused(stack, "TLS: ")


# --- not TLS at the other end ---------------------------------------------------------------------

def test_plain_port(started, right):
    """It answers nothing to a handshake, which has a deadline."""
    stack = started(right, is_plain=True)
    assert_served(stack)
    stack.configure(redis_tls="on", redis_tls_ca=right.ca)
    servers.wait_for(lambda: asks(stack).endswith(b" 503"))
    servers.wait_for(lambda: all(stack.http.post("/q/foo", form={"value": "a"}).status == 503
                                 for _ in range(5)), servers.patience(10))   # each responder
    assert_refused(stack, "TLS: timeout")


def test_tls_port_dialled_plain(started, right):
    stack = started(right, is_served=False, redis_tls="off", redis_tls_ca="")
    for _ in range(2):
        began = time.monotonic()
        assert stack.http.post("/q/foo", form={"value": "a"}).status == 503
        assert stack.http.get("/ready").status == 503
        assert time.monotonic() - began < 2 * TIMEOUT_MS / 1000 + SLACK
    assert asks(stack).endswith(b" 503")
    assert stack.http.get("/health").status == 200


# --- connections end ------------------------------------------------------------------------------

KEEP = ["--appendonly", "yes", "--appendfsync", "always"]


def connections(stack):
    with contextlib.closing(stack.redis.client()) as redis:
        return redis.info("clients")["connected_clients"], redis.info("stats")["total_connections_received"]


def test_a_connection_lasts(started, right):
    """What waits in the socket right after the handshake (session tickets) is no end of it."""
    stack = started(right)
    assert_served(stack)
    _, before = connections(stack)
    for number in range(20):
        push(stack.http, "foo", str(number))
        assert asks(stack).endswith(b" 204")
    assert connections(stack)[1] == before + 1     # that of the question


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
def test_killed_and_back(started, right, sig):
    stack = started(right, *KEEP)
    push(stack.http, "foo", "a", "b")
    servers.wait_for(lambda: asks(stack).endswith(b" 204"))
    stack.redis.kill(sig)
    assert_unavailable(stack.http.get("/q/foo"))
    assert_unavailable(stack.http.get("/ready"))
    servers.wait_for(lambda: asks(stack).endswith(b" 503"))
    stack.redis.start()
    assert take(stack.http, "foo") == "a"
    servers.wait_for(lambda: asks(stack).endswith(b" 204"))
    assert take_all(stack.http, "foo") == ["b"]
    assert_served(stack)


def test_restarted_between_two_requests(started, right):
    """The end is noticed before anything is sent: no error at all."""
    stack = started(right, *KEEP)
    push(stack.http, "foo", *"abcd")
    for letter in "abcd":
        stack.redis.kill()
        stack.redis.start()
        assert take(stack.http, "foo") == letter


def test_no_answer(started, right):
    """Of a push it is unknown then; a later one goes over a new connection."""
    stack = started(right)
    push(stack.http, "foo", "a")
    with stack.redis.thinking():
        began = time.monotonic()
        assert_unavailable(stack.http.post("/q/foo", form={"value": "b"}), unknown=True)
        assert asks(stack).endswith(b" 503")
        assert time.monotonic() - began < 2 * TIMEOUT_MS / 1000 + SLACK
    servers.wait_for(lambda: asks(stack).endswith(b" 204"))
    push(stack.http, "foo", "c")
    assert take_all(stack.http, "foo") in (["a", "b", "c"], ["a", "c"])


def test_killed_while_it_is_asked(started, right):
    stack = started(right, *KEEP, redis_timeout_ms=10000)
    push(stack.http, "foo", "a")
    answers = []
    with stack.redis.thinking():
        asking = threading.Thread(
            target=lambda: answers.append(stack.http.post("/q/foo", form={"value": "b"})))
        asking.start()
        time.sleep(0.3)
        stack.redis.kill()
        asking.join(5)
    assert_unavailable(answers[0], unknown=True)


# --- large ones -----------------------------------------------------------------------------------

def large(size=5000000):
    return "".join(f"{number:7}\n" for number in range(size // 8))


def test_large_answers(started, right):
    stack = started(right, max_message=8000000, max_body=16000000, redis_timeout_ms=10000)
    for text in large(), large(64), large(16384), large(16384 * 20):
        push(stack.http, "foo", text)
        assert take(stack.http, "foo") == text
        push(stack.http, "bar", text)
        with LongPoll(stack.ws_port) as consumer:
            assert consumer.consume("bar").next(20)["value"] == text


def test_much_is_sent_to_a_redis_that_reads_late(started, right):
    """More than the socket takes: the records go out when it has room."""
    stack = started(right, max_message=16000000, max_body=32000000, max_websocket=16000000,
                    redis_timeout_ms=10000)
    text = large(8000000)
    with Websocket(stack.ws_port).consume("bar") as consumer:
        frame = consumers.frame(consumers.TEXT, json.dumps({"cmd": "add", "queue": "baz", "value": text}).encode())
        pushing = threading.Thread(target=push, args=(stack.http, "foo", text))
        with stack.redis.thinking():
            pushing.start()
            consumer.wire.send(frame)
            time.sleep(0.5)
        pushing.join()
        assert consumer.next(10)["queue"] == "baz"
    for queue in "foo", "baz":
        assert take(stack.http, queue) == text


# --- settings -------------------------------------------------------------------------------------

def test_reload(started, right):
    """New settings make new connections, and no request is refused meanwhile."""
    stack = started(right, is_plain=True)
    plain, secure = stack.redis.port, stack.redis.tls_port
    assert_served(stack)
    assert set(clients(stack)) == {plain}
    stack.configure(redis=f"127.0.0.1:{secure}", redis_tls="on", redis_tls_ca=right.ca)
    stack.responders.signal_all(signal.SIGHUP)
    stack.helper.signal(signal.SIGHUP)
    push(stack.http, "foo", "a")
    servers.wait_for(lambda: set(clients(stack)) == {secure})
    assert_served(stack, "bar")
    stack.configure(redis=f"127.0.0.1:{plain}", redis_tls="off", redis_tls_ca="")
    time.sleep(1.1)
    push(stack.http, "foo", "b")
    servers.wait_for(lambda: set(clients(stack)) == {plain})
    assert_served(stack, "bar")


def test_renewed_certificates(started, own, foreign, right, tmp_path):
    """The files are read again when a connection begins and they have changed."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    shutil.copy(foreign.sign("client").cert, cert)
    shutil.copy(foreign.path("client.key"), key)
    stack = started(right, "--tls-auth-clients", "yes", is_served=False, redis_tls_cert=cert,
                    redis_tls_key=key)
    assert_refused(stack, "unknown ca")
    ours = own.sign("client")
    shutil.copy(ours.key, key)
    shutil.copy(ours.cert, cert)
    assert_served(stack)


@pytest.mark.parametrize("conf, complaint", [
    ({"redis": "unix:/run/redis.sock", "redis_tls": "on"}, ":2: redis_tls is for host:port, and redis is a unix socket"),
    ({"redis_tls_ca": "/ca.pem"}, ":1: redis_tls_ca needs redis_tls = on"),
    ({"redis_tls": "on", "redis_tls_ca": "/nonexistent.pem"}, ":2: redis_tls_ca: No such file or directory"),
    ({"redis_tls": "on", "redis_tls_ca": "KEY"}, ": redis_tls_ca: it cannot be used: no certificate or crl found"),
    ({"redis_tls": "on", "redis_tls_cert": "CERT"}, ":2: redis_tls_cert and redis_tls_key need each other"),
    ({"redis_tls": "on", "redis_tls_cert": "KEY", "redis_tls_key": "KEY"}, ": redis_tls_cert: it cannot be used: no start line"),
    ({"redis_tls": "on", "redis_tls_cert": "CERT", "redis_tls_key": "CERT"}, ": redis_tls_key: it cannot be used: "),
    ({"redis_tls": "on", "redis_tls_cert": "CERT", "redis_tls_key": "OTHER"}, ": redis_tls_key: it cannot be used: key values mismatch"),
    ({"redis_tls": "on", "redis_tls_cert": "CERT", "redis_tls_key": "LOCKED"}, ": redis_tls_key: it cannot be used: "),
])
def test_what_is_refused_at_the_start(builddir, own, right, tmp_path, conf, complaint):
    other, locked = own.sign("another"), tmp_path / "locked.key"
    subprocess.run(["openssl", "ec", "-in", right.key, "-aes128", "-passout", "pass:secret", "-out", locked],
                   check=True, capture_output=True)
    files = {"CERT": right.cert, "KEY": right.key, "OTHER": other.key, "LOCKED": locked}
    config = tmp_path / "restmq.conf"
    config.write_text("".join(f"{name} = {files.get(value, value)}\n" for name, value in conf.items()))
    for program in "restmq.fcgi", "restmq-wsd":
        for option in [["--check-config"], []]:
            if program == "restmq.fcgi" and not option:
                continue      # is no socket's
            ended = subprocess.run([os.path.join(builddir, program), "--config", config, *option],
                                   stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
            assert ended.returncode == 1
            assert ended.stderr.strip().startswith(f"{program}: {config}{complaint}")
            assert len(ended.stderr.strip().splitlines()) == 1


def test_a_key_that_everybody_may_read(builddir, right, tmp_path):
    config, key = tmp_path / "restmq.conf", tmp_path / "key.pem"
    shutil.copy(right.key, key)
    config.write_text(f"redis_tls = on\nredis_tls_cert = {right.cert}\nredis_tls_key = {key}\n")
    for mode, code in (0o640, 0), (0o644, 1):
        os.chmod(key, mode)
        ended = subprocess.run([os.path.join(builddir, "restmq.fcgi"), "--config", config, "--check-config"],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        assert ended.returncode == code
        assert ("redis_tls_key: everybody on this machine may read it" in ended.stderr) == bool(code)


def test_bad_files_change_nothing(started, right):
    stack = started(right)
    assert_served(stack)
    stack.configure(redis_tls_ca="/nonexistent.pem")
    time.sleep(1.1)
    push(stack.http, "foo", "a")
    assert take(stack.http, "foo") == "a"
    for log in stack.responders.log_text, stack.helper.log_text:
        servers.wait_for(lambda: "redis_tls_ca: No such file or directory; the settings before stay" in log())
    assert_served(stack, "bar")


def test_fsck_and_keys(started, right):
    """The programs beside the requests dial the same way."""
    stack = started(right)
    push(stack.http, "foo", "a")
    for words in ["fsck", "--grace", "0"], ["authkey", "list"]:
        ended = servers.restmq(os.path.dirname(stack.responders.argv[0]), *words, "--config",
                               stack.responders.config)
        assert (ended.returncode, ended.stderr) == (0, "")
