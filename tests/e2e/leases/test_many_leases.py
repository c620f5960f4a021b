# test_many_leases.py - acks, extends and releases of many messages in one request: what became of
# each, in the order of the request.
#
# SPDX-License-Identifier: BSD-2-Clause

import json

import pytest

import stack as servers
from checks import assert_empty, assert_error, assert_json, heard, push, take, take_all, trashed
from reliable import (NO_NUMBERS, ack, assert_refused, assert_stale, expire, lease, lease_many,
                      let_pass, now_ms, part, policy, push_batch, release, stats, values)

JSON = {"Content-Type": "application/json"}
STALE = {"error": "this is not the token of the lease in force", "code": "stale_lease"}
NOBODY = "0" * 32


def claims(messages):
    return [{"key": message["key"], "lease": message["lease"]} for message in messages]


def pairs(messages):
    return ",".join(f"{message['key']} {message['lease']}" for message in messages)


def as_array(http, queue, method, options, messages):
    return http.request(method, f"/q/{queue}?{options}", json.dumps(claims(messages)), JSON)


def as_form(http, queue, method, options, messages):
    return http.request(method, f"/q/{queue}?{options}", form={"keys": pairs(messages)})


def as_query(http, queue, method, options, messages):
    keys = pairs(messages).replace(" ", "%20")
    return http.request(method, f"/q/{queue}?{options}&keys={keys}")


def as_fields(http, queue, method, options, messages):
    """All of it in the form."""
    fields = dict(option.split("=") for option in options.split("&"))
    return http.request(method, f"/q/{queue}", form={**fields, "keys": pairs(messages)})


def as_command(http, queue, method, options, messages):
    """Over the JSON protocol; the answer as the others give it."""
    members = dict(option.split("=") for option in options.split("&"))
    for name, verb in ("acks", "acks"), ("extend", "extends"), ("release", "releases"):
        if name in members:
            cmd, seconds = verb, members.pop(name)
    if cmd == "extends":
        members["seconds"] = seconds
    response = http.post("/queue", json.dumps({"cmd": cmd, "queue": queue, **members,
                                               "messages": claims(messages)}), JSON)
    answer = assert_json(response)
    if "messages" in answer:
        assert set(answer) == {"queue", "messages"} and answer["queue"] == queue
        response.body = json.dumps(answer["messages"], separators=(",", ":")).encode() + b"\r\n"
    return response


WAYS = [as_array, as_form, as_query, as_fields, as_command]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def many(request, http, queue):
    """many(method, options, messages) in one of the ways."""
    return lambda *request_parts: request.param(http, queue, *request_parts)


@pytest.fixture
def leased(http, queue):
    """Five messages under leases of one take."""
    push_batch(http, queue, 5)
    return lease_many(http, queue, 5)


def outcomes(response, *expected):
    """What became of each: these members beside its key, STALE for an error."""
    answer = assert_json(response)
    assert [{name: value for name, value in one.items() if name != "key"} for one in answer] == list(
        expected)
    return answer


# --- acks ---------------------------------------------------------------------------------------

def test_acks(many, http, redis, queue, leased):
    answer = assert_json(many("POST", "acks=1", leased))
    assert answer == [{"key": f"{queue}:{number}", "deleted": True} for number in range(1, 6)]
    assert not redis.keys(f"{queue}:[0-9]*") and not redis.exists(
        part(queue, "leases"), part(queue, "receipts"))
    assert stats(http, queue, "len", "leased", "acked", "removed") == (0, 0, 5, 5)


def test_acks_of_large_bodies(many, http, redis, queue, leased):
    """Redis does not free all of them in that call."""
    for message in leased:
        redis.set(message["key"], "x" * 400000)
        redis.set(message["key"] + ":refcount", 1)
    with trashed(redis, queue):
        outcomes(many("POST", "acks=1", leased), *[{"deleted": True}] * 5)
        assert not redis.exists(leased[0]["key"], leased[0]["key"] + ":refcount")
    assert not redis.keys(f"{queue}:[0-9]*")
    assert stats(http, queue, "len", "leased", "acked", "removed") == (0, 0, 5, 5)


@pytest.mark.parametrize("name", ["trash", "trash:1"])
def test_acks_beside_a_damaged_trash(http, redis, queue, leased, name):
    """Nothing has changed."""
    redis.set(leased[0]["key"], "x" * 1100000)
    redis.set(part(queue, name), "x")
    assert_error(as_array(http, queue, "POST", "acks=1", leased), 500, "damaged", part(queue, name))
    redis.delete(part(queue, name))
    outcomes(as_array(http, queue, "POST", "acks=1", leased), *[{"deleted": True}] * 5)


