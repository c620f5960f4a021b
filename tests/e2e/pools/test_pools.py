# test_pools.py - /lb: pools of servers with scores, rows, and places for keys.
#
# SPDX-License-Identifier: BSD-2-Clause

import collections
import itertools
import math
import threading
import urllib.parse

import pytest

from checks import assert_error, assert_json, command
from checks import contents as everything


def contents(redis):
    """All pools: messages of other tests may expire meanwhile."""
    return {key: value for key, value in everything(redis).items() if key.startswith(b"restmq:lb")}

# The example of the Redis cookbook.
COOKBOOK = {"odd": {"server1": 10, "server3": 20, "server5": 1, "server7": 5},
            "even": {"server2": 5, "server4": 10, "server6": 1, "server8": 20}}

_numbers = itertools.count(1)


@pytest.fixture
def pool():
    """A pool's name that no other test of this session uses."""
    return f"pool{next(_numbers)}"


def query(**options):
    return urllib.parse.urlencode(options)


def put(http, pool, **options):
    return http.request("PUT", f"/lb/{pool}?{query(**options)}")


def fill(http, pool, rows=COOKBOOK):
    for row, servers in rows.items():
        for server, score in servers.items():
            assert_json(put(http, pool, server=server, row=row, score=score),
                        {"pool": pool, "row": row, "server": server, "score": score})


def fill_redis(redis, pool, rows):
    """As some other client would."""
    for row, servers in rows.items():
        redis.sadd(f"restmq:lb:{{{pool}}}", row)
        redis.zadd(f"restmq:lb:{{{pool}}}:{row}", servers)


def best(http, pool, **options):
    return assert_json(http.get(f"/lb/{pool}?{query(**options)}"))


def charge(http, pool, **options):
    return assert_json(http.request("POST", f"/lb/{pool}?{query(**options)}"))


def listed(http, pool):
    answer = assert_json(http.get(f"/lb/{pool}?list=1"))
    assert answer["pool"] == pool
    return answer["rows"]


def scores_of(http, pool):
    return {server: score for row in listed(http, pool).values() for server, score in row.items()}


# --- the cookbook ---------------------------------------------------------------------------------

def test_the_cookbook(http, pool):
    fill(http, pool)
    assert listed(http, pool) == COOKBOOK
    assert best(http, pool) == {"servers": ["server5"], "scores": [1], "rows": ["odd"]}
    assert best(http, pool, replicas=2) == {"servers": ["server5", "server6"], "scores": [1, 1],
                                            "rows": ["odd", "even"]}
    put(http, pool, server="server2", row="even", score=50)
    assert best(http, pool, replicas=5, spread="no")["servers"] == [
        "server5", "server6", "server7", "server1", "server4"]
    assert listed(http, pool) == {**COOKBOOK, "even": {**COOKBOOK["even"], "server2": 50}}


def test_a_row_need_not_be_said_again(http, pool):
    fill(http, pool)
    assert_json(put(http, pool, server="server2", score=50),
                {"pool": pool, "row": "even", "server": "server2", "score": 50})
    assert_json(put(http, pool, server="new", score=0.5),
                {"pool": pool, "row": "default", "server": "new", "score": 0.5})
    assert best(http, pool)["servers"] == ["new"]


def test_a_server_stands_in_one_row(http, redis, pool):
    fill(http, pool, {"a": {"s": 3}, "b": {"t": 4}})
    assert_json(put(http, pool, server="s", row="b", score=7))
    assert listed(http, pool) == {"b": {"t": 4, "s": 7}}
    assert redis.smembers(f"restmq:lb:{{{pool}}}") == {b"b"}


@pytest.mark.parametrize("score", ["0", "-5", "2.5", "1e300", "-1e300", "1e-300", "0.1",
                                   "9007199254740992", "007"])
def test_every_score(http, pool, score):
    assert assert_json(put(http, pool, server="s", score=score))["score"] == float(score)
    assert best(http, pool)["scores"] == [float(score)]
    assert listed(http, pool) == {"default": {"s": float(score)}}


def test_equals_go_by_name(http, redis, pool):
    """Byte by byte, over all rows."""
    names = ["b", "a", "Z", "a:1", "a-1", "_", "~", "!", "aa"]
    fill(http, pool, {f"row{n}": {name: 1} for n, name in enumerate(names)})
    assert best(http, pool, replicas=9)["servers"] == sorted(names)
    assert best(http, pool, replicas=9, spread="no")["servers"] == sorted(names)


# --- charging -------------------------------------------------------------------------------------

def test_charging_goes_round(http, pool):
    fill(http, pool, {"a": {"s1": 0, "s2": 0}, "b": {"s3": 0}})
    answers = [charge(http, pool) for _ in range(7)]
    assert [answer["servers"][0] for answer in answers] == ["s1", "s2", "s3"] * 2 + ["s1"]
    assert [answer["scores"][0] for answer in answers] == [1, 1, 1, 2, 2, 2, 3]
    assert listed(http, pool) == {"a": {"s1": 3, "s2": 2}, "b": {"s3": 2}}


