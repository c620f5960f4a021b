/* alink.h - Redis for an event loop: one connection for calls, one for subscriptions, both of which
 * come back by themselves; in a cluster two for each master.
 *
 * Calls are run in the order in which they were given, in a cluster those of one owner; but those
 * whose answers may have messages may come behind others.  None is sent again but what Redis says
 * that it did not run.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_ALINK_H
#define WS_REDIS_ALINK_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/settings.h"
#include "base/status.h"
#include "redis/call.h"

struct alink;
struct hearer; /* of subscription.h */
struct turn;

/* What it tells; all from within the loop, never from within a function called here. */
struct alink_events {
    /* Both connections stand, and everything is subscribed again.  In a cluster: those of one
     * master; the others' calls fail, and channels wait, by themselves. */
    void (*up)(void *user);
    /* One of them was lost: what was published until the next up() is lost.  In a cluster: those of
     * all masters. */
    void (*down)(void *user);
    /* It could not be connected to, or not to one of its masters, and will be tried again.  May be
     * NULL. */
    void (*failed)(void *user);
    /* A call has run, and there is something to tidy up of that queue; before its done().  May be
     * NULL. */
    void (*trash)(void *user, const char *queue);
};

/* Begins to connect with the first turn of the loop, and counts what Redis says as of that turn's
 * CAUSE_REDIS.  The settings must outlive it or be replaced
 * by alink_configure(); events and user must outlive it. */
struct alink *alink_new(struct ev_loop *loop, struct turn *turn, const struct settings *settings,
                        const struct alink_events *events, void *user);
/* Calls that were not answered never will be.  Not from within what it tells. */
void alink_free(struct alink *alink);

/* Do both connections stand, with everything subscribed, so that calls run and what is published is
 * heard?  This is the one place that knows: nobody else keeps it.  True from within up() on; false
 * as soon as one of them is lost, which is a moment before down(), though calls may run still.  In
 * a cluster: is its map known, and one master there?  Whether a queue's is, its channels are told.
 */
bool alink_is_up(const struct alink *alink);

/* How often it was up again after it was down. */
unsigned long long alink_reconnects(const struct alink *alink);

/* Is it a cluster, so that each channel is told when it is heard, and when it is not? */
bool alink_is_cluster(const struct alink *alink);

/* The number of the node that has this slot, below CLUSTER_NODES of redis/cluster.h, until the map
 * changes; -1: it is not known.  Without a cluster 0. */
int alink_node(const struct alink *alink, int slot);

/* As link_configure(); down() comes with the next turn of the loop. */
void alink_configure(struct alink *alink, const struct settings *old,
                     const struct settings *settings);

/* The call has run: as from link_run(). */
typedef void alink_done(void *user, enum status status, const struct reason *reason);

/* Sends the call.  What the call has borrowed is copied, and need not outlive this function; call
 * and result must live, unchanged, until done() was called, which happens exactly once and never
 * before this returns.  While Redis is away: UNAVAILABLE.  done may be NULL.  Where its answer may
 * be large it waits for other such ones first, see window.h. */
void alink_run(struct alink *alink, struct call *call, alink_done *done, void *user);

/* The same for a call that need not run when nobody is left to take its answer.  That is asked if
 * it had to wait; UNAVAILABLE then. */
typedef bool alink_wanted(void *user);
void alink_run_if(struct alink *alink, struct call *call, alink_wanted *wanted, alink_done *done,
                  void *user);

/* May its answer be large, as far as is known? */
bool alink_expects_much(const struct alink *alink, const struct call *call);

/* How many calls wait for their done(). */
size_t alink_waiting(const struct alink *alink);

/* Bytes that are not written yet, or read and not complete. */
size_t alink_bytes(const struct alink *alink);

/* The channel's name is copied.  Subscribing twice, or ending what is not subscribed, is a mistake
 * of the caller.  What is published after done() is heard.  While Redis is away the names are kept,
 * and done(UNAVAILABLE) comes; in a cluster that may come later, too, and done(OK) again.  After
 * alink_unsubscribe() nothing comes, no done() either. */
void alink_subscribe(struct alink *alink, const char *channel, const struct hearer *hearer,
                     void *user);
void alink_unsubscribe(struct alink *alink, const char *channel);

#endif
