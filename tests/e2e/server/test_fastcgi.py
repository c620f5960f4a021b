# test_fastcgi.py - what a web server never shows: bodies cut short, aborts, odd parameters, junk.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import fcntl
import functools
import glob
import os
import random
import resource
import select
import socket
import struct
import termios
import time

import pytest

import stack as servers
from checks import assert_common, assert_error, assert_text, push, take, take_all

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def ask(stack):
    """ask(params, body, …): as fcgi_request, on the shared stack."""
    return functools.partial(servers.fcgi_request, stack.responders.socket)


def post(queue, type="text/plain", **more):
    return servers.fcgi_params("POST", f"/q/{queue}", CONTENT_TYPE=type, **more)


@pytest.fixture(autouse=True)
def alive(request):
    """No test here may end a responder."""
    stack = request.getfixturevalue("stack")
    ended = len(stack.responders.exits)
    yield
    assert stack.http.get("/health").status == 200
    assert stack.responders.exits[ended:] == []


@pytest.fixture(scope="module")
def alone(builddir):
    """One responder, so that it gets every request."""
    with servers.Stack(builddir, workers=1) as stack:
        yield stack


# --- a whole request ----------------------------------------------------------------------------

@pytest.mark.parametrize("split", [None, 1, 7, 8, 9, 1000])
def test_in_pieces_of_any_size(ask, http, queue, split):
    assert_text(ask(post(queue), b"hello", split=split), f"{queue}:1")
    assert take(http, queue) == "hello"


@pytest.mark.parametrize("size", [0, 1, 8183, 8184, 8192, 65535, 65536, 1048576])
def test_bodies_of_several_records(ask, redis, queue, size):
    body = bytes(number % 251 for number in range(size))
    assert ask(post(queue), body).status == 200
    assert redis.get(f"{queue}:1") == body


def test_padding_and_tiny_records(stack, redis, queue):
    with servers.Fcgi(stack.responders.socket) as fcgi:
        fcgi.begin()
        fcgi.params(post(queue, CONTENT_LENGTH="5"))
        for letter in b"hello":
            fcgi.record(servers.STDIN, bytes([letter]), padding=letter)
        fcgi.end_of_input()
        assert fcgi.answer().status == 200
    assert redis.get(f"{queue}:1") == b"hello"


def test_large_answers(ask, http, redis, queue):
    redis.set(f"{queue}:1", b"\0" * 1048576)
    redis.lpush(f"{queue}:queue", f"{queue}:1")
    answer = ask(servers.fcgi_params("GET", f"/q/{queue}"))
    assert answer.json()["value"] == "\0" * 1048576
    assert int(answer.headers["Content-Length"]) == len(answer.body)


def test_the_answer_has_a_status_line(ask, queue):
    answer = ask(servers.fcgi_params("GET", f"/q/{queue}"))
    assert answer.headers["Status"].startswith("204 ")
    assert answer.headers.get("Content-Length") is None
    assert ask(servers.fcgi_params("GET", "/q/..")).headers["Status"].startswith("400 ")


# --- a body cut short ---------------------------------------------------------------------------

def assert_not_passed_on(answer):
    """A web server reads a body to the end that HTTP gives it, so the client has sent all."""
    error = assert_error(answer, 503, "unavailable", "did not pass on all of the body")
    assert "outcome" not in error and answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("type", ["text/plain", FORM, "application/json"])
@pytest.mark.parametrize("how", [{}, {"half_close": True}, {"abort": True}],
                         ids=["end", "half close", "abort"])
@pytest.mark.parametrize("body, claim", [(b"value=abc", 10), (b"value=abc", 100000), (b"", 5)])
def test_a_body_that_ends_early(ask, queue, unchanged, type, how, body, claim):
    answer = ask(post(queue, type), body, claim_length=claim, **how)
    if answer is not None or not how:
        assert_not_passed_on(answer)


@pytest.mark.parametrize("how", [{"half_close": True}, {"abort": True}],
                         ids=["half close", "abort"])
