# test_pools_page.py - the page of a pool: every control of it.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64

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


# The rows of pixels of a bar at a place of it, from a little above it to a little below: runs of one colour.
BAR = """const bytes = Uint8Array.from(atob(given[0]), c => c.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], {type: 'image/png'}));
    const {left, top, width, height} = document.querySelectorAll('meter')[given[1]].getBoundingClientRect();
    const canvas = new OffscreenCanvas(1, Math.ceil(height) + 20).getContext('2d');
    canvas.drawImage(picture, -Math.round(left + width * given[2]), 10 - Math.round(top));
    const {data} = canvas.getImageData(0, 0, 1, canvas.canvas.height);
    const runs = [];
    for (let at = 0; at < data.length; at += 4) {
        const colour = data.slice(at, at + 3).join();
        if (runs.length && runs[runs.length - 1][0] === colour) runs[runs.length - 1][1]++;
        else runs.push([colour, 1]);
    }
    return runs;"""


def thickest(page, number, place):
    """The colour and the height of the middle of a bar."""
    picture = base64.b64encode(page.browser.screenshot()).decode()
    found = page.browser.wait(BAR, picture, number, place)
    assert "error" not in found, found
    runs = found["value"]
    at, middle = 0, sum(height for _, height in runs) // 2
    for colour, height in runs:
        at += height
        if at > middle:
            return colour, height


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bars_fill_their_height(page, site, theme):
    """The first of two servers has a quarter of the most, the last one all of it."""
    pool = f"bars-{theme}"
    for server, score in ("s1", 2.5), ("s2", 10):
        site.http.request("PUT", f"/lb/{pool}?server={server}&row=a&score={score}", b"")
    page.browser.prefer(prefers_color_scheme=theme, prefers_reduced_motion="reduce")
    page.open(f"pools/{pool}", 1280)
    page.enter("Refresh", "0")
    (filled, high), (empty, depth), full = (thickest(page, *place) for place in ((0, .1), (0, .8), (1, .8)))
    assert filled != empty and full == (filled, high) and 6 <= high <= 10
    assert depth == high
    page.browser.prefer()


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


@pytest.mark.parametrize("width", WIDTHS)
def test_roles(guarded, keyed, width):
    keyed.http.request("PUT", "/lb/files?server=s1&score=1", b"", {"X-Authkey": "admin"})
    for key, charges, sets in ("reader", True, False), ("admin", True, True):
        guarded.open("pools/files", width, key=key)
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
