# test_queue_page.py - the page of a queue, and that of a message: every control of them.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import contextlib
import json
import os
import time

import pytest

import stack as servers
from consumers import Comet
from dashboard import WIDTHS

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain"}
EVIL = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>"


def push(site, queue, *bodies, query="", headers=None):
    for body in bodies:
        body = body.encode() if isinstance(body, str) else body
        answer = site.http.request("POST", f"/q/{queue}{query}", body, {**TEXT, **(headers or {})})
        assert answer.status == 200, answer


def counts(site, queue):
    """Its numbers, but for those that grow by themselves."""
    return {name: value for name, value in site.http.get(f"/stats/{queue}").json().items()
            if not name.startswith("oldest_")}


@pytest.mark.parametrize("width", WIDTHS)
def test_messages_in_every_state(page, site, width):
    queue = f"states-{width}"
    push(site, queue, "alpha", "beta", *(f"more {number}" for number in range(30)))
    site.http.get(f"/q/{queue}?lease=600")
    push(site, queue, "late", query="?delay=500")
    before = counts(site, queue)
    page.open(f"queue/{queue}", width)
    page.shows("beta")
    page.click("Next")
    page.shows("late")
    page.shows("delayed")
    page.click("Previous")
    page.shows("beta")
    for state, text, other in ("leased", "alpha", "beta"), ("delayed", "late", "beta"), ("ready", "beta", "late"):
        page.enter("State", state)
        page.shows_not(other)
        page.shows(text)
    page.enter("State", "")
    page.enter("Text in messages", "more 17")
    page.shows_not("beta")
    page.shows("more 17")
    page.enter("Text in messages", "nowhere")
    page.shows("No message here matches")
    assert page.fits()
    assert counts(site, queue) == before, "to look changes nothing"


@pytest.mark.parametrize("width", WIDTHS)
def test_settings(page, site, width):
    queue = f"settings-{width}"
    push(site, queue, "a")
    page.open(f"queue/{queue}", width)
    page.click("Settings", "button")
    page.until("return tool.one('input', 'Deliveries at most')")
    for field, value in (("Policy", "roundrobin"), ("Lease (seconds)", "30"), ("Deliveries at most", "5"),
                         ("Length at most", "1000"), ("Time to live (seconds)", "86400"), ("Back-off", "1,2,60")):
        page.enter(field, value)
    page.click("Save settings", "button")
    page.shows("The settings are saved.")
    assert site.http.get(f"/p/{queue}").json() == {
        "queue": queue, "value": "roundrobin", "lease": 30, "max_deliveries": 5, "max_length": 1000, "ttl": 86400,
        "backoff": "1,2,60"}
    page.enter("Lease (seconds)", "-1")
    page.click("Save settings", "button")
    page.shows("lease must be")
    page.browser.messages()
    for name, what in ("Streams", "status"), ("Takes", "takes"), ("Pushes", "pushes"):
        page.click(f"Pause: {name}", "button")
        page.shows(f"{name}: paused.")
        page.until("return tool.one('button', arguments[0])", f"Start: {name}")
        stat = site.http.get(f"/control/{queue}").json()["status"]
        assert what in stat.get("held", []) or stat["status"] == 0
        page.click(f"Start: {name}", "button")
        page.shows(f"{name}: running.")
    assert site.http.get(f"/control/{queue}").json()["status"] == {"queue": queue, "status": 1}
    assert page.fits()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_test_message(page, site, width):
    queue = f"test-{width}"
    page.open(f"queue/{queue}?tab=test", width)

    def send(value, kind):
        page.enter("Message", value)
        page.enter("As", kind)
        page.click("Push message", "button")

    send("plain κόσμε", "text")
    page.shows(f"Pushed as {queue}:1.")
    send('{"a": [1, 2}', "json")
    page.shows("This is no JSON")
    send('{"a": [1, 2]}', "json")
    page.shows(f"Pushed as {queue}:2.")
    send("not base64!", "base64")
    page.shows("This is no base64.")
    send(base64.b64encode(b"\xff\x00\xfe").decode(), "base64")
    page.shows(f"Pushed as {queue}:3.")
    page.enter("Delay (seconds)", "500")
    page.enter("Idempotency-Key", "once")
    send("delayed", "text")
    page.shows(f"Pushed as {queue}:4.")
    page.enter("Time to live (seconds)", "x")
    send("other", "text")
    page.shows("ttl must be")
    page.browser.messages()
    values = [site.http.get(f"/q/{queue}").json() for _ in range(3)]
    assert [value["value"] for value in values] == ["plain κόσμε", '{"a": [1, 2]}', "/wD+"]
    assert site.http.get(f"/stats/{queue}").json()["delayed"] == 1
    assert page.fits()


def test_consumers(page, site):
    with contextlib.closing(Comet(site.ws_port).consume("manned", "?name=%3Cb%3Eann%3C/b%3E")):
        page.open("queue/manned?tab=consumers", 1280)
        page.shows("<b>ann</b>")
        page.shows("comet")


