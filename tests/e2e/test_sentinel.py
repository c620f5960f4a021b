# test_sentinel.py - a master that sentinels watch fails over: what is acknowledged stays, and both
# programs find the new master by themselves.
#
# SPDX-License-Identifier: BSD-2-Clause

import signal
import time

import pytest

import stack as servers
from checks import push, take
from consumers import Websocket
from failover import Traffic
from reliable import NDJSON

TOLD = "no sentinel says where the master mymaster is"


@pytest.fixture
def watched(new_stack):
    """watched(replicas=1, workers=4) starts a stack, with a helper, whose Redis has sentinels."""
    def watched(replicas=1, workers=4, **conf):
        return new_stack(redis=servers.Sentinels(replicas=replicas), helpers=1, workers=workers,
                         conf={"redis_timeout_ms": 1000, **conf})
    return watched


def other_master(sentinels, than):
    """Waits until all sentinels that run name another one."""
    servers.wait_for(lambda: sentinels.master_port() not in (None, than.port), servers.patience(15))
    return sentinels.master()


def settle():
    time.sleep(1.5)     # both programs ask once a second


def test_what_is_asked_for(watched):
    """REST and streams on a master that a sentinel has named."""
    stack = watched()
    push(stack.http, "foo", "one")
    assert take(stack.http, "foo") == "one"
    assert stack.helper.has_redis()
    assert stack.http.get("/ready").status == 200


def test_master_killed(watched, builddir):
    stack = watched()
    with Traffic(stack) as traffic:
        time.sleep(1)
        old = stack.redis.master()
        old.kill()
        other_master(stack.redis, old)
        settle()
    traffic.account(builddir)
    assert traffic.gaps >= 1


def test_replica_hangs_and_master_is_killed(watched, builddir):
    """The replica that has all is promoted."""
    stack = watched(replicas=2)
    hanging = stack.redis.members[2]
    with Traffic(stack) as traffic:
        time.sleep(0.5)
        hanging.kill(signal.SIGSTOP)
        time.sleep(1.5)
        old = stack.redis.master()
        old.kill()
        assert other_master(stack.redis, old) is stack.redis.members[1]
        settle()
        hanging.kill(signal.SIGCONT)
    traffic.account(builddir)


def test_master_hangs_and_comes_back_after_the_switch(watched, builddir):
    """It takes no push that is acknowledged: nobody asks it any more."""
    stack = watched()
    with Traffic(stack) as traffic:
        time.sleep(1)
        old = stack.redis.master()
        old.kill(signal.SIGSTOP)
        other_master(stack.redis, old)
        settle()
        old.kill(signal.SIGCONT)
        settle()
    traffic.account(builddir)


def test_failover_by_hand(watched, builddir):
    """Sentinel promotes first and tells later, and the old master goes on taking pushes meanwhile:
    these are lost, until the programs have heard of the new one."""
    stack = watched()
    with Traffic(stack) as traffic:
        time.sleep(1)
        old = stack.redis.master()
        stack.redis.fail_over()
        other_master(stack.redis, old)
        known_at = time.monotonic() + 1.2
        settle()
        time.sleep(1)
    lost = traffic.account(builddir, known_at)
    assert traffic.longest_gap() < 3
    print(f"{len(lost)} lost in a failover by hand")


def test_failover_by_hand_with_writes_paused(watched, builddir):
    """The way to lose none."""
    stack = watched()
    with Traffic(stack) as traffic:
        time.sleep(1)
        old = stack.redis.master()
        servers.cli(old.port, "CLIENT", "PAUSE", "20000", "WRITE")
        stack.redis.fail_over()
        other_master(stack.redis, old)
        settle()
    traffic.account(builddir)


def test_all_sentinels_away(watched, builddir):
    """The master that is known is good enough; the log says it once, and when they are back.  (A
    process that was asked nothing before knows none: so there is one.)"""
    stack = watched(workers=1)
    logs = [stack.helper.log_text, stack.responders.log_text]
    with Traffic(stack) as traffic:
        time.sleep(0.5)
        for one in stack.redis.sentinels:
            one.kill()
        servers.wait_for(lambda: all(TOLD in log() for log in logs), servers.patience(10))
        time.sleep(1.5)
        for one in stack.redis.sentinels:
            one.start()
        servers.wait_for(lambda: all("a sentinel says where" in log() for log in logs), servers.patience(10))
    traffic.account(builddir)
    assert not traffic.refused and not traffic.unknown and not traffic.gaps
    assert stack.helper.log_text().count(TOLD) == 1
    assert stack.responders.log_text().count(TOLD) <= len(stack.responders.pids)


