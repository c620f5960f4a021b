# test_verbs.py - the verbs that look after queues, channels and pools.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import re
import signal
import subprocess
import time

import pytest

from restmq_cli import on_terminal
from stack import patience, wait_for


def test_ls_and_stats(cli, queue):
    cli.text("push", queue, "one")
    cli.text("push", f"{queue}/b", "two", "--delay", 60)
    assert cli.text("ls", "--match", f"{queue}*").split() == [queue, f"{queue}/b"]
    assert json.loads(cli.text("ls", "--json", "--match", f"{queue}*")) == [queue, f"{queue}/b"]
    assert json.loads(cli.text("ls", "--json", "--match", "nowhere*")) == []
    assert queue in cli.text("ls").split()
    head, row = cli.text("stats", f"{queue}/b").splitlines()
    facts = dict(zip(head.split(), row.split()))
    assert (facts["queue"], facts["ready"], facts["delayed"], facts["state"]) == (f"{queue}/b", "0", "1", "started")
    rows = cli.text("stats", "--match", f"{queue}*").splitlines()
    assert [row.split()[0] for row in rows] == ["queue", queue, f"{queue}/b"]
    assert json.loads(cli.text("stats", queue, "--json"))["len"] == 1
    assert {json.loads(line)["queue"] for line in cli.text("stats", "--json").splitlines()} >= {queue, f"{queue}/b"}


def test_many_queues_are_several_pages(cli, http, queue):
    for number in range(1050):
        http.post(f"/q/{queue}.{number:04}", b"x", {"Content-Type": "text/plain"})
    assert len(cli.text("ls", "--match", f"{queue}.*").split()) == 1050
    assert len(cli.text("stats", "--match", f"{queue}.*").splitlines()) == 1051


def test_stats_are_watched(cli, queue):
    process = cli.start("stats", queue, "--watch", "--json")
    cli.text("push", queue, "--lines", typed=b"a\nb\nc\n")
    deadline = time.monotonic() + patience(20)
    while json.loads(process.stdout.readline())["len"] != 3:
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=patience(10))
    assert process.returncode == 0


def test_no_colour_down_a_pipe(cli, queue):
    cli.text("push", queue, "one")
    assert "\033" not in cli.text("stats", queue)
    assert b"\033[1m" in on_terminal(cli, ["stats", queue])[1]
    cli.environment["NO_COLOR"] = "1"
    assert b"\033" not in on_terminal(cli, ["stats", queue])[1]


def test_settings(cli, queue):
    assert cli.text("set", queue, "max_deliveries=5", "policy=roundrobin") == (
        "policy=roundrobin\nlease=0\nmax_deliveries=5\nmax_length=0\nttl=0\nbackoff=0\n")
    assert "backoff=1,2,10\n" in cli.text("set", queue, "backoff=1,2,10")
    assert cli.text("set", queue, "policy=broadcast").startswith("policy=broadcast\n")
    assert json.loads(cli.text("set", queue, "--json"))["max_deliveries"] == 5
    done = cli.run("set", queue, "colour=red")
    assert done.returncode == 1 and b'unknown option "colour"' in done.stderr
    assert cli.run("set", queue, "lease").returncode == 2


def test_pause_and_start(cli, queue):
    cli.text("pause", queue, "--what", "pushes")
    assert "pushes held" in cli.text("stats", queue)
    assert cli.run("push", queue, "x").returncode == 8
    cli.text("start", queue, "--what", "pushes")
    cli.text("pause", queue)
    assert "stopped" in cli.text("stats", queue)
    cli.text("start", queue)
    cli.text("push", queue, "x")
    assert cli.run("pause", queue, "--what", "all").returncode == 1


def test_purge_asks(cli, queue):
    cli.text("push", queue, "one")
    done = cli.run("purge", queue)
    assert done.returncode == 2 and b"nobody is there to be asked: say --yes" in done.stderr
    assert on_terminal(cli, ["purge", queue], b"n\n")[0] == 1
    assert json.loads(cli.text("stats", queue, "--json"))["len"] == 1
    status, seen = on_terminal(cli, ["purge", queue], b"y\n")
    assert status == 0 and b"1 messages purged" in seen
    assert cli.text("purge", queue, "--yes") == "0 messages purged\n"


def test_delete_and_remove(cli, queue):
    cli.text("push", queue, "--lines", typed=b"one\ntwo\nthree\n")
    cli.text("delete", queue, f"{queue}:1")
    assert cli.run("delete", queue, f"{queue}:1").returncode == 3
    cli.text("take", queue, "--lease", 60)
    assert cli.run("delete", queue, f"{queue}:2").returncode == 7
    cli.text("delete", queue, f"{queue}:2", "--force")
    assert cli.run("remove", queue, "--yes").returncode == 7
    assert "with 1 messages" in cli.text("remove", queue, "--yes", "--force")
    assert cli.run("remove", queue, "--yes").returncode == 3


