/* sweep.h - which queues have something left to tidy up, purged bodies say, and doing it in small
 * steps.
 *
 * What there is to do stands in Redis; this is only this process's memory of where to look.  If it
 * dies, the next take of such a queue tells another process.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_SWEEP_H
#define BROKER_SWEEP_H

#include <stdbool.h>

#include "base/limits.h"
#include "redis/call.h"

enum { SWEEP_QUEUES = 1000 };

/* Zeroed memory is nothing to sweep. */
struct sweep {
    int count;
    int next; /* the one in turn: a large purge must not keep the others waiting */
    char queues[SWEEP_QUEUES][LIMIT_NAME + 1];
};

/* Remembers a queue; when there are too many it is left to a later take. */
void sweep_note(struct sweep *sweep, const char *queue);

/* A call has run: remembers its queue if it says that there is something to tidy up. */
void sweep_look(struct sweep *sweep, const struct call *call);

/* A step: the call that tidies up some of one queue; others may be noted until it is done.
 * False: there is nothing to sweep. */
bool sweep_call(const struct sweep *sweep, struct call *call, bool *more);

/* The end of the step: with more that queue will be swept again, after the others, else it is
 * forgotten, also when the call failed: then Redis has other worries, and a later take will tell
 * again. */
void sweep_done(struct sweep *sweep, bool more);

#endif
