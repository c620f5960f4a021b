# helper.py - what a running restmq-wsd holds and tells of itself.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import re

from consumers import get


@contextlib.contextmanager
def all_closed(*those):
    """Closes consumers without waiting for anybody."""
    try:
        yield those
    finally:
        for consumer in those:
            if consumer.wire:
                consumer.wire.close()


def memory(helper):
    """Bytes of resident memory."""
    with open(f"/proc/{helper.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024


def metrics(address):
    """Name with labels -> number."""
    answer = get(address, "/metrics/ws")
    assert answer.status == 200
    assert answer.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.body.decode().splitlines()
    return {name: float(number) for name, number in
            (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}
