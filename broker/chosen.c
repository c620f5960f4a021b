/* chosen.c - some dead letters, named by their keys.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/chosen.h"

#include <hiredis/hiredis.h>

#include "broker/hold.h"
#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

/* Entries of a list that are searched, at each end or on both sides of a place: a millisecond of
 * Redis's time. */
enum { SEARCHES = 5000 };

static void add_places(struct call *call, const char *queue)
{
    keys_add_key(call, KEY_LIST, queue);
    keys_add_key(call, KEY_LEASES, queue);
    keys_add_key(call, KEY_DELAYED, queue);
    keys_add_key(call, KEY_RECEIPTS, queue);
}

static void add_search(struct call *call, long long place)
{
    call_number(call, SEARCHES);
    if (place < 0)
        call_bytes(call, "", 0);
    else
        call_number(call, place);
    call_clock(call);
}

static void add_claims(struct call *call, const struct claims *claims)
{
    for (int i = 0; i < claims->count; i++)
        keys_add_message_text(call, claims->rows[i].key, claims->rows[i].key_len);
}

void chosen_revive_call(struct call *call, const char *queue, struct claims *claims,
                        long long place)
{
    char base[LIMIT_NAME + 1];

    queue_base_name(queue, base);
    call_begin(call, of_queue(queue), &script_revive, chosen_result, claims);
    add_places(call, queue);
    keys_add_key(call, KEY_LIST, base);
    keys_add_key(call, KEY_STATUS, base);
    keys_add_key(call, KEY_SETTINGS, base);
    keys_add_key(call, KEY_NAMES, queue);
    add_search(call, place);
    call_text(call, base, "", 0, "");
    keys_add_text(call, KEY_EVENTS, base);
    add_claims(call, claims);
}

void chosen_discard_call(struct call *call, const char *queue, struct claims *claims,
                         long long place)
{
    call_begin(call, of_queue(queue), &script_discard, chosen_result, claims);
    call_may_leave_trash(call, queue);
    add_places(call, queue);
    keys_add_key(call, KEY_TRASH, queue);
    add_search(call, place);
    add_claims(call, claims);
}

enum status chosen_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct claims *claims = call->result;

    if (reply->type == REDIS_REPLY_INTEGER && reply->integer == -1)
        return hold_refuse(HOLD_PUSHES, reason);
    if (!reply_is_array(reply, 1) || reply->elements != (size_t)claims->count)
        return reply_unexpected("chosen", reason);
    for (int i = 0; i < claims->count; i++) {
        struct claim *claim = &claims->rows[i];

        claim->result = reply_number(reply->element[i], CHOSEN_DEEP - 1);
        if (claim->result < CHOSEN_DEEP)
            return reply_unexpected("chosen", reason);
        if (claim->result == CLAIM_LEFT) {
            call->has_trash = true;
            claim->result = CHOSEN_DONE;
        }
    }
    return STATUS_OK;
}

long long chosen_done(const struct claims *claims)
{
    long long done = 0;

    for (int i = 0; i < claims->count; i++)
        done += claims->rows[i].result == CHOSEN_DONE;
    return done;
}
