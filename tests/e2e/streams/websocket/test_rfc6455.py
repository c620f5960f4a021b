# test_rfc6455.py - what a websocket does with every kind of frame, right and wrong, end to end; the
# categories and numbers are those of the public conformance suite (Autobahn).
#
# A case is a row: what the client sends, and what it gets for it.  What is no command comes
# back.
#
# SPDX-License-Identifier: BSD-2-Clause

import struct
import time

import pytest

import consumers
from consumers import BINARY, CLOSE, PING, PONG, TEXT, frame

CONTINUED = 0


def close(code=None, reason=b""):
    """The payload of a close frame."""
    return b"" if code is None else struct.pack(">H", code) + reason


class Case:
    """sends: frames, each bytes.  gets: (opcode, payload) in order; the last may be a close: its
    code, or None for one without."""

    def __init__(self, name, *sends, gets=(), closed=False, split=None):
        self.name = name
        self.sends = sends
        self.gets = list(gets)
        self.closed = closed      # False: the connection goes on; else the code or codes, or None
        self.split = split        # bytes of one send()


def case(name, *sends, **more):
    CASES.append(Case(name, *sends, **more))


def bad(name, *sends, code=1002, **more):
    case(name, *sends, closed=code, **more)


def echo(name, payload, **more):
    case(name, frame(TEXT, payload), gets=[(TEXT, payload)], **more)


CASES = []
SPLITS = (None, 1, 3)
HELLO = (TEXT, b"Hello, world!")

# --- 1 framing ----------------------------------------------------------------------------------

for size in 0, 1, 125, 126, 127, 128, 65535, 65536:
    echo(f"1.1-text-{size}", b"*" * size)
echo("1.1.8-text-65536-in-pieces-of-997", b"*" * 65536, split=997)
echo("1.1-text-300-byte-by-byte", b"*" * 300, split=1)

for size in 0, 1, 125, 126, 127, 128, 65535, 65536:
    case(f"1.2-binary-{size}", frame(BINARY, b"\xfe" * size), gets=[(BINARY, b"\xfe" * size)])
case("1.2.8-binary-65536-in-pieces-of-997", frame(BINARY, b"\xfe" * 65536),
     gets=[(BINARY, b"\xfe" * 65536)], split=997)

# --- 2 pings and pongs --------------------------------------------------------------------------

