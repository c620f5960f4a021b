# test_handshakes.py - from an HTTP request to a websocket in every version that was in the field,
# byte by byte; and the requests that do not get there.
#
# SPDX-License-Identifier: BSD-2-Clause

import subprocess
import time
from urllib.parse import quote

import pytest

import consumers
from consumers import Hixie75, Hixie76, Library, Websocket, Wire

# --- the published vectors of hixie-76 ----------------------------------------------------------

VECTORS = {
    "draft-76-1.2": ("4 @1  46546xW%0l 1 5", "12998 5 Y3 1  .P00",
                     b"^n:ds[4U", b"8jKS'y:G*Co,Wxa-"),
    "draft-76-1.3": ("18x 6]8vM;54 *(5:  {   U1]8  z [  8", "1_ tx7X d  <  nw  334J702) 7]o}` 0",
                     b"Tm[K T2u", b"fQJ,fN/4F4!~K~MH"),
    "draft-76-5.2": ("3e6b263  4 17 80", "17  9 G`ZD9   2 2b 7X 3 /r90", b"WjN}|M(6",
                     b"n`9eBk9z$R8pOtVb"),
    "gleicon": ("2h7n 2  3 9539 25#Tj", "Sa40? 1y6i9k513_Lju16F +",
                bytes.fromhex("81b4c7c3db44ad4e"),
                bytes.fromhex("5bba3fac0778c1a6167e38e706502929")),
}

EMPTY_FRAME = b"\x00\xff"


def every_split():
    """The eight bytes at once, in two pieces, one by one; the first piece goes with the head."""
    yield (8,)
    yield (0, 8)
    for first in range(1, 8):
        yield (first, 8 - first)
        yield (0, first, 8 - first)
    yield (0,) + (1,) * 8
    yield (1,) * 8


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize("glued", [b"", b"\x00hello\xff", b"\x00hel"],
                         ids=["alone", "frame", "half"])
def test_hixie76_vectors(client, queue, name, glued):
    """Every digest, with every split, and with what a quick client sends behind."""
    *keys, nonce, digest = VECTORS[name]
    for split in every_split():
        with Hixie76(client(Hixie76).address, split=split, glued=glued, keys=keys,
                     nonce=nonce).consume(queue) as consumer:
            assert consumer.digest == digest, split
            if glued == b"\x00hel":
                consumer.wire.send(b"lo\xff")
            if glued:
                assert consumer.raw() == "hello", split
            consumer.send("more")
            assert consumer.raw() == "more", split


@pytest.mark.parametrize("name", VECTORS)
def test_hixie76_vectors_through_the_web_server(stack, queue, name):
    *keys, nonce, digest = VECTORS[name]
    for split in every_split():
        with Hixie76(stack.port, split=split, keys=keys, nonce=nonce,
                     glued=EMPTY_FRAME).consume(queue) as consumer:
            assert consumer.digest == digest, split


def test_hixie76_head_byte_by_byte(stack, queue):
    """The whole opening in pieces of one byte."""
    *keys, nonce, digest = VECTORS["draft-76-1.2"]
    wire = Wire(stack.ws_port)
    head = (f"GET /ws/{queue} HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key2: {keys[1]}\r\nSec-WebSocket-Protocol: sample\r\n"
            f"Upgrade: WebSocket\r\nSec-WebSocket-Key1: {keys[0]}\r\n"
            f"Origin: http://example.com\r\n\r\n").encode()
    for byte in head + nonce + b"\x00hi\xff":
        wire.send(bytes([byte]))
    deadline = time.monotonic() + 5
    answer = wire.until(b"\r\n\r\n", deadline)
    assert answer.split(b"\r\n") == [
        b"HTTP/1.1 101 WebSocket Protocol Handshake",
        b"Upgrade: WebSocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Origin: http://example.com",
        b"Sec-WebSocket-Location: ws://example.com/ws/" + queue.encode(),
        b"Sec-WebSocket-Protocol: sample"]
    wire.need(20, deadline)
    assert wire.take(20) == digest + b"\x00hi\xff"
    wire.send(b"\xff\x00")
    assert wire.rest(deadline) == b"\xff\x00"


