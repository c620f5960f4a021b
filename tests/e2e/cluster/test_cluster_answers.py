# test_cluster_answers.py - what a responder makes of each answer that a node of a Redis Cluster may give:
# what is sent again, where and how often.  The nodes are fakes, which answer what the test says.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import signal
import time

import pytest

import stack as servers
from checks import assert_error, assert_unavailable
from fake_redis import FakeRedis

pytestmark = pytest.mark.skipif("config.getoption('hash_tags')", reason="a cluster has them by itself")

SLOT = 12182                  # of foo; the last of three nodes has it
DONE = b":5\r\n"              # to a push
TRYAGAIN = b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n"
NOSCRIPT = b"-NOSCRIPT No matching script. Please use EVAL.\r\n"
ON_ITS_WAY = "on its way to another Redis node"


class FakeCluster:
    """Three nodes that share the slots."""

    def __init__(self):
        self.nodes = [FakeRedis(lambda words, number=number: self.reply(number, words), tcp=True)
                      for number in range(3)]
        self.address = "cluster://" + self.nodes[0].address
        self.begin()

    def begin(self):
        self.sent = []                            # (number of the node, word): the calls, in their order
        self.asked = []                           # who was asked for the map
        self.answers = {0: [], 1: [], 2: []}      # of each node to the next calls; behind the last DONE
        self.always = {}                          # of a node to all calls
        self.slots = self.map()                   # or what makes it

    def map(self, *order):
        """The answer to CLUSTER SLOTS; the nodes have thirds of the slots in this order."""
        text = b"*3\r\n"
        for number, node in enumerate(order or (0, 1, 2)):
            text += (b"*3\r\n:%d\r\n:%d\r\n*3\r\n$9\r\n127.0.0.1\r\n:%d\r\n$2\r\nid\r\n"
                     % (5461 * number, min(5461 * number + 5460, 16383), self.nodes[node].port))
        return text

    def reply(self, number, words):
        if words[0] == b"CLUSTER":
            self.asked.append(number)
            return self.slots() if callable(self.slots) else self.slots
        self.sent.append((number, words[0].decode()))
        if words[0] == b"ASKING":
            return b"+OK\r\n"
        answer = self.answers[number].pop(0) if self.answers[number] else self.always.get(number, DONE)
        return answer() if callable(answer) else answer

    def at(self, number):
        return self.nodes[number].address.encode()

    def moved(self, number):
        return b"-MOVED %d %s\r\n" % (SLOT, self.at(number))

    def ask(self, number):
        return b"-ASK %d %s\r\n" % (SLOT, self.at(number))


@pytest.fixture(scope="module")
def fakes(builddir):
    """The nodes, and one responder that has the map."""
    with contextlib.ExitStack() as opened:
        fakes = FakeCluster()
        for node in fakes.nodes:
            opened.enter_context(node)
        stack = opened.enter_context(servers.Stack(builddir, workers=1, conf={
            "redis": fakes.address, "redis_timeout_ms": 1000}))
        yield fakes, stack


@pytest.fixture
def fake(fakes):
    fakes, stack = fakes
    fakes.begin()

    def comes_to(number):
        fakes.always = {other: fakes.moved(number) for other in range(3) if other != number}
        return push(stack).status == 200 and fakes.sent[-1][0] == number

    for number in 0, 1, 2:                      # whoever was away in another test is back,
        servers.wait_for(lambda: comes_to(number), step=0.12)
    time.sleep(0.12)
    push(stack)                                 # the map was asked for,
    time.sleep(0.12)                            # and may be asked for again
    fakes.begin()
    return fakes


@pytest.fixture
def stack(fakes):
    return fakes[1]


def push(stack):
    return stack.http.post("/q/foo", form={"value": "x"})


