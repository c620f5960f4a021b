# test_idempotency.py - Idempotency-Key: a push that may be sent again without being done again.
#
# SPDX-License-Identifier: BSD-2-Clause

import itertools
import json
import os
import subprocess
import time

import pytest

import stack as servers
from checks import assert_error, assert_json, assert_text, command, push, take, take_all
from parallel import in_parallel, is_replay, push_once
from reliable import NDJSON, assert_refused, nothing_changes, part, policy

TEXT = {"Content-Type": "text/plain"}


def batch_once(http, queue, body="a\nb\n", once="k", query=""):
    return http.post(f"/q/{queue}{query}", body, {**NDJSON, "Idempotency-Key": once})


# --- the same again -----------------------------------------------------------------------------

def test_a_repeat(http, redis, queue):
    first = push_once(http, queue)
    assert_text(first, f"{queue}:1")
    assert "Idempotent-Replay" not in first.headers
    for _ in range(3):
        with nothing_changes(redis):
            again = push_once(http, queue)
        assert_text(again, f"{queue}:1")
        assert is_replay(again)
    assert take_all(http, queue) == ["a"]


def test_a_repeat_after_the_message_was_taken(http, queue):
    push_once(http, queue)
    assert take(http, queue) == "a"
    assert is_replay(push_once(http, queue))
    assert take(http, queue) is None
    push(http, queue, "b")
    assert push_once(http, queue).text.strip() == f"{queue}:1"


def test_a_repeat_after_a_purge(http, queue):
    push_once(http, queue)
    http.delete(f"/q/{queue}")
    assert is_replay(push_once(http, queue))
    assert take(http, queue) is None


def test_a_repeat_with_other_headers(http, queue):
    """What is asked for is the same; the answer is in the form that is wanted now."""
    push_once(http, queue)
    answer = push_once(http, queue, Accept="application/json")
    assert_json(answer, {"queue": queue, "key": f"{queue}:1"})
    assert is_replay(answer)
    assert is_replay(http.post(f"/q/{queue}", form={"value": "a"},
                               headers={"Idempotency-Key": "k"}))
    assert take_all(http, queue) == ["a"]


def test_a_repeat_of_a_batch(http, redis, queue):
    first = batch_once(http, queue)
    keys = assert_json(first, [f"{queue}:1", f"{queue}:2"])
    assert not is_replay(first)
    with nothing_changes(redis):
        again = batch_once(http, queue)
    assert_json(again, keys)
    assert is_replay(again)
    assert take_all(http, queue) == ["a", "b"]


def test_a_repeat_of_a_thousand(http, queue):
    body = "".join(f"{number}\n" for number in range(1000))
    keys = batch_once(http, queue, body).json()
    assert batch_once(http, queue, body).json() == keys and len(keys) == 1000


@pytest.mark.parametrize("query", ["?ttl=100", "?delay=100", "?ttl=100&delay=100"])
def test_a_repeat_with_options(http, redis, queue, query):
    push_once(http, queue, query=query)
    with nothing_changes(redis):
        assert is_replay(push_once(http, queue, query=query))


def test_a_repeat_under_other_settings(http, queue):
    """The queue's ttl is no part of what the client said."""
    push_once(http, queue)
    policy(http, queue, ttl=100, lease=30)
    assert is_replay(push_once(http, queue))


def test_a_repeat_on_a_full_queue(http, queue):
    """It pushes nothing, so there is room for it."""
    policy(http, queue, max_length=1)
    assert push_once(http, queue).status == 200
    assert is_replay(push_once(http, queue))
    assert push_once(http, queue, once="other").status == 429


def test_a_repeat_by_another_responder(new_stack):
    """Redis remembers, not a process."""
    stack = new_stack(workers=6)
    answers = [push_once(stack.http, "foo") for _ in range(30)]
    assert [is_replay(answer) for answer in answers] == [False] + [True] * 29


def test_the_root(http, queue):
    answers = [http.post("/", form={"queue": queue, "value": "a"}, headers={"Idempotency-Key": "k"})
               for _ in range(2)]
    assert [is_replay(answer) for answer in answers] == [False, True]
    assert is_replay(push_once(http, queue))
    assert take_all(http, queue) == ["a"]


def test_the_header_and_the_member_are_one(http, queue):
    """The JSON protocol's "once" is the same thing."""
    push_once(http, queue, once="k")
    answer = command(http, cmd="add", queue=queue, value="a", once="k").json()
    assert answer == {"queue": queue, "value": "a", "key": f"{queue}:1", "replay": True}


# --- something else -----------------------------------------------------------------------------

