/* feed.h - one queue with consumers or long-polls here: wakes up, takes messages, decides who gets
 * them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_FEED_H
#define WS_FEED_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/policy.h"
#include "ws/feed/broadcast.h"
#include "ws/feed/holder.h"
#include "ws/feed/lease.h"
#include "ws/feed/settling.h"
#include "ws/feed/source.h"
#include "ws/feed/taker.h"
#include "ws/feed/waits.h"
#include "ws/net/turn.h"
#include "ws/redis/job.h"

struct helper;

/* All feeds. */
struct feeds {
    struct helper *helper;
    struct sources sources; /* by the name of the queue */

    /* The leases of one more are prolonged, after feed_renew(), or will not be. */
    void (*renewed)(void *user);
    /* In a cluster: one that was lost is heard again; it is to be looked for at the end of the
     * turn. */
    void (*returned)(void *user);
    void *user;
};

/* In a cluster: has the queue's node been there? */
enum feed_stage {
    FEED_HERE,
    FEED_LOST,      /* no */
    FEED_RETURNING, /* it is back, and messages are not taken yet: see comeback.h */
};

enum { FEED_PUSHES, FEED_EVENTS, FEED_BROADCASTS }; /* its listenings */

struct feed {
    struct source source; /* the first member; under the name of the queue, for the takers */
    struct feeds *feeds;
    struct marked marked; /* at the end of this turn it is looked at */
    int users;            /* takers and waits */
    struct held held;     /* by calls under way */
    enum policy policy;   /* that Redis told last */
    enum feed_stage stage;
    bool may_have;       /* there may be messages that nobody has taken */
    bool is_stirred;     /* there may be leases or delays: it is looked at closely */
    bool is_taking;      /* a call for takers is under way */
    bool is_purged;      /* takers that were there then are to be ended */
    struct takers ready; /* in turn */
    struct waits waits;
    struct settling settling;
    struct leases leases;
    struct broadcast broadcast;
    struct holders holders;
};

/* The feed of a queue that has none: see feeds.h.  One that has no user is freed at the end of a
 * turn. */
struct feed *feed_new(struct feeds *feeds, const char *queue);
void feed_drop(struct feed *feed); /* it has a user less */

/* The feed may have something to do: it is looked at at the end of the turn. */
void feed_wake(struct feed *feed);

/* Takers: join, and leave for good.  What one has that leaves is given back; of its bytes so many
 * were written. */
void feed_join(struct feed *feed, struct taker *taker);
void feed_leave(struct feed *feed, struct taker *taker, uint64_t written);

/* The taker may be able to take more. */
void feed_ready(struct feed *feed, struct taker *taker);

/* The lease of that message, with that token, is over; if the taker has it at all. */
void feed_lease_ended(struct feed *feed, struct taker *taker, const char *key, size_t len,
                      const char *token);

/* Long-polls stand in line, all of one kind. */
void feed_wait(struct feed *feed, struct wait *wait, const struct wait_kind *kind);
void feed_unwait(struct wait *wait);

/* A call for a long-poll came back: the next one may ask. */
void feed_served(struct feed *feed, bool is_empty);

/* Is it known that nothing can be taken of its queue? */
bool feed_is_away(const struct feed *feed);

/* Looks at it at the end of this turn; an unused one is freed. */
void feed_mark(struct feed *feed);

/* A call for takers is under way, or what it has broadcast is not back yet. */
bool feed_is_taking(const struct feed *feed);

/* For the server: */
void feed_act(struct marked *marked); /* at the end of a turn; may free it */
void feed_tick(struct feed *feed, unsigned bits);
void feed_reset(struct feed *feed);   /* Redis went away */
void feed_renew(struct feed *feed);   /* it is back: all leases are prolonged */
bool feed_return(struct feed *feed);  /* from FEED_LOST to _RETURNING, if it is heard again */
void feed_settle(struct feed *feed);  /* from there to FEED_HERE */
void feed_abandon(struct feed *feed); /* no call comes back any more */

#endif
