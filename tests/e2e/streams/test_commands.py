# test_commands.py - the JSON protocol on a websocket: the answers of POST /queue, and text that is
# no command comes back.
#
# SPDX-License-Identifier: BSD-2-Clause

import json
import re

import pytest

import consumers
from checks import command, keys_of, push
from consumers import Websocket
from reliable import leave_trash, part, push_batch

# In order, on one queue, here called Q.  Every answer must be that of POST /queue.
TALK = [
    {"cmd": "add", "queue": "Q", "value": "v"},
    {"cmd": "add", "queue": "Q", "value": "κόσμε \u0000 \"\\ </"},
    {"cmd": "add", "queue": "Q", "value": "/////w==", "encoding": "base64"},
    {"cmd": "add", "queue": "Q", "value": "007", "ttl": 100},
    {"cmd": "add", "queue": "Q", "value": "later", "delay": 100},
    {"cmd": "add", "queue": "Q", "values": ["a", "b", "c"]},
    {"cmd": "add", "queue": "Q", "value": "once", "once": "key"},
    {"cmd": "add", "queue": "Q", "value": "once", "once": "key"},
    {"cmd": "add", "queue": "Q", "value": "other", "once": "key"},
    {"cmd": "get", "queue": "Q"},
    {"cmd": "get", "queue": "Q"},
    {"cmd": "len", "queue": "Q"},
    {"cmd": "take", "queue": "Q"},
    {"cmd": "take", "queue": "Q", "count": 3},
    {"cmd": "take", "queues": ["empty-one", "Q"]},
    {"cmd": "take", "queue": "Q", "lease": 30},
    {"cmd": "del", "queue": "Q", "key": "Q:7"},
    {"cmd": "del", "queue": "Q", "key": "Q:8"},
    {"cmd": "del", "queue": "Q", "key": "Q:8"},
    {"cmd": "del", "queue": "Q", "key": "QUEUESET"},
    {"cmd": "extend", "queue": "Q", "key": "Q:7", "lease": "0" * 32, "seconds": 5},
    {"cmd": "release", "queue": "Q", "key": "Q:7", "lease": "0" * 32},
    {"cmd": "acks", "queue": "Q", "messages": [{"key": "Q:7", "lease": "0" * 32}]},
    {"cmd": "extends", "queue": "Q", "messages": [{"key": "Q:7", "lease": "t"}], "seconds": 5},
    {"cmd": "releases", "queue": "Q", "messages": [{"key": "P:7", "lease": "t"}]},
    {"cmd": "get", "queue": "Q", "key": "Q:7"},
    {"cmd": "del", "queue": "Q", "key": "Q:7", "force": 1},
    {"cmd": "take", "queue": "Q"},
    {"cmd": "get", "queue": "Q"},
    {"cmd": "policy", "queue": "Q"},
    {"cmd": "policy", "queue": "Q", "policy": "roundrobin", "lease": 30},
    {"cmd": "policy", "queue": "Q", "policy": "nonsense"},
    {"cmd": "control", "queue": "Q"},
    {"cmd": "control", "queue": "Q", "status": "stop"},
    {"cmd": "control", "queue": "Q", "status": "start"},
    {"cmd": "control", "queue": "Q", "status": "stop", "what": "takes"},
    {"cmd": "take", "queue": "Q"},
    {"cmd": "take", "queues": ["empty-one", "Q"], "count": 3},
    {"cmd": "control", "queue": "Q", "status": "stop", "what": "pushes"},
    {"cmd": "add", "queue": "Q", "value": "v"},
    {"cmd": "control", "queue": "Q", "status": "start", "what": "takes"},
    {"cmd": "control", "queue": "Q", "status": "start", "what": "pushes"},
    {"cmd": "stats", "queue": "Q"},
    {"cmd": "pub", "channel": "nobody-is-there", "value": "x"},
    {"cmd": "purge", "queue": "Q"},
    {"cmd": "redrive", "queue": "Q.dead"},
    {"cmd": "lb_best", "pool": "Q"},
    {"cmd": "lb_update", "pool": "Q", "server": "s1", "row": "odd", "score": 2.5},
    {"cmd": "lb_update", "pool": "Q", "server": "s2", "row": "even", "score": 1},
    {"cmd": "lb_best", "pool": "Q", "replicas": 2},
    {"cmd": "lb_best", "pool": "Q", "replicas": 2, "key": "object42"},
    {"cmd": "lb_charge", "pool": "Q", "key": "object42", "bound": 1.25},
    {"cmd": "lb_charge", "pool": "Q", "cost": "1e400"},
    {"cmd": "lb_list", "pool": "Q"},
    {"cmd": "lb_remove", "pool": "Q", "server": "s1"},
    {"cmd": "lb_remove", "pool": "Q"},
    {"cmd": "add", "queue": "QUEUESET", "value": "v"},
    {"cmd": "add", "queue": "a b", "value": "v"},
    {"cmd": "add", "queue": "Q"},
    {"cmd": "add", "value": "v"},
    {"cmd": "add", "queue": 5, "value": "v"},
    {"cmd": "add", "queue": "Q", "value": None},
    {"cmd": "take", "queue": "Q", "count": 0},
    {"cmd": "take", "queue": "Q", "lease": "x"},
    {"cmd": "nonsense"},
    {"cmd": "nonsense", "queue": "Q"},
    {"cmd": "ADD", "queue": "Q", "value": "v"},
]


