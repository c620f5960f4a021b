# test_queue_table.py - GET /queues: all queues, in order of their names or of their numbers.
#
# SPDX-License-Identifier: BSD-2-Clause

import time

import pytest

import stack as servers
from checks import part, push, take

COLUMNS = ["ready", "leased", "delayed", "dead", "consumers", "bits", "pushed_s", "is_bound", "in", "out", "acked",
           "returned", "died"]
RATES = ["in_s", "out_s", "ack_s", "return_s", "dead_s"]
STOPPED, ROUNDROBIN, TAKES, PUSHES, FULL = 1, 2, 4, 8, 16


def table(stack, **options):
    answer = stack.http.get("/queues?" + "&".join(f"{name}={value}" for name, value in options.items()))
    assert answer.status == 200, answer.text
    return answer.json()


def names(stack, **options):
    return [row["name"] for row in table(stack, **options)["queues"]]


@pytest.fixture(scope="module")
def stack(builddir):
    with servers.Stack(builddir) as stack:
        yield stack


@pytest.fixture
def bare(stack, redis):
    """No other queues, and no index."""
    redis.flushall()
    yield redis
    redis.flushall()


def write_index(redis, rows, seen_s=0):
    """rows: name -> columns that are not 0, as a helper would have seen them so many seconds ago."""
    def line(name, numbers):
        return " ".join([name] + [str(numbers.get(column, 0)) for column in COLUMNS]) + "\n"

    lines = [line(name, numbers) for name, numbers in rows.items()]
    chunks = ["".join(lines[at:at + 64]) for at in range(0, len(lines), 64)]
    now = int(time.time() * 1000) - 1000 * seen_s
    redis.hset("restmq:index", mapping={"who": "me", "chunks": len(chunks), "from": now,
                                        "runs": f"{now - 7200000}-{now}",
                                        **{f"me:{i}": text for i, text in enumerate(chunks)}})


def many(**rows):
    return {**{f"other{i:03}": {} for i in range(250)}, **rows}


# --- few queues: all are read -------------------------------------------------------------------------

def test_few_queues_are_as_of_now(stack, bare):
    push(stack.http, "b", "1", "2", "3")
    push(stack.http, "a", "1")
    push(stack.http, "c", "1", "2")
    stack.http.get("/q/c?lease=60")
    stack.http.post("/p/a", form={"policy": "roundrobin", "max_length": 1})
    stack.http.post("/control/b", form={"status": "stop", "what": "takes"})
    stack.http.post("/control/c", form={"status": "stop"})
    answer = table(stack)
    assert {**answer, "queues": None} == {
        "queues": None, "total": 3, "count": 3, "offset": 0, "limit": 50, "sampled_at": None, "age_s": None,
        "cut": False, "on": True}
    assert answer["queues"][0] == {
        "name": "a", "ready": 1, "leased": 0, "delayed": 0, "dead": 0, "consumers": 0, "oldest_s": None,
        "oldest_is": None, "policy": "roundrobin", "status": 1, "full": True, **{rate: None for rate in RATES},
        "spark": None}
    assert answer["queues"][1]["held"] == ["takes"] and answer["queues"][2]["status"] == 0
    assert names(stack, sort="ready") == ["b", "a", "c"]
    assert names(stack, sort="ready", order="asc") == ["a", "c", "b"]
    assert names(stack, sort="leased") == ["c", "a", "b"]
    assert names(stack, order="desc") == ["c", "b", "a"]
    assert names(stack, min="leased:1") == ["c"]
    assert names(stack, min="ready:1", max="ready:1") == ["a", "c"]
    assert names(stack, **{"is": "roundrobin"}) == names(stack, **{"is": "full,roundrobin"}) == ["a"]
    assert names(stack, **{"is": "held"}) == ["b"] and names(stack, **{"is": "held,full"}) == []
    assert names(stack, **{"is": "broadcast,stopped"}) == ["c"]
    assert names(stack, min="in_s:0") == []    # it is not known


def test_a_take_is_seen_at_once(stack, bare):
    push(stack.http, "a", "1", "2")
    take(stack.http, "a")
    assert table(stack)["queues"][0]["ready"] == 1


@pytest.mark.parametrize("match, found", [("a", ["a1", "ba"]), ("a*", ["a1"]), ("?a", ["ba"]), ("x", []), ("1", ["a1"]),
                                          ("*", ["a1", "ba", "c.d"]), (".", ["c.d"])])
def test_match(stack, bare, match, found):
    for queue in "a1", "ba", "c.d":
        push(stack.http, queue, "1")
    answer = table(stack, match=match)
    assert [row["name"] for row in answer["queues"]] == found
    assert (answer["total"], answer["count"]) == (len(found), 3)


