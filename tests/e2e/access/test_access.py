# test_access.py - access control against those who try: odd paths and headers, bad passwords and
# keys, forged addresses; the files it reads, and how soon a change counts.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import time

import pytest

import consumers
import stack as servers
from checks import is_helpers_own
from consumers import Closed, Comet, Refused, Websocket

OPEN = "[rest:producer]\n[rest:consumer]\n[comet:consumer]\n[websocket:consumer]\n"
ACL = """[rest:producer]
username = prod
password = pw
[rest:consumer]
hosts_allow = 10.1.0.0/16
[comet:consumer]
hosts_allow = 10.1.0.0/16
[websocket:consumer]
username = ws
password = pw
"""


def replace(file, text):
    """Writes the whole file at once."""
    with open(file + ".new", "w") as new:
        new.write(text)
    os.rename(file + ".new", file)


def guarded(new_stack, tmp_path, text, **conf):
    """A stack with this acl.conf, and the file's path."""
    file = str(tmp_path / "acl.conf")
    replace(file, text)
    return new_stack(helpers=1, conf={"acl": file, "hosts": "127.0.0.1 localhost", **conf}), file


def raw(port, head, body=b""):
    """The status of the answer to these bytes; None where there is none."""
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.sendall(head if isinstance(head, bytes) else head.encode("latin-1"))
        sock.sendall(body)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while b"\r\n" not in answer and (more := sock.recv(4096)):
                answer += more
    return int(answer.split()[1]) if answer else None


def get(port, path, *fields, host=None, method="GET"):
    """The status; the path and the fields are sent as they are."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", *fields,
             "Connection: close", "", ""]
    return raw(port, "\r\n".join(lines))


# --- paths --------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def closed(builddir, tmp_path_factory):
    """All is refused, but to look at what needs no right; below a prefix."""
    file = str(tmp_path_factory.mktemp("acl") / "acl.conf")
    replace(file, "".join(f"[{section}]\nhosts_deny = all\n" for section in (
        "rest:producer", "rest:consumer", "comet:consumer", "websocket:consumer", "admin", "stats")))
    with servers.Stack(builddir, helpers=1, conf={"acl": file, "prefix": "/mq"}) as stack:
        yield stack


TRICKS = [
    "{}/q/foo", "{}//q/foo", "//{}/q/foo", "{}/./q/foo", "{}/x/../q/foo", "{}/health/../q/foo",
    "{}/health/%2e%2e/q/foo", "{}/health%2f..%2fq%2ffoo", "{}/%71/foo", "{}/q%2ffoo", "{}/q/foo%00",
    "{}/q/foo%00/health", "{}/health%00/../q/foo", "{}/q/foo%0d%0aX:y", "{}/q/foo%zz", "{}/q/foo%2",
    "{}/q/foo;/health", "{}/q/foo?x=/health", "{}/q/foo#/health", "{}/q/foo?soft=1#", "{}/Q/foo",
    "{}x/q/foo", "{}x", "/q/foo", "/x{}/q/foo", "{}/../q/foo", "{}%2fq/foo", "{}/q/foo/../../health",
    "{}/q/../../mq/q/foo", "{}\\q\\foo", "{}/q\\foo", "{}/q/foo%ff", "{}/q/%c0%ae%c0%ae/foo",
    "http://127.0.0.1{}/q/foo", "HTTP://evil.test{}/q/foo", "http://127.0.0.1/health{}/q/foo",
    "http:{}/q/foo", "http:///{}/q/foo", "http://a@127.0.0.1{}/q/foo", "*", "{}/stats", "{}/stats/foo",
    "{}?queue=foo", "{}/?queue=foo", "{}/q/", "{}/q?queues=foo", "{}/c/foo", "{}/w/foo",
    "{}/sub/foo", "{}/who/foo", "{}/ws/foo", "{}/c/foo%2fbar", "{}/health/../c/foo", "{}//c/foo",
    "{}/c%2ffoo", "{}/%63/foo", "{}x/c/foo", "{}/C/foo", "{}/c/foo%00", "{}/c/foo%0d%0a", "{}/c/%zz",
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_no_path_leads_around_a_refusal(closed, method):
    """Whatever the web server makes of it, nobody gets anything; and nothing falls over."""
    with contextlib.closing(closed.redis.client()) as redis:
        for trick in TRICKS:
            for port in closed.port, closed.ws_port:
                fields = ["Content-Length: 0"] if method == "POST" else []
                path = trick.format("/mq")
                status = get(port, path, *fields, method=method)
                assert status is None or 300 <= status < 500 or status == 501, (path, status)
        assert all(is_helpers_own(key) for key in redis.keys())
    assert closed.http.get("/mq/health").status == 200
    assert closed.http.get("/mq/q/foo").status == 403
    assert get(closed.ws_port, "/mq/c/foo") == 403


def test_a_name_that_only_begins_like_the_prefix(closed):
    for path in "/mqx/health", "/mqx", "/m", "/mq%2fhealth", "/MQ/health", "/health", "/mqhealth":
        assert closed.http.get(path).status in (400, 404), path
        assert get(closed.ws_port, path) in (400, 404), path


# --- headers ------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def guard(builddir, tmp_path_factory):
    """Producers have a password, consumers an address, all need a key."""
    file = str(tmp_path_factory.mktemp("acl") / "acl.conf")
    replace(file, ACL)
    with servers.Stack(builddir, helpers=1, conf={"acl": file, "hosts": "127.0.0.1",
                                                  "origins": "http://a.example.org"}) as stack:
        yield stack


def basic(pair):
    return f"Authorization: Basic {base64.b64encode(pair).decode()}"


PUSH = ["Content-Type: text/plain", "Content-Length: 0"]


def pushes(stack, *fields, path="/q/foo"):
    return get(stack.port, path, *PUSH, *fields, method="POST")


def test_the_right_password(guard):
    assert pushes(guard, basic(b"prod:pw")) == 200
    assert pushes(guard, basic(b"prod:pw").replace("Basic", "bASIC")) == 200
    assert pushes(guard) == 401


@pytest.mark.parametrize("field", [
    basic(b"prodpw"), basic(b"prod"), basic(b":pw"), basic(b"prod:"), basic(b"prod:pw\0"),
    basic(b"prod\0:pw"), basic(b"prod:pw "), basic(b" prod:pw"), basic(b"Prod:pw"), basic(b"prod:pW"),
    basic(b"prod:pw:pw"), basic(b""), basic(b":"), basic(b"prod:" + b"p" * 3000),
    basic(b"p" * 3000 + b":pw"), basic(b"\xff:\xfe"), "Authorization: Basic", "Authorization: Basic ",
    "Authorization: Basic !!!!", "Authorization: Basic cHJvZDpwdw", "Authorization: Basic cHJvZDpwdw=",
    "Authorization: Basic cHJv ZDpwdw==", "Authorization: Basic cHJvZDpwdw===",
    "Authorization: Basic =cHJvZDpwdw==", "Authorization: Basic cHJvZDpwdw==,x",
    "Authorization: Basic prod:pw", "Authorization: cHJvZDpwdw==", "Authorization: Digest cHJvZDpwdw==",
    "Authorization: Bearer cHJvZDpwdw==", "Authorization: BasiccHJvZDpwdw==", "Authorization:",
    "Authorisation: Basic cHJvZDpwdw==", "Proxy-Authorization: Basic cHJvZDpwdw==",
    "Cookie: auth=prod:pw", "X-Authorization: Basic cHJvZDpwdw=="])
def test_no_password(guard, field):
    assert pushes(guard, field) == 401


def test_a_password_in_the_address(guard):
    assert pushes(guard, path="/q/foo?username=prod&password=pw") in (400, 401)
    assert get(guard.port, "http://prod:pw@127.0.0.1/q/foo", *PUSH, method="POST") in (400, 401)


def test_a_large_header(guard):
    """Over what anybody takes: the server's refusal, or as if it were not there."""
    for field in (basic(b"prod:" + b"p" * 7000), "X-Authkey: " + "k" * 9000, "X: " + "y" * 9000,
                  "Cookie: auth=" + "c" * 9000, "Origin: http://" + "o" * 9000,
                  "X-Forwarded-For: " + "10.1.2.3, " * 900):
        assert pushes(guard, field) in (400, 401, 403, 413, 431, 494), field[:30]
        assert get(guard.ws_port, "/c/foo", field) in (400, 403, 431), field[:30]
    assert pushes(guard, basic(b"prod:pw")) == 200