@pytest.mark.parametrize("width", WIDTHS)
def test_purge(page, site, width):
    queue = f"purged-{width}"
    push(site, queue, "a", "b", "c")
    page.open(f"queue/{queue}", width)
    page.click("Purge", "button")
    page.shows("Purge 3 messages")
    assert page.run("return document.querySelector('dialog button[type=submit]').disabled")
    page.enter("Type", "other")
    assert page.run("return document.querySelector('dialog button[type=submit]').disabled")
    page.click("Cancel")
    page.click("Purge", "button")
    page.enter("Type", queue)
    page.confirm()
    page.shows("Purged 3 messages.")
    assert site.http.get(f"/stats/{queue}").json()["len"] == 0


def test_two_tabs_purge(page, site):
    """The second finds nothing any more, and says so."""
    push(site, "twice", "a", "b")
    page.open("queue/twice", 1280)
    page.enter("Refresh", "0")
    page.click("Purge", "button")
    page.enter("Type", "twice")
    assert site.http.request("DELETE", "/q/twice").status == 200
    page.confirm()
    page.shows("Purged 0 messages.")


@pytest.mark.parametrize("width", WIDTHS)
def test_roles(guarded, keyed, width):
    queue = f"role-{width}"
    with keyed.redis.client() as redis:
        redis.delete(f"{queue}:queue")
    keyed.http.request("POST", f"/q/{queue}", b"secret body", {**TEXT, "X-Authkey": "admin"})
    for key, sees, sets, pushes, purges in (("reader", True, False, False, False), ("watcher", False, False, False, False),
                                            ("producer", False, False, True, False), ("admin", True, True, True, True)):
        guarded.open(f"queue/{queue}", width, key=key)
        guarded.shows(f"{queue}:1")
        guarded.until("return document.body.innerText.includes('secret body') === arguments[0]", sees)
        assert guarded.offers("Purge", "button") == purges, key
        guarded.click("Settings", "button")
        guarded.shows("Back-off")
        assert guarded.offers("Save settings", "button") == sets, key
        assert guarded.offers("Pause: Takes", "button") == sets, key
        guarded.click("Test message", "button")
        guarded.until("return Boolean(tool.one('button', 'Push message')) === arguments[0]", pushes)
        guarded.open(f"message/{queue}/{queue}:1", width, key=key)
        guarded.shows(f"{queue}:1")
        guarded.until("return document.body.innerText.includes('secret body') === arguments[0]", sees)
        assert guarded.offers("Download", "button") == sees and guarded.fits()


# --- a message ------------------------------------------------------------------------------------

@pytest.mark.parametrize("width", WIDTHS)
def test_a_message_in_every_view(page, site, width):
    queue = f"views-{width}"
    push(site, queue, '{"a":{"b":[1,2]},"c":"κόσμε"}', query="?ttl=5000")
    page.open(f"message/{queue}/{queue}:1", width)
    page.until("return document.querySelector('pre').textContent.includes('\\n    \"b\": [')")
    page.shows("Time to live left")
    page.click("Text", "button")
    page.until("return document.querySelector('pre').textContent === arguments[0]", '{"a":{"b":[1,2]},"c":"κόσμε"}')
    page.click("Hex", "button")
    page.until("return document.querySelector('pre').textContent.startsWith('00000000  7b 22 61 22')")
    page.click("JSON", "button")
    page.shows('"b": [')
    assert page.fits()
    site.http.get(f"/q/{queue}?lease=600")
    page.click("Refresh now")
    page.shows("Lease until")
    assert "lease=" not in page.text()


def test_bytes(page, site):
    push(site, "raw", b"\xff\xfe\x00abc")
    page.open("message/raw/raw:1", 1280)
    page.shows("ff fe 00 61 62 63")
    page.shows("no UTF-8")
    assert page.run("return tool.one('button', 'Text').disabled && tool.one('button', 'JSON').disabled")


@pytest.mark.parametrize("size", [1048576])
def test_a_long_message_is_cut_and_downloaded_whole(page, site, tmp_path, size):
    body = os.urandom(size // 2).hex()
    push(site, "long", body)
    page.browser.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.open("message/long/long:1", 1280)
    page.shows("The first 64 KiB of 1 MiB are shown.")
    assert page.run("return document.querySelector('pre').textContent.length") == 65536
    page.click("Download")
    file = tmp_path / "long_1"
    servers.wait_for(lambda: file.exists() and file.stat().st_size == size, servers.patience(20))
    assert file.read_text() == body


def test_a_message_that_is_not_there(page, site):
    push(site, "gone", "a")
    page.open("message/gone/gone:1", 1280)
    page.shows("a")
    site.http.get("/q/gone")
    page.click("Refresh now")
    page.shows("This message is not there")
    page.browser.messages()


def test_what_is_in_messages_runs_nothing(page, site):
    push(site, "evil", EVIL, json.dumps({"x": EVIL}))
    for address in "queue/evil", "message/evil/evil:1", "message/evil/evil:2":
        page.open(address, 1280)
        page.until("return document.body.innerText.includes('onerror=')")
        time.sleep(0.2)
        assert page.run("return window.pwned") is None and not page.run("return document.querySelector('main img')")


def test_a_clock_that_is_a_day_off(page, site):
    """How long something takes is told by Redis's time."""
    push(site, "clock", "a")
    site.http.get("/q/clock?lease=600")
    page.open("message/clock/clock:1", 1280)
    page.run("const real = Date.now; Date.now = () => real() + 86400000;")
    page.click("Refresh now")
    page.until("return /\\((10 min|9 min [0-9]+ s)\\)/.test(document.body.innerText)")