def test_no_end_of_the_body(ask, redis, queue, how):
    """All bytes that were promised are there, only the end is not: refused or done, not both."""
    answer = ask(post(queue), b"hello", **how)
    assert answer is None or answer.status in (200, 503)
    if answer is not None:
        assert redis.exists(f"{queue}:1") == (answer.status == 200)


def test_a_json_command_cut_short(ask, unchanged):
    text = b'{"cmd":"add","queue":"cut","value":"a"}'
    answer = ask(servers.fcgi_params("POST", "/queue", CONTENT_TYPE="application/json"), text,
                 claim_length=len(text) + 1)
    assert_not_passed_on(answer)


def test_a_body_longer_than_said(ask, queue, unchanged):
    assert_error(ask(post(queue), b"hello world", claim_length=5), 400, "bad_request")


def test_gone_in_the_middle_of_a_body(stack, http, queue, unchanged):
    for _ in range(4):
        with servers.Fcgi(stack.responders.socket) as fcgi:
            fcgi.begin()
            fcgi.params(post(queue, CONTENT_LENGTH="100"))
            fcgi.stdin(b"hello")
    http.get("/health")
    http.get("/health")


def test_gone_before_the_answer(stack, http, queue):
    """The push happens or not; the responder lives."""
    for _ in range(10):
        with servers.Fcgi(stack.responders.socket) as fcgi:
            fcgi.begin()
            fcgi.params(post(queue, CONTENT_LENGTH="5"))
            fcgi.stdin(b"hello")
            fcgi.end_of_input()
    push(http, queue, "last")
    assert "last" in take_all(http, queue)


def test_one_line_in_the_log_whatever_they_asked_for(new_stack):
    """An answer that nobody takes is logged; the request must not write lines of its own there."""
    stack = new_stack(workers=1)
    for uri in ("/q/a\nFORGED line", "/q/a?\r\nFORGED line", "/q/a%0aFORGED", "\nFORGED",
                "/q/\033[31mFORGED"):
        for method in "GET", "POST", "BREW\nFORGED":
            with servers.Fcgi(stack.responders.socket) as fcgi:
                fcgi.begin()
                fcgi.params(servers.fcgi_params(method, uri, CONTENT_LENGTH="0"))
                fcgi.end_of_input()
    push(stack.http, "foo", "a")
    log = stack.responders.log_text()
    assert not any(line.startswith("FORGED") for line in log.splitlines())
    assert all(char.isprintable() for char in log.replace("\n", ""))


def test_gone_before_a_large_answer(stack, http, queue):
    push(http, queue, *["a" * 1048576] * 4)
    for _ in range(4):
        with servers.Fcgi(stack.responders.socket) as fcgi:
            fcgi.begin()
            fcgi.params(servers.fcgi_params("GET", f"/q/{queue}", CONTENT_LENGTH="0"))
            fcgi.end_of_input()
            fcgi.sock.recv(100)
    assert http.get("/health").status == 200


@pytest.mark.load       # half a minute of nothing
def test_a_large_answer_that_nobody_reads(alone):
    """After 30 seconds it is given up."""
    push(alone.http, "unread", "a" * 1048576)
    with servers.Fcgi(alone.responders.socket) as fcgi:
        fcgi.begin()
        fcgi.params(servers.fcgi_params("GET", "/q/unread?soft=1", CONTENT_LENGTH="0"))
        fcgi.end_of_input()
        began = time.monotonic()
        assert alone.http.get("/health").status == 200
        assert 25 < time.monotonic() - began < 35
    assert "take the answer to GET /q/unread" in alone.responders.log_text()


