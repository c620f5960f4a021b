# test_json_protocol.py - POST /queue: the JSON protocol.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import json

import pytest

from checks import (assert_common, assert_error, assert_json, command, keys_of, push, take,
                    take_all)

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


# --- add, get, take, del as RestMQ has them -----------------------------------------------------

def test_add(http, redis, queue):
    assert_json(command(http, cmd="add", queue=queue, value="abacab"),
                {"queue": queue, "value": "abacab", "key": f"{queue}:1"})
    assert take(http, queue) == "abacab"


def test_get(http, queue):
    push(http, queue, "abacab")
    for count in 1, 2:
        assert_json(command(http, cmd="get", queue=queue),
                    {"queue": queue, "value": "abacab", "key": f"{queue}:1", "count": count})


def test_take(http, redis, queue):
    push(http, queue, "abacab")
    command(http, cmd="get", queue=queue)
    assert_json(command(http, cmd="take", queue=queue),
                {"queue": queue, "value": "abacab", "key": f"{queue}:1"})
    assert keys_of(redis, queue) == sorted([f"{queue}:UUID", f"queuestat::{queue}"])


@pytest.mark.parametrize("cmd", ["get", "take"])
def test_empty(http, queue, unchanged, cmd):
    assert_json(command(http, cmd=cmd, queue=queue), {"error": "empty queue", "code": "empty"})


def test_del(http, queue):
    push(http, queue, "a", "b")
    assert_json(command(http, cmd="del", queue=queue, key=f"{queue}:2"),
                {"queue": queue, "deleted": True, "key": f"{queue}:2"})
    assert_json(command(http, cmd="del", queue=queue, key=f"{queue}:2"),
                {"queue": queue, "deleted": False, "key": f"{queue}:2"})
    assert take_all(http, queue) == ["a"]


# --- ours besides -------------------------------------------------------------------------------

def test_add_with_ttl(http, redis, queue):
    assert command(http, cmd="add", queue=queue, value="a", ttl=100).status == 200
    assert 98 <= redis.ttl(f"{queue}:1") <= 100


def test_add_base64(http, queue):
    value = base64.b64encode(bytes(range(256))).decode()
    assert command(http, cmd="add", queue=queue, value=value,
                   encoding="base64").json()["key"] == f"{queue}:1"
    assert http.get(f"/q/{queue}?raw=1").body == bytes(range(256))


def test_take_several(http, queue):
    push(http, queue, "a", b"\xff", "c")
    response = command(http, cmd="take", queue=queue, count=2)
    assert_json(response, {"queue": queue, "messages": [
        {"key": f"{queue}:1", "value": "a"},
        {"key": f"{queue}:2", "value": "/w==", "encoding": "base64"}]})
    assert take_all(http, queue) == ["c"]
    assert_json(command(http, cmd="take", queue=queue, count=2), {"queue": queue, "messages": []})


def test_len(http, queue):
    assert_json(command(http, cmd="len", queue=queue), {"queue": queue, "len": 0})
    push(http, queue, "a", "b")
    assert_json(command(http, cmd="len", queue=queue), {"queue": queue, "len": 2})


def test_purge(http, queue):
    push(http, queue, "a", "b")
    assert_json(command(http, cmd="purge", queue=queue), {"queue": queue, "status": 1, "purged": 2})
    assert_json(command(http, cmd="purge", queue=queue), {"queue": queue, "status": 0, "purged": 0})


def test_list(http, queue):
    push(http, queue, "a")
    answer = assert_json(command(http, cmd="list"))
    assert set(answer) == {"queues", "cursor"}
    names, cursor = set(answer["queues"]), answer["cursor"]
    while cursor != "0":
        assert isinstance(cursor, str)
        answer = command(http, cmd="list", cursor=cursor, limit=1000).json()
        names.update(answer["queues"])
        cursor = answer["cursor"]
    assert queue in names


def test_list_in_small_pages(http, queue):
    push(http, queue, "a")
    names, cursor = [], None
    while cursor != "0":
        more = {} if cursor is None else {"cursor": cursor}
        answer = command(http, cmd="list", limit=5, **more).json()
        names += answer["queues"]
        cursor = answer["cursor"]
    assert queue in names


# --- how the command comes in -------------------------------------------------------------------

ADD = '{{"cmd":"add","queue":"{}","value":"a"}}'


@pytest.mark.parametrize("headers", [JSON, {"Content-Type": "application/json; charset=utf-8"},
                                     {"Content-Type": "Application/JSON"}])
def test_the_json_itself(http, queue, headers):
    assert http.post("/queue", ADD.format(queue), headers).json()["key"] == f"{queue}:1"


