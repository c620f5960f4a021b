# test_settings.py - /p/foo: the settings of a queue for its messages.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from checks import assert_error, assert_json, assert_text, command, keys_of, push, take
from reliable import NO_NUMBERS, assert_refused, lease, nothing_changes, part, policy, stats

NONE = {"lease": 0, "max_deliveries": 0, "max_length": 0, "ttl": 0, "backoff": 0}
ALL = {"lease": 30, "max_deliveries": 5, "max_length": 1000, "ttl": 3600, "backoff": "1,2,60"}
BOUNDS = {"lease": 43200, "max_deliveries": 1000, "max_length": 1000000000, "ttl": 315360000}


def answer(queue, value="broadcast", **settings):
    return {"queue": queue, "value": value, **NONE, **settings}


# --- set and read -------------------------------------------------------------------------------

def test_nothing_set(http, queue, unchanged):
    assert_json(http.get(f"/p/{queue}"), answer(queue))
    assert http.head(f"/p/{queue}").status == 200


@pytest.mark.parametrize("name", ALL)
def test_one(http, redis, queue, name):
    expected = answer(queue, **{name: ALL[name]})
    assert_json(http.post(f"/p/{queue}", form={name: ALL[name]}), expected)
    assert_json(http.get(f"/p/{queue}"), expected)
    assert redis.hgetall(part(queue, "settings")) == {name.encode(): str(ALL[name]).encode()}
    assert not redis.exists(f"{queue}:queuepolicy") and not redis.sismember("QUEUESET", queue)


def test_all_at_once(http, queue):
    expected = answer(queue, "roundrobin", **ALL)
    assert_json(http.post(f"/p/{queue}", form={"policy": "roundrobin", **ALL}), expected)
    assert_json(http.get(f"/p/{queue}"), expected)


def test_in_the_query_string(http, queue):
    query = "&".join(f"{name}={value}" for name, value in ALL.items())
    assert_json(http.post(f"/p/{queue}?{query}"), answer(queue, **ALL))
    assert http.post(f"/p/{queue}?backoff=1%2C2%2C3").json()["backoff"] == "1,2,3"


def test_one_after_the_other(http, queue):
    """The others stay as they are."""
    for name in ALL:
        policy(http, queue, **{name: ALL[name]})
    assert_json(http.get(f"/p/{queue}"), answer(queue, **ALL))


@pytest.mark.parametrize("name", ALL)
def test_nought_takes_it_away(http, redis, queue, name):
    policy(http, queue, **ALL)
    assert_json(http.post(f"/p/{queue}", form={name: 0}), answer(queue, **{**ALL, name: 0}))
    assert not redis.hexists(part(queue, "settings"), name)


def test_all_taken_away(http, redis, queue):
    policy(http, queue, **ALL)
    assert_json(http.post(f"/p/{queue}", form=NONE), answer(queue))
    assert keys_of(redis, queue) == []


def test_nought_where_nothing_was(http, queue, unchanged):
    assert_json(http.post(f"/p/{queue}", form=NONE), answer(queue))


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds(http, queue, name):
    for value in BOUNDS[name], 1:
        assert http.post(f"/p/{queue}", form={name: value}).json()[name] == value


def test_the_policy_alone_is_answered_as_ever(http, queue):
    policy(http, queue, **ALL)
    for value in "roundrobin", "broadcast":
        assert_text(http.post(f"/p/{queue}", form={"policy": value}), "OK")
        assert_json(http.get(f"/p/{queue}"), answer(queue, value, **ALL))


def test_a_setting_leaves_the_policy(http, queue):
    http.post(f"/p/{queue}", form={"policy": "roundrobin"})
    assert http.post(f"/p/{queue}", form={"lease": 5}).json()["value"] == "roundrobin"


def test_a_setting_stands_once(http, queue, unchanged):
    assert_error(http.post(f"/p/{queue}", form=[("lease", 5), ("lease", 6)]), 400, "bad_request",
                 "lease")


