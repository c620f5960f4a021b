# hostile.py - what hostile clients can make the programs hold, and how long they make others wait.
#
#   /usr/bin/python3 -B tests/e2e/support/hostile.py --builddir build [--server NAME] [KIND…]
#
# starts a stack for each kind of hostile_client.py, lets it do its worst, and prints a line:
#
#   helper     MiB that restmq-wsd held at most, beyond what it had before
#   responder  the same of the responder that held most
#   redis      MiB that Redis used at most, beyond the messages that it has
#   kept       MiB that either program still has, a second after the last client has gone
#   waited     the longest that a bystander had to wait, in ms, and for what
#
# and what is too much.  Bystanders push and take over the web server, talk over a websocket and give
# commands there, receive what is published and what is pushed, and come as new ones.
#
# SPDX-License-Identifier: BSD-2-Clause

import argparse
import contextlib
import os
import subprocess
import sys
import threading
import time

import consumers
import stack as servers

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hostile_client.py")

MIB = 1 << 20
BUDGET = 128            # MiB: the default of the helper's setting
MOST = {"helper": BUDGET + 40, "responder": 40, "redis": 64, "kept": 10, "waited": 500}


# --- what is there before ----------------------------------------------------------------------------

def fill(redis, queue, bodies):
    """Messages as restmq.fcgi writes them."""
    pipe = redis.pipeline(transaction=False)
    for number, body in enumerate(bodies, 1):
        pipe.set(f"{queue}:{number}", body)
        pipe.lpush(f"{queue}:queue", f"{queue}:{number}")
    pipe.set(f"{queue}:UUID", len(bodies))
    pipe.sadd("QUEUESET", queue)
    pipe.execute()


def fill_bytes(redis):
    """What takes most room as JSON."""
    fill(redis, "bytes", [b"\1" * MIB])
    fill(redis, "eight", [b"\1" * MIB] * 40)


def fill_big(redis):
    fill(redis, "big", [b"x" * MIB])


def fill_due(redis):
    """300,000 delayed messages that are due together, 60,000 leases that end together."""
    now = int(time.time() * 1000)
    for first in range(0, 300000, 10000):
        keys = range(first, first + 10000)
        redis.mset({f"due:{number}": b"x" for number in keys})
        redis.zadd("restmq:{due}:delayed", {f"due:{number}": now + number / 4096 for number in keys})
    for first in range(300000, 360000, 10000):
        keys = range(first, first + 10000)
        redis.mset({f"due:{number}": b"x" for number in keys})
        redis.zadd("restmq:{due}:leases", {f"due:{number}": now + number / 4096 for number in keys})
        redis.hset("restmq:{due}:receipts", mapping={f"due:{number}": f"1 {'a' * 32}" for number in keys})
    redis.set("due:UUID", 360000)
    redis.sadd("QUEUESET", "due")


def fill_queues(redis):
    """100,000 queues."""
    for first in range(0, 100000, 5000):
        pipe = redis.pipeline(transaction=False)
        for number in range(first, first + 5000):
            pipe.set(f"queue{number}:1", b"x")
            pipe.lpush(f"queue{number}:queue", f"queue{number}:1")
            pipe.set(f"queue{number}:UUID", 1)
            pipe.sadd("QUEUESET", f"queue{number}")
        pipe.execute()


ACL = "\n".join(f"[{section}]\nhosts_allow = all\nusername = me\npassword = {{}}\n" for section in (
    "rest:producer", "rest:consumer", "comet:consumer", "websocket:consumer"))


class Kind:
    """One kind of hostile clients.  processes: how many of them at once; fill: what Redis has before;
    has_passwords: everybody needs one; files: how many the helper may have open."""

    def __init__(self, name, processes=2, fill=None, has_passwords=False, files=None):
        self.name = name
        self.processes = processes
        self.fill = fill
        self.has_passwords = has_passwords
        self.files = files


KINDS = {kind.name: kind for kind in (
    Kind("pings"),
    Kind("commands"),
    Kind("large_answers", fill=fill_bytes),
    Kind("large_long_polls", processes=1, fill=fill_bytes),
    Kind("half_messages"),
    Kind("deref", fill=fill_big),
    Kind("publications", processes=1),
    Kind("broadcast", processes=1),
    Kind("crowd", processes=1),
    Kind("takes", processes=1, fill=fill_due),
    Kind("listings", processes=1, fill=fill_queues),
    Kind("half_heads", processes=2, files=1024),
    Kind("half_bodies"),
    Kind("passwords", processes=1, has_passwords=True),
)}


