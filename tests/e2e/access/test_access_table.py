# test_access_table.py - who may do what: every route and verb, every kind of visitor, every
# transport, compared with access_model.py.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import itertools
import json
import os
import re
import signal
import time

import pytest

import consumers
import stack as servers
from access_model import (A, ALL, C, CHANGES, COMET, COMMAND, LOOK, LOOKS, M, P, PURGE, REMOVE, S,
                          SECTIONS, SEE, SETTINGS, STREAM, UNTOLD, WATCH, WS, Page, Scenario, Text, Visitor)
from consumers import Comet, Hixie75, Hixie76, LongPoll, Refused, Sse, Websocket
from reliable import changes

FORM = "application/x-www-form-urlencoded"


# --- the rows -----------------------------------------------------------------------------------

class Row:
    """A kind of request.  place: "Q" where the path goes on with a name; given: the option that
    makes it this row; about: the names that a key must be for."""

    def __init__(self, method, place, given, right, effect, path, form=None, about=("mine",)):
        self.method, self.place, self.given, self.right = method, place, given, right
        self.changes, self.path, self.form, self.about = effect, path, form, about

    @property
    def key(self):
        return self.method, self.place, self.given

    def __repr__(self):
        return f"{self.method} {self.path}"


# The responder's.  The queue is `mine`, which there is.
ROWS = [
    Row("GET", "/", "queue", C, CHANGES, "/?queue=mine"),
    Row("GET", "/", None, None, LOOKS, "/", about=ALL),
    Row("POST", "/", None, P, CHANGES, "/", {"queue": "mine", "value": "v"}),
    Row("GET", "/q", "queues", C, CHANGES, "/q?queues=mine"),
    Row("GET", "/q", None, C, LOOKS, "/q", about=ALL),
    Row("GET", "/q/Q", None, C, CHANGES, "/q/mine"),
    Row("POST", "/q/Q", "redrive", A, CHANGES, "/q/mine.dead?redrive=1", {}, ("mine.dead",)),
    Row("POST", "/q/Q", "acks", C, CHANGES, "/q/mine?acks=1", {"keys": "mine:999 x"}),
    Row("POST", "/q/Q", "deletes", C, CHANGES, "/q/mine.dead?deletes=1", {"keys": "mine:999"},
        ("mine.dead",)),
    Row("POST", "/q/Q", None, P, CHANGES, "/q/mine", {"value": "v"}),
    Row("PUT", "/q/Q", None, C, CHANGES, "/q/mine?key=mine:999&lease=x&release=1"),
    Row("DELETE", "/q/Q", "force", A, CHANGES, "/q/mine?key=mine:999&force=1"),
    Row("DELETE", "/q/Q", "key", C, CHANGES, "/q/mine?key=mine:999"),
    Row("DELETE", "/q/Q", "remove", REMOVE, CHANGES, "/q/mine?remove=1&force=x",
        about=("mine", "mine.dead")),
    Row("DELETE", "/q/Q", None, PURGE, CHANGES, "/q/mine"),
    Row("GET", "/help", None, None, LOOKS, "/help", about=ALL),
    Row("GET", "/queue", None, None, LOOKS, "/queue", about=ALL),
    Row("POST", "/queue", None, "verb", CHANGES, "/queue"),
    Row("GET", "/p/Q", None, LOOK, LOOKS, "/p/mine"),
    Row("POST", "/p/Q", None, SETTINGS, CHANGES, "/p/mine", {"policy": "roundrobin"}),
    Row("GET", "/control", None, LOOK, LOOKS, "/control", about=ALL),
    Row("GET", "/control/Q", None, LOOK, LOOKS, "/control/mine"),
    Row("POST", "/control/Q", None, SETTINGS, CHANGES, "/control/mine", {"status": "start"}),
    Row("GET", "/stats", None, LOOK, LOOKS, "/stats", about=ALL),
    Row("GET", "/stats/Q", None, LOOK, LOOKS, "/stats/mine"),
    Row("GET", "/queues", None, LOOK, LOOKS, "/queues", about=ALL),
    Row("GET", "/history/Q", None, LOOK, LOOKS, "/history/mine"),
    Row("GET", "/j/Q", None, LOOK, LOOKS, "/j/mine"),
    Row("POST", "/pub/Q", None, P, CHANGES, "/pub/mine", {"body": "hello"}),
    Row("GET", "/pub/Q", "since", C, LOOKS, "/pub/mine?since=0"),
    Row("GET", "/pub/Q", None, LOOK, LOOKS, "/pub/mine"),
    Row("PUT", "/pub/Q", None, A, CHANGES, "/pub/mine?keep=5"),
    Row("GET", "/presence", None, LOOK, LOOKS, "/presence", about=ALL),
    Row("GET", "/presence/Q", None, LOOK, LOOKS, "/presence/mine"),
    Row("GET", "/lb", None, LOOK, LOOKS, "/lb", about=ALL),
    Row("GET", "/lb/Q", "list", C, LOOKS, "/lb/mine?list=1"),
    Row("GET", "/lb/Q", None, C, LOOKS, "/lb/mine"),
    Row("POST", "/lb/Q", None, C, CHANGES, "/lb/mine"),
    Row("PUT", "/lb/Q", "incr", C, CHANGES, "/lb/mine?server=s&incr=1"),
    Row("PUT", "/lb/Q", None, A, CHANGES, "/lb/mine?server=s&score=1"),
    Row("DELETE", "/lb/Q", None, A, CHANGES, "/lb/mine"),
    Row("GET", "/rights", None, COMMAND, LOOKS, "/rights", about=UNTOLD),
    Row("GET", "/rights/Q", None, COMMAND, LOOKS, "/rights/mine", about=UNTOLD),
    Row("GET", "/openapi.json", None, None, LOOKS, "/openapi.json"),
    Row("GET", "/ui", None, None, LOOKS, "/ui/"),
    Row("GET", "/ui/Q", None, None, LOOKS, "/ui/base.css"),
    Row("GET", "/metrics", None, WATCH, LOOKS, "/metrics", about=ALL),
    Row("GET", "/server", None, WATCH, LOOKS, "/server", about=ALL),
    Row("GET", "/settings", None, A, LOOKS, "/settings", about=ALL),
    Row("GET", "/health", None, None, LOOKS, "/health"),
    Row("GET", "/ready", None, None, LOOKS, "/ready"),
]
# More requests of the same rows, where something depends on the details.
MORE_ROWS = [
    Row("POST", "/q/Q", "redrive", A, CHANGES, "/q/mine.dead", {"redrive": 1, "keys": "mine:999"},
        ("mine.dead",)),
    Row("GET", "/j/Q", None, LOOK, LOOKS, "/j/mine?limit=5"),
    Row("GET", "/j/Q", None, C, LOOKS, "/j/mine?key=mine:999&raw=1"),
    Row("GET", "/q", "queues", C, CHANGES, "/q?queues=mine,yours", about=("mine", "yours")),
    Row("GET", "/q", "queues", C, CHANGES, "/q?queues=yours,mine", about=("mine", "yours")),
    Row("GET", "/q", "queues", C, CHANGES, "/q?queues=%79ours", about=("yours",)),
    Row("GET", "/q/Q", None, C, LOOKS, "/q/mine?soft=1"),
    Row("GET", "/q/Q", None, C, LOOKS, "/q/mine?soft=1&key=mine:999"),
    Row("GET", "/q/Q", None, C, CHANGES, "/q/mine?soft=0"),
    Row("GET", "/q/Q", None, C, CHANGES, "/q/mine?lease=1&count=2"),
    Row("GET", "/q/Q", None, C, CHANGES, "/q/yours", about=("yours",)),
    Row("GET", "/q/Q", None, C, CHANGES, "/q/%79ours", about=("yours",)),
    Row("POST", "/", None, P, CHANGES, "/", {"queue": "yours", "value": "v"}, ("yours",)),
    Row("POST", "/q/Q", None, P, CHANGES, "/q/yours", {"value": "v"}, ("yours",)),
    Row("POST", "/q/Q", None, P, CHANGES, "/q/yours", {"value": "v", "queue": "mine"}, ("yours",)),
    Row("POST", "/q/Q", "acks", C, CHANGES, "/q/mine", {"keys": "mine:999 x", "acks": 1}),
    Row("PUT", "/q/Q", None, C, CHANGES, "/q/mine?extend=5", {"keys": "mine:998 x,mine:999 x"}),
    Row("POST", "/control/Q", None, SETTINGS, CHANGES, "/control/mine",
        {"status": "start", "what": "takes"}),
    Row("HEAD", "/q/Q", None, C, LOOKS, "/q/mine"),
    Row("HEAD", "/q", None, C, LOOKS, "/q", about=ALL),
    Row("HEAD", "/health", None, None, LOOKS, "/health"),
]

