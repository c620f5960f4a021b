# test_samples.py - the sample configurations of conf/, each run by its web server with nothing changed
# but paths and ports: over TLS, a request to a responder and a stream of the helper.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import functools
import http.client
import json
import re
import signal
import socket
import ssl
import subprocess
import time

import pytest

import http2
import stack as servers

# Whoever is here, with a password for what is pushed and for comet.
ACL = """
[rest:producer]
hosts_allow = 127.0.0.1
username = me
password = secret
[rest:consumer]
hosts_allow = 127.0.0.1
[comet:consumer]
hosts_allow = 127.0.0.1
username = me
password = secret
[websocket:consumer]
hosts_allow = 127.0.0.1
"""
PASSWORD = servers.basic("me", "secret")

# what Debian's apache2 has on by itself, of what the samples use
ENABLED = ["mpm_event", "authz_core"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The path of one for mq.example.org, without its ending; the key is beside it."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=mq.example.org", "-addext", "subjectAltName=DNS:mq.example.org",
                    "-out", folder / "mq.pem", "-keyout", folder / "mq.key"],
                   check=True, capture_output=True)
    return folder / "mq"


class Sample(servers.WebServer):
    """`port` speaks TLS, `plain_port` does not."""

    processes = 2       # responders
    speaks_http2 = True
    passes_bodies = True    # as they come
    passes_paths = True     # to the helper, as they were sent
    starts_responders = False
    keeps_requests = True   # at a reload

    def __init__(self, stack, certificate):
        super().__init__(stack.responders, stack.helper)
        self.stack, self.certificate = stack, certificate

    def text(self):
        with open(f"{servers.CONF}/{self.file}") as file:
            text = file.read()
        self.plain_port = servers.free_port()
        for old, new in {
                "/etc/ssl/certs/mq.example.org.pem": f"{self.certificate}.pem",
                "/etc/ssl/private/mq.example.org.key": f"{self.certificate}.key",
                "/usr/local/bin/restmq.fcgi --config /etc/restmq/restmq.conf":
                    " ".join(self.stack.responders.argv),
                "/usr/local/bin/restmq.fcgi": self.stack.responders.argv[0],
                "/run/restmq": self.dir, "/var/www/html": self.path("upload"),
                "/var/log/lighttpd": self.dir}.items():
            text = text.replace(old, new)
        for pattern in self.ports:
            for old, new in ("80", self.plain_port), ("443", self.port):
                text = re.sub(pattern % old, lambda match: match[0].replace(old, str(new)), text)
        return text

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)


class Lighttpd(Sample):
    file = "lighttpd.conf"
    reload_signal = signal.SIGUSR1
    passes_paths = False
    ports = [r"(?m)^server\.port +=.*%s$", r'":%s"']

    def command(self):
        return [*servers.unprivileged(), servers.path_of("lighttpd"), "-D", "-f",
                self.write("lighttpd.conf", self.text()
                           + f'server.upload-dirs = ("{self.path("upload")}")\n')]


class Nginx(Sample):
    file = "nginx.conf"
    reload_signal = signal.SIGHUP
    ports = [r"listen %s\b"]

    def command(self):
        temporary = "".join(f"{kind}_temp_path upload;\n" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open("/etc/nginx/fastcgi_params") as file:
            self.write("fastcgi_params", file.read())
        conf = self.write("nginx.conf", "daemon off;\npid nginx.pid;\nevents {}\n"
                          f"http {{\naccess_log off;\n{temporary}\n{self.text()}\n}}\n")
        return [*servers.unprivileged(), servers.path_of("nginx"), "-e", "stderr", "-p", self.dir,
                "-c", conf]


class ApacheProxy(Sample):
    file = "apache-proxy.conf"
    reload_signal = signal.SIGUSR1
    speaks_http2 = False
    ports = [r"VirtualHost \*:%s>"]

    def command(self):
        """With the modules that the sample says."""
        text = self.text()
        modules = ENABLED + re.search("a2enmod (.*)", text)[1].split()
        load = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
                       for name in [*modules, *self.of_modules])
        conf = self.write("apache.conf", f"{load}Listen {self.plain_port}\nListen {self.port}\n"
                          "ServerName localhost\nPidFile apache.pid\nDefaultRuntimeDir .\n"
                          f"ErrorLog /dev/stderr\nMutex file:.\n{self.more}{text}")
        return [*servers.unprivileged(), servers.path_of("apache2"), "-D", "FOREGROUND",
                "-d", self.dir, "-f", conf]

    of_modules = ["socache_shmcb"]     # a2enmod knows what a module needs
    more = ""