@pytest.mark.parametrize("fields", [
    [basic(b"x:y"), basic(b"prod:pw")], [basic(b"prod:pw"), basic(b"x:y")]])
def test_two_passwords(guard, fields):
    """Not both, nor one of them."""
    assert pushes(guard, *fields) == 400


def test_two_hosts(guard):
    for fields in ["Host: evil.test"], ["host: evil.test"], ["Host: 127.0.0.1"]:
        assert pushes(guard, basic(b"prod:pw"), *fields) == 400
        assert get(guard.ws_port, "/c/foo", "X-Forwarded-For: 10.1.2.3", *fields) == 400


@pytest.mark.parametrize("name", ["Host", "Origin"])
@pytest.mark.parametrize("value", ["127.0.0.1 evil.test", "evil.test 127.0.0.1", "evil.test\t127.0.0.1",
                                   "evil.test,127.0.0.1", "127.0.0.1@evil.test", "127.0.0.1/evil",
                                   "evil.test#127.0.0.1", "evil.test?127.0.0.1", "127.0.0.1\rX: y",
                                   "127.0.0.1\x00", "127.0.0.1%00.evil.test", "[127.0.0.1", "evil.test:",
                                   "\x7f", "évil", "http://127.0.0.1"])
def test_odd_hosts_and_origins(guard, name, value):
    for port, path, more in ((guard.port, "/q", ["X-Forwarded-For: 10.1.2.3"]),
                             (guard.port, "/c/foo", ["X-Forwarded-For: 10.1.2.3"]),
                             (guard.ws_port, "/c/foo", ["X-Forwarded-For: 10.1.2.3"])):
        host = value if name == "Host" else f"127.0.0.1:{port}"
        fields = more + ([f"Origin: http://{value}"] if name == "Origin" else [])
        head = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *fields, "Connection: close", "", ""])
        status = raw(port, head)
        if name == "Origin" and path == "/q":
            assert status in (200, 400), status          # it only looks
        else:
            assert status in (400, 403, None), status