def test_the_first_map_may_be_late(new_stack):
    """As any other answer: nobody else is there to be asked."""
    with contextlib.ExitStack() as opened:
        fakes = FakeCluster()
        for node in fakes.nodes:
            opened.enter_context(node)
        text, fakes.slots = fakes.slots, lambda: time.sleep(0.7) or text
        stack = new_stack(workers=1, conf={"redis": fakes.address, "redis_timeout_ms": 20000})
        assert push(stack).status == 200
        assert fakes.asked == [0]


def test_the_node_of_the_slot(fake, stack):
    assert push(stack).status == 200
    assert (fake.sent, fake.asked) == ([(2, "EVALSHA")], [])


def test_moved(fake, stack):
    """Once, and the map is asked for before the next call, from another node than the one that did not know."""
    fake.answers[2] = [fake.moved(0)]
    assert push(stack).status == 200
    assert (fake.sent, fake.asked) == ([(2, "EVALSHA"), (0, "EVALSHA")], [])
    fake.slots = fake.map(1, 2, 0)
    assert push(stack).status == 200
    assert fake.sent[2:] == [(0, "EVALSHA")] and fake.asked == [0]


def test_moved_and_the_map_cannot_be_had(fake, stack):
    """What MOVED has said is known all the same."""
    fake.answers[2] = [fake.moved(0)]
    fake.slots = b"-ERR unknown\r\n"
    assert push(stack).status == 200
    assert push(stack).status == 200
    assert fake.sent[2:] == [(0, "EVALSHA")] and sorted(fake.asked) == [0, 1, 2]


@pytest.mark.parametrize("host", [b"", b"?"])
def test_moved_to_the_same_host(fake, stack, host):
    fake.answers[2] = [b"-MOVED %d %s:%d\r\n" % (SLOT, host, fake.nodes[1].port)]
    assert push(stack).status == 200
    assert fake.sent == [(2, "EVALSHA"), (1, "EVALSHA")]


def test_ask(fake, stack):
    """For this once, with ASKING in front; the slot stays where it is."""
    fake.answers[2] = [fake.ask(1)]
    assert push(stack).status == 200
    assert push(stack).status == 200
    assert fake.sent == [(2, "EVALSHA"), (1, "ASKING"), (1, "EVALSHA"), (2, "EVALSHA")]


def test_ask_where_the_script_is_not_known(fake, stack):
    """ASKING counts for one command."""
    fake.answers[2] = [fake.ask(1)]
    fake.answers[1] = [NOSCRIPT]
    assert push(stack).status == 200
    assert fake.sent == [(2, "EVALSHA"), (1, "ASKING"), (1, "EVALSHA"), (1, "ASKING"), (1, "EVAL")]


def test_noscript_then_moved(fake, stack):
    """The text goes there, too."""
    fake.answers[2] = [NOSCRIPT, fake.moved(0)]
    assert push(stack).status == 200
    assert fake.sent == [(2, "EVALSHA"), (2, "EVAL"), (0, "EVAL")]


def test_in_a_moment(fake, stack):
    fake.answers[2] = [TRYAGAIN, TRYAGAIN]
    started = time.monotonic()
    assert push(stack).status == 200
    assert time.monotonic() - started >= 0.012
    assert fake.sent == 3 * [(2, "EVALSHA")]


def test_not_in_a_moment(fake, stack):
    fake.always[2] = TRYAGAIN
    response = push(stack)
    assert_unavailable(response)
    assert ON_ITS_WAY in response.json()["error"]
    assert fake.sent == 5 * [(2, "EVALSHA")]


def test_half_of_it_is_there_already(fake, stack):
    fake.always = {2: fake.ask(1), 1: TRYAGAIN}
    response = push(stack)
    assert_unavailable(response)
    assert ON_ITS_WAY in response.json()["error"]
    assert fake.sent == 5 * [(2, "EVALSHA"), (1, "ASKING"), (1, "EVALSHA")]


def test_nodes_that_send_each_other_the_call(fake, stack):
    fake.always = {2: fake.moved(0), 0: fake.moved(2)}
    assert_unavailable(push(stack))
    assert fake.sent == 3 * [(2, "EVALSHA"), (0, "EVALSHA")]


