/* claim.c - claims on leased messages.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/claim.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
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
                        long long delay)
{
    queue_add_giveback_keys(call, queue);
    if (delay < 0)
        call_bytes(call, "", 0);
    else
        call_number(call, delay * 1000);
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

void claim_release_call(struct call *call, const char *queue, const struct claim *claim,
                        long long delay)
{
    call_begin(call, of_queue(queue), &script_release, claim_release_result, NULL);
    add_release(call, queue, claim, 1, delay);
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
                         long long delay)
{
    claims->act = CLAIMS_RELEASE;
    call_begin(call, of_queue(queue), &script_release, claims_result, claims);
    add_release(call, queue, claims->rows, claims->count, delay);
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

/* --- in and out ---------------------------------------------------------------------------- */

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

static enum status add(struct claims *claims, const char *queue, const struct claim *claim,
                       struct reason *reason)
{
    if (claims->count == LIMIT_BATCH)
        return refuse(reason, STATUS_BAD_VALUE, "more than %d messages", LIMIT_BATCH);
    claims_add(claims, claim);
    if (!message_key_is_of(claim->key, claim->key_len, queue))
        return refuse(reason, STATUS_BAD_VALUE,
                      "message %d: key must be that of a message of this queue", claims->count);
    if (claim->token_len == 0)
        return refuse(reason, STATUS_BAD_VALUE, "message %d: lease must be a token", claims->count);
    return STATUS_OK;
}

static bool read_object(struct json_object *object, struct claim *claim)
{
    struct json_object *key, *token;

    if (!json_object_is_type(object, json_type_object) || json_object_object_length(object) != 2 ||
        !json_object_object_get_ex(object, "key", &key) ||
        !json_object_object_get_ex(object, "lease", &token) ||
        !json_object_is_type(key, json_type_string) ||
        !json_object_is_type(token, json_type_string))
        return false;
    *claim = (struct claim){
        .key = json_object_get_string(key),
        .key_len = (size_t)json_object_get_string_len(key),
        .token = json_object_get_string(token),
        .token_len = (size_t)json_object_get_string_len(token),
    };
    return true;
}

/* How many it has. */
static enum status check_array(struct json_object *array, const char *what, size_t *count,
                               struct reason *reason)
{
    bool is_array = json_object_is_type(array, json_type_array);

    *count = is_array ? json_object_array_length(array) : 0;
    if (!is_array)
        return refuse(reason, STATUS_BAD_VALUE,
                      "%s must be an array of 1 to %d objects {\"key\",\"lease\"}", what,
                      LIMIT_BATCH);
    if (*count == 0 || *count > LIMIT_BATCH)
        return refuse(reason, STATUS_BAD_VALUE,
                      "%s must be an array of 1 to %d objects {\"key\",\"lease\"}; it has %zu",
                      what, LIMIT_BATCH, *count);
    return STATUS_OK;
}

enum status claims_read_json(struct claims *claims, const char *queue, const char *what,
                             struct json_object *array, struct reason *reason)
{
    size_t count;
    enum status status = check_array(array, what, &count, reason);
    struct claim claim;

    claims->count = 0;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (!read_object(json_object_array_get_idx(array, i), &claim))
            return refuse(reason, STATUS_BAD_VALUE,
                          "message %zu must be {\"key\",\"lease\"}, two strings", i + 1);
        status = add(claims, queue, &claim, reason);
    }
    return status;
}

/* A key has no space, and a token neither. */
static bool read_pair(const char *text, size_t len, struct claim *claim)
{
    const char *space = memchr(text, ' ', len);

    if (!space)
        return false;
    *claim = (struct claim){
        .key = text,
        .key_len = (size_t)(space - text),
        .token = space + 1,
        .token_len = len - (size_t)(space + 1 - text),
    };
    return !memchr(claim->token, ' ', claim->token_len);
}

enum status claims_read_text(struct claims *claims, const char *queue, const char *text, size_t len,
                             struct reason *reason)
{
    struct text_list list = {text, len};
    enum status status = STATUS_OK;
    struct claim claim;
    const char *pair;

    claims->count = 0;
    while (status == STATUS_OK && text_list_next(&list, &pair, &len)) {
        if (!read_pair(pair, len, &claim))
            return refuse(reason, STATUS_BAD_VALUE,
                          "keys must be pairs of key and token, one space between them, with a "
                          "comma and no space between the pairs; pair %d is not such a one",
                          claims->count + 1);
        status = add(claims, queue, &claim, reason);
    }
    return status;
}

static void add_outcome(struct json_object *object, enum claims_act act, long long result)
{
    if (result == CLAIM_STALE) {
        json_object_object_add(object, "error",
                               json_object_new_string(status_text(STATUS_STALE_LEASE)));
        json_object_object_add(object, "code",
                               json_object_new_string(status_code(STATUS_STALE_LEASE)));
    } else if (act == CLAIMS_EXTEND) {
        json_object_object_add(object, "lease_until", json_object_new_int64(result));
    } else {
        json_object_object_add(object, act == CLAIMS_ACK ? "deleted" : "released",
                               json_object_new_boolean(true));
    }
}

struct json_object *claims_to_json(const struct claims *claims)
{
    struct json_object *array = json_object_new_array();

    for (int i = 0; i < claims->count; i++) {
        const struct claim *claim = &claims->rows[i];
        struct json_object *object = json_object_new_object();

        json_object_object_add(object, "key",
                               json_object_new_string_len(claim->key, (int)claim->key_len));
        add_outcome(object, claims->act, claim->result);
        json_object_array_add(array, object);
    }
    return array;
}