def test_removal_of_many_messages(cli, queue):
    cli.text("push", queue, "--lines", typed=b"x\n" * 5000)
    cli.text("remove", queue, "--yes", "--force")
    assert cli.text("ls", "--match", queue) == ""


def make_dead(cli, queue, count):
    cli.text("set", queue, "max_deliveries=1")
    cli.text("push", queue, "--lines", typed=b"x\n" * count)
    taken = cli.text("take", queue, "--lease", 60, "--count", count, "--json")
    cli.text("release", queue, typed=taken.encode())


@pytest.mark.parametrize("verb", [["redrive"], ["dead", "redrive"]])
@pytest.mark.parametrize("end", ["", ".dead"])
def test_redrive(cli, queue, verb, end):
    make_dead(cli, queue, 3)
    assert queue in cli.text("dead", "ls")
    assert cli.text(*verb, queue + end, "--count", 1) == "1 dead letters are back\n"
    assert json.loads(cli.text(*verb, queue + end, "--json")) == {"redriven": 2}
    assert queue not in cli.text("dead", "ls").split()


def test_dead_rm(cli, queue):
    make_dead(cli, queue, 4)
    assert cli.run("dead", "rm", queue).returncode == 2
    cli.text("dead", "rm", queue, f"{queue}:1", f"{queue}:3")
    assert cli.run("dead", "rm", queue, "--all").returncode == 2
    assert cli.text("dead", "rm", queue, "--all", "--yes") == "2 messages purged\n"


def test_chosen_dead_letters(cli, queue):
    make_dead(cli, queue, 5)
    cli.text("redrive", queue, f"{queue}:2", f"{queue}:4")
    assert json.loads(cli.text("stats", queue, "--json"))["len"] == 2
    done = cli.run("dead", "rm", queue + ".dead", f"{queue}:1", f"{queue}:2")
    assert done.returncode == 3 and f"{queue}:2: no such dead letter".encode() in done.stderr
    assert [json.loads(row)["key"] for row in cli.text("dead", "ls", queue, "--json").splitlines()] == [
        f"{queue}:3", f"{queue}:5"]
    rows = json.loads(cli.text("dead", "redrive", queue, f"{queue}:3", "--json"))
    assert rows == [{"key": f"{queue}:3", "redriven": True}]
    cli.text("take", queue + ".dead", "--lease", 60)
    assert cli.run("dead", "rm", queue, f"{queue}:5").returncode == 7
    assert cli.run("redrive", queue, "other:1").returncode == 1
    assert cli.run("redrive", queue, f"{queue}:5", "--count", 1).returncode == 2


def test_browse(cli, queue):
    cli.text("push", queue, "--lines", typed=b"one\ntwo\nthree\n")
    key, token = cli.text("take", queue, "--lease", 60, "--json").split('"')[3], None
    rows = [json.loads(row) for row in cli.text("browse", queue, "--json").splitlines()]
    assert [(row["key"], row["state"], row["value"]) for row in rows] == [
        (f"{queue}:2", "ready", "two"), (f"{queue}:3", "ready", "three"), (key, "leased", "one")]
    assert token is None and json.loads(cli.text("stats", queue, "--json"))["leased"] == 1
    head, row = cli.text("browse", queue, "--match", "thr").splitlines()
    assert head.split() == ["key", "state", "until", "deliveries", "age", "bytes", "reason", "message"]
    assert row.split()[0] == f"{queue}:3" and row.split()[-1] == "three"
    assert len(cli.text("browse", queue, "--limit", 1).splitlines()) == 2
    assert len(cli.text("browse", queue, "--state", "leased").splitlines()) == 2
    assert json.loads(cli.text("browse", queue, "--key", f"{queue}:3", "--cut", 2, "--json"))["value"] == "th"
    assert cli.text("browse", queue + ".none", "--json") == ""


def test_browse_more_than_a_page(cli, queue):
    cli.text("push", queue, "--lines", typed=b"".join(b"%d\n" % number for number in range(230)))
    values = [json.loads(row)["value"] for row in cli.text("browse", queue, "--json", "--limit", 210).splitlines()]
    assert values == [str(number) for number in range(210)]


@pytest.mark.parametrize("words, status", [
    (["--limit", "0"], 2), (["--cut", "65537"], 2), (["--state", "dead"], 1), (["--match", ""], 1),
    (["--key", "$:9"], 3), (["--key", "other:1"], 1), (["--key", "$:1", "--limit", "5"], 2)])
def test_browse_misused(cli, queue, words, status):
    assert cli.run("browse", queue, *(word.replace("$", queue) for word in words)).returncode == status


