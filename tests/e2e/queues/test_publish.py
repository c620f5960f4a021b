# test_publish.py - POST /pub/channel and the command pub, heard by redis-py.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import threading

import pytest

import stack as servers
from checks import assert_error, assert_json, assert_unavailable, command, heard
from messages import MESSAGES

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

MAX_MESSAGE = 1024 * 1024


def as_bytes(http, channel, message):
    return http.post(f"/pub/{channel}", message, {"Content-Type": "application/octet-stream"})


def as_text(http, channel, message):
    return http.post(f"/pub/{channel}", message, {"Content-Type": "text/plain; charset=latin-1"})


def as_json(http, channel, message):
    return http.post(f"/pub/{channel}", message, {"Content-Type": "application/json"})


def as_form(field):
    return lambda http, channel, message: http.post(f"/pub/{channel}", form={field: message})


def as_command(http, channel, message):
    return command(http, cmd="pub", channel=channel, value=base64.b64encode(message).decode(),
                   encoding="base64")


WAYS = {"bytes": as_bytes, "text": as_text, "json": as_json, "body": as_form("body"),
        "msg": as_form("msg"), "value": as_form("value"), "command": as_command}


# --- what arrives -------------------------------------------------------------------------------

@pytest.mark.parametrize("way", list(WAYS))
def test_every_way_and_every_byte(http, redis, queue, way):
    answers = []
    assert heard(redis, queue, len(MESSAGES), lambda: answers.extend(
        WAYS[way](http, queue, message) for message in MESSAGES.values())) == list(MESSAGES.values())
    for answer in answers:
        assert_json(answer, {"channel": queue, "receivers": 1})


def test_nobody_hears(http, redis, queue, unchanged):
    """It is no error, and nothing is kept."""
    assert_json(as_text(http, queue, "a"), {"channel": queue, "receivers": 0})
    assert_json(command(http, cmd="pub", channel=queue, value="a"),
                {"channel": queue, "receivers": 0})
    assert heard(redis, queue, 1, lambda: None) == []


def test_all_hear(http, redis, queue):
    """By name, by name of a segment, and by pattern; others do not."""
    channel = f"{queue}/eu"
    with redis.pubsub() as one, redis.pubsub() as two, redis.pubsub() as other:
        one.subscribe(channel)
        two.psubscribe(f"{queue}/*")
        other.subscribe(queue)
        for listener in one, two, other:
            listener.get_message(timeout=5)
        assert as_text(http, channel, "a").json() == {"channel": channel, "receivers": 2}
        assert one.get_message(timeout=5)["data"] == two.get_message(timeout=5)["data"] == b"a"
        assert other.get_message(timeout=0.1) is None


def test_the_order_of_one_publisher(http, redis, queue):
    messages = [str(number).encode() for number in range(200)]
    assert heard(redis, queue, 200, lambda: [as_bytes(http, queue, message)
                                             for message in messages]) == messages


