# samples.py - histories of queues as scripts/sample.lua would have written them, for those who cannot wait for days.
#
# SPDX-License-Identifier: BSD-2-Clause

from checks import part

COLUMNS = ["pushed", "taken", "acked", "leased", "passed", "returned", "delayed", "dead", "died"]
GROWING = 3
KINDS = {"a": (10, 60), "b": (300, 288)}      # seconds of a slot, slots of a chunk


def number(value):
    text = bytearray()
    while value >= 128:
        text.append(128 + value % 128)
        value //= 128
    text.append(value)
    return bytes(text)


def difference(value):
    return number(2 * value if value >= 0 else -2 * value - 1)


def chunks_of(kind, samples):
    """Field -> rows; and how much the growing columns grew in the end.  samples: (slot of ten seconds, columns)."""
    seconds, slots = KINDS[kind]
    chunks, last, growth = {}, [0] * len(COLUMNS), [0] * GROWING
    for at, columns in samples:
        slot = at * 10 // seconds
        field = f"{kind}{slot // slots}"
        if field not in chunks:
            chunks[field], last, growth = b"", [0] * len(COLUMNS), [0] * GROWING
        grown = [now - before for now, before in zip(columns, last)]
        told = [now - before for now, before in zip(grown, growth)] + grown[GROWING:]
        chunks[field] += b"\xff" + number(slot % slots) + b"".join(map(difference, told))
        last, growth = columns, grown[:GROWING]
    return chunks, growth


def line(slot, columns, growth):
    return " ".join(map(str, [slot * 10000, slot, *columns, *growth]))


def write_history(redis, queue, samples, ages=b""):
    """samples: (seconds, {column: number}), of different slots, the oldest first; the last one is the last that was
    taken.  ages: see sample.lua."""
    fine = [(int(seconds) // 10, [numbers.get(column, 0) for column in COLUMNS]) for seconds, numbers in samples]
    coarse = [one for one, following in zip(fine, fine[1:]) if one[0] // 30 != following[0] // 30]
    hour_ago = fine[-1][0] - 366
    rows, growth = chunks_of("a", [one for one in fine if one[0] > hour_ago])
    days, past_growth = chunks_of("b", coarse)
    history = {**rows, **days}
    fields = {"last": line(*fine[-1], growth), "ages": ages, "bytes": sum(map(len, history.values()))}
    if coarse:
        fields["past"] = line(*coarse[-1], past_growth)
    redis.hset(part(queue, "history"), mapping=history)
    redis.hset(part(queue, "sampled"), mapping=fields)


def write_runs(redis, since, until):
    """Samples were taken all that time, in seconds."""
    redis.hset("restmq:index", "runs", f"{int(since) * 1000}-{int(until) * 1000}")
