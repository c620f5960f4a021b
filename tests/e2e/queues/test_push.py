# test_push.py - POST /q/foo and POST /: how a message comes in.
#
# SPDX-License-Identifier: BSD-2-Clause

import gzip
import socket
import time

import pytest

from checks import assert_error, assert_json, assert_text, heard, keys_of, push, take, take_all
from reliable import part

FORM = "application/x-www-form-urlencoded"


def test_push_answers_the_key(http, queue):
    assert_text(http.post(f"/q/{queue}", form={"value": "hello"}), f"{queue}:1")
    assert_text(http.post(f"/q/{queue}", form={"value": "hello"}), f"{queue}:2")


def test_push_answers_json_to_who_wants_it(http, queue):
    response = http.post(f"/q/{queue}", "value=hello",
                         {"Content-Type": FORM, "Accept": "application/json"})
    assert_json(response, {"queue": queue, "key": f"{queue}:1"})


@pytest.mark.parametrize("form, message", [
    ("value=a", "a"),
    ("msg=a", "a"),
    ("msg=a&value=b", "a"),                  # msg goes first
    ("value=b&msg=a", "a"),
    ("msg=&value=b", "b"),                   # … unless it is empty
    ("msg=", ""),                            # an empty message is a message
    ("value=", ""),
    ("value", ""),
    ("msg=&value=", ""),
    ("value=+a%20b+", " a b "),              # white space is kept
    ("value=%0D%0A%09", "\r\n\t"),
    ("value=a%2Bb%26c%3Dd", "a+b&c=d"),
    ("value=a=b", "a=b"),
    ("value=%C3%A9%F0%9F%98%80", "é😀"),
    ("value=é", "é"),
    ("va%6Cue=a", "a"),
    ("&&value=a&", "a"),
    ("value=007", "007"),                    # never a number
    ("value=null", "null"),
    ("value={\"a\":1}", '{"a":1}'),
    ("value=a&authkey=k&_=1700000000", "a"), # these are no options of ours, and refused nowhere
], ids=repr)
def test_form(http, queue, form, message):
    assert http.post(f"/q/{queue}", form, {"Content-Type": FORM}).status == 200
    assert take_all(http, queue) == [message]


@pytest.mark.parametrize("type", [
    None, FORM, FORM + "; charset=utf-8", FORM + ";charset=UTF-8",
    "Application/X-WWW-Form-URLencoded"])
def test_content_types_that_are_a_form(http, queue, type):
    headers = {"Content-Type": type} if type else {}
    assert_text(http.post(f"/q/{queue}", "value=a", headers), f"{queue}:1")
    assert take(http, queue) == "a"


@pytest.mark.parametrize("type", [
    "text/plain", "text/plain; charset=utf-8", "application/json", "application/octet-stream",
    "application/xml", "image/png", "x/y"])
def test_any_other_body_is_the_message(http, queue, type):
    body = 'value=a&b {"c":\r\n1}  '
    assert_text(http.post(f"/q/{queue}", body, {"Content-Type": type}), f"{queue}:1")
    assert take(http, queue) == body


@pytest.mark.parametrize("type", ["text/plain", "application/octet-stream"])
def test_an_empty_body_is_a_message(http, queue, type):
    assert http.post(f"/q/{queue}", b"", {"Content-Type": type}).status == 200
    assert take_all(http, queue) == [""]


def test_query_string_counts_too(http, queue):
    assert http.post(f"/q/{queue}?value=a+b").status == 200
    assert http.post(f"/q/{queue}?msg=a", form={"value": "b"}).status == 200     # merged: msg first
    assert take_all(http, queue) == ["a b", "a"]


@pytest.mark.parametrize("query, form", [
    ("", "value=a&value=b"), ("", "value=a&value=a"), ("?value=a", "value=b"), ("?ttl=5&ttl=6", "value=a"),
    ("?ttl=5", "ttl=6&value=a"), ("?delay=0&delay=0", "value=a"), ("", "value=a&callback=&callback="),
    ("", "value=a&authkey=k&authkey=l")])
def test_an_option_twice(http, queue, unchanged, query, form):
    """Which of them was meant is not for us to guess."""
    assert_error(http.post(f"/q/{queue}{query}", form, {"Content-Type": FORM}), 400, "bad_request",
                 "more than one")


@pytest.mark.parametrize("body", ["a=b", "SELECT 1 WHERE a=b", '{"a":"b=c"}', "<a href='x'>", "100%",
                                  "value=a&value=b", "a&" * 101])
