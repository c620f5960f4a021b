# test_helper_metrics.py - /metrics of the helper: how long its turns are, its memory, its connections.
#
# SPDX-License-Identifier: BSD-2-Clause

import re
import signal
import time

import pytest

import consumers
import stack as servers
from checks import push
from consumers import Comet, LongPoll, Sse, Websocket, Wire, get
from helper import metrics
from reliable import policy

CAUSES = ["clients", "bulk", "heads", "redis", "timeouts", "fanout", "sending", "queues",
          "presence"]
KINDS = ["websocket", "events", "comet", "long-poll", "request", "beginning", "ending"]


def test_the_form(stack):
    """Each name has its help and type before it; the lag of the loop comes first."""
    lines = get(stack.ws_port, "/metrics/ws").body.decode().splitlines()
    assert lines[0].startswith("# HELP restmq_helper_loop_lag_seconds ")
    name = None
    for line in lines:
        if line.startswith("# HELP"):
            name = line.split()[2]
        elif line.startswith("# TYPE"):
            assert re.fullmatch(f"# TYPE {name} (gauge|counter|summary)", line)
        else:
            assert re.fullmatch(name + r'(_sum|_count)?(\{[a-z]+="[^"]+"\})? \d+(\.\d+)?', line)


def test_of_what_turns_consist(stack):
    numbers = metrics(stack.ws_port)
    parts = [numbers[f'restmq_helper_turn_part_max_seconds{{cause="{cause}"}}']
             for cause in CAUSES]
    assert 0 < max(parts) <= numbers["restmq_helper_turn_max_seconds"]
    before = numbers["restmq_helper_turn_seconds_count"]
    assert metrics(stack.ws_port)["restmq_helper_turn_seconds_count"] > before > 0
    assert (numbers["restmq_helper_turn_seconds_sum"]
            >= numbers["restmq_helper_turn_max_seconds"] > 0)
    assert numbers["restmq_helper_loop_lag_max_seconds"] >= numbers[
        "restmq_helper_loop_lag_seconds"]


def test_a_lag_is_told(new_stack):
    """The helper stood still: its clock was late then."""
    stack = new_stack()
    assert metrics(stack.ws_port)["restmq_helper_loop_lag_max_seconds"] < 30
    stack.helper.signal(signal.SIGSTOP)
    time.sleep(0.6)
    stack.helper.signal(signal.SIGCONT)
    servers.wait_for(lambda: metrics(stack.ws_port)[
        "restmq_helper_loop_lag_max_seconds"] >= 0.4, 5)


def test_connections_by_kind(new_stack):
    stack = new_stack()

    def kinds():
        numbers = metrics(stack.ws_port)
        return [numbers[f'restmq_helper_connections{{kind="{kind}"}}'] for kind in KINDS]

    wires = [Wire(stack.ws_port)]
    wires[0].send(b"GET /ws/foo HTTP/1.1\r\n")
    several = [Websocket(stack.ws_port).connect("/ws/foo"),
               Websocket(stack.ws_port).connect("/sub/news"),
               Sse(stack.ws_port).connect("/c/foo"), Comet(stack.ws_port).connect("/who/foo"),
               LongPoll(stack.ws_port).connect("/w/bar?wait=20")]
    # The one that asks is a beginning no more: its answer is being written.
    servers.wait_for(lambda: kinds() == [2, 1, 1, 2, 0, 1, 0])
    assert metrics(stack.ws_port)["restmq_helper_queues"] == 2
    for one in several + wires:
        one.close()
    servers.wait_for(lambda: kinds() == [0, 0, 0, 1, 0, 0, 0])


def test_memory_and_redis(new_stack):
    stack = new_stack(conf={"max_memory": 33554432})
    numbers = metrics(stack.ws_port)
    assert numbers["restmq_helper_memory_limit_bytes"] == 33554432
    assert numbers["restmq_helper_memory_used_bytes"] < 1000000
    assert numbers["restmq_helper_redis_up"] == 1
    assert numbers["restmq_helper_memory_closed_total"] == 0
    with Websocket(stack.ws_port, receive_buffer=4096).connect("/sub/news"):
        stack.redis.client().publish("news", "x" * 8000000)
        servers.wait_for(lambda: metrics(stack.ws_port)[
            "restmq_helper_memory_used_bytes"] > 7000000, 10)
    stack.redis.kill()
    servers.wait_for(lambda: metrics(stack.ws_port)["restmq_helper_redis_up"] == 0)


def test_deliveries_and_acks(new_stack):
    """Given, acked by the consumer, given back as it went; a broadcast once; what a long-poll got."""
    stack = new_stack()

    def told(*names):
        numbers = metrics(stack.ws_port)
        return [numbers[f"restmq_helper_{name}"] for name in names]

    names = ('deliveries_total{to="one"}', 'deliveries_total{to="all"}',
             'deliveries_total{to="long-poll"}', "acks_total", "returns_total")
    assert told(*names) == [0, 0, 0, 0, 0]
    policy(stack.http, "foo", policy="roundrobin")
    with Websocket(stack.ws_port).consume("foo", "?ack=explicit&prefetch=2") as consumer:
        push(stack.http, "foo", "a", "b")
        consumer.ack(consumer.next())
        servers.wait_for(lambda: told(*names) == [2, 0, 0, 1, 0])
    servers.wait_for(lambda: told(*names) == [2, 0, 0, 1, 1])
    push(stack.http, "poll", "a")
    assert get(stack.ws_port, "/w/poll?wait=5").status == 200
    servers.wait_for(lambda: told(names[2]) == [1])
    with Sse(stack.ws_port).consume("all"), Sse(stack.ws_port).consume("all"):
        push(stack.http, "all", "a")
        servers.wait_for(lambda: told(names[1]) == [1])


def test_closes_by_code(new_stack):
    stack = new_stack()

    def closes(code):
        return metrics(stack.ws_port)[f'restmq_helper_closes_total{{code="{code}"}}']

    for code, kind in (1000, "1000"), (4999, "other"):
        with Websocket(stack.ws_port).connect("/ws/foo") as consumer:
            consumer.close(code)
            servers.wait_for(lambda kind=kind: closes(kind) == 1)
    assert closes("1009") == 0


def test_redis_comes_back(new_stack):
    stack = new_stack()
    name = "restmq_helper_redis_reconnects_total"
    assert metrics(stack.ws_port)[name] == 0
    stack.redis.kill()
    servers.wait_for(lambda: metrics(stack.ws_port)["restmq_helper_redis_up"] == 0)
    stack.redis.start()
    servers.wait_for(lambda: metrics(stack.ws_port)[name] == 1)


def test_only_asked_for(stack):
    assert get(stack.ws_port, "/metrics/ws?x=1").status == 400
    assert get(stack.ws_port, "/metrics/ws", method="HEAD").status == 200
    assert get(stack.ws_port, "/metrics/foo").status == 404
    with pytest.raises(consumers.Refused):
        Websocket(stack.ws_port).connect("/metrics/ws")
