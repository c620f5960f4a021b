# test_dead_letters.py - messages that were delivered in vain: how they come to foo.dead, what can
# be done with them there, and how they come back.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

import stack as servers
from checks import (assert_empty, assert_error, assert_json, command, heard, is_listed, listed, push,
                    swept, take, take_all)
from reliable import (NDJSON, NO_NUMBERS, ack, assert_refused, assert_stale, expire, extend, lease,
                      lease_all, let_pass, nothing_changes, now_ms, part, policy, push_batch,
                      release, stats, values)

TEXT = {"Content-Type": "text/plain"}


def bury(http, queue, *messages):
    """Pushes messages and makes dead letters of them.  The queue must be empty."""
    policy(http, queue, max_deliveries=1)
    push(http, queue, *messages)
    while message := lease(http, queue):
        assert release(http, message).status == 200


def bury_by_hand(redis, queue, count):
    """As if that many messages had died."""
    with redis.pipeline(transaction=False) as pipe:
        for number in range(1, count + 1):
            pipe.set(f"{queue}:{number}", number)
            pipe.lpush(f"{queue}.dead:queue", f"{queue}:{number}")
        pipe.set(f"{queue}:UUID", count)
        pipe.sadd("QUEUESET", queue, queue + ".dead")
        pipe.execute()


# --- dying --------------------------------------------------------------------------------------

@pytest.mark.parametrize("deliveries", [1, 2, 3, 5])
@pytest.mark.parametrize("how", ["expired", "released"])
def test_after_so_many_deliveries(http, redis, queue, deliveries, how):
    policy(http, queue, max_deliveries=deliveries)
    push(http, queue, "a")
    for number in range(1, deliveries + 1):
        message = lease(http, queue)
        assert message["deliveries"] == number
        if how == "released":
            release(http, message)
        else:
            expire(redis, queue)
    assert_empty(http.get(f"/q/{queue}"))
    assert stats(http, queue, "len", "leased", "delayed", "dead", "died", "returned",
                 "removed") == (0, 0, 0, 1, 1, deliveries - 1, 0)
    assert not redis.exists(part(queue, "receipts"), part(queue, "leases"))
    assert take(http, queue + ".dead") == "a"


def test_moved_by_the_take_that_would_have_delivered_it(http, redis, queue):
    policy(http, queue, max_deliveries=2)
    push(http, queue, "a", "b")
    for _ in range(2):
        lease(http, queue)
        expire(redis, queue)
    assert redis.exists(f"{queue}.dead:queue") == 0
    assert take(http, queue) == "b"
    assert redis.lrange(f"{queue}.dead:queue", 0, -1) == [f"{queue}:1".encode()]


def test_what_a_dead_letter_keeps_and_what_not(http, redis, queue):
    policy(http, queue, max_deliveries=1)
    assert http.post(f"/q/{queue}?ttl=100", "a", TEXT).status == 200
    release(http, lease(http, queue))
    assert redis.ttl(f"{queue}:1") == -1
    assert redis.sismember("QUEUESET", queue + ".dead")
    assert redis.get(f"queuestat::{queue}.dead") == b"1"
    message = lease(http, queue + ".dead")
    assert (message["key"], message["value"], message["deliveries"]) == (f"{queue}:1", "a", 1)