def test_a_body_that_is_no_form_gets_its_hint(http, queue, unchanged, body):
    """As curl --data-binary sends it, with "=" inside or not."""
    assert_error(http.post(f"/q/{queue}", body, {"Content-Type": FORM}), 400, "bad_request",
                 "to send a body as it is", "Content-Type")
    assert_error(http.post("/queue", body, {"Content-Type": FORM}), 400, "bad_request", "to send",
                 "Content-Type")


def test_put_is_no_push(http, queue, unchanged):
    for body, type in ("value=a", FORM), ("a", FORM), ("a", "text/plain"), ("{}", "application/json"):
        response = http.request("PUT", f"/q/{queue}", body, {"Content-Type": type})
        assert response.status in (400, 415) and "a push is POST" in response.json()["error"], response


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "x-gzip", "identity, gzip", "utf-8"])
@pytest.mark.parametrize("path, type", [
    ("/q/{}", "text/plain"), ("/q/{}", "application/x-ndjson"), ("/q/{}", FORM),
    ("/?queue={}", "application/octet-stream"), ("/queue", "application/json"), ("/pub/{}", "text/plain"),
    ("/p/{}", FORM), ("/control/{}", FORM), ("/lb/{}", FORM)])
def test_an_encoded_body(http, queue, unchanged, path, type, encoding):
    """Its bytes are not the message: NDJSON would be cut wherever a byte is a line feed."""
    body = gzip.compress(b"a\nb\n" * 100)
    answer = http.post(path.format(queue), body, {"Content-Type": type, "Content-Encoding": encoding})
    assert_error(answer, 415, "unsupported", "Content-Encoding")


def test_an_identity_is_no_encoding(http, queue):
    for encoding in "identity", "Identity":
        headers = {"Content-Type": "text/plain", "Content-Encoding": encoding}
        assert http.post(f"/q/{queue}", "a", headers).status == 200
    assert take_all(http, queue) == ["a", "a"]


@pytest.mark.parametrize("path, form, code, word", [
    ("", "", "bad_request", "value"),
    ("", "ttl=5", "bad_request", "value"),
    ("", "value=a&colour=red", "bad_request", "colour"),
    ("?colour=red", "value=a", "bad_request", "colour"),
    ("", "value=a&Value=b", "bad_request", "Value"),
    ("", "value=a&queue=b", "bad_request", "queue"),
    ("", "value=a&delay=2592001", "bad_value", "delay"),
    ("", "value=a&delay=", "bad_value", "delay"),
    ("", "value=a&Delay=5", "bad_request", "Delay"),
    ("", "value=a&lease=5", "bad_request", "lease"),
    ("", "value=a&extend=5", "bad_request", "extend"),
    ("", "value=a&release=1", "bad_request", "release"),
    ("", "value=a&redrive=1", "bad_request", "redrive"),
    ("", "value=a&count=5", "bad_request", "count"),
    ("", "value=a&max_length=5", "bad_request", "max_length"),
    ("", "value=%zz", "bad_request", ""),
    ("", "value=%", "bad_request", ""),
    ("", "value=a%4", "bad_request", ""),
    ("", "%zz=a&value=b", "bad_request", ""),
    ("?value=%zz", "", "bad_request", ""),
], ids=repr)
def test_refused(http, queue, unchanged, path, form, code, word):
    assert_error(http.post(f"/q/{queue}{path}", form, {"Content-Type": FORM}), 400, code, word)


@pytest.mark.parametrize("body", ['{"a":1}', "just text", '["a","b"]'])
@pytest.mark.parametrize("type", [FORM, None])
def test_a_body_that_is_no_form_gets_a_hint(http, queue, unchanged, body, type):
    """What `curl -d '{"a":1}'` sends."""
    headers = {"Content-Type": type} if type else {}
    assert_error(http.post(f"/q/{queue}", body, headers), 400, "bad_request", "Content-Type",
                 "text/plain")


@pytest.mark.parametrize("name", ["Idempotency-Key", "idempotency-key"])
def test_idempotency_key_is_not_ignored(http, redis, queue, name):
    headers = {"Content-Type": "text/plain", name: "k"}
    for replay in None, "true", "true":
        response = http.post(f"/q/{queue}", "x", headers)
        assert_text(response, f"{queue}:1")
        assert response.headers.get("Idempotent-Replay") == replay
    assert_error(http.post(f"/q/{queue}", "y", headers), 409, "conflict")
    assert keys_of(redis, queue) == sorted([f"{queue}:1", f"{queue}:UUID", f"{queue}:queue",
                                            f"queuestat::{queue}", part(queue, "once:k"),
                                            part(queue, "remembers")])
    assert take_all(http, queue) == ["x"]