def test_in_the_order_of_the_request(many, leased):
    mixed = [leased[3], leased[0], leased[4]]
    assert [one["key"] for one in assert_json(many("POST", "acks=1", mixed))] == [
        message["key"] for message in mixed]


def test_acked_again(many, http, queue, redis, leased):
    """Each as a single one: nothing changes."""
    many("POST", "acks=1", leased)
    before = stats(http, queue)
    outcomes(many("POST", "acks=1", leased), *[STALE] * 5)
    assert stats(http, queue) == before
    assert_stale(redis, lambda: ack(http, leased[0]))


def test_one_of_them_twice(many, http, queue, leased):
    """As one after the other."""
    done = {"deleted": True}
    outcomes(many("POST", "acks=1", [leased[0], leased[1], leased[0]]), done, done, STALE)
    assert stats(http, queue, "acked", "leased") == (2, 3)


def test_good_ones_among_bad_ones(many, http, redis, queue, leased):
    policy(http, queue, lease=30)
    ack(http, leased[0])
    release(http, leased[1])
    half = {**leased[2], "lease": leased[2]["lease"][:16]}
    others = {**leased[3], "lease": leased[4]["lease"]}
    unknown = {"key": f"{queue}:99", "lease": NOBODY}
    outcomes(many("POST", "acks=1", [leased[0], leased[1], half, others, unknown, leased[4]]),
             STALE, STALE, STALE, STALE, STALE, {"deleted": True})
    assert stats(http, queue, "acked", "len", "leased") == (2, 1, 2)


def test_after_the_leases_ran_out(many, http, redis, queue, leased):
    expire(redis, queue)
    outcomes(many("POST", "acks=1", leased), *[STALE] * 5)
    assert take_all(http, queue) == ["1", "2", "3", "4", "5"]


def test_bodies_that_expired(many, redis, leased):
    """The worker has done the work."""
    redis.delete(*(message["key"] for message in leased))
    outcomes(many("POST", "acks=1", leased), *[{"deleted": True}] * 5)


def test_one_that_is_alone(many, leased):
    outcomes(many("POST", "acks=1", leased[:1]), {"deleted": True})


def test_a_thousand(many, request, http, queue):
    if "as_query" in request.node.name:
        pytest.skip("a query string has 8 KiB")
    push_batch(http, queue, 1000)
    messages = lease_many(http, queue, 1000)
    answer = assert_json(many("POST", "acks=1", messages))
    assert [one["key"] for one in answer] == [message["key"] for message in messages]
    assert all(one["deleted"] for one in answer)
    assert stats(http, queue, "acked", "leased", "len") == (1000, 0, 0)


def test_dead_letters(http, redis, queue):
    policy(http, queue, max_deliveries=1)
    push_batch(http, queue, 3)
    as_array(http, queue, "PUT", "release=1", lease_many(http, queue, 3))
    dead = f"{queue}.dead"
    messages = lease_many(http, dead, 3)
    for way in as_array, as_form, as_command:
        outcomes(way(http, dead, "POST", "acks=1", messages[:1]), {"deleted": True})
        messages = messages[1:]
    assert stats(http, dead, "acked", "leased", "len") == (3, 0, 0)


# --- extends ------------------------------------------------------------------------------------

def test_extends(many, redis, queue, leased):
    answer = assert_json(many("PUT", "extend=100", leased))
    assert [one["key"] for one in answer] == [message["key"] for message in leased]
    for one in answer:
        assert set(one) == {"key", "lease_until"}
        assert 90000 < one["lease_until"] - now_ms(redis) <= 100001
        assert int(redis.zscore(part(queue, "leases"), one["key"])) == one["lease_until"]


def test_extended_they_keep_their_order(many, http, redis, queue, leased):
    many("PUT", "extend=100", leased)
    expire(redis, queue)
    assert take_all(http, queue) == ["1", "2", "3", "4", "5"]


def test_extended_they_are_held_longer(many, http, redis, queue, leased):
    many("PUT", "extend=100", leased[:2])
    let_pass(redis, queue, 90)
    assert take_all(http, queue) == ["3", "4", "5"]
    outcomes(many("POST", "acks=1", leased), *[{"deleted": True}] * 2, *[STALE] * 3)


def test_good_extends_among_bad_ones(many, http, leased):
    ack(http, leased[0])
    answer = assert_json(many("PUT", "extend=100", [leased[0], leased[1], leased[1]]))
    assert answer[0] == {"key": leased[0]["key"], **STALE}
    assert "lease_until" in answer[1] and "lease_until" in answer[2]


