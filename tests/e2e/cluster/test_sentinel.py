# test_sentinel.py - a master that sentinels watch fails over: what is acknowledged stays, and both
# programs find the new master by themselves.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import signal
import time

import pytest

import stack as servers
from certificates import Authority
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


def fail_over(sentinels):
    """By hand, again where the sentinels have given up; returns the new master."""
    old = sentinels.master()
    for _ in range(3):
        with contextlib.suppress(servers.redis_py.exceptions.ResponseError):     # one is under way
            sentinels.fail_over()
        with contextlib.suppress(TimeoutError):
            return other_master(sentinels, old)
    raise TimeoutError("no other master")


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
        fail_over(stack.redis)
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
        servers.cli(stack.redis.master().port, "CLIENT", "PAUSE", "20000", "WRITE")
        fail_over(stack.redis)
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


# --- TLS and passwords ----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("own"), "own")


@pytest.fixture(scope="module")
def right(authority):
    return authority.sign("right", "IP:127.0.0.1")


@pytest.fixture
def foreign(tmp_path):
    return Authority(tmp_path, "foreign")


@pytest.fixture
def guarded(builddir, tmp_path):
    """guarded(certificate, password of Redis, account of the sentinels, settings) starts a stack that has
    been told all of these, but what the settings say otherwise."""
    def file_of(name, text):
        path = tmp_path / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path

    def guarded(certificate=None, password=None, account=None, is_served=True, **conf):
        sentinels = servers.Sentinels(certificate=certificate, password=password, account=account)
        known = {"redis_timeout_ms": 1000}
        if certificate:
            known.update(redis_tls="on", redis_tls_ca=certificate.ca)
        if password:
            known["redis_password_file"] = file_of("redis", password)
        if account:
            known.update(sentinel_user=account[0], sentinel_password_file=file_of("sentinel", account[1]))
        for name in "redis_password_file", "sentinel_password_file":
            if conf.get(name):
                conf[name] = file_of("other", conf[name])
        known = {name: value for name, value in {**known, **conf}.items() if value}
        stack = servers.Stack(builddir, redis=sentinels, helpers=1, workers=1, conf=known)
        if not is_served:
            stack.helper.redis_patience = 0
        return stacks.enter_context(stack)

    with contextlib.ExitStack() as stacks:
        yield guarded


ACCOUNT = "watcher", "s3cret-of-sentinels"


def assert_does_its_work(stack):
    with Websocket(stack.helper.socket).consume("foo") as consumer:
        push(stack.http, "foo", "hello")
        assert consumer.next()["value"] == "hello"
    assert stack.http.get("/ready").status == 200


@pytest.mark.parametrize("is_tls", [False, True])
@pytest.mark.parametrize("password", [None, "s3cret-of-redis"])
@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_tls_and_passwords(guarded, right, is_tls, password, account):
    """Each of its own, and all together; after a failover, too."""
    stack = guarded(right if is_tls else None, password, account)
    assert_does_its_work(stack)
    old = stack.redis.master()
    old.kill()
    other_master(stack.redis, old)
    servers.wait_for(lambda: stack.http.get("/ready").status == 200, servers.patience(10))
    servers.wait_for(stack.helper.has_redis, servers.patience(10))
    assert_does_its_work(stack)
    for log in stack.responders.log_text(), stack.helper.log_text():
        assert "s3cret" not in log


def assert_nobody_says(stack, why):
    """503 in time, as the log of both programs says of each sentinel that was asked; they live."""
    began = time.monotonic()
    answer = stack.http.post("/q/foo", form={"value": "a"})
    assert answer.status == 503 and time.monotonic() - began < servers.patience(2.5)
    assert answer.json()["error"] == "Redis is unavailable" and "outcome" not in answer.json()
    assert stack.helper.status_of("/w/foo?wait=0").endswith(b" 503")
    for log in stack.responders.log_text, stack.helper.log_text:
        servers.wait_for(lambda: any("Redis" in line and why in line for line in log().splitlines()))
        servers.wait_for(lambda: TOLD in log(), servers.patience(5))
    assert stack.http.get("/health").status == 200
    assert stack.helper.status_of("/health").endswith(b" 200")


@pytest.mark.parametrize("conf, why", [
    ({"sentinel_user": None, "sentinel_password_file": None}, "NOAUTH"),
    ({"sentinel_password_file": "wrong"}, "WRONGPASS"),
    ({"sentinel_user": "nobody"}, "WRONGPASS")])
def test_wrong_account_for_sentinels(guarded, conf, why):
    stack = guarded(account=ACCOUNT, is_served=False, **conf)
    assert_nobody_says(stack, why)


def test_the_right_account_comes_with_a_reload(guarded, tmp_path):
    stack = guarded(account=ACCOUNT, is_served=False, sentinel_password_file="wrong")
    assert_nobody_says(stack, "WRONGPASS")
    stack.configure(sentinel_password_file=tmp_path / "sentinel")
    servers.wait_for(lambda: stack.http.get("/ready").status == 200, servers.patience(5))
    servers.wait_for(stack.helper.has_redis, servers.patience(5))
    assert_does_its_work(stack)


@pytest.mark.parametrize("conf, why, text", [
    ({"redis_password_file": None}, "NOAUTH", "Redis refused ROLE"),
    ({"redis_password_file": "wrong"}, "WRONGPASS", "Redis refused AUTH")])
def test_wrong_password_of_the_master(guarded, conf, why, text):
    """Sentinels say where it is; it is the master that does not let in."""
    stack = guarded(password="s3cret-of-redis", is_served=False, **conf)
    answer = stack.http.post("/q/foo", form={"value": "a"})
    assert answer.status == 503 and answer.json()["error"] == text
    assert stack.helper.status_of("/w/foo?wait=0").endswith(b" 503")
    for log in stack.responders.log_text, stack.helper.log_text:
        servers.wait_for(lambda: f"Redis at 127.0.0.1:{stack.redis.first.port}: " in log() and why in log())
    assert TOLD not in stack.responders.log_text() + stack.helper.log_text()


def test_wrong_authority_for_sentinels(guarded, right, foreign):
    assert_nobody_says(guarded(right, is_served=False, redis_tls_ca=foreign.ca), "TLS: certificate verify failed: ")


def test_sentinels_without_tls(guarded, authority):
    """They are dialled within it like Redis."""
    assert_nobody_says(guarded(is_served=False, redis_tls="on", redis_tls_ca=authority.ca), "TLS: ")


def test_a_sentinel_within_tls_that_is_dialled_without(guarded, right):
    assert_nobody_says(guarded(right, is_served=False, redis_tls=None, redis_tls_ca=None), "")


# --- redis_wait ----------------------------------------------------------------------------------

def assert_not_on_all(answer, have, wanted):
    """It is in the queue, and said so."""
    assert answer["outcome"] == "unknown" and f"executed, but only {have} of {wanted} replicas" in answer["error"]


def waits(redis):
    """How often somebody has waited for replicas."""
    return redis.info("commandstats")["cmdstat_wait"]["calls"]


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
            waited = waits(stack.redis.client())
            assert take(stack.http, "foo") == "one" and keys == ["foo:1"]
            assert waits(stack.redis.client()) == waited > 0
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
        fail_over(stack.redis)
        known_at = time.monotonic() + 1.2
        settle()
        time.sleep(1)
    assert not traffic.account(builddir, known_at, least=50)
