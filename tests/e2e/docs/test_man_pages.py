# test_man_pages.py - mandoc has nothing to say against the manual pages, and those that they name are there.
#
# SPDX-License-Identifier: BSD-2-Clause

import glob
import os
import re
import shutil
import subprocess

import pytest

import stack as servers

PAGES = sorted(glob.glob(os.path.join(servers.TOP, "docs", "*.[1-8]")))

# What depends on which pages this machine has, and has indexed.
OF_THE_MACHINE = re.compile(r"referenced manual not found|^mandoc: outdated mandoc\.db")


def complaints(page):
    done = subprocess.run(["mandoc", "-Tlint", page], capture_output=True, text=True)
    return [line for line in (done.stdout + done.stderr).splitlines() if not OF_THE_MACHINE.search(line)]


@pytest.mark.skipif(not shutil.which("mandoc"), reason="no mandoc")
@pytest.mark.parametrize("page", PAGES, ids=os.path.basename)
def test_mandoc_finds_nothing(page):
    assert complaints(page) == []


@pytest.mark.skipif(not shutil.which("mandoc"), reason="no mandoc")
def test_mandoc_would_find_something(tmp_path):
    with open(PAGES[0]) as file:
        text = file.read()
    (tmp_path / "page.1").write_text(text + ".Nosuch macro\n")
    assert len(complaints(tmp_path / "page.1")) >= 1


@pytest.mark.parametrize("page", PAGES, ids=os.path.basename)
def test_our_own_pages_are_there(page):
    ours = {os.path.basename(name) for name in PAGES}
    with open(page) as file:
        named = re.findall(r"^\.Xr (\S+) ([1-8])", file.read(), re.MULTILINE)
    missing = {f"{name}.{section}" for name, section in named if re.match(r"restmq|acl\.conf", name)} - ours
    assert len(ours) >= 6 and not missing