for split in SPLITS:
    for name, payload in (("2.1-empty", b""), ("2.2-text", b"Hello, world!"),
                          ("2.3-binary", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"),
                          ("2.4-125-bytes", b"\xfe" * 125)):
        case(f"{name}-split-{split}", frame(PING, payload), gets=[(PONG, payload)], split=split)
bad("2.5-126-bytes", frame(PING, b"\xfe" * 126))
bad("2.5-ping-with-a-long-length", frame(PING, b"x", size=16))
case("2.7-pong-nobody-asked-for", frame(PONG))
case("2.8-pong-with-payload", frame(PONG, b"unsolicited"))
case("2.9-pong-then-ping", frame(PONG, b"unsolicited"), frame(PING, b"ping"),
     gets=[(PONG, b"ping")])
bad("2.x-pong-of-126-bytes", frame(PONG, b"x" * 126))
for split in SPLITS:
    case(f"2.10-ten-pings-split-{split}", *[frame(PING, b"payload-%d" % n) for n in range(10)],
         gets=[(PONG, b"payload-%d" % n) for n in range(10)], split=split)

# --- 3 reserved bits ----------------------------------------------------------------------------

for bits in range(1, 8):
    bad(f"3.1-rsv-{bits}-text", frame(TEXT, b"Hello", rsv=bits))
    bad(f"3.6-rsv-{bits}-ping", frame(PING, b"Hello", rsv=bits))
    bad(f"3.7-rsv-{bits}-close", frame(CLOSE, close(1000), rsv=bits))
    bad(f"3.5-rsv-{bits}-binary", frame(BINARY, b"\0" * 8, rsv=bits))
    for split in SPLITS:
        bad(f"3.2-rsv-{bits}-second-text-split-{split}", frame(TEXT, HELLO[1]),
            frame(TEXT, b"x", rsv=bits), frame(PING), gets=[HELLO], split=split)
bad("3.x-rsv-1-continuation", frame(TEXT, b"a", fin=False), frame(CONTINUED, b"b", rsv=4))

# --- 4 opcodes ----------------------------------------------------------------------------------

for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
    bad(f"4-opcode-{opcode}", frame(opcode))
    bad(f"4-opcode-{opcode}-with-payload", frame(opcode, b"reserved"))
    for split in SPLITS:
        bad(f"4-opcode-{opcode}-after-text-split-{split}", frame(TEXT, HELLO[1]),
            frame(opcode, b"x"), frame(PING), gets=[HELLO], split=split)

# --- 5 fragmentation ----------------------------------------------------------------------------

bad("5.1-fragmented-ping", frame(PING, b"a", fin=False), frame(CONTINUED, b"b"))
bad("5.2-fragmented-pong", frame(PONG, b"a", fin=False), frame(CONTINUED, b"b"))
bad("5.x-fragmented-close", frame(CLOSE, close(1000), fin=False), frame(CONTINUED, b"b"))
for split in SPLITS:
    case(f"5.3-text-in-two-split-{split}", frame(TEXT, b"fragment1", fin=False),
         frame(CONTINUED, b"fragment2"), gets=[(TEXT, b"fragment1fragment2")], split=split)
    case(f"5.6-ping-in-between-split-{split}", frame(TEXT, b"fragment1", fin=False),
         frame(PING, b"ping"), frame(CONTINUED, b"fragment2"),
         gets=[(PONG, b"ping"), (TEXT, b"fragment1fragment2")], split=split)
    for fin in True, False:
        bad(f"5.9-nothing-to-continue-fin-{fin}-split-{split}",
            frame(CONTINUED, b"non-continuation", fin=fin), frame(TEXT, HELLO[1]), split=split)
    bad(f"5.15-continuation-behind-the-last-split-{split}", frame(TEXT, b"fragment1", fin=False),
        frame(CONTINUED, b"fragment2"), frame(CONTINUED, b"fragment3", fin=False),
        frame(TEXT, b"fragment4"), gets=[(TEXT, b"fragment1fragment2")], split=split)
    case(f"5.19-five-fragments-with-pings-split-{split}",
         frame(TEXT, b"1", fin=False), frame(CONTINUED, b"2", fin=False), frame(PING, b"ping 1"),
         frame(CONTINUED, b"3", fin=False), frame(CONTINUED, b"4", fin=False),
         frame(PING, b"ping 2"), frame(CONTINUED, b"5"),
         gets=[(PONG, b"ping 1"), (PONG, b"ping 2"), (TEXT, b"12345")], split=split)
bad("5.17-nothing-to-continue-at-first", frame(CONTINUED, b"", fin=True))
bad("5.18-text-within-text", frame(TEXT, b"fragment1", fin=False), frame(TEXT, b"fragment2"))
bad("5.x-binary-within-text", frame(TEXT, b"a", fin=False), frame(BINARY, b"b"))
case("5.x-binary-in-two", frame(BINARY, b"\xff", fin=False), frame(CONTINUED, b"\xfe"),
     gets=[(BINARY, b"\xff\xfe")])
case("5.x-pong-in-between", frame(TEXT, b"a", fin=False), frame(PONG, b"p"), frame(CONTINUED, b"b"),
     gets=[(TEXT, b"ab")])
case("5.x-empty-fragments", frame(TEXT, b"", fin=False), *[frame(CONTINUED, b"", fin=False)] * 50,
     frame(CONTINUED, b"x"), gets=[(TEXT, b"x")])
case("5.x-a-thousand-fragments", frame(TEXT, b"x", fin=False),
     *[frame(CONTINUED, b"x", fin=False)] * 998, frame(CONTINUED, b"x"), gets=[(TEXT, b"x" * 1000)])

# --- 6 UTF-8 ------------------------------------------------------------------------------------

echo("6.1.1-empty", b"")
case("6.1.2-three-empty-fragments", frame(TEXT, fin=False), frame(CONTINUED, fin=False),
     frame(CONTINUED), gets=[(TEXT, b"")])
case("6.1.3-middle-not-empty", frame(TEXT, fin=False), frame(CONTINUED, b"middle", fin=False),
     frame(CONTINUED), gets=[(TEXT, b"middle")])

KOSME = "κόσμε".encode()
VALID = {
    "6.2-kosme": "Hello-µ@ßöäüàá-UTF-8!!".encode(),
    "6.5-kosme": KOSME,
    "6.6-one-byte": b"\x7f",
    "6.7-first-of-1": b"\x00",
    "6.7-first-of-2": b"\xc2\x80",
    "6.7-first-of-3": b"\xe0\xa0\x80",
    "6.7-first-of-4": b"\xf0\x90\x80\x80",
    "6.9-last-of-1": b"\x7f",
    "6.9-last-of-2": b"\xdf\xbf",
    "6.9-last-of-3": b"\xef\xbf\xbf",
    "6.9-last-of-4": b"\xf4\x8f\xbf\xbf",
    "6.11-before-surrogates": b"\xed\x9f\xbf",
    "6.11-after-surrogates": b"\xee\x80\x80",
    "6.11-replacement": b"\xef\xbf\xbd",
    "6.22-noncharacter-fffe": b"\xef\xbf\xbe",
    "6.22-noncharacter-1ffff": b"\xf0\x9f\xbf\xbf",
    "6.23-byte-order-mark": b"\xef\xbb\xbf",
    "6.x-line-separators": "\u2028\u2029\x85".encode(),
}
for name, text in VALID.items():
    echo(name, text)
    case(f"{name}-in-fragments-of-one", *[
        frame(CONTINUED if at else TEXT, text[at:at + 1], fin=at + 1 == len(text))
        for at in range(len(text))], gets=[(TEXT, text)])
    echo(f"{name}-byte-by-byte", text, split=1)

INVALID = {
    "6.3-surrogate": KOSME + b"\xed\xa0\x80" + b"edited",
    "6.8-five-bytes": b"\xf8\x88\x80\x80\x80",
    "6.8-six-bytes": b"\xfc\x84\x80\x80\x80\x80",
    "6.10-over-10ffff": b"\xf4\x90\x80\x80",
    "6.10-last-of-4": b"\xf7\xbf\xbf\xbf",
    "6.10-last-of-5": b"\xfb\xbf\xbf\xbf\xbf",
    "6.10-last-of-6": b"\xfd\xbf\xbf\xbf\xbf\xbf",
    "6.12-continuation-80": b"\x80",
    "6.12-continuation-bf": b"\xbf",
    "6.12-continuations": b"\x80\xbf\x80\xbf",
    "6.12-all-continuations": bytes(range(0x80, 0xc0)),
    "6.13-lonely-starts-2": b" ".join(bytes([b]) for b in range(0xc0, 0xe0)),
    "6.13-lonely-starts-3": b" ".join(bytes([b]) for b in range(0xe0, 0xf0)),
    "6.13-lonely-starts-4": b" ".join(bytes([b]) for b in range(0xf0, 0xf8)),
    "6.14-half-of-2": b"\xc2",
    "6.14-half-of-3": b"\xe0\xa0",
    "6.14-half-of-4": b"\xf0\x90\x80",
    "6.14-half-of-kosme": KOSME[:-1],
    "6.15-halves-one-after-the-other": b"\xc2\xe0\xa0\xf0\x90\x80",
    "6.16-fe": b"\xfe",
    "6.16-ff": b"\xff",
    "6.16-fe-fe-ff-ff": b"\xfe\xfe\xff\xff",
    "6.17-overlong-slash-2": b"\xc0\xaf",
    "6.17-overlong-slash-3": b"\xe0\x80\xaf",
    "6.17-overlong-slash-4": b"\xf0\x80\x80\xaf",
    "6.17-overlong-slash-5": b"\xf8\x80\x80\x80\xaf",
    "6.18-overlong-max-2": b"\xc1\xbf",
    "6.18-overlong-max-3": b"\xe0\x9f\xbf",
    "6.18-overlong-max-4": b"\xf0\x8f\xbf\xbf",
    "6.19-overlong-nul-2": b"\xc0\x80",
    "6.19-overlong-nul-3": b"\xe0\x80\x80",
    "6.20-surrogate-d800": b"\xed\xa0\x80",
    "6.20-surrogate-dfff": b"\xed\xbf\xbf",
    "6.21-surrogate-pair": b"\xed\xa0\x80\xed\xb0\x80",
}
for name, text in INVALID.items():
    bad(name, frame(TEXT, text), code=1007)
    bad(f"{name}-byte-by-byte", frame(TEXT, text), code=1007, split=1)
    bad(f"{name}-in-fragments-of-one", *[
        frame(CONTINUED if at else TEXT, text[at:at + 1], fin=at + 1 == len(text))
        for at in range(len(text))], code=1007)

# Found out as soon as it is certain, not at the end of the message or of the frame.
bad("6.4.1-fail-fast-between-fragments", frame(TEXT, KOSME, fin=False),
    frame(CONTINUED, b"\xf4\x90\x80\x80", fin=False), code=1007)
bad("6.4.2-fail-fast-at-the-second-byte", frame(TEXT, KOSME + b"\xf4", fin=False),
    frame(CONTINUED, b"\x90", fin=False), code=1007)
bad("6.4.3-fail-fast-within-a-frame", frame(TEXT, KOSME + b"\xf4\x90\x80\x80" + b"x" * 100)[:-50],
    code=1007)
bad("6.4.4-fail-fast-within-a-frame-byte-by-byte",
    frame(TEXT, KOSME + b"\xf4\x90\x80\x80" + b"x" * 100)[:-50], code=1007, split=1)

# --- 7 closing ----------------------------------------------------------------------------------

case("7.1.1-text-then-close", frame(TEXT, HELLO[1]), frame(CLOSE, close(1000)), gets=[HELLO],
     closed=1000)
case("7.1.2-two-closes", frame(CLOSE, close(1000)), frame(CLOSE, close(1000)), closed=1000)
case("7.1.3-ping-after-close", frame(CLOSE, close(1000)), frame(PING), closed=1000)
case("7.1.4-text-after-close", frame(CLOSE, close(1000)), frame(TEXT, HELLO[1]), closed=1000)
case("7.1.5-close-within-a-message", frame(TEXT, b"fragment1", fin=False),
     frame(CLOSE, close(1000)), frame(CONTINUED, b"fragment2"), closed=1000)
case("7.1.6-long-text-then-close", *[frame(TEXT, b"b" * 65536)] * 4, frame(CLOSE, close(1000)),
     frame(PING), gets=[(TEXT, b"b" * 65536)] * 4, closed=1000)
case("7.1.x-garbage-after-close", frame(CLOSE, close(1000)), b"\xff" * 100, closed=1000)
case("7.3.1-no-payload", frame(CLOSE), closed=(None, 1000))
bad("7.3.2-one-byte", frame(CLOSE, b"a"))
case("7.3.3-code", frame(CLOSE, close(1000)), closed=1000)
case("7.3.4-code-and-reason", frame(CLOSE, close(1000, b"Hello")), closed=1000)
case("7.3.5-longest-reason", frame(CLOSE, close(1000, b"*" * 123)), closed=1000)
bad("7.3.6-reason-too-long", frame(CLOSE, close(1000, b"*" * 124)))
bad("7.5.1-reason-is-no-utf-8", frame(CLOSE, close(1000, KOSME + b"\xed\xa0\x80")),
    code=(1002, 1007))
bad("7.5.1-reason-ends-within-a-character", frame(CLOSE, close(1000, KOSME[:-1])),
    code=(1002, 1007))
for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999,
             4000, 4999):
    case(f"7.7-code-{code}", frame(CLOSE, close(code)), closed=(code, 1000))
