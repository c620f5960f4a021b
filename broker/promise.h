/* promise.h - what the Redis behind us is configured to survive, in words.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_PROMISE_H
#define BROKER_PROMISE_H

#include <stdbool.h>

#include "redis/call.h"

struct promise {
    char persistence[160];
    char eviction[160];
    char replicas[160];
    bool has_append_file;
};

/* Would Redis refuse a push now?  Answers as a push would be: UNAVAILABLE, NO_SPACE, DAMAGED, with
 * the reason in words; changes nothing. */
void promise_probe_call(struct call *call);

/* Two plain commands, one after the other: INFO, then CONFIG GET into the same promise, which
 * makes its words about persistence more exact.  A Redis user without the right to one of them gets
 * an error there, and the promise stays as it was: promise_init() makes one of nothing known. */
void promise_init(struct promise *promise);
void promise_info_call(struct call *call, struct promise *promise);
call_decode promise_info_result;
void promise_config_call(struct call *call, struct promise *promise);
call_decode promise_config_result;

#endif
