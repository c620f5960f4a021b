# test_listings.py - GET /q, GET /j/foo, GET /, /health, /ready.
#
# SPDX-License-Identifier: BSD-2-Clause

import re

import pytest

import stack as servers

from checks import assert_common, assert_error, assert_json, next_page, pages, push, take
from documents import TEXT as PROTOCOL

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}   # a browser
JSON = {"Accept": "application/json"}


def assert_html(response):
    assert response.status == 200, response
    assert response.headers["Content-Type"].lower().replace(" ", "") == "text/html;charset=utf-8"
    assert_common(response)
    assert "<html" in response.text.lower()
    return response.text


# --- GET /q -------------------------------------------------------------------------------------

def list_all(http, path, headers={}):
    """Every page of a list, and the links that led from one to the next."""
    names, links = [], []
    path, _, query = path.partition("?")
    for response in pages(http, path, query and f"?{query}", headers):
        page = assert_json(response)
        assert page == sorted(page)
        names += page
        link = next_page(response)
        if link:
            assert re.fullmatch(r"\?cursor=\d+&limit=\d+", link)
            links.append(link)
    return names, links


@pytest.mark.parametrize("path", ["/q", "/q/"])
@pytest.mark.parametrize("headers", [{}, JSON, {"Accept": "*/*"}], ids=str)
def test_list(http, queue, path, headers):
    push(http, queue, "a")
    names, _ = list_all(http, path, headers)
    assert f"/q/{queue}" in names


def test_list_is_json_of_paths(new_stack):
    http = new_stack().http
    assert_json(http.get("/q"), [])
    push(http, "b", "1")
    push(http, "a/x", "1")
    assert_json(http.get("/q"), ["/q/a/x", "/q/b"])
    take(http, "b")
    assert_json(http.get("/q"), ["/q/a/x", "/q/b"])      # a queue stays listed, as in RestMQ
    assert http.get("/q").headers.get("Link") is None


def test_list_is_html_to_a_browser(http, queue):
    push(http, queue, "a")
    shown = "".join(assert_html(page) for page in pages(http, "/q", headers=HTML))
    assert re.search(rf'href="[^"]*{queue}"', shown)


@pytest.mark.parametrize("accept, html", [
    ("text/html", True), ("text/html;q=0.5, application/json;q=0.4", True),
    ("application/json, text/html;q=0.9", False),
    ("application/json;q=0.5, text/html;q=0.4", False), ("*/*", False), ("", False),
    ("text/html;q=0", False), ("nonsense", False), ("TEXT/HTML", True)])
def test_list_by_accept(http, accept, html):
    assert (http.get("/q", {"Accept": accept}).type == "text/html") is html


def test_pages(new_stack):
    stack = new_stack()
    everything = [f"q{number}" for number in range(2500)]
    stack.redis.client().sadd("QUEUESET", *everything)
    for path, limit, least in [("/q", 1000, 2), ("/q?limit=100", 100, 5), ("/q/?limit=7", 7, 20)]:
        names, links = list_all(stack.http, path)
        assert {name.removeprefix("/q/") for name in names} == set(everything)
        assert len(links) >= least
        assert all(link.endswith(f"&limit={limit}") for link in links)


def test_sinatra_names_are_listed_once(new_stack):
    """The Sinatra endpoint adds foo:queue to the set of queues."""
    stack = new_stack()
    stack.redis.client().sadd("QUEUESET", "foo:queue", "foo", "bar:queue")
    assert_json(stack.http.get("/q"), ["/q/bar", "/q/foo"])


def test_names_that_are_none_are_left_out(new_stack):
    stack = new_stack()
    stack.redis.client().sadd("QUEUESET", "good", b"\xff", "", "a b", "..", "<script>",
                              '["foo"]:queue', "é", "restmq:x", "x" * 200, "a\r\nb", "a\0b",
                              ":queue", "foo.dead", ".dead", "foo.dead.dead",
                              "x" * 124 + ".dead")
    assert_json(stack.http.get("/q"), ["/q/foo.dead", "/q/good"])
    page = assert_html(stack.http.get("/q", HTML))
    assert "<script>" not in page


