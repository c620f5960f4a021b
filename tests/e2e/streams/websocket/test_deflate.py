# test_deflate.py - permessage-deflate (RFC 7692), end to end; the numbers of the cases 12 and 13 are
# those of the public conformance suite (Autobahn).
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import random
import signal
import time
import zlib

import pytest

import browser as browsers
import consumers
import stack as servers
from checks import push
from consumers import (BINARY, CLOSE, DEFLATE, DEFLATE_TERMS, PING, PONG, TEXT, Deflated, Refused,
                       Websocket, deflated, frame)
from reliable import policy
from test_rfc6455 import CONTINUED, closing

MAX = 262144
MIB = 1 << 20


@pytest.fixture(scope="module")
def stack(builddir):
    with servers.Stack(builddir, helpers=1, conf={"deflate": "on", "max_websocket": MAX}) as stack:
        yield stack


# --- the suite's 12 and 13 ----------------------------------------------------------------------
# A case sends messages that are cut from a piece of data, one after the other, each when the one
# before has come back.  The suite sends 1000; here it is a mebibyte at most.

WORDS = """der die und in den von zu das mit sich des auf ist im dem nicht ein eine als auch es
an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war
haben nur oder aber vor zur bis mehr durch man sein wurde sei Menschen Geist Erde Herz Welt""".split()


def json_data(chance):
    return json.dumps([{"id": number, "name": " ".join(chance.sample(WORDS, 3)),
                        "is_active": chance.random() < 0.5, "balance": chance.randrange(10 ** 6) / 100,
                        "tags": chance.sample(WORDS, 4)} for number in range(1200)]).encode()


