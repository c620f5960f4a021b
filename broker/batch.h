/* batch.h - the messages that one take brought.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_BATCH_H
#define BROKER_BATCH_H

#include <stdbool.h>

#include "broker/message.h"
#include "broker/policy.h"

/* Zeroed memory is an empty one, which may be filled again and again. */
struct batch {
    struct message *messages;
    int count;
    int size;
    long long lease_until; /* ms since 1970, of the lease that was asked for; 0: none */
    /* Of a helper's take: */
    bool is_stopped;    /* the queue; its policy is not told */
    enum policy policy; /* in force */
    /* Of the take that fills it: */
    bool is_helpers;
    bool is_published;            /* to all helpers: the messages that count counts are not here */
    bool is_numbered;             /* each message's token has a number */
    bool token_is_unused;         /* nothing is leased under it: the next take may have it */
    char token[TOKEN_RANDOM + 1]; /* what the messages' tokens begin with */
};

void batch_clear(struct batch *batch);

/* Makes room for so many messages; those that it had are lost. */
void batch_reserve(struct batch *batch, int count);

#endif
