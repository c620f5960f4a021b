# test_restmq_transcript.py - RestMQ's own documented curl examples, run with curl, in order,
# against one stack; its documented answers.  (A take removes the body too; the rest is as it was.)
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import shlex
import subprocess

import pytest

import stack as servers

# What a queue without settings of its own, leases and the like answers besides.
PLAIN_POLICY = {"lease": 0, "max_deliveries": 0, "max_length": 0, "ttl": 0, "backoff": 0}
PLAIN_STATS = {"leased": 0, "delayed": 0, "dead": 0, "acked": 0, "returned": 0, "expired": 0,
               "died": 0, "dropped": 0, "purged": 0, "consumers": 0,
               "oldest_s": None, "oldest_is": None}

# Each row: the arguments of curl, the status, the answer.  HOST is put in front of the paths.
# A dict or list: the answer is this JSON (whatever the order of its members).
TRANSCRIPT = [
    # the REST way
    ("-X POST -d 'value=foobar' /q/test", 200, "test:1\r\n"),
    ("-X POST -d 'msg=second' /q/test", 200, "test:2\r\n"),
    ("/q/test", 200, {"count": 0, "key": "test:1", "value": "foobar"}),
    ("/q/test", 200, {"count": 0, "key": "test:2", "value": "second"}),
    ("/q/test", 204, ""),
    ("-d 'value=a b' -d 'callback_is_not=here' /q/test", 400, None),
    ("-d value=third /q/test", 200, "test:3\r\n"),
    ("'/q/test?soft=1'", 200, {"count": 1, "key": "test:3", "value": "third"}),
    ("'/q/test?soft=1'", 200, {"count": 2, "key": "test:3", "value": "third"}),
    ("-X DELETE /q/test", 200, {"queue": "test", "status": 1, "purged": 1}),
    ("-X DELETE /q/test", 200, {"queue": "test", "status": 0, "purged": 0}),
    ("/q/test", 204, ""),
    ("-X POST -d value= /q/empty", 200, "empty:1\r\n"),
    ("-X POST -d value=z /q/a/b", 200, "a/b:1\r\n"),
    ("/q/a/b", 200, {"count": 0, "key": "a/b:1", "value": "z"}),
    ("/q", 200, ["/q/a/b", "/q/empty", "/q/test"]),
    ("-X POST -d 'value=foobar&ttl=30' /q/test", 200, "test:4\r\n"),
    ("/q/test", 200, {"count": 0, "key": "test:4", "value": "foobar"}),
    # the short form on the root
    ("-X POST -d 'queue=test&value=foobar' /", 200, "test:5\r\n"),
    ("-d queue=test -d value=foobaz /", 200, "test:6\r\n"),
    ("'/?queue=test'", 200, {"count": 0, "key": "test:5", "value": "foobar"}),
    ("'/?queue=test'", 200, {"count": 0, "key": "test:6", "value": "foobaz"}),
    ("'/?queue=test'", 404, {"error": "empty queue", "code": "empty"}),
    # policies
    ("/p/test", 200, {"queue": "test", "value": "broadcast", **PLAIN_POLICY}),
    ("-X POST -d 'policy=roundrobin' /p/test", 200, "OK\r\n"),
    ("/p/test", 200, {"queue": "test", "value": "roundrobin", **PLAIN_POLICY}),
    ("-X POST -d 'policy=broadcast' /p/test", 200, "OK\r\n"),
    ("/p/test", 200, {"queue": "test", "value": "broadcast", **PLAIN_POLICY}),
    # control
    ("/control/test", 200,
     {"queue": "test", "status": {"queue": "test", "status": 1}, "redis": "REDIS"}),
    ("-X POST -d 'status=stop' /control/test", 200, {"stat": {"queue": "test", "status": 0}}),
    ("/control/test", 200,
     {"queue": "test", "status": {"queue": "test", "status": 0}, "redis": "REDIS"}),
    ("-X POST -d 'status=start' /control/test", 200, {"stat": {"queue": "test", "status": 1}}),
    # statistics
    ("-d value=x /q/test", 200, "test:7\r\n"),
    ("/stats/test", 200,
     {"queue": "test", "redis": "REDIS", "len": 1, "status": 1, "policy": "broadcast",
                          "pushed": 7, "removed": 6, **PLAIN_STATS, "purged": 1}),
    ("/stats/nobody", 200,
     {"queue": "nobody", "redis": "REDIS", "len": 0, "status": 1, "policy": "broadcast",
                            "pushed": 0, "removed": 0, **PLAIN_STATS}),
    ("/q/test", 200, {"count": 0, "key": "test:7", "value": "x"}),
    # the JSON protocol
    ("""-X POST -d 'body={"cmd":"add","queue":"genesis","value":"abacab"}' /queue""",
     200, {"queue": "genesis", "value": "abacab", "key": "genesis:1"}),
    ("""-X POST -d 'msg={"cmd": "add", "queue": "genesis", "value": "foxtrot"}' /queue""",
     200, {"queue": "genesis", "value": "foxtrot", "key": "genesis:2"}),
    ("""-d 'body={"cmd":"get","queue":"genesis"}' /queue""",
     200, {"queue": "genesis", "count": 1, "value": "abacab", "key": "genesis:1"}),
    ("""-d 'body={"cmd":"get","queue":"genesis"}' /queue""",
     200, {"queue": "genesis", "count": 2, "value": "abacab", "key": "genesis:1"}),
    ("""-d 'body={"cmd":"take","queue":"genesis"}' /queue""",
     200, {"queue": "genesis", "value": "abacab", "key": "genesis:1"}),
    ("""-d 'body={"cmd":"del","queue":"genesis","key":"genesis:2"}' /queue""",
     200, {"queue": "genesis", "deleted": True, "key": "genesis:2"}),
    ("""-d 'body={"cmd":"del","queue":"genesis","key":"genesis:2"}' /queue""",
     200, {"queue": "genesis", "deleted": False, "key": "genesis:2"}),
    ("""-d 'body={"cmd":"take","queue":"genesis"}' /queue""", 200,
     {"error": "empty queue", "code": "empty"}),
    ("""-d 'body={"cmd":"shout","queue":"genesis"}' /queue""", 200,
     {"error": "null resultset", "code": "bad_request"}),
    ("-d 'body={nonsense' /queue", 400, None),
    ("-d 'body=[]' /queue", 400, None),
    ("-d nothing=here /queue", 400, None),
    ("-H 'Content-Type: application/json' -d '{\"cmd\":\"len\",\"queue\":\"genesis\"}' /queue",
     200, {"queue": "genesis", "len": 0}),
    ("/queue", 302, None),
    # what curl users also do
    ("-H 'Content-Type: text/plain' --data-binary '{\"job\": 1}' /q/raw", 200, "raw:1\r\n"),
    ("--data-urlencode 'value=50% & more' /q/raw", 200, "raw:2\r\n"),
    ("-H 'Accept: application/json' -d value=x /q/raw", 200, {"queue": "raw", "key": "raw:3"}),
    ("'/q/raw?count=2'", 200, [{"key": "raw:1", "value": '{"job": 1}', "count": 0},
                               {"key": "raw:2", "value": "50% & more", "count": 0}]),
    ("'/q/raw?raw=1'", 200, "x"),
    ("-d nothing=here /q/test", 400, None),
    ("-d '' /q/test", 400, None),
    ("-F other=x /q/test", 400, None),
    ("/nothing", 404, None),
    ("-X PUT -d value=x /q/test", 400, None),
    ("-X PUT -d value=x /p/test", 405, None),
    ("-X PATCH -d value=x /q/test", 405, None),
    ("'/q/test?callback=fn'", 403, None),
]