for code in 0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535:
    bad(f"7.9-code-{code}", frame(CLOSE, close(code)))
case("7.x-close-byte-by-byte", frame(CLOSE, close(1000, b"bye")), closed=1000, split=1)

# --- 9 limits -----------------------------------------------------------------------------------
# A message has 64 KiB at most.

def fragments(payload, size):
    return [frame(CONTINUED if at else TEXT, payload[at:at + size], fin=at + size >= len(payload))
            for at in range(0, len(payload), size)]


for size in 64, 256, 1000, 1300, 4096, 65535:
    case(f"9.3-65536-in-fragments-of-{size}", *fragments(b"x" * 65536, size),
         gets=[(TEXT, b"x" * 65536)])
bad("9.x-65537-at-once", frame(TEXT, b"x" * 65537), code=1009)
bad("9.x-65537-binary", frame(BINARY, b"x" * 65537), code=1009)
bad("9.x-65537-in-fragments", *fragments(b"x" * 65537, 4096), code=1009)
bad("9.x-a-length-of-1-GiB", b"\x81\xff" + struct.pack(">Q", 1 << 30) + b"mask", code=1009)
bad("9.x-a-fragment-too-much", frame(TEXT, b"x" * 65536, fin=False), frame(CONTINUED, b"y")[:6],
    code=1009)
