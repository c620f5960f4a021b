/* chosen.h - some dead letters, named by their keys: they go back to their queue, or are deleted.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_CHOSEN_H
#define BROKER_CHOSEN_H

#include "broker/claim.h"
#include "redis/call.h"

/* The dead letters of which the claims have the keys, all in one call; each claim's result is one
 * of these then, or the end of a lease that is in force in ms since 1970. */
enum {
    CHOSEN_DEEP = -2, /* it was not looked for so far inside */
    CHOSEN_NONE = 0,  /* there is no such dead letter, or it was named before */
    CHOSEN_DONE = 1,
};

/* place: beside which entry of the list, counted from the old end, it is looked for them; -1: at
 * both ends.  To revive is HELD where the queue's pushes are, and puts them to its new end in the
 * order of the claims. */
void chosen_revive_call(struct call *call, const char *queue, struct claims *claims,
                        long long place);
void chosen_discard_call(struct call *call, const char *queue, struct claims *claims,
                         long long place);
call_decode chosen_result;

/* How many it was done to. */
long long chosen_done(const struct claims *claims);

#endif