@pytest.mark.parametrize("key", ["", "k" * 129, "é"])
def test_bad_idempotency_key(fcgi, queue, unchanged, key):
    response = fcgi("POST", f"/q/{queue}", b"x", CONTENT_TYPE="text/plain",
                    HTTP_IDEMPOTENCY_KEY=key)
    assert_error(response, 400, "bad_value", "Idempotency-Key", "128")


def test_too_many_fields(http, fcgi, queue, redis, unchanged):
    fields = "&".join(f"_={number}" for number in range(101))
    assert_error(http.post(f"/q/{queue}", "value=a&" + fields, {"Content-Type": FORM}),
                 400, "bad_request", "100")
    assert_error(fcgi("POST", f"/q/{queue}?{fields}", b"value=a", CONTENT_TYPE=FORM),
                 400, "bad_request", "100")


def test_query_string_too_long(fcgi, queue, unchanged):
    assert_error(fcgi("POST", f"/q/{queue}?value={'a' * 8192}"), 400, "bad_request")


def test_a_hundred_fields_and_a_long_query_work(fcgi, http, queue):
    fields = "&".join(["_=1"] * 99)
    assert fcgi("POST", f"/q/{queue}", b"value=a&" + fields.encode(),
                CONTENT_TYPE=FORM).status == 200
    assert fcgi("POST", f"/q/{queue}?value={'a' * 8000}").status == 200
    assert take_all(http, queue) == ["a", "a" * 8000]


# --- size ---------------------------------------------------------------------------------------

def test_largest_message(http, queue):
    message = "a" * 1048576
    push(http, queue, message)
    assert http.post(f"/q/{queue}", form={"value": message}).status == 200
    assert http.post(f"/q/{queue}", "value=" + "%61" * 1048576,
                     {"Content-Type": FORM}).status == 200
    assert take_all(http, queue) == [message] * 3


def test_message_too_large(http, queue, unchanged):
    message = b"a" * 1048577
    for body, type in [(message, "text/plain"), (b"value=" + message, FORM),
                       (b"value=" + b"%61" * 1048577, FORM)]:
        assert_error(http.post(f"/q/{queue}", body, {"Content-Type": type}),
                     413, "too_large", "1048576")


def test_body_too_large(http, queue, unchanged):
    for type in "text/plain", FORM:
        for size in 8388609, 40 << 20:
            response = http.post(f"/q/{queue}", b"a" * size, {"Content-Type": type})
            assert_error(response, 413, "too_large", "8388608")


def test_limits_are_settings(new_stack):
    http = new_stack(conf={"max_message": 10, "max_body": 30}).http
    push(http, "foo", "a" * 10)
    assert_error(http.post("/q/foo", "a" * 11, {"Content-Type": "text/plain"}),
                 413, "too_large", "10")
    assert_error(http.post("/q/foo", "a" * 31, {"Content-Type": "text/plain"}),
                 413, "too_large", "30")
    assert http.post("/q/foo", "value=" + "%61" * 8, {"Content-Type": FORM}).status == 200
    assert_error(http.post("/q/foo", "value=" + "%61" * 9, {"Content-Type": FORM}),
                 413, "too_large", "30")


# --- ttl ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("path, body, type", [
    ("", "value=a&ttl=100", FORM),
    ("?ttl=100", "value=a", FORM),
    ("?ttl=100", "a", "text/plain"),
])
def test_ttl(http, redis, queue, path, body, type):
    assert http.post(f"/q/{queue}{path}", body, {"Content-Type": type}).status == 200
    assert 98 <= redis.ttl(f"{queue}:1") <= 100
    assert redis.ttl(f"{queue}:queue") == redis.ttl(f"{queue}:UUID") == -1
    assert take(http, queue) == "a"


def test_no_ttl(http, redis, queue):
    push(http, queue, "a")
    assert redis.ttl(f"{queue}:1") == -1


def test_longest_ttl(http, redis, queue):
    assert http.post(f"/q/{queue}?ttl=315360000", form={"value": "a"}).status == 200
    assert redis.ttl(f"{queue}:1") > 315350000


@pytest.mark.parametrize("ttl", ["0", "-1", "1.5", "abc", "", "5s", "0x10", "1e3", "+5", " 5", "5 ",
                                 "315360001", "2147483648", "4294967297", "18446744073709551617",
                                 "9" * 100, "5\0"])
