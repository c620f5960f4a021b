/* settling.h - the end of leases that this helper has of one queue: what was received is acked, the
 * rest given back.
 *
 * The acts of a turn become one call at its end, in their order.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_SETTLING_H
#define WS_FEED_SETTLING_H

#include <stddef.h>

#include "ws/feed/delivery.h"

struct acts;
struct feed;
struct held;
struct helper;
struct sent;
struct sent_list;

struct settling {
    struct helper *helper;
    struct held *held; /* which a call keeps in memory */
    struct feed *feed; /* for mark() */
    const char *queue;
    struct sent_list *sent; /* broadcasts that are forgotten once they are acked */
    struct acts *acts;      /* of this turn; NULL: none */

    /* settling_run() is to follow at the end of this turn. */
    void (*mark)(struct feed *feed);
};

/* The message and the lease of an act. */
struct leased {
    const char *key;
    size_t key_len;
    const char *token;
    struct sent *sent; /* the broadcast that is acked; NULL: none */
};

void settling_add(struct settling *settling, enum settle_act act, const struct leased *leased);
settle_delivery settling_delivery; /* user is the settling */

/* Gives back messages that no consumer was given, so that the first is the next one out again. */
void settling_return(struct settling *settling, const struct message *messages, int count);

void settling_run(struct settling *settling);

#endif