@pytest.mark.parametrize("number", NO_NUMBERS + ["0", "43201"])
def test_extends_by_no_number(http, redis, queue, leased, number):
    assert_refused(redis, lambda: as_array(http, queue, "PUT", f"extend={number}", leased),
                   "bad_value", "extend", "43200")


# --- releases -----------------------------------------------------------------------------------

def test_releases(many, http, redis, queue, leased):
    assert assert_json(many("PUT", "release=1", leased)) == [
        {"key": message["key"], "released": True} for message in leased]
    assert not redis.exists(part(queue, "leases"))
    assert stats(http, queue, "len", "leased", "returned") == (5, 0, 5)
    assert [message["deliveries"] for message in lease_many(http, queue, 5)] == [2] * 5


def test_released_they_keep_their_order(many, http, queue, leased):
    """The first of them is the next one out."""
    push(http, queue, "later")
    many("PUT", "release=1", leased[1:])
    many("PUT", "release=1", leased[:1])
    assert take_all(http, queue) == ["1", "2", "3", "4", "5", "later"]


def test_released_to_the_new_end_they_keep_their_order(many, http, queue, leased):
    for _ in range(2):
        many("PUT", "release=1", leased)
        leased = lease_many(http, queue, 5)
    push(http, queue, "before")
    many("PUT", "release=1", leased)
    assert take_all(http, queue) == ["before", "1", "2", "3", "4", "5"]


def test_released_with_delay_they_keep_their_order(many, http, redis, queue, leased):
    many("PUT", "release=1&delay=10", leased)
    assert_empty(http.get(f"/q/{queue}"))
    assert stats(http, queue, "delayed", "leased") == (5, 0)
    expire(redis, queue)
    assert take_all(http, queue) == ["1", "2", "3", "4", "5"]


def test_releases_of_the_last_delivery(many, http, redis, queue, leased):
    policy(http, queue, max_deliveries=1)
    many("PUT", "release=1", leased)
    assert stats(http, queue, "dead", "died", "leased", "len") == (5, 5, 0, 0)
    assert take_all(http, f"{queue}.dead") == ["1", "2", "3", "4", "5"]


def test_releases_under_a_backoff(many, http, redis, queue, leased):
    policy(http, queue, backoff="10,2,20")
    many("PUT", "release=1", leased[:3])
    many("PUT", "release=1&delay=0", leased[3:])
    assert take_all(http, queue) == ["4", "5"]
    let_pass(redis, queue, 11)
    assert take_all(http, queue) == ["1", "2", "3"]


def test_releases_of_bodies_that_expired(many, http, redis, queue, leased):
    redis.delete(*(message["key"] for message in leased[1:]))
    outcomes(many("PUT", "release=1", leased), *[{"released": True}] * 5)
    assert stats(http, queue, "expired", "returned", "len") == (4, 1, 1)
    assert take_all(http, queue) == ["1"]


def test_one_release_twice(many, http, queue, leased):
    outcomes(many("PUT", "release=1", [leased[0], leased[0]]), {"released": True}, STALE)
    assert take_all(http, queue) == ["1"]


def test_releases_are_published_once(http, redis, queue, leased):
    assert heard(redis, part(queue, "events"), 1,
                 lambda: as_array(http, queue, "PUT", "release=1", leased)) == [b"ready"]


# --- bad input ----------------------------------------------------------------------------------

ACTIONS = [("POST", "acks=1"), ("PUT", "extend=5"), ("PUT", "release=1")]


@pytest.mark.parametrize("method, options", ACTIONS)
@pytest.mark.parametrize("body, code, word", [
    ("", "bad_request", "JSON"),
    ("hello", "bad_request", "JSON"),
    ("[", "bad_request", "JSON"),
    ('[{"key":"Q:1","lease":"t"}', "bad_request", "JSON"),
    ('[{"key":"Q:1","lease":"t"}] x', "bad_request", "JSON"),
    ('[{"key":"Q:1","key":"Q:1","lease":"t"}]', "bad_request", "twice"),
    ("[]", "bad_value", "the body must be an array of 1 to 1000"),
    ("{}", "bad_value", "the body must be an array of 1 to 1000"),
    ('{"messages":[{"key":"Q:1","lease":"t"}]}', "bad_value", "1 to 1000"),
    ('["Q:1 t"]', "bad_value", "message 1"),
    ('[{"key":"Q:1"}]', "bad_value", "message 1"),
    ('[{"key":"Q:1","lease":"t"},{"lease":"t"}]', "bad_value", "message 2"),
    ('[{"key":"Q:1","lease":5}]', "bad_value", "message 1"),
    ('[{"key":"Q:1","lease":""}]', "bad_value", "message 1: lease"),
    ('[{"key":"Q:1","lease":"t","value":"x"}]', "bad_value", "message 1"),
    ('[{"key":"Q:1","lease":"t"},{"key":"other:1","lease":"t"}]', "bad_value", "message 2: key"),
    ('[{"key":"Q:x","lease":"t"}]', "bad_value", "message 1: key"),
    ('[{"key":"Q.dead:1","lease":"t"}]', "bad_value", "message 1: key"),
    ('[' + ",".join(['{"key":"Q:1","lease":"t"}'] * 1001) + "]", "bad_value", "it has 1001"),
    ('[' + ",".join(['{"key":"Q:1","lease":"t"}'] * 2000) + "]", "bad_request", "4000 values"),
], ids=lambda text: text[:40])
def test_no_such_array(http, redis, queue, method, options, body, code, word):
    body = body.replace("Q", queue)
    assert_refused(redis, lambda: http.request(method, f"/q/{queue}?{options}", body, JSON), code, word)


