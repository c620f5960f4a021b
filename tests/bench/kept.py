# kept.py - what kept FastCGI connections are worth: nginx in front of restmq.fcgi and of fcgi-null, with
# and without fastcgi_keep_conn, in turn; and what they cost whoever asks beside slow requests.
# bench.py runs it.
#
# fcgi-null holds a process for each kept connection, so it has as many as there are clients, and others
# for connections that are not kept.  What it gains, in µs a request, is the most that restmq.fcgi can gain.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import json
import os
import statistics
import subprocess

from stack import KeptNginx, Responders, free_port, unprivileged, path_of, wait_for, Http

HERE = os.path.dirname(os.path.abspath(__file__))
CONNECTIONS = 16
WORKERS = 4
SLOW_CONNECTIONS = 2
SLOW_BYTES = 1 << 20       # all of them escaped in JSON

# Rounds, and seconds of each.
PLANS = {True: (3, 1), False: (8, 2)}


class Front(KeptNginx):
    """nginx with a port that keeps connections and one that does not, for each program."""

    def __init__(self, sockets):
        """sockets: {(name, keeps): path}"""
        self.sockets = sockets
        self.ports = {case: free_port() for case in sockets}
        super().__init__(port=next(iter(self.ports.values())))

    def command(self):
        params = "".join(f"fastcgi_param {name} ${value};" for name, value in (
            ("REQUEST_METHOD", "request_method"), ("REQUEST_URI", "request_uri"),
            ("QUERY_STRING", "query_string"), ("CONTENT_TYPE", "content_type"),
            ("CONTENT_LENGTH", "content_length"), ("REMOTE_ADDR", "remote_addr"),
            ("REQUEST_SCHEME", "scheme"), ("SERVER_PROTOCOL", "server_protocol")))
        blocks = "".join(f"upstream {name} {{ server unix:{socket}; keepalive {CONNECTIONS}; }}\n"
                         for (name, keeps), socket in self.sockets.items() if keeps)
        for (name, keeps), port in self.ports.items():
            target = (f"{name}; fastcgi_keep_conn on" if keeps
                      else f"unix:{self.sockets[name, keeps]}")
            blocks += (f"server {{ listen 127.0.0.1:{port}; keepalive_requests 100000000;\n"
                       f"  location / {{ fastcgi_pass {target}; fastcgi_request_buffering off;\n"
                       f"    fastcgi_next_upstream off; {params} }} }}\n")
        paths = "".join(f"{kind}_temp_path upload;" for kind in ("client_body", "proxy", "fastcgi",
                                                                 "uwsgi", "scgi"))
        with open(self.path("nginx.conf"), "w") as conf:
            conf.write("daemon off; worker_processes 1; pid nginx.pid; error_log stderr error;\n"
                       "events { worker_connections 1000; }\n"
                       f"http {{ access_log off; {paths}\n{blocks} }}\n")
        return [*unprivileged(), path_of(self.program), "-e", "stderr", "-p", self.dir,
                "-c", self.path("nginx.conf")]


def wrk(port, path, load, connections, seconds):
    return subprocess.Popen(
        ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s",
         os.path.join(HERE, "load.lua"), f"http://127.0.0.1:{port}{path}", load],
        stdout=subprocess.PIPE, text=True)


def figures(process, seconds):
    found = json.loads(process.communicate(timeout=seconds + 30)[0].splitlines()[-1])
    if found["failed"]:
        raise RuntimeError(f"{found['failed']} requests failed")
    found["us"] = 1e6 * found["seconds"] / found["requests"]
    return found


def gains(front, rounds, seconds):
    """µs a request, by program and whether connections are kept, of each round."""
    cases = {case: [] for case in front.ports}
    for round in range(rounds):
        for name, keeps in list(cases)[::1 if round % 2 else -1]:
            port = front.ports[name, keeps]
            process = wrk(port, "/q/bench", "POST", CONNECTIONS, seconds)
            cases[name, keeps].append(figures(process, seconds))
    print(f"{'pushes through nginx':26}{'not kept µs':>12}{'kept µs':>9}{'gain µs':>9}{'times':>7}")
    ratios = {}
    for name in dict.fromkeys(name for name, _ in cases):
        pairs = list(zip(cases[name, False], cases[name, True]))
        without, kept = (statistics.median(one["us"] for one in cases[name, keeps])
                         for keeps in (False, True))
        ratios[name] = statistics.median(one["us"] / other["us"] for one, other in pairs)
        print(f"{name:26}{without:12.1f}{kept:9.1f}{without - kept:9.1f}{ratios[name]:7.2f}")
    print(flush=True)
    return ratios


def beside_slow_ones(front, redis, rounds, seconds):
    """p99 of small requests, in ms, while others ask for an answer that takes long to write."""
    redis.set("slow:1", b"\0" * SLOW_BYTES)
    redis.lpush("slow:queue", "slow:1")
    cases = {False: [], True: []}
    for round in range(rounds):
        for keeps in (False, True) if round % 2 else (True, False):
            port = front.ports["restmq", keeps]
            slow = wrk(port, "/q/slow?soft=1", "GET", SLOW_CONNECTIONS, seconds + 1)
            small = figures(wrk(port, "/q/none", "GET", 4, seconds), seconds)
            cases[keeps].append((small, figures(slow, seconds)))
    print(f"{f'beside {SLOW_CONNECTIONS} slow ones':26}{'p50 ms':>12}{'p99 ms':>9}{'a second':>11}"
          f"{'slow ones':>11}")
    for keeps, found in cases.items():
        p50, p99, us = (statistics.median(small[figure] for small, _ in found)
                        for figure in ("p50", "p99", "us"))
        slow = statistics.median(1e6 / one["us"] for _, one in found)
        print(f"{'kept' if keeps else 'not kept':26}{p50:12.2f}{p99:9.2f}{1e6 / us:11.0f}{slow:11.0f}")
    print(flush=True)


def measure(redis_server, restmq, null, quick):
    """Prints; returns the goals."""
    rounds, seconds = PLANS[quick]
    with contextlib.ExitStack() as servers:
        nulls = [servers.enter_context(Responders(null, workers=CONNECTIONS, argv=[null]))
                 for _ in range(2)]
        ours = servers.enter_context(Responders(restmq, workers=WORKERS,
                                                conf={"redis": redis_server.address}))
        front = servers.enter_context(Front({
            ("null", False): nulls[0].socket, ("null", True): nulls[1].socket,
            ("restmq", False): ours.socket, ("restmq", True): ours.socket}))
        for port in front.ports.values():
            http = Http(port)
            wait_for(lambda: http.get("/health").status == 200)
            http.close()
        redis = servers.enter_context(redis_server.client())
        ratios = gains(front, rounds, seconds)
        beside_slow_ones(front, redis, rounds, seconds)
    return [("nginx, kept connections to not kept", "at least 1.08", f"{ratios['restmq']:.2f}",
             ratios["restmq"] >= 1.08)]
