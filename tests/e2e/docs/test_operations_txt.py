# test_operations_txt.py - the commands of docs/operations.txt that need no root, one after the other,
# give what they show.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import re
import subprocess

import pytest

import stack as servers


def read_steps(text):
    """[(command, what it shows)]"""
    return re.findall(r"^    \$ (.*)\n((?:    [^ $#\n].*\n)*)", text, re.MULTILINE)


def document():
    with open(os.path.join(servers.TOP, "docs/operations.txt")) as file:
        return file.read()


@pytest.mark.parametrize("end", ["", "hosts = redis\n"])
@pytest.mark.parametrize("line", ["#redis = 127.0.0.1:6379", "redis = unix:/run/redis.sock", "redis: old:6379",
                                  "redis=old:6379", "prefix = /mq"])
def test_another_redis(builddir, tmp_path, line, end):
    """Whatever restmq.conf had before, and no other setting is touched."""
    [command] = [command for command, _ in read_steps(document()) if command.startswith("sed ")]
    config = tmp_path / "restmq.conf"
    config.write_text(f"redis_db = 3\n{line}\n{end}")
    subprocess.run(["sh", "-c", command.replace("/etc/restmq/restmq.conf", str(config))], check=True)
    checked = subprocess.run([f"{builddir}/restmq.fcgi", "--config", config, "--check-config"],
                             capture_output=True, text=True, timeout=20)
    assert checked.returncode == 0, checked
    for setting in "redis = new.example.org:6379", "redis_db = 3", end.strip():
        assert setting in ["", *checked.stdout.splitlines()], checked


@pytest.mark.skipif("config.getoption('hash_tags')", reason="shows names without them")
@pytest.mark.usefixtures("our_responders")
def test_operations_txt(builddir, new_stack, tmp_path):
    """In one shell; each command is followed by a line of its own."""
    steps = read_steps(document())
    assert len(steps) > 20 and sum(bool(shown) for _, shown in steps) > 12
    log = tmp_path / "restmq.log"
    stack = new_stack(tcp=True, workers=1, helpers=1, conf={"log": log},
                      redis_options=["--appendonly", "yes"])
    with servers.Redis(tcp=True) as new:
        other = servers.free_port()
        places = [("redis-cli -h new.example.org", f"redis-cli -p {new.port}"),
                  ("redis-cli -h old.example.org", f"redis-cli -p {stack.redis.port}"),
                  ("redis-cli ping", f"redis-cli -p {stack.redis.port} ping"),
                  ("redis-cli --rdb", f"redis-cli -p {stack.redis.port} --rdb"),
                  ("replicaof old.example.org 6379", f"replicaof 127.0.0.1 {stack.redis.port}"),
                  ("new.example.org:6379", f"127.0.0.1:{new.port}"), ("6380", str(other)),
                  ("127.0.0.1:8888", f"127.0.0.1:{stack.port}"),
                  ("/var/log/restmq/restmq.log", str(log)), ("/var/backups", str(tmp_path)),
                  ("/etc/restmq/restmq.conf", stack.responders.config)]

        def here(text):
            for there, place in places:
                text = text.replace(there, place)
            return text

        shell = "".join(here(command) + "\necho ====\n" for command, _ in steps)
        done = subprocess.run(["sh", "-c", shell], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "PATH": f"{os.path.abspath(builddir)}:{os.environ['PATH']}"})
        assert "NOSCRIPT" not in done.stderr
        came = done.stdout.split("====\n")
        assert len(came) == len(steps) + 1, done
        for output, (command, shown) in zip(came, steps):
            assert output.split() == here(shown).split(), (command, done.stderr)
        stack.configure(redis=new.address)    # of the helper, too
        servers.wait_for(lambda: log.read_text().count(f"{new.address}: back") == 2)
        assert stack.http.get("/q/orders").status == 204
