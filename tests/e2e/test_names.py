# test_names.py - which names a queue may have, on every route; a refused name touches no key.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from checks import assert_error, command, push, take

GOOD = ["a", "Z9", "with.dots", "with:colons", "me@host", "under_score", "da-sh", "-", "_", "@",
        "a..b", "...", "..a", "a.", "orders/eu", "a/b/c/d", "a/.b", "QUEUE", "queueset",
        "QUEUESETS", "authkey", "Queuestat", "restmq", "RESTMQ:x", "queue", "foo:queues",
        "foo:Queue", "dead", "foo.dea", "foo.deadly", "a:UUID", "a:1", "a:1:refcount",
        "a:queuepolicy", "a:PUBSUB", "1", "007", "-1", "x" * 128, "/".join(["ab"] * 42) + "/a"]

# as sent in a path
BAD = [".", "..", "a/..", "../a", "a/./b", "a/../b", "%2e", "%2e%2e", "%2E%2E/a", "a//b", "a/",
       "a///", "a%2Fb", "a%2fb", "%2F", "a%00", "%00", "a%00b", "a%0d%0ab", "%0A", "a%01", "a%7F",
       "a%20b", "%20", "a+b", "a%2Bb", "{a}", "%7Ba%7D", "a{", "}a", "a*", "a%3Fb", "a[b]", "a\\b",
       "a%22b", "a'b", "a<b>", "a,b", "a;b", "a=b", "a&b", "a!b", "a~b", "a$b", "a|b", "a^b",
       "a%25b", "a%23b", "%C3%A9", "\u00e9", "%ff", "%E2%82%AC", "%F0%9F%98%80", "%C0%80",
       "x" * 129, "x/" * 64 + "x", "QUEUESET", "AUTHKEY", "AUTHKEY:secret", "AUTHKEYS",
       "queuestat", "queuestat::a", "queuestats", "restmq:", "restmq:a", "restmq:presence:a",
       "%72estmq:a", "foo:queue", ":queue", "a/b:queue", ".dead", "foo.dead", "foo.dead.dead"]

BROKEN = ["%zz", "a%", "a%4", "%4g", "a%%41"]   # no percent-encoding at all

ROUTES = [("GET", "/q/{}"), ("GET", "/q/{}?soft=1"), ("GET", "/q/{}?count=2"), ("HEAD", "/q/{}"),
          ("POST", "/q/{}"), ("DELETE", "/q/{}"), ("GET", "/p/{}"), ("POST", "/p/{}"),
          ("GET", "/control/{}"), ("POST", "/control/{}"), ("GET", "/stats/{}"), ("GET", "/j/{}")]
FORMS = {"/q/{}": b"value=a", "/p/{}": b"policy=broadcast", "/control/{}": b"status=stop"}


def ask(fcgi, method, route, name):
    """Past the web server, which refuses some of these names by itself."""
    body = FORMS[route] if method == "POST" else b""
    return fcgi(method, route.format(name), body, CONTENT_TYPE="application/x-www-form-urlencoded")


@pytest.mark.parametrize("name", GOOD, ids=lambda name: name[:20])
def test_good_names(http, redis, name):
    assert push(http, name, "a") == [f"{name}:1"]
    assert redis.sismember("QUEUESET", name)
    for prefix in "/p/", "/control/", "/stats/":
        assert http.get(prefix + name).json()["queue"] == name
    assert http.get(f"/j/{name}").status == 200
    assert command(http, cmd="len", queue=name).json() == {"queue": name, "len": 1}
    assert take(http, name) == "a"
    assert http.get("/?queue=" + name.replace("/", "%2F")).status == 404
    assert http.delete(f"/q/{name}").json()["queue"] == name


def test_an_encoded_name_is_the_same_name(http, queue):
    push(http, queue, "a")
    assert take(http, "".join(f"%{byte:02x}" for byte in queue.encode())) == "a"


def test_a_good_name_is_decoded_once(fcgi, http, unchanged):
    assert_error(fcgi("GET", "/q/a%2541"), 400, "bad_name")


@pytest.mark.parametrize("name", BAD, ids=lambda name: ascii(name)[:20])
def test_bad_names(fcgi, http, unchanged, name):
    for method, route in ROUTES:
        response = ask(fcgi, method, route, name)
        if method == "HEAD":
            assert response.status == 400
        else:
            assert_error(response, 400, "bad_name")


@pytest.mark.parametrize("name", BROKEN)
def test_broken_percent_encoding(fcgi, unchanged, name):
    for method, route in ROUTES:
        response = ask(fcgi, method, route, name)
        if method == "HEAD":
            assert response.status == 400
        else:
            assert_error(response, 400, "bad_request")


@pytest.mark.parametrize("name", BAD, ids=lambda name: ascii(name)[:20])
def test_bad_names_in_a_field(fcgi, http, unchanged, name):
    name = name.encode("utf-8").decode("latin-1")
    field = name.replace("&", "%26").replace("%2F", "%252F").replace("%2f", "%252f")
    field = field.replace(";", "%3B").encode("latin-1")
    form = b"value=a&queue=" + field
    assert_error(fcgi("POST", "/", form, CONTENT_TYPE="application/x-www-form-urlencoded"),
                 400, "bad_name", "name")
    assert_error(fcgi("GET", "/?queue=" + field.decode("latin-1")), 400, "bad_name", "name")


@pytest.mark.parametrize("name", [
    "", ".", "..", "a/..", "/a", "a/", "a//b", "a b", "a\0b", "\0", "a\r\nb", "a+b", "{a}", "é",
    "😀", "x" * 129, "QUEUESET", "AUTHKEY:a", "queuestat::a", "restmq:a", "foo:queue", ".dead",
    "foo.dead", "foo.dead.dead", "a%41"], ids=lambda name: ascii(name)[:20])
@pytest.mark.parametrize("members", [
    {"cmd": "add", "value": "a"}, {"cmd": "get"}, {"cmd": "take"}, {"cmd": "take", "count": 2},
    {"cmd": "del"}, {"cmd": "len"}, {"cmd": "purge"}], ids=lambda members: members["cmd"])
def test_bad_names_in_json(http, unchanged, members, name):
    if members["cmd"] == "del":
        members = {**members, "key": name + ":1"}
    response = command(http, queue=name, **members)
    assert response.status == 200
    assert response.json()["code"] == "bad_name" and response.json()["error"]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("path", ["/q/", "/q", "/q//", "/q//a"])
def test_no_name(http, unchanged, method, path):
    """/q and /q/ are the list of queues."""
    response = http.request(method, path, b"value=a" if method == "POST" else None,
                            {"Content-Type": "application/x-www-form-urlencoded"})
    assert response.status in ((405,) if path == "/q" else (400, 405))
    assert response.json()["code"] in ("bad_name", "not_allowed")


@pytest.mark.parametrize("path", ["/p/", "/j/", "/p", "/j"])
def test_no_name_where_one_is_needed(http, unchanged, path):
    response = http.get(path)
    assert response.status in (400, 404)
    assert response.json()["code"] in ("bad_name", "not_found")


def test_a_bad_name_is_not_echoed_into_headers(fcgi):
    response = fcgi("GET", "/q/a%0d%0aX-Evil:%20yes")
    assert response.status == 400
    assert "X-Evil" not in response.headers
    assert b"\r\n" not in response.body.rstrip(b"\r\n")