def test_no_key_in_the_log(new_stack):
    """The line of an answer that was not taken has the path, not what stands behind it."""
    stack = new_stack(workers=1)
    push(stack.http, "foo", "a" * 1048576)
    with servers.Fcgi(stack.responders.socket) as fcgi:
        fcgi.begin()
        fcgi.params(servers.fcgi_params("GET", "/q/foo?soft=1&authkey=verysecret",
                                        CONTENT_LENGTH="0", HTTP_X_AUTHKEY="verysecret"))
        fcgi.end_of_input()
        fcgi.sock.recv(100)
    assert stack.http.get("/health").status == 200
    servers.wait_for(lambda: "take the answer to GET /q/foo\n" in stack.responders.log_text())
    assert "secret" not in stack.responders.log_text()


# --- CONTENT_LENGTH -----------------------------------------------------------------------------

@pytest.mark.parametrize("length", [None, ""], ids=["absent", "empty"])
def test_no_length(ask, redis, queue, length):
    """A web server that streams does not know it: then the end of the body counts."""
    params = post(queue, CONTENT_LENGTH=length)
    assert_text(ask(params, b"hello"), f"{queue}:1")
    assert redis.get(f"{queue}:1") == b"hello"
    assert_text(ask(post(queue, FORM, CONTENT_LENGTH=length), b"value=a"), f"{queue}:2")
    assert_text(ask(params), f"{queue}:3")


@pytest.mark.parametrize("length", [None, ""], ids=["absent", "empty"])
def test_no_length_and_cut_short(ask, queue, unchanged, length):
    for how in {"abort": True}, {"half_close": True}:
        answer = ask(post(queue, CONTENT_LENGTH=length), b"hello", **how)
        if answer is not None:
            assert_not_passed_on(answer)


def test_no_length_and_too_much(ask, queue, unchanged):
    assert_error(ask(post(queue, CONTENT_LENGTH=None), b"a" * 8388609), 413, "too_large")


@pytest.mark.parametrize("length", [
    "abc", "-1", "5x", " 5", "+5", "5.0", "0x5", "99999999999999999999", "18446744073709551621",
    "-" * 50])
def test_a_length_that_is_none(ask, queue, unchanged, length):
    answer = ask(post(queue, CONTENT_LENGTH=length), b"hello")
    assert answer.status in (400, 413)


def test_a_huge_length(ask, queue, unchanged):
    assert_error(ask(post(queue), b"hello", claim_length=10 ** 12, half_close=True),
                 413, "too_large", "8388608")


# --- what is kept of requests that are not complete -----------------------------------------------

MIB = 1 << 20
KEPT = 17 * MIB             # of one: twice max_body, and 1 MiB
KEPT_OF_ALL = 64 * MIB      # and then the largest goes


def kept(stack):
    """Bytes of each request that the only responder has collected."""
    sizes = []
    for file in glob.glob(f"/proc/{stack.responders.pids[0]}/fd/*"):
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(file).startswith("/memfd:request"):
                sizes.append(os.stat(file).st_size)
    return sizes


def begun(started, stack, length, body):
    """A request whose body does not end."""
    fcgi = started.enter_context(servers.Fcgi(stack.responders.socket))
    fcgi.begin()
    fcgi.params(post("kept", CONTENT_LENGTH=length))
    with contextlib.suppress(OSError):      # it may be closed in the middle
        fcgi.stdin(body)
    return fcgi


@pytest.mark.parametrize("length", [None, str(40 * MIB)], ids=["no length", "its length"])
def test_a_large_body_is_not_kept(alone, length):
    with contextlib.ExitStack() as started:
        fcgi = begun(started, alone, length, b"x" * (40 * MIB))
        assert alone.http.get("/health").status == 200
        assert max(kept(alone)) <= KEPT
        fcgi.end_of_input()
        began = time.monotonic()
        assert_error(fcgi.answer(), 413, "too_large", "8388608")
        assert alone.http.get("/health").status == 200
        # all was read, so there is nothing to wait for
        assert time.monotonic() - began < servers.patience(1)
    assert kept(alone) == []