def test_a_cost(http, pool):
    fill(http, pool, {"a": {"s1": 0, "s2": 10}})
    assert charge(http, pool, cost="12.5")["scores"] == [12.5]
    assert charge(http, pool, cost=0) == {"servers": ["s2"], "scores": [10], "rows": ["a"]}
    assert charge(http, pool, cost=-3)["scores"] == [7]
    assert charge(http, pool, cost=-7)["scores"] == [0]
    assert charge(http, pool, replicas=2, spread="no", cost=1) == {
        "servers": ["s2", "s1"], "scores": [1, 13.5], "rows": ["a", "a"]}


def test_a_cost_on_a_score_below_0(http, redis, pool):
    """It may go up from there, and no further down."""
    fill(http, pool, {"a": {"s1": -5}})
    assert charge(http, pool, cost=2)["scores"] == [-3]
    assert charge(http, pool, key="k", cost=0)["scores"] == [-3]
    assert_error(http.request("POST", f"/lb/{pool}?cost=-1"), 409, "conflict", "below 0")
    assert scores_of(http, pool) == {"s1": -3}


def test_incr(http, pool):
    fill(http, pool, {"a": {"s1": 2}})
    assert assert_json(put(http, pool, server="s1", incr=-1))["score"] == 1
    assert assert_json(put(http, pool, server="s1", incr="0.5", row="a"))["score"] == 1.5
    assert_error(put(http, pool, server="s1", incr=-2), 409, "conflict", "below 0")
    assert scores_of(http, pool) == {"s1": 1.5}
    put(http, pool, server="s1", score=-10)
    assert assert_json(put(http, pool, server="s1", incr=4))["score"] == -6


def test_a_check_brings_no_server_back(http, redis, pool):
    """add=no changes what is there, moves it too, and adds nothing."""
    put(http, pool, server="s1", score=1, row="a")
    put(http, pool, server="s2", score=1, row="a")
    assert assert_json(put(http, pool, server="s1", score=7, add="no"))["score"] == 7
    moved = assert_json(put(http, pool, server="s1", score=8, row="b", add="no"))
    assert (moved["row"], moved["score"]) == ("b", 8)
    assert http.delete(f"/lb/{pool}?server=s1").status == 200
    before = contents(redis)
    assert_error(put(http, pool, server="s1", score=9, add="no"), 404, "not_found", "server")
    assert_error(put(http, pool, server="s1", score=9, row="a", add="no"), 404, "not_found")
    assert command(http, cmd="lb_update", pool=pool, server="s1", score=9,
                   add=False).json()["code"] == "not_found"
    assert_error(put(http, pool, server="s2", score=9, add="maybe"), 400, "bad_value", "add")
    assert contents(redis) == before
    assert assert_json(put(http, pool, server="s1", score=9, add="yes"))["row"] == "default"


def test_a_thousand_rows(http, redis, pool):
    """Of equals the first by name, and of a thousand rows all in their order."""
    fill_redis(redis, pool, {f"row{number}": {f"s{number}": 5} for number in range(1000)})
    names = sorted(f"s{number}" for number in range(1000))
    assert best(http, pool, replicas=100)["servers"] == names[:100]
    assert [charge(http, pool)["servers"] for _ in range(3)] == [[name] for name in names[:3]]
    assert list(listed(http, pool)) == sorted(f"row{number}" for number in range(1000))


def test_looking_changes_nothing(http, redis, pool):
    fill(http, pool)
    before = contents(redis)
    best(http, pool, replicas=2)
    best(http, pool, key="k", bound=1.5)
    listed(http, pool)
    assert http.request("HEAD", f"/lb/{pool}").status == 200
    assert contents(redis) == before


def in_parallel(stack, count, action):
    failures = []

    def work(number):
        http = type(stack.http)(stack.web.port)
        try:
            action(http, number)
        except BaseException as failure:
            failures.append(failure)
        finally:
            http.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def charge_in_parallel(stack, pool, each, clients=8):
    def work(http, _):
        for _ in range(each):
            assert http.request("POST", f"/lb/{pool}").status == 200

    in_parallel(stack, clients, work)
    scores = scores_of(stack.http, pool)
    assert sum(scores.values()) == clients * each
    assert max(scores.values()) - min(scores.values()) <= 1


def test_parallel_charges_add_up(stack, http, pool):
    fill(http, pool, {f"row{n % 3}": {f"s{n}": 0} for n in range(3)})
    for n in range(3, 7):
        put(http, pool, server=f"s{n}", row=f"row{n % 3}", score=0)
    charge_in_parallel(stack, pool, 250)


@pytest.mark.load
def test_80000_charges_add_up(stack, http, pool):
    for n in range(7):
        put(http, pool, server=f"s{n}", row=f"row{n % 3}", score=0)
    charge_in_parallel(stack, pool, 10000)