# (verb, right, members, what it is about)
VERBS = [
    ("add", P, {"queue": "mine", "value": "v"}, ("mine",)),
    ("pub", P, {"channel": "mine", "value": "v"}, ("mine",)),
    ("get", C, {"queue": "mine"}, ("mine",)),
    ("take", C, {"queue": "mine"}, ("mine",)),
    ("del", C, {"queue": "mine", "key": "mine:999"}, ("mine",)),
    ("extend", C, {"queue": "mine", "key": "mine:999", "lease": "x", "seconds": 3}, ("mine",)),
    ("release", C, {"queue": "mine", "key": "mine:999", "lease": "x"}, ("mine",)),
    ("acks", C, {"queue": "mine", "messages": [{"key": "mine:999", "lease": "x"}]}, ("mine",)),
    ("extends", C, {"queue": "mine", "messages": [{"key": "mine:999", "lease": "x"}], "seconds": 3},
     ("mine",)),
    ("releases", C, {"queue": "mine", "messages": [{"key": "mine:999", "lease": "x"}]}, ("mine",)),
    ("len", LOOK, {"queue": "mine"}, ("mine",)),
    ("stats", LOOK, {"queue": "mine"}, ("mine",)),
    ("list", C, {}, ALL),
    ("policy", SETTINGS, {"queue": "mine", "policy": "roundrobin"}, ("mine",)),
    ("control", SETTINGS, {"queue": "mine", "status": "start"}, ("mine",)),
    ("purge", PURGE, {"queue": "mine"}, ("mine",)),
    ("remove", REMOVE, {"queue": "mine.dead"}, ("mine.dead",)),
    ("redrive", A, {"queue": "mine.dead"}, ("mine.dead",)),
    ("redrive", A, {"queue": "mine.dead", "keys": ["mine:999"]}, ("mine.dead",)),
    ("dels", C, {"queue": "mine.dead", "keys": ["mine:999"]}, ("mine.dead",)),
    ("lb_best", C, {"pool": "mine"}, ("mine",)),
    ("lb_charge", C, {"pool": "mine"}, ("mine",)),
    ("lb_list", C, {"pool": "mine"}, ("mine",)),
    ("lb_update", A, {"pool": "mine", "server": "s", "score": 1}, ("mine",)),
    ("lb_remove", A, {"pool": "mine"}, ("mine",)),
]
MORE_VERBS = [
    ("policy", SEE, {"queue": "mine"}, ("mine",)),
    ("control", SEE, {"queue": "mine"}, ("mine",)),
    ("get", C, {"queue": "mine", "key": "mine:999"}, ("mine",)),
    ("del", A, {"queue": "mine", "key": "mine:999", "force": 1}, ("mine",)),
    ("control", SETTINGS, {"queue": "mine", "status": "start", "what": "takes"}, ("mine",)),
    ("lb_update", C, {"pool": "mine", "server": "s", "incr": 1}, ("mine",)),
    ("add", P, {"queue": "yours", "value": "v"}, ("yours",)),
    ("add", P, {"queue": "mine", "values": ["a", "b"]}, ("mine",)),
    ("take", C, {"queue": "yours"}, ("yours",)),
    ("take", C, {"queues": ["empty", "yours"]}, ("empty", "yours")),
    ("take", C, {"queues": ["mine", "yours"]}, ("mine", "yours")),
    ("take", C, {"queues": ["yours", "mine"]}, ("mine", "yours")),
    ("take", C, {"queue": "mine", "lease": 1}, ("mine",)),
]

# The helper's: (its place, the path, what makes it that transport, the right, what it is about).
STREAMS = [
    ("/ws/Q", "/ws/mine", Websocket, WS, ("mine",)),
    ("/ws/Q", "/ws/mine", Hixie76, WS, ("mine",)),
    ("/ws/Q", "/ws/mine", Hixie75, WS, ("mine",)),
    ("/ws/Q", "/ws/mine", Sse, COMET, ("mine",)),
    ("/ws/Q", "/ws/mine", Comet, COMET, ("mine",)),
    ("/ws/Q", "/ws/yours", Websocket, WS, ("yours",)),
    ("/c/Q", "/c/mine", Websocket, WS, ("mine",)),
    ("/c/Q", "/c/mine", Sse, COMET, ("mine",)),
    ("/c/Q", "/c/mine", Comet, COMET, ("mine",)),
    ("/c/Q", "/c/yours", Comet, COMET, ("yours",)),
    ("/w", "/w?wait=0&queues=mine", LongPoll, C, ("mine",)),
    ("/w", "/w?wait=0&queues=mine,yours", LongPoll, C, ("mine", "yours")),
    ("/w", "/w/mine?wait=0", LongPoll, C, ("mine",)),
    ("/sub/Q", "/sub/mine", Websocket, WS, ("mine",)),
    ("/sub/Q", "/sub/mine", Sse, COMET, ("mine",)),
    ("/sub/Q", "/sub/mine", Comet, COMET, ("mine",)),
    ("/who/Q", "/who/mine", Websocket, WS, ("mine",)),
    ("/who/Q", "/who/mine", Sse, COMET, ("mine",)),
    ("/who/Q", "/who/mine", Comet, COMET, ("mine",)),
    ("/health/ws", "/health/ws", None, None, ALL),
    ("/metrics/ws", "/metrics/ws", LongPoll, WATCH, ALL),
]


