# test_files.py - export and import: any bytes, interrupted and started again, nothing lost and nothing twice.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import json
import random
import re
import resource
import signal
import subprocess
import time

import pytest

from restmq_cli import on_terminal
from stack import patience

MESSAGES = [b"plain", b"", b"\0", b"a\nb", b"\r", bytes(range(256)), "\u20ac".encode(), b"x" * 1048576, b"\n" * 3, b"last"]


def push(http, queue, messages):
    for message in messages:
        assert http.post(f"/q/{queue}", message, {"Content-Type": "application/octet-stream"}).status == 200


def take_all(http, queue):
    values = []
    while True:
        answer = http.get(f"/q/{queue}?raw=1")
        if answer.status == 204:
            return values
        values.append(answer.body)


def numbers(http, queue):
    return http.get(f"/stats/{queue}").json()


def test_there_and_back(cli, http, queue, tmp_path):
    """Any bytes, and in their order."""
    file = tmp_path / "messages"
    push(http, queue, MESSAGES)
    assert cli.text("export", queue, file) == "10 messages exported\n"
    facts = numbers(http, queue)
    assert (facts["len"], facts["leased"], facts["acked"]) == (0, 0, 10)
    assert [json.loads(line)["key"] for line in file.read_bytes().splitlines()] == [f"{queue}:{n}" for n in range(1, 11)]
    assert cli.text("import", f"{queue}.b", file) == "10 messages imported\n"
    assert take_all(http, f"{queue}.b") == MESSAGES
    assert cli.text("import", f"{queue}.b", file) == "0 messages imported\n"
    assert cli.run("import", f"{queue}.c", file).returncode == 1      # the journal is another queue's


def test_a_second_export_is_added(cli, http, queue, tmp_path):
    file = tmp_path / "messages"
    push(http, queue, [b"one"])
    cli.text("export", queue, file)
    push(http, queue, [b"two"])
    assert json.loads(cli.text("export", queue, file, "--json")) == {"exported": 1}
    assert [json.loads(line)["value"] for line in file.read_text().splitlines()] == ["one", "two"]


def test_what_stays_is_told(cli, http, queue, tmp_path):
    push(http, queue, [b"one", b"two"])
    http.get(f"/q/{queue}?lease=60")
    done = cli.run("export", queue, tmp_path / "messages")
    assert done.returncode == 0 and done.stderr == b"1 messages stay: they are leased or delayed\n"


def test_written_but_not_acked(cli, http, queue, tmp_path):
    """As a crash leaves it: a line whose message is still there, and one that was cut."""
    file = tmp_path / "messages"
    push(http, queue, [b"one", b"two"])
    file.write_bytes(json.dumps({"key": f"{queue}:1", "value": "one"}, separators=(",", ":")).encode()
                     + b'\n{"key":"%b:2","val' % queue.encode())
    assert cli.text("export", queue, file) == "1 messages exported\n"
    assert [json.loads(line)["value"] for line in file.read_text().splitlines()] == ["one", "two"]
    assert numbers(http, queue)["acked"] == 2


def test_the_same_key_of_another_message(cli, http, queue, tmp_path):
    """A queue that was removed begins its keys anew: that is no message that was there before."""
    file = tmp_path / "messages"
    file.write_text(json.dumps({"key": f"{queue}:1", "value": "former"}, separators=(",", ":")) + "\n")
    push(http, queue, [b"one"])
    cli.text("export", queue, file)
    assert [json.loads(line)["value"] for line in file.read_text().splitlines()] == ["former", "one"]


