# crowd.py - many consumers in a process of their own, and their account.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import os
import subprocess
import sys

import stack as servers

CLIENT = os.path.join(servers.HERE, "stream_client.py")


class Crowd:
    """A stream_client."""

    def __init__(self, port, path, consumers, *role):
        self.process = subprocess.Popen(
            [sys.executable, "-B", CLIENT, *map(str, (port, path, consumers, *role))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self):
        return json.loads(self.process.stdout.readline())

    def finish(self):
        """Ends it; its account."""
        account = json.loads(self.process.communicate()[0].splitlines()[-1])
        assert self.process.returncode == 0
        return account

    def wait(self, timeout):
        """Its account, when it has ended by itself."""
        self.process.wait(timeout)
        return json.loads(self.process.stdout.read().splitlines()[-1])
