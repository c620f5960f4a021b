# documents.py - the texts of docs/ and what tests read out of them.
#
# SPDX-License-Identifier: BSD-2-Clause

import glob
import os

from stack import TOP

PROTOCOL = [f"docs/{name}.txt"
            for name in ("protocol", "queues", "routes", "json", "streams", "redis", "access", "channels")]


def document(name):
    with open(os.path.join(TOP, name)) as file:
        return file.read()


def lines_for(file, name="docs/monitoring.txt"):
    """Those that a document has for a file: behind a comment with its name, as far as they are indented."""
    lines = document(name).partition(f"\n    # {file}\n")[2].split("\n")
    end = next(number for number, line in enumerate(lines) if line and not line.startswith("    "))
    assert end
    return "".join(line[4:] + "\n" for line in lines[:end]).rstrip("\n") + "\n"


def changed(text, *changes):
    """With these texts in the place of others, each of which must be there."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def read(*paths):
    for path in paths:
        for name in sorted(glob.glob(os.path.join(TOP, path))):
            with open(name) as file:
                yield file.read()


def redis_rights():
    """The line of the manual: the words before the commands, and the commands."""
    (page,) = read("docs/restmq.conf.5")
    words = page.partition("ACL SETUSER")[2].partition("\n~*")[2].partition("\n.Ed")[0].split()
    words.insert(0, "~*")
    return ([word for word in words if not word.startswith("+")],
            [word[1:] for word in words if word.startswith("+")])


TEXT = "".join(document(name) for name in PROTOCOL)
