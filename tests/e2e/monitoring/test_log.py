# test_log.py - the log as a file: appended to by all programs, opened anew on SIGHUP, and never in the
# way of the work.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import re
import shlex
import signal
import stat
import subprocess

import pytest

import stack as servers
from checks import push, take

PROGRAMS = "restmq.fcgi", "restmq-wsd"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (restmq\.fcgi|restmq-wsd)\[(\d+)\]: [ -~]+")


@pytest.fixture
def check(builddir, tmp_path):
    """--check-config of a program with this log."""
    def check(program, log):
        path = tmp_path / "restmq.conf"
        path.write_text(f"log = {log}\n")
        return subprocess.run([os.path.join(builddir, program), "--check-config", "--config", path],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    return check


@pytest.fixture
def fcgi_start(builddir, tmp_path):
    """Starts restmq.fcgi as a web server would, with this log; it ends by itself."""
    def start(log):
        path = tmp_path / "restmq.conf"
        path.write_text(f"redis = unix:/nonexistent.sock\nlog = {log}\n")
        with servers.socket.socket(servers.socket.AF_UNIX) as sock:
            sock.bind(str(tmp_path / "fcgi.sock"))
            sock.listen()
            return subprocess.run([os.path.join(builddir, "restmq.fcgi"), "--config", path], stdin=sock,
                                  capture_output=True, text=True, timeout=20)
    return start


def lines_of(log):
    """All are whole lines."""
    with open(log) as file:
        lines = file.read().split("\n")
    assert lines.pop() == ""
    return [(LINE.fullmatch(line) or pytest.fail(line)).group(2, 0) for line in lines]


def hang_up(stack):
    """(A line that was said within this second is not said again.)"""
    stack.responders.signal_all(signal.SIGHUP)
    stack.helper.signal(signal.SIGHUP)
    return True


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("log", ["restmq.log", "./restmq.log", "~/restmq.log", "Stderr", "file:/x", ""])
def test_a_log_that_is_none(check, program, log):
    done = check(program, log)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.endswith(":1: log must be stderr, syslog or a path that begins with /\n")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_check_makes_no_file(check, program, tmp_path):
    log = tmp_path / "new.log"
    done = check(program, log)
    assert (done.returncode, done.stderr) == (0, "") and f"log = {log}\n" in done.stdout
    assert not log.exists()


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("log, why", [("/dev/null/restmq.log", "Not a directory"), ("/nonexistent/restmq.log", "No such file"),
                                      ("/dev", "Is a directory")])
def test_a_log_that_cannot_be_opened(check, program, log, why):
    done = check(program, log)
    assert done.returncode == 1 and ": not ok\n" in done.stdout
    assert f": log = {log}: {why}" in done.stderr and done.stderr.count("\n") == 1


def test_no_start_without_the_log(builddir, fcgi_start, tmp_path):
    """The one who starts it sees why."""
    done = fcgi_start("/nonexistent/restmq.log")
    assert done.returncode == 1
    assert done.stderr == "restmq.fcgi: log = /nonexistent/restmq.log: No such file or directory\n"
    helper = subprocess.run([os.path.join(builddir, "restmq-wsd"), "--config", tmp_path / "restmq.conf"],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    assert (helper.returncode, helper.stderr) == (1, done.stderr.replace("restmq.fcgi", "restmq-wsd"))


@pytest.mark.usefixtures("our_responders")
def test_all_append_to_one_file_that_rotates(new_stack, tmp_path):
    """Lines of three responders and a helper stand in one file, and nobody writes to the old one after
    SIGHUP."""
    log = tmp_path / "restmq.log"
    log.write_text("2026-01-01T00:00:00Z restmq.fcgi[1]: before\n")
    stack = new_stack(workers=3, helpers=1, conf={"log": log})
    pids = {str(pid) for pid in [*stack.responders.pids, stack.helper.process.pid]}
    servers.wait_for(lambda: {pid for pid, _ in lines_of(log)} == {"1", *pids})
    assert not any(LINE.search(server.log_text()) for server in (stack.responders, stack.helper))
    for turn in range(3):
        os.rename(log, f"{log}.{turn}")
        old = os.stat(f"{log}.{turn}").st_size
        servers.wait_for(lambda: hang_up(stack) and log.exists()
                         and {pid for pid, _ in lines_of(log)} == pids, step=0.4)
        assert stat.S_IMODE(os.stat(log).st_mode) == 0o640 and os.stat(f"{log}.{turn}").st_size == old
        assert any("read again" in line for _, line in lines_of(log))


@pytest.mark.usefixtures("our_responders")
def test_the_sample_of_logrotate_tells_all(new_stack, tmp_path):
    """Its command, for programs of these names; here only those of this stack."""
    with open(os.path.join(servers.CONF, "logrotate.conf")) as file:
        [command] = re.findall(r"^ +(pkill .*)$", file.read(), re.M)
    log = tmp_path / "restmq.log"
    stack = new_stack(workers=2, helpers=1, conf={"log": log})
    pids = {str(pid) for pid in [*stack.responders.pids, stack.helper.process.pid]}
    os.rename(log, f"{log}.1")
    words = shlex.split(command.removesuffix(" || true"))
    found = subprocess.run(["pgrep", *words[2:]], capture_output=True, text=True).stdout.split()
    assert words[:2] == ["pkill", "-HUP"] and pids <= set(found)
    for pid in pids:
        os.kill(int(pid), signal.SIGHUP)
    servers.wait_for(lambda: log.exists() and {pid for pid, _ in lines_of(log)} == pids)


@pytest.mark.usefixtures("our_responders")
def test_a_log_that_cannot_be_opened_anew(new_stack, tmp_path):
    """The old file stays in use, says so, and the other settings are read."""
    folder = tmp_path / "log"
    folder.mkdir()
    stack = new_stack(workers=1, helpers=1, conf={"log": folder / "restmq.log"})
    os.rename(folder, tmp_path / "moved")
    old = tmp_path / "moved" / "restmq.log"
    complaint = f"log = {folder}/restmq.log: No such file or directory; the log stays where it was"
    hang_up(stack)
    servers.wait_for(lambda: old.read_text().count(complaint) == 2)
    servers.wait_for(lambda: old.read_text().count("read again") == 2)
    push(stack.http, "foo", "a")
    stack.configure(log="/nonexistent/x.log", max_message=10)
    servers.wait_for(lambda: stack.http.post(
        "/q/foo", "longer than ten", {"Content-Type": "text/plain"}).status == 413)
    servers.wait_for(lambda: old.read_text().count("log = /nonexistent/x.log: ") == 2)


@pytest.mark.usefixtures("our_responders")
def test_a_full_disk(new_stack, tmp_path):
    """Nothing stops; and when there is room again the log says how much is missing."""
    stack = new_stack(workers=1, helpers=1, conf={"log": "/dev/full", "max_message": 100})
    for number in range(3):
        push(stack.http, "foo", str(number))
        assert take(stack.http, "foo") == str(number)
        hang_up(stack)
    log = tmp_path / "restmq.log"
    stack.configure(log=log)
    told = re.compile(r"restmq(.fcgi|-wsd)\[\d+\]: \d+ lines before this one could not be written: No space")
    servers.wait_for(lambda: hang_up(stack) and log.exists()
                     and len(set(told.findall(log.read_text()))) == 2, step=0.4)
    assert not stack.responders.exits


@pytest.mark.usefixtures("our_responders")
def test_a_pipe_that_nobody_reads(new_stack, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    stack = new_stack(workers=1, conf={"log": pipe})
    for number in range(3000):   # more than a pipe holds
        assert stack.http.get("/stats", headers={"Host": f"{number}.example.org"}).status == 403
    push(stack.http, "foo", "a")
    os.close(reader)
    push(stack.http, "foo", "b")


@pytest.mark.no_cluster("the log names nodes there, and says which go and come")
def test_a_move_to_another_redis_is_told(new_stack):
    """By each program once it is there, whatever became of the one before."""
    stack = new_stack(workers=1, helpers=1)
    push(stack.http, "foo", "a")
    with servers.some_redis() as second:
        for gone in False, True:
            target = stack.redis if gone else second
            back = f"Redis at {target.address}: back"
            if gone:
                second.stop()
                servers.wait_for(lambda: stack.http.get("/stats").status == 503)
            stack.configure(redis=target.address)
            servers.wait_for(lambda: stack.http.get("/stats").status == 200
                             and stack.helper.log_text().count(back) == 1
                             and back in stack.responders.log_text())
    assert ": back" not in stack.helper.log_text().split("read again")[0]


@pytest.mark.usefixtures("our_responders")
def test_access_rules_are_one_line(new_stack, tmp_path):
    acl = tmp_path / "acl.conf"
    acl.write_text("[rest:producer]\nhosts_allow = " + ", ".join(
        f"10.0.0.{number}" for number in range(14)) + "\n")
    stack = new_stack(workers=1, helpers=1, conf={"acl": acl})
    for server in stack.responders, stack.helper:
        [line] = [line for line in server.log_text().splitlines() if ": access: " in line]
        assert "; rest:consumer = loopback only; " in line and "10.0.0.1" in line and len(line) < 1100
        assert line.endswith("stats = loopback only")


def test_in_a_terminal(builddir):
    done = subprocess.run([os.path.join(builddir, "restmq.fcgi")], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
    assert "spawn-fcgi -n -s /tmp/restmq.sock -- " + os.path.join(builddir, "restmq.fcgi") in done.stderr
