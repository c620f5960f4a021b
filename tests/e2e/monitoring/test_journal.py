# test_journal.py - the lines of the log about who was refused and who did what, of both programs.
#
# SPDX-License-Identifier: BSD-2-Clause

import hashlib
import json
import os
import re
import time

import pytest

import consumers
import stack as servers
from consumers import Comet, Refused, Websocket

pytestmark = pytest.mark.usefixtures("our_responders")     # whose log it is

LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (restmq\.fcgi|restmq-wsd)\[\d+\]: (.*)$")
ACL = """[rest:producer]
username = prod
password = pw
[rest:consumer]
hosts_allow = 10.1.2.3 127.0.0.1
[comet:consumer]
username = prod
password = pw
[websocket:consumer]
[admin]
"""
TEXT, JSON = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}
ELSEWHERE = {"X-Forwarded-For": "192.0.2.7"}
RIGHT, WRONG = servers.basic("prod", "pw"), servers.basic("prod", "sesame")
KEYS = {"sesame1": {"queues": ["mine", "idle"], "privs": ["read", "write"], "name": "shop"},
        "sesame2": {"queues": ["*"], "privs": ["read", "purge", "settings", "admin"]},
        "sesame3": {"queues": ["*"], "privs": [], "name": "two words"}}


@pytest.fixture(scope="module")
def stack(builddir, tmp_path_factory):
    file = tmp_path_factory.mktemp("acl") / "acl.conf"
    file.write_text(ACL)
    with servers.Stack(builddir, helpers=1, workers=1,
                       conf={"acl": str(file), "hosts": "127.0.0.1 localhost"}) as stack:
        next_second()
        yield stack


@pytest.fixture(scope="module")
def keyed(builddir, tmp_path_factory):
    file = tmp_path_factory.mktemp("acl") / "acl.conf"
    file.write_text("".join(f"[{section}]\n" for section in (
        "rest:producer", "rest:consumer", "websocket:consumer", "admin")))
    with servers.Stack(builddir, helpers=1, workers=1, conf={
            "authkeys": "required", "acl": str(file)}) as stack:
        redis = stack.redis.client()
        for key, record in KEYS.items():
            redis.set(f"AUTHKEY:{key}", json.dumps(record))
        next_second()       # the helper refused whoever asked whether it has Redis
        yield stack


class Lines:
    """What a program says in its log while something is done."""

    def __init__(self, server):
        self.server = server
        self.before = server.log_text()

    def said(self, count=1):
        def find():
            text = self.server.log_text()[len(self.before):]
            lines = [LINE.match(line).group(2) for line in text.splitlines()]
            found = [line for line in lines if line.startswith(("refused ", "done by ", "left out"))]
            return found if len(found) >= count else None
        return servers.wait_for(find)


def next_second():
    """So many lines a second are said: those of the tests before shall not count."""
    time.sleep(1.05)


def refusals(server, ask, count=1):
    lines = Lines(server)
    ask()
    return lines.said(count)


# --- refusals -----------------------------------------------------------------------------------

def test_who_was_refused(stack):
    http, server = stack.http, stack.responders
    for ask, line in (
            (lambda: http.post("/q/mine?x=1", b"a", {**TEXT, **ELSEWHERE}),
             '192.0.2.7 401: rest:producer needs user and password; POST "/q/mine"'),
            (lambda: http.post("/q/mine", b"a", {**TEXT, **ELSEWHERE, **WRONG}),
             '192.0.2.7 401: wrong user or password for rest:producer; POST "/q/mine", user "prod"'),
            (lambda: http.get("/q/mine", ELSEWHERE),
             '192.0.2.7 403: rest:consumer is not allowed from this address; GET "/q/mine"'),
            (lambda: http.get("/q/mine", {"Origin": "http://evil.test", **RIGHT}),
             '127.0.0.1 403: not from a page of http://evil.test'),
            (lambda: http.get("/q/mine", {"Host": "evil.test"}),
             '127.0.0.1 403: requests for the host')):
        said = refusals(server, ask)
        assert len(said) == 1 and said[0].startswith("refused " + line), (said, line)
    assert "sesame" not in server.log_text()


