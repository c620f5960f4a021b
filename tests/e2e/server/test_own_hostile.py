# test_own_hostile.py - clients at the helper's own address that mean harm, or do not get on: each gets the
# right answer, what is kept of them has a bound, and others are served.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import email.utils
import json
import re
import signal
import subprocess
import time

import pytest

import stack as servers
from helper import memory
from raw import HEAD, PLAIN, Raw, chunked, push, push_chunked, take

MIB = 1 << 20
BUDGET, OWN = 16 * MIB, 24 * MIB       # max_memory, and what a helper takes anyway


@pytest.fixture(scope="module")
def own(builddir):
    with servers.Stack(builddir, workers=1, helpers=1, conf={"max_memory": BUDGET, "redis_timeout_ms": 60000}) as stack:
        yield stack


@pytest.fixture
def raw(own):
    with Raw(own.ws_port) as raw:
        yield raw


@contextlib.contextmanager
def halted(redis):
    redis.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        redis.process.send_signal(signal.SIGCONT)


# --- what can be read in two ways ----------------------------------------------------------------

def refusals():
    get = "GET /q/a HTTP/1.1\r\n"
    return {
        "folded": get + HEAD + "X: a\r\n b\r\n\r\n", "folded at once": get + " X: a\r\n" + HEAD + "\r\n",
        "bare line feeds": "GET /q/a HTTP/1.1\nHost: localhost\n\n", "a bare return": get + "Host: loc\ralhost\r\n\r\n",
        "a NUL": get + HEAD + "X: \0\r\n\r\n", "a space before the colon": get + HEAD + "Content-Length : 5\r\n\r\n",
        "no host": get + "\r\n", "two hosts": get + HEAD + HEAD + "\r\n", "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/0.9": "GET /q/a\r\n\r\n", "a space more": "GET  /q/a HTTP/1.1\r\n" + HEAD + "\r\n",
        "TLS": "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + "a" * 100, "a head without end": get + HEAD + "X: " + "a" * MIB,
        "too many fields": get + HEAD + "X: a\r\n" * 9000 + "\r\n"}


@pytest.mark.parametrize("name", refusals())
def test_heads_that_are_none(raw, name):
    """Nothing behind them is taken for a request."""
    raw.send(refusals()[name].encode("latin-1"))
    with contextlib.suppress(OSError):      # it may be closed by then
        raw.send(push("smuggled", "a"))
    status, fields, body = raw.answer()
    assert (status, fields["Connection"]) == (400, "close") and json.loads(body)["code"] == "bad_request"
    with contextlib.suppress(ConnectionError):
        assert raw.is_closed()


@pytest.mark.parametrize("coding", [
    "chunked, chunked", "xchunked", "chunked;q=1", "identity, chunked", ",chunked", '"chunked"', "gzip", ""])
def test_codings_of_a_body(own, raw, coding):
    raw.send(f"POST /q/coded HTTP/1.1\r\n{PLAIN}Transfer-Encoding: {coding}\r\n\r\n", chunked(push("coded", "a")))
    status, fields, _ = raw.answer()
    assert (status, fields["Connection"]) == (400, "close") and raw.is_closed()
    assert own.http.get("/stats/coded").json()["pushed"] == 0


