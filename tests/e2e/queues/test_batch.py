# test_batch.py - application/x-ndjson: many messages in one request, all of them or none.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

import stack as servers
from checks import assert_error, assert_json, heard, keys_of, push, take, take_all
from reliable import NDJSON, assert_refused, changes, part, push_batch

MIB = 1048576


def batch(http, queue, body, **headers):
    return http.post(f"/q/{queue}", body, {**NDJSON, **headers})


# --- what goes in -------------------------------------------------------------------------------

def test_answer(http, queue):
    assert_json(batch(http, queue, "a\nb\nc\n"), [f"{queue}:1", f"{queue}:2", f"{queue}:3"])
    assert take_all(http, queue) == ["a", "b", "c"]
    assert_json(batch(http, queue, "d\n"), [f"{queue}:4"])


@pytest.mark.parametrize("accept", ["text/plain", "application/json", "text/html", "*/*"])
def test_the_answer_is_always_an_array(http, queue, accept):
    assert_json(batch(http, queue, "a\n", Accept=accept), [f"{queue}:1"])


@pytest.mark.parametrize("type", ["application/x-ndjson; charset=utf-8", "Application/X-NDJSON",
                                  "application/x-ndjson;"])
def test_content_type(http, queue, type):
    assert len(http.post(f"/q/{queue}", "a\nb", {"Content-Type": type}).json()) == 2


@pytest.mark.parametrize("body, messages", [
    (b"a", [b"a"]),
    (b"a\n", [b"a"]),
    (b"a\nb", [b"a", b"b"]),
    (b"\n", [b""]),
    (b"\n\n", [b"", b""]),
    (b"\na", [b"", b"a"]),
    (b"a\n\nb\n", [b"a", b"", b"b"]),
    (b"a\n\n", [b"a", b""]),
    (b"a\r\nb\r\n", [b"a\r", b"b\r"]),
    (b"\r\n", [b"\r"]),
    (b" a \n\tb\t\n", [b" a ", b"\tb\t"]),
    (b"\xff\0\n\0\n", [b"\xff\0", b"\0"]),
    (b'{"a":1}\n[1,2]\n"x"\nnot json\n', [b'{"a":1}', b"[1,2]", b'"x"', b"not json"]),
    ("é\u2028ü\n\u0085\n".encode(), ["é\u2028ü".encode(), "\u0085".encode()]),
    (b"a=b&value=c\n%41+\n", [b"a=b&value=c", b"%41+"]),
], ids=repr)
def test_lines(http, queue, body, messages):
    """Each line without its \\n, and nothing else, is a message, verbatim."""
    keys = [f"{queue}:{number}" for number in range(1, len(messages) + 1)]
    assert_json(batch(http, queue, body), keys)
    assert [http.get(f"/q/{queue}?raw=1").body for _ in messages] == messages
    assert take(http, queue) is None


def test_a_thousand(http, queue):
    assert push_batch(http, queue, 1000) == [f"{queue}:{number}" for number in range(1, 1001)]
    assert take_all(http, queue) == [str(number) for number in range(1, 1001)]


def test_a_thousand_empty_ones(http, redis, queue):
    assert len(batch(http, queue, "\n" * 1000).json()) == 1000
    assert redis.llen(f"{queue}:queue") == 1000


def test_a_thousand_without_the_last_line_feed(http, queue):
    assert len(batch(http, queue, "a\n" * 999 + "a").json()) == 1000


