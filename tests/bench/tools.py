# tools.py - what the parts of the bench share: a web server in front of several programs, wrk, and
# who has used how much CPU time.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import glob
import json
import os
import statistics
import subprocess

from stack import Lighttpd

HERE = os.path.dirname(os.path.abspath(__file__))

# Measured on two cores, which wrk, lighttpd, Redis and the workers share.  PING requests a second
# (closed in libfcgi's own way) with 2, 3, 4, 6 and 8 workers: 16,000, 20,500, 22,500, 25,000 and
# 24,000; each waits for a round trip, so few leave the cores idle.  The ratios hardly differ; four
# is what `bootstrap run` starts.  8 to 64 connections reach the same rate; beyond 16 they only
# queue up, 64 wait four times as long.
WORKERS = 4
CONNECTIONS = 16

MESSAGE = b"0123456789" * 10
FASTEST = 50_000           # takes a second, more than any: so much is filled in for a round
FILL_STEP = 2_500          # messages of one call of fill.lua


class Front(Lighttpd):
    """lighttpd in front of several programs: a socket for each prefix, the first that fits."""

    def __init__(self, sockets):
        super().__init__()
        self.sockets = sockets

    def configuration(self):
        routes = ",\n    ".join(
            f'"{prefix}" => (("socket" => "{socket}", "check-local" => "disable",'
            f' "fix-root-scriptname" => "enable"))' for prefix, socket in self.sockets.items())
        return f"""
server.document-root = "{self.dir}"
server.bind = "127.0.0.1"
server.port = {self.port}
server.errorlog = "{self.path("lighttpd-error.log")}"
server.max-keep-alive-requests = 100000000
server.modules += ("mod_fastcgi")
fastcgi.server = (
    {routes})
"""


def fill_script():
    with open(os.path.join(HERE, "fill.lua")) as script:
        return script.read()


def start_wrk(url, load, seconds, *paths):
    """A running wrk; it prints its figures at the end.  paths: see load.lua."""
    argv = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s",
            "-s", os.path.join(HERE, "load.lua"), url, load, *paths]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def run_wrk(name, *arguments):
    """The figures of a wrk; no request may have failed."""
    with start_wrk(*arguments) as wrk:
        output = wrk.communicate(timeout=arguments[2] + 30)[0]
    figures = json.loads(output.splitlines()[-1])
    if figures["failed"]:
        raise RuntimeError(f"{name}: {figures['failed']} requests failed")
    return figures


def cpu_us(pids):
    """CPU time that processes have used so far, with all of their threads."""
    total = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):    # a thread has ended
                with open(path) as schedstat:
                    total += int(schedstat.read().split()[0])
    return total / 1e3


def rotated(cases, round):
    start = round % len(cases)
    return cases[start:] + cases[:start]


def turned(cases, round):
    """Who goes second may find a warmer or a busier machine: each is first in every other round."""
    return cases[::-1] if round % 2 else cases


def median_ratio(ours, others):
    """Of figures of the same rounds."""
    return statistics.median(one / other for one, other in zip(ours, others))