# --- places of keys -------------------------------------------------------------------------------

def test_a_key_stays_where_it_is(http, pool):
    fill(http, pool)
    places = {f"k{n}": best(http, pool, key=f"k{n}")["servers"][0] for n in range(100)}
    assert len(set(places.values())) == 8
    put(http, pool, server="server9", row="odd", score=0)
    moved = {key: now for key, was in places.items()
             if (now := best(http, pool, key=key)["servers"][0]) != was}
    assert set(moved.values()) == {"server9"}
    assert_json(http.delete(f"/lb/{pool}?server=server9"))
    assert all(best(http, pool, key=key)["servers"] == [was] for key, was in places.items())
    assert_json(http.delete(f"/lb/{pool}?server=server1"))
    for key, was in places.items():
        assert (best(http, pool, key=key)["servers"] == [was]) == (was != "server1")


def test_a_score_moves_no_key(http, pool):
    fill(http, pool)
    place = best(http, pool, key="object42")["servers"]
    put(http, pool, server=place[0], score=10 ** 9)
    assert best(http, pool, key="object42")["servers"] == place
    assert charge(http, pool, key="object42", cost=2) == {
        "servers": place, "scores": [10 ** 9 + 2],
        "rows": ["odd" if int(place[0][-1]) % 2 else "even"]}


def test_placed_as_libmemcached(http, pool, request):
    """Some of them; tests/unit/test-ring.c has them all."""
    with open(request.config.rootpath / "tests/ketama/placed.txt") as file:
        servers, places = file.readline().split(), file.readline()
    fill(http, pool, {"default": dict.fromkeys(servers, 0)})
    for number in range(0, 10000, 97):
        assert best(http, pool, key=f"object{number}")["servers"] == [
            servers[int(places[number])]]


def test_replicas_walk_on_to_other_rows(http, pool):
    fill(http, pool)
    for number in range(50):
        answer = best(http, pool, key=f"k{number}", replicas=2)
        assert sorted(answer["rows"]) == ["even", "odd"]
        all_of_them = best(http, pool, key=f"k{number}", replicas=8, spread="no")["servers"]
        assert sorted(all_of_them) == sorted(scores_of(http, pool))
        assert answer["servers"][0] == all_of_them[0]
        second = next(server for server in all_of_them
                      if int(server[-1]) % 2 != int(all_of_them[0][-1]) % 2)
        assert answer["servers"][1] == second


def test_replicas_where_one_row_is_rare(http, redis, pool):
    fill_redis(redis, pool, {"a": {f"s{n}": 0 for n in range(500)}, "b": {"t": 0}})
    answer = charge(http, pool, key="k", replicas=2)
    assert answer["rows"] == ["a", "b"] and answer["scores"] == [1, 1]


@pytest.mark.parametrize("key", ["k", " ", "\u2028", "caf\u00e9", "a&b=c", "x" * 2000, "../..", "{}"])
def test_every_key(http, pool, key):
    fill(http, pool)
    assert len(best(http, pool, key=key)["servers"]) == 1


def test_any_bytes_in_a_form(http, pool):
    fill(http, pool)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for key in "%00", "a%00b", "%ff":
        assert_json(http.post(f"/lb/{pool}", f"cost=0&key={key}", form))
    assert_error(http.request("PUT", f"/lb/{pool}", "server=a%00b&score=1", form), 400, "bad_name")
    assert_error(http.request("PUT", f"/lb/{pool}", "server=a&row=a%00b&score=1", form), 400,
                 "bad_name")
    assert_error(http.request("PUT", f"/lb/{pool}", "server=a&score=1%00", form), 400, "bad_value")


def bounded(charge_one, servers, keys, bound=1.25):
    """No server is ever above bound times the mean, rounded up."""
    scores = collections.Counter(dict.fromkeys(servers, 0))
    for number in range(keys):
        answer = charge_one(f"object{number}")
        scores[answer["servers"][0]] += 1
        assert answer["scores"] == [scores[answer["servers"][0]]]
        assert max(scores.values()) <= math.ceil(bound * (number + 1) / len(servers))
    return scores


def test_bounded_loads(http, pool):
    servers = [f"s{n}" for n in range(10)]
    fill(http, pool, {"a": dict.fromkeys(servers, 0)})
    scores = bounded(lambda key: charge(http, pool, key=key, bound=1.25), servers, 1000)
    assert scores_of(http, pool) == scores


@pytest.mark.load
def test_bounded_loads_of_10000_keys(http, pool):
    servers = [f"s{n}" for n in range(10)]
    fill(http, pool, {"a": dict.fromkeys(servers, 0)})
    bounded(lambda key: charge(http, pool, key=key, bound=1.25), servers, 10000)


