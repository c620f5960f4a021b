/* sample.h - samples of queues' numbers, which stay in Redis: see scripts/sample.lua.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_SAMPLE_H
#define BROKER_SAMPLE_H

#include <stdbool.h>

#include "base/limits.h"
#include "redis/call.h"

/* The columns of a sample, as they are stored; out is taken and acked, and ready is what is left of
 * pushed by all others but those that only count.  The first SAMPLE_GROWING only ever grow. */
enum sample_column {
    SAMPLE_PUSHED,
    SAMPLE_TAKEN, /* or deleted */
    SAMPLE_ACKED,
    SAMPLE_LEASED,
    SAMPLE_PASSED, /* expired or purged */
    SAMPLE_RETURNED,
    SAMPLE_DELAYED,
    SAMPLE_DEAD,
    SAMPLE_DIED, /* became dead letters, ever */
    SAMPLE_COLUMNS,
    SAMPLE_GROWING = 3,
};

struct gauge;

/* Fills the columns. */
void sample_columns(const struct gauge *gauge, long long columns[SAMPLE_COLUMNS]);
long long sample_ready(const long long columns[SAMPLE_COLUMNS]);

struct queue_sample {
    const char *queue;
    long long time_ms; /* when it was looked at, by Redis's clock, */
    long long columns[SAMPLE_COLUMNS];
    long long before_ms; /* and before; 0: that is not known */
    long long before_pushed;
    long long first; /* number of the message at the old end; 0: there is none */

    /* What Redis says: */
    bool is_written;      /* or nothing had changed; else it is to be written later */
    long long bytes;      /* that the queue's samples take, about */
    long long pushed_s;   /* when that message was pushed; 0: that is not known */
    bool is_bound;        /* then, or earlier */
    long long sampled_ms; /* when the last sample was taken; 0: there is none */
};

/* More would take Redis longer than a millisecond. */
enum { SAMPLES = 16 };

struct queue_samples {
    int count; /* 1…SAMPLES; with hash tags 1 */
    struct queue_sample samples[SAMPLES];
};

/* Several may write the same at the same time. */
void samples_call(struct call *call, struct queue_samples *samples);
call_decode samples_result;

/* Removes what samples there are of a queue, all but the last one and when numbers were given; with
 * all, these too. */
void sample_forget_call(struct call *call, const char *queue, bool all);
call_decode sample_forget_result;

#endif
