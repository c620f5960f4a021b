# stack.py - real servers for the tests and the bench: a private Redis, FastCGI programs behind one
# unix socket, restmq-wsd, a web server in front of them.  (clients.py has an HTTP client and a raw
# FastCGI client to talk to them, consumers.py the clients of restmq-wsd.)
#
# Everything is a context manager, lives in a temporary folder of its own, listens on unix sockets
# or on free loopback ports, and is stopped by its own pid.
#
# SPDX-License-Identifier: BSD-2-Clause

import collections
import contextlib
import glob
import os
import random
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time

import redis as redis_py

import routed
import tagged
# Clients of the servers are imported from here, too.
from clients import (  # noqa: F401
    ABORT, BEGIN, END, Fcgi, Http, PARAMS, Response, STDERR, STDIN, STDOUT, basic, fcgi_params,
    fcgi_request, is_readable)

HERE = os.path.dirname(os.path.abspath(__file__))      # the other helpers
TOP = os.path.abspath(os.path.join(HERE, "..", "..", ".."))     # the source tree
CONF = os.path.join(TOP, "conf")

READY_TIMEOUT = 15.0   # for a server to answer after its start
STOP_TIMEOUT = 5.0     # for a responder or a helper to exit after SIGTERM

# A finding of a sanitizer goes to stderr, which is the responder's log, and ends the process.
SANITIZERS = {
    "ASAN_OPTIONS": "exitcode=99:detect_leaks=1:abort_on_error=0:log_path=stderr",
    "UBSAN_OPTIONS": "exitcode=98:halt_on_error=1:print_stacktrace=1:log_path=stderr",
    "LSAN_OPTIONS": "print_suppressions=0:suppressions="
                    + os.path.join(HERE, "leaks.supp"),
}
FINDINGS = ("ERROR: AddressSanitizer", "LeakSanitizer", "runtime error:")

# Whether programs have hash_tags = on where their settings do not say; `pytest --hash-tags` sets it.
hash_tags = False

# The Redis of a stack whose test does not say: one, "one" node that is a cluster, or "three" of them;
# `pytest --cluster` sets it.
cluster = None


def shown(text):
    """What a program says to people, with names as they are without hash tags."""
    return tagged.shown_text(text) if hash_tags else text


def driver_options():
    """What the tests' own drivers have behind the address of a Redis."""
    return ["tags"] if hash_tags else []


# Findings in the logs of all programs of ours that were stopped so far; the test session fails on any.
findings = []


def what_it_does(pid):
    """Of a process that does not end: where it sleeps, and what its signals are."""
    try:
        with open(f"/proc/{pid}/status") as status, open(f"/proc/{pid}/wchan") as place:
            lines = [line.strip() for line in status if line.startswith(("State", "Sig", "ShdPnd"))]
            return f"{pid} in {place.read()}, " + ", ".join(lines)
    except (FileNotFoundError, ProcessLookupError):
        return f"{pid} is gone"


def note_findings(log):
    """Looks for what a sanitizer wrote into a log."""
    if os.path.exists(log):
        with open(log, errors="replace") as lines:
            findings.extend(line.strip() for line in lines
                            if any(finding in line for finding in FINDINGS))


# Below those that connections get, one of which may have it a moment later; each process of pytest has its own.
PORTS = range(10000 + int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % 16, 32000, 16)
_given = collections.deque(maxlen=500)


def free_port():
    """A loopback port that nobody listens on now, and that was not given lately."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            if port not in _given:
                probe.bind(("127.0.0.1", port))
                _given.append(port)
                return port


def patience(seconds):
    """How long something may take that takes at most so long on a machine with nothing else to do than the
    tests, which keep it at a load of three or four."""
    return seconds * max(1, os.getloadavg()[0] / 4)


def put_first(process):
    """Whatever else this machine does waits for it, where we may say so."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(process.pid, os.SCHED_FIFO, os.sched_param(1))


