/* queue.c - one queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/queue.h"

#include <hiredis/hiredis.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/hold.h"
#include "broker/keys.h"
#include "broker/registry.h"
#include "broker/scripts.h"
#include "broker/token.h"
#include "redis/reply.h"

/* Bodies removed by one sweep, and bytes of them: about a millisecond of Redis's time. */
enum { SWEEP_BODIES = 100, SWEEP_BYTES = 1024 * 1024 };

/* Dead letters that go back in one step: some two milliseconds. */
enum { REDRIVE_STEP = 2500 };

static void add_empty(struct call *call)
{
    call_bytes(call, "", 0);
}

/* --- push ---------------------------------------------------------------------------------- */

enum { DIGEST_HEX = 32 };

static void digest_number(EVP_MD_CTX *digest, long long number)
{
    EVP_DigestUpdate(digest, &number, sizeof(number));
}

/* Of all that makes a push the same as another one: options, and the bodies with their lengths. */
static void push_digest(const struct push *push, char hex[DIGEST_HEX + 1])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    if (!digest || !EVP_DigestInit_ex(digest, EVP_sha256(), NULL))
        abort(); /* out of memory */
    digest_number(digest, push->ttl);
    digest_number(digest, push->delay);
    for (int i = 0; i < push->count; i++) {
        digest_number(digest, (long long)push->bodies[i].len);
        EVP_DigestUpdate(digest, push->bodies[i].data, push->bodies[i].len);
    }
    EVP_DigestFinal_ex(digest, bytes, NULL);
    EVP_MD_CTX_free(digest);
    hex_write(hex, bytes, DIGEST_HEX / 2);
}

enum status push_check(const struct push *push, long long max_message, struct reason *reason)
{
    size_t total = 0;

    if (queue_is_dead(push->queue))
        return refuse(reason, STATUS_BAD_NAME, "dead letters take no pushes; push to their queue");
    for (int i = 0; i < push->count; i++) {
        total += push->bodies[i].len;
        if (push->bodies[i].len > (size_t)max_message)
            return refuse(reason, STATUS_TOO_LARGE, "a message has at most %lld bytes",
                          max_message);
    }
    if (push->count > 1 && total > LIMIT_BATCH_BYTES)
        return refuse(reason, STATUS_TOO_LARGE, "a batch has at most %d bytes", LIMIT_BATCH_BYTES);
    return STATUS_OK;
}

enum status push_check_once(const struct push *push, const char *name, struct reason *reason)
{
    bool is_printable = true;

    for (size_t i = 0; i < push->once_len; i++)
        is_printable = is_printable && push->once[i] >= 0x20 && push->once[i] <= 0x7e;
    if (is_printable && push->once_len > 0 && push->once_len <= LIMIT_ONCE)
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_VALUE, "%s must be 1 to %d bytes of printable ASCII", name,
                  LIMIT_ONCE);
}

/* Keys that only pushes with options, or to queues with settings, look at; see rare.lua. */
static void add_rare_of_push(struct call *call, const struct push *push)
{
    char hex[DIGEST_HEX + 1] = "";

    if (push->once)
        push_digest(push, hex);
    call_number(call, push->delay * 1000);
    call_append(call, "\n", 1);
    call_append(call, hex, strlen(hex));
    call_append(call, "\n", 1);
    call_append_number(call, push->once_seconds);
    call_append(call, "\n", 1);
    if (call->clock_us)
        call_append_number(call, call->clock_us);
    keys_append_line(call, KEY_LEASES, push->queue);
    keys_append_line(call, KEY_DELAYED, push->queue);
    keys_append_line(call, KEY_ONCE, push->queue);
    call_append(call, push->once ? push->once : "", push->once_len);
    keys_append_line(call, KEY_RECEIPTS, push->queue);
    keys_append_line(call, KEY_STATS, push->queue);
}

void queue_push_call(struct call *call, const struct push *push, struct pushed *pushed)
{
    const char *queue = push->queue;

    call_begin(call, of_queue(queue), &script_push, queue_push_result, pushed);
    call->changes = CHANGE_KEPT;
    registry_adds(call);
    pushed->count = push->count;
    keys_add_key(call, KEY_LIST, queue);
    keys_add_key(call, KEY_COUNTER, queue);
    keys_add_key(call, KEY_STATUS, queue);
    keys_add_key(call, KEY_NAMES, queue);
    keys_add_key(call, KEY_SETTINGS, queue);
    call_bytes(call, queue, strlen(queue));
    keys_add_text(call, KEY_PREFIX, queue);
    keys_add_text(call, KEY_CHANNEL, queue);
    if (push->ttl)
        call_number(call, push->ttl);
    else
        add_empty(call);
    add_rare_of_push(call, push);
    for (int i = 0; i < push->count; i++)
        call_bytes(call, push->bodies[i].len ? push->bodies[i].data : "", push->bodies[i].len);
}

enum status queue_push_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct pushed *pushed = call->result;

    pushed->is_replay = reply->type == REDIS_REPLY_ARRAY;
    pushed->first = reply_number(reply, 0);
    if (pushed->first < 0) /* the queue was not listed */
        pushed->first = -pushed->first;
    if (reply_is_array(reply, 1))
        pushed->first = reply_number(reply->element[0], -3);
    if (reply_is_array(reply, 2) && reply_number(reply->element[1], 0) != pushed->count)
        return reply_unexpected("push", reason);
    if (reply_is_array(reply, 1) && pushed->first == -1)
        return STATUS_FULL;
    if (reply_is_array(reply, 1) && pushed->first == -2 && reply->elements == 1)
        return hold_refuse(HOLD_PUSHES, reason);
    if (reply_is_array(reply, 1) && pushed->first == 0)
        return STATUS_CONFLICT;
    return pushed->first > 0 && pushed->first <= REPLY_NUMBER_MAX - pushed->count
               ? STATUS_OK
               : reply_unexpected("push", reason);
}

