# test_migrate_txt.py - the scripts of docs/migrate.txt move each message once: from Redis, from beanstalkd, and
# from servers that answer as the documents of other services say.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import contextlib
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import uuid

import pytest

import stack as servers

SCRIPTS = {}
with open(os.path.join(servers.TOP, "docs", "migrate.txt")) as file:
    for block in re.findall(r"^    #!.*\n(?:(?:    .*)?\n)*", file.read(), re.MULTILINE):
        lines = [line[4:] for line in block.rstrip().splitlines()]
        SCRIPTS[lines[1].split()[1]] = "\n".join(lines) + "\n"

TEXTS = ["one", "", "zwei äöü €", "a\nb\n", "\n", '"quoted" \\n \\\\', "  ", "x" * 60000, "$(date) `date`", "last"]
BYTES = [*(text.encode() for text in TEXTS), b"\0", b"\xff\0\r\n", bytes(range(256)), b"y" * 200000]


def test_all_scripts_are_found():
    assert sorted(SCRIPTS) == ["from-beanstalkd.py", "from-ironmq.sh", "from-rabbitmq.sh", "from-restmq.sh", "from-rsmq.py",
                               "from-sqs.sh"]


@pytest.mark.parametrize("name", ["RestMQ", "rest-rsmq", "SQS", "beanstalkd", "IronMQ", "RabbitMQ"])
def test_each_has_all_that_a_newcomer_looks_for(name):
    """What words become, what is the same, what is better, what is missing, and a script."""
    with open(os.path.join(servers.TOP, "docs", "migrate.txt")) as file:
        sections = dict(re.findall(r"\n\n\n(\S[^\n]*)\n\n(.*?)(?=\n\n\n\S|\Z)", file.read(), re.S))
    [section] = [text for title, text in sections.items() if title.partition(",")[0].split("'")[0].split()[0] == name]
    assert re.match(r"    \S.* +here\n    -+ +-+\n(?:    .*\n){8,}", section), section[:200]
    for begin in "The same: ", "Better: ", "Missing: ", "    #!/":
        assert f"\n{begin}" in section
    assert [script for script in SCRIPTS if f"# {script} - " in section]


class Mover:
    """Runs the scripts of the document in a folder of their own, against the shared stack."""

    def __init__(self, builddir, stack, queue, folder):
        self.queue, self.folder, self.stack = queue, folder, stack
        (folder / "bin").mkdir()
        (folder / "bin" / "restmq").symlink_to(os.path.abspath(os.path.join(builddir, "restmq")))
        self.environment = {"HOME": str(folder), "PATH": f"{folder}/bin:{os.environ['PATH']}", "TMPDIR": str(folder),
                            "RESTMQ_URL": f"http://127.0.0.1:{stack.port}"}

    def run(self, name, *changes, fails=False):
        """With these texts in the place of others, each of which must be there."""
        text = SCRIPTS[name]
        for old, new in [*changes, ("push orders", f"push {self.queue}"), ('"push", "orders"', f'"push", "{self.queue}"')]:
            assert old in text or old.startswith(("push", '"push'))
            text = text.replace(old, new)
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        for program in ("jq", "curl") if name.endswith(".sh") else ("redis-cli",):
            if program + " " in text and not shutil.which(program):
                pytest.skip(f"no {program}")
        done = subprocess.run([path], cwd=self.folder, env=self.environment, capture_output=True, timeout=servers.patience(60))
        assert (done.returncode != 0) == fails, done.stderr
        return done

    def messages(self):
        values = []
        while (answer := self.stack.http.get(f"/q/{self.queue}?raw=1")).status != 204:
            values.append(answer.body)
        return values


@pytest.fixture
def mover(builddir, stack, queue, tmp_path):
    return Mover(builddir, stack, queue, tmp_path)


# --- Redis ----------------------------------------------------------------------------------------

@pytest.fixture
def other(builddir):
    """Another stack with a Redis of its own, which has the plain keys of RestMQ."""
    with servers.Stack(builddir) as stack:
        yield stack


@pytest.mark.no_cluster("writes keys of RestMQ, which has no hash tags")
def test_from_restmq(mover, other):
    """Keys as RestMQ writes them: with INCR, SET, LPUSH, and SADD."""
    if servers.hash_tags:
        pytest.skip("writes keys of RestMQ, which has no hash tags")
    with contextlib.closing(other.redis.client()) as redis:
        redis.sadd("QUEUESET", "orders")
        for message in BYTES:
            number = redis.incr("orders:UUID")
            redis.set(f"orders:{number}", message)
            redis.lpush("orders:queue", f"orders:{number}")
        mover.run("from-restmq.sh", ("http://127.0.0.1:8887", f"http://127.0.0.1:{other.port}"),
                  ("http://127.0.0.1:8888", mover.environment["RESTMQ_URL"]), ("import orders", f"import {mover.queue}"))
        assert mover.messages() == BYTES and redis.llen("orders:queue") == 0
    mover.run("from-restmq.sh", ("http://127.0.0.1:8887", f"http://127.0.0.1:{other.port}"),
              ("http://127.0.0.1:8888", mover.environment["RESTMQ_URL"]), ("import orders", f"import {mover.queue}"))
    assert mover.messages() == []