def source(name):
    with open(os.path.join(servers.TOP, name)) as file:
        return file.read()


def test_every_route_of_the_responder_has_a_row():
    rows = re.findall(r'\{METHOD_(\w+),\s*"([\w.]*)",\s*(WHOLE|NAMED),\s*(NULL|"\w+"),',
                      source("handlers/routes.c"))
    in_code = {(method, f"/{resource}" + ("/Q" if naming == "NAMED" else ""),
                None if given == "NULL" else given.strip('"'))
               for method, resource, naming, given in rows}
    assert len(rows) == len(in_code) and {row.key for row in ROWS} == in_code


def test_every_route_of_the_helper_has_a_row():
    """Where it serves those of handlers, too: they have some of its paths, and the others have rows above."""
    rows = re.findall(r'\{METHOD_GET,\s*"(\w+)",\s*(NAMED|WHOLE|EITHER),.*(?:NULL|"(\w+)"), *ALWAYS, *&role',
                      source("ws/role/routes.c"))
    assert rows and {f"/{resource}" + (f"/{name}" if name else "/Q" if naming == "NAMED" else "")
                     for resource, naming, name in rows} == {place for place, *_ in STREAMS}


def test_every_verb_has_a_row():
    tables = "".join(source(f"protocol/verbs_{kind}.c")
                     for kind in ("messages", "leases", "letters", "queues", "pools"))
    verbs = re.findall(r'^    \{\.name = "(\w+)",', tables, re.M)
    assert verbs and sorted(verbs) == sorted({verb for verb, *_ in VERBS})


# --- the visitors -------------------------------------------------------------------------------

ELSEWHERE = ["10.1.2.3", "192.168.0.9", "203.0.113.7", "2001:db8::7"]
PASSWORDS = {P: ("prod", "p:w"), C: ("cons", "cw"), COMET: ("com", "mw"), WS: ("wsu", "ww"),
             A: ("adm", "aw"), S: ("mon", "sw"), M: ("man", "nw")}
SHARED = {**dict.fromkeys((P, C, WS), ("app", "secret")), COMET: ("com", "mw"), A: ("adm", "aw"),
          S: ("mon", "sw")}
OPEN = dict.fromkeys(SECTIONS, {})


def with_passwords(pairs):
    return {right: {"username": user, "password": password}
            for right, (user, password) in pairs.items()}


ADDRESSES = {  # a row of addresses, and the sections that each may use
    "10.0.0.1": (P,), "10.0.0.2": (C,), "10.0.0.3": (COMET,), "10.0.0.4": (WS,), "10.0.0.5": (A,),
    "10.0.0.6": (WS, P), "10.0.0.7": (WS, C), "10.0.0.8": (WS, A), "10.0.0.9": SECTIONS,
    "10.0.0.10": (), "10.0.0.11": (WS, S), "10.0.0.12": (WS, M)}

KEYS = {"read-mine": (["mine", "mine.dead"], ["read"]), "write-mine": (["mine", "mine.dead"], ["write"]),
        "admin-mine": (["mine", "mine.dead"], ["admin"]), "both-mine": (["mine"], []),
        "pattern": (["mine.*"], ["read", "write", "admin"]), "yours": (["yours"], ["read", "write", "admin"]),
        "create": ([], ["create"]), "create-read": ([], ["create", "read"]),
        "star": (["*"], ["read", "write", "purge", "settings", "admin"]),
        "stats-mine": (["mine"], ["stats"]), "purge-mine": (["mine"], ["purge"]),
        "settings-mine": (["mine"], ["settings"]),
        "writes-and-manages": (["mine"], ["write", "purge", "settings"]),
        "purges-both": (["mine", "mine.dead"], ["read", "purge"]),
        "removes": (["mine", "mine.dead"], ["read", "purge", "settings"]),
        "stats-all": (["*"], ["stats"])}

SCENARIOS = {
    "default": Scenario([Visitor(), Visitor("::1"), *map(Visitor, ELSEWHERE),
                         Visitor(user="root", password="x")]),
    "nothing in the file": Scenario([Visitor(), Visitor("10.1.2.3")], {}),
    "one section missing": Scenario([Visitor(), Visitor("10.1.2.3")],
                                    {right: {} for right in SECTIONS if right != C}),
    "only one there": Scenario([Visitor(), Visitor("10.1.2.3")], {P: {}}),
    "open": Scenario([Visitor(), Visitor("203.0.113.7")], OPEN),
    "passwords": Scenario(
        [Visitor(), Visitor("10.1.2.3"), Visitor(user="prod", password="cw"),
         Visitor(user="cons", password="p:w"), Visitor(user="", password=""),
         *(Visitor("10.1.2.3", *pair) for pair in PASSWORDS.values()),
         Visitor(user="wsu", password="ww", cookie=True),
         Visitor(user="cons", password="cw", cookie=True),
         Visitor(user="wsu", password="WW", cookie=True)], with_passwords(PASSWORDS)),
    "a manager beside the producer": Scenario(
        [Visitor(), Visitor("10.1.2.3"), Visitor("10.1.2.4"), Visitor("10.1.2.4", "man", "nw")],
        {P: {"hosts_allow": "10.1.2.3"}, M: {"hosts_allow": "10.1.2.4", "password": "nw"},
         C: {"hosts_deny": "all"}, WS: {}, S: {"hosts_allow": "10.1.2.3"}}),
    "the same password": Scenario(
        [Visitor(user="app", password="secret"), Visitor(user="app", password="secret", cookie=True),
         Visitor(user="adm", password="aw")], with_passwords(SHARED)),
    "a password without a name": Scenario(
        [Visitor(), Visitor(user="any", password="pw"), Visitor(user="any", password="")],
        {right: {"password": "pw"} for right in SECTIONS}),
    "addresses": Scenario(
        [*map(Visitor, ADDRESSES), Visitor()],
        {right: {"hosts_allow": " ".join(address for address, may in ADDRESSES.items()
                                         if right in may)} for right in SECTIONS}),
    "networks": Scenario(
        [Visitor("192.168.0.9"), Visitor("192.168.7.9"), Visitor("10.9.8.7"),
         Visitor("2001:db8::7"), Visitor()],
        {P: {"hosts_allow": "192.168.0.", "hosts_deny": "all"}, C: {"hosts_deny": "10.0.0.0/8 2001:db8::/32"},
         COMET: {"hosts_allow": "all", "hosts_deny": "all"}, WS: {"hosts_deny": "all"},
         A: {"hosts_allow": "127.0.0.1", "password": "pw"}}),
    "keys": Scenario([Visitor("10.1.2.3", key=key) for key in [None, "unknown", "", *KEYS]],
                     OPEN, KEYS, authkeys="required"),
    "keys and addresses": Scenario(
        [Visitor(key=None), Visitor(key="star"), Visitor("10.1.2.3", key="star"),
         Visitor("10.1.2.3", key=None)], None, KEYS, authkeys="required"),
}


