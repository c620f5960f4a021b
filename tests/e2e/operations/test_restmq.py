# test_restmq.py - restmq, the program with the tools: its verbs, help, and exit codes.  What the verbs
# do is tested elsewhere.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import re

import pytest

from stack import restmq

ADMIN = {"authkey", "check-config", "cluster", "fsck", "handshake", "retag"}    # those that do not speak HTTP


def test_help(builddir):
    """Each verb has a sentence, and a page of its own."""
    done = restmq(builddir, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    verbs = re.findall("^  ([a-z-]+(?: [a-z]+)?)  +[a-z]", done.stdout, re.MULTILINE)
    assert ADMIN < set(verbs) and len(verbs) == len(set(verbs))
    assert verbs == [json.loads(line)["verb"] for line in restmq(builddir, "--verbs").stdout.splitlines()]


@pytest.mark.parametrize("verb", sorted(ADMIN | {"push"}))
@pytest.mark.parametrize("words", [["--help"], ["word", "--help"], ["--help", "--nonsense"]])
def test_help_of_a_verb(builddir, verb, words):
    done = restmq(builddir, verb, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: restmq {verb} ")


def test_version(builddir):
    done = restmq(builddir, "--version")
    assert (done.returncode, done.stderr) == (0, "") and re.fullmatch(r"restmq \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("words, complaint", [
    ([], "a verb is missing"), (["fsk"], "there is no such verb: fsk; did you mean fsck?"),
    (["psuh"], "there is no such verb: psuh; did you mean push?"), (["colour"], "there is no such verb: colour"), ([""], "there is no such verb"),
    (["--fsck"], "a verb comes first"), (["--config", "/dev/null", "fsck"], "a verb comes first"),
    (["fsck", "--nonsense"], "fsck has no such option"), (["fsck", "-x"], "fsck has no such option"),
    (["fsck", "--repair=1"], "fsck has no such option"), (["fsck", "--config"], "a value is missing"),
    (["fsck", "--repair", "--repair"], "twice: --repair"), (["fsck", "now"], "too many words"),
    (["fsck", "--grace", "1", "--grace=2"], "twice: --grace"),
    (["fsck", "--config", "/dev/null", "--config", "/dev/null"], "twice: --config"),
    (["fsck", "--grace", "1h"], "--grace is a whole number of seconds from 0 to 3600"),
    (["handshake"], "too few words"), (["handshake", "a", "b"], "handshake is followed by"),
    (["handshake", "--config", "/dev/null", "a"], "handshake has no such option")])
def test_command_lines_that_are_none(builddir, words, complaint):
    """A sentence, how it should look, and nothing was done."""
    done = restmq(builddir, *words)
    assert (done.returncode, done.stdout) == (2, "")
    first, second, *_ = done.stderr.splitlines()
    assert first.startswith("restmq: ") and complaint in first and second.startswith("usage: restmq ")


@pytest.mark.parametrize("words", [["fsck"], ["authkey", "list"]])
@pytest.mark.parametrize("text, complaint", [("colour = red\n", ":1: "), (None, "No such file")])
def test_bad_settings(builddir, tmp_path, words, text, complaint):
    config = tmp_path / "restmq.conf"
    if text:
        config.write_text(text)
    done = restmq(builddir, *words, "--config", config)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"restmq: {config}") and complaint in done.stderr


def test_check_config(builddir, tmp_path):
    """It prints what the daemons print, under both of its names; the sockets are its own."""
    config = tmp_path / "restmq.conf"
    config.write_text("max_consumers = 12345\n")
    done = [restmq(builddir, name, "--config", config) for name in ("check-config", "--check-config")]
    assert done[0].stdout == done[1].stdout and [one.returncode for one in done] == [0, 0]
    lines = done[0].stdout.splitlines()
    assert lines[0] == f"{config}: ok" and "max_consumers = 12345" in lines
    assert "sockets: none, as it serves nobody" in lines and lines[-1].startswith("Redis: ")
