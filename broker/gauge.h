/* gauge.h - the numbers of many queues at once, for samples.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_GAUGE_H
#define BROKER_GAUGE_H

#include <stdbool.h>

#include "base/limits.h"
#include "broker/round.h"
#include "redis/call.h"

enum gauge_bit {
    GAUGE_STOPPED = 1,
    GAUGE_ROUNDROBIN = 2,
    GAUGE_TAKES_HELD = 4,
    GAUGE_PUSHES_HELD = 8,
    GAUGE_FULL = 16,  /* as long as max_length allows */
    GAUGE_WAITS = 32, /* queue_sweep_call() has something to do */
};

/* As of struct queue_state; consumers are those of all helpers that are listed, dead ones too. */
struct gauge {
    long long ready, leased, delayed, dead;
    long long pushed, acked, returned, expired, died, purged;
    long long consumers;
    long long first; /* number of the message at the old end; 0: there is none */
    long long bits;
};

/* Messages that have left by a take, an ack or a deletion: not by their ttl, nor a purge. */
long long gauge_out(const struct gauge *gauge);

/* Has the queue no messages, and never had any? */
bool gauge_is_empty(const struct gauge *gauge);

/* Are all numbers the same? */
bool gauge_is_same(const struct gauge *one, const struct gauge *other);

/* More queues in one call would take Redis longer than a millisecond. */
enum { GAUGES = 25 };

struct gauges {
    int count;
    const char *names[GAUGES];
    long long time_ms; /* when they were so, by Redis's clock */
    struct gauge gauges[GAUGES];
};
void gauges_call(struct call *call, struct gauges *gauges);
call_decode gauges_result;

/* As much as tells of nearly every queue that nothing has changed, with a fraction of the work. */
struct quick {
    int count; /* ROUND_BATCH at most */
    const char (*names)[LIMIT_NAME + 1];
    bool asks_for_more;
    long long time_ms;
    struct quick_row {
        long long ready; /* without what is due */
        long long pushed;
        bool has_more; /* leases, delayed messages or trash, as far as it was asked for */
    } rows[ROUND_BATCH];
};
void quick_call(struct call *call, struct quick *quick);
call_decode quick_result;

#endif
