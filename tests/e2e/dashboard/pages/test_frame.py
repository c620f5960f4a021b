# test_frame.py - what is around every page: navigation, colours, the key, and how the connection is.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import pytest

import browser as browsers
import dashboard as dashboards
import stack as servers
from dashboard import WIDTHS

NAV = ["Queues", "Dead letters", "Channels", "Pools", "Server"]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_are_reached(page, width):
    page.open("", width)
    for name in NAV:
        page.click(name, "nav a")
        page.until("return document.querySelector('nav a[aria-current=page]').textContent === arguments[0]", name)
        page.ready()
        assert page.fits(), name
        assert page.run("return document.title").endswith("RestMQ")
        assert page.run("return document.activeElement.id") == "main"


@pytest.mark.parametrize("width", [400, 800, 1280, 2560])
def test_no_page_is_wider_than_the_window(page, site, width):
    site.http.request("PUT", "/lb/files?server=s1&score=1", b"")
    for name in "channels/news", "pools", "pools/files", "server":
        page.open(name, width)
        assert page.fits(), name


def test_all_is_reached_by_keyboard(page):
    page.open("channels", 1280)
    page.run("document.activeElement.blur(); window.order = [];")
    for _ in range(24):
        page.press("Tab", windowsVirtualKeyCode=9)
        page.run("""const e = document.activeElement;
            order.push([[document.body, document.documentElement].includes(e) ? 'BODY' : tool.name(e) || e.tagName,
                        getComputedStyle(e).outlineStyle !== 'none']);""")
    order = page.run("return order")
    names = [name for name, _ in order]
    assert names[:4] == ["Skip to the content", "RestMQ", *NAV[:2]] or names[0] == "Skip to the content"
    for name in [*NAV, "Enter key", "Refresh now", "Show"]:
        assert any(name in seen for seen in names), (name, names)
    assert not [name for name, has_outline in order if not has_outline and name not in ("BODY", "HTML", "")]


def test_light_and_dark(page):
    def background():
        return page.run("return getComputedStyle(document.body).backgroundColor")

    page.browser.prefer(prefers_color_scheme="light")
    page.open("channels", 1280)
    light = background()
    page.browser.prefer(prefers_color_scheme="dark")
    dark = background()
    assert light != dark
    page.click("Light: switch to light colours")
    assert background() == light
    page.run("location.reload()")
    page.ready()
    assert background() == light, "a choice is kept"
    page.click("Dark: switch to dark colours")
    assert background() == dark
    page.run("localStorage.clear()")
    page.browser.prefer(prefers_color_scheme="light")


def test_how_often_is_kept(page):
    page.open("channels", 1280)
    for seconds in "1", "2", "30", "0", "5":
        page.enter("Refresh", seconds)
        assert page.run("return localStorage.getItem('restmq.refresh')") == seconds
    page.enter("Refresh", "0")
    page.run("""window.asked = 0; const real = window.fetch;
        window.fetch = (...given) => { asked++; return real(...given); };""")
    page.click("Refresh now")
    page.until("return asked >= 1")
    page.enter("Refresh", "1")
    page.until("return asked >= 4")


def test_a_key_is_asked_for_and_stays_out_of_addresses(guarded):
    guarded.open("channels", 1280)
    guarded.shows("A key is needed.")
    guarded.click("Enter a key")
    guarded.enter("Key", "wrong")
    guarded.confirm()
    guarded.shows("This key is not accepted.")
    guarded.click("Key: set")
    guarded.enter("Key", "admin")
    guarded.confirm()
    guarded.shows("Nobody is there")
    guarded.go("pools/files")
    guarded.shows("There is no such pool")
    for address in guarded.run("return performance.getEntriesByType('resource').map(e => e.name).concat(location.href)"):
        assert "admin" not in address and "authkey" not in address
    guarded.click("Key: set")
    guarded.click("Forget the key")
    guarded.shows("A key is needed.")
    assert guarded.run("return sessionStorage.length") == 0