class ApacheFcgid(ApacheProxy):
    processes = 8       # its FcgidMaxProcesses
    passes_bodies = False
    starts_responders = True
    keeps_requests = False
    file = "apache-fcgid.conf"
    more = "FcgidIPCDir .\nFcgidProcessTableFile fcgid_shm\n"


SAMPLES = [Lighttpd, Nginx, ApacheProxy, ApacheFcgid]


@pytest.fixture(scope="module", params=SAMPLES, ids=lambda server: server.file)
def sample(request, builddir, certificate, tmp_path_factory):
    acl = tmp_path_factory.mktemp("acl") / "acl.conf"
    acl.write_text(ACL)
    with (servers.Stack(builddir, helpers=1, conf={"prefix": "/mq", "acl": acl,
                                                    "hosts": "mq.example.org"}) as stack,
          request.param(stack, certificate) as sample):
        yield sample


def connect_over_tls(port, certificate, receive_buffer=None, protocols=["http/1.1"]):
    """A connection that knows the certificate."""
    context = ssl.create_default_context(cafile=f"{certificate}.pem")
    context.set_alpn_protocols(protocols)
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", port))
    return context.wrap_socket(sock, server_hostname="mq.example.org")


def ask_over_tls(port, certificate, method, path, body=None, headers={}):
    """The answer, with its body read."""
    connection = http.client.HTTPSConnection("127.0.0.1", port)
    connection.sock = connect_over_tls(port, certificate)
    connection.request(method, path, body, {"Host": "mq.example.org", **headers})
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


@pytest.fixture
def connect(sample, certificate):
    return functools.partial(connect_over_tls, sample.port, certificate)


@pytest.fixture
def ask(sample, certificate):
    def ask(method, path, body=None, headers={}, password=PASSWORD):
        return ask_over_tls(sample.port, certificate, method, path, body, {**password, **headers})
    return ask


def test_push_and_take(ask, queue):
    answer = ask("POST", f"/mq/q/{queue}", "hello", {"Content-Type": "text/plain"})
    assert (answer.status, answer.text) == (200, f"{queue}:1\r\n")
    assert json.loads(ask("GET", f"/mq/q/{queue}").text)["value"] == "hello"
    assert ask("GET", f"/mq/q/{queue}").status == 204


def test_only_below_the_prefix(ask):
    assert ask("GET", "/mq/health").status == 200
    assert json.loads(ask("GET", "/mq/health/ws").text) == {"status": "ok"}
    for path in "/health", "/mqq/health", "/mq-ws/foo", "/mqc/foo":
        assert ask("GET", path).status == 404


@pytest.mark.parametrize("method, path, body", [("POST", "/mq/q/foo", "a"), ("GET", "/mq/c/foo", None)])
def test_who_asks(ask, method, path, body):
    """Both programs hear the password, and what a proxy before the web server says."""
    wrong = servers.basic("me", "wrong")
    for password, headers, status in [({}, {}, 401), (wrong, {}, 401),
                                      (PASSWORD, {"X-Forwarded-For": "192.0.2.1"}, 403),
                                      (PASSWORD, {"X-Forwarded-For": "127.0.0.1, 192.0.2.1"}, 403)]:
        answer = ask(method, path, body, {"Content-Type": "text/plain", **headers}, password)
        assert answer.status == status
        assert (status == 401) == ("WWW-Authenticate" in answer.headers)