@pytest.fixture(scope="module")
def fresh(builddir):
    with servers.Stack(builddir) as stack:
        yield stack


def curl(stack, arguments):
    """Runs curl; returns the status and the body."""
    host = f"http://127.0.0.1:{stack.port}"
    words = [host + word if word.startswith("/") else word for word in shlex.split(arguments)]
    done = subprocess.run(["curl", "-s", "-g", "-m", "20", "-w", "\n%{http_code}", *words],
                          capture_output=True, check=True)
    body, _, status = done.stdout.rpartition(b"\n")
    return int(status), body.decode()


def test_transcript(fresh):
    connection = f"<Redis Connection: {fresh.redis.address} - 1 connection(s)>"
    for arguments, status, answer in TRANSCRIPT:
        got_status, got = curl(fresh, arguments)
        assert got_status == status, (arguments, got_status, got)
        if isinstance(answer, str):
            assert got == answer, arguments
        elif answer is not None:
            answer = json.loads(json.dumps(answer).replace('"REDIS"', json.dumps(connection)))
            assert json.loads(got) == answer, arguments
            assert got.endswith("\r\n")


def test_transcript_of_jsonp(builddir):
    with servers.Stack(builddir, conf={"jsonp": "on"}) as stack:
        assert curl(stack, "-d 'value=foobar&callback=fn' /q/test") == (
            200, '/**/fn("test:1");\r\n')
        assert curl(stack, "'/q/test?callback=fn'") == (
            200, '/**/fn({"key":"test:1","value":"foobar","count":0});\r\n')
        assert curl(stack, "-d 'policy=roundrobin&callback=fn' /p/test") == (
            200, '/**/fn("OK");\r\n')
