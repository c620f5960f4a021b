/* destination.h - whether queues may go where restmq retag is told to bring them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_DESTINATION_H
#define ADMIN_DESTINATION_H

#include "redis/link.h"

/* CONFLICT: the target, whose settings these are, is the source, is a node of a cluster that is not
 * dialled as one, has slots without a master, or has queues whose names have no hash tags.  Names
 * may be with tags or without behind it. */
enum status destination_check(struct link *source, struct link *target,
                              const struct settings *settings, struct reason *reason);

#endif
