/* flood.h - publications that come faster than they are read.
 *
 * Redis holds what a subscriber has not read, and ends the connection of one that leaves too much.
 * All channels here have one connection.  So while much is published, Redis is asked how much it
 * holds, and of which channel most of it is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_FLOOD_H
#define WS_REDIS_FLOOD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "redis/call.h"

/* The bytes that were heard of one channel; zeroed memory is none. */
struct flow {
    unsigned epoch;
    size_t bytes;
};

/* The bytes that were heard of all channels since Redis last held little. */
struct flood {
    long long client; /* the connection's number in Redis; 0: it may not be asked for */
    unsigned epoch;
    size_t bytes, unasked;
    bool is_asking;
    int failures;   /* in a row */
    long long held; /* bytes */
    struct call call;
};

/* Another connection. */
void flood_begin(struct flood *flood, long long client);
void flood_clear(struct flood *flood);

/* So many bytes came; flow NULL: of a channel that is not ours any more.  Is it time to ask? */
bool flood_heard(struct flood *flood, struct flow *flow, size_t bytes);

/* The call that asks Redis, NULL: not now.  flood_asked() must follow, once it has run; true: Redis
 * holds too much. */
struct call *flood_ask(struct flood *flood);
bool flood_asked(struct flood *flood, enum status status);

/* The bytes of the channel in that; 0 when it is not one of those that flood us. */
size_t flood_share(const struct flood *flood, const struct flow *flow);

#endif
