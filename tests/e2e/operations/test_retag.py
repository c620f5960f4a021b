# test_retag.py - restmq retag: queues move into a Redis whose names have hash tags, or into a cluster.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import random
import re
import signal
import subprocess
import time

import pytest
import redis as redis_py
from redis.crc import key_slot

import stack as servers
from certificates import Authority
from checks import assert_error, contents, push
from reliable import (Fsck, ack, expire, lease, lease_many, leave_trash, part, policy, push_batch, release,
                      stats)
from samples import write_history
from stack import restmq

pytestmark = pytest.mark.skipif("config.getoption('hash_tags')", reason="the queues have them already")


class Nodes(redis_py.Redis):
    """The masters of a cluster as one Redis, with the names that they have there."""

    def __init__(self, cluster):
        super().__init__()
        self.nodes = {member.port: redis_py.Redis(port=member.port) for member in cluster.members[:cluster.masters]}
        self.ranges = cluster.slots()

    def execute_command(self, name, *args, **options):
        if name == "FLUSHALL":
            return all(node.flushall() for node in self.nodes.values())
        if name == "KEYS":
            return [key for node in self.nodes.values() for key in node.keys(*args)]
        slot = key_slot(args[0].encode())
        port = next(port for first, last, port in self.ranges if first <= slot <= last)
        return self.nodes[port].execute_command(name, *args, **options)

    def scan_iter(self, *args, **options):
        for node in self.nodes.values():
            yield from node.scan_iter(*args, **options)


@pytest.fixture(scope="module", params=["one", "cluster"])
def shelf(request, builddir):
    """A stack with the Redis that queues leave, and another one where they go."""
    target = servers.Redis() if request.param == "one" else servers.Cluster(masters=3, replicas=0)
    with servers.Stack(builddir) as stack, target:
        stack.target = target
        stack.old, stack.to = stack.redis.client(), target.address
        stack.new = target.client() if request.param == "one" else Nodes(target)
        stack.there = target.path("restmq.conf")
        with open(stack.there, "w") as file:
            file.write(f"redis = {target.address}\nhash_tags = on\n")
        stack.retag = lambda *words, **more: restmq(builddir, "retag", "--config", stack.responders.config,
                                                    "--to", stack.to, *words, **more)
        yield stack


@pytest.fixture
def place(shelf):
    shelf.old.flushall()
    shelf.new.flushall()
    return shelf


def send(stack, target, body, **headers):
    return stack.http.post(f"/q/{target}", body, {"Content-Type": "text/plain", **headers})


def entries(redis, queue):
    """Numbers in the list, oldest first."""
    return [int(re.fullmatch(rb"\{.*\}:(\d+)", key)[1]) for key in redis.lrange(f"{{{queue}}}:queue", 0, -1)][::-1]


def assert_moved(done, *lines):
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.splitlines() == list(lines)


def assert_fits(redis, queue):
    """Each entry at the target has its body, each body its entry, and nothing is left of the move."""
    found = entries(redis, queue) + [
        int(key.rpartition(b":")[2]) for name in (f"{{{queue}}}.dead:queue", part(queue, "delayed"))
        for key in (redis.lrange(name, 0, -1) if name.endswith("queue") else redis.zrange(name, 0, -1))]
    bodies = {int(key.rpartition(b":")[2]) for key in redis.scan_iter(f"{{{queue}}}:*", count=10000)
              if key.rpartition(b":")[2].isdigit()}
    assert len(found) == len(set(found)) and set(found) == bodies
    assert not [field for field in redis.hkeys(part(queue, "settings")) if field.startswith(b"move_")]


def assert_emptied(stack, builddir, queue):
    """What has gone left nothing at the source but a counter, holds and samples; the parts fit together at both."""
    for config in stack.responders.config, stack.there:
        fsck = Fsck(builddir, config, "--grace", "0")
        assert (fsck.code, fsck.findings) == (0, 0) and fsck.queues, fsck
    assert {key for key in stack.old.keys(f"*{queue}*") if b"once" not in key} <= {
        key.encode() for key in (f"{queue}:UUID", f"{queue}:queuepolicy", f"queuestat::{queue}",
                                 f"queuestat::{queue}.dead", part(queue, "settings"), part(queue, "stats"),
                                 part(queue, "remembers"), f"restmq:{{{queue}}}.dead:settings",
                                 part(queue, "sampled"), part(queue, "history"))}