def test_hixie76_answers_before_it_has_the_eight_bytes(stack, queue):
    """Proxies hold them back until they have seen the 101."""
    wire = Wire(stack.ws_port)
    consumers.request(wire, "GET", f"/ws/{queue}", "Upgrade: WebSocket", "Connection: Upgrade",
                      f"Origin: http://{wire.host}",
                      "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5",
                      "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00")
    assert wire.head(time.monotonic() + 2).status == 101
    time.sleep(0.1)
    wire.send(b"^n:ds[4")
    time.sleep(0.1)
    wire.send(b"U")
    wire.need(16, time.monotonic() + 2)
    assert wire.take(16) == b"8jKS'y:G*Co,Wxa-"


def test_hixie76_random_keys(client, queue):
    """As browsers made them; the client checks the digest."""
    for _ in range(100):
        client(Hixie76).consume(queue).close()


@pytest.mark.parametrize("address, split", [
    ("ws_port", (8,)), ("ws_port", (3, 5)), ("ws_port", (0, 8)), ("port", (8,))], ids=repr)
def test_hixie76_that_counts_its_eight_bytes_as_a_body(stack, http, queue, address, split):
    """Perl's Protocol::WebSocket.  A web server waits for all of a body before it passes any of it on."""
    *keys, nonce, digest = VECTORS["draft-76-1.2"]
    with Hixie76(getattr(stack, address), split=split, keys=keys, nonce=nonce) as consumer:
        consumer.connect(f"/ws/{queue}", {"Content-Length": "8"})
        assert consumer.digest == digest
        consumer.send("hello")
        assert consumer.raw() == "hello"
        http.post(f"/q/{queue}", form={"value": "a"})
        assert consumer.next()["value"] == "a"


def test_hixie76_gets_messages_only_behind_the_digest(stack, http, queue):
    http.post(f"/q/{queue}", "early", {"Content-Type": "text/plain"})
    with Hixie76(stack.ws_port, split=(0, 8)).consume(queue) as consumer:
        assert consumer.next()["value"] == "early"


@pytest.mark.parametrize("host, location", [
    ("example.com", "ws://example.com/"), ("example.com:80", "ws://example.com/"),
    ("example.com:8889", "ws://example.com:8889/"), ("[::1]:8889", "ws://[::1]:8889/")])
@pytest.mark.parametrize("transport", [Hixie75, Hixie76])
def test_hixie_location(stack, queue, transport, host, location):
    """Equal to what the client dialled, with the query, without the port that is understood."""
    class Elsewhere(transport):
        def open(self, headers):
            self.wire.host = host
            lines = [f"GET {self.path} HTTP/1.1", f"Host: {host}", *self.fields(), "", ""]
            self.wire.send("\r\n".join(lines).encode() + b"12345678")
            self.expect(101)

    with Elsewhere(stack.ws_port).connect(f"/ws/{queue}?name=x") as consumer:
        prefix = "Sec-" if transport is Hixie76 else ""
        assert consumer.answer.get(f"{prefix}WebSocket-Location") == f"{location}ws/{queue}?name=x"
        assert consumer.answer.get(f"{prefix}WebSocket-Origin") == f"http://{host}"


@pytest.mark.parametrize("transport", [Hixie75, Hixie76])
def test_hixie_secure_location(stack, queue, transport):
    """Behind a web server that speaks TLS, which says so."""
    class Secure(transport):
        def open(self, headers):
            self.wire.host = "example.com:443"
            fields = [field.replace("http://example.com:443", "https://example.com") for field in self.fields()]
            lines = [f"GET {self.path} HTTP/1.1", "Host: example.com:443",
                     "X-Forwarded-Proto: https", *fields, "", ""]
            self.wire.send("\r\n".join(lines).encode() + b"12345678")
            self.expect(101)

    with Secure(stack.ws_port).connect(f"/ws/{queue}") as consumer:
        assert any(line.endswith(f"WebSocket-Location: wss://example.com/ws/{queue}")
                   for line in consumer.answer.lines)


