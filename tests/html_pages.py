# html_pages.py - reads the pages that check-html.sh has made, and reports in TAP.
#
# SPDX-License-Identifier: BSD-2-Clause

import html.parser
import os
import re
import sys
import urllib.parse

VOID = {"meta", "link", "br"}


class Page(html.parser.HTMLParser):
    def __init__(self, name, text):
        super().__init__()
        self.name, self.open, self.ids, self.links, self.faults = name, [], [], [], []
        self.feed(text)
        self.close()
        self.faults += [f"{name}: {tag} is not closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if "href" in attrs:
            self.links.append(attrs["href"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        if tag not in VOID:
            self.faults.append(f"{self.name}: {tag} is closed at once")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"{self.name}: line {self.getpos()[0]}: /{tag} closes another element")


def read(name):
    with open(name, encoding="utf-8") as file:
        return file.read()


def dead_links(pages, files):
    for page in pages.values():
        for link in page.links:
            name, _, anchor = urllib.parse.unquote(link).partition("#")
            name = name or page.name
            if name not in files or (anchor and anchor not in pages[name].ids):
                yield f"{page.name}: {link} leads nowhere"


def rows():
    """(method, segment, naming, options) of both tables of routes."""
    for name in ("handlers/routes.c", "ws/role/routes.c"):
        text = read(name)
        macros = dict(re.findall(r'#define (\w+_OPTIONS) "(.*)"', text))
        for method, segment, naming, options in re.findall(
                r'\{\{METHOD_(\w+), *"([\w.]*)", *(\w+), *[^,]+, *[^,]+, *\w+, *("[^"]*"|\w+),', text):
            yield method, segment, naming, macros.get(options, options.strip('"')).split()


def missing_routes(ids):
    for method, segment, naming, _ in rows():
        name = "/[a-z]+" if naming == "NAMED" else "(/[a-z]+)?" if naming == "EITHER" else ""
        if not any(re.fullmatch(f"{method}/{segment}{name}", id) for id in ids):
            yield f"no anchor for {method} /{segment}{name}"


def missing_options(ids):
    for _, segment, _, options in rows():
        for option in options:
            if f"option/{segment}/{option}" not in ids:
                yield f"no anchor for option {option} of /{segment}"


def missing_settings(ids):
    text = read("base/settings.c")
    table = text[text.index("TEXT(redis,"):]
    table = table[:table.index("};")]
    names = re.findall(r'^    (?:\w+\("?|\{")(\w+)', table, re.MULTILINE)
    if len(names) < 30:
        yield "the table of settings was not read"
    yield from (f"no anchor for {name}" for name in names if name not in ids)


def missing_errors(ids):
    inner = {"ok", "again"}     # no client is told these
    for code in re.findall(r'\] = \{\d+, "(\w+)"', read("base/status.c")):
        if code not in inner and code not in ids:
            yield f"no anchor for {code}"


# Routes that stand in the list of protocol.txt, and what they must not be taken for.
TOLD_ELSEWHERE = {"POST/q/foo?acks=1": "queues.html#many-leases-in-one-request"}


def wrong_routes(text):
    for route, place in TOLD_ELSEWHERE.items():
        line = re.search(rf'<span id="{re.escape(route)}">.*', text)
        if not line or f'href="{place}"' not in line[0]:
            yield f"{route} does not lead to {place}"


def main(folder):
    files = set(os.listdir(folder))
    pages = {name: Page(name, read(os.path.join(folder, name)))
             for name in sorted(files) if name.endswith(".html")}
    every = {id for page in pages.values() for id in page.ids}
    protocol = set(pages["protocol.html"].ids)
    tests = [
        ("elements are closed in order", [fault for page in pages.values() for fault in page.faults]),
        ("no id stands twice on a page", [f"{page.name}: {id}" for page in pages.values()
                                          for id in set(page.ids) if page.ids.count(id) > 1]),
        ("links lead to a page and an anchor", dead_links(pages, files)),
        ("a route has an anchor", missing_routes(protocol)),
        ("a route leads to where it is told of", wrong_routes(read(os.path.join(folder, "protocol.html")))),
        ("an option has an anchor", missing_options(every)),
        ("a setting has an anchor", missing_settings(set(pages["restmq.conf.5.html"].ids))),
        ("an error has an anchor", missing_errors(protocol)),
    ]
    print(f"1..{len(tests)}")
    failed = False
    for number, (name, complaints) in enumerate(tests, 1):
        complaints = list(complaints)
        for complaint in complaints:
            print(f"# {complaint}")
        print("not ok" if complaints else "ok", number, "-", name)
        failed = failed or bool(complaints)
    return failed


sys.exit(main(sys.argv[1]))