def test_of_a_queue_in_segments(http, redis, queue):
    policy(http, f"{queue}/a", lease=5)
    assert http.get(f"/p/{queue}/a").json()["lease"] == 5
    assert http.get(f"/p/{queue}").json()["lease"] == 0
    assert redis.hgetall(part(f"{queue}/a", "settings")) == {b"lease": b"5"}


def test_they_outlive_the_messages(http, queue):
    policy(http, queue, **{**ALL, "lease": 0})
    push(http, queue, "a")
    take(http, queue)
    push(http, queue, "b")
    http.delete(f"/q/{queue}")
    assert http.get(f"/p/{queue}").json() == answer(queue, **{**ALL, "lease": 0})


def test_somebody_wrote_nonsense(http, redis, queue):
    """Into the hash, past us: it is shown or left out, and nothing breaks."""
    redis.hset(part(queue, "settings"), mapping={
        "lease": "abc", "max_length": "-5", "max_deliveries": "1.5", "ttl": "", "backoff": "x,y",
        "colour": "red", b"\xff": b"\0" * 1000, "lease\0": "5"})
    push_status = http.post(f"/q/{queue}", "a", {"Content-Type": "text/plain"}).status
    for path in f"/p/{queue}", f"/stats/{queue}", "/stats", f"/q/{queue}", f"/q/{queue}?lease=5":
        assert http.get(path).status in (200, 204, 500)
    assert push_status in (200, 429, 500)


# --- bad values ---------------------------------------------------------------------------------

@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("number", NO_NUMBERS)
def test_no_number(http, redis, queue, name, number):
    assert_refused(redis, lambda: http.post(f"/p/{queue}?{name}={number}"), "bad_value", name,
                   str(BOUNDS[name]))


@pytest.mark.parametrize("name", ALL)
def test_no_value(http, redis, queue, name):
    for empty in name, name + "=":
        assert_refused(redis, lambda: http.post(f"/p/{queue}?{empty}"), "bad_value", name)


@pytest.mark.parametrize("name", BOUNDS)
def test_too_large(http, redis, queue, name):
    assert_refused(redis, lambda: http.post(f"/p/{queue}", form={name: BOUNDS[name] + 1}),
                   "bad_value", name, str(BOUNDS[name]))


@pytest.mark.parametrize("backoff", ["1,1,1", "1,2,10", "5,1,5", "2592000,1,2592000",
                                     "1,100,2592000"])
def test_backoff(http, queue, backoff):
    assert http.post(f"/p/{queue}", form={"backoff": backoff}).json()["backoff"] == backoff


@pytest.mark.parametrize("backoff", [
    "1", "1,2", "1,2,3,4", ",,", "1,,3", ",2,3", "1,2,", "0,2,3", "1,0,3", "1,2,0", "0,0,0",
    "10,2,5", "-1,2,3", "1,-2,3", "1,1.5,3", "1.5,2,3", "a,b,c", "1,2,3x", " 1,2,3", "1, 2,3",
    "1,2,3 ", "01,2,3", "1;2;3", "1,2,2592001", "2592001,1,2592001", "1,99999999999999999999,3",
    "1,2,3\0", "00", "0,",
    "1e1,2,30", "true", "1,2,1e3"])
def test_bad_backoff(fcgi, redis, queue, backoff):
    body = ("backoff=" + backoff.replace(" ", "%20").replace("\0", "%00")).encode()
    assert_refused(redis, lambda: fcgi("POST", f"/p/{queue}", body,
                                       CONTENT_TYPE="application/x-www-form-urlencoded"),
                   "bad_value", "backoff")


@pytest.mark.parametrize("bad", [{"lease": -1}, {"policy": "bogus"}, {"backoff": "x"},
                                 {"max_length": "many"}, {"colour": "red"}, {"ttl": "1.5"},
                                 {"max_deliveries": 1001}])
