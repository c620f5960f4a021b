# test_bad_input.py - every route refuses what it does not know, says what, and does nothing.
# What belongs to one subject is tested there: names, numbers, JSON, cut bodies, …
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from checks import assert_error, keys_of, push, take_all
from reliable import nothing_changes

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

REQUESTS = [("GET", "/"), ("POST", "/"), ("GET", "/q"), ("GET", "/q/"), ("GET", "/q/{}"),
            ("POST", "/q/{}"), ("DELETE", "/q/{}"), ("POST", "/queue"), ("GET", "/p/{}"),
            ("POST", "/p/{}"), ("GET", "/control/{}"), ("POST", "/control/{}"),
            ("GET", "/control/"), ("GET", "/stats"), ("GET", "/stats/{}"), ("GET", "/j/{}")]

GOOD_FORM = {"/": "queue={}&value=a", "/q/{}": "value=a",
             "/queue": 'body={{"cmd":"add","queue":"{}","value":"a"}}',
             "/p/{}": "policy=roundrobin", "/control/{}": "status=stop"}


def ask(fcgi, queue, method, path, query="", more=""):
    body = (GOOD_FORM[path].format(queue) + more).encode() if method == "POST" else b""
    return fcgi(method, path.format(queue) + query, body,
                CONTENT_TYPE=FORM["Content-Type"] if body else None)


@pytest.mark.parametrize("method, path", REQUESTS)
@pytest.mark.parametrize("query, word", [
    ("?colour=red", "colour"), ("?colour", "colour"), ("?wait=5", "wait"), ("?extend=1", "extend"),
    ("?cmd=add", "cmd"), ("?%zz=1", ""), ("?a%", ""), ("?=x", ""),
    ("?" + "&".join(["_=1"] * 101), "100"), ("?_=" + "a" * 8190, ""), ("?%00=1", ""),
    ("?colour%0d%0aX-Evil:=1", "")], ids=lambda value: value[:12])
def test_query(fcgi, queue, redis, method, path, query, word):
    push_before = keys_of(redis, queue)
    response = ask(fcgi, queue, method, path, query)
    assert_error(response, 400, "bad_request", word)
    assert "X-Evil" not in response.headers
    assert keys_of(redis, queue) == push_before


@pytest.mark.parametrize("method, path", [request for request in REQUESTS if request[0] == "POST"])
@pytest.mark.parametrize("more, word", [
    ("&colour=red", "colour"), ("&colour", "colour"), ("&wait=5", "wait"), ("&%zz=1", ""),
    ("&a=%4", ""), ("&=x", ""), ("&" + "&".join(["_=1"] * 101), "100")],
    ids=lambda value: value[:12])
def test_form(fcgi, queue, redis, unchanged, method, path, more, word):
    assert_error(ask(fcgi, queue, method, path, more=more), 400, "bad_request", word)


@pytest.mark.parametrize("method, path", [request for request in REQUESTS if request[0] == "POST"])
def test_a_body_of_nothing_but_rubbish(fcgi, http, queue, unchanged, method, path):
    for body in b"\0" * 100, b"\xff" * 100, b"&" * 1000, b"=" * 1000, b"%" * 1000, b"\r\n" * 100:
        response = fcgi(method, path.format(queue), body, CONTENT_TYPE=FORM["Content-Type"])
        assert response.status == 400 and response.json()["code"] in ("bad_request", "bad_name")


def test_the_message_that_was_there_is_still_there(fcgi, http, queue):
    push(http, queue, "a")
    for method, path in REQUESTS:
        ask(fcgi, queue, method, path, "?colour=red")
        ask(fcgi, queue, method, path, "?soft=%")
    assert take_all(http, queue) == ["a"]


@pytest.mark.parametrize("type", ["application/json", "text/plain", "application/x-ndjson",
                                  "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("method, path", [
    ("DELETE", "/q/{}"), ("GET", "/q/{}"), ("GET", "/?queue={}"),
    ("POST", "/p/{}?policy=roundrobin"), ("POST", "/control/{}?status=stop")])
def test_a_body_that_is_read_nowhere(fcgi, http, redis, queue, method, path, type):
    """DELETE with {"key": …} as JSON must not be taken for a purge; no other body is ignored."""
    push(http, queue, "a", "b")
    with nothing_changes(redis):
        body = f'{{"key":"{queue}:1"}}'.encode()
        response = fcgi(method, path.format(queue), body, CONTENT_TYPE=type)
        assert response.status in (400, 415) and response.json()["error"]
    assert take_all(http, queue) == ["a", "b"]


def test_a_content_type_without_a_body(http, queue):
    """Some clients name one in every request.  (But see DELETE.)"""
    push(http, queue, "a", "b")
    assert http.get(f"/q/{queue}", {"Content-Type": "application/json"}).json()["value"] == "a"
    assert http.get(f"/q/{queue}", {"Content-Type": "application/json"}).json()["value"] == "b"


@pytest.mark.parametrize("method, path", [
    ("GET", "/health/ws"), ("HEAD", "/health/ws?x=1"), ("OPTIONS", "/health/ws"), ("GET", "/ws/foo"),
    ("GET", "/c/foo?callback=f"), ("GET", "/w?queues=a,b"), ("GET", "/w/foo"), ("POST", "/sub/foo"),
    ("GET", "/who/foo"), ("GET", "/c")])
def test_paths_of_the_helper(fcgi, method, path):
    """The administrator is told which line of the web server is missing."""
    answer = fcgi(method, path)
    assert answer.status == 404
    if method != "HEAD":
        assert_error(answer, 404, "not_found", "passes ^/(ws|c|w|sub|who|health/ws)(/|$) on to it")


@pytest.mark.parametrize("path", ["/health/wsx", "/health/x", "/cc", "/sub.", "/wss/foo"])
def test_paths_of_nobody(fcgi, path):
    assert_error(fcgi("GET", path), 404, "not_found", "no such path; GET /help lists them")
