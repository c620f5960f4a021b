/* fsck.h - do the parts of the queues fit together?
 *
 * Walks the numbers 1…UUID of each queue, while everything goes on, and the keyspace only for
 * forgotten.h.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_FSCK_H
#define ADMIN_FSCK_H

#include <stdbool.h>
#include <stdio.h>

#include "redis/link.h"

struct fsck_options {
    bool repair;            /* and what the list of all queues has forgotten is looked for first */
    bool is_cluster;        /* Redis is one */
    bool is_json;           /* what is told, is told so */
    unsigned grace_seconds; /* between the two looks: what is on its way is seen only once */
};

/* Looks at all queues, twice if the first look finds something, and reports to out what both looks
 * saw; mends it if asked to.  *problems counts what should not be there and was not mended.
 * An error of Redis ends it, with the reason.  DAMAGED: so much so that it could not be looked at
 * is the queue of the reason, maybe others too; all others were looked at and mended. */
enum status fsck_run(struct link *link, const struct fsck_options *options, FILE *out,
                     long long *problems, struct reason *reason);

#endif