def wait_for(condition, timeout=READY_TIMEOUT, step=0.01):
    """The first true value of condition(), asked again and again; fails after timeout seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{condition} stayed false for {timeout} s")
        time.sleep(step)


def handles(pid, sig):
    """True when a process catches or blocks a signal; not so in the first instant of its life."""
    try:
        with open(f"/proc/{pid}/status") as status:
            masks = dict(line.split(":", 1) for line in status)
    except (FileNotFoundError, ProcessLookupError):
        return False
    mask = int(masks["SigCgt"], 16) | int(masks["SigBlk"], 16)
    return bool(mask >> (sig - 1) & 1)


class Server:
    """The life of every server here: a folder, start() on entering, stop() on leaving."""

    def __init__(self, dir=None):
        self._own_dir = dir is None
        self.was_killed = False    # by SIGKILL, ever
        self.dir = dir or tempfile.mkdtemp(prefix="rq-", dir="/tmp")   # sun_path has 108 bytes
        os.makedirs(self.dir, exist_ok=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def __exit__(self, failed, *_):
        try:
            self.stop()
        except Exception:
            if not failed:
                raise
        finally:
            if self._own_dir:
                shutil.rmtree(self.dir, ignore_errors=True)


def end(process):
    """Ends a child of ours at once."""
    if process is not None and process.poll() is None:
        process.kill()
        process.wait()


def stop_all(servers):
    """Stops every one, and then says what went wrong with the first that made trouble."""
    troubles = []
    for server in servers:
        try:
            server.stop()
        except Exception as trouble:
            troubles.append(trouble)
    if troubles:
        raise troubles[0]


class Redis(Server):
    """A private redis-server on a unix socket, or on a free loopback port; with a certificate (of
    certificates.py) it listens within TLS on another one, tls_port.  Options are added to its command
    line; its data outlives stop() and kill(), so start() finds them again."""

    has_tags = False    # whatever programs there are
    account = {}        # as redis-py takes it, for those who ask it here
    client_class = redis_py.Redis

    def __init__(self, dir=None, *options, tcp=False, certificate=None):
        super().__init__(dir)
        self.socket = None if tcp else self.path("redis.sock")
        self.port = free_port() if tcp else 0
        self.address = f"127.0.0.1:{self.port}" if tcp else f"unix:{self.socket}"
        self.options = [str(option) for option in options]
        self.process = None
        self.kills = []     # when it was killed or stopped
        self.tls_port = free_port() if certificate else None
        if certificate:
            self.options = ["--tls-port", str(self.tls_port), "--tls-auth-clients", "no",
                            "--tls-cert-file", str(certificate.cert),
                            "--tls-key-file", str(certificate.key),
                            "--tls-ca-cert-file", str(certificate.ca), *self.options]

    def start(self):
        with open(self.path("redis.log"), "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        wait_for(self.answers)

    def command(self):
        argv = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", self.dir, "--save", "", "--appendonly", "no"]
        if self.socket:
            argv += ["--unixsocket", self.socket]
        return argv + self.options

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def info(self, section):
        with contextlib.closing(self.client(socket_timeout=5)) as client:
            return client.info(section)

    def answers(self):
        """True once it answers and has its data.  That we may not log in is an answer too."""
        if self.process.poll() is not None:
            with open(self.path("redis.log")) as log:
                raise RuntimeError("redis-server ended:\n" + log.read()[-2000:])
        client = self.client(socket_timeout=1)
        try:
            return client.ping()
        except (redis_py.exceptions.BusyLoadingError, redis_py.exceptions.TimeoutError):
            return False
        except redis_py.exceptions.AuthenticationError:
            return True
        except redis_py.exceptions.ConnectionError:
            return False
        finally:
            client.close()

    def client(self, **more):
        """A redis-py client that gives and takes bytes, with names as they are without hash tags."""
        more = {**self.account, **more}
        if self.socket:
            client = self.client_class(unix_socket_path=self.socket, **more)
            kind = tagged.TaggedUnixConnection
        else:
            client = self.client_class(host="127.0.0.1", port=self.port, **more)
            kind = tagged.TaggedConnection
        if hash_tags or self.has_tags:
            client.connection_pool.connection_class = kind
        return client

    def kill(self, sig=signal.SIGKILL):
        """Sends a signal; waits for the end where the signal is one that ends."""
        self.process.send_signal(sig)
        self.was_killed = self.was_killed or sig == signal.SIGKILL
        if sig in (signal.SIGKILL, signal.SIGSTOP):
            self.kills.append(time.monotonic())
        if sig in (signal.SIGKILL, signal.SIGTERM):
            self.process.wait(10)

    @contextlib.contextmanager
    def thinking(self):
        """In this block it takes what it is sent, and answers nothing."""
        self.kill(signal.SIGSTOP)
        try:
            yield
        finally:
            self.kill(signal.SIGCONT)

    def stop(self):
        end(self.process)


class Node(Redis):
    """A cluster of one, which has all slots."""

    has_tags = True
    client_class = routed.Whole

    def __init__(self, dir=None, *options):
        bus = free_port()
        super().__init__(dir, "--cluster-enabled", "yes", "--cluster-port", bus, *options, tcp=True)
        self.address = "cluster://" + self.address
        self.socket = self.path("redis.sock")       # for the tests
        with open(self.path("nodes.conf"), "w") as file:
            file.write(f"{1:040x} 127.0.0.1:{self.port}@{bus} myself,master - 0 0 1 connected 0-16383\n"
                       "vars currentEpoch 1 lastVoteEpoch 0\n")

    def answers(self):
        """A node that has begun refuses everything for two seconds."""
        with contextlib.closing(self.client(socket_timeout=1)) as client:
            try:
                return super().answers() and client.cluster("info")["cluster_state"] == "ok"
            except redis_py.exceptions.AuthenticationError:
                time.sleep(2.1)
                return True


def some_redis(dir=None, *options, tcp=False, certificate=None):
    """What a stack has by itself."""
    if cluster == "one" and not certificate:
        return Node(dir, *options)
    if cluster == "three" and not certificate:
        return Cluster(dir, 3, 0, options)
    return Redis(dir, *options, tcp=tcp, certificate=certificate)


def cli(port, *words, **account):
    """What a server on a loopback port answers, by redis-py."""
    with contextlib.closing(redis_py.Redis(host="127.0.0.1", port=port, socket_timeout=5,
                                           decode_responses=True, **account)) as client:
        return client.execute_command(*words)


class Many(Server):
    """Several redis-servers on loopback ports that belong together.  A Stack takes one in the place of
    a Redis."""

    def __init__(self, dir=None):
        self.members = []
        self.address = None
        super().__init__(dir)

    def add(self, *options, certificate=None):
        """One more member, not started yet."""
        member = Redis(self.path(f"r{len(self.members)}"), *options, tcp=True, certificate=certificate)
        self.members.append(member)
        return member

    def stop(self):
        stop_all(self.members)

    def at(self, port):
        """The member with that port."""
        return next(member for member in self.members if port in (member.port, member.tls_port))

    def is_running(self):
        return all(member.is_running() for member in self.members)

    @property
    def was_killed(self):
        return any(member.was_killed for member in self.members)

    @was_killed.setter
    def was_killed(self, value):
        """Only its members are."""


class Sentinels(Many):
    """A master, its replicas, and three sentinels that watch them.  It takes half a second until they
    call a master dead, and about two until another one is promoted.

    With a certificate all of them talk within TLS, and so must the programs.  With a password the
    Redis want it, and with an account, (name, password), the sentinels."""

    name = "mymaster"

    def __init__(self, dir=None, replicas=1, sentinels=3, options=(), certificate=None, password=None,
                 account=None):
        super().__init__(dir)
        options = ("--repl-diskless-sync-delay", 0, *options)
        if certificate:
            options += ("--tls-replication", "yes")
        if password:
            options += ("--requirepass", password, "--masterauth", password)
        self.first = self.add(*options, certificate=certificate)
        for _ in range(replicas):
            self.add("--replicaof", "127.0.0.1", port_of(self.first), *options, certificate=certificate)
        self.sentinels = [Sentinel(self.path(f"s{number}"), number, certificate, password, account)
                          for number in range(sentinels)]
        for member in self.members if password else []:
            member.account = {"password": password}
        self.address = ("sentinel://" + ",".join(f"127.0.0.1:{port_of(one)}" for one in self.sentinels)
                        + "/" + self.name)

    def start(self):
        for member in self.members:
            member.start()
        for one in self.sentinels:
            one.configure(self.name, port_of(self.first), self.members[1:],
                          [other for other in self.sentinels if other is not one])
            one.start()
        wait_for(self.is_complete)

    def is_complete(self):
        """True once every replica is in step and every sentinel knows all others."""
        master = self.first.info("replication")
        return (all(master.get(f"slave{number}", {}).get("state") == "online"
                    for number in range(len(self.members) - 1))
                and all(one.knows_all(self.name, len(self.members) - 1, len(self.sentinels) - 1)
                        for one in self.sentinels))

    def master_port(self):
        """As the sentinels that run say; None where they do not agree."""
        ports = {one.cli("SENTINEL", "get-master-addr-by-name", self.name)[1]
                 for one in self.sentinels if one.is_running()}
        return int(ports.pop()) if len(ports) == 1 else None

    def master(self):
        return self.at(wait_for(self.master_port))

    def client(self, **more):
        return self.master().client(**more)

    def fail_over(self):
        """By hand; returns when a sentinel has begun with it."""
        self.sentinels[0].cli("SENTINEL", "FAILOVER", self.name)

    def is_running(self):
        return self.master().is_running()

    def stop(self):
        stop_all([*self.sentinels, *self.members])


def port_of(server):
    """The port at which a Redis or a sentinel is dialled."""
    return server.tls_port or server.port


class Sentinel(Redis):
    """redis-server --sentinel.  Its file says from the start whom it would find in some seconds."""

    def __init__(self, dir, number, certificate=None, password=None, account=None):
        super().__init__(dir, tcp=True, certificate=certificate)
        self.number = number
        self.password = password    # of those whom it watches
        if account:
            self.account = {"username": account[0], "password": account[1]}

    def cli(self, *words):
        return cli(self.port, *words, **self.account)

    def id(self):
        return f"{self.number + 1:040x}"

    def configure(self, name, port, replicas, others):
        lines = [f"port {self.port}", "bind 127.0.0.1", f"dir {self.dir}", f"sentinel myid {self.id()}",
                 f"sentinel monitor {name} 127.0.0.1 {port} 2",
                 f"sentinel down-after-milliseconds {name} 500",
                 f"sentinel failover-timeout {name} 3000"]
        lines += [f"sentinel known-replica {name} 127.0.0.1 {port_of(one)}" for one in replicas]
        lines += [f"sentinel known-sentinel {name} 127.0.0.1 {port_of(one)} {one.id()}" for one in others]
        if self.tls_port:
            lines += ["tls-replication yes"]
        if self.password:
            lines += [f"sentinel auth-pass {name} {self.password}"]
        if self.account:
            user, password = self.account.values()
            lines += ["user default off", f"user {user} on >{password} ~* &* +@all",
                      f"sentinel sentinel-user {user}", f"sentinel sentinel-pass {password}"]
        with open(self.path("sentinel.conf"), "w") as conf:
            conf.write("\n".join(lines) + "\n")

    def command(self):
        return ["redis-server", self.path("sentinel.conf"), "--sentinel", *self.options]

    def knows_all(self, name, replicas, others):
        master = self.cli("SENTINEL", "MASTER", name)
        facts = master if isinstance(master, dict) else dict(zip(master[::2], master[1::2]))
        return ((int(facts["num-slaves"]), int(facts["num-other-sentinels"])) == (replicas, others)
                and facts["flags"] in ("master", {"master"}))


class Cluster(Many):
    """So many masters with so many replicas each, which share the slots."""

    def __init__(self, dir=None, masters=3, replicas=1, options=()):
        super().__init__(dir)
        self.masters = masters
        self.replicas = replicas
        self.options = options
        for _ in range(masters * (1 + replicas)):
            self.add_node()
        self.address = "cluster://" + ",".join(f"127.0.0.1:{member.port}"
                                               for member in self.members[:16])

    def add_node(self):
        member = self.add("--cluster-enabled", "yes", "--cluster-port", free_port(), "--cluster-node-timeout", 1000,
                          "--repl-diskless-sync-delay", 0, *self.options)
        member.has_tags = True
        return member

    def meet(self, member):
        bus = member.options[member.options.index("--cluster-port") + 1]
        cli(self.members[0].port, "CLUSTER", "MEET", "127.0.0.1", str(member.port), bus)

    def start(self):
        for member in self.members:
            member.start()
        self.deal_slots()
        wait_for(self.is_complete, patience(30))

    def deal_slots(self):
        """As `redis-cli --cluster create`, which is not used for its pauses of seconds."""
        others = self.members[1:]
        masters, replicas = self.members[:self.masters], self.members[self.masters:]
        for number, member in enumerate(self.members):
            cli(member.port, "CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
        for number, member in enumerate(masters):
            cli(member.port, "CLUSTER", "ADDSLOTSRANGE", str(16384 * number // self.masters),
                str(16384 * (number + 1) // self.masters - 1))
        for member in others:
            self.meet(member)
        for number, member in enumerate(replicas):
            master = cli(masters[number % self.masters].port, "CLUSTER", "MYID")
            wait_for(lambda: self.becomes_replica(member, master))

    @staticmethod
    def becomes_replica(member, master):
        """False while it has not heard of its master."""
        try:
            return cli(member.port, "CLUSTER", "REPLICATE", master)
        except redis_py.exceptions.ResponseError:
            return False

    def is_complete(self):
        """True once each node says that the cluster is whole, and each replica is in step."""
        if any("cluster_state:ok" not in self.state(member) for member in self.members):
            return False
        roles = [member.info("replication") for member in self.members]
        return (sum(role["role"] == "master" for role in roles) == self.masters
                and all(role.get("master_link_status", "up") == "up" for role in roles))

    @staticmethod
    def state(member):
        state = cli(member.port, "CLUSTER", "INFO")
        return state if isinstance(state, str) else f"cluster_state:{state['cluster_state']}"

    def slots(self):
        """(first, last, port of the master) of each range that is served."""
        for member in self.members:
            with contextlib.suppress(redis_py.exceptions.RedisError):
                ranges = cli(member.port, "CLUSTER", "SLOTS")
                if isinstance(ranges, dict):       # as redis-py likes to have it
                    return [(*bounds, place["primary"][1]) for bounds, place in ranges.items()]
                return [(first, last, master[1]) for first, last, master, *_ in ranges]
        raise RuntimeError("no node tells where the slots are")

    def client(self, **more):
        return routed.Routed(self, **more)

    # --- who is what, and changes of it ---

    def nodes(self):
        """{id: (port, flags, id of its master or "-")}, as the first that answers has it."""
        for member in self.members:
            with contextlib.suppress(redis_py.exceptions.RedisError):
                lines = cli(member.port, "CLUSTER", "NODES").splitlines()
                return {id: (int(address.split("@")[0].split(":")[1]), flags.split(","), master)
                        for id, address, flags, master, *_ in map(str.split, lines)}
        raise RuntimeError("no node tells which there are")

    def id_of(self, member):
        return next(id for id, (port, _, _) in self.nodes().items() if port == member.port)

    def master_of(self, slot):
        return self.at(next(port for first, last, port in self.slots() if first <= slot <= last))

    def replicas_of(self, member):
        id = self.id_of(member)
        return [self.at(port) for port, _, master in self.nodes().values() if master == id]

    def await_other_master(self, slot, than):
        """Until all that run say so."""
        others = [member for member in self.members if member is not than and member.is_running()]
        wait_for(lambda: all(self.has_at(member, slot) not in (None, than.port) for member in others), patience(20))

    @staticmethod
    def has_at(member, slot):
        """At which port a member believes a slot."""
        for first, last, *places in cli(member.port, "CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return places[0][1]

    def fail_over(self, master):
        """By hand; returns when the replica has begun with it."""
        cli(self.replicas_of(master)[0].port, "CLUSTER", "FAILOVER")

    def reshard(self, count, source, target):
        """Moves so many slots, the first that the source has, with what is in them."""
        wait_for(self.agrees, patience(20))
        done = subprocess.run(["redis-cli", "--cluster", "reshard", f"127.0.0.1:{source.port}", "--cluster-yes",
                               "--cluster-from", self.id_of(source), "--cluster-to", self.id_of(target),
                               "--cluster-slots", str(count)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr

    def agrees(self):
        """Whether all members that run have the same map."""
        running = [member for member in self.members if member.is_running()]
        return (len({str(sorted(entry[:2] + entry[2][:2] for entry in cli(member.port, "CLUSTER", "SLOTS")))
                     for member in running}) == 1)

    def join(self):
        """One more master, which has no slots."""
        member = self.add_node()
        member.start()
        self.meet(member)
        wait_for(lambda: all(len(cli(other.port, "CLUSTER", "NODES").splitlines()) == len(self.members)
                             for other in self.members)
                 and "cluster_state:ok" in self.state(member), patience(20))
        return member

    def leave(self, member):
        """A member that has no slots ends, and all others forget it."""
        id = self.id_of(member)
        self.members.remove(member)
        for other in self.members:
            cli(other.port, "CLUSTER", "FORGET", id)
        member.stop()


class Configured(Server):
    """A server with a restmq.conf and a log of its own in its folder."""

    def __init__(self, dir, log, conf):
        super().__init__(dir)
        self.config = self.path("restmq.conf")
        self.log = self.path(log)
        self.configure(conf)

    def configure(self, conf):
        """Writes the settings: a dict, or the text of a whole file.  Replaces the file at once, so
        that no program ever reads half of it."""
        if not isinstance(conf, str):
            if hash_tags:
                conf = {"hash_tags": "on", **conf}
            conf = "".join(f"{key} = {value}\n" for key, value in conf.items())
        with open(self.config + ".new", "w") as file:
            file.write(conf)
        os.rename(self.config + ".new", self.config)

    def log_text(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, errors="replace") as log:
            return log.read()

    def note_findings(self):
        note_findings(self.log)


class Responders(Configured):
    """Processes of a FastCGI program behind one unix socket, which they get as fd 0.  One that
    ends is started again at once.  conf becomes a restmq.conf for `binary --config FILE`; argv,
    where given, is the whole command line instead (any FastCGI program)."""

    def __init__(self, binary, dir=None, workers=2, conf={}, argv=None):
        super().__init__(dir, "responder.log", conf)
        self.socket = self.path("fcgi.sock")
        self.workers = workers
        self.argv = argv or [os.path.abspath(binary), "--config", self.config]
        self.exits = []            # (pid, code) of every process that ended
        self.listener = None
        self._stopping = False
        self._processes = [None] * workers
        self._keepers = []

    def start(self):
        self._stopping = False
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        self.listener.listen(1024)
        self._keepers = [threading.Thread(target=self._keep, args=(slot,), daemon=True)
                         for slot in range(self.workers)]
        for keeper in self._keepers:
            keeper.start()
        wait_for(lambda: len(self.pids) == self.workers or self.exits)

    def _keep(self, slot):
        """Keeps one process alive until stop()."""
        while not self._stopping:
            started = time.monotonic()
            with open(self.log, "ab") as log:
                process = subprocess.Popen(self.argv, stdin=self.listener, stdout=log, stderr=log,
                                           env={**os.environ, **SANITIZERS})
            self._processes[slot] = process
            if self._stopping:
                process.terminate()
            self.exits.append((process.pid, process.wait()))
            if not self._stopping and time.monotonic() - started < 0.05:
                time.sleep(0.05)   # it cannot even start: do not burn the machine

    @property
    def pids(self):
        return [process.pid for process in list(self._processes)
                if process is not None and process.poll() is None]

    def signal_all(self, sig):
        """Sends a signal to every process."""
        for pid in self.pids:
            os.kill(pid, sig)

    def kill_one(self, sig=signal.SIGKILL, index=0):
        """Sends a signal to one process and returns its pid; where it ends, another one starts.  One that
        is in its first instant, when it cannot be told to stop, is left alone."""
        process = self._processes[index % self.workers]
        if sig == signal.SIGKILL or handles(process.pid, sig):
            process.send_signal(sig)
        self.was_killed = self.was_killed or sig == signal.SIGKILL
        return process.pid

    def is_ready(self):
        """True once every process is past its first instant and can be told to stop."""
        return len(self.pids) == self.workers and all(handles(pid, signal.SIGTERM)
                                                      for pid in self.pids)

    def stop(self):
        """SIGTERM to all; each must exit 0 in time."""
        if self._keepers:
            wait_for(self.is_ready, STOP_TIMEOUT)
        self._stopping = True
        ending = [process for process in self._processes if process is not None]
        for process in ending:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT
        late = []
        for keeper in self._keepers:
            keeper.join(max(0.01, deadline - time.monotonic()))
        for process in self._processes:
            if process is not None and process.poll() is None:
                late.append(what_it_does(process.pid))
                process.kill()
        for keeper in self._keepers:
            keeper.join()
        self._keepers = []
        if self.listener:
            self.listener.close()
            self.listener = None
        self.note_findings()
        if late:
            raise AssertionError(f"alive {STOP_TIMEOUT} s after SIGTERM: {late}; the log ends:\n"
                                 f"{self.log_text()[-3000:]}")
        codes = {process.pid: process.returncode for process in ending}
        if any(codes.values()):
            raise AssertionError(f"exit codes {codes}; the log ends:\n{self.log_text()[-3000:]}")


class Helper(Configured):
    """One restmq-wsd, on a TCP port that it may share with others (SO_REUSEPORT) and on a unix
    socket of its own.  files: how many files it may have open."""

    def __init__(self, binary, port, dir=None, conf={}, files=None):
        self.port = port
        self.prefix = conf.get("prefix", "")
        super().__init__(dir, "helper.log", conf)
        self.binary = os.path.abspath(binary)
        self.files = files
        self.process = None
        self.redis_patience = 3     # seconds in which start() awaits that it has Redis

    @property
    def socket(self):
        return self.path("ws.sock")

    def configure(self, conf):
        if not isinstance(conf, str):
            conf = {"listen": f"127.0.0.1:{self.port},unix:{self.socket}", **conf}
        super().configure(conf)

    @property
    def pid(self):
        return self.process.pid

    def launch(self):
        """It begins, and may not listen yet."""
        limit = ["prlimit", f"--nofile={self.files}:{self.files}"] if self.files else []
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*limit, self.binary, "--config", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **SANITIZERS})

    def start(self):
        self.launch()
        wait_for(self.answers)
        with contextlib.suppress(TimeoutError):     # there may be no Redis, on purpose
            wait_for(self.has_redis, self.redis_patience)

    def answers(self):
        """True once it serves."""
        if self.process.poll() is not None:
            raise RuntimeError("restmq-wsd ended:\n" + self.log_text()[-3000:])
        return self.status_of("/health") == b"HTTP/1.1 200"

    def has_redis(self):
        """A take tells; where none is allowed, it says so itself."""
        status = self.status_of("/w/none-has-this-name?wait=0")
        if status in (b"HTTP/1.1 401", b"HTTP/1.1 403"):
            status = self.status_of("/ready")
        return status not in (b"HTTP/1.1 503", None)

    def status_of(self, path):
        """Its unix socket is its own, the port may be that of several."""
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(5)
                sock.connect(self.socket)
                head = (f"GET {self.prefix}{path} HTTP/1.1\r\nHost: localhost\r\n"
                        "X-Forwarded-For: 127.0.0.1\r\n\r\n")
                sock.sendall(head.encode())
                return sock.recv(12)
        except OSError:
            return None

    def signal(self, sig):
        """Sends a signal and goes on."""
        self.process.send_signal(sig)
        self.was_killed = self.was_killed or sig == signal.SIGKILL

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM; it must exit 0 in time."""
        if self.process is None or self.process.poll() == -signal.SIGKILL:
            self.note_findings()
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            code = self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            doing = what_it_does(self.pid)
            end(self.process)
            raise AssertionError(f"alive {STOP_TIMEOUT} s after SIGTERM: {doing}; the log ends:\n"
                                 f"{self.log_text()[-3000:]}")
        finally:
            self.note_findings()
        if code != 0:
            raise AssertionError(f"exit code {code}; the log ends:\n{self.log_text()[-3000:]}")


