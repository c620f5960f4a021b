# restmq_cli.py - runs of restmq's verbs that speak HTTP, without the settings of whoever runs the tests.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import pty
import subprocess

from stack import patience


class Cli:
    """The program of a build folder, asking one broker."""

    def __init__(self, builddir, url, home):
        self.program = os.path.abspath(os.path.join(builddir, "restmq"))
        self.home = str(home)
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.home, "RESTMQ_URL": url}
        self.environment.update((name, value) for name, value in os.environ.items() if name.endswith("SAN_OPTIONS"))

    def start(self, *words, **more):
        """The process; its streams are pipes, of bytes."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([self.program, *map(str, words)], **{**pipes, "env": self.environment, **more})

    def run(self, *words, typed=b"", timeout=60, env={}, **more):
        """One run, to its end: returncode, and stdout and stderr as bytes."""
        return subprocess.run([self.program, *map(str, words)], input=typed, env={**self.environment, **env},
                              **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
                              timeout=patience(timeout))

    def text(self, *words, **more):
        """What a run that must succeed prints."""
        done = self.run(*words, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()


def on_terminal(cli, words, typed=b""):
    """Exit status and what stands on the terminal of a run that has one."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(cli.program, [cli.program, *words], {**cli.environment, "TERM": "xterm"})
    os.write(fd, typed) if typed else None
    seen = b""
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen
