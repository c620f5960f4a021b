/* belongings.h - what a Redis has beside queues: pools of servers, how much channels
 * remember, and keys of clients.
 *
 * These are copied, not moved: clients that still ask the old Redis need them there.  Their names
 * are the same with hash tags.  A key that the target has already stays as it is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_BELONGINGS_H
#define ADMIN_BELONGINGS_H

#include "redis/link.h"

struct belongings {
    struct link *source, *target;
    long long pools, channels, keys; /* that have come */
};

/* Looks through the keyspace of the source, page by page.  Each step may be done twice: after an
 * interruption the copy begins anew. */
enum status belongings_copy(struct belongings *belongings, struct reason *reason);

/* A line for each kind that has come. */
void belongings_print(const struct belongings *belongings, bool is_json);

#endif