class WebServer(Server):
    """A web server on a loopback port, configured as that of the local stack: the routes of
    restmq-wsd go to the helper's unix socket, where there is one, and all others to the FastCGI
    socket of responders.

    Where the servers differ in what a test sees, the members here say so."""

    program = None
    notices_gone = True      # that the client of a stream has gone, before there is something to send
    hangs_up = False         # on a responder, when a client has gone that waits for its answer
    has_streams = False      # whether there is a helper or not
    own_responders = False   # are its requests answered by processes of its own?
    takes_chunks = True      # is a body without Content-Length one?
    passes_underscores = False  # is X_Y: HTTP_X_Y for a responder, as X-Y: is?
    drops_underscores = False   # does not even the helper get X_Y?
    joins_lines = True          # are two lines of one field one list?

    def __init__(self, responders=None, helper=None, dir=None, port=None, prefix=""):
        super().__init__(dir)
        self.log = self.path("web.log")
        self.port = port
        self._any_port = port is None
        # where there is no helper its routes are at a place that no test asks for
        self.prefix = re.escape(prefix) if helper else "/there/is/no/helper"
        self.process = None
        os.makedirs(self.path("upload"), exist_ok=True)
        if responders:
            os.symlink(responders.socket, self.path("fcgi.sock"))
            self.write_script(responders.argv)
        if helper:
            os.symlink(helper.socket, self.path("ws.sock"))

    def write_script(self, argv):
        """For the one that starts the responders itself."""

    def start(self):
        for attempt in range(5):   # another program may take the free port first
            if self._any_port:
                self.port = free_port()
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
                    env={**os.environ, **self.environment()}, start_new_session=True)
            wait_for(lambda: self.process.poll() is not None or self._answers())
            if self.process.poll() is None:
                return
        with open(self.log) as log:
            raise RuntimeError("the web server does not start:\n" + log.read()[-2000:])

    def command(self):
        """Writes what it reads, and returns its command line."""
        raise NotImplementedError

    def environment(self):
        """What conf/*-local.conf reads from the environment, or would."""
        return {"RESTMQ_PORT": str(self.port), "RESTMQ_PREFIX": self.prefix, "RESTMQ_WORKERS": "2",
                "RESTMQ_FCGI_SOCKET": self.path("fcgi.sock"),
                "RESTMQ_WS_SOCKET": self.path("ws.sock"), "RESTMQ_LOG_DIR": self.dir,
                "RESTMQ_UPLOAD_DIR": self.path("upload")}

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def _files(self):
        """The paths in /proc of all that it has open, with its children."""
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit() and os.getsid(int(entry)) == self.process.pid:
                    yield from glob.glob(f"/proc/{entry}/fd/*")

    def open_files(self):
        return len(list(self._files()))

    def kept_on_disk(self):
        """The bytes of its files: those in its folder for bodies, and those that only it can see."""
        sizes = {}
        for path in [*self._files(), *glob.glob(self.path("upload/**"), recursive=True)]:
            with contextlib.suppress(OSError):
                file = os.stat(path)
                if stat.S_ISREG(file.st_mode):
                    sizes[file.st_dev, file.st_ino] = file.st_size
        return sum(sizes.values())

    def stop(self):
        """At once, with its children."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def path_of(program):
    """A plain user's PATH may not have it."""
    return shutil.which(program) or "/usr/sbin/" + program


