/* kept.h - connections without a request, in the order in which they had their last one.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef FCGI_KEPT_H
#define FCGI_KEPT_H

#include <stdbool.h>
#include <time.h>

struct kept_place;

/* All zeros: none. */
struct kept {
    struct kept_place *of_fd; /* for each descriptor below size */
    int size;
    int count;
    int oldest, newest; /* descriptors + 1; 0: none */
};

/* The descriptor is not among them. */
void kept_add(struct kept *kept, int fd, time_t now);

/* False: it was not among them. */
bool kept_remove(struct kept *kept, int fd);

/* The one that has waited longest, and since when; -1: none. */
int kept_oldest(const struct kept *kept, time_t *since);

void kept_clear(struct kept *kept);

#endif
