# test_access_log.py - the lines of docs/monitoring.txt for an access log, in the samples of all web servers: one format, with
# queue, status and time.
#
# SPDX-License-Identifier: BSD-2-Clause

import re
import subprocess

import pytest

import stack as servers
from documents import changed, lines_for
from test_samples import (  # noqa: F401 (a fixture)
    ACL, PASSWORD, ApacheFcgid, ApacheProxy, Lighttpd, Nginx, ask_over_tls, certificate)

LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:?\d\d) (\S+) ([A-Z]+) (/mq\S*) (\d{3}) (\d+)")


def with_log(server):
    """A sample with the lines for its web server where the text says."""
    class Logging(server):
        def write(self, name, text):
            if name == "lighttpd.conf":
                text += changed(lines_for("lighttpd"), ("/var/log/lighttpd", self.dir))
            elif name == "nginx.conf":
                text = changed(text, ("access_log off;\n", changed(lines_for("nginx"), ("/var/log/nginx", self.dir))))
            elif name == "apache.conf":
                lines = changed(lines_for("Apache"), ("/var/log/apache2", self.dir))
                text = changed(text, ("</VirtualHost>", f"{lines}</VirtualHost>"))
            return super().write(name, text)
    return Logging


@pytest.fixture(scope="module", params=[Lighttpd, Nginx, ApacheProxy, ApacheFcgid], ids=lambda server: server.file)
def web(request, builddir, certificate, tmp_path_factory):  # noqa: F811
    acl = tmp_path_factory.mktemp("acl") / "acl.conf"
    acl.write_text(ACL)
    with (servers.Stack(builddir, helpers=1, conf={"prefix": "/mq", "acl": acl, "hosts": "mq.example.org"}) as stack,
          with_log(request.param)(stack, certificate) as web):
        yield web


def log_of(web, lines):
    """Once it has so many lines; web servers may write some later."""
    def read():
        with open(web.path("restmq.log")) as file:
            found = file.read().splitlines()
        return found if len(found) >= lines else None
    return servers.wait_for(read, servers.patience(15))


def test_one_line_for_each_request(web, certificate):  # noqa: F811
    def ask(method, path, body=None, password=PASSWORD):
        return ask_over_tls(web.port, certificate, method, path, body, {"Content-Type": "text/plain", **password}).status

    asked = [("POST", "/mq/q/orders", "a", ""), ("GET", "/mq/q/orders", None, "?lease=60&authkey=secret"),
             ("GET", "/mq/q/orders", None, ""), ("POST", "/mq/q/mails.dead", "", "?redrive=1"),
             ("GET", "/mq/w/orders", None, "?wait=1"), ("GET", "/mq/nothing", None, ""), ("GET", "/mq/q/a%20b%22", None, "")]
    statuses = [ask(method, path + query, body) for method, path, body, query in asked]
    statuses.append(ask("POST", "/mq/q/orders", "a", {}))
    asked.append(("POST", "/mq/q/orders", "a", ""))
    assert 200 in statuses and 204 in statuses and 401 in statuses and 404 in statuses
    ask("GET", "/elsewhere")
    lines = log_of(web, len(asked))
    print(*lines, sep="\n")
    assert "secret" not in " ".join(lines)
    rows = [LINE.fullmatch(line).groups() for line in lines]
    assert [row[1:5] for row in rows] == [("127.0.0.1", method, path, str(status)) for (method, path, _, _), status in
                                          zip(asked, statuses)]
    times = [int(row[5]) for row in rows]
    assert 900 <= times[4] < 5000 and all(time < 900 for time in times[:4])
    recipe = changed(lines_for("awk"), ("restmq.log", web.path("restmq.log")))
    told = subprocess.run(["sh", "-c", recipe], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(?m)^orders (\d+) requests, (\d+) failed, (\d+\.\d) ms$", told)
    of_orders = [time for (_, path, _, _), time in zip(asked, times) if path.endswith("/orders")]
    assert found.groups() == (str(len(of_orders)), "0", f"{sum(of_orders) / len(of_orders):.1f}"), told
    assert "mails.dead 1 requests" in told and "nothing" not in told