def unprivileged():
    """The start of a command line for a program that will not stay root: nobody, who may open what
    root's folders have."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups",
            "--inh-caps", "+dac_override", "--ambient-caps", "+dac_override", "--"]


class Lighttpd(WebServer):
    passes_underscores = True

    program = "lighttpd"

    def command(self):
        with open(self.path("lighttpd.conf"), "w") as conf:
            conf.write(self.configuration())
        return [path_of(self.program), "-D", "-f", self.path("lighttpd.conf")]

    def configuration(self):
        return (f'include "{CONF}/lighttpd-local.conf"\n'
                "server.max-keep-alive-requests = 100000000\n")

    def stop(self):
        end(self.process)          # asked gently it takes up to a second


def replaced(text, old, new):
    """The text of a sample with another line, which must have been there."""
    assert text.count(old) == 1, old
    return text.replace(old, new)


class Nginx(WebServer):
    program = "nginx"
    hangs_up = True
    drops_underscores = True
    joins_lines = False

    def command(self):
        with open(f"{CONF}/nginx-local.conf") as conf:
            text = conf.read()
        for name in "RESTMQ_PORT", "RESTMQ_PREFIX":
            text = text.replace("${%s}" % name, self.environment()[name])
        with open(self.path("nginx.conf"), "w") as conf:
            conf.write(self.changed(text))
        return [*unprivileged(), path_of(self.program), "-e", "stderr", "-p", self.dir,
                "-c", self.path("nginx.conf")]


    def changed(self, text):
        return text


class KeptNginx(Nginx):
    """It keeps connections to the responders."""

    def changed(self, text):
        text = replaced(text, "fastcgi_pass unix:fcgi.sock;",
                        "fastcgi_pass responders; fastcgi_keep_conn on;")
        return replaced(text, "    server {", "    upstream responders { server unix:fcgi.sock; "
                        "keepalive 16; }\n    server {")


class Apache(WebServer):
    """With mod_proxy_fcgi."""

    program = "apache2"
    notices_gone = False
    defines = []

    def command(self):
        return [*unprivileged(), path_of(self.program), "-D", "FOREGROUND", *self.defines,
                "-d", self.dir, "-f", f"{CONF}/apache-local.conf"]


class KeptApache(Apache):
    """It keeps connections to the responders."""

    def command(self):
        *words, file = super().command()
        with open(file) as conf:
            text = replaced(conf.read(), '"unix:fcgi.sock|fcgi://restmq/" disablereuse=on',
                            '"unix:fcgi.sock|fcgi://restmq/" enablereuse=on')
        with open(self.path("apache.conf"), "w") as conf:
            conf.write(text)
        return [*words, self.path("apache.conf")]


class Fcgid(Apache):
    """Apache with mod_fcgid."""

    own_responders = True
    takes_chunks = False
    defines = ["-D", "FCGID"]

    def write_script(self, argv):
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in SANITIZERS.items())
        with open(self.path("restmq.fcgi"), "w") as script:
            script.write(f"#!/bin/sh\nexec env {settings} {shlex.join(argv)}\n")
        os.chmod(self.path("restmq.fcgi"), 0o755)

    def stop(self):
        super().stop()
        note_findings(self.log)


class Itself(WebServer):
    """No web server at all: the helper serves every route at its own address."""

    program = "restmq-wsd"
    own_responders = True
    has_streams = True
    joins_lines = False
    passes_underscores = True

    def __init__(self, responders=None, helper=None, dir=None, port=None, prefix=""):
        super().__init__(dir=dir, port=helper.port)
        self.helper = helper

    def start(self):
        self.process = self.helper.process

    def stop(self):
        """The helper is the stack's."""


