# test_hostile.py - hostile clients cost no more memory than is set, and nobody is left waiting.
#
# hostile.py by itself prints the figures, and measures them by what is wanted of a machine with nothing
# else to do.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

import hostile
import stack as servers

pytestmark = pytest.mark.load

WAITS = 5000         # ms


@pytest.mark.parametrize("kind", hostile.KINDS)
def test_hostile(builddir, kind):
    result = hostile.run(hostile.KINDS[kind], builddir, servers.patience(10))
    print(result)
    most = {**hostile.MOST, "waited": servers.patience(WAITS)}
    assert not result.too_much(most), result
