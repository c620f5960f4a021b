/* find.c - one message by its key.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/find.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "base/limits.h"
#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

/* A longer list is not searched for an entry: 0.1 ms of Redis's time. */
enum { SEARCHES = 10000 };

void find_add_keys(struct call *call, const char *queue)
{
    static const enum key places[] = {KEY_LIST, KEY_LEASES, KEY_RECEIPTS, KEY_DELAYED};
    enum { PLACES = sizeof(places) / sizeof(places[0]) };
    char dead[LIMIT_NAME + 1], base[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    queue_base_name(queue, base);
    for (int i = 0; i < PLACES; i++)
        keys_add_key(call, places[i], queue);
    for (int i = 0; i < PLACES; i++)
        keys_add_key(call, places[i], dead);
    keys_add_key(call, KEY_COUNTER, base);
    keys_add_key(call, KEY_FOREIGN, queue);
}

void find_add_message(struct call *call, const struct claim *claim)
{
    keys_add_message_text(call, claim->key, claim->key_len);
    call_number(call, SEARCHES);
    call_clock(call);
}

enum status find_refuse(long long outcome, struct reason *reason)
{
    if (outcome == 0)
        return refuse(reason, STATUS_NOT_FOUND, "no such message");
    if (outcome != -2)
        return reply_unexpected("look", reason);
    return refuse(reason, STATUS_CONFLICT,
                  "this may be a dead letter, and was not looked for: there are more than %d, "
                  "some of an early version or another program",
                  2 * SEARCHES);
}

/* --- read ---------------------------------------------------------------------------------- */

void find_call(struct call *call, const char *queue, const struct claim *claim, bool counted,
               struct found *found)
{
    call_begin(call, of_queue(queue), &script_look, find_result, found);
    call_expect(call, 1, 0);
    find_add_keys(call, queue);
    find_add_message(call, claim);
    call_number(call, counted);
    found->message = (struct message){.key = claim->key, .key_len = claim->key_len};
}

enum status find_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    enum { PARTS = 5 };
    struct found *found = call->result;

    if (reply->type == REDIS_REPLY_INTEGER)
        return find_refuse(reply->integer, reason);
    if (!reply_is_array(reply, PARTS) || reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[2]->type != REDIS_REPLY_STRING)
        return reply_unexpected("look", reason);
    found->message.value = reply->element[0]->str;
    found->message.value_len = reply->element[0]->len;
    found->message.count = reply_number(reply->element[1], 0);
    found->state = reply->element[2]->str;
    found->until_ms = reply_number(reply->element[3], 0);
    found->message.deliveries = reply_number(reply->element[4], 0);
    return STATUS_OK;
}

/* --- delete -------------------------------------------------------------------------------- */

void find_delete_call(struct call *call, const char *queue, const struct claim *claim, bool force,
                      bool *deleted)
{
    if (claim->token_len > 0) {
        claim_ack_call(call, queue, claim, deleted);
        return;
    }
    call_begin(call, of_queue(queue), &script_delete, find_delete_result, deleted);
    find_add_keys(call, queue);
    find_add_message(call, claim);
    call_number(call, force);
}

enum status find_delete_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    bool *deleted = call->result;

    *deleted = false;
    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("delete", reason);
    if (reply->integer > 1)
        return refuse(reason, STATUS_STALE_LEASE, "leased until %lld, and no token was sent",
                      reply->integer);
    if (reply->integer == -2)
        return find_refuse(-2, reason);
    *deleted = reply->integer == 1;
    return STATUS_OK;
}
