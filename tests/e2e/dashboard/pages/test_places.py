# test_places.py - the pages wherever a broker stands: behind each web server (--server), at the helper's own address,
# within TLS and below a prefix.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import os

import pytest

import browser as browsers
import dashboard as dashboards
import stack as servers
from certificates import Authority
from dashboard import WIDTHS

TEXT = {"Content-Type": "text/plain"}


def tour(page, width, name):
    """Each page, and of each kind of request one: what is read, done, heard and downloaded."""
    page.open("queues", width)
    page.enter("Filter names", name)
    page.shows(name)
    page.open(f"queue/{name}?tab=test", width)
    page.click("Test message", "button")
    page.enter("Message", "a test")
    page.click("Push message", "button")
    page.shows(f"Pushed as {name}:2.")
    page.go(f"message/{name}/{name}:2")
    page.shows("a test")
    page.go(f"queue/{name}")
    page.click("Purge", "button")
    page.enter("Type", name)
    page.confirm()
    page.shows("Purged 2 messages.")
    page.go(f"dead/{name}")
    page.shows("Dead letters")
    page.go(f"channels/{name}")
    page.click("Listen")
    page.shows("connected")
    page.enter("Text", "heard by all")
    page.click("Publish", "button")
    page.until("return document.querySelector('.feed').innerText.includes('heard by all')")
    page.go("pools/places")
    page.shows("s1")
    page.go("server")
    page.shows("Redis takes pushes.")
    assert page.fits()
    assert page.run("return location.href").startswith(f"{page.origin}/ui/")
    assert page.run("return performance.getEntriesByType('resource').map(e => e.name).filter("
                    "name => !name.startsWith(arguments[0]))", page.origin + "/") == []


def fill(stack, name, prefix=""):
    stack.http.request("DELETE", f"{prefix}/q/{name}?remove=1&force=1")
    assert stack.http.request("POST", f"{prefix}/q/{name}", b"a", TEXT).status == 200
    assert stack.http.request("PUT", f"{prefix}/lb/places?server=s1&score=1", b"").status == 200


@pytest.mark.parametrize("width", WIDTHS)
def test_behind_the_web_server(page, site, width):
    fill(site, "behind")
    tour(page, width, "behind")


@pytest.mark.parametrize("width", WIDTHS)
def test_at_the_address_of_the_helper(browser, site, width):
    fill(site, "direct")
    page = dashboards.Dashboard(browser, site, site.ws_port)
    tour(page, width, "direct")
    assert page.complaints() == []
    browser.open("about:blank")


def test_below_a_prefix(browser, new_stack):
    stack = new_stack(helpers=1, conf={"prefix": "/mq/a-b"})
    for port in {stack.port, stack.ws_port}:
        fill(stack, "below", "/mq/a-b")
        page = dashboards.Dashboard(browser, stack, port, "/mq/a-b")
        browser.open(f"http://127.0.0.1:{port}/mq/a-b/")
        assert page.run("return location.pathname") == "/mq/a-b/ui/"
        tour(page, 1280, "below")
        assert page.complaints() == []
    browser.open("about:blank")


class TlsLighttpd(servers.Lighttpd):
    """Within TLS only."""

    certificate = None

    def configuration(self):
        return (super().configuration() + 'server.modules += ("mod_openssl")\nssl.engine = "enable"\n'
                f'ssl.pemfile = "{self.certificate.cert}"\nssl.privkey = "{self.certificate.key}"\n')


@pytest.mark.browser
def test_within_tls(builddir, site, tmp_path):
    """Of a certificate that the browser is told to take."""
    certificate = Authority(tmp_path, "tls").sign("localhost", "IP:127.0.0.1")
    fill(site, "sealed")
    with contextlib.ExitStack() as stack:
        front = TlsLighttpd(site.responders, site.helper)
        front.certificate = certificate
        stack.enter_context(front)
        browser = stack.enter_context(browsers.Browser(flags=["--ignore-certificate-errors"]))
        page = dashboards.Dashboard(browser, site)
        page.origin = f"https://127.0.0.1:{front.port}"
        tour(page, 1280, "sealed")
        assert page.complaints() == []


@pytest.mark.parametrize("size", [64 << 20])
def test_a_download_with_a_key(browser, keyed, tmp_path, size):
    """It does not stand in the address, so the page fetches what is downloaded."""
    with keyed.redis.client() as redis:
        redis.delete("heavy:queue")
        redis.set("heavy:UUID", 1)
        redis.set("heavy:1", os.urandom(size // 2).hex())
        redis.lpush("heavy:queue", "heavy:1")
        redis.sadd("QUEUESET", "heavy")
        browser.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        page = dashboards.Dashboard(browser, keyed)
        page.open("message/heavy/heavy:1", 1280, key="reader")
        page.shows("The first 64 KiB of 64 MiB are shown.")
        page.click("Download")
        file = tmp_path / "heavy_1"
        servers.wait_for(lambda: file.exists() and file.stat().st_size == size, servers.patience(60))
        assert file.read_bytes() == redis.get("heavy:1")
        redis.delete("heavy:1", "heavy:queue")
    assert page.complaints() == []
    browser.open("about:blank")