def test_hixie75_answer(stack, queue):
    """Those clients compare the first three lines letter by letter."""
    wire = Wire(stack.ws_port)
    wire.send(f"GET /ws/{queue} HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
              "Host: example.com\r\nOrigin: http://example.com\r\n"
              "WebSocket-Protocol: sample\r\n\r\n".encode())
    answer = wire.until(b"\r\n\r\n", time.monotonic() + 5)
    assert answer.split(b"\r\n") == [
        b"HTTP/1.1 101 Web Socket Protocol Handshake",
        b"Upgrade: WebSocket",
        b"Connection: Upgrade",
        b"WebSocket-Origin: http://example.com",
        b"WebSocket-Location: ws://example.com/ws/" + queue.encode(),
        b"WebSocket-Protocol: sample"]


# --- the frames of both -------------------------------------------------------------------------

HIXIE = [Hixie75, Hixie76]


@pytest.mark.parametrize("transport", HIXIE)
@pytest.mark.parametrize("split", [None, 1])
@pytest.mark.parametrize("sent, back", [
    (b"\x00hello\xff", ["hello"]),
    (b"\x00\xff", [""]),
    (b"\x00one\xff\x00two\xff\x00three\xff", ["one", "two", "three"]),
    (b"\x00" + "κόσμε 𝄞".encode() + b"\xff", ["κόσμε 𝄞"]),
    (b"\x00" + b"x" * 65536 + b"\xff", ["x" * 65536]),
    (b"\x01skipped\xff\x00kept\xff", ["kept"]),
    (b"\x7fskipped\xff\x00kept\xff", ["kept"]),
    (b"\x80\x05skipp\x00kept\xff", ["kept"]),
    (b"\xfe\x81\x00" + b"\xff" * 128 + b"\x00kept\xff", ["kept"]),
    (b"\x80\x00\x00kept\xff", ["kept"]),
    (b"\x80\x80\x80\x03\x00\xff\x00\x00kept\xff", ["kept"]),
], ids=lambda value: repr(value)[:24])
def test_hixie_frames(client, queue, transport, split, sent, back):
    if split and len(sent) > 1000:
        split = 1000
    consumer = client(transport).consume(queue)
    for at in range(0, len(sent), split or len(sent)):
        consumer.wire.send(sent[at:at + (split or len(sent))])
    for text in back:
        assert consumer.raw() == text


@pytest.mark.parametrize("transport", HIXIE)
@pytest.mark.parametrize("sent", [b"\x00" + b"x" * 65537, b"\x00abc\xc3\xff",
                                  b"\x00\xed\xa0\x80\xff",
                                  b"\x80\xff\xff\xff\xff\x7f" + b"x" * 100],
                         ids=["too-long", "half-a-character", "surrogate", "length-too-long"])
def test_hixie_bad_frames(client, queue, transport, sent):
    consumer = client(transport).consume(queue)
    consumer.wire.send(sent)
    consumer.end()


def test_hixie75_has_no_close(client, queue):
    """There it is a frame of no bytes, which is skipped like any of that kind."""
    consumer = client(Hixie75).consume(queue)
    consumer.wire.send(b"\xff\x00\x00still here\xff")
    assert consumer.raw() == "still here"


def test_hixie76_close(client, queue):
    consumer = client(Hixie76).consume(queue)
    consumer.wire.send(b"\x00last\xff\xff\x00\x00after\xff")
    assert consumer.wire.rest(time.monotonic() + 5) == b"\x00last\xff\xff\x00"


# --- requests that do not get there -------------------------------------------------------------

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
KEY1, KEY2 = "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5", "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00"
UPGRADE = ["Upgrade: websocket", "Connection: Upgrade"]
HYBI = [*UPGRADE, KEY, "Sec-WebSocket-Version: 13"]
HIXIE76 = [*UPGRADE, "Origin: http://localhost", KEY1, KEY2]

