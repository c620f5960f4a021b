/* forgotten.h - queues that have messages, and are not in the list of all queues any more.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_FORGOTTEN_H
#define ADMIN_FORGOTTEN_H

#include <stdio.h>

#include "redis/link.h"

/* Looks through the keys of Redis, or of each master of a cluster, for those names that queues with
 * hash tags keep beside their messages, puts those back that the list lacks, and tells each to out.
 * Without hash tags the list is all there is, and nothing is looked for. */
enum status forgotten_restore(struct link *link, bool is_cluster, bool is_json, FILE *out,
                              struct reason *reason);

#endif
