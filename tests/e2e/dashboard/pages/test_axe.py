# test_axe.py - no page has what axe-core finds against WCAG 2, levels A and AA, in light and in dark.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from dashboard import violations

PAGES = ["dead", "dead/orders", "queues", "queues?match=none-such", "queue/orders", "queue/orders?tab=settings", "queue/orders?tab=test",
         "queue/orders?tab=consumers", "queue/empty", "message/orders/orders:1", "message/orders/orders:0", "channels", "channels/news", "pools", "pools/files", "pools/none",
         "server"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page(page, site, axe, name, theme):
    site.http.request("PUT", "/lb/files?server=s1&score=1", b"")
    if not site.http.get("/stats/orders").json()["pushed"]:
        for body in b'{"a": 1}', b"\xff\x00":
            site.http.request("POST", "/q/orders", body, {"Content-Type": "text/plain"})
        site.http.request("POST", "/control/orders", b"status=stop&what=takes",
                          {"Content-Type": "application/x-www-form-urlencoded"})
    page.browser.prefer(prefers_color_scheme=theme, prefers_reduced_motion="reduce")
    for width in 1280, 400:
        page.open(name, width)
        assert violations(page, axe) == []
    page.browser.messages()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_questions_and_problems(page, guarded, site, axe, theme):
    page.browser.prefer(prefers_color_scheme=theme, prefers_reduced_motion="reduce")
    site.http.request("PUT", "/lb/files?server=s1&score=1", b"")
    page.open("pools/files", 1280)
    page.click("Remove pool", "button")
    page.shows("Remove files?")
    assert violations(page, axe) == []
    page.click("Cancel")
    guarded.open("channels", 1280)
    guarded.shows("A key is needed.")
    assert violations(guarded, axe) == []
    guarded.click("Enter a key")
    guarded.shows("Use this key")
    assert violations(guarded, axe) == []
    page.browser.messages()
