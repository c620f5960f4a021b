# crossed.py - which files a message crosses in the helper, from its publication to the end of its
# lease: for a websocket, with the policy roundrobin and ack=auto.  bench.py runs it.
#
# Callgrind notes the functions that run while one message is pushed, received and acked, several
# times; what runs each time, and not each time when nothing happens, is on the way.  Callgrind has
# to know where functions are: the build has -g.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import functools
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

from consumers import Websocket
from stack import Helper, Redis, Responders, fcgi_params, fcgi_request, free_port, wait_for

RUNS = 16                  # each at another moment, so that not all of them meet the same timers
TIMERS = 1.0               # seconds: they come that often
QUEUE = "crossed"


def source_of(builddir):
    with open(os.path.join(builddir, "Makefile")) as makefile:
        return next(line.split("=", 1)[1].strip() for line in makefile
                    if line.startswith("abs_top_srcdir"))


class Profile:
    """What callgrind has written: the (file, function) that ran, and the calls between them."""

    def __init__(self, path):
        self.names = {}
        self.ran, self.calls = set(), set()
        with open(path) as lines:
            self._read(lines)

    def _name(self, kind, text):
        """Each is written once, with its number."""
        number, name = re.fullmatch(r"(\(\d+\))(?: (.*))?", text).groups()
        if name:
            self.names[kind, number] = name
        return self.names[kind, number]

    def _read(self, lines):
        own = at = called = None
        is_call = False
        for line in lines:
            key, _, text = line.rstrip("\n").partition("=")
            if key in ("fl", "fi", "fe"):
                at = self._name("file", text)
                own = at if key == "fl" else own
            elif key in ("cfi", "cfl"):
                called = self._name("file", text)
            elif key == "fn":
                function, called = self._name("function", text), None
            elif key == "cfn":
                self.calls.add((own, function, called or at, self._name("function", text)))
                called = None
            elif key == "calls":
                is_call = True
            elif line[0] in "+-*0123456789":     # a line's cost; after a call that of the callee
                if not is_call:
                    self.ran.add((at, function))
                is_call = False


class Watched(Helper):
    """A helper under callgrind."""

    def __init__(self, builddir, dir, conf):
        super().__init__(os.path.join(dir, "wsd"), free_port(), os.path.join(dir, "h"), conf)
        with open(self.binary, "w") as script:
            script.write("#!/bin/sh\nexec valgrind -q --tool=callgrind --instr-atstart=no "
                         f"--callgrind-out-file={self.path('profile')} "
                         f"{os.path.abspath(builddir)}/restmq-wsd \"$@\"\n")
        os.chmod(self.binary, 0o755)

    def tell(self, *words):
        subprocess.run(["vgdb", f"--pid={self.pid}", *words], check=True, capture_output=True)

    def profile(self, act):
        before = set(os.listdir(self.dir))
        self.tell("instrumentation", "on")
        act()
        self.tell("dump")
        self.tell("instrumentation", "off")
        return Profile(self.path(min(set(os.listdir(self.dir)) - before)))


def post(responders, path, body, kind):
    fcgi_request(responders.socket, fcgi_params("POST", path, CONTENT_TYPE=kind), body)


def profiles(builddir):
    """Of RUNS messages, and of as many moments without one."""
    with contextlib.ExitStack() as stack:
        dir = stack.enter_context(tempfile.TemporaryDirectory(prefix="rq-", dir="/tmp"))
        redis = stack.enter_context(Redis(os.path.join(dir, "r")))
        conf = {"redis": redis.address}
        responders = stack.enter_context(Responders(os.path.join(builddir, "restmq.fcgi"),
                                                    os.path.join(dir, "f"), 1, conf))
        wait_for(responders.is_ready)
        post(responders, f"/p/{QUEUE}", b"policy=roundrobin", "application/x-www-form-urlencoded")
        helper = stack.enter_context(Watched(builddir, dir, conf))
        consumer = stack.enter_context(Websocket(helper.socket).consume(QUEUE))
        client = stack.enter_context(redis.client())

        def one_message():
            pings = consumer.pings
            post(responders, f"/q/{QUEUE}", b"hello", "text/plain")
            consumer.next()
            wait_for(lambda: consumer.is_silent(0.02) and consumer.pings > pings)
            wait_for(lambda: not client.keys("*:leases"))

        one_message()
        for _ in range(RUNS):
            time.sleep(random.uniform(0, TIMERS))
            idle = helper.profile(lambda: consumer.is_silent(0.1))
            time.sleep(random.uniform(0, TIMERS))
            yield helper.profile(one_message), idle


def way(builddir):
    """The files above base/, each with those that it calls into."""
    source = source_of(builddir)

    @functools.cache
    def name(path):
        """In the sources; they may have been elsewhere when a compiler's cache saw them first."""
        tails = itertools.accumulate(reversed(path.split("/")), lambda tail, part: f"{part}/{tail}")
        name = next((tail for tail in tails if "/" in tail
                     and os.path.exists(os.path.join(source, tail))), "base/")
        return None if name.startswith("base/") else name

    busy, idle = zip(*profiles(builddir))
    ran = set.intersection(*(run.ran for run in busy)) - set.intersection(*(run.ran for run in idle))
    files = {name(file): set() for file, _ in ran}
    files.pop(None, None)
    for caller, _, callee, _ in set.intersection(*(run.calls for run in busy)):
        if name(caller) in files and name(callee) in files:
            files[name(caller)].add(name(callee))
    return files


def tools_of(files):
    """Those that call into none but other tools; the rest pass the message on."""
    tools = set()
    while more := {file for file, calls in files.items() if calls - {file} <= tools} - tools:
        tools |= more
    return tools


def measure(builds):
    """builds: names of builds, and where they are.  Prints."""
    if not shutil.which("vgdb"):
        sys.exit("bench.py: valgrind is missing; on Debian: apt-get install valgrind")
    for build, builddir in builds.items():
        files = {file: {to for to in calls if to.endswith(".c")}
                 for file, calls in way(builddir).items() if file.endswith(".c")}
        tools = tools_of(files)
        print(f"{build}: {len(files)} files from PUBLISH to a websocket and its ack")
        for what, those in ("pass it on", set(files) - tools), ("are used", tools):
            print(f"{len(those):4} {what}: {' '.join(sorted(those))}")