@pytest.mark.parametrize("where", ["form", "query"])
def test_bad_ttl(http, fcgi, queue, unchanged, ttl, where):
    ttl = ttl.replace("+", "%2B").replace("\0", "%00").replace(" ", "%20")
    if where == "form":
        response = http.post(f"/q/{queue}", f"value=a&ttl={ttl}", {"Content-Type": FORM})
    else:
        response = fcgi("POST", f"/q/{queue}?ttl={ttl}", b"a", CONTENT_TYPE="text/plain")
    assert_error(response, 400, "bad_value", "ttl")


def test_a_message_that_expired_is_skipped(http, redis, queue):
    http.post(f"/q/{queue}?ttl=1", form={"value": "short"})
    push(http, queue, "long")
    time.sleep(1.1)
    assert take_all(http, queue) == ["long"]
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}",
                                            part(queue, "stats")])
    assert redis.hgetall(part(queue, "stats")) == {b"expired": b"1"}


def test_an_unread_queue_of_expiring_messages_does_not_grow(http, redis, queue):
    """A push with ttl drops up to two dead entries at the old end."""
    for _ in range(5):
        http.post(f"/q/{queue}?ttl=100", form={"value": "a"})
    redis.delete(*(f"{queue}:{number}" for number in range(1, 6)))
    http.post(f"/q/{queue}?ttl=100", form={"value": "b"})
    assert redis.llen(f"{queue}:queue") == 4
    http.post(f"/q/{queue}?ttl=100", form={"value": "b"})
    http.post(f"/q/{queue}?ttl=100", form={"value": "b"})
    http.post(f"/q/{queue}?ttl=100", form={"value": "b"})
    assert redis.lrange(f"{queue}:queue", 0, -1) == [f"{queue}:{number}".encode()
                                                     for number in (9, 8, 7, 6)]


# --- who else hears of it -----------------------------------------------------------------------

def test_each_push_is_published(http, redis, queue):
    assert heard(redis, f"{queue}:PUBSUB", 2, lambda: push(http, queue, "a", "b")) == [
        f"{queue}:1".encode(), f"{queue}:2".encode()]


# --- POST / -------------------------------------------------------------------------------------

@pytest.mark.parametrize("path, form", [
    ("/", "queue={}&value=a"),
    ("/", "value=a&queue={}"),
    ("/", "queue={}&msg=a"),
    ("/", "queue={}&value=a&ttl=100"),
    ("/?queue={}", "value=a"),
    ("/?queue={}&value=a", ""),
])
def test_push_on_the_root(http, queue, path, form):
    response = http.post(path.format(queue), form.format(queue), {"Content-Type": FORM})
    assert_text(response, f"{queue}:1")
    assert take_all(http, queue) == ["a"]


def test_push_a_body_on_the_root(http, queue):
    assert_text(http.post(f"/?queue={queue}", "a&b", {"Content-Type": "text/plain"}), f"{queue}:1")
    assert take_all(http, queue) == ["a&b"]


@pytest.mark.parametrize("form", ["value=a", "", "queue=&value=a", "queue=..&value=a"])
def test_no_good_queue_on_the_root(http, unchanged, form):
    response = http.post("/", form, {"Content-Type": FORM})
    assert response.status == 400 and response.json()["code"] in ("bad_request", "bad_name")
    assert "queue" in response.json()["error"] or "name" in response.json()["error"]


def test_no_value_on_the_root(http, queue, unchanged):
    assert_error(http.post("/", form={"queue": queue}), 400, "bad_request", "value")


def test_unknown_field_on_the_root(http, queue, unchanged):
    assert_error(http.post("/", form={"queue": queue, "value": "a", "colour": "red"}),
                 400, "bad_request", "colour")


# --- other ways to talk HTTP --------------------------------------------------------------------

def push_in_chunks(stack, queue, body):
    """The whole answer."""
    with socket.create_connection(("127.0.0.1", stack.port), 10) as sock:
        sock.sendall(f"POST /q/{queue} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                     "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode() + body)
        answer = b""
        while more := sock.recv(4096):
            answer += more
    return answer


def test_chunked_request_body(http, stack, queue):
    """The web server takes the chunks apart; the message is what was in them."""
    answer = push_in_chunks(stack, queue, b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    if not stack.web.takes_chunks:
        assert answer.startswith(b"HTTP/1.1 411 ") and take_all(http, queue) == []
        return
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(f"{queue}:1\r\n".encode())
    assert take_all(http, queue) == ["hello world"]


def test_chunks_too_large(stack, queue, unchanged):
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    answer = push_in_chunks(stack, queue, chunk * 640 + b"0\r\n\r\n")
    if not stack.web.takes_chunks:
        assert answer.startswith(b"HTTP/1.1 411 ")
        return
    assert answer.startswith(b"HTTP/1.1 413 ") and b'"too_large"' in answer