# --- what comes with a queue --------------------------------------------------------------------

def test_messages_in_their_order(place, builddir):
    """More than one call moves, of all sizes; what stays is held."""
    push_batch(place.http, "foo", 900)
    push(place.http, "foo", "x" * 900000, "y" * 900000, "", "z")
    push(place.http, "a/b.c:1", "other")
    assert_moved(place.retag(), "a/b.c:1: 1 message moved", "foo: 904 messages moved")
    assert entries(place.new, "foo") == list(range(1, 905))
    assert place.new.get("{foo}:1") == b"1" and place.new.strlen("{foo}:902") == 900000
    assert place.new.get("{foo}:903") == b"" and place.new.get("{foo}:UUID") == b"904"
    assert place.new.get("{a/b.c:1}:1") == b"other"
    assert place.new.smembers("QUEUESET") == {b"foo", b"a/b.c:1"}
    assert place.new.smembers("restmq:{foo}:names") == {b"foo"}
    assert place.new.get("queuestat::{foo}") == b"1"
    for queue in "foo", "a/b.c:1":
        assert_fits(place.new, queue)
        assert_emptied(place, builddir, queue)
        assert send(place, queue, "late").status == 423
        assert place.http.get(f"/q/{queue}").status == 423
    assert place.http.delete("/q/foo?remove=1").status == 200     # once nobody asks here any more


def test_all_that_a_queue_has(place, builddir):
    http, old, new = place.http, place.old, place.new
    policy(http, "foo", max_deliveries=1, backoff="1,2,9", lease=20, policy="roundrobin")
    push(http, "foo", "dies", "returns", "read")
    message = lease(http, "foo")
    assert release(http, message, reason="no route").status == 200    # to the dead letters
    http.get("/q/foo?soft=1&key=foo:3")
    send(place, "foo?ttl=1000", "mortal")
    send(place, "foo?delay=500&ttl=1000", "later")
    send(place, "foo", "once", **{"Idempotency-Key": "k:1"})
    write_history(old, "foo", [(time.time() - 600, {"pushed": 3}), (time.time() - 300, {"pushed": 6})])
    score = old.zscore(part("foo", "delayed"), "foo:5")
    before, kept = stats(http, "foo"), old.hgetall(part("foo", "stats"))
    assert_moved(place.retag("foo"), "foo: 6 messages moved")

    assert entries(new, "foo") == [2, 3, 4, 6]
    assert new.lrange("{foo}.dead:queue", 0, -1) == [b"{foo}:1"]
    assert re.fullmatch(rb"0\nno route\n1 \d{13} no route", new.hget("restmq:{foo}.dead:receipts", "{foo}:1"))
    assert new.zrange(part("foo", "delayed"), 0, -1, withscores=True) == [(b"{foo}:5", score)]
    assert new.get("{foo}:3:refcount") == b"1"
    assert 995 < new.ttl("{foo}:4") <= 1000 and 1490 < new.ttl("{foo}:5") <= 1500 and new.ttl("{foo}:6") == -1
    assert new.hgetall(part("foo", "settings")) == {
        b"max_deliveries": b"1", b"backoff": b"1,2,9", b"lease": b"20"}
    assert new.get("{foo}:queuepolicy") == b"2" and before["dead"] == 1
    assert new.hgetall(part("foo", "stats")) == kept
    assert new.smembers("QUEUESET") == new.smembers("restmq:{foo}:names") == {b"foo", b"foo.dead"}
    for name in part("foo", "once:k:1"), part("foo", "remembers"):
        assert new.get(name) == old.get(name) and 290 < new.ttl(name) <= 301
    assert not new.exists(part("foo", "sampled"))      # samples are taken anew there
    assert_fits(new, "foo")
    assert_emptied(place, builddir, "foo")


