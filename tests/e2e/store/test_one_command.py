# test_one_command.py - each operation costs exactly one Redis command: MONITOR shows one line that
# is not from Lua.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import pytest

import stack as servers
from checks import push
from monitor import Monitor

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def queue_command(**members):
    return ("POST", "/queue", "body=" + json.dumps(members))


OPERATIONS = [
    ("POST", "/q/foo", "value=a"), ("POST", "/q/new", "value=a"),
    ("POST", "/q/foo", "value=a&ttl=100"), ("POST", "/", "queue=foo&value=a"),
    ("GET", "/q/foo", None), ("GET", "/q/foo?raw=1", None), ("GET", "/?queue=foo", None),
    ("GET", "/q/empty", None), ("GET", "/q/foo?soft=1", None), ("GET", "/q/foo?count=5", None),
    ("HEAD", "/q/foo", None), ("DELETE", "/q/foo?key=foo:9", None), ("DELETE", "/q/foo", None),
    ("DELETE", "/q/empty", None), ("GET", "/p/foo", None), ("POST", "/p/foo", "policy=roundrobin"),
    ("GET", "/control/foo", None), ("POST", "/control/foo", "status=stop"),
    ("GET", "/stats/foo", None), ("GET", "/j/foo", None), ("POST", "/pub/foo", "body=a"),
    ("PUT", "/pub/kept?keep=5", ""), ("POST", "/pub/kept", "body=a"), ("GET", "/pub/kept", None),
    ("GET", "/pub/kept?since=0", None),
    ("GET", "/presence", None), ("GET", "/presence/foo", None),
    queue_command(cmd="add", queue="foo", value="a"), queue_command(cmd="get", queue="foo"),
    queue_command(cmd="take", queue="foo"), queue_command(cmd="take", queue="foo", count=5),
    queue_command(cmd="del", queue="foo", key="foo:9"), queue_command(cmd="len", queue="foo"),
    queue_command(cmd="acks", queue="foo", messages=[{"key": "foo:9", "lease": "t"}]),
    queue_command(cmd="pub", channel="foo", value="a"), queue_command(cmd="purge", queue="foo")]

NO_OPERATIONS = [("GET", "/health", None), ("GET", "/", None), ("GET", "/help", None), ("GET", "/queue", None),
                 ("GET", "/q/..", None), ("POST", "/q/foo", "colour=red"), ("PUT", "/q/foo", ""),
                 ("OPTIONS", "/q/foo", None), ("GET", "/nope", None)]


@pytest.fixture(scope="module")
def watched(builddir):
    with servers.Stack(builddir, workers=1) as stack:
        # each script is loaded at its first use; that is not what we count
        for method, path, body in OPERATIONS:
            stack.http.request(method, path, body, FORM if body is not None else None)
        stack.redis.client().flushdb()
        yield stack, Monitor(stack.redis)


def monitored(watched, method, path, body):
    stack, monitor = watched
    monitor.lines()
    response = stack.http.request(method, path, body, FORM if body is not None else None)
    return response, monitor.lines()


@pytest.mark.parametrize("method, path, body", OPERATIONS)
def test_one_command(watched, method, path, body):
    for _ in range(3):
        push(watched[0].http, "foo", *"abc")
        response, lines = monitored(watched, method, path, body)
        assert response.status < 400 or (response.status == 404 and "key" in path), response
        assert len(lines) == 1, lines
        assert '"EVALSHA"' in lines[0].upper() or len(lines[0]) < 200, "a whole script was sent"


@pytest.mark.parametrize("method, path, body", NO_OPERATIONS)
def test_no_command(watched, method, path, body):
    assert monitored(watched, method, path, body)[1] == []


def test_a_new_connection_opens_with_few_commands(builddir):
    """Nothing but what logs in, selects and loads; then the operation itself."""
    with servers.Stack(builddir, workers=1) as stack:
        monitor = Monitor(stack.redis)
        push(stack.http, "foo", "a")
        first = monitor.lines()
        push(stack.http, "foo", "a")
        assert len(monitor.lines()) == 1
        assert sum('"evalsha"' in line.lower() or '"eval"' in line.lower() for line in first) <= (
        3 if servers.hash_tags else 2)      # it lists the queue
