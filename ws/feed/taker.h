/* taker.h - a consumer or a long-poll, as the feed of its queue sees it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_TAKER_H
#define WS_FEED_TAKER_H

#include <stdbool.h>

#include "broker/message.h"
#include "ws/feed/delivery.h"
#include "ws/net/fanout.h"

struct taker;

struct taker_kind {
    /* How many more messages it could take now. */
    int (*room)(const struct taker *taker);

    /* Gives it a message that was taken under a lease of the helper's.  False: it was too slow, and
     * is gone. */
    bool (*give)(struct taker *taker, const struct message *message);

    /* The taker has left, and nothing refers to it any more. */
    void (*free)(struct taker *taker);
};

/* Embedded in whatever takes messages. */
struct taker {
    const struct taker_kind *kind;
    struct member member;       /* of all who take from the feed; with the connection */
    struct taker *next, **link; /* in the line of takers; link NULL: not there */
    struct deliveries deliveries;
    int prefetch;         /* messages that it may hold unacked */
    unsigned refs : 31;   /* its own, and one of each call that prolongs its leases */
    bool is_explicit : 1; /* it acks by itself */
};

/* Fills zeroed memory; taker_drop() then ends it. */
void taker_init(struct taker *taker, const struct taker_kind *kind, struct conn *conn);
void taker_hold(struct taker *taker);
void taker_drop(struct taker *taker);

/* The one that has this member. */
struct taker *taker_of(struct member *member);

/* Consumers with ack=explicit leave: the policy is broadcast. */
void takers_end_explicit(const struct fanout *takers);

/* Takers with room for more, in the order in which they came. */
struct takers {
    struct taker *first, **last;
};

void takers_init(struct takers *takers);

/* Into the line, behind the others, and out of it.  False: it has no room, or is there already. */
bool takers_add(struct takers *takers, struct taker *taker);
void takers_remove(struct takers *takers, struct taker *taker);

/* How many messages they could be given now, `enough` at most; that many are looked at. */
int takers_room(const struct takers *takers, int enough);

#endif