def test_a_node_that_sends_it_to_itself(fake, stack):
    fake.always = {2: fake.moved(2)}
    assert_unavailable(push(stack))
    assert fake.sent == 6 * [(2, "EVALSHA")]


@pytest.mark.parametrize("text", [
    b"MOVED", b"MOVED %d", b"MOVED %d x", b"MOVED %d :0", b"MOVED %d 127.0.0.1:65536", b"MOVED x 127.0.0.1:6379",
    b"MOVED 5 127.0.0.1:6379", b"MOVED 16384 127.0.0.1:6379", b"ASK -1 127.0.0.1:6379", b"MOVED %d unix:/tmp/x",
    b"MOVED %d unix:6379", b"ASK %d a b:6379", b"MOVED %d " + 300 * b"x" + b":6379", b"ASK %d :6379:",
    b"MOVED %d [::1:6379"])
def test_moved_to_nowhere(fake, stack, text):
    fake.answers[2] = [b"-" + (text % SLOT if b"%d" in text else text) + b"\r\n"]
    assert_unavailable(push(stack))
    assert fake.sent == [(2, "EVALSHA")]
    assert push(stack).status == 200


def test_moved_to_whoever_is_not_there(fake, stack):
    """It was not run, and goes where another node says."""
    fake.answers[2] = [b"-MOVED %d 127.0.0.1:%d\r\n" % (SLOT, servers.free_port())]
    assert push(stack).status == 200
    assert fake.sent == 2 * [(2, "EVALSHA")] and len(fake.asked) == 1 and fake.asked != [2]


@pytest.mark.parametrize("text", ["CLUSTERDOWN The cluster is down", "LOADING Redis is loading",
                                  "NOREPLICAS Not enough good replicas", "READONLY You can't write",
                                  "MASTERDOWN Link with MASTER is down"])
def test_not_now(fake, stack, text):
    """Not done; the map is asked for, and the log has one line for as many calls as come."""
    fake.always[2] = b"-%s\r\n" % text.encode()
    before = stack.responders.log_text()
    for _ in range(5):
        assert_unavailable(push(stack))
        time.sleep(0.11)
    assert {number for number, _ in fake.sent} == {2} and len(fake.asked) >= 4
    assert stack.responders.log_text()[len(before):].count(text) == 1
    fake.always = {}
    assert push(stack).status == 200
    assert stack.responders.log_text()[len(before):].count(f"{fake.nodes[2].address}: back") == 1


def test_a_demoted_node(fake, stack):
    """Another node has the slot by now, and gets the call that this one did not run."""
    fake.answers[2] = [b"-READONLY You can't write against a read only replica.\r\n"]
    fake.slots = fake.map(0, 1, 1)
    assert push(stack).status == 200
    assert fake.sent == [(2, "EVALSHA"), (1, "EVALSHA")]


@pytest.mark.parametrize("text", ["CROSSSLOT Keys in request don't hash to the same slot",
                                  "ERR Script attempted to access a non local key in a cluster node"])
def test_a_key_of_another_slot(fake, stack, text):
    """A bug of ours; and a script may have stopped halfway."""
    fake.answers[2] = [b"-%s\r\n" % text.encode()]
    assert_unavailable(push(stack), unknown=True)
    assert fake.sent == [(2, "EVALSHA")]


def test_no_answer(fake, stack):
    """The outcome is unknown; for a second nothing is sent there, and others are not held up."""
    fake.answers[2] = [None]
    assert_unavailable(push(stack), unknown=True)
    for _ in range(3):
        response = push(stack)
        assert_unavailable(response)
        assert "does not answer" in response.json()["error"]
    assert fake.sent == [(2, "EVALSHA")]
    time.sleep(1.05)
    assert push(stack).status == 200
    assert fake.sent == 2 * [(2, "EVALSHA")]


