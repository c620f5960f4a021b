# test_names.py - which names a queue may have, on every route; a refused name touches no key.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from checks import assert_empty, assert_error, assert_json, assert_text, command, push, take

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
       "%72estmq:a", "foo:queue", ":queue", "a/b:queue", ".dead", "foo.dead.dead",
       "x" * 124 + ".dead"]

BROKEN = ["%zz", "a%", "a%4", "%4g", "a%%41"]   # no percent-encoding at all

ROUTES = [("GET", "/q/{}"), ("GET", "/q/{}?soft=1"), ("GET", "/q/{}?count=2"), ("HEAD", "/q/{}"),
          ("POST", "/q/{}"), ("DELETE", "/q/{}"), ("GET", "/p/{}"), ("POST", "/p/{}"),
          ("GET", "/control/{}"), ("POST", "/control/{}"), ("GET", "/stats/{}"), ("GET", "/j/{}"),
          ("POST", "/pub/{}"), ("GET", "/presence/{}")]
FORMS = {"/q/{}": b"value=a", "/p/{}": b"policy=broadcast", "/control/{}": b"status=stop",
         "/pub/{}": b"body=a"}


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
    assert http.post(f"/pub/{name}", form={"body": "a"}).json() == {"channel": name, "receivers": 0}
    assert http.get(f"/presence/{name}").json() == []
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
    "foo.dead.dead", "x" * 124 + ".dead", "a%41"], ids=lambda name: ascii(name)[:20])
@pytest.mark.parametrize("members", [
    {"cmd": "add", "value": "a"}, {"cmd": "get"}, {"cmd": "take"}, {"cmd": "take", "count": 2},
    {"cmd": "del"}, {"cmd": "len"}, {"cmd": "purge"}], ids=lambda members: members["cmd"])
def test_bad_names_in_json(http, unchanged, members, name):
    if members["cmd"] == "del":
        members = {**members, "key": name + ":1"}
    response = command(http, queue=name, **members)
    assert response.status == 200
    assert response.json()["code"] == "bad_name" and response.json()["error"]


# --- a queue's name with .dead behind it --------------------------------------------------------

@pytest.fixture(params=["short", "segments", "128 bytes"])
def dead(request, queue):
    """A name of dead letters."""
    return {"short": queue, "segments": queue + "/b",
            "128 bytes": (queue + "-").ljust(123, "x")}[request.param] + ".dead"


def test_dead_letters_are_a_queue(http, dead, unchanged):
    for path in "", "?soft=1", "?count=2", "?raw=1", "?lease=30":
        assert_empty(http.get(f"/q/{dead}{path}"))
    assert http.head(f"/q/{dead}").status == 204
    assert_json(http.get("/?queue=" + dead.replace("/", "%2F")),
                {"error": "empty queue", "code": "empty"}, status=404)
    assert_json(http.delete(f"/q/{dead}"), {"queue": dead, "status": 0, "purged": 0})
    assert_json(http.get(f"/j/{dead}", {"Accept": "application/json"}),
                {"queue": dead, "len": 0, "jobs": []})
    for prefix, member, value in [("/p/", "value", "broadcast"), ("/stats/", "len", 0),
                                  ("/control/", "status", {"queue": dead, "status": 1})]:
        answer = assert_json(http.get(prefix + dead))
        assert (answer["queue"], answer[member]) == (dead, value)


def test_dead_letters_are_a_queue_in_json(http, dead, unchanged):
    for members, answer in [
            ({"cmd": "get"}, {"error": "empty queue", "code": "empty"}),
            ({"cmd": "take"}, {"error": "empty queue", "code": "empty"}),
            ({"cmd": "take", "count": 2}, {"queue": dead, "messages": []}),
            ({"cmd": "len"}, {"queue": dead, "len": 0}),
            ({"cmd": "del", "key": dead.removesuffix(".dead") + ":1"},
             {"queue": dead, "deleted": False, "key": dead.removesuffix(".dead") + ":1"}),
            ({"cmd": "purge"}, {"queue": dead, "status": 0, "purged": 0})]:
        assert_json(command(http, queue=dead, **members), answer)
    # the messages have the keys of their queue
    assert command(http, cmd="del", queue=dead, key=dead + ":1").json()["code"] == "bad_value"


def test_nothing_is_pushed_to_dead_letters(http, dead, unchanged):
    field = dead.replace("/", "%2F")
    for response in (http.post(f"/q/{dead}", form={"value": "a"}),
                     http.post("/", form={"queue": dead, "value": "a"}),
                     http.post(f"/?queue={field}", "a", {"Content-Type": "text/plain"})):
        assert_error(response, 400, "bad_name", "dead")
    assert "dead" in assert_json(command(http, cmd="add", queue=dead, value="a"))["error"]


def test_policy_and_control_of_dead_letters(http, dead):
    alive = dead.removesuffix(".dead")
    assert_text(http.post(f"/p/{dead}", form={"policy": "roundrobin"}), "OK")
    assert http.get(f"/p/{dead}").json()["value"] == "roundrobin"
    assert http.get(f"/p/{alive}").json()["value"] == "broadcast"
    assert_json(http.post(f"/control/{dead}", form={"status": "stop"}),
                {"stat": {"queue": dead, "status": 0}})
    assert http.get(f"/control/{dead}").json()["status"]["status"] == 0
    assert http.get(f"/control/{alive}").json()["status"]["status"] == 1


# --- no name ------------------------------------------------------------------------------------

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
