/* promise.h - what the Redis behind us is configured to survive, in words.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_PROMISE_H
#define BROKER_PROMISE_H

#include <stdbool.h>

#include "broker/call.h"

struct promise {
    char persistence[160];
    char eviction[160];
    char replicas[160];
    char problem[160]; /* "" or why pushes would be refused now */
    bool has_append_file;
    bool has_snapshots;   /* are made at times */
    bool needs_snapshots; /* a failed one makes Redis refuse writes */
    bool bgsave_failed;
};

/* Two plain commands, one after the other: INFO, then CONFIG GET into the same promise, which
 * makes its words about persistence more exact.  A Redis user without the right to CONFIG gets
 * an error there, and the promise stays as INFO told it. */
void promise_info_call(struct call *call, struct promise *promise);
call_decode promise_info_result;
void promise_config_call(struct call *call, struct promise *promise);
call_decode promise_config_result;

#endif