bad("9.x-a-length-over-63-bits", b"\x81\xff" + struct.pack(">Q", 1 << 63) + b"mask")
for size, payload in (16, b""), (16, b"x" * 125), (64, b""), (64, b"x" * 126), (64, b"x" * 65535):
    bad(f"9.x-{len(payload)}-with-a-length-of-{size}-bits", frame(TEXT, payload, size=size))
for split in 1, 64, 1400:
    echo(f"9.5-4096-in-pieces-of-{split}", b"x" * 4096, split=split)
case("9.7-many-small", *[frame(TEXT, b"%d" % n) for n in range(1000)],
     gets=[(TEXT, b"%d" % n) for n in range(1000)])

# --- masking, which the suite itself cannot leave out -------------------------------------------

bad("5.1-rfc-unmasked-text", frame(TEXT, b"Hello", masked=False))
bad("5.1-rfc-unmasked-ping", frame(PING, masked=False))
bad("5.1-rfc-unmasked-close", frame(CLOSE, close(1000), masked=False))
bad("5.1-rfc-unmasked-second-fragment", frame(TEXT, b"a", fin=False),
    frame(CONTINUED, b"b", masked=False))
case("5.7-rfc-example", bytes.fromhex("818537fa213d7f9f4d5158"), gets=[(TEXT, b"Hello")])
case("10.1.1-65536-in-fragments-of-1300", *fragments(b"*" * 65536, 1300),
     gets=[(TEXT, b"*" * 65536)])