# --- the stack ----------------------------------------------------------------------------------

class Arranged:
    """One stack, whose rules change from scenario to scenario."""

    def __init__(self, stack):
        self.stack = stack
        self.file = stack.path("acl.conf")
        self.redis = stack.redis.client()
        self.scenario = None

    def arrange(self, scenario):
        stack = self.stack
        if scenario.acl is not None:
            with open(self.file + ".new", "w") as file:
                file.write(scenario.text())
            os.rename(self.file + ".new", self.file)
        for key, (queues, privs) in (scenario.keys or {}).items():
            self.redis.set(f"AUTHKEY:{key}", json.dumps({"queues": queues, "privs": privs}))
        stack.configure(**{"acl": "" if scenario.acl is None else self.file, "authkeys": "off",
                           "hosts": "127.0.0.1 localhost", "origins": "", "jsonp": "off",
                           **scenario.conf})
        if stack.web.own_responders:
            time.sleep(2.2)      # they look once a second, between requests
        else:
            stack.responders.signal_all(signal.SIGHUP)
        stack.helper.signal(signal.SIGHUP)
        time.sleep(0.1)
        for queue in ("mine", "yours"):
            self.redis.set(f"{queue}:queuepolicy", 2)   # explicit acks need it
        self.scenario = scenario

    def fill(self, count):
        for queue in ("mine", "yours"):
            while self.redis.llen(f"{queue}:queue") < count:
                key = f"{queue}:{self.redis.incr(f'{queue}:UUID')}"
                self.redis.set(key, "v")
                self.redis.lpush(f"{queue}:queue", key)

    def changes(self, ask):
        """The answer, and whether Redis was changed each time it was asked for: the helper does
        things of its own now and then.  There are messages enough that a take would change it."""
        self.fill(6)
        for _ in range(5):
            before = changes(self.redis)
            answer = ask()
            if changes(self.redis) == before:
                return answer, False
        return answer, True

    def check(self, wrong, visitor, what, expected, ask):
        """Asks; what is refused must not change anything."""
        answer, has_changed = (ask(), False) if expected == 200 else self.changes(ask)
        wrong.note(visitor, what, expected, kind(checked(answer).status), answer)
        wrong.note(visitor, f"{what} changes Redis", False, has_changed)


@pytest.fixture(scope="module")
def table_stack(builddir):
    with servers.Stack(builddir, helpers=1, workers=2) as stack:
        yield Arranged(stack)


@pytest.fixture(scope="module", params=SCENARIOS)
def arranged(request, table_stack):
    table_stack.arrange(SCENARIOS[request.param])
    return table_stack


class Mismatches(list):
    """What went otherwise than the model says."""

    def note(self, visitor, what, expected, got, more=None):
        if expected != got:
            self.append(f"{visitor!r}: {what}: {got}, expected {expected} {more or ''}")


def kind(status):
    """All that is neither refusal is a yes: the request has reached its handler."""
    return status if status in (401, 403) else 200


def checked(answer):
    """The shape of a refusal."""
    if answer.status == 401:
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="RestMQ"', answer.headers
    if answer.status in (401, 403) and answer.body:
        assert answer.json()["code"] == {401: "unauthorized", 403: "forbidden"}[answer.status]
    return answer


# --- REST ---------------------------------------------------------------------------------------

def rest_rows():
    return [row for row in ROWS + MORE_ROWS if row.right != "verb"]


def over_http(stack):
    def ask(row, visitor):
        if row.method == "POST":
            return stack.http.post(row.path, form=row.form or {"_": "1"}, headers=visitor.headers())
        return stack.http.request(row.method, row.path, headers=visitor.headers())
    return ask


def over_fastcgi(stack):
    """The address is REMOTE_ADDR."""
    def ask(row, visitor):
        more = {"HTTP_" + name.upper().replace("-", "_"): value
                for name, value in visitor.headers().items()}
        del more["HTTP_X_FORWARDED_FOR"]
        form = row.form or {"_": "1"}
        body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
        if row.method == "POST":
            more["CONTENT_TYPE"] = FORM
        return servers.fcgi_request(
            stack.responders.socket,
            servers.fcgi_params(row.method, row.path, HTTP_HOST="127.0.0.1", **more,
                                **{"REMOTE_ADDR": visitor.address}),
            body if row.method == "POST" else b"")
    return ask


@pytest.mark.parametrize("way", [over_http, over_fastcgi])
def test_rest(arranged, way):
    """What is refused changes nothing."""
    ask, scenario, wrong = way(arranged.stack), arranged.scenario, Mismatches()
    for visitor in scenario.visitors:
        for row in rest_rows():
            expected = scenario.expected(visitor, row.right, row.about)
            arranged.check(wrong, visitor, row, expected, lambda: ask(row, visitor))
    assert not wrong, "\n".join(wrong)


def test_other_methods(arranged):
    """A method that a path does not have is no way in: 405, and OPTIONS says which there are."""
    wrong = Mismatches()
    places = {row.place for row in ROWS}
    there = {(row.method, row.place) for row in ROWS}
    for visitor in arranged.scenario.visitors[:2]:
        for place, method in itertools.product(places, ("GET", "POST", "PUT", "DELETE", "OPTIONS")):
            if (method, place) in there:
                continue
            body = {"form": {"value": "v"}} if method in ("POST", "PUT") else {}
            answer, has_changed = arranged.changes(lambda: arranged.stack.http.request(
                method, place.replace("Q", "mine"), headers=visitor.headers(), **body))
            wrong.note(visitor, f"{method} {place}", (204 if method == "OPTIONS" else 405, False),
                       (answer.status, has_changed))
    assert not wrong, "\n".join(wrong)


# --- verbs --------------------------------------------------------------------------------------

def as_form(http, text, headers):
    return http.post("/queue", form={"body": text}, headers=headers)


def as_json(http, text, headers):
    return http.post("/queue", text, {"Content-Type": "application/json", **headers})


@pytest.mark.parametrize("way", [as_form, as_json])
def test_json_protocol(arranged, way):
    """Who may send no command at all is told so whatever it is."""
    scenario, wrong = arranged.scenario, Mismatches()
    for visitor in scenario.visitors:
        at_all = scenario.expected(visitor, COMMAND, UNTOLD)
        for verb, right, members, about in VERBS + MORE_VERBS:
            expected = scenario.expected(visitor, right, about) if at_all == 200 else at_all
            command = json.dumps({"cmd": verb, **members})
            arranged.check(wrong, visitor, command, expected,
                           lambda: way(arranged.stack.http, command, visitor.headers()))
    assert not wrong, "\n".join(wrong)


# --- bad requests ---------------------------------------------------------------------------------

