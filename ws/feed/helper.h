/* helper.h - what the queues and the roles of this helper work with, made by the wiring; and how
 * far it is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_HELPER_H
#define WS_FEED_HELPER_H

#include <stdbool.h>

/* What is done once Redis is back, before messages are taken: see comeback.h.  Whether Redis is
 * there only alink_is_up() knows. */
enum comeback_stage {
    COMEBACK_AWAY,    /* Redis is, as far as was told */
    COMEBACK_LEASES,  /* are prolonged */
    COMEBACK_HELPERS, /* are waited for */
    COMEBACK_OVER,
};

/* Whom messages were given to. */
enum receiver { TO_ONE, TO_ALL, TO_LONG_POLL, RECEIVERS };

/* Since the start. */
struct helper_counts {
    unsigned long long given[RECEIVERS]; /* TO_ALL: once, to however many */
    unsigned long long acked, returned;  /* leases, as Redis has confirmed */
};

struct channels;
struct conns;
struct jobs;
struct sweep;
struct token_pool;

struct helper {
    struct conns *conns; /* with the loop, its turn, the budget and the settings */
    struct jobs *jobs;
    struct channels *channels;
    struct token_pool *pool;
    struct sweep *sweep; /* queues that are to be tidied up */
    enum comeback_stage stage;
    bool is_partial; /* in a cluster: that is so of some queues, see feed.h; not of the others */
    bool is_stopping;
    struct helper_counts counts;
};

/* May messages be taken, if nothing else is said of their queue? */
static inline bool helper_is_back(const struct helper *helper)
{
    return helper->stage == COMEBACK_OVER || helper->is_partial;
}

#endif