@pytest.mark.parametrize("fields", [
    lambda text: {"body": text},
    lambda text: {"msg": text},
    lambda text: {"body": text, "msg": "nonsense"},
    lambda text: {"msg": "nonsense", "body": text},
    lambda text: {"body": "  " + text + "\r\n"},
    lambda text: {"body": text, "_": "17", "authkey": "k"},
], ids=["body", "msg", "body first", "body last", "white space", "let through"])
def test_as_a_form_field(http, queue, fields):
    assert http.post("/queue", form=fields(ADD.format(queue))).json()["key"] == f"{queue}:1"


def test_in_the_query_string(http, queue):
    text = ADD.format(queue).replace("{", "%7B").replace("}", "%7D").replace('"', "%22")
    assert http.post("/queue?body=" + text).json()["key"] == f"{queue}:1"


def test_the_page(http):
    response = http.get("/queue")
    assert response.status == 302 and response.headers["Location"] == "./"
    assert_common(response)


def test_members_in_any_order_with_escapes_and_white_space(http, queue):
    text = (' {\r\n\t"v\\u0061lue" : "\\u00e9\\ud83d\\ude00\\/\\n" , "queue":"%s" ,'
            '"cmd" : "add" } \n' % queue)
    assert http.post("/queue", text, JSON).status == 200
    assert take(http, queue) == "é😀/\n"


# --- what an application did wrong: 200 ---------------------------------------------------------

@pytest.mark.parametrize("members, code, words", [
    ({"cmd": "add", "value": "a"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "get"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "take"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "len"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "purge"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "del", "key": "q:1"}, "bad_request", ['missing member "queue"']),
    ({"cmd": "add", "queue": "q"}, "bad_request", ['missing member "value"']),
    ({"cmd": "del", "queue": "q"}, "bad_request", ['missing member "key"']),
    ({"cmd": "add", "queue": "q", "value": 5}, None, ["value"]),
    ({"cmd": "add", "queue": "q", "value": None}, None, ["value"]),
    ({"cmd": "add", "queue": "q", "value": True}, None, ["value"]),
    ({"cmd": "add", "queue": "q", "value": ["a"]}, None, ["value"]),
    ({"cmd": "add", "queue": "q", "value": {"a": 1}}, None, ["value"]),
    ({"cmd": "add", "queue": 5, "value": "a"}, None, ["queue"]),
    ({"cmd": "add", "queue": None, "value": "a"}, None, ["queue"]),
    ({"cmd": "take", "queue": ["q"]}, None, ["queue"]),
    ({"cmd": "del", "queue": "q", "key": 5}, None, ["key"]),
    ({"cmd": "del", "queue": "q", "key": None}, None, ["key"]),
    ({"cmd": "del", "queue": "q", "key": "r:1"}, "bad_value", ["key"]),
    ({"cmd": "del", "queue": "q", "key": "q:1\0"}, "bad_value", ["key"]),
    ({"cmd": "del", "queue": "q", "key": ""}, "bad_value", ["key"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": 0}, "bad_value", ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": -1}, "bad_value", ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": 1.5}, "bad_value", ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": 315360001}, "bad_value", ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": 2 ** 64 + 5}, "bad_value", ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": True}, None, ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": None}, None, ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "ttl": [1]}, None, ["ttl"]),
    ({"cmd": "add", "queue": "q", "value": "a", "encoding": "rot13"}, "bad_value", ["encoding"]),
    ({"cmd": "add", "queue": "q", "value": "a", "encoding": 64}, None, ["encoding"]),
    ({"cmd": "add", "queue": "q", "value": "a=b=", "encoding": "base64"}, "bad_value", ["base64"]),
    ({"cmd": "add", "queue": "q", "value": "é", "encoding": "base64"}, "bad_value", ["base64"]),
    ({"cmd": "add", "queue": "q", "value": "YQ", "encoding": "base64"}, "bad_value", ["base64"]),
    ({"cmd": "add", "queue": "q", "value": "YQ==\0", "encoding": "base64"}, "bad_value",
     ["base64"]),
    ({"cmd": "take", "queue": "q", "count": 0}, "bad_value", ["count"]),
    ({"cmd": "take", "queue": "q", "count": 1001}, "bad_value", ["count"]),
    ({"cmd": "take", "queue": "q", "count": -1}, "bad_value", ["count"]),
    ({"cmd": "take", "queue": "q", "count": 1.5}, "bad_value", ["count"]),
    ({"cmd": "take", "queue": "q", "count": 2 ** 64 + 1}, "bad_value", ["count"]),
    ({"cmd": "take", "queue": "q", "count": "ten"}, "bad_value", ["count"]),
    ({"cmd": "list", "limit": 0}, "bad_value", ["limit"]),
    ({"cmd": "list", "limit": 1001}, "bad_value", ["limit"]),
    ({"cmd": "list", "cursor": "x"}, "bad_value", ["cursor"]),
    ({"cmd": "list", "cursor": "-1"}, "bad_value", ["cursor"]),
    ({"cmd": "list", "cursor": ""}, "bad_value", ["cursor"]),
    ({"cmd": "list", "cursor": "9" * 40}, "bad_value", ["cursor"]),
    # unknown members, those of the next issue among them
    ({"cmd": "add", "queue": "q", "value": "a", "colour": "red"}, "bad_request", ["colour"]),
    ({"cmd": "add", "queue": "q", "value": "a", "delay": 5}, "bad_request", ["delay"]),
    ({"cmd": "add", "queue": "q", "value": "a", "once": "k"}, "bad_request", ["once"]),
    ({"cmd": "add", "queue": "q", "values": ["a"]}, "bad_request", []),
    ({"cmd": "get", "queue": "q", "count": 2}, "bad_request", ["count"]),
    ({"cmd": "take", "queue": "q", "lease": 30}, "bad_request", ["lease"]),
    ({"cmd": "del", "queue": "q", "key": "q:1", "lease": "x"}, "bad_request", ["lease"]),
    ({"cmd": "len", "queue": "q", "value": "a"}, "bad_request", ["value"]),
    ({"cmd": "list", "queue": "q"}, "bad_request", ["queue"]),
    ({"cmd": "purge", "queue": "q", "key": "q:1"}, "bad_request", ["key"]),
    # a cmd that is none
    ({"cmd": 5}, None, ["cmd"]),
    ({"cmd": None}, None, ["cmd"]),
    ({"cmd": ["add"]}, None, ["cmd"]),
], ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "")
def test_refused(http, unchanged, members, code, words):
    response = command(http, **members)
    value = assert_json(response)
    if code is None:
        assert value["code"] in ("bad_request", "bad_value")
    else:
        assert value["code"] == code, value
    for word in words:
        assert word in value["error"], value


