# test_restmq_cluster.py - restmq cluster: which node has which queues, and what it promises.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

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


def test_nobody_answers(builddir):
    done = restmq(builddir, "cluster", "--redis", f"cluster://127.0.0.1:{servers.free_port()}")
    assert done.returncode == 1 and "no node of the cluster tells its slots" in done.stderr