@pytest.mark.parametrize("again", [
    lambda http, queue: push_once(http, queue, "b"),
    lambda http, queue: push_once(http, queue, ""),
    lambda http, queue: push_once(http, queue, "a "),
    lambda http, queue: push_once(http, queue, b"a\0"),
    lambda http, queue: push_once(http, queue, query="?ttl=100"),
    lambda http, queue: push_once(http, queue, query="?delay=5"),
    lambda http, queue: batch_once(http, queue, "a\na\n"),
    lambda http, queue: batch_once(http, queue, "a\n\n"),
    lambda http, queue: http.post("/", form={"queue": queue, "value": "b"},
                                  headers={"Idempotency-Key": "k"})],
    ids=["body", "empty", "longer", "nul", "ttl", "delay", "batch", "empty line", "root"])
def test_another_push_under_the_same_key(http, redis, queue, again):
    push_once(http, queue)
    assert_refused(redis, lambda: again(http, queue), "conflict", status=409)
    assert is_replay(push_once(http, queue))
    assert take_all(http, queue) == ["a"]


@pytest.mark.parametrize("again", ["a\n", "ab\n", "a\nbc\n", "\na\nb\n", "a\nb\n\n", "b\na\n",
                                   "a\r\nb\n", "a\nb\nc\n"])
def test_another_batch_under_the_same_key(http, redis, queue, again):
    """Where the messages end belongs to it."""
    batch_once(http, queue, "a\nb\n")
    assert_refused(redis, lambda: batch_once(http, queue, again), "conflict", status=409)


def test_options_that_were_there(http, redis, queue):
    push_once(http, queue, query="?ttl=100")
    for query in "", "?ttl=101", "?ttl=100&delay=1", "?delay=100":
        assert_refused(redis, lambda: push_once(http, queue, query=query), "conflict", status=409)
    with nothing_changes(redis):
        assert is_replay(push_once(http, queue, query="?ttl=100&delay=0"))


def test_keys_are_apart(http, queue):
    keys = ["k", "K", "k k", "k0", "k:1", "*", "{}", "k" * 127, "k" * 128, "0", '"', "\\"]
    for once in keys:
        assert not is_replay(push_once(http, queue, once=once)), once
    for once in keys:
        assert is_replay(push_once(http, queue, once=once)), once
    assert len(take_all(http, queue)) == len(keys)


def test_queues_are_apart(http, queue):
    names = queue + "-a", queue + "-a/b", queue + "-a:b"
    for name in names:
        assert not is_replay(push_once(http, name))
    for name in names:
        assert is_replay(push_once(http, name))


def test_a_push_without_a_key_is_none_of_it(http, queue):
    push_once(http, queue)
    push(http, queue, "a", "a")
    assert is_replay(push_once(http, queue))
    assert len(take_all(http, queue)) == 3


# --- how long -----------------------------------------------------------------------------------

def test_it_is_remembered_for_five_minutes(http, redis, queue):
    push_once(http, queue, once="some key")
    assert 298 <= redis.ttl(part(queue, "once:some key")) <= 300


def test_a_repeat_does_not_prolong_it(http, redis, queue):
    push_once(http, queue)
    redis.expire(part(queue, "once:k"), 100)
    push_once(http, queue)
    assert redis.ttl(part(queue, "once:k")) <= 100


def test_after_the_window(new_stack):
    """The same key is a new push then, with another body too."""
    http = new_stack(conf={"idempotency_seconds": 1}).http
    push_once(http, "foo", "a")
    assert_error(push_once(http, "foo", "b"), 409, "conflict")
    time.sleep(1.1)
    answer = push_once(http, "foo", "b")
    assert answer.text.strip() == "foo:2" and not is_replay(answer)
    assert take_all(http, "foo") == ["a", "b"]


def test_a_window_that_is_changed(new_stack):
    """It counts for pushes from then on."""
    stack = new_stack(workers=1, conf={"idempotency_seconds": 86400})
    redis = stack.redis.client()
    assert 86398 <= window(stack.http, redis, "long") <= 86400
    stack.configure(idempotency_seconds=20)
    numbers = itertools.count()
    servers.wait_for(lambda: window(stack.http, redis, f"k{next(numbers)}") <= 20, 5, step=0.1)
    assert is_replay(push_once(stack.http, "foo", once="long"))
    assert 86390 <= redis.ttl(part("foo", "once:long"))


def window(http, redis, once):
    """How long a push of now is remembered."""
    push_once(http, "foo", once=once)
    return redis.ttl(part("foo", f"once:{once}"))


@pytest.mark.parametrize("value, code", [("1", 0), ("86400", 0), ("0", 1), ("86401", 1), ("-1", 1),
                                         ("1.5", 1), ("", 1), ("five", 1)])