def comparable(text, queue):
    """An answer without what is different every time."""
    text = re.sub(r'"lease":"[0-9a-f-]+"', '"lease":"TOKEN"', text.strip())
    text = re.sub(r'("lease_until":|leased until )\d+', r"\g<1>0", text)
    return text.replace(queue, "Q")


def spoken(members, queue):
    return json.dumps(members, ensure_ascii=False).replace("Q.dead", f"{queue}.dead").replace(
        '"Q', f'"{queue}').replace(f'"{queue}UEUESET', '"QUEUESET')


def test_same_answers_as_post_queue(websocket_way, client, http, queue):
    by_http, by_websocket = f"{queue}-p", f"{queue}-w"
    consumer = client(*websocket_way).consume(f"{queue}-x")
    for members in TALK:
        answer = http.post("/queue", spoken(members, by_http), {"Content-Type": "application/json"})
        consumer.send(spoken(members, by_websocket))
        assert comparable(consumer.raw(), by_websocket) == comparable(answer.text, by_http), members


@pytest.mark.parametrize("number", ["a", "", 7, -1, 1.5, 12345678901234567890, None, True, [1, [2]],
                                    {"a": {"b": "c"}}, "κόσμε \" \\ \u0000", "x" * 1000],
                         ids=lambda value: repr(value)[:20])
def test_id_comes_back(client, queue, number):
    consumer = client(Websocket).consume(queue)
    consumer.send(json.dumps({"cmd": "len", "queue": queue, "id": number}))
    assert consumer.next() == {"queue": queue, "len": 0, "id": number}


def test_id_in_an_error(client, queue):
    consumer = client(Websocket).consume(queue)
    for members in {"cmd": "add", "queue": "a b", "value": "x"}, {"cmd": "take"}, {"cmd": "what"}:
        consumer.send(json.dumps({**members, "id": "n1"}))
        answer = consumer.next()
        assert answer["id"] == "n1" and answer["error"]


def test_answers_in_order(websocket_way, client, queue):
    """Quick and slow ones, none waited for."""
    consumer = client(*websocket_way).consume(f"{queue}-x")
    for number in range(200):
        members = ({"cmd": "add", "queue": queue, "value": str(number)}, {"cmd": "nonsense"},
                   {"cmd": "len", "queue": queue}, {"cmd": "stats", "queue": queue})[number % 4]
        consumer.send(json.dumps({**members, "id": number}))
        if number % 10 == 5:
            consumer.send(f"text {number}")
    seen = [consumer.raw() for _ in range(220)]
    answers = [json.loads(text)["id"] for text in seen if not text.startswith("text")]
    assert answers == list(range(200))


