/* stream.c - what a helper does with queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/stream.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/queue.h"
#include "broker/scripts.h"
#include "broker/take.h"
#include "redis/reply.h"

/* --- what others published, and values ---------------------------------------------------- */

bool stream_read_broadcast(const char *data, size_t len, char key[MESSAGE_KEY],
                           struct message *message)
{
    const char *key_end = memchr(data, ' ', len);
    const char *token = key_end ? key_end + 1 : data;
    const char *token_end = memchr(token, ' ', len - (size_t)(token - data));
    size_t token_len = token_end ? (size_t)(token_end - token) : 0;

    if (!key_end || !token_end || token_len == 0 || token_len >= TOKEN_SIZE)
        return false;
    *message = (struct message){
        .key = data,
        .key_len = (size_t)(key_end - data),
        .value = token_end + 1,
        .value_len = len - (size_t)(token_end + 1 - data),
    };
    memcpy(message->token, token, token_len);
    message->token[token_len] = '\0';
    if (!keys_have_tags())
        return true;
    message->key = key;
    return message_key_copy(key, data, &message->key_len);
}

bool stream_key_is_message(const char *key, size_t len)
{
    char queue[LIMIT_NAME + 1];

    return message_key_queue(key, len, queue);
}

void stream_value_call(struct call *call, const char *key, size_t len, size_t most,
                       struct message *message)
{
    char queue[LIMIT_NAME + 1] = "";
    size_t before;

    message_key_queue(key, len, queue);
    before = strlen(queue) + 1; /* the number */
    call_begin(call, of_queue(queue), &script_value, stream_value_result, message);
    call_expect(call, 0, most);
    keys_add_message(call, key, len);
    keys_add_key(call, KEY_COUNTER, queue);
    keys_add_key(call, KEY_FOREIGN, queue);
    keys_add_key(call, KEY_NAMES, queue);
    call_number(call, (long long)most);
    call_text(call, queue, "", 0, "");
    call_text(call, "", key + before, len - before, "");
}

enum status stream_value_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct message *message = call->result;

    if (reply->type == REDIS_REPLY_INTEGER) {
        *message = (struct message){.value_len = (size_t)reply->integer};
        return refuse(reason, STATUS_TOO_LARGE, "the message has %lld bytes", reply->integer);
    }
    if (reply->type != REDIS_REPLY_STRING)
        return STATUS_EMPTY;
    *message = (struct message){.value = reply->str, .value_len = reply->len};
    return STATUS_OK;
}

/* --- settle -------------------------------------------------------------------------------- */

void stream_settle_call(struct call *call, const char *queue, signed char *results)
{
    char dead[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    call_begin(call, of_queue(queue), &script_settle, stream_settle_result, results);
    call_may_leave_trash(call, queue);
    queue_add_giveback_keys(call, queue);
    call_text(call, dead, "", 0, "");
    keys_add_text(call, KEY_EVENTS, queue);
    call_clock(call);
}

void stream_settle_add(struct call *call, enum settle_act act, const char *key, size_t key_len,
                       const char *token)
{
    call_text(call, (const char[]){(char)act, '\0'}, "", 0, "");
    keys_add_message_text(call, key, key_len);
    call_text(call, token, "", 0, "");
}

enum status stream_settle_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    signed char *results = call->result;

    if (!reply_is_array(reply, 1) || reply->elements > STREAM_BATCH)
        return reply_unexpected("settle", reason);
    for (size_t i = 0; i < reply->elements; i++) {
        results[i] = (signed char)reply_number(reply->element[i], SETTLE_STALE);
        call->has_trash |= results[i] == SETTLE_LEFT;
    }
    return STATUS_OK;
}

/* --- prolong ------------------------------------------------------------------------------- */

enum { PROLONG_HEAD = 4, PROLONG_WORDS = 2 }; /* arguments before, and for, each lease */

void stream_prolong_call(struct call *call, const char *queue, signed char *results)
{
    call_begin(call, of_queue(queue), &script_prolong, stream_prolong_result, results);
    keys_add_key(call, KEY_LEASES, queue);
    keys_add_key(call, KEY_RECEIPTS, queue);
    call_number(call, TAKE_HELPER_MS);
    call_clock(call);
}

void stream_prolong_add(struct call *call, const char *key, size_t key_len, const char *token)
{
    keys_add_message_text(call, key, key_len);
    call_text(call, token, "", 0, "");
}

void stream_prolong_read(const struct call *call, int i, char key[MESSAGE_KEY], size_t *key_len,
                         char token[TOKEN_SIZE])
{
    int first = PROLONG_HEAD + i * PROLONG_WORDS;
    const char *text = call_argument(call, first, key_len);
    size_t len;

    message_key_copy(key, text, key_len);
    text = call_argument(call, first + 1, &len);
    snprintf(token, TOKEN_SIZE, "%.*s", (int)len, text);
}

enum status stream_prolong_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    signed char *results = call->result;

    if (reply->type != REDIS_REPLY_STRING || reply->len > STREAM_BATCH)
        return reply_unexpected("prolong", reason);
    for (size_t i = 0; i < reply->len; i++)
        results[i] = reply->str[i] == '1';
    return STATUS_OK;
}

/* --- states -------------------------------------------------------------------------------- */

void stream_states_call(struct call *call, const char *const *queues, struct stream_states *states)
{
    static const enum key keys[] = {KEY_LEASES, KEY_DELAYED, KEY_STATUS, KEY_POLICY};
    char close[STREAM_STATES];

    call_begin(call, of_queue(queues[0]), &script_tick, stream_states_result, states);
    for (int i = 0; i < states->count; i++)
        keys_add_key(call, KEY_LIST, queues[i]);
    for (int i = 0; i < states->count; i++) {
        close[i] = states->is_close[i] ? '1' : '0';
        for (size_t k = 0; states->is_close[i] && k < sizeof(keys) / sizeof(keys[0]); k++)
            keys_add_key(call, keys[k], queues[i]);
    }
    call_clock(call);
    call_text(call, "", close, (size_t)states->count, "");
}

enum status stream_states_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct stream_states *states = call->result;

    if (reply->type != REDIS_REPLY_STRING || reply->len != (size_t)states->count)
        return reply_unexpected("tick", reason);
    for (int i = 0; i < states->count; i++)
        states->bits[i] = (unsigned char)(reply->str[i] - '0');
    return STATUS_OK;
}
