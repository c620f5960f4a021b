/* placing.h - which node of a Redis Cluster each channel is subscribed at.  A part of alink.h.
 *
 * A sharded channel belongs to the master of its slot, any other one to the node that is at home.
 * When that is another node they move.  Whoever listens is told by done() when its channel is
 * heard, and again whenever it is not for now (UNAVAILABLE), or is again.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_PLACING_H
#define WS_REDIS_PLACING_H

#include <stdbool.h>
#include <stddef.h>

struct hearer;
struct placing;
struct site;
struct sites;

struct placing_events {
    /* Redis has ended a subscription, or refused one: the slot may be at another node. */
    void (*stale)(void *user);
    /* placing_tell() is due, from the loop. */
    void (*soon)(void *user);
};

struct placing *placing_new(struct sites *sites, const struct placing_events *events, void *user);

/* NULL is none, here and below.  The sites are there still. */
void placing_free(struct placing *placing);

/* As alink_subscribe() and alink_unsubscribe(). */
void placing_add(struct placing *placing, const char *channel, const struct hearer *hearer,
                 void *user);
void placing_remove(struct placing *placing, const char *channel);

/* The map is another one, or the home: moves what belongs elsewhere. */
void placing_settle(struct placing *placing);

/* As of site_events. */
void placing_up(struct placing *placing, const struct site *site);
void placing_down(struct placing *placing, const struct site *site);
void placing_failed(struct placing *placing, const struct site *site);

/* Tells channels that have no node for now. */
void placing_tell(struct placing *placing);

#endif