def test_a_bound_without_choice(http, pool):
    """Replicas of two rows, and one of them has only one server: it is taken all the same."""
    fill(http, pool, {"a": {"s1": 0, "s2": 0, "s3": 0}, "b": {"t": 100}})
    answer = best(http, pool, key="k", replicas=2, bound=1)
    assert sorted(answer["rows"]) == ["a", "b"]
    assert best(http, pool, key="k", replicas=4, spread="no", bound=1)["servers"][3] == "t"


def test_a_bound_without_choice_keeps_the_rows_apart(http, pool):
    """Though the ring may have the other server of row a first."""
    fill(http, pool, {"a": {"s1": 0, "s2": 100}, "b": {"t": 100}})
    for number in range(30):
        assert best(http, pool, key=f"k{number}", replicas=2, bound=1)["servers"] == ["s1", "t"]


def test_a_score_at_the_bound_is_not_above_it(http, pool):
    fill(http, pool, {"a": {"s1": 1, "s2": 3}})
    key = next(key for key in map(str, range(100))
               if best(http, pool, key=key)["servers"] == ["s2"])
    assert best(http, pool, key=key, bound=1.5)["servers"] == ["s2"]
    assert best(http, pool, key=key, bound=1.49)["servers"] == ["s1"]


@pytest.mark.parametrize("score", [0, 0.1, -5, 1e300])
def test_a_bound_where_all_are_equal(http, pool, score):
    fill(http, pool, {"a": {f"s{n}": score for n in range(7)}})
    assert (best(http, pool, key="k", bound=1)["servers"]
            == best(http, pool, key="k")["servers"])


def test_a_bound_below_0_leaves_the_lowest(http, pool):
    fill(http, pool, {"a": {"s1": -5, "s2": -4, "s3": -4}})
    for number in range(20):
        assert best(http, pool, key=f"k{number}", bound=1.25)["servers"] == ["s1"]


def test_other_clients_changes_are_seen(http, redis, pool):
    """At once where a place is asked for, or the number changes."""
    fill_redis(redis, pool, {"a": {"s1": 0, "s2": 0}})
    place = best(http, pool, key="k")["servers"][0]
    redis.zrem(f"restmq:lb:{{{pool}}}:a", place)
    redis.zadd(f"restmq:lb:{{{pool}}}:a", {"s3": 0})
    assert best(http, pool, key="k")["servers"][0] in {"s1", "s2", "s3"} - {place}
    fill_redis(redis, pool, {"b": {"t": 0}})
    assert "t" in {best(http, pool, key=f"k{n}")["servers"][0] for n in range(100)}


def test_a_server_that_replaces_another_has_its_keys_at_once(http, redis, pool):
    """As many servers as before: the version tells, also for keys far from the other's place."""
    servers = [f"s{n}" for n in range(100)]
    fill_redis(redis, pool + "after", {"default": dict.fromkeys([*servers[1:], "new"], 0)})
    keys = [key for key in map(str, range(400))
            if best(http, pool + "after", key=key)["servers"] == ["new"]]
    fill_redis(redis, pool, {"default": dict.fromkeys(servers, 0)})
    for number in range(20):    # each responder has its ring now
        best(http, pool, key=number)
    assert_json(http.delete(f"/lb/{pool}?server=s0"))
    assert_json(put(http, pool, server="new", score=0))
    assert keys and all(best(http, pool, key=key)["servers"] == ["new"] for key in keys)


def test_keys_while_servers_come_and_go(stack, http, pool):
    """Every answer is of a server that was there."""
    fill(http, pool)

    def work(client, number):
        for turn in range(60):
            if number == 0:
                assert put(client, pool, server=f"new{turn % 3}", row="odd", score=0).status == 200
                assert client.delete(f"/lb/{pool}?server=new{turn % 3}").status == 200
            else:
                answer = charge(client, pool, key=f"k{turn}", replicas=2)
                assert len(answer["servers"]) == 2
    in_parallel(stack, 4, work)
    assert set(scores_of(http, pool)) == {f"server{n}" for n in range(1, 9)}


# --- removing -------------------------------------------------------------------------------------

def test_removing(http, redis, pool):
    fill(http, pool)
    assert_json(http.delete(f"/lb/{pool}?server=server5"),
                {"pool": pool, "server": "server5", "removed": 1})
    assert best(http, pool)["servers"] == ["server6"]
    assert_error(http.delete(f"/lb/{pool}?server=server5"), 404, "not_found")
    assert_json(http.delete(f"/lb/{pool}"), {"pool": pool, "removed": 7})
    assert_error(http.delete(f"/lb/{pool}"), 404, "not_found")
    assert_error(http.get(f"/lb/{pool}"), 404, "not_found")
    assert not list(redis.scan_iter(f"restmq:lb:{{{pool}}}*", count=10000))