def fill_with_rsmq(redis, socket_path, texts):
    """By rsmq itself, where the step openapi has installed it, or else as it does."""
    folder = os.path.join(servers.TOP, "build", "openapi-tools")
    if os.path.isdir(os.path.join(folder, "node_modules", "rsmq")):
        program = """
            const RSMQ = require("rsmq"), queue = new RSMQ({ path: process.argv[1], ns: "rsmq" });
            (async () => {
                await queue.createQueueAsync({ qname: "orders" });
                for (const message of JSON.parse(require("fs").readFileSync(0))) await queue.sendMessageAsync({ qname: "orders", message });
                await queue.receiveMessageAsync({ qname: "orders", vt: 600 });
                queue.quit();
            })();"""
        subprocess.run(["node", "-e", program, socket_path], input=json.dumps(texts).encode(), cwd=folder, check=True, capture_output=True,
                       timeout=servers.patience(60))
        return
    redis.hset("rsmq:orders:Q", mapping={"vt": 30, "delay": 0, "maxsize": 65536, "totalsent": len(texts)})
    redis.sadd("rsmq:QUEUES", "orders")
    for number, text in enumerate(texts):
        id = f"g{number:09}{uuid.uuid4().hex[:22]}"
        redis.zadd("rsmq:orders", {id: 1795359612000 + number})
        redis.hset("rsmq:orders:Q", id, text)
    redis.hset("rsmq:orders:Q", mapping={f"{id}:rc": 1, f"{id}:fr": 1795359612000})


def test_from_rsmq(mover):
    texts = [text for text in TEXTS if text] + ["é" * 30000]
    with servers.Redis() as server, contextlib.closing(server.client()) as redis:
        fill_with_rsmq(redis, server.socket, texts)
        changes = ('"-p", "6379"', f'"-s", "{server.socket}"')
        mover.run("from-rsmq.py", changes)
        assert sorted(mover.messages()) == sorted(text.encode() for text in texts)
        assert redis.zcard("rsmq:orders") == 0
        assert not [field for field in redis.hkeys("rsmq:orders:Q") if len(field) > 20]


# --- beanstalkd -----------------------------------------------------------------------------------

@contextlib.contextmanager
def beanstalkd():
    program = shutil.which("beanstalkd")
    if not program:
        pytest.skip("no beanstalkd")
    port = servers.free_port()
    process = subprocess.Popen([program, "-l", "127.0.0.1", "-p", str(port), "-z", "1048576"])
    try:
        def connect():
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", port))
        connection = servers.wait_for(connect)
        yield port, connection, connection.makefile("rb")
    finally:
        process.kill()
        process.wait()


def test_from_beanstalkd(mover):
    """The real one: ready, delayed and buried jobs."""
    with beanstalkd() as (port, connection, lines):
        def ask(text, body=b""):
            connection.sendall(text.encode() + b"\r\n" + body)
            return lines.readline().split()

        def put(message, delay=0):
            assert ask(f"put 0 {delay} 120 {len(message)}", message + b"\r\n")[0] == b"INSERTED"

        ask("use orders")
        ask("watch orders")
        put(b"buried")
        id = ask("reserve")[1].decode()
        lines.readline()
        assert ask(f"bury {id} 0") == [b"BURIED"]
        put(b"later", 3600)
        for message in BYTES:
            put(message)
        changes = [("11300", str(port))]
        mover.run("from-beanstalkd.py", *changes)
        assert sorted(mover.messages()) == sorted([*BYTES, b"buried", b"later"])
        assert ask("reserve-with-timeout 0") == [b"TIMED_OUT"]


# --- servers that answer as documents say ---------------------------------------------------------