def test_control_bytes_do_not_reach_the_terminal(cli, queue):
    cli.text("push", queue, typed=b"a\033[31mb\nc")
    cli.text("push", queue, typed=b"\xff\xfe")
    seen = cli.text("browse", queue)
    assert "\033" not in seen and "a?[31mb?c" in seen and "(no text)" in seen and len(seen.splitlines()) == 3


def test_reasons(cli, queue):
    cli.text("set", queue, "max_deliveries=2")
    cli.text("push", queue, "x")
    for reason in "no route", "still no é":
        facts = json.loads(cli.text("take", queue, "--lease", 60, "--json"))
        cli.text("release", queue, facts["key"], facts["lease"], "--reason", reason)
        if reason == "no route":
            assert "no route" in cli.text("browse", queue)
    row, = map(json.loads, cli.text("dead", "ls", queue, "--json").splitlines())
    assert (row["died"]["deliveries"], row["died"]["reason"]) == (2, "still no é")
    head, row = cli.text("dead", "ls", queue).splitlines()
    assert head.split() == ["key", "died", "deliveries", "bytes", "reason", "message"] and "still no é" in row
    assert cli.text("dead", "ls", queue, "--match", "nothing", "--json") == ""
    assert cli.run("dead", "ls", "--limit", 5).returncode == 2


def test_bad_reasons(cli, queue):
    """The message stays leased."""
    cli.text("push", queue, "x")
    facts = json.loads(cli.text("take", queue, "--lease", 60, "--json"))
    for reason in "", "x" * 201, "a\nb":
        done = cli.run("release", queue, facts["key"], facts["lease"], "--reason", reason)
        assert done.returncode == 2 and b"--reason has 1 to 200 bytes" in done.stderr
    cli.text("ack", queue, facts["key"], facts["lease"])


def test_families_are_told(cli):
    done = cli.run("dead", "lss")
    assert done.returncode == 2 and b"did you mean dead ls?" in done.stderr and b"restmq dead rm QUEUE" in done.stderr


def test_publish_and_listen(waiting, queue):
    process = waiting.start("sub", queue)
    texts = ["hello", "a\nb", ""]
    wait_for(lambda: waiting.text("pub", queue, "are you there?") == "1\n", patience(20), step=0.2)
    while process.stdout.readline() != b"are you there?\n":
        pass
    for text in texts:
        assert waiting.text("pub", queue, text) == "1\n"
    lines = [process.stdout.readline() for _ in range(4)]
    process.kill()
    process.communicate()
    assert b"".join(lines) == b"hello\na\nb\n\n"


def test_listen_as_json(waiting, queue):
    process = waiting.start("sub", queue, "--json")
    wait_for(lambda: waiting.text("pub", queue, "x\ny") == "1\n", patience(20), step=0.2)
    assert json.loads(process.stdout.readline()) == {"channel": queue, "value": "x\ny"}
    waiting.text("pub", queue, typed=b"\0\xff")
    line = json.loads(process.stdout.readline())
    process.kill()
    process.communicate()
    assert line == {"channel": queue, "value": "AP8=", "encoding": "base64"}


def test_who(waiting, queue):
    follower = waiting.start("who", queue, "--follow")
    listener = waiting.start("sub", queue)
    wait_for(lambda: queue in waiting.text("who"), patience(20), step=0.2)
    assert "sse" in waiting.text("who", queue)
    assert json.loads(waiting.text("who", queue, "--json"))["via"] == "sse"
    listener.kill()
    listener.communicate()
    follower.kill()
    follower.communicate()
    assert waiting.run("who", "--follow").returncode == 2


def test_pools(cli, queue):
    assert cli.text("lb", "put", queue, "s1", "--score", "10", "--row", "odd") == "10\n"
    cli.text("lb", "put", queue, "s2", "--score", "5", "--row", "even")
    assert cli.text("lb", "put", queue, "s1", "--incr", "-9.5") == "0.5\n"
    assert cli.text("lb", "pick", queue) == "s1\n"
    assert cli.text("lb", "pick", queue, "--replicas", 2).split() == ["s1", "s2"]
    assert cli.text("lb", "charge", queue, "--cost", "10") == "s1\n"
    assert cli.text("lb", "pick", queue) == "s2\n"
    assert cli.text("lb", "pick", queue, "--key", "a") in ("s1\n", "s2\n")
    assert [line.split()[0] for line in cli.text("lb", "list", queue).splitlines()][0] == "server"
    assert cli.run("lb", "pick", queue, "--replicas", 3).returncode == 7
    assert cli.run("lb", "put", queue, "s9", "--score", 1, "--no-add").returncode == 3
    assert cli.run("lb", "put", queue, "s1").returncode == 2
    assert cli.text("lb", "rm", queue, "s1") == "1 removed\n"
    assert cli.run("lb", "rm", queue).returncode == 2
    assert cli.text("lb", "rm", queue, "--yes") == "1 removed\n"
    assert cli.run("lb", "pick", queue).returncode == 3


