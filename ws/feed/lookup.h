/* lookup.h - the values of messages whose keys are published on a channel.
 *
 * They are asked for in the order of the publications, a few at a time, since Redis holds the
 * answers until they are read; a key that is published again before it was asked for is asked for
 * once, and its value sent as often.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_LOOKUP_H
#define WS_FEED_LOOKUP_H

#include <stddef.h>

struct fanout;
struct jobs;
struct lookup;

struct lookups {
    struct jobs *jobs;
    struct fanout *fanout; /* held while a call is under way */
    struct lookup *first, **last;
    void *known; /* those that were not asked for, by key; see tsearch(3) */
    int count, under_way;
};

void lookups_init(struct lookups *lookups, struct jobs *jobs, struct fanout *fanout);
void lookups_clear(struct lookups *lookups); /* with no call under way */

/* The key was published; a text that cannot be a message's key is ignored. */
void lookups_add(struct lookups *lookups, const char *key, size_t len);

/* Asks for the next ones: when what came before has been sent. */
void lookups_pump(struct lookups *lookups);

#endif
