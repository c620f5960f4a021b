# test_messages.py - push, take, peek, ack, extend, release: any bytes, nothing lost, and exit statuses.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import os
import time

import pytest

ANY_BYTES = [b"hello", b"", b"\0", b"a\0b\n", b"\r\n", bytes(range(256)), "\u00e9\u20ac\U0001f600".encode(), b"x" * 1048576,
             b"\0" * 1048576, os.urandom(1048576)]


@pytest.mark.parametrize("message", ANY_BYTES, ids=range(len(ANY_BYTES)))
def test_any_bytes_go_through(cli, queue, message):
    assert cli.text("push", queue, typed=message) == f"{queue}:1\n"
    assert cli.run("peek", queue).stdout == message
    done = cli.run("take", queue)
    assert (done.returncode, done.stdout, done.stderr) == (0, message, b"")
    assert cli.run("take", queue).returncode == 3


def test_ways_in(cli, queue, tmp_path):
    file = tmp_path / "message"
    file.write_bytes(b"of a file")
    cli.text("push", queue, "of the command line")
    cli.text("push", queue, "--file", file)
    assert json.loads(cli.text("push", queue, "--json", typed=b"typed")) == {"queue": queue, "key": f"{queue}:3"}
    assert cli.text("take", queue, "--count", 10) == "of the command line\nof a file\ntyped\n"


def test_lines(cli, queue):
    """2500 of them are three batches; the last one needs no line feed."""
    typed = b"\n".join(b"%d" % number for number in range(2500))
    keys = cli.text("push", queue, "--lines", typed=typed).split()
    assert keys == [f"{queue}:{number}" for number in range(1, 2501)]
    assert cli.text("take", queue, "--count", 2) == "0\n1\n"


def test_lines_go_as_they_come(cli, queue):
    """What is there is pushed while the pipe is still open."""
    process = cli.start("push", queue, "--lines")
    process.stdin.write(b"first\n")
    process.stdin.flush()
    assert process.stdout.readline() == f"{queue}:1\n".encode()
    assert process.communicate(b"second", timeout=20)[0] == f"{queue}:2\n".encode()


def test_large_lines(cli, queue):
    """Together they are over the limit of a batch."""
    lines = [bytes([65 + number]) * 300000 for number in range(8)]
    assert len(cli.text("push", queue, "--lines", typed=b"\n".join(lines)).split()) == 8
    assert cli.run("take", queue).stdout == lines[0]


def test_once(cli, queue):
    """Twice under one name is once; another message under it is refused."""
    assert cli.text("push", queue, "one", "--once", "a") == cli.text("push", queue, "one", "--once", "a")
    done = cli.run("push", queue, "two", "--once", "a")
    assert done.returncode == 7 and b"idempotency key" in done.stderr
    typed = b"".join(b"%d\n" % number for number in range(1500))
    assert cli.text("push", queue, "--lines", "--once", "b", typed=typed) == cli.text(
        "push", queue, "--lines", "--once", "b", typed=typed)
    assert cli.run("push", queue, "x", "--once", "n" * 129).returncode == 2


def test_delay_and_ttl(cli, queue):
    cli.text("push", queue, "later", "--delay", 60)
    assert cli.run("take", queue).returncode == 3
    done = cli.run("push", queue, "x", "--ttl", 0)
    assert done.returncode == 1 and done.stderr == b"restmq: ttl must be a whole number from 1 to 315360000\n"


def test_first_queue_that_has_one(cli, queue):
    cli.text("push", f"{queue}/low", "hello")
    assert cli.text("take", f"{queue}/high", f"{queue}/low") == "hello"
    assert cli.run("take", f"{queue}/high", f"{queue}/low").returncode == 3


def test_take_acks_what_it_has_printed(cli, http, queue):
    cli.text("push", queue, "--lines", typed=b"one\ntwo\n")
    letters = [json.loads(line) for line in cli.text("take", queue, "--json", "--count", 5).splitlines()]
    assert [(letter["key"], letter["value"], "lease" in letter) for letter in letters] == [
        (f"{queue}:1", "one", False), (f"{queue}:2", "two", False)]
    facts = http.get(f"/stats/{queue}").json()
    assert (facts["len"], facts["leased"], facts["acked"]) == (0, 0, 2)


def test_full_disk(cli, queue):
    """What cannot be printed is given back."""
    cli.text("push", queue, "precious")
    with open("/dev/full", "wb") as full:
        done = cli.run("take", queue, stdout=full)
    assert done.returncode == 1 and b"No space left on device; the message is back in its queue" in done.stderr
    assert cli.text("take", queue) == "precious"


def test_broken_pipe(cli, queue):
    cli.text("push", queue, typed=b"precious" * 30000)
    reader, writer = os.pipe()
    os.close(reader)
    done = cli.run("take", queue, stdout=writer)
    os.close(writer)
    assert done.returncode == 1 and b"is back in its queue" in done.stderr
    assert cli.text("take", queue) == "precious" * 30000


def test_leases_by_hand(cli, http, queue):
    """take --lease tells the token; ack ends it, and a second time is too late."""
    cli.text("push", queue, "one")
    taken = cli.run("take", queue, "--lease", 60)
    key, token, *_ = taken.stderr.decode().split()
    assert (taken.stdout, key) == (b"one", f"{queue}:1")
    assert cli.run("take", queue).returncode == 3
    cli.text("extend", queue, key, token, "--by", 600)
    until = json.loads(cli.text("peek", queue, "--key", key, "--json"))["lease_until"]
    assert until / 1000 > time.time() + 500
    cli.text("release", queue, key, token, "--delay", 0)
    letter = json.loads(cli.text("take", queue, "--lease", 60, "--json"))
    assert letter["deliveries"] == 2
    cli.text("ack", queue, key, letter["lease"])
    done = cli.run("ack", queue, key, letter["lease"])
    assert done.returncode == 7 and b"not the token of the lease in force" in done.stderr


def test_leases_down_a_pipe(cli, http, queue):
    cli.text("push", queue, "--lines", typed=b"".join(b"%d\n" % number for number in range(1200)))
    taken = "".join(cli.text("take", queue, "--lease", 60, "--count", 1000, "--json") for _ in range(2))
    assert cli.text("ack", queue, typed=taken.encode()) == ""
    assert http.get(f"/stats/{queue}").json()["acked"] == 1200
    done = cli.run("ack", queue, typed=b"nonsense\n")
    assert done.returncode == 1 and b"line 1 is neither" in done.stderr
    assert cli.run("ack", queue, "key").returncode == 2


def test_take_waits(waiting, helped, queue):
    """A long-poll: the message comes when it is pushed."""
    process = waiting.start("take", queue, "--wait", 50)
    time.sleep(0.5)
    assert process.poll() is None
    helped.http.post(f"/q/{queue}", b"hello", {"Content-Type": "text/plain"})
    assert process.communicate(timeout=30) == (b"hello", b"") and process.returncode == 0
    begun = time.monotonic()
    assert waiting.run("take", queue, "--wait", 1).returncode == 3 and time.monotonic() - begun > 0.9