def test_large_bodies(ask, queue):
    """Up to max_body they are the responder's to refuse."""
    for size, status in (1 << 20, 200), ((1 << 20) + 1, 413), ((8 << 20) + 1, 413):
        answer = ask("POST", f"/mq/q/{queue}", b"x" * size, {"Content-Type": "text/plain"})
        assert answer.status == status
        assert status == 200 or json.loads(answer.text)["code"] == "too_large"


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_bodies_over_every_limit(connect, ask, queue, method, in_chunks):
    """What the web server cuts is neither a message nor a purge."""
    size = (16 << 20) + 1
    type = "text/plain" if method == "POST" else "application/x-www-form-urlencoded"
    length, body = f"Content-Length: {size}", b"key=" + b"x" * (size - 4)
    if in_chunks:
        length, body = "Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (size, body)
    ask("POST", f"/mq/q/{queue}", "a", {"Content-Type": "text/plain"})
    seen = b""
    with connect() as sock, contextlib.suppress(OSError):    # an answer may come before all is sent
        sock.sendall(f"{method} /mq/q/{queue} HTTP/1.1\r\nHost: mq.example.org\r\n"
                     f"Authorization: {PASSWORD['Authorization']}\r\nConnection: close\r\n"
                     f"Content-Type: {type}\r\n{length}\r\n\r\n".encode() + body)
        seen = sock.recv(12)
    assert seen in (b"", b"HTTP/1.1 411", b"HTTP/1.1 413")
    assert json.loads(ask("GET", f"/mq/q/{queue}").text)["key"] == f"{queue}:1"
    assert ask("GET", f"/mq/q/{queue}").status == 204


@pytest.fixture
def connect_http2(connect, sample):
    """connect_http2() speaks HTTP/2, where the sample does."""
    def connect_http2():
        if not sample.speaks_http2:
            pytest.skip("the sample speaks HTTP/1.1 only")
        return http2.Http2(connect(protocols=["h2"]), "mq.example.org")
    return connect_http2


def test_streams_that_are_reset(connect_http2, sample, ask, queue):
    """Nothing is taken for nobody, but by the requests under way, one for each responder."""
    ask("POST", f"/mq/q/{queue}", "a\n" * 10, {"Content-Type": "application/x-ndjson"})
    client = connect_http2()
    with client.sock:
        with sample.stack.redis.thinking():
            asked = [client.request("GET", f"/mq/q/{queue}") for _ in range(8)]
            client.sock.sendall(b"".join(asked))
            client.settle()
            client.sock.sendall(b"".join(client.reset(stream) for stream in range(1, 17, 2)))
            client.settle()
        left = json.loads(ask("GET", f"/mq/q/{queue}?count=10").text)
    assert len(left) >= 10 - sample.processes


def test_halves_of_bodies(connect, sample, ask, queue):
    """Nothing of them stays on the disk, and others are served."""
    if not sample.passes_bodies:
        pytest.skip("the web server collects bodies first")
    before = sample.kept_on_disk()
    with contextlib.ExitStack() as opened:
        for _ in range(10):
            sock = opened.enter_context(connect())
            sock.sendall(f"POST /mq/q/{queue} HTTP/1.1\r\nHost: mq.example.org\r\n"
                         f"Content-Type: text/plain\r\nContent-Length: {8 << 20}\r\n\r\n".encode()
                         + b"x" * (4 << 20))
        assert ask("POST", f"/mq/q/{queue}", "a", {"Content-Type": "text/plain"}).status == 200
        assert sample.kept_on_disk() - before < 1 << 20
    assert json.loads(ask("GET", f"/mq/q/{queue}").text)["value"] == "a"


def test_a_message_is_given_whole(ask, queue):
    for headers in {"Range": "bytes=0-1"}, {"Range": "bytes=1-"}:
        ask("POST", f"/mq/q/{queue}", "hello", {"Content-Type": "text/plain"})
        answer = ask("GET", f"/mq/q/{queue}?raw=1", headers=headers)
        assert (answer.status, answer.text) == (200, "hello")
        assert answer.headers["Content-Length"] == "5"


def test_slow_readers(connect, sample, ask, queue):
    """They keep no responder."""
    with contextlib.ExitStack() as opened:
        for _ in range(sample.processes + 1):
            for _ in range(8):
                assert ask("POST", f"/mq/q/{queue}", b"x" * (1 << 20),
                           {"Content-Type": "text/plain"}).status == 200
            sock = opened.enter_context(connect(receive_buffer=4096))
            sock.sendall(f"GET /mq/q/{queue}?lease=60&count=8 HTTP/1.1\r\nHost: mq.example.org\r\n"
                         f"Authorization: {PASSWORD['Authorization']}\r\n\r\n".encode())
            assert sock.recv(12) == b"HTTP/1.1 200"
        assert ask("GET", "/mq/q/none").status == 204