def test_a_key_that_is_revoked_while_the_page_is_open(guarded, keyed):
    with keyed.redis.client() as redis:
        redis.set("AUTHKEY:brief", json.dumps({"queues": ["*"], "privs": ["read"]}))
        guarded.open("channels", 1280, key="brief")
        guarded.enter("Refresh", "1")
        guarded.shows("Nobody is there")
        redis.delete("AUTHKEY:brief")
        guarded.shows("This key is not accepted.", seconds=15)
    assert not guarded.run("return Boolean(document.querySelector('dialog'))"), "nobody is asked while they work"


def test_a_missing_password_is_the_browsers_business_a_missing_key_is_not(keyed):
    """Else it would ask for a password that does not help."""
    asked = keyed.http.get("/presence", {"X-Requested-With": "dashboard"})
    assert asked.status == 401
    assert "WWW-Authenticate" not in asked.headers


def test_the_broker_goes_away_and_comes_back(browser, new_stack):
    stack = new_stack(helpers=1)
    page = dashboards.Dashboard(browser, stack)
    page.open("channels", 1280)
    page.enter("Refresh", "0")
    page.enter("Refresh", "1")
    page.shows("Nobody is there")
    stack.responders.stop()
    page.shows("The broker does not answer.", seconds=15)
    page.shows("Since")
    assert "Nobody is there" in page.text(), "what was known stays"
    stack.responders.start()
    page.shows_not("The broker does not answer.", seconds=15)
    page.shows("Connected")
    browser.messages()
    browser.open("about:blank")


def test_redis_goes_away_and_comes_back(browser, new_stack):
    stack = new_stack(helpers=1)
    page = dashboards.Dashboard(browser, stack)
    page.open("channels", 1280)
    page.enter("Refresh", "0")
    page.shows("Nobody is there")
    stack.redis.kill()
    page.click("Refresh now")
    page.shows("Redis is down.", seconds=15)
    stack.redis.start()
    page.shows("Connected", seconds=20)
    page.shows_not("Redis is down.")
    page.shows("Nobody is there")
    browser.messages()
    browser.open("about:blank")


@pytest.mark.parametrize("answer", ["new Response('<h1>Bad gateway</h1>', {status: 502})",
                                    "new Response('<script>window.pwned = 1</script>', {headers: {'Content-Type': 'text/html'}})",
                                    "new Response('{\"topics\":', {headers: {'Content-Type': 'application/json'}})",
                                    "new Response('', {status: 200})"])
def test_an_answer_of_something_else(page, answer):
    page.open("channels", 1280)
    page.enter("Refresh", "0")
    page.run(f"window.real = window.fetch; window.fetch = async () => {answer};")
    page.click("Refresh now")
    page.shows("The broker does not answer.")
    page.run("window.fetch = real")
    page.shows_not("The broker does not answer.")
    assert page.run("return window.pwned") is None


def test_a_password(browser, new_stack, tmp_path):
    """The browser asks for it, which nobody answers here; with one that it has the page works."""
    acl = tmp_path / "acl.conf"
    acl.write_text("".join(f"[{section}]\nusername = me\npassword = secret\n" for section in (
        "rest:producer", "rest:consumer", "comet:consumer", "admin", "stats")))
    stack = new_stack(helpers=1, conf={"acl": acl})
    page = dashboards.Dashboard(browser, stack)
    browser.devtools("Network.enable")
    browser.devtools("Network.setExtraHTTPHeaders", headers=servers.basic("me", "secret"))
    try:
        page.open("channels", 1280)
        page.shows("Nobody is there")
    finally:
        browser.devtools("Network.setExtraHTTPHeaders", headers={})
    browser.messages()
    browser.open("about:blank")


@pytest.mark.browser
def test_without_javascript(site):
    with browsers.Browser(flags=["--blink-settings=scriptEnabled=false"]) as browser:
        browser.open(f"http://127.0.0.1:{site.port}/ui/")
        source = browser._ask("GET", f"/session/{browser.session}/source")
        assert "needs JavaScript" in source and 'href="../help"' in source


def test_an_unknown_address(page):
    page.open("nonsense/%zz", 1280)
    page.until("return location.hash !== '#/nonsense/%zz'")
    page.run("location.hash = '#/%zz'")
    page.until("return location.hash !== '#/%zz'")
    page.ready()
