# test_scale_txt.py - the files and commands of docs/scale.txt: servers that are configured so work
# together, and the commands with $ give what they show.
#
# Its machines are addresses of this one: 10.0.0.11 is 127.x.y.11.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile

import pytest
from redis.crc import key_slot

import stack as servers
from certificates import Authority
from documents import redis_rights

pytestmark = [pytest.mark.usefixtures("our_responders"),
              pytest.mark.skipif("config.getoption('hash_tags') or config.getoption('cluster')",
                                 reason="Redis of its own")]

BROKER, REPLICAS = "secret-of-the-broker", "secret-of-the-replicas"
HOST = "mq.example.org"


def sections():
    """[title, text] of each."""
    with open(os.path.join(servers.TOP, "docs/scale.txt")) as file:
        return re.split(r"^(\d+ .*)\n", file.read(), flags=re.MULTILINE)


def section(number):
    parts = sections()
    return next(text for title, text in zip(parts[1::2], parts[2::2]) if title.split()[0] == str(number))


def named(machines):
    """["10.0.0.1", …] of "10.0.0.1, 10.0.0.2" or "10.0.0.1 to 10.0.0.6"."""
    first, _, last = machines.partition(" to ")
    if not last:
        return machines.split(", ")
    net, _, number = first.rpartition(".")
    return [f"{net}.{n}" for n in range(int(number), int(last.rpartition(".")[2]) + 1)]


def files_of(text):
    """{(machine, path): text}; what is "one line more" is behind the rest."""
    files = {}
    for block in re.split(r"\n(?! |\n)", "\n" + text):
        for part in re.split(r"^    # (?=10\.)", block, flags=re.MULTILINE)[1:]:
            head, _, lines = part.partition("\n")
            machines, _, path = head.partition(": ")
            for machine in named(machines):
                place = machine, path.removesuffix(", one line more")
                files[place] = files.get(place, "") + re.sub(r"^    ", "", lines, flags=re.MULTILINE)
    return files


def commands_of(text):
    """[(command, what it shows)]"""
    return re.findall(r"^    \$ (.*)\n((?:    [^ $#\n].*\n)*)", text, re.MULTILINE)


def free_net():
    """127.x.y.: nobody listens there at the ports of Redis."""
    for number in range(os.getpid(), os.getpid() + 100):
        net = f"127.{1 + number // 250 % 250}.{1 + number % 250}."
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            for port in 6379, 16379, 26379:
                probes.enter_context(socket.create_server((net + "21", port)))
                probes.enter_context(socket.create_server((net + "11", port)))
            return net
    raise RuntimeError("no free addresses")


class Machine:
    """The files of one machine of the text, in a folder of its own, and Redis started with them."""

    def __init__(self, dir, address, net, files):
        self.dir = os.path.join(dir, "m" + address.rpartition(".")[2])
        self.address = address.replace("10.0.0.", net)
        self.net = net
        self.processes = []
        for folder in "/var/lib/redis", "/var/log/restmq":
            os.makedirs(self.path(folder))
        for (machine, path), text in files.items():
            if machine == address:
                self.write(path, text)

    def path(self, path):
        return self.dir + path

    def write(self, path, text):
        _, commands = redis_rights()
        rights = "~* &* -@all " + " ".join("+" + name for name in commands)
        # A machine with one address comes from that by itself.
        text = re.sub(r"^bind .*", f"bind {self.address}\nbind-source-addr {self.address}", text, flags=re.MULTILINE)
        text = re.sub(r"(?<=[ \n])/(?=(?:etc|var|run)/)", self.dir + "/", text)
        text = re.sub(r"10\.0\.0\.(?=[1-9])", self.net, text)
        for there, here in ("REPLICAS", REPLICAS), ("BROKER", BROKER), ("RIGHTS", rights):
            text = text.replace(there, here)
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w") as file:
            file.write(text)
        os.chmod(self.path(path), 0o600)

    def start(self, *words):
        with open(self.path("/log"), "ab") as log:
            self.processes.append(subprocess.Popen(["redis-server", *words], stdin=subprocess.DEVNULL,
                                                   stdout=log, stderr=log))

    def start_redis(self):
        self.start(self.path("/etc/redis/redis.conf"))

    def runs(self):
        if any(process.poll() is not None for process in self.processes):
            with open(self.path("/log")) as log:
                raise RuntimeError(log.read()[-3000:])
        return True

    def stop(self):
        for process in self.processes:
            servers.end(process)

    # --- a web server's ---------------------------------------------------------------------------

    def start_programs(self, builddir, stack):
        """Responders, a helper, and a web server, with the settings of the text."""
        with open(self.path("/etc/restmq/restmq.conf")) as file:
            conf = dict(line.split(" = ") for line in file.read().splitlines() if line)
        self.helper = servers.Helper(os.path.join(builddir, "restmq-wsd"), servers.free_port(),
                                     self.path("/h"), {**conf, "listen": f"unix:{self.path('/h/ws.sock')}"})
        self.responders = servers.Responders(os.path.join(builddir, "restmq.fcgi"), self.path("/f"), 2, conf)
        stack.enter_context(self.responders)
        self.helper.redis_patience = servers.patience(10)
        if takes("restmq-wsd", self, builddir):
            stack.enter_context(self.helper)
        self.web = stack.enter_context(servers.Lighttpd(self.responders, self.helper, self.path("/w"),
                                                        prefix=conf["prefix"]))
        self.http = servers.Http(self.web.port)

    def ask(self, method, path, **more):
        """From an address that acl.conf lets in."""
        return self.http.request(method, "/mq" + path, **more, headers={
            "Host": HOST, "X-Forwarded-For": "10.0.0.5"})