def test_what_is_left_behind_does_not_come(place, builddir):
    """Entries that a take passes over, what was purged, messages that expired."""
    leave_trash(place.old, "foo", 250)
    push(place.http, "foo", "a", "b", "c")
    send(place, "foo?ttl=1000", "mortal")
    place.old.rpush("foo:queue", "bar:1", "nonsense\nmore", "foo:251", "foo:9999")
    place.old.delete("foo:254")
    assert_moved(place.retag(), "foo: 3 messages moved")
    assert sorted(entries(place.new, "foo")) == [251, 252, 253]
    assert_fits(place.new, "foo")
    assert_emptied(place, builddir, "foo")


@pytest.mark.parametrize("held", [{}, {"what": "takes"}, {"what": "pushes"}, {"what": "streams"}])
def test_holds_stay_as_they_were(place, held):
    push(place.http, "foo", "a")
    if held:
        assert place.http.post("/control/foo", form={"status": "stop", **held}).status == 200
    assert_moved(place.retag(), "foo: 1 message moved")
    fields = {b"held_" + held["what"].encode(): b"1"} if held.get("what") in ("takes", "pushes") else {}
    assert place.new.hgetall(part("foo", "settings")) == fields
    assert place.new.get("queuestat::{foo}") == (b"0" if held.get("what") == "streams" else b"1")


def test_an_empty_queue(place, builddir):
    """It has a counter that must go on."""
    push(place.http, "foo", "a")
    place.http.get("/q/foo")
    assert_moved(place.retag(), "foo: 0 messages moved")
    assert place.new.get("{foo}:UUID") == b"1"
    assert_emptied(place, builddir, "foo")


# --- leases -------------------------------------------------------------------------------------

def test_leases_go_last(place, builddir):
    """They may be acked where they are as long as they last; then their messages go to the old end."""
    push_batch(place.http, "foo", 400)
    leased = lease_many(place.http, "foo", 3)
    done = place.retag()
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == ["foo: 397 messages moved", "foo: 3 leased messages left"]
    assert place.new.get("queuestat::{foo}") == b"1" and not place.new.hexists(part("foo", "settings"), "held_takes")
    assert send(place, "foo", "late").status == 423
    assert ack(place.http, leased[1]).status == 200
    assert release(place.http, leased[0]).status == 200
    assert place.retag().stdout.splitlines() == ["foo: 1 message moved", "foo: 1 leased message left"]
    expire(place.old, "foo")
    place.new.rpop("{foo}:queue")                                  # is in use by now
    place.new.unlink("{foo}:1")
    place.new.hdel(part("foo", "receipts"), "{foo}:1")
    assert_moved(place.retag(), "foo: 1 message moved")
    assert_error(ack(place.http, leased[2]), 409, "stale_lease")
    assert entries(place.new, "foo") == [3, *range(4, 401)]
    assert place.new.hget(part("foo", "receipts"), "{foo}:3") == b"1"
    assert place.new.hget(part("foo", "stats"), "acked") == b"1"
    assert_fits(place.new, "foo")
    assert_emptied(place, builddir, "foo")
    assert_moved(place.retag(), "foo: 0 messages moved")


def test_waits_for_leases(place, builddir):
    push(place.http, "foo", "a", "b", "c")
    acked = lease(place.http, "foo", 60)
    lease(place.http, "foo", 2)
    process = start(place, builddir, "--wait")
    servers.wait_for(lambda: entries(place.new, "foo") == [3])
    assert process.poll() is None and ack(place.http, acked).status == 200
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0 and output.splitlines() == ["foo: 2 messages moved"]
    assert entries(place.new, "foo") == [2, 3]
    assert_fits(place.new, "foo")
    assert_emptied(place, builddir, "foo")


# --- interrupted --------------------------------------------------------------------------------

def start(stack, builddir, *words):
    return subprocess.Popen([os.path.join(builddir, "restmq"), "retag", "--config", stack.responders.config,
                             "--to", stack.to, *words], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE)