def test_a_body_without_end(alone):
    """It is read as it comes and not kept, and others are served meanwhile."""
    with servers.Fcgi(alone.responders.socket) as fcgi:
        fcgi.begin()
        fcgi.params(post("kept"))
        for _ in range(5):
            fcgi.stdin(b"x" * (20 * MIB))
            assert alone.http.get("/health").status == 200
            assert max(kept(alone)) <= KEPT
    assert alone.http.get("/health").status == 200
    assert kept(alone) == []


def test_many_large_bodies(alone):
    """The largest are closed, the small ones stay."""
    with contextlib.ExitStack() as started:
        small = [begun(started, alone, "2", b"x") for _ in range(10)]
        for _ in range(10):
            begun(started, alone, str(20 * MIB), b"x" * (15 * MIB))
            assert alone.http.get("/health").status == 200
            assert sum(kept(alone)) <= KEPT_OF_ALL
        assert sum(kept(alone)) > KEPT_OF_ALL / 2
        for fcgi in small:
            fcgi.stdin(b"x")
            fcgi.end_of_input()
            assert fcgi.answer().status == 200
    servers.wait_for(lambda: kept(alone) == [])


# --- parameters ---------------------------------------------------------------------------------

def test_no_request_uri(ask, unchanged):
    for params in {}, {"REQUEST_METHOD": "GET"}:
        assert_error(ask(params), 400, "bad_request")
    for method in "GET", "POST", "DELETE":      # an empty one is the root at best
        answer = ask({"REQUEST_METHOD": method, "REQUEST_URI": ""})
        assert answer.status in (200, 400, 404, 405) and answer.type != "text/plain"
        assert_common(answer)


def test_no_method(ask, queue, unchanged):
    assert ask({"REQUEST_URI": f"/q/{queue}"}).status in (400, 405)
    assert ask({"REQUEST_URI": f"/q/{queue}", "REQUEST_METHOD": ""}).status in (400, 405)


def test_only_what_we_need(ask, http, queue):
    """Routing is on REQUEST_URI alone; beside it only the client's address and Host must be there."""
    push(http, queue, "a", "b")
    least = {"REQUEST_METHOD": "GET", "REQUEST_URI": f"/q/{queue}", "REMOTE_ADDR": "127.0.0.1",
             "HTTP_HOST": "localhost"}
    assert ask(least).json()["value"] == "a"
    lies = {"PATH_INFO": "/q/other", "SCRIPT_NAME": "/x", "QUERY_STRING": "soft=1",
            "DOCUMENT_URI": "/stats"}
    assert ask({**least, **lies}).json()["count"] == 0
    assert ask({**least, "REMOTE_ADDR": None}).status == 403
    assert ask({**least, "HTTP_HOST": None}).status == 403
    assert take(http, queue) is None


@pytest.mark.parametrize("uri", [
    "http://localhost/q/{}", "http://user@example.org:8888/q/{}", "HTTP://x/q/{}",
    "https://x/q/{}?soft=0"])
def test_absolute_form(ask, http, queue, uri):
    """Some clients send the whole URL."""
    push(http, queue, "a")
    assert ask(servers.fcgi_params("GET", uri.format(queue))).json()["value"] == "a"


@pytest.mark.parametrize("uri", [
    "*", "q/foo", "foo", "?queue=foo", "http://", "http://host", "ftp://x/q/foo", "http:/q/foo",
    "x" * 100000, "/" * 100000, "/q/" + "a" * 100000, "/q/foo" + "/a" * 50000,
    "/q/" + "%41" * 30000, "/q/foo?" + "a=b&" * 30000, "/q/foo?" + "a" * 100000, "\n", "/q/\xff",
    "/\x01", " /q/foo", "/q/foo ", "/q/foo\r\nX: y", "/q/foo#frag"
], ids=lambda uri: ascii(uri)[:20])
def test_odd_uris(ask, http, unchanged, uri):
    answer = ask(servers.fcgi_params("GET", uri))
    assert answer.status in (200, 302, 400, 404, 414), answer
    if answer.status == 200:
        assert answer.type == "text/html"      # the page of routes
    assert_common(answer)