def test_an_expired_message_does_not_die(http, redis, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a", "b")
    first, second = lease_all(http, queue)
    redis.delete(f"{queue}:1", f"{queue}:2")
    release(http, first)
    expire(redis, queue)
    assert take(http, queue) is None
    assert stats(http, queue, "dead", "died", "expired") == (0, 0, 2)


@pytest.mark.parametrize("settings", [{}, {"max_deliveries": 0}])
def test_without_a_limit_nothing_dies(http, redis, queue, settings):
    if settings:
        policy(http, queue, max_deliveries=1)
        policy(http, queue, **settings)
    push(http, queue, "a")
    for deliveries in range(1, 20):
        assert lease(http, queue)["deliveries"] == deliveries
        expire(redis, queue)
    assert stats(http, queue, "dead", "died") == (0, 0)


def test_a_lower_limit_counts_for_those_that_are_out(http, redis, queue):
    push(http, queue, "a")
    for _ in range(3):
        lease(http, queue)
        expire(redis, queue)
    message = lease(http, queue)
    policy(http, queue, max_deliveries=2)
    release(http, message)
    assert stats(http, queue, "dead") == (1,)


def test_ack_of_the_last_delivery(http, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a")
    assert ack(http, lease(http, queue)).status == 200
    assert stats(http, queue, "dead", "died", "acked") == (0, 0, 1)


@pytest.mark.parametrize("count", [11, 300])
def test_those_that_die_together(http, redis, queue, count):
    """They lie in their old order."""
    policy(http, queue, max_deliveries=1)
    push_batch(http, queue, count)
    http.get(f"/q/{queue}?count={count}&lease=30")
    expire(redis, queue)
    assert take(http, queue) is None
    assert take_all(http, queue + ".dead") == [str(number) for number in range(1, count + 1)]


def test_poison_gets_out_of_the_way(http, redis, queue):
    policy(http, queue, max_deliveries=3)
    push(http, queue, *["poison"] * 5, "good")
    for _ in range(20):
        if (message := lease(http, queue)) is None:
            break
        if message["value"] == "good":
            ack(http, message)
        else:
            expire(redis, queue)
    assert stats(http, queue, "len", "leased", "dead", "acked") == (0, 0, 5, 1)


# --- backoff ------------------------------------------------------------------------------------

def test_backoff(http, redis, queue):
    """base * factor^(deliveries - 1) seconds, max at most."""
    policy(http, queue, backoff="1,3,20")
    push(http, queue, "a")
    for deliveries, seconds in enumerate([1, 3, 9, 20, 20], 1):
        assert lease(http, queue)["deliveries"] == deliveries
        expire(redis, queue)
        assert_empty(http.get(f"/q/{queue}"))
        due = redis.zscore(part(queue, "delayed"), f"{queue}:1") - now_ms(redis)
        assert seconds * 1000 - 1000 < due <= seconds * 1000 + 1
        let_pass(redis, queue, seconds - 1)
        assert_empty(http.get(f"/q/{queue}"))
        let_pass(redis, queue, 1)
    assert stats(http, queue, "returned", "len", "delayed") == (5, 1, 0)   # due: as good as ready


@pytest.mark.parametrize("deliveries", [1, 100, 999])
def test_backoff_never_overflows(http, redis, queue, deliveries):
    policy(http, queue, backoff="2592000,100,2592000")
    push(http, queue, "a")
    message = lease(http, queue)
    redis.hset(part(queue, "receipts"), message["key"], f"{deliveries} {message['lease']}")
    assert release(http, message).status == 200
    due = redis.zscore(part(queue, "delayed"), f"{queue}:1") - now_ms(redis)
    assert 2591999000 < due <= 2592000001


def test_backoff_and_death(http, redis, queue):
    policy(http, queue, backoff="5,1,5", max_deliveries=2)
    push(http, queue, "a")
    lease(http, queue)
    expire(redis, queue)
    assert_empty(http.get(f"/q/{queue}"))
    assert stats(http, queue, "delayed", "dead") == (1, 0)
    expire(redis, queue)
    lease(http, queue)
    expire(redis, queue)
    assert_empty(http.get(f"/q/{queue}"))
    assert stats(http, queue, "delayed", "dead") == (0, 1)


@pytest.mark.parametrize("count", [11, 300])
def test_those_that_back_off_together(http, redis, queue, count):
    """They come back in their old order."""
    policy(http, queue, backoff="5,1,5")
    push_batch(http, queue, count)
    http.get(f"/q/{queue}?count={count}&lease=30")
    expire(redis, queue)
    assert take(http, queue) is None
    servers.wait_for(lambda: redis.zcard(part(queue, "delayed")) == count)     # some go on beside the answer
    expire(redis, queue)
    assert take_all(http, queue) == [str(number) for number in range(1, count + 1)]


# --- a queue of dead letters --------------------------------------------------------------------

def test_it_is_read_like_any_other(http, queue):
    dead = queue + ".dead"
    bury(http, queue, *"abcdefg")
    assert http.head(f"/q/{dead}").status == 200
    assert http.get(f"/q/{dead}?soft=1").json() == {"key": f"{queue}:1", "value": "a", "count": 1}
    assert http.get(f"/?queue={dead}").json()["value"] == "a"
    assert values(http.get(f"/q/{dead}?count=2").json()) == ["b", "c"]
    raw = http.get(f"/q/{dead}?raw=1")
    assert (raw.text, raw.headers["Restmq-Key"]) == ("d", f"{queue}:4")
    assert command(http, cmd="take", queue=dead).json() == {
        "queue": dead, "value": "e", "key": f"{queue}:5"}
    assert http.delete(f"/q/{dead}?key={queue}:7").json() == {
        "queue": dead, "key": f"{queue}:7", "deleted": True}
    assert http.get(f"/j/{dead}", {"Accept": "application/json"}).json() == {
        "queue": dead, "len": 1, "jobs": [f"{queue}:6"]}
    assert stats(http, dead, "len", "pushed", "dead", "leased") == (1, 0, 0, 0)
    assert is_listed(http, dead)
    assert listed(http, "/stats", dead)["len"] == 1
    assert take_all(http, dead) == ["f"]
    assert_empty(http.get(f"/q/{dead}"))


def test_a_dead_letter_under_a_lease(http, redis, queue):
    dead = queue + ".dead"
    bury(http, queue, "a", "b", "c", "d")
    first, second, third, fourth = lease_all(http, dead)
    assert (first["key"], first["deliveries"]) == (f"{queue}:1", 1)
    assert redis.zcard(part(dead, "leases")) == 4 and not redis.exists(part(queue, "leases"))
    assert stats(http, dead, "len", "leased") == (0, 4)
    assert_json(ack(http, first, dead), {"queue": dead, "key": f"{queue}:1", "deleted": True})
    assert release(http, second, dead).status == 200
    assert release(http, third, dead, delay=10).status == 200
    assert extend(http, fourth, 100, dead).status == 200
    let_pass(redis, dead, 50)
    assert take_all(http, dead) == ["b", "c"]
    let_pass(redis, dead, 51)
    assert take_all(http, dead) == ["d"]
    assert stats(http, dead, "acked", "returned") == (1, 3)


def test_a_dead_letter_is_there_until_it_is_removed(http, redis, queue):
    """Whatever is done with it, it is not among the removed."""
    dead = queue + ".dead"
    bury(http, queue, "a", "b")
    message = lease(http, dead)
    assert stats(http, queue, "removed", "dead") == (0, 2)
    release(http, message, dead, delay=10)
    assert stats(http, queue, "removed", "dead") == (0, 2)
    expire(redis, dead)
    ack(http, lease(http, dead), dead)
    assert stats(http, queue, "removed") == (1,)
    http.post(f"/q/{dead}?redrive=1")
    assert stats(http, queue, "removed", "len", "dead") == (1, 1, 0)


def test_a_dead_letter_never_dies_again(http, redis, queue):
    """However often it is looked at."""
    dead = queue + ".dead"
    bury(http, queue, "a")
    for deliveries in range(1, 6):
        assert lease(http, dead)["deliveries"] == deliveries
        expire(redis, dead)
    assert take(http, dead) == "a"
    assert redis.keys("*.dead.dead*") == []
    assert stats(http, queue, "died") == (1,)


def test_the_token_of_a_dead_letter_is_for_its_queue(http, redis, queue):
    """foo:1 is in foo.dead now: foo knows nothing of it."""
    dead = queue + ".dead"
    bury(http, queue, "a")
    message = lease(http, dead)
    assert_stale(redis, lambda: ack(http, message, queue), lambda: extend(http, message, 5, queue),
                 lambda: release(http, message, queue))
    assert_stale(redis, lambda: ack(http, {**message, "lease": "0" * 32}, dead))
    assert ack(http, message, dead).status == 200


@pytest.mark.parametrize("state", ["ready", "leased", "delayed"])
def test_delete_on_the_queue_spares_its_dead_letters(http, redis, queue, state):
    dead = queue + ".dead"
    bury(http, queue, "a")
    if state != "ready":
        message = lease(http, dead)
    if state == "delayed":
        release(http, message, dead, delay=10)
    assert_refused(redis, lambda: http.delete(f"/q/{queue}?key={queue}:1"), "not_found", status=404)
    with nothing_changes(redis):
        assert command(http, cmd="del", queue=queue, key=f"{queue}:1").json()["deleted"] is False
    expire(redis, dead)
    assert take(http, dead) == "a"


@pytest.fixture
def many(redis, queue):
    """A queue with 12000 dead letters; other tests, which look at all keys, need not see them."""
    bury_by_hand(redis, queue, 12000)
    yield
    redis.delete(*(f"{queue}:{number}" for number in range(1, 12001)))


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("number", [1, 9999, 10001, 12000])
def test_delete_on_the_queue_spares_them_also_where_they_are_many(http, redis, queue, number):
    push(http, queue, "alive")
    with nothing_changes(redis):
        response = http.delete(f"/q/{queue}?key={queue}:{number}")
    assert response.status == 404
    assert redis.get(f"{queue}:{number}") == b"%d" % number


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("number", [1, 9999, 10001, 12000])
def test_delete_where_they_are_many(http, redis, queue, number):
    """Beyond a length that is searched, the body goes and the entry is skipped later."""
    assert http.delete(f"/q/{queue}.dead?key={queue}:{number}").status == 200
    assert not redis.exists(f"{queue}:{number}")


MANY = 210000
FILL = """local prefix = string.match(KEYS[1], '(.*)%.dead:queue') .. ':'
for i = 1, ARGV[1] do
    local key = prefix .. i
    redis.call('SET', key, i)
    redis.call('LPUSH', KEYS[1], key)
    if ARGV[2] == '1' then redis.call('HSET', KEYS[2], key, 0) end
end
redis.call('SET', prefix .. 'UUID', ARGV[1])"""
CLEAR = """local prefix = string.match(KEYS[1], '(.*)%.dead:queue') .. ':'
for i = 1, ARGV[1] do redis.call('UNLINK', prefix .. i) end"""


@pytest.fixture
def very_many(http, redis, queue):
    """very_many(is_noted) buries MANY messages, as we do, who note that, or as another program does;
    returns the keys of messages that stand far behind the old end and before the new end of a queue
    of MANY more."""
    def fill(is_noted):
        redis.eval(FILL, 2, f"{queue}.dead:queue", part(f"{queue}.dead", "receipts"), MANY,
                   int(is_noted))
        redis.set(f"{queue}:UUID", MANY)
        push_batch(http, queue, 1000)
        with redis.pipeline(transaction=False) as pipe: # hollow ones in front of them and behind
            for push_to in pipe.rpush, pipe.lpush:
                push_to(f"{queue}:queue", *(f"{queue}:{10 ** 9 + i}" for i in range(15000)))
            pipe.execute()
        return [f"{queue}:{MANY + number}" for number in (1, 500, 1000)]
    yield fill
    redis.eval(CLEAR, 1, f"{queue}.dead:queue", MANY + 1000)
    redis.unlink(f"{queue}:queue", f"{queue}.dead:queue", part(f"{queue}.dead", "receipts"))


def test_delete_beside_very_many(http, redis, queue, very_many):
    """Each message is found in the queue that it is in, wherever it stands there, and only once."""
    for key in very_many(True):
        with nothing_changes(redis):
            assert http.delete(f"/q/{queue}.dead?key={key}").status == 404
        assert_json(http.delete(f"/q/{queue}?key={key}"),
                    {"queue": queue, "key": key, "deleted": True})
        assert not redis.exists(key)
        assert http.delete(f"/q/{queue}?key={key}").status == 404
    for key in (f"{queue}:{number}" for number in (1, 100, MANY // 2, MANY - 5000, MANY)):
        with nothing_changes(redis):
            assert http.delete(f"/q/{queue}?key={key}").status == 404
        assert http.delete(f"/q/{queue}.dead?key={key}").status == 200
        assert not redis.exists(key)
        for where in queue, f"{queue}.dead":
            assert http.delete(f"/q/{where}?key={key}").status == 404
    assert take(http, f"{queue}.dead") == "2"


def test_delete_beside_very_many_of_another_program(http, redis, queue, very_many):
    """These are searched for at both ends; what that does not find may be a dead letter, or none."""
    key = very_many(False)[0]
    for unknown in key, f"{queue}:{MANY // 2}":
        for where in queue, f"{queue}.dead":
            assert_refused(redis, lambda: http.delete(f"/q/{where}?key={unknown}"), "conflict",
                           "not looked for", status=409)
        with nothing_changes(redis):
            assert command(http, cmd="del", queue=queue, key=unknown).json()["code"] == "conflict"
    for number in 1, 5000, MANY - 5000, MANY:
        with nothing_changes(redis):
            assert http.delete(f"/q/{queue}?key={queue}:{number}").status == 404
        assert http.delete(f"/q/{queue}.dead?key={queue}:{number}").status == 200


@pytest.mark.parametrize("key", ["{0}.dead:1", "{0}.dead", "other:1", "{0}:", "{0}:0",
                                 "{0}:01", "1"])
def test_a_key_that_is_none_of_it(http, redis, queue, key):
    bury(http, queue, "a")
    assert_refused(redis, lambda: http.delete(f"/q/{queue}.dead?key={key.format(queue)}"),
                   "bad_value", "key")


def test_purge_of_the_queue_spares_its_dead_letters(http, redis, queue):
    bury(http, queue, "a", "b")
    push(http, queue, "c")
    assert http.delete(f"/q/{queue}").json()["purged"] == 1
    swept(redis, queue)
    assert take_all(http, queue + ".dead") == ["a", "b"]


def test_purge_of_the_dead_letters_spares_the_queue(http, redis, queue):
    dead = queue + ".dead"
    bury(http, queue, "a", "b", "c")
    lease(http, dead)
    push(http, queue, "d")
    assert http.delete(f"/q/{dead}").json() == {"queue": dead, "status": 1, "purged": 3}
    swept(redis, dead)
    assert [redis.exists(f"{queue}:{number}") for number in range(1, 5)] == [0, 0, 0, 1]
    assert not redis.exists(part(dead, "receipts"), part(dead, "leases"))
    assert take_all(http, queue) == ["d"]
    assert stats(http, dead, "purged") == (3,)


def test_policy_and_control_of_dead_letters(http, redis, queue):
    """A lease may be the rule there too; but who died once is not counted again."""
    dead = queue + ".dead"
    bury(http, queue, "a")
    policy(http, dead, lease=30)
    assert "lease" in http.get(f"/q/{dead}").json()
    assert_refused(redis, lambda: http.post(f"/p/{dead}", form={"max_deliveries": 2}), "bad_name",
                   "max_deliveries")
    assert http.get(f"/p/{queue}").json()["lease"] == 0
    assert http.get(f"/control/{dead}").json()["status"]["status"] == 1


# --- pushes -------------------------------------------------------------------------------------

def test_nothing_is_pushed_there(http, redis, queue):
    dead = queue + ".dead"
    bury(http, queue, "a")
    for respond in (lambda: http.post(f"/q/{dead}", "a", TEXT),
                    lambda: http.post(f"/q/{dead}", "a\nb\n", NDJSON),
                    lambda: http.post(f"/q/{dead}?delay=5", "a", TEXT),
                    lambda: http.post(f"/q/{dead}", form={"value": "a"}),
                    lambda: http.post(f"/q/{dead}", "a", {**TEXT, "Idempotency-Key": "k"}),
                    lambda: http.post("/", form={"queue": dead, "value": "a"})):
        assert_refused(redis, respond, "bad_name", "dead")
    with nothing_changes(redis):
        assert command(http, cmd="add", queue=dead, value="a").json()["code"] == "bad_name"
        assert command(http, cmd="add", queue=dead, values=["a"]).json()["code"] == "bad_name"


@pytest.mark.parametrize("name", [".dead", "foo.dead.dead", "foo.dead.dead.dead", "a/.dead.dead",
                                  "a/.dead"])
@pytest.mark.parametrize("method, more", [("GET", ""), ("GET", "?lease=5"), ("DELETE", ""),
                                          ("POST", "?redrive=1"), ("PUT", "?extend=5")])
def test_names_that_are_none(http, redis, name, method, more):
    assert_refused(redis, lambda: http.request(method, f"/q/{name}{more}"), "bad_name")


@pytest.mark.parametrize("name", ["a.dead", "foo.deadline", "dead", "foo.dead/bar"])
def test_names_that_are_some(http, name):
    assert http.get(f"/q/{name}").status == 204


def test_the_longest_name(http, queue):
    """123 bytes, so that the name of the dead letters has 128."""
    name = (queue + "-").ljust(123, "x")
    bury(http, name, "a")
    assert take(http, name + ".dead") == "a"


def test_a_name_that_is_too_long_for_dead_letters(http, redis, queue):
    name = (queue + "-").ljust(124, "x")
    for settings in {"max_deliveries": 3}, {"lease": 5, "max_deliveries": 1}:
        assert_refused(redis, lambda: http.post(f"/p/{name}", form=settings), "bad_name", "123")
    policy(http, name, max_deliveries=0, lease=30)
    push(http, name, "a")
    for deliveries in range(1, 5):
        assert http.get(f"/q/{name}").json()["deliveries"] == deliveries
        expire(redis, name)
    assert stats(http, name, "dead", "len") == (0, 1)
    assert http.get(f"/q/{name}.dead").status == 400


# --- redrive ------------------------------------------------------------------------------------

def test_redrive(http, redis, queue):
    bury(http, queue, *"abc")
    push(http, queue, "d")
    response = http.post(f"/q/{queue}.dead?redrive=1")
    assert_json(response, {"queue": queue, "redriven": 3})
    assert stats(http, queue, "len", "dead", "died") == (4, 0, 3)
    assert not redis.exists(f"{queue}.dead:queue", part(queue + ".dead", "receipts"))
    assert take(http, queue) == "d"      # they come to the new end, the oldest first
    assert take_all(http, queue) == ["a", "b", "c"]


def test_redriven_they_are_counted_anew(http, queue):
    bury(http, queue, "a")
    policy(http, queue, max_deliveries=2)
    release(http, lease(http, queue + ".dead"), queue + ".dead")      # it has a receipt there
    http.post(f"/q/{queue}.dead?redrive=1")
    for deliveries in 1, 2:
        message = lease(http, queue)
        assert message["deliveries"] == deliveries
        release(http, message)
    assert stats(http, queue, "dead", "died") == (1, 2)
    assert lease(http, queue + ".dead")["deliveries"] == 1


def test_redrive_some(http, queue):
    bury(http, queue, *"abcde")
    assert_json(http.post(f"/q/{queue}.dead?redrive=1&count=2"), {"queue": queue, "redriven": 2})
    assert take_all(http, queue) == ["a", "b"]
    assert http.post(f"/q/{queue}.dead", form={"redrive": 1, "count": 1000}).json()["redriven"] == 3
    assert take_all(http, queue) == ["c", "d", "e"]


def test_redrive_very_many(http, redis, queue):
    """More than one call moves."""
    bury_by_hand(redis, queue, 2500)
    assert http.post(f"/q/{queue}.dead?redrive=1&count=1000").json()["redriven"] == 1000
    assert http.post(f"/q/{queue}.dead?redrive=1").json()["redriven"] == 1500
    assert take_all(http, queue) == [str(number) for number in range(1, 2501)]


@pytest.mark.parametrize("more", ["", "&count=5"])
def test_redrive_of_nothing(http, queue, unchanged, more):
    assert_json(http.post(f"/q/{queue}.dead?redrive=1{more}"), {"queue": queue, "redriven": 0})


def test_redrive_of_those_whose_lease_expired(http, redis, queue):
    """They are dead letters again, though nobody has looked yet."""
    bury(http, queue, "a", "b")
    lease(http, queue + ".dead")
    expire(redis, queue + ".dead")
    assert http.post(f"/q/{queue}.dead?redrive=1").json()["redriven"] == 2


def test_redrive_of_those_that_are_held(http, queue):
    """Somebody is at work on them."""
    dead = queue + ".dead"
    bury(http, queue, "a", "b")
    message = lease(http, dead)
    assert http.post(f"/q/{dead}?redrive=1").json()["redriven"] == 1
    assert take_all(http, queue) == ["b"]
    assert ack(http, message, dead).status == 200


def test_redrive_makes_the_queue_known_again(http, redis, queue):
    bury(http, queue, "a")
    redis.srem("QUEUESET", queue)
    redis.delete(f"queuestat::{queue}")
    http.post(f"/q/{queue}.dead?redrive=1")
    assert redis.sismember("QUEUESET", queue)
    assert redis.get(f"queuestat::{queue}") == b"1"


@pytest.mark.parametrize("entry", ["{0}.dead:1", "other:1", "{0}:x", "nonsense", ""])
@pytest.mark.parametrize("more", ["", "&count=2"])
def test_redrive_of_what_is_no_dead_letter(http, redis, queue, entry, more):
    """An original RestMQ may have pushed there: it must not damage the queue too."""
    bury(http, queue, "a")
    redis.lpush(f"{queue}.dead:queue", entry.format(queue))
    with nothing_changes(redis):
        assert_error(http.post(f"/q/{queue}.dead?redrive=1{more}"), 500, "damaged",
                     f"{queue}.dead:queue")
    push(http, queue, "b")
    assert take_all(http, queue) == ["b"]
    assert http.post(f"/q/{queue}.dead?redrive=1&count=1").json()["redriven"] == 1
    assert take_all(http, queue) == ["a"]


def test_redrive_starts_no_stopped_queue(http, queue):
    bury(http, queue, "a")
    http.post(f"/control/{queue}", form={"status": "stop"})
    http.post(f"/q/{queue}.dead?redrive=1")
    assert http.get(f"/control/{queue}").json()["status"]["status"] == 0


def test_a_redrive_is_published(http, redis, queue):
    bury(http, queue, "a")
    assert heard(redis, part(queue, "events"), 1,
                 lambda: http.post(f"/q/{queue}.dead?redrive=1")) == [b"ready"]


@pytest.mark.parametrize("query, code, word", [
    ("redrive=0", "bad_value", "redrive"), ("redrive=2", "bad_value", "redrive"),
    ("redrive=", "bad_value", "redrive"), ("redrive", "bad_value", "redrive"),
    ("redrive=yes", "bad_value", "redrive"), ("redrive=1&colour=red", "bad_request", "colour"),
    ("count=5", "bad_request", "redrive"), ("redrive=1&lease=5", "bad_request", "lease"),
    ("redrive=1&soft=1", "bad_request", "soft")])
def test_redrive_refused(http, redis, queue, query, code, word):
    bury(http, queue, "a")
    assert_refused(redis, lambda: http.post(f"/q/{queue}.dead?{query}"), code, word)
    assert take(http, queue + ".dead") == "a"


@pytest.mark.parametrize("option", ["value=a", "msg=a", "ttl=5", "delay=5"])
def test_redrive_is_no_push(http, redis, queue, option):
    """What belongs to a push is not ignored."""
    bury(http, queue, "a")
    assert_refused(redis, lambda: http.post(f"/q/{queue}.dead?redrive=1&{option}"), "bad_request",
                   option.partition("=")[0])


@pytest.mark.parametrize("type", ["text/plain", "application/json", "application/x-ndjson",
                                  "multipart/form-data; boundary=x"])
def test_redrive_reads_no_body(http, redis, queue, type):
    """No body is ignored."""
    bury(http, queue, "a")
    with nothing_changes(redis):
        response = http.post(f"/q/{queue}.dead?redrive=1", '{"count":1}', {"Content-Type": type})
        assert response.status in (400, 415), response


@pytest.mark.parametrize("number", NO_NUMBERS + ["0", "1001"])
def test_redrive_of_no_number(http, redis, queue, number):
    bury(http, queue, "a")
    assert_refused(redis, lambda: http.post(f"/q/{queue}.dead?redrive=1&count={number}"),
                   "bad_value", "count", "1000")


@pytest.mark.parametrize("more", ["", "&count=5", "&value=a"])
def test_redrive_of_a_queue_that_has_no_dead_letters(http, redis, queue, more):
    """The dead letters are named, not their queue."""
    bury(http, queue, "a")
    assert_refused(redis, lambda: http.post(f"/q/{queue}?redrive=1{more}"), "bad_request", ".dead")
    for respond in (lambda: http.get(f"/q/{queue}.dead?redrive=1"),
                    lambda: http.delete(f"/q/{queue}.dead?redrive=1"),
                    lambda: http.request("PUT", f"/q/{queue}.dead?redrive=1"),
                    lambda: http.post(f"/?queue={queue}.dead&redrive=1&value=a")):
        assert_refused(redis, respond, "bad_request", "redrive")
