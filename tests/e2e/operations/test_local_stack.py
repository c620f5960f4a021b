# test_local_stack.py - the stack of `./bootstrap run`, started for real by conf/local-stack.sh: it
# is up, it comes back, it stops with all that it started, and what is wrong is said in one line.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import glob
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

import stack as servers
from checks import push, take, take_all

WEB_SERVER = servers.WEB_SERVERS[servers.default_server]
SCRIPT = os.path.join(servers.CONF, "local-stack.sh")


def processes_of(folder):
    """{pid: name} of the live processes that know this folder from their environment or command
    line.  (redis-server writes its title over its environment; the title has its socket.)"""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if f"{folder}/".encode() in read_proc(pid, "environ") + read_proc(pid, "cmdline"):
                found[int(pid)] = read_proc(pid, "comm").decode().strip()
    return found


def read_proc(pid, name):
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()


class LocalStack:
    """The script, running in a folder on a free port.  settings are RESTMQ_… without that."""

    def __init__(self, builddir, folder, redis=None, **settings):
        self.folder = tempfile.mkdtemp(prefix="run-", dir=folder)
        self.port = settings.setdefault("PORT", servers.free_port())
        self.ws_port = settings.setdefault("WS_PORT", servers.free_port())
        self.workers = settings.setdefault("WORKERS", 2)
        settings = {"STATE": "state", **settings}
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("RESTMQ_")}
        environment |= {"RESTMQ_" + name: str(value) for name, value in settings.items()}
        environment |= {**servers.SANITIZERS, "TMPDIR": self.folder + "/"}
        # pytest in the background of a shell ignores Ctrl-C, and so would its children
        argv = ["env", "--default-signal", SCRIPT, os.path.abspath(builddir),
                servers.default_server, *([redis] if redis else [])]
        with open(self.folder + "/out", "wb") as out, open(self.folder + "/err", "wb") as err:
            self.script = subprocess.Popen(argv, stdout=out, stderr=err, cwd=folder,
                                           env=environment, start_new_session=True)
        self.http = servers.Http(self.port)
        self.helper = servers.Http(self.ws_port)

    def text(self, name):
        with open(f"{self.folder}/{name}") as file:
            return file.read()

    def ready(self):
        """Waits until it says so, and all responders are there."""
        servers.wait_for(lambda: "-N" in self.text("out") or self.script.poll() is not None,
                         servers.patience(15))
        assert self.script.poll() is None, self.text("err")
        if not WEB_SERVER.own_responders:     # which come with the requests
            servers.wait_for(lambda: len(self.pids("restmq.fcgi")) == self.workers)
        return self

    def programs(self):
        """{pid: name} of what the script started."""
        processes = processes_of(self.folder)
        processes.pop(self.script.pid, None)
        return processes

    def pids(self, program):
        return [pid for pid, name in self.programs().items() if name == program]

    def started(self, program):
        """The one that the script itself started."""
        [pid] = [pid for pid in self.pids(program)
                 if int(read_proc(pid, "stat").rpartition(b")")[2].split()[1]) == self.script.pid]
        return pid

    def close(self):
        self.http.close()
        self.helper.close()

    def stop(self, sig=signal.SIGTERM, send=os.kill):
        """Signals and waits; returns the exit code."""
        self.close()       # the web server would wait for it
        if self.script.poll() is None:
            send(self.script.pid, sig)
        return self.ended()

    def ended(self):
        """Waits for its end: nothing it started or made for itself is left then.  Returns the exit
        code."""
        self.close()
        code = self.script.wait(20)
        if code < 0:        # it had no time to catch the signal: a `dirname` may be on its way out
            with contextlib.suppress(TimeoutError):
                servers.wait_for(lambda: not self.programs())
        assert processes_of(self.folder) == {}
        assert sorted(os.listdir(self.folder)) == ["err", "out"]
        return code

    def refused(self, *mentions, program=r"local-stack\.sh"):
        """It ends by itself, with one line that has all of mentions."""
        assert self.ended() == 1
        assert self.text("out") == ""
        assert re.fullmatch(rf"{program}: .+\n", self.text("err")), self.text("err")
        for mention in mentions:
            assert mention in self.text("err")


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="rq-", dir="/tmp") as folder:
        yield folder


