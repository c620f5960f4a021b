# test_letters.py - the pages of dead letters: every control of them.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from dashboard import WIDTHS

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain"}


def kill(site, queue, *bodies, headers=None):
    """Dead letters with these bodies."""
    headers = headers or {}
    for body in bodies:
        site.http.request("POST", f"/q/{queue}", body.encode(), {**TEXT, **headers})
    site.http.request("POST", f"/p/{queue}", b"max_deliveries=1", {**FORM, **headers})
    for _ in bodies:
        message = site.http.get(f"/q/{queue}?lease=60", headers).json()
        site.http.request("PUT", f"/q/{queue}?key={message['key']}&lease={message['lease']}&release=1", b"", headers)
    site.http.get(f"/q/{queue}?lease=60", headers)


def numbers(site, queue):
    answer = site.http.get(f"/stats/{queue}").json()
    return answer["len"], answer["dead"]


@pytest.mark.parametrize("width", WIDTHS)
def test_of_one_queue(page, site, width):
    queue = f"dying-{width}"
    kill(site, queue, "apple", "pear", "<img src=x onerror='window.pwned=1'>", "peach", "plum")
    page.open(f"dead/{queue}", width)
    page.shows(f"{queue}:5")
    assert not page.offers("Redrive", "button") and not page.offers("Delete", "button")
    page.click(f"Choose {queue}:1", "input")
    page.click(f"Choose {queue}:2", "input")
    page.shows("Redrive 2 dead letters")
    page.click("Redrive 2", "button")
    page.click("Cancel")
    assert numbers(site, queue) == (0, 5)
    page.click("Redrive 2", "button")
    page.confirm()
    page.shows("Redriven: 2 dead letters.")
    page.shows_not(f"{queue}:1")
    assert numbers(site, queue) == (2, 3)
    page.enter("Text in dead letters", "pl")
    page.shows_not(f"{queue}:4")
    page.click("Choose all that are shown", "input")
    page.shows("Delete 1 dead letter")
    page.click("Delete 1", "button")
    page.confirm()
    page.shows("Deleted: 1 dead letter.")
    assert numbers(site, queue) == (2, 2), "no more than what the filter shows"
    assert page.run("return window.pwned") is None
    assert page.fits()


def test_of_all_queues(page, site):
    kill(site, "all-a", "one", "two")
    kill(site, "all-b", "three")
    page.open("dead", 1280)
    page.shows("All queues with dead letters")
    for letter in "all-a:1", "all-b:1":
        page.shows(letter, seconds=40)   # a helper looks at all queues every ten seconds
    page.enter("Text in dead letters", "all-")
    page.until("return document.querySelectorAll('td.chosen').length === 3")
    page.click("Choose all that are shown", "input")
    page.click("Redrive 3", "button")
    page.confirm()
    page.shows("Redriven: 3 dead letters.")
    assert numbers(site, "all-a") == (2, 0) and numbers(site, "all-b") == (1, 0)


@pytest.mark.parametrize("width", WIDTHS)
def test_roles(guarded, keyed, width):
    kill(keyed, "mourned", "a", headers={"X-Authkey": "admin"})
    for key, deletes, redrives in (("watcher", False, False), ("producer", False, False), ("reader", True, False),
                                   ("admin", True, True)):
        guarded.open("dead/mourned", width, key=key)
        guarded.click("Choose mourned:1", "input")
        guarded.until("return Boolean(tool.one('button', 'Delete 1')) === arguments[0]", deletes)
        assert guarded.offers("Redrive 1", "button") == redrives, key
        assert guarded.fits()


def test_of_many_pages(page, site):
    """What is chosen is of one page; another page begins with nothing chosen."""
    kill(site, "heaps", *(f"body {number}" for number in range(101)))
    page.open("dead/heaps", 1280)
    page.enter("Refresh", "0")
    page.click("Choose all that are shown", "input")
    page.shows("Delete 100 dead letters")
    page.click("Next", "button")
    page.until("return document.querySelectorAll('td.chosen').length === 1")
    assert not page.offers("Delete", "button")
    page.click("Choose heaps:101", "input")
    page.click("Delete 1", "button")
    page.confirm()
    page.shows("Deleted: 1 dead letter.")
    assert numbers(site, "heaps") == (0, 100)
    page.click("Previous", "button")
    page.until("return document.querySelectorAll('td.chosen').length === 100")


def test_what_the_filter_hides_is_not_touched(page, site):
    """Between a keystroke and its answer nothing can be chosen."""
    kill(site, "hidden", "apple", "pear")
    page.open("dead/hidden", 1280)
    page.enter("Refresh", "0")
    page.click("Choose all that are shown", "input")
    page.shows("Redrive 2 dead letters")
    page.run("window.real = window.fetch; window.fetch = () => new Promise(() => {});")
    page.enter("Text in dead letters", "pear")
    assert not page.offers("Redrive", "button") and not page.offers("Delete", "button")
    assert page.run("return document.querySelector('table').closest('[inert]') !== null")


def test_what_is_gone_meanwhile_is_told(page, site):
    kill(site, "raced", "a", "b")
    page.open("dead/raced", 1280)
    page.enter("Refresh", "0")
    page.click("Choose all that are shown", "input")
    page.click("Redrive 2", "button")
    site.http.request("POST", "/q/raced.dead", b"redrive=1&keys=raced:1", FORM)
    page.confirm()
    page.shows("Redriven: 1 dead letter. Not done: raced:1: ")
    assert numbers(site, "raced") == (2, 0)


def test_pushes_are_held(page, site):
    kill(site, "held-back", "a")
    site.http.request("POST", "/control/held-back", b"status=stop&what=pushes", FORM)
    page.open("dead/held-back", 1280)
    page.click("Choose held-back:1", "input")
    page.click("Redrive 1", "button")
    page.confirm()
    page.shows("held")
    page.browser.messages()
    assert numbers(site, "held-back") == (0, 1)


def test_none(page, site):
    page.open("dead/never-was", 1280)
    page.shows("No dead letters")
