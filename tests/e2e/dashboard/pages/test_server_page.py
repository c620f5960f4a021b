# test_server_page.py - the page of the server: what is promised, Redis, helpers, settings.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

import dashboard as dashboards
from dashboard import WIDTHS


@pytest.mark.parametrize("width", WIDTHS)
def test_every_control(page, site, width):
    page.open("server", width)
    answer = site.http.get("/server").json()
    page.shows("Redis takes pushes.")
    for name in "promise", "persistence", "eviction", "replicas":
        page.shows(answer[name])
    for text in (answer["nodes"][0]["address"], answer["helpers"][0]["id"],
                 f"{answer['program']} {answer['version']}", "Chart.js"):
        page.shows(text)
    page.shows("max_message")
    page.enter("Filter settings", "max_mess")
    page.shows_not("redis_timeout")
    page.shows("max_message")
    page.enter("Filter settings", "no such thing")
    page.shows("No setting matches")
    page.enter("Filter settings", "")
    page.shows("redis_timeout")
    page.click("Refresh now")
    page.shows("Connected")
    addresses = page.run("return [...document.querySelectorAll('main li a')].map(link => link.href)")
    assert len(addresses) == 5
    for address in addresses:
        assert site.http.get(address.removeprefix(page.origin)).status == 200, address
    assert page.fits()


@pytest.mark.parametrize("width", WIDTHS)
def test_roles(guarded, width):
    """Numbers are for those who may see any; settings for who may change what runs."""
    for key, sees, sees_settings in (("reader", False, False), ("watcher", True, False), ("producer", True, False),
                                     ("admin", True, True)):
        guarded.open("server", width, key=key)
        guarded.shows("Redis takes pushes." if sees else "You may not see this.")
        guarded.shows("max_message" if sees_settings else "Settings are shown to those with the right admin.")
        assert guarded.offers("Filter settings", "input") == sees_settings, key
        assert ("Round trip" in guarded.text()) == sees, key


def test_redis_is_away(browser, new_stack):
    stack = new_stack()
    page = dashboards.Dashboard(browser, stack)
    page.open("server", 1280)
    page.enter("Refresh", "0")
    page.shows("No helper runs")
    stack.redis.kill()
    page.click("Refresh now")
    page.shows("A push would be refused.")
    page.shows("Redis did not say which helpers run.")
    stack.redis.start()
    page.enter("Refresh", "1")
    page.shows("Redis takes pushes.", seconds=20)
    browser.messages()
    browser.open("about:blank")


def test_what_redis_does_not_say(page):
    """Another Redis, another version of a helper, a user without the right to INFO: dashes, not errors."""
    page.open("server", 1280)
    page.enter("Refresh", "0")
    page.run("""const real = window.fetch; window.fetch = async (url, options) => String(url).includes('/server')
        ? new Response(JSON.stringify({program: 'x', version: 'y', pid: 1, kind: 'cluster', now: null, ready: false,
            reason: 'no room', promise: 'none', nodes: [
                {address: 'a:1', up: true, round_trip_ms: 0.2, version: null, role: null, uptime_s: null, clients: null,
                 memory: {used: null, max: null}, eviction_policy: null, aof: {on: null, ok: null},
                 rdb: {saved_at: null, ok: null, changes: null}, replicas: null, slots: 5},
                {address: 'b:2', up: true, round_trip_ms: 1, version: null, role: null, uptime_s: null, clients: null,
                 memory: null, eviction_policy: null, aof: null, rdb: null, replicas: [{address: 'c:3', state: 'online',
                 lag_s: null}]}, {address: 'd:4', up: false, slots: 6}],
            helpers: [{id: 'h', version: null, since: null, connections: null}]}),
            {headers: {'Content-Type': 'application/json'}}) : real(url, options);""")
    page.click("Refresh now")
    for text in "no room", "a:1", "b:2", "c:3", "d:4":
        page.shows(text)
    for text in "null", "undefined", "NaN":
        assert text not in page.run("return document.querySelector('main').innerText")
