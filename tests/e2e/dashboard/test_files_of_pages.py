# test_files_of_pages.py - /ui/: the files of the dashboard, what they may load, and when they are sent again.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import re

import pytest

import stack as servers
from checks import assert_error

WEB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "web")
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
         ".txt": "text/plain"}
POLICY = ("default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
          "frame-ancestors 'none'")


def files():
    for folder, _, names in os.walk(WEB):
        for name in names:
            if os.path.splitext(name)[1] in TYPES:
                yield os.path.relpath(os.path.join(folder, name), WEB)


FILES = sorted(files())


def content(name):
    with open(os.path.join(WEB, name), "rb") as file:
        return file.read()


@pytest.mark.parametrize("name", FILES)
def test_a_file(http, name):
    answer = http.get(f"/ui/{name}")
    assert (answer.status, answer.type, answer.body) == (200, TYPES[os.path.splitext(name)[1]], content(name))
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_library_of_charts(http):
    answer = http.get("/ui/chart.js")
    assert (answer.status, answer.type) == (200, "text/javascript") and b"Chart.js v3." in answer.body[:200]
    assert "Chart.js" in http.get("/ui/licences.txt").text


def test_a_file_that_a_browser_has(http):
    for path in "/ui/", "/ui/app.js":
        answer = http.get(path)
        tag = answer.headers["ETag"]
        for known in tag, f"W/{tag}", f'"other", {tag}', "*":
            again = http.get(path, {"If-None-Match": known})
            assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag), known
            assert again.headers["Cache-Control"] == "no-cache"
        for other in '"other"', tag.strip('"'), tag[:-2] + '"', "":
            assert http.get(path, {"If-None-Match": other}).body == answer.body, other


def test_where_it_begins(http):
    assert http.get("/ui/").body == content("index.html")
    answer = http.get("/ui")
    assert (answer.status, answer.headers["Location"]) == (302, "/ui/")
    head = http.head("/ui/app.js")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(content("app.js"))))


def test_bad_input(http):
    for path in "/ui/nothing.js", "/ui/pages", "/ui/app.js/", "/ui/embed.sh", "/ui/App.js", "/ui/%3Cb%3E":
        assert_error(http.get(path), 404, "not_found")
    assert http.get("/ui/../q").status in (200, 400, 404)
    assert_error(http.get("/ui/app.js?colour=red"), 400, "bad_request")
    for method in "POST", "PUT", "DELETE":
        assert_error(http.request(method, "/ui/app.js", b""), 405, "not_allowed")


def test_below_a_prefix_without_any_right(new_stack, tmp_path):
    acl = tmp_path / "acl.conf"
    acl.write_text("".join(f"[{section}]\nhosts_deny = all\n" for section in (
        "rest:producer", "rest:manager", "rest:consumer", "comet:consumer", "websocket:consumer", "admin", "stats")))
    stack = new_stack(conf={"prefix": "/mq", "acl": acl})
    assert stack.http.get("/mq/ui").headers["Location"] == "/mq/ui/"
    assert stack.http.get("/mq/ui/").body == content("index.html")
    assert stack.http.get("/mq/ui/pages/pools.js").status == 200
    assert stack.http.get("/mq/stats").status == 403


def test_nothing_stands_inline_and_nothing_comes_from_elsewhere():
    for name in FILES:
        text = content(name).decode()
        if name.endswith(".html"):
            assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", text), name
        if name.endswith(".js"):
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|"
                                 r"setAttribute\('style'", text), name
        if not name.endswith((".txt", ".svg")):
            assert not re.search(r"https?://|//cdn", text), name


def test_no_module_is_long():
    for name in FILES:
        assert len(content(name).splitlines()) < 300, name
