# test_protocol_txt.py - the documents are true: every example of docs/protocol.txt and of those that have
# the other sections of the protocol, and the first screen of README, give what they show.
#
# SPDX-License-Identifier: BSD-2-Clause

import re
import shlex
import subprocess
import time

import pytest

import consumers
import stack as servers
from checks import assert_common
from documents import PROTOCOL, TEXT, document

LONGEST = 1200      # lines
SECONDS = {"one": 1, "two": 2, "three": 3}

# Tokens of leases, ids of what channels keep, and times in ms: no two runs have the same.
VARYING = re.compile(r"[0-9a-f]{32}|[0-9a-f]{13}-[0-9]{13}|[0-9]{13}")

# And what stands behind such a time in Redis.
FRACTION = re.compile(r"(?<=[0-9]{13})\.[0-9]+")

# A letter names a connection that stays open.
STREAM = re.compile(r"    ([a-z])([<>])(?: |$)")

# /ready says what this Redis promises.
REDIS_OPTIONS = ["--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy",
                 "noeviction"]


# --- reading the documents ------------------------------------------------------------------------

def read_sections(name):
    """[(heading, steps)]; a heading stands behind two empty lines.  Steps, each with the place of its
    first line: an example (request, answer), a redis> command (command, answer), what goes over a
    stream (its letter, > or <, text), a pause, and jsonp, from which on it is switched on."""
    lines = document(name).splitlines()
    sections = [(lines[0], [])]
    number = 0
    while number < len(lines):
        line, steps = lines[number], sections[-1][1]
        number += 1
        start, place = number, f"{name}:{number}"
        if lines[start - 3:start - 1] == ["", ""] and line:
            sections.append((line, []))
        elif line.startswith("    > "):
            request, number = read_quote(lines, start - 1, "    >")
            answer, number = read_quote(lines, number, "    <")
            steps.append(("example", place, (request, answer)))
        elif stream := STREAM.match(line):
            text, number = read_quote(lines, start - 1, stream[0].rstrip())
            steps.append(("stream", place, (stream[1], stream[2], text)))
        elif line.startswith("    redis> "):
            while lines[number:] and lines[number].startswith("    ") and not lines[number].startswith("    redis> "):
                number += 1
            answer = [shown.strip() for shown in lines[start:number]]
            steps.append(("redis", place, (line.removeprefix("    redis> "), "\n".join(answer))))
        elif line == "With jsonp = on:":
            steps.append(("jsonp", place, None))
        elif pause := re.fullmatch(r"\((\w+) seconds? later\)", line):
            steps.append(("pause", place, SECONDS[pause[1]]))
    return [(heading, steps) for heading, steps in sections if steps]


def read_quote(lines, number, mark):
    """The text behind the marks, and the number of the line that follows it.  Four more spaces than
    one are the rest of the line before."""
    text = []
    while number < len(lines) and lines[number].startswith(mark):
        line = lines[number][len(mark):]
        if line.startswith("     "):
            text[-1] += line[5:]
        else:
            text.append(line[1:])
        number += 1
    return "\n".join(text), number


SECTIONS = [section for name in PROTOCOL for section in read_sections(name)]


# --- running it -----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def documented(builddir):
    """The stack of the examples: its Redis has a port, as theirs."""
    with servers.Stack(builddir, workers=1, redis_options=REDIS_OPTIONS, tcp=True,
                       helpers=1, conf={"history": "off"}) as stack:
        yield stack


def ask(stack, request):
    """Sends a request as the document shows it; a lone JSON text is a command for /queue."""
    if request.startswith("{"):
        request = "POST /queue\nContent-Type: application/json\n\n" + request
    head, _, body = request.partition("\n\n")
    first, *headers = head.splitlines()
    method, path = first.split(" ")
    if "multipart/form-data" in head:
        body = body.replace("\n", "\r\n")
    return stack.http.request(method, path, body or None,
                              dict(line.split(": ", 1) for line in headers))


def as_shown(stack, response, shown):
    """An answer as the document would show it: with the headers it shows there, without the CRLF of
    JSON and text, without a page's HTML."""
    assert_common(response)
    body = response.text.replace(stack.redis.address, "127.0.0.1:6379")
    if response.type not in ("application/octet-stream", "text/html") and body:
        assert body.endswith("\r\n")
        body = body[:-2]
    if shown.startswith("{"):
        assert response.status == 200 and response.type == "application/json"
        return body
    names = [line.split(": ")[0] for line in shown.partition("\n\n")[0].splitlines()[1:]]
    head = [str(response.status)] + [f"{name}: {header(response, name)}" for name in names]
    return "\n".join(head) + ("\n\n" + body if body and response.type != "text/html" else "")


def header(response, name):
    """lighttpd has a newer name for this type."""
    return (response.headers[name] or "missing").replace("text/javascript",
                                                         "application/javascript")


