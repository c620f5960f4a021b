# test_screenshots.py - the pictures in docs/screenshots, which are made here: with SCREENSHOTS=1 anew.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import os
import random
import struct
import threading
import time
import urllib.parse

import dashboard as dashboards
import samples
import stack as servers
from checks import part
from consumers import Websocket

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain"}

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 4, "docs", "screenshots")
# Its file, the page, its width, height and colours.
PICTURES = [("queues", "queues", 1280, 720, "light"), ("queue", "queue/orders?tab=settings", 1280, 760, "dark"),
            ("message", "message/orders/orders:184160", 1280, 800, "light"), ("dead-letters", "dead", 1280, 800, "light"),
            ("pool", "pools/files", 1280, 800, "dark"), ("narrow", "queues", 400, 900, "light")]
MOST = 150 * 1024   # bytes


# Messages pushed before; those that wait, in each second, and on the average.
QUEUES = {"orders": (184_120, 60, 2.4, 40), "orders/eu": (52_310, 14, 0.8, 12), "mail.out": (20_417, 3, 0.5, 5),
          "thumbnails": (88_002, 48, 1.1, 20), "audit.log": (402_551, 31, 3.1, 25), "webhooks": (31_770, 9, 0.6, 6),
          "payments": (9_204, 1, 0.2, 2)}
REASONS = ["card declined by the bank", "address has no postcode", "customer c-21 is closed", "stock 409: reserved twice",
           "card declined by the bank"]


def fill(site, redis):
    for queue, (before, count, _, _) in QUEUES.items():
        redis.set(f"{queue}:UUID", before)
        redis.hset(part(queue, "stats"), mapping={"acked": before, "returned": before // 170})
        for number in range(count):
            body = json.dumps({"order": 71000 + number, "customer": f"c-{number * 7 % 31}",
                               "items": [{"sku": "A1", "n": 2}, {"sku": "K-207", "n": 1 + number % 4}], "total": "74.90"})
            site.http.request("POST", f"/q/{queue}", body.encode(), TEXT)
    for queue, reasons in ("orders", REASONS), ("mail.out", ["550 no such mailbox", "421 try again later"]):
        site.http.request("POST", f"/p/{queue}", b"max_deliveries=1", FORM)
        for reason in reasons:
            message = site.http.get(f"/q/{queue}?lease=3600").json()
            site.http.request("PUT", f"/q/{queue}?key={message['key']}&lease={message['lease']}&release=1&reason="
                              + urllib.parse.quote(reason), b"")
        site.http.request("POST", f"/p/{queue}", b"max_deliveries=20", FORM)
    for queue in "orders", "orders/eu", "webhooks", "payments":
        site.http.request("POST", f"/p/{queue}", b"policy=roundrobin", FORM)
    site.http.request("POST", "/control/thumbnails", b"status=stop&what=takes", FORM)
    for row, server, score in (("rack-a", "files-1:9000", 7.5), ("rack-a", "files-2:9000", 3), ("rack-a", "files-4:9000", 5.25),
                               ("rack-b", "files-3:9000", 12), ("rack-b", "files-5:9000", 9)):
        site.http.request("PUT", f"/lb/files?server={server}&row={row}&score={score}", b"")


def write_past(site, redis):
    """What helpers would have sampled in the last day."""
    now = time.time() // 10 * 10
    samples.write_runs(redis, now - 90000, now)
    for queue, (_, _, rate, depth) in QUEUES.items():
        numbers = site.http.get(f"/stats/{queue}").json()
        told = {name: numbers[name] for name in ("leased", "delayed", "dead", "pushed", "returned", "died")}
        past = samples.Past(now, {**told, "ready": numbers["len"]}, rate, depth).samples()
        samples.write_history(redis, queue, past, samples.ages_of(past))


@contextlib.contextmanager
def work(site):
    """Consumers who have some messages in hand, and pushes and acks all the time."""
    over = threading.Event()
    http = site.new_http()

    def go_on():
        chance = random.Random(7)
        while not over.wait(0.1):
            for queue, (_, _, rate, _) in QUEUES.items():
                if chance.random() < rate / 10:
                    http.request("POST", f"/q/{queue}", b'{"order": 71100}', TEXT)
                if chance.random() < rate / 10 and queue not in ("thumbnails", "payments", "mail.out"):
                    message = http.get(f"/q/{queue}?lease=60").json()
                    http.request("DELETE", f"/q/{queue}?key={message['key']}&lease={message['lease']}")

    with contextlib.ExitStack() as stack:
        for queue, name, prefetch in (("orders", "billing-1", 3), ("orders", "billing-2", 3), ("orders/eu", "billing-eu", 2),
                                      ("webhooks", "caller", 1)):
            stack.enter_context(contextlib.closing(Websocket(site.ws_port).consume(
                queue, f"?ack=explicit&prefetch={prefetch}&name={name}")))
        thread = threading.Thread(target=go_on)
        thread.start()
        stack.callback(thread.join)
        stack.callback(over.set)
        yield


def test_pictures(browser, new_stack):
    stack = new_stack(helpers=1)
    with stack.redis.client() as redis:
        fill(stack, redis)
        write_past(stack, redis)
    with work(stack):
        servers.wait_for(lambda: stack.http.get("/queues?min=consumers:1").json()["total"] == 3, servers.patience(20))
        servers.wait_for(lambda: stack.http.get("/queues?min=dead:1,in_s:0.1").json()["total"], servers.patience(60))
        take_pictures(browser, stack)


def take_pictures(browser, stack):
    page = dashboards.Dashboard(browser, stack)
    os.makedirs(FOLDER, exist_ok=True) if os.environ.get("SCREENSHOTS") else None
    for name, address, width, height, theme in PICTURES:
        browser.prefer(prefers_color_scheme=theme, prefers_reduced_motion="reduce")
        page.open(address, width)
        browser.resize(width, height)
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
