# test_cut_bodies.py - a body of which the web server hands on less than the client sent, or something
# else, is no message and no form: no 2xx, and nothing has changed.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import socket

import pytest

import stack as servers
from checks import assert_error, push
from reliable import nothing_changes

FORM = "application/x-www-form-urlencoded"

# The largest body that conf/*-local.conf let through.
LOCAL_LIMIT = 128 << 20


def ask(stack, method, queue, type, head, body=(), half_close=False):
    """Sends pieces as they are; all that is answered, b"" where the connection was only closed."""
    seen = b""
    with socket.create_connection(("127.0.0.1", stack.port), 30) as sock:
        with contextlib.suppress(ConnectionError):      # some answer before they have read all
            sock.sendall(f"{method} /q/{queue} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                         f"Content-Type: {type}\r\n{head}\r\n\r\n".encode())
            for piece in body:
                sock.sendall(piece)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while more := sock.recv(65536):
                seen += more
    return seen


@pytest.fixture(params=["POST", "DELETE"])
def refused(request, stack, http, redis, queue):
    """refused(head, body, …): the answer to a push, or to the deletion of a message, of a queue that
    has one; it must be no success, and change nothing."""
    push(http, queue, "a")
    type = "text/plain" if request.param == "POST" else FORM

    def refused(head, body, **how):
        with nothing_changes(redis):
            answer = ask(stack, request.param, queue, type, head, body, **how)
        assert b" 2" not in answer[:12], answer
        return answer
    return refused


def test_over_the_limit(refused):
    refused(f"Content-Length: {LOCAL_LIMIT + 1}",
            [b"key=" + b"x" * (1 << 20), *[b"x" * (1 << 20)] * (LOCAL_LIMIT >> 20)])


def test_over_the_limit_in_chunks(refused):
    chunk = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
    refused("Transfer-Encoding: chunked", [*[chunk] * (1 + (LOCAL_LIMIT >> 20)), b"0\r\n\r\n"])


@pytest.mark.parametrize("chunks", [
    b"zz\r\nhello\r\n0\r\n\r\n", b"4\r\nkey=\r\nzz\r\n0\r\n\r\n", b"4\r\nkey=XX5\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffffff\r\nhello\r\n0\r\n\r\n", b"-1\r\nhello\r\n0\r\n\r\n", b"\r\n0\r\n\r\n"])
def test_broken_chunks(refused, chunks):
    refused("Transfer-Encoding: chunked", [chunks], half_close=True)


@pytest.mark.parametrize("head, body", [
    ("Content-Length: 10", b""), ("Content-Length: 10", b"key="), ("Transfer-Encoding: chunked", b""),
    ("Transfer-Encoding: chunked", b"4\r\nkey=\r\n"), ("Transfer-Encoding: chunked", b"4\r\nke")])
def test_half_a_body(refused, head, body):
    refused(head, [body], half_close=True)


@pytest.mark.parametrize("in_chunks", [False, True])
def test_no_body_is_too_large_to_be_refused(stack, queue, unchanged, in_chunks):
    """What the web server lets through is told the limit."""
    pieces = [b"x" * (1 << 20)] * 80
    head = f"Content-Length: {80 << 20}"
    if in_chunks:
        head = "Transfer-Encoding: chunked"
        pieces = [*[b"100000\r\n" + piece + b"\r\n" for piece in pieces], b"0\r\n\r\n"]
    answer = ask(stack, "POST", queue, "text/plain", head, pieces)
    if in_chunks and not stack.web.takes_chunks:
        assert answer.startswith(b"HTTP/1.1 411 ")
    else:
        assert answer.startswith(b"HTTP/1.1 413 ") and b'"too_large"' in answer


# --- what Apache says of the length, past the web server ------------------------------------------

def post(queue, **more):
    return servers.fcgi_params("POST", f"/q/{queue}", CONTENT_TYPE="text/plain", **more)


@pytest.mark.parametrize("length, body", [(5, b""), (5, b"hell"), (1 << 20, b"")])
def test_a_limit_of_the_web_server(stack, queue, unchanged, length, body):
    """It says itself that it passes on less, and will do so again."""
    answer = servers.fcgi_request(stack.responders.socket,
                                  post(queue, RESTMQ_CONTENT_LENGTH=str(length)), body)
    assert_error(answer, 413, "too_large", "passes on", str(len(body)), str(length))


def test_more_than_the_client_said(stack, queue, unchanged):
    answer = servers.fcgi_request(stack.responders.socket,
                                  post(queue, RESTMQ_CONTENT_LENGTH="5"), b"hello!")
    assert_error(answer, 400, "bad_request", "Content-Length")


def test_a_body_that_was_lost_on_its_way(stack, queue, unchanged):
    """lighttpd gives a request to a second process, as the first one died, and has its body no more."""
    for length in {"CONTENT_LENGTH": "5"}, {"CONTENT_LENGTH": "5", "RESTMQ_CONTENT_LENGTH": "5"}:
        answer = servers.fcgi_request(stack.responders.socket, post(queue, **length))
        assert_error(answer, 503, "unavailable", "did not pass on all of the body")


def test_more_than_the_client_may_say(stack, queue, unchanged):
    answer = servers.fcgi_request(stack.responders.socket,
                                  post(queue, RESTMQ_CONTENT_LENGTH=str(1 << 30)))
    assert_error(answer, 413, "too_large")


def test_the_length_that_the_client_said(stack, redis, queue):
    answer = servers.fcgi_request(stack.responders.socket,
                                  post(queue, RESTMQ_CONTENT_LENGTH="5"), b"hello")
    assert answer.status == 200 and redis.get(f"{queue}:1") == b"hello"
