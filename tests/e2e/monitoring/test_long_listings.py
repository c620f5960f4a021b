# test_long_listings.py - /stats, /control, /q and /metrics with many queues: pages, patterns, memory.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib

import pytest

import checks
import stack as servers
from checks import assert_error, assert_json, next_page, push

PAGES = ["/stats", "/control/", "/q"]
MANY = 100000


def memory(pid):
    """The most that a process had, in MiB."""
    with open(f"/proc/{pid}/status") as status:
        return int(next(line.split()[1] for line in status if line.startswith("VmHWM"))) / 1024


@pytest.fixture(scope="module")
def filled(builddir):
    """Queues that are only named: q0 and so on, as many as filled.set() says."""
    with servers.Stack(builddir, workers=1) as stack:
        stack.redis_client = stack.redis.client()
        yield stack


def have(stack, count):
    stack.redis_client.delete("QUEUESET")
    for first in range(0, count, 10000):
        stack.redis_client.sadd("QUEUESET", *(f"q{n}" for n in range(first, min(first + 10000, count))))


def names_of(answer):
    value = assert_json(answer)
    return [path[3:] for path in value] if isinstance(value, list) else list(value["queues"])


def pages(http, path, query):
    """The names of each page, and the answer."""
    return ((names_of(answer), answer) for answer in checks.pages(http, path, query))


@pytest.mark.parametrize("path", PAGES)
def test_a_thousand_is_one_answer(filled, path):
    """As many as RestMQ would give, also where Redis's table has room for far more."""
    have(filled, 9000)
    filled.redis_client.srem("QUEUESET", *(f"q{number}" for number in range(999, 9000)))
    filled.redis_client.sadd("QUEUESET", "q1:queue")
    answer = filled.http.get(path)
    assert sorted(names_of(answer)) == sorted(f"q{number}" for number in range(999))
    assert next_page(answer) is None
    if path != "/q":
        assert answer.json()["count"] == 999


@pytest.mark.parametrize("path", PAGES)
def test_more_come_in_pages(filled, path):
    have(filled, 2500)
    found = set()
    for names, answer in pages(filled.http, path, ""):
        assert len(names) <= 1100 and (len(names) >= 1000 or next_page(answer) is None)
        assert path == "/q" or answer.json()["count"] == 2500
        found |= set(names)
    assert found == {f"q{number}" for number in range(2500)}


@pytest.mark.parametrize("path", PAGES)
def test_limit(filled, path):
    have(filled, 2500)
    names, answer = next(pages(filled.http, path, "?limit=20"))
    assert 20 <= len(names) <= 40
    assert "&limit=20" in next_page(answer)
    assert path == "/q" or answer.json()["count"] == 2500


@pytest.mark.parametrize("path", PAGES)
def test_match(filled, path):
    """One of many is found, in bounded pieces."""
    have(filled, 25000)
    found, count = set(), 0
    for names, _ in pages(filled.http, path, "?match=q2499?"):
        found |= set(names)
        count += 1
    assert found == {f"q2499{digit}" for digit in range(10)}
    assert 2 <= count <= 5
    names, answer = next(pages(filled.http, path, "?match=*1*&limit=10"))
    assert 10 <= len(names) <= 60 and all("1" in name for name in names)
    assert len(next(pages(filled.http, path, "?match=*"))[0]) <= 1100
    assert len(next(pages(filled.http, path, "?match=*&limit=2"))[0]) <= 10
    assert "&match=*1*" in next_page(answer)
    assert path == "/q" or answer.json()["count"] == 25000


@pytest.mark.parametrize("path", [*PAGES, "/metrics"])
@pytest.mark.parametrize("query, code, mention", [
    ("match=", "bad_value", "match"), ("match=[a]", "bad_value", "match"),
    ("match=a%5c*", "bad_value", "match"),
    ("match=%e4", "bad_value", "match"), ("match=" + "*" * 129, "bad_value", "match"),
    ("match=a&match=b", "bad_request", "match")])
def test_bad_patterns(http, unchanged, path, query, code, mention):
    assert_error(http.get(f"{path}?{query}"), 400, code, mention)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("query, code, mention", [
    ("limit=0", "bad_value", "limit"), ("limit=1001", "bad_value", "limit"),
    ("limit=", "bad_value", "limit"), ("cursor=x", "bad_value", "cursor"),
    ("cursor=" + "9" * 40, "bad_value", "cursor")])
def test_bad_pages(http, unchanged, path, query, code, mention):
    assert_error(http.get(f"{path}?{query}"), 400, code, mention)


@pytest.mark.parametrize("query", ["limit=5", "cursor=0", "match=a*"])
def test_one_queue_has_no_pages(http, queue, unchanged, query):
    for path in f"/stats/{queue}", f"/control/{queue}":
        assert_error(http.get(f"{path}?{query}"), 400, "bad_request", query.split("=")[0])
    assert_error(http.get(f"/q?queues={queue}&{query}"), 400, "bad_request", "queues")


def test_metrics_that_match(http, queue):
    push(http, queue, "a")
    push(http, f"{queue}.other", "a")
    text = http.get(f"/metrics?match={queue}.o*").text
    assert f'restmq_queue_pushed_total{{queue="{queue}.other"}} 1\n' in text
    assert f'queue="{queue}"' not in text and "\nrestmq_queues 1\n" in text


def test_metrics_without_their_body(http):
    answer = http.head("/metrics")
    assert (answer.status, answer.body) == (200, b"")


def test_a_client_that_reads_no_metrics(filled):
    """It goes away in the middle of them, and the next one is served."""
    have(filled, 10000)
    for _ in range(3):
        with contextlib.closing(servers.socket.create_connection(("127.0.0.1", filled.port))) as sock:
            sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert sock.recv(100).startswith(b"HTTP/1.1 200")
    assert "\nrestmq_queues 10000\n" in filled.http.get("/metrics").text


def test_the_memory_that_listings_take(plain_memory, filled, our_responders):
    have(filled, MANY)
    pid, = filled.responders.pids
    filled.http.get("/health")
    before = memory(pid)
    for path in [*PAGES, "/q?limit=1000", "/metrics", "/stats?match=none*"]:
        answer = filled.http.get(path)
        assert answer.status == 200
        assert memory(pid) - before < 16, path
    assert len(filled.http.get("/metrics").body) > 5 << 20
