/* claim.c - claims on leased messages.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/claim.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "broker/keys.h"
#include "broker/queue.h"
#include "broker/scripts.h"
#include "redis/reply.h"

/* --- calls --------------------------------------------------------------------------------- */

static void add_claims(struct call *call, const struct claim *claims, int count)
{
    for (int i = 0; i < count; i++) {
        keys_add_message_text(call, claims[i].key, claims[i].key_len);
        call_bytes(call, claims[i].token, claims[i].token_len);
    }
}

static void add_ack(struct call *call, const char *queue, const struct claim *claims, int count)
{
    keys_add_key(call, KEY_LEASES, queue);
    keys_add_key(call, KEY_RECEIPTS, queue);
    keys_add_key(call, KEY_STATS, queue);
    if (count > 1)
        keys_add_key(call, KEY_TRASH, queue);
    add_claims(call, claims, count);
    if (call->clock_us)
        call_clock(call);
}

static void add_extend(struct call *call, const char *queue, const struct claim *claims, int count,
                       long long seconds)
{
    keys_add_key(call, KEY_LEASES, queue);
    keys_add_key(call, KEY_RECEIPTS, queue);
    call_number(call, seconds * 1000);
    call_clock(call);
    add_claims(call, claims, count);
}

static void add_release(struct call *call, const char *queue, const struct claim *claims, int count,
                        const struct release *release)
{
    queue_add_giveback_keys(call, queue);
    if (release->delay < 0)
        call_bytes(call, "", 0);
    else
        call_number(call, release->delay * 1000);
    call_bytes(call, release->reason ? release->reason : "", release->reason_len);
    queue_add_giveback_texts(call, queue);
    add_claims(call, claims, count);
}

/* --- one ----------------------------------------------------------------------------------- */

void claim_ack_call(struct call *call, const char *queue, const struct claim *claim, bool *acked)
{
    call_begin(call, of_queue(queue), &script_ack, claim_ack_result, acked);
    add_ack(call, queue, claim, 1);
}

void claim_extend_call(struct call *call, const char *queue, const struct claim *claim,
                       long long seconds, long long *lease_until)
{
    call_begin(call, of_queue(queue), &script_extend, claim_extend_result, lease_until);
    add_extend(call, queue, claim, 1, seconds);
}

enum status release_check(const struct release *release, struct reason *reason)
{
    bool is_text = utf8_is_valid(release->reason ? release->reason : "", release->reason_len);

    if (!release->reason)
        return STATUS_OK;
    for (size_t i = 0; i < release->reason_len; i++)
        is_text =
            is_text && (unsigned char)release->reason[i] >= 0x20 && release->reason[i] != 0x7f;
    if (is_text && release->reason_len >= 1 && release->reason_len <= LIMIT_REASON)
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_VALUE,
                  "reason must be 1 to %d bytes of UTF-8 without control bytes", LIMIT_REASON);
}

void claim_release_call(struct call *call, const char *queue, const struct claim *claim,
                        const struct release *release)
{
    call_begin(call, of_queue(queue), &script_release, claim_release_result, NULL);
    add_release(call, queue, claim, 1, release);
}

static bool is_number(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER;
}

static enum status read_one(const redisReply *reply, const char *operation, long long *number,
                            struct reason *reason)
{
    if (!reply_is_array(reply, 1) || reply->elements != 1 || !is_number(reply->element[0]))
        return reply_unexpected(operation, reason);
    *number = reply->element[0]->integer;
    return *number == CLAIM_STALE ? STATUS_STALE_LEASE : STATUS_OK;
}

enum status claim_ack_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    bool *acked = call->result;
    long long number = 0;
    enum status status = read_one(reply, "ack", &number, reason);

    *acked = status == STATUS_OK;
    return status;
}

enum status claim_extend_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    long long *lease_until = call->result, number = 0;
    enum status status = read_one(reply, "extend", &number, reason);

    if (status == STATUS_OK)
        *lease_until = number;
    return status;
}

enum status claim_release_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    long long number = 0;

    (void)call->result;
    return read_one(reply, "release", &number, reason);
}

/* --- many ---------------------------------------------------------------------------------- */

void claims_ack_call(struct call *call, const char *queue, struct claims *claims)
{
    claims->act = CLAIMS_ACK;
    call_begin(call, of_queue(queue), &script_ack, claims_result, claims);
    call_may_leave_trash(call, queue);
    add_ack(call, queue, claims->rows, claims->count);
}

void claims_extend_call(struct call *call, const char *queue, struct claims *claims,
                        long long seconds)
{
    claims->act = CLAIMS_EXTEND;
    call_begin(call, of_queue(queue), &script_extend, claims_result, claims);
    add_extend(call, queue, claims->rows, claims->count, seconds);
}

void claims_release_call(struct call *call, const char *queue, struct claims *claims,
                         const struct release *release)
{
    claims->act = CLAIMS_RELEASE;
    call_begin(call, of_queue(queue), &script_release, claims_result, claims);
    add_release(call, queue, claims->rows, claims->count, release);
}

enum status claims_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct claims *claims = call->result;

    if (!reply_is_array(reply, 1) || reply->elements != (size_t)claims->count)
        return reply_unexpected("claims", reason);
    for (int i = 0; i < claims->count; i++) {
        if (!is_number(reply->element[i]))
            return reply_unexpected("claims", reason);
        claims->rows[i].result = reply->element[i]->integer;
        if (claims->act == CLAIMS_ACK && claims->rows[i].result == CLAIM_LEFT)
            call->has_trash = true;
    }
    return STATUS_OK;
}

/* --- lists of them ------------------------------------------------------------------------- */

void claims_clear(struct claims *claims)
{
    free(claims->rows);
    *claims = (struct claims){0};
}

struct claim *claims_add(struct claims *claims, const struct claim *claim)
{
    if (claims->count == claims->size) {
        claims->size = claims->size ? 2 * claims->size : 1;
        claims->rows = xrealloc(claims->rows, (size_t)claims->size * sizeof(*claims->rows));
    }
    claims->rows[claims->count] = *claim;
    return &claims->rows[claims->count++];
}
