/* unused.h - removes queues that nobody has used for as long as the setting queue_ttl says, a call
 * after the other.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_UNUSED_H
#define WS_FEED_UNUSED_H

#include "broker/removal.h"
#include "broker/round.h"

struct helper;

/* Some queues of a look; the first four members are filled in.  The look must stand until then().
 */
struct unused {
    struct helper *helper;
    struct round_look *look; /* gets the bits ROUND_UNUSED and ROUND_UNKNOWN */
    void *user;
    void (*then)(void *user); /* all of them are done */
    int at;                   /* queues of the look up to here are done */
    int tried;                /* removals that Redis was asked for */
    int removed;              /* queues that were removed */
    struct removal removal;
};

/* Asks which queues of the look are unused, and removes them.  The setting queue_ttl is not off. */
void unused_begin(struct unused *unused);

#endif