def test_streams(connect, sample, ask, queue):
    for accept, found in ("*/*", b'"value":"a"'), ("text/event-stream", b'"value":"b"'):
        with connect() as sock:
            sock.sendall(f"GET /mq/c/{queue} HTTP/1.1\r\nHost: mq.example.org\r\n"
                         f"Authorization: {PASSWORD['Authorization']}\r\n"
                         f"Accept: {accept}\r\n\r\n".encode())
            seen = sock.recv(4096)
            assert seen.startswith(b"HTTP/1.1 200 ")
            ask("POST", f"/mq/q/{queue}", chr(found[-2]), {"Content-Type": "text/plain"})
            while found not in seen:
                seen += sock.recv(4096)


def test_websocket(connect, sample, ask, queue):
    """It is told its address with the scheme that the client used."""
    with connect() as sock:
        sock.sendall(f"GET /mq/ws/{queue} HTTP/1.1\r\nHost: mq.example.org\r\n"
                     "Upgrade: WebSocket\r\nConnection: Upgrade\r\n"
                     f"Origin: https://mq.example.org\r\n\r\n".encode())
        seen = b""
        while b"\r\n\r\n" not in seen:
            seen += sock.recv(4096)
        assert seen.startswith(b"HTTP/1.1 101 ")
        assert f"wss://mq.example.org/mq/ws/{queue}\r\n".encode() in seen
        ask("POST", f"/mq/q/{queue}", "a", {"Content-Type": "text/plain"})
        while not seen.endswith(b"\xff"):
            seen += sock.recv(4096)
        assert b'"value":"a"' in seen


def test_own_pages_speak_tls(ask, queue):
    """The responders and the helper are told so by the web server."""
    def status(method, path, origin, **more):
        return ask(method, path, headers={"Origin": origin, **more}).status

    text = {"Content-Type": "text/plain"}
    assert status("POST", f"/mq/q/{queue}", "https://mq.example.org", **text) == 200
    assert status("GET", f"/mq/w/{queue}?wait=0", "https://mq.example.org") == 200
    assert status("POST", f"/mq/q/{queue}", "http://mq.example.org", **text) == 403
    assert status("GET", f"/mq/w/{queue}?wait=0", "http://mq.example.org") == 403


def test_browsers_are_told_to_come_with_tls(sample, ask):
    for path in "/mq/q/none", "/mq/w/none?wait=0", "/mq/none":
        assert ask("GET", path).headers["Strict-Transport-Security"] == "max-age=31536000"
    plain = servers.Http(sample.plain_port).request("GET", "/mq/q/foo", headers={"Host": "mq.example.org"})
    assert plain.status == 308 and plain.headers["Strict-Transport-Security"] is None


@pytest.mark.parametrize("path", ["/mq/q/a%2Fb", "/mq/q/a/../b", "/mq/q/a//b", "/mq/w/a%2Fb?wait=0",
                                  "/mq/w/a/../b?wait=0", "/mq/w/a//b?wait=0"])
def test_paths_as_they_were_sent(ask, sample, path):
    """RestMQ refuses them, and does not get something else in their place."""
    if path.startswith("/mq/w/a/") and not sample.passes_paths:
        pytest.skip("the web server tidies up the paths of what it passes on over HTTP")
    answer = ask("GET", path)
    assert answer.status == 400 and json.loads(answer.text)["code"] == "bad_name"


def test_without_tls(sample):
    """It is sent to the other port; for real ones the URL has none.  A POST stays one: for 301 clients
    send a GET, which takes a message."""
    for host in "mq.example.org", "evil.example.com", "mq.example.org:8080", "mq.example.org@evil.example.com":
        for path in "/mq/q/foo?soft=1", "/mq/q/a%20b":
            answer = servers.Http(sample.plain_port).request("GET", path, headers={"Host": host})
            if "@" in host and answer.status == 400:
                continue
            assert answer.status == 308
            assert answer.headers["Location"] == "https://mq.example.org" + path


def begin_stream(connect, queue):
    sock = connect()
    sock.sendall(f"GET /mq/c/{queue} HTTP/1.1\r\nHost: mq.example.org\r\n"
                 f"Authorization: {PASSWORD['Authorization']}\r\n\r\n".encode())
    assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
    return sock


def test_reload_with_open_streams(connect, sample, ask, queue):
    """Others are served meanwhile; a connection that has to wait for the end of the stream fails."""
    with begin_stream(connect, queue):
        sample.process.send_signal(sample.reload_signal)
        for _ in range(20):
            assert ask("GET", "/mq/health").status == 200 or not sample.keeps_requests
            time.sleep(0.05)    # it takes some time until it has heard the signal
        servers.wait_for(lambda: ask("GET", "/mq/health").status == 200)
