# conftest.py - a root for each test, with the package that `make deb` has made beside it.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import pytest

from root import Root, clean_root

TOP = pathlib.Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    parser.addoption("--builddir", default="build", help="where `make deb` was run")
    parser.addoption("--here", action="store_true",
                     help="the root is a copy of this machine's, and not a new Debian; with lighttpd only")
    parser.addoption("--clean-root", help="use this folder as the new Debian")


@pytest.fixture(scope="session")
def builddir(request):
    return pathlib.Path(request.config.getoption("--builddir")).resolve()


@pytest.fixture(scope="session")
def deb(builddir):
    [deb] = builddir.glob("deb/restmq-fcgi_*.deb")
    return deb


@pytest.fixture(scope="session")
def base(request, deb, builddir):
    if os.geteuid() != 0 or subprocess.run(["unshare", "-mnp", "--fork", "true"], capture_output=True).returncode:
        pytest.skip("only root can make a root")
    if request.config.getoption("--here"):
        return "/"
    return request.config.getoption("--clean-root") or clean_root(deb, builddir / "roots")


@pytest.fixture
def root(base, deb, tmp_path):
    with Root(base, str(tmp_path)) as root:
        with open(root.at("/tmp/new.deb"), "wb") as file:
            file.write(deb.read_bytes())
        yield root


def pytest_runtest_setup(item):
    if item.config.getoption("--here") and "new_debian" in item.keywords:
        pytest.skip("needs a new Debian")


def pytest_configure(config):
    config.addinivalue_line("markers", "new_debian: asks for what only a new Debian is sure to have, or not to have")