# --- measuring ---------------------------------------------------------------------------------------

def status_mib(pid, line):
    """VmRSS or VmHWM of a process; 0 when it is gone."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
        for text in status:
            if text.startswith(line):
                return int(text.split()[1]) / 1024
    return 0


class Memory:
    """Of some processes: what they had before, at most, and have now, in MiB."""

    def __init__(self, pids):
        self.before = {pid: status_mib(pid, "VmRSS") for pid in pids}
        for pid in pids:
            with open(f"/proc/{pid}/clear_refs", "w") as peak:
                peak.write("5")

    def most(self):
        return max(status_mib(pid, "VmHWM") - before for pid, before in self.before.items())

    def now(self):
        return max(status_mib(pid, "VmRSS") - before for pid, before in self.before.items())


class Watched:
    """A loop in a thread of its own, until the block ends."""

    def __init__(self):
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._loop)

    def _loop(self):
        while not self.is_over.is_set():
            self.turn()
        self.end()

    def turn(self):
        raise NotImplementedError

    def end(self):
        pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


class RedisMemory:
    """The most that Redis has used.  It keeps a peak itself, which may be of the time before."""

    def __init__(self, redis):
        self.client = redis.client(socket_timeout=60)
        self.before, self.peak_before = self.used()

    def used(self):
        """Now, and at most ever, in MiB."""
        info = self.client.info("memory")
        return info["used_memory"] / MIB, info["used_memory_peak"] / MIB

    def beyond(self):
        """Beyond what it had before or has now, whichever is more: those are messages."""
        now, peak = self.used()
        return (peak if peak > self.peak_before else now) - max(self.before, now)


class Bystander(Watched):
    """Does the same again and again, and knows what took longest; a refusal has waited for ever."""

    LONG = 60000      # ms

    def __init__(self, what, step, close=lambda: None):
        super().__init__()
        self.what, self.step, self.close = what, step, close
        self.worst, self.problem = 0.0, ""
        self.count = 0

    def turn(self):
        start = time.monotonic()
        try:
            self.step()
            self.worst = max(self.worst, (time.monotonic() - start) * 1000)
        except Exception as trouble:    # whatever it is: this client was not served
            self.worst, self.problem = self.LONG, repr(trouble)[:300]
            self.is_over.wait(0.2)
        self.count += 1
        self.is_over.wait(0.02)

    def end(self):
        with contextlib.suppress(Exception):
            self.close()


def pushes_and_takes(stack, headers):
    def step():
        for method, path, status in ("POST", "/q/by", 200), ("GET", "/q/by", 200):
            answer = stack.http.request(method, path, "x" if method == "POST" else None,
                                        {**headers, "Content-Type": "text/plain"}
                                        if method == "POST" else headers)
            assert answer.status == status, answer
    return Bystander("push and take", step, stack.http.close)


def health(stack):
    def step():
        answer = stack.http.get("/health")
        assert answer.status == 200, answer
    return Bystander("/health", step, stack.http.close)


def hears_itself(what, path, stack, headers):
    """Over a websocket on which what is sent comes back."""
    websocket = consumers.Websocket(stack.ws_port).connect(path, headers)

    def step():
        websocket.send("hello")
        assert websocket.raw(30) == "hello"
    return Bystander(what, step, websocket.close)


def commands(stack, headers):
    """A message there and back, over a websocket."""
    websocket = consumers.Websocket(stack.ws_port).connect("/ws/by5", headers)

    def step():
        websocket.send('{"cmd":"add","queue":"by6","value":"x"}')
        assert "key" in websocket.raw(30)
        websocket.send('{"cmd":"take","queue":"by6"}')
        assert "value" in websocket.raw(30)
    return Bystander("commands on a websocket", step, websocket.close)


def consumes(stack, headers):
    """A message that comes to a consumer."""
    websocket = consumers.Websocket(stack.ws_port).connect("/ws/by7", headers)

    def step():
        answer = stack.http.post("/q/by7", "x", {**headers, "Content-Type": "text/plain"})
        assert answer.status == 200, answer
        assert "value" in websocket.raw(30)
    return Bystander("a message for a consumer", step, websocket.close)


def comes(stack, headers):
    def step():
        consumers.Websocket(stack.ws_port).connect("/ws/by4", headers).close()
    return Bystander("a new websocket", step)


def bystanders(stack, headers):
    return [pushes_and_takes(stack, headers), health(stack),
            hears_itself("an echo on a websocket", "/ws/by2", stack, headers),
            hears_itself("what is published", "/sub/by3", stack, headers), comes(stack, headers),
            commands(stack, headers), consumes(stack, headers)]


class Clients:
    """Processes of hostile_client.py."""

    def __init__(self, kind, stack):
        argv = [sys.executable, "-B", CLIENT, kind.name, str(stack.port), str(stack.ws_port)]
        self.processes = [subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                           text=True) for _ in range(kind.processes)]

    def wait(self):
        """Until all have done their worst."""
        for process in self.processes:
            assert process.stdout.readline() == "done\n", "a hostile client failed"

    def finish(self):
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            process.wait(30)

    def end(self):
        for process in self.processes:
            servers.end(process)
            process.stdout.close()


class Result:
    """What came of one kind."""

    def __init__(self, name, memory, redis, others):
        worst = max(others, key=lambda other: other.worst)
        self.name = name
        self.values = {"helper": memory["helper"].most(), "responder": memory["responder"].most(),
                       "redis": redis.beyond(),
                       "kept": max(memory["helper"].now(), memory["responder"].now()),
                       "waited": worst.worst}
        self.worst = worst

    def too_much(self, most=MOST):
        return [name for name, value in self.values.items() if value > most[name]]

    def __str__(self):
        line = f"{self.name:<18}" + "".join(f"{value:10.1f}" for value in self.values.values())
        line += f"  {self.worst.what} ({self.worst.count})"
        if self.worst.problem:
            line += f": {self.worst.problem}"
        if names := self.too_much():
            line += f"  TOO MUCH: {' '.join(names)}"
        return line


def is_served(bystander):
    bystander.turn()
    bystander.close()
    return not bystander.problem


def run(kind, builddir, settling_s=1.0):
    """Lets one kind of clients do its worst against a stack of its own; a Result.  What is kept counts
    so many seconds after the last client has gone, or before."""
    conf, headers = {}, {}
    with contextlib.ExitStack() as cleaning:
        stack = servers.Stack(builddir, workers=4, helpers=1, conf=conf, files=kind.files)
        if kind.has_passwords:
            hashed = subprocess.run(["openssl", "passwd", "-6", "right"], capture_output=True,
                                    text=True, check=True).stdout.strip()
            with open(stack.path("acl.conf"), "w") as acl:
                acl.write(ACL.replace("{}", hashed))
            stack.configure(acl=stack.path("acl.conf"))
            headers = servers.basic("me", "right")
        stack = cleaning.enter_context(stack)
        if kind.fill:
            with contextlib.closing(stack.redis.client()) as client:
                kind.fill(client)
        # so that what is measured is not the first use of anything
        servers.wait_for(lambda: all(is_served(other) for other in bystanders(stack, headers)), 30, 0.2)
        memory = {"helper": Memory([stack.helper.pid]), "responder": Memory(stack.responders.pids)}
        others = bystanders(stack, headers)
        with contextlib.ExitStack() as watching:
            redis = RedisMemory(stack.redis)
            for other in others:
                watching.enter_context(other)
            clients = Clients(kind, stack)
            watching.callback(clients.end)
            clients.wait()
            time.sleep(1)
            clients.finish()
        with contextlib.suppress(TimeoutError):
            servers.wait_for(lambda: max(one.now() for one in memory.values()) <= MOST["kept"],
                             settling_s)
        return Result(kind.name, memory, redis, others)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--builddir", default="build")
    parser.add_argument("--server", default="lighttpd", choices=servers.WEB_SERVERS)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    options = parser.parse_args()
    servers.default_server = options.server
    print(f"{'':<18}" + "".join(f"{name:>10}" for name in MOST), flush=True)
    print(f"{'at most':<18}" + "".join(f"{value:10.1f}" for value in MOST.values()), flush=True)
    failed = 0
    for name in options.kinds or KINDS:
        result = run(KINDS[name], options.builddir)
        failed += bool(result.too_much())
        print(result, flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
