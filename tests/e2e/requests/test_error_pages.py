# test_error_pages.py - errors are pages for browsers, and JSON for all others; paths have the prefix.
#
# SPDX-License-Identifier: BSD-2-Clause

import html.parser

import pytest

import stack as servers
from checks import assert_error

BROWSERS = [
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "text/html", "text/html, application/json;q=0.9"]
PROGRAMS = [None, "*/*", "application/json", "text/plain", "application/json, text/html;q=0.9",
            "application/json, text/html", "text/event-stream", "application/json, text/plain, */*"]


@pytest.fixture(scope="module")
def mounted(builddir):
    with servers.Stack(builddir, helpers=1, conf={"prefix": "/mq", "jsonp": "on"}) as stack:
        yield stack


class Page(html.parser.HTMLParser):
    """Its elements and its text; nothing of it is loaded from anywhere."""

    def __init__(self, response):
        super().__init__()
        assert response.type == "text/html", response
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
        self.tags, self.texts, self.links = [], [], []
        self.feed(response.text)
        assert response.text.startswith("<!DOCTYPE html>\n") and response.text.endswith("</html>\n")
        assert not {"script", "img", "link", "iframe", "object"} & set(self.tags)
        self.title = self.texts[self.tags.index("title")].strip()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.texts.append("")
        for name, value in attributes:
            assert not name.startswith("on") and name not in ("src", "style")
            if name == "href":
                self.links.append(value)

    def handle_data(self, data):
        if self.texts:
            self.texts[-1] += data


def ask(port, path, accept):
    """Past the web server to the helper, or through it."""
    http = servers.Http(port)
    try:
        return http.get(path, {"Accept": accept} if accept is not None else {})
    finally:
        http.close()


WRONG = [("/mq/q/foo?colour=red", 400, "bad_request"), ("/mq/nothing", 404, "not_found"),
         ("/mq/p/foo?callback=f()", 400, None), ("/mq/?queue=none", 404, "empty"),
         ("/mq/q/foo?count=0", 400, "bad_value"), ("/outside", 404, "not_found")]
WRONG_STREAMS = [("/mq/c/foo?colour=red", 400, "bad_request"), ("/mq/nothing", 404, "not_found"),
                 ("/mq/w/foo?wait=x", 400, "bad_value"), ("/outside", 404, "not_found")]


@pytest.mark.parametrize("accept", BROWSERS + PROGRAMS)
def test_who_gets_a_page(mounted, accept):
    for port, paths in (mounted.port, WRONG), (mounted.ws_port, WRONG_STREAMS):
        for path, status, code in paths:
            answer = ask(port, path, accept)
            assert answer.status == status, path
            if accept in BROWSERS and "callback" not in path:
                page = Page(answer)
                assert page.title.startswith(f"{status} ") and page.links == ["/mq/help"]
                assert len("".join(page.texts).split()) > 12
            elif code:
                assert_error(answer, status, code)


@pytest.mark.parametrize("accept", BROWSERS[:1])
def test_nothing_of_a_request_is_markup(mounted, accept):
    for port in mounted.port, mounted.ws_port:
        for path in ("/mq/q/foo?%3Cscript%3Ealert(1)%3C/script%3E=1", "/mq/c/foo?%3Cb%3E=1",
                     "/mq/j/%3Cb%3E", "/mq/w/%22%3E%3Cb%3E"):
            answer = ask(port, path, accept)
            assert answer.status in (400, 404)
            assert {"b", "script"}.isdisjoint(Page(answer).tags)


def test_a_page_for_head(mounted):
    answer = mounted.http.head("/mq/nothing", {"Accept": "text/html"})
    assert (answer.status, answer.type, answer.body) == (404, "text/html", b"")


def test_refused_and_away(new_stack, tmp_path):
    acl = tmp_path / "acl.conf"
    acl.write_text("[rest:consumer]\nusername = me\npassword = secret\n[comet:consumer]\nhosts_deny = all\n")
    stack = new_stack(helpers=1, conf={"acl": acl})
    answer = ask(stack.port, "/q/foo", "text/html")
    assert Page(answer).title == "401 Unauthorized" and answer.headers["WWW-Authenticate"]
    assert Page(ask(stack.port, "/c/foo", "text/html")).title == "403 Forbidden"
    stack.redis.kill()
    answer = ask(stack.port, "/ready", "text/html")
    assert Page(answer).title == "503 Service Unavailable" and answer.headers["Retry-After"] == "1"
    stack.redis.start()


def test_a_browser_is_led_to_the_dashboard(mounted):
    for path in "/mq", "/mq/", "/mq/?queue=", "/mq?queue=":
        for accept in BROWSERS:
            for ask in mounted.http.get, mounted.http.head:
                answer = ask(path, {"Accept": accept})
                assert (answer.status, answer.headers["Location"]) == (302, "/mq/ui/")
        for accept in PROGRAMS:
            answer = mounted.http.get(path, {"Accept": accept} if accept else {})
            assert (answer.status, answer.type) == (200, "text/html") and "Location" not in answer.headers
        assert answer.headers["Vary"] == "Accept"
    assert mounted.http.get("/mq/?queue=none", {"Accept": "text/html"}).status == 404


@pytest.mark.parametrize("path", ["/mq/", "/mq/help", "/mq/help/"])
def test_the_page_of_routes_has_the_prefix(mounted, path):
    answer = mounted.http.get(path, {"Accept": "text/html" if "help" in path else "*/*"})
    cells = [text for tag, text in zip(Page(answer).tags, Page(answer).texts) if tag == "td"]
    paths = [cell for cell in cells if cell.startswith("/")]
    assert "/mq/q/NAME" in paths and "/mq/" in paths and all(path.startswith("/mq/") for path in paths)
    for path in "/mq/ws/NAME", "/mq/c/NAME", "/mq/sub/CHANNEL", "POST /mq/queue":
        assert path in answer.text
    assert "GET /mq/help lists" in mounted.http.get("/mq/nothing").json()["error"]
    if not mounted.web.has_streams:
        assert "/mq/w/<queue>" in mounted.http.get("/mq/q/foo?wait=3").json()["error"]
