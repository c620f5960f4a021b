/* crossings.c - which calls have keys of other owners, or keys that they do not declare.
 *
 * One Redis does not mind: each of these is one script and one round trip.  In a cluster a script
 * must not touch a key of another slot, so these are the calls that would have to be cut there.
 * Most are cut already where keys have hash tags.  tests/unit/test-owners.c builds every call and
 * compares it with this table, both ways, without tags and with them.
 *
 * The table knows what keys.c writes.  Scripts make other names out of these: bodies are KEY_PREFIX
 * and a number (":refcount" behind it is a counter), purged parts KEY_TRASH and a number,
 * remembered pushes KEY_ONCE and a client's text, rows of a pool KEY_POOL and a row.  All have the
 * hash tag that they are made of.  Dead letters are their queue's and have its tag.  The topic of
 * presence with a queue's name has that queue's tag.
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

static const char alive[] = "helpers that have rows on a topic are found in the topic's keys, and "
                            "whether they are alive stands in a key of each";

static const char dead_topic[] = "dead letters have consumers under a topic of their own";

static const char presence_sets[] = "which topics have somebody, which helpers there are and where "
                                    "they have rows stands in sets that must agree with the rows";

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
            BIT(STATS) | BIT(SETTINGS), many_queues),
    CROSSES("stats", ALWAYS, BIT(PRESENCE), dead_topic),
    CROSSES("stats", ALWAYS, BIT(HELPER), alive),

    /* queues that nobody uses */
    CROSSES("unused", UNTAGGED, BIT(COUNTER), many_queues),
    CROSSES("note", UNTAGGED,
            BIT(COUNTER) | BIT(STATUS) | BIT(LIST) | BIT(LEASES) | BIT(DELAYED) | BIT(TRASH) |
            BIT(SETTINGS) | BIT(POLICY) | BIT(REMEMBERS), many_queues),
    CROSSES("note", ALWAYS, BIT(PRESENCE), dead_topic),
    CROSSES("remove", UNTAGGED, BIT(NAMES) | BIT(UNUSED),
            "the queue's name leaves the list, and the note about it goes, with the queue's last key"),
    CROSSES("remove", ALWAYS, BIT(PRESENCE), dead_topic),
    CROSSES("remove", ALWAYS, BIT(HELPER), alive),
    CROSSES("join", UNTAGGED, BIT(UNUSED),
            "who joins uses the queue with that name from this moment on"),

    /* presence */
    CROSSES("join", ALWAYS, BIT(TOPICS) | BIT(HELPERS) | BIT(HELPER_TOPICS), presence_sets),
    CROSSES("leave", ALWAYS, BIT(TOPICS) | BIT(HELPERS) | BIT(HELPER_TOPICS), presence_sets),
    CROSSES("beat", ALWAYS, BIT(HELPERS), presence_sets),
    CROSSES("tidy", ALWAYS, BIT(TOPICS) | BIT(PRESENCE) | BIT(PRESENCE_NEWS), presence_sets),
    CROSSES("tidy", ALWAYS, BIT(HELPER), alive),
    CROSSES("topics", ALWAYS, BIT(PRESENCE), presence_sets),
    CROSSES("topics", ALWAYS, BIT(HELPER), alive),
    CROSSES("who", ALWAYS, BIT(HELPER), alive),
    CROSSES("muster", ALWAYS, BIT(HELPER), alive),
    {0},
};
// clang-format on
