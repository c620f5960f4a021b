/* queue.h - one queue: push, take, peek, delete, purge, settings, state.
 *
 * Each operation is a function that builds its call and one that reads the reply; neither does
 * I/O.  Names were checked by queue_name_check().  Results point into the reply.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_QUEUE_H
#define BROKER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "broker/call.h"
#include "broker/message.h"

enum policy { POLICY_BROADCAST = 1, POLICY_ROUNDROBIN = 2 }; /* as RestMQ stores them */

/* "broadcast" and "roundrobin"; policy_parse() returns false for any other text. */
const char *policy_name(enum policy policy);
bool policy_parse(const char *text, size_t len, enum policy *policy);

/* One message to the new end.  The body must live until the call has run.  ttl in seconds, 0 for
 * none.  The result is the message's number: its key is "<queue>:<number>". */
void queue_push_call(struct call *call, const char *queue, const char *body, size_t len,
                     long long ttl, long long *number);
call_decode queue_push_result;

struct taken {
    int count;
    struct message messages[LIMIT_BATCH];
    bool has_trash; /* purged bodies wait for queue_sweep_call() */
};

/* Removes up to count (1…LIMIT_BATCH) messages from the old end, LIMIT_ANSWER bytes of them at
 * most, but one in any case.  EMPTY when there is none. */
void queue_take_call(struct call *call, const char *queue, long long count, struct taken *taken);
call_decode queue_take_result;

/* Reads the oldest message and leaves it; counted says whether message->count goes up by that.
 * EMPTY when there is none. */
void queue_peek_call(struct call *call, const char *queue, bool counted, struct message *message);
call_decode queue_peek_result;

/* Deletes one message by its key, which message_key_is_of() found to be the queue's.
 * *deleted is false when there was none. */
void queue_delete_call(struct call *call, const char *queue, const char *key, size_t key_len,
                       bool *deleted);
call_decode queue_delete_result;

/* Empties the queue at once; *purged is how many entries it had.  The bodies stay until they are
 * swept: some at a time, until *more is false. */
void queue_purge_call(struct call *call, const char *queue, long long *purged);
call_decode queue_purge_result;
void queue_sweep_call(struct call *call, const char *queue, bool *more);
call_decode queue_sweep_result;

/* Keep the result of set calls: nothing to read but the status. */
void queue_set_policy_call(struct call *call, const char *queue, enum policy policy);
void queue_set_started_call(struct call *call, const char *queue, bool started);
call_decode queue_set_result;

struct queue_state {
    long long length; /* entries ready; an upper bound, expired ones are still among them */
    long long pushed;
    long long removed;
    bool is_started;
    enum policy policy;
};

/* The state of count queues (1…LIMIT_PAGE) in one call; states has room for as many.  A queue
 * nobody used is empty, started and has the policy broadcast. */
struct queue_states {
    int count;
    struct queue_state *states;
};
void queue_states_call(struct call *call, const char *const *queues, struct queue_states *states);
call_decode queue_states_result;

/* The newest entries, LIMIT_JOBS at most: keys only. */
struct queue_jobs {
    long long length;
    int count;
    struct message jobs[LIMIT_JOBS];
};
void queue_jobs_call(struct call *call, const char *queue, struct queue_jobs *jobs);
call_decode queue_jobs_result;

#endif
