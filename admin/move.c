/* move.c - a queue moves from one Redis to another.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/move.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

/* Of one call: some milliseconds of Redis's time. */
enum { STEP_MESSAGES = 300, STEP_BYTES = 1024 * 1024 };

static void add_side(struct call *call, const char *queue, const enum key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        keys_add_key(call, keys[i], queue);
}

/* The queue's, then those of its dead letters. */
static void add_sides(struct call *call, const char *queue, const enum key *keys, size_t count)
{
    char dead[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    add_side(call, queue, keys, count);
    add_side(call, dead, keys, count);
}

static void add_events(struct call *call, const char *queue)
{
    char dead[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    keys_add_text(call, KEY_EVENTS, queue);
    keys_add_text(call, KEY_EVENTS, dead);
}

/* A word of a reply becomes an argument. */
static void add_word(struct call *call, const redisReply *word)
{
    if (word->type == REDIS_REPLY_INTEGER)
        call_number(call, word->integer);
    else
        call_bytes(call, word->str, word->len);
}

static void add_words(struct call *call, const redisReply *list)
{
    call_number(call, (long long)list->elements);
    for (size_t i = 0; i < list->elements; i++)
        add_word(call, list->element[i]);
}

/* --- depart -------------------------------------------------------------------------------- */

/* Of a reply of depart.lua: before the sides, and of a side. */
enum { ID, DONE, COUNTER, REMEMBERS, REMEMBERS_MS, HEAD };
enum { WAS, POLICY, SETTINGS, STATS, PARTS };

static bool is_word(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING;
}

static bool is_side(redisReply *const *side)
{
    return is_word(side[WAS]) && is_word(side[POLICY]) && reply_is_array(side[SETTINGS], 0) &&
           reply_is_array(side[STATS], 0);
}

static enum status depart_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct departure *departure = call->result;
    size_t sides = reply->type == REDIS_REPLY_ARRAY && reply->elements >= HEAD + PARTS
                       ? (reply->elements - HEAD) / PARTS
                       : 0;

    if (!sides || !is_word(reply->element[ID]) || !is_word(reply->element[COUNTER]) ||
        !is_word(reply->element[REMEMBERS]))
        return reply_unexpected("depart", reason);
    for (size_t i = 0; i < sides; i++)
        if (!is_side(reply->element + HEAD + i * PARTS))
            return reply_unexpected("depart", reason);
    departure->id = reply->element[ID];
    departure->is_done = reply_number(reply->element[DONE], 0) == 1;
    departure->counter = reply->element[COUNTER];
    departure->remembers = reply->element[REMEMBERS];
    departure->remembers_ms = reply_number(reply->element[REMEMBERS_MS], 0);
    departure->sides = (const redisReply *const *)reply->element + HEAD;
    departure->sides_count = (int)sides;
    return STATUS_OK;
}

void move_depart_call(struct call *call, const char *queue, struct departure *departure)
{
    static const enum key keys[] = {KEY_STATUS, KEY_SETTINGS, KEY_POLICY, KEY_STATS};
    struct token_pool pool = {.left = 0};

    token_make(&pool, departure->new_id);
    call_begin(call, of_queue(queue), &script_depart, depart_result, departure);
    keys_add_key(call, KEY_COUNTER, queue);
    keys_add_key(call, KEY_REMEMBERS, queue);
    add_sides(call, queue, keys, sizeof(keys) / sizeof(keys[0]));
    call_bytes(call, departure->new_id, strlen(departure->new_id));
    add_events(call, queue);
}

/* --- arrive -------------------------------------------------------------------------------- */

static enum status arrive_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call->result;
    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("arrive", reason);
    if (reply->integer == 1)
        return STATUS_OK;
    return refuse(reason, STATUS_CONFLICT,
                  "there is such a queue already, which did not come from here");
}

