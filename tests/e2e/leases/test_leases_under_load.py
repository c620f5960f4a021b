# test_leases_under_load.py - what a lease promises, under load and with workers and responders killed:
# nothing is lost, nothing is acked twice, nobody holds what another one holds.
#
# SPDX-License-Identifier: BSD-2-Clause

import collections
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

import stack as servers
from parallel import in_parallel, is_replay, push_once
from reliable import assert_sound, part, push_batch, stats

pytestmark = pytest.mark.load

CLIENT = os.path.join(servers.HERE, "lease_client.py")


class Crew:
    """Clients, and the logs of all there ever were."""

    def __init__(self, stack, folder):
        self.stack = stack
        self.folder = folder
        self.count = itertools.count()
        self.at_work = []

    def hire(self, *role):
        log = os.path.join(self.folder, f"{role[0]}{next(self.count)}.log")
        port = str(self.stack.port)
        client = subprocess.Popen([sys.executable, "-B", CLIENT, port, "foo", log,
                                   *map(str, role)],
                                  stdin=subprocess.PIPE)
        self.at_work.append(client)
        return client

    def kill(self, client):
        client.kill()
        client.wait()
        client.stdin.close()
        self.at_work.remove(client)

    def finish(self):
        """Tells all that it is enough, and waits for them."""
        for client in self.at_work:
            client.stdin.close()
        for client in self.at_work:
            assert client.wait(60) == 0
        self.at_work = []

    def notes(self, role=""):
        """Every line, split, log after log; the last one of a killed client may be cut."""
        for name in sorted(os.listdir(self.folder)):
            if name.startswith(role):
                with open(os.path.join(self.folder, name)) as log:
                    yield from (line.split() for line in log if line.endswith("\n"))


@pytest.fixture
def crew_of(tmp_path):
    """crew_of(stack); whoever is left at the end is killed."""
    crews = []

    def gather(stack):
        crews.append(Crew(stack, tmp_path))
        return crews[-1]

    yield gather
    for crew in crews:
        for client in list(crew.at_work):
            crew.kill(client)


# --- workers that are killed --------------------------------------------------------------------

MESSAGES = 50000


def hoard_all(stack, crew):
    """Two workers lease every message there is, and are killed while they hold them."""
    hoarders = [crew.hire("hoard", 8, 500) for _ in range(2)]
    servers.wait_for(lambda: stats(stack.http, "foo", "len", "leased") == (0, MESSAGES))
    servers.wait_for(lambda: sum(note[0] == "lease" for note in crew.notes("hoard")) == MESSAGES)
    for hoarder in hoarders:
        crew.kill(hoarder)


def work_off(stack, crew):
    """Workers of whom one is killed every now and then, until nothing is left; how many were."""
    for _ in range(3):
        crew.hire("work", 4, 50)
    kills = 0
    while stats(stack.http, "foo", "len", "leased", "delayed") != (0, 0, 0):
        time.sleep(0.5)
        if kills < 12 and stats(stack.http, "foo", "acked") > (0,):
            crew.kill(crew.at_work[0])
            crew.hire("work", 4, 50)
            kills += 1
    crew.finish()
    return kills


