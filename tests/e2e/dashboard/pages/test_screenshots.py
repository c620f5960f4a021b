# test_screenshots.py - the pictures in docs/screenshots, which are made here: with SCREENSHOTS=1 anew.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import os
import struct

import dashboard as dashboards
import stack as servers

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain"}

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 4, "docs", "screenshots")
# Its file, the page, its width and colours.
PICTURES = [("queues", "queues", 1280, "light"), ("queue", "queue/orders?tab=settings", 1280, "dark"),
            ("message", "message/orders/orders:40", 1280, "light"), ("dead-letters", "dead", 1280, "light"),
            ("pool", "pools/files", 1280, "dark"), ("narrow", "queues", 400, "light")]
MOST = 150 * 1024   # bytes


def fill(site):
    for queue, count in ("orders", 60), ("orders/eu", 14), ("mail.out", 3), ("thumbnails", 48), ("audit.log", 31):
        for number in range(count):
            body = json.dumps({"order": 1000 + number, "customer": f"c-{number * 7 % 31}", "items": [{"sku": "A1", "n": 2}]})
            site.http.request("POST", f"/q/{queue}", body.encode(), TEXT)
    site.http.request("POST", "/p/orders", b"max_deliveries=1", FORM)
    for _ in range(5):
        message = site.http.get("/q/orders?lease=3600").json()
        site.http.request("PUT", f"/q/orders?key={message['key']}&lease={message['lease']}&release=1", b"")
    for _ in range(4):
        site.http.get("/q/orders?lease=3600")
    site.http.request("POST", "/control/thumbnails", b"status=stop&what=takes", FORM)
    for row, server, score in ("rack-a", "files-1:9000", 7.5), ("rack-a", "files-2:9000", 3), ("rack-b", "files-3:9000", 12):
        site.http.request("PUT", f"/lb/files?server={server}&row={row}&score={score}", b"")


def test_pictures(browser, new_stack):
    stack = new_stack(helpers=1)
    fill(stack)
    servers.wait_for(lambda: stack.http.get("/queues?min=dead:1").json()["total"], servers.patience(40))
    page = dashboards.Dashboard(browser, stack)
    os.makedirs(FOLDER, exist_ok=True) if os.environ.get("SCREENSHOTS") else None
    for name, address, width, theme in PICTURES:
        browser.prefer(prefers_color_scheme=theme, prefers_reduced_motion="reduce")
        page.open(address, width)
        picture = browser.screenshot()
        assert picture.startswith(b"\x89PNG") and len(picture) < MOST, name
        assert struct.unpack(">I", picture[16:20]) == (width,)
        if os.environ.get("SCREENSHOTS"):
            with open(os.path.join(FOLDER, f"{name}.png"), "wb") as file:
                file.write(picture)
        assert os.path.exists(os.path.join(FOLDER, f"{name}.png"))
    assert page.complaints() == []
    browser.prefer()
    browser.open("about:blank")