def test_the_setting(builddir, tmp_path, value, code):
    config = tmp_path / "restmq.conf"
    config.write_text(f"idempotency_seconds = {value}\n")
    done = subprocess.run([os.path.join(builddir, "restmq.fcgi"), "--check-config", "--config",
                           config], capture_output=True, text=True)
    assert done.returncode == code
    assert f"idempotency_seconds = {value}\n" in done.stdout if code == 0 else (
        "idempotency_seconds" in done.stderr and ":1: " in done.stderr)


# --- refused pushes are not remembered ----------------------------------------------------------

def test_a_refused_push_may_be_sent_again(http, queue):
    assert push_once(http, queue, query="?ttl=x").status == 400
    assert push_once(http, queue, "a" * 1048577).status == 413
    policy(http, queue, max_length=1)
    push(http, queue, "there")
    assert push_once(http, queue).status == 429
    assert take(http, queue) == "there"
    answer = push_once(http, queue)
    assert answer.status == 200 and not is_replay(answer)
    assert is_replay(push_once(http, queue))


# --- keys that are none -------------------------------------------------------------------------

@pytest.mark.parametrize("once", [
    "", "a" * 129, "a" * 5000, "\x01", "a\x1fb", "a\x7f", "a\tb", "a\nb", "a\rb", "é", "a\x80",
    "\xff", "\x00"], ids=ascii)
def test_a_key_that_is_none(fcgi, redis, queue, once):
    """1 to 128 bytes of printable ASCII.  Past the web server, which refuses some."""
    if once == "\x00":      # CGI has no way to say it: the value ends there
        once = ""
    for type, body in ("text/plain", b"a"), ("application/x-ndjson", b"a\nb\n"):
        assert_refused(redis, lambda: fcgi("POST", f"/q/{queue}", body, CONTENT_TYPE=type,
                                           HTTP_IDEMPOTENCY_KEY=once.encode("latin-1")),
                       "bad_value", "Idempotency-Key", "128")


@pytest.mark.parametrize("once", ["a", "~", " ", "a b", "a" * 128, "restmq:{x}:once:y", "a\\n"])
def test_keys_that_are_some(fcgi, queue, once):
    for replay in None, "true":
        response = fcgi("POST", f"/q/{queue}", b"a", CONTENT_TYPE="text/plain",
                        HTTP_IDEMPOTENCY_KEY=once)
        assert (response.status, response.headers.get("Idempotent-Replay")) == (200, replay)


def test_a_key_that_would_be_another_redis_key(http, redis, queue):
    """The user's bytes stand behind a prefix of ours."""
    push_once(http, queue, once="../leases")
    assert redis.type(part(queue, "once:../leases")) == b"string"
    assert not redis.exists(part(queue, "leases"))


# --- many at once -------------------------------------------------------------------------------

def test_fifty_in_parallel(new_stack):
    """One message and one answer."""
    stack = new_stack(workers=8)
    for number in range(5):
        answers = in_parallel(50, lambda index: push_once(stack.http, "foo", once=f"k{number}"))
        assert {(answer.status, answer.text) for answer in answers} == {
            (200, f"foo:{number + 1}\r\n")}
        assert sum(not is_replay(answer) for answer in answers) == 1
    assert take_all(stack.http, "foo") == ["a"] * 5
    assert stack.redis.client().get("foo:UUID") == b"5"


def test_fifty_different_ones_in_parallel(new_stack):
    """One of them wins, and the others are told."""
    stack = new_stack(workers=8)
    answers = in_parallel(50, lambda index: push_once(stack.http, "foo", str(index % 5)))
    done = [answer for answer in answers if answer.status == 200]
    assert {answer.status for answer in answers} == {200, 409}
    assert sum(not is_replay(answer) for answer in done) == 1
    assert len(done) == 10 and len(take_all(stack.http, "foo")) == 1


# --- where it does not belong -------------------------------------------------------------------

def test_who_refuses_it(http, redis, queue):
    """Whoever sends it there believes that it does something."""
    header = {"Idempotency-Key": "k"}
    command = json.dumps({"cmd": "add", "queue": queue, "value": "a"})
    for refused in (lambda: http.post("/queue", command, {"Content-Type": "application/json", **header}),
                    lambda: http.post("/queue", form={"body": command}, headers=header),
                    lambda: http.post(f"/pub/{queue}", "a", {**TEXT, **header}),
                    lambda: http.post(f"/q/{queue}.dead?redrive=1", "", header)):
        assert_refused(redis, refused, "bad_request")


def test_who_does_not_look_at_it(http, queue):
    header = {"Idempotency-Key": "k" * 200}
    assert http.get(f"/q/{queue}", header).status == 204
    assert http.delete(f"/q/{queue}", header).status == 200
    assert http.get("/stats", header).status == 200
    assert http.post(f"/p/{queue}", form={"policy": "broadcast"}, headers=header).status == 200