def test_killed_workers_lose_nothing(builddir, crew_of):
    """Every message is delivered again after its deadline, and acked exactly once in the end."""
    with servers.Stack(builddir, workers=4) as stack:
        crew = crew_of(stack)
        for _ in range(MESSAGES // 1000):
            push_batch(stack.http, "foo", 1000)
        hoard_all(stack, crew)
        kills = work_off(stack, crew)
        assert stats(stack.http, "foo", "pushed", "removed", "acked", "len", "leased", "dead",
                     "dropped", "expired") == (MESSAGES, MESSAGES, MESSAGES, 0, 0, 0, 0, 0)
        assert stack.redis.client().dbsize() == 4      # QUEUESET, UUID, queuestat, stats
        assert_sound(stack, builddir)
    assert kills >= 5

    deliveries = collections.defaultdict(list)
    for note in crew.notes():
        if note[0] == "lease":
            key, times, until, ms = note[1], int(note[2]), int(note[3]), float(note[4])
            deliveries[key].append((times, ms, until))
    assert set(deliveries) == {f"foo:{number}" for number in range(1, MESSAGES + 1)}
    for key, rows in deliveries.items():
        rows.sort()
        assert rows[0][0] == 1 and len(rows) >= 2, f"{key} was not delivered again"
        for (times, _, until), (next_times, next_ms, _) in itertools.pairwise(rows):
            assert next_times > times, f"{key} was delivered twice as one"
            assert next_ms >= until, f"{key} was delivered before its deadline"

    acks = collections.Counter(note[1] for note in crew.notes()
                               if note[0] == "acked" and note[2] == "200")
    assert max(acks.values()) == 1, "acked twice"
    assert len(acks) >= MESSAGES - kills, "only an ack under way at a kill may be unknown"
    returned = sum(len(rows) - 1 for rows in deliveries.values())
    assert returned >= MESSAGES


# --- takers that compete ------------------------------------------------------------------------

TAKES = 100000


def list_twice(redis, count):
    """Every key stands twice: next to itself, a little further on, or far away."""
    dice = random.Random(5)
    keys = [(number, f"foo:{number}") for number in range(1, count + 1)]
    again = [(number + dice.choice([0, dice.random() * 40, dice.random() * 4 * count]), key)
             for number, key in keys]
    entries = [key for _, key in sorted(keys + again)]
    redis.delete("foo:queue")
    for at in range(0, len(entries), 1000):
        redis.lpush("foo:queue", *entries[at:at + 1000])
    assert redis.llen("foo:queue") == 2 * count


def test_two_takers_never_hold_the_same(builddir, crew_of):
    """A hundred thousand takes by four at once, of keys that stand twice, with keys of what is held
    listed again and again."""
    count = TAKES * 3 // 4 + 2000
    with servers.Stack(builddir, workers=4) as stack:
        crew, redis = crew_of(stack), stack.redis.client()
        for at in range(0, count, 1000):
            push_batch(stack.http, "foo", min(1000, count - at))
        list_twice(redis, count)
        takers = [crew.hire("contend", TAKES // 4) for _ in range(4)]
        dice = random.Random(7)
        while any(taker.poll() is None for taker in takers):
            keys = redis.zrandmember(part("foo", "leases"), 20) or []
            for key in keys:
                dice.choice([redis.lpush, redis.rpush])("foo:queue", key)
            time.sleep(0.02)
        crew.finish()

        holdings = collections.defaultdict(list)      # key → [[from, until], …]
        takes = 0
        for name in sorted(os.listdir(crew.folder)):
            held = {}
            with open(os.path.join(crew.folder, name)) as log:
                for note in map(str.split, log):
                    if note[0] == "lease":
                        takes += 1
                        held[note[1]] = [float(note[5]), float("inf")]
                        holdings[note[1]].append(held[note[1]])
                    elif note[0] == "release":
                        held[note[1]][1] = float(note[2])
                    else:
                        assert note[0] == "released" and note[2] == "200", note
        assert takes == TAKES
        for key, intervals in holdings.items():
            intervals.sort()
            for (_, until), (since, _) in itertools.pairwise(intervals):
                assert since > until, f"{key} was held twice"
        held = sum(intervals[-1][1] == float("inf") for intervals in holdings.values())
        assert held == TAKES * 3 // 4
        assert stats(stack.http, "foo", "leased", "returned") == (held, TAKES // 4)
        assert stats(stack.http, "foo", "dropped")[0] > 1000
        drain(stack.http)
        assert stats(stack.http, "foo", "leased") == (held,)
        assert_sound(stack, builddir)


def drain(http):
    """Takes what is ready; so that no key stands twice any more."""
    while http.get("/q/foo?count=1000").status == 200:
        pass


# --- responders that are killed -----------------------------------------------------------------

def killing(stack, seconds, every):
    """Kills responders for some time; how many."""
    end, kills = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        time.sleep(every)
        stack.responders.kill_one(signal.SIGKILL, kills)
        kills += 1
    return kills


def test_killed_responders_leave_nothing_half_done(builddir, crew_of):
    """Pushes, leases, extensions, releases and acks; only the request that a responder had in hand
    is unknown, and Redis holds together."""
    with servers.Stack(builddir, workers=4) as stack:
        crew = crew_of(stack)
        for seed in range(1, 5):
            crew.hire("mix", seed)
        kills = killing(stack, 8, 0.1)
        crew.finish()
        assert_sound(stack, builddir)

        notes = list(crew.notes())
        answers = collections.Counter((note[0], note[-1]) for note in notes
                                      if note[0] in ("pushed", "acked", "released", "extended"))
        unknown = sum(number for (_, status), number in answers.items() if status not in (
            "200", "409")) + sum(note[0] == "lost" for note in notes)
        assert kills >= 40 and unknown <= kills
        pushed, acked = answers["pushed", "200"], answers["acked", "200"]
        assert pushed > 100 and acked > 50

        there = stats(stack.http, "foo", "pushed", "acked", "returned", "len", "leased")
        assert there[0] == there[1] + there[3] + there[4], "a message is lost"
        for known, real in zip((pushed, acked, answers["released", "200"]), there):
            assert known <= real <= known + unknown
        # A token that does not hold is that of a request whose answer was lost.
        assert sum(number for (_, status), number in answers.items()
                   if status == "409") <= unknown
        acks = collections.Counter(note[1] for note in notes
                                   if note[0] == "acked" and note[2] == "200")
        assert max(acks.values()) == 1


def test_idempotent_pushes_while_responders_are_killed(builddir):
    """Fifty at once under one key, each sent until it is answered: one message and one answer."""
    def push_until_answered(http, number, index):
        for _ in range(100):
            try:
                response = push_once(http, "foo", str(number), once=f"k{number}")
            except Exception:      # the connection is gone
                continue
            if response.status == 200:
                return response
            assert response.status in (500, 502, 503, 504), response
            time.sleep(0.01)
        raise AssertionError("no answer")

    rounds = 30
    with servers.Stack(builddir, workers=8) as stack:
        killer = threading.Thread(target=killing, args=(stack, 5, 0.05))
        killer.start()
        for number in range(1, rounds + 1):
            answers = in_parallel(50, lambda index: push_until_answered(stack.http, number, index))
            assert {answer.text for answer in answers} == {f"foo:{number}\r\n"}
            assert sum(not is_replay(answer) for answer in answers) <= 1
        killer.join()
        assert stack.redis.client().get("foo:UUID") == b"%d" % rounds
        messages = stack.http.get("/q/foo?count=1000").json()
        assert [message["value"] for message in messages] == [
            str(number) for number in range(1, rounds + 1)]
        assert_sound(stack, builddir)
