# test_midway.py - what happens in the middle of an action: a key that is revoked, a broken answer, another tab.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import pytest

import browser as browsers
import dashboard as dashboards
import stack as servers
from dashboard import WIDTHS

TEXT = {"Content-Type": "text/plain", "X-Authkey": "admin"}
PRIVS = ["read", "write", "purge", "settings", "stats"]


@pytest.fixture
def brief(keyed):
    """Sets what a key allows, or takes it away; each program keeps for a second what it was told."""
    with keyed.redis.client() as redis:
        def is_known(status):
            return all(keyed.http.request("DELETE", "/q/none-of-it", headers={"X-Authkey": "brief"}).status == status
                       for _ in range(20))

        def allow(*privs):
            if privs:
                redis.set("AUTHKEY:brief", json.dumps({"queues": ["*"], "privs": privs}))
            else:
                redis.delete("AUTHKEY:brief")
            servers.wait_for(lambda: is_known(200 if "purge" in privs else 403 if privs else 401), servers.patience(10))
        allow(*PRIVS)
        yield allow
        allow()


def push(stack, queue, *bodies):
    stack.http.request("DELETE", f"/q/{queue}", headers={"X-Authkey": "admin"})
    for body in bodies:
        assert stack.http.request("POST", f"/q/{queue}", body.encode(), TEXT).status == 200


def length(stack, queue):
    return stack.http.get(f"/stats/{queue}", {"X-Authkey": "admin"}).json()["len"]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_key_is_gone_in_the_middle_of_a_purge(guarded, keyed, brief, width):
    """Nothing is done, the page says why, and with the key that is typed then it goes on."""
    push(keyed, "midway", "a", "b")
    guarded.open("queue/midway", width, key="brief")
    guarded.enter("Refresh", "0")
    guarded.click("Purge", "button")
    guarded.enter("Type", "midway")
    brief()
    guarded.confirm()
    guarded.shows("This key is not accepted.")
    assert length(keyed, "midway") == 2
    brief(*PRIVS)
    guarded.open("queue/midway", width, key="brief")
    guarded.click("Purge", "button")
    guarded.enter("Type", "midway")
    guarded.confirm()
    guarded.shows("Purged 2 messages.")
    assert length(keyed, "midway") == 0


def test_a_key_is_gone_in_the_middle_of_a_push(guarded, keyed, brief):
    """What was typed stays."""
    push(keyed, "midway")
    guarded.open("queue/midway", 1280, key="brief")
    guarded.enter("Refresh", "0")
    guarded.click("Test message", "button")
    guarded.enter("Message", "long and dear")
    brief()
    guarded.click("Push message", "button")
    guarded.shows("This key is not accepted.")
    assert guarded.run("return tool.one('textarea', 'Message').value") == "long and dear"
    assert length(keyed, "midway") == 0
    brief(*PRIVS)
    guarded.click("Push message", "button")
    guarded.shows("Pushed as midway:")
    assert length(keyed, "midway") == 1


def test_a_key_is_gone_while_a_channel_is_heard(guarded, keyed, brief):
    """The stream that is open may go on; another one may not begin."""
    guarded.open("channels/midway", 1280, key="brief")
    guarded.click("Listen")
    guarded.shows("connected")
    brief()
    guarded.click("Stop", "button")
    guarded.click("Listen", "button")
    guarded.shows("not accepted")


def test_less_is_allowed_than_before(guarded, keyed, brief):
    """A control that was offered is refused."""
    push(keyed, "midway", "a")
    guarded.open("queue/midway", 1280, key="brief")
    guarded.enter("Refresh", "0")
    guarded.click("Purge", "button")
    guarded.enter("Type", "midway")
    brief("read", "stats")
    guarded.confirm()
    guarded.until("return /may not|lacks the priv/.test(document.body.innerText)")
    assert length(keyed, "midway") == 1


@pytest.mark.parametrize("answer", ["new Response('<h1>Bad gateway</h1>', {status: 502})",
                                    "new Response('<h1>Sign in</h1>', {headers: {'Content-Type': 'text/html'}})"])
def test_a_broken_answer_to_a_push(page, site, answer):
    """Nobody knows whether it was done; the page does not say that it was."""
    page.open("queue/broken", 1280)
    page.enter("Refresh", "0")
    page.click("Test message", "button")
    page.enter("Message", "dear")
    page.run(f"window.real = window.fetch; window.fetch = async () => {answer};")
    page.click("Push message", "button")
    page.shows("The broker does not answer.")
    assert "Pushed as" not in page.text() and page.run("return tool.one('textarea', 'Message').value") == "dear"
    page.run("window.fetch = real")
    page.click("Push message", "button")
    page.shows("Pushed as broken:")


def test_a_page_of_somebody_else_is_no_download_and_no_stream(page, site):
    """An answer 200 of what signs visitors in."""
    push(site, "foreign", "a")
    page.open("message/foreign/foreign:1", 1280)
    page.enter("Refresh", "0")
    page.run("window.real = window.fetch; window.fetch = async () => new Response('<h1>Sign in</h1>', "
             "{headers: {'Content-Type': 'text/html'}});")
    page.click("Download", "button")
    page.shows("Something else than the broker answered")
    page.run("window.fetch = real")
    page.go("channels/foreign")
    page.shows("Who is there")
    page.run("window.fetch = async (url, ...given) => String(url).includes('/sub/') ? new Response('<h1>Sign in</h1>', "
             "{headers: {'Content-Type': 'text/html'}}) : real(url, ...given);")
    page.click("Listen")
    page.shows("trying again")
    page.run("window.fetch = real")
    page.shows_not("trying again", seconds=20)


def test_two_tabs_purge_at_once(page, site):
    """Both have the question open; all messages are purged once."""
    push(site, "tabs", "a", "b", "c")
    with browsers.Browser() as second:
        other = dashboards.Dashboard(second, site)
        for tab in page, other:
            tab.open("queue/tabs", 1280)
            tab.enter("Refresh", "0")
            tab.click("Purge", "button")
            tab.enter("Type", "tabs")
        page.confirm()
        page.shows("Purged 3 messages.")
        other.confirm()
        other.shows("Purged 0 messages.")
        assert other.complaints() == []
    assert length(site, "tabs") == 0


def test_a_computer_whose_clock_is_a_day_off(page, site):
    """From its start: ages come from Redis's time, in the table, of a message and of who is there."""
    push(site, "late", "a")
    identifier = page.browser.devtools("Page.addScriptToEvaluateOnNewDocument", source="""
        const real = Date.now, Real = Date;
        window.Date = class extends Real {
            constructor(...given) { super(...(given.length ? given : [real() + 86400000])); }
            static now() { return real() + 86400000; }
        };""")["identifier"]
    try:
        site.http.get("/q/late?lease=600")
        page.open("message/late/late:1", 1280)
        page.until("return /\\((10 min|9 min [0-9]+ s)\\)/.test(document.body.innerText)")
        page.go("queues")
        page.shows("late")
        page.go("server")
        page.shows("Redis takes pushes.")
        assert "24 h" not in page.text() and "1 d" not in page.text()
    finally:
        page.browser.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=identifier)
