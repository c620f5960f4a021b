/* roster.h - the queues of which samples are taken, by name, with what was seen of each.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_ROSTER_H
#define WS_FEED_ROSTER_H

#include <stdbool.h>

#include "ws/feed/sighting.h"

enum {
    ROSTER_CHUNK = 64, /* places that are told together */
};

/* Zeroed memory is empty. */
struct roster {
    struct sighting **places; /* without holes */
    struct sighting **hashes; /* as many as size */
    bool *is_dirty;           /* chunks of places that are not told */
    int count, size;
};

void roster_clear(struct roster *roster);

/* NULL: there are INDEX_MOST others. */
struct sighting *roster_get(struct roster *roster, const char *name);

/* The last one takes its place. */
void roster_remove(struct roster *roster, struct sighting *sighting);

/* The line of a queue, or of all, has to be written anew. */
void roster_mark(struct roster *roster, const struct sighting *sighting);
void roster_mark_all(struct roster *roster);
int roster_chunks(const struct roster *roster);

/* Whose samples to forget: of the queues that have any, those with a history first, the one whose
 * numbers have not changed for longest.  NULL: no queue has samples. */
struct sighting *roster_longest_idle(const struct roster *roster);

#endif