def test_nothing_is_reflected(guard):
    """No header of a request comes back in one of the answer, but an Origin that is listed."""
    odd = {"Origin": "http://reflected.test", "X-Authkey": "reflected", "Authorization": "reflected",
           "Cookie": "auth=reflected:x", "Accept": "reflected/x", "Sec-WebSocket-Protocol": "reflected",
           "Content-Type": "reflected/x", "Idempotency-Key": "reflected", "X-Forwarded-For": "10.1.2.3"}
    for port, paths in ((guard.port, ["/", "/q/reflected", "/stats?callback=reflected", "/reflected",
                                      "/q?cursor=reflected", "/control/reflected"]),
                        (guard.ws_port, ["/w/reflected?wait=0", "/c/reflected?callback=reflected"])):
        for path in paths:
            answer = consumers.get(port, path, odd)
            assert "reflected" not in "".join(answer.lines), answer
            assert answer.get("X-Content-Type-Options") == "nosniff", answer


# --- addresses ----------------------------------------------------------------------------------

def looks(stack, *fields):
    """The worse of what the responder and the helper say, through the web server."""
    status = get(stack.port, "/q", *fields)
    wait = get(stack.port, "/w/foo?wait=0", *fields)
    return min(status, {204: 200}.get(wait, wait))


@pytest.mark.parametrize("chain, status", [
    ("10.1.2.3", 200), ("10.2.2.3", 403), ("10.1.2.3, 127.0.0.1", 200), ("10.1.2.3,127.0.0.1,::1", 200),
    ("10.1.2.3, 10.2.2.3", 403), ("10.1.2.3, 203.0.113.7, 127.0.0.1", 403), ("127.0.0.1", 403),
    ("garbage", 403), ("10.1.2.3, garbage", 403), ("garbage, 10.1.2.3", 200), ("10.1.2.3,", 403),
    ("10.1.2.3, ,127.0.0.1", 403), ("10.1.2.3:80", 200), ("[::ffff:10.1.2.3]:5678", 200),
    ("10.1.2.3:80, 127.0.0.1:9, [::1]:1", 200), ("10.2.2.3:80", 403), ("10.1.2.3:", 403), ("10.1.2.3:99999", 403),
    ("10.1.2.3:80:80", 403), ("[::ffff:10.1.2.3]80", 403), ("::ffff:10.1.2.3", 200), ("10.1.2.3/8", 403),
    ("010.1.2.3", 403), ("10.1.2", 403), ("0x0a010203", 403), ("10.1.2.3\t", 200), ("unknown", 403),
    ('for="10.1.2.3"', 403), ("10.1.2.3;127.0.0.1", 403), ("10.1.2.3 127.0.0.1", 403)])
def test_a_chain_of_proxies(guard, chain, status):
    """The last one that is no proxy of ours counts; what stands in front of it anybody can write."""
    field = f"X-Forwarded-For: {chain}"
    assert get(guard.port, "/q", field) == status
    for port in guard.port, guard.ws_port:
        assert get(port, "/w/nothing?wait=0", field) == {200: 204}.get(status, status)


def test_a_field_that_cannot_be_read(guard):
    """The refusal names it."""
    for port, path in (guard.port, "/stats"), (guard.port, "/w/none?wait=0"), (guard.ws_port, "/w/none?wait=0"):
        answer = consumers.get(port, path, {"X-Forwarded-For": "10.1.2.3:http"})
        assert answer.status == 403 and "X-Forwarded-For" in answer.json()["error"], answer
        answer = consumers.get(port, path, {"X-Forwarded-For": "10.2.2.3"})
        assert answer.status == 403 and "X-Forwarded-For" not in answer.json()["error"]


def test_other_headers_that_name_an_address(guard):
    """lighttpd cannot tell X_Forwarded_For from X-Forwarded-For; where both are there, and a proxy
    writes the right one each time, neither counts."""
    for name in ("X_Forwarded_For", "X-Real-IP", "Forwarded", "X-Client-IP", "Client-IP", "Remote-Addr",
                 "Remote_Addr", "X-Forwarded-For-X", "X-Forwarded", "True-Client-IP", "Http-Remote-Addr"):
        for value in "10.1.2.3", "for=10.1.2.3":
            assert (looks(guard, f"{name}: {value}") == 403
                    or guard.web.passes_underscores and "_" in name), name
            assert looks(guard, "X-Forwarded-For: 10.9.9.9", f"{name}: {value}") == 403, name
            assert looks(guard, f"{name}: {value}", "X-Forwarded-For: 10.9.9.9") == 403, name


