# direct.py - what a web server and FastCGI cost: push and take of 100 bytes at the own address of
# restmq-wsd, with idle websocket consumers beside, and through lighttpd and restmq.fcgi, in turn.
# bench.py runs it.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import os
import socket
import statistics

from stack import Helper, Http, Responders, free_port, wait_for
from tools import (CONNECTIONS, FASTEST, FILL_STEP, MESSAGE, WORKERS, Front, fill_script, median_ratio,
                   rotated, run_wrk)

CONSUMERS = 1_000
QUEUE = "bench"

# Rounds, and seconds of each.
PLANS = {True: (3, 1), False: (8, 3)}
HANDSHAKE = ("GET /ws/idle HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


@contextlib.contextmanager
def idle_consumers(port, count):
    with contextlib.ExitStack() as connections:
        for _ in range(count):
            sock = connections.enter_context(socket.create_connection(("127.0.0.1", port)))
            sock.sendall(HANDSHAKE.encode())
            if not sock.recv(1000).startswith(b"HTTP/1.1 101"):
                raise RuntimeError("a consumer was refused")
        yield


def fill(redis, sha, count):
    pipe = redis.pipeline(transaction=False)
    for _ in range(-(-count // FILL_STEP)):
        pipe.evalsha(sha, 4, f"{QUEUE}:UUID", f"{QUEUE}:queue", f"queuestat::{QUEUE}", "QUEUESET", QUEUE,
                     MESSAGE, FILL_STEP)
    pipe.execute()


def measure_round(redis, sha, port, load, seconds):
    for key in redis.scan_iter(f"*{QUEUE}*"):
        redis.delete(key)
    if load == "GET":
        fill(redis, sha, FASTEST * seconds)
    figures = run_wrk(load, f"http://127.0.0.1:{port}/q/{QUEUE}", load, seconds)
    left = redis.llen(f"{QUEUE}:queue")
    if load == "GET" and not left:
        raise RuntimeError("the queue was empty before the end")
    if load == "POST" and not figures["requests"] <= left <= figures["requests"] + 2 * CONNECTIONS:
        raise RuntimeError(f"{figures['requests']} answers, but {left} messages")
    figures["rate"] = figures["requests"] / figures["seconds"]
    return figures


def show(found):
    """Prints; returns (load, ratio of the rates, p99 of both)."""
    print(f"{f'{CONSUMERS:,} idle consumers beside':30}{'a second':>11}{'p50 ms':>9}{'p99 ms':>9}")
    results = []
    for load, name in ("POST", "push"), ("GET", "take"):
        p99 = {}
        for way in "lighttpd", "own address":
            rounds = found[way, load]
            rate, p50, p99[way] = (statistics.median(one[figure] for one in rounds)
                                   for figure in ("rate", "p50", "p99"))
            print(f"{f'{name}, {way}':30}{rate:11.0f}{p50:9.2f}{p99[way]:9.2f}")
        ratio = median_ratio(*([one["rate"] for one in found[way, load]] for way in ("own address", "lighttpd")))
        print(f"{f'{name}, ratio':30}{ratio:11.2f}")
        results.append((name, ratio, p99["own address"], p99["lighttpd"]))
    print(flush=True)
    return results


def measure(redis_server, restmq, helper_program, quick):
    """Prints; returns the goals."""
    rounds, seconds = PLANS[quick]
    with contextlib.ExitStack() as servers:
        conf = {"redis": redis_server.address}
        ours = servers.enter_context(Responders(restmq, workers=WORKERS, conf=conf))
        helper = servers.enter_context(Helper(helper_program, free_port(), conf=conf))
        front = servers.enter_context(Front({"/": ours.socket}))
        ports = {"lighttpd": front.port, "own address": helper.port}
        for port in ports.values():
            http = Http(port)
            wait_for(lambda: http.get("/health").status == 200)
            http.close()
        redis = servers.enter_context(redis_server.client())
        sha = redis.script_load(fill_script())
        servers.enter_context(idle_consumers(helper.port, CONSUMERS))
        cases = [(way, load) for load in ("POST", "GET") for way in ports]
        found = {case: [] for case in cases}
        for round in range(rounds):
            for way, load in rotated(cases, round):
                found[way, load].append(measure_round(redis, sha, ports[way], load, seconds))
        results = show(found)
    goals = []
    for name, ratio, own, front in results:
        goals += [(f"{name}, own address to lighttpd", "at least 1.8", f"{ratio:.2f}", ratio >= 1.8),
                  (f"p99 of {name} at its own address, ms", f"at most {front:.2f}", f"{own:.2f}", own <= front)]
    return goals
