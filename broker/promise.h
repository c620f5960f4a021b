/* promise.h - what the Redis behind us is configured to survive, in words.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_PROMISE_H
#define BROKER_PROMISE_H

#include <stdbool.h>

#include "base/target.h"
#include "redis/call.h"

/* Words, with numbers that compare those of several masters: the greater one promises more. */
struct promise {
    char persistence[160];
    char eviction[160];
    char replicas[160];
    char failover[300]; /* what it costs; "": nothing is known, or there is none */
    int persistence_rank, eviction_rank;
    char version[32]; /* of Redis; "": unknown */
    int masters, without_replica;
    bool has_append_file;
    bool needs_all_slots;   /* where a slot has no node, all nodes refuse all queues */
    bool takes_without_any; /* replicas: pushes that no replica has yet */
};

/* Would Redis refuse a push now?  Answers as a push would be: UNAVAILABLE, NO_SPACE, DAMAGED, with
 * the reason in words; changes nothing.  Of a queue: does its master refuse it?  NULL: that of the
 * list of all queues. */
void promise_probe_call(struct call *call, const char *queue);

/* Does it answer at all? */
void promise_ping_call(struct call *call);

/* Two plain commands, one after the other: INFO, then CONFIG GET into the same promise, which
 * makes its words about persistence more exact.  A Redis user without the right to one of them gets
 * an error there, and the promise stays as it was: promise_init() makes one of nothing known. */
void promise_init(struct promise *promise);
void promise_info_call(struct call *call, struct promise *promise);
call_decode promise_info_result;
void promise_config_call(struct call *call, struct promise *promise);
call_decode promise_config_result;

/* Is it known to be too old for these names of keys?  With hash tags queues have sharded channels,
 * which came with Redis 7: an older one takes pushes, but streams would hear of none. */
bool promise_is_too_old(const struct promise *promise);

/* Several masters promise together as much as the weakest of them.  Begins with zeroed memory;
 * promise_join_end() makes the words about replicas and failovers. */
void promise_join(struct promise *all, const struct promise *one);
void promise_join_end(struct promise *all, enum target_kind kind);

/* Adds "promise", a sentence, "persistence", "eviction", "replicas" and, if there is anything to
 * say, "failover". */
struct json_object;
void promise_to_json(const struct promise *promise, struct json_object *object);

#endif
