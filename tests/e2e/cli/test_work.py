# test_work.py - work: a command for each message; whatever is killed, every message is done.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import os
import random
import signal
import subprocess
import time

import pytest

from stack import patience, wait_for

OTHER = "echo seen >&2; echo why it failed >&2; exit 3"


def push(http, queue, messages):
    body = b"".join(message + b"\n" for message in messages)
    assert http.post(f"/q/{queue}", body, {"Content-Type": "application/x-ndjson"}).status == 200


def numbers(http, queue):
    return http.get(f"/stats/{queue}").json()


def is_empty(http, queue):
    facts = numbers(http, queue)
    return facts["len"] + facts["leased"] + facts["delayed"] == 0


def test_message_and_facts(cli, http, queue, tmp_path):
    http.post(f"/q/{queue}", b"a\0b\n\xff", {"Content-Type": "application/octet-stream"})
    out = tmp_path / "out"
    script = 'cat >"$0"; echo "$RESTMQ_QUEUE $RESTMQ_KEY $RESTMQ_DELIVERIES ${#RESTMQ_LEASE}"'
    done = cli.run("work", queue, "--until-empty", "--", "sh", "-c", script, str(out))
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == b"a\0b\n\xff" and done.stdout == f"{queue} {queue}:1 1 32\n".encode()
    assert is_empty(http, queue) and numbers(http, queue)["acked"] == 1


@pytest.mark.parametrize("reads", ["true", "cat >/dev/null"])
def test_a_large_message(cli, http, queue, reads):
    """One that is not read by the command is no harm."""
    http.post(f"/q/{queue}", b"\0" * 1048576, {"Content-Type": "application/octet-stream"})
    assert cli.run("work", queue, "--until-empty", "--", "sh", "-c", reads).returncode == 0
    assert is_empty(http, queue)


def test_failed_messages_come_back_later(cli, http, queue):
    push(http, queue, [b"one"])
    done = cli.run("work", queue, "--until-empty", "--backoff", "60,2,600", "--", "sh", "-c", OTHER)
    assert done.returncode == 0
    assert f"restmq: {queue}:1: exit status 3: why it failed\n".encode() in done.stderr
    facts = numbers(http, queue)
    assert (facts["delayed"], facts["returned"], facts["acked"]) == (1, 1, 0)


def reason(http, queue, key):
    return http.get(f"/j/{queue}?key={key}").json()["message"].get("reason")


@pytest.mark.parametrize("script, expected", [
    (OTHER, "why it failed"), ("exit 4", "exit status 4"), ("kill -9 $$", "ended by signal 9"),
    (r"printf 'a\033b \377 \342\202' >&2; exit 1", "a b ? ??"),
    ("printf 'é%.0s' $(seq 101) >&2; exit 1", "é" * 100),
    ("printf 'x%.0s' $(seq 1000) >&2; exit 1", "x" * 200)])
def test_the_reason_is_the_last_line(cli, http, queue, script, expected):
    push(http, queue, [b"one"])
    done = cli.run("work", queue, "--until-empty", "--backoff", "60,2,600", "--", "sh", "-c", script)
    assert done.returncode == 0 and reason(http, queue, f"{queue}:1") == expected


def test_the_queues_own_backoff_counts(cli, http, queue):
    http.post(f"/p/{queue}", form={"backoff": "60,2,600"})
    push(http, queue, [b"one"])
    report = cli.run("work", queue, "--until-empty", "--json", "--", "sh", "-c", OTHER).stderr.decode()
    assert json.loads(report.splitlines()[-1]) == {"key": f"{queue}:1", "what": "exit status 3", "line": "why it failed"}
    assert numbers(http, queue)["delayed"] == 1


def test_no_such_command(cli, http, queue):
    """That is no message's fault: it is given back, and nothing more is taken."""
    push(http, queue, [b"one", b"two"])
    done = cli.run("work", queue, "--", "/nowhere/command")
    assert done.returncode == 1 and b"/nowhere/command: No such file" in done.stderr
    assert numbers(http, queue)["len"] == 2


def test_the_lease_is_extended(cli, http, queue):
    push(http, queue, [b"one"])
    process = cli.start("work", queue, "--lease", 2, "--until-empty", "--", "sleep", 5)
    deadline = time.monotonic() + 4
    wait_for(lambda: numbers(http, queue)["leased"] == 1)
    while time.monotonic() < deadline:
        assert numbers(http, queue)["leased"] == 1
        time.sleep(0.2)
    assert process.wait(patience(20)) == 0 and numbers(http, queue)["acked"] == 1
    process.communicate()


def test_a_lost_lease_ends_the_command(cli, http, queue):
    """Somebody has deleted the message meanwhile: the work is not this worker's any more."""
    push(http, queue, [b"one"])
    process = cli.start("work", queue, "--lease", 2, "--until-empty", "--", "sleep", 600)
    wait_for(lambda: numbers(http, queue)["leased"] == 1)
    http.request("DELETE", f"/q/{queue}?key={queue}:1&force=1")
    said = process.communicate(timeout=patience(30))[1]
    assert process.returncode == 0 and b"the lease was lost, and the command ended" in said


