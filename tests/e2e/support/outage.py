# outage.py - every request that needs Redis, and what Redis may do to it.
#
# SPDX-License-Identifier: BSD-2-Clause

from checks import assert_unavailable

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KEEP = ["--appendonly", "yes", "--appendfsync", "always"]

# Every request that needs Redis, on the queue foo.  The first part changes something.
CHANGING = [
    ("POST", "/q/foo", "value=a"), ("POST", "/", "queue=foo&value=a"), ("GET", "/q/foo", None),
    ("GET", "/?queue=foo", None), ("GET", "/q/foo?soft=1", None), ("GET", "/q/foo?count=5", None),
    ("GET", "/q/foo?raw=1", None), ("DELETE", "/q/foo", None),
    ("DELETE", "/q/foo?key=foo:1", None), ("POST", "/p/foo", "policy=roundrobin"),
    ("POST", "/control/foo", "status=stop"),
    ("POST", "/queue", 'body={"cmd":"add","queue":"foo","value":"a"}'),
    ("POST", "/queue", 'body={"cmd":"get","queue":"foo"}'),
    ("POST", "/queue", 'body={"cmd":"take","queue":"foo"}'),
    ("POST", "/queue", 'body={"cmd":"take","queue":"foo","count":5}'),
    ("POST", "/queue", 'body={"cmd":"del","queue":"foo","key":"foo:1"}'),
    ("POST", "/queue", 'body={"cmd":"purge","queue":"foo"}')]
READING = [
    ("GET", "/q", None), ("GET", "/p/foo", None), ("GET", "/control/foo", None),
    ("GET", "/control/", None), ("GET", "/stats", None), ("GET", "/stats/foo", None),
    ("GET", "/j/foo", None), ("HEAD", "/q/foo", None),
    ("POST", "/queue", 'body={"cmd":"len","queue":"foo"}'),
    ("POST", "/queue", 'body={"cmd":"list"}'), ("GET", "/ready", None)]


def ask(http, method, path, body):
    headers = {"Accept": "application/json", **(FORM if body is not None else {})}
    return http.request(method, path, body, headers)


def label(request):
    return " ".join(str(part) for part in request if part)


def assert_away(response, method, unknown=False):
    if method == "HEAD":
        assert response.status == 503 and response.headers["Retry-After"] == "1"
    else:
        assert_unavailable(response, unknown)


NOT_NOW = ["LOADING Redis is loading the dataset in memory",
           "READONLY You can't write against a read only replica.",
           "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
           "MISCONF Redis is configured to save RDB snapshots, but it cannot persist to disk.",
           "NOAUTH Authentication required.",
           "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
           "NOREPLICAS Not enough good replicas to write."]

WRONG = {      # a value of each type
    "string": lambda redis, key: redis.set(key, "x"),
    "list": lambda redis, key: redis.rpush(key, "x"),
    "set": lambda redis, key: redis.sadd(key, "x"),
    "zset": lambda redis, key: redis.zadd(key, {"x": 1}),
    "hash": lambda redis, key: redis.hset(key, "x", "y"),
    "stream": lambda redis, key: redis.xadd(key, {"x": "y"}),
}
