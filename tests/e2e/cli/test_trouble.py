# test_trouble.py - brokers that are none, credentials, settings, answers that do not come.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import http.server
import json
import os
import pty
import select
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from certificates import Authority
from stack import free_port, patience


@contextlib.contextmanager
def answering(answers, certificate=None):
    """A server that answers one after the other, the last one for ever; yields its URL and what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((self.command, self.path, dict(self.headers), body))
            status, type, text = answers[min(len(asked), len(answers)) - 1]
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", type)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def error(status, code, **more):
    return status, "application/json", json.dumps({"error": "it is so", "code": code, **more}).encode()


HTML = "text/html", b"<html>Please log in</html>"
KEY = 200, "application/json", b'{"queue":"q","key":"q:1"}'


@pytest.mark.parametrize("answer, status, complaint", [
    ((200, *HTML), 1, b"not by a broker"), ((404, *HTML), 1, b"not by a broker"), ((302, *HTML), 1, b"a redirection"),
    ((407, *HTML), 6, b"a web server or proxy before the broker"), ((502, *HTML), 5, b"not by the broker itself"),
    (error(400, "bad_value"), 1, b"it is so"), (error(401, "unauthorized"), 6, b"it is so"),
    (error(403, "forbidden"), 6, b"it is so"), (error(409, "conflict"), 7, b"it is so"),
    (error(423, "held"), 8, b"it is so"), (error(429, "full"), 8, b"it is so"), (error(503, "unavailable"), 8, b"it is so"),
    (error(503, "unavailable", outcome="unknown"), 5, b"not known whether it was pushed"), (error(507, "no_space"), 8, b"it is so"),
    ((None, None, None), 5, b"not known whether it was pushed")])
def test_what_answers_mean(cli, answer, status, complaint):
    with answering([answer]) as (url, _):
        done = cli.run("push", "q", "hello", "--url", url, "--patience", 0)
    assert (done.returncode, done.stdout) == (status, b"") and complaint in done.stderr, done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("trouble", [error(503, "unavailable"), error(503, "unavailable", outcome="unknown"),
                                     error(429, "full"), (502, *HTML), (None, None, None)])
def test_a_push_is_repeated_under_its_key(cli, trouble):
    with answering([trouble, trouble, KEY]) as (url, asked):
        assert cli.text("push", "q", "hello", "--url", url) == "q:1\n"
    assert len({headers["Idempotency-Key"] for _, _, headers, _ in asked}) == 1 and len(asked) == 3
    assert {body for _, _, _, body in asked} == {b"hello"}


@pytest.mark.parametrize("trouble", [error(400, "bad_value"), error(423, "held"), error(409, "conflict"), (404, *HTML)])
def test_what_is_not_repeated(cli, trouble):
    with answering([trouble, KEY]) as (url, asked):
        assert cli.run("push", "q", "hello", "--url", url).returncode != 0
    assert len(asked) == 1


def test_nobody_there(cli):
    done = cli.run("push", "q", "hello", "--url", f"http://127.0.0.1:{free_port()}", "--patience", 0)
    assert done.returncode == 4 and b"onnect" in done.stderr


def test_another_protocol(cli):
    """Something that greets first, as a mail server does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def greet():
            connection, _ = server.accept()
            connection.sendall(b"220 mail ready\r\n")
            connection.close()
        threading.Thread(target=greet, daemon=True).start()
        done = cli.run("take", "q", "--url", f"http://127.0.0.1:{server.getsockname()[1]}", "--patience", 0)
    assert done.returncode in (4, 5) and done.stdout == b""


def test_certificates(cli, tmp_path):
    """One that is not trusted is refused before anything is sent; --ca, or the file, trusts its authority."""
    authority = Authority(tmp_path, "authority")
    with answering([KEY], authority.sign("server", "IP:127.0.0.1")) as (url, asked):
        done = cli.run("push", "q", "hello", "--url", url)
        assert done.returncode == 4 and b"certificate" in done.stderr and not asked
        assert cli.text("push", "q", "hello", "--url", url, "--ca", authority.ca) == "q:1\n"
        write_config(cli, f"ca = {authority.ca}\n")
        assert cli.text("push", "q", "hello", "--url", url) == "q:1\n"
    with answering([KEY], authority.sign("other", "DNS:other.example")) as (url, asked):
        done = cli.run("push", "q", "hello", "--url", url)
        assert done.returncode == 4 and not asked


@pytest.mark.parametrize("url", ["ftp://host/", "127.0.0.1:8888", "http://", "http://host/?x=1", "http://host/#x", "http://a b/", ""])
def test_bad_urls(cli, url):
    done = cli.run("push", "q", "hello", "--url", url)
    assert done.returncode == 1 and done.stderr.startswith(b"restmq: --url: ")


def test_no_url(cli):
    done = cli.run("push", "q", "hello", env={"RESTMQ_URL": ""})
    assert done.returncode == 1 and b"where is the broker? set RESTMQ_URL" in done.stderr


# --- credentials ---------------------------------------------------------------------------------

def write_config(cli, text, mode=0o600):
    os.makedirs(f"{cli.home}/.config/restmq", exist_ok=True)
    path = f"{cli.home}/.config/restmq/config"
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def test_the_file(cli):
    with answering([KEY]) as (url, asked):
        write_config(cli, f"url = {url}\nuser = ann\npassword = secret\nauthkey = 4c1d7b\n")
        cli.text("push", "q", "hello", env={"RESTMQ_URL": ""})
    headers = asked[0][2]
    assert headers["Authorization"] == "Basic YW5uOnNlY3JldA==" and headers["X-Authkey"] == "4c1d7b"