@pytest.fixture
def launch(builddir, folder):
    """launch(PORT=…) starts a stack; STATE is a folder in the test's folder."""
    stacks = []

    def launch(builddir=builddir, **settings):
        stacks.append(LocalStack(builddir, folder, **settings))
        return stacks[-1]

    yield launch
    for stack in stacks:
        stack.stop()
    for log in glob.glob(folder + "/**/restmq*.log", recursive=True):
        with open(log, errors="replace") as lines:
            servers.findings.extend(line.strip() for line in lines
                                    if any(finding in line for finding in servers.FINDINGS))
    assert processes_of(folder) == {}


def stream(port, path):
    """The answer to a GET, as soon as its head is there.  The connection ends with it."""
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        return answer


def websocket_status(port, path):
    return servers.Http(port).request("GET", path, headers={
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}).status


def output(command):
    """The lines that a command line prints."""
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True,
                          timeout=20).stdout.splitlines()


# --- up and running -----------------------------------------------------------------------------

def test_first_lines(launch):
    stack = launch(WORKERS=3).ready()
    names = sorted(stack.programs().values())
    if servers.default_server == "lighttpd":
        assert names == ["lighttpd", "multiwatch", "redis-server", "restmq-wsd", "restmq.fcgi",
                         "restmq.fcgi", "restmq.fcgi"]
    assert {WEB_SERVER.program, "redis-server", "restmq-wsd", "restmq.fcgi"} <= set(names)
    ready, dashboard, curl, streams = stack.text("out").splitlines()
    assert ready == f"ready http://127.0.0.1:{stack.port}/"
    assert dashboard == f"dashboard http://127.0.0.1:{stack.port}/ui/"
    assert curl.startswith("curl ")
    assert output(curl) == ["foo:1", '{"key":"foo:1","value":"hello","count":0}']
    assert streams == (f"curl -N http://127.0.0.1:{stack.port}/c/foo # streams: restmq-wsd, which "
                       f"also listens on 127.0.0.1:{stack.ws_port}")
    assert stack.stop() == 0
    assert len(stack.text("out").splitlines()) == 4 and stack.text("err") == ""


def test_messages_are_there_again(launch):
    first = launch().ready()
    push(first.http, "foo", "a", b"\0\xff", "c")
    assert take(first.http, "foo") == "a"
    assert first.stop() == 0
    second = launch().ready()
    assert take_all(second.http, "foo") == ["AP8=", "c"]
    assert push(second.http, "foo", "d") == ["foo:4"]


def test_side_by_side(launch):
    """Two states, two ports; one stops, the other does not notice."""
    stacks = launch(STATE="a"), launch(STATE="b")
    for stack in stacks:
        push(stack.ready().http, "foo", stack.folder)
    programs = stacks[1].programs()
    assert len(programs) >= 6
    assert stacks[0].stop() == 0
    assert stacks[1].programs() == programs
    assert take_all(stacks[1].http, "foo") == [stacks[1].folder]


def test_another_redis(launch):
    if servers.hash_tags:
        pytest.skip("the stack's own settings have none")
    with servers.Redis() as redis:
        stack = launch(REDIS=redis.address).ready()
        assert stack.pids("redis-server") == []
        push(stack.http, "foo", "a")
        assert stack.stop() == 0
        assert redis.client().get("foo:1") == b"a"


