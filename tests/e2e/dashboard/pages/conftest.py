# conftest.py - the dashboard in a browser, at a stack of its own.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import pytest

import browser as browsers
import dashboard as dashboards
import stack as servers

KEYS = {"reader": ["read"], "watcher": ["stats"], "producer": ["write", "stats"],
        "admin": ["read", "write", "purge", "settings", "stats", "admin"]}


@pytest.fixture(scope="package")
def browser():
    with browsers.Browser() as browser:
        yield browser


@pytest.fixture(scope="package")
def site(builddir):
    """Whoever asks from this machine may do everything."""
    with servers.Stack(builddir, helpers=1) as stack:
        yield stack


@pytest.fixture(scope="package")
def keyed(builddir):
    """A key is required; its name says what it allows with any queue."""
    with servers.Stack(builddir, helpers=1, conf={"authkeys": "required"}) as stack:
        with stack.redis.client() as redis:
            for key, privs in KEYS.items():
                redis.set(f"AUTHKEY:{key}", json.dumps({"queues": ["*"], "privs": privs}))
        yield stack


@pytest.fixture
def page(browser, site):
    """The dashboard of one who may do everything; nothing may have been complained about in the end."""
    page = dashboards.Dashboard(browser, site)
    yield page
    assert page.complaints() == []
    page.browser.open("about:blank")


@pytest.fixture
def guarded(browser, keyed):
    """The dashboard where a key is required."""
    page = dashboards.Dashboard(browser, keyed)
    yield page
    assert page.complaints(refused=True) == []
    page.browser.open("about:blank")


@pytest.fixture(scope="session")
def axe(builddir):
    source = dashboards.axe_source(builddir)
    if source is None:
        pytest.skip("axe-core is not there: ./bootstrap check dashboard fetches it")
    return source