def test_killed_and_started_again(place, builddir):
    """At thirty moments; meanwhile the target may be in use, and leases end at the source."""
    http, old, new = place.http, place.old, place.new
    policy(http, "foo", max_deliveries=1)
    for _ in range(20):
        push_batch(http, "foo", 1000)
    dead = lease_many(http, "foo", 500)
    for message in dead:
        release(http, message)
    policy(http, "foo", max_deliveries=0)
    push_batch(http, "foo", 1000, delay=3000)
    for number in range(20):
        assert send(place, "foo", "x", **{"Idempotency-Key": f"k{number}"}).status == 200
    leased = lease_many(http, "foo", 200, 300)
    acked = {message["key"] for message in leased[:50]}
    dice, kills = random.Random(), 0
    for turn in range(30):
        process = start(place, builddir)
        time.sleep(dice.uniform(0, 0.09))
        kills += process.poll() is None
        process.kill()
        process.communicate()
        for message in leased[2 * turn:2 * turn + 2] if turn < 25 else []:
            assert ack(http, message).status == 200
        if turn == 25:
            expire_leases(old)
    assert kills > 5
    done = place.retag()
    assert (done.returncode, done.stderr) == (0, ""), done

    numbers = entries(new, "foo")
    assert len(numbers) == len(set(numbers)) == 20 * 1000 - 500 + 20 - 50
    first = sorted(int(message["key"][4:]) for message in leased[50:])
    assert set(first) <= set(numbers)                              # wherever their leases ended
    others = [number for number in numbers if number not in set(first)]
    assert others == sorted(others) == [*range(701, 20001), *range(21001, 21021)]
    assert acked.isdisjoint(f"foo:{number}" for number in numbers)
    assert [int(key.rpartition(b":")[2]) for key in new.lrange("{foo}.dead:queue", 0, -1)][::-1] == [*range(1, 501)]
    assert new.zcard(part("foo", "delayed")) == 1000
    assert len(new.keys(part("foo", "once:*"))) == 20
    assert new.get("{foo}:UUID") == b"21020" and new.hget(part("foo", "stats"), "acked") == b"50"
    assert_fits(new, "foo")
    assert_emptied(place, builddir, "foo")


def expire_leases(redis):
    for key, _ in redis.zscan_iter(part("foo", "leases")):
        redis.zadd(part("foo", "leases"), {key: 1})


def test_the_target_goes_away(place, builddir):
    """Killed Redis is another matter: here it only cannot be reached for a while."""
    push_batch(place.http, "foo", 500)
    done = restmq(builddir, "retag", "--config", place.responders.config, "--to", "unix:/does/not/exist")
    assert done.returncode == 1 and done.stderr
    assert place.http.get("/q/foo").status == 200                  # nothing was held yet
    assert_moved(place.retag(), "foo: 499 messages moved")


# --- what does not go ---------------------------------------------------------------------------

def test_a_queue_that_is_there(place):
    """It stays as it is, at both, and the others go."""
    push(place.http, "foo", "a")
    push(place.http, "bar", "b")
    place.new.set("{foo}:UUID", 7)
    before, there = contents(place.old), set(place.new.keys())
    done = place.retag()
    assert done.returncode == 1 and done.stdout.splitlines() == ["bar: 1 message moved"]
    assert done.stderr.startswith("restmq: foo: there is such a queue already")
    assert {key: value for key, value in contents(place.old).items() if b"foo" in key} == {
        key: value for key, value in before.items() if b"foo" in key}
    assert place.new.get("{foo}:UUID") == b"7" and there <= set(place.new.keys())
    assert place.http.get("/q/foo").status == 200


def test_pushed_to_again(place):
    """Whoever lifts the hold of what has gone begins another queue: that is told, and stays."""
    push(place.http, "foo", "a")
    assert_moved(place.retag(), "foo: 1 message moved")
    assert place.http.post("/control/foo", form={"status": "start", "what": "pushes"}).status == 200
    push(place.http, "foo", "b")
    done = place.retag()
    assert done.returncode == 1 and "has messages again" in done.stderr
    assert place.old.lrange("foo:queue", 0, -1) == [b"foo:2"] and entries(place.new, "foo") == [1]


@pytest.mark.parametrize("words, code, complaint", [
    (["nope"], 1, "nope: no such queue"), (["foo.dead"], 2, "dead letters move with their queue"),
    (["a b"], 2, "is no queue"), (["--to", "x"], 2, "twice"), (["--wait=1"], 2, "no such option")])
def test_bad_words(place, words, code, complaint):
    push(place.http, "foo", "a")
    before = contents(place.old)
    done = place.retag(*words)
    assert (done.returncode, done.stdout) == (code, "") and complaint in done.stderr
    assert contents(place.old) == before and not place.new.keys()


