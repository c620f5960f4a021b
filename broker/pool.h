/* pool.h - pools of servers: each server has a score, lower is better, and stands in a row, which
 * may be a rack or a network.  pool_choice.h chooses servers of a pool.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_POOL_H
#define BROKER_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "redis/call.h"

struct json_object;

/* Names of the pools that are listed: a server was put into them, and the last one has not been
 * removed by a program of ours.  As catalog_page_call(). */
struct catalog;
void pool_names_call(struct call *call, const char *cursor, size_t cursor_len, long long limit,
                     struct catalog *catalog);

/* How many servers a pool has; 0: there is none of that name. */
void pool_count_call(struct call *call, const char *pool, long long *count);
call_decode pool_count_result;

/* {row: {server: score}}: the caller releases it; set only on OK.  NOT_FOUND. */
void pool_list_call(struct call *call, const char *pool, struct json_object **rows);
call_decode pool_list_result;

struct pool_update {
    const char *pool;
    /* The wish; pool_update_set() fills it. */
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
