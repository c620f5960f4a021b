# test_own_address.py - the helper's own address: HTTP/1.1 itself, that is kept connections, requests that
# come together, bodies in every form; and what is served at which address.  What is answered there is
# tested by `pytest --server itself`.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import os
import re
import select
import subprocess
import time

import pytest

import stack as servers
from raw import HEAD, PLAIN, Raw, chunked, push, push_chunked, take
from withheld import Withheld

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture(scope="module")
def own(builddir):
    with servers.Stack(builddir, workers=1, helpers=1, conf={"max_body": 100000, "max_message": 100000}) as stack:
        yield stack


@pytest.fixture
def raw(own):
    with Raw(own.ws_port) as raw:
        yield raw


# --- kept connections ----------------------------------------------------------------------------

def test_a_connection_is_kept(raw, queue):
    for number in range(1, 4):
        status, fields, body = raw.send(push(queue, f"m{number}")).answer()
        assert (status, body) == (200, f"{queue}:{number}\r\n".encode()) and "Connection" not in fields
    assert raw.send(take(queue)).answer()[2] == b"m1"


@pytest.mark.parametrize("asks", ["close", "Close", "keep-alive, close"])
def test_or_closed_where_the_client_says_so(raw, queue, asks):
    status, fields, _ = raw.send(take(queue, f"Connection: {asks}\r\n")).answer()
    assert (status, fields["Connection"]) == (204, "close") and raw.is_closed()


def test_http_1_0_is_kept_only_where_it_says_so(own, queue):
    with Raw(own.ws_port) as raw:
        status, fields, _ = raw.send(f"GET /q/{queue} HTTP/1.0\r\n{HEAD}\r\n").answer()
        assert (status, fields["Connection"]) == (204, "close") and raw.is_closed()
    with Raw(own.ws_port) as raw:
        for _ in range(2):
            asked = raw.send(f"GET /q/{queue} HTTP/1.0\r\n{HEAD}Connection: keep-alive\r\n\r\n")
            status, fields, _ = asked.answer()
            assert (status, fields["Connection"]) == (204, "keep-alive")


def test_an_error_does_not_end_it(raw, queue):
    assert raw.send(f"GET /nothing HTTP/1.1\r\n{HEAD}\r\n").answer()[0] == 404
    assert raw.send(f"GET /q/{queue}?no=1 HTTP/1.1\r\n{HEAD}\r\n").answer()[0] == 400
    assert raw.send(f"HEAD /stats/{queue} HTTP/1.1\r\n{HEAD}\r\n").answer(False)[0] == 200
    assert raw.send(push(queue, "a")).answer()[0] == 200


def test_a_blank_line_behind_a_body(raw, queue):
    """Of old clients; one, and no request ends later for it."""
    for number in range(1, 4):
        assert raw.send(push(queue, "a"), "\r\n").answer()[2] == f"{queue}:{number}\r\n".encode()
    raw.send(take(queue), "\r\n", take(queue), "\r\n", take(queue), take(queue))
    assert [raw.answer()[0] for _ in range(4)] == [200, 200, 200, 204]
    raw.send("\r\n\r\n" + take(queue))
    assert raw.answer()[0] == 400 and raw.is_closed()


@pytest.mark.parametrize("path", ["/w/{}?wait=0", "/q/{}?wait=0"])
def test_a_stream_may_follow(raw, queue, path):
    raw.send(push(queue, "first"), push(queue, "second"), take(queue),
             f"GET {path.format(queue)}&raw=1 HTTP/1.1\r\n{HEAD}\r\n")
    assert [raw.answer()[2] for _ in range(4)][2:] == [b"first", b"second"]
    assert raw.is_closed()


def test_it_is_closed_in_order_when_the_helper_ends(new_stack, queue):
    stack = new_stack(helpers=1, workers=1)
    with Raw(stack.ws_port) as raw:
        assert raw.send(push(queue, "a")).answer()[0] == 200
        stack.helper.stop()
        assert raw.is_closed()


@contextlib.contextmanager
def begun_before_redis_answers(builddir, patience_ms):
    """A stack whose helper is connecting to Redis, and what keeps Redis's answers back."""
    with contextlib.ExitStack() as opened:
        stack = opened.enter_context(servers.Stack(builddir, workers=1, helpers=1))
        withheld = opened.enter_context(Withheld(stack.redis.path("redis.sock"), b"SUBSCRIBE"))
        stack.helper.stop()
        stack.helper.configure({**stack.conf, "redis": withheld.address, "redis_timeout_ms": patience_ms})
        stack.helper.launch()
        servers.wait_for(withheld.count)
        yield stack, withheld
        stack.helper.stop()


@pytest.mark.no_cluster("the nodes have other addresses")
def test_who_comes_first_waits_for_redis(builddir, queue):
    """And does not hear that it is away."""
    with begun_before_redis_answers(builddir, 60000) as (stack, withheld), Raw(stack.ws_port) as raw:
        raw.send(push(queue, "a"))
        assert not select.select([raw.sock], [], [], 0.3)[0]
        withheld.release()
        assert raw.answer()[0] == 200


@pytest.mark.no_cluster("the nodes have other addresses")
def test_but_no_longer_than_for_an_answer(builddir):
    with begun_before_redis_answers(builddir, 500) as (stack, _), Raw(stack.ws_port) as raw:
        assert raw.send(f"GET /health HTTP/1.1\r\n{HEAD}\r\n").answer()[0] == 200


# --- several requests at once --------------------------------------------------------------------

def test_answers_have_the_order_of_requests(raw, queue):
    raw.send(*(push(queue, f"m{number}") + take(queue) for number in range(50)))
    for number in range(50):
        assert raw.answer()[2] == f"{queue}:{number + 1}\r\n".encode()
        assert raw.answer()[2] == f"m{number}".encode()


def test_pushes_that_come_together_go_to_redis_together(builddir, queue):
    """Redis has all of them before it has answered one, and in a few pieces."""
    with contextlib.ExitStack() as opened:
        stack = opened.enter_context(servers.Stack(builddir, workers=1, helpers=1, conf={"redis_timeout_ms": 60000}))
        withheld = opened.enter_context(Withheld(stack.redis.path("redis.sock"), b"one of them"))
        stack.helper.stop()
        stack.helper.configure({**stack.conf, "redis": withheld.address})
        stack.helper.start()
        raw = opened.enter_context(Raw(stack.ws_port))
        raw.send(*(push(queue, "one of them" + "x" * 90) for _ in range(200)))
        servers.wait_for(lambda: withheld.count() == 200)
        assert len(withheld.pieces) < 30
        withheld.release()
        assert [raw.answer()[2] for _ in range(200)] == [f"{queue}:{n}\r\n".encode() for n in range(1, 201)]
        stack.helper.stop()


def test_more_than_are_taken_at_once(raw, queue):
    count = 1000
    raw.send(*(push(queue, f"{number}") for number in range(count)))
    assert [raw.answer()[2] for _ in range(count)] == [f"{queue}:{n}\r\n".encode() for n in range(1, count + 1)]


def test_a_refusal_among_them_has_its_place(raw, queue):
    raw.send(push(queue, "a"), f"GET /nothing HTTP/1.1\r\n{HEAD}\r\n", push(queue, "b"),
             f"PUT /q/{queue} HTTP/1.1\r\n{HEAD}\r\n", take(queue))
    assert [raw.answer()[0] for _ in range(5)] == [200, 404, 200, 400, 200]


def test_what_is_no_request_is_answered_behind_those_before(raw, queue):
    raw.send(push(queue, "a"), "nonsense\r\n\r\n", push(queue, "b"))
    assert [raw.answer()[0] for _ in range(2)] == [200, 400]
    assert raw.is_closed()


def test_who_goes_away_has_pushed_all_the_same(own, queue):
    with Raw(own.ws_port) as raw:
        raw.send(*(push(queue, "x") for _ in range(20))).answer()
    servers.wait_for(lambda: own.http.get(f"/stats/{queue}").json()["pushed"] == 20)


