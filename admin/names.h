/* names.h - the names of all queues that a Redis lists, for the tools.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_NAMES_H
#define ADMIN_NAMES_H

#include <stdbool.h>

#include "base/limits.h"
#include "redis/link.h"

/* Zeroed memory has none. */
struct names {
    char (*names)[LIMIT_NAME + 1];
    int count, size;
};

void names_clear(struct names *names);
void names_add(struct names *names, const char *name);

/* Adds those that are listed, page by page, in no order; dead letters are some of them if they are
 * wanted. */
enum status names_read(struct names *names, struct link *link, bool with_dead,
                       struct reason *reason);

/* For bsearch() in names_has(). */
void names_sort(struct names *names);
bool names_has(const struct names *sorted, const char *name);

#endif
