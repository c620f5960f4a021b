# test_pools_page.py - the page of a pool: every control of it.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from dashboard import WIDTHS


def fill(site, pool):
    for row, server, score in ("a", "s1", 7.5), ("a", "s2", 3), ("b", "s3", 12):
        assert site.http.request("PUT", f"/lb/{pool}?server={server}&row={row}&score={score}", b"").status == 200


@pytest.mark.parametrize("width", WIDTHS)
def test_every_control(page, site, width):
    pool = f"files-{width}"
    fill(site, pool)
    page.open("pools/other", width)
    page.shows("There is no such pool")
    page.enter("Pool", pool)
    page.click("Show")
    page.until("return location.hash.endsWith(arguments[0])", pool)
    page.ready()
    for text in "Row a", "Row b", "s1", "s2", "s3", "7.5":
        page.shows(text)
    assert page.run("return document.querySelectorAll('meter').length") == 3
    page.enter("Cost", "2")
    page.click("Charge the best", "button")
    page.shows("s2 was chosen; its score is 5 now.")
    page.click("Edit s1", "button")
    page.enter("Score", "1.5")
    page.click("Set score", "button")
    page.shows("s1 has the score 1.5.")
    page.enter("Server", "s4")
    page.enter("Row", "c")
    page.enter("Score", "x")
    page.click("Set score", "button")
    page.shows("must be")
    page.browser.messages()
    page.enter("Score", "4")
    page.click("Set score", "button")
    page.shows("Row c")
    page.click("Remove s3", "button")
    page.shows("Remove s3?")
    page.click("Cancel")
    assert "s3" in site.http.get(f"/lb/{pool}?list=1").text
    page.click("Remove s3", "button")
    page.confirm()
    page.shows("s3 is removed.")
    assert page.fits()
    page.click("Remove pool", "button")
    page.shows("Remove 3 servers")
    page.confirm()
    page.shows("There is no such pool")
    page.browser.messages()


@pytest.mark.parametrize("width", WIDTHS)
def test_names_of_pools(page, site, width):
    pool = f"named-{width}"
    fill(site, pool)
    page.open("pools", width)
    page.shows(pool)
    assert page.run("""return [...document.querySelectorAll('tr')].find(row => row.innerText.includes(arguments[0]))
        .lastChild.textContent""", pool) == "3"
    assert page.fits()
    page.click(pool, "main a")
    page.ready()
    page.shows("Row a")
    site.http.request("DELETE", f"/lb/{pool}?all=1")
    page.click("Pools", "main a")
    page.ready()
    page.shows_not(pool)


def test_many_pools_page_by_page(page):
    """How many are on a page is the broker's business: so two short pages are put in its place."""
    page.open("pools", 1280)
    page.enter("Refresh", "0")
    page.run("""window.fetch = async url => new URL(url).searchParams.get('cursor') === '7'
        ? Response.json({pools: [{name: 'pool-two', servers: 2}]})
        : Response.json({pools: [{name: 'pool-one', servers: 1}]}, {headers: {Link: '<?cursor=7&limit=100>; rel="next"'}});""")
    page.click("Refresh now")
    page.shows("pool-one")
    page.click("Next", "button")
    page.shows("pool-two")
    page.shows_not("pool-one")
    assert page.run("return tool.one('button', 'Next').disabled")
    page.click("Previous", "button")
    page.shows("pool-one")
    page.shows_not("pool-two")


def test_names_and_rights(guarded, keyed):
    keyed.http.request("PUT", "/lb/listed?server=s1&score=1", b"", {"X-Authkey": "admin"})
    for key in "reader", "producer", "admin":
        guarded.open("pools", 1280, key=key)
        guarded.shows("listed")


def test_roles(guarded, keyed):
    keyed.http.request("PUT", "/lb/files?server=s1&score=1", b"", {"X-Authkey": "admin"})
    for key, charges, sets in ("reader", True, False), ("admin", True, True):
        guarded.open("pools/files", 1280, key=key)
        guarded.shows("s1")
        guarded.until("return tool.all('button', 'Charge the best').length === arguments[0] * 1", charges)
        guarded.until("return tool.all('button', 'Set score').length === arguments[0] * 1", sets)
        guarded.until("return tool.all('button', 'Remove').length === arguments[0] * 2", sets)


def test_names_run_nothing(page, site):
    name = "%3Cimg/src=x/onerror=window.pwned=1%3E"
    assert site.http.request("PUT", f"/lb/evil?server={name}&score=1", b"").status == 200
    page.open("pools/evil", 1280)
    page.shows("<img/src=x/onerror=window.pwned=1>")
    assert page.run("return window.pwned") is None