def test_ten_at_a_time(cli, http, queue):
    push(http, queue, [b"%d" % number for number in range(10)])
    begun = time.monotonic()
    done = cli.run("work", queue, "--jobs", 10, "--until-empty", "--", "sleep", 2)
    assert done.returncode == 0 and numbers(http, queue)["acked"] == 10
    assert time.monotonic() - begun < 20      # one after the other they need that at least


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_what_is_in_hand(cli, http, queue, tmp_path, number):
    push(http, queue, [b"one", b"two"])
    begun = tmp_path / "begun"
    process = cli.start("work", queue, "--", "sh", "-c", 'touch "$0"; sleep 2', str(begun))
    wait_for(begun.exists, patience(15))
    process.send_signal(number)
    assert process.wait(patience(20)) == 0
    process.communicate()
    facts = numbers(http, queue)
    assert (facts["acked"], facts["len"], facts["leased"]) == (1, 1, 0)


def test_a_second_signal_gives_it_back(cli, http, queue, tmp_path):
    push(http, queue, [b"one"])
    begun = tmp_path / "begun"
    process = cli.start("work", queue, "--", "sh", "-c", 'touch "$0"; exec sleep 600', str(begun))
    wait_for(begun.exists, patience(15))
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=patience(20))
    facts = numbers(http, queue)
    assert (facts["acked"], facts["len"], facts["leased"], facts["delayed"]) == (0, 1, 0, 0)


def test_the_helper_is_asked_to_wait(waiting, helped, queue):
    """No polling: a message that comes later is done at once."""
    process = waiting.start("work", queue, "--", "cat")
    time.sleep(1)
    helped.http.post(f"/q/{queue}", b"hello\n", {"Content-Type": "text/plain"})
    assert process.stdout.readline() == b"hello\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=patience(30))
    assert process.returncode == 0


def test_without_a_helper_it_asks_once_a_second(cli, http, queue):
    process = cli.start("work", queue, "--", "cat")
    push(http, queue, [b"hello"])
    assert process.stdout.read(5) == b"hello"
    process.send_signal(signal.SIGTERM)
    assert b"asking once a second instead" in process.communicate(timeout=patience(30))[1]


def workers_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [int(child) for child in children.read().split()]


def done_of(folder):
    return {name for name in os.listdir(folder)}


def begin(cli, queue, folder, killed):
    """The command kills itself now and then, before or behind its work."""
    script = f"""
        read number
        [ $(( $$ % {killed} )) != 0 ] || kill -9 $$
        : >"$0/$number"
        [ $(( $$ % {killed} )) != 1 ] || kill -9 $$
    """
    return cli.start("work", queue, "--jobs", 4, "--lease", 5, "--backoff", "1,1,1", "--", "sh", "-c", script,
                     str(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def push_numbers(http, queue, count):
    for first in range(0, count, 1000):
        push(http, queue, [b"%d" % number for number in range(first, min(first + 1000, count))])


@pytest.mark.parametrize("count", [300, pytest.param(10000, marks=pytest.mark.load)])
def test_every_message_is_done(cli, http, queue, tmp_path, count):
    """10,000 messages, the command killed at random: each is done, none is lost."""
    push_numbers(http, queue, count)
    process = begin(cli, queue, tmp_path, killed=50)
    wait_for(lambda: is_empty(http, queue), patience(400), step=1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=patience(30))
    assert process.returncode == 0
    assert done_of(tmp_path) >= {str(number) for number in range(count)}
    facts = numbers(http, queue)
    assert facts["acked"] == count and facts["returned"] > count / 200


@pytest.mark.parametrize("count, most", [(400, 3), pytest.param(2000, 20, marks=pytest.mark.load)])
def test_every_message_is_done_whatever_is_killed(cli, http, queue, tmp_path, count, most):
    """kill -9 of restmq work itself, and of its workers: what was in hand comes back when its lease ends."""
    push_numbers(http, queue, count)
    process = begin(cli, queue, tmp_path, killed=1000)
    deadline, kills = time.monotonic() + patience(120), 0
    wait_for(lambda: len(done_of(tmp_path)) > 20, patience(30), step=0.01)
    while not is_empty(http, queue) and time.monotonic() < deadline:
        time.sleep(random.uniform(0.3, 1.5) if kills else 0)
        if kills < most:
            kills += 1
            # The first one is the program itself.
            victim = process.pid if kills == 1 else random.choice([process.pid, *workers_of(process.pid)])
            os.kill(victim, signal.SIGKILL)
            if victim == process.pid:
                process.communicate()
                process = begin(cli, queue, tmp_path, killed=1000)
    assert is_empty(http, queue) and kills
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=patience(30))
    assert done_of(tmp_path) >= {str(number) for number in range(count)} and numbers(http, queue)["acked"] == count
