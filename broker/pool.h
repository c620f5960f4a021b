/* pool.h - pools of servers: each server has a score, lower is better, and stands in a row, which
 * may be a rack or a network.
 *
 * Choosing means the lowest scores, of equals the first by name; or, for a key, the place of that
 * key on a ring (ring.h).  Replicas come from different rows.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_POOL_H
#define BROKER_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "redis/call.h"

struct json_object;
struct rings;

/* --- choosing ------------------------------------------------------------------------------ */

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
    /* What is asked for; pool_choice_set() fills it. */
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

/* --- what is in a pool --------------------------------------------------------------------- */

/* {row: {server: score}}: the caller releases it; set only on OK.  NOT_FOUND. */
void pool_list_call(struct call *call, const char *pool, struct json_object **rows);
call_decode pool_list_result;

struct pool_update {
    const char *pool;
    /* What is asked for; pool_update_set() fills it. */
    const char *server;
    const char *row; /* NULL: the one where it is, else "default" */
    bool has_score;  /* number is the score */
    bool has_incr;   /* number is added */
    bool is_known;   /* the server must be there already */
    double number;
    /* The result. */
    char chosen_row[LIMIT_NAME + 1];
    double score;
};

/* Sets server, row, score, incr or add.  The texts must live until the call has run.
 * BAD_NAME, BAD_VALUE; BAD_REQUEST when there is no such member. */
enum status pool_update_set(struct pool_update *update, const char *name, const char *value,
                            size_t len, struct reason *reason);

/* A server gets a score, and stands in that row and in no other; or its score goes up or down,
 * never below 0 (CONFLICT).  NOT_FOUND: it is not there, and is not to be added. */
enum status pool_update_call(struct call *call, struct pool_update *update, struct reason *reason);
call_decode pool_update_result;

/* Adds {"pool","row","server","score"}. */
void pool_update_to_json(const struct pool_update *update, struct json_object *object);

/* BAD_NAME: it cannot be a server's name, which ends with a NUL that does not count. */
enum status pool_server_check(const char *name, size_t len, struct reason *reason);

/* A server leaves, or with NULL all do; *removed says how many.  NOT_FOUND. */
void pool_remove_call(struct call *call, const char *pool, const char *server, long long *removed);
call_decode pool_remove_result;

/* Adds {"pool","removed"} and the server, if one was named. */
void pool_removed_to_json(const char *pool, const char *server, long long removed,
                          struct json_object *object);

#endif
