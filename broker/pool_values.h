/* pool_values.h - what the calls of pools have in common: scores, as text, in replies and as JSON,
 * and what the scripts refuse.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_POOL_VALUES_H
#define BROKER_POOL_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "redis/call.h"

struct json_object;
struct redisReply;

/* Reads the value of an option: a finite number; or yes or no.  BAD_VALUE names the option. */
enum status score_parse(const char *name, const char *value, size_t len, double *number,
                        struct reason *reason);
enum status pool_read_bool(const char *name, const char *value, size_t len, bool *is_no,
                           struct reason *reason);

/* Adds a number to the arguments of a call. */
void score_add(struct call *call, double number);

/* A score that is infinite, as another client has set it, is NULL: JSON has no number for it. */
struct json_object *score_to_json(double score);

/* NAN where the reply is none. */
double score_read(const struct redisReply *reply);

/* Is the reply an array that begins with this word? */
bool pool_says(const struct redisReply *reply, const char *word);

/* The status of a reply other than "ok"; operation is the script's name, for the log. */
enum status pool_refusal(const struct redisReply *reply, const char *operation,
                         struct reason *reason);

/* NOT_FOUND: the pool does not exist or has no server in service. */
enum status pool_missing(struct reason *reason);

#endif
