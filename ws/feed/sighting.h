/* sighting.h - what the sampler has seen of one queue, and how fast its messages come and go.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_SIGHTING_H
#define WS_FEED_SIGHTING_H

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
    int still;             /* rounds in which it was looked at and had not changed */
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

/* How fast the numbers have changed since the sighting, to a gauge of this time.  Without an
 * earlier sighting, or where a number has become smaller, the rate is not known. */
struct rates sighting_rates(const struct sighting *sighting, const struct gauge *gauge,
                            long long time_ms);

/* Is nothing to be expected of a closer look?  In a while it is taken all the same: settings and
 * consumers come and go. */
enum { SIGHTING_CLOSER = 12 }; /* rounds from one closer look to the next where nothing changes */
bool sighting_is_as(const struct sighting *sighting, const struct quick_row *row, unsigned round);

/* May a look in this round be spared, as the queue has stood still for so many?  For single queues,
 * which take a call each. */
enum {
    SIGHTING_STILL = 3,
    SIGHTING_REST = 4, /* then every so many rounds are enough */
};
bool sighting_rests(const struct sighting *sighting, unsigned round);

#endif
