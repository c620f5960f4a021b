# browser.py - a real Chromium without a window, driven by chromedriver's own HTTP interface.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

import stack as servers

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--disable-extensions", "--no-proxy-server"]


class Browser(servers.Server):
    """One page in a fresh profile.  flags: more of Chromium's."""

    def __init__(self, dir=None, flags=()):
        super().__init__(dir)
        self.flags = flags
        self.port = servers.free_port()
        self.process = None
        self.session = None

    def start(self):
        with open(self.path("chromedriver.log"), "wb") as log:
            self.process = subprocess.Popen(
                [shutil.which("chromedriver"), f"--port={self.port}"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "HOME": self.dir, "TMPDIR": self.dir})
        servers.wait_for(self._answers)
        options = {"binary": shutil.which("chromium"),
                   "args": [*FLAGS, *self.flags, f"--user-data-dir={self.path('profile')}"]}
        self.session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"}}}})["sessionId"]

    def _ask(self, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None

    def _answers(self):
        try:
            return self._ask("GET", "/status")["ready"]
        except OSError:
            return False

    def open(self, url):
        self._ask("POST", f"/session/{self.session}/url", {"url": url})

    def run(self, script, *arguments):
        """Runs the body of a function in the page; returns what it returns."""
        return self._ask("POST", f"/session/{self.session}/execute/sync",
                         {"script": script, "args": list(arguments)})

    def wait(self, script, *arguments):
        """As run(), of the body of an async function."""
        return self._ask("POST", f"/session/{self.session}/execute/async", {
            "script": "const [done, given] = [arguments[arguments.length - 1], [...arguments].slice(0, -1)];"
                      f"(async function() {{ {script} }}).apply(null, given).then("
                      "value => done({value}), error => done({error: String(error)}));",
            "args": list(arguments)})

    def devtools(self, command, **parameters):
        """A command of Chromium's own protocol."""
        return self._ask("POST", f"/session/{self.session}/goog/cdp/execute",
                         {"cmd": command, "params": parameters})

    def resize(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                      mobile=False)

    def prefer(self, **features):
        """Media features, such as prefers_color_scheme="dark"."""
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def screenshot(self):
        """What is seen of the page, as PNG."""
        return base64.b64decode(self._ask("GET", f"/session/{self.session}/screenshot"))

    def messages(self):
        """What the console has got since this was asked last: errors, and reports of a policy that was broken."""
        return [entry["message"] for entry in self._ask("POST", f"/session/{self.session}/se/log",
                                                        {"type": "browser"})]

    def stop(self):
        if self.process is None:
            return
        try:
            if self.session:
                self._ask("DELETE", f"/session/{self.session}")
        finally:
            try:      # it is the leader of a group of its own, with all of the browser in it
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
