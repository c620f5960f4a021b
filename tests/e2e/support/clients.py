# clients.py - an HTTP client and a raw FastCGI client of the servers of stack.py.
#
# SPDX-License-Identifier: BSD-2-Clause

import base64
import http.client
import json
import select
import socket
import struct
import threading
import time
import urllib.parse


class Response:
    """An answer: status, headers (looked up in any case), body as bytes."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def type(self):
        """The media type without its parameters."""
        return (self.headers.get("Content-Type") or "").split(";")[0].strip()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.type} {self.body[:200]!r}>"


def is_readable(sock):
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


class Http:
    """An HTTP client that sends paths as they are given, and nothing twice.  One kept connection
    for each thread that uses it."""

    def __init__(self, port, timeout=60):
        self.port = port
        self.timeout = timeout
        self._local = threading.local()

    def _connection(self):
        sock = getattr(self._local, "sock", None)
        if sock is not None and (is_readable(sock) or time.monotonic() - self._local.used > 3):
            self.close()           # a web server closes what was not used for a time
            sock = None
        if sock is None:
            sock = socket.create_connection(("127.0.0.1", self.port), self.timeout)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._local.sock = sock
        self._local.used = time.monotonic()
        return sock

    def close(self):
        """Closes this thread's connection; the next request opens another."""
        sock = getattr(self._local, "sock", None)
        if sock is not None:
            sock.close()
            self._local.sock = None

    def request(self, method, path, body=None, headers=None, form=None):
        """path: str or bytes, sent raw.  form: dict or list of pairs, sent urlencoded."""
        headers = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if isinstance(body, str):
            body = body.encode()
        if isinstance(path, str):
            path = path.encode()
        if body is not None or method in ("POST", "PUT"):
            headers.setdefault("Content-Length", str(len(body or b"")))
        head = b"%s %s HTTP/1.1\r\n" % (method.encode(), path)
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
        try:
            sock = self._connection()
            sock.sendall(head + b"\r\n" + (body or b""))
            raw = http.client.HTTPResponse(sock, method=method)
            raw.begin()
            response = Response(raw.status, raw.headers, raw.read())
            if raw.will_close:
                self.close()
            raw.close()
            return response
        except BaseException:
            self.close()
            raise

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def head(self, path, headers=None):
        return self.request("HEAD", path, headers=headers)

    def delete(self, path, headers=None):
        return self.request("DELETE", path, headers=headers)

    def post(self, path, body=None, headers=None, form=None):
        return self.request("POST", path, body, headers, form)


def basic(user, password):
    """The Authorization header of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


# FastCGI record types
BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7


class Fcgi:
    """One request over a raw FastCGI connection, piece by piece: begin(), params(), stdin()…,
    end_of_input(), answer()."""

    id = 1      # of the records that are sent

    def __init__(self, socket_path, split=None, timeout=30):
        self.split = split     # bytes a send(); None: all at once
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        self.sock.connect(socket_path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        step = self.split or max(1, len(data))
        for at in range(0, len(data), step):
            self.sock.sendall(data[at:at + step])

    def record(self, type, content=b"", padding=0):
        self.send(struct.pack(">BBHHBx", 1, type, self.id, len(content), padding) + content
                  + b"\0" * padding)

    def stream(self, type, data, piece=65535):
        for at in range(0, len(data), piece):
            self.record(type, data[at:at + piece])

    def begin(self, keep=False):
        self.record(BEGIN, struct.pack(">HB5x", 1, 1 if keep else 0))

    def params(self, params):
        """params: a dict or a list of pairs; a value of None leaves the pair out."""
        pairs = params.items() if isinstance(params, dict) else params
        block = b""
        for name, value in pairs:
            if value is None:
                continue
            name, value = (text.encode() if isinstance(text, str) else text
                           for text in (name, value))
            for size in (len(name), len(value)):
                block += bytes([size]) if size < 128 else struct.pack(">I", size | 1 << 31)
            block += name + value
        self.stream(PARAMS, block)
        self.record(PARAMS)

    def stdin(self, data):
        self.stream(STDIN, data)

    def end_of_input(self):
        self.record(STDIN)

    def abort(self):
        self.record(ABORT)

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise EOFError("connection closed")
            data += more
        return data

    def answer(self):
        """The whole answer, or None where the connection was closed without one."""
        out = b""
        while True:
            try:
                _, type, _, size, padding = struct.unpack(">BBHHBx", self._exactly(8))
                content = self._exactly(size + padding)[:size]
            except (EOFError, ConnectionResetError):
                break
            if type == STDOUT:
                out += content
            elif type == END:
                break
        if not out:
            return None
        head, _, body = out.partition(b"\r\n\r\n")
        headers = http.client.HTTPMessage()
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            headers[name.strip()] = value.strip()
        return Response(int((headers.get("Status") or "200").split()[0]), headers, body)


def fcgi_request(socket_path, params, body=b"", *, claim_length=None, abort=False,
                 half_close=False, split=None):
    """A whole request.  params is completed with CONTENT_LENGTH, which claim_length may make a
    lie; abort and half_close replace the end of the body."""
    params = list(params.items() if isinstance(params, dict) else params)
    if not any(name == "CONTENT_LENGTH" for name, _ in params):
        params.append(("CONTENT_LENGTH", str(len(body) if claim_length is None else claim_length)))
    with Fcgi(socket_path, split) as fcgi:
        fcgi.begin()
        fcgi.params(params)
        fcgi.stdin(body)
        if abort:
            fcgi.abort()
        elif half_close:
            fcgi.half_close()
        else:
            fcgi.end_of_input()
        return fcgi.answer()


def fcgi_params(method, uri, **more):
    """What a web server sends for `METHOD uri`; more replaces (None takes away)."""
    return {"REQUEST_METHOD": method, "REQUEST_URI": uri,
            "QUERY_STRING": uri.partition("?")[2], "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost", "SERVER_NAME": "localhost",
            "GATEWAY_INTERFACE": "CGI/1.1", **more}
