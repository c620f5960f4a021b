# test_multipart.py - multipart/form-data: what curl -F and PHP's array as CURLOPT_POSTFIELDS (both are
# libcurl) and others send, wherever a form is read; and what is broken.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import subprocess

import pytest

from checks import assert_error, assert_json, assert_text, heard, push, take, take_all
from reliable import nothing_changes

TYPE = {"Content-Type": "multipart/form-data; boundary=x"}


def curl(stack, path, *arguments, stdin=b""):
    """Runs curl; returns the status and the body's text."""
    done = subprocess.run(["curl", "-s", "-m", "20", "-w", "\n%{http_code}", *arguments,
                           f"http://127.0.0.1:{stack.port}{path}"],
                          input=stdin, stdout=subprocess.PIPE, check=True)
    body, _, status = done.stdout.decode().rpartition("\n")
    return int(status), body.rstrip("\r\n")


def part(name, value, more=""):
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'


# --- what clients send --------------------------------------------------------------------------

def test_curl_pushes_a_text(stack, http, queue):
    assert curl(stack, f"/q/{queue}", "-F", "value=hello & 100%") == (200, f"{queue}:1")
    assert curl(stack, f"/q/{queue}?ttl=100", "-F", "msg=", "-F", "value=b") == (200, f"{queue}:2")
    assert curl(stack, "/", "-F", f"queue={queue}", "-F", "value=c", "-F", "ttl=100") == (
        200, f"{queue}:3")
    assert take_all(http, queue) == ["hello & 100%", "b", "c"]


@pytest.mark.parametrize("content", [
    b"", b"\r\n", b"\r\n--", b"\x00\xff\r\n--x--\r\n" * 1000, bytes(range(256)) * 3000],
    ids=["empty", "line break", "dashes", "like a boundary", "768 KB"])
def test_curl_pushes_a_file(stack, http, queue, content):
    """Its name and type do not count: its bytes are the message."""
    assert curl(stack, f"/q/{queue}", "-F", 'value=@-;type=image/png;filename="a; name=\\"msg\\".png"',
                stdin=content) == (200, f"{queue}:1")
    assert http.get(f"/q/{queue}?raw=1").body == content


@pytest.mark.parametrize("body", [
    "\r\n" + part("value", "a") + "--x--\r\n",        # .NET by hand: an empty line before all
    part("value", "a") + "--x--",                       # nothing behind the last boundary
    part("value", "a", "; filename*=utf-8''%C3%A9.txt") + "--x--\r\n",
    part("value", "a", '; filename="é.txt"\r\nContent-Type: text/plain\r\nContent-Length: 1') + "--x--\r\n",
    part("value", "a", "\r\nContent-Transfer-Encoding: 8bit") + "--x--\r\n",
    part("value", "a").replace('"', "").lower() + "--x--\r\n"])
def test_how_others_write_it(http, queue, body):
    assert_text(http.post(f"/q/{queue}", body, TYPE), f"{queue}:1")
    assert take(http, queue) == "a"


# --- wherever a form is read --------------------------------------------------------------------

def test_a_command(stack, http, queue):
    text = json.dumps({"cmd": "add", "queue": queue, "value": "a"})
    for field in "body", "msg":
        status, answer = curl(stack, "/queue", "-F", f"{field}={text}")
        assert status == 200 and json.loads(answer)["value"] == "a"
    assert take_all(http, queue) == ["a", "a"]


def test_publishing(stack, redis, queue):
    assert heard(redis, queue, 1, lambda: curl(stack, f"/pub/{queue}", "-F", "body=a&b")) == [b"a&b"]


def test_policy_and_control(stack, http, queue):
    assert curl(stack, f"/p/{queue}", "-F", "policy=roundrobin") == (200, "OK")
    assert curl(stack, f"/control/{queue}", "-F", "status=stop")[0] == 200
    assert http.get(f"/p/{queue}").json()["value"] == "roundrobin"
    assert http.get(f"/control/{queue}").json()["status"]["status"] == 0


def test_extend_and_ack(stack, http, queue):
    push(http, queue, "a")
    message = http.get(f"/q/{queue}?lease=30").json()
    claim = "-F", f"key={message['key']}", "-F", f"lease={message['lease']}"
    assert curl(stack, f"/q/{queue}", "-X", "PUT", *claim, "-F", "extend=60")[0] == 200
    assert curl(stack, f"/q/{queue}", "-X", "DELETE", *claim)[0] == 200
    assert http.get(f"/stats/{queue}").json()["leased"] == 0


