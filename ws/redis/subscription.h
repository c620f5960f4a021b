/* subscription.h - what the helper is subscribed to in Redis: one connection, on which all channels
 * are subscribed again whenever it comes back.  A part of alink.h, which says when.  Channels that
 * begin with a brace are sharded ones, see broker/keys.h: these Redis may end one by one.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_SUBSCRIPTION_H
#define WS_REDIS_SUBSCRIPTION_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct call;
struct nodes;
struct subscriptions;
struct turn;

/* What whoever subscribes is told, from within the loop. */
struct hearer {
    /* The channel is subscribed, or UNAVAILABLE: for now it is not.  Once; but alink.h tells it in
     * a cluster whenever that changes, see placing.h.  May be NULL. */
    void (*done)(void *user, enum status status, const struct reason *reason);
    /* Something was published since then; valid during the call.  May be NULL. */
    void (*heard)(void *user, const char *data, size_t len);
    /* The channel is flooded, and was left before Redis ends the subscription of all.  It may be
     * subscribed again later.  May be NULL. */
    void (*flooded)(void *user);
    /* It is a sharded one, and Redis has ended it, or in a cluster refused it, as its slot is
     * elsewhere: it is left.  NULL: as flooded(). */
    void (*ended)(void *user);
};

/* What they tell; from within the loop, but for refused() and lost(). */
struct subscriptions_events {
    /* One more of them is confirmed, so that all may be. */
    void (*complete)(void *user);
    /* As of wire.h.  What is published until all are complete again is lost. */
    void (*lost)(void *user, const char *what, const char *why);
    /* subscriptions_tell_refused() has something to tell, once nobody is inside a function here. */
    void (*refused)(void *user);
    /* So much came that it is time for subscriptions_ask_held(). */
    void (*much)(void *user);
};

/* Begins to connect with the first turn of the loop.  All that is given must outlive it. */
struct subscriptions *subscriptions_new(struct ev_loop *loop, struct turn *turn,
                                        const struct nodes *nodes,
                                        const struct subscriptions_events *events, void *user);
void subscriptions_free(struct subscriptions *all);

/* As alink_subscribe() and alink_unsubscribe(). */
void subscriptions_add(struct subscriptions *all, const char *channel, const struct hearer *hearer,
                       void *user);
void subscriptions_remove(struct subscriptions *all, const char *channel);

/* Has Redis confirmed all that were there when the connection was made? */
bool subscriptions_are_complete(const struct subscriptions *all);

/* At the end of a turn: asks for what was added, and writes. */
void subscriptions_flush(struct subscriptions *all);

/* Calls done(UNAVAILABLE) for those that have to wait for Redis. */
void subscriptions_tell_refused(struct subscriptions *all);

/* The call that asks how much Redis holds for this connection (see flood.h), NULL: not now.  The
 * second function must follow when it has run. */
struct call *subscriptions_ask_held(struct subscriptions *all);
void subscriptions_asked_held(struct subscriptions *all, enum status status);

/* Bytes that are not written yet, or read and not complete. */
size_t subscriptions_bytes(const struct subscriptions *all);

/* As wire_break() and wire_renew(). */
void subscriptions_break(struct subscriptions *all, const char *what, const char *why);
void subscriptions_renew(struct subscriptions *all);

#endif