/* --- peek ---------------------------------------------------------------------------------- */

void queue_add_take_keys(struct call *call, const char *queue)
{
    keys_add_key(call, KEY_LIST, queue);
    keys_add_key(call, KEY_LEASES, queue);
    keys_add_key(call, KEY_DELAYED, queue);
    keys_add_key(call, KEY_TRASH, queue);
    keys_add_key(call, KEY_SETTINGS, queue);
    keys_add_key(call, KEY_RECEIPTS, queue);
}

/* In the order in which scripts/queue.lua reads them. */
void queue_add_giveback_keys(struct call *call, const char *queue)
{
    char dead[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    queue_add_take_keys(call, queue);
    keys_add_key(call, KEY_STATS, queue);
    keys_add_key(call, KEY_LIST, dead);
    keys_add_key(call, KEY_STATUS, dead);
    keys_add_key(call, KEY_NAMES, queue);
    keys_add_key(call, KEY_RECEIPTS, dead);
}

void queue_add_giveback_texts(struct call *call, const char *queue)
{
    char dead[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    call_text(call, dead, "", 0, "");
    keys_add_text(call, KEY_EVENTS, queue);
    call_clock(call);
}

static bool read_message(const redisReply *reply, struct message *message)
{
    const redisReply *key = reply->element[1], *value = reply->element[2];

    *message = (struct message){
        .key_len = key->len,
        .value = value->str,
        .value_len = value->len,
        .count = reply_number(reply->element[3], 0),
    };
    message->key = message_key_shown(key->str, &message->key_len);
    return key->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING;
}

void queue_peek_call(struct call *call, const char *queue, bool counted, struct message *message)
{
    call_begin(call, of_queue(queue), &script_peek, queue_peek_result, message);
    call_expect(call, 1, 0);
    queue_add_giveback_keys(call, queue);
    keys_add_text(call, KEY_PREFIX, queue);
    call_number(call, counted);
    queue_add_giveback_texts(call, queue);
}

enum status queue_peek_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct message *message = call->result;

    if (!reply_is_array(reply, 1))
        return reply_unexpected("peek", reason);
    if (reply->elements == 1)
        return reply_number(reply->element[0], 0) == 1 ? STATUS_AGAIN : STATUS_EMPTY;
    if (reply->elements != 4 || !read_message(reply, message))
        return reply_unexpected("peek", reason);
    return STATUS_OK;
}

/* --- redrive, purge, sweep ----------------------------------------------------------------- */

void queue_redrive_call(struct call *call, const char *queue, long long count,
                        struct redrive *redrive)
{
    char base[LIMIT_NAME + 1];

    queue_base_name(queue, base);
    *redrive = (struct redrive){.is_all = count == 0, .steps = LIMIT_STEPS};
    call_begin(call, of_queue(queue), &script_redrive, queue_redrive_result, redrive);
    queue_add_giveback_keys(call, queue);
    keys_add_key(call, KEY_LIST, base);
    keys_add_key(call, KEY_STATUS, base);
    keys_add_key(call, KEY_SETTINGS, base);
    call_text(call, base, "", 0, "");
    keys_add_text(call, KEY_PREFIX, base);
    call_number(call, count ? count : REDRIVE_STEP);
    keys_add_text(call, KEY_EVENTS, base);
    keys_add_text(call, KEY_EVENTS, queue);
    call_clock(call);
}

enum status queue_redrive_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct redrive *redrive = call->result;
    long long moved = reply_is_array(reply, 2) ? reply_number(reply->element[0], -2) : -2;

    if (moved == -1)
        return hold_refuse(HOLD_PUSHES, reason);
    if (moved < 0 || moved > REDRIVE_STEP)
        return reply_unexpected("redrive", reason);
    redrive->redriven += moved;
    redrive->has_more = redrive->is_all && reply_number(reply->element[1], 0) == 1;
    return redrive->has_more && --redrive->steps > 0 ? STATUS_AGAIN : STATUS_OK;
}

void queue_purge_call(struct call *call, const char *queue, long long *purged)
{
    call_begin(call, of_queue(queue), &script_purge, queue_purge_result, purged);
    call_may_leave_trash(call, queue);
    keys_add_key(call, KEY_LIST, queue);
    keys_add_key(call, KEY_LEASES, queue);
    keys_add_key(call, KEY_DELAYED, queue);
    keys_add_key(call, KEY_RECEIPTS, queue);
    keys_add_key(call, KEY_TRASH, queue);
    keys_add_key(call, KEY_STATS, queue);
    keys_add_text(call, KEY_EVENTS, queue);
}

enum status queue_purge_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    long long *purged = call->result;

    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("purge", reason);
    *purged = reply->integer;
    call->has_trash = *purged > 0;
    return STATUS_OK;
}

void queue_sweep_call(struct call *call, const char *queue, enum sweep_extent extent, bool *more)
{
    call_begin(call, of_queue(queue), &script_sweep, queue_sweep_result, more);
    queue_add_giveback_keys(call, queue);
    keys_add_text(call, KEY_PREFIX, queue);
    call_number(call, SWEEP_BODIES);
    call_number(call, SWEEP_BYTES);
    call_number(call, extent == SWEEP_PURGED);
    queue_add_giveback_texts(call, queue);
}

enum status queue_sweep_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    bool *more = call->result;

    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("sweep", reason);
    *more = reply->integer != 0;
    return STATUS_OK;
}