@pytest.mark.parametrize("method, options", ACTIONS)
@pytest.mark.parametrize("keys, word", [
    ("", "pair 1"), ("Q:1", "pair 1"), ("Q:1 ", "lease"), (" t", "key"), ("Q:1 t,", "pairs"),
    (",Q:1 t", "pairs"), ("Q:1 t,,Q:2 t", "pair 2"), ("Q:1 t, Q:2 t", "no space between the pairs; pair 2"),
    ("Q:1 t u", "pairs"), ("Q:1 t;Q:2 t", "pairs"), ("Q:1,t", "pairs"), ("other:1 t", "key"),
    ("Q:1 t,other:1 t", "message 2"), ("Q:1\tt", "pairs"), (",".join(["Q:1 t"] * 1001), "1000"),
], ids=lambda text: text[:40])
def test_no_such_keys(http, redis, queue, method, options, keys, word):
    keys = keys.replace("Q", queue)
    assert_refused(redis, lambda: http.request(method, f"/q/{queue}?{options}", form={"keys": keys}),
                   "bad_value", word)


@pytest.mark.parametrize("method, options, code, word", [
    ("POST", "acks=0", "bad_value", "acks"), ("POST", "acks=", "bad_value", "acks"),
    ("POST", "acks=2", "bad_value", "acks"), ("POST", "acks", "bad_value", "acks"),
    ("POST", "acks=1&extend=5", "bad_request", "extend"),
    ("POST", "acks=1&ttl=5", "bad_request", "ttl"),
    ("POST", "acks=1&value=x", "bad_request", "value"),
    ("POST", "acks=1&key=Q:1&lease=t", "bad_request", "many"),
    ("POST", "acks=1&acks=1", "bad_request", "more than one"),
    ("PUT", "acks=1&extend=5", "bad_request", "acks"), ("PUT", "x=1", "bad_request", "x"),
    ("PUT", "extend=5&release=1", "bad_request", "not both"),
    ("PUT", "extend=5&delay=5", "bad_request", "delay"), ("PUT", "", "bad_request", "extend"),
    ("PUT", "extend=5&key=Q:1&lease=t", "bad_request", "many"),
    ("PUT", "extend=5&lease=t", "bad_request", "many"),
    ("DELETE", "", "bad_request", "keys"), ("DELETE", "acks=1", "bad_request", "acks"),
    ("GET", "acks=1", "bad_request", "acks"),
])
def test_options_that_do_not_go_together(http, redis, queue, leased, method, options, code, word):
    options = options.replace("Q", queue)
    if method == "GET":
        assert_refused(redis, lambda: http.get(f"/q/{queue}?{options}"), code, word)
        return
    assert_refused(redis, lambda: http.request(method, f"/q/{queue}?{options}",
                                               form={"keys": pairs(leased)}), code, word)


@pytest.mark.parametrize("method, options", ACTIONS)
@pytest.mark.parametrize("one", ["key=Q:1&lease=t", "key=Q:1", "lease=t"])
def test_one_message_beside_an_array(http, redis, queue, leased, method, options, one):
    one = one.replace("Q", queue)
    assert_refused(redis, lambda: http.request(
        method, f"/q/{queue}?{options}&{one}", json.dumps(claims(leased)), JSON), "bad_request",
        "key and lease name one message")


@pytest.mark.parametrize("method, options", ACTIONS)
def test_neither_keys_nor_an_array(http, redis, queue, leased, method, options):
    assert_refused(redis, lambda: http.request(method, f"/q/{queue}?{options}", form={}), "bad_request",
                   "key")


