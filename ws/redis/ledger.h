/* ledger.h - the subscriptions of one connection, by name and in the order of their answers; no
 * I/O. A part of subscription.h.
 *
 * Answers come in the order of what was asked for: each has a ticket, and so has a fence, which is
 * no subscription.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_LEDGER_H
#define WS_REDIS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "ws/redis/flood.h"

struct hearer;

struct subscription {
    TAILQ_ENTRY(subscription) next;    /* in named or asked */
    TAILQ_ENTRY(subscription) refused; /* in refused, if is_refused */
    const struct hearer *hearer;
    void *user;                /* the hearer's */
    bool is_awaited;           /* done() is still to be told */
    unsigned long long ticket; /* in asked: the number of its SUBSCRIBE */
    bool is_heard;             /* in asked: confirmed */
    struct flow flow;
    bool is_refused;
    size_t len;
    const char *channel; /* behind the struct, or a key that is looked for */
};
TAILQ_HEAD(subscription_list, subscription);

struct ledger {
    void *tree;                      /* all; a tree, as names that clients choose may not collide */
    struct subscription_list named;  /* to be subscribed */
    struct subscription_list asked;  /* SUBSCRIBE is sent */
    struct subscription_list fences; /* without a channel */
    struct subscription *pending;    /* the first one that was asked for and has no answer */
    unsigned long long tickets, answers; /* of this connection */
};

void ledger_init(struct ledger *ledger);
void ledger_clear(struct ledger *ledger);

/* NULL: there is none of that name. */
struct subscription *ledger_find(const struct ledger *ledger, const char *channel, size_t len);

/* A new one, to be subscribed; the name is copied. */
struct subscription *ledger_add(struct ledger *ledger, const char *channel);
void ledger_remove(struct ledger *ledger, struct subscription *one);

/* It is asked for, or a fence is put behind all that is. */
void ledger_ask(struct ledger *ledger, struct subscription *one);
void ledger_add_fence(struct ledger *ledger);

/* Is the next answer that of a fence? */
bool ledger_is_at_fence(const struct ledger *ledger);

/* The next answer has come: whose it is; NULL: a fence's, or of one that is there no more. */
struct subscription *ledger_answered(struct ledger *ledger);

/* The connection is another one: all are to be subscribed. */
void ledger_begin_anew(struct ledger *ledger);

#endif