def test_no_answer_and_another_node_has_the_slot(fake, stack):
    """The call that had no answer is not sent again; the next one goes to the other node."""
    fake.answers[2] = [None]
    fake.slots = fake.map(2, 1, 0)
    assert_unavailable(push(stack), unknown=True)
    assert push(stack).status == 200
    assert fake.sent == [(2, "EVALSHA"), (0, "EVALSHA")] and 2 not in fake.asked


@pytest.mark.parametrize("slots", [
    None, b"*0\r\n", b"*-1\r\n", b"$-1\r\n", b":5\r\n", b"*1\r\n*0\r\n", b"-ERR This instance has cluster support "
    b"disabled\r\n", b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$-1\r\n:0\r\n"])
def test_a_map_that_is_none(fake, stack, slots):
    """The map before counts."""
    fake.answers[2] = [b"-CLUSTERDOWN The cluster is down\r\n"]
    fake.slots = slots
    assert_unavailable(push(stack))
    assert push(stack).status in (200, 503)         # 503: the node has not answered the question for the map
    assert fake.asked
    fake.slots = fake.map()


def test_a_slot_of_nobody(fake, stack):
    fake.answers[2] = [b"-CLUSTERDOWN Hash slot not served\r\n"]
    fake.slots = b"*1" + fake.map()[2:].split(b"*3\r\n:5461")[0]
    assert_unavailable(push(stack))
    response = push(stack)
    assert_unavailable(response)
    assert "no Redis node has the slot" in response.json()["error"]
    assert fake.sent == [(2, "EVALSHA")]


def test_slow_nodes_share_the_time(fake, stack):
    """redis_timeout_ms is for the call, with all nodes that it meets."""
    def slowly(answer):
        def reply():
            time.sleep(0.3)
            return answer
        return reply
    fake.always = {2: slowly(fake.moved(0)), 0: slowly(fake.moved(2))}
    started = time.monotonic()
    assert_unavailable(push(stack), unknown=True)
    assert 0.95 < time.monotonic() - started < 1 + servers.patience(0.2)
    assert 2 <= len(fake.sent) <= 4 and {number for number, _ in fake.sent} == {0, 2}
    fake.always = {}


@pytest.mark.usefixtures("our_responders")
def test_the_map_is_for_those_who_are_still_there(builddir):
    """Whoever asked first and has gone takes the map from nobody."""
    with contextlib.ExitStack() as opened:
        fake = FakeCluster()
        for node in fake.nodes:
            opened.enter_context(node)
        stack = opened.enter_context(servers.Stack(builddir, workers=1, conf={"redis": fake.address}))
        stack.responders.signal_all(signal.SIGSTOP)
        with servers.Fcgi(stack.responders.socket) as gone:
            gone.begin()
            gone.params(servers.fcgi_params("GET", "/q/foo", CONTENT_LENGTH="0"))
            gone.end_of_input()
        with servers.Fcgi(stack.responders.socket) as waiting:
            waiting.begin()
            waiting.params(servers.fcgi_params("GET", "/q/foo?soft=1", CONTENT_LENGTH="0"))
            waiting.end_of_input()
            stack.responders.signal_all(signal.SIGCONT)
            waiting.answer()
        assert fake.sent == [(2, "EVALSHA")] and "which slots" not in stack.responders.log_text()


def test_replicas_are_asked_for_where_the_push_ran(fake, stack):
    stack.configure(redis_wait=1, redis_wait_ms=100)
    try:
        def is_waited_for():
            fake.begin()
            return push(stack).status == 200 and (2, "WAIT") in fake.sent
        servers.wait_for(is_waited_for, step=0.2)
        fake.begin()
        fake.answers[2] = [fake.moved(0), b":0\r\n"]
        assert push(stack).status == 200
        assert fake.sent[-2:] == [(0, "EVALSHA"), (0, "WAIT")]
    finally:
        stack.configure(redis_wait=0)
        time.sleep(1.2)
