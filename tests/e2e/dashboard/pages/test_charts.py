# test_charts.py - the charts of a queue, and what they show for those who do not see them.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import pytest

from dashboard import WIDTHS

TEXT = {"Content-Type": "text/plain"}
HUE = {"light": (0x24, 0x57, 0xc5), "dark": (0x8d, 0xb4, 0xff)}   # --hue-0 of base.css
STATES, RATES = ["ready", "leased", "delayed", "dead"], ["in_s", "out_s", "ack_s", "return_s", "dead_s"]

# As the broker answers: the numbers of some steps, of which the first is not known.
ANSWER = """window.histories = []; const real = window.fetch;
    window.fetch = async (url, ...given) => {
        if (!String(url).includes('/history/'))
            return real(url, ...given);
        histories.push(new URL(url).searchParams.get('span'));
        return new Response(JSON.stringify(arguments[0]), {headers: {'Content-Type': 'application/json'}});
    };"""


def history(known=True, on=True):
    steps = 289
    value = {"queue": "x", "on": on, "from": 1796083200000, "step_s": 300}
    for at, name in enumerate(STATES + RATES):
        value[name] = [None] + [(at + 1) * 10 if known else None] * (steps - 1)
    return value


def paints(page, colour):
    """Is this colour in the first chart?"""
    page.until("""const canvas = document.querySelector('.chart canvas');
        if (!canvas.width || !canvas.height) return false;
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const [red, green, blue] = arguments[0];
        for (let at = 0; at < data.length; at += 4)
            if (data[at + 3] > 128 && Math.abs(data[at] - red) + Math.abs(data[at + 1] - green)
                + Math.abs(data[at + 2] - blue) < 12)
                return true;
        return false;""", colour)


def is_pressed(page, name):
    return page.run("return tool.one('button', arguments[0]).getAttribute('aria-pressed')", name) == "true"


@pytest.mark.parametrize("theme", HUE)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_control(page, site, width, theme):
    site.http.request("POST", "/q/charted", b"a", TEXT)
    page.browser.prefer(prefers_color_scheme=theme, prefers_reduced_motion="reduce")
    page.open("queue/charted", width)
    page.enter("Refresh", "0")
    assert is_pressed(page, "Last hour")
    page.run(ANSWER, history())
    page.click("Last day", "button")
    for line in "ready 10", "leased 20", "delayed 30", "dead 40", "in 50", "out 60", "acked 70", "returned 80", "died 90":
        page.until("return tool.all('button.line', '').some(line => tool.name(line) === arguments[0])", line)
    assert is_pressed(page, "Last day") and not is_pressed(page, "Last hour")
    paints(page, HUE[theme])
    page.click("Last hour", "button")
    page.until("return histories.join() === '86400,3600'")
    page.click("ready", "button.line")
    assert not is_pressed(page, "ready")
    page.click("ready", "button.line")
    assert is_pressed(page, "ready")
    assert page.run("return tool.one('canvas', 'Depth by state').getAttribute('aria-label')") == \
        "Depth by state. ready: 10, leased: 20, delayed: 30, dead: 40."
    for at, columns in (0, STATES), (1, RATES):
        page.run("document.querySelectorAll('details')[arguments[0]].querySelector('summary').click()", at)
        cells = page.run("""return [...document.querySelectorAll('details')[arguments[0]].querySelectorAll('tbody tr')]
            .map(row => [...row.querySelectorAll('td.number')].map(cell => cell.innerText))""", at)
        first = 10 * (1 + (STATES + RATES).index(columns[0]))
        assert cells[0] == [str(first + 10 * column) for column in range(len(columns))]
        assert 6 < len(cells) < 20
    assert page.fits()
    page.browser.prefer()


@pytest.mark.parametrize("answer, text", [(history(known=False), "There is no sample of this queue in that time."),
                                          (history(known=False, on=False), "No history is kept")])
def test_nothing_to_draw(page, site, answer, text):
    site.http.request("POST", "/q/charted", b"a", TEXT)
    page.open("queue/charted", 1280)
    page.run(ANSWER, answer)
    page.click("Last day", "button")
    page.shows(text)


def test_a_history_that_is_refused(page, site):
    """The rest of the page stays."""
    site.http.request("POST", "/q/charted", b"a", TEXT)
    page.open("queue/charted", 1280)
    page.run("""const real = window.fetch; window.fetch = async (url, ...given) => String(url).includes('/history/')
        ? new Response(arguments[0], {status: 403, headers: {'Content-Type': 'application/json'}})
        : real(url, ...given);""", json.dumps({"error": "not you", "code": "forbidden"}))
    page.click("Last day", "button")
    page.shows("not you")
    page.shows("charted:1")


def test_what_a_helper_has_sampled(page, site):
    """The only one that waits for a helper, which looks every ten seconds."""
    for _ in range(3):
        site.http.request("POST", "/q/sampled", b"a", TEXT)
    page.open("queue/sampled", 1280)
    page.enter("Refresh", "1")
    page.until("return tool.all('button.line', '').some(line => tool.name(line) === 'ready 3')", seconds=40)
    page.shows_not("There is no sample")
