# test_config.py - the command line and restmq.conf: refused with file and line, or in effect; read
# again while running.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import pwd
import re
import signal
import subprocess
import time

import pytest

import stack as servers
from checks import assert_error, push, take

DEFAULTS = {"redis": "127.0.0.1:6379", "redis_tls": "off", "redis_tls_ca": "", "redis_tls_name": "",
            "redis_tls_cert": "", "redis_tls_key": "", "redis_user": "", "redis_password_file": "", "sentinel_user": "",
            "sentinel_password_file": "", "redis_db": "0", "hash_tags": "off", "redis_timeout_ms": "2000", "redis_wait": "0",
            "redis_wait_ms": "500", "prefix": "", "jsonp": "off", "log": "stderr",
            "max_message": "1048576", "max_body": "8388608", "idempotency_seconds": "300", "queue_ttl": "off",
            "history": "on", "history_bytes": "67108864", "metrics_file": "",
            "listen": "127.0.0.1:8889", "max_consumers": "50000", "max_outbox": "1048576",
            "max_memory": "134217728", "max_websocket": "65536", "rest": "local", "deflate": "off", "deflate_min": "512", "acl": "", "authkeys": "off", "origins": "", "hosts": "",
            "trusted_proxies": "loopback unix"}

# What --check-config says about the acl where there is none.
RIGHTS = {right: "as rest:producer" if right == "rest:manager" else "loopback only" for right in (
    "rest:producer", "rest:manager", "rest:consumer", "comet:consumer", "websocket:consumer", "admin",
    "stats")}