@pytest.mark.parametrize("first, second", [("10.1.2.3", "10.9.9.9"), ("10.9.9.9", "10.1.2.3")])
def test_two_chains(guard, first, second):
    """As one list; or refused, as the server likes."""
    status = get(guard.port, "/q", f"X-Forwarded-For: {first}", f"X-Forwarded-For: {second}")
    assert status in ((403, 400) if second == "10.9.9.9" else (200, 403, 400)), status
    for port in guard.port, guard.ws_port:
        status = get(port, "/w/nothing?wait=0", f"X-Forwarded-For: {first}", f"X-Forwarded-For: {second}")
        assert status == (403 if second == "10.9.9.9" else 204), (port, status)
        status = get(port, "/w/nothing?wait=0", f"X-Forwarded-For: {first}", f"X-Forwarded-For: {second}",
                     "X-Forwarded-For: 127.0.0.1")
        assert status == (403 if second == "10.9.9.9" else 204), (port, status)


def test_a_peer_that_is_no_proxy(guard):
    """By FastCGI, where the peer can be anybody."""
    def ask(peer, **more):
        return servers.fcgi_request(guard.responders.socket, servers.fcgi_params(
            "GET", "/q", HTTP_HOST="127.0.0.1", **{"REMOTE_ADDR": peer, **more})).status

    assert ask("10.1.2.3") == 200
    for forged in "10.1.2.3", "10.1.2.3, 127.0.0.1", "127.0.0.1":
        assert ask("203.0.113.7", HTTP_X_FORWARDED_FOR=forged) == 403
    assert ask("10.1.2.3", HTTP_X_FORWARDED_FOR="203.0.113.7") == 200
    for peer in "", "garbage", None, "10.1.2.3 ", " 10.1.2.3", "10.1.2.3\n", "localhost", "unix:":
        assert ask(peer) == 403, peer
        assert ask(peer, HTTP_X_FORWARDED_FOR="10.1.2.3") == 403, peer


@pytest.mark.parametrize("proxies, peer, chain, status", [
    ("", "127.0.0.1", "10.1.2.3", 403), ("unix", "127.0.0.1", "10.1.2.3", 403),
    ("10.5.0.0/16", "10.5.1.1", "10.1.2.3", 200), ("10.5.0.0/16", "10.6.1.1", "10.1.2.3", 403),
    ("10.5.0.0/16", "10.5.1.1", "10.1.2.3, 10.5.9.9", 200), ("10.5.0.0/16", "127.0.0.1", "10.1.2.3", 403),
    ("10.5.0.0/16", "10.5.1.1", "10.1.2.3, 10.6.1.1, 10.5.9.9", 403), ("2001:db8::/32", "2001:db8::1", "10.1.2.3", 200),
    ("10.5.0.0/16", "::ffff:10.5.1.1", "10.1.2.3", 200), ("10.5.0.0/16", "10.5.1.1", None, 403)])
def test_trusted_proxies(proxied, proxies, peer, chain, status):
    stack = proxied(proxies)
    assert servers.fcgi_request(stack.responders.socket, servers.fcgi_params(
        "GET", "/q", HTTP_HOST="127.0.0.1", REMOTE_ADDR=peer,
        HTTP_X_FORWARDED_FOR=chain)).status == status


@pytest.fixture(scope="module")
def proxied(builddir, tmp_path_factory):
    file = str(tmp_path_factory.mktemp("acl") / "acl.conf")
    replace(file, ACL)
    with servers.Stack(builddir, workers=1, conf={"acl": file}, server="lighttpd") as stack:
        def set_proxies(proxies):
            stack.configure(trusted_proxies=proxies)
            stack.responders.signal_all(signal.SIGHUP)
            time.sleep(0.05)
            return stack
        yield set_proxies


@pytest.mark.parametrize("proxies, direct, unix", [
    ("loopback", 200, 403), ("unix", 403, 200), ("", 403, 403), ("127.0.0.1", 200, 403)])
def test_trusted_proxies_of_the_helper(new_stack, tmp_path, proxies, direct, unix):
    stack, _ = guarded(new_stack, tmp_path, ACL, trusted_proxies=proxies)
    for address, expected in (stack.ws_port, direct), (stack.helper.socket, unix):
        def status():
            """None while it is not yet connected to Redis."""
            answer = consumers.get(address, "/w/foo?wait=0", {"X-Forwarded-For": "10.1.2.3"})
            return {204: 200, 503: None}.get(answer.status, answer.status)

        assert servers.wait_for(status) == expected


def test_a_unix_socket_whose_client_nobody_knows(new_stack, tmp_path):
    """Only a section that is open to all lets it in."""
    stack, file = guarded(new_stack, tmp_path, "[comet:consumer]\n")
    for path, status in ("/c/foo", 200), ("/w/foo?wait=0", 403):
        wire = consumers.Wire(stack.helper.socket)
        consumers.request(wire, "GET", path)
        assert wire.head(time.monotonic() + 5).status == status
        wire.close()


# --- keys ---------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def keyed(builddir):
    with servers.Stack(builddir, helpers=1, conf={"authkeys": "required"}) as stack:
        with contextlib.closing(stack.redis.client()) as redis:
            redis.set("AUTHKEY:good", '{"queues":["foo"],"privs":[]}')
            redis.set("AUTHKEY:two", '{"queues":["foo","idle"],"privs":[]}')
            redis.set("AUTHKEY:", '{"queues":["foo"],"privs":["create"]}')
            redis.set("AUTHKEY:a b", '{"queues":["foo"],"privs":["create"]}')
            redis.set('AUTHKEY:a"b', '{"queues":["foo"],"privs":["create"]}')
            redis.set("AUTHKEY:list", "[]")
            redis.set("AUTHKEY:text", "no json")
            redis.set("AUTHKEY:unknown-priv", '{"queues":["foo"],"privs":["root"]}')
            redis.set("AUTHKEY:empty", '{"queues":[],"privs":[]}')
            redis.hset("AUTHKEY:hash", "a", "b")
        yield stack


