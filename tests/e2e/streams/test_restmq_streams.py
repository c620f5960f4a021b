# test_restmq_streams.py - RestMQ's documented examples of comet, websockets and policies, in order,
# with the clients that its users have: curl and a websocket library.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import os
import subprocess
import time

import pytest

import stack as servers
from consumers import Library


class Curl:
    """curl that stays on a stream; what it prints."""

    def __init__(self, url):
        self.process = subprocess.Popen(["curl", "--silent", "--fail", "--no-buffer", url],
                                        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = ""

    def line(self):
        """The next line, without its end."""
        def has_come():
            self.text += (self.process.stdout.read() or b"").decode()
            return "\r\n" in self.text
        servers.wait_for(has_come)
        line, _, self.text = self.text.partition("\r\n")
        return line

    def close(self):
        servers.end(self.process)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def talk(builddir):
    """A stack of their own for the examples, which share one queue."""
    with servers.Stack(builddir, helpers=1, conf={"jsonp": "on"}) as stack:
        yield Talk(stack)


class Talk:
    def __init__(self, stack):
        self.base = f"http://127.0.0.1:{stack.port}"
        self.port = stack.port
        # where the web server does not notice that a stream was left
        self.streams_port = stack.port if stack.web.notices_gone else stack.ws_port

    def curl(self, *arguments):
        """The answer to `curl ARGUMENTS… URL`."""
        *options, path = arguments
        return subprocess.run(["curl", "-s", *options, self.base + path], timeout=20,
                              capture_output=True).stdout.decode()

    def consumers(self):
        return json.loads(self.curl("/stats/test"))["consumers"]

    @contextlib.contextmanager
    def streams(self, *paths):
        """curl on each of these, connected."""
        servers.wait_for(lambda: self.consumers() == 0)
        with contextlib.ExitStack() as open_ones:
            several = [open_ones.enter_context(contextlib.closing(
                           Curl(f"http://127.0.0.1:{self.streams_port}{path}"))) for path in paths]
            servers.wait_for(lambda: self.consumers() == len(paths))
            yield several


def test_comet(talk):
    """curl http://localhost:8888/c/test, and a push from elsewhere."""
    with talk.streams("/c/test") as [curl]:
        assert talk.curl("-d", "value=foobar", "/q/test") == "test:1\r\n"
        assert curl.line() == '{"key":"test:1","value":"foobar"}'
        assert talk.curl("-d", "queue=test", "-d", "value=007", "/") == "test:2\r\n"
        assert curl.line() == '{"key":"test:2","value":"007"}'
        # A message of a stream is gone from the queue.
        assert talk.curl("/q/test") == ""


def test_comet_with_callback(talk):
    with talk.streams("/c/test?callback=fn") as [curl]:
        key = talk.curl("-d", "value=m", "/q/test").strip()
        assert curl.line().removeprefix("/**/") == f'fn({{"key":"{key}","value":"m"}});'


def test_policy(talk):
    """Broadcast at first; with roundrobin each of two consumers gets one of two messages."""
    with talk.streams("/c/test", "/c/test") as several:
        talk.curl("-d", "value=both", "/q/test")
        assert [json.loads(curl.line())["value"] for curl in several] == ["both"] * 2
        assert json.loads(talk.curl("/p/test"))["value"] == "broadcast"
        assert talk.curl("-X", "POST", "-d", "policy=roundrobin", "/p/test") == "OK\r\n"
        talk.curl("-d", "value=one", "/q/test")
        talk.curl("-d", "value=two", "/q/test")
        assert {json.loads(curl.line())["value"] for curl in several} == {"one", "two"}
        assert talk.curl("-X", "POST", "-d", "policy=broadcast", "/p/test") == "OK\r\n"


def test_pause(talk):
    with talk.streams("/c/test") as [curl]:
        talk.curl("-X", "POST", "-d", "status=stop", "/control/test")
        talk.curl("-d", "value=later", "/q/test")
        time.sleep(0.3)
        assert curl.process.stdout.read() is None
        answer = json.loads(talk.curl("-X", "POST", "-d", "status=start", "/control/test"))
        assert answer == {"stat": {"queue": "test", "status": 1}}
        assert json.loads(curl.line())["value"] == "later"


def test_delete_disconnects(talk):
    with talk.streams("/c/test") as [curl]:
        answer = json.loads(talk.curl("-X", "DELETE", "/q/test"))
        assert (answer["queue"], answer["status"]) == ("test", 0)
        assert curl.process.wait(5) == 0


def test_websocket(talk):
    """new WebSocket("ws://localhost:8888/ws/test")"""
    with Library(talk.port).connect("/ws/test") as consumer:
        key = talk.curl("-d", "value=foobar", "/q/test").strip()
        assert consumer.raw() == f'{{"key":"{key}","value":"foobar"}}'
        consumer.send("hello")
        assert consumer.raw() == "hello"