# --- bodies --------------------------------------------------------------------------------------

@pytest.mark.parametrize("body", [
    chunked("hello"), chunked("h", "ello"), "005\r\nhello\r\n0000\r\n\r\n", "5;a=b;c\r\nhello\r\n0;d\r\n\r\n",
    chunked("hello", end="0\r\nA: b\r\nC: d\r\n\r\n")])
@pytest.mark.parametrize("piece", [None, 1])
def test_chunks(raw, queue, body, piece):
    text = push_chunked(queue, body) + take(queue)
    for at in range(0, len(text), piece or len(text)):
        raw.send(text[at:at + (piece or len(text))])
    assert raw.answer()[0] == 200
    assert raw.answer()[2] == b"hello"


@pytest.mark.parametrize("body", [
    "x\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhelloo\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "-5\r\nhello\r\n",
    "\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\n", "0\r\nA: b\rc\r\n\r\n",
    "5;" + "x" * 9000 + "\r\n", "0\r\n" + "A: b\r\n" * 2000 + "\r\n"])
def test_bad_chunks(own, raw, queue, body):
    assert raw.send(push_chunked(queue, body), take(queue)).answer()[0] == 400
    assert own.http.get(f"/stats/{queue}").json()["pushed"] == 0


@pytest.mark.parametrize("fields", [
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: identity\r\n", "Content-Length: 5x\r\n", "Content-Length: +5\r\n", "Content-Length: -5\r\n",
    "Content-Length: 5, 5\r\n", "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: \r\n",
    "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding : chunked\r\n"])
def test_a_length_that_can_be_read_in_two_ways(own, raw, queue, fields):
    """What follows is not taken for a request."""
    raw.send(f"POST /q/{queue} HTTP/1.1\r\n{PLAIN}{fields}\r\n", "hello", push(queue, "smuggled"))
    status, answered, _ = raw.answer()
    assert (status, answered["Connection"]) == (400, "close") and raw.is_closed()
    assert own.http.get(f"/stats/{queue}").json()["pushed"] == 0


def test_http_1_0_has_no_chunks(raw, queue):
    raw.send(f"POST /q/{queue} HTTP/1.0\r\n{PLAIN}Transfer-Encoding: chunked\r\n\r\n" + chunked("a"))
    assert raw.answer()[0] == 400 and raw.is_closed()


def test_who_expects_100_is_told_to_go_on(raw, queue):
    head = push(queue, "hello", "Expect: 100-continue\r\n")[:-5]
    raw.send(head).hear(CONTINUE)
    assert raw.send("hello").answer()[0] == 200
    raw.send(push(queue, "a"), head)
    assert raw.answer()[0] == 200
    raw.hear(CONTINUE)
    assert raw.send("world").answer()[0] == 200


def test_or_that_it_is_too_much(raw, queue):
    raw.send(f"POST /q/{queue} HTTP/1.1\r\n{PLAIN}Expect: 100-continue\r\nContent-Length: 100001\r\n\r\n")
    status, fields, _ = raw.answer()
    assert (status, fields["Connection"]) == (413, "close") and raw.is_closed()


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_the_largest_body(own, raw, queue, more, is_chunked):
    body = "x" * (100000 + more)
    raw.send(push_chunked(queue, chunked(body[:50000], body[50000:])) if is_chunked else push(queue, body))
    assert raw.answer()[0] == (413 if more else 200)


def test_a_body_of_many_pieces(raw, queue):
    head, _, body = push(queue, "".join(str(n) for n in range(2000))).partition("\r\n\r\n")
    raw.send(head, "\r\n\r\n")
    for at in range(0, len(body), 333):
        raw.send(body[at:at + 333])
    assert raw.answer()[0] == 200
    assert raw.send(take(queue)).answer()[2] == body.encode()


def test_nothing_is_done_with_half_a_body(own, queue):
    with Raw(own.ws_port) as raw:
        raw.send(push(queue, "hello")[:-1])
    with Raw(own.ws_port) as raw:
        assert raw.send(push(queue, "all")).answer()[2] == f"{queue}:1\r\n".encode()