def test_the_files_secrets_are_for_its_server(cli):
    with answering([KEY]) as (url, asked):
        write_config(cli, "url = http://elsewhere.example/\nuser = ann\npassword = secret\nauthkey = 4c1d7b\n")
        cli.text("push", "q", "hello", "--url", url)
    assert not {"Authorization", "X-Authkey"} & set(asked[0][2])


def test_secrets_of_the_environment(cli):
    with answering([KEY]) as (url, asked):
        cli.text("push", "q", "hello", env={"RESTMQ_URL": url.replace("//", "//ann:se%63ret@"), "RESTMQ_AUTHKEY": "4c1d7b"})
    assert asked[0][2]["Authorization"] == "Basic YW5uOnNlY3JldA==" and asked[0][2]["X-Authkey"] == "4c1d7b"


def test_no_secret_in_the_command_line(cli):
    done = cli.run("push", "q", "hello", "--url", "http://ann:secret@127.0.0.1/")
    assert done.returncode == 2 and b"list of processes" in done.stderr and b"secret" not in done.stderr


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_file_that_others_can_read(cli, mode):
    path = write_config(cli, "authkey = 4c1d7b\n", mode)
    done = cli.run("push", "q", "hello")
    assert done.returncode == 1
    assert done.stderr == f"restmq: {path}: others may read this file: chmod 600 it\n".encode()


@pytest.mark.parametrize("text", ["colour = red\n", "url\n", "url = http://a\nurl = http://b\n", "[section]\n"])
def test_bad_files(cli, text):
    path = write_config(cli, text)
    done = cli.run("push", "q", "hello")
    assert done.returncode == 1 and done.stderr.startswith(f"restmq: {path}:".encode())


def test_a_named_file_must_be_there(cli, tmp_path):
    assert cli.run("push", "q", "hello", "--config", tmp_path / "none").returncode == 1


# --- words ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("words", [["push"], ["push", "q", "a", "b"], ["push", "q", "--colour"], ["take", "q", "--count", "0"],
                                   ["take", "q", "--lease", "-1"], ["push", "q", "--patience", "241"], ["work", "q"],
                                   ["push", "q", "m", "--lines"], ["work", "q", "--backoff", "1,2", "--", "true"]])
def test_command_lines_that_are_none(cli, words):
    done = cli.run(*words)
    assert (done.returncode, done.stdout) == (2, b"") and b"\nusage: restmq " in done.stderr


@pytest.mark.parametrize("name", ["a b", "x" * 129, "a%2Fb", "..", "\u00e9"])
def test_bad_names(cli, name):
    done = cli.run("push", name, "hello")
    assert done.returncode == 1 and done.stderr.startswith(b"restmq: ")


# --- completion ----------------------------------------------------------------------------------

def complete(cli, tmp_path, words):
    script = tmp_path / "completion"
    script.write_text(cli.text("completion", "bash") + "\nCOMP_WORDS=(\"$@\")\nCOMP_CWORD=$(($# - 1))\n_restmq\n"
                      "printf '%s\\n' \"${COMPREPLY[@]}\"\n")
    return subprocess.run(["bash", script, *words], capture_output=True, text=True, check=True).stdout.split()


def test_completion_knows_the_table(cli, tmp_path):
    """Each verb, and each of its options, in both shells."""
    rows = [json.loads(line) for line in cli.text("--verbs").splitlines()]
    zsh = cli.text("completion", "zsh")
    assert set(complete(cli, tmp_path, ["restmq", ""])) == {row["verb"].split()[0] for row in rows} | {
        "--help", "--version", "--verbs"}
    for row in rows:
        words = row["verb"].split()
        if len(words) == 2:
            assert words[1] in complete(cli, tmp_path, ["restmq", words[0], ""])
        offered = set(complete(cli, tmp_path, ["restmq", *words, "word", "--"]))
        assert {f"--{option}" for option in row["options"]} <= offered
        assert all(f"'--{option}[" in zsh for option in row["options"])
    assert cli.run("completion", "fish").returncode == 2


def complete_in_zsh(cli, tmp_path, line, until):
    """What stands on the terminal after that line and a tab, as soon as this text does."""
    script = tmp_path / "restmq.zsh"
    script.write_text(cli.text("completion", "zsh"))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**cli.environment, "TERM": "dumb", "PS1": "", "COLUMNS": "200"})
    seen = b""
    setup = (f"autoload -Uz compinit && compinit -D -u; source {script}; LISTMAX=10000; "
             f"PATH={os.path.dirname(cli.program)}:$PATH; print re''ady\n")
    try:
        os.write(terminal, setup.encode())
        for wanted, keys in (b"ready\r\n", line.encode() + b"\t"), (until.encode(), b""):
            deadline = time.monotonic() + patience(10)
            while wanted not in seen:
                assert select.select([terminal], [], [], deadline - time.monotonic())[0], seen
                seen += os.read(terminal, 65536)
            seen = seen if not keys else b""
            os.write(terminal, keys)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
    return seen.decode(errors="replace")


@pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh")
@pytest.mark.parametrize("line, until", [
    ("restmq bro", "restmq browse "), ("restmq lb pi", "restmq lb pick "), ("restmq push orders --on", "--once "),
    ("restmq export orders file --c", "--copy"), ("restmq dead ls --", "so many at most"), ("restmq lb ", "charge")])
def test_zsh_completes(cli, tmp_path, line, until):
    """In a real one: verbs, families of verbs, options with their sentences."""
    assert until in complete_in_zsh(cli, tmp_path, line, until)


def test_completion_is_a_script(cli, tmp_path):
    for shell in ("bash", "zsh"):
        script = tmp_path / shell
        script.write_text(cli.text("completion", shell))
        with contextlib.suppress(FileNotFoundError):
            subprocess.run([shell, "-n", script], check=True)
