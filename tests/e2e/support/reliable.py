# reliable.py - what the tests of leases, delays and dead letters have in common.
#
# Time is not waited for: let_pass() moves the deadlines of a queue into the past.  Only where the
# clock itself is the subject does a test sleep.
#
# SPDX-License-Identifier: BSD-2-Clause

import contextlib
import re
import urllib.parse

import stack as servers
from checks import assert_error, assert_json, part

TOKEN = re.compile(r"[0-9a-f]{32}([-.]\d+)?")
NDJSON = {"Content-Type": "application/x-ndjson"}

# No whole number: not one of these is ever taken for something else, clamped or rounded.
NO_NUMBERS = ["-1", "-0", "1.5", "1e1", "0x10", "abc", "1x", "%201", "1%20", "+1", "%2b1", "01",
              "00", "", "9223372036854775808", "18446744073709551617", "99999999999999999999999",
              "NaN", "Infinity", "%d9%a1"]


# --- messages -----------------------------------------------------------------------------------

def push_batch(http, queue, count, **options):
    """Pushes the numbers 1…count in one request; returns the keys."""
    query = "&".join(f"{name}={value}" for name, value in options.items())
    lines = "".join(f"{number}\n" for number in range(1, count + 1))
    return assert_json(http.post(f"/q/{queue}?{query}", lines, NDJSON))


def lease(http, queue, seconds=30):
    """The oldest message under a lease, None when there is none."""
    response = http.get(f"/q/{queue}?lease={seconds}")
    if response.status == 204:
        return None
    message = assert_json(response)
    assert TOKEN.fullmatch(message["lease"])
    return message


def lease_all(http, queue, seconds=30):
    """Every message that is to be had, each under a lease of its own request."""
    return list(iter(lambda: lease(http, queue, seconds), None))


def lease_many(http, queue, count, seconds=30):
    """So many messages in as few requests as it takes: while hundreds come back, one may give fewer."""
    messages = []
    while len(messages) < count:
        messages += assert_json(
            http.get(f"/q/{queue}?count={count - len(messages)}&lease={seconds}"))
    return messages


def claim(message, queue=None):
    """The path of whoever holds the lease."""
    queue = queue or message["key"].rpartition(":")[0]
    return f"/q/{queue}?key={message['key']}&lease={message['lease']}"


def ack(http, message, queue=None):
    return http.delete(claim(message, queue))


def extend(http, message, seconds, queue=None):
    return http.request("PUT", claim(message, queue) + f"&extend={seconds}")


def release(http, message, queue=None, delay=None, reason=None):
    return http.request("PUT", claim(message, queue) + "&release=1"
                        + (f"&delay={delay}" if delay is not None else "")
                        + (f"&reason={urllib.parse.quote(reason)}" if reason is not None else ""))


def values(messages):
    return [message["value"] for message in messages]


def policy(http, queue, **settings):
    assert http.post(f"/p/{queue}", form=settings).status == 200


def stats(http, queue, *names):
    """Numbers of a queue: all of them, or a tuple of those named."""
    numbers = assert_json(http.get(f"/stats/{queue}"))
    return tuple(numbers[name] for name in names) if names else numbers


# --- time ---------------------------------------------------------------------------------------

def let_pass(redis, queue, seconds):
    """As if so much time had gone by for the leased and the delayed messages of a queue."""
    for name in "leases", "delayed":
        scores = redis.zrange(part(queue, name), 0, -1, withscores=True)
        if scores:      # all at once: a helper may be there, which brings back what is due
            redis.zadd(part(queue, name), {key: score - seconds * 1000 for key, score in scores}, xx=True)


def expire(redis, queue):
    """All leases run out and all delayed messages are due, in the order they have."""
    let_pass(redis, queue, 10 ** 8)


def now_ms(redis):
    seconds, micros = redis.time()
    return seconds * 1000 + micros / 1000


def leave_trash(redis, queue, count):
    """As a process that purged so many messages and ended before it removed their bodies."""
    keys = [f"{queue}:{number}" for number in range(1, count + 1)]
    redis.mset(dict.fromkeys(keys, "old"))
    redis.set(f"{queue}:UUID", count)
    redis.lpush(part(queue, "trash"), 1)
    redis.lpush(part(queue, "trash") + ":1", *keys)


# --- nothing happened ---------------------------------------------------------------------------

# All that there is, but for what a helper says of itself every few seconds, for its samples, and for the list
# of queues, which has those with something due, too.
CONTENT = """
local function is_its_own(key)
    return key == 'QUEUESET' or key == 'restmq:index' or key:find('}:sampled$') or key:find('}:history$')
        or key:find('helpers', 1, true) or key:find('walker', 1, true)
end
local found = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
    if not is_its_own(key) then
        found[#found + 1] = key .. ' ' .. redis.sha1hex(redis.call('DUMP', key))
    end
end
return found
"""


DUE = re.compile(rb"restmq:\{(.*)\}:(?:delayed|leases|trash)")


def without_due(content):
    """But for queues of which a helper may bring something back, or sweep, by itself."""
    due = {found[1] for found in map(DUE.match, content) if found}
    return {line for line in content if not any(name in line for name in due)}


def changes(redis):
    """How often anything was changed in this Redis, or what there is where helpers change something all the
    time; with hash tags a queue is listed before its first push, which may be refused: that is not counted."""
    if servers.WEB_SERVERS[servers.default_server] is servers.Itself:
        return without_due(redis.eval(CONTENT, 0))
    is_listing = servers.hash_tags and redis.type("QUEUESET") == b"set"
    listed = redis.scard("QUEUESET") if is_listing else 0
    return redis.info("persistence")["rdb_changes_since_last_save"] - listed


@contextlib.contextmanager
def nothing_changes(redis):
    """Fails when the block changed anything in Redis."""
    before = changes(redis)
    yield
    after = changes(redis)
    what = after ^ before if isinstance(after, set) else after - before
    assert not what, f"a refused request changed Redis: {what}"


def assert_stale(redis, *responses):
    """409: each of these functions asks for something with a token that is not, or no longer, that
    of the lease.  Nothing changes."""
    for respond in responses:
        with nothing_changes(redis):
            assert_error(respond(), 409, "stale_lease")


def assert_refused(redis, respond, code, *mentions, status=400):
    with nothing_changes(redis):
        return assert_error(respond(), status, code, *mentions)


# --- the consistency check ----------------------------------------------------------------------

class Fsck:
    """One run of restmq fsck: exit code, lines, and the numbers of the last line.  It looks at
    all queues that there are: for a Redis that only the test fills."""

    LAST = re.compile(r"(\d+) queues?, (\d+) findings?, (\d+) mended, (\d+) problems? left")

    def __init__(self, builddir, config, *options, timeout=60):
        done = servers.restmq(builddir, "fsck", "--config", config, *options, timeout=timeout)
        self.code, self.errors = done.returncode, servers.shown(done.stderr)
        self.lines = servers.shown(done.stdout).splitlines()
        last = self.LAST.fullmatch(self.lines[-1]) if self.lines else None
        self.queues, self.findings, self.mended, self.problems = (
            map(int, last.groups()) if last else [None] * 4)

    def __repr__(self):
        return "\n".join([f"exit {self.code}", *self.lines, self.errors])


def assert_sound(stack, builddir, findings=0):
    """The queues of a stack fit together."""
    fsck = Fsck(builddir, stack.responders.config, "--grace", "0")
    assert (fsck.code, fsck.findings, fsck.problems) == (0, findings, 0), fsck