@pytest.mark.parametrize("text", ["hello", "", " ", "{", "}", "[]", "[1]", '"cmd"', "5", "null",
                                  '{"cmd"', '{"a":1}', "{}", '{"a":{"cmd":"add"}}', "κόσμε",
                                  '["cmd"]', "x" * 65536, '{"CMD":"add"}'],
                         ids=lambda text: text[:12])
def test_other_text_comes_back(client, queue, text):
    consumer = client(Websocket).consume(queue)
    consumer.send(text)
    assert consumer.raw() == text


def test_echo_on_every_websocket(websocket_way, client, queue):
    consumer = client(*websocket_way).consume(queue)
    for text in "hello", "", "κόσμε 𝄞", "x" * 60000:
        consumer.send(text)
        assert consumer.raw() == text


@pytest.mark.parametrize("text", ['{"cmd":5}', '{"cmd":null}', '{"cmd":""}', '{"cmd":[]}',
                                  '{"cmd":"add","queue":"x","value":"\\ud800"}',
                                  '{"cmd":"add","cmd":"len","queue":"x"}',
                                  '{"cmd":"len","queue":"x"} trailing',
                                  '{"cmd":"len","queue":' + "[" * 40 + "]" * 40 + "}"],
                         ids=lambda text: text[:24])
def test_strange_commands(client, queue, text):
    """Some answer, and the connection goes on."""
    consumer = client(Websocket).consume(queue)
    consumer.send(text)
    consumer.raw()
    consumer.send("still here")
    assert consumer.raw() == "still here"


@pytest.mark.parametrize("text", ['{"cmd":"add",}', '{"cmd":"len","queue":"x"}}', '{"cmd"}',
                                  ' \t\r\n{"cmd":"add",}', '{"cmd":"add",} \t\r\n'])
def test_broken_commands_are_no_text(client, queue, text):
    """An error says so; as it came it would look as if it had been meant."""
    consumer = client(Websocket).consume(queue)
    consumer.send(text)
    assert consumer.next()["code"] == "bad_request"


@pytest.mark.parametrize("text", ['{"cmd":"add",', '{"cmd":"add",}.', '{"cmd":"add",}\0', '\0{"cmd":"add",}',
                                  '{"cm":"add",}', '{cmd:"add"}', '["cmd"}', '.{"cmd":"add",}',
                                  '{"cmd":"len","queue":"x"} trailing'])
def test_broken_text_comes_back(client, queue, text):
    consumer = client(Websocket).consume(queue)
    consumer.send(text)
    assert consumer.raw() == text


@pytest.mark.parametrize("data", [b'{"cmd":"len","queue":"x"}', b'{"cmd":"add",}', b"\0\xff", b""])
def test_bytes_are_no_command(client, queue, data):
    consumer = client(Websocket).consume(queue)
    consumer.wire.send(consumers.frame(consumers.BINARY, data))
    assert consumer.message() == (consumers.BINARY, data)


def test_in_fragments(client, queue):
    """A command that comes in pieces, with a ping in between."""
    consumer = client(Websocket).consume(queue)
    text = json.dumps({"cmd": "add", "queue": f"{queue}-x", "value": "κόσμε"}, ensure_ascii=False)
    data = text.encode()
    frames = [consumers.frame(0 if at else 1, data[at:at + 1], fin=at + 1 == len(data))
              for at in range(len(data))]
    frames.insert(7, consumers.frame(consumers.PING, b"p"))
    consumer.wire.send(b"".join(frames))
    assert consumer.next() == {"queue": f"{queue}-x", "value": "κόσμε", "key": f"{queue}-x:1"}


def test_add_wakes_the_consumers(client, http, queue):
    """Of the same connection too."""
    first, second = client(Websocket).consume(queue), client(Websocket).consume(queue)
    first.command(cmd="add", queue=queue, value="hello")
    assert first.next() == second.next() == {"key": f"{queue}:1", "value": "hello"}


