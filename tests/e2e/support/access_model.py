# access_model.py - who may do what, in Python, written from the manual pages and not from the code:
# test_access_table.py compares the programs with it.
#
# SPDX-License-Identifier: BSD-2-Clause

import ipaddress

import stack as servers

P, M, C, COMET, WS, A, S = SECTIONS = (
    "rest:producer", "rest:manager", "rest:consumer", "comet:consumer", "websocket:consumer", "admin",
    "stats")
# Rights that a request may need, beside those that have a section's name.
PURGE, SETTINGS, REMOVE, LOOK, WATCH, SEE = "purge", "settings", "remove", "look", "watch", "see"
COMMAND, STREAM = "a command", "a stream"
# One of these sections, and one of these privs of a key; "a b" is both.
NEEDS = {P: ([P], ["write"]), C: ([C], ["read"]), COMET: ([COMET], ["read"]), WS: ([WS], ["read"]),
         A: ([A], ["admin"]), PURGE: ([M], ["purge"]), SETTINGS: ([M], ["settings"]),
         REMOVE: ([M], ["purge settings"]),
         LOOK: ([C, S], ["read", "stats"]), WATCH: ([A, S], ["admin", "stats"]),
         SEE: ([C, S, M], ["read", "stats", "settings"]), STREAM: ([COMET, WS], ["read"]),
         COMMAND: ([P, M, C, A, S], ["read", "write", "purge", "settings", "stats", "admin"])}
ALL = None       # what a request is about when it is about no queue by name
UNTOLD = ()      # when that is not known yet: any queue will do

LOOKS, CHANGES = False, True


class Visitor:
    """address; user and password; a key."""

    def __init__(self, address="127.0.0.1", user=None, password="", key=None, cookie=False):
        self.address, self.user, self.password = address, user, password
        self.key, self.cookie = key, cookie

    def headers(self):
        headers = {"X-Forwarded-For": self.address}
        if self.user is not None and self.cookie:
            headers["Cookie"] = f"lang=en; auth={self.user}:{self.password}"
        elif self.user is not None:
            headers.update(servers.basic(self.user, self.password))
        if self.key is not None:
            headers["X-Authkey"] = self.key
        return headers

    def can_show(self, websocket):
        """Does its password count?"""
        return self.user is not None and (websocket or not self.cookie)

    def __repr__(self):
        return " ".join(str(part) for part in (self.address, self.user, self.password, self.key,
                                               "cookie" if self.cookie else None) if part)


def is_in(address, words):
    for word in words.split():
        if word == "all":
            return True
        if word.endswith("."):
            if address.startswith(word):
                return True
        elif ipaddress.ip_address(address) in ipaddress.ip_network(word):
            return True
    return False


def admits(rules, visitor, websocket):
    """What a section says: 200, 401 or 403.  None: it is not there."""
    if rules is None:
        return 200 if ipaddress.ip_address(visitor.address).is_loopback else 403
    if "hosts_allow" in rules and not is_in(visitor.address, rules["hosts_allow"]):
        return 403
    if "hosts_allow" not in rules and is_in(visitor.address, rules.get("hosts_deny", "")):
        return 403
    if "password" in rules:
        known = rules.get("username", visitor.user), rules["password"]
        if not visitor.can_show(websocket) or (visitor.user, visitor.password) != known:
            return 401
    return 200


def covers(record, about):
    queues, privs = record
    if "create" in privs:
        return True
    if about is ALL:
        return "*" in queues
    return all(any(queue in (name, "*") or queue.endswith(".*") and name.startswith(queue[:-1])
                   and name != queue[:-1] + "dead" for queue in queues) for name in about)


def has_priv(record, privs):
    listed = ([name for name in record[1] if name != "create"]
              or ["read", "write", "purge", "settings"])
    return any(set(priv.split()) <= set(listed) for priv in privs)


class Scenario:
    """acl: the rules of the file by section, None without one; keys: the records by key, None where
    no keys are asked for."""

    def __init__(self, visitors, acl=None, keys=None, **conf):
        self.visitors, self.acl, self.keys, self.conf = visitors, acl, keys, conf

    def text(self):
        return "".join(f"[{section}]\n" + "".join(f"{key} = {value}\n"
                                                  for key, value in rules.items())
                       for section, rules in self.acl.items())

    def expected(self, visitor, right, about, websocket=False):
        if right is None:
            return 200
        sections, privs = NEEDS[right]
        answers = [admits(self.rules(section), visitor, websocket) for section in sections]
        answer = next(status for status in (200, 401, 403) if status in answers)
        if answer != 200 or self.keys is None:
            return answer
        if visitor.key not in self.keys:
            return 401
        record = self.keys[visitor.key]
        return 200 if has_priv(record, privs) and covers(record, about) else 403

    def rules(self, section):
        """Of a section; None: it is not there, and for this machine only.  rest:manager is the one
        that may be missing without that: rest:producer stands for it."""
        acl = self.acl or {}
        return acl.get(P) if section == M and M not in acl else acl.get(section)


class Text(Scenario):
    """An acl.conf as it stands."""

    def __init__(self, text):
        super().__init__([], {}, hosts="")
        self.text = lambda: text


class Page:
    """Header fields of a request that a page makes; may it look, may it change?  HOST stands for
    the address of the server."""

    def __init__(self, may_look, may_change, **fields):
        self.fields = {name.replace("_", "-"): value for name, value in fields.items()}
        self.status = {LOOKS: 200 if may_look else 403, CHANGES: 200 if may_change else 403}

    def headers(self, host):
        return {name: value.replace("HOST", host) for name, value in self.fields.items()}

    def __repr__(self):
        return str(self.fields)
