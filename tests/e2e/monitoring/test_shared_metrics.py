# test_shared_metrics.py - /metrics: what all processes count together, in metrics_file.
#
# SPDX-License-Identifier: BSD-2-Clause

import os
import re
import signal

import pytest

from checks import push
from consumers import get
from monitor import Monitor
from test_metrics import of, read

pytestmark = [pytest.mark.responders("compares both programs, or counts what responders did"),
              pytest.mark.usefixtures("our_responders")]    # mod_fcgid's are of another user than the helper


@pytest.fixture
def file(tmp_path):
    return tmp_path / "metrics"


def requests(metrics):
    return {(labels["route"], labels["status"]): number for labels, number in (
        (dict(labels), number) for labels, number in metrics["restmq_requests_total"].items())}


def round_trips(metrics):
    return metrics["restmq_redis_seconds_count"][frozenset()]


def scope(http):
    return re.search("# HELP restmq_requests_total (.*)", http.get("/metrics").text).group(1)


def test_requests_by_row_and_status(new_stack, file):
    """A row is named as the table of routes has it: no name of a queue, no unknown path gets in."""
    http = new_stack(conf={"metrics_file": str(file)}, workers=2).http
    push(http, "orders", "a", "b")
    key = http.get("/q/orders").json()["key"]
    http.get("/q/orders?lease=x")
    http.get("/q/none-of-these")
    http.get("/q/secret*")
    http.get("/secret/secret")
    http.request("PATCH", "/q/orders")
    http.request("HEAD", "/q")
    http.delete(f"/q/orders?key={key}")
    http.post("/q/orders?acks=1&keys=", "")
    counted = requests(read(http.get("/metrics")))
    assert counted["POST /q/NAME", "200"] == 2
    assert counted["GET /q/NAME", "200"] == 1
    assert counted["GET /q/NAME", "400"] == 2
    assert counted["GET /q/NAME", "204"] == 1
    assert (counted["none", "404"], counted["none", "405"], counted["GET /q", "200"]) == (1, 1, 1)
    assert counted["POST /q/NAME?acks", "400"] == 1
    assert not re.search("secret|orders", " ".join(route for route, _ in counted))


def test_all_processes_answer_alike(new_stack, file):
    """Also what one counted that was killed, and one that was told to end."""
    stack = new_stack(conf={"metrics_file": str(file)}, workers=3)
    for _ in range(30):
        stack.http.get("/q/foo?soft=1")
    stack.responders.kill_one()
    stack.http.get("/ready")
    for _ in range(5):
        metrics = read(stack.http.get("/metrics"))
        assert sum(number for (route, _), number in requests(metrics).items()
                   if route == "GET /q/NAME") == 30
    assert "share metrics_file" in scope(stack.http)
    assert list(metrics["restmq_process_cpu_seconds_total"].values())[0] > 0
    assert round_trips(metrics) >= 30
    buckets = metrics["restmq_redis_seconds_bucket"]
    assert buckets[frozenset({("le", "+Inf")})] == round_trips(metrics)
    ordered = [number for _, number in sorted((float(dict(labels)["le"]), number)
                                              for labels, number in buckets.items())]
    assert ordered == sorted(ordered)
    assert os.stat(file).st_mode & 0o777 == 0o600


def test_the_helper_counts_what_it_serves(new_stack, file):
    stack = new_stack(conf={"metrics_file": str(file), "rest": "on"}, workers=1, helpers=1)
    before = read(stack.http.get("/metrics"))
    for _ in range(3):
        assert get(stack.ws_port, "/stats/foo").status == 200
    after = read(stack.http.get("/metrics"))
    assert requests(after)["GET /stats/NAME", "200"] == 3
    assert round_trips(after) >= round_trips(before) + 3
    theirs = get(stack.ws_port, "/metrics").body.decode()
    assert 'restmq_requests_total{route="GET /stats/NAME",status="200"} 3\n' in theirs


def time_of(text):
    return float(re.search(r"(?m)^restmq_process_cpu_seconds_total (\S+)$", text).group(1))


def test_the_helper_tells_its_time(new_stack):
    """Also where it counts for itself, as there is no file."""
    stack = new_stack(conf={"rest": "on"}, workers=1, helpers=1)
    first = time_of(get(stack.ws_port, "/metrics").body.decode())
    for _ in range(100):
        get(stack.ws_port, "/stats/foo")
    assert 0 < first < time_of(get(stack.ws_port, "/metrics").body.decode()) < 60


def test_the_time_of_a_helper_is_in_the_total(new_stack, file):
    """What it told at /metrics/ws, and what it told when it ended."""
    stack = new_stack(conf={"metrics_file": str(file)}, workers=1, helpers=1)

    def total():
        return time_of(stack.http.get("/metrics").text)

    for _ in range(600):
        get(stack.ws_port, "/health")
    before = total()
    get(stack.ws_port, "/metrics/ws")
    told = total()
    for _ in range(600):
        get(stack.ws_port, "/health")
    untold = total()
    stack.helper.signal(signal.SIGTERM)
    stack.helper.process.wait()
    ended = total()
    assert told - before > 0.005 and ended - untold > 0.005, (before, told, untold, ended)


def test_without_a_file(new_stack):
    http = new_stack(workers=1).http
    http.get("/q/foo?soft=1")
    assert "of the process that answers" in scope(http)
    assert any(route == "GET /q/NAME" for route, _ in requests(read(http.get("/metrics"))))


def test_a_file_that_cannot_be_used(new_stack, tmp_path):
    """Requests are served as ever; the log has the reason."""
    stack = new_stack(conf={"metrics_file": str(tmp_path)}, workers=1)
    push(stack.http, "foo", "a")
    assert "of the process that answers" in scope(stack.http)
    assert "metrics_file" in stack.responders.log_text()


def test_a_damaged_file_begins_anew(new_stack, file):
    file.write_bytes(b"x" * 1000)
    stack = new_stack(conf={"metrics_file": str(file)}, workers=2)
    push(stack.http, "foo", "a")
    assert requests(read(stack.http.get("/metrics")))["POST /q/NAME", "200"] == 1
    assert "begins anew" in stack.responders.log_text()


def test_no_byte_of_it_goes_to_redis(new_stack, file):
    """The commands of a push and a take are the same as ever."""
    stack = new_stack(conf={"metrics_file": str(file)}, workers=1)
    push(stack.http, "foo", "a")
    stack.http.get("/q/foo")
    monitor = Monitor(stack.redis)
    push(stack.http, "foo", "a")
    stack.http.get("/q/foo")
    assert len([line for line in monitor.lines() if '"foo:' in line or '"{foo}:' in line]) == 2
