# conftest.py - the fixtures of the command line's tests.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

import stack as servers
from restmq_cli import Cli


@pytest.fixture
def cli(builddir, stack, tmp_path):
    """restmq, asking the shared stack."""
    return Cli(builddir, f"http://127.0.0.1:{stack.port}/", tmp_path)


@pytest.fixture(scope="module")
def helped(builddir):
    """A stack with a helper, for what waits and streams."""
    with servers.Stack(builddir, helpers=1) as stack:
        yield stack


@pytest.fixture
def waiting(builddir, helped, tmp_path):
    """restmq, asking the stack that has a helper."""
    return Cli(builddir, f"http://127.0.0.1:{helped.port}", tmp_path)