@pytest.mark.load
@pytest.mark.parametrize("begin", [push("slow", "hello")[:-1], push("slow", "a") + "POST /q/slow HTTP/1.1\r\n"],
                         ids=["body", "head"])
def test_what_does_not_come_is_given_up(own, begin):
    with Raw(own.ws_port) as raw:
        raw.sock.settimeout(servers.patience(40))
        raw.send(begin)
        started = time.monotonic()
        while raw.more():
            pass
        assert 5 < time.monotonic() - started < servers.patience(30)


# --- what is served where ------------------------------------------------------------------------

def statuses(port):
    http = servers.Http(port)
    try:
        return [http.get(path).status for path in ("/q", "/w/x?wait=0", "/health", "/metrics", "/metrics/ws")]
    finally:
        http.close()


@pytest.mark.parametrize("rest, expected", [("off", 404), ("local", 200), ("on", 200)])
def test_the_setting(new_stack, rest, expected):
    stack = new_stack(helpers=1, workers=1, conf={"rest": rest})
    assert statuses(stack.ws_port) == [expected, 204, 200, 200, 200]


def test_by_itself_only_local_addresses_have_all_routes(new_stack):
    stack = new_stack(helpers=1, workers=1)
    port = servers.free_port()
    stack.helper.stop()
    stack.helper.configure({**stack.conf, "listen": f"0.0.0.0:{port},unix:{stack.helper.socket}"})
    stack.helper.start()
    assert statuses(port)[:2] == [404, 204]
    stack.helper.configure({**stack.conf, "listen": f"0.0.0.0:{port},unix:{stack.helper.socket}", "rest": "on"})
    servers.wait_for(lambda: statuses(port)[:2] == [200, 204])


def test_metrics_speak_of_queues_and_of_this_helper(own, queue):
    http = servers.Http(own.ws_port)
    http.post(f"/q/{queue}", "a", {"Content-Type": "text/plain"})
    text = http.get("/metrics").text
    assert f'restmq_queue_messages{{queue="{queue}",state="ready"}} 1' in text
    assert "restmq_helper_turns_long_total" in text
    alone = http.get("/metrics/ws").text
    assert "restmq_helper_turns_long_total" in alone and "restmq_queue_messages" not in alone
    names = re.findall(r"^# TYPE (\S+)", text, re.M)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", ["/q/{}", "/w/{}"])
def test_a_take_that_waits_is_a_long_poll_under_either_path(own, raw, queue, path):
    raw.send(f"GET {path.format(queue)}?wait=20&raw=1 HTTP/1.1\r\n{HEAD}\r\n")
    own.http.post(f"/q/{queue}", "late", {"Content-Type": "text/plain"})
    assert raw.answer()[2] == b"late"


@pytest.mark.parametrize("more, served, warned", [
    ("", "streams and all other routes", False), ("rest = off\n", "streams", False),
    ("listen = 0.0.0.0:1\n", "streams", False), ("listen = 0.0.0.0:1\nrest = on\n", "streams and all other routes", False),
    ("listen = 0.0.0.0:1\nauthkeys = required\n", "streams", True), ("authkeys = required\n", "streams and all other routes", False),
    ("listen = [::]:1\nacl = {acl}\n", "streams", True), ("listen = unix:/a\nacl = {acl}\n", "streams and all other routes", False)])
def test_check_config_says_what_is_served_where(builddir, tmp_path, more, served, warned):
    acl, conf = tmp_path / "acl.conf", tmp_path / "restmq.conf"
    acl.write_text("[rest:producer]\nusername = a\npassword = b\n")
    conf.write_text(more.format(acl=acl))
    done = subprocess.run([os.path.join(builddir, "restmq-wsd"), "--check-config", "--config", conf],
                          capture_output=True, text=True, timeout=20)
    address = re.search("^listen = (.*)$", done.stdout, re.M)[1]
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == f"at {address} = {served}"
    assert (f"at {address} passwords and keys" in done.stderr) == warned
