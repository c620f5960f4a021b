# test_json_of_tools.py - restmq's verbs that ask Redis with --json: the same as for people, as objects.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import re

import pytest

import stack as servers
from checks import push, take


def read(done, code=0):
    """The objects; nothing else is printed."""
    assert done.returncode == code, done
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def tool(builddir, new_stack):
    """tool(verb, …) with the settings of a stack of its own: tool.stack."""
    stack = new_stack(workers=1)

    def tool(*words, **more):
        verb, *rest = words
        return servers.restmq(builddir, verb, "--config", stack.responders.config, *rest, **more)
    tool.stack = stack
    return tool


def test_handshake(builddir):
    assert read(servers.restmq(builddir, "handshake", "--json", "dGhlIHNhbXBsZSBub25jZQ==")) == [
        {"accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}]
    words = ["4 @1  46546xW%0l 1 5", "12998 5 Y3 1  .P00", b"^n:ds[4U".hex()]
    assert read(servers.restmq(builddir, "handshake", *words, "--json")) == [
        {"numbers": [829309203, 259970620], "answer": b"8jKS'y:G*Co,Wxa-".hex()}]
    assert read(servers.restmq(builddir, "handshake", "--json", "x"), 1) == []


def test_authkey(tool):
    [made] = read(tool("authkey", "--json", "add", "--queues", "orders,mail.*", "--privs", "read,stats"))
    assert re.fullmatch("[0-9a-f]{32}", made["key"])
    odd = "back\\slash"
    assert read(tool("authkey", "--json", "add", "-", "--privs", "create", "--name", "shop", typed=odd + "\n")) == [{"key": odd}]
    told = {row.pop("key"): row for row in read(tool("authkey", "--json", "list"))}
    assert told[odd] == {"queues": [], "privs": ["create", "read", "write", "purge", "settings"], "name": "shop"}
    assert told[made["key"]]["queues"] == ["orders", "mail.*"] and told[made["key"]]["privs"] == ["read", "stats"]
    assert read(tool("authkey", "remove", "-", "--json", typed=odd + "\n")) == [{"removed": True}]
    assert read(tool("authkey", "remove", "-", "--json", typed=odd + "\n"), 1) == []
    assert len(read(tool("authkey", "--json", "list"))) == 1


def test_check_config(tool, builddir):
    [told] = read(tool("check-config", "--json"))
    assert (told["state"], told["problems"], told["redis"]) == ("ok", [], "answers")
    assert told["settings"]["redis"] == tool.stack.redis.address and told["file"] == tool.stack.responders.config
    text = tool("check-config").stdout
    settings = [f"{name} = {value}" for name, value in told["settings"].items()]
    assert text.splitlines()[1:-3] == settings + told["access"] and told["access"]
    assert f"user: {told['user']}\n" in text
    tool.stack.redis.kill()
    [told] = read(tool("check-config", "--json"))
    assert told["state"] == "ok" and told["redis"].startswith("does not answer: ")
    servers.wait_for(lambda: not tool.stack.redis.is_running())
    tool.stack.configure(log="/nowhere/restmq.log")
    done = tool("check-config", "--json")
    [told] = read(done, 1)
    assert told["state"] == "not ok" and "/nowhere" in told["problems"][0] and not done.stderr
    tool.stack.redis.start()


def test_fsck(tool):
    redis = tool.stack.redis.client()
    push(tool.stack.http, "orders", *(str(n) for n in range(15)))
    assert read(tool("fsck", "--json", "--grace", "0")) == [
        {"queues": 1, "findings": 0, "mended": 0, "problems": 0}]
    name = "{orders}" if servers.hash_tags else "orders"
    redis.delete(f"{name}:queue")
    numbers = list(range(1, 16))
    finding = {"queue": "orders", "kind": "orphan", "is_problem": True, "numbers": numbers}
    assert read(tool("fsck", "--json", "--grace", "0"), 1) == [
        finding, {"queues": 1, "findings": 15, "mended": 0, "problems": 15}]
    assert read(tool("fsck", "--json", "--grace", "0", "--repair")) == [
        finding, {"queues": 1, "findings": 15, "mended": 15, "problems": 0}]


def test_cluster_of_one(tool):
    push(tool.stack.http, "orders", "a")
    for n in range(25):
        push(tool.stack.http, f"queue{n}", "a")
    [told] = read(tool("cluster", "--json"))
    assert told["node"] == tool.stack.redis.address
    assert told["queues"] == sorted(["orders", *(f"queue{n}" for n in range(25))])
    assert told["min-replicas-to-write"] == "0" and told["persistence"] and told["promise"]


def test_cluster(builddir, new_stack):
    stack = new_stack(workers=1, redis=servers.Cluster(masters=3, replicas=0))
    names = [f"queue{n}" for n in range(12)]
    for name in names:
        push(stack.http, name, "a")
    words = "cluster", "--json", "--config", stack.responders.config
    *nodes, rest = read(servers.restmq(builddir, *words))
    assert rest == {"unserved": 0, "slots": [], "queues": []}
    assert sorted(name for node in nodes for name in node["queues"]) == sorted(names) and len(nodes) == 3
    assert {node["cluster-require-full-coverage"] for node in nodes} <= {"yes", "no"}
    list_of_all = stack.redis.master_of(int(servers.cli(stack.redis.members[0].port, "CLUSTER", "KEYSLOT", "QUEUESET")))
    away = next(node for node in nodes if not node["node"].endswith(f":{list_of_all.port}"))
    for member in stack.redis.members:
        servers.cli(member.port, "CONFIG", "SET", "cluster-require-full-coverage", "no")
        servers.cli(member.port, "CLUSTER", "DELSLOTS", "77", "5000", "5001")
    stack.redis.at(int(away["node"].rpartition(":")[2])).kill()
    *rows, rest = read(servers.restmq(builddir, *words, timeout=60), 1)
    assert (rest["unserved"], rest["slots"]) == (3, [[77, 77], [5000, 5001]])
    [row] = [row for row in rows if "error" in row]
    assert (row["node"], row["queues"]) == (away["node"], away["queues"])
    assert "persistence" not in row and all("persistence" in other for other in rows if other is not row)


@pytest.mark.skipif("config.getoption('hash_tags')", reason="moves queues without them")
def test_retag(tool, builddir):
    push(tool.stack.http, "orders", "a", "b")
    push(tool.stack.http, "mails", "a")
    tool.stack.http.get("/q/mails?lease=60")
    with servers.Redis() as target:
        to = "--to", target.address
        told = {row["queue"]: row for row in read(tool("retag", "--json", *to), 1) if "queue" in row}
        assert told == {"orders": {"queue": "orders", "moved": 2, "left": 0},
                        "mails": {"queue": "mails", "moved": 0, "left": 1}}
        *rows, last = read(tool("retag", "--json", *to), 1)
        assert last == {"pools": 0, "channels": 0, "keys": 0}
        with tool.stack.redis.client() as redis:
            redis.sadd("QUEUESET", "broken")
            redis.set("broken:queue", "x")
        rows = read(tool("retag", "--json", *to), 1)
        assert [row["queue"] for row in rows if "error" in row] == ["broken"]