def test_who_was_refused_a_stream(stack):
    def comet(path, headers):
        with pytest.raises(Refused):
            Comet(stack.ws_port).connect(path, headers)

    for headers, line in (
            (ELSEWHERE, '192.0.2.7 401: comet:consumer needs user and password; GET "/c/mine"'),
            ({**ELSEWHERE, **WRONG}, '192.0.2.7 401: wrong user or password for comet:consumer; '
                                     'GET "/c/mine", user "prod"')):
        assert refusals(stack.helper, lambda: comet("/c/mine?x=1", headers)) == ["refused " + line]
    assert "sesame" not in stack.helper.log_text()


def test_a_command_of_a_websocket(stack):
    with Websocket(stack.ws_port).connect("/ws/other", ELSEWHERE) as consumer:
        said = refusals(stack.helper, lambda: consumer.command(cmd="len", queue="mine"))
        assert len(said) == 1 and re.fullmatch(
            r'refused 192\.0\.2\.7 403: this connection has not the right to do that '
            r'\(read or stats\); on "mine"', said[0]), said


def test_what_is_right_is_not_noted(stack):
    lines = Lines(stack.responders)
    assert stack.http.post("/q/mine", b"a", {**TEXT, **RIGHT}).status == 200
    assert stack.http.get("/q/mine").status == 200
    assert stack.http.get("/ready", ELSEWHERE).status == 200
    assert stack.http.get("/nothing", ELSEWHERE).status == 404
    assert stack.http.get("/q", ELSEWHERE).status == 403
    assert len(lines.said()) == 1


def test_who_tries_passwords_at_ready(builddir, tmp_path):
    """It tells more to who may read, so it could be asked for passwords."""
    file = tmp_path / "acl.conf"
    file.write_text("[rest:consumer]\nusername = prod\npassword = pw\n")
    with servers.Stack(builddir, workers=1, conf={"acl": str(file)}) as stack:
        assert "redis" in stack.http.get("/ready", RIGHT).json()
        lines = Lines(stack.responders)
        assert "redis" not in stack.http.get("/ready").json()
        assert "redis" not in stack.http.get("/ready", WRONG).json()
        assert lines.said() == ['refused 127.0.0.1 401: wrong user or password for rest:consumer; '
                                'GET "/ready", user "prod"']


def test_nobody_writes_the_line_of_another(stack):
    """Whatever stands in a name: a line stays a line, and begins with the address that counts."""
    next_second()
    for user in ('a", key "b', "a\nrefused 1.2.3.4 401: wrong", "a\r\x1b[31m", "\xff\x80", "x" * 900):
        lines = Lines(stack.responders)
        answer = stack.http.post('/q/a";b', b"a", {**TEXT, **ELSEWHERE, **servers.basic(user, "sesame")})
        assert answer.status == 401, answer
        (line,) = lines.said()
        assert re.fullmatch(r'refused 192\.0\.2\.7 401: wrong user or password for '
                            r'rest:producer; POST "[^"]*", user "[^"]{0,400}"', line), line
        assert line.isprintable() and line.isascii()
    assert "sesame" not in stack.responders.log_text()


def fail2ban(builddir):
    """The filter of the manual page, as fail2ban would read it."""
    with open(os.path.join(servers.TOP, "docs", "acl.conf.5")) as file:
        (line,) = re.findall(r"^failregex = (.*)$", file.read(), re.M)
    return re.compile(line.replace(r"\e", "\\").replace("<ADDR>", r"(?P<ip>[0-9a-f.:]+)"))


# What fail2ban makes of a line before it looks at it: of a file it takes the time out, of syslog
# too, and in front of what comes from the journal it writes host and program.
FORMS = [lambda line: re.sub(r"^\S+Z ", "", line),
         lambda line: re.sub(r"^\S+Z ", " host ", line),
         lambda line: "host restmq.fcgi[7]: " + line,
         lambda line: "host restmq.fcgi[7]: " + LINE.match(line).group(2)]