TEXT, JSON = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}
# (method, path, header fields, body, the right, what it is about)
BAD = [
    ("POST", "/queue", JSON, "{", COMMAND, UNTOLD),
    ("POST", "/queue", JSON, '{"cmd":"nope"}', COMMAND, UNTOLD),
    ("POST", "/queue", JSON, '{"cmd":"add","queue":"a b","value":"v"}', COMMAND, UNTOLD),
    ("POST", "/queue", JSON, '{"cmd":"purge","queue":"mine","nope":1}', COMMAND, UNTOLD),
    ("POST", "/queue", TEXT, '{"cmd":"len","queue":"mine"}', COMMAND, UNTOLD),
    ("POST", "/queue", {}, "value=v", COMMAND, UNTOLD),
    ("POST", "/queue?nope=1", JSON, '{"cmd":"len","queue":"mine"}', COMMAND, UNTOLD),
    ("POST", "/queue", {"Idempotency-Key": "k", **JSON}, '{"cmd":"len","queue":"mine"}', COMMAND,
     UNTOLD),
    ("GET", "/q/a%20b", {}, None, C, UNTOLD),
    ("POST", "/q/a%20b", {}, "value=v", P, UNTOLD),
    ("DELETE", "/q/QUEUESET", {}, None, PURGE, UNTOLD),
    ("GET", "/stats/a%20b", {}, None, LOOK, UNTOLD),
    ("POST", "/p/a%20b", {}, "policy=roundrobin", SETTINGS, UNTOLD),
    ("POST", "/q/mine", {}, "&".join(f"f{number}=1" for number in range(101)), P, UNTOLD),
    ("POST", "/queue", {}, "&".join(f"f{number}=1" for number in range(101)), COMMAND, UNTOLD),
    ("GET", "/q/mine?nope=1", {}, None, C, ("mine",)),
    ("DELETE", "/q/mine?nope=1", {}, None, PURGE, ("mine",)),
    ("POST", "/p/mine", {}, "policy=nope", SETTINGS, ("mine",)),
    ("GET", "/metrics?nope=1", {}, None, WATCH, ALL),
]
MISTAKES = "bad_request", "bad_name", "bad_value", "unsupported"
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
BAD_STREAMS = [
    ("/c/a%20b", {}, STREAM, UNTOLD),
    ("/w/a%20b", {}, C, UNTOLD),
    ("/sub/QUEUESET%20", {}, STREAM, UNTOLD),
    ("/ws/mine", {"Sec-WebSocket-Version": "99", **UPGRADE}, STREAM, UNTOLD),
    ("/ws/mine", {"Sec-WebSocket-Version": "13", **UPGRADE, "Sec-WebSocket-Key": "short"}, STREAM,
     UNTOLD),
    ("/ws/mine", UPGRADE, STREAM, UNTOLD),
    ("/w/mine?nope=1", {}, C, ("mine",)),
    ("/c/mine?nope=1", {}, COMET, ("mine",)),
]


def test_bad_requests(arranged):
    """What is wrong with a request is told to nobody who might not have made a right one."""
    stack, scenario, wrong = arranged.stack, arranged.scenario, Mismatches()
    for visitor in scenario.visitors:
        for method, path, fields, body, right, about in BAD:
            expected = scenario.expected(visitor, right, about)
            if body is not None and not fields:
                fields = {"Content-Type": FORM}
            answer = stack.http.request(method, path, body, {**visitor.headers(), **fields})
            wrong.note(visitor, (method, path, body), expected, kind(checked(answer).status), answer)
            if expected == 200:
                assert answer.json()["code"] in MISTAKES, (path, body, answer)
        for path, fields, right, about in BAD_STREAMS:
            # Whether a cookie counts is up to the transport, which may not be known.
            expected = scenario.expected(visitor, right, about, right == STREAM)
            status = consumers.get(stack.ws_port, path, {**visitor.headers(), **fields}).status
            wrong.note(visitor, (path, fields), expected, kind(status))
            assert status in (400, 401, 403, 426), (path, fields, status)
    assert not wrong, "\n".join(wrong)


def test_who_sees_where_redis_is(arranged):
    """/ready tells everybody whether it is there."""
    scenario, wrong = arranged.scenario, Mismatches()
    for visitor in scenario.visitors:
        answer = arranged.stack.http.get("/ready", visitor.headers())
        assert answer.status == 200 and answer.json()["ready"] is True, answer
        expected = scenario.expected(visitor, C, UNTOLD) == 200
        wrong.note(visitor, "the address", expected, "redis" in answer.json())
        if not expected:
            wrong.note(visitor, "its socket", False, arranged.stack.redis.address in str(answer.body))
    assert not wrong, "\n".join(wrong)


# --- streams --------------------------------------------------------------------------------------

def connect(address, transport, path, visitor):
    """The status of the answer, and the consumer where it is a stream."""
    headers = visitor.headers()
    if transport is None:
        return consumers.get(address, path, headers).status, None
    consumer = transport(address)
    try:
        return 200, consumer.connect(path, headers)
    except Refused as refused:
        consumer.wire.close()
        if refused.status == 401:
            assert refused.answer.get("WWW-Authenticate") == 'Basic realm="RestMQ"'
        return refused.status, None


def leave(consumer):
    if consumer is not None and consumer.wire is not None:
        consumer.wire.close()


def ask_long_poll(address, path, visitor):
    return consumers.get(address, path, visitor.headers()).status


@pytest.mark.parametrize("way", ["direct", "proxied"])
def test_streams(arranged, way):
    stack, scenario, wrong = arranged.stack, arranged.scenario, Mismatches()
    for visitor in scenario.visitors:
        for _, path, transport, right, about in STREAMS:
            is_own = path == "/metrics/ws"      # no web server passes it on
            address = stack.ws_port if way == "direct" or is_own else stack.port
            websocket = transport in consumers.WEBSOCKETS
            if way == "proxied" and not (transport or Comet).over_proxy:
                continue
            expected = scenario.expected(visitor, right, about, websocket)
            if transport is LongPoll:
                status = ask_long_poll(address, path, visitor)
            else:
                status, consumer = connect(address, transport, path, visitor)
                leave(consumer)
            wrong.note(visitor, (path, transport), expected, kind(status))
    assert not wrong, "\n".join(wrong)


def refusal(answer):
    return {"unauthorized": 401, "forbidden": 403}.get(answer.get("code"), 200)


def opened(arranged, path, visitor):
    return connect(arranged.stack.ws_port, Websocket, path, visitor)[1]


def test_verbs_of_a_websocket(arranged):
    """Who may not open one may do nothing; the others what they might do by REST."""
    scenario, wrong = arranged.scenario, Mismatches()
    for visitor in scenario.visitors:
        for queue in ("mine", "yours"):
            consumer = opened(arranged, f"/ws/{queue}?ack=explicit", visitor)
            if consumer is None:
                continue
            for verb, right, members, about in VERBS + MORE_VERBS:
                if verb == "purge" or members.get("queue") == queue and verb == "add":
                    continue     # below; what comes from the queue is not looked at here
                answer = consumer.command(cmd=verb, **members)
                expected = scenario.expected(visitor, right, about, True)
                if expected == 401:  # the connection is open: it has not that right
                    expected = 403
                wrong.note(visitor, (verb, members), expected, refusal(answer), answer)
            leave(consumer)
    assert not wrong, "\n".join(wrong)


