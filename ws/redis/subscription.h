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

/* A channel is subscribed, or UNAVAILABLE: for now it is not. */
typedef void subscription_done(void *user, enum status status, const struct reason *reason);

/* What they tell; from within the loop, but for refused() and lost(). */
struct subscriptions_events {
    /* One more of them is confirmed, so that all may be. */
    void (*complete)(void *user);
    /* As of wire.h.  What is published until all are complete again is lost. */
    void (*lost)(void *user, const char *what, const char *why);
    /* subscriptions_tell_refused() has something to tell, once nobody is inside a function here. */
    void (*refused)(void *user);
    /* Something came, of whatever channel: a moment for subscriptions_ask_held(). */
    void (*heard)(void *user);
    /* As of alink.h.  flooded(): a sharded channel that Redis has ended, too. */
    void (*message)(void *user, const char *channel, size_t channel_len, const char *data,
                    size_t len);
    void (*flooded)(void *user, const char *channel);
    void (*busy)(void *user, bool is_busy);
};

/* Begins to connect with the first turn of the loop.  All that is given must outlive it. */
struct subscriptions *subscriptions_new(struct ev_loop *loop, const struct nodes *nodes,
                                        const struct subscriptions_events *events, void *user);
void subscriptions_free(struct subscriptions *all);

/* As alink_subscribe() and alink_unsubscribe(). */
void subscriptions_add(struct subscriptions *all, const char *channel, subscription_done *done,
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