def test_commands_on_any_path(client, http, queue):
    """On a queue's path; what is sent on a channel's path is published."""
    consumer = client(Websocket).connect(f"/c/{queue}")
    assert consumer.command(cmd="add", queue=f"{queue}-x", value="v")["key"] == f"{queue}-x:1"
    assert command(http, cmd="len", queue=f"{queue}-x").json()["len"] == 1


def test_a_queue_of_both(client, http, queue):
    """add by websocket, take by HTTP, and the other way round."""
    consumer = client(Websocket).consume(f"{queue}-x")
    consumer.command(cmd="add", queue=queue, value="one")
    assert http.get(f"/q/{queue}").json()["value"] == "one"
    push(http, queue, "two")
    assert consumer.command(cmd="take", queue=queue)["value"] == "two"


def test_a_large_answer(client, http, queue):
    consumer = client(Websocket).consume(f"{queue}-x")
    push(http, queue, b"x" * 500000, b"\xff" * 500000)
    answer = consumer.command(cmd="take", queue=queue, count=10)
    assert [len(message["value"]) for message in answer["messages"]] == [500000, 666668]


def test_purged_bodies_go_without_a_take(client, http, redis, queue):
    """More than one step of it, of two queues."""
    names = queue, f"{queue}-other"
    for name in names:
        push_batch(http, name, 350)
    consumer = client(Websocket).consume(f"{queue}-mine")
    for name in names:
        assert consumer.command(cmd="purge", queue=name) == {"queue": name, "purged": 350, "status": 1}
    for name in names:
        assert keys_of(redis, name) == sorted([f"{name}:UUID", f"queuestat::{name}", part(name, "stats")])


def take_by_command(stack, client, queue):
    consumer = client(Websocket).consume(f"{queue}-mine")
    consumer.command(cmd="take", queues=[queue, f"{queue}-more"])


def take_by_long_poll(stack, client, queue):
    assert consumers.get(stack.ws_port, f"/w/{queue}?wait=0").status == 204


def take_by_stream(stack, client, queue):
    client(consumers.Comet).consume(queue)


@pytest.mark.parametrize("act", [take_by_command, take_by_long_poll, take_by_stream])
def test_the_bodies_that_an_ended_responder_left(stack, client, redis, queue, act):
    """Whoever takes from the queue is told of them."""
    leave_trash(redis, queue, 300)
    act(stack, client, queue)
    assert keys_of(redis, queue) == [f"{queue}:UUID"]


def test_purge_by_a_websocket_of_the_queue(client, http, queue):
    """It answers, and then disconnects."""
    consumer = client(Websocket).consume(queue)
    consumer.send(json.dumps({"cmd": "purge", "queue": queue}))
    closed = consumer.end()
    assert (closed.code, closed.reason) == (1000, "purged")


def test_a_release_says_why(client, http, queue):
    """One and many, of a consumer that acks for itself; the dead letter keeps the last reason."""
    http.post(f"/p/{queue}", form={"policy": "roundrobin", "max_deliveries": 2})
    http.post(f"/q/{queue}", "x", {"Content-Type": "text/plain"})
    consumer = client(Websocket).consume(queue, "?ack=explicit&prefetch=1")
    message = consumer.next()
    answer = consumer.command(cmd="release", queue=queue, key=message["key"], lease=message["lease"], reason="no route",
                              delay=0)
    assert answer["released"] is True
    again = consumer.next()
    assert http.get(f"/j/{queue}?key={queue}:1").json()["message"]["reason"] == "no route"
    answer = consumer.command(cmd="releases", queue=queue, reason="still é",
                              messages=[{"key": again["key"], "lease": again["lease"]}])
    assert answer["messages"] == [{"key": message["key"], "released": True}]
    died = http.get(f"/j/{queue}.dead?key={queue}:1").json()["message"]
    assert died["reason"] == "still é" == died["died"]["reason"] and died["died"]["deliveries"] == 2