def bitmap_data(chance):
    pixels = (min(255, max(0, (x + y) // 4 + chance.randrange(-6, 7)))
              for y in range(512) for x in range(512))
    return b"BM" + bytes(1076) + bytes(pixels)


def prose_data(chance):
    lines = (" ".join(chance.choices(WORDS, k=8)) for _ in range(5000))
    return "\n".join(lines).encode("latin-1")


def html_data(chance):
    rows = (f'<tr class="row"><td id="c{number}">{chance.choice(WORDS)}</td>'
            f'<td><a href="/page/{chance.randrange(1000)}">{chance.choice(WORDS)}</a></td></tr>\n'
            for number in range(2600))
    return ("<!DOCTYPE html><table>" + "".join(rows) + "</table>").encode()


def document_data(chance):
    """Mostly compressed already."""
    objects = (b"%d 0 obj\n<< /Length 9000 >>\nstream\n%s\nendstream\nendobj\n"
               % (number, chance.randbytes(9000)) for number in range(110))
    return b"%PDF-1.4\n" + b"".join(objects)


KINDS = [("json", TEXT, json_data), ("bitmap", BINARY, bitmap_data), ("prose", BINARY, prose_data),
         ("html", TEXT, html_data), ("document", BINARY, document_data)]

# Bytes of a message, and of its fragments; 0: it has one.
SIZES = [*((size, 0) for size in (16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072)),
         *((size, 256) for size in (8192, 16384, 32768, 65536, 131072)),
         (131072, 1024), (131072, 4096), (131072, 32768)]

# What the client offers of (server_no_context_takeover, server_max_window_bits), one or several.
OFFERS = [[(False, 0)], [(True, 0)], [(False, 9)], [(False, 15)], [(True, 9)], [(True, 15)],
          [(True, 9), (True, 0), (False, 0)]]


def offer(has_no_takeover, window):
    return "; ".join([DEFLATE, "client_no_context_takeover", "client_max_window_bits",
                      *["server_no_context_takeover"] * has_no_takeover,
                      *[f"server_max_window_bits={window}"] * bool(window)])


class Case:
    def __init__(self, name, kind, size, fragment, offers):
        self.name = f"{name}-{kind[0]}-{size}-by-{fragment}"
        self.opcode, self.data = kind[1:]
        self.size, self.fragment = size, fragment
        self.offers = [", ".join(offer(*one) for one in offers)]
        window = offers[0][1]
        self.agreed = DEFLATE_TERMS + (f"; server_max_window_bits={window}" if window else "")
        self.count = min(1000, max(4, MIB // size))


CASES = [Case(f"12.{group}.{number}", kind, *sizes, [(False, 0)])
         for group, kind in enumerate(KINDS, 1) for number, sizes in enumerate(SIZES, 1)] + [
        Case(f"13.{group}.{number}", KINDS[0], *sizes, offers)
        for group, offers in enumerate(OFFERS, 1) for number, sizes in enumerate(SIZES, 1)]
assert len(CASES) == 216

_made = {}


def messages_of(case):
    """Texts are ASCII, so that they can be cut anywhere."""
    if case.data not in _made:
        data = case.data(random.Random(1))
        _made[case.data] = data + data[:MAX]
    data = _made[case.data]
    for number in range(case.count):
        at = number * case.size % (len(data) - MAX)
        yield data[at:at + case.size]


def frames(opcode, payload, fragment):
    """Deflated, and then cut."""
    size = fragment or max(1, len(payload))
    pieces = [payload[at:at + size] for at in range(0, len(payload), size)]
    return b"".join(frame(CONTINUED if number else opcode, piece, fin=number == len(pieces) - 1,
                          rsv=0 if number else 4) for number, piece in enumerate(pieces))


def check(consumer, case):
    for message in messages_of(case):
        consumer.wire.send(frames(case.opcode, deflated(message), case.fragment))
        assert consumer.message(10) == (case.opcode, message)
    if case.data is not document_data:
        assert all(form[0] == (case.size >= 512) for form in consumer.forms)
    consumer.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(client, queue, case):
    check(client(Deflated, offers=case.offers, agreed=case.agreed).consume(queue), case)


@pytest.mark.parametrize("case", [case for case in CASES if case.name.split("-")[0] in (
    "12.1.8", "12.2.13", "12.5.18", "13.3.9", "13.7.16")], ids=lambda case: case.name)
def test_case_through_the_web_server(client, queue, case):
    check(client(Deflated, "proxied", offers=case.offers, agreed=case.agreed).consume(queue), case)


# --- what is agreed upon ------------------------------------------------------------------------

@pytest.mark.parametrize("offers, agreed", [
    ((), None), (("x-webkit-deflate-frame",), None), ((DEFLATE,), DEFLATE_TERMS),
    ((f"{DEFLATE}; server_max_window_bits=8",), None),
    ((f"{DEFLATE}; server_max_window_bits=8, {DEFLATE}; server_max_window_bits=9",),
     f"{DEFLATE_TERMS}; server_max_window_bits=9"),
    ((f'{DEFLATE}; server_max_window_bits="12"',), f"{DEFLATE_TERMS}; server_max_window_bits=12"),
    ((f"{DEFLATE}; mystery", "other; a=b", f"{DEFLATE}; client_max_window_bits=10"), DEFLATE_TERMS),
    ((f"{DEFLATE}; server_no_context_takeover; server_no_context_takeover",), None)])
@pytest.mark.parametrize("path", ["direct", "proxied"])
def test_offers(client, queue, path, offers, agreed):
    consumer = client(Deflated, path, offers=offers, agreed=agreed).consume(queue)
    text = "hello " * 1000
    consumer.wire.send(frame(TEXT, text))      # it may be sent plain
    assert consumer.message() == (TEXT, text.encode())
    assert consumer.forms[0][0] == bool(agreed)
    if not agreed:
        consumer.wire.send(frame(TEXT, deflated(b"hello"), rsv=4))
        assert closing(consumer) == 1002


@pytest.mark.parametrize("field", [f"{DEFLATE};", f"{DEFLATE}; a=", f'{DEFLATE}; a="b', "=", "a b"])
def test_no_list_of_extensions(client, queue, field):
    with pytest.raises(Refused) as refused:
        client(Deflated, offers=(field,)).consume(queue)
    assert refused.value.status == 400
    assert "Sec-WebSocket-Extensions" in refused.value.answer.json()["error"]


def test_older_versions_have_no_extension(client, queue, http):
    push(http, queue, "x" * 5000)
    for transport in consumers.Hybi8, consumers.Hybi7, consumers.Hixie76, consumers.Hixie75:
        consumer = client(transport).consume(queue)      # they check the answer
        assert "Sec-WebSocket-Extensions" not in str(consumer.answer)


def test_off_by_default(new_stack, queue):
    """And on for new connections when the setting changes."""
    stack = new_stack()
    with Websocket(stack.ws_port).consume(queue) as before:     # offers it
        stack.helper.configure({**stack.conf, "deflate": "on"})
        stack.helper.signal(signal.SIGHUP)
        servers.wait_for(lambda: agrees(stack), step=0.1)
        with Deflated(stack.ws_port).consume(queue) as after:
            text = "hello " * 1000
            push(stack.http, queue, text)
            assert before.next()["value"] == after.next()["value"] == text
            assert after.forms[0][0]


def agrees(stack):
    """Does it agree upon the extension now?"""
    try:
        with Deflated(stack.ws_port).consume("probe"):
            return True
    except AssertionError:
        return False


# --- what comes in ------------------------------------------------------------------------------

HELLO = b"Hello"
GOOD = {
    "a-block": bytes.fromhex("f248cdc9c90700"),
    "not-compressed": bytes.fromhex("000500faff48656c6c6f00"),
    "a-last-block": bytes.fromhex("f348cdc9c9070000"),
    "two-blocks": bytes.fromhex("f248050000 00ffff cac9c90700"),
    "with-its-tail": bytes.fromhex("f248cdc9c90700") + consumers.DEFLATE_TAIL,
    "a-last-block-and-no-more": bytes.fromhex("f348cdc9c90700"),
    "by-zlib-finished": deflated(HELLO, flush=zlib.Z_FINISH),
    "by-zlib-full-flush": deflated(HELLO, flush=zlib.Z_FULL_FLUSH),
    "level-0": deflated(HELLO, level=0),
    "window-9": deflated(HELLO, window=9),
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("fragment", [0, 1, 3])
def test_a_message(client, queue, name, fragment):
    consumer = client(Deflated).consume(queue)
    consumer.wire.send(frames(TEXT, GOOD[name], fragment) + frame(TEXT, b"plain"))
    assert consumer.message() == (TEXT, HELLO)
    assert consumer.message() == (TEXT, b"plain")
    consumer.close()


def test_empty_messages_and_what_may_stand_between_fragments(client, queue):
    consumer = client(Deflated).consume(queue)
    data = deflated(b"one and the same")
    consumer.wire.send(frame(TEXT, b"\0", rsv=4) + frame(BINARY, b"", rsv=4)
                       + frame(TEXT, data[:3], fin=False, rsv=4) + frame(PING, b"p")
                       + frame(CONTINUED, b"", fin=False) + frame(CONTINUED, data[3:]))
    events = [consumer.frame(time.monotonic() + 5) for _ in range(4)]
    assert [event for event in events if event[0] != PONG] == [
        (TEXT, b""), (BINARY, b""), (TEXT, b"one and the same")]
    assert (PONG, b"p") in events
    consumer.close()


BOMB = deflated(bytes(20 * MIB), level=9)


BAD = {
    "rsv-1-on-a-ping": (frame(PING, b"x", rsv=4), 1002),
    "rsv-1-on-a-pong": (frame(PONG, b"x", rsv=4), 1002),
    "rsv-1-on-a-close": (frame(CLOSE, b"\x03\xe8", rsv=4), 1002),
    "rsv-1-on-a-continuation": (frame(TEXT, b"\0", fin=False, rsv=4)
                                + frame(CONTINUED, b"\0", rsv=4), 1002),
    "rsv-1-on-a-plain-continuation": (frame(TEXT, b"x", fin=False)
                                      + frame(CONTINUED, b"\0", rsv=4), 1002),
    "rsv-2": (frame(TEXT, b"\0", rsv=2), 1002),
    "rsv-1-and-3": (frame(TEXT, b"\0", rsv=5), 1002),
    "junk": (frame(TEXT, b"this is not deflated", rsv=4), 1007),
    "cut": (frame(TEXT, deflated(HELLO)[:4], rsv=4), 1007),
    "a-reserved-block": (frame(BINARY, b"\x06", rsv=4), 1007),
    "no-utf-8": (frame(TEXT, deflated(b"\xff"), rsv=4), 1007),
    "no-utf-8-in-fragments": (frames(TEXT, deflated("κόσμε".encode()[:-1]), 2), 1007),
    "just-too-long": (frame(BINARY, deflated(bytes(MAX + 1)), rsv=4), 1009),
    "a-bomb": (frame(BINARY, BOMB, rsv=4), 1009),
    "a-bomb-in-fragments": (frames(TEXT, BOMB, 1000), 1009),
    "too-long-before-it-is-inflated": (frame(BINARY, bytes(MAX + MAX // 8 + 65), rsv=4), 1009),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake(client, queue, name):
    sent, code = BAD[name]
    consumer = client(Deflated).consume(queue)
    consumer.wire.send(sent)
    assert closing(consumer) == code


def test_as_long_as_may_be(client, queue):
    """Even where it gets longer when it is deflated."""
    consumer = client(Deflated).consume(queue)
    for data, level in ((bytes(MAX), 9), (random.Random(2).randbytes(MAX), 6), (bytes(MAX), 0)):
        consumer.wire.send(frame(BINARY, deflated(data, level=level), rsv=4))
        assert consumer.message() == (BINARY, data)
    consumer.close()


def test_a_bomb_takes_no_memory(plain_memory, stack, queue):
    sent = frame(BINARY, BOMB, rsv=4)
    before = memory(stack)
    for _ in range(10):
        with Deflated(stack.ws_port).consume(queue) as consumer:
            consumer.wire.send(sent)
            assert closing(consumer) == 1009
    assert memory(stack) - before < 8 * MIB


def memory(stack):
    with open(f"/proc/{stack.helper.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def test_bombs_do_not_hold_the_others_up(client, queue):
    """They inflate to a thousand times what is sent; whoever else says something is heard."""
    sent = frame(TEXT, deflated(b" " * MAX), rsv=4) * 200
    speaking = [client(Deflated).consume(queue) for _ in range(3)]
    other = client(Deflated).consume(queue)
    for consumer in speaking:
        consumer.wire.send(sent)
    began = time.monotonic()
    other.send("hello")
    assert other.message(10) == (TEXT, b"hello")
    assert time.monotonic() - began < servers.patience(3)


# --- what goes out ------------------------------------------------------------------------------

def test_a_message_for_many(client, queue, http):
    """Who agreed upon different windows, or upon nothing, gets the same, in one order."""
    windows = [client(Deflated, offers=(f"{DEFLATE}; server_max_window_bits={bits}",),
                      agreed=f"{DEFLATE_TERMS}; server_max_window_bits={bits}").consume(queue)
               for bits in range(9, 16)]
    others = [client(Deflated).consume(queue), client(Deflated, "proxied").consume(queue),
              client(Deflated, offers=(), agreed=None).consume(queue),
              client(consumers.DeflatedLibrary).consume(queue), client(consumers.Sse).consume(queue),
              client(consumers.Hixie76).consume(queue)]
    values = ["short", "hello " * 1000, "κόσμε " * 300, "", "x" * 100000, "last"]
    push(http, queue, *values)
    for consumer in windows + others:
        assert consumer.values(len(values)) == values
    for consumer in windows + others[:2]:
        assert [form[0] for form in consumer.forms] == [False, True, True, False, True, False]
    assert not any(form[0] for form in others[2].forms)


def test_each_gets_its_own(client, queue, http):
    policy(http, queue, policy="roundrobin")
    some = [client(Deflated).consume(queue, query) for query in ("", "?ack=explicit&prefetch=2")]
    push(http, queue, *("hello " * 1000 + str(number) for number in range(4)))
    values = []
    for consumer in some:
        for _ in range(2):
            message = consumer.next()
            values.append(message["value"])
            if "lease" in message:
                consumer.ack(message)
        consumer.settle()
    assert sorted(value[-1] for value in values) == ["0", "1", "2", "3"]
    assert all(form[0] for consumer in some for form in consumer.forms if form[1] > 100)
    assert len({form[0] for consumer in some for form in consumer.forms}) == 2  # acks are short


def test_binary_on_a_channel(client, queue, redis):
    consumer = client(Deflated).connect(f"/sub/{queue}")
    redis.publish(queue, b"\xff\0" * 5000)
    assert consumer.message() == (BINARY, b"\xff\0" * 5000)
    assert consumer.forms[-1][0]


def test_what_gets_no_shorter_is_sent_as_it_is(client, queue, redis):
    consumer = client(Deflated).connect(f"/sub/{queue}")
    data = random.Random(3).randbytes(200000)
    redis.publish(queue, data)
    assert consumer.message() == (BINARY, data)
    assert consumer.forms == [(False, 200000)]


def test_the_shortest_that_is_deflated(new_stack, queue):
    stack = new_stack(conf={"deflate": "on", "deflate_min": 100})
    with Deflated(stack.ws_port).connect(f"/sub/{queue}") as consumer:
        for size in 99, 100:
            consumer.wire.send(frame(TEXT, "x" * size))
            consumer.message()
        assert [form[0] for form in consumer.forms] == [False, True]


def test_large_messages_do_not_hold_the_loop(plain_memory, new_stack, queue):
    """Above a mebibyte they are sent as they are."""
    stack = new_stack(conf={"deflate": "on", "max_message": 16 * MIB, "max_body": 32 * MIB,
                            "max_outbox": 64 * MIB})
    with Deflated(stack.ws_port).consume(queue) as consumer:
        push(stack.http, queue, "hello " * MIB)
        assert len(consumer.next(30)["value"]) == 6 * MIB
        assert consumer.forms == [(False, consumer.forms[0][1])]


# --- real clients -------------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["direct", "proxied"])
def test_a_library(client, queue, http, path):
    consumer = client(consumers.DeflatedLibrary, path).consume(queue)
    push(http, queue, "short", "hello " * 1000)
    assert consumer.values(2) == ["short", "hello " * 1000]
    assert consumer.command(cmd="add", queue=f"{queue}-x", value="hello " * 1000)["key"]
    for text in "", "κόσμε", "hello " * 1000, "x" * 100000:
        consumer.send(text)
        assert consumer.raw() == text


@pytest.mark.browser
@pytest.mark.parametrize("path", ["direct", "proxied"])
def test_a_browser(stack, http, queue, path):
    port = stack.ws_port if path == "direct" else stack.port
    push(http, queue, "short", "hello " * 1000)
    with browsers.Browser() as browser:
        browser.open(f"http://127.0.0.1:{port}/health")
        browser.run("""window.seen = [];
            window.socket = new WebSocket('ws://' + location.host + '/ws/' + arguments[0]);
            socket.onmessage = event => seen.push(event.data);
            socket.onopen = () => { socket.send('κόσμε '.repeat(1000)); socket.send(''); };""", queue)
        servers.wait_for(lambda: browser.run("return seen.length") == 4)
        seen = browser.run("return seen")
        assert browser.run("return socket.extensions").startswith(DEFLATE)
        assert {"κόσμε " * 1000, ""} < set(seen)
        assert [json.loads(text)["value"] for text in seen if text.startswith('{"key"')] == [
            "short", "hello " * 1000]
