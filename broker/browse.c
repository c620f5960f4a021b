/* browse.c - a queue's messages as they stand there.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/browse.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "broker/claim.h"
#include "broker/find.h"
#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

/* Entries that are looked at for a text, and bytes of bodies that are read, in one step: about a
 * millisecond of Redis's time. */
enum { LOOKS = 250, MOST_BYTES = 256 * 1024 };

/* --- the calls ------------------------------------------------------------------------------ */

void browse_call(struct call *call, struct browse *browse)
{
    const char *queue = browse->queue;
    bool has_text = browse->text_len > 0;
    char base[LIMIT_NAME + 1];

    call_begin(call, of_queue(queue), &script_browse, browse_result, browse);
    call_expect(call, browse->most, MOST_BYTES);
    keys_add_key(call, KEY_LIST, queue);
    keys_add_key(call, KEY_LEASES, queue);
    keys_add_key(call, KEY_DELAYED, queue);
    keys_add_key(call, KEY_RECEIPTS, queue);
    queue_base_name(queue, base);
    keys_add_key(call, KEY_COUNTER, base);
    keys_add_key(call, KEY_SAMPLED, base);
    keys_add_text(call, KEY_PREFIX, queue);
    call_text(call, base, ":", 1, "");
    call_text(call, browse->states, "", 0, "");
    call_number(call, browse->passed);
    call_number(call, browse->most);
    call_number(call, LOOKS);
    call_number(call, browse->cut);
    call_bytes(call, has_text ? browse->text : "", browse->text_len);
    call_number(call, browse->looks_into_bodies ? LIMIT_BROWSE_CUT : 0);
    call_number(call, MOST_BYTES);
    call_clock(call);
}

void browse_one_call(struct call *call, const struct claim *claim, struct browse *browse)
{
    char base[LIMIT_NAME + 1];

    call_begin(call, of_queue(browse->queue), &script_inspect, browse_one_result, browse);
    call_expect(call, 1, 0);
    find_add_keys(call, browse->queue);
    queue_base_name(browse->queue, base);
    keys_add_key(call, KEY_SAMPLED, base);
    find_add_message(call, claim);
    call_number(call, browse->cut);
}

/* --- the replies ---------------------------------------------------------------------------- */

/* Of a message in the reply of either script, see facts.lua. */
enum {
    KEY,
    STATE,
    SIZE,
    DELIVERIES,
    UNTIL,
    EXPIRES,
    BODY,
    REASON,
    DIED_DELIVERIES,
    DIED_AT,
    DIED_REASON,
    AGE,
    PARTS
};

static bool are_texts(redisReply *const *parts)
{
    static const int texts[] = {KEY, STATE, BODY, REASON, DIED_REASON};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (parts[texts[i]]->type != REDIS_REPLY_STRING)
            return false;
    return true;
}

static bool read_facts(redisReply *const *parts, struct facts *facts)
{
    if (!are_texts(parts))
        return false;
    *facts = (struct facts){
        .key_len = parts[KEY]->len,
        .state = parts[STATE]->str,
        .size = reply_number(parts[SIZE], 0),
        .deliveries = reply_number(parts[DELIVERIES], 0),
        .until_ms = reply_number(parts[UNTIL], 0),
        .expires_ms = reply_number(parts[EXPIRES], 0),
        .body = parts[BODY]->str,
        .body_len = parts[BODY]->len,
        .reason = parts[REASON]->str,
        .reason_len = parts[REASON]->len,
        .died_deliveries = reply_number(parts[DIED_DELIVERIES], 0),
        .died_ms = reply_number(parts[DIED_AT], 0),
        .died_reason = parts[DIED_REASON]->str,
        .died_reason_len = parts[DIED_REASON]->len,
    };
    age_read(&facts->age, parts[AGE]);
    facts->key = message_key_shown(parts[KEY]->str, &facts->key_len);
    return true;
}

enum status browse_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    enum { HEAD = 2 };
    struct browse *browse = call->result;
    size_t parts = reply_is_array(reply, HEAD) ? reply->elements - HEAD : 1;

    browse->count = 0;
    if (parts % PARTS != 0 || parts / PARTS > (size_t)browse->most)
        return reply_unexpected("browse", reason);
    browse->now_ms = reply_number(reply->element[0], 0);
    browse->next = reply_number(reply->element[1], -1);
    for (; browse->count < (int)(parts / PARTS); browse->count++)
        if (!read_facts(reply->element + HEAD + browse->count * PARTS,
                        &browse->rows[browse->count]))
            return reply_unexpected("browse", reason);
    return STATUS_OK;
}

enum status browse_one_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct browse *browse = call->result;

    browse->count = 0;
    if (reply->type == REDIS_REPLY_INTEGER)
        return find_refuse(reply->integer, reason);
    if (!reply_is_array(reply, 1 + PARTS) || !read_facts(reply->element + 1, browse->rows))
        return reply_unexpected("inspect", reason);
    browse->now_ms = reply_number(reply->element[0], 0);
    browse->count = 1;
    return STATUS_OK;
}
