# test_cluster_trouble.py - slots move and nodes fail while messages do: what was acknowledged is there, once,
# and queues of other nodes do not notice.
#
# Each test takes some seconds; `pytest --seconds 60` repeats its trouble for so long.
#
# SPDX-License-Identifier: BSD-2-Clause

import signal
import time

import pytest

import stack as servers
from fleet import Fleet

pytestmark = pytest.mark.load

TIMEOUT = 1.0           # redis_timeout_ms, in seconds
WORKERS = 8             # more than ever ask one node at the same time
GAP = 0.3               # of queues on other nodes
FEW = range(300)        # slots that move; the first master has them at the beginning


@pytest.fixture
def cluster_stack(new_stack):
    """A cluster of three masters with a replica each; nodes serve while others are away."""
    def cluster_stack(*options):
        cluster = servers.Cluster(options=["--cluster-require-full-coverage", "no",
                                           "--cluster-node-timeout", 2000, *options])
        return new_stack(redis=cluster, helpers=1, workers=WORKERS, conf={"redis_timeout_ms": int(TIMEOUT * 1000)})
    return cluster_stack


@pytest.fixture
def under_load(request, builddir):
    """under_load(stack, trouble) calls trouble() again and again while messages move, and looks at what
    became of them.  gap: of queues elsewhere, from so many seconds after a trouble has begun."""
    def under_load(stack, trouble, near=FEW, has_file=False):
        with Fleet(stack, near) as fleet:
            time.sleep(1)
            end = time.monotonic() + request.config.getoption("seconds")
            while True:
                trouble()
                time.sleep(1.5)
                if time.monotonic() > end:
                    break
        fleet.account(builddir, has_file=has_file)
        assert fleet.gap_of(fleet.far) < servers.patience(GAP)
    return under_load


def test_slots_move_there_and_back(cluster_stack, under_load):
    stack = cluster_stack()
    first, second = stack.redis.members[:2]

    def trouble():
        stack.redis.reshard(len(FEW), first, second)
        time.sleep(0.5)
        stack.redis.reshard(len(FEW), second, first)

    under_load(stack, trouble)


def test_failover_by_hand(cluster_stack, under_load):
    stack = cluster_stack()

    def trouble():
        old = stack.redis.master_of(0)
        stack.redis.fail_over(old)
        servers.wait_for(lambda: stack.redis.master_of(0) is not old, servers.patience(10))

    under_load(stack, trouble)


def test_master_killed(cluster_stack, under_load):
    """It comes back as a replica, as it has no data, and may become master again."""
    stack = cluster_stack()

    def trouble():
        old = stack.redis.master_of(0)
        old.kill()
        stack.redis.await_other_master(0, old)
        time.sleep(1)
        old.start()
        servers.wait_for(stack.redis.is_complete, servers.patience(20))

    under_load(stack, trouble)


def test_master_hangs(cluster_stack, under_load):
    stack = cluster_stack()

    def trouble():
        old = stack.redis.master_of(0)
        with old.thinking():
            time.sleep(7)
        stack.redis.await_other_master(0, old)
        servers.wait_for(stack.redis.is_complete, servers.patience(20))

    under_load(stack, trouble)


def test_node_added_and_removed(cluster_stack, under_load):
    stack = cluster_stack()

    def trouble():
        first = stack.redis.members[0]
        new = stack.redis.join()
        stack.redis.reshard(len(FEW), first, new)
        time.sleep(0.5)
        stack.redis.reshard(len(FEW), new, first)
        stack.redis.leave(new)

    under_load(stack, trouble)


def test_replica_hangs_and_master_is_killed(cluster_stack, under_load):
    """Nobody can take its place, until it is back from its file."""
    stack = cluster_stack("--appendonly", "yes", "--cluster-replica-no-failover", "yes")

    def trouble():
        master = stack.redis.master_of(0)
        [replica] = stack.redis.replicas_of(master)
        with replica.thinking():
            time.sleep(1)
            master.kill()
            time.sleep(3)
            master.start()
        servers.wait_for(stack.redis.is_complete, servers.patience(20))

    under_load(stack, trouble, has_file=True)
