# test_queues_page.py - the table of queues: every control of it.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from dashboard import WIDTHS

SAMPLED = 40   # seconds until a helper has seen what is new, which it looks for every ten
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
STRANGE = ["ui", "help", "history", "rights", "a.b_c-d:e@f", "deep/er/name", "x" * 128, "queue/ui"]
NAMES = "return [...document.querySelectorAll('tbody td.name')].map(e => e.innerText)"


def push(site, queue, count=1):
    for number in range(count):
        site.http.request("POST", f"/q/{queue}", f"m{number}".encode(), {"Content-Type": "text/plain"})


@pytest.mark.parametrize("width", WIDTHS)
def test_every_control(page, site, width):
    """Names of this test only: the filter has them."""
    for queue, count in (f"z{width}-a", 1), (f"z{width}-b", 3), (f"z{width}-c", 2):
        push(site, queue, count)
    site.http.request("POST", f"/control/z{width}-b", b"status=stop", FORM)
    site.http.request("POST", f"/control/z{width}-c", b"status=stop&what=pushes", FORM)
    site.http.get(f"/q/z{width}-a")
    page.open("queues", width)
    page.enter("Filter names", f"z{width}")
    page.until(f"{NAMES}.join() === arguments[0]", ",".join(f"z{width}-{name}" for name in "abc"), seconds=SAMPLED)
    page.shows("1–3 of 3")
    page.shows("order, filter and rates of")
    page.shows("stopped")
    page.shows("pushes held")
    page.click("Ready", "th button")
    page.until(f"{NAMES}.join() === arguments[0]", ",".join(f"z{width}-{name}" for name in "bca"))
    assert page.run("return document.querySelector('th[aria-sort]').getAttribute('aria-sort')") == "descending"
    page.click("Ready", "th button")
    page.until(f"{NAMES}.join() === arguments[0]", ",".join(f"z{width}-{name}" for name in "acb"))
    for choice, names in (("waiting", "cb"), ("held", "c"), ("stopped", "b"), ("idle", "acb"), ("all", "acb")):
        page.enter("Show", choice)
        page.until(f"{NAMES}.join() === arguments[0]", ",".join(f"z{width}-{name}" for name in names))
    page.enter("at least", "2")
    page.until(f"{NAMES}.join() === arguments[0]", f"z{width}-c,z{width}-b")
    page.enter("at most", "2")
    page.until(f"{NAMES}.join() === arguments[0]", f"z{width}-c")
    page.enter("Column", "consumers")
    page.shows("No queue matches")
    for bound in "at least", "at most":
        page.enter(bound, "")
    page.enter("Show", "dead")
    page.shows("No queue matches")
    assert f"match=z{width}" in page.run("return location.hash")
    page.run("location.reload()")
    page.ready()
    page.shows("No queue matches")
    page.enter("Show", "all")
    page.click(f"z{width}-a", "a")
    page.until("return location.hash.startsWith('#/queue/')")
    page.ready()
    assert page.fits()


def test_pages_of_the_table(page, site):
    for number in range(60):
        push(site, f"many-{number:02}")
    page.open("queues?match=many-", 1280)
    page.shows("1–50 of 60", seconds=SAMPLED)
    page.click("Next")
    page.shows("51–60 of 60")
    page.shows("many-59")
    page.click("Previous")
    page.shows("1–50 of 60")


def test_what_changes_is_marked(page, site):
    push(site, "marked")
    page.open("queues?match=marked", 1280)
    page.shows("1–1 of 1", seconds=SAMPLED)
    page.enter("Refresh", "0")
    page.until("return !document.querySelector('td.changed')")
    push(site, "marked")
    page.run("window.marks = 0; new MutationObserver(() => marks += document.querySelectorAll('td.changed').length)"
             ".observe(document.querySelector('tbody'), {subtree: true, attributes: true, attributeFilter: ['class']})")
    page.click("Refresh now")
    page.until("return marks > 0 && marks < 3")
    assert page.run("return tool.all('td.number', '2').length") >= 1


def test_a_damaged_queue(page, site):
    with site.redis.client() as redis:
        push(site, "broken")
        redis.delete("broken:queue")
        redis.set("broken:queue", "x")
    page.open("queues?match=broken", 1280)
    page.shows("damaged", seconds=SAMPLED)
    with site.redis.client() as redis:
        redis.delete("broken:queue")


def test_rates_and_sparks(page, site):
    push(site, "sparkling", 3)
    page.open("queues?match=sparkling", 1280)
    page.until("return Boolean(document.querySelector('td.spark canvas'))", seconds=SAMPLED)
    assert page.run("return document.querySelector('td.spark canvas').getAttribute('aria-label')") == \
        "Ready messages of sparkling in the last hour"
    for heading in "Oldest", "In/s", "Out/s":
        page.click(heading, "th button")
        page.until("return document.querySelector('th[aria-sort]').innerText.startsWith(arguments[0])", heading)
        page.shows("sparkling")


@pytest.fixture(scope="module")
def named(site):
    for name in STRANGE:
        push(site, name)


@pytest.mark.parametrize("name", STRANGE)
def test_names(page, named, name):
    page.open("queues", 400)
    page.enter("Filter names", name)
    page.until("return Boolean(tool.one('td a', arguments[0]))", name, seconds=SAMPLED)
    page.click(name, "td a")
    page.until("return document.querySelector('h1').textContent === arguments[0]", name)
    page.ready()
    page.shows("Pushed")
    page.click(f"{name}:1", "td a")
    page.until("return document.querySelector('h1').textContent === arguments[0]", f"{name}:1")
    page.shows("m0")
    assert page.fits()


def test_nothing_yet(browser, new_stack):
    import dashboard
    page = dashboard.Dashboard(browser, new_stack(helpers=1))
    page.open("queues", 1280)
    page.shows("There are no queues yet")
    page.shows("curl -d value=hello")
    assert page.complaints() == []
    browser.open("about:blank")
