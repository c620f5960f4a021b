# test_monitoring_txt.py - the recipes of docs/monitoring.txt for collectd and rsyslog, run with these programs.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import os
import re
import signal
import subprocess

import pytest

import stack as servers
from documents import changed, document, lines_for
from test_operations_txt import read_steps

SCRIPT = re.sub("(?m)^    ", "", re.search(r"(?m)^    #!/bin/sh\n    # restmq-syslog .*\n(?:    .*\n)+",
                                           document("docs/monitoring.txt"))[0])


class Program(servers.Server):
    """In the foreground, with its output in a log."""

    def __init__(self, *argv, environment):
        super().__init__()
        self.argv, self.environment, self.process = argv, environment, None

    def start(self):
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
                                            env=self.environment)

    def log(self):
        with open(self.path("log"), errors="replace") as file:
            return file.read()

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(servers.patience(20))


@pytest.fixture
def environment(builddir, tmp_path):
    """With restmq in PATH, and nothing else, as services have it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/restmq").symlink_to(os.path.abspath(os.path.join(builddir, "restmq")))
    return {"TMPDIR": str(tmp_path), "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}


def count(http, queue):
    return http.get(f"/stats/{queue}").json()["len"]


def messages(http, queue):
    found = []
    while (answer := http.get(f"/q/{queue}?raw=1")).status == 200:
        found.append(answer.text)
    return found


def test_the_commands(new_stack):
    """Those that need no root give what they show."""
    steps = read_steps(document("docs/monitoring.txt"))
    assert len(steps) == 1
    stack = new_stack(workers=1)
    for command, shown in steps:
        command = changed(command, ("127.0.0.1:8888", f"127.0.0.1:{stack.port}"))
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=20)
        assert done.stdout.split() == shown.split(), done


# --- collectd -------------------------------------------------------------------------------------

def test_collectd(http, stack, queue, environment, tmp_path):
    """Its values are messages, when its buffer is full and when it ends."""
    recipe = changed(lines_for("/etc/collectd/collectd.conf.d/restmq.conf"), ("127.0.0.1:8888", f"127.0.0.1:{stack.port}"),
                     ("/q/collectd", f"/q/{queue}"))
    small = changed(recipe, ("BufferSize 65536", "BufferSize 1024"))
    for text, is_full in (recipe, False), (small, True):
        config = tmp_path / "collectd.conf"
        config.write_text(f'BaseDir "{tmp_path}"\nPIDFile "{tmp_path}/pid"\nTypesDB "/usr/share/collectd/types.db"\n'
                          f'Hostname "machine"\nInterval 1\nLoadPlugin memory\nLoadPlugin load\n{text}')
        with Program("collectd", "-f", "-C", str(config), environment=environment) as program:
            if is_full:
                servers.wait_for(lambda: count(http, queue), servers.patience(15))
            else:
                servers.wait_for(lambda: "Initialization complete" in program.log(), servers.patience(15))
                with pytest.raises(TimeoutError):
                    servers.wait_for(lambda: count(http, queue), 2)
        found = messages(http, queue)
        assert found
        values = [value for text in found for value in json.loads(text)]
        assert {value["plugin"] for value in values} == {"memory", "load"}
        assert all(value["host"] == "machine" and value["values"] for value in values)
        assert all(len(text) <= (1024 if is_full else 65536) for text in found)


def test_the_log_of_collectd_says_what_was_lost(http, stack, queue, environment, tmp_path):
    recipe = changed(lines_for("/etc/collectd/collectd.conf.d/restmq.conf"), ("127.0.0.1:8888", f"127.0.0.1:{stack.port}"),
                     ("/q/collectd", f"/q/{queue}"), ("BufferSize 65536", "BufferSize 1024"))
    http.post(f"/control/{queue}", form={"status": "stop", "what": "pushes"})
    (tmp_path / "collectd.conf").write_text(f'BaseDir "{tmp_path}"\nPIDFile "{tmp_path}/pid"\nInterval 1\n'
                                            f'TypesDB "/usr/share/collectd/types.db"\nLoadPlugin memory\n{recipe}')
    with Program("collectd", "-f", "-C", str(tmp_path / "collectd.conf"), environment=environment) as program:
        servers.wait_for(lambda: "423" in program.log(), servers.patience(15))
    http.post(f"/control/{queue}", form={"status": "start", "what": "pushes"})
    assert messages(http, queue) == []


# --- rsyslog --------------------------------------------------------------------------------------

@pytest.fixture
def script(queue, stack, tmp_path):
    path = tmp_path / "restmq-syslog"
    config = tmp_path / "syslog.conf"
    config.write_text(changed(lines_for("/etc/restmq/syslog.conf"), ("127.0.0.1:8888", f"127.0.0.1:{stack.port}")))
    config.chmod(0o600)
    path.write_text(changed(SCRIPT, ("queue=syslog", f"queue={queue}"), ("/etc/restmq/syslog.conf", str(config))))
    path.chmod(0o755)
    return path


def rsyslog(script, environment, folder, *changes):
    """With the lines of the text, a socket of its own, and nothing else."""
    recipe = changed(lines_for("/etc/rsyslog.d/60-restmq.conf"), ("/usr/local/bin/restmq-syslog", str(script)), *changes)
    config = folder / "rsyslog.conf"
    config.write_text(f'global(workDirectory="{folder}")\nmodule(load="imuxsock" sysSock.use="off")\n'
                      f'input(type="imuxsock" socket="{folder}/log" createPath="off" ratelimit.interval="0")\n{recipe}')
    return Program("rsyslogd", "-n", "-f", str(config), "-i", str(folder / "rsyslog.pid"), environment=environment)


def log_lines(folder, *lines):
    """By logger(1), as a program does."""
    servers.wait_for(lambda: os.path.exists(folder / "log"))
    for line in lines:
        subprocess.run(["logger", "--socket", str(folder / "log"), "--tag", "shop", "--", line], check=True)


def texts(found):
    lines = [re.fullmatch(r"\d{4}-\d\d-\d\dT\S+ \S+ shop: (.*)", line) for line in found]
    assert all(lines), found
    return [line[1] for line in lines]


def test_rsyslog(http, queue, script, environment, tmp_path):
    """Each line is a message, in order, whatever it has."""
    lines = ["first", "zwei äöü €", '"quoted" \\n %s $(date) `date`', "BEGIN TRANSACTION", "  spaces  ",
             *(f"line {n}" for n in range(200)), "last"]
    with rsyslog(script, environment, tmp_path) as program:
        log_lines(tmp_path, *lines)
        servers.wait_for(lambda: count(http, queue) == len(lines), servers.patience(20))
    assert texts(messages(http, queue)) == lines, program.log()


def test_rsyslog_keeps_the_lines_while_the_broker_refuses(http, queue, script, environment, tmp_path):
    """And pushes each once afterwards."""
    http.post(f"/control/{queue}", form={"status": "stop", "what": "pushes"})
    with rsyslog(script, environment, tmp_path, ('resumeInterval="5"', 'resumeInterval="1"')):
        log_lines(tmp_path, *(f"line {n}" for n in range(20)))
        with pytest.raises(TimeoutError):
            servers.wait_for(lambda: count(http, queue), 2)
        http.post(f"/control/{queue}", form={"status": "start", "what": "pushes"})
        log_lines(tmp_path, "afterwards")
        servers.wait_for(lambda: count(http, queue) == 21, servers.patience(20))
    assert texts(messages(http, queue)) == [*(f"line {n}" for n in range(20)), "afterwards"]


def test_a_batch_without_an_answer_is_not_pushed_twice(http, queue, script, environment):
    """rsyslog hands the same lines over again, to another process of the script."""
    batch = "BEGIN TRANSACTION\none\ntwo\nCOMMIT TRANSACTION\n"
    for _ in range(2):
        done = subprocess.run([script], input=batch, env=environment, capture_output=True, text=True, timeout=30)
        assert done.stdout == "OK\nOK\nDEFER_COMMIT\nDEFER_COMMIT\nOK\n"
    assert messages(http, queue) == ["one", "two"]
