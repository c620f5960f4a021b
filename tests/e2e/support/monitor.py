# monitor.py - what clients say to a Redis, as its MONITOR shows it.
#
# SPDX-License-Identifier: BSD-2-Clause

import re
import socket

# With hash tags a queue is listed before its first push.
LISTING = re.compile(rb'"[0-9a-f]{40}" "1" "QUEUESET" "[^" ]+"\s*$')

# A responder with nothing else to do removes bodies of purged messages: no operation of a client.
SWEEPS = [b'"%s:" "100" "1048576" "0" "foo.dead"' % name for name in (b"foo", b"{foo}")]


class Monitor:
    """The lines of MONITOR, up to a mark that we send ourselves."""

    def __init__(self, redis):
        self.client = redis.client()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(redis.socket)
        self.sock.sendall(b"MONITOR\r\n")
        self.stream = self.sock.makefile("rb")
        assert self.stream.readline() == b"+OK\r\n"
        self.lines()

    def lines(self):
        """What came since the last call, without the mark and without what Lua did."""
        self.client.echo("the mark")
        lines = []
        while b"the mark" not in (line := self.stream.readline()):
            if not (b" lua] " in line or LISTING.search(line) or
                    any(sweep in line for sweep in SWEEPS)):
                lines.append(line.decode("latin-1").rstrip())
        return lines
