# test_methods.py - HEAD, OPTIONS, 404, 405; what every answer carries; the mount prefix.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

import stack as servers
from checks import assert_empty, assert_error, push, take, take_all
from reliable import nothing_changes

# the methods that each route knows, OPTIONS besides
ROUTES = {
    "/": "GET HEAD POST", "/q": "GET HEAD", "/q/": "GET HEAD", "/q/{}": "DELETE GET HEAD POST PUT",
    "/queue": "GET HEAD POST", "/p/{}": "GET HEAD POST", "/control/{}": "GET HEAD POST",
    "/control": "GET HEAD", "/control/": "GET HEAD", "/stats": "GET HEAD", "/stats/": "GET HEAD",
    "/stats/{}": "GET HEAD", "/j/{}": "GET HEAD", "/health": "GET HEAD", "/ready": "GET HEAD",
    "/pub/{}": "GET HEAD POST PUT", "/presence": "GET HEAD", "/presence/": "GET HEAD",
    "/presence/{}": "GET HEAD", "/metrics": "GET HEAD", "/lb/{}": "DELETE GET HEAD POST PUT"}


# --- HEAD ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", [
    "/q/{}", "/q/{}?raw=1", "/q/{}?count=5", "/q/{}?soft=1", "/q/{}?soft=0", "/q/{}?soft=1&raw=1",
    "/?queue={}"])
def test_head_removes_and_counts_nothing(http, redis, queue, path):
    push(http, queue, "a", "b")
    with nothing_changes(redis):
        for _ in range(2):
            response = http.head(path.format(queue))
            assert (response.status, response.body) == (200, b"")
    assert http.get(f"/q/{queue}?soft=1").json()["count"] == 1
    assert take_all(http, queue) == ["a", "b"]


def test_head_of_an_empty_queue(http, queue, unchanged):
    assert http.head(f"/q/{queue}").status == 204
    assert http.head(f"/?queue={queue}").status == 404


def test_head_of_a_queue_of_expired_messages(http, redis, queue):
    push(http, queue, "a")
    redis.delete(f"{queue}:1")
    assert http.head(f"/q/{queue}").status in (200, 204)
    assert take(http, queue) is None


@pytest.mark.parametrize("path", list(ROUTES))
def test_head_wherever_get(http, queue, path):
    get, head = (http.request(method, path.format(queue)) for method in ("GET", "HEAD"))
    assert head.status == get.status and head.body == b""
    assert head.headers.get("Content-Type") == get.headers.get("Content-Type")
    assert head.headers["Cache-Control"] == "no-store"


def test_head_sends_no_body_to_the_web_server_either(fcgi, http, queue):
    push(http, queue, "a")
    assert fcgi("HEAD", f"/q/{queue}").body == b""


def test_bad_head(http, queue, unchanged):
    assert http.head(f"/q/{queue}?count=0").status == 400
    assert http.head("/nothing/here").status == 404


# --- OPTIONS, 405, 404 --------------------------------------------------------------------------

def allowed(response):
    return {method.strip() for method in response.headers["Allow"].split(",")}


@pytest.mark.parametrize("path", list(ROUTES))
def test_options(http, queue, unchanged, path):
    response = http.request("OPTIONS", path.format(queue))
    assert_empty(response)
    assert allowed(response) - {"OPTIONS"} == set(ROUTES[path].split())


@pytest.mark.parametrize("path", list(ROUTES))
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_method_not_allowed(http, queue, unchanged, method, path):
    if method in ROUTES[path].split():
        pytest.skip("allowed")
    response = http.request(method, path.format(queue))
    assert_error(response, 405, "not_allowed")
    assert allowed(response) - {"OPTIONS"} == set(ROUTES[path].split())


@pytest.mark.parametrize("method", ["BREW", "get", "GETT", "G", "", "GET ", "M" * 1000])
def test_methods_that_are_none(fcgi, queue, unchanged, method):
    response = fcgi(method, f"/q/{queue}")
    assert response.status in (400, 405) and response.json()["error"]


@pytest.mark.parametrize("path", [
    "/nope", "/favicon.ico", "/robots.txt", "/Q/foo", "/qq", "/q2/foo", "/c/foo", "/ws/foo",
    "/w/foo", "/sub/x", "/static/index.html", "/healthy", "/health/x", "/ready/x", "/index.html",
    "/queue/x"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_paths(stack, http, unchanged, method, path):
    if stack.web.has_streams and path.split("/")[1] in ("c", "ws", "w", "sub"):
        pytest.skip("a stream")
    assert_error(http.request(method, path), 404, "not_found")


@pytest.mark.parametrize("path", [
    "//", "/./", "/../", "/%2e/", "/x/../q/foo", "//q/foo", "/q/../q/foo", "/%71%2Ffoo"])
def test_paths_are_not_normalised(fcgi, http, path):
    """What the web server's access rules saw is not what we would see."""
    push(http, "foo", "a")
    response = fcgi("GET", path)
    assert response.status in (400, 404), response
    assert take(http, "foo") == "a"


def test_an_encoded_letter_in_a_route(fcgi, http, queue):
    """Each segment is decoded once, that of the route too."""
    push(http, queue, "a")
    assert fcgi("GET", f"/%71/{queue}").json()["value"] == "a"


# --- the mount prefix ---------------------------------------------------------------------------

@pytest.fixture(scope="module")
def mounted(builddir):
    with servers.Stack(builddir, conf={"prefix": "/mq/v1"}) as stack:
        yield stack


def test_prefix(mounted, queue):
    http = mounted.http
    assert http.post(f"/mq/v1/q/{queue}", form={"value": "a"}).text == f"{queue}:1\r\n"
    assert http.get(f"/mq/v1/q/{queue}").json()["value"] == "a"
    assert http.get(f"/mq/v1/?queue={queue}").status == 404
    assert http.get("/mq/v1/health").status == 200
    assert http.get("/mq/v1/").type == "text/html"
    assert http.get("/mq/v1/queue").headers["Location"] == "./help"


@pytest.mark.parametrize("path", [
    "/q/{}", "/health", "/mq/health", "/mq/v1x/health", "/mq/v1health", "/MQ/v1/health",
    "/x/mq/v1/health", "/mq//v1/health", "/mq/v1/mq/v1/health"])
def test_outside_the_prefix(mounted, queue, path):
    response = servers.fcgi_request(mounted.responders.socket,
                                    servers.fcgi_params("GET", path.format(queue)))
    assert response.status in (400, 404), response


def test_links_stay_below_the_prefix(mounted, queue):
    push_path = f"/mq/v1/q/{queue}"
    mounted.http.post(push_path, form={"value": "a"})
    page = mounted.http.get("/mq/v1/q", {"Accept": "text/html"}).text
    assert f'href="/q/{queue}"' not in page