def test_several_publishers(http, redis, queue):
    """Every message once, and each publisher's in order."""
    def publish(name):
        for number in range(50):
            as_text(http, queue, f"{name} {number}")
        http.close()

    def publish_all():
        threads = [threading.Thread(target=publish, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    messages = [message.split() for message in heard(redis, queue, 200, publish_all)]
    for name in range(4):
        assert [int(number) for who, number in messages if int(who) == name] == list(range(50))


@pytest.mark.parametrize("form, message", [
    ({"body": "a", "msg": "b", "value": "c"}, b"a"), ({"value": "c", "msg": "b"}, b"b"),
    ({"body": "", "msg": "", "value": "c"}, b"c"), ({"body": "", "value": ""}, b""),
    ({"body": " a+b&=%\n"}, b" a+b&=%\n")])
def test_fields(http, redis, queue, form, message):
    """body before msg before value, but an empty one hides none."""
    assert heard(redis, queue, 1, lambda: http.post(f"/pub/{queue}", form=form)) == [message]


def test_a_field_of_the_query_string(http, redis, queue):
    assert heard(redis, queue, 1, lambda: http.post(f"/pub/{queue}?msg=a")) == [b"a"]
    assert heard(redis, queue, 1, lambda: http.post(f"/pub/{queue}?msg=a", b"body=b", FORM)) == [b"b"]


def test_a_queue_of_that_name_is_another_thing(http, redis, queue):
    as_text(http, queue, "a")
    assert not redis.exists(f"{queue}:UUID") and http.get(f"/q/{queue}").status == 204


def test_a_command_s_text(http, redis, queue):
    assert heard(redis, queue, 1, lambda: assert_json(
        command(http, cmd="pub", channel=queue, value="\u00e9\0"),
        {"channel": queue, "receivers": 1})) == ["\u00e9\0".encode()]


# --- what is refused ----------------------------------------------------------------------------

def test_the_largest_message(http, redis, queue):
    largest = bytes(MAX_MESSAGE)
    assert heard(redis, queue, 1, lambda: as_bytes(http, queue, largest)) == [largest]


@pytest.mark.parametrize("way", ["bytes", "text", "value", "command"])
def test_too_large(http, redis, queue, unchanged, way):
    answers = []
    assert heard(redis, queue, 1, lambda: answers.append(
        WAYS[way](http, queue, b"x" * (MAX_MESSAGE + 1)))) == []
    if way == "command":
        assert (answers[0].status, answers[0].json()["code"]) == (200, "too_large")
    else:
        assert_error(answers[0], 413, "too_large", str(MAX_MESSAGE))


@pytest.mark.parametrize("headers, query, body, status, code, mention", [
    (FORM, "", "", 400, "bad_request", "body, msg or value"),
    (FORM, "", "message=a", 400, "bad_request", "message"),
    (FORM, "?ttl=5", "body=a", 400, "bad_request", "ttl"),
    ({"Content-Type": "text/plain"}, "?body=a", "b", 400, "bad_request", "body, msg or value"),
    ({"Content-Type": "text/plain"}, "?wait=5", "b", 400, "bad_request", "/w/"),
    ({"Content-Type": "application/x-ndjson"}, "", "a\nb\n", 415, "unsupported", "one message"),
    (FORM, "?body=a", "body=b", 400, "bad_request", "more than one"),
    ({"Content-Type": "multipart/form-data; boundary=x"}, "", "--x--", 400, "bad_request",
     "body, msg or value"),
    ({"Content-Type": "text/plain", "Idempotency-Key": "k"}, "", "a", 400, "bad_request",
     "Idempotency-Key")])
def test_refused(http, redis, queue, headers, query, body, status, code, mention):
    answers = []
    assert heard(redis, queue, 1, lambda: answers.append(
        http.post(f"/pub/{queue}{query}", body, headers))) == []
    assert_error(answers[0], status, code, mention)


@pytest.mark.parametrize("channel", ["restmq:presence:a", "restmq:a", "QUEUESET", "a:queue",
                                     "AUTHKEY:a", "queuestat::a", "a b", "*", "a\0b", "", "..",
                                     "__keyevent@0__:set", "__keyspace@0__:a", "__"])
def test_bad_names_in_a_command(http, unchanged, channel):
    answer = command(http, cmd="pub", channel=channel, value="a")
    assert (answer.status, answer.json()["code"]) == (200, "bad_name")


@pytest.mark.parametrize("channel", ["__keyevent@0__:set", "__keyspace@0__:a/b", "__sentinel__:hello", "__", "%5f_key"])
def test_nobody_may_pretend_to_be_redis(http, unchanged, channel):
    assert_error(as_text(http, channel, "x"), 400, "bad_name")
    for name in "_", "_key", "a__key":
        assert as_text(http, name, "x").json() == {"channel": name, "receivers": 0}


def test_nobody_may_pretend_to_be_presence(http, redis, queue):
    channel = f"restmq:presence:{{{queue}}}"
    answers = []
    assert heard(redis, channel, 1, lambda: answers.append(
        as_text(http, channel.replace("{", "%7B").replace("}", "%7D"), "{}"))) == []
    assert answers[0].status == 400


@pytest.mark.parametrize("way", ["bytes", "command"])
def test_redis_away(new_stack, way):
    stack = new_stack(workers=1)
    stack.redis.stop()
    assert_unavailable(WAYS[way](stack.http, "foo", b"a"))


def test_no_answer_is_an_unknown_outcome(new_stack):
    """Somebody may have heard it."""
    stack = new_stack(workers=1, conf={"redis_timeout_ms": 300})
    as_text(stack.http, "foo", "a")
    stack.redis.client().execute_command("CLIENT", "PAUSE", 2000, "ALL")
    assert_unavailable(as_text(stack.http, "foo", "a"), unknown=True)


def test_a_damaged_body_is_not_published(stack, redis, queue):
    """It ends before its Content-Length."""
    params = servers.fcgi_params("POST", f"/pub/{queue}", CONTENT_TYPE="text/plain")
    assert heard(redis, queue, 1, lambda: servers.fcgi_request(
        stack.responders.socket, params, b"abc", claim_length=10)) == []