def test_queues_that_have_tags(place, builddir):
    done = restmq(builddir, "retag", "--config", place.there, "--to", place.redis.address)
    assert done.returncode == 1 and "hash_tags is on" in done.stderr


@pytest.mark.parametrize("to, code, complaint", [
    (None, 2, "one of --to and --to-config"), ("nonsense", 2, "--to is unix:"),
    ("cluster://127.0.0.1:1", 1, "no node of the cluster of --to tells its slots"),
    ("cluster://{old.port}", 1, "no node of the cluster of --to tells its slots"),
    ("127.0.0.1:{old.port}", 1, "queues move to another one"),
    ("127.0.0.1:{node.port}", 1, "one node of a Redis Cluster"),
    ("cluster://127.0.0.1:{hole.port}", 1, "slots without a master"),
    ("unix:{other.socket}", 1, "queues that have no hash tags")])
def test_bad_targets(builddir, to, code, complaint):
    """Nothing changes at either."""
    with (servers.Stack(builddir, tcp=True) as stack, servers.Cluster(masters=2, replicas=0) as cluster,
          servers.Stack(builddir) as other):
        push(stack.http, "foo", "a")
        push(other.http, "bar", "b")
        if to and "hole" in to:
            servers.cli(cluster.members[0].port, "CLUSTER", "DELSLOTS", "77")
        before, there = contents(stack.redis.client()), contents(other.redis.client())
        to = to and to.format(old=stack.redis, node=cluster.members[0], hole=cluster.members[0], other=other.redis)
        to = to and to.replace("cluster://" + str(stack.redis.port), "cluster://" + stack.redis.address)
        done = restmq(builddir, "retag", "--config", stack.responders.config, *(["--to", to] if to else []))
        assert (done.returncode, done.stdout) == (code, "") and complaint in done.stderr
        assert contents(stack.redis.client()) == before and contents(other.redis.client()) == there
        assert not any(servers.cli(member.port, "KEYS", "*") for member in cluster.members)
        assert stack.http.get("/q/foo").status == 200


def test_settings_that_name_a_node_of_a_cluster(builddir, tmp_path):
    with servers.Cluster(masters=2, replicas=0) as cluster, servers.Redis() as target:
        (tmp_path / "conf").write_text(f"redis = 127.0.0.1:{cluster.members[0].port}\n")
        done = restmq(builddir, "retag", "--config", tmp_path / "conf", "--to", target.address)
        assert done.returncode == 1 and "the settings name a node of a Redis Cluster" in done.stderr


# --- many queues, and nodes that fail -----------------------------------------------------------

QUEUES = [f"q{number}" for number in range(24)]


def fill(stack, count=400):
    """Queues of so many messages each, on all nodes, every third with dead letters, delays and leases."""
    for number, queue in enumerate(QUEUES):
        push_batch(stack.http, queue, count)
        if number % 3 == 0:
            policy(stack.http, queue, max_deliveries=1)
            release(stack.http, lease(stack.http, queue))
            push_batch(stack.http, queue, 10, delay=3000)
            send(stack, queue, "once", **{"Idempotency-Key": "k"})


def assert_all_there(stack, builddir, count=400):
    """Each message once, in its order."""
    for number, queue in enumerate(QUEUES):
        has_more = number % 3 == 0
        assert entries(stack.new, queue) == [*range(2 if has_more else 1, count + 1), *[count + 11] * has_more]
        assert stack.new.llen(f"{{{queue}}}.dead:queue") == has_more
        assert stack.new.zcard(part(queue, "delayed")) == 10 * has_more
        assert stack.new.exists(part(queue, "once:k")) == has_more
        assert_fits(stack.new, queue)
    assert_emptied(stack, builddir, QUEUES[0])


def test_killed_among_many_queues(place, builddir):
    fill(place)
    dice, kills = random.Random(), 0
    while kills < 25:
        process = start(place, builddir)
        time.sleep(dice.uniform(0.01, 0.06))
        kills += process.poll() is None
        process.kill()
        output, _ = process.communicate()
        if len(output.splitlines()) == len(QUEUES):
            break
    print(f"{kills} kills")
    assert kills > 5
    done = place.retag()
    assert (done.returncode, done.stderr) == (0, ""), done
    assert_all_there(place, builddir)