def test_pools(stack, http, queue):
    path = f"/lb/{queue}"
    assert curl(stack, path, "-X", "PUT", "-F", "server=a", "-F", "score=1")[0] == 200
    assert curl(stack, path, "-F", "cost=5")[0] == 200
    assert http.get(path + "?list=1").json()["rows"] == {"default": {"a": 6}}
    assert curl(stack, path, "-X", "DELETE", "-F", "server=a")[0] == 200
    assert http.get(path).status == 404


# --- what is broken -----------------------------------------------------------------------------

GOOD = part("value", "a")
BROKEN = {
    "no boundary": ("multipart/form-data", GOOD + "--x--", "boundary="),
    "two boundaries": ("multipart/form-data; boundary=x; boundary=y", GOOD + "--x--", "boundary"),
    "another boundary": ("multipart/form-data; boundary=y", GOOD + "--x--", "begin with its boundary"),
    "no form at all": (None, "value=a", "begin with its boundary"),
    "cut in a value": (None, GOOD[:-1], "before its last boundary"),
    "cut behind a value": (None, GOOD, "before its last boundary"),
    "cut in the last boundary": (None, GOOD + "--x-", "goes on"),
    "cut in a head": (None, GOOD + "--x\r\nContent-Dis", "head of a part"),
    "a preamble": (None, "hello\r\n" + GOOD + "--x--", "begin with its boundary"),
    "an epilogue": (None, GOOD + "--x--\r\nhello", "something follows"),
    "two forms": (None, (GOOD + "--x--\r\n") * 2, "something follows"),
    "two parts of a name": (None, GOOD * 2 + "--x--", "more than one option"),
    "parts in a part": (None, part("value", "--y--").replace(
        "\r\n\r\n", "\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n") + "--x--", "must not have parts"),
    "a part without a name": (None, GOOD.replace("; name=\"value\"", "") + "--x--", "needs name="),
    "a part without a head": (None, "--x\r\n\r\na\r\n--x--", "Content-Disposition"),
    "base64": (None, GOOD.replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n") + "--x--",
               "Content-Transfer-Encoding"),
    "gzip": (None, GOOD.replace("\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n") + "--x--",
             "Content-Encoding"),
    "line feeds alone": (None, (GOOD + "--x--").replace("\r\n", "\n"), "goes on"),
    "a long head": (None, GOOD.replace("\r\n\r\n", "\r\nX: " + "y" * 5000 + "\r\n\r\n") + "--x--", "4096"),
    "many parts": (None, "".join(part(f"a{i}", "") for i in range(101)) + "--x--", "100 fields"),
    "another field": (None, GOOD + part("file", "b") + "--x--", "unknown option"),
    "no field": (None, "--x--\r\n", "no field"),
    "no body": (None, "", "no field"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken(http, queue, unchanged, name):
    type, body, mention = BROKEN[name]
    headers = {"Content-Type": type} if type else TYPE
    for path in f"/q/{queue}", f"/pub/{queue}":
        assert_error(http.post(path, body, headers), 400, "bad_request", mention)


def test_a_field_of_the_query_and_of_a_part(http, queue, unchanged):
    assert_error(http.post(f"/q/{queue}?value=a", GOOD + "--x--", TYPE), 400, "bad_request",
                 "more than one")


def test_a_file_over_max_message(stack, http, redis, queue):
    with nothing_changes(redis):
        status, answer = curl(stack, f"/q/{queue}", "-F", "value=@-", stdin=b"a" * 1048577)
        assert status == 413 and json.loads(answer)["code"] == "too_large"
    assert curl(stack, f"/q/{queue}", "-F", "value=@-", stdin=b"a" * 1048576)[0] == 200
    assert len(take(http, queue)) == 1048576


def test_a_delete_whose_parts_got_lost(http, redis, queue):
    push(http, queue, "a")
    with nothing_changes(redis):
        assert_error(http.request("DELETE", f"/q/{queue}", b"", TYPE), 400, "bad_request", "purge=1")
        assert_error(http.request("DELETE", f"/q/{queue}", b"--x--", TYPE), 400, "bad_request", "purge=1")
    assert_json(http.request("DELETE", f"/q/{queue}", part("purge", "1") + "--x--", TYPE),
                {"queue": queue, "status": 1, "purged": 1})