def test_the_last_server_takes_its_row_along(http, redis, pool):
    fill(http, pool, {"a": {"s": 1}, "b": {"t": 1}})
    http.delete(f"/lb/{pool}?server=s")
    assert redis.smembers(f"restmq:lb:{{{pool}}}") == {b"b"}
    http.delete(f"/lb/{pool}?server=t")
    assert not redis.exists(f"restmq:lb:{{{pool}}}")
    assert_error(http.get(f"/lb/{pool}"), 404, "not_found")


# --- what is refused ------------------------------------------------------------------------------

@pytest.fixture
def full(http, redis, pool):
    """A pool that must not change."""
    fill(http, pool)
    before = contents(redis)
    yield pool
    assert contents(redis) == before


@pytest.mark.parametrize("options, status, code, mention", [
    ("", 400, "bad_request", "server"),
    ("server=s", 400, "bad_request", "score"),
    ("score=1", 400, "bad_request", "server"),
    ("server=s&score=1&incr=1", 400, "bad_request", "either"),
    ("server=&score=1", 400, "bad_name", "server"),
    ("server=a%20b&score=1", 400, "bad_name", "server"),
    ("server=caf%C3%A9&score=1", 400, "bad_name", "server"),
    ("server=" + "s" * 256 + "&score=1", 400, "bad_name", "255"),
    ("server=s&score=", 400, "bad_value", "score"),
    ("server=s&score=NaN", 400, "bad_value", "score"),
    ("server=s&score=nan", 400, "bad_value", "score"),
    ("server=s&score=inf", 400, "bad_value", "score"),
    ("server=s&score=-inf", 400, "bad_value", "score"),
    ("server=s&score=1e400", 400, "bad_value", "score"),
    ("server=s&score=1x", 400, "bad_value", "score"),
    ("server=s&score=0x1", 400, "bad_value", "score"),
    ("server=s&score=" + "1" * 64, 400, "bad_value", "score"),
    ("server=server1&incr=1e400", 400, "bad_value", "incr"),
    ("server=server1&incr=-11", 409, "conflict", "below 0"),
    ("server=nobody&incr=1", 404, "not_found", "server"),
    ("server=server1&incr=1&row=even", 404, "not_found", "row"),
    ("server=server1&incr=1&row=elsewhere", 404, "not_found", "row"),
    ("server=s&score=1&row=", 400, "bad_name", "row"),
    ("server=s&score=1&row=a:b", 400, "bad_name", "row"),
    ("server=s&score=1&row=a/b", 400, "bad_name", "row"),
    ("server=s&score=1&row=other%7D:row", 400, "bad_name", "row"),
    ("server=s&score=1&row=" + "r" * 129, 400, "bad_name", "row"),
    ("server=s&score=1&colour=red", 400, "bad_request", "colour"),
])
def test_bad_updates(http, full, options, status, code, mention):
    assert_error(http.request("PUT", f"/lb/{full}?{options}"), status, code, mention)


@pytest.mark.parametrize("options, status, code, mention", [
    ("replicas=0", 400, "bad_value", "replicas"),
    ("replicas=101", 400, "bad_value", "replicas"),
    ("replicas=x", 400, "bad_value", "replicas"),
    ("replicas=3", 409, "conflict", "spread"),
    ("replicas=9&spread=no", 409, "conflict", "8"),
    ("replicas=3&key=k", 409, "conflict", "spread"),
    ("replicas=9&key=k&spread=no&bound=2", 409, "conflict", "8"),
    ("spread=perhaps", 400, "bad_value", "spread"),
    ("key=", 400, "bad_value", "key"),
    ("key=" + "k" * 4097, 400, "bad_value", "key"),
    ("bound=1.25", 400, "bad_request", "key"),
    ("key=k&bound=0.5", 400, "bad_value", "bound"),
    ("key=k&bound=NaN", 400, "bad_value", "bound"),
    ("key=k&bound=inf", 400, "bad_value", "bound"),
])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_bad_wishes(http, full, method, options, status, code, mention):
    assert_error(http.request(method, f"/lb/{full}?{options}"), status, code, mention)


@pytest.mark.parametrize("options, status, code, mention", [
    ("cost=NaN", 400, "bad_value", "cost"),
    ("cost=inf", 400, "bad_value", "cost"),
    ("cost=1e400", 400, "bad_value", "cost"),
    ("cost=", 400, "bad_value", "cost"),
    ("cost=-2", 409, "conflict", "below 0"),
    ("cost=-2&key=k&replicas=8&spread=no", 409, "conflict", "below 0"),
    ("cost=-2&replicas=2", 409, "conflict", "below 0"),
])
def test_bad_costs(http, full, options, status, code, mention):
    assert_error(http.request("POST", f"/lb/{full}?{options}"), status, code, mention)


def test_a_cost_is_for_charging(http, full):
    assert_error(http.get(f"/lb/{full}?cost=1"), 400, "bad_request", "cost")


