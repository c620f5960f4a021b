/* walk.h - the walk over all queues, which one of all helpers does: each queue is looked at once in
 * ten seconds, or more seldom if there are more than 10,000.  So what is due comes back, also where
 * nobody takes; and queues go that nobody uses, with queue_ttl.
 *
 * Another thing that has to look at every queue belongs in the same call (broker/round.h), as a bit
 * of its reply and a row of the riders in walk.c.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_WALK_H
#define WS_FEED_WALK_H

#include <stdbool.h>

#include "broker/round.h"
#include "ws/feed/sampler.h"
#include "ws/feed/unused.h"

struct helper;

/* Looks at so many queues, or so many batches of them, are under way at a time: with hash tags each
 * queue has calls of its own, and a Redis that is a millisecond away answers in time all the same.
 */
enum { WALK_LANES = 8 };

/* One look at some queues of the page in hand, and what it leads to: a call after the other. */
struct walk_lane {
    struct walker *walker;
    bool is_busy;
    struct round_look look;
    struct quick quick;   /* of the same queues, for the sampler, */
    bool waits;           /* for which they wait */
    struct unused unused; /* the last step: removes those that nobody uses */
};

/* helper and id are filled in; zeroed memory is a walk that has not begun. */
struct walker {
    struct helper *helper;
    const char *id;         /* of this helper, in presence */
    bool may_walk;          /* the answer to that question */
    bool is_elected;        /* this helper walks */
    bool is_asking;         /* for a page */
    long long total;        /* queues of the round before; 0: not known yet */
    long long seen;         /* of this one */
    long long credit;       /* what it may still spend, see walk.c */
    struct round_page page; /* in hand, */
    int at;                 /* in lanes, or done, up to here */
    struct walk_lane lanes[WALK_LANES];
    int busy;                   /* of them */
    bool is_last;               /* the page, of this round */
    struct sampler sampler;     /* takes samples of the queues of one lane at a time: */
    struct walk_lane *sampled;  /* this one; NULL: of none, */
    bool is_sampling;           /* and a call of it is under way */
    unsigned long long looked;  /* at so many, ever */
    unsigned long long removed; /* so many, ever, since nobody used them */
};

void walk_clear(struct walker *walker);

/* Redis is away. */
void walk_down(struct walker *walker);

/* A step of the wheel has passed, of so many ever, and Redis is there. */
void walk_step(struct walker *walker, unsigned steps);

#endif