def test_list_of_pools(cli, queue):
    cli.text("lb", "put", f"{queue}.a", "s1", "--score", 1)
    cli.text("lb", "put", f"{queue}.a", "s2", "--score", 1)
    cli.text("lb", "put", f"{queue}.b", "s1", "--score", 1)
    rows = [line.split() for line in cli.text("lb", "list", "--match", f"{queue}.*").splitlines()]
    assert rows == [["pool", "servers"], [f"{queue}.a", "2"], [f"{queue}.b", "1"]]
    assert [(json.loads(line)["name"], json.loads(line)["servers"])
            for line in cli.text("lb", "list", "--match", f"{queue}.*", "--json").splitlines()] == [
        (f"{queue}.a", 2), (f"{queue}.b", 1)]
    assert f"{queue}.b" in cli.text("lb", "list")
    assert cli.run("lb", "list", f"{queue}.a", "--match", "x").returncode == 2


def test_health(cli, waiting):
    assert cli.text("ready").startswith("ready: A push that got a 2xx")
    assert json.loads(cli.text("ready", "--json"))["ready"] is True
    assert cli.text("health").strip() == "ok" and json.loads(cli.text("health", "--json")) == {"status": "ok"}
    assert json.loads(waiting.text("health", "--helper")) == {"status": "ok"}
    assert "restmq_queues " in cli.text("metrics")
    assert cli.run("health", "--helper").returncode in (1, 5)


def test_rights(cli, queue):
    assert {"read", "write", "purge", "admin"} <= set(cli.text("rights", queue).split())
    assert "read" in json.loads(cli.text("rights", "--json"))["may"]


def test_bench(cli):
    """Three parts with some of each, and the queue is gone."""
    rows = [json.loads(line) for line in cli.text("bench", "--seconds", 1, "--jobs", 2, "--json").splitlines()]
    assert [row["what"] for row in rows] == ["push", "take", "push, lease, ack"]
    for row in rows:
        assert row["failed"] == 0 and 0 < row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"] <= row["most_ms"]
    assert cli.text("ls", "--match", "restmq-bench-*") == ""
    assert cli.run("bench", "--seconds", 1, "--url", "http://127.0.0.1:9", "--patience", 0).returncode == 1


def test_json_of_each_verb(cli, queue):
    """Whatever a verb prints with --json is a line of JSON, or several."""
    rows = map(json.loads, cli.text("--verbs").splitlines())
    asked = set()

    def ask(*words, typed=b""):
        asked.add(" ".join(words[:2]) if words[0] in ("dead", "lb") else words[0])
        lines = cli.text(*words, "--json", typed=typed).splitlines()
        return [json.loads(line) for line in lines]

    ask("push", queue, "one")
    ask("push", queue, "--lines", typed=b"two\nthree\n")
    assert ask("peek", queue)[0]["value"] == "one" and len(ask("browse", queue)) == 3
    ask("take", queue)
    [letter] = ask("take", queue, "--lease", 60)
    ask("extend", queue, letter["key"], letter["lease"])
    ask("release", queue, letter["key"], letter["lease"], "--delay", 0)
    [letter] = ask("take", queue, "--lease", 60)
    ask("ack", queue, letter["key"], letter["lease"])
    for words in (["ls"], ["stats"], ["stats", queue], ["set", queue, "ttl=60"], ["pause", queue, "--what", "takes"],
                  ["export", queue, f"{cli.home}/messages", "--copy"], ["start", queue, "--what", "takes"],
                  ["import", queue, f"{cli.home}/messages"], ["work", queue, "--until-empty", "--", "true"],
                  ["push", queue, "four"], ["delete", queue, f"{queue}:5"], ["dead", "ls"], ["dead", "ls", queue],
                  ["redrive", queue], ["dead", "redrive", queue], ["dead", "rm", queue, "--all", "--yes"], ["pub", queue, "x"],
                  ["who"], ["who", queue], ["lb", "put", queue, "s1", "--score", 1], ["lb", "list"], ["lb", "list", queue],
                  ["lb", "pick", queue], ["lb", "charge", queue], ["lb", "rm", queue, "s1"], ["ready"], ["health"],
                  ["rights"], ["bench", "--seconds", 1], ["purge", queue, "--yes"], ["remove", queue, "--yes", "--force"]):
        ask(*words)
    # sub goes on for ever and has a test above; metrics has the form of Prometheus; scripts and tools are none of these.
    assert {row["verb"] for row in rows if "POST " in row["routes"] or "GET " in row["routes"]} - asked == {"sub", "metrics"}
