# test_access_fields.py - what the fields of a head say about who asks: fields that must come once, lists,
# the scheme of a page, and what a browser only guesses that its user will want.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import os
import subprocess
import time

import pytest

import consumers
import stack as servers
from test_access import get

# Of the original; the right one is "good".
KEYS = {key: b'{"queues":["*"],"privs":["create"]}' for key in ("good", "other")}


@pytest.fixture(scope="module")
def stack(builddir):
    conf = {"origins": "http://a.test https://b.test", "authkeys": "required"}
    with servers.Stack(builddir, helpers=1, conf=conf) as stack:
        with contextlib.closing(stack.redis.client()) as redis:
            for key, record in KEYS.items():
                redis.set(f"AUTHKEY:{key}", record)
        yield stack


KEY = "X-Authkey: good"


def asked(stack, *fields, host=None, key=KEY):
    """What a push says, and a long-poll by the web server and directly; 200 for all that is fine."""
    fields = [*fields, *([key] if key else [])]
    push = get(stack.port, "/q/fields", "Content-Type: text/plain", "Content-Length: 0", *fields,
               method="POST", host=host)
    polls = [get(port, "/w/none?wait=0", *fields, host=host) for port in (stack.port, stack.ws_port)]
    return [push] + [{204: 200}.get(status, status) for status in polls]


@pytest.mark.parametrize("one, two", [
    ("Authorization: Bearer good", "Authorization: Bearer other"),
    ("Authorization: Bearer good", "Authorization: Bearer good"),
    ("Authorization: Bearer good", "Authorization: Basic YTpi"), (KEY, "X-Authkey: other"), (KEY, KEY),
    ("Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none"),
    ("Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"),
    ("Origin: http://a.test", "Origin: https://b.test"), ("Origin: http://a.test", "Origin: http://a.test"),
    ("Host: 127.0.0.1", "Host: localhost")])
def test_what_must_come_once(stack, one, two):
    """As two lines, in any order, and as the list that web servers make of it."""
    more = [] if one.startswith(("X-A", "Au")) else [KEY]
    if not one.startswith("Host"):
        assert asked(stack, one, *more, key=None) == [200] * 3
    assert asked(stack, one, two, *more, key=None) == [400] * 3
    assert asked(stack, two, "X: y", one, *more, key=None) == [400] * 3
    joined = one + ", " + two.partition(": ")[2]
    if one.startswith("Host"):
        assert asked(stack, *more, key=None, host=joined.partition(": ")[2]) == [400] * 3
    else:
        assert asked(stack, joined, *more, key=None) == [400] * 3


def test_names_that_are_made_one(stack):
    """X_Authkey is X-Authkey for a responder of lighttpd: whoever writes both contradicts himself.
    Other web servers drop it."""
    for fields in (KEY, "X_Authkey: other"), ("X_Authkey: other", KEY):
        push, poll, direct = asked(stack, *fields, key=None)
        assert push == (400 if stack.web.passes_underscores else 200)
        assert poll == (200 if stack.web.drops_underscores else 400)
        assert direct == 400


def test_a_key_may_have_commas(stack):
    with contextlib.closing(stack.redis.client()) as redis:
        redis.set("AUTHKEY:a,b", KEYS["good"])
    assert asked(stack, "X-Authkey: a,b", key=None) == [200] * 3
    assert asked(stack, "Authorization: Bearer a,b", key=None) == [200] * 3


def test_two_idempotency_keys(stack):
    """A list is one key; two lines are two."""
    def push(*fields):
        return get(stack.port, "/q/once", "Content-Type: text/plain", "Content-Length: 0", KEY, *fields,
                   method="POST")

    assert push("Idempotency-Key: a, b") == 200
    assert push("Idempotency-Key: c", "Idempotency-Key: d") == (200 if stack.web.joins_lines else 400)