class Stream:
    """A connection of the examples: its request, then what comes over it and what is said."""

    def __init__(self, port, request):
        first, *headers = request.splitlines()
        path = first.removeprefix("GET ")
        fields = dict(line.split(": ", 1) for line in headers)
        if fields.pop("Upgrade", None):
            self.consumer = consumers.Websocket(port)
        elif fields.pop("Accept", None):
            self.consumer = consumers.Sse(port)
        elif path.startswith("/w/"):
            self.consumer = consumers.LongPoll(port)
        else:
            self.consumer = consumers.Comet(port)
        self.consumer.connect(path, fields)
        self.is_answered = False

    def say(self, text):
        if text == "(close)" or text == "(close 1000)":
            self.consumer.close()
        else:
            self.consumer.send(text)

    def hear(self, shown):
        """What came, as the document would show it."""
        lines = shown.split("\n")
        if shown == "(end)" or shown.startswith("(close"):
            return self.ending()
        if self.is_answered:
            return self.lines(lines)
        head, _, body = shown.partition("\n\n")
        if isinstance(self.consumer, consumers.LongPoll):
            body = "\n\n" + self.consumer.raw().removesuffix("\r\n")
        elif body:
            body = "\n\n" + self.lines(body.split("\n"))
        self.is_answered = True
        answer = self.consumer.answer
        names = [line.split(": ")[0] for line in head.splitlines()[1:]]
        shown = [f"{name}: {answer.get(name)}" for name in names]
        return "\n".join([str(answer.status), *shown]) + body

    def lines(self, shown):
        """As many as are shown: an event has several, elsewhere each is a message."""
        if not isinstance(self.consumer, consumers.Sse):
            return "\n".join(self.consumer.raw() for _ in shown)
        deadline = time.monotonic() + consumers.TIMEOUT
        return "\n".join(self.consumer.line(deadline) for _ in shown)

    def ending(self):
        closed = self.consumer.end()
        return f'(close {closed.code} "{closed.reason}")' if closed.code else "(end)"


def redis_cli(stack, command):
    done = subprocess.run(["redis-cli", "-p", str(stack.redis.port), "--no-raw",
                           *shlex.split(command)],
                          capture_output=True, text=True, timeout=20)
    return FRACTION.sub("", done.stdout.strip())


def learn(meant, shown, came):
    """What varies and is shown for the first time means what came in its place, from then on."""
    for name, value in zip(VARYING.findall(shown), VARYING.findall(came)):
        if len(name) == len(value):
            meant.setdefault(name, value)


def as_meant(meant, text):
    return VARYING.sub(lambda varying: meant.get(varying[0], varying[0]), text)


# What is promised is another thing there.
NO_CLUSTER = {"GET /ready": [pytest.mark.no_cluster("the document shows what one Redis promises")]}


@pytest.mark.parametrize("steps", [
    pytest.param(steps, id=heading, marks=NO_CLUSTER.get(heading, ())) for heading, steps in SECTIONS])
def test_examples(documented, new_stack, steps):
    """Under each heading they run in order and begin with an empty Redis."""
    stack, meant, streams = documented, {}, {}
    stack.redis.client().flushall()
    for kind, where, content in steps:
        if kind == "jsonp":
            stack = new_stack(workers=1, conf={"jsonp": "on"})
        elif kind == "pause":
            time.sleep(content)
        elif kind == "stream":
            name, direction, text = content
            if direction == "<":
                came = streams[name].hear(text)
                learn(meant, text, came)
                assert came == as_meant(meant, text), where
            elif text.startswith("GET "):
                port = stack.port if stack.web.notices_gone else stack.ws_port
                streams[name] = Stream(port, as_meant(meant, text))
            else:
                streams[name].say(as_meant(meant, text))
        elif kind == "redis" and servers.hash_tags:
            pytest.skip("keys are shown as they are without hash tags")
        elif kind == "redis":
            command, shown = content
            assert redis_cli(stack, command) == as_meant(meant, FRACTION.sub("", shown)), where
        else:
            request, shown = content
            came = as_shown(stack, ask(stack, as_meant(meant, request)), shown)
            learn(meant, shown, came)
            assert came == as_meant(meant, shown), where
    for stream in streams.values():
        stream.consumer.close()


def test_all_examples_were_found():
    quotes = re.findall(r"^ +(?:> (?:[A-Z]+ /|\{\"cmd)|redis> )", TEXT, re.MULTILINE)
    steps = [kind for _, steps in SECTIONS for kind, _, _ in steps]
    bodies = 2                      # commands that are shown as the body of a whole request
    assert steps.count("example") + steps.count("redis") == len(quotes) - bodies > 100
    opened = re.findall(r"^    [a-z]> GET ", TEXT, re.MULTILINE)
    assert sum(content[2].startswith("GET /") for _, steps in SECTIONS
               for kind, _, content in steps if kind == "stream") == len(opened) > 15
    pauses = re.findall(r"^\(.* later\)$", TEXT, re.MULTILINE)
    assert steps.count("pause") == len(pauses) > 0 and steps.count("jsonp") == 1


@pytest.mark.parametrize("name", PROTOCOL)
def test_a_document_can_be_read(name):
    assert document(name).count("\n") <= LONGEST


def test_each_section_is_where_the_list_says():
    listed, place = {}, None
    for line in document(PROTOCOL[0]).partition("one numbering:\n\n")[2].partition("\n\n")[0].splitlines():
        if file := re.search(r"\w+\.txt", line):
            place = "docs/" + file[0]
        if number := re.match(r" +(\d+)  ", line):
            listed[number[1]] = place
    assert listed == {number: name for name in PROTOCOL
                      for number in re.findall(r"^(\d+)  [A-Z]", document(name), re.MULTILINE)}


# --- README ---------------------------------------------------------------------------------------

def test_readme(documented):
    """The commands of its first screen."""
    documented.redis.client().flushall()
    screen = "\n".join(document("README").splitlines()[:30])
    commands = re.findall(r"^    \$ (curl .*)\n    (.*)$", screen, re.MULTILINE)
    assert len(commands) == 2
    for command, shown in commands:
        command = command.replace("127.0.0.1:8888", f"127.0.0.1:{documented.port}")
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=20)
        assert done.stdout.splitlines() == [shown], command