@pytest.mark.parametrize("cmd", [
    "shout", "ADD", "add ", " add", "", "a\0dd", "add\0", "extend", "release", "redrive", "pub",
    "stats", "policy", "control"])
def test_unknown_cmd(http, queue, unchanged, cmd):
    response = command(http, cmd=cmd, queue=queue)
    if cmd == "" and response.status == 400:   # as RestMQ
        return
    assert_json(response, {"error": "null resultset", "code": "bad_request"})


def test_message_too_large(http, queue, unchanged):
    response = command(http, cmd="add", queue=queue, value="a" * 1048577)
    assert response.status in (200, 413) and response.json()["code"] == "too_large"
    assert "1048576" in response.json()["error"]
    value = base64.b64encode(b"\xff" * 1048577).decode()
    response = command(http, cmd="add", queue=queue, value=value, encoding="base64")
    assert response.status in (200, 413) and response.json()["code"] == "too_large"


def test_largest_message(http, queue):
    value = base64.b64encode(b"\xff" * 1048576).decode()
    assert command(http, cmd="add", queue=queue, value=value, encoding="base64").json()["key"]
    assert command(http, cmd="add", queue=queue, value="\x01" * 1048576).json()["key"]
    assert http.get(f"/q/{queue}?raw=1").body == b"\xff" * 1048576
    assert http.get(f"/q/{queue}?raw=1").body == b"\x01" * 1048576


# --- what is no command: 400 --------------------------------------------------------------------

def nested(depth):
    """A command whose value is that deep, the object of the command itself counted."""
    return '{"cmd":"add","queue":"q","value":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


NO_COMMAND = [
    "", " ", "{", "}", "{}", "[]", '"add"', "5", "null", "nonsense", '["cmd","add"]',
    '{"queue":"q"}', '{"CMD":"len","queue":"q"}',
    '{"cmd":"len","queue":"q"', '{"cmd":"len","queue":"q}', '{"cmd":"len" "queue":"q"}',
    '{"cmd":"len","queue":}', '{"cmd":"len","queue":"q"} x', '{"cmd":"len","queue":"q"}{}',
    '{"cmd":"len","queue":"q"},', '{"cmd":"len","queue":"q"}\0', '{"cmd":"len",\0"queue":"q"}',
    '\ufeff{"cmd":"len","queue":"q"}', "{'cmd':'len','queue':'q'}", '{cmd:"len","queue":"q"}',
    '{"cmd":"len","queue":"q",}', '{"cmd":"len","queue":"q" /* c */}',
    '// c\n{"cmd":"len","queue":"q"}', '{"cmd":"add","queue":"q","value":"a\nb"}',
    '{"cmd":"add","queue":"q","value":"a\tb"}', '{"cmd":"add","queue":"q","value":"a\x01b"}',
    '{"cmd":"add","queue":"q","value":"a\0b"}', '{"cmd":"add","queue":"q","value":"\\x41"}',
    '{"cmd":"add","queue":"q","value":"\\u12"}', '{"cmd":"add","queue":"q","value":NaN}',
    '{"cmd":"take","queue":"q","count":Infinity}', '{"cmd":"take","queue":"q","count":01}',
    '{"cmd":"take","queue":"q","count":+1}', '{"cmd":"take","queue":"q","count":.5}',
    '{"cmd":"take","queue":"q","count":0x1}', '{"cmd":"add","queue":"q","value":TRUE}',
    '{"cmd":"add","queue":"q","value":"\\ud800"}',
    '{"cmd":"add","queue":"q","value":"\\udc00\\ud800"}', nested(33), nested(40), nested(10000),
    nested(1000000),
]