WEB_SERVERS = {"lighttpd": Lighttpd, "apache": Apache, "fcgid": Fcgid, "nginx": Nginx,
               "nginx-kept": KeptNginx, "apache-kept": KeptApache, "itself": Itself}

# The one that a stack gets where its test does not say; `pytest --server` sets it.
default_server = "lighttpd"


def web_server(*of, name=None, **more):
    """A web server by its name; the arguments are those of WebServer."""
    return WEB_SERVERS[name or default_server](*of, **more)


class Stack(Server):
    """Redis, the responders and maybe helpers of a build directory, a web server, and a client:
    `stack.http`.  `stack.port` is the web server's, `stack.ws_port` the helpers' own."""

    def __init__(self, builddir, workers=2, redis_options=(), conf={}, tcp=False, helpers=0,
                 files=None, server=None, redis=None, certificate=None):
        super().__init__()
        self.conf = dict(conf)
        self.redis = redis or some_redis(self.path("r"), *redis_options, tcp=tcp, certificate=certificate)
        if certificate:   # of Redis, which is dialled within TLS
            self.conf = {"redis": f"127.0.0.1:{self.redis.tls_port}", "redis_tls": "on",
                         "redis_tls_ca": certificate.ca, **self.conf}
        self.conf.setdefault("redis", self.redis.address)
        self.responders = Responders(os.path.join(builddir, "restmq.fcgi"), self.path("f"),
                                     workers, self.conf)
        if WEB_SERVERS[server or default_server] is Itself:
            helpers = max(1, helpers)
        self.ws_port = free_port() if helpers else None
        self.helpers = [Helper(os.path.join(builddir, "restmq-wsd"), self.ws_port,
                               self.path(f"h{number}"), self.conf, files)
                        for number in range(helpers)]
        self.web = web_server(self.responders, helpers and self.helper, self.path("w"),
                              prefix=self.conf.get("prefix", ""), name=server)
        self.http = None

    @property
    def port(self):
        return self.web.port

    @property
    def helper(self):
        """The only one, or the first."""
        return self.helpers[0]

    def start(self):
        self.redis.start()
        self.responders.start()
        for helper in self.helpers:
            helper.start()
        self.web.start()
        self.http = Http(self.web.port)
        wait_for(self._is_healthy)

    def new_http(self):
        """A client of its own, for what may be cut off."""
        return Http(self.web.port)

    def _is_healthy(self):
        if self.responders.exits:
            raise RuntimeError("a responder ended at its start:\n" + self.responders.log_text())
        return (self.responders.is_ready()
                and self.http.get(self.conf.get("prefix", "") + "/health").status == 200)

    def configure(self, **changes):
        """Changes settings in restmq.conf; the programs notice by themselves."""
        self.conf.update(changes)
        for server in self.responders, *self.helpers:
            server.configure(self.conf)

    def stop(self):
        if self.http:
            self.http.close()
        servers = self.web, *self.helpers, self.responders
        try:
            stop_all(servers)
            if any(server.was_killed for server in (self.redis, *servers)):
                self._check_queues()
        finally:
            self.redis.stop()

    def _check_queues(self):
        """Whatever was killed: the parts of the queues must still fit together."""
        if not self.redis.is_running():
            return
        fsck = restmq(os.path.dirname(self.responders.argv[0]), "fsck", "--config",
                      self.responders.config, "--grace", "0", timeout=120)
        if fsck.returncode != 0:
            raise RuntimeError("after a crash restmq fsck says:\n" + fsck.stdout + fsck.stderr)


def restmq(builddir, *words, typed="", timeout=20, **more):
    """One run of the program that has the tools."""
    return subprocess.run([os.path.join(builddir, "restmq"), *words], input=typed, text=True,
                          **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
                          timeout=timeout)