def test_purge_and_add_of_a_websocket(arranged):
    scenario, wrong = arranged.scenario, Mismatches()
    for visitor in scenario.visitors:
        consumer = opened(arranged, "/ws/mine", visitor)
        if consumer is None:
            continue
        for verb, right, members, about in VERBS:
            if verb not in ("add", "purge"):
                continue
            expected = scenario.expected(visitor, right, about, True)
            try:
                got = refusal(consumer.command(cmd=verb, **members))
                if verb == "purge" and got == 200:
                    consumer.end()
            except consumers.Closed as closed:     # it consumes that queue itself
                got = 200 if (verb, closed.reason) == ("purge", "purged") else closed
            wrong.note(visitor, verb, 403 if expected == 401 else expected, got)
        leave(consumer)
    assert not wrong, "\n".join(wrong)


# Ways to remove the queue `mine` with all that it has: each gives the status, as kind() does.

def remove_by_path(stack, visitor):
    return kind(stack.http.delete("/q/mine?remove=1&force=1", visitor.headers()).status)


def remove_by_command(stack, visitor):
    text = json.dumps({"cmd": "remove", "queue": "mine", "force": 1})
    return kind(as_json(stack.http, text, visitor.headers()).status)


def remove_by_websocket(stack, visitor):
    """By a consumer of the queue, whom the removal disconnects."""
    consumer = connect(stack.ws_port, Websocket, "/ws/mine", visitor)[1]
    if consumer is None:
        return None
    try:
        return refusal(consumer.command(cmd="remove", queue="mine", force=1))
    except consumers.Closed as closed:
        return 200 if closed.reason == "purged" else closed
    finally:
        leave(consumer)


@pytest.mark.parametrize("way", [remove_by_path, remove_by_command, remove_by_websocket])
def test_a_removal_takes_dead_letters_along(table_stack, way):
    """So it needs a key for them, and for settings."""
    scenario, redis, wrong = SCENARIOS["keys"], table_stack.redis, Mismatches()
    table_stack.arrange(scenario)
    for visitor in scenario.visitors:
        redis.set("mine:1", "v")
        redis.delete("mine:queue", "mine.dead:queue")
        redis.lpush("mine.dead:queue", "mine:1")
        redis.hset("restmq:{mine}:settings", "held_pushes", 1)
        expected = scenario.expected(visitor, REMOVE, ("mine", "mine.dead"))
        got = way(table_stack.stack, visitor)
        if got is not None:
            wrong.note(visitor, way, expected, got)
        left = redis.exists("mine:1", "mine.dead:queue", "restmq:{mine}:settings")
        wrong.note(visitor, "what is left", 0 if got == 200 else 3, left)
    redis.delete("restmq:{mine}:settings")
    table_stack.arrange(scenario)
    assert not wrong, "\n".join(wrong)


def test_publish_by_websocket(arranged):
    """What may not be published ends the connection with 1008 and reaches nobody."""
    scenario, wrong = arranged.scenario, Mismatches()
    for visitor in scenario.visitors:
        consumer = opened(arranged, "/sub/mine?echo=yes", visitor)
        if consumer is None:
            continue
        with contextlib.closing(arranged.redis.pubsub()) as listener:
            listener.subscribe("mine")
            listener.get_message(timeout=2)
            consumer.send("hello")
            try:
                got = 200 if consumer.raw() == "hello" else "else"
            except consumers.Closed as closed:
                got = {1008: 403}.get(closed.code, closed.code)
            expected = scenario.expected(visitor, P, ("mine",), True)
            wrong.note(visitor, "publish", 403 if expected == 401 else expected, got)
            heard = listener.get_message(timeout=1 if got == 200 else 0.05)
            wrong.note(visitor, "heard", got == 200, bool(heard))
        leave(consumer)
    assert not wrong, "\n".join(wrong)


def test_channels_of_keys(arranged):
    """deref=1 shows messages of any queue: that takes the right to read all of them."""
    scenario, wrong = arranged.scenario, Mismatches()
    for visitor in scenario.visitors:
        for transport, right in (Websocket, WS), (Sse, COMET):
            websocket = transport is Websocket
            expected = scenario.expected(visitor, right, ("mine",), websocket)
            if expected == 200 and scenario.expected(visitor, C, ALL, websocket) != 200:
                expected = 403
            status, consumer = connect(arranged.stack.ws_port, transport, "/sub/mine?deref=1", visitor)
            leave(consumer)
            wrong.note(visitor, transport, expected, status)
    assert not wrong, "\n".join(wrong)


def test_a_key_in_all_its_places(arranged):
    """Bearer, X-Authkey, the query string; a form's field."""
    if arranged.scenario.keys is None:
        pytest.skip("no keys here")
    http, port = arranged.stack.http, arranged.stack.ws_port
    for key, status in ("star", 200), ("unknown", 401), ("yours", 403):
        for path, headers in ((f"/stats/mine?authkey={key}", {}), ("/stats/mine", {"X-Authkey": key}),
                              ("/stats/mine", {"Authorization": f"Bearer {key}"}),
                              ("/stats/mine", {"Authorization": f"bEARER   {key}"})):
            assert http.get(path, headers).status == status, (path, headers)
        assert http.post("/p/mine", form={"policy": "roundrobin", "authkey": key}).status == status
        for path, headers in ((f"/w/mine?wait=0&authkey={key}", {}),
                              ("/w/mine?wait=0", {"X-Authkey": key}),
                              ("/w/mine?wait=0", {"Authorization": f"Bearer {key}"})):
            assert kind(consumers.get(port, path, headers).status) == status, (path, headers)


# --- browsers -----------------------------------------------------------------------------------

LISTED = "https://app.example.org"
OWN = "http://HOST"