@pytest.fixture
def durable(builddir):
    """A stack with a plain Redis, and a cluster that forgets nothing when it is killed."""
    options = ["--appendonly", "yes", "--appendfsync", "always", "--cluster-require-full-coverage", "no"]
    with (servers.Stack(builddir, conf={"redis_timeout_ms": 2000}) as stack,
          servers.Cluster(masters=3, replicas=0, options=options) as cluster):
        stack.target, stack.to, stack.new = cluster, cluster.address, Nodes(cluster)
        stack.old, stack.there = stack.redis.client(), cluster.path("restmq.conf")
        with open(stack.there, "w") as file:
            file.write(f"redis = {cluster.address}\nredis_timeout_ms = 2000\n")
        stack.retag = lambda: restmq(builddir, "retag", "--config", stack.responders.config, "--to", stack.to)
        yield stack


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_node_fails_in_the_middle(durable, builddir, how):
    """Queues of the others go; those of that node stay, held, until another run."""
    fill(durable)
    process = start(durable, builddir)
    for _ in range(5):
        process.stdout.readline()
    node = durable.target.members[1]
    node.kill(how)
    output, _ = process.communicate(timeout=60)
    gone = {line.partition(":")[0] for line in output.splitlines() if " moved" in line}
    assert process.returncode == 1 and len(gone) >= 8
    rerun = durable.retag()
    assert rerun.returncode == 1 and rerun.stderr
    if how == signal.SIGKILL:
        node.start()
    else:
        node.kill(signal.SIGCONT)
    servers.wait_for(durable.target.is_complete, servers.patience(15))
    durable.new = Nodes(durable.target)
    done = durable.retag()
    assert done.returncode == 0, done
    assert_all_there(durable, builddir)