@pytest.fixture
def run(builddir):
    """Runs restmq.fcgi by hand, without a web server."""
    def run(*arguments, **more):
        return subprocess.run([os.path.join(builddir, "restmq.fcgi"), *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
                              **more)
    return run


@pytest.mark.parametrize("words", [
    ["--config", "/dev/null", "--config", "/dev/null", "--check-config"], ["--check-config", "--check-config"]],
    ids=" ".join)
def test_an_option_twice(run, words):
    done = run(*words)
    assert done.returncode == 1 and "twice" in done.stderr and "usage" in done.stderr and not done.stdout


@pytest.fixture
def check(run, tmp_path):
    """--check-config of a file with this text."""
    def check(text):
        path = tmp_path / "restmq.conf"
        path.write_bytes(text.encode())
        return str(path), run("--check-config", "--config", str(path))
    return check


@pytest.mark.parametrize("words", [
    ["restmq.fcgi", "--check-config"], ["restmq.fcgi", "--version"], ["restmq.fcgi", "--help"],
    ["restmq-wsd", "--check-config"], ["restmq-wsd", "--version"], ["restmq-wsd", "--help"],
    ["restmq", "--check-config"], ["restmq", "--version"], ["restmq", "--help"], ["restmq", "fsck", "--help"],
    ["restmq", "handshake", "dGhlIHNhbXBsZSBub25jZQ=="]])
def test_what_cannot_be_printed(builddir, words):
    """A full disk is told, and is no success."""
    with open("/dev/full", "w") as full:
        done = subprocess.run([os.path.join(builddir, words[0]), *words[1:]],
                              stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=20)
    assert (done.returncode, done.stderr) == (
        1, f"{words[0]}: standard output: No space left on device\n")


def assert_refused(path, line, done, *mentions):
    """One line on stderr that says where and why.  No line of the file: 0; any: None."""
    assert done.returncode == 1, done
    assert done.stdout == ""
    where = re.escape(path) + {None: r":\d+: ", 0: ": "}.get(line, f":{line}: ")
    assert re.fullmatch(rf"restmq\.fcgi: {where}.+\n", done.stderr), done.stderr
    for mention in mentions:
        assert mention in done.stderr


def effective(path, done):
    """The settings that --check-config prints; behind them are the rights."""
    assert done.returncode == 0 and done.stderr == "", done
    first, *rest, sockets, user, redis = done.stdout.splitlines()
    assert first == f"{path}: ok"
    assert sockets == "sockets: descriptor 0, from a web server or spawn-fcgi"
    assert user == f"user: {pwd.getpwuid(os.geteuid()).pw_name}" and redis.startswith("Redis: ")
    shown = {key.strip(): value.strip() for key, value in (line.split("=", 1) for line in rest)}
    assert list(shown)[-len(RIGHTS):] == list(RIGHTS)
    assert {right: shown.pop(right) for right in RIGHTS} == RIGHTS
    return shown


@pytest.mark.parametrize("program, listen", [("restmq.fcgi", None), ("restmq-wsd", "127.0.0.1:1,unix:/nowhere/x"),
                                             ("restmq", None)])
@pytest.mark.no_cluster("one Redis is enough")
def test_whether_redis_answers_is_said(builddir, tmp_path, program, listen):
    """It may still be away, so that this is no failure; and nothing is written to the log."""
    path = tmp_path / "restmq.conf"

    def told(**conf):
        path.write_text("".join(f"{name} = {value}\n" for name, value in conf.items()))
        done = subprocess.run([os.path.join(builddir, program), "--check-config", "--config", path],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        assert (done.returncode, done.stderr) == (0, ""), done
        assert not listen or f"sockets: {listen}\n" in done.stdout
        return next(line for line in done.stdout.splitlines() if line.startswith("Redis: "))

    more = {"listen": listen} if listen else {}
    log = tmp_path / "log"
    with servers.Redis() as redis:
        address = f"unix:{redis.socket}"
        assert told(redis=address, **more) == "Redis: answers"
        (tmp_path / "password").write_text("wrong\n")
        os.chmod(tmp_path / "password", 0o600)
        refused = told(redis=address, redis_password_file=tmp_path / "password", **more)
        assert refused.startswith(f"Redis: does not answer: Redis at {address}: AUTH: ")
    away = told(redis=address, log=log, **more)
    assert away.startswith(f"Redis: does not answer: Redis at {address}: connect: ")
    assert not log.exists()


# --- the command line ---------------------------------------------------------------------------

def test_version(run):
    done = run("--version")
    assert done.returncode == 0 and re.fullmatch(r"restmq\.fcgi \d+\.\d+\S*\n", done.stdout)


def test_help(run):
    done = run("--help")
    assert done.returncode == 0 and done.stderr == ""
    for option in "--config", "--check-config", "--version", "--help":
        assert option in done.stdout


@pytest.mark.parametrize("arguments", [
    ["--colour"], ["-x"], ["--config"], ["file"], ["--check-config", "file"], ["--version=1"],
    ["--config", "/dev/null", "more"]])
def test_bad_command_line(run, arguments):
    done = run(*arguments)
    assert done.returncode not in (0, None) and done.returncode > 0
    assert done.stdout == "" and done.stderr


def test_not_started_by_a_web_server(run, tmp_path):
    """Standard input is no listening socket: say how it is meant to be started."""
    (tmp_path / "restmq.conf").write_text("")
    for arguments in [], ["--config", str(tmp_path / "restmq.conf")]:
        done = run(*arguments)
        assert done.returncode == 1 and done.stdout == ""
        assert "--config" in done.stderr or "spawn-fcgi" in done.stderr


def test_the_environment_is_not_read(run, tmp_path):
    (tmp_path / "restmq.conf").write_text("")
    done = run("--check-config", "--config", str(tmp_path / "restmq.conf"),
               env={**os.environ, "REDIS": "unix:/x", "RESTMQ_REDIS": "unix:/x",
                    "RESTMQ_CONFIG": "/x", "PREFIX": "/x"})
    assert effective(str(tmp_path / "restmq.conf"), done) == DEFAULTS


# --- a file that is fine ------------------------------------------------------------------------

def test_defaults(check):
    assert effective(*check("")) == DEFAULTS


def test_all_settings(check, tmp_path):
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "password").chmod(0o600)
    settings = {"redis": "unix:/run/redis.sock", "redis_tls": "off", "redis_tls_ca": "",
                "redis_tls_name": "", "redis_tls_cert": "", "redis_tls_key": "", "redis_user": "app",
                "redis_password_file": str(tmp_path / "password"), "sentinel_user": "watch",
                "sentinel_password_file": str(tmp_path / "password"), "redis_wait": "0", "redis_wait_ms": "100",
                "redis_db": "3", "hash_tags": "on",
                "redis_timeout_ms": "500", "prefix": "/mq/v1", "jsonp": "on", "log": "syslog",
                "max_message": "100", "max_body": "1000", "idempotency_seconds": "60", "queue_ttl": "604800",
                "history": "off", "history_bytes": "1000000", "metrics_file": "/run/restmq/metrics",
                "listen": "127.0.0.1:80, unix:/run/ws.sock", "max_consumers": "7",
                "max_outbox": "2048", "max_memory": "20000000", "max_websocket": "9", "rest": "off", "deflate": "on", "deflate_min": "10", "acl": "", "authkeys": "required",
                "origins": "https://a.example.org http://b.example.org:81",
                "hosts": "mq.example.org localhost:8888", "trusted_proxies": "10.0.0.0/8 ::1"}
    path, done = check("".join(f"{key} = {value}\n" for key, value in settings.items()))
    assert effective(path, done) == settings
    assert "secret" not in done.stdout.replace(str(tmp_path), "").replace("password", "")


def test_comments_and_white_space(check):
    assert effective(*check(
        "# a comment\n; another\n\n   \n  # and one behind white space\n\t; and one\n"
        "redis=unix:/a\nredis_db   =   3   \njsonp\t=\ton\t; said why\n# max_body = 5\n"
        "redis_timeout_ms = 100")) == {
            **DEFAULTS, "redis": "unix:/a", "redis_db": "3", "jsonp": "on",
            "redis_timeout_ms": "100"}


@pytest.mark.parametrize("line, value", [
    ("prefix = /mq # the mount", "/mq"), ("prefix = # none", ""),
    ("redis = unix:/a\t# x", "unix:/a"), ("redis_user = # nobody", "")])
def test_a_hash_behind_a_value(check, tmp_path, line, value):
    """A comment, or refused: never a part of the value."""
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "password").chmod(0o600)
    path, done = check(f"{line}\nredis_password_file = {tmp_path}/password\n")
    if done.returncode == 0:
        assert effective(path, done)[line.split()[0]] == value
    else:
        assert_refused(path, 1, done)


