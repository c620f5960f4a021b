# test_foreign_keys.py - another program's keys in the same Redis, called like messages of a queue:
# no push writes over them, and nothing shows or removes them (fsck: see test_fsck.py).
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from checks import assert_error, assert_json, assert_text, command, push, take, take_all
from reliable import lease, nothing_changes, part, policy, push_batch, release

EXACT = 2 ** 53


@pytest.fixture
def owner(redis, queue):
    """Another program, with keys of the queue's name and these numbers: hashes, lists and texts."""
    def own(*numbers):
        for at, number in enumerate(numbers):
            key = f"{queue}:{number}"
            (lambda: redis.hset(key, "name", "ann"), lambda: redis.rpush(key, "ann"),
             lambda: redis.set(key, "ann"))[at % 3]()
        return {number: redis.dump(f"{queue}:{number}") for number in numbers}
    yield own
    redis.delete(*redis.keys(f"{queue}:[0-9]*") or ["nothing"], part(queue, "foreign"))


def untouched(redis, queue, theirs):
    assert {number: redis.dump(f"{queue}:{number}") for number in theirs} == theirs


def foreign(redis, queue):
    return {int(key.decode().rpartition(":")[2]) for key in redis.smembers(part(queue, "foreign"))}


# --- push ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("numbers", [[1], [3], [3, 4, 5], [1, 2, 3, 4, 5, 6, 7, 8], [2, 4, 6]])
@pytest.mark.parametrize("options", ["", "?ttl=60", "?delay=60"])
def test_a_push_goes_past_keys_that_are_there(http, redis, queue, owner, numbers, options):
    theirs = owner(*numbers)
    free = [number for number in range(1, 30) if number not in numbers][:10]
    keys = [http.post(f"/q/{queue}{options}", str(at), {"Content-Type": "text/plain"}).text.rstrip()
            for at in range(10)]
    assert keys == [f"{queue}:{number}" for number in free]
    untouched(redis, queue, theirs)
    assert foreign(redis, queue) == set(numbers)
    assert int(redis.get(f"{queue}:UUID")) == free[-1]
    if not options.startswith("?delay"):
        assert take_all(http, queue) == [str(at) for at in range(10)]
    untouched(redis, queue, theirs)


@pytest.mark.parametrize("count, numbers, first, passed", [
    (3, [2], 3, {2}),
    (3, [1, 5], 2, {1}),
    (3, [3, 7], 4, {3}),
    (1000, [500, 1000, 1700, 3000], 1701, {500, 1000, 1700}),
    (2, [2, 4, 6, 8, 10, 12, 14, 16], 17, {2, 4, 6, 8, 10, 12, 14, 16}),
])
@pytest.mark.parametrize("options", ["", "?ttl=60"])
def test_the_numbers_of_a_batch_stay_consecutive(http, redis, queue, owner, count, numbers, first,
                                                 passed, options):
    """It begins behind the last number that is taken among those that it would have had."""
    theirs = owner(*numbers)
    values = [str(at) for at in range(count)]
    response = http.post(f"/q/{queue}{options}", "\n".join(values),
                         {"Content-Type": "application/x-ndjson"})
    begin = int(assert_json(response)[0].rpartition(":")[2])
    assert response.json() == [f"{queue}:{n}" for n in range(begin, begin + count)]
    assert foreign(redis, queue) == passed
    assert begin == first
    untouched(redis, queue, theirs)
    assert [message["value"] for message in http.get(f"/q/{queue}?count=1000").json()] == values
    untouched(redis, queue, theirs)


def test_nine_keys_in_the_way(http, redis, queue, owner):
    """The answer names the last one, and nothing has changed."""
    theirs = owner(*range(1, 10), *range(20, 40, 2))
    with nothing_changes(redis):
        for options in ("", "?ttl=60", "?delay=60"):
            response = http.post(f"/q/{queue}{options}", "x", {"Content-Type": "text/plain"})
            assert_error(response, 500, "damaged", f"{queue}:9 ")
        assert_error(command(http, cmd="add", queue=queue, value="x"), 500, "damaged")
    redis.set(f"{queue}:UUID", 19)
    with nothing_changes(redis):
        response = http.post(f"/q/{queue}", "x\ny", {"Content-Type": "application/x-ndjson"})
        assert_error(response, 500, "damaged", f"{queue}:36 ")
    redis.set(f"{queue}:UUID", 1)          # and now there are eight
    assert push(http, queue, "x") == [f"{queue}:10"]
    assert foreign(redis, queue) == set(range(2, 10))
    untouched(redis, queue, theirs)