@pytest.mark.parametrize("query, code, word", [
    ("limit=0", "bad_value", "limit"), ("limit=1001", "bad_value", "limit"),
    ("limit=-5", "bad_value", "limit"), ("limit=x", "bad_value", "limit"),
    ("limit=", "bad_value", "limit"), ("limit=4294967297", "bad_value", "limit"),
    ("cursor=x", "bad_value", "cursor"), ("cursor=-1", "bad_value", "cursor"),
    ("cursor=", "bad_value", "cursor"), ("cursor=1%20", "bad_value", "cursor"),
    ("cursor=" + "9" * 40, "bad_value", "cursor"), ("colour=red", "bad_request", "colour")])
def test_bad_list_options(http, unchanged, query, code, word):
    for path in "/q", "/q/":
        assert_error(http.get(f"{path}?{query}"), 400, code, word)


# --- GET /j/foo ---------------------------------------------------------------------------------

def test_jobs(http, queue):
    push(http, queue, *"abcdefghijkl")
    take(http, queue)
    assert_json(http.get(f"/j/{queue}", JSON), {
        "queue": queue, "len": 11, "jobs": [f"{queue}:{number}" for number in range(12, 2, -1)]})


def test_jobs_page(http, queue):
    push(http, queue, *"abcdefghijkl")
    for headers in {}, HTML, {"Accept": "*/*"}:
        page = assert_html(http.get(f"/j/{queue}", headers))
        keys = re.findall(rf"{queue}:(\d+)", page)
        assert list(dict.fromkeys(keys)) == [str(number) for number in range(12, 2, -1)]
        assert re.search(r"\b12\b", page)


def test_jobs_of_an_unknown_queue(http, queue, unchanged):
    assert_json(http.get(f"/j/{queue}", JSON), {"queue": queue, "len": 0, "jobs": []})
    assert_html(http.get(f"/j/{queue}"))


def test_jobs_are_escaped(http, redis, queue):
    """Anybody may have put anything into that list."""
    redis.lpush(f"{queue}:queue", '<script>"&', b"\xff")
    assert "<script>" not in assert_html(http.get(f"/j/{queue}"))
    assert http.get(f"/j/{queue}", JSON).json()["len"] == 2
    redis.delete(f"{queue}:queue")


# --- GET / --------------------------------------------------------------------------------------

def test_the_page_of_routes(http, unchanged):
    page = assert_html(http.get("/"))
    for route in "/q", "/queue", "/p/", "/control", "/stats", "/j/", "/health", "/ready":
        assert route in page, route
    assert "&amp;amp;" not in page and "?server=&amp;score=" in page


def test_the_page_of_routes_has_all_commands(http):
    commands = set(re.findall(r'^    > {"cmd":"(\w+)"', PROTOCOL, re.MULTILINE))
    page = assert_html(http.get("/"))
    listed = re.search(r"; the commands are (.*?)\.</p>", page).group(1)
    assert set(re.findall(r"\w+", listed)) - {"and"} == commands - {"fly"}     # which is none


def test_the_page_of_routes_with_an_unknown_option(http, unchanged):
    assert_error(http.get("/?colour=red"), 400, "bad_request", "colour")


def test_no_queue_asked_for(http, unchanged):
    """GET /?queue= names no queue."""
    response = http.get("/?queue=")      # RestMQ shows its page then
    if response.status != 200:
        assert_error(response, 400, "bad_name")
    else:
        assert_html(response)


# --- /health, /ready ----------------------------------------------------------------------------

def test_health(http, unchanged):
    response = http.get("/health")
    assert (response.status, response.body) == (200, b"ok\r\n")
    assert response.type == "text/plain"
    assert_common(response)


def test_ready(http, unchanged):
    answer = assert_json(http.get("/ready"))
    assert answer["ready"] is True
    assert set(answer) == {"ready", "redis", "promise", "persistence", "eviction", "replicas",
                           *["failover"] * bool(servers.cluster)}
    assert len(answer["promise"].split()) >= 3


def test_ready_says_what_this_redis_promises(new_stack):
    stack = new_stack(redis_options=["--maxmemory", "1gb"])
    redis, promises = stack.redis.client(), []
    for name, value in [("appendonly", "yes"), ("appendfsync", "always"),
                        ("maxmemory-policy", "allkeys-lru")]:
        promises.append(stack.http.get("/ready").json())
        redis.config_set(name, value)
    promises.append(stack.http.get("/ready").json())
    # no file, a file every second, a file at once; and messages that may be evicted
    assert len({str(promise["persistence"]) for promise in promises[:3]}) == 3
    assert promises[2]["eviction"] != promises[3]["eviction"]
    assert "lost" in str(promises[0]["persistence"]) or "no" in str(promises[0]["persistence"])