@pytest.fixture
def machines(tmp_path):
    """machines(section) has those of the section's files, by the last number of their address."""
    with contextlib.ExitStack() as stack:
        dir = tempfile.mkdtemp(prefix="rq-", dir="/tmp")      # sun_path has 108 bytes
        stack.callback(shutil.rmtree, dir, ignore_errors=True)
        net = free_net()

        def machines(text):
            files = files_of(text)
            files.update({(machine, "/etc/restmq/redis-password"): "BROKER\n"
                          for machine in ("10.0.0.1", "10.0.0.2")})
            found = {}
            for address in sorted({machine for machine, _ in files}):
                found[int(address.rpartition(".")[2])] = machine = Machine(dir, address, net, files)
                stack.callback(machine.stop)
            return found
        yield machines


def run_commands(builddir, text, machines):
    """In one shell."""
    web, net = machines[1], machines[1].net
    places = [("http://10.0.0.1/mq", f"http://127.0.0.1:{web.web.port}/mq"), ("10.0.0.", net),
              ("REPLICAS", REPLICAS), ("/etc/restmq", web.path("/etc/restmq"))]
    steps = commands_of(text)

    def here(text):
        for there, place in places:
            text = text.replace(there, place)
        return text

    shell = "".join(here(command) + "\necho ====\n" for command, _ in steps)
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "PATH": f"{os.path.abspath(builddir)}:{os.environ['PATH']}"})
    came = done.stdout.split("====\n")
    assert len(came) == len(steps) + 1, done
    for output, (command, shown) in zip(came, steps):
        assert re.sub(r"\x1b\[[\d;]*m", "", output).split() == here(shown).split(), (command, output, done.stderr)
    return len(steps)


def takes(program, machine, builddir):
    """False as long as it cannot use a cluster."""
    return "cannot use a Redis Cluster yet" not in reads(program, machine, builddir)[1].stderr


def reads(program, machine, builddir):
    """Whether it takes its settings, and what it says."""
    done = subprocess.run([os.path.join(builddir, program), "--config",
                           machine.path("/etc/restmq/restmq.conf"), "--check-config"],
                          capture_output=True, text=True, timeout=30)
    return done.returncode == 0, done


def assert_served(machines):
    """A push at one web server, a take at the other; and both helpers have Redis."""
    for number in range(20):
        path = f"/q/orders.{number % 16}"
        assert machines[1].ask("POST", path, form={"value": f"hello {number}"}).status == 200
        assert machines[2].ask("GET", path).json()["value"] == f"hello {number}"
    for machine in machines[1], machines[2]:
        if machine.helper.process:    # its link is its own, and comes back in its own time
            servers.wait_for(machine.helper.has_redis)