def test_pages(stack, bare):
    for queue in "abcde":
        push(stack.http, queue, "1")
    assert names(stack, limit=2) == ["a", "b"]
    assert names(stack, limit=2, offset=4) == ["e"]
    assert names(stack, limit=2, offset=5) == []
    assert table(stack, offset=1000000000)["total"] == 5


def test_a_damaged_queue(stack, bare):
    push(stack.http, "a", "1")
    push(stack.http, "b", "1")
    bare.set(part("a", "leases"), "no zset")
    rows = table(stack, sort="ready")["queues"]
    assert rows[0]["name"] == "b" and set(rows[1]) == {"name", "error", "code"} and rows[1]["code"] == "damaged"
    assert names(stack, min="ready:0") == ["b"]


def test_rates_and_the_last_hour_of_few(stack, bare):
    push(stack.http, "a", "1")
    push(stack.http, "b", "1")
    write_index(bare, {"a": {"in": 1500, "out": -1}}, seen_s=4)
    answer = table(stack, sort="in_s")
    a, b = answer["queues"]
    assert (a["name"], a["in_s"], a["out_s"], a["ack_s"]) == ("a", 1.5, None, 0)
    assert b["in_s"] is None and b["spark"] == [None] * 60
    assert 4 <= answer["age_s"] < servers.patience(30)
    assert abs(answer["sampled_at"] / 1000 - time.time()) < servers.patience(30)


# --- many: as the last sample had them ---------------------------------------------------------------

def test_many_queues_are_of_the_sample(stack, bare):
    push(stack.http, "foo", "1", "2")
    write_index(bare, many(foo={"ready": 7, "in": 2000}, gone={"ready": 9, "bits": FULL}))
    answer = table(stack, sort="ready")
    assert (answer["total"], answer["count"], answer["cut"], len(answer["queues"])) == (252, 252, False, 50)
    gone, foo = answer["queues"][:2]
    assert (gone["name"], gone["ready"], gone["full"]) == ("gone", 0, False)
    assert (foo["name"], foo["ready"], foo["in_s"]) == ("foo", 2, 2.0)
    assert [row["name"] for row in answer["queues"][2:4]] == ["other000", "other001"]
    assert names(stack, min="ready:8") == names(stack, **{"is": "full"}) == ["gone"]


def test_columns_of_a_sample(stack, bare):
    now = int(time.time())
    numbers = {"leased": 1, "delayed": 1, "dead": 1, "consumers": 1, "in": 1, "out": 1, "acked": 1, "returned": 1,
               "died": 1}
    write_index(bare, many(**{f"q{column}": {column: value} for column, value in numbers.items()},
                           qunknown={"in": -1, "out": -1}, qold={"pushed_s": now - 500},
                           qolder={"pushed_s": now - 5000, "is_bound": 1}, qnew={"pushed_s": now + 500}))
    for sort, column in (("leased", "leased"), ("delayed", "delayed"), ("dead", "dead"), ("consumers", "consumers"),
                         ("in_s", "in"), ("out_s", "out"), ("ack_s", "acked"), ("return_s", "returned"),
                         ("dead_s", "died")):
        assert names(stack, sort=sort, limit=1) == [f"q{column}"], sort
        assert names(stack, min=f"{sort}:0.001") == [f"q{column}"], sort
    assert names(stack, sort="oldest_s", limit=3) == ["qolder", "qold", "qnew"]
    assert names(stack, sort="oldest_s", order="asc", limit=4) == ["qnew", "qold", "qolder", "other000"]
    assert names(stack, min="oldest_s:400") == ["qold", "qolder"] and names(stack, max="oldest_s:400") == ["qnew"]
    assert names(stack, sort="in_s", order="asc", offset=263 - 1) == ["qunknown"]


@pytest.mark.parametrize("bits, kind", [(STOPPED, "stopped"), (ROUNDROBIN, "roundrobin"), (TAKES, "held"),
                                        (PUSHES, "held"), (FULL, "full")])
def test_kinds_of_a_sample(stack, bare, bits, kind):
    write_index(bare, many(foo={"bits": bits}))
    assert names(stack, **{"is": kind}) == ["foo"]
    assert table(stack, **{"is": "broadcast"})["total"] == 250 + (kind != "roundrobin")