def test_one_is_bad_and_none_is_set(http, redis, queue, bad):
    policy(http, queue, lease=7)
    form = {"policy": "roundrobin", **ALL, **bad}
    response = assert_refused(redis, lambda: http.post(f"/p/{queue}", form=form),
                              "bad_request" if "colour" in bad else "bad_value", *bad)
    assert set(response) == {"error", "code"}
    assert_json(http.get(f"/p/{queue}"), answer(queue, lease=7))


def test_nothing_to_set(http, redis, queue):
    assert_refused(redis, lambda: http.post(f"/p/{queue}", form={}), "bad_request", "policy",
                   "lease")


@pytest.mark.parametrize("name", ALL)
def test_they_are_no_options_of_get(http, redis, queue, name):
    assert_refused(redis, lambda: http.get(f"/p/{queue}?{name}=1"), "bad_request", name)


@pytest.mark.parametrize("type", ["application/json", "text/plain", "application/x-ndjson"])
def test_a_body_that_is_no_form(http, redis, queue, type):
    assert_refused(redis, lambda: http.post(f"/p/{queue}", '{"lease":5}', {"Content-Type": type}),
                   "unsupported", status=415)


# --- a lease as the rule ------------------------------------------------------------------------

def takes(http, queue):
    """Every way to take that names no lease; each gives the message's members."""
    return {
        "get": lambda: http.get(f"/q/{queue}").json(),
        "root": lambda: http.get(f"/?queue={queue}").json(),
        "count": lambda: http.get(f"/q/{queue}?count=5").json()[0],
        "queues": lambda: http.get(f"/q?queues={queue}").json(),
        "cmd": lambda: command(http, cmd="take", queue=queue).json(),
        "cmd count": lambda: command(http, cmd="take", queue=queue, count=2).json()["messages"][0],
        "raw": lambda: raw_members(http.get(f"/q/{queue}?raw=1"))}


def raw_members(response):
    assert response.status == 200
    names = {"key": "Restmq-Key", "lease": "Restmq-Lease", "deliveries": "Restmq-Deliveries"}
    return {member: response.headers[name] for member, name in names.items()
            if name in response.headers}


@pytest.mark.parametrize("way", takes(None, None))
def test_every_take_leases(http, queue, way):
    policy(http, queue, lease=30)
    push(http, queue, "a")
    message = takes(http, queue)[way]()
    assert message["lease"] and message["key"] == f"{queue}:1"
    assert stats(http, queue, "len", "leased") == (0, 1)
    assert http.delete(f"/q/{queue}?key={message['key']}&lease={message['lease']}").status == 200


@pytest.mark.parametrize("way", takes(None, None))
def test_no_take_leases_when_it_is_taken_away(http, queue, way):
    policy(http, queue, lease=30)
    policy(http, queue, lease=0)
    push(http, queue, "a")
    assert "lease" not in takes(http, queue)[way]()
    assert stats(http, queue, "leased") == (0,)


@pytest.mark.parametrize("path", ["/q/{}?lease=0", "/q/{}?lease=0&count=1", "/q/{}?lease=0&raw=1",
                                  "/q?queues={}&lease=0"])
def test_a_lease_of_nothing_takes_all_the_same(http, redis, queue, path):
    policy(http, queue, lease=30)
    push(http, queue, "a")
    response = http.get(path.format(queue))
    assert response.status == 200 and b"lease" not in response.body
    assert not redis.exists(f"{queue}:1", part(queue, "leases"))


def test_a_lease_that_is_named_counts(http, redis, queue):
    policy(http, queue, lease=30)
    push(http, queue, "a")
    until = lease(http, queue, 1000)["lease_until"]
    assert until - redis.time()[0] * 1000 > 900000


def test_soft_and_head_lease_nothing(http, redis, queue):
    policy(http, queue, lease=30)
    push(http, queue, "a")
    assert http.get(f"/q/{queue}?soft=1").json() == {"key": f"{queue}:1", "value": "a", "count": 1}
    with nothing_changes(redis):
        http.head(f"/q/{queue}")
    assert stats(http, queue, "leased") == (0,)
