# test_clients_txt.py - the programs of docs/clients.txt, and the loop of README, do what is said there:
# against the real stack, and against a server that answers what the real one seldom does.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse

import pytest

import browser
import stack as servers

INTERPRETERS = {"sh": "sh", "py": "/usr/bin/python3", "pl": "perl", "php": "php"}
UNKNOWN = b'{"error":"Redis is unavailable","code":"unavailable","outcome":"unknown"}\r\n'
NO_ANSWER = (0, b"", {})


def document(name):
    with open(os.path.join(servers.TOP, name)) as file:
        return file.read()


def read_programs(text):
    """{name: program}; one begins with its interpreter, and the line behind that has its name; a
    script for browsers begins with its name."""
    blocks = re.findall(r"^    (?:#!|<\?php|//).*\n(?:(?:    .*)?\n)*", text, re.MULTILINE)
    programs = {}
    for block in blocks:
        lines = [line[4:] for line in block.rstrip().splitlines()]
        named = lines[0] if lines[0].startswith("//") else lines[1]
        programs[named.split()[1]] = "\n".join(lines) + "\n"
    return programs


PROGRAMS = read_programs(document("docs/clients.txt"))
PUSHERS = [name for name in PROGRAMS if name.startswith("push")]
WORKERS = [name for name in PROGRAMS if name.startswith("work")]
MANY = [name for name in PROGRAMS if name.startswith("many")]


def command(name):
    """How a program is run; skips where that is not installed."""
    interpreter = INTERPRETERS[name.partition(".")[2]]
    checks = {"perl": ["-MHTTP::Tiny", "-e1"], "php": ["-r", "exit((int) !function_exists('curl_init'));"]}
    if not shutil.which(interpreter):
        pytest.skip(f"no {interpreter}")
    if interpreter in checks and subprocess.run([interpreter, *checks[interpreter]], capture_output=True).returncode:
        pytest.skip(f"{interpreter} has no HTTP")
    if "jq " in PROGRAMS[name] and not shutil.which("jq"):
        pytest.skip("no jq")
    return interpreter


