/* state.h - what queues look like from outside: counts, policy, newest jobs.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_STATE_H
#define BROKER_STATE_H

#include <stdbool.h>

#include "base/limits.h"
#include "broker/age.h"
#include "broker/helpers.h"
#include "broker/hold.h"
#include "broker/message.h"
#include "broker/policy.h"
#include "redis/call.h"

struct json_object;

/* Messages.  ready, leased and delayed are what is there now; the others only ever grow.  What is
 * due counts as ready even if it has not come back yet.  ready is an upper bound: expired messages
 * are among them, and some of what is due may become dead letters. */
struct queue_state {
    long long ready;
    long long leased;
    long long delayed;
    long long dead; /* in the queue's dead letters now */
    long long pushed;
    long long removed;
    long long acked;
    long long returned; /* leases that expired or were released */
    long long expired;  /* passed over because the body was gone */
    long long died;     /* moved to the dead letters, ever */
    long long dropped;  /* entries that stood twice */
    long long purged;
    struct age oldest;   /* of the message that is the next one out */
    long long consumers; /* on the topic of the queue's name, at helpers that are alive */
    struct holds holds;
    struct policy_state policy;
};

/* Calls for more queues at once would keep Redis busy for too long. */
enum { QUEUE_STATES = 250 };

struct queue_states {
    int count;
    struct queue_state *states;
    struct tally tally; /* their consumers, which tally_settle() adds to the states; zeroed first,
                           and cleared in the end */
};

/* The state of states->count queues (1…QUEUE_STATES) in one call.  A queue nobody used is empty,
 * started and has the policy broadcast. */
void queue_states_call(struct call *call, const char *const *queues, struct queue_states *states);
call_decode queue_states_result;

/* Adds len, status, policy and all the counts. */
void queue_state_to_json(const struct queue_state *state, struct json_object *object);

/* The newest entries, LIMIT_JOBS at most: keys only. */
struct queue_jobs {
    long long length;
    int count;
    struct message jobs[LIMIT_JOBS];
};
void queue_jobs_call(struct call *call, const char *queue, struct queue_jobs *jobs);
call_decode queue_jobs_result;

#endif