PAGES = [
    Page(True, True),
    Page(True, True, Origin=OWN),
    Page(True, False, Origin="https://HOST"),
    Page(True, False, Origin=OWN, Sec_Fetch_Site="cross-site"),
    Page(True, True, Origin=OWN, Sec_Fetch_Site="same-site"),
    Page(True, False, Sec_Purpose="prefetch;prerender"),
    Page(True, False, Origin=OWN, Purpose="prefetch"),
    Page(True, False, Origin=LISTED, X_Moz="prefetch"),
    Page(True, True, Origin=LISTED),
    Page(True, True, Origin=LISTED.upper()),
    Page(True, True, Origin=LISTED, Sec_Fetch_Site="cross-site"),
    Page(True, True, Origin=OWN, Sec_Fetch_Site="same-origin"),
    Page(True, True, Sec_Fetch_Site="same-origin"),
    Page(True, True, Sec_Fetch_Site="none"),
    Page(True, False, Sec_Fetch_Site="cross-site"),
    Page(True, False, Sec_Fetch_Site="same-site"),
    Page(True, True, Origin=LISTED, Sec_Fetch_Site="same-site"),
    Page(True, False, Origin="null"),
    Page(True, False, Origin="http://evil.test"),
    Page(True, False, Origin="http://127.0.0.1"),
    Page(True, False, Origin="http://127.0.0.1:1"),
    Page(True, False, Origin="http://HOST.evil.test"),
    Page(True, False, Origin="http://evil.test/http://HOST"),
    Page(True, False, Origin="http://evilHOST"),
    Page(True, False, Origin="HOST"),
    Page(True, False, Origin="://HOST1"),
    Page(True, False, Origin="http://app.example.org"),
    Page(True, False, Origin=LISTED + ":8443"),
    Page(True, False, Origin=LISTED + ".evil.test"),
    Page(True, False, Origin=LISTED + " http://evil.test"),
    Page(True, False, Origin="http://evil.test " + LISTED),
    Page(True, False, Origin="http://evil.test", X_Forwarded_Host="evil.test"),
    Page(True, False, Origin="http://evil.test", Forwarded="host=evil.test"),
    Page(False, False, Host="evil.test"),
    Page(False, False, Host="evil.test", Origin="http://evil.test"),
    Page(False, False, Host="evil.test:80", Origin="http://evil.test", Sec_Fetch_Site="same-origin"),
    Page(False, False, Host="127.0.0.1.evil.test"),
    Page(False, False, Host="localhost.evil.test:80"),
    Page(False, False, Host="evil.test", X_Forwarded_Host="localhost"),
    Page(True, True, Host="localhost"),
    Page(True, True, Host="LocalHost:1"),
    Page(True, True, Host="[::1]:8888"),
]


FOR_PAGES = Scenario([], origins=LISTED, hosts="", jsonp="on")


@pytest.fixture
def pages(table_stack):
    if table_stack.scenario is not FOR_PAGES:
        table_stack.arrange(FOR_PAGES)
    return table_stack


def test_an_answer_as_a_script(pages):
    """It could be read by any page that asks for it, so a callback makes a look a deed."""
    stack = pages.stack
    for page in PAGES:
        headers = page.headers(f"127.0.0.1:{stack.port}")
        for path in ("/stats?callback=f", "/q/mine?soft=1&callback=f", "/q?callback=f",
                     "/ready?callback=f", "/health?callback=f"):
            answer = stack.http.get(path, headers)
            assert kind(answer.status) == page.status[CHANGES], (page, path, answer)
            assert answer.status in (200, 204) or answer.json()["code"] == "forbidden"
        for path in "/health", "/ready":
            assert stack.http.get(path, headers).status == 200
        host = f"127.0.0.1:{stack.ws_port}"
        assert plain_status(stack.ws_port, "/health", {"Host": host, **page.headers(host)}) == 200


def test_pages(pages):
    """What is for nobody else but the own pages; no word of it changes Redis."""
    stack, wrong = pages.stack, Mismatches()
    ask = over_http(stack)
    for page in PAGES:
        visitor = Visitor()
        visitor.headers = lambda: page.headers(f"127.0.0.1:{stack.port}")
        for row in rest_rows():
            expected = 200 if row.right is None else page.status[row.changes]
            pages.check(wrong, page, row, expected, lambda: ask(row, visitor))
        for verb, _, members, _ in VERBS:
            command = json.dumps({"cmd": verb, **members})
            for way in as_form, as_json:
                pages.check(wrong, page, command, page.status[CHANGES],
                            lambda: way(stack.http, command, visitor.headers()))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("way", ["direct", "proxied"])
def test_pages_and_streams(pages, way):
    stack, wrong = pages.stack, Mismatches()
    for page in PAGES:
        for _, path, transport, right, _ in STREAMS:
            if right is None or transport in (Hixie75, Hixie76):     # they send an Origin of their own
                continue
            is_own = path == "/metrics/ws"
            address = stack.ws_port if way == "direct" or is_own else stack.port
            fields = page.headers(f"127.0.0.1:{address}")
            if transport is LongPoll:
                lines = {}
            else:
                lines = dict(line.split(": ", 1) for line in transport.fields(Asker))
            status = plain_status(address, path, {"Host": f"127.0.0.1:{address}", **lines, **fields})
            verdict = {101: 200, 204: 200, 400: 403}.get(status, status)   # 400: no origin at all
            wrong.note(page, (path, transport), page.status[CHANGES], verdict)
    assert not wrong, "\n".join(wrong)


class Asker:
    """What the transports' fields are made of."""
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    version = 13
    offers = ()


def plain_status(address, path, headers, version="1.1"):
    """The status of the answer to just these header fields."""
    wire = consumers.Wire(address)
    try:
        wire.send("\r\n".join([f"GET {path} HTTP/{version}", *consumers.lines_of(headers), "", ""])
                  .encode("latin-1"))
        return wire.head(time.monotonic() + 5).status
    finally:
        wire.close()


@pytest.mark.parametrize("version", [7, 8])
def test_old_websockets_have_their_origin_elsewhere(pages, version):
    port = pages.stack.ws_port
    for origin, expected in ((f"http://127.0.0.1:{port}", 101), ("http://evil.test", 403),
                             ("null", 403), (LISTED, 101)):
        fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": version,
                  "Sec-WebSocket-Key": Asker.key, "Host": f"127.0.0.1:{port}",
                  "Sec-WebSocket-Origin": origin}
        assert plain_status(port, "/ws/mine", fields) == expected, origin


@pytest.mark.parametrize("version", [7, 8, 13])
@pytest.mark.parametrize("first, second", [("Origin", "Sec-WebSocket-Origin"),
                                           ("Sec-WebSocket-Origin", "Origin")])
def test_two_origins(pages, version, first, second):
    """Whichever counts for a version, a foreign one in its place is refused."""
    port = pages.stack.ws_port
    own = f"http://127.0.0.1:{port}"
    counts = "Origin" if version == 13 else "Sec-WebSocket-Origin"
    for origins in {first: own, second: "http://evil.test"}, {first: "http://evil.test", second: own}:
        fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": version,
                  "Sec-WebSocket-Key": Asker.key, "Host": f"127.0.0.1:{port}", **origins}
        status = plain_status(port, "/ws/mine", fields)
        assert status == 403 or origins[counts] == own, (origins, status)


@pytest.mark.parametrize("transport", [Hixie75, Hixie76])
def test_hixie_origin(pages, transport):
    port = pages.stack.ws_port

    class Foreign(transport):
        def fields(self):
            return [line if not line.startswith("Origin") else "Origin: http://evil.test"
                    for line in super().fields()]

    with pytest.raises(Refused) as refused:
        Foreign(port).connect("/ws/mine")
    assert refused.value.status == 403