def test_the_filter_for_fail2ban(stack, builddir):
    """It finds who was wrong, and nobody who only has not said a password yet."""
    pattern = fail2ban(builddir)
    next_second()
    lines = Lines(stack.responders)
    for address in "192.0.2.9", "2001:db8::9":
        stack.http.post("/q/mine", b"a", {**TEXT, "X-Forwarded-For": address, **WRONG})
    stack.http.post("/q/mine", b"a", {**TEXT, "X-Forwarded-For": "192.0.2.10"})
    stack.http.get("/q/mine", {"X-Forwarded-For": "192.0.2.11"})
    stack.http.post("/q/mine", b"a", {**TEXT, "X-Forwarded-For": "192.0.2.12", **servers.basic(
        "x\nrestmq.fcgi[1]: refused 1.2.3.4 401: wrong", "x")})
    lines.said(5)
    text = stack.responders.log_text()[len(lines.before):]
    for form in FORMS:
        found = [pattern.search(form(line)) for line in text.splitlines()]
        assert [match["ip"] for match in found if match] == ["192.0.2.9", "2001:db8::9", "192.0.2.12"]


# --- keys ---------------------------------------------------------------------------------------

def name_of(key):
    """What a log calls it."""
    name = KEYS.get(key, {}).get("name", " ")
    return hashlib.sha256(key.encode()).hexdigest()[:8] if " " in name else name


@pytest.mark.parametrize("key", ["sesame1", "sesame2", "sesame3", "sesame4"])
def test_keys_are_named(keyed, key):
    """By their name, or by a digest where there is none; never by themselves."""
    record = KEYS.get(key)
    privs = ["create"] if record is None else record["privs"]
    reason = "this key is not known" if record is None else (
        "this key is not for other" if "*" not in record["queues"] else
        "this key lacks the priv write" if privs else None)
    lines = Lines(keyed.responders)
    status = keyed.http.post("/q/other", b"a", {"X-Authkey": key, **TEXT}).status
    assert status == (401 if record is None else 403 if reason else 200)
    if reason:
        assert lines.said() == [f'refused 127.0.0.1 {status}: {reason}; POST "/q/other", '
                                f'key "{name_of(key)}"']
    if key in ("sesame1", "sesame4"):
        lines = Lines(keyed.helper)
        assert consumers.get(keyed.ws_port, "/w/other?wait=0", {"X-Authkey": key}).status == status
        assert lines.said() == [f'refused 127.0.0.1 {status}: {reason}; GET "/w/other", '
                                f'key "{name_of(key)}"']
    for server in keyed.responders, keyed.helper:
        assert "sesame" not in server.log_text()


def test_the_key_of_a_websocket(keyed):
    with Websocket(keyed.ws_port).connect("/ws/idle", {"X-Authkey": "sesame1"}) as consumer:
        said = refusals(keyed.helper, lambda: consumer.command(cmd="purge", queue="mine"))
        assert said == ['refused 127.0.0.1 403: this key lacks the priv purge; on "mine", key "shop"']


# --- what was done ------------------------------------------------------------------------------

def commands(http, headers):
    return lambda **members: http.post("/queue", json.dumps(members), {**JSON, **headers})


ACTS = [
    (dict(cmd="policy", policy="roundrobin", lease=30), "policy mine, policy=roundrobin lease=30"),
    (dict(cmd="control", status="stop"), "control mine, stop"),
    (dict(cmd="control", status="start"), "control mine, start"),
    (dict(cmd="control", status="stop", what="takes"), "control mine, stop takes"),
    (dict(cmd="control", status="start", what="takes"), "control mine, start takes"),
    (dict(cmd="redrive", queue="mine.dead"), "redrive mine.dead, 2 messages"),
    (dict(cmd="purge"), "purge mine, 3 messages"),
    (dict(cmd="remove", force=1), "remove mine, 5 messages"),
    (dict(cmd="lb_remove", pool="mine"), "remove pool mine, 1 server"),
]


@pytest.fixture
def prepare(keyed):
    """Three messages, two dead ones, a pool of one server."""
    redis = keyed.redis.client()

    def prepare():
        redis.delete("mine:queue", "mine.dead:queue")
        for queue, count in ("mine", 3), ("mine.dead", 2):
            for _ in range(count):
                key = f"mine:{redis.incr('mine:UUID')}"
                redis.set(key, "v")
                redis.lpush(f"{queue}:queue", key)
        keyed.http.request("PUT", "/lb/mine?server=s&score=1", headers={"X-Authkey": "sesame2"})
    return prepare


@pytest.mark.parametrize("act, line", ACTS)
def test_what_commands_did(keyed, prepare, act, line):
    headers = {"X-Authkey": "sesame2"}
    act = act if "pool" in act else {"queue": "mine", **act}
    with Websocket(keyed.ws_port).connect("/ws/other", headers) as consumer:
        for server, ask in ((keyed.responders, commands(keyed.http, headers)),
                            (keyed.helper, consumer.command)):
            prepare()
            said = refusals(server, lambda: ask(**act))
            assert said == [f'done by 127.0.0.1: {line}; key "{name_of("sesame2")}"']


@pytest.mark.parametrize("method, path, form, line", [
    ("POST", "/p/mine", {"policy": "broadcast", "ttl": "9"}, "policy mine, policy=broadcast ttl=9"),
    ("POST", "/control/mine", {"status": "stop"}, "control mine, stop"),
    ("POST", "/control/mine", {"status": "stop", "what": "pushes"}, "control mine, stop pushes"),
    ("POST", "/control/mine", {"status": "start", "what": "pushes"}, "control mine, start pushes"),
    ("POST", "/q/mine.dead?redrive=1", {"_": "1"}, "redrive mine.dead, 2 messages"),
    ("DELETE", "/q/mine", None, "purge mine, 3 messages"),
    ("DELETE", "/q/mine?remove=1&force=1", None, "remove mine, 5 messages"),
    ("POST", "/q/mine.dead?redrive=1&count=1", {"_": "1"}, "redrive mine.dead, 1 message"),
    ("DELETE", "/lb/mine", None, "remove pool mine, 1 server")])
def test_what_requests_did(keyed, prepare, method, path, form, line):
    prepare()
    headers = {"X-Authkey": "sesame2", **ELSEWHERE}
    said = refusals(keyed.responders,
                    lambda: keyed.http.request(method, path, headers=headers, form=form))
    assert said == [f'done by 192.0.2.7: {line}; key "{name_of("sesame2")}"']


def test_deleted_by_force(keyed, prepare):
    """That of another one's message; and neither a plain deletion nor one in vain."""
    prepare()
    headers = {"X-Authkey": "sesame2"}
    redis, command = keyed.redis.client(), commands(keyed.http, headers)
    first, second, third = (key.decode() for key in redis.lrange("mine:queue", 0, 2))
    done = f'key "{name_of("sesame2")}"'

    def act():
        assert command(cmd="del", queue="mine", key=first, force=1).json()["deleted"]
        assert not command(cmd="del", queue="mine", key=first, force=1).json()["deleted"]
        assert keyed.http.delete(f"/q/mine?key={second}&force=1", headers=headers).status == 200
        assert keyed.http.delete(f"/q/mine?key={third}", headers=headers).status == 200
        assert keyed.http.delete("/q/mine?key=mine:999999&force=1", headers=headers).status == 404
        keyed.http.delete("/q/mine", headers=headers)

    assert refusals(keyed.responders, act)[:2] == [
        f"done by 127.0.0.1: delete {first}, force; {done}",
        f"done by 127.0.0.1: delete {second}, force; {done}"]


def test_looks_are_not_noted(keyed):
    command, headers = commands(keyed.http, {"X-Authkey": "sesame2"}), {"X-Authkey": "sesame2"}
    lines = Lines(keyed.responders)
    for act in (dict(cmd="policy", queue="mine"), dict(cmd="control", queue="mine"),
                dict(cmd="len", queue="mine"), dict(cmd="take", queue="mine")):
        assert command(**act).status == 200
    for path in "/p/mine", "/control/mine", "/stats/mine", "/q/mine":
        assert keyed.http.get(path, headers).status in (200, 204)
    command(cmd="purge", queue="mine")
    assert len(lines.said()) == 1


def test_a_flood_of_refusals(stack):
    """Some a second, and how many more there were."""
    lines = Lines(stack.responders)
    for _ in range(60):
        assert stack.http.get("/q/mine", ELSEWHERE).status == 403

    def accounted():
        stack.http.get("/health")
        said = lines.said()
        more = [int(re.fullmatch(r"left out: (\d+) more refusals? with 403", line)[1])
                for line in said if line.startswith("left out")]
        return said if len(said) - len(more) + sum(more) == 60 else None

    said = servers.wait_for(accounted, step=0.2)
    assert len(said) < 60, "60 requests took six seconds"
