/* roster.h - the queues of which samples are taken, by name, with what was seen of each.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_ROSTER_H
#define WS_FEED_ROSTER_H

#include <stdbool.h>

#include "broker/gauge.h"

/* Messages in a thousand seconds; -1: not known. */
struct rates {
    long long in, out, acked, returned, died;
};

/* What was seen of a queue, and of what stands in Redis of it. */
struct sighting {
    struct sighting *next; /* of the same hash */
    int place;             /* among all */
    unsigned round;        /* in which it was seen last */
    long long time_ms;     /* when that was, by Redis's clock; 0: never */
    struct gauge gauge;    /* and how it was then, */
    long long listed;      /* with so many entries of its list */
    struct rates rates;
    bool is_written;      /* so it stands in the samples */
    bool has_history;     /* and more than that */
    long long sampled_ms; /* when it last changed */
    long long before_ms;  /* when it was seen before; 0: that is not known */
    long long before_pushed;
    long long bytes;    /* of its samples, about */
    long long pushed_s; /* when the message at the old end was pushed; 0: that is not known */
    bool is_bound;      /* then, or earlier */
    char name[];
};

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

/* What is told of it has changed. */
void roster_mark(struct roster *roster, const struct sighting *sighting);
void roster_mark_all(struct roster *roster);
int roster_chunks(const struct roster *roster);

#endif
