# test_pools_txt.py - the commands of docs/pools.txt, one after the other, give what they show.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import re
import subprocess

import stack as servers


def read_steps(text):
    """[(commands, what the last one shows)]"""
    return re.findall(r"^((?:    \$ .*\n)+)((?:    \{.*\n)+)", text, re.MULTILINE)


def test_pools_txt(builddir, tmp_path):
    """In one shell, so that what was defined stays; each is followed by a line of its own."""
    with open(os.path.join(servers.TOP, "docs/pools.txt")) as file:
        text = file.read()
    steps = read_steps(text)
    assert sum(commands.count("$ ") for commands, _ in steps) == text.count("    $ ") > 5
    script = re.search(r"^    #!/bin/sh\n(?:(?:    .*)?\n)*?\n(?=    \$)", text, re.MULTILINE)[0]
    script = re.sub(r"^    ", "", script, flags=re.MULTILINE)
    with servers.Stack(builddir, workers=2) as stack:
        port = f"127.0.0.1:{stack.web.port}"
        # Nobody is asked for by name in any network.
        (tmp_path / "check.sh").write_text(script.replace("127.0.0.1:8888", port)
                                           .replace("$server/health", "127.0.0.1:1/health"))
        shell = "".join(commands.replace("    $ ", "") + "echo ====\n" for commands, _ in steps)
        done = subprocess.run(["sh", "-c", shell.replace("127.0.0.1:8888", port)], cwd=tmp_path,
                              capture_output=True, text=True, timeout=60)
    for came, (commands, shown) in zip(done.stdout.split("====\n"), steps):
        assert came.splitlines() == [line.strip() for line in shown.splitlines()], commands