def test_too_large_a_sum(http, redis, pool):
    put(http, pool, server="s", score="1.7e308")
    before = contents(redis)
    assert_error(http.request("POST", f"/lb/{pool}?cost=1e308"), 409, "conflict", "too large")
    assert_error(put(http, pool, server="s", incr="1e308"), 409, "conflict", "too large")
    assert contents(redis) == before


@pytest.mark.parametrize("method, options", [
    ("GET", ""), ("GET", "?list=1"), ("GET", "?key=k"), ("GET", "?replicas=2"), ("POST", ""),
    ("POST", "?key=k&bound=1.25"), ("PUT", "?server=s&incr=1"), ("DELETE", ""),
    ("DELETE", "?server=s")])
def test_unknown_pools(http, unchanged, method, options):
    assert_error(http.request(method, "/lb/nobody" + options), 404, "not_found")


def test_a_lost_server_is_not_the_pool(http, redis, pool):
    """A script that lost its variable, or PHP's http_build_query(['server' => null])."""
    put(http, pool, server="s", score="1")
    for query in "", "_=1", "callback=":
        assert_error(http.request("DELETE", f"/lb/{pool}?{query}"), 400, "bad_request", "lost")
    assert_error(http.request("DELETE", f"/lb/{pool}?server="), 400, "bad_name")
    for headers, body in ({"Content-Type": "application/x-www-form-urlencoded"}, b""), ({}, b"&"):
        assert_error(http.request("DELETE", f"/lb/{pool}", body, headers), 400, "bad_request", "all=1")
    assert_error(http.request("DELETE", f"/lb/{pool}?all=1&server=s"), 400, "bad_request", "all")
    assert_error(http.request("DELETE", f"/lb/{pool}?all=0"), 400, "bad_value", "all")
    assert http.request("DELETE", f"/lb/{pool}").json()["removed"] == 1


@pytest.mark.parametrize("path", ["/lb/a%20b", "/lb/a//b", "/lb/restmq:x",
                                  "/lb/a%7Db"])
def test_bad_names(http, unchanged, path):
    assert http.get(path).status in (400, 404)
    assert http.request("PUT", path + "?server=s&score=1").status in (400, 404)


def test_a_list_is_nothing_else(http, full):
    assert_error(http.get(f"/lb/{full}?list=0"), 400, "bad_value", "list")
    assert_error(http.get(f"/lb/{full}?list=1&key=k"), 400, "bad_request", "key")


def test_a_thousand_servers_and_no_more(http, redis, pool):
    fill_redis(redis, pool, {row: {f"{row}{n}": n for n in range(500)} for row in "ab"})
    assert len(scores_of(http, pool)) == 1000
    assert best(http, pool, replicas=100, spread="no")["servers"][0] == "a0"
    assert best(http, pool, key="k", replicas=2, bound=1.25)["rows"]
    assert_error(put(http, pool, server="one-more", score=1), 409, "conflict", "thousand")
    assert_json(put(http, pool, server="a7", score=-1))
    assert_json(put(http, pool, server="a8", score=8, row="c"))
    redis.zadd(f"restmq:lb:{{{pool}}}:a", {"one-more": 5})
    assert best(http, pool)["servers"] == ["a7"]
    assert_error(http.get(f"/lb/{pool}?list=1"), 409, "conflict", "thousand")
    assert_error(http.get(f"/lb/{pool}?key=k"), 409, "conflict", "thousand")


# --- what somebody else put there -----------------------------------------------------------------

STRANGE = {b"no name": -9, b"\xff": -8, b"": -7, b"x" * 256: -6, b"tab\t": -5}


def test_strange_members_are_passed_over(http, redis, pool):
    fill_redis(redis, pool, {"a": {**STRANGE, b"s1": 1}, "b": STRANGE, "c": {b"s2": 2}})
    redis.sadd(f"restmq:lb:{{{pool}}}", "no row", "", "a:b", b"\xff")
    assert listed(http, pool) == {"a": {"s1": 1}, "c": {"s2": 2}}
    assert best(http, pool, replicas=2)["servers"] == ["s1", "s2"]
    assert sorted(best(http, pool, replicas=2, key="k", bound=2)["servers"]) == ["s1", "s2"]
    assert_error(http.get(f"/lb/{pool}?replicas=3&spread=no"), 409, "conflict", "(2)")
    assert charge(http, pool)["scores"] == [2]
    http.delete(f"/lb/{pool}?server=s1")
    http.delete(f"/lb/{pool}?server=s2")
    for options in "", "?key=k":
        assert_error(http.get(f"/lb/{pool}{options}"), 404, "not_found")


def test_infinite_scores_are_out_of_service(http, redis, pool):
    fill_redis(redis, pool, {"a": {"up": 5, "down": math.inf, "under": -math.inf}})
    assert listed(http, pool) == {"a": {"up": 5, "down": None, "under": None}}
    assert best(http, pool)["servers"] == ["up"]
    assert_error(http.get(f"/lb/{pool}?replicas=2&spread=no"), 409, "conflict", "(1)")
    for n in range(20):
        assert charge(http, pool, key=f"k{n}", bound=1)["servers"] == ["up"]
    assert_error(put(http, pool, server="down", incr=1), 409, "conflict")
    assert assert_json(put(http, pool, server="down", score=1))["score"] == 1


