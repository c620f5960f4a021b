/* belongings.h - what a Redis has beside queues: pools of servers and keys of clients.
 *
 * These are copied: they have the same names with hash tags, and whoever still asks the old Redis
 * needs them there.  What the target has already stays as it is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_BELONGINGS_H
#define ADMIN_BELONGINGS_H

#include "redis/link.h"

struct belongings {
    struct link *source, *target;
    long long pools, keys; /* that have come */
};

/* Looks through the keyspace of the source, page by page.  Each step may be done twice: whoever is
 * interrupted begins anew. */
enum status belongings_copy(struct belongings *belongings, struct reason *reason);

#endif
