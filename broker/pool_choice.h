/* pool_choice.h - chooses servers of a pool: those with the lowest scores, of equals the first by
 * name; or, for a key, the place of that key on a ring (ring.h).  Replicas come from different
 * rows.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_POOL_CHOICE_H
#define BROKER_POOL_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "redis/call.h"

struct json_object;
struct rings;

/* A server that was chosen; points into the reply. */
struct pool_server {
    const char *name;
    const char *row;
    double score; /* what it has now, when it was charged: after that */
};

struct pool_choice {
    const char *pool;
    struct rings *rings; /* needed with a key */
    bool charges;        /* adds the cost to the score of each server */
    /* The wish; pool_choice_set() fills it. */
    long long replicas; /* servers; 0 means 1 */
    bool any_row;       /* they may be of one row */
    bool has_cost;      /* without it it is 1 */
    double cost;
    const char *key; /* NULL: by the lowest scores */
    size_t key_len;
    double bound; /* with a key: passes over scores above that many times the mean; 0: none */
    /* The result. */
    int count;
    struct pool_server servers[LIMIT_REPLICAS];
    /* Of a choice under way. */
    struct call *call;
    int tries;
    bool is_whole;    /* the whole ring was sent */
    long long now_ms; /* monotonic clock; 0: the machine's, tests set it */
};

/* Sets replicas, spread (yes or no), key, bound or cost.  The key must live until the call has run.
 * BAD_VALUE; BAD_REQUEST when there is no such member. */
enum status pool_choice_set(struct pool_choice *choice, const char *name, const char *value,
                            size_t len, struct reason *reason);

/* Chooses, in one step with the charging.  The call changes itself and asks for another run (AGAIN)
 * when the ring was of other members than the pool; it stays with this choice.
 * BAD_REQUEST: options that contradict each other.  From Redis: NOT_FOUND: no such pool, or no
 * server; CONFLICT: fewer servers or rows than replicas, or a score that cannot be.  Then nothing
 * is changed. */
enum status pool_choose_call(struct call *call, struct pool_choice *choice, struct reason *reason);
call_decode pool_choose_result;

/* Adds {"servers":[…],"scores":[…],"rows":[…]}. */
void pool_choice_to_json(const struct pool_choice *choice, struct json_object *object);

#endif
