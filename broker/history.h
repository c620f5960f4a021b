/* history.h - the numbers of queues over the last hour or days, from their samples.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_HISTORY_H
#define BROKER_HISTORY_H

#include <stdbool.h>

#include "base/limits.h"
#include "broker/index.h"
#include "broker/sample.h"
#include "redis/call.h"

enum {
    HISTORY_FINE_S = 10,    /* from sample to sample, for an hour, */
    HISTORY_COARSE_S = 300, /* and for days */
    HISTORY_HOUR_S = 3600,
    HISTORY_MOST_S = 8 * 86400,
    HISTORY_QUEUES = 50, /* in one call */
};

/* The numbers of a queue at the end of a step. */
struct history_point {
    bool is_known;
    long long columns[SAMPLE_COLUMNS];
};

/* The samples of some queues; all: those of all days, else of the last hour only. */
struct histories {
    int count;
    bool all;
    long long now_ms;                            /* by Redis's clock */
    const struct redisReply *of[HISTORY_QUEUES]; /* point into the reply */
};
void histories_call(struct call *call, const char *const *queues, struct histories *histories);
call_decode histories_result;

/* Fills count points, one for each step of so many seconds, the last for that which is not over;
 * from the samples of number i.  Where there is none the queue was as before, if samples were taken
 * at all then: runs, or NULL for always.  Returns when the first step began, in seconds. */
long long history_read(const struct histories *histories, int i, const struct index_runs *runs,
                       int step_s, int count, struct history_point *points);

#endif
