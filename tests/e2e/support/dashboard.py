# dashboard.py - the dashboard in a real Chromium: its pages, and what a person does there.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import time

import browser as browsers
import stack as servers

WIDTHS = [1280, 400]
REFUSED = "Failed to load resource"     # what the console says of any answer that is no success

# Finds what a person sees: a control by its label or text, below an element that is shown.
TOOLS = r"""
window.tool = {
    seen: e => e.checkVisibility(),
    name(e) {
        const label = e.getAttribute('aria-label') || (e.labels && e.labels[0] && e.labels[0].textContent) || e.textContent;
        return label.trim().replace(/\s+/g, ' ');
    },
    root: () => document.querySelector('dialog[open]') || document,
    all(selector, name) {
        const found = [...tool.root().querySelectorAll(selector)].filter(e => tool.seen(e));
        return found.filter(e => tool.name(e) === name).concat(found.filter(e => tool.name(e) !== name
            && tool.name(e).startsWith(name)));
    },
    one(selector, name) { return tool.all(selector, name)[0]; },
};
"""


class Dashboard:
    """A browser at /ui/ of a stack; port: another one that leads there."""

    def __init__(self, browser, stack, port=None, prefix=""):
        self.browser, self.stack = browser, stack
        self.origin = f"http://127.0.0.1:{port or stack.port}{prefix}"

    def open(self, page, width=None, key=None):
        """The page anew, as in a tab of its own."""
        if width:
            self.browser.resize(width, 900)
        self.browser.open(f"{self.origin}/health")
        self.browser.run("sessionStorage.clear(); localStorage.clear()")
        if key:
            self.browser.run("sessionStorage.setItem('restmq.key', arguments[0])", key)
        self.browser.messages()
        self.browser.open(f"{self.origin}/ui/#/{page}")
        self.ready()

    def ready(self):
        self.browser.run(TOOLS)
        self.until("return document.querySelector('main h1') && !document.querySelector('main .loading')")

    def go(self, page):
        """Within the tab, by its address."""
        self.browser.run("location.hash = arguments[0]", f"#/{page}")
        self.until("return location.hash.startsWith(arguments[0])", f"#/{page}")
        time.sleep(0.1)
        self.ready()

    def run(self, script, *arguments):
        return self.browser.run(script, *arguments)

    def until(self, script, *arguments, seconds=10):
        """The first true value of the script."""
        try:
            return servers.wait_for(lambda: self.run(script, *arguments), servers.patience(seconds), 0.05)
        except TimeoutError:
            shown = self.run("return document.querySelector('main').innerText")
            raise AssertionError(f"not within {seconds} s: {script} {arguments}; the page has {shown!r}") from None

    def text(self):
        return self.run("return document.body.innerText")

    def shows(self, text, seconds=10):
        self.until("return document.body.innerText.includes(arguments[0])", text, seconds=seconds)

    def shows_not(self, text, seconds=10):
        self.until("return !document.body.innerText.includes(arguments[0])", text, seconds=seconds)

    def offers(self, name, selector="button, a, select, input, textarea"):
        return self.run("return Boolean(tool.one(arguments[1], arguments[0]))", name, selector)

    def click(self, name, selector="button, a, input[type=checkbox]"):
        self.until("return Boolean(tool.one(arguments[1], arguments[0]))", name, selector)
        self.run("tool.one(arguments[1], arguments[0]).click()", name, selector)

    def enter(self, label, value):
        """Types into a field, or chooses of a select."""
        self.until("return Boolean(tool.one('input, textarea, select', arguments[0]))", label)
        self.run("""const e = tool.one('input, textarea, select', arguments[0]);
            e.focus();
            if (e.tagName === 'SELECT') { e.value = arguments[1]; e.dispatchEvent(new Event('change', {bubbles: true})); }
            else { e.value = arguments[1]; e.dispatchEvent(new Event('input', {bubbles: true})); }""", label, value)

    def press(self, key, **more):
        for kind in "keyDown", "keyUp":
            self.browser.devtools("Input.dispatchKeyEvent", type=kind, key=key, code=key, **more)

    def confirm(self):
        """The dialog that is open."""
        self.until("return Boolean(document.querySelector('dialog[open] button[type=submit]:not(:disabled)'))")
        self.run("document.querySelector('dialog[open] button[type=submit]').click()")

    def complaints(self, refused=False):
        """Of the console: errors and broken policies; refused: answers that are no success are expected."""
        return [message for message in self.browser.messages() 
                if not (refused and REFUSED in message) and "/favicon.ico" not in message]

    def fits(self):
        """Does nothing stand out of the page at its right?"""
        return self.run("return document.documentElement.scrollWidth <= innerWidth")


def axe_source(builddir):
    """The text of axe-core, if bootstrap has fetched it."""
    path = os.path.join(builddir, "axe-core", "package", "axe.min.js")
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return file.read()


def violations(dashboard, axe):
    """What axe-core finds against WCAG 2 A and AA."""
    dashboard.run(axe + "; window.axe = axe;")
    found = dashboard.browser.wait("""const result = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a',
        'wcag21aa']}); return result.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' '
        + n.failureSummary).slice(0, 3).join(' | '));""")
    assert "error" not in found, found
    return found["value"]