def play(consumer, case):
    data = b"".join(case.sends)
    for at in range(0, len(data), case.split or max(1, len(data))):
        try:
            consumer.wire.send(data[at:at + (case.split or len(data))])
        except OSError:
            break      # it has seen enough


def closing(consumer):
    """The code of the close frame that comes; and nothing comes after it."""
    opcode, payload = consumer.frame(time.monotonic() + consumers.TIMEOUT)
    assert opcode == CLOSE, (opcode, payload[:100])
    if payload:
        payload[2:].decode()
    code = struct.unpack(">H", payload[:2])[0] if payload else None
    try:
        consumer.wire.send(frame(CLOSE, payload[:2]))
    except OSError:
        pass
    assert consumer.wire.ends(), "the server closes the connection"
    assert not consumer.wire.data
    return code


def check(consumer, case):
    play(consumer, case)
    deadline = time.monotonic() + consumers.TIMEOUT
    for expected in case.gets:
        assert consumer.frame(deadline) == expected
    if case.closed is False:
        consumer.send("still here")
        assert consumer.frame(deadline) == (TEXT, b"still here")
        consumer.close()
    elif isinstance(case.closed, tuple):
        assert closing(consumer) in case.closed
    else:
        assert closing(consumer) == case.closed


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(client, queue, case):
    check(client(consumers.Websocket).consume(queue), case)