REFUSED = {
    "no key": (400, [*UPGRADE, "Sec-WebSocket-Version: 13"]),
    "empty key": (400, [*UPGRADE, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key:"]),
    "15 bytes": (400, [*UPGRADE, "Sec-WebSocket-Version: 13",
                       "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA"]),
    "17 bytes": (400, [*UPGRADE, "Sec-WebSocket-Version: 13",
                       "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="]),
    "no base64": (400, [*UPGRADE, "Sec-WebSocket-Version: 13",
                        "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="]),
    "key twice": (400, [*HYBI, KEY]),
    "version twice": (400, [*HYBI, "Sec-WebSocket-Version: 13"]),
    "no Connection": (400, ["Upgrade: websocket", KEY, "Sec-WebSocket-Version: 13"]),
    "Connection: close": (400, ["Upgrade: websocket", "Connection: close", KEY,
                                "Sec-WebSocket-Version: 13"]),
    "a body": (400, [*HYBI, "Content-Length: 5"]),
    "a chunked body": (400, [*HYBI, "Transfer-Encoding: chunked"]),
    "a body of eight bytes": (400, [*HYBI, "Content-Length: 8"]),
    "a body of nine bytes": (400, [*UPGRADE, "Origin: http://localhost", KEY1, KEY2, "Content-Length: 9"]),
    "only key 1": (400, [*UPGRADE, "Origin: http://localhost", KEY1]),
    "only key 2": (400, [*UPGRADE, "Origin: http://localhost", KEY2]),
    "hixie-76: no digits": (400, [*HIXIE76[:-1], "Sec-WebSocket-Key2: a b c"]),
    "hixie-76: no spaces": (400, [*HIXIE76[:-1], "Sec-WebSocket-Key2: 12345"]),
    "hixie-76: a remainder": (400, [*HIXIE76[:-1], "Sec-WebSocket-Key2: 1 0 1"]),
    "hixie-76: over 32 bits": (400, [*HIXIE76[:-1], "Sec-WebSocket-Key2: 42949 67296"]),
    "hixie-76: far over 64 bits": (400, [*HIXIE76[:-1],
                                         "Sec-WebSocket-Key2: 18446744073709 551616"]),
    "hixie-76: a tab is no space": (400, [*HIXIE76[:-1], "Sec-WebSocket-Key2: 12\t34"]),
}


def attempt(address, *fields, method="GET", path="/ws/foo"):
    """The answer to a request that must not get a 101."""
    wire = Wire(address)
    try:
        consumers.request(wire, method, path, *fields)
        deadline = time.monotonic() + 5
        head = wire.head(deadline)
        assert head.status != 101, head
        head.body = wire.body(head, deadline)
        return head
    finally:
        wire.close()


@pytest.mark.parametrize("name", REFUSED)
def test_refused(stack, name):
    """Also by a page of ours, as one of others is told no more than that it is."""
    status, fields = REFUSED[name]
    own = f"http://127.0.0.1:{stack.ws_port}"
    answer = attempt(stack.ws_port, *(field.replace("http://localhost", own) for field in fields))
    assert answer.status == status
    assert answer.json()["code"] == "bad_request"
    assert answer.json()["error"]


@pytest.mark.parametrize("version", ["0", "4", "6", "9", "12", "14", "99", "113", "-13", "13.0",
                                     "x"])
@pytest.mark.parametrize("port", ["ws_port", "port"])
def test_versions_that_we_do_not_have(stack, port, version):
    answer = attempt(getattr(stack, port), *UPGRADE, KEY, f"Sec-WebSocket-Version: {version}")
    assert answer.status == 426
    assert answer.get("Sec-WebSocket-Version") == "13, 8, 7"
    assert answer.json()["code"] == "upgrade"


def test_no_host(stack):
    for version, head in ("1.1", HYBI), ("1.1", HIXIE76):
        wire = Wire(stack.ws_port)
        wire.send("\r\n".join([f"GET /ws/foo HTTP/{version}", *head, "", ""]).encode())
        assert wire.head(time.monotonic() + 5).status == 400


def test_http_1_0_is_not_upgraded(stack):
    wire = Wire(stack.ws_port)
    wire.send("\r\n".join(["GET /ws/foo HTTP/1.0", "Host: localhost", *HYBI, "", ""]).encode())
    assert wire.head(time.monotonic() + 5).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_only_get(stack, method):
    wire = Wire(stack.ws_port)
    consumers.request(wire, method, "/ws/foo", *HYBI)
    assert wire.head(time.monotonic() + 5).status in (400, 405)


@pytest.mark.parametrize("fields", [
    ["Upgrade: WebSocket", "Connection: upgrade"],
    ["UPGRADE: WEBSOCKET", "CONNECTION: UPGRADE"],
    ["Upgrade: websocket", "Connection: keep-alive, Upgrade"],
    ["Upgrade: websocket", "Connection: keep-alive", "Connection: Upgrade"],
    ["Upgrade: websocket", "Connection: close, upgrade"],
    ["upgrade:websocket", "connection:\tUpgrade  "],
], ids="|".join)
def test_many_spellings(stack, queue, fields):
    wire = Wire(stack.ws_port)
    consumers.request(wire, "GET", f"/ws/{queue}", *fields, KEY, "Sec-WebSocket-Version: 13")
    assert wire.head(time.monotonic() + 5).status == 101


def test_nothing_is_offered_back(stack, queue):
    """No extension, and no subprotocol that we do not have."""
    wire = Wire(stack.ws_port)
    consumers.request(wire, "GET", f"/ws/{queue}", *HYBI, "Sec-WebSocket-Protocol: chat, superchat",
                      "Sec-WebSocket-Extensions: permessage-deflate, x-webkit-deflate-frame")
    head = wire.head(time.monotonic() + 5)
    assert head.status == 101
    assert head.get("Sec-WebSocket-Extensions") is None
    assert head.get("Sec-WebSocket-Protocol") is None


NAMES = ["/ws/QUEUESET", "/ws/AUTHKEY:x", "/ws/a%2Fb", "/ws/a/../b", "/ws/%00", "/ws/a%0d%0ab",
         "/ws/%ff", "/ws/a%zz", "/ws/" + "x" * 129, "/ws/foo:queue", "/ws/restmq:x"]


@pytest.mark.parametrize("path", NAMES, ids=lambda path: path[:20])
@pytest.mark.parametrize("transport", [Websocket, Hixie76, consumers.Comet, consumers.Sse])
def test_names_that_are_none(stack, transport, path):
    with pytest.raises(consumers.Refused) as refused:
        transport(stack.ws_port).connect(path)
    assert refused.value.status == 400
    assert refused.value.answer.json()["code"] in ("bad_name", "bad_request")


@pytest.mark.parametrize("path", ["/ws", "/x/foo", "/wsx/foo", "/W/foo", "//ws/foo"])
@pytest.mark.parametrize("transport", [Websocket, consumers.Comet])
def test_no_such_path(stack, transport, path):
    with pytest.raises(consumers.Refused) as refused:
        transport(stack.ws_port).connect(path)
    assert refused.value.status in (400, 404)


@pytest.mark.parametrize("query", ["nonsense=1", "prefetch=0", "prefetch=-1", "prefetch=x",
                                   "prefetch=1000000", "ack=maybe", "ack=", "wait=3",
                                   "echo=perhaps", "gaps=2", "gaps=", "name=%ff", "name=" + "x" * 200])
def test_options_that_are_none(stack, queue, query):
    for transport in Websocket, consumers.Comet:
        with pytest.raises(consumers.Refused) as refused:
            transport(stack.ws_port).connect(f"/ws/{queue}?{query}")
        assert refused.value.status == 400


LIBRARY_OPTIONS = ["lastEventId=foo:1", "lastEventID=", "Last-Event-ID=1", "last_event_id=x%20y",
                   "evs_last_event_id=1&evs_preamble=2056", "lastEventId=1&lastEventId=2&_=1&_=2",
                   "evs_preamble"]


@pytest.mark.parametrize("path", ["/c/{}", "/sub/{}", "/who/{}"])
@pytest.mark.parametrize("options", LIBRARY_OPTIONS)
def test_options_of_libraries(stack, queue, path, options):
    """The EventSource polyfill adds one to the address when it comes again."""
    for transport in Websocket, consumers.Sse, consumers.Comet:
        with transport(stack.port).connect(f"{path.format(queue)}?{options}"):
            pass


def test_options_of_libraries_belong_to_streams(stack, http, queue):
    assert consumers.get(stack.ws_port, f"/w/{queue}?wait=0&lastEventId=1").status == 400
    assert http.get(f"/q/{queue}?lastEventId=1").status == 400


@pytest.mark.parametrize("query", ["prefetch=1&prefetch=1", "name=a&name=b", "sse=0&sse=0"])
def test_an_option_twice(stack, queue, query):
    for address in stack.ws_port, stack.port:
        answer = consumers.get(address, f"/c/{queue}?{query}")
        assert answer.status == 400 and "more than one" in answer.json()["error"]
    assert consumers.get(stack.ws_port, f"/w/{queue}?wait=0&wait=1").status == 400
    assert consumers.get(stack.ws_port, f"/w?queues={queue}&queues={queue}").status == 400


def test_an_empty_callback_is_none(stack, queue):
    for transport in Websocket, Hixie76, consumers.Sse, consumers.Comet:
        with transport(stack.port).connect(f"/c/{queue}?callback=") as consumer:
            assert "javascript" not in (consumer.answer.get("Content-Type") or "")
    assert consumers.get(stack.ws_port, f"/w/{queue}?wait=0&raw=1&callback=").status == 204


def test_explicit_acks_need_a_websocket(stack, queue):
    for transport in consumers.STREAMS:
        with pytest.raises(consumers.Refused) as refused:
            transport(stack.ws_port).connect(f"/c/{queue}?ack=explicit")
        assert refused.value.status == 400


def test_jsonp_is_off_unless_asked_for(new_stack):
    stack = new_stack()
    with pytest.raises(consumers.Refused) as refused:
        consumers.Jsonp(stack.ws_port).consume("foo")
    assert refused.value.status == 403


@pytest.mark.parametrize("callback", ["a b", "alert(1)", "a;b", "x" * 65, "é", "1x", "a-b"])
def test_jsonp_names(stack, queue, callback):
    answer = consumers.get(stack.ws_port, f"/c/{queue}?callback={quote(callback)}")
    assert answer.status == 400


# --- the calculator -----------------------------------------------------------------------------

def calculate(builddir, *words):
    return subprocess.run([f"{builddir}/restmq", "handshake", *words], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=10)


@pytest.mark.parametrize("key, accept", [
    ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ("x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk=")])
def test_calculator(builddir, key, accept):
    done = calculate(builddir, key)
    assert done.returncode == 0 and accept in done.stdout.decode().split()


@pytest.mark.parametrize("name", VECTORS)
def test_calculator_of_hixie76(builddir, name):
    key1, key2, nonce, digest = VECTORS[name]
    done = calculate(builddir, key1, key2, nonce.hex())
    text = done.stdout.decode("latin-1")
    assert done.returncode == 0
    for key in key1, key2:
        digits = int("".join(filter(str.isdigit, key)))
        assert str(digits // key.count(" ")) in text
    assert digest.hex() in text.replace(" ", "")


@pytest.mark.parametrize("words", [["abc"], ["12", "3 4", "00"], ["1 2", "x y", "0" * 16],
                                   ["1 2", "3 4"], []])
def test_calculator_refuses(builddir, words):
    done = calculate(builddir, *words)
    assert done.returncode != 0 and done.stderr


def test_library_agrees(client, queue):
    """python3-websockets is satisfied with the answer."""
    client(Library).consume(queue)