addresses = itertools.count()


def new_address():
    """A field for an address of this machine that was never wrong before."""
    number = next(addresses)
    return f"X-Forwarded-For: 127.1.{number // 250}.{number % 250 + 1}"


def with_key(key):
    return f"X-Authkey: {key}"


def test_a_good_key(keyed):
    for fields, path in (([with_key("good")], "/stats/foo"), (["Authorization: Bearer good"], "/stats/foo"),
                         ([], "/stats/foo?authkey=good"), ([], "/stats/foo?authkey=%67ood")):
        assert get(keyed.port, path, *fields) == 200
    assert get(keyed.ws_port, "/w/foo?wait=0&authkey=good") == 204


def test_a_script_asks_for_its_key_itself(keyed, new_stack, tmp_path):
    """A browser would ask its user for a password, which is not what is missing."""
    script = {"X-Requested-With": "anything"}
    acl = tmp_path / "acl.conf"
    acl.write_text("[rest:consumer]\nusername = me\npassword = secret\n[comet:consumer]\npassword = secret\n")
    with_password = new_stack(helpers=1, conf={"acl": acl, "authkeys": "required"})
    for stack, user, is_asked in ((keyed, {}, False), (with_password, {}, True),
                                  (with_password, servers.basic("me", "secret"), False)):
        for port, path in (stack.port, "/q/foo?soft=1"), (stack.ws_port, "/w/foo?wait=0"):
            for key in {}, {"X-Authkey": "none-" + str(is_asked)}:
                http = servers.Http(port)
                headers = {"X-Forwarded-For": new_address().split()[1], **user, **key}
                answer = http.get(path, headers)
                assert answer.status == 401 and answer.headers["WWW-Authenticate"]
                answer = http.get(path, {**headers, **script})
                assert (answer.status, "WWW-Authenticate" in answer.headers) == (401, is_asked), path
                assert answer.json()["code"] == "unauthorized"
                http.close()


def test_a_key_for_some_of_several_queues(keyed):
    """Nothing is taken from those that it is for."""
    key, both = {"X-Authkey": "two"}, ["foo", "other"]
    assert keyed.http.post("/q/foo", form={"value": "a"}, headers=key).status == 200
    for queues in both, both[::-1]:
        command = {"cmd": "take", "queues": queues}
        answer = keyed.http.post("/queue", form={"body": json.dumps(command)}, headers=key)
        assert answer.status == 403 and "other" in answer.json()["error"]
        assert keyed.http.get("/q?queues=" + ",".join(queues), key).status == 403
        consumer = Websocket(keyed.ws_port).connect("/ws/idle", key)
        assert consumer.command(**command)["code"] == "forbidden"
        consumer.wire.close()
    assert keyed.http.get("/stats/foo", key).json()["len"] == 1


@pytest.mark.parametrize("key, statuses", [
    ("", (401,)), ("a b", (401,)), ('a"b', (401,)), ("a'b", (401,)), ("good ", (200, 401)),
    ("good\0", (400, 401, None)), ("good good", (401,)), ("*", (401,)), ("go?d", (401,)),
    ("good\x7f", (400, 401)), ("gööd", (400, 401)), ("k" * 129, (401,)), ("k" * 4096, (401,)),
    ("good\tx", (401,)), ("GOOD", (401,)), ("text", (401,)), ("list", (401,)), ("hash", (401, 503)),
    ("unknown-priv", (401, 403)), ("empty", (403,)), ("good,good", (401,)), ("../good", (401,)),
    ("AUTHKEY:good", (401,)), ("good%00", (401,)), ("a\\x20b", (401,))])
def test_keys_that_are_none(keyed, key, statuses):
    for port, path in (keyed.port, "/stats/foo"), (keyed.port, "/w/foo?wait=0"), (keyed.ws_port, "/w/foo?wait=0"):
        for field in with_key(key), f"Authorization: Bearer {key}":
            status = get(port, path, field, new_address())
            assert {204: 200}.get(status, status) in statuses, (path, field, status)


@pytest.mark.parametrize("encoded, statuses", [
    ("", (401,)), ("a%20b", (401,)), ("a+b", (401,)), ("a%22b", (401,)), ("good%00", (400, 401)),
    ("%00good", (400, 401)), ("good%0d%0aX:y", (400, 401)), ("good%0a", (400, 401)), ("good%20", (401,)),
    ("good%zz", (400, 401)), ("good%FF", (400, 401)), ("k" * 3000, (401,)),
    ("good&authkey=bad", (200, 400, 401)), ("bad&authkey=good", (200, 400, 401))])
def test_keys_in_an_address(keyed, encoded, statuses):
    assert get(keyed.port, f"/stats/foo?authkey={encoded}", new_address()) in statuses
    for port in keyed.port, keyed.ws_port:
        status = get(port, f"/w/foo?wait=0&authkey={encoded}", new_address())
        assert {204: 200}.get(status, status) in statuses