def test_hosts_where_there_is_an_acl(table_stack):
    """Any, unless hosts names them; with a port, only that one."""
    stack = table_stack.stack
    for hosts, allowed, refused in (
            ("", ["evil.test", "mq.example.org"], []),
            ("mq.example.org 10.0.0.1:81", ["mq.example.org", "MQ.example.org:99", "10.0.0.1:81"],
             ["evil.test", "10.0.0.1", "10.0.0.1:80", "127.0.0.1", "mq.example.org.evil.test",
              "x.mq.example.org", "localhost"])):
        table_stack.arrange(Scenario([], OPEN, hosts=hosts))
        for host, status in [(host, 200) for host in allowed] + [(host, 403) for host in refused]:
            assert stack.http.get("/stats", {"Host": host}).status == status, host
            answer = plain_status(stack.ws_port, "/c/mine", {"Host": host})
            assert answer == status, host


HERE = ["127.0.0.1", "LocalHost:1", "[::1]:8888"]
NOT_HERE = ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test:80", "192.168.0.1"]


def test_hosts_of_the_sample_acl(table_stack):
    """All of it is for this machine, so its own names must do, as without the file."""
    stack = table_stack.stack
    table_stack.arrange(Text(source("conf/acl.conf")))
    for host, status in [(host, 200) for host in HERE] + [(host, 403) for host in NOT_HERE]:
        fields, page = {"Host": host}, {"Host": host, "Origin": f"http://{host}"}
        for ask in (lambda fields: stack.http.get("/stats", fields),
                    lambda fields: stack.http.get("/q/mine", fields),
                    lambda fields: stack.http.post("/q/mine", form={"value": "v"}, headers=fields),
                    lambda fields: stack.http.get("/metrics", fields)):
            assert kind(ask(fields).status) == kind(ask(page).status) == status, host
        for path in "/c/mine", "/w/mine?wait=0", "/sub/mine":
            assert kind(plain_status(stack.ws_port, path, page)) == status, (host, path)


class Named(Websocket):
    """Under that name."""

    def open(self, headers):
        self.wire.host = headers["Host"]
        super().open({"Origin": headers["Origin"]})


def test_hosts_where_some_is_for_this_machine(table_stack):
    """Each right for itself: what the acl opens may be asked for under any name, and a websocket
    that was opened so has no more."""
    stack = table_stack.stack
    table_stack.arrange(Text("[rest:consumer]\n[websocket:consumer]\n"
                             "[rest:producer]\nhosts_allow = 127.0.0.0/8 ::1\n"))
    for host in HERE + NOT_HERE:
        fields = {"Host": host, "Origin": f"http://{host}"}
        status = 200 if host in HERE else 403
        assert stack.http.get("/stats", fields).status == 200
        assert stack.http.post("/q/mine", form={"value": "v"}, headers=fields).status == status
        assert stack.http.get("/metrics", fields).status == status
        consumer = Named(stack.ws_port).connect("/ws/mine?ack=explicit", fields)
        assert refusal(consumer.command(cmd="len", queue="mine")) == 200
        assert refusal(consumer.command(cmd="pub", channel="mine", value="v")) == status
        leave(consumer)


@pytest.mark.parametrize("acl, hosts, expected", [
    (None, "", 403), (OPEN, "", 200), (OPEN, "mq.example.org", 403)])
def test_no_name(table_stack, acl, hosts, expected):
    """None, as HTTP/1.0 may have it, and an empty one are no more than a name of somebody else's."""
    stack = table_stack.stack
    table_stack.arrange(Scenario([], acl, hosts=hosts))
    for host in None, "", "evil.test":
        for path, status in ("/stats", expected), ("/q/mine", expected), ("/health", 200), ("/ready", 200):
            answer = servers.fcgi_request(stack.responders.socket,
                                          servers.fcgi_params("GET", path, HTTP_HOST=host))
            assert kind(answer.status) == status, (host, path)
        fields = {} if host is None else {"Host": host}
        for path, status in ("/w/mine?wait=0", expected), ("/c/mine", expected), ("/health", 200):
            assert kind(plain_status(stack.ws_port, path, fields, "1.0")) == status, (host, path)
    assert kind(plain_status(stack.port, "/stats", {}, "1.0")) == expected


@pytest.mark.parametrize("host", ["localhost:x", "localhost:80@evil.test", ":80", "[::1", "localhost/", "a b"])
def test_no_host(table_stack, host):
    """A name that can be none is refused before anything else is looked at."""
    stack = table_stack.stack
    table_stack.arrange(Scenario([], OPEN, hosts=""))
    for path in "/stats", "/q/mine", "/health", "/nothing":
        assert servers.fcgi_request(stack.responders.socket,
                                    servers.fcgi_params("GET", path, HTTP_HOST=host)).status == 400, path
    for path in "/w/mine?wait=0", "/c/mine", "/health", "/nothing":
        for version in "1.0", "1.1":
            assert plain_status(stack.ws_port, path, {"Host": host}, version) == 400, path


def test_a_file_without_stats(table_stack):
    """Programs on this machine look at numbers without a password, until one line says otherwise."""
    stack = table_stack.stack
    secret = "".join(f"[{section}]\npassword = secret\n" for section in SECTIONS if section != S)
    for more, status in ("", 200), ("[stats]\nhosts_deny = all\n", 401):
        table_stack.arrange(Text(secret + more))
        for path in "/metrics", "/stats", "/control", "/presence", "/p/mine":
            assert kind(stack.http.get(path).status) == status, path
        assert stack.http.get("/q/mine").status == 401
        assert kind(stack.http.get("/stats", servers.basic("me", "secret")).status) == 200


def test_cors(pages):
    """Only for what origins names, and never for all; an OPTIONS tells what is possible."""
    stack = pages.stack
    for path in "/stats", "/q/mine", "/health", "/nothing", "/q/mine?wait=3":
        for method in "GET", "OPTIONS":
            for port in stack.port, stack.ws_port:
                if port == stack.ws_port:
                    path = "/w/mine?wait=0"
                answer = consumers.get(port, path, {"Origin": LISTED}, method=method)
                assert answer.get("Access-Control-Allow-Origin") == LISTED, (path, answer)
                assert answer.get("Access-Control-Allow-Credentials") == "true"
                assert "origin" in answer.get("Vary").lower()
                assert (answer.get("Access-Control-Allow-Methods") is not None) == (
                    method == "OPTIONS"), answer
                for origin in ("http://evil.test", "null", LISTED + "x", "*", f"http://127.0.0.1:{port}"):
                    answer = consumers.get(port, path, {"Origin": origin}, method=method)
                    assert not [name for name in answer.fields if name.startswith("access-control")]
                    assert "origin" in answer.get("Vary").lower()
    answer = consumers.get(stack.ws_port, "/health", {})
    assert not [name for name in answer.fields if name.startswith("access-control")]


def test_no_origin_is_ever_reflected(table_stack):
    """Without origins there is no CORS at all."""
    table_stack.arrange(Scenario([], origins=""))
    for port, path in (table_stack.stack.port, "/stats"), (table_stack.stack.ws_port, "/w/mine?wait=0"):
        for method in "GET", "OPTIONS":
            answer = consumers.get(port, path, {"Origin": "http://evil.test"}, method=method)
            assert not [name for name in answer.fields if name.startswith("access-control")]
            assert "evil" not in "".join(answer.lines)
