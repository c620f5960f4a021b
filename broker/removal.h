/* removal.h - a queue is removed, with all that it has.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_REMOVAL_H
#define BROKER_REMOVAL_H

#include <stdbool.h>

#include "redis/call.h"

struct helpers;
struct json_object;

struct removal {
    bool has_more;    /* messages that are still to go: it is empty, and to be removed again */
    int steps;        /* that are left */
    long long purged; /* messages that it had, dead letters too */
};

/* Removes the queue, its dead letters, settings and counter.  CONFLICT: it has messages, consumers
 * at one of these helpers (NULL: at any) or remembered Idempotency-Keys, and force is not given;
 * the reason names them.  NOT_FOUND: there is no such queue. */
void queue_remove_call(struct call *call, const char *queue, bool force,
                       const struct helpers *helpers, struct removal *removal);
call_decode queue_remove_result;

/* Without force, and only if nobody has used the queue for so many seconds, which round.h notes,
 * and it has no settings of its own; else CONFLICT. */
void queue_remove_unused_call(struct call *call, const char *queue, long long ttl,
                              struct removal *removal);

/* Adds what became of it, for an answer. */
void removal_to_json(const struct removal *removal, struct json_object *object);

#endif