def test_underscores_give_no_second_key(keyed):
    """A key by another name is none; only lighttpd makes one name of both."""
    for field in "X_Authkey: good", "x_authkey: good", "X.Authkey: good":
        assert (get(keyed.port, "/stats/foo", field) in (400, 401)
                or keyed.web.passes_underscores), field
        assert get(keyed.port, "/w/foo?wait=0", field) in (400, 401), field
        assert get(keyed.ws_port, "/w/foo?wait=0", field) in (400, 401), field


def test_no_key_is_ever_logged(keyed):
    keyed.http.get("/stats/foo?authkey=sesame")
    keyed.http.get("/stats/foo", {"X-Authkey": "sesame", **servers.basic("me", "sesame")})
    consumers.get(keyed.ws_port, "/w/foo?wait=0&authkey=sesame")
    assert "sesame" not in keyed.responders.log_text() + keyed.helper.log_text()


def test_a_name_that_no_key_may_have(keyed):
    """AUTHKEY:good is no queue, so nobody reads or writes keys as queues."""
    for path in "/q/AUTHKEY:good", "/q/AUTHKEY", "/stats/AUTHKEY:good", "/sub/AUTHKEY:good":
        assert get(keyed.port, path, with_key("good")) in (400, 404), path


# --- how soon -----------------------------------------------------------------------------------

def soon(check, seconds=1.6):
    """True within about a second; the seconds it took."""
    began = time.monotonic()
    servers.wait_for(check, seconds, 0.02)
    return time.monotonic() - began


def states(stack):
    """What both programs say to somebody on this machine."""
    wait = get(stack.ws_port, "/w/foo?wait=0")
    return get(stack.port, "/q"), {204: 200}.get(wait, wait)


@pytest.mark.parametrize("hup", [False, True])
def test_a_change_of_the_file(new_stack, tmp_path, hup):
    stack, file = guarded(new_stack, tmp_path, OPEN)
    soon(lambda: states(stack) == (200, 200))      # the helper has reached Redis
    if hup and stack.web.own_responders:
        pytest.skip("the processes are the web server's")

    def change(text):
        replace(file, text)
        if hup:
            stack.responders.signal_all(signal.SIGHUP)
            stack.helper.signal(signal.SIGHUP)

    change(OPEN.replace("[rest:consumer]\n", "[rest:consumer]\nhosts_deny = all\n"))
    soon(lambda: states(stack) == (403, 403), 0.5 if hup else 2.5)
    time.sleep(1.1)
    assert [states(stack) for _ in range(20)] == [(403, 403)] * 20, "one process has the old rules"
    change(OPEN)
    soon(lambda: states(stack) == (200, 200), 0.5 if hup else 2.5)


BAD_FILES = {
    "unknown key": "[rest:consumer]\nhosts_alow = all\n",
    "unknown section": "[rest:consumers]\nhosts_allow = all\n",
    "bad network": "[rest:consumer]\nhosts_allow = 10.0.0.0/33\n",
    "bits beyond": "[rest:consumer]\nhosts_allow = 10.0.0.1/8\n",
    "no network": "[rest:consumer]\nhosts_allow = example.org\n",
    "twice": "[rest:consumer]\n[rest:producer]\n[rest:consumer]\n",
    "key twice": "[rest:consumer]\nhosts_allow = all\nhosts_allow = 10.0.0.1\n",
    "no value": "[rest:consumer]\nhosts_allow =\n",
    "no section": "hosts_allow = all\n",
    "no ini": "\x00\x01 garbage\n",
    "a name without a password": "[rest:consumer]\nusername = x\n",
    "a hash of no kind": "[rest:consumer]\npassword = $9$what$ever\n",
}