def test_hardly_any_in_service(http, redis, pool):
    """However far a key's place is from them, they are found."""
    down = {f"s{n}": math.inf for n in range(60)}
    fill_redis(redis, pool, {"a": {**down, "up": 0}, "b": {"down": math.inf, "other": 9}})
    for number in range(20):
        assert best(http, pool, key=f"k{number}", bound=1)["servers"] == ["up"]
        assert sorted(best(http, pool, key=f"k{number}", replicas=2)["servers"]) == ["other", "up"]
    assert_error(http.get(f"/lb/{pool}?key=k&replicas=3&spread=no"), 409, "conflict", "(2)")


def test_too_many_strange_members(http, redis, pool):
    """A choice does not look at any number of them."""
    fill_redis(redis, pool, {"a": {**{f"no name {n}": 0 for n in range(900)}, "s": 1}})
    assert best(http, pool)["servers"] == ["s"]
    fill_redis(redis, pool, {"a": {f"no name {n}": 0 for n in range(1100)}})
    assert_error(http.get(f"/lb/{pool}"), 500, "damaged", f"restmq:lb:{{{pool}}}:a")


def test_a_server_in_two_rows_is_one_server(http, redis, pool):
    fill_redis(redis, pool, {"a": {"s": 1, "t": 2}, "b": {"s": 1, "u": 3}})
    assert best(http, pool, replicas=2)["servers"] == ["s", "u"]
    assert best(http, pool, replicas=3, spread="no")["servers"] == ["s", "t", "u"]
    assert sorted(best(http, pool, replicas=3, spread="no", key="k")["servers"]) == ["s", "t", "u"]
    assert_json(http.delete(f"/lb/{pool}?server=s"), {"pool": pool, "server": "s", "removed": 1})
    assert listed(http, pool) == {"a": {"t": 2}, "b": {"u": 3}}


@pytest.mark.parametrize("damaged", ["", ":a"])
@pytest.mark.parametrize("method, options", [
    ("GET", ""), ("GET", "?list=1"), ("GET", "?key=k"), ("POST", "?replicas=2"),
    ("POST", "?key=k&bound=1"), ("PUT", "?server=s&score=1&row=a"), ("PUT", "?server=t&incr=1"),
    ("DELETE", ""), ("DELETE", "?server=t")])
def test_damaged_keys_are_named(http, redis, pool, damaged, method, options):
    key = f"restmq:lb:{{{pool}}}"
    fill_redis(redis, pool, {"a": {"s": 1}, "b": {"t": 1}})
    redis.delete(key + damaged)
    redis.set(key + damaged, "x")
    before = contents(redis)
    assert_error(http.request(method, f"/lb/{pool}{options}"), 500, "damaged", key + damaged)
    assert contents(redis) == before


def test_a_damaged_version(http, redis, pool):
    fill(http, pool)
    redis.set(f"restmq:lbv:{{{pool}}}", "x")
    assert_error(http.get(f"/lb/{pool}?key=k"), 500, "damaged", "lbv")
    redis.delete(f"restmq:lbv:{{{pool}}}")
    redis.lpush(f"restmq:lbv:{{{pool}}}", "x")
    assert_error(put(http, pool, server="s", score=1), 500, "damaged", "lbv")
    assert_error(http.delete(f"/lb/{pool}"), 500, "damaged", "lbv")
    assert len(best(http, pool)["servers"]) == 1


@pytest.mark.usefixtures("plain_scripts")
def test_a_full_redis(new_stack):
    """Choosing and removing go on, charging does not."""
    stack = new_stack(workers=1)
    redis, http = stack.redis.client(), stack.http
    fill(http, "p")
    redis.config_set("maxmemory", 1)
    assert best(http, "p", key="k")["servers"] and best(http, "p")["servers"] == ["server5"]
    before = contents(redis)
    assert_error(http.request("POST", "/lb/p"), 507, "no_space")
    assert_error(put(http, "p", server="s", score=1), 507, "no_space")
    assert contents(redis) == before
    place = best(http, "p", key="k")["servers"][0]
    assert_json(http.delete(f"/lb/p?server={place}"))
    assert best(http, "p", key="k")["servers"] != [place]


# --- one round trip -------------------------------------------------------------------------------

