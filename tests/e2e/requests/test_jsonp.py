# test_jsonp.py - ?callback=fn wraps an answer, where restmq.conf allows it.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import pytest

import stack as servers
from checks import assert_common, assert_empty, assert_error, push, take, take_all
from reliable import nothing_changes

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def jsonp_stack(builddir):
    with servers.Stack(builddir, conf={"jsonp": "on"}) as stack:
        yield stack


@pytest.fixture
def jsonp(jsonp_stack):
    return jsonp_stack.http


def unwrap(response, name="fn"):
    """The JSON in /**/fn(…); as a script."""
    assert response.status == 200, response
    # lighttpd passes application/javascript on by its newer name
    assert response.type in ("application/javascript", "text/javascript")
    assert_common(response)
    start, end = f"/**/{name}(", ");\r\n"
    assert response.text.startswith(start) and response.text.endswith(end), response
    return json.loads(response.text[len(start):-len(end)])


def test_the_type_that_we_send(jsonp_stack):
    params = servers.fcgi_params("GET", "/stats?callback=fn")
    answer = servers.fcgi_request(jsonp_stack.responders.socket, params)
    assert unwrap(answer)["count"] >= 0
    assert answer.headers["Content-Type"].lower() == "application/javascript; charset=utf-8"


def test_off_by_default(http, redis, queue):
    push(http, queue, "a")
    with nothing_changes(redis):
        for response in (http.get(f"/q/{queue}?callback=fn"), http.get(f"/?queue={queue}&callback=fn"),
                         http.get(f"/q/{queue}?soft=1&callback=fn"), http.get("/stats?callback=fn"),
                         http.post(f"/q/{queue}", "value=b&callback=fn", FORM),
                         http.post("/", f"queue={queue}&value=b&callback=fn", FORM),
                         http.post(f"/p/{queue}", "policy=roundrobin&callback=fn", FORM),
                         http.delete(f"/q/{queue}?callback=fn")):
            assert_error(response, 403, "forbidden", "jsonp")
    assert take_all(http, queue) == ["a"]


def test_take(jsonp, queue):
    push(jsonp, queue, "a")
    assert unwrap(jsonp.get(f"/q/{queue}?callback=fn")) == {
        "key": f"{queue}:1", "value": "a", "count": 0}
    assert take(jsonp, queue) is None


def test_push_becomes_a_string(jsonp, queue):
    response = jsonp.post(f"/q/{queue}", "value=a&callback=fn", FORM)
    assert response.text == f'/**/fn("{queue}:1");\r\n'
    assert unwrap(response) == f"{queue}:1"
    assert unwrap(jsonp.post(f"/q/{queue}?callback=fn", "value=b", FORM)) == f"{queue}:2"
    assert unwrap(jsonp.post("/", f"queue={queue}&value=c&callback=fn", FORM)) == f"{queue}:3"
    assert take_all(jsonp, queue) == ["a", "b", "c"]


def test_every_json_answer(jsonp, queue):
    push(jsonp, queue, "a", "b", "c", "d")
    fn = "callback=fn"
    assert unwrap(jsonp.get(f"/q/{queue}?soft=1&{fn}"))["count"] == 1
    assert len(unwrap(jsonp.get(f"/q/{queue}?count=2&{fn}"))) == 2
    assert unwrap(jsonp.get(f"/?queue={queue}&{fn}"))["value"] == "c"
    assert f"/q/{queue}" in unwrap(jsonp.get(f"/q?{fn}"))
    assert unwrap(jsonp.get(f"/p/{queue}?{fn}"))["value"] == "broadcast"
    assert unwrap(jsonp.post(f"/p/{queue}", f"policy=roundrobin&{fn}", FORM)) == "OK"
    assert unwrap(jsonp.get(f"/control/{queue}?{fn}"))["queue"] == queue
    assert unwrap(jsonp.post(f"/control/{queue}", f"status=stop&{fn}", FORM))["stat"]["status"] == 0
    assert unwrap(jsonp.get(f"/control/?{fn}"))["count"] >= 1
    assert unwrap(jsonp.get(f"/stats?{fn}"))["count"] >= 1
    assert unwrap(jsonp.get(f"/stats/{queue}?{fn}"))["len"] == 1
    response = jsonp.get(f"/j/{queue}?{fn}", {"Accept": "application/json"})
    assert unwrap(response)["len"] == 1
    assert unwrap(jsonp.delete(f"/q/{queue}?purge=1&{fn}"))["purged"] == 1


def test_ignored_by_pages_and_by_204(jsonp, queue):
    assert_empty(jsonp.get(f"/q/{queue}?callback=fn"))
    assert jsonp.get("/?callback=fn").type == "text/html"
    assert jsonp.get(f"/j/{queue}?callback=fn", {"Accept": "text/html"}).type == "text/html"


def test_not_with_raw(jsonp, queue):
    push(jsonp, queue, "a")
    response = jsonp.get(f"/q/{queue}?raw=1&callback=fn")
    assert response.status == 400 and "raw" in response.text
    assert take(jsonp, queue) == "a"


@pytest.mark.parametrize("name", ["fn", "$", "_", "a.b.c", "jQuery17_123", "F" * 64, "a..b", "$.a"])
def test_good_names(jsonp, queue, name):
    push(jsonp, queue, "a")
    assert unwrap(jsonp.get(f"/q/{queue}?callback={name}"), name)["value"] == "a"


@pytest.mark.parametrize("name", [
    "1a", ".a", "a-b", "alert(1)", "a;b", "a%20b", "a+b", "%3Cscript%3E", "%C3%A9", "a%5B0%5D",
    "F" * 65, "a/b", "a%22", "a'"])
def test_bad_names_change_nothing(jsonp, queue, name):
    push(jsonp, queue, "a")
    assert_error(jsonp.get(f"/q/{queue}?callback={name}"), 400, "bad_value", "callback")
    assert_error(jsonp.post(f"/q/{queue}", f"value=b&callback={name}", FORM),
                 400, "bad_value", "callback")
    assert_error(jsonp.delete(f"/q/{queue}?callback={name}"), 400, "bad_value", "callback")
    assert take_all(jsonp, queue) == ["a"]


@pytest.mark.parametrize("name", ["a%00", "fn%0d%0aX-Evil:1", "%ff"])
def test_bad_names_that_the_web_server_refuses(jsonp_stack, queue, name):
    push(jsonp_stack.http, queue, "a")
    for method in "GET", "DELETE":
        params = servers.fcgi_params(method, f"/q/{queue}?callback={name}")
        answer = servers.fcgi_request(jsonp_stack.responders.socket, params)
        assert_error(answer, 400, "bad_value", "callback")
    assert take_all(jsonp_stack.http, queue) == ["a"]


def test_nothing_that_ends_a_script(jsonp, queue):
    value = "</script><!-- \u2028\u2029"
    push(jsonp, queue, value)
    response = jsonp.get(f"/q/{queue}?callback=fn")
    assert unwrap(response)["value"] == value
    for text in "<", "\u2028", "\u2029":
        assert text not in response.text
    assert "\\u003c/script" in response.text.lower()


def test_without_callback_nothing_is_escaped(jsonp, queue):
    push(jsonp, queue, "</script>")
    assert '"</script>"' in jsonp.get(f"/q/{queue}").text