@pytest.mark.skipif("config.getoption('hash_tags')", reason="starts a Redis without them")
def test_settings_of_the_user(launch, folder):
    """RESTMQ_CONFIG wins over what the stack sets itself, and over RESTMQ_REDIS."""
    with servers.Redis(tcp=True) as redis:
        with open(folder + "/my.conf", "w") as conf:
            conf.write(f"# mine\nprefix = /mq\nmax_message = 3\nredis={redis.address}")
        stack = launch(CONFIG="my.conf", REDIS="unix:/nowhere").ready()
        ready, dashboard, curl, streams = stack.text("out").splitlines()
        assert ready == f"ready http://127.0.0.1:{stack.port}/mq/"
        assert streams.startswith(f"curl -N http://127.0.0.1:{stack.port}/mq/c/foo ")
        port = stack.port if WEB_SERVER.notices_gone else stack.ws_port
        assert stream(port, "/mq/c/foo").status == 200
        assert stack.pids("redis-server") == []
        assert stack.http.post("/mq/q/foo", "abcd", {"Content-Type": "text/plain"}).status == 413
        assert output(curl.replace("hello", "abc")) == [
            "foo:1", '{"key":"foo:1","value":"abc","count":0}']
        assert redis.client().get("foo:UUID") == b"1"


def test_the_helper(launch):
    """Reached through the web server and by itself."""
    stack = launch().ready()
    for port in stack.port, stack.ws_port:
        with stream(port, "/c/foo") as consumer:
            push(stack.http, "foo", "a")
            assert json.loads(consumer.readline())["value"] == "a"
        assert websocket_status(port, "/ws/foo") == 101
        for path in "/sub/foo", "/who/foo":
            assert stream(port, path).status == 200
        push(stack.http, "bar", "b")
        assert stream(port, "/w/bar?wait=1").read().startswith(b'{"key":"bar:')
    assert stack.helper.get("/health").body == b"ok\r\n"
    push(stack.http, "c/foo", "c")
    assert take(stack.http, "c/foo") == "c"     # a queue of that name is not the helper's


@pytest.mark.parametrize("prefix", ["/m.q+", "/c"])
def test_the_helper_below_a_prefix(launch, folder, prefix):
    with open(folder + "/my.conf", "w") as conf:
        conf.write(f"prefix = {prefix}\n")
    stack = launch(CONFIG="my.conf").ready()
    for port in stack.port, stack.ws_port:
        assert stream(port, prefix + "/c/foo").status == 200
    assert stack.http.get(prefix + "/q/foo").status == 204


def test_addresses_of_the_user(launch, folder):
    """They take the place of RESTMQ_WS_PORT; the web server finds the helper all the same."""
    port = servers.free_port()
    with open(folder + "/my.conf", "w") as conf:
        conf.write(f"prefix = /mq\n  listen = unix:{folder}/my.sock, 127.0.0.1:{port}\n"
                   "jsonp = on\n")
    with socket.create_server(("127.0.0.1", 0)) as other:
        stack = launch(CONFIG="my.conf", WS_PORT=other.getsockname()[1]).ready()
    assert f"unix:{folder}/my.sock, 127.0.0.1:{port}\n" in stack.text("out")
    for port in stack.port, port:
        assert stream(port, "/mq/c/foo").status == 200
    assert os.path.exists(folder + "/my.sock")
    assert stack.stop() == 0


def test_a_long_state_path(launch):
    """Longer than a socket's path may be, with spaces, not there yet, relative."""
    state = "x" * 200 + "/" + "y " * 50 + "/state"
    stack = launch(STATE=state).ready()
    push(stack.http, "foo", "a" * 200000)
    assert stack.stop() == 0
    stack = launch(STATE=state).ready()
    assert take(stack.http, "foo") == "a" * 200000


def test_paths_in_any_script(launch, builddir, folder):
    os.symlink(os.path.abspath(builddir), folder + "/ü")
    push(launch(folder + "/ü", STATE="état").ready().http, "foo", "a")


def test_cdpath(launch, folder, monkeypatch):
    """This variable sends a shell's cd elsewhere."""
    os.makedirs(folder + "/elsewhere/state")
    monkeypatch.setenv("CDPATH", folder + "/elsewhere")
    push(launch().ready().http, "foo", "a")
    assert os.listdir(folder + "/elsewhere/state") == []