@pytest.mark.parametrize("transport", [consumers.Hybi8, consumers.Hybi7])
@pytest.mark.parametrize("case", [case for case in CASES if not case.split and case.name.startswith(
    ("1.1", "2.", "5.3", "6.3-", "7.3", "7.7-code-1000"))], ids=lambda case: case.name)
def test_case_of_older_versions(client, queue, transport, case):
    check(client(transport).consume(queue), case)


@pytest.mark.parametrize("case", [case for case in CASES if case.name.startswith(
    ("1.1", "2.10", "5.19", "6.4", "7.1", "7.3", "9.3"))], ids=lambda case: case.name)
def test_case_through_the_web_server(client, queue, case):
    check(client(consumers.Websocket, "proxied").consume(queue), case)


def test_a_message_glued_to_the_handshake(stack, queue):
    """A client that does not wait for the 101."""
    wire = consumers.Wire(stack.ws_port)
    with consumers.Websocket(stack.ws_port) as consumer:
        consumer.wire, consumer.key = wire, "x3JJHMbDL1EzLkh9GBhXDw=="
        head = [f"GET /ws/{queue} HTTP/1.1", f"Host: {wire.host}", *consumer.fields(), "", ""]
        wire.send("\r\n".join(head).encode() + frame(TEXT, b"early") + frame(PING, b"bird"))
        consumer.expect(101)
        assert consumer.answer.get("Sec-WebSocket-Accept") == "HSmrc0sMlYUkAGmm5OPpG2HaGWk="
        deadline = time.monotonic() + 5
        answers = sorted(consumer.frame(deadline) for _ in range(2))
        assert answers == [(TEXT, b"early"), (PONG, b"bird")]


def test_head_and_frames_byte_by_byte(stack, queue):
    wire = consumers.Wire(stack.ws_port)
    with consumers.Websocket(stack.ws_port) as consumer:
        consumer.wire, consumer.key = wire, "dGhlIHNhbXBsZSBub25jZQ=="
        head = [f"GET /ws/{queue} HTTP/1.1", f"Host: {wire.host}", *consumer.fields(), "", ""]
        for byte in "\r\n".join(head).encode() + frame(TEXT, "κόσμε"):
            wire.send(bytes([byte]))
        consumer.expect(101)
        assert consumer.answer.get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert consumer.frame(time.monotonic() + 5) == (TEXT, "κόσμε".encode())


def test_a_client_that_half_closes(client, queue):
    """No close frame, just the end of what it sends."""
    consumer = client(consumers.Websocket).consume(queue)
    consumer.wire.sock.shutdown(consumers.socket.SHUT_WR)
    assert consumer.wire.ends()


def test_a_client_that_does_not_answer_the_close(client, queue):
    """It is not waited for much longer than a few seconds."""
    consumer = client(consumers.Websocket).consume(queue)
    consumer.wire.send(frame(3))
    assert consumer.frame(time.monotonic() + 5)[0] == CLOSE
    assert consumer.wire.ends(8)