def test_one_sentinel_left(watched, builddir):
    """Two that hang do not make anybody slow; the third is enough to be told of a new master."""
    stack = watched()
    old = stack.redis.master()
    for one in stack.redis.sentinels[:2]:
        one.kill(signal.SIGSTOP)
    try:
        with Traffic(stack) as traffic:
            time.sleep(4)
        assert not traffic.refused and not traffic.unknown
        assert traffic.longest_gap() < servers.patience(0.6)
    finally:
        for one in stack.redis.sentinels[:2]:
            one.kill(signal.SIGCONT)
    assert stack.redis.master() is old
    traffic.account(builddir)


def test_no_sentinel_from_the_start(new_stack):
    """503 that tells why in the log, and all is well once there is one."""
    sentinels = servers.Sentinels()
    stack = new_stack(redis=sentinels, conf={"redis_timeout_ms": 500})
    stack.responders.stop()
    for one in sentinels.sentinels:
        one.kill()
    stack.responders.start()
    assert stack.http.get("/q/foo").status == 503
    servers.wait_for(lambda: stack.http.get("/q/foo").status == 503 and TOLD in stack.responders.log_text())
    sentinels.sentinels[0].start()
    servers.wait_for(lambda: stack.http.get("/q/foo").status == 204, servers.patience(5))


@pytest.mark.parametrize("name", ["mymaster", "another"])
def test_a_master_that_nobody_knows(new_stack, name):
    sentinels = servers.Sentinels(replicas=0)
    with sentinels:
        address = sentinels.address.replace("mymaster", name)
        stack = new_stack(conf={"redis": address, "redis_timeout_ms": 500})
        assert stack.http.get("/q/foo").status == (204 if name == "mymaster" else 503)


def test_a_reload_names_other_sentinels(new_stack, watched):
    """Other addresses may come with a reload; another kind of Redis takes a restart."""
    stack = watched()
    push(stack.http, "foo", "one")
    with servers.Sentinels() as others:
        stack.configure(redis=others.address)
        servers.wait_for(lambda: stack.http.get("/q/foo?soft=1").status == 204, servers.patience(5))
        stack.configure(redis=f"127.0.0.1:{stack.redis.first.port}")
        servers.wait_for(lambda: "with a restart; the settings before stay" in stack.helper.log_text(),
                         servers.patience(5))
        assert stack.http.get("/q/foo?soft=1").status == 204
    stack.configure(redis=stack.redis.address)
    servers.wait_for(lambda: stack.http.get("/q/foo?soft=1").status == 200, servers.patience(5))
    assert take(stack.http, "foo") == "one"


# --- redis_wait ----------------------------------------------------------------------------------

def assert_not_on_all(answer, have, wanted):
    """It is in the queue, and said so."""
    assert answer["outcome"] == "unknown" and f"executed, but only {have} of {wanted} replicas" in answer["error"]


def test_a_push_waits_for_replicas(watched):
    """Over HTTP, in batches and on a websocket; takes and acks wait for nobody."""
    stack = watched(replicas=2, redis_wait=2, redis_wait_ms=1000, redis_timeout_ms=3000)
    keys = push(stack.http, "foo", "one")
    assert stack.http.post("/q/foo", "2\n3\n", NDJSON).status == 200
    with Websocket(stack.helper.socket).consume("other") as chat:
        assert chat.command(cmd="add", queue="foo", value="four")["key"] == "foo:4"
        replica = stack.redis.members[2]
        replica.kill(signal.SIGSTOP)
        try:
            started = time.monotonic()
            response = stack.http.post("/q/foo", form={"value": "five"})
            assert response.status == 503 and time.monotonic() - started >= 0.95
            assert_not_on_all(response.json(), 1, 2)
            assert_not_on_all(chat.command(cmd="add", queue="foo", value="six"), 1, 2)
            started = time.monotonic()
            assert take(stack.http, "foo") == "one" and keys == ["foo:1"]
            assert time.monotonic() - started < 0.9
        finally:
            replica.kill(signal.SIGCONT)
    assert [take(stack.http, "foo") for _ in range(5)] == ["2", "3", "four", "five", "six"]


def test_more_replicas_than_there_are(new_stack):
    """With one Redis, too; a reload changes it at once."""
    stack = new_stack(helpers=1, conf={"redis_wait": 1, "redis_wait_ms": 20})
    assert_not_on_all(stack.http.post("/q/foo", form={"value": "one"}).json(), 0, 1)
    assert stack.http.get("/q/foo").status == 200
    stack.configure(redis_wait=0)
    servers.wait_for(lambda: stack.http.post("/q/foo", form={"value": "two"}).status == 200)


def test_failover_by_hand_loses_nothing_of_what_all_have(watched, builddir):
    """redis_wait = all replicas: the old master cannot promise anything once it has none."""
    stack = watched(replicas=2, redis_wait=2, redis_wait_ms=200)
    with Traffic(stack) as traffic:
        time.sleep(1)
        old = stack.redis.master()
        stack.redis.fail_over()
        other_master(stack.redis, old)
        known_at = time.monotonic() + 1.2
        settle()
        time.sleep(1)
    assert not traffic.account(builddir, known_at, least=50)