def head_of(port, path, *fields):
    """The head of an answer or a stream."""
    wire = consumers.Wire(port)
    try:
        wire.send("\r\n".join([f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", KEY, *fields, "", ""]).encode())
        return wire.head(time.monotonic() + 10)
    finally:
        wire.close()


@pytest.mark.parametrize("fields, is_sse", [
    (["Accept: text/event-stream"], True), (["Accept: text/event-stream, */*"], True),
    (["Accept: */*, text/event-stream"], True), (["Accept: text/event-stream;q=0.5, */*"], False),
    (["Accept: */*"], False), (["Accept: text/plain", "Accept: text/event-stream;q=0.5"], False),
    (["Accept: image/png", "Accept: text/event-stream"], True),
    (["Accept: text/event-stream;q=0.1", "Accept: text/plain"], False), ([], False)])
def test_accept_is_a_list(stack, fields, is_sse):
    for port in stack.port, stack.ws_port:
        head = head_of(port, "/c/accept", *fields)
        assert head.status == 200
        assert head.get("Content-Type").startswith("text/event-stream") == is_sse
    html = [field.replace("text/event-stream", "text/html").replace("text/plain", "application/json")
             for field in fields]
    assert head_of(stack.port, "/q", *html).get("Content-Type").startswith("text/html") == is_sse


def test_cookies_in_pieces(new_stack, tmp_path):
    """One of several lines has the password of a websocket."""
    file = tmp_path / "acl.conf"
    file.write_text("[websocket:consumer]\nusername = me\npassword = secret\n")
    stack = new_stack(helpers=1, conf={"acl": file})
    for port in stack.port, stack.ws_port:
        for cookies in (["a=b", "auth=me:secret"], ["auth=me:secret", "a=b"], ["a=b; auth=me:secret", "c=d"]):
            lines = [f"Cookie: {cookie}" for cookie in cookies]
            assert upgrade(port, *lines) == 101, (port, cookies)
        assert upgrade(port, "Cookie: a=b", "Cookie: c=d") == 401
        for cookie in "auth=me:old; auth=me:secret", "auth=me:secret; auth=x:y", "auth=; auth=a; auth=me:secret":
            assert upgrade(port, f"Cookie: {cookie}") == 101, cookie
        assert upgrade(port, "Cookie: auth=me:old; auth=you:secret") == 401


def upgrade(port, *fields, path="/ws/cookies"):
    return get(port, path, *fields, "Upgrade: websocket", "Connection: Upgrade",
               "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")


# --- pages ----------------------------------------------------------------------------------------

def test_the_scheme_of_a_page(stack):
    """The web server speaks http here, and so do its pages."""
    for port in stack.port, stack.ws_port:
        http, https = f"Origin: http://127.0.0.1:{port}", f"Origin: https://127.0.0.1:{port}"
        assert get(port, "/w/none?wait=0", KEY, http) == 204
        assert get(port, "/w/none?wait=0", KEY, https) == 403
        assert upgrade(port, KEY, http) == 101
        assert upgrade(port, KEY, https) == 403
    assert get(stack.port, "/q/none", KEY, f"Origin: http://127.0.0.1:{stack.port}") == 204
    answer = stack.http.get("/q/none", {"X-Authkey": "good", "Origin": f"https://127.0.0.1:{stack.port}"})
    assert answer.status == 403
    assert f"add https://127.0.0.1:{stack.port} to origins" in answer.json()["error"]
    for origin in "https://b.test", "http://a.test":
        assert asked(stack, f"Origin: {origin}") == [200] * 3
    for origin in "http://b.test", "ftp://127.0.0.1", "chrome-extension://127.0.0.1", "null", "127.0.0.1":
        assert asked(stack, f"Origin: {origin}", host="127.0.0.1") == [403] * 3, origin


def test_what_a_trusted_proxy_says_of_the_scheme(stack):
    """To the helper its web server does; to the responders somebody whose address is trusted, where the
    web server hands it over."""
    tls = ["X-Forwarded-Proto: https", "Origin: https://localhost"]
    assert get(stack.ws_port, "/w/none?wait=0", KEY, *tls, host="localhost") == 204
    assert get(stack.port, "/w/none?wait=0", KEY, *tls, host="localhost") == 403     # it knows better
    ask = lambda peer, **more: servers.fcgi_request(stack.responders.socket, servers.fcgi_params(
        "POST", "/q/scheme", CONTENT_TYPE="text/plain", HTTP_HOST="localhost", HTTP_X_AUTHKEY="good",
        REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR="127.0.0.1", HTTP_ORIGIN="https://localhost", **more)).status
    assert ask("127.0.0.1", HTTP_X_FORWARDED_PROTO="https", REQUEST_SCHEME="http") == 200
    assert ask("127.0.0.1", HTTP_X_FORWARDED_PROTO="http", REQUEST_SCHEME="https") == 403
    assert ask("127.0.0.1", REQUEST_SCHEME="https") == 200
    assert ask("127.0.0.1", HTTPS="on") == 200
    assert ask("127.0.0.1", REQUEST_SCHEME="http", HTTPS="off") == 403
    assert ask("127.0.0.1") == 403


@pytest.mark.parametrize("site, origin, status", [
    ("cross-site", "http://127.0.0.1", 403), ("cross-site", None, 403), ("same-site", None, 403),
    ("same-site", "http://127.0.0.1", 200), ("same-origin", "http://127.0.0.1", 200),
    ("none", "http://127.0.0.1", 200), ("cross-site", "http://a.test", 200), ("same-site", "http://a.test", 200),
    ("same-origin", "http://evil.test", 403), ("junk", "http://127.0.0.1", 403)])
def test_sites(stack, site, origin, status):
    fields = [f"Sec-Fetch-Site: {site}"] + ([f"Origin: {origin}"] if origin else [])
    assert asked(stack, *fields, host="127.0.0.1") == [status] * 3


# --- what a browser guesses -----------------------------------------------------------------------

PREFETCH = ["Sec-Purpose: prefetch", "Sec-Purpose: prefetch;prerender", "Sec-Purpose: prerender",
            "Purpose: prefetch", "X-Moz: prefetch", "X-Purpose: preview",
            "Sec-Purpose: prefetch;anonymous-client-ip"]


@pytest.mark.parametrize("field", PREFETCH)
def test_a_guess_takes_nothing(stack, field, queue):
    assert stack.http.post(f"/q/{queue}", "a", {"Content-Type": "text/plain", "X-Authkey": "good"}).status == 200
    for port, paths in ((stack.port, [f"/q/{queue}", f"/?queue={queue}", f"/q?queues={queue}", f"/q/{queue}?lease=5",
                                      f"/w/{queue}?wait=0", f"/c/{queue}", f"/sub/{queue}"]),
                        (stack.ws_port, [f"/w/{queue}?wait=0", f"/c/{queue}", f"/sub/{queue}", f"/who/{queue}"])):
        for path in paths:
            assert get(port, path, KEY, field) == 403, path
    for path in f"/q/{queue}?soft=1", f"/stats/{queue}", "/health", f"/w/{queue}?wait=0":
        assert get(stack.port, path, KEY, field.partition(":")[0] + ": other") == 200, path
        if "/w/" not in path:
            assert get(stack.port, path, KEY, field) == 200, path


# --- who guesses ----------------------------------------------------------------------------------

def one_process(stack):
    """Each counts for itself, and one web server has two responders of its own."""
    if not stack.web.own_responders:
        yield stack.port, "/q/none"
    yield stack.ws_port, "/w/none?wait=0"


def test_plain_passwords_are_guessed_slowly(new_stack, tmp_path):
    """And a right one is told to nobody who has to wait; who was right there is served all the same."""
    file = tmp_path / "acl.conf"
    file.write_text("".join(f"[{name}]\nusername = me\npassword = secret\n"
                            for name in ("rest:producer", "rest:consumer", "comet:consumer", "stats")))
    stack = new_stack(helpers=1, workers=1, conf={"acl": file, "hosts": "127.0.0.1"})

    def ask(port, path, address, password):
        return get(port, path, f"X-Forwarded-For: {address}",
                   f"Authorization: {servers.basic('me', password)['Authorization']}")

    for port, path in one_process(stack):
        assert ask(port, path, "10.0.0.9", "secret") == 204
        statuses = [ask(port, path, "10.0.0.1", f"wrong {number}") for number in range(12)]
        assert statuses[:8] == [401] * 8 and 503 in statuses[8:], statuses
        for number in range(40):
            if ask(port, path, "10.0.0.1", f"more {number}") == 503:
                break
        assert ask(port, path, "10.0.0.1", "secret") == 503
        for number in range(150):        # a flood from others, and from the same address
            ask(port, path, f"10.1.{number}.1", f"wrong {number}")
        for number in range(12):
            ask(port, path, "10.0.0.9", f"worse {number}")
        assert ask(port, path, "10.0.0.9", "secret") == 204


def test_keys_are_guessed_slowly(new_stack):
    stack = new_stack(helpers=1, workers=1, conf={"authkeys": "required"})
    with contextlib.closing(stack.redis.client()) as redis:
        redis.set("AUTHKEY:good", KEYS["good"])
    for port, path in one_process(stack):
        def ask(address, key):
            return get(port, path, f"X-Forwarded-For: {address}", f"X-Authkey: {key}")

        assert ask("127.0.0.9", "good") == 204
        assert [ask("127.0.0.1", "stale") for _ in range(12)] == [401] * 12      # no guess but the first
        statuses = [ask("127.0.0.1", f"wrong-{number}") for number in range(12)]
        assert statuses[:7] == [401] * 7 and 503 in statuses[7:], statuses
        for number in range(40):
            if ask("127.0.0.1", f"more-{number}") == 503:
                break
        assert ask("127.0.0.1", "good") == 503
        for number in range(12):
            ask("127.0.0.9", f"worse-{number}")
        assert ask("127.0.0.9", "good") == 204


# --- changes --------------------------------------------------------------------------------------

@pytest.mark.parametrize("setting, value", [
    ("hosts", "mq.test"), ("origins", "https://mq.test"), ("trusted_proxies", "")])
def test_changed_settings_end_streams(new_stack, setting, value):
    """They may come again, if they still may."""
    stack = new_stack(helpers=1)
    stream = consumers.Websocket(stack.ws_port)
    stream.consume("bounds")
    stack.configure(**{setting: value})
    with pytest.raises(consumers.Closed) as closed:
        stream.receive(time.monotonic() + 10)
    assert closed.value.code == 1012
    assert upgrade(stack.ws_port, path="/ws/bounds") == (403 if setting == "hosts" else 101)


def test_a_password_for_everybody(builddir, tmp_path):
    password, conf = tmp_path / "password", tmp_path / "restmq.conf"
    password.write_text("secret\n")
    conf.write_text(f"redis_password_file = {password}\n")
    for mode, code in (0o644, 1), (0o604, 1), (0o640, 0), (0o400, 0):
        password.chmod(mode)
        for program in "restmq.fcgi", "restmq-wsd":
            checked = subprocess.run([os.path.join(builddir, program), "--config", conf, "--check-config"],
                                     capture_output=True, text=True, timeout=30)
            assert checked.returncode == code, checked
            assert ("redis_password_file: everybody" in checked.stderr) == bool(code)
    assert "secret" not in checked.stdout + checked.stderr