# --- stopping -----------------------------------------------------------------------------------

@pytest.mark.parametrize("sig, send", [(signal.SIGTERM, os.kill), (signal.SIGINT, os.kill),
                                       (signal.SIGHUP, os.kill), (signal.SIGINT, os.killpg)],
                         ids=["SIGTERM", "SIGINT", "SIGHUP", "Ctrl-C"])
def test_stop(launch, sig, send):
    """Ctrl-C signals the whole process group."""
    stack = launch().ready()
    push(stack.http, "foo", "a")
    assert stack.stop(sig, send) == 0
    assert stack.text("err") == ""
    with pytest.raises(ConnectionRefusedError):
        stack.http.get("/health")


def test_stop_while_starting(launch):
    """At any moment of it.  Told every second until it hears: bash 5.2 loses about one in 300 of
    the signals that come while it expands a $(command)."""
    for step in range(12):
        stack = launch()
        time.sleep(0.02 * step)
        for _ in range(20):
            stack.script.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                stack.script.wait(1)
                break
        assert stack.ended() in (0, -signal.SIGTERM)    # the latter before it was read


STOP_FIRST = """#!/usr/bin/python3
import os, sys, time
if "{program}" in "".join(sys.argv):
    os.kill(os.getppid(), {signal:d})
    time.sleep(0.5)
os.execv("{setsid}", sys.argv)
"""
PAUSE = """set -T
trap '[[ $BASH_COMMAND != "pids["*"]=\\$!" ]] || sleep 0.2' DEBUG
"""


