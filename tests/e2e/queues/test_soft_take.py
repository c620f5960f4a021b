# test_soft_take.py - GET /q/foo?soft=1: the oldest message is read and stays.
#
# SPDX-License-Identifier: BSD-2-Clause

import pytest

from checks import assert_json, command, push, take, take_all


def test_soft_reads_and_counts(http, redis, queue):
    push(http, queue, "a", "b")
    for count in 1, 2, 3:
        assert_json(http.get(f"/q/{queue}?soft=1"),
                    {"key": f"{queue}:1", "value": "a", "count": count})
        assert redis.get(f"{queue}:1:refcount") == b"%d" % count
    assert take_all(http, queue) == ["a", "b"]


def test_the_count_belongs_to_the_message(http, queue):
    push(http, queue, "a", "b")
    http.get(f"/q/{queue}?soft=1")
    take(http, queue)
    assert http.get(f"/q/{queue}?soft=1").json()["count"] == 1


def test_rest_and_json_count_together(http, queue):
    push(http, queue, "a")
    assert http.get(f"/q/{queue}?soft=1").json()["count"] == 1
    assert command(http, cmd="get", queue=queue).json()["count"] == 2
    assert http.get(f"/q/{queue}?soft=1&raw=1").headers["Restmq-Count"] == "3"


@pytest.mark.parametrize("query", ["soft=1", "soft=true", "soft=yes", "soft=2", "soft=no",
                                   "soft=False", "soft=00", "soft=", "soft"])
def test_soft(http, queue, query):
    push(http, queue, "a")
    assert http.get(f"/q/{queue}?{query}").json()["count"] == 1
    assert take_all(http, queue) == ["a"]


@pytest.mark.parametrize("query", ["soft=0", "soft=false"])
def test_not_soft(http, queue, query):
    push(http, queue, "a")
    assert http.get(f"/q/{queue}?{query}").json()["value"] == "a"
    assert take(http, queue) is None


def test_soft_raw(http, queue):
    push(http, queue, b"\xff\0")
    for count in "1", "2":
        response = http.get(f"/q/{queue}?soft=1&raw=1")
        assert (response.status, response.type, response.body) == (
            200, "application/octet-stream", b"\xff\0")
        assert response.headers["Restmq-Key"] == f"{queue}:1"
        assert response.headers["Restmq-Count"] == count
