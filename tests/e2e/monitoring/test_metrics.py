# test_metrics.py - /metrics: the numbers of queues and pools in the text form of Prometheus.
#
# SPDX-License-Identifier: BSD-2-Clause

import re

import pytest

from checks import assert_common, assert_error, command, push, take
from reliable import lease, let_pass, policy, release, stats

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)+)\})? (\S+)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')


def read(response):
    """{name: {labels: value}}; everything the format asks for is checked."""
    assert (response.status, response.headers["Content-Type"].lower()) == (
        200, "text/plain; version=0.0.4; charset=utf-8")
    assert_common(response, has_length=False)
    assert response.text.endswith("\n") and "\r" not in response.text
    metrics, types = {}, {}
    for line in response.text.splitlines():
        if line.startswith("# "):
            _, kind, name, text = line.split(" ", 3)
            assert kind in ("HELP", "TYPE") and text
            assert name not in metrics, "its lines do not stand together"
            if kind == "TYPE":
                assert text == ("counter" if name.endswith("_total") else
                                "histogram" if name == "restmq_redis_seconds" else "gauge")
                types[name] = text
        else:
            name, labels, value = SAMPLE.fullmatch(line).groups()
            kind = re.sub("_(bucket|sum|count)$", "", name)
            assert list(types)[-1] == (kind if types.get(kind) == "histogram" else name)
            assert "pid=" not in line
            key = frozenset((label, text.replace('\\"', '"').replace("\\\\", "\\"))
                            for label, text in LABEL.findall(labels or ""))
            assert key not in metrics.setdefault(name, {}), f"twice: {line}"
            metrics[name][key] = float(value)
    return metrics


def of(metrics, name, **labels):
    return metrics[f"restmq_{name}"][frozenset(labels.items())]


def test_the_numbers_of_a_queue(http, queue):
    push(http, queue, *"abcdef")
    take(http, queue)
    leased = http.get(f"/q/{queue}?lease=60&count=2").json()
    http.delete(f"/q/{queue}?key={leased[0]['key']}&lease={leased[0]['lease']}")
    http.post(f"/q/{queue}?delay=60", "later", {"Content-Type": "text/plain"})
    http.post(f"/control/{queue}", "status=stop",
              {"Content-Type": "application/x-www-form-urlencoded"})
    metrics = read(http.get(f"/metrics?match={queue}"))
    assert [of(metrics, "queue_messages", queue=queue, state=state)
            for state in ("ready", "leased", "delayed")] == [3, 1, 1]
    assert of(metrics, "queue_dead_letters", queue=queue) == 0
    stats = http.get(f"/stats/{queue}").json()
    for name in "pushed", "removed", "acked", "returned", "expired", "died", "dropped", "purged":
        assert of(metrics, f"queue_{name}_total", queue=queue) == stats[name]
    assert of(metrics, "queue_consumers", queue=queue) == 0
    assert of(metrics, "queue_started", queue=queue) == 0
    assert of(metrics, "queues_cut") == 0


def test_what_is_due_counts_as_ready(http, redis, queue):
    """Also before it has come back, which takes a taker or a helper."""
    push(http, queue, "a", "b")
    http.get(f"/q/{queue}?lease=1")
    http.post(f"/q/{queue}?delay=1", "later", {"Content-Type": "text/plain"})
    let_pass(redis, queue, 2)
    assert redis.llen(f"{queue}:queue") == 1
    metrics = read(http.get("/metrics"))
    assert [of(metrics, "queue_messages", queue=queue, state=state)
            for state in ("ready", "leased", "delayed")] == [3, 0, 0]
    assert stats(http, queue, "len", "leased", "delayed", "removed") == (3, 0, 0, 0)
    assert command(http, cmd="len", queue=queue).json() == {"queue": queue, "len": 3}
    assert redis.llen(f"{queue}:queue") == 1


def test_a_sum_counts_each_message_once(http, redis, queue):
    policy(http, queue, max_deliveries=1)
    push(http, queue, "a", "b", "c")
    message = lease(http, queue)
    release(http, message)
    lease(http, queue)
    metrics = read(http.get(f"/metrics?match={queue}*"))
    assert of(metrics, "queue_dead_letters", queue=queue) == 1
    assert sum(metrics["restmq_queue_messages"].values()) == 3


def test_the_process(http):
    metrics = read(http.get("/metrics"))
    assert list(metrics["restmq_info"].values()) == [1]
    assert 2 ** 20 < list(metrics["restmq_process_resident_bytes"].values())[0] < 2 ** 30
    assert list(metrics["restmq_process_cpu_seconds_total"].values())[0] > 0


def test_pools(http, redis):
    name = '"\\{}#'
    redis.sadd("restmq:lb:{metric}", "odd")
    redis.zadd("restmq:lb:{metric}:odd", {"s1": 2.5, name: -1, "down": float("inf")})
    redis.set("restmq:lb:{broken}", "x")
    metrics = read(http.get("/metrics?pools=nobody,metric,broken,metric"))
    assert metrics["restmq_pool_score"] == {
        frozenset({("pool", "metric"), ("row", "odd"), ("server", "s1")}): 2.5,
        frozenset({("pool", "metric"), ("row", "odd"), ("server", name)}): -1}
    redis.delete("restmq:lb:{broken}")


@pytest.mark.parametrize("query, code, mention", [
    ("pools=", "bad_name", "empty"), ("pools=a,,b", "bad_name", "empty"),
    ("pools=a%20b", "bad_name", "name"), ("pools=" + ",".join("abcdefghijklmnopq"), "bad_value", "16"),
    ("limit=1", "bad_request", "limit")])
def test_bad_options(http, unchanged, query, code, mention):
    assert_error(http.get(f"/metrics?{query}"), 400, code, mention)


def test_many_queues(new_stack):
    """Some thousand, one of them damaged."""
    stack = new_stack(workers=1)
    redis = stack.redis.client()
    assert read(stack.http.get("/metrics"))["restmq_queues"] == {frozenset(): 0}
    redis.sadd("QUEUESET", *(f"q{n}" for n in range(2999)), "broken", "no name", b"\xff")
    redis.set("broken:queue", "x")
    metrics = read(stack.http.get("/metrics"))
    assert of(metrics, "queues") == 2999 == len(metrics["restmq_queue_started"])
    assert of(metrics, "queues_damaged") == 1 and of(metrics, "queues_cut") == 0
    redis.sadd("QUEUESET", *(f"r{n}" for n in range(8000)))
    metrics = read(stack.http.get("/metrics"))
    assert 9900 < of(metrics, "queues") + of(metrics, "queues_damaged") <= 10000
    assert of(metrics, "queues_cut") == 1
