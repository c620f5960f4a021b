/* survey.h - which messages some queues have, and where: all that Redis has of them.
 *
 * Walks the numbers 1…UUID of each queue, never the keyspace, while everything goes on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_SURVEY_H
#define ADMIN_SURVEY_H

#include "admin/survey_step.h"
#include "redis/link.h"

/* Called for each queue, in their order; seen is valid meanwhile. */
typedef void survey_saw(void *user, int index, const struct surveyed *surveyed);

/* Looks at all of these queues, with their dead letters.  An error of Redis ends it. */
enum status survey_run(struct link *link, char (*queues)[LIMIT_NAME + 1], int count,
                       survey_saw *saw, void *user, struct reason *reason);

#endif