def test_one_script_each(new_stack):
    stack = new_stack(workers=1)
    redis, http = stack.redis.client(), stack.http
    fill(http, "p")
    fill_redis(redis, "rare", {"a": {f"s{n}": 0 for n in range(500)}, "b": {"t": 0}})

    def calls(action):
        action()    # loads the script
        action()
        before = redis.info("commandstats")["cmdstat_evalsha"]["calls"]
        action()
        return redis.info("commandstats")["cmdstat_evalsha"]["calls"] - before

    assert calls(lambda: best(http, "p")) == 1
    assert calls(lambda: charge(http, "p", replicas=2)) == 1
    assert calls(lambda: charge(http, "p", key="k", replicas=2, bound=1.25)) == 1
    assert calls(lambda: best(http, "p", key="k")) == 1
    assert calls(lambda: best(http, "rare", key="k", replicas=2)) == 1
    assert calls(lambda: listed(http, "p")) == 1
    assert calls(lambda: put(http, "p", server="server1", incr=1)) == 1
    assert calls(lambda: put(http, "p", server="server1", score=1)) == 2    # the pool is listed first
    assert calls(lambda: http.delete("/lb/p?server=server1")) == 1


# --- the JSON protocol ----------------------------------------------------------------------------

def say(http, **members):
    return assert_json(command(http, **members))


def test_commands(http, pool):
    assert say(http, cmd="lb_update", pool=pool, server="s1", row="odd", score=2.5) == {
        "pool": pool, "row": "odd", "server": "s1", "score": 2.5}
    assert say(http, cmd="lb_update", pool=pool, server="s2", row="even", score="3")["score"] == 3
    assert say(http, cmd="lb_best", pool=pool) == {
        "pool": pool, "servers": ["s1"], "scores": [2.5], "rows": ["odd"]}
    assert say(http, cmd="lb_charge", pool=pool, replicas=2, cost=1.5) == {
        "pool": pool, "servers": ["s1", "s2"], "scores": [4, 4.5], "rows": ["odd", "even"]}
    assert say(http, cmd="lb_update", pool=pool, server="s1", incr=-4)["score"] == 0
    place = say(http, cmd="lb_charge", pool=pool, key="object42", bound=1.25)
    assert place["servers"] == ["s1"] and place["scores"] == [1]
    assert say(http, cmd="lb_best", pool=pool, replicas=2, spread=False)["servers"] == ["s1", "s2"]
    assert say(http, cmd="lb_list", pool=pool) == {
        "pool": pool, "rows": {"even": {"s2": 4.5}, "odd": {"s1": 1}}}
    assert say(http, cmd="lb_remove", pool=pool, server="s1") == {
        "pool": pool, "server": "s1", "removed": 1}
    assert say(http, cmd="lb_remove", pool=pool) == {"pool": pool, "removed": 1}
    assert say(http, cmd="lb_best", pool=pool)["code"] == "not_found"


@pytest.mark.parametrize("text, code", [
    ('"cmd":"lb_best"', "bad_request"),
    ('"cmd":"lb_best","pool":"a b"', "bad_name"),
    ('"cmd":"lb_best","pool":"POOL","cost":1', "bad_request"),
    ('"cmd":"lb_best","pool":"POOL","replicas":3', "conflict"),
    ('"cmd":"lb_best","pool":"POOL","replicas":1.5', "bad_value"),
    ('"cmd":"lb_best","pool":"POOL","bound":1.25', "bad_request"),
    ('"cmd":"lb_best","pool":"POOL","key":5', "bad_value"),
    ('"cmd":"lb_best","pool":"POOL","key":null', "bad_value"),
    ('"cmd":"lb_charge","pool":"POOL","cost":1e400', "bad_value"),
    ('"cmd":"lb_charge","pool":"POOL","cost":"NaN"', "bad_value"),
    ('"cmd":"lb_charge","pool":"POOL","cost":-2', "conflict"),
    ('"cmd":"lb_charge","pool":"POOL","cost":[1]', "bad_value"),
    ('"cmd":"lb_charge","pool":"POOL","cost":null', "bad_value"),
    ('"cmd":"lb_charge","pool":"POOL","cost":true', "bad_value"),
    ('"cmd":"lb_update","pool":"POOL","server":"s"', "bad_request"),
    ('"cmd":"lb_update","pool":"POOL","server":5,"score":1', "bad_value"),
    ('"cmd":"lb_update","pool":"POOL","server":"","score":1', "bad_name"),
    ('"cmd":"lb_update","pool":"POOL","server":"s","score":99999999999999999999', "bad_value"),
    ('"cmd":"lb_update","pool":"POOL","server":"s","score":-9007199254740993', "bad_value"),
    ('"cmd":"lb_update","pool":"POOL","server":"s","score":1,"row":"a:b"', "bad_name"),
    ('"cmd":"lb_update","pool":"POOL","server":"nobody","incr":1', "not_found"),
    ('"cmd":"lb_remove","pool":"POOL","server":"nobody"', "not_found"),
    ('"cmd":"lb_remove","pool":"POOL","server":null', "bad_value"),
])
def test_bad_commands(http, full, text, code):
    response = http.post("/queue", "{" + text.replace("POOL", full) + "}",
                         {"Content-Type": "application/json"})
    assert_error(response, 200, code)
