# conftest.py - the fixtures.  Tests share one stack and keep apart by queue name; a test that
# breaks Redis or changes settings starts a stack of its own.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import itertools
import os
import sys
import zlib

sys.dont_write_bytecode = True   # the source tree may be read-only
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import pytest

import stack as servers
from reliable import nothing_changes


pytest_plugins = ["second_try"]


def pytest_addoption(parser):
    parser.addoption("--builddir", default="build", help="where restmq.fcgi was built")
    parser.addoption("--server", default="lighttpd", choices=servers.WEB_SERVERS,
                     help="the web server in front")
    parser.addoption("--hash-tags", action="store_true",
                     help="all programs have hash_tags = on; tests name keys as without it")
    parser.addoption("--cluster", choices=["one", "three"],
                     help="the shared Redis is a cluster of so many nodes; implies --hash-tags")
    parser.addoption("--seconds", type=float, default=3,
                     help="how long each test of a cluster in trouble repeats it")
    parser.addoption("--seed", default=None, help="of the property test; one is drawn without it")
    parser.addoption("--sample", type=int, default=1, metavar="N",
                     help="run one test in N: always the same ones, and some of each file")


def pytest_configure(config):
    servers.default_server = config.getoption("server")
    servers.cluster = config.getoption("cluster")
    if servers.cluster:
        config.option.hash_tags = True
    servers.hash_tags = config.getoption("hash_tags")
    config.addinivalue_line("markers",
                            "load: load and crash tests, run once and not under sanitizers")
    config.addinivalue_line("markers", "browser: takes Chromium; tests with a fixture of that name have the mark")
    config.addinivalue_line("markers", "no_cluster(reason): says nothing about a Redis Cluster")
    config.addinivalue_line("markers", "one_node(reason): looks into one Redis, so not into three")
    config.addinivalue_line("markers", "responders(reason): says nothing about the helper's own address")


def pytest_collection_modifyitems(config, items):
    """A test is in the sample by its name, so that others do not move it in or out."""
    parts = config.getoption("sample")
    sample, others = [], []
    for item in items:
        (others if zlib.crc32(item.nodeid.encode()) % parts else sample).append(item)
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = sample
    for item in items:
        skip_where_it_says_nothing(item)


def skip_where_it_says_nothing(item):
    """By its marks."""
    names = {None: (), "one": ("no_cluster",), "three": ("no_cluster", "one_node")}[servers.cluster]
    if servers.default_server == "itself":
        names += ("responders",)
    for name in names:
        for mark in item.iter_markers(name):
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))


def pytest_itemcollected(item):
    if "browser" in item.fixturenames:
        item.add_marker("browser")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """With -n the tests run in other processes, which tell what they found."""
    servers.findings += getattr(node, "workeroutput", {}).get("findings", [])


def pytest_sessionfinish(session):
    """A sanitizer's finding in any program's log fails the run, whatever the tests saw."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["findings"] = servers.findings
    elif servers.findings:
        print("\nsanitizer findings in responder logs:", *servers.findings, sep="\n  ")
        session.exitstatus = 1


@pytest.fixture
def our_responders():
    """For a test that looks at the responders, or signals them, which answer its requests."""
    if servers.WEB_SERVERS[servers.default_server].own_responders:
        pytest.skip("the web server starts responders of its own")


@pytest.fixture(scope="session")
def builddir(request):
    return request.config.getoption("builddir")


@pytest.fixture
def plain_memory(builddir):
    """For tests of how much memory is used: a sanitizer keeps what was freed."""
    with open(os.path.join(builddir, "restmq-wsd"), "rb") as program:
        if b"__asan_init" in program.read():
            pytest.skip("memory means nothing under a sanitizer")


@pytest.fixture(scope="session")
def plain_scripts(builddir):
    """For tests of a full Redis: it allows all or nothing of a script that --enable-one-slot-scripts made."""
    with open(os.path.join(builddir, "restmq.fcgi"), "rb") as program:
        if b"#!lua flags=allow-oom" in program.read():
            pytest.skip("the scripts are not those of users")


@pytest.fixture(scope="session")
def stack(builddir):
    """The stack that most tests share: default settings, two responders."""
    with servers.Stack(builddir) as stack:
        yield stack


@pytest.fixture
def http(stack):
    return stack.http


@pytest.fixture
def redis(stack):
    with contextlib.closing(stack.redis.client()) as client:
        # The responders sweep away what the test before purged after they have answered it.
        servers.wait_for(lambda: not client.keys("restmq:{*}*:trash*"))
        yield client


@pytest.fixture
def fcgi(stack):
    """A request past the web server: fcgi(method, uri, body, PARAM=value…)."""
    def request(method, uri, body=b"", **more):
        return servers.fcgi_request(stack.responders.socket,
                                    servers.fcgi_params(method, uri, **more), body)
    return request


_numbers = itertools.count(1)


@pytest.fixture
def queue():
    """A queue name that no other test of this session uses."""
    return f"t{next(_numbers)}"


@pytest.fixture
def unchanged(redis):
    """Fails a test that changed anything at all in the shared Redis."""
    with nothing_changes(redis):
        yield


@pytest.fixture
def new_stack(builddir):
    """new_stack(…) starts a stack of the test's own; same arguments as Stack."""
    with contextlib.ExitStack() as started:
        yield lambda **more: started.enter_context(servers.Stack(builddir, **more))