def test_slots_move_meanwhile(place, builddir):
    """A queue on its way is refused, and goes with another run."""
    if not isinstance(place.new, Nodes):
        pytest.skip("one Redis has no slots")
    fill(place)
    first, second = place.target.members[:2]
    ids = [servers.cli(member.port, "CLUSTER", "MYID") for member in (first, second)]
    queue = next(queue for queue in QUEUES if key_slot(queue.encode()) < 16384 // 3)
    slot = str(key_slot(queue.encode()))
    servers.cli(second.port, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
    servers.cli(first.port, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
    try:
        done = place.retag()
        assert done.returncode == 1 and f"restmq: {queue}: this queue is on its way" in done.stderr
        assert len([line for line in done.stdout.splitlines() if line.endswith(" moved")]) == len(QUEUES) - 1
    finally:
        for member in first, second:
            servers.cli(member.port, "CLUSTER", "SETSLOT", slot, "STABLE")
    assert place.retag().returncode == 0
    assert_all_there(place, builddir)


# --- a Redis with a user, a password and TLS of its own -------------------------------------------

@pytest.fixture(scope="module")
def locked(builddir, tmp_path_factory):
    """(the words that lead there, a client) of a Redis that lets nobody in who has only the settings of the first."""
    folder = tmp_path_factory.mktemp("locked")
    certificate = Authority(folder, "own").sign("redis", "IP:127.0.0.1")
    password, config = folder / "password", folder / "new.conf"
    password.write_text("s3cret")
    with (servers.Redis(None, "--user", "mover", "on", ">s3cret", "~*", "&*", "+@all", "--user", "default", "off",
                        "-@all", certificate=certificate) as redis,
          servers.Stack(builddir) as stack):
        config.write_text(f"redis = 127.0.0.1:{redis.tls_port}\nhash_tags = on\nredis_user = mover\n"
                          f"redis_password_file = {password}\nredis_tls = on\nredis_tls_ca = {certificate.ca}\n")
        yield stack, redis, config


def test_into_a_locked_redis(locked, builddir):
    stack, redis, config = locked
    push(stack.http, "foo", "a", "b")
    words = builddir, "retag", "--config", stack.responders.config
    plain = restmq(*words, "--to", f"127.0.0.1:{redis.tls_port}")
    assert plain.returncode == 1 and plain.stderr
    assert_moved(restmq(*words, "--to-config", str(config)), "foo: 2 messages moved")
    with redis.client(username="mover", password="s3cret") as client:
        assert client.llen("{foo}:queue") == 2


@pytest.mark.parametrize("text, error", [
    ("hash_tags = off", "hash_tags is off, and the queues would have them"),
    ("redis_password_file = /none", "No such file"), (None, "there.conf")])
def test_a_config_that_leads_nowhere(place, builddir, tmp_path, text, error):
    config = tmp_path / "there.conf"
    if text:
        config.write_text(text + "\n")
    done = restmq(builddir, "retag", "--config", place.responders.config, "--to-config", str(config))
    assert done.returncode == 1 and error in done.stderr


def test_one_place_to_go(place, builddir):
    for words in [], ["--to", "127.0.0.1:1", "--to-config", "there.conf"]:
        done = restmq(builddir, "retag", "--config", place.responders.config, *words)
        assert done.returncode == 2 and "one of --to and --to-config" in done.stderr


# --- pools and keys of clients ------------------------------------------------------------------

def test_pools_and_keys_of_clients(place, builddir):
    """Copied, with all queues and not with some; what is there already stays."""
    http, old, new = place.http, place.old, place.new
    for pool, server, row, score in [("p", "s1", "a", 3), ("p", "s2", "b", 1), ("p", "s3", "a", 2), ("q", "s1", "c", 7)]:
        assert http.request("PUT", f"/lb/{pool}?server={server}&row={row}&score={score}").status == 200
    for number in range(1200):
        old.zadd("restmq:lb:{big}:row", {f"s{number}": number})
    old.sadd("restmq:lb:{big}", "row")
    for key, *words in ["k1", "--queues", "foo"], ["k2", "--queues", "*", "--privs", "read", "--name", "shop"]:
        assert restmq(builddir, "authkey", "add", "-", "--config", place.responders.config, *words,
                      typed=key).returncode == 0
    old.set("AUTHKEY:own", '{"queues":["a"],"privs":["read"]}', ex=500)
    new.zadd("restmq:lb:{p}:a", {"left": 9})          # by a run that was interrupted
    new.zadd("restmq:lb:{q}:c", {"other": 5})
    new.sadd("restmq:lb:{q}", "c")
    new.set("AUTHKEY:k2", "another")
    for channel in "news", "other":
        assert http.request("PUT", f"/pub/{channel}?keep=5&keep_s=60").status == 200
        assert http.post(f"/pub/{channel}", "a", {"Content-Type": "text/plain"}).status == 200
    new.hset("restmq:log:{other}:keep", "keep", 7)
    push(http, "foo", "a")
    before = {key: value for key, value in contents(old).items() if b"foo" not in key}

    assert_moved(place.retag("foo"), "foo: 1 message moved")
    assert not new.exists("restmq:lb:{p}") and not new.exists("AUTHKEY:k1")
    assert_moved(place.retag(), "foo: 0 messages moved", "2 pools of servers copied", "settings of 1 channel copied", "2 keys of clients copied")
    assert {key: value for key, value in contents(old).items() if b"foo" not in key} == before
    assert new.smembers("restmq:lb:{p}") == {b"a", b"b"}
    assert new.zrange("restmq:lb:{p}:a", 0, -1, withscores=True) == [(b"s3", 2), (b"s1", 3)]
    assert new.zrange("restmq:lb:{p}:b", 0, -1, withscores=True) == [(b"s2", 1)]
    assert new.get("restmq:lbv:{p}") == old.get("restmq:lbv:{p}") and new.zcard("restmq:lb:{big}:row") == 1200
    assert new.zrange("restmq:lb:{q}:c", 0, -1) == [b"other"]
    assert new.hget("restmq:log:{other}:keep", "keep") == b"7"
    assert new.hmget("restmq:log:{news}:keep", "keep", "keep_bytes", "keep_s", "last") == [
        b"5", b"16777216", b"60", b"0 0 0 0"] and not new.exists("restmq:log:{news}")
    assert new.get("AUTHKEY:k1") == old.get("AUTHKEY:k1") and new.get("AUTHKEY:k2") == b"another"
    assert 490 < new.ttl("AUTHKEY:own") <= 500
    assert new.smembers("restmq:authkeys") == {b"k1", b"k2"}
    assert_moved(place.retag(), "foo: 0 messages moved")