@pytest.mark.parametrize("name", [*BAD_FILES, "gone", "a folder", "unreadable"])
def test_a_bad_file_is_refused(builddir, tmp_path, name):
    """At the start; the complaint names the file."""
    file = tmp_path / "acl.conf"
    if name == "a folder":
        file.mkdir()
    elif name == "unreadable":
        os.symlink(file, file)      # root may read anything else
    elif name != "gone":
        file.write_text(BAD_FILES[name])
    config = tmp_path / "restmq.conf"
    config.write_text(f"acl = {file}\n")
    for program in "restmq.fcgi", "restmq-wsd":
        for more in ["--check-config"], []:
            done = subprocess.run([os.path.join(builddir, program), "--config", config, *more],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
            assert done.returncode == 1 and not done.stdout, (program, more, done)
            assert str(file) in done.stderr, done
            if name not in BAD_FILES:
                assert done.stderr.startswith(f"{program}: acl = {file}: "), done


def test_a_bad_file_keeps_the_rules(new_stack, tmp_path):
    """Whether one looks by itself or is told to; and the next good one counts."""
    stack, file = guarded(new_stack, tmp_path, OPEN)
    soon(lambda: states(stack) == (200, 200))
    for text in [*BAD_FILES.values(), None]:
        if text is None:
            os.unlink(file)
        else:
            replace(file, text)
        if not stack.web.own_responders:
            stack.responders.signal_all(signal.SIGHUP)
            stack.helper.signal(signal.SIGHUP)
        time.sleep(0.05)
        assert states(stack) == (200, 200), text
    time.sleep(1.2)
    assert states(stack) == (200, 200)
    if not stack.web.own_responders:
        for server in stack.responders, stack.helper:
            assert "the rules before stay" in server.log_text()
            assert server.log_text().count(": access: ") <= stack.responders.workers
    replace(file, "[rest:producer]\n")
    replace(file, "[rest:consumer]\nhosts_deny = all\n")
    soon(lambda: states(stack) == (403, 403), 2.5)


def test_another_file(new_stack, tmp_path):
    """The setting acl itself changes."""
    stack, file = guarded(new_stack, tmp_path, OPEN)
    other = file + "2"
    replace(other, "[rest:consumer]\nhosts_deny = all\n")
    stack.configure(acl=other)
    soon(lambda: states(stack) == (403, 403), 3)
    stack.configure(acl="")
    soon(lambda: states(stack) == (200, 200), 3)


def test_a_key_that_is_taken_away(builddir, new_stack):
    """It opens nothing any more, and a websocket that is open with it can do nothing any more."""
    stack = new_stack(helpers=1, conf={"authkeys": "required"})
    config = stack.responders.config
    headers = {"X-Authkey": "sesame"}

    def authkey(*words):
        done = servers.restmq(builddir, "authkey", "--config", config, *words, typed="sesame\n")
        assert done.returncode == 0, done

    assert stack.http.get("/q/foo", headers).status == 401
    authkey("add", "-", "--queues", "foo,bar")
    soon(lambda: stack.http.get("/q/foo", headers).status == 204)
    soon(lambda: consumers.get(stack.ws_port, "/w/foo?wait=0", headers).status == 204)
    with Websocket(stack.ws_port).connect("/ws/foo", headers) as consumer, \
            Websocket(stack.ws_port).connect("/sub/foo", headers) as speaker:
        assert "error" not in consumer.command(cmd="len", queue="bar")
        assert consumer.command(cmd="len", queue="other")["code"] == "forbidden"
        speaker.send("hello")
        assert speaker.raw() == "hello"
        authkey("add", "-", "--queues", "foo,bar", "--privs", "read")     # less than before
        soon(lambda: consumer.command(cmd="add", queue="bar", value="x").get("code") == "forbidden")
        assert "error" not in consumer.command(cmd="len", queue="bar")
        authkey("remove", "-")
        soon(lambda: consumer.command(cmd="len", queue="bar").get("code") == "unauthorized")
        soon(lambda: stack.http.get("/q/foo", headers).status == 401)
        assert all(stack.http.get("/q/foo", headers).status == 401 for _ in range(20))
        soon(lambda: consumers.get(stack.ws_port, "/w/foo?wait=0", headers).status == 401)
        speaker.send("hello")
        with pytest.raises(Closed) as closed:
            speaker.raw()
        assert closed.value.code == 1008
        with pytest.raises(Refused):
            Websocket(stack.ws_port).connect("/ws/foo", headers)


def test_keys_while_redis_is_away(new_stack):
    """Nobody is let in unseen: 503, and who was known a second ago is not."""
    stack = new_stack(helpers=1, conf={"authkeys": "required"})
    with contextlib.closing(stack.redis.client()) as redis:
        redis.set("AUTHKEY:sesame", '{"queues":["foo"],"privs":[]}')
    headers = {"X-Authkey": "sesame"}
    assert stack.http.get("/q/foo", headers).status == 204
    stack.redis.kill()
    time.sleep(1.1)
    for key in "sesame", "other":
        assert stack.http.get("/q/foo", {"X-Authkey": key}).status == 503
        assert consumers.get(stack.ws_port, "/w/foo?wait=0", {"X-Authkey": key}).status == 503
    assert stack.http.get("/q/foo").status == 401
    assert stack.http.get("/health").status == 200
    stack.redis.start()


# --- passwords that are hashed ------------------------------------------------------------------

def hash_of(password, *salt):
    """As crypt(3) makes it."""
    done = subprocess.run(["openssl", "passwd", "-6", *salt, password], check=True, capture_output=True,
                          text=True, timeout=10)
    return done.stdout.strip()


def test_hashed_passwords(new_stack, tmp_path):
    """The right one is known at once after its first time; the wrong ones cannot keep it out."""
    hashed = hash_of("right")
    text = "".join(f"[{section}]\nusername = me\npassword = {hashed}\n" for section in (
        "rest:producer", "rest:consumer", "comet:consumer", "websocket:consumer"))
    stack, _ = guarded(new_stack, tmp_path, text)
    right, wrong = servers.basic("me", "right"), servers.basic("me", "wrong")
    for _ in range(50):
        assert stack.http.get("/q", right).status == 200
    assert stack.http.get("/q", wrong).status == 401
    assert stack.http.get("/q", servers.basic("me", hashed)).status == 401
    assert stack.http.get("/q", servers.basic("you", "right")).status == 401
    began = time.monotonic()
    for _ in range(300):
        assert stack.http.get("/q", wrong).status == 401
    for _ in range(50):
        assert stack.http.get("/q", right).status == 200
    assert time.monotonic() - began < servers.patience(10)
    with Websocket(stack.ws_port).connect("/ws/foo", right) as consumer:
        assert "error" not in consumer.command(cmd="add", queue="bar", value="x")


def test_guesses(new_stack, tmp_path):
    """Who guesses has to wait, also after a change of other rules; what was right before is known then."""
    text = f"[rest:consumer]\npassword = {hash_of('right')}\n"
    stack, acl = guarded(new_stack, tmp_path, text)
    right, numbers = servers.basic("me", "right"), itertools.count()

    def guess():
        return stack.http.get("/q", servers.basic("me", f"wrong{next(numbers)}")).status

    for _ in range(50):
        assert stack.http.get("/q", right).status == 200
    assert {guess() for _ in range(100)} == {401, 503}
    replace(acl, text + "[rest:producer]\nhosts_allow = 10.0.0.0/8\n")
    time.sleep(2.1)     # for all responders
    answers = [guess() for _ in range(50)]
    assert answers.count(503) > 40 and set(answers) <= {401, 503}
    assert all(stack.http.post("/q/foo", b"value=a", right).status == 403 for _ in range(20))
    for _ in range(50):
        assert stack.http.get("/q", right).status == 200


def test_slow_hashes(new_stack, tmp_path):
    """Each of them takes all the time that a second has for hashing; who has the password of all the
    sections has all the rights at once."""
    sections = "rest:producer", "rest:consumer", "websocket:consumer", "admin"
    stack, _ = guarded(new_stack, tmp_path, "".join(
        f"[{section}]\npassword = {hash_of('right', '-salt', f'rounds=200000${number}')}\n"
        for number, section in enumerate(sections)))
    with Websocket(stack.ws_port).connect("/ws/foo", servers.basic("me", "right")) as consumer:
        assert consumer.command(cmd="add", queue="bar", value="x")["key"] == "bar:1"
        assert consumer.command(cmd="len", queue="bar")["len"] == 1
        assert consumer.command(cmd="redrive", queue="bar.dead").get("code") != "forbidden"


def test_a_long_poll_behind_slow_hashes(new_stack, tmp_path):
    """It is admitted in a later turn of the helper, which goes on."""
    stack, _ = guarded(new_stack, tmp_path, "".join(
        f"[{section}]\npassword = {hash_of('right', '-salt', f'rounds=200000${number}')}\n"
        for number, section in enumerate(["rest:producer", "rest:consumer", "comet:consumer"])))
    stack.http.post("/q/foo", "a", {"Content-Type": "text/plain", **servers.basic("me", "right")})
    for status in 200, 204:
        answer = consumers.get(stack.ws_port, "/w/foo?wait=0", servers.basic("me", "right"))
        assert answer.status == status
    assert stack.helper.process.poll() is None


def test_whoever_has_to_wait_is_told_how_long(new_stack, tmp_path):
    """In the header and in words, by each of the programs."""
    stack, _ = guarded(new_stack, tmp_path, "".join(
        f"[{section}]\npassword = right\n" for section in ("rest:consumer", "comet:consumer")))
    for ask in (lambda fields: stack.http.get("/q", fields),
                lambda fields: consumers.get(stack.ws_port, "/w/foo?wait=0", fields)):
        answers = (ask(servers.basic("me", f"wrong{number}")) for number in itertools.count())
        answer = next(answer for answer in answers if answer.status != 401)
        seconds = int(getattr(answer, "headers", answer).get("Retry-After"))
        assert answer.status == 503 and 1 <= seconds <= 2
        assert f"try again in {seconds} s" in answer.json()["error"]


def test_each_of_several_cookies_has_its_turn(new_stack, tmp_path):
    """However slow their hash is: one request causes one, and the wrong ones are known at the next."""
    stack, _ = guarded(new_stack, tmp_path, "[websocket:consumer]\nusername = me\n"
                       f"password = {hash_of('right', '-salt', 'rounds=400000$salt')}\n")
    cookies = "; ".join(f"auth=me:{password}" for password in ("old", "older", "right"))
    answers = []
    while not answers or answers[-1] == 503:
        wire = consumers.Wire(stack.ws_port)
        wire.send("GET /ws/foo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                  f"dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: {cookies}\r\n\r\n".encode())
        head = wire.head(time.monotonic() + 30)
        answers.append(head.status)
        if head.status == 503:
            time.sleep(int(head.get("Retry-After")) + 0.1)
    assert answers in ([503, 503, 101], [503, 101])


def test_many_websockets_with_other_passwords(new_stack, tmp_path):
    """Each section has a hash of its own; those who know one of them all get in, however many."""
    sections = "websocket:consumer", "rest:producer", "rest:consumer", "comet:consumer"
    stack, _ = guarded(new_stack, tmp_path, "".join(
        f"[{section}]\nusername = u{number}\npassword = {hash_of(f'right{number}')}\n"
        for number, section in enumerate(sections)))
    for _ in range(20):
        with Websocket(stack.ws_port).connect("/ws/foo", servers.basic("u0", "right0")):
            pass
    with Comet(stack.ws_port).connect("/c/foo", servers.basic("u3", "right3")):
        pass
