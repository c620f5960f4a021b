# test_order_of_due.py - requests that Redis executes in the same millisecond: leases that end
# together and delayed messages that are due together come in their old order, not in that of their
# names.
#
# SPDX-License-Identifier: BSD-2-Clause

import threading
import time

import pytest

import stack as servers
from checks import push, take_all
from parallel import in_parallel
from reliable import expire, lease_all, let_pass, part, release, stats, values

CROWD = 24      # so many requests at once


@pytest.fixture(scope="module")
def crowd(builddir):
    with servers.Stack(builddir, workers=CROWD) as stack:
        stack.client = stack.redis.client()
        push(stack.http, "warm", "a")       # a script that Redis does not have yet takes another way
        for message in lease_all(stack.http, "warm"):
            release(stack.http, message)
        if servers.cluster:
            servers.wait_for(lambda: in_parallel(CROWD, lambda _: stack.http.get("/p/warm")) and are_connected(stack))
        yield stack


def are_connected(stack):
    """Has each responder asked which node has what?  Without the answer nothing can be sent."""
    return len(stack.client.client_list()) > CROWD


def at_once(stack, requests):
    """Sends all of these while Redis sleeps, so that it finds them together.  Their answers."""
    answers = [None] * len(requests)

    def ask(index):
        answers[index] = requests[index]()

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(requests))]
    with stack.redis.thinking():
        for thread in threads:
            thread.start()
        time.sleep(0.2)
    for thread in threads:
        thread.join()
    return answers


def same_moment(stack, key):
    """Did at least some of these come in the same millisecond?"""
    scores = [int(score) for _, score in stack.client.zrange(key, 0, -1, withscores=True)]
    return len(set(scores)) < len(scores)


def released_keys(monitor, queue):
    """The keys that scripts put among the delayed messages, in that order."""
    keys = []
    while len(keys) < CROWD:
        command = monitor.next_command()
        words = command["command"].split(" ")
        if command["client_type"] == "lua" and words[:2] == ["ZADD", part(queue, "delayed")]:
            keys.append(servers.shown(words[3]))
    return keys


def test_leased(crowd, queue):
    push(crowd.http, queue, *(str(number) for number in range(1, CROWD + 1)))
    at_once(crowd, [lambda: crowd.http.get(f"/q/{queue}?lease=30")] * CROWD)
    assert same_moment(crowd, part(queue, "leases"))
    expire(crowd.client, queue)
    assert take_all(crowd.http, queue) == [str(number) for number in range(1, CROWD + 1)]


def test_leased_one_and_many(crowd, queue):
    push(crowd.http, queue, *(str(number) for number in range(1, 2 * CROWD + 1)))
    at_once(crowd, [lambda: crowd.http.get(f"/q/{queue}?lease=30"),
                    lambda: crowd.http.get(f"/q/{queue}?lease=30&count=3")] * (CROWD // 2))
    assert same_moment(crowd, part(queue, "leases"))
    expire(crowd.client, queue)
    assert take_all(crowd.http, queue) == [str(number) for number in range(1, 2 * CROWD + 1)]


def test_extended(crowd, queue):
    """The order of the extensions counts, which Redis knows: that of the scores."""
    push(crowd.http, queue, *(str(number) for number in range(1, CROWD + 1)))
    messages = lease_all(crowd.http, queue)
    at_once(crowd, [lambda message=message: crowd.http.request(
        "PUT", f"/q/{queue}?key={message['key']}&lease={message['lease']}&extend=60")
        for message in messages])
    let_pass(crowd.client, queue, 59)
    assert stats(crowd.http, queue, "leased") == (CROWD,)
    let_pass(crowd.client, queue, 2)
    assert sorted(take_all(crowd.http, queue), key=int) == [
        str(number) for number in range(1, CROWD + 1)]


@pytest.mark.parametrize("what", ["pushed", "released"])
def test_delayed(crowd, queue, what):
    """In the order in which they were delayed."""
    if what == "pushed":
        answers = at_once(crowd, [lambda: crowd.http.post(f"/q/{queue}?delay=10", "a", {
            "Content-Type": "text/plain"})] * CROWD)
        order = sorted((answer.text.strip() for answer in answers),
                       key=lambda key: int(key.rpartition(":")[2]))
    else:
        push(crowd.http, queue, *(str(number) for number in range(1, CROWD + 1)))
        messages = lease_all(crowd.http, queue)
        with crowd.client.monitor() as monitor:
            at_once(crowd, [lambda message=message: release(crowd.http, message, delay=10)
                            for message in messages])
            order = released_keys(monitor, queue)
    assert same_moment(crowd, part(queue, "delayed"))
    expire(crowd.client, queue)
    messages = crowd.http.get(f"/q/{queue}?count={CROWD}").json()
    assert [message["key"] for message in messages] == order


def test_several_that_expire_while_others_come(crowd, queue):
    """Takes at once, of which each brings back what is due: every message goes to one of them."""
    push(crowd.http, queue, *(str(number) for number in range(1, CROWD + 1)))
    lease_all(crowd.http, queue)
    expire(crowd.client, queue)
    answers = at_once(crowd, [lambda: crowd.http.get(f"/q/{queue}?lease=30")] * CROWD)
    assert sorted(values([answer.json() for answer in answers]), key=int) == [
        str(number) for number in range(1, CROWD + 1)]
    assert {answer.json()["deliveries"] for answer in answers} == {2}