@pytest.mark.parametrize("text", NO_COMMAND, ids=lambda text: ascii(text)[:50])
def test_no_command(http, unchanged, text):
    assert_error(http.post("/queue", text, JSON), 400, "bad_request")


@pytest.mark.parametrize("text", NO_COMMAND[:20], ids=lambda text: ascii(text)[:50])
def test_no_command_in_a_form(http, unchanged, text):
    assert_error(http.post("/queue", form={"body": text}), 400, "bad_request")


BAD_UTF8 = [b"\xff", b"\x80", b"\xc3", b"\xc3(", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80",
            b"\xe2\x82", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x80",
            b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe"]


@pytest.mark.parametrize("sequence", BAD_UTF8, ids=lambda sequence: sequence.hex())
def test_invalid_utf8(http, queue, unchanged, sequence):
    for text in (b'{"cmd":"add","queue":"%s","value":"a' + sequence + b'"}',
                 b'{"cmd":"add","queue":"%s","value":"a","' + sequence + b'":1}',
                 b'{"cmd":"add","queue":"%s","value":"a"}' + sequence):
        text = text % queue.encode()
        assert_error(http.post("/queue", text, JSON), 400, "bad_request", "UTF-8")
        assert_error(http.post("/queue", form={"body": text}), 400, "bad_request", "UTF-8")


def test_as_deep_as_allowed(http, unchanged):
    """32 deep is JSON to us; that such a value is no string is another matter."""
    assert "value" in assert_json(http.post("/queue", nested(32), JSON))["error"]


@pytest.mark.parametrize("fields", [{}, {"body": ""}, {"value": '{"cmd":"list"}'}, {"boddy": "x"},
                                    {"body": '{"cmd":"list"}', "colour": "red"}],
                         ids=repr)
def test_bad_form(http, unchanged, fields):
    assert_error(http.post("/queue", form=fields), 400, "bad_request")


def test_json_sent_as_a_form(http, unchanged):
    """`curl -d '{"cmd":…}'` without its -H."""
    assert_error(http.post("/queue", '{"cmd":"list"}', FORM), 400, "bad_request", "Content-Type")


@pytest.mark.parametrize("type", ["text/plain", "application/octet-stream", "application/x-ndjson",
                                  "multipart/form-data; boundary=x"])
def test_other_content_types(http, unchanged, type):
    response = http.post("/queue", '{"cmd":"list"}', {"Content-Type": type})
    assert response.status in (400, 415)
    assert response.json()["code"] in ("bad_request", "unsupported")


def test_the_same_member_twice(http, queue):
    """The last one wins, or it is refused; never a mixture."""
    response = http.post("/queue",
                         '{"cmd":"add","queue":"nobody","queue":"%s","value":"a"}' % queue, JSON)
    assert response.status in (200, 400)
    assert command(http, cmd="len", queue="nobody").json()["len"] == 0


# --- values -------------------------------------------------------------------------------------

@pytest.mark.parametrize("value", [
    "", "a\0b", "\0", "\x7f", "\u2028\u2029", "</script>", "é😀", '"\\', "\r\n\t\b\f",
    "\ufffe\uffff", "\U0010ffff", "a" * 100000], ids=lambda value: ascii(value)[:20])
def test_text_comes_back_as_it_went_in(http, queue, value):
    for answer in (command(http, cmd="add", queue=queue, value=value),
                   command(http, cmd="get", queue=queue), command(http, cmd="take", queue=queue)):
        assert answer.json()["value"] == value
    command(http, cmd="add", queue=queue, value=value)
    assert http.get(f"/q/{queue}").json()["value"] == value


def test_bytes_come_out_as_base64(http, queue):
    push(http, queue, b"\xff\0")
    assert_json(command(http, cmd="get", queue=queue), {
        "queue": queue, "value": "/wA=", "encoding": "base64", "key": f"{queue}:1", "count": 1})
    assert_json(command(http, cmd="take", queue=queue), {
        "queue": queue, "value": "/wA=", "encoding": "base64", "key": f"{queue}:1"})
