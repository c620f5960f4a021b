# test_channels.py - the page of channels and presence: every control of it.
#
# SPDX-License-Identifier: BSD-2-Clause

from contextlib import closing

import pytest

from consumers import Comet, Websocket
from dashboard import WIDTHS


@pytest.mark.parametrize("width", WIDTHS)
def test_who_is_there(page, site, width):
    with closing(Comet(site.ws_port).consume("topic-a", "?name=ann")), closing(Websocket(site.ws_port).consume("topic-a", "?name=bob")):
        page.open("channels", width)
        page.shows("topic-a")
        page.click("topic-a")
        page.shows("ann")
        for text in "bob", "comet", "websocket":
            page.shows(text)
        page.click("Channels and presence")
        page.shows("topic-a")
        page.shows_not("comet")
        assert page.fits()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_channel_is_heard_and_spoken_to(page, site, width):
    channel = f"news-{width}"
    page.open("channels", width)
    page.enter("Channel", channel)
    page.click("Show")
    page.until("return location.hash.endsWith(arguments[0])", channel)
    page.ready()
    page.click("Listen")
    page.shows("connected")
    site.http.request("POST", f"/pub/{channel}", b"from outside\nin two lines", {"Content-Type": "text/plain"})
    page.shows("from outside\nin two lines")
    page.enter("Text", "from here")
    page.click("Publish", "button")
    page.shows(f"Published on {channel}; 1 connection heard it.")
    page.until("return document.querySelector('.feed').innerText.includes('from here')")
    with site.redis.client() as redis:
        redis.publish(channel, b"\xff\xfe")
    page.shows("bytes: //4=")
    page.click("Clear")
    page.until("return document.querySelector('.feed').children.length === 0")
    page.click("Stop")
    page.click("Listen")
    page.shows("connected")
    page.click("Stop")
    assert page.fits()


@pytest.mark.parametrize("width", WIDTHS)
def test_roles(guarded, width):
    for key, listens, publishes in ("reader", True, False), ("producer", False, True), ("admin", True, True):
        guarded.open("channels/news", width, key=key)
        guarded.shows("Who is there")
        guarded.until("return tool.all('button', 'Listen').length === arguments[0] * 1", listens)
        guarded.until("return tool.all('button', 'Publish').length === arguments[0] * 1", publishes)


def test_a_name_that_is_none(page):
    page.open("channels", 1280)
    page.enter("Channel", "a b")
    page.click("Show")
    page.shows("a name has only")
    page.complaints()


def test_what_is_published_runs_nothing(page, site):
    page.open("channels/evil", 1280)
    page.click("Listen")
    page.shows("connected")
    text = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>"
    site.http.request("POST", "/pub/evil", text.encode(), {"Content-Type": "text/plain"})
    page.shows(text)
    with closing(Comet(site.ws_port).consume("evil", "?name=%3Cimg%20src%3Dx%20onerror%3Dwindow.pwned%3D1%3E")):
        page.click("Refresh now")
        page.shows("<img src=x onerror=window.pwned=1>")
    assert page.run("return window.pwned") is None
