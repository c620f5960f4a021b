# test_cluster.py - the responders on a Redis Cluster: each call goes to the node that has its keys, while
# slots move, nodes fail and settings name the wrong ones.
#
# SPDX-License-Identifier: BSD-2-Clause

import binascii
import contextlib
import threading
import time

import pytest

import stack as servers
from checks import assert_unavailable, push, take, take_all
from consumers import Websocket
from outage import CHANGING, ask, assert_away
from reliable import NDJSON, ack, lease
from stack import restmq

pytestmark = pytest.mark.skipif("config.getoption('hash_tags')", reason="a cluster has them by itself")

NAMES = [f"q{number}" for number in range(12)]


@pytest.fixture
def cluster(new_stack):
    """cluster(masters=3, …) starts a stack on a cluster."""
    def cluster(masters=3, replicas=0, options=(), workers=2, helpers=0, **conf):
        return new_stack(redis=servers.Cluster(masters=masters, replicas=replicas, options=options),
                         workers=workers, helpers=helpers, conf={"redis_timeout_ms": 1000, **conf})
    return cluster


# --- where things are -----------------------------------------------------------------------------

def slot_of(queue):
    return binascii.crc_hqx(queue.encode(), 0) % 16384


def number_of(redis, queue):
    """Of the master that has the queue, as the slots were dealt."""
    slot = slot_of(queue)
    return next(number for number in range(redis.masters)
                if slot < 16384 * (number + 1) // redis.masters)


def queue_at(redis, number):
    """A queue of that master, which has not the list of all queues."""
    return next(name for name in (f"foo{i}" for i in range(1000)) if number_of(redis, name) == number)


def content(members, queue):
    """All keys of a queue, wherever they are, as DUMP has them; a node that imports their slot has to be
    asked for each with ASKING."""
    found = {}
    for member in members:
        with contextlib.closing(member.client(single_connection_client=True)) as client:
            for key in client.keys(f"*{{{queue}}}*"):
                client.execute_command("ASKING")
                found[member.port, key] = client.dump(key)
    return found


class Move:
    """The slot of a queue on its way from one member to another, by hand."""

    def __init__(self, redis, queue, to):
        self.redis = redis
        self.queue = queue
        self.slot = str(slot_of(queue))
        self.source = redis.members[number_of(redis, queue)]
        self.target = redis.members[to]

    def begin(self):
        ids = [servers.cli(one.port, "CLUSTER", "MYID") for one in (self.source, self.target)]
        servers.cli(self.target.port, "CLUSTER", "SETSLOT", self.slot, "IMPORTING", ids[0])
        servers.cli(self.source.port, "CLUSTER", "SETSLOT", self.slot, "MIGRATING", ids[1])

    def keys(self):
        return servers.cli(self.source.port, "CLUSTER", "GETKEYSINSLOT", self.slot, "1000")

    def move(self, keys):
        if keys:
            servers.cli(self.source.port, "MIGRATE", "127.0.0.1", str(self.target.port), "", "0", "5000",
                        "KEYS", *keys)

    def end(self):
        """The target has the slot, and says so before the source does."""
        while keys := self.keys():
            self.move(keys)
        target = servers.cli(self.target.port, "CLUSTER", "MYID")
        for one in [self.target, self.source, *self.redis.members]:
            servers.cli(one.port, "CLUSTER", "SETSLOT", self.slot, "NODE", target)


# --- all is well ----------------------------------------------------------------------------------

def test_three_masters(cluster, builddir):
    """Everything that there is about a queue, wherever it is; what is about many; and the tools."""
    stack = cluster()
    http = stack.http
    assert {number_of(stack.redis, name) for name in NAMES} == {0, 1, 2}
    for name in NAMES:
        assert push(http, name, "one") == [f"{name}:1"]
        assert http.post(f"/q/{name}", "2\n3\n", NDJSON).json() == [f"{name}:2", f"{name}:3"]
        message = lease(http, name)
        assert message["key"] == f"{name}:1" and message["value"] == "one"
        assert ack(http, message).status == 200
        assert len(http.get(f"/stats/{name}").json()) > 5
    numbers = http.get("/stats").json()
    assert numbers["count"] == len(NAMES), numbers
    assert sorted(http.get("/q").json()) == sorted(f"/q/{name}" for name in NAMES)
    assert http.get("/q?queues=" + ",".join(NAMES)).json()["value"] == "2"
    assert http.post("/pub/news", "hello", {"Content-Type": "text/plain"}).status == 200
    assert http.get("/presence").status == 200 and http.get("/ready").status == 200
    done = restmq(builddir, "fsck", "--config", stack.responders.config, "--grace", "0")
    assert done.returncode == 0, done
    log = stack.responders.log_text()
    assert "Redis" not in log, log


def test_queues_that_the_list_forgot(cluster, builddir):
    """Its node lost it, say: each master is looked through for the names that queues keep themselves."""
    stack = cluster()
    for name in NAMES:
        push(stack.http, name, "one")
    member = stack.redis.members[number_of(stack.redis, "QUEUESET")]
    servers.cli(member.port, "SREM", "QUEUESET", *NAMES[1:])
    done = restmq(builddir, "fsck", "--config", stack.responders.config, "--grace", "0")
    assert (done.returncode, done.stdout.splitlines()[-1][:8]) == (0, "1 queue,"), done
    done = restmq(builddir, "fsck", "--config", stack.responders.config, "--grace", "0", "--repair")
    assert done.returncode == 0 and done.stdout.count("and is again") == len(NAMES) - 1, done
    assert sorted(stack.http.get("/q").json()) == sorted(f"/q/{name}" for name in NAMES)
    done = restmq(builddir, "fsck", "--config", stack.responders.config, "--grace", "0", "--repair")
    assert "and is again" not in done.stdout and done.stdout.startswith("12 queues,")


def test_what_three_masters_promise(cluster):
    """The weakest counts, and what the cluster's own settings cost."""
    stack = cluster(replicas=1, options=("--appendonly", "yes"))
    push(stack.http, "foo", "one")
    ready = stack.http.get("/ready").json()
    assert ready["replicas"].startswith("3 masters, each with replicas")
    assert ready["persistence"].startswith("append-only file, flushed every second")
    assert "min-replicas-to-write 0" in ready["failover"]
    assert "cluster-require-full-coverage yes" in ready["failover"] and ready["failover"] in ready["promise"]
    member = stack.redis.members[(number_of(stack.redis, "QUEUESET") + 1) % 3]
    servers.cli(member.port, "CONFIG", "SET", "appendfsync", "no")
    servers.cli(member.port, "CONFIG", "SET", "cluster-require-full-coverage", "no")
    ready = stack.http.get("/ready").json()
    assert "flushed when the system likes" in ready["persistence"]
    for one in stack.redis.members:
        servers.cli(one.port, "CONFIG", "SET", "cluster-require-full-coverage", "no")
    servers.cli(member.port, "CONFIG", "SET", "min-replicas-to-write", "2")
    response = stack.http.get("/ready")
    assert_unavailable(response)
    assert "too few replicas" in response.json()["error"]
    metrics = stack.http.get("/metrics").text
    assert metrics.count("restmq_redis_up{") == 3 and "restmq_redis_slots_unserved 0" in metrics
    assert 'restmq_redis_redirects_total{kind="moved"' in metrics


# --- slots that move ------------------------------------------------------------------------------

def test_a_slot_moves_while_requests_run(cluster):
    """Each message comes once, and what is refused in the moment of a move was not done."""
    stack = cluster(workers=4)
    queue = queue_at(stack.redis, 0)
    sent, taken, over = [], [], threading.Event()

    def produce():
        with contextlib.closing(stack.new_http()) as http:
            number = 0
            while not over.is_set():
                number += 1
                response = http.post(f"/q/{queue}", f"{number}\n", NDJSON)
                if response.status == 200:
                    sent.append(number)
                else:
                    assert_unavailable(response)

    def consume():
        with contextlib.closing(stack.new_http()) as http:
            while not over.is_set():
                response = http.get(f"/q/{queue}")
                if response.status == 200:
                    taken.append(int(response.json()["value"]))
                elif response.status != 204:
                    assert_unavailable(response)

    threads = [threading.Thread(target=work) for work in (produce, consume)]
    for thread in threads:
        thread.start()
    move = Move(stack.redis, queue, 1)
    for source, target in (0, 1), (1, 2), (2, 0):
        move.source, move.target = stack.redis.members[source], stack.redis.members[target]
        time.sleep(0.5)
        move.begin()
        time.sleep(0.2)
        move.end()
    time.sleep(0.5)
    over.set()
    for thread in threads:
        thread.join()
    rest = [int(value) for value in take_all(stack.http, queue)]
    assert sorted(taken + rest) == sent and len(sent) > 100


@pytest.mark.parametrize("moved", ["one key", "all but one", "all"])
def test_a_slot_that_is_half_moved(cluster, moved):
    """Every request of its queue is refused, and nothing changes on either side."""
    stack = cluster()
    queue = "foo"
    move = Move(stack.redis, queue, (number_of(stack.redis, queue) + 1) % 3)
    push(stack.http, queue, "one", "two", "three")
    assert lease(stack.http, queue)
    assert stack.http.post(f"/q/{queue}?delay=60", "later", {"Content-Type": "text/plain"}).status == 200
    move.begin()
    keys = move.keys()
    move.move({"one key": keys[:1], "all but one": keys[1:], "all": keys}[moved])
    before = content(stack.redis.members, queue)
    assert len(before) == len(keys)
    for request in CHANGING:
        if "/p/foo" in request[1] or "/control/foo" in request[1]:
            continue                                # one key each
        response = ask(stack.http, *request)
        assert_away(response, request[0])
        assert "on its way to another Redis node" in response.json()["error"], response
    assert content(stack.redis.members, queue) == before
    other = queue_at(stack.redis, number_of(stack.redis, queue))
    assert push(stack.http, other, "x") == [f"{other}:1"]
    move.end()
    assert sorted(take_all(stack.http, queue)) == ["three", "two"]


# --- nodes that fail ------------------------------------------------------------------------------

@pytest.mark.load
def test_a_node_hangs(cluster):
    """It holds each process up once; after that, requests for other queues do not notice."""
    stack = cluster(workers=4, options=("--cluster-node-timeout", 20000))
    hanging, going_on = [number for number in range(3) if number != number_of(stack.redis, "QUEUESET")]
    away, there = queue_at(stack.redis, hanging), queue_at(stack.redis, going_on)
    for name in away, there:
        push(stack.http, name, "x")
    over, refused, times = threading.Event(), [], []

    def ask_for(queue, note):
        with contextlib.closing(stack.new_http()) as http:
            while not over.is_set():
                started = time.monotonic()
                response = http.get(f"/q/{queue}?soft=1")
                note(response.status, started, time.monotonic() - started)
                time.sleep(0.005)

    threads = [threading.Thread(target=ask_for, args=(away, lambda *seen: refused.append(seen))) for _ in range(4)]
    threads += [threading.Thread(target=ask_for, args=(there, lambda *seen: times.append(seen)))]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    stopped = time.monotonic()
    with stack.redis.members[hanging].thinking():
        time.sleep(5)
        begun = time.monotonic()
    servers.wait_for(lambda: stack.http.get(f"/q/{away}?soft=1").status == 200, servers.patience(5))
    over.set()
    for thread in threads:
        thread.join()
    late = [took for status, started, took in times if stopped + 1.3 < started < begun]
    print(f"{len(late)} requests meanwhile, the longest took {max(late) * 1000:.0f} ms, "
          f"the median {sorted(late)[len(late) // 2] * 1000:.1f} ms")
    assert {status for status, _, _ in times} == {200}
    assert sorted(late)[len(late) * 99 // 100] < servers.patience(0.05)
    assert stack.responders.log_text().count("no answer: ") <= 4 * 2


def test_a_node_is_dead(cluster):
    """Where the cluster goes on without its slots, the queues of the others do; /ready is 503, and /metrics says
    which node is away."""
    stack = cluster(options=("--cluster-require-full-coverage", "no"))
    names = [queue_at(stack.redis, number) for number in range(3)]
    for name in names:
        push(stack.http, name, "one")
    lost = next(number for number in range(3) if number != number_of(stack.redis, "QUEUESET"))
    stack.redis.members[lost].kill()
    for _ in range(3):
        for number, name in enumerate(names):
            response = stack.http.post(f"/q/{name}", "two", {"Content-Type": "text/plain"})
            if number == lost:
                assert_unavailable(response)
            else:
                assert response.status == 200, response
    assert_unavailable(stack.http.get("/ready"))
    address = f"127.0.0.1:{stack.redis.members[lost].port}"
    stack.redis.members[lost].start()
    servers.wait_for(lambda: stack.http.get("/ready").status == 200, servers.patience(15))
    assert stack.http.post(f"/q/{names[lost]}", "two", {"Content-Type": "text/plain"}).status == 200
    assert f'restmq_redis_up{{node="{address}"}} 1\n' in stack.http.get("/metrics").text


def test_a_cluster_without_slots(new_stack, builddir):
    """It is refused until somebody has them; and the log says so once, not for each request."""
    with servers.Cluster(masters=1, replicas=0) as redis:
        servers.cli(redis.members[0].port, "CLUSTER", "DELSLOTSRANGE", "0", "16383")
        stack = new_stack(conf={"redis": redis.address, "redis_timeout_ms": 500}, workers=1)
        for _ in range(5):
            assert_unavailable(stack.http.get("/q/foo"))
            time.sleep(0.11)
        assert stack.responders.log_text().count("no node says which has which slots") == 1
        servers.cli(redis.members[0].port, "CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        servers.wait_for(lambda: stack.http.get("/q/foo").status == 204, servers.patience(10))
        assert "a node says which has which slots" in stack.responders.log_text()


# --- settings -------------------------------------------------------------------------------------

def test_wrong_nodes_in_the_settings(cluster):
    """One that is right is enough."""
    stack = cluster()
    right = stack.redis.address.removeprefix("cluster://").split(",")[0]
    wrong = [f"127.0.0.1:{servers.free_port()}" for _ in range(2)]
    stack.configure(redis="cluster://" + ",".join([*wrong, right]))
    for name in NAMES:
        push(stack.http, name, "one")
    time.sleep(1.1)
    for name in NAMES:
        assert take(stack.http, name) == "one"
    stack.configure(redis="cluster://" + ",".join(wrong))
    servers.wait_for(lambda: stack.http.get("/q/foo").status == 503)
    assert "which slots" in stack.http.get("/q/foo").json()["error"]
    stack.configure(redis="cluster://" + right)
    servers.wait_for(lambda: stack.http.get("/q/foo").status == 204)


def test_a_helper_hears_of_other_nodes(cluster):
    """What it has to do with those that it knows already goes on."""
    stack = cluster(helpers=1)
    right = stack.redis.address.removeprefix("cluster://").split(",")[0]
    with Websocket(stack.helper.socket).consume("foo") as consumer:
        push(stack.http, "foo", "one")
        assert consumer.values(1) == ["one"]
        stack.configure(redis="cluster://" + right)
        push(stack.http, "foo", "two")
        assert consumer.values(1) == ["two"]
        for name in NAMES:
            assert consumer.command(cmd="add", queue=name, value="three")["key"] == f"{name}:1"


def test_a_push_waits_for_the_replicas_of_its_node(cluster):
    stack = cluster(replicas=1, helpers=1, redis_wait=1, redis_wait_ms=500)
    there, elsewhere = queue_at(stack.redis, 0), queue_at(stack.redis, 1)
    push(stack.http, there, "one")
    replica = stack.redis.members[stack.redis.masters]
    with Websocket(stack.helper.socket).consume("other") as chat, replica.thinking():
        for answer in (stack.http.post(f"/q/{there}", form={"value": "two"}).json(),
                       chat.command(cmd="add", queue=there, value="three")):
            assert answer["outcome"] == "unknown" and "only 0 of 1 replicas" in answer["error"]
        push(stack.http, elsewhere, "one")
        assert chat.command(cmd="add", queue=elsewhere, value="two")["key"] == f"{elsewhere}:2"
    assert [take(stack.http, there) for _ in range(3)] == ["one", "two", "three"]


def test_a_plain_redis_behind_it(new_stack):
    with servers.Redis(tcp=True) as redis:
        stack = new_stack(conf={"redis": f"cluster://{redis.address}"}, workers=1)
        response = stack.http.post("/q/foo", "x", {"Content-Type": "text/plain"})
        assert_unavailable(response)
        assert "which slots" in response.json()["error"]
        assert "cluster support disabled" in stack.responders.log_text()
        assert_unavailable(stack.http.get("/ready"))
        with redis.client() as client:
            assert client.keys("*") == []


@pytest.mark.parametrize("settings, words", [
    ("hash_tags = off", "hash_tags must be on"), ("redis_db = 1", "redis_db must be 0")])
def test_what_a_cluster_cannot_have(builddir, tmp_path, settings, words):
    """Both daemons and the tools refuse it, and say why."""
    config = tmp_path / "restmq.conf"
    config.write_text(f"redis = cluster://127.0.0.1:6379\n{settings}\n")
    for program in "restmq.fcgi", "restmq-wsd":
        done = servers.subprocess.run([f"{builddir}/{program}", "--config", str(config)], timeout=10,
                                      capture_output=True, text=True)
        assert done.returncode == 1 and words in done.stderr, done
    assert words in restmq(builddir, "fsck", "--config", str(config)).stderr