def limited(size=100000):
    """Files of so many bytes at most, as on a disk that becomes full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_full_disk(cli, http, queue, tmp_path):
    file = tmp_path / "messages"
    push(http, queue, [b"x" * 60000] * 3)
    done = cli.run("export", queue, file, preexec_fn=limited)
    assert done.returncode == 1 and b"the messages in hand go back to the queue" in done.stderr
    facts = numbers(http, queue)
    assert (facts["len"], facts["leased"], file.stat().st_size) == (3, 0, 0)
    assert cli.text("export", queue, file) == "3 messages exported\n"


# --- a disk that does not keep what it was given, as strace plays it -------------------------------

def traced(cli, log, *words, trace, inject=None):
    """A run with its system calls in a log; inject: what strace does to some of them."""
    options = [] if inject is None else ["-e", f"inject={inject}"]
    leaks = {"ASAN_OPTIONS": cli.environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}     # not under ptrace
    return subprocess.run(["strace", "-qq", "-o", log, "-y", "-s", "200", "-e", f"trace={trace}", *options, cli.program,
                           *map(str, words)], env={**cli.environment, **leaks}, capture_output=True, timeout=patience(60))


def test_no_ack_before_the_file_is_on_the_disk(cli, http, queue, tmp_path):
    """Each batch is written, then synced, then acked: as the kernel sees it."""
    file, log = tmp_path / "messages", tmp_path / "calls"
    http.post(f"/q/{queue}", "x\n" * 1000, {"Content-Type": "application/x-ndjson"})
    push(http, queue, [b"last"])
    done = traced(cli, log, "export", queue, file, trace="write,fsync,sendto,sendmsg,writev")
    assert done.stdout == b"1001 messages exported\n", done.stderr
    calls = []
    for line in log.read_text().splitlines():
        if f"<{file}>" in line and line.startswith("write"):
            calls.append("written")
        elif f"<{file}>" in line and line.startswith("fsync"):
            calls.append("synced" if line.endswith("= 0") else "failed")
        elif "acks=1" in line:
            calls.append("acked")
    assert [call for call, before in zip(calls, ["", *calls]) if call != before] == ["written", "synced", "acked"] * 2


@pytest.mark.parametrize("failing, kept", [("1+", 0), ("2+", 1000)])
def test_a_disk_that_does_not_sync(cli, http, queue, tmp_path, failing, kept):
    """No ack follows: what is not on the disk stays in the queue, and the file has what was acked."""
    file, log = tmp_path / "messages", tmp_path / "calls"
    http.post(f"/q/{queue}", "x\n" * 1000, {"Content-Type": "application/x-ndjson"})
    push(http, queue, [b"last"])
    done = traced(cli, log, "export", queue, file, trace="fsync", inject=f"fsync:error=EIO:when={failing}")
    assert done.returncode == 1 and b"Input/output error; the messages in hand go back to the queue" in done.stderr
    facts = numbers(http, queue)
    assert (facts["len"], facts["leased"], facts["acked"]) == (1001 - kept, 0, kept)
    assert len(file.read_bytes().splitlines()) == kept
    assert cli.text("export", queue, file) == f"{1001 - kept} messages exported\n"
    assert len({json.loads(line)["key"] for line in file.read_bytes().splitlines()}) == 1001


def test_a_journal_that_is_not_on_the_disk(cli, http, queue, tmp_path):
    """Nothing is sent that was not noted."""
    file, log = tmp_path / "messages", tmp_path / "calls"
    file.write_text('{"value":"one"}\n')
    done = traced(cli, log, "import", queue, file, trace="fsync", inject="fsync:error=EIO")
    assert done.returncode == 1 and b"Input/output error" in done.stderr
    assert numbers(http, queue)["pushed"] == 0
    assert cli.text("import", queue, file) == "1 messages imported\n"


def test_no_room_for_the_journal(cli, http, queue, tmp_path):
    """What cannot be noted is not sent."""
    file = tmp_path / "messages"
    file.write_text('{"value":"one"}\n')
    for size in (10, 80):      # its first line, its second line
        assert cli.run("import", queue, file, preexec_fn=lambda: limited(size)).returncode == 1
        assert numbers(http, queue)["pushed"] == 0
    assert cli.text("import", queue, file) == "1 messages imported\n"


@pytest.mark.parametrize("line", ["nonsense", "[]", "{}", '{"value":7}', '{"value":"!","encoding":"base64"}', ""])
def test_lines_that_are_none(cli, http, queue, tmp_path, line):
    """Those before are pushed; mended, it goes on behind them."""
    file = tmp_path / "messages"
    file.write_text('{"value":"one"}\n' + line + "\n")
    done = cli.run("import", queue, file)
    assert done.returncode == 1 and b"line 2 is no JSON object" in done.stderr
    file.write_text('{"value":"one"}\n{"value":"two"}\n')
    assert cli.text("import", queue, file) == "1 messages imported\n"
    assert take_all(http, queue) == [b"one", b"two"]


def open_batch(cli, queue, file, age):
    """A journal whose last batch has no answer, sent so many seconds ago: its number, and the lines."""
    cli.text("import", queue, file)
    journal = file.parent / (file.name + ".restmq-import")
    head, begin, done = journal.read_text().splitlines()
    words = begin.split()
    words[6] = str(int((time.time() - age) * 1000))
    journal.write_text(head + "\n" + " ".join(words) + "\n")


def test_a_batch_without_an_answer_is_sent_again(cli, http, queue, tmp_path):
    """Within the time for which the broker knows it: pushed once."""
    file = tmp_path / "messages"
    file.write_text('{"value":"one"}\n{"value":"two"}\n')
    open_batch(cli, queue, file, age=10)
    assert cli.text("import", queue, file) == "2 messages imported\n"
    assert numbers(http, queue)["pushed"] == 2


@pytest.mark.parametrize("assume, pushed", [("pushed", 2), ("lost", 4)])
def test_a_batch_that_is_too_old(cli, http, queue, tmp_path, assume, pushed):
    file = tmp_path / "messages"
    file.write_text('{"value":"one"}\n{"value":"two"}\n')
    open_batch(cli, queue, file, age=1000)
    done = cli.run("import", queue, file)
    assert done.returncode == 5 and b"lines 1 to 2 were sent at" in done.stderr and b"--assume" in done.stderr
    assert numbers(http, queue)["pushed"] == 2
    cli.text("import", queue, file, "--assume", assume)
    assert numbers(http, queue)["pushed"] == pushed
    assert cli.text("import", queue, file) == "0 messages imported\n"


def test_another_file_of_that_name(cli, queue, tmp_path):
    file = tmp_path / "messages"
    file.write_text('{"value":"one"}\n')
    cli.text("import", queue, file)
    file.write_text('{"value":"six"}\n{"value":"two"}\n')
    done = cli.run("import", queue, file)
    assert done.returncode == 1 and b"is not the file that" in done.stderr


def test_the_batch_in_hand_was_changed(cli, http, queue, tmp_path):
    """One that has no answer is not sent again as another one, however like it that is."""
    file = tmp_path / "messages"
    file.write_text('{"value":"one"}\n{"value":"two"}\n')
    open_batch(cli, queue, file, age=10)
    file.write_text('{"value":"two"}\n{"value":"one"}\n')
    done = cli.run("import", queue, file)
    assert done.returncode == 1 and b"is not the file that" in done.stderr
    assert numbers(http, queue)["pushed"] == 2


def interrupt(process, number):
    """Some time later, if it still runs."""
    time.sleep(random.uniform(0.02, 0.5))
    if process.poll() is None:
        process.send_signal(number)
    process.communicate(timeout=patience(30))
    return process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.load)])
def test_interrupted_and_started_again(cli, http, queue, tmp_path, number):
    """Import and export of 8,000 messages, interrupted again and again: each is there once."""
    file, back = tmp_path / "messages", tmp_path / "back"
    file.write_text("".join(json.dumps({"value": str(n)}) + "\n" for n in range(8000)))
    for words in ["import", queue, file], ["export", queue, back]:
        for _ in range(6):
            status = interrupt(cli.start(*words), number)
            assert status in (0, 128 + number, -number)
        assert cli.run(*words).returncode == 0
    assert numbers(http, queue)["pushed"] == 8000
    # What a killed export held is leased for a while; its lines are in the file, or it comes back.
    deadline = time.monotonic() + 200
    while numbers(http, queue)["leased"] and time.monotonic() < deadline:
        time.sleep(5)
        cli.text("export", queue, back)
    cli.text("export", queue, back)
    assert sorted(int(json.loads(line)["value"]) for line in back.read_text().splitlines()) == list(range(8000))


# --- export --copy ---------------------------------------------------------------------------------

def hold(cli, queue):
    cli.text("pause", queue, "--what", "takes")


def values_of(file):
    """Of the lines of a file, as bytes, by their keys."""
    letters = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert len({letter["key"] for letter in letters}) == len(letters)
    return {letter["key"]: base64.b64decode(letter["value"]) if "encoding" in letter else letter["value"].encode()
            for letter in letters}


def test_copy(cli, http, queue, tmp_path):
    """Any bytes, in whatever state; nothing is changed by it."""
    file = tmp_path / "messages"
    messages = [*MESSAGES, b"\xff" * 1048576, b"\0" * 1048576, b"e" * 65536, b"e" * 65537]
    push(http, queue, messages)
    http.get(f"/q/{queue}?lease=600")
    http.post(f"/q/{queue}?delay=600", b"later", {"Content-Type": "text/plain"})
    hold(cli, queue)
    before = numbers(http, queue)
    assert cli.text("export", queue, file, "--copy") == f"{len(messages) + 1} messages copied\n"
    expected = {f"{queue}:{number}": message for number, message in enumerate([*messages, b"later"], 1)}
    assert values_of(file) == expected
    assert numbers(http, queue) == before
    assert json.loads(cli.text("export", queue, file, "--copy", "--json")) == {"copied": 0}
    assert values_of(file) == expected


def test_a_copy_can_be_imported(cli, http, queue, tmp_path):
    file = tmp_path / "messages"
    push(http, queue, MESSAGES)
    hold(cli, queue)
    cli.text("export", queue, file, "--copy")
    assert cli.text("import", f"{queue}.b", file) == "10 messages imported\n"
    assert take_all(http, f"{queue}.b") == MESSAGES


def test_an_export_behind_a_copy(cli, http, queue, tmp_path):
    """The messages leave the queue, and stand in the file once."""
    file = tmp_path / "messages"
    push(http, queue, MESSAGES)
    hold(cli, queue)
    cli.text("export", queue, file, "--copy")
    cli.text("start", queue, "--what", "takes")
    assert cli.text("export", queue, file) == "0 messages exported\n"
    assert numbers(http, queue)["acked"] == len(MESSAGES) and len(values_of(file)) == len(MESSAGES)


def test_a_copy_is_of_a_held_queue(cli, http, queue, tmp_path):
    push(http, queue, [b"one"])
    done = cli.run("export", queue, tmp_path / "messages", "--copy")
    assert done.returncode == 1 and f"restmq pause {queue} --what takes".encode() in done.stderr
    cli.text("pause", queue, "--what", "pushes")
    assert cli.run("export", queue, tmp_path / "messages", "--copy").returncode == 1
    assert (tmp_path / "messages").read_bytes() == b""


def test_a_full_disk_and_a_copy(cli, http, queue, tmp_path):
    file = tmp_path / "messages"
    push(http, queue, [b"x" * 60000] * 12)
    hold(cli, queue)
    done = cli.run("export", queue, file, "--copy", preexec_fn=limited)
    assert done.returncode == 1 and b"File too large" in done.stderr
    assert file.read_bytes() == b"" or file.read_bytes().endswith(b"\n")
    cli.text("export", queue, file, "--copy")
    assert len(values_of(file)) == 12


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_copy_is_interrupted_and_started_again(cli, http, queue, tmp_path, number):
    """Again and again, while messages come: those that were there before are in it, each once."""
    file, source = tmp_path / "messages", tmp_path / "source"
    source.write_text("".join(json.dumps({"value": str(n)}) + "\n" for n in range(3000)))
    cli.text("import", queue, source)
    hold(cli, queue)
    for _ in range(4):
        assert interrupt(cli.start("export", queue, file, "--copy"), number) in (0, 128 + number, -number)
        push(http, queue, [b"meanwhile"])
    cli.text("export", queue, file, "--copy")
    values = values_of(file)
    assert {values[f"{queue}:{n}"] for n in range(1, 3001)} == {b"%d" % n for n in range(3000)}
    assert numbers(http, queue)["len"] == 3004 == len(values)


def test_messages_that_go_while_they_are_copied(cli, http, queue, tmp_path):
    """Many are deleted in front: the pages begin elsewhere then, and what stays is in the copy all the same."""
    file = tmp_path / "messages"
    push(http, queue, [b"%d" % number for number in range(1000)])
    hold(cli, queue)
    process = cli.start("export", queue, file, "--copy")
    for number in range(1, 200):
        http.request("DELETE", f"/q/{queue}?key={queue}:{number}")
    assert process.wait(patience(60)) in (0, 1)
    process.communicate()
    cli.text("export", queue, file, "--copy")
    assert {f"{queue}:{number}" for number in range(200, 1001)} <= set(values_of(file))


# --- a terminal ------------------------------------------------------------------------------------

@pytest.mark.parametrize("words, line", [
    (["import", "QUEUE", "FILE"], rb"\rbytes imported: \d+ of \d+, \d+ %\x1b\[K"),
    (["export", "QUEUE", "FILE"], rb"\rexported: \d+\x1b\[K"),
    (["export", "QUEUE", "FILE", "--copy"], rb"\rcopied: \d+ of 20000, \d+ %\x1b\[K")])
def test_progress(cli, queue, tmp_path, words, line):
    """On a terminal a line that is written over, and gone in the end; none where there is no terminal."""
    source, file = tmp_path / "source", tmp_path / "messages"
    source.write_text("".join(json.dumps({"value": str(n)}) + "\n" for n in range(20000)))
    if words[0] == "import":
        file = source
    else:
        assert cli.run("import", queue, source).stderr == b""
    if "--copy" in words:
        hold(cli, queue)
    status, seen = on_terminal(cli, [{"QUEUE": queue, "FILE": str(file)}.get(word, word) for word in words])
    shown = re.findall(line, seen)
    assert status == 0 and shown, seen[-2000:]
    assert re.search(rb"\r\x1b\[K20000 messages \w+\r\n$", seen), seen[-200:]