def test_one_mib(http, queue):
    line = "a" * (MIB // 16)
    assert len(batch(http, queue, (line + "\n") * 16).json()) == 16
    assert take(http, queue) == line


def test_the_largest_message_in_a_batch(http, queue):
    assert len(batch(http, queue, "a" * (MIB - 1) + "\nb").json()) == 2
    assert len(batch(http, queue, "c" * MIB).json()) == 1
    assert [len(value) for value in take_all(http, queue)] == [MIB - 1, 1, MIB]


def test_behind_and_before_single_messages(http, queue):
    push(http, queue, "first")
    assert batch(http, queue, "a\nb\n").json() == [f"{queue}:2", f"{queue}:3"]
    assert push(http, queue, "last") == [f"{queue}:4"]
    assert take_all(http, queue) == ["first", "a", "b", "last"]


def test_the_keys_that_an_original_restmq_has(http, redis, queue):
    batch(http, queue, "a\nb\n")
    assert keys_of(redis, queue) == sorted([f"{queue}:1", f"{queue}:2", f"{queue}:UUID",
                                            f"{queue}:queue", f"queuestat::{queue}"])
    assert redis.sismember("QUEUESET", queue) and redis.get(f"{queue}:UUID") == b"2"
    assert redis.lrange(f"{queue}:queue", 0, -1) == [f"{queue}:2".encode(), f"{queue}:1".encode()]


def test_each_key_is_published(http, redis, queue):
    assert heard(redis, f"{queue}:PUBSUB", 3, lambda: batch(http, queue, "a\nb\nc\n")) == [
        f"{queue}:{number}".encode() for number in (1, 2, 3)]


@pytest.mark.parametrize("query, seconds", [("?ttl=50", 50), ("?ttl=50&delay=10", 60), ("", None)])
def test_options(http, redis, queue, query, seconds):
    http.post(f"/q/{queue}{query}", "a\nb\n", NDJSON)
    for number in 1, 2:
        ttl = redis.ttl(f"{queue}:{number}")
        assert ttl == -1 if seconds is None else seconds - 2 <= ttl <= seconds
    assert redis.zcard(part(queue, "delayed")) == (2 if "delay" in query else 0)


def test_on_the_root(http, queue):
    """The queue is an option there."""
    assert_json(http.post(f"/?queue={queue}", "a\nb\n", NDJSON), [f"{queue}:1", f"{queue}:2"])


# --- what does not, and then nothing does -------------------------------------------------------

@pytest.mark.parametrize("body", ["\n" * 1001, "a\n" * 1000 + "a", "a\n" * 5000, "\n" * 1000000],
                         ids=["empty", "no last line feed", "5000", "million"])
def test_too_many(http, redis, queue, body):
    assert_refused(redis, lambda: batch(http, queue, body), "too_large", "1000", status=413)


@pytest.mark.parametrize("body", [
    "a" * (MIB + 1) + "\nb\n", "a\n" + "b" * (MIB + 1) + "\n", "a\nb\n" + "c" * (MIB + 1)],
    ids=["first", "middle", "last"])
def test_one_line_too_long(http, redis, queue, body):
    assert_refused(redis, lambda: batch(http, queue, body), "too_large", str(MIB), status=413)


def test_together_too_large(http, redis, queue):
    body = "\n".join(["a" * (MIB - 1), "bc"])
    assert_refused(redis, lambda: batch(http, queue, body), "too_large", str(MIB), status=413)


def test_over_max_body(http, redis, queue):
    assert_refused(redis, lambda: batch(http, queue, "a" * (8 * MIB + 1)), "too_large",
                   str(8 * MIB), status=413)


def test_nothing(http, redis, queue):
    assert_refused(redis, lambda: batch(http, queue, ""), "bad_request", "line")


def test_larger_messages_where_they_are_allowed(new_stack):
    """max_message may be more than a batch holds: one line may have it all the same."""
    http = new_stack(conf={"max_message": 6 * MIB}).http
    assert len(batch(http, "foo", "a" * (5 * MIB)).json()) == 1
    assert_error(batch(http, "foo", "a" * (5 * MIB) + "\nb"), 413, "too_large")
    assert [len(value) for value in take_all(http, "foo")] == [5 * MIB]


def test_smaller_messages(new_stack):
    http = new_stack(conf={"max_message": 10}).http
    assert_error(batch(http, "foo", "a\n" + "b" * 11 + "\nc\n"), 413, "too_large", "10")
    assert take(http, "foo") is None
    assert_error(batch(http, "foo", "b" * 10 + "\r\n"), 413, "too_large", "10")
    assert len(batch(http, "foo", "b" * 10 + "\n").json()) == 1


@pytest.mark.parametrize("option", ["value=a", "msg=a", "msg=", "value"])
def test_a_message_beside_the_batch(http, redis, queue, option):
    assert_refused(redis, lambda: http.post(f"/q/{queue}?{option}", "a\nb\n", NDJSON),
                   "bad_request")


@pytest.mark.parametrize("option, word", [("ttl=0", "ttl"), ("ttl=x", "ttl"), ("delay=-1", "delay"),
                                          ("colour=red", "colour"), ("count=2", "count"),
                                          ("lease=5", "lease")])
def test_bad_options(http, redis, queue, option, word):
    code = "bad_value" if word in ("ttl", "delay") else "bad_request"
    assert_refused(redis, lambda: http.post(f"/q/{queue}?{option}", "a\nb\n", NDJSON), code, word)


@pytest.mark.parametrize("name", ["..", "QUEUESET", "a%20b", "foo.dead", "x:queue"])
def test_bad_names(http, redis, name):
    assert_refused(redis, lambda: http.post(f"/q/{name}", "a\nb\n", NDJSON), "bad_name")


@pytest.mark.parametrize("how", ["claim_length", "abort", "half_close"])
def test_a_body_that_was_cut(stack, redis, queue, how):
    """Half a batch is none."""
    body = b"a\n" * 500
    options = {"claim_length": 2000} | ({} if how == "claim_length" else {how: True})
    before = changes(redis)
    response = servers.fcgi_request(
        stack.responders.socket,
        servers.fcgi_params("POST", f"/q/{queue}", CONTENT_TYPE="application/x-ndjson"), body,
        **options)
    assert response is None or response.status == 503
    assert changes(redis) == before


def test_a_counter_that_cannot_count(http, redis, queue):
    """A batch that does not fit under the largest number is not begun."""
    for counter in "9223372036854775807", "9223372036854775806", "abc":
        redis.set(f"{queue}:UUID", counter)
        assert_refused(redis, lambda: batch(http, queue, "a\nb\n"), "damaged", f"{queue}:UUID",
                       status=500)
    assert keys_of(redis, queue) == [f"{queue}:UUID"]
