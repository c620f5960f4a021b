/* survey_step.c - one thing that a survey reads of a queue, page by page.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/survey_step.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/scripts.h"
#include "redis/reply.h"

enum {
    MOST_NUMBERS = 1000000000, /* a byte of memory for each number of a queue */
    STEP_WORK = 20,            /* a call without any elements takes as long */
};

const struct place places[PLACES] = {
    {"ZRANGE", KEY_LEASES },
    {"ZRANGE", KEY_DELAYED},
    {"LRANGE", KEY_LIST   },
};

/* A reading command on one key; its other words follow. */
static void begin_page(struct call *call, struct survey_step *step, enum key key,
                       const char *command, call_decode *decode)
{
    call_begin(call, of_queue(step->owner), &script_page, decode, step);
    keys_add_key(call, key, step->owner);
    call_bytes(call, command, strlen(command));
}

static void mark(struct surveyed *of, const redisReply *entry, int bit)
{
    size_t prefix = strlen(of->queue) + 1, len = entry->len;
    const char *key = message_key_shown(entry->str, &len);
    unsigned char *seen;
    long long number;

    if (entry->type != REDIS_REPLY_STRING || !message_key_is_of(key, len, of->queue))
        return;
    number = strtoll(key + prefix, NULL, 10);
    if (bit & (SEEN_LIVE | SEEN_DEAD) && number <= MOST_NUMBERS && number > of->highest)
        of->highest = number;
    if (number > of->last)
        return;
    seen = &of->seen[number];
    if (bit & (SEEN_LIVE | SEEN_DEAD) && (*seen & SEEN_COUNT) < SEEN_COUNT)
        ++*seen;
    *seen |= (unsigned char)bit;
}

static enum status counter_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct surveyed *of = ((struct survey_step *)call->result)->of;
    char key[KEY_SIZE];

    of->counter = reply->type == REDIS_REPLY_NIL ? 0 : reply_number(reply, -1);
    if (of->counter >= 0 && of->counter <= MOST_NUMBERS)
        return STATUS_OK;
    keys_write(key, KEY_COUNTER, of->queue);
    return refuse(reason, STATUS_DAMAGED, "%s is no number up to %d", key, MOST_NUMBERS);
}

void survey_counter(struct survey_step *step, struct call *call)
{
    begin_page(call, step, KEY_COUNTER, "GET", counter_result);
}

static enum status range_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct survey_step *step = call->result;

    (void)reason;
    for (size_t i = 0; i < reply->elements; i++)
        mark(step->of, reply->element[i], step->bit);
    step->at += SURVEY_PAGE;
    step->has_more = reply->elements == SURVEY_PAGE;
    return STATUS_OK;
}

void survey_range(struct survey_step *step, struct call *call)
{
    begin_page(call, step, step->place->key, step->place->command, range_result);
    call_number(call, step->at);
    call_number(call, step->at + SURVEY_PAGE - 1);
}

static enum status receipts_result(struct call *call, const redisReply *reply,
                                   struct reason *reason)
{
    struct survey_step *step = call->result;

    if (!reply_is_array(reply, 2) || !reply->element[0]->str)
        return reply_unexpected("HSCAN", reason);
    for (size_t i = 0; i + 1 < reply->element[1]->elements; i += 2)
        mark(step->of, reply->element[1]->element[i], step->bit);
    snprintf(step->cursor, sizeof(step->cursor), "%s", reply->element[0]->str);
    step->has_more = strcmp(step->cursor, "0") != 0;
    return STATUS_OK;
}

void survey_receipts(struct survey_step *step, struct call *call)
{
    begin_page(call, step, KEY_RECEIPTS, "HSCAN", receipts_result);
    call_text(call, step->cursor, "", 0, "");
    call_bytes(call, "COUNT", 5);
    call_number(call, SURVEY_PAGE);
}

/* Numbers of its page. */
static long long page_of(const struct survey_step *step)
{
    long long left = step->of->last - step->at;

    return left < SURVEY_PAGE ? left : SURVEY_PAGE;
}

static enum status bodies_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct survey_step *step = call->result;
    long long count = page_of(step);

    if (reply->type != REDIS_REPLY_STRING || (long long)reply->len != count)
        return reply_unexpected("bodies", reason);
    for (long long i = 0; i < count; i++)
        if (reply->str[i] == '1')
            step->of->seen[step->at + 1 + i] |= SEEN_BODY;
    step->at += count;
    step->has_more = step->at < step->of->last;
    return STATUS_OK;
}

void survey_bodies(struct survey_step *step, struct call *call)
{
    call_begin(call, of_queue(step->of->queue), &script_bodies, bodies_result, step);
    keys_add_key(call, KEY_FOREIGN, step->of->queue);
    keys_add_text(call, KEY_PREFIX, step->of->queue);
    call_number(call, step->at + 1);
    call_number(call, page_of(step));
}

/* A queue has not more entries than numbers. */
long long survey_step_work(const struct survey_step *step)
{
    if (step->begin == survey_counter)
        return STEP_WORK;
    return STEP_WORK + (step->at ? SURVEY_PAGE : page_of(step));
}
