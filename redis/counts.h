/* counts.h - how long Redis takes, and how often calls did not run where they were sent first; no
 * I/O.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_COUNTS_H
#define REDIS_COUNTS_H

#include <stdbool.h>

struct buffer;
struct meter;
struct meters;

/* A node did not run a call: it is another one's, for this once, or it has not all of its keys. */
enum redirect { REDIRECT_MOVED, REDIRECT_ASK, REDIRECT_LATER, REDIRECTS };

enum { COUNTS_BUCKETS = 14 };

/* Zeroed memory counts nothing. */
struct counts {
    struct meters *meters;
    struct meter *redirects[REDIRECTS];
    struct meter *buckets[COUNTS_BUCKETS + 1]; /* the last one: what is in no other */
    struct meter *us;
};

/* The meters must outlive the counts.  Where there is one Redis, it redirects nobody. */
void counts_begin(struct counts *counts, struct meters *meters, bool is_cluster);

void counts_redirect(struct counts *counts, enum redirect redirect);

/* A call was not sent to the node of that name. */
void counts_refused(struct counts *counts, const char *name);

/* A reply has come so many microseconds after its call was sent. */
void counts_round_trip(struct counts *counts, long long us);

/* The round trips that the meters have counted, as samples of a histogram of Prometheus. */
void counts_show_round_trips(struct meters *meters, const char *name, struct buffer *out);

#endif
