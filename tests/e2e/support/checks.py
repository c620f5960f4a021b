# checks.py - what holds for many answers, said once.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import re

import stack as servers


def assert_common(response, has_length=True):
    """What every answer of the responder carries; has_length: one that is not written while it is sent."""
    assert response.headers.get("Cache-Control") == ("no-cache" if "ETag" in response.headers else "no-store"), response
    assert response.headers.get("X-Content-Type-Options") == "nosniff", response
    if response.status == 204:
        assert response.body == b""
    elif has_length:
        assert response.headers.get("Content-Length") is not None, response


def assert_json(response, expected=None, status=200):
    """A JSON answer: compact, CRLF at the end.  Returns its value."""
    assert response.status == status, response
    assert response.type == "application/json", response
    assert_common(response)
    assert response.body.endswith(b"\r\n"), response
    value = response.json()
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    assert len(response.text) - 2 <= len(compact) + 8 * compact.count("\\"), "not compact"
    if expected is not None:
        assert value == expected
    return value


def assert_text(response, expected, status=200):
    """A plain text answer, given without its CRLF."""
    assert (response.status, response.text) == (status, expected + "\r\n"), response
    assert response.headers["Content-Type"].lower() == "text/plain; charset=utf-8"
    assert_common(response)


def assert_error(response, status, code, *mentions):
    """An error: {"error": text for a person, "code": …}; the text has all of mentions."""
    value = assert_json(response, status=status)
    assert value["code"] == code, response
    assert value["error"] and "\n" not in value["error"]
    text = servers.shown(value["error"])
    for mention in mentions:
        assert mention in text, (mention, value["error"])
    return value


def assert_unavailable(response, unknown=False):
    """503: try again; and whether the operation may have happened."""
    value = assert_error(response, 503, "unavailable")
    assert response.headers["Retry-After"] == "1"
    assert value.get("outcome") == ("unknown" if unknown else None), value


def assert_empty(response):
    assert response.status == 204 and response.body == b"", response
    assert_common(response)


def push(http, queue, *messages):
    """Pushes bytes or text as they are; returns the keys."""
    keys = []
    for message in messages:
        response = http.post(f"/q/{queue}", message, {"Content-Type": "application/octet-stream"})
        assert response.status == 200, response
        keys.append(response.text.rstrip())
    return keys


def take(http, queue):
    """The oldest message's value, None when there is none."""
    response = http.get(f"/q/{queue}")
    if response.status == 204:
        return None
    assert response.status == 200, response
    return response.json()["value"]


def take_all(http, queue):
    values = []
    while (value := take(http, queue)) is not None:
        values.append(value)
    return values


def next_page(answer):
    """The options of the page behind it, None where there is none."""
    link = answer.headers.get("Link")
    return link and re.fullmatch(r'<(\?cursor=[^>]*)>; rel="next"', link).group(1)


def pages(http, path, query="", headers={}):
    """The answers of a listing, page by page.  The Redis that tests share may have more queues than
    a page: what a listing has of one of them may be on any."""
    while query is not None:
        answer = http.get(path + query, headers)
        yield answer
        query = next_page(answer)


def is_listed(http, queue):
    return any(f"/q/{queue}" in assert_json(page) for page in pages(http, "/q"))


def listed(http, path, queue):
    """What a listing of queues by their names has of that one."""
    found = [page["queues"][queue] for page in map(assert_json, pages(http, path)) if queue in page["queues"]]
    assert len(found) == 1, found
    return found[0]


def command(http, **members):
    """Sends one command of the JSON protocol; returns the response."""
    return http.post("/queue", json.dumps(members), {"Content-Type": "application/json"})


def names_by_command(http, **more):
    """All names that the command "list" tells, page by page."""
    names, cursor = [], None
    while cursor != "0":
        answer = assert_json(command(http, cmd="list", **more, **({} if cursor is None else {"cursor": cursor})))
        assert set(answer) == {"queues", "cursor"} and isinstance(answer["cursor"], str)
        names += answer["queues"]
        cursor = answer["cursor"]
    return names


def part(queue, name):
    """One of our own keys of a queue; dead letters have theirs beside those of their queue."""
    if queue.endswith(".dead"):
        return f"restmq:{{{queue.removesuffix('.dead')}}}.dead:{name}"
    return f"restmq:{{{queue}}}:{name}"


def names_key(queue):
    """Where it stands that there is this queue, in the same step as its first message."""
    return part(queue.removesuffix(".dead"), "names") if servers.hash_tags else "QUEUESET"


@contextlib.contextmanager
def trashed(redis, queue):
    """What happens here leaves bodies to be swept, and they are."""
    redis.config_set("notify-keyspace-events", "Kl")
    try:
        with redis.pubsub() as listener:
            listener.subscribe(f"__keyspace@0__:{part(queue, 'trash')}")
            assert listener.get_message(timeout=5)["type"] == "subscribe"
            yield
            assert servers.wait_for(lambda: listener.get_message(timeout=1))["data"] == b"lpush"
        swept(redis, queue)
    finally:
        redis.config_set("notify-keyspace-events", "")


def swept(redis, queue):
    """Waits until the bodies of purged messages are gone; that goes on beside the requests."""
    servers.wait_for(lambda: not redis.exists(part(queue, "trash")))


def keys_of(redis, queue):
    """All Redis keys that belong to a queue, once what was purged is swept away."""
    swept(redis, queue)
    return sorted(key.decode() for pattern in (f"{queue}:*", f"queuestat::{queue}",
                                               f"restmq:{{{queue}}}:*")
                  for key in redis.scan_iter(pattern, count=10000))


def heard(redis, channel, count, action):
    """The first messages on a channel from action() on; fewer where no more come in time."""
    with redis.pubsub() as listener:
        listener.subscribe(channel)
        assert listener.get_message(timeout=5)["type"] == "subscribe"
        action()
        messages = []
        while len(messages) < count and (message := listener.get_message(timeout=2)):
            messages.append(message["data"])
        return messages


def is_helpers_own(key):
    """Does a helper write this key, or let it expire, while nobody asks for anything?"""
    return re.fullmatch(rb"restmq:(helper.*|walker|index|unused|\{.*\}:unused)", key) is not None


def contents(redis):
    """Everything in this Redis: key → (type, serialised value, whether it expires).  With hash tags
    a queue is listed before its first push, which may be refused: so without that list."""
    keys = list(redis.scan_iter("*", count=10000))
    if servers.hash_tags and b"QUEUESET" in keys:
        keys.remove(b"QUEUESET")
    with redis.pipeline(transaction=False) as asking:
        for key in keys:
            asking.type(key).dump(key).ttl(key)
        answers = asking.execute()
    return {key: (kind, value, ttl >= 0)
            for key, kind, value, ttl in zip(keys, answers[::3], answers[1::3], answers[2::3])}