@pytest.mark.parametrize("method, options", ACTIONS)
def test_an_array_that_says_it_is_a_form(http, redis, queue, leased, method, options):
    """As curl -d sends it."""
    assert_refused(redis, lambda: http.request(
        method, f"/q/{queue}?{options}", json.dumps(claims(leased)),
        {"Content-Type": "application/x-www-form-urlencoded"}), "bad_request", "unknown option")


@pytest.mark.parametrize("method, options", ACTIONS)
def test_an_array_beside_keys(http, redis, queue, leased, method, options):
    keys = pairs(leased).replace(" ", "%20")
    assert_refused(redis, lambda: http.request(
        method, f"/q/{queue}?{options}&keys={keys}", json.dumps(claims(leased)), JSON), "bad_request",
        "keys")


@pytest.mark.parametrize("method, options", ACTIONS)
@pytest.mark.parametrize("type", ["text/plain", "application/x-ndjson", "application/jsonx"])
def test_other_bodies(http, redis, queue, leased, method, options, type):
    assert_refused(redis, lambda: http.request(
        method, f"/q/{queue}?{options}", json.dumps(claims(leased)), {"Content-Type": type}),
        "unsupported", status=415)


@pytest.mark.parametrize("method, options", ACTIONS)
@pytest.mark.parametrize("render, type", [
    (lambda messages: json.dumps(claims(messages)), "application/json"),
    (lambda messages: "keys=" + pairs(messages).replace(" ", "+"), "application/x-www-form-urlencoded"),
], ids=["array", "form"])
def test_a_body_that_was_cut(redis, stack, queue, leased, method, options, render, type):
    """Nothing is done on the strength of half a request, wherever it was cut."""
    body = render(leased).encode()
    params = servers.fcgi_params(method, f"/q/{queue}?{options}", CONTENT_TYPE=type)
    for len_kept in 0, body.index(b","), body.index(b",") + 1, len(body) - 8, len(body) - 1:
        assert_refused(redis, lambda: servers.fcgi_request(
            stack.responders.socket, params, body[:len_kept], claim_length=len(body)), "unavailable",
            "did not pass on all of the body", status=503)


def test_idempotency_key(http, redis, queue, leased):
    assert_refused(redis, lambda: http.post(f"/q/{queue}?acks=1", json.dumps(claims(leased)),
                                            {**JSON, "Idempotency-Key": "a"}), "bad_request",
                   "Idempotency-Key")


def test_a_push_is_a_push(http, queue):
    """Without acks= an array is a message."""
    assert http.post(f"/q/{queue}", '[{"key":"a:1","lease":"t"}]', JSON).status == 200
    assert take(http, queue) == '[{"key":"a:1","lease":"t"}]'


@pytest.mark.parametrize("command, code, word", [
    ({"cmd": "acks"}, "bad_request", "messages"),
    ({"cmd": "acks", "messages": "a"}, "bad_value", "messages must be an array"),
    ({"cmd": "acks", "messages": [{"key": "Q:1", "lease": "t"}] * 1001}, "bad_value", "it has 1001"),
    ({"cmd": "acks", "messages": [{"key": "Q:1", "lease": "t"}], "seconds": 5}, "bad_request", "seconds"),
    ({"cmd": "extends", "messages": [{"key": "Q:1", "lease": "t"}]}, "bad_request", "seconds"),
    ({"cmd": "extends", "messages": [{"key": "Q:1", "lease": "t"}], "seconds": 0}, "bad_value", "seconds"),
    ({"cmd": "releases", "messages": [{"key": "P:1", "lease": "t"}]}, "bad_value", "message 1"),
    ({"cmd": "releases", "messages": [{"key": "Q:1", "lease": "t"}], "delay": -1}, "bad_value", "delay"),
], ids=str)
def test_commands_that_are_refused(http, redis, queue, command, code, word):
    text = json.dumps({**command, "queue": queue}).replace("Q:", f"{queue}:")
    assert_refused(redis, lambda: http.post("/queue", text, JSON), code, word, status=200)


def test_wrong_types_in_redis(http, redis, queue, leased):
    """Nothing is done to any of them."""
    for name in "receipts", "leases":
        redis.rename(part(queue, name), part(queue, "kept"))
        redis.set(part(queue, name), "x")
        for method, options in ACTIONS:
            assert_refused(redis, lambda: as_array(http, queue, method, options, leased), "damaged",
                           part(queue, name), status=500)
        redis.rename(part(queue, "kept"), part(queue, name))
    outcomes(as_array(http, queue, "POST", "acks=1", leased), *[{"deleted": True}] * 5)