def test_white_space_before_a_setting(check):
    """libinih takes such a line for more of the value before it: refused, never mixed up."""
    path, done = check("prefix = /mq\n  redis_db = 3\n")
    if done.returncode == 0:
        settings = effective(path, done)
        assert (settings["prefix"], settings["redis_db"]) == ("/mq", "3")
    else:
        assert_refused(path, 2, done)


def test_a_long_comment_is_a_comment(check):
    assert effective(*check("# " + "long " * 30 + "\nredis_db = 3\n"))["redis_db"] == "3"


@pytest.mark.parametrize("size", [190, 250, 1000, 5000, 100000])
def test_a_long_line_is_never_read_as_two(check, size):
    path, done = check("# " + "x" * (size - 30) + " redis_db = 5 redis_db = 6\nredis_db = 3\n")
    if done.returncode == 0:
        assert effective(path, done)["redis_db"] == "3"
    else:
        assert_refused(path, 1, done)
    path, done = check("redis = unix:/" + "x" * size + "\n")
    if done.returncode == 0:
        assert effective(path, done)["redis"] == "unix:/" + "x" * size
    else:
        assert_refused(path, 1, done)


@pytest.mark.parametrize("line", [
    "redis = unix:/var/run/redis/redis.sock", "redis = localhost:6379", "redis = 10.0.0.1:1",
    "redis = redis.example.org:65535", "redis_wait = 0", "redis_wait_ms = 1", "redis_wait_ms = 60000", "redis_db = 15", "redis_timeout_ms = 10",
    "redis_timeout_ms = 60000", "prefix =", "prefix = /mq", "prefix = /a/b/c", "jsonp = off",
    "log = stderr", "max_message = 1", "max_body = 134217728", "max_message = 8388608",
    "idempotency_seconds = 1", "idempotency_seconds = 86400", "queue_ttl = off", "history = off", "history_bytes = 65536", "metrics_file =", "metrics_file = /a b",
    "queue_ttl = 43200", "queue_ttl = 315360000", "listen = unix:/run/ws.sock",
    "listen = 0.0.0.0:8889", "listen = 127.0.0.1:1,[::1]:1 , unix:/a", "max_consumers = 1",
    "max_consumers = 1000000", "max_outbox = 1024", "max_outbox = 1073741824",
    "max_memory = 16777216", "max_memory = 1099511627776",
    "max_websocket = 1", "max_websocket = 67108864",
    "rest = off", "rest = local", "rest = on", "deflate = on", "deflate_min = 1", "deflate_min = 67108864"])
def test_good_values(check, line):
    key, value = (part.strip() for part in line.split("="))
    assert effective(*check(line + "\n"))[key] == value


def test_largest_limits(check):
    settings = effective(*check("max_message = 67108864\nmax_body = 134217728\n"))
    assert (settings["max_message"], settings["max_body"]) == ("67108864", "134217728")


# --- a file that is not -------------------------------------------------------------------------

