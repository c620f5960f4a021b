# test_gone_clients.py - a request that waited, and whose client has gone meanwhile, is not executed.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import socket

import pytest

import stack as servers
from checks import push, take_all

MESSAGES = [str(number) for number in range(30)]


@pytest.fixture(scope="module")
def alone(builddir):
    """One responder, at work on one request; the others wait."""
    with servers.Stack(builddir, workers=1) as stack:
        yield stack


def params(queue):
    return servers.fcgi_params("GET", f"/q/{queue}", CONTENT_LENGTH="0")


def ask(opened, stack, queue):
    """A whole request whose answer is read later, or never."""
    fcgi = opened.enter_context(servers.Fcgi(stack.responders.socket))
    fcgi.begin()
    fcgi.params(params(queue))
    fcgi.end_of_input()
    return fcgi


@pytest.mark.usefixtures("our_responders")
@pytest.mark.parametrize("how", ["close", "abort", "half close"])
def test_the_web_server_has_hung_up(alone, queue, how):
    """The request under way is answered, those behind it are not executed."""
    push(alone.http, queue, *MESSAGES)
    with contextlib.ExitStack() as opened:
        with alone.redis.thinking():
            first = ask(opened, alone, queue)
            for _ in range(20):
                fcgi = ask(opened, alone, queue)
                if how == "abort":
                    fcgi.abort()
                elif how == "half close":
                    fcgi.half_close()
                else:
                    fcgi.sock.close()
        assert first.answer().json()["value"] == "0"
        assert take_all(alone.http, queue) == MESSAGES[1:]


@pytest.mark.usefixtures("our_responders")
def test_a_body_that_came_in_pieces(alone, queue):
    """Collected aside, it is not executed either."""
    with contextlib.ExitStack() as opened:
        begun = [opened.enter_context(servers.Fcgi(alone.responders.socket)) for _ in range(5)]
        for fcgi in begun:
            fcgi.begin()
            fcgi.params(servers.fcgi_params("POST", f"/q/{queue}", CONTENT_TYPE="text/plain",
                                            CONTENT_LENGTH="5"))
        assert alone.http.get("/health").status == 200
        with alone.redis.thinking():
            first = ask(opened, alone, queue)
            for fcgi in begun:
                fcgi.stdin(b"hello")
                fcgi.end_of_input()
                fcgi.sock.close()
        assert first.answer().status == 204
        assert take_all(alone.http, queue) == []


@pytest.mark.usefixtures("our_responders")
def test_a_client_of_the_web_server(alone, queue):
    """Redis fell silent, and clients gave up: what they asked for is not taken for nobody."""
    if not alone.web.hangs_up:
        pytest.skip("this web server does not look whether the client is there")
    push(alone.http, queue, *MESSAGES)
    before = alone.web.open_files()
    with alone.redis.thinking():
        with contextlib.ExitStack() as opened:
            for _ in range(20):
                sock = opened.enter_context(socket.create_connection(("127.0.0.1", alone.port), 10))
                sock.sendall(f"GET /q/{queue} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            # Each is two open files of the web server, once it has passed the request on.
            servers.wait_for(lambda: alone.web.open_files() >= before + 40)
        servers.wait_for(lambda: alone.web.open_files() <= before)
    # the one under way had been sent already
    assert take_all(alone.http, queue) in (MESSAGES, MESSAGES[1:])
