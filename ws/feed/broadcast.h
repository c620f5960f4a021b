/* broadcast.h - messages of one queue for all of its consumers, at every helper.
 *
 * Redis publishes them on a channel, and each helper sends on what arrives there, its own messages
 * too: so all consumers see one order.  Before the next ones are taken the helper waits for its own
 * to come back.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_BROADCAST_H
#define WS_FEED_BROADCAST_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "broker/token.h"
#include "ws/feed/delivery.h"
#include "ws/feed/sent.h"

struct settling;
struct source;

struct broadcast {
    struct source *source; /* the consumers here */
    struct settling *settling;
    struct sent_list sent;
    /* Of those that this helper has published: */
    char token[TOKEN_RANDOM + 1]; /* what their tokens begin with; empty: none is on its way */
    int published;                /* as Redis has told; 0 before that */
    int heard;                    /* have come back, perhaps before Redis has told */
    ev_tstamp began_at;
    struct deliveries unheard; /* that no consumer here has got: all had left */
};

void broadcast_init(struct broadcast *broadcast, struct source *source, struct settling *settling);
void broadcast_clear(struct broadcast *broadcast);

/* A call with that token is under way; Redis has told how many messages it has published, and 0 if
 * none or if that is not known. */
void broadcast_begin(struct broadcast *broadcast, const char *token);
void broadcast_told(struct broadcast *broadcast, int published);

/* Something was published on the queue's channel. */
void broadcast_heard(struct broadcast *broadcast, const char *data, size_t len);

/* Is it known that some are still on their way back? */
static inline bool broadcast_is_awaited(const struct broadcast *broadcast)
{
    return broadcast->published > broadcast->heard;
}

/* Messages that are awaited will not come any more; messages that came without a consumer are given
 * back. */
void broadcast_end(struct broadcast *broadcast);

/* A second has passed: what is awaited for too long is not any more. */
void broadcast_step(struct broadcast *broadcast);

#endif