BAD_VALUES = {
    "redis": ["", "localhost", "unix:", "unix:relative", "localhost:", "localhost:0",
              "localhost:65536", "localhost:abc", ":6379", "localhost:-1", "6379",
              "a:1,b:2", "sentinel://a:1", "sentinel://a:1/", "sentinel://a:1/x/y", "sentinel://a/x",
              "cluster://", "cluster://a:1,", "cluster://a:1/x", "cluster://a:1, b:1", "cluster://::1:1",
              "cluster://" + ",".join(["a:1"] * 17), "redis://a:1"],
    "redis_wait": ["", "-1", "101", "all"],
    "redis_wait_ms": ["", "0", "60001", "1s"],
    "redis_tls": ["", "yes", "ON", "required"],
    "redis_tls_name": ["a/b", "a b", "[::1]"],
    "redis_db": ["", "-1", "abc", "1.5", "0x1", "99999999999999999999"],
    "redis_timeout_ms": ["", "9", "60001", "0", "-5", "2s", "abc", "1e3", "4294969296"],
    "prefix": ["mq", "/", "/mq/", "//mq", "/mq?x", "/m q"],
    "jsonp": ["", "yes", "1", "ON", "true"],
    "log": ["", "file", "stdout", "var/log/x"],
    "max_message": ["", "0", "-1", "67108865", "1k", "1MiB", "1.5", "18446744073709551617"],
    "max_body": ["", "0", "-1", "134217729", "8M", "abc"],
    "idempotency_seconds": ["", "0", "-1", "86401", "5m", "1.5", "4294967297"],
    "queue_ttl": ["", "0", "-1", "43199", "315360001", "12h", "Off", "on", "none", "43200.5"],
    "listen": ["", ",", "8889", "localhost", "localhost:0", "unix:ws.sock", "127.0.0.1:1,",
               ",127.0.0.1:1", "127.0.0.1:1,,unix:/a", "127.0.0.1:1 unix:/a",
               "127.0.0.1:1;unix:/a", "unix:/" + "x" * 110],
    "max_consumers": ["", "0", "-1", "1000001", "many"],
    "max_outbox": ["", "0", "1023", "1073741825", "1M"],
    "max_memory": ["", "0", "16777215", "1099511627777", "128M"],
    "max_websocket": ["", "0", "-1", "67108865", "64K"],
    "deflate": ["", "yes", "1", "ON", "required"],
    "rest": ["", "yes", "1", "ON", "auto"],
    "deflate_min": ["", "0", "67108865", "1K"],
}


@pytest.mark.parametrize("key, value",
                         [(key, value) for key in BAD_VALUES for value in BAD_VALUES[key]])
def test_bad_values(check, key, value):
    path, done = check(f"# first\n\n{key} = {value}\n")
    assert_refused(path, 3, done, key)


@pytest.mark.parametrize("text, line, words", [
    ("colour = red\n", 1, ["colour"]),
    ("redis_db = 3\n\n# x\nRedis = localhost:1\n", 4, ["Redis"]),
    ("redis_db = 3\nredis_db = 3\n", 2, ["redis_db"]),
    ("redis_db = 3\nredis_db = 4\nredis_db = 5\n", 2, ["redis_db"]),
    ("redis_db = 3\njust words\n", 2, []),
    ("redis_db\n", 1, []),
    ("= 5\n", 1, []),
    ("max_message = 2000\nmax_body = 1000\n", None, ["max_body", "max_message"]),
    ("max_body = 1000\n", None, ["max_body", "max_message"]),
    ("redis_password_file = /does/not/exist\n", None, ["redis_password_file"]),
], ids=repr)
def test_bad_files(check, text, line, words):
    path, done = check(text)
    assert_refused(path, line, done, *words)


def test_the_first_of_several_faults(check):
    path, done = check("redis_db = 3\ncolour = red\njsonp = maybe\n")
    assert_refused(path, 2, done, "colour")


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()],
                         ids=["missing", "a folder"])
@pytest.mark.parametrize("arguments", [["--check-config", "--config"], ["--config"]],
                         ids=["check", "run"])
def test_unreadable_file(run, tmp_path, make, arguments):
    make(tmp_path / "restmq.conf")
    assert_refused(str(tmp_path / "restmq.conf"), 0,
                   run(*arguments, str(tmp_path / "restmq.conf")))


def test_refuses_to_start(run, tmp_path):
    """Not only --check-config does."""
    path = tmp_path / "restmq.conf"
    path.write_text("redis_db = 3\ncolour = red\n")
    assert_refused(str(path), 2, run("--config", str(path)), "colour")


