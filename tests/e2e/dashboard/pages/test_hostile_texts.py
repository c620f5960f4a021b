# test_hostile_texts.py - markup and script in all that people give names and texts to: it is shown and runs nothing.
#
# SPDX-License-Identifier: BSD-2-Clause

from contextlib import closing
from urllib.parse import quote

import pytest

from consumers import Comet
from test_letters import FORM, TEXT
from test_why_and_how_old import fail

HOSTILE = "\"><img/src=x/onerror=window.hacked=1><script>window.hacked=1</script>"
QUOTED = quote(HOSTILE, safe="")

# The pages that show it, all of which are asked at least twice.
SHOWN = ["queue/hostile", "queue/hostile.topic?tab=consumers", "message/hostile/hostile:2", "message/hostile/hostile:3",
         "message/hostile.dead/hostile:1", "dead/hostile", "channels/hostile.topic", "pools/hostile"]
# It stands in the address, as a name of something or as nonsense.
ADDRESSES = [page.replace("{}", QUOTED) for page in (
    "{}", "queues?match={}", "queues?sort={}&order={}", "queue/{}", "queue/hostile?tab={}", "queue/{}?tab=test", "dead/{}",
    "message/{}/{}", "message/hostile/{}", "channels/{}", "pools/{}")]


@pytest.fixture(scope="module")
def hostile(site):
    """The queue has a dead letter, one that came back and one that is new; a topic has someone; a pool a server."""
    def push():
        assert site.http.request("POST", "/q/hostile", HOSTILE.encode(), TEXT).status == 200

    push()
    site.http.request("POST", "/p/hostile", b"max_deliveries=1", FORM)
    fail(site, "hostile", f"&reason={QUOTED}")
    site.http.get("/q/hostile?lease=60")
    site.http.request("POST", "/p/hostile", b"max_deliveries=0", FORM)
    push()
    fail(site, "hostile", f"&reason={QUOTED}")
    push()
    assert site.http.request("PUT", f"/lb/hostile?server={QUOTED}&score=1", b"").status == 200
    with closing(Comet(site.ws_port).consume("hostile.topic", f"?name={QUOTED}")):
        yield


def runs_nothing(page, refused=False):
    """No element came of the text, nothing ran, and no policy had to refuse it."""
    assert page.run("return document.querySelectorAll('main img, main script, dialog img, dialog script').length") == 0
    assert page.run("return typeof window.hacked") == "undefined"
    assert page.complaints(refused) == []


@pytest.mark.parametrize("address", SHOWN)
def test_what_is_shown(page, hostile, address):
    page.open(address, 1280)
    page.shows(HOSTILE)
    page.click("Refresh now")
    page.shows(HOSTILE)
    runs_nothing(page)
    assert page.fits()


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_in_the_address(page, hostile, address):
    page.open(address, 1280)
    page.click("Refresh now")
    page.until("return document.title.endsWith('RestMQ')")
    runs_nothing(page, refused=True)


def test_what_is_published(page, site, hostile):
    page.open("channels/hostile.topic", 1280)
    page.click("Listen")
    page.shows("connected")
    site.http.request("POST", "/pub/hostile.topic", HOSTILE.encode(), TEXT)
    page.until("return document.querySelector('.feed').innerText.includes(arguments[0])", HOSTILE)
    runs_nothing(page)


def test_questions(page, hostile):
    """A dialog names what it is about."""
    page.open("pools/hostile", 1280)
    page.click(f"Remove {HOSTILE}", "button")
    page.until("return document.querySelector('dialog').innerText.includes(arguments[0])", HOSTILE)
    runs_nothing(page)
    page.click("Cancel")


def test_names_that_no_queue_can_have(page, site, hostile):
    """Another program may write them into Redis, or stand where the broker was."""
    page.open("queues", 1280)
    page.enter("Refresh", "0")
    page.run("""const hostile = arguments[0], real = window.fetch;
        window.fetch = async (url, ...given) => {
            const answer = await real(url, ...given);
            if (!String(url).includes('/queues'))
                return answer;
            const said = await answer.json();
            said.queues.forEach((row, at) => { row.name = `${at}${hostile}`; row.policy = hostile; });
            said.queues.push({name: hostile, error: hostile, code: 'damaged'});
            return new Response(JSON.stringify(said), {headers: {'Content-Type': 'application/json'}});
        };""", HOSTILE)
    page.click("Refresh now")
    page.shows(f"0{HOSTILE}")
    runs_nothing(page)