@pytest.mark.parametrize("program", ["redis-server", "restmq-wsd"])
def test_stop_just_after_a_fork(launch, folder, monkeypatch, program):
    """The script knows the program it has started, even if it is told to stop before it could note which
    one; --pdeathsig would come too late for this one."""
    os.mkdir(f"{folder}/bin")
    with open(f"{folder}/bin/setsid", "w") as file:
        file.write(STOP_FIRST.format(program=program, signal=signal.SIGTERM, setsid=shutil.which("setsid")))
    os.chmod(f"{folder}/bin/setsid", 0o700)
    with open(f"{folder}/pause", "w") as file:
        file.write(PAUSE)
    monkeypatch.setenv("PATH", f"{folder}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("BASH_ENV", f"{folder}/pause")
    assert launch().ended() == 0


def test_stop_finishes_what_is_in_hand(launch):
    """But it waits five seconds at most: browsers keep connections open that they do not use."""
    stack = launch().ready()
    address = ("127.0.0.1", stack.port)
    with socket.create_connection(address, 10) as client, socket.create_connection(address):
        client.sendall(b"POST /q/foo HTTP/1.0\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                       b"Content-Length: 11\r\n\r\nhello")
        time.sleep(0.2)
        stack.script.terminate()
        signalled = time.monotonic()
        time.sleep(0.2)
        client.sendall(b" world")
        assert client.makefile("rb").read().endswith(b"\r\n\r\nfoo:1\r\n")
        assert stack.ended() == 0
    assert time.monotonic() - signalled < servers.patience(12)
    assert take(launch().ready().http, "foo") == "hello world"


def test_stop_with_consumers(launch):
    """They hear of it, and nothing waits for them."""
    stack = launch().ready()
    consumers = [stream(port, "/c/foo") for port in (stack.port, stack.ws_port) for _ in range(5)]
    signalled = time.monotonic()
    assert stack.stop() == 0
    assert time.monotonic() - signalled < servers.patience(12)    # helper and web server each wait for the peers' close
    for consumer in consumers:
        with contextlib.suppress(http.client.IncompleteRead):
            assert consumer.read() == b""


def test_killed(launch):
    """With -9 the script can stop nothing itself: all ends with it, and a new start works."""
    stack = launch().ready()
    push(stack.http, "foo", "a")
    stack.script.kill()
    servers.wait_for(lambda: not stack.programs())
    [sockets] = glob.glob(stack.folder + "/restmq.*")
    shutil.rmtree(sockets)
    assert take(launch().ready().http, "foo") == "a"


# --- something dies -----------------------------------------------------------------------------

def test_a_responder_comes_back(launch):
    """Also six times within a second, where multiwatch would give up by itself."""
    stack = launch(WORKERS=1).ready()
    stack.http.get("/health")
    for _ in range(1 if WEB_SERVER.own_responders else 6):
        [victim] = servers.wait_for(lambda: stack.pids("restmq.fcgi"))
        os.kill(victim, signal.SIGKILL)
        servers.wait_for(lambda: victim not in stack.pids("restmq.fcgi"))
    if not WEB_SERVER.own_responders:
        servers.wait_for(lambda: stack.pids("restmq.fcgi"))
    assert push(stack.http, "foo", "a", "b") == ["foo:1", "foo:2"]
    assert stack.stop() == 0


@pytest.mark.parametrize("program", ["redis-server", "multiwatch", WEB_SERVER.program, "restmq-wsd"])
def test_another_program_dies(launch, program):
    """The stack stops, and says why."""
    if program == "multiwatch" and WEB_SERVER.own_responders:
        pytest.skip("it is not there")
    stack = launch().ready()
    push(stack.http, "foo", "a")
    stack.close()
    os.kill(stack.started(program), signal.SIGKILL)
    assert stack.ended() == 1
    name = {"multiwatch": "restmq.fcgi", WEB_SERVER.program: servers.default_server}.get(program,
                                                                                         program)
    assert re.fullmatch(rf"local-stack\.sh: {name} stopped by itself, status 137; .+\n",
                        stack.text("err"))
    assert take(launch().ready().http, "foo") == "a"


# --- what is refused ----------------------------------------------------------------------------

@pytest.mark.parametrize("name, value", [
    ("PORT", "0"), ("PORT", "65536"), ("PORT", "-1"), ("PORT", "08888"), ("PORT", "http"),
    ("PORT", "80 80"), ("PORT", "9" * 30), ("WS_PORT", "x"), ("WS_PORT", "65536"),
    ("WORKERS", "0"), ("WORKERS", "257"),
    ("WORKERS", "2.5"), ("WORKERS", "a[$(echo 1)]"), ("REDIS", "localhost"),
    ("REDIS", "unix:redis.sock"), ("REDIS", ":6379"), ("REDIS", "unix:/a\nprefix = /mq"),
    ("CONFIG", "missing.conf"), ("CONFIG", "/")])
def test_bad_environment(launch, name, value):
    launch(**{name: value}).refused("RESTMQ_" + name)


def test_port_in_use(launch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        launch(PORT=port).refused(f"port {port} is in use", "RESTMQ_PORT")
        launch(WS_PORT=port).refused(f"port {port} is in use", "RESTMQ_WS_PORT")


def test_one_port_for_both(launch):
    launch(PORT=18888, WS_PORT=18888).refused("RESTMQ_PORT and RESTMQ_WS_PORT")


def test_address_in_use(launch, folder):
    """One of the user's: the helper says so, by its end."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with open(folder + "/my.conf", "w") as conf:
            conf.write(f"listen = 127.0.0.1:{port}\n")
        launch(CONFIG="my.conf").refused("restmq-wsd stopped by itself", str(port))


def test_state_in_use(launch):
    stack = launch().ready()
    launch().refused("/state'", "RESTMQ_STATE")
    push(stack.http, "foo", "a")


@pytest.mark.parametrize("state", ["/proc/restmq", "/dev/null/restmq"])
def test_state_folder_that_cannot_be(launch, state):
    launch(STATE=state).refused("state folder")


@pytest.fixture
def elsewhere():
    """A folder beside that of the stack."""
    with tempfile.TemporaryDirectory(prefix="rs-", dir="/tmp") as elsewhere:
        yield elsewhere


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to somebody else")
@pytest.mark.parametrize("inside", ["", "redis", "log", "lock"])
def test_state_folder_of_somebody_else(launch, elsewhere, inside):
    """It is left as it is: nothing is started, and nothing made in a folder of others."""
    for name in "redis", "log":
        os.mkdir(f"{elsewhere}/{name}")
    with open(f"{elsewhere}/lock", "w"):
        os.chown(os.path.join(elsewhere, inside), 65534, 65534)
    before = sorted(os.listdir(elsewhere))
    launch(STATE=elsewhere).refused("state folder", "somebody else's", "RESTMQ_STATE")
    assert sorted(os.listdir(elsewhere)) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a link to somebody else")
def test_state_folder_behind_a_link(launch, elsewhere):
    """Of somebody else; one's own may lead to another disk."""
    os.mkdir(f"{elsewhere}/mine")
    os.symlink("mine", f"{elsewhere}/link")
    launch(STATE=f"{elsewhere}/link").ready().stop()
    os.chown(f"{elsewhere}/link", 65534, 65534, follow_symlinks=False)
    launch(STATE=f"{elsewhere}/link").refused("state folder", "somebody else's")


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777, 0o1777])
def test_state_folder_that_others_may_write(launch, elsewhere, mode):
    os.chmod(elsewhere, mode)
    launch(STATE=elsewhere).refused("state folder", "others may write", "RESTMQ_STATE")
    assert os.listdir(elsewhere) == []


@pytest.mark.parametrize("line", ["colour = red", "redis_timeout_ms = 5", "redis = nowhere",
                                  "listen = 8889"])
def test_bad_settings(launch, folder, line):
    """In the words of restmq.fcgi, with the line of the user's file."""
    with open(folder + "/my.conf", "w") as conf:
        conf.write(f"# mine\n{line}\n")
    launch(CONFIG="my.conf").refused(line.split()[0], program=r"restmq\.fcgi: my\.conf:2")


def test_no_redis(launch, folder):
    """Nobody listens, or somebody who never answers.  (All at once: each is given ten seconds.)"""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        addresses = [f"unix:{folder}/missing.sock", f"127.0.0.1:{servers.free_port()}",
                     "127.0.0.1:%d" % mute.getsockname()[1]]
        stacks = [launch(STATE=f"state-{number}", REDIS=address, WORKERS=1)
                  for number, address in enumerate(addresses)]
        for stack, address in zip(stacks, addresses):
            stack.refused("not ready", address)


def test_damaged_data(launch, folder):
    """What redis-server says is passed on."""
    launch().ready().stop()
    [data] = glob.glob(folder + "/state/redis/appendonlydir/*.incr.aof")
    with open(data, "w") as file:
        file.write("these are no Redis commands\n")
    launch().refused("redis-server stopped by itself", "redis-check-aof")


def test_no_responder(launch, folder):
    launch(folder).refused("missing program", folder + "/restmq.fcgi")


def test_no_helper(launch, folder, builddir):
    os.symlink(os.path.abspath(builddir) + "/restmq.fcgi", folder + "/restmq.fcgi")
    launch(folder).refused("missing program", folder + "/restmq-wsd")


# --- sentinels and clusters ----------------------------------------------------------------------------------

def ports(count=6):
    """The first of so many free ports, one behind the other; not of those that clients get."""
    def find():
        first = random.randrange(20000, 32000)
        with contextlib.ExitStack() as probes:
            for port in range(first, first + count):
                try:
                    probes.enter_context(socket.create_server(("127.0.0.1", port)))
                except (OSError, OverflowError):
                    return None
        return first
    return servers.wait_for(find)


def ask(port, password, *words):
    """What redis-cli prints, a line each."""
    return subprocess.run(["redis-cli", "-p", str(port), *words], env={**os.environ, "REDISCLI_AUTH": password},
                          timeout=10, check=True, capture_output=True, text=True).stdout.split("\n")


def master_of(port, password):
    """What a sentinel says."""
    return ask(port, password, "sentinel", "get-master-addr-by-name", "restmq")


def known_to(port, password):
    """How many replicas and other sentinels a sentinel knows."""
    words = ask(port, password, "sentinel", "master", "restmq")
    facts = dict(zip(words[::2], words[1::2]))
    return int(facts["num-slaves"]), int(facts["num-other-sentinels"])


def test_failover(launch, folder):
    """--redis sentinel: the master ends, and what was pushed is there all the same; also after a restart
    of the stack, which remembers who is the master."""
    first = ports()
    stack = launch(redis="sentinel", REDIS_PORT=first).ready()
    push(stack.http, "foo", "one")
    words = re.search(r"redis-cli (.*) sentinel", stack.text("out")).group(1)
    assert f"-p {first + 3}" in words
    with open(f"{folder}/state/password") as file:
        password = file.read()
    assert [known_to(port, password) for port in range(first + 3, first + 6)] == [(2, 2)] * 3
    ask(first, password, "shutdown", "nosave")
    servers.wait_for(lambda: stack.http.get("/q/foo?soft=1").status == 200, servers.patience(10))
    push(stack.http, "foo", "two")
    # The sentinels tell each other within seconds; one that has not heard it names the old one again.
    servers.wait_for(lambda: all(f"{first}" not in master_of(port, password)
                                 for port in range(first + 3, first + 6)), servers.patience(10))
    assert stack.stop() == 0
    assert stack.text("err") == ""
    again = launch(redis="sentinel", REDIS_PORT=first).ready()
    assert [known_to(port, password) for port in range(first + 3, first + 6)] == [(2, 2)] * 3
    assert take_all(again.http, "foo") == ["one", "two"]
    assert again.stop() == 0


@pytest.mark.parametrize("kind", ["sentinel", "cluster"])
def test_on_other_ports(launch, kind):
    stack = launch(redis=kind, REDIS_PORT=ports(12)).ready()
    assert stack.stop() == 0
    launch(redis=kind, REDIS_PORT=ports(12)).refused("RESTMQ_REDIS_PORT")


def test_a_node_ends(launch, folder):
    """--redis cluster: all nodes know the cluster as whole when it is ready.  A master ends, and what was
    pushed is there all the same; also after a restart of the stack."""
    first = ports(12)
    stack = launch(redis="cluster", REDIS_PORT=first).ready()
    with open(f"{folder}/state/password") as file:
        password = file.read()
    for port in range(first, first + 6):
        assert "cluster_state:ok" in ask(port, password, "cluster", "info")
    push(stack.http, "foo", "one")
    [places] = [line for line in stack.text("out").splitlines() if " cluster --config " in line]
    assert f"-p {first} shutdown" in stack.text("out")
    node = node_of(output(places), "foo")
    ask(node, password, "shutdown", "nosave")
    servers.wait_for(lambda: stack.http.get("/q/foo?soft=1").status == 200, servers.patience(10))
    push(stack.http, "foo", "two")
    assert node_of(output(places), "foo") != node
    assert stack.stop() == 0
    assert stack.text("err") == ""
    again = launch(redis="cluster", REDIS_PORT=first).ready()
    assert take_all(again.http, "foo") == ["one", "two"]
    assert again.stop() == 0


def node_of(lines, queue):
    """The port behind which the queue stands in the lines of restmq cluster."""
    before = lines[:lines.index("  " + queue)]
    return int([line for line in before if re.match(r"127\.0\.0\.1:\d+", line)][-1].split(":")[1].split()[0])


@pytest.mark.parametrize("settings, mention", [({"redis": "several"}, "several"),
                                               ({"redis": "cluster", "REDIS": "unix:/x"}, "RESTMQ_REDIS"),
                                               ({"redis": "sentinel", "REDIS": "unix:/x"}, "RESTMQ_REDIS")])
def test_no_such_redis(launch, settings, mention):
    launch(**settings).refused(mention)
