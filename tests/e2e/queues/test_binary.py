# test_binary.py - any bytes, through every way in and every way out.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import json
import urllib.parse

import pytest

from checks import command, push
from messages import MESSAGES

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

def is_text(message):
    try:
        message.decode("utf-8")
        return True
    except UnicodeDecodeError:
        return False


def in_octets(http, queue, message):
    return push(http, queue, message)


def in_text(http, queue, message):
    return http.post(f"/q/{queue}", message, {"Content-Type": "text/plain"})


def in_form(http, queue, message):
    return http.post(f"/q/{queue}", form={"value": message})


def in_form_all_encoded(http, queue, message):
    return http.post(f"/q/{queue}", b"msg=" + b"".join(b"%%%02x" % byte for byte in message), FORM)


def in_root_form(http, queue, message):
    return http.post("/", form={"queue": queue, "value": message})


def in_json(http, queue, message):
    if is_text(message):
        return command(http, cmd="add", queue=queue, value=message.decode())
    return in_json_base64(http, queue, message)


def in_json_unescaped(http, queue, message):
    if not is_text(message):
        return in_json_base64(http, queue, message)
    text = json.dumps({"cmd": "add", "queue": queue, "value": message.decode()}, ensure_ascii=False)
    return http.post("/queue", form={"body": text})


def in_json_base64(http, queue, message):
    value = base64.b64encode(message).decode()
    return command(http, cmd="add", queue=queue, value=value, encoding="base64")


def decoded(message):
    """The bytes of a message object; base64 exactly where they are no UTF-8."""
    if "encoding" not in message:
        return message["value"].encode("utf-8")
    assert message["encoding"] == "base64"
    value = base64.b64decode(message["value"], validate=True)
    assert not is_text(value)
    return value


def out_raw(http, queue):
    return http.get(f"/q/{queue}?raw=1").body


def out_json(http, queue):
    return decoded(http.get(f"/q/{queue}").json())


def out_count(http, queue):
    [message] = http.get(f"/q/{queue}?count=5").json()
    return decoded(message)


def out_soft(http, queue):
    return decoded(http.get(f"/q/{queue}?soft=1").json())


def out_soft_raw(http, queue):
    return http.get(f"/q/{queue}?soft=1&raw=1").body


def out_root(http, queue):
    return decoded(http.get(f"/?queue={queue}").json())


def out_cmd_get(http, queue):
    return decoded(command(http, cmd="get", queue=queue).json())


def out_cmd_take(http, queue):
    return decoded(command(http, cmd="take", queue=queue).json())


def out_cmd_take_count(http, queue):
    [message] = command(http, cmd="take", queue=queue, count=5).json()["messages"]
    return decoded(message)


WAYS_IN = [in_octets, in_text, in_form, in_form_all_encoded, in_root_form, in_json,
           in_json_unescaped, in_json_base64]
WAYS_OUT = [out_raw, out_json, out_count, out_soft, out_soft_raw, out_root, out_cmd_get,
            out_cmd_take, out_cmd_take_count]


@pytest.mark.parametrize("way_in", WAYS_IN, ids=lambda way: way.__name__)
@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_in(http, redis, queue, way_in, message):
    way_in(http, queue, message)
    assert redis.get(f"{queue}:1") == message
    assert redis.lrange(f"{queue}:queue", 0, -1) == [f"{queue}:1".encode()]


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_in_by_the_query_string(fcgi, redis, queue, message):
    """Past the web server, which refuses some bytes there."""
    message = message[:2000]      # a query string has at most 8 KiB
    fcgi("POST", f"/q/{queue}?value=" + urllib.parse.quote_from_bytes(message, safe=""))
    assert redis.get(f"{queue}:1") == message


@pytest.mark.parametrize("way_out", WAYS_OUT, ids=lambda way: way.__name__)
@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_out(http, redis, queue, way_out, message):
    redis.set(f"{queue}:UUID", 1)
    redis.set(f"{queue}:1", message)
    redis.lpush(f"{queue}:queue", f"{queue}:1")
    assert way_out(http, queue) == message


def test_several_at_once(http, queue):
    push(http, queue, *MESSAGES.values())
    messages = http.get(f"/q/{queue}?count=1000").json()
    assert [decoded(message) for message in messages] == list(MESSAGES.values())