def test_duplicate_and_empty_parameters(ask, http, queue):
    push(http, queue, "a", "b")
    pairs = list(servers.fcgi_params("GET", f"/q/{queue}").items())
    odd = [("", ""), ("", "x"), ("EMPTY", ""), ("REQUEST_URI", "/stats"),
           ("REQUEST_METHOD", "DELETE"), ("A=B", "C"), ("=", "="), ("NUL\0L", "a\0b"),
           ("HTTP_ACCEPT", "\xff\0\r\n")]
    answer = ask(pairs + odd)
    assert answer.json()["value"] == "a"      # the first one counts
    assert take_all(http, queue) == ["b"]


@pytest.mark.parametrize("split", [None, 4099])
def test_huge_parameters(ask, http, queue, split):
    push(http, queue, "a")
    params = {**servers.fcgi_params("GET", f"/q/{queue}"), "HTTP_COOKIE": "c" * 100000,
              "H" * 5000: "x", "HTTP_X": ""}
    assert ask(params, split=split).json()["value"] == "a"


def test_many_parameters(ask, http, queue):
    push(http, queue, "a")
    params = {f"HTTP_X_{number}": "x" * (number % 200) for number in range(3000)}
    assert ask({**params, **servers.fcgi_params("GET", f"/q/{queue}")}).json()["value"] == "a"


@pytest.mark.parametrize("name, value", [
    ("CONTENT_TYPE", ""), ("CONTENT_TYPE", ";"), ("CONTENT_TYPE", "x" * 50000),
    ("CONTENT_TYPE", "text/plain;" * 5000), ("CONTENT_TYPE", "\xff\xfe"), ("CONTENT_TYPE", "/"),
    ("CONTENT_TYPE", " "), ("HTTP_ACCEPT", "," * 50000), ("HTTP_ACCEPT", ";q=" * 10000),
    ("HTTP_ACCEPT", "text/html;q=" + "9" * 1000), ("HTTP_ACCEPT", "\0"),
    ("HTTP_IDEMPOTENCY_KEY", "")], ids=lambda text: ascii(text)[:20])
def test_odd_headers(ask, http, queue, name, value):
    answer = ask({**post(queue), name: value}, b"value=a")
    assert answer.status in (200, 400, 415), answer
    assert_common(answer)
    assert ask({**servers.fcgi_params("GET", "/q"), name: value}).status in (200, 400)


# --- not even FastCGI ---------------------------------------------------------------------------

def send(stack, data):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(stack.responders.socket)
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
        except OSError:
            pass


def record(type, content=b"", version=1, id=1):
    return struct.pack(">BBHHBx", version, type, id, len(content), 0) + content


BEGIN = record(servers.BEGIN, b"\0\1\0\0\0\0\0\0")      # a responder is wanted

