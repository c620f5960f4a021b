# test_why_and_how_old.py - why a message came back or died, and how old it is, on the pages that show messages.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from dashboard import WIDTHS
from test_letters import FORM, TEXT


def fail(site, queue, reason, headers=None):
    """Takes the first message and releases it, for that reason."""
    message = site.http.get(f"/q/{queue}?lease=600", headers or {}).json()
    answer = site.http.request("PUT", f"/q/{queue}?key={message['key']}&lease={message['lease']}&release=1{reason}", b"",
                               headers or {})
    assert answer.status == 200, answer


def fact(page, name):
    """What the page of a message says beside a name; null: it does not name it."""
    return page.run("""const name = [...document.querySelectorAll('main dt')].find(e => e.textContent === arguments[0]);
        return name ? name.nextElementSibling.innerText : null;""", name)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_last_reason(page, site, width):
    queue = f"came-back-{width}"
    site.http.request("POST", f"/q/{queue}", b"a", TEXT)
    page.open(f"message/{queue}/{queue}:1", width)
    assert fact(page, "Last reason") is None
    fail(site, queue, "&reason=no%20route%20to%20%CE%BA%CF%8C%CF%83%CE%BC%CE%B5")
    page.click("Refresh now")
    page.shows("no route to κόσμε")
    assert fact(page, "Last reason") == "no route to κόσμε" and fact(page, "Died") is None
    assert page.fits()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_dead_letter(page, site, width):
    queue = f"died-{width}"
    site.http.request("POST", f"/p/{queue}", b"max_deliveries=2", FORM)
    for _ in range(2):
        site.http.request("POST", f"/q/{queue}", b"a", TEXT)
    fail(site, queue, "&delay=0&reason=first")
    fail(site, queue, "&delay=0")
    fail(site, queue, "&delay=0&reason=other")
    fail(site, queue, "&delay=0&reason=" + "w" * 200)
    site.http.get(f"/q/{queue}?lease=600")
    letters = {row["key"]: row["died"] for row in site.http.get(f"/j/{queue}.dead?limit=9").json()["messages"]}
    assert len(letters) == 2 and all(died["deliveries"] == 2 for died in letters.values())
    for key, died in letters.items():
        page.open(f"message/{queue}.dead/{key}", width)
        assert fact(page, "Deliveries before") == "2" and fact(page, "Reason") == (died["reason"] or "none")
        assert fact(page, "Died") == page.run("""return new Intl.DateTimeFormat('en-GB', {year: 'numeric', month: 'short',
            day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit'}).format(arguments[0])""", died["at"])
        assert page.fits(), "the longest reason, too"
    page.open(f"dead/{queue}", width)
    for died in letters.values():
        page.shows(died["reason"] or "–")
    page.enter("Text in dead letters", "www")
    page.until("return document.querySelectorAll('td.chosen').length === arguments[0]",
               sum("www" in (died["reason"] or "") for died in letters.values()))
    assert page.fits()


def test_who_may_not_read_sees_no_reason(guarded, keyed):
    admin = {"X-Authkey": "admin"}
    keyed.http.request("POST", "/q/private", b"a", {**TEXT, **admin})
    fail(keyed, "private", "&reason=secret%20words", admin)
    for key, sees in ("watcher", False), ("reader", True):
        guarded.open("message/private/private:1", 1280, key=key)
        guarded.shows("Key")
        assert (fact(guarded, "Last reason") == "secret words") == ("secret words" in guarded.text()) == sees, key


@pytest.mark.parametrize("seconds,is_what,shown", [(75, "=", "1 min 15 s"), (75, ">", "> 1 min 15 s"), (0, "=", "0 s"),
                                                   (None, None, None)])
def test_how_old(page, site, seconds, is_what, shown):
    """A sample is needed to know it, which a helper takes every ten seconds: so the numbers are put into the answer."""
    site.http.request("POST", "/q/old", b"a", TEXT)
    message = site.http.get("/j/old?limit=1").json()["messages"][0]
    assert "age_s" in message and "age_is" in message
    page.open("queue/old", 1280)
    page.enter("Refresh", "0")
    page.run("""const age = arguments[0], real = window.fetch;
        window.fetch = async (url, ...given) => {
            const answer = await real(url, ...given);
            if (!String(url).includes('/j/'))
                return answer;
            const said = await answer.json();
            for (const message of said.messages || [said.message])
                [message.age_s, message.age_is] = age;
            window.isTold = true;
            return new Response(JSON.stringify(said), {headers: {'Content-Type': 'application/json'}});
        };""", [seconds, is_what])
    page.click("Refresh now")
    page.until("""const head = [...document.querySelectorAll('th')].find(cell => cell.textContent === 'Age');
        const row = head && head.closest('table').querySelector('tbody tr');
        return window.isTold && row && row.children[head.cellIndex].textContent === arguments[0]""", shown or "–")
    page.go(f"message/old/{message['key']}")
    page.shows("Deliveries")
    assert fact(page, "Age") == shown