def test_binary_rubbish(check, tmp_path, run):
    path = tmp_path / "rubbish.conf"
    path.write_bytes(bytes(range(256)) * 10)
    assert run("--check-config", "--config", str(path)).returncode == 1


# --- read again ---------------------------------------------------------------------------------

def limit(http):
    """The max_message in effect at the responder that answers, from its own error."""
    response = http.post("/q/limit", b"a" * 5000, {"Content-Type": "text/plain"})
    assert_error(response, 413, "too_large")
    return int(re.search(r"\d+", response.json()["error"]).group())


@pytest.fixture
def limited(new_stack):
    return new_stack(conf={"max_message": 1000})


def settled(http, value):
    """True once every responder has this limit."""
    return all(limit(http) == value for _ in range(8))


def test_reload_on_sighup(limited):
    assert limit(limited.http) == 1000
    pids = limited.responders.pids
    limited.configure(max_message=2000)
    limited.responders.signal_all(signal.SIGHUP)
    servers.wait_for(lambda: settled(limited.http, 2000))
    assert limited.responders.pids == pids


def test_reload_when_the_file_changes(limited):
    pids = limited.responders.pids
    for value in 2000, 3000:
        time.sleep(1.1)      # a file's time may be whole seconds
        limited.configure(max_message=value)
        servers.wait_for(lambda: settled(limited.http, value))
    assert limited.responders.pids == pids


@pytest.mark.usefixtures("our_responders")
@pytest.mark.parametrize("how", ["sighup", "mtime"])
def test_a_bad_file_changes_nothing_and_is_logged_once(new_stack, how):
    stack = new_stack(conf={"max_message": 1000}, workers=1)
    assert limit(stack.http) == 1000
    before = len(stack.responders.log_text())
    good = dict(stack.conf)
    stack.responders.configure("max_message = 2000\ncolour = red\n")
    if how == "sighup":
        stack.responders.signal_all(signal.SIGHUP)
    for _ in range(30):
        assert limit(stack.http) == 1000
        time.sleep(0.1)
    lines = [line for line in stack.responders.log_text()[before:].splitlines() if "colour" in line]
    assert len(lines) == 1 and f"{stack.responders.config}:2: " in lines[0]
    stack.responders.configure({**good, "max_message": 3000})
    if how == "sighup":
        stack.responders.signal_all(signal.SIGHUP)
    servers.wait_for(lambda: settled(stack.http, 3000))
    assert not stack.responders.exits


def test_a_file_that_goes_away_and_comes_back(new_stack):
    stack = new_stack(conf={"max_message": 1000}, workers=1)
    os.rename(stack.responders.config, stack.responders.config + ".away")
    stack.responders.signal_all(signal.SIGHUP)
    for _ in range(15):
        assert limit(stack.http) == 1000
        time.sleep(0.1)
    stack.configure(max_message=2000)
    servers.wait_for(lambda: settled(stack.http, 2000))
    assert not stack.responders.exits


def test_another_redis(new_stack):
    """The settings of the connection are read again too."""
    stack = new_stack()
    address = lambda: stack.http.get("/stats/foo").json()["redis"]
    push(stack.http, "foo", "first")
    with servers.some_redis() as second:
        stack.configure(redis=second.address)
        stack.responders.signal_all(signal.SIGHUP)
        servers.wait_for(lambda: all(second.address in address() for _ in range(8)))
        assert take(stack.http, "foo") is None
        push(stack.http, "foo", "second")
        assert second.client().llen("foo:queue") == 1
        stack.configure(redis=stack.redis.address)
        stack.responders.signal_all(signal.SIGHUP)
        servers.wait_for(lambda: all(second.address not in address() for _ in range(8)))
    assert take(stack.http, "foo") == "first"


def test_sighups_lose_no_request(new_stack):
    stack = new_stack()
    for number in range(200):
        if number % 3 == 0:
            stack.responders.signal_all(signal.SIGHUP)
        push(stack.http, "foo", str(number))
    assert not stack.responders.exits


def test_a_start_and_a_stop_are_logged(new_stack):
    """One line an event; one for who may do what."""
    stack = new_stack(workers=1)
    push(stack.http, "foo", "a")
    lines = stack.responders.log_text().splitlines()
    assert len([line for line in lines if ": access: " not in line]) <= 3
    assert [line.partition(": access: ")[2] for line in lines if ": access: " in line] == [
        "; ".join(f"{right} = {who}" for right, who in RIGHTS.items())]
