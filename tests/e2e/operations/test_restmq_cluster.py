# test_restmq_cluster.py - restmq cluster: which node has which queues, and what it promises.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib

import pytest
from redis.crc import key_slot

import stack as servers
from checks import push
from stack import restmq

pytestmark = pytest.mark.skipif("config.getoption('hash_tags')", reason="names of its own")


def test_one_redis(builddir, new_stack):
    stack = new_stack()
    push(stack.http, "foo", "a")
    done = restmq(builddir, "cluster", "--config", stack.responders.config)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("one Redis, no cluster") and lines[1] == stack.redis.address
    assert "  foo" in lines and lines[-1] == "  1 queue"
    assert any(line.startswith("  min-replicas-to-write 0: ") for line in lines)


def test_a_cluster(builddir):
    """Node by node; and without one of them."""
    with servers.Cluster(masters=3, replicas=0) as cluster:
        for name in "abcdefgh":
            for member in cluster.members:
                try:
                    servers.cli(member.port, "SADD", "QUEUESET", name)
                except Exception:
                    pass                                      # the set is another node's
        done = restmq(builddir, "cluster", "--redis", cluster.address)
        assert done.returncode == 0, done
        lines = done.stdout.splitlines()
        assert sum(line.startswith("127.0.0.1:") for line in lines) == 3
        assert sorted(line.strip() for line in lines if len(line) == 3) == list("abcdefgh")
        assert lines[-1] == "0 slots without a node"
        assert sum("cluster-require-full-coverage" in line for line in lines) == 3
        cluster.members[2].kill()
        done = restmq(builddir, "cluster", "--redis", cluster.address)
        assert done.returncode == 1, done


def sections(output):
    """What stands below each line that is not indented."""
    found = {}
    for line in output.splitlines():
        if line.startswith("  "):
            found[head].append(line.strip())
        else:
            head = line
            found[head] = []
    return found


QUEUES = [f"q{number}" for number in range(30)]


@pytest.fixture(scope="module")
def large(builddir):
    """Three masters with a replica each, and queues on all."""
    with servers.Cluster(masters=3, replicas=1) as cluster:
        slot = key_slot(b"QUEUESET")
        port = next(port for first, last, port in cluster.slots() if first <= slot <= last)
        servers.cli(port, "SADD", "QUEUESET", *QUEUES)
        yield cluster


def set_all(cluster, name, value):
    for member in cluster.members:
        servers.cli(member.port, "CONFIG", "SET", name, value)


def nodes_of(large, builddir, code=0):
    done = restmq(builddir, "cluster", "--redis", large.address)
    assert done.returncode == code, done
    found = sections(done.stdout)
    return {head: lines for head, lines in found.items() if head.startswith("127.0.0.1:")}, found


def test_which_node_has_which_queue(large, builddir):
    """By the slots of keys that have hash tags, though the settings say nothing of them."""
    nodes, found = nodes_of(large, builddir)
    assert len(nodes) == 3 and list(found)[-1] == "0 slots without a node"
    for first, last, port in large.slots():
        expected = [queue for queue in QUEUES if first <= key_slot(queue.encode()) <= last]
        assert expected and [line for line in nodes[f"127.0.0.1:{port}"] if line in QUEUES] == sorted(expected)
        assert f"{len(expected)} queue{'s' * (len(expected) != 1)}" in nodes[f"127.0.0.1:{port}"]


@pytest.mark.parametrize("name, value, words", [
    ("cluster-require-full-coverage", "yes", "where slots have no node, all nodes refuse all queues"),
    ("cluster-require-full-coverage", "no", "where slots have no node, the other nodes go on"),
    ("min-replicas-to-write", "1", "with fewer replicas pushes are refused, and hardly one is lost by a failover"),
    ("min-replicas-to-write", "0", "a push counts before a replica has it; a failover may lose it")])
def test_what_settings_mean(large, builddir, name, value, words):
    set_all(large, name, value)
    nodes, _ = nodes_of(large, builddir)
    for lines in nodes.values():
        assert f"{name} {value}: {words}" in lines
        assert "1, asynchronous: a failover may lose the last pushes" in lines


@pytest.mark.parametrize("appendonly, appendfsync, words", [
    ("no", "everysec", "none: a restart of Redis loses everything"),
    ("yes", "always", "append-only file, flushed before each answer: survives a crash of the machine"),
    ("yes", "everysec", "append-only file, flushed every second: a crash may lose the last two seconds")])
def test_what_persistence_means(large, builddir, appendonly, appendfsync, words):
    """Node by node: one of them may be another."""
    other = large.members[0]
    set_all(large, "appendonly", appendonly)
    set_all(large, "appendfsync", appendfsync)
    servers.cli(other.port, "CONFIG", "SET", "appendonly", "no")
    nodes, _ = nodes_of(large, builddir)
    for head, lines in nodes.items():
        assert lines[0] == ("none: a restart of Redis loses everything" if head.endswith(f":{other.port}") else words)


def knows_all(member):
    with contextlib.closing(member.client()) as client:
        return client.cluster("info")["cluster_slots_assigned"] == "16384"


def test_slots_that_nobody_serves(large, builddir):
    """They are named, and the queues that have them; the names of queues are known if the others go on."""
    set_all(large, "cluster-require-full-coverage", "no")
    slot = key_slot(b"q0")
    lost = [queue for queue in QUEUES if key_slot(queue.encode()) == slot]
    free = [number for number in (100, 101, 102) if number not in {key_slot(queue.encode()) for queue in QUEUES}]
    for member in large.members:
        servers.cli(member.port, "CLUSTER", "DELSLOTS", *{str(number) for number in [slot, *free]})
    try:
        _, found = nodes_of(large, builddir, 1)
        head, lines = list(found.items())[-1]
        assert head.startswith(f"{1 + len(free)} slots without a node: ") and str(slot) in head and "100-102" in head
        assert lines == ["queues there are answered with 503", *lost, f"{len(lost)} queue"]
    finally:
        for number in [slot, *free]:
            servers.cli(large.members[number * 3 // 16384].port, "CLUSTER", "ADDSLOTS", str(number))
        servers.wait_for(lambda: all(knows_all(member) for member in large.members), servers.patience(20))


def test_after_a_failover(large, builddir):
    """It tells the masters of now; a replica is none."""
    old = large.members[0]
    old.kill()
    servers.wait_for(lambda: len({port for _, _, port in large.slots()} - {old.port}) == 3, servers.patience(20))
    nodes, found = nodes_of(large, builddir)
    assert f"127.0.0.1:{old.port}" not in nodes and len(nodes) == 3
    assert sum("none: the loss of this machine is the loss of its messages" in lines for lines in nodes.values()) == 1
    assert sum(line in QUEUES for lines in nodes.values() for line in lines) == len(QUEUES)


def test_sentinels(builddir, new_stack):
    stack = new_stack(redis=servers.Sentinels())
    push(stack.http, "foo", "a")
    done = restmq(builddir, "cluster", "--config", stack.responders.config)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == "a master that sentinels watch, no cluster; it has all queues" and "foo" in lines
    assert "1, asynchronous: a failover may lose the last pushes" in lines


def test_nobody_answers(builddir):
    done = restmq(builddir, "cluster", "--redis", f"cluster://127.0.0.1:{servers.free_port()}")
    assert done.returncode == 1 and "no node of the cluster tells its slots" in done.stderr
