/* crossings.c - which calls have keys of other owners, or keys that they do not declare.
 *
 * One Redis does not mind: each of these is one script and one round trip.  In a cluster a script
 * must not touch a key of another slot, so with hash tags none has keys of other owners.
 * tests/unit/test-owners.c builds every call and compares it with this table, both ways, without
 * tags and with them.
 *
 * The table knows what keys.c writes.  Scripts make other names out of these: bodies are KEY_PREFIX
 * and a number (":refcount" behind it is a counter), purged parts KEY_TRASH and a number,
 * remembered pushes KEY_ONCE and a client's text, rows of a pool KEY_POOL and a row.  All have the
 * hash tag that they are made of.  Dead letters are their queue's and have its tag.  The topics of
 * presence with the names of a queue and of its dead letters have that queue's tag.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/crossings.h"

#include "broker/keys.h"

#define BIT(name) (1ULL << KEY_##name)

/* The keys of one queue that these calls ask about, for each of their queues. */
static const char many_queues[] = "one call for many queues, each of which is an owner: a call for "
                                  "each would be as many round trips";

static const char listed[] = "a queue is listed in the same step as its first entry, so that no "
                             "crash leaves messages that nobody finds";

static const char dead_listed[] = "dead letters are a queue of their own, which is listed in the "
                                  "same step as its first entry";

static const char seldom[] = "seldom touched: each word of a call costs Redis and us a tenth of a "
                             "microsecond (scripts/rare.lua)";

#define CROSSES(call, when, keys, why)                                                             \
    {                                                                                              \
        call, CROSSING_##when, keys, 0, why                                                        \
    }
#define HIDES(call, when, keys, why)                                                               \
    {                                                                                              \
        call, CROSSING_##when, 0, keys, why                                                        \
    }

// clang-format off
const struct crossing crossings[] = {
    /* messages */
    CROSSES("push", UNTAGGED, BIT(NAMES), listed),
    HIDES("push", ALWAYS, BIT(LEASES) | BIT(DELAYED) | BIT(ONCE) | BIT(RECEIPTS) | BIT(STATS), seldom),
    CROSSES("arrive", UNTAGGED, BIT(NAMES), listed),
    CROSSES("take", UNTAGGED, BIT(NAMES), dead_listed),
    HIDES("take", ALWAYS, BIT(STATS) | BIT(LIST) | BIT(STATUS) | BIT(RECEIPTS), seldom),
    HIDES("take", TAGGED, BIT(NAMES), seldom),
    CROSSES("peek", UNTAGGED, BIT(NAMES), dead_listed),
    CROSSES("release", UNTAGGED, BIT(NAMES), dead_listed),
    CROSSES("settle", UNTAGGED, BIT(NAMES), dead_listed),
    CROSSES("sweep", UNTAGGED, BIT(NAMES), dead_listed),
    CROSSES("redrive", UNTAGGED, BIT(NAMES), dead_listed),
    CROSSES("revive", UNTAGGED, BIT(NAMES), listed),
    CROSSES("value", UNTAGGED, BIT(NAMES),
            "a value is told of queues only that are listed; other programs have keys of that form"),

    /* many queues at once */
    CROSSES("tick", UNTAGGED, BIT(LIST) | BIT(LEASES) | BIT(DELAYED) | BIT(STATUS) | BIT(POLICY),
            many_queues),
    CROSSES("EXISTS", UNTAGGED, BIT(LEASES) | BIT(DELAYED) | BIT(TRASH), many_queues),
    CROSSES("waits", UNTAGGED, BIT(LEASES) | BIT(DELAYED) | BIT(TRASH), many_queues),
    CROSSES("exists", UNTAGGED,
            BIT(TRASH) | BIT(LEASES) | BIT(DELAYED) | BIT(LIST) | BIT(RECEIPTS), many_queues),
    CROSSES("stats", UNTAGGED,
            BIT(LIST) | BIT(COUNTER) | BIT(STATUS) | BIT(POLICY) | BIT(LEASES) | BIT(DELAYED) |
            BIT(STATS) | BIT(SETTINGS) | BIT(PRESENCE) | BIT(SAMPLED), many_queues),

    /* samples */
    CROSSES("quick", UNTAGGED, BIT(LIST) | BIT(COUNTER), many_queues),
    CROSSES("gauge", UNTAGGED,
            BIT(LIST) | BIT(COUNTER) | BIT(STATUS) | BIT(POLICY) | BIT(LEASES) | BIT(DELAYED) |
            BIT(STATS) | BIT(SETTINGS) | BIT(TRASH) | BIT(PRESENCE), many_queues),
    CROSSES("sample", UNTAGGED, BIT(SAMPLED) | BIT(HISTORY), many_queues),
    CROSSES("history", UNTAGGED, BIT(SAMPLED) | BIT(HISTORY), many_queues),

    /* queues that nobody uses */
    CROSSES("unused", UNTAGGED, BIT(COUNTER), many_queues),
    CROSSES("note", UNTAGGED,
            BIT(COUNTER) | BIT(STATUS) | BIT(LIST) | BIT(LEASES) | BIT(DELAYED) | BIT(TRASH) |
            BIT(SETTINGS) | BIT(POLICY) | BIT(REMEMBERS) | BIT(PRESENCE), many_queues),
    CROSSES("remove", UNTAGGED, BIT(NAMES) | BIT(UNUSED),
            "the queue's name leaves the list, and the note about it goes, with the queue's last key"),
    CROSSES("join", UNTAGGED, BIT(UNUSED),
            "who joins uses the queue with that name from this moment on"),
    {0},
};
// clang-format on
