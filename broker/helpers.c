/* helpers.c - which helpers are alive.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/helpers.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

void helpers_clear(struct helpers *helpers)
{
    free(helpers->ids);
    *helpers = (struct helpers){0};
}

void helpers_call(struct call *call, struct helpers *helpers)
{
    call_begin(call, of_all(KEY_HELPERS), &script_helpers, helpers_result, helpers);
    keys_add_key(call, KEY_HELPERS, "");
    call_number(call, HELPER_DEAD_MS);
    call_number(call, LIMIT_PAGE);
    call_clock(call);
}

enum status helpers_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct helpers *helpers = call->result;

    if (!reply_is_array(reply, 0))
        return reply_unexpected("helpers", reason);
    if (helpers->size < (int)reply->elements) {
        helpers->size = (int)reply->elements;
        helpers->ids = xrealloc(helpers->ids, (size_t)helpers->size * sizeof(*helpers->ids));
    }
    helpers->count = 0;
    for (size_t i = 0; i < reply->elements; i++)
        if (reply->element[i]->str)
            snprintf(helpers->ids[helpers->count++], HELPER_ID, "%s", reply->element[i]->str);
    helpers->asked_ms = clock_ms();
    return STATUS_OK;
}

bool helpers_are_fresh(const struct helpers *helpers)
{
    return helpers->asked_ms && clock_ms() - helpers->asked_ms <= HELPERS_KEPT_MS;
}

bool helpers_have(const struct helpers *helpers, const char *id)
{
    for (int i = 0; i < helpers->count; i++)
        if (strcmp(helpers->ids[i], id) == 0)
            return true;
    return false;
}

void helpers_write(const struct helpers *helpers, struct buffer *text)
{
    buffer_add_text(text, "\n");
    for (int i = 0; i < helpers->count; i++)
        buffer_addf(text, "%s\n", helpers->ids[i]);
}

/* --- rows ---------------------------------------------------------------------------------- */

void tally_clear(struct tally *tally)
{
    free(tally->rows);
    *tally = (struct tally){0};
}

void tally_add(struct tally *tally, const redisReply *counts, long long *total)
{
    for (size_t i = 0; i + 1 < counts->elements; i += 2) {
        struct tally_row *row;

        if (!counts->element[i]->str)
            continue;
        if (tally->count == tally->size) {
            tally->size = tally->size ? 2 * tally->size : 16;
            tally->rows = xrealloc(tally->rows, (size_t)tally->size * sizeof(*tally->rows));
        }
        row = &tally->rows[tally->count++];
        snprintf(row->helper, sizeof(row->helper), "%s", counts->element[i]->str);
        row->count = reply_number(counts->element[i + 1], 0);
        row->total = total;
    }
}

bool tally_must_ask(const struct tally *tally, const struct helpers *helpers)
{
    if (tally->count && !helpers_are_fresh(helpers))
        return true;
    for (int i = 0; i < tally->count; i++)
        if (!helpers_have(helpers, tally->rows[i].helper))
            return true;
    return false;
}

bool tally_settle(struct tally *tally, const struct helpers *helpers)
{
    bool has_dead = false;

    for (int i = 0; i < tally->count; i++)
        if (helpers_have(helpers, tally->rows[i].helper))
            *tally->rows[i].total += tally->rows[i].count;
        else
            has_dead = true;
    tally->count = 0;
    return has_dead;
}
