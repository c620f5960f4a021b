/* walk.h - the walk over all queues, which one of all helpers does: each queue is looked at once in
 * ten seconds, or more seldom if there are more than 10,000.  So what is due comes back, also where
 * nobody takes; and queues go that nobody uses, with queue_ttl.
 *
 * Whatever else has to look at every queue belongs in the same call (broker/round.h), as a bit
 * of its reply and a row of the riders in walk.c.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_WALK_H
#define WS_FEED_WALK_H

#include <stdbool.h>

#include "broker/removal.h"
#include "broker/round.h"

struct helper;

/* helper and id are filled in; zeroed memory is a walk that has not begun. */
struct walker {
    struct helper *helper;
    const char *id;         /* of this helper, in presence */
    bool may_walk;          /* the answer to that question */
    bool is_elected;        /* this helper walks */
    bool is_busy;           /* a call of it is under way */
    long long total;        /* queues of the round before; 0: not known yet */
    long long seen;         /* of this one */
    long long credit;       /* what it may still spend, see walk.c */
    struct round_page page; /* in hand, */
    int at;                 /* looked at up to here */
    struct round_look look;
    int removed_to; /* unused ones among them up to here */
    struct removal removal;
    unsigned long long looked;  /* at so many, ever */
    unsigned long long removed; /* so many, ever, since nobody used them */
};

void walk_clear(struct walker *walker);

/* Redis is away. */
void walk_down(struct walker *walker);

/* A step of the wheel has passed, of so many ever, and Redis is there. */
void walk_step(struct walker *walker, unsigned steps);

#endif
