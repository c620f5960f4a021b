# prometheus.py - what /metrics prints, as others use it: names, types and labels of all metrics of both programs.
#
# SPDX-License-Identifier: BSD-2-Clause

import collections
import re
import struct
import subprocess
import time

import consumers
import stack as servers
from checks import part

Metric = collections.namedtuple("Metric", "type labels")     # labels: sorted, but for le
SAMPLE = re.compile(r'(\w+)(?:\{(.*)\})? \S+')
LABEL = re.compile(r'(\w+)="(?:[^"\\]|\\.)*"')


def read(text):
    """{name: Metric}"""
    types, labels = {}, collections.defaultdict(set)
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, types[name] = line.split()
        elif not line.startswith("#"):
            name, rest = SAMPLE.fullmatch(line).groups()
            part = re.sub("_(bucket|sum|count)$", "", name)
            labels[part if types.get(part) in ("histogram", "summary") else name].update(LABEL.findall(rest or ""))
    return {name: Metric(type, sorted(labels[name] - {"le"})) for name, type in types.items()}


def names(metrics):
    """Those of the samples."""
    for name, metric in metrics.items():
        if metric.type in ("histogram", "summary"):
            yield from (f"{name}_{part}" for part in ("sum", "count"))
        if metric.type == "histogram":
            yield f"{name}_bucket"
        elif metric.type != "summary":
            yield name


class Scraped:
    """The texts of both programs, with all that each can print: `responder`, `helper` with rest = on, and
    `streams`, /metrics/ws.  They share metrics_file with others, whose Redis is a cluster, or away."""

    def __init__(self, builddir, folder):
        conf = {"metrics_file": str(folder / "metrics"), "rest": "on"}
        cluster = servers.Cluster(masters=1, replicas=0)
        with (servers.Stack(builddir, conf=conf, workers=1, redis=cluster, server="lighttpd") as far,
              servers.Stack(builddir, conf=conf, workers=1, helpers=1, redis=servers.Redis(), server="lighttpd") as stack):
            stack.http.post("/q/orders", form={"value": "a"})
            stack.http.post("/p/orders", form={"max_deliveries": "1"})
            with stack.redis.client() as redis:
                redis.zadd("restmq:lb:{files}:odd", {"s1": 2.5})
                redis.sadd("restmq:lb:{files}", "odd")
                now = int(time.time())
                redis.hset(part("orders", "sampled"), "ages", struct.pack(">IIQ", now - 50, now - 50, 1))
            self.far = far.http.get("/metrics").text
            for member in cluster.members:
                member.kill()
            for _ in range(3):
                assert far.http.get("/q/orders").status == 503
            far.configure(redis=stack.redis.address)    # fsck looks into it
            self.responder = stack.http.get("/metrics?pools=files").text
            self.helper = consumers.get(stack.ws_port, "/metrics?pools=files").body.decode()
            self.streams = consumers.get(stack.ws_port, "/metrics/ws").body.decode()


def promtool(*words, text=None, cwd=None):
    return subprocess.run(["promtool", *words], input=text, cwd=cwd, capture_output=True, text=True, timeout=60)