def test_the_last_hour_of_a_sample(stack, bare):
    write_index(bare, many())
    slot = int(time.time()) // 10 - 60
    bare.hset(part("other000", "sampled"), "last", f"{slot * 10000} {slot} 5 0 0 0 0 0 0 0 0 {slot * 10000} 5 1")
    row = table(stack, limit=1)["queues"][0]
    assert row["spark"][0] is None and row["spark"][-1] == 5 and len(row["spark"]) == 60


@pytest.mark.parametrize("wrong", ["old", "type", "text", "none"])
def test_an_index_that_is_none(stack, bare, wrong):
    push(stack.http, "a", "1")
    write_index(bare, many(), seen_s=3600)
    if wrong == "type":
        bare.delete("restmq:index")
        bare.set("restmq:index", "no hash")
    elif wrong == "text":
        bare.hset("restmq:index", mapping={"from": "x", "chunks": "y"})
    elif wrong == "none":
        bare.delete("restmq:index")
    answer = table(stack)
    assert [row["name"] for row in answer["queues"]] == ["a"] and answer["sampled_at"] is None


def test_lines_that_are_none(stack, bare):
    write_index(bare, {f"q{i:03}": {} for i in range(300)})
    bare.hset("restmq:index", "me:0", b"\xff\n x\na 1 2\nb" + b" 1" * 14 + b"\nc" + b" 9" * 12 + b" 99999999999999999999\n"
              b"good" + b" 1" * 13 + b"\n../x" + b" 1" * 13 + b"\nno end" + b" 1" * 13)
    assert names(stack, sort="ready", limit=1) == ["good"]
    assert table(stack)["total"] == 300 - 64 + 1


# --- no samples -----------------------------------------------------------------------------------------

def test_more_than_a_thousand_without_samples(stack, bare):
    pipe = bare.pipeline(transaction=False)
    for i in range(1700):
        pipe.sadd("QUEUESET", f"q{i:04}")
    pipe.execute()
    answer = table(stack, sort="ready", limit=200)
    assert answer["cut"] is True and answer["count"] == 1700 and 1000 <= answer["total"] < 1700
    assert len(answer["queues"]) == 200
    assert table(stack, match="q000*")["total"] == 10 and table(stack, match="q000*")["cut"] is False


@pytest.mark.parametrize("options, text", [
    ("sort=x", "sort must be name, ready, leased, delayed, dead, oldest_s, in_s, out_s, ack_s, return_s, dead_s or "
               "consumers"),
    ("sort=", "sort must be"), ("order=up", "order must be asc or desc"), ("order=", "order must be"),
    ("match=", "match must be"), ("match=[a]", "match must be"), ("match=" + 129 * "a", "match must be"),
    ("min=ready", "min must be column:number"), ("min=ready:", "min must be"), ("min=ready:x", "min must be"),
    ("min=ready:-1", "min must be"), ("min=", "min must be"), ("min=name:1", "min must be"), ("max=x:1", "max must be"),
    ("max=ready:1,", "max must be"), ("max=ready:1e999", "max must be"), ("max=" + ",".join(13 * ["ready:1"]), "max must be"),
    ("is=", "is must be"), ("is=held;full", "is must be"), ("is=held,", "is must be"), ("is=Held", "is must be"),
    ("offset=-1", "offset must be a whole number"), ("offset=1000000001", "offset must be"), ("offset=x", "offset must be"),
    ("limit=0", "limit must be a whole number from 1 to 200"), ("limit=201", "limit must be"), ("limit=", "limit must be"),
])
def test_options_that_are_wrong(stack, options, text):
    answer = stack.http.get("/queues?" + options)
    assert (answer.status, answer.json()["code"]) == (400, "bad_value")
    assert answer.json()["error"].startswith(text)


@pytest.mark.parametrize("options", ["cursor=0", "sort=name&sort=name", "name=x"])
def test_options_that_are_none(stack, options):
    answer = stack.http.get("/queues?" + options)
    assert (answer.status, answer.json()["code"]) == (400, "bad_request")


def test_other_methods_and_paths(stack):
    assert stack.http.request("HEAD", "/queues").status == 200
    assert stack.http.post("/queues", form={}).status == 405
    assert stack.http.get("/queues/foo").status == 404


# --- with a helper ----------------------------------------------------------------------------------------

def test_a_helper_writes_it(new_stack):
    stack = new_stack(helpers=1)
    push(stack.http, "foo", "a", "b")
    servers.wait_for(lambda: table(stack)["queues"][0]["spark"] is not None, servers.patience(40))
    servers.wait_for(lambda: table(stack)["queues"][0]["spark"][-1] == 2, servers.patience(40))
    answer = table(stack)
    assert answer["queues"][0]["out_s"] in (0, None) and answer["sampled_at"] is not None
