# test_recipes.py - what an administrator types or installs: the samples with nothing changed but paths and
# ports, the commands of the units, and those for machines without systemd.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import grp
import os
import pathlib
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

import stack as servers
from test_samples import SAMPLES, ask_over_tls, certificate  # noqa: F401 (a fixture)

SERVER = "mq.example.org"
LINE = re.compile(r"^#     (\w+ = \S.*)$", re.M)
UNITS = {"restmq.fcgi": "restmq-fcgi@.service", "restmq-wsd": "restmq-wsd.service"}


def source(name):
    with open(f"{servers.CONF}/{name}") as file:
        return file.read()


def settings_of(sample):
    """The lines for restmq.conf that the comment at the top of a sample has."""
    return "\n".join(LINE.findall(source(sample).partition("\n\n")[0])) + "\n"


def commands_of(unit, key):
    """What a unit runs, as a list of arguments each."""
    text = source(unit).replace("\\\n", " ")
    return [shlex.split(command) for command in re.findall(rf"^{key}=(.*)$", text, re.M)]


class Given(servers.Server):
    """Redis, the responders and the helper by the commands of their units, with the settings that a sample
    asks for and acl.conf as it comes.  The helper's socket is passed to it, as restmq-wsd.socket does."""

    def __init__(self, builddir, sample):
        super().__init__()
        self.builddir = os.path.abspath(builddir)
        self.redis = servers.Redis(self.path("r"))
        [command] = commands_of(UNITS["restmq.fcgi"], "ExecStart")
        self.responders = servers.Responders(None, self.path("f"), argv=["?"])
        self.helper = servers.Server(self.path("h"))
        self.helper.socket = self.helper.path("ws.sock")
        self.responders.argv = self.here(command)
        text = settings_of(sample).replace("/run/restmq", self.helper.dir)
        self.responders.configure(text.replace("/etc/restmq/acl.conf", f"{servers.CONF}/acl.conf")
                                  + f"redis = {self.redis.address}\n")
        self.process = None

    def here(self, command):
        return [word.replace("/usr/local/bin", self.builddir)
                .replace("/etc/restmq/restmq.conf", self.responders.config) for word in command]

    def start(self):
        self.redis.start()
        self.responders.start()
        [command] = commands_of(UNITS["restmq-wsd"], "ExecStart")
        with open(self.path("helper.log"), "ab") as log:
            self.process = subprocess.Popen(
                ["systemd-socket-activate", "--listen", self.helper.socket, *self.here(command)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        servers.wait_for(lambda: os.path.exists(self.helper.socket))
        os.chmod(self.helper.socket, 0o666)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
        servers.stop_all([self.responders, self.redis])


@pytest.fixture(scope="module", params=SAMPLES, ids=lambda server: server.file)
def web(request, builddir, certificate):  # noqa: F811
    with (Given(builddir, request.param.file) as given, request.param(given, certificate) as web):
        yield web


@pytest.fixture
def ask(web, certificate):  # noqa: F811
    return lambda *request: ask_over_tls(web.port, certificate, *request)


def test_a_message_over_tls(ask):
    """From this machine, without a password, under the name of the certificate."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = ask("POST", "/mq/q/orders", "value=hello", form)
    assert (answer.status, answer.text) == (200, "orders:1\r\n")
    assert '"value":"hello"' in ask("GET", "/mq/q/orders").text
    assert ask("GET", "/mq/q/orders").status == 204
    assert ask("GET", "/mq/ready").status == 200


def test_a_message_of_the_helper_over_tls(ask):
    assert ask("GET", "/mq/health/ws").text == '{"status":"ok"}\r\n'
    ask("POST", "/mq/q/waited", "value=hello", {"Content-Type": "application/x-www-form-urlencoded"})
    assert '"value":"hello"' in ask("GET", "/mq/w/waited?wait=5").text


def test_another_name(ask):
    """As a page with a name of its own for this machine would come."""
    for path in "/mq/q/orders", "/mq/w/orders?wait=0":
        answer = ask("GET", path, None, {"Host": "evil.test"})
        assert answer.status == 403 and "evil.test" in answer.text and "restmq.conf" in answer.text


def test_what_the_samples_ask_of_restmq_conf():
    """All the same, and README has it, too."""
    lines = settings_of("lighttpd.conf")
    assert [line.partition(" ")[0] for line in lines.split("\n")] == ["prefix", "acl", "listen", "hosts", ""]
    for sample in SAMPLES:
        assert settings_of(sample.file) == lines
    with open(f"{servers.CONF}/../README") as readme:
        assert re.sub("(?m)^(?=.)", "    ", lines) in readme.read()


# --- units --------------------------------------------------------------------------------------

@pytest.mark.parametrize("program", UNITS)
def test_units_check_the_configuration_first(builddir, tmp_path, program):
    [command] = commands_of(UNITS[program], "ExecStartPre")
    config = tmp_path / "restmq.conf"

    def check(text):
        config.write_text(text)
        command_here = [word.replace("/usr/local/bin", os.path.abspath(builddir))
                        .replace("/etc/restmq/restmq.conf", str(config)) for word in command]
        done = subprocess.run(command_here, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        return done.returncode, done.stdout, done.stderr

    assert check("prefix = /mq\n") == (0, "", "")
    assert check("prefix = mq\n")[:2] == check(f"acl = {tmp_path}/none\n")[:2] == (1, "")
    assert f"{config}:1: " in check("prefix = mq\n")[2]


def test_units_have_their_sockets():
    """Where the samples look, for the group of the web server, and each service wants its own."""
    for socket_unit, service, path in (
            ("restmq-fcgi.socket", UNITS["restmq.fcgi"], "/run/restmq/fcgi.sock"),
            ("restmq-wsd.socket", UNITS["restmq-wsd"], "/run/restmq/ws.sock")):
        lines = source(socket_unit).splitlines()
        assert {f"ListenStream={path}", "SocketGroup=www-data", "SocketMode=0660"} <= set(lines)
        assert f"Requires={socket_unit}" in source(service)
        for sample in SAMPLES:
            assert path in source(sample.file) or (sample.starts_responders and "fcgi" in path)


# --- without systemd ----------------------------------------------------------------------------

def recipe():
    """The commands of lighttpd.conf, but for those that make the user."""
    text = source("lighttpd.conf").partition("without systemd, as root:\n#\n")[2].partition("\n#\n")[0]
    lines = [line.removeprefix("#     ") for line in text.splitlines()]
    assert len([line for line in lines if line.startswith("adduser ")]) == 2
    return "\n".join(line for line in lines if not line.startswith("adduser "))


def free_id(taken):
    return next(number for number in range(60100, 65000) if number not in taken)


class Users:
    """restmq, which belongs to the groups restmq and redis, in copies of passwd and group."""

    def __init__(self, folder):
        group = free_id({entry.gr_gid for entry in grp.getgrall()})
        self.redis = group + 1
        user = free_id({entry.pw_uid for entry in pwd.getpwall()})
        added = {"passwd": f"restmq:x:{user}:{group}::/nonexistent:/usr/sbin/nologin\n",
                 "group": f"restmq:x:{group}:\nredis:x:{self.redis}:restmq\nwww-data:x:{group + 2}:\n"}
        for name, lines in added.items():
            with open(f"/etc/{name}") as file:
                others = [line for line in file if line.partition(":")[0] not in ("restmq", "redis")]
            (folder / name).write_text(lines + "".join(others))
        self.mounts = "".join(f"mount --bind {folder}/{name} /etc/{name}\n" for name in added)


def members(group):
    """The pids of a process group, by name; no zombies."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as stat:
            name, rest = re.fullmatch(r"\d+ \((.*)\) (.*)\n", stat.read(), re.S).groups()
            state, _, its_group = rest.split()[:3]
            if int(its_group) == group and state != "Z":
                found.append((name, int(pid)))
    return found


def stop_group(process):
    """The responders only by multiwatch, which would start others in their place."""
    for name, pid in members(process.pid):
        if name in ("multiwatch", "restmq-wsd"):
            os.kill(pid, signal.SIGTERM)
    try:
        process.wait(servers.STOP_TIMEOUT)
        servers.wait_for(lambda: not members(process.pid))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def by_hand(builddir):
    """The folder in which the commands have been run, in a world where /etc knows the users."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("only root can do what root has to")
    with contextlib.ExitStack() as running:
        redis = running.enter_context(servers.Redis(None, "--unixsocketperm", "770"))
        folder = pathlib.Path(running.enter_context(tempfile.TemporaryDirectory(prefix="rq-", dir="/tmp")))
        users = Users(folder)
        for path in folder, redis.dir:    # restmq has to get there
            os.chmod(path, 0o755)
        os.chown(redis.socket, 0, users.redis)
        for program in UNITS:
            shutil.copy(os.path.join(builddir, program), folder)
        (folder / "restmq.conf").write_text(
            f"prefix = /mq\nlisten = unix:{folder}/run/ws.sock\nredis = {redis.address}\n")
        script = (users.mounts + recipe() + "\nwait\n").replace("/run/restmq", f"{folder}/run").replace(
            "/usr/local/bin", str(folder)).replace("/etc/restmq/restmq.conf", f"{folder}/restmq.conf")
        with open(folder / "log", "w") as log:
            process = subprocess.Popen(["unshare", "-m", "--propagation", "private", "bash", "-c", script],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                       env={**os.environ, **servers.SANITIZERS})
        try:
            yield folder
        finally:
            stop_group(process)


def test_by_hand(by_hand):
    """Both programs may use a Redis whose unix socket the group redis may open."""
    sockets = [str(by_hand / "run" / name) for name in ("fcgi.sock", "ws.sock")]

    def modes():
        return [os.path.exists(path) and os.stat(path).st_mode & 0o777 for path in sockets]

    with contextlib.suppress(TimeoutError):
        servers.wait_for(lambda: modes() == [0o660, 0o660])
    assert modes() == [0o660, 0o660], (by_hand / "log").read_text()
    push = servers.fcgi_request(sockets[0], servers.fcgi_params("POST", "/mq/q/foo", CONTENT_TYPE="text/plain"), b"a")
    assert push.status == 200, (push, (by_hand / "log").read_text())

    def waited():
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(sockets[1])
            sock.sendall(b"GET /mq/w/foo?wait=0 HTTP/1.0\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n")
            answer = sock.makefile("rb").read()
        return None if b" 503 " in answer else answer    # it has just begun to look for Redis

    assert b'"value":"a"' in servers.wait_for(waited)


def test_one_way_to_start_the_helper():
    """README and the man page say what the sample says."""
    started = re.search(r"(setpriv .*?) &$", recipe(), re.M | re.S)[1].split()
    for name, escape in ("README", "\\"), ("docs/restmq-wsd.8", "\\e"):
        with open(f"{servers.CONF}/../{name}") as file:
            found = re.search(r"setpriv [^\n]*\n[^\n]*", file.read())[0]
        assert found.replace(escape + "\n", "\\\n").split() == started