@pytest.mark.parametrize("path", ["/w/{}?wait=0", "/c/{}", "/q/{}?wait=0"])
@pytest.mark.parametrize("more", ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n" + chunked("hello")])
def test_a_stream_with_a_body(raw, queue, path, more):
    raw.send(f"GET {path.format(queue)} HTTP/1.1\r\n{HEAD}{more}", push(queue, "a"))
    assert raw.answer()[0] == 400 and raw.is_closed()


@pytest.mark.parametrize("host, status", [
    ("", 403), ("evil.example", 403), ("a b", 400), ("localhost, evil", 400), ("localhost/a", 400), ("a@localhost", 400),
    ("localhost:x", 400), ("[::1", 400), (":80", 400), ("localhost#a", 400), ("localhost", 204), ("[::1]:80", 204)])
@pytest.mark.parametrize("route", ["/q/{}", "/w/{}?wait=0"])
def test_hosts(raw, queue, route, host, status):
    assert raw.send(f"GET {route.format(queue)} HTTP/1.1\r\nHost: {host}\r\n\r\n").answer()[0] == status


@pytest.mark.parametrize("route", ["/q/{}", "/w/{}?wait=0"])
@pytest.mark.parametrize("target, host, status", [
    ("http://localhost", "localhost", 204), ("HTTP://localhost:80", "evil.example", 204), ("http://evil.example", "localhost", 403),
    ("http://a@localhost", "localhost", 400), ("http://", "localhost", 403)])
def test_the_host_of_the_target_counts_more(raw, queue, route, target, host, status):
    asked = f"GET {target}{route.format(queue)} HTTP/1.1\r\nHost: {host}\r\n\r\n"
    assert raw.send(asked).answer()[0] == status


def test_every_answer_has_a_date(own, raw, queue):
    raw.send(push(queue, "a"), take(queue), take(queue), f"GET /nothing HTTP/1.1\r\n{HEAD}\r\n",
             f"HEAD /stats/{queue} HTTP/1.1\r\n{HEAD}\r\n")
    answers = [raw.answer(has_body=number < 4) for number in range(5)]
    with Raw(own.ws_port) as other:
        answers.append(other.send(f"GET /w/{queue}?wait=0 HTTP/1.1\r\n{HEAD}\r\n").answer())
    with Raw(own.ws_port) as other:
        answers.append(other.send("nonsense\r\n\r\n").answer())
    with Raw(own.ws_port) as other:
        other.send(f"GET /c/{queue} HTTP/1.0\r\n{HEAD}\r\n")
        answers.append(other.answer())
    assert [answer[0] for answer in answers] == [200, 200, 204, 404, 200, 204, 400, 200]
    for _, fields, _ in answers:
        told = email.utils.parsedate_to_datetime(fields["Date"]).timestamp()
        assert fields["Date"].endswith(" GMT") and abs(told - time.time()) < servers.patience(10)


# --- what is kept --------------------------------------------------------------------------------

def send_all_it_takes(raw, data, most):
    """Sends the data so often, or until no more is taken."""
    raw.sock.settimeout(1)
    for _ in range(most):
        try:
            raw.send(data)
        except OSError:
            return


@pytest.mark.parametrize("path", ["/q/big", "/nothing"])
def test_bodies_behind_one_that_waits(plain_memory, own, path):
    """Those that cannot be answered yet are read as far as there is room, and a refusal needs none."""
    body = push("big", "x" * (MIB - 10)).replace("/q/big", path).encode()
    with Raw(own.ws_port) as raw, halted(own.redis):
        raw.send(push("big", "first"))
        send_all_it_takes(raw, body, 80)
        assert memory(own.helper) < BUDGET + OWN
        assert own.new_http().get("/health").status == 200
    own.http.delete("/q/big")


def test_takes_whose_answers_are_never_read(plain_memory, own, queue):
    """No more are taken than fit into max_outbox, and one."""
    for _ in range(20):
        assert own.http.post(f"/q/{queue}", "x" * (MIB - 10), {"Content-Type": "text/plain"}).status == 200
    with Raw(own.ws_port, receive_buffer=4096) as raw:
        raw.send(take(queue) * 20)
        servers.wait_for(lambda: own.http.get(f"/stats/{queue}").json()["len"] < 20)
        assert own.new_http().get("/health").status == 200
        assert memory(own.helper) < BUDGET + OWN
        assert own.http.get(f"/stats/{queue}").json()["len"] > 5
        assert [len(raw.answer()[2]) for _ in range(20)] == [MIB - 10] * 20      # and none was lost
    assert own.http.get(f"/stats/{queue}").json()["len"] == 0


def test_many_pipelines_whose_answers_are_never_read(plain_memory, own, queue):
    own.http.post(f"/q/{queue}", "x" * (MIB - 10), {"Content-Type": "text/plain"})
    with contextlib.ExitStack() as opened:
        for _ in range(40):
            raw = opened.enter_context(Raw(own.ws_port))
            raw.send(take(queue).replace("raw=1", "raw=1&soft=1") * 20)
        for _ in range(20):
            assert own.new_http().get("/health").status == 200
            assert memory(own.helper) < BUDGET + OWN
    servers.wait_for(lambda: own.new_http().get(f"/stats/{queue}").status == 200)


def test_pages_that_are_never_read(plain_memory, own):
    """Who may do nothing may ask for those."""
    with contextlib.ExitStack() as opened:
        for _ in range(40):
            opened.enter_context(Raw(own.ws_port)).send(f"GET /openapi.json HTTP/1.1\r\n{HEAD}\r\n" * 250)
        for _ in range(20):
            assert own.new_http().get("/health").status == 200
            assert memory(own.helper) < BUDGET + OWN


def test_pushes_whose_sender_leaves(own, queue):
    """What has come whole, in order, and nothing half; and the helper serves on."""
    with Raw(own.ws_port) as raw:
        raw.send(*(push(queue, f"m{number}") for number in range(200)), push(queue, "half")[:-1])
    with own.redis.client() as redis:
        servers.wait_for(lambda: redis.llen(f"{queue}:queue") == int(redis.get(f"{queue}:UUID") or 0) > 0)
    messages = own.http.get(f"/q/{queue}?count=500").json()
    values = [message["value"] for message in messages]
    assert values == [f"m{number}" for number in range(len(values))]


# --- who does not get on -------------------------------------------------------------------------

HALF_BODY = push("slow", "hello")[:-1]


@pytest.mark.parametrize("begun", [HALF_BODY, push_chunked("slow", "5\r\nhell"), f"GET /nothing HTTP/1.1\r\n{HEAD}\r\n" + HALF_BODY,
                                   take("slow") + HALF_BODY, f"GET /nothing HTTP/1.1\r\n{HEAD}\r\n" * 1000],
                         ids=["length", "chunks", "behind a refusal", "behind a take", "refusals"])
def test_slow_ones_keep_nobody_out(new_stack, begun):
    """Neither bodies, nor who was refused all and reads nothing of it."""
    stack = new_stack(helpers=1, workers=1, files=96, conf={"max_outbox": 1024})
    with contextlib.ExitStack() as opened:
        for _ in range(120):
            with contextlib.suppress(OSError):
                raw = opened.enter_context(Raw(stack.ws_port, receive_buffer=4096))
                raw.sock.settimeout(0.01)
                raw.send(begun)
        servers.wait_for(stack.helper.answers)
        with Raw(stack.ws_port) as raw:
            assert raw.send(push("fine", "a")).answer()[0] == 200


@pytest.mark.load
def test_a_body_that_begins_just_before_a_look(own, queue):
    """A connection is looked at every ten seconds: that finds nothing of the body, which is not late."""
    with Raw(own.ws_port) as raw:
        head, body = push(queue, "hello")[:-5], "hello"
        raw.send(push(queue, "a" * 100)[:-1])
        time.sleep(9)
        raw.send("a").answer()
        until = time.monotonic() + 12
        while time.monotonic() < until:
            raw.send(head)
            time.sleep(0.5)
            assert raw.send(body).answer()[0] == 200


def test_metrics_that_are_read_slowly(own, raw):
    """In pieces, each a chunk; and the connection goes on."""
    for number in range(30):
        own.http.post(f"/q/metrics{number}", "a", {"Content-Type": "text/plain"})
    raw.send(f"GET /metrics HTTP/1.1\r\n{HEAD}\r\n", take("metrics0"))
    status, fields, body = raw.answer()
    assert (status, fields["Transfer-Encoding"]) == (200, "chunked") and "Content-Length" not in fields
    assert len(re.findall(rb'restmq_queue_messages{queue="metrics\d+",state="ready"} 1', body)) == 30
    assert raw.answer()[2] == b"a"


def test_metrics_for_http_1_0(own):
    with Raw(own.ws_port) as raw:
        status, fields, _ = raw.send(f"GET /metrics HTTP/1.0\r\n{HEAD}Connection: keep-alive\r\n\r\n").answer()
        assert status == 200 and "Transfer-Encoding" not in fields and fields["Connection"] == "close"
        while raw.more():
            pass
        assert b"restmq_helper_turns_long_total" in raw.rest


def test_head_of_what_is_written_as_it_is_sent(raw):
    raw.send(f"HEAD /metrics HTTP/1.1\r\n{HEAD}\r\n" * 2)
    for _ in range(2):
        assert raw.answer(has_body=False)[0] == 200


@pytest.mark.parametrize("path", ["/rights", "/rights/foo"])
def test_slow_passwords_do_not_hold_up_others(new_stack, tmp_path, path):
    """A hash takes a tenth of a second, and many ask: others have a turn between two of them."""
    acl = tmp_path / "acl.conf"
    hashed = subprocess.run(["openssl", "passwd", "-6", "-salt", "rounds=100000$a", "secret"], check=True,
                            capture_output=True, text=True, timeout=20).stdout.strip()
    acl.write_text(f"[rest:producer]\nusername = me\npassword = {hashed}\n[rest:consumer]\n")
    stack = new_stack(helpers=1, workers=1, conf={"acl": acl})
    wrong = servers.basic("me", "wrong")["Authorization"]
    with contextlib.ExitStack() as opened:
        for _ in range(30):
            raw = opened.enter_context(Raw(stack.ws_port))
            raw.send(f"GET {path} HTTP/1.1\r\n{HEAD}Authorization: {wrong}\r\n\r\n" * 20)
        with Raw(stack.ws_port) as raw:
            for _ in range(5):
                assert raw.send(take("foo")).answer()[0] == 204