def test_an_idempotent_push_goes_past_them_once(http, redis, queue, owner):
    theirs = owner(1, 2)
    headers = {"Content-Type": "text/plain", "Idempotency-Key": "k"}
    assert [http.post(f"/q/{queue}", "x", headers).text for _ in range(2)] == [f"{queue}:3\r\n"] * 2
    assert take_all(http, queue) == ["x"]
    untouched(redis, queue, theirs)


# --- what leaves them alone -----------------------------------------------------------------------

def test_delete_leaves_them_alone(http, redis, queue, owner):
    theirs = owner(1, 2, 3)
    push(http, queue, "x")
    for number in theirs:
        for name in (queue, f"{queue}.dead"):
            assert_error(http.delete(f"/q/{name}?key={queue}:{number}"), 404, "not_found")
    assert http.delete(f"/q/{queue}?key={queue}:4").status == 200
    http.delete(f"/q/{queue}")
    untouched(redis, queue, theirs)


def test_pages_do_not_show_them(http, queue, owner):
    owner(1, 2, 3)
    push(http, queue, "x")
    assert http.get(f"/j/{queue}", {"Accept": "application/json"}).json()["jobs"] == [f"{queue}:4"]
    assert http.get(f"/stats/{queue}").json()["len"] == 1


# --- the counter ----------------------------------------------------------------------------------

def test_a_counter_behind_the_queue_s_own_messages(http, redis, queue):
    """It jumps past the newest, and the messages that it would have met are still there."""
    push(http, queue, *map(str, range(20)))
    for counter in (3, 7):
        redis.set(f"{queue}:UUID", counter)
        newest = int(push(http, queue, "new")[0].rpartition(":")[2])
        assert newest == 21 + (counter == 7)
        assert not redis.exists(part(queue, "foreign"))
    assert take_all(http, queue) == [str(n) for n in range(20)] + ["new", "new"]


def test_a_counter_that_is_gone(http, redis, queue):
    """The first two numbers are free, but not the queue's next ones."""
    push(http, queue, *map(str, range(5)))
    take(http, queue)
    take(http, queue)
    redis.delete(f"{queue}:UUID")
    assert push(http, queue, "new") == [f"{queue}:6"]
    assert push_batch(http, queue, 3)[0] == f"{queue}:7"


@pytest.mark.parametrize("place", ["leased", "delayed", "dead", "dead and leased"])
def test_the_newest_message_may_be_anywhere(http, redis, queue, place):
    policy(http, queue, max_deliveries=1)
    if place == "delayed":
        http.post(f"/q/{queue}?delay=100", "x\ny\nz", {"Content-Type": "application/x-ndjson"})
    else:
        push_batch(http, queue, 3)
        leases = [lease(http, queue) for _ in range(3)]
        for one in leases if place.startswith("dead") else []:
            release(http, one)
        for _ in range(3 if place == "dead and leased" else 0):
            lease(http, f"{queue}.dead")
    redis.delete(f"{queue}:UUID")
    assert push(http, queue, "new") == [f"{queue}:4"]
    assert not redis.exists(part(queue, "foreign"))
    assert redis.mget(*(f"{queue}:{n}" for n in (1, 2, 3))).count(None) == 0


@pytest.mark.parametrize("counter", [EXACT - 1, EXACT, EXACT + 1, 2 ** 63 - 1, -1, -5])
def test_a_counter_at_its_end(http, redis, queue, counter):
    """Beyond 2^53 Lua's numbers are not exact: several pushes would get one key."""
    redis.set(f"{queue}:UUID", counter)
    with nothing_changes(redis):
        for body, type in (("x", "text/plain"), ("x\ny", "application/x-ndjson")):
            response = http.post(f"/q/{queue}", body, {"Content-Type": type})
            assert_error(response, 500, "damaged", f"{queue}:UUID ")
    redis.delete(f"{queue}:UUID")


def test_the_last_number(http, redis, queue):
    redis.set(f"{queue}:UUID", EXACT - 3)
    assert push(http, queue, "a", "b") == [f"{queue}:{EXACT - 2}", f"{queue}:{EXACT - 1}"]
    assert_error(http.post(f"/q/{queue}", "c", {"Content-Type": "text/plain"}), 500, "damaged")
    assert take_all(http, queue) == ["a", "b"]
    redis.delete(f"{queue}:UUID")
