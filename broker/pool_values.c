/* pool_values.c - what the calls of pools have in common: scores, as text, in replies and as JSON,
 * and what the scripts refuse.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/pool_values.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "redis/reply.h"

enum status score_parse(const char *name, const char *value, size_t len, double *number,
                        struct reason *reason)
{
    if (number_parse_real(value, len, number))
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_VALUE, "%s must be a finite number like 7, -1 or 2.5", name);
}

void score_add(struct call *call, double number)
{
    char text[NUMBER_REAL];

    number_print_real(number, text);
    call_text(call, text, "", 0, "");
}

struct json_object *score_to_json(double score)
{
    char text[NUMBER_REAL];

    if (!isfinite(score))
        return NULL;
    number_print_real(score, text);
    return json_object_new_double_s(score, text);
}

double score_read(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? strtod(reply->str, NULL) : NAN;
}

enum status pool_read_bool(const char *name, const char *value, size_t len, bool *is_no,
                           struct reason *reason)
{
    *is_no = text_is_listed(value, len, "no false 0");
    if (*is_no || text_is_listed(value, len, "yes true 1"))
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_VALUE, "%s must be yes or no", name);
}

bool pool_says(const redisReply *reply, const char *word)
{
    return reply_is_array(reply, 1) && reply->element[0]->type == REDIS_REPLY_STRING &&
           strcmp(reply->element[0]->str, word) == 0;
}

static const struct {
    const char *word;
    enum status status;
    const char *text;
} refusals[] = {
    {"gone",   STATUS_NOT_FOUND, "this pool has no such server, or not in that row"     },
    {"below",  STATUS_CONFLICT,  "the score of a server would fall below 0"             },
    {"beyond", STATUS_CONFLICT,  "the score would be too large a number, or is infinite"},
    {"many",   STATUS_CONFLICT,  "this is not for pools of more than a thousand servers"},
};

enum status pool_refusal(const redisReply *reply, const char *operation, struct reason *reason)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        if (pool_says(reply, refusals[i].word))
            return refuse(reason, refusals[i].status, "%s", refusals[i].text);
    return reply_unexpected(operation, reason);
}

enum status pool_missing(struct reason *reason)
{
    return refuse(reason, STATUS_NOT_FOUND,
                  "there is no such pool, or it has no server in service");
}