@contextlib.contextmanager
def serving(answer):
    """answer(method, path, headers, body): (status, object).  Yields the server's URL."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_any(self):
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            status, object = answer(self.command, self.path, self.headers, json.loads(body or "{}"))
            text = json.dumps(object).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_DELETE = handle_any

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Held:
    """Messages with ids, some of which are out under a token; one that fails once is given again."""

    def __init__(self, messages):
        self.waiting = [(str(uuid.uuid4()), message) for message in messages]
        self.out, self.failures = {}, 0

    def take(self, count):
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        tokens = [(f"token of {id}", id, message) for id, message in taken]
        self.out.update({token: (id, message) for token, id, message in tokens})
        return tokens

    def delete(self, token):
        """False: not now."""
        if self.failures:
            self.failures -= 1
            self.waiting = [*self.out.values(), *self.waiting]
            self.out.clear()
            return False
        return self.out.pop(token, None) is not None


def write_secret(mover, name, text):
    path = mover.folder / name
    path.write_text(text)
    path.chmod(0o600)


def move_twice(mover, held, name, changes, messages):
    """The first time a deletion fails, behind its push: the message comes again, and is there once."""
    held.failures = 1
    mover.run(name, *changes, fails=True)
    mover.run(name, *changes)
    assert sorted(mover.messages()) == sorted(messages)
    assert not held.waiting and not held.out


def test_from_sqs(mover):
    """Its JSON protocol: ReceiveMessage, DeleteMessage; signed."""
    held = Held(TEXTS)

    def answer(method, path, headers, body):
        assert (method, path, headers["Content-Type"]) == ("POST", "/", "application/x-amz-json-1.0")
        assert re.match(r"AWS4-HMAC-SHA256 Credential=KEY/\d{8}/eu-west-1/sqs/aws4_request, ?SignedHeaders=\S*host\S*, ?"
                        r"Signature=[0-9a-f]{64}$", headers["Authorization"]), headers["Authorization"]
        assert body["QueueUrl"].endswith("/123456789012/orders")
        if headers["X-Amz-Target"] == "AmazonSQS.ReceiveMessage":
            assert body["MaxNumberOfMessages"] <= 10 and body["WaitTimeSeconds"] <= 20
            taken = [{"MessageId": id, "ReceiptHandle": token, "Body": text} for token, id, text in
                     held.take(body["MaxNumberOfMessages"])]
            return 200, {"Messages": taken} if taken else {}
        assert headers["X-Amz-Target"] == "AmazonSQS.DeleteMessage"
        if held.delete(body["ReceiptHandle"]):
            return 200, {}
        return 400, {"__type": "com.amazonaws.sqs#ReceiptHandleIsInvalid", "message": "no"}

    write_secret(mover, ".sqs", 'aws-sigv4 = "aws:amz:eu-west-1:sqs"\nuser = "KEY:SECRET"\n')
    with serving(answer) as url:
        move_twice(mover, held, "from-sqs.sh", [("https://sqs.eu-west-1.amazonaws.com", url)],
                   [text.encode() for text in TEXTS])


def test_from_ironmq(mover):
    """Reservations and deletions of version 3."""
    held = Held(TEXTS)

    def answer(method, path, headers, body):
        assert headers["Authorization"] == "OAuth TOKEN"
        words = path.removeprefix("/3/projects/PROJECT/queues/orders/").split("/")
        if (method, words) == ("POST", ["reservations"]):
            assert body["n"] <= 100 and body["wait"] <= 30
            return 200, {"messages": [{"id": id, "body": text, "reserved_count": 1, "reservation_id": token}
                                      for token, id, text in held.take(body["n"])]}
        assert method == "DELETE" and words[0] == "messages" and body["reservation_id"] == f"token of {words[1]}"
        return (200, {"msg": "Deleted"}) if held.delete(body["reservation_id"]) else (403, {"msg": "no"})

    write_secret(mover, ".ironmq", 'header = "Authorization: OAuth TOKEN"\n')
    with serving(answer) as url:
        move_twice(mover, held, "from-ironmq.sh", [("https://mq-aws-us-east-1-1.iron.io", url)],
                   [text.encode() for text in TEXTS])


def test_from_rabbitmq(mover):
    """POST /api/queues/vhost/name/get.  The broker is away once, with messages in hand."""
    held = Held(BYTES)

    def answer(method, path, headers, body):
        assert (method, path) == ("POST", "/api/queues/%2F/orders/get")
        assert headers["Authorization"] == "Basic " + base64.b64encode(b"guest:guest").decode()
        assert body["ackmode"] == "ack_requeue_false" and body["encoding"] == "base64" and body["truncate"] > 0
        taken = held.take(body["count"])
        for token, _, _ in taken:
            held.delete(token)
        return 200, [{"payload_bytes": len(message), "redelivered": False, "exchange": "", "routing_key": "orders",
                      "message_count": len(held.waiting), "properties": {}, "payload_encoding": "base64",
                      "payload": base64.b64encode(message).decode()} for _, _, message in taken]

    write_secret(mover, ".rabbitmq", 'user = "guest:guest"\n')
    with serving(answer) as url:
        changes = [("http://127.0.0.1:15672", url)]
        mover.stack.http.post(f"/control/{mover.queue}", form={"status": "stop", "what": "pushes"})
        mover.run("from-rabbitmq.sh", *changes, fails=True)
        assert len(held.waiting) == len(BYTES) - 10
        mover.stack.http.post(f"/control/{mover.queue}", form={"status": "start", "what": "pushes"})
        mover.run("from-rabbitmq.sh", *changes)
    assert mover.messages() == BYTES and not (mover.folder / "moving").exists()
