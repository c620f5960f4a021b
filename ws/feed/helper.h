/* helper.h - what the queues and the roles of this helper work with, made by the wiring; and how
 * far it is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_HELPER_H
#define WS_FEED_HELPER_H

#include <stdbool.h>

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
    bool is_up;          /* Redis is there, */
    bool is_back;        /* and all is done that comes before messages are taken: see comeback.h */
    bool is_stopping;
};

#endif
