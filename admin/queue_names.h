/* queue_names.h - the names of all queues that a Redis lists, for the tools.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_QUEUE_NAMES_H
#define ADMIN_QUEUE_NAMES_H

#include <stdbool.h>

#include "base/limits.h"
#include "redis/link.h"

/* Zeroed memory has none. */
struct queue_names {
    char (*names)[LIMIT_NAME + 1];
    int count, size;
};

void queue_names_clear(struct queue_names *names);
void queue_names_add(struct queue_names *names, const char *name);

/* Adds those that are listed, page by page, in no order; dead letters are some of them if they are
 * wanted. */
enum status queue_names_read(struct queue_names *names, struct link *link, bool with_dead,
                             struct reason *reason);

/* For bsearch() in queue_names_has(). */
void queue_names_sort(struct queue_names *names);
bool queue_names_has(const struct queue_names *sorted, const char *name);

#endif