JUNK = {
    "http": b"GET /q/foo HTTP/1.1\r\nHost: x\r\n\r\n",
    "zeros": b"\0" * 1000,
    "ones": b"\xff" * 1000,
    "one byte": b"\1",
    "half a header": BEGIN[:5],
    "begin only": BEGIN,
    "wrong version": record(servers.BEGIN, BEGIN[8:], version=2),
    "unknown role": record(servers.BEGIN, b"\0\7\0\0\0\0\0\0"),
    "short begin": record(servers.BEGIN, b"\0\1"),
    "parameters first": record(servers.PARAMS),
    "body first": record(servers.STDIN, b"hello"),
    "unknown type": record(99, id=0),
    "another request id": BEGIN + record(servers.PARAMS, id=2),
    "a name longer than the record": (BEGIN + record(servers.PARAMS, b"\x7f\x7fab")
                                      + record(servers.PARAMS)),
    "abort at once": BEGIN + record(servers.ABORT),
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_junk(stack, http, queue, unchanged, junk):
    for _ in range(3):
        send(stack, junk)


def test_random_junk(stack, unchanged):
    dice = random.Random(17)
    for _ in range(60):
        send(stack, BEGIN[:dice.randrange(17)] + dice.randbytes(dice.randrange(300)))


def test_damaged_requests(stack, http):
    """A good request with one byte changed; whatever it means then, nobody dies of it."""
    class Recorder(servers.Fcgi):
        def __init__(self):
            self.split, self.data = None, b""
        def send(self, data):
            self.data += data
    recorder = Recorder()
    recorder.begin()
    recorder.params(post("damage", FORM, CONTENT_LENGTH="9"))
    recorder.stdin(b"value=abc")
    recorder.end_of_input()
    dice = random.Random(18)
    for _ in range(150):
        at = dice.randrange(24, len(recorder.data))
        send(stack, recorder.data[:at] + bytes([dice.randrange(256)]) + recorder.data[at + 1:])


def test_silent_connections(new_stack):
    """They say nothing; a responder drops each after a while and serves the next one."""
    stack = new_stack(workers=1)
    silent = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    for sock in silent:
        sock.connect(stack.responders.socket)
    start = time.monotonic()
    push(stack.http, "foo", "a")
    assert time.monotonic() - start < servers.patience(15)
    for sock in silent:
        sock.close()
    assert not stack.responders.exits


@pytest.mark.parametrize("files", [20, 21])     # a request that waits takes two of them
def test_no_file_left(builddir, files):
    """Whoever is silent for longest gives way to others."""
    with servers.Stack(builddir, workers=1) as stack, contextlib.ExitStack() as silent:
        pid, = stack.responders.pids
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, hard))
        peers = []
        for _ in range(20):
            peer = silent.enter_context(socket.socket(socket.AF_UNIX))
            peer.connect(stack.responders.socket)
            with contextlib.suppress(BrokenPipeError):     # it gave way already
                peer.sendall(BEGIN[:5])
            peers.append(peer)
        servers.wait_for(lambda: not any(unread(peer) for peer in peers))
        answer = servers.fcgi_request(stack.responders.socket, servers.fcgi_params("GET", "/health"))
        assert answer.status == 200
        assert "out of file descriptors" in stack.responders.log_text()


def test_the_last_file(builddir):
    """Nobody gives way to a connection that does not come."""
    with servers.Stack(builddir, workers=1) as stack, contextlib.ExitStack() as peers:
        pid, = stack.responders.pids
        assert stack.http.get("/q/foo").status == 204
        taken = len(os.listdir(f"/proc/{pid}/fd"))
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (taken + 3, hard))
        idle = [peers.enter_context(servers.Fcgi(stack.responders.socket)) for _ in range(3)]
        servers.wait_for(lambda: len(os.listdir(f"/proc/{pid}/fd")) == taken + 3)
        time.sleep(0.1)
        assert len(os.listdir(f"/proc/{pid}/fd")) == taken + 3
        assert "out of file descriptors" not in stack.responders.log_text()
        ended, _, _ = select.select([peer.sock for peer in idle], [], [], 0)
        assert not ended


def unread(sock):
    """How many bytes that were sent have nobody read yet?"""
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0]


def test_not_one_file_left(builddir):
    """A request waits, and nothing spins."""
    with servers.Stack(builddir, workers=1) as stack:
        pid, = stack.responders.pids
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        with servers.Fcgi(stack.responders.socket) as fcgi:
            fcgi.begin()
            fcgi.params(servers.fcgi_params("GET", "/health", CONTENT_LENGTH="0"))
            fcgi.end_of_input()
            busy = cpu_seconds(pid)
            time.sleep(1)
            assert cpu_seconds(pid) - busy < 0.3, "it spins"
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            assert fcgi.answer().status == 200
        assert 1 <= stack.responders.log_text().count("cannot accept requests") < 10


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        words = stat.read().rpartition(") ")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def test_connections_that_close_at_once(stack, http, queue):
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(stack.responders.socket)
    push(http, queue, "a")