void move_arrive_call(struct call *call, const char *queue, bool has_dead,
                      const struct departure *departure)
{
    static const enum key keys[] = {KEY_LIST,   KEY_LEASES,   KEY_DELAYED,
                                    KEY_STATUS, KEY_SETTINGS, KEY_POLICY};
    char dead[LIMIT_NAME + 1] = "";

    if (has_dead)
        queue_dead_name(queue, dead);
    call_begin(call, of_queue(queue), &script_arrive, arrive_result, NULL);
    keys_add_key(call, KEY_NAMES, queue);
    keys_add_key(call, KEY_COUNTER, queue);
    add_sides(call, queue, keys, sizeof(keys) / sizeof(keys[0]));
    add_word(call, departure->id);
    add_word(call, departure->counter);
    call_text(call, queue, "", 0, "");
    call_text(call, dead, "", 0, "");
    for (int i = 0; i < departure->sides_count; i++) {
        add_word(call, departure->sides[i * PARTS + WAS]);
        add_word(call, departure->sides[i * PARTS + POLICY]);
        add_words(call, departure->sides[i * PARTS + SETTINGS]);
    }
}

static enum status arrived_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call->result;
    return reply->type == REDIS_REPLY_INTEGER ? STATUS_OK : reply_unexpected("arrived", reason);
}

void move_arrived_call(struct call *call, const char *queue, enum move_stage arrival,
                       const struct departure *departure)
{
    static const enum key keys[] = {KEY_STATUS, KEY_SETTINGS, KEY_STATS};

    call_begin(call, of_queue(queue), &script_arrived, arrived_result, NULL);
    keys_add_key(call, KEY_COUNTER, queue);
    add_sides(call, queue, keys, sizeof(keys) / sizeof(keys[0]));
    add_word(call, departure->id);
    call_number(call, arrival);
    add_word(call, departure->counter);
    add_events(call, queue);
    for (int i = 0; i < departure->sides_count && arrival == ARRIVAL_OVER; i++)
        add_words(call, departure->sides[i * PARTS + STATS]);
}

/* --- messages ------------------------------------------------------------------------------ */

/* Of a reply of pack.lua: before the messages, and of a message. */
enum { NUMBER, PLACE, LEASES, PACK_HEAD, PACK_PARTS = 6 };

static enum status pack_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct packed *packed = call->result;

    if (!reply_is_array(reply, 1))
        return reply_unexpected("pack", reason);
    packed->number = reply_number(reply->element[NUMBER], -2);
    if (packed->number == -1 && --packed->steps > 0)
        return STATUS_AGAIN;
    if (packed->number < 0 || reply->elements < PACK_HEAD ||
        (reply->elements - PACK_HEAD) % PACK_PARTS != 0)
        return reply_unexpected("pack", reason);
    packed->leases = reply_number(reply->element[LEASES], 0);
    packed->reply = reply;
    return STATUS_OK;
}

void move_pack_call(struct call *call, const char *queue, long long has, struct packed *packed)
{
    char dead[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    *packed = (struct packed){.steps = LIMIT_STEPS};
    call_begin(call, of_queue(queue), &script_pack, pack_result, packed);
    call_expect(call, STEP_MESSAGES, STEP_BYTES);
    keys_add_key(call, KEY_SETTINGS, queue);
    keys_add_key(call, KEY_LIST, queue);
    keys_add_key(call, KEY_LIST, dead);
    keys_add_key(call, KEY_DELAYED, queue);
    keys_add_key(call, KEY_LEASES, queue);
    keys_add_key(call, KEY_RECEIPTS, queue);
    keys_add_key(call, KEY_RECEIPTS, dead);
    keys_add_text(call, KEY_PREFIX, queue);
    call_number(call, has);
    call_number(call, STEP_MESSAGES);
    call_number(call, STEP_BYTES);
}

static enum status unpack_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    long long *moved = call->result;

    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("unpack", reason);
    if (reply->integer < 0)
        return refuse(reason, STATUS_CONFLICT, "the target does not know of this move any more");
    *moved += reply->integer;
    return STATUS_OK;
}

void move_unpack_call(struct call *call, const char *queue, const struct departure *departure,
                      const struct packed *packed, long long *moved)
{
    char dead[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    call_begin(call, of_queue(queue), &script_unpack, unpack_result, moved);
    keys_add_key(call, KEY_SETTINGS, queue);
    keys_add_key(call, KEY_LIST, queue);
    keys_add_key(call, KEY_LIST, dead);
    keys_add_key(call, KEY_DELAYED, queue);
    keys_add_key(call, KEY_RECEIPTS, queue);
    keys_add_key(call, KEY_RECEIPTS, dead);
    add_word(call, departure->id);
    keys_add_text(call, KEY_PREFIX, queue);
    keys_add_text(call, KEY_EVENTS, queue);
    for (size_t i = 0; i < packed->reply->elements; i++)
        add_word(call, packed->reply->element[i]);
}