@contextlib.contextmanager
def running(name, port, queue="orders", text=None):
    """A program of the document, or another text of it, started against this port; in a session of its own,
    ended with all of it."""
    interpreter = command(name)
    with tempfile.TemporaryDirectory(prefix="rq-") as folder:
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            program = (text or PROGRAMS[name]).replace("127.0.0.1:8888", f"127.0.0.1:{port}")
            file.write(program.replace("orders", queue))
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        process = subprocess.Popen([interpreter, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env={**environment, "TMPDIR": folder},
                                   start_new_session=True)
        try:
            yield process
        finally:
            terminate(process)
        assert os.listdir(folder) == [name], "it left files behind"


def terminate(process):
    """What is left of the standard output of it and its children, which it ends.  Told every second: dash
    loses a signal that comes while it forks for a $(command), and that command goes on."""
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            return process.communicate(timeout=1)[0]
        except subprocess.TimeoutExpired:
            assert time.monotonic() < deadline, f"{process.args} goes on"


def push(name, port, message, queue="orders"):
    """(exit code, standard output) of a pusher."""
    with running(name, port, queue) as process:
        out, _ = process.communicate(message, timeout=60)
        return process.returncode, out


def output_of_worker(name, port, is_done, queue="orders"):
    with running(name, port, queue) as process:
        servers.wait_for(is_done, 30)
        return terminate(process)


# --- a server that has a list of answers ----------------------------------------------------------

class Scripted(http.server.ThreadingHTTPServer):
    """Gives its answers one after the other: (status, body, headers), or NO_ANSWER.  Then 204 for ever."""

    daemon_threads = True

    def __init__(self, *answers):
        self.answers, self.requests = list(answers), []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def handle_one_request(self):
        self.close_connection = True
        self.raw_requestline = self.rfile.readline()
        if not self.raw_requestline or not self.parse_request():
            return
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.requests.append((self.command, self.path, self.headers, body))
        status, answer, headers = self.server.answers.pop(0) if self.server.answers else (204, b"", {})
        if not status:
            return
        self.send_response(status)
        for key, value in {**headers, "Connection": "close"}.items():
            self.send_header(key, value)
        if status != 204:
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


# --- the tests ------------------------------------------------------------------------------------

def test_all_programs_were_found():
    assert sorted(PROGRAMS) == sorted(["push.sh", "work.sh", "push.php", "work.php", "push-stream.php",
                                       "push.pl", "work.pl", "push.py", "work.py", "many.sh", "many.php",
                                       "stream.sh", "Broker.php", "RestmqQueue.php", "RestmqTransport.php",
                                       "poll.php", "stream.py", "socket.js", "events.js", "lines.js"])


@pytest.mark.parametrize("name", PUSHERS)
@pytest.mark.parametrize("message", [b"hello", b"", b"\0\xff\r\nline\n", b"value=1&x=2", b"@file", b"x" * 100000])
def test_push(stack, http, queue, name, message):
    code, out = push(name, stack.port, message, queue)
    assert (code, out) == (0, f"{queue}:1\n".encode())
    taken = http.get(f"/q/{queue}?raw=1")
    assert (taken.body, taken.headers["Restmq-Key"]) == (message, f"{queue}:1")
    assert http.get(f"/q/{queue}").status == 204


@pytest.mark.parametrize("name", PUSHERS)
def test_push_again_with_the_same_key(name):
    full = (429, b'{"error":"full","code":"full"}\r\n', {"Retry-After": "1"})
    with Scripted((503, UNKNOWN, {"Retry-After": "1"}), NO_ANSWER, full, (200, b"orders:7\r\n", {})) as server:
        assert push(name, server.server_port, b"two\napples") == (0, b"orders:7\n")
        assert len(server.requests) == 4
        assert {body for _, _, _, body in server.requests} == {b"two\napples"}
        keys = {headers["Idempotency-Key"] for _, _, headers, _ in server.requests}
        assert len(keys) == 1 and len(keys.pop()) >= 16


@pytest.mark.parametrize("name", PUSHERS)
def test_push_refused(name):
    with Scripted((400, b'{"error":"no","code":"bad_name"}\r\n', {})) as server:
        code, out = push(name, server.server_port, b"hello")
        assert code != 0 and out == b"" and len(server.requests) == 1


@pytest.mark.parametrize("name", WORKERS)
def test_work(stack, http, queue, name):
    messages = ["one", "", "zwei äöü", "3"]     # an empty one is no empty queue
    for message in messages:
        assert http.post(f"/q/{queue}", message.encode(), {"Content-Type": "text/plain"}).status == 200
    out = output_of_worker(name, stack.port,
                           lambda: http.get(f"/stats/{queue}").json()["acked"] == len(messages), queue)
    assert out.decode() == "".join(message + "\n" for message in messages)


def leased(number, name):
    """The answer to a take, as this worker asks for it."""
    token = f"{number:032x}"
    if name.endswith(".php"):
        return (200, b'{"key":"orders:%d","value":"m%d","lease":"%s","lease_until":1,"deliveries":1,"count":0}\r\n'
                % (number, number, token.encode()), {"Content-Type": "application/json"})
    return (200, b"m%d" % number, {"Restmq-Key": f"orders:{number}", "Restmq-Lease": token})


@pytest.fixture(scope="module")
def streaming(builddir):
    """A stack with a helper."""
    with servers.Stack(builddir, helpers=1) as stack:
        yield stack


@pytest.mark.parametrize("name, policy, is_acked", [
    ("stream.sh", "broadcast", False), ("stream.sh", "roundrobin", False),
    ("poll.php", "broadcast", True), ("stream.py", "roundrobin", True)])
def test_waiting(streaming, queue, name, policy, is_acked):
    """It gets what is there and what comes, also over a new connection."""
    http, messages = streaming.http, [f"{number} äöü" for number in range(6)]

    def push(some):
        http.post(f"/q/{queue}", "\n".join(some), {"Content-Type": "application/x-ndjson"})

    def is_done(count):
        stats = http.get(f"/stats/{queue}").json()
        return stats["removed"] == count and (not is_acked or stats["acked"] == count)

    http.post(f"/p/{queue}", form={"policy": policy})
    push(messages[:2])
    with running(name, streaming.port, queue) as process:
        servers.wait_for(lambda: is_done(2), 30)
        push(messages[2:4])
        servers.wait_for(lambda: is_done(4), 30)
        streaming.helpers[0].stop()
        streaming.helpers[0].start()
        push(messages[4:])
        servers.wait_for(lambda: is_done(6), 30)
        came = [process.stdout.readline().decode().rstrip("\n") for _ in messages]
        rest = terminate(process)
    assert rest == b""
    if name == "stream.sh":
        came = [json.loads(line)["value"] for line in came]
    assert came == messages


def test_worker_of_the_shell_waits(streaming, queue):
    """With the other line that is shown for it."""
    line = re.search(r"^    (status=.*\\\n.*/w/orders.*)$", document("docs/clients.txt"), re.MULTILINE)[1]
    text, replaced = re.subn(r"status=.*lease=30&raw=1.*", lambda _: line, PROGRAMS["work.sh"])
    assert replaced == 1
    with running("work.sh", streaming.port, queue, text) as process:
        for message in b"one", b"", b"two":
            streaming.http.post(f"/q/{queue}", message, {"Content-Type": "text/plain"})
        servers.wait_for(lambda: streaming.http.get(f"/stats/{queue}").json()["acked"] == 3)
        out = terminate(process)
    assert out == b"one\n\ntwo\n"


@pytest.fixture(scope="module")
def page():
    """A page of a real browser."""
    with browser.Browser() as page:
        yield page


@pytest.mark.browser
@pytest.mark.parametrize("name, policy, call", [
    ("socket.js", "roundrobin", "consume(arguments[0], message => seen.push(message.value))"),
    ("events.js", "broadcast", "watch(arguments[0], message => seen.push(message.value))")])
def test_waiting_in_a_browser(streaming, page, queue, name, policy, call):
    http, texts = streaming.http, ["a", "zwei äöü", "<3>\n4"]
    http.post(f"/p/{queue}", form={"policy": policy})
    page.open(f"http://127.0.0.1:{streaming.port}/health")
    page.run(f"window.seen = [];\n{PROGRAMS[name]}\n{call};", queue)
    for text in texts:
        http.post(f"/q/{queue}", text.encode(), {"Content-Type": "text/plain"})
    servers.wait_for(lambda: page.run("return seen.length") == len(texts))
    assert page.run("return seen") == texts
    servers.wait_for(lambda: http.get(f"/stats/{queue}").json()["acked"] == len(texts))


@pytest.mark.browser
def test_listening_in_a_browser(streaming, page, queue):
    page.open(f"http://127.0.0.1:{streaming.port}/health")
    page.run(f"window.seen = [];\n{PROGRAMS['lines.js']}\n"
             "listen(arguments[0], text => seen.push(text));", queue)
    with contextlib.closing(streaming.redis.client()) as redis:
        servers.wait_for(lambda: redis.pubsub_numsub(queue)[0][1])
        for text in "one", "zwei äöü":
            redis.publish(queue, text)
    servers.wait_for(lambda: page.run("return seen.length") == 2)
    assert page.run("return seen") == ["one", "zwei äöü"]


@pytest.mark.parametrize("name", WORKERS)
def test_work_in_trouble(name):
    """503 to a take, a stale lease, a lost ack: it goes on, with the next message."""
    stale = (409, b'{"error":"no","code":"stale_lease"}\r\n', {})
    done = (200, b'{"deleted":true}\r\n', {})
    with Scripted((503, UNKNOWN, {"Retry-After": "1"}), leased(1, name), stale, (204, b"", {}),
                  leased(2, name), done) as server:
        out = output_of_worker(name, server.server_port, lambda: len(server.requests) >= 7)
        assert out == b"m1\nm2\n"
        assert [method for method, _, _, _ in server.requests[:7]] == \
            ["GET", "GET", "DELETE", "GET", "GET", "DELETE", "GET"]
        acks = [path for method, path, _, _ in server.requests if method == "DELETE"]
        assert [re.split("[?&]", path.replace("%3A", ":"))[1:] for path in acks] == \
            [[f"key=orders:{number}", f"lease={number:032x}"] for number in (1, 2)]


@pytest.mark.parametrize("name", MANY)
def test_many_at_a_time(stack, http, queue, name):
    messages = ["one", "", "zwei äöü", 'a "quoted" \\n', *map(str, range(20))]
    for message in messages:
        assert http.post(f"/q/{queue}", message.encode(), {"Content-Type": "text/plain"}).status == 200
    assert http.post(f"/q/{queue}", b"\xff\0", {"Content-Type": "text/plain"}).status == 200
    out = output_of_worker(name, stack.port,
                           lambda: http.get(f"/stats/{queue}").json()["acked"] == len(messages) + 1, queue)
    assert out == "".join(message + "\n" for message in messages).encode() + b"\xff\0\n"


def claims_of(body):
    """[(key, token)], sent as a form or as an array."""
    if body.startswith(b"keys="):
        return [tuple(pair.split()) for pair in urllib.parse.parse_qs(body.decode())["keys"][0].split(",")]
    return [(claim["key"], claim["lease"]) for claim in json.loads(body)]


@pytest.mark.parametrize("name", MANY)
def test_many_in_trouble(name):
    """503 to a take and to acks, and one ack of two is stale, which is told."""
    def taken(*numbers):
        return (200, json.dumps([{"key": f"orders:{number}", "value": f"m{number}", "lease": f"{number:032x}",
                                  "lease_until": 1, "deliveries": 1, "count": 0}
                                 for number in numbers]).encode(), {"Content-Type": "application/json"})

    def acked(*outcomes):
        return (200, json.dumps(outcomes).encode(), {"Content-Type": "application/json"})

    done, stale = {"key": "orders:1", "deleted": True}, {"key": "orders:2", "error": "no", "code": "stale_lease"}
    with Scripted((503, UNKNOWN, {}), taken(1, 2), acked(done, stale), (204, b"", {}), taken(3),
                  (400, b"{}", {})) as server, running(name, server.server_port) as process:
        servers.wait_for(lambda: len(server.requests) >= 7, 30)
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=20)
    assert out == b"m1\nm2\nm3\n"
    assert b"take: status 503" in errors or name.endswith(".php")
    assert b"orders:2: no\n" in errors and b"orders:1" not in errors and b"acks: status 400" in errors
    sent = [claims_of(body) for method, _, _, body in server.requests if method == "POST"]
    assert sent == [[(f"orders:{number}", f"{number:032x}") for number in numbers] for numbers in ([1, 2], [3])]
    assert {path for _, path, _, _ in server.requests} == {"/q/orders?count=100&lease=60", "/q/orders?acks=1"}
