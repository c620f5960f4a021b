/* take.c - taking messages from a queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/take.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"
#include "broker/hold.h"
#include "broker/keys.h"
#include "broker/queue.h"
#include "broker/scripts.h"
#include "redis/reply.h"

/* --- the call ------------------------------------------------------------------------------ */

/* Keys that few takes look at; see rare.lua. */
static void add_rare(struct call *call, const char *queue, const char *token)
{
    char dead[LIMIT_NAME + 1], most_bytes[1 + NUMBER_TEXT] = "\n";

    queue_dead_name(queue, dead);
    number_print(LIMIT_TAKE_BYTES, most_bytes + 1);
    call_text(call, token, "", 0, most_bytes);
    keys_append_line(call, KEY_STATS, queue);
    keys_append_line(call, KEY_LIST, dead);
    keys_append_line(call, KEY_STATUS, dead);
    keys_append_line(call, KEY_NAMES, queue);
    call_append(call, "\n", 1);
    call_append(call, dead, strlen(dead));
    keys_append_line(call, KEY_EVENTS, queue);
    keys_append_line(call, KEY_RECEIPTS, dead);
}

static void add_helper(struct call *call, const struct take *take)
{
    call_clock(call);
    call_number(call, TAKE_HELPER_MS);
    if (take->policy)
        call_number(call, take->policy);
    else
        call_bytes(call, "", 0);
    keys_add_text(call, KEY_BROADCAST, take->queue);
}

static void begin(struct call *call, const struct take *take, struct batch *batch)
{
    batch->is_helpers = take->holder == HOLDER_HELPER;
    batch->is_published = batch->is_helpers && take->policy == POLICY_BROADCAST;
    batch->is_numbered = batch->is_helpers || take->count > 1;
    if (!batch->token_is_unused)
        token_make(take->pool, batch->token);
    batch->token_is_unused = false; /* until the reply says that nothing was leased */
    call_begin(call, of_queue(take->queue), &script_take, take_result, batch);
    call_may_leave_trash(call, take->queue);
    if (!batch->is_published)
        call_expect(call, take->count, LIMIT_TAKE_BYTES);
}

void take_call(struct call *call, const struct take *take, struct batch *batch)
{
    begin(call, take, batch);
    queue_add_take_keys(call, take->queue);
    if (batch->is_helpers) {
        keys_add_key(call, KEY_STATUS, take->queue);
        keys_add_key(call, KEY_POLICY, take->queue);
    }
    keys_add_text(call, KEY_PREFIX, take->queue);
    call_number(call, take->count);
    if (take->lease == LEASE_BY_POLICY)
        call_bytes(call, "", 0);
    else
        call_number(call, take->lease * 1000);
    add_rare(call, take->queue, batch->token);
    if (batch->is_helpers)
        add_helper(call, take);
    else if (call->clock_us)
        call_clock(call);
}

/* --- the reply ----------------------------------------------------------------------------- */

enum { HEAD = 3, PARTS = 3, TAIL = 2 }; /* of the reply: around, and for, each message */

/* False when they are no strings. */
static bool read_message(const redisReply *const *parts, struct batch *batch)
{
    struct message *message = &batch->messages[batch->count++];
    bool is_leased = batch->is_helpers || batch->lease_until;

    *message = (struct message){
        .key_len = parts[0]->len,
        .value = parts[1]->str,
        .value_len = parts[1]->len,
        .lease_until = batch->lease_until,
        .deliveries = reply_number(parts[2], 1),
    };
    message->key = message_key_shown(parts[0]->str, &message->key_len);
    if (is_leased && batch->is_numbered)
        token_number(message->token, batch->token, batch->count, !batch->lease_until);
    else if (is_leased)
        memcpy(message->token, batch->token, sizeof(batch->token));
    return parts[0]->type == REDIS_REPLY_STRING && parts[1]->type == REDIS_REPLY_STRING;
}

static bool read_messages(const redisReply *reply, int count, struct batch *batch)
{
    batch_reserve(batch, count);
    for (int i = 0; i < count; i++)
        if (!read_message((const redisReply *const *)reply->element + HEAD + i * PARTS, batch)) {
            batch->count = 0;
            return false;
        }
    return true;
}

/* Of a helper's take: false when the number that Redis tells is not that of the messages that are
 * here, or elsewhere. */
static bool read_tail(const redisReply *const *tail, int here, struct batch *batch)
{
    long long policy = reply_number(tail[0], 0), count = reply_number(tail[1], -1);

    batch->is_stopped = policy == 0;
    batch->policy = (enum policy)policy;
    if (count < 0 || count > LIMIT_BATCH || here != (batch->is_published ? 0 : count))
        return false;
    batch->count = (int)count;
    return true;
}

enum status take_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct batch *batch = call->result;
    size_t around = HEAD + (batch->is_helpers ? TAIL : 0);
    size_t parts = reply_is_array(reply, around) ? reply->elements - around : 1;
    long long lease_until;

    batch->count = 0;
    if (parts % PARTS != 0 || parts > PARTS * LIMIT_BATCH)
        return reply_unexpected("take", reason);
    lease_until = reply_number(reply->element[2], 0);
    call->has_trash = reply_number(reply->element[0], 0) == 1;
    batch->lease_until = lease_until > 0 ? lease_until : 0;
    if (!read_messages(reply, (int)(parts / PARTS), batch) ||
        (batch->is_helpers &&
         !read_tail((const redisReply *const *)reply->element + reply->elements - TAIL,
                    (int)(parts / PARTS), batch))) {
        batch->count = 0;
        return reply_unexpected("take", reason);
    }
    batch->token_is_unused = batch->count == 0 || (!batch->is_helpers && lease_until <= 0);
    if (lease_until < 0 && !batch->is_helpers)
        return hold_refuse(HOLD_TAKES, reason);
    if (reply_number(reply->element[1], 0) == 1)
        return STATUS_AGAIN;
    return batch->count ? STATUS_OK : STATUS_EMPTY;
}
