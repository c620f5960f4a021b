# conftest.py - the fixtures of the tests of restmq-wsd: their shared stack has one helper.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib

import pytest

import consumers
import stack as servers
from crowd import Crowd


CONF = {"jsonp": "on", "hosts": "127.0.0.1 localhost [::1] example.com"}


@pytest.fixture(scope="session")
def stack(builddir):
    with servers.Stack(builddir, helpers=1, conf=CONF) as stack:
        yield stack


@pytest.fixture
def new_stack(builddir):
    """new_stack(…) starts a stack of the test's own; same arguments as Stack, one helper."""
    with contextlib.ExitStack() as started:
        yield lambda **more: started.enter_context(
            servers.Stack(builddir, **{"helpers": 1, "conf": {}, **more}))


def named(pair):
    transport, way = pair
    return f"{transport.__name__.lower()}-{way}"


def ways(transports):
    """Each transport directly and, where it can, through the web server."""
    return [(transport, way) for transport in transports for way in ("direct", "proxied")
            if way == "direct" or transport.over_proxy]


def pytest_generate_tests(metafunc):
    """A test that asks for `way` runs for every transport, one that asks for `websocket_way` for
    every websocket, directly and through the web server."""
    for fixture, transports in (("way", consumers.TRANSPORTS),
                                ("websocket_way", consumers.WEBSOCKETS)):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, ways(transports), ids=named)


@pytest.fixture
def client(stack):
    """client(transport, way) makes one that is not yet connected; all are closed at the end."""
    with contextlib.ExitStack() as open_ones:
        def make(transport, way="direct", **more):
            address = {"direct": stack.ws_port, "proxied": stack.port,
                       "unix": stack.helper.socket}[way]
            return open_ones.enter_context(transport(address, **more))
        yield make


@pytest.fixture
def consume(client, queue):
    """consume(way) connects one more consumer of the test's queue."""
    return lambda way, query="", **more: client(*way, **more).consume(queue, query)


@pytest.fixture
def crowd():
    """crowd(…) starts one; whoever is left at the end is killed."""
    crowds = []

    def gather(*more):
        crowds.append(Crowd(*more))
        return crowds[-1]

    yield gather
    for crowd in crowds:
        servers.end(crowd.process)
        crowd.process.stdin.close()
        crowd.process.stdout.close()