def test_sentinel(builddir, machines):
    """The master is ended, and what it had acknowledged is there."""
    text = section(2)
    machines = machines(text)
    redis = [machines[number] for number in (11, 12, 13)]
    for machine in redis:
        machine.start_redis()
    for machine in redis:
        machine.start(machine.path("/etc/redis/sentinel.conf"), "--sentinel")

    def in_step():
        masters = [machine.runs() and facts(machine, "26379", "sentinel", "master", "restmq")
                   for machine in redis]
        return all(master.get(name) == "2" for master in masters
                   for name in ("num-slaves", "num-other-sentinels"))

    servers.wait_for(in_step, servers.patience(40), 0.2)
    with contextlib.ExitStack() as stack:
        for number in 1, 2:
            machines[number].start_programs(builddir, stack)
        servers.wait_for(lambda: machines[1].ask("POST", "/q/first", form={"value": "x"}).status == 200,
                         servers.patience(20))
        assert_served(machines)
        assert run_commands(builddir, text, machines) == 4
        assert machines[1].ask("POST", "/q/orders", form={"value": "kept"}).status == 200
        redis[0].stop()
        servers.wait_for(lambda: machines[2].ask("GET", "/q/orders?soft=1").status == 200,
                         servers.patience(40), 0.2)
        assert_served(machines)


def facts(machine, port, *words):
    """A sentinel's pairs."""
    lines = subprocess.run(["redis-cli", "-h", machine.address, "-p", port, *words], timeout=10,
                           capture_output=True, text=True).stdout.split("\n")
    return dict(zip(lines[::2], lines[1::2]))


@pytest.fixture
def cluster(machines, tmp_path):
    """The machines of section 3, whose Redis run; acl.conf and users.acl are those of section 2."""
    text = section(3)
    two = files_of(section(2))
    more = "".join(f"\n    # {address}: {path}\n" + re.sub("^", "    ", two[source, path], flags=re.MULTILINE)
                   for addresses, source, path in (
                       (["10.0.0.1", "10.0.0.2"], "10.0.0.1", "/etc/restmq/acl.conf"),
                       ([f"10.0.0.{number}" for number in range(21, 27)], "10.0.0.11", "/etc/redis/users.acl"))
                   for address in addresses)
    machines = machines(text + more)
    authority = Authority(tmp_path, "own")
    for number, machine in machines.items():
        if number > 20:
            certificate = authority.sign(str(number), f"IP:{machine.address}")
            for source, name in (certificate.cert, "redis.pem"), (certificate.key, "redis.key"), \
                    (certificate.ca, "ca.pem"):
                shutil.copy(source, machine.path(f"/etc/redis/{name}"))
            machine.start_redis()
        else:
            shutil.copy(authority.ca, machine.path("/etc/restmq/redis-ca.pem"))
    return machines


def test_cluster(builddir, cluster):
    if not takes("restmq.fcgi", cluster[1], builddir):
        pytest.skip("no cluster yet")
    with contextlib.ExitStack() as stack:
        for number in 1, 2:
            cluster[number].start_programs(builddir, stack)
        assert run_commands(builddir, section(3), cluster) > 4
        servers.wait_for(lambda: cluster[1].ask("POST", "/q/first", form={"value": "x"}).status == 200,
                         servers.patience(30), 0.2)
        assert_served(cluster)


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("program", ["restmq.fcgi", "restmq-wsd"])
def test_settings(builddir, machines, tmp_path, number, program):
    """Nothing is wrong with them, but that no Redis is there."""
    machines = machines(section(number))
    for machine in machines[1], machines[2]:
        machine.write("/etc/restmq/acl.conf", files_of(section(2))["10.0.0.1", "/etc/restmq/acl.conf"])
        machine.write("/etc/restmq/redis-ca.pem", open(Authority(tmp_path, "own").ca).read())
        good, done = reads(program, machine, builddir)
        assert good or not takes(program, machine, builddir), done


def test_queue_of():
    """The shell of section 5."""
    steps = commands_of(section(5))
    done = subprocess.run(["sh", "-c", "\n".join(command for command, _ in steps)], capture_output=True,
                          text=True, timeout=20, check=True)
    assert done.stdout.split() == "".join(shown for _, shown in steps).split()


def test_where_queues_are():
    """The table of section 5."""
    ways = [[f"orders.{number}" for number in range(16)],
            [f"orders.{digit}{digit}" for digit in "0123456789abcdef"],
            [f"orders.{number}" for number in range(64)]]
    rows = re.findall(r"  ((?:\d+ ){2}\d+)  +((?:\d+ ){5}\d+)$", section(5), re.MULTILINE)
    for names, row in zip(ways, rows, strict=True):
        for counts in row:
            counts = list(map(int, counts.split()))
            masters = [key_slot(name.encode()) * len(counts) // 16384 for name in names]
            assert counts == [masters.count(number) for number in range(len(counts))]
