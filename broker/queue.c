/* queue.c - one queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/queue.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "broker/keys.h"
#include "broker/reply.h"
#include "broker/script.h"

/* Bodies removed by one sweep: about a tenth of a millisecond of Redis's time. */
enum { SWEEP_BODIES = 100 };

/* A longer list is not searched for the entry of a deleted message: 0.1 ms of Redis's time. */
enum { DELETE_SEARCHES = 10000 };

static const char *const policy_names[] = {
    [POLICY_BROADCAST] = "broadcast",
    [POLICY_ROUNDROBIN] = "roundrobin",
};

const char *policy_name(enum policy policy)
{
    return policy_names[policy];
}

bool policy_parse(const char *text, size_t len, enum policy *policy)
{
    for (enum policy i = POLICY_BROADCAST; i <= POLICY_ROUNDROBIN; i++) {
        if (strlen(policy_names[i]) == len && memcmp(policy_names[i], text, len) == 0) {
            *policy = i;
            return true;
        }
    }
    return false;
}

/* --- push ---------------------------------------------------------------------------------- */

void queue_push_call(struct call *call, const char *queue, const char *body, size_t len,
                     long long ttl, long long *number)
{
    call_begin(call, &script_push, queue_push_result, number);
    keys_add_key(call, KEY_LIST, queue);
    keys_add_key(call, KEY_COUNTER, queue);
    keys_add_key(call, KEY_STATUS, queue);
    keys_add_key(call, KEY_QUEUES, "");
    call_bytes(call, queue, strlen(queue));
    keys_add_text(call, KEY_PREFIX, queue);
    keys_add_text(call, KEY_CHANNEL, queue);
    call_bytes(call, body, len);
    if (ttl)
        call_number(call, ttl);
    else
        call_bytes(call, "", 0);
}

enum status queue_push_result(const redisReply *reply, void *result, struct reason *reason)
{
    long long *number = result;

    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("push", reason);
    *number = reply->integer;
    return STATUS_OK;
}

/* --- take and peek ------------------------------------------------------------------------- */

void queue_take_call(struct call *call, const char *queue, long long count, struct taken *taken)
{
    call_begin(call, &script_take, queue_take_result, taken);
    keys_add_key(call, KEY_LIST, queue);
    keys_add_key(call, KEY_TRASH, queue);
    keys_add_text(call, KEY_PREFIX, queue);
    call_number(call, count);
    call_number(call, LIMIT_ANSWER);
}

/* Two neighbouring elements; false when they are no strings. */
static bool read_message(const redisReply *reply, size_t at, struct message *message)
{
    const redisReply *key = reply->element[at], *value = reply->element[at + 1];

    *message = (struct message){key->str, key->len, value->str, value->len, 0};
    return key->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING;
}

enum status queue_take_result(const redisReply *reply, void *result, struct reason *reason)
{
    struct taken *taken = result;

    taken->count = 0;
    if (!reply_is_array(reply, 2) || reply->elements % 2 || reply->elements > 2 + 2 * LIMIT_BATCH)
        return reply_unexpected("take", reason);
    for (size_t at = 2; at + 1 < reply->elements; at += 2)
        if (!read_message(reply, at, &taken->messages[taken->count++]))
            return reply_unexpected("take", reason);
    taken->has_trash = reply_number(reply->element[0], 0) == 1;
    if (reply_number(reply->element[1], 0) == 1)
        return STATUS_AGAIN;
    return taken->count ? STATUS_OK : STATUS_EMPTY;
}

void queue_peek_call(struct call *call, const char *queue, bool counted, struct message *message)
{
    call_begin(call, &script_peek, queue_peek_result, message);
    keys_add_key(call, KEY_LIST, queue);
    keys_add_text(call, KEY_PREFIX, queue);
    call_number(call, counted);
}

enum status queue_peek_result(const redisReply *reply, void *result, struct reason *reason)
{
    struct message *message = result;

    if (!reply_is_array(reply, 1))
        return reply_unexpected("peek", reason);
    if (reply->elements == 1)
        return reply_number(reply->element[0], 0) == 1 ? STATUS_AGAIN : STATUS_EMPTY;
    if (reply->elements != 4 || !read_message(reply, 1, message))
        return reply_unexpected("peek", reason);
    message->count = reply_number(reply->element[3], 0);
    return STATUS_OK;
}

/* --- delete and purge ---------------------------------------------------------------------- */

/* The decoder of what answers 0 or 1. */
static enum status read_flag(const redisReply *reply, void *result, const char *operation,
                             struct reason *reason)
{
    bool *flag = result;

    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected(operation, reason);
    *flag = reply->integer != 0;
    return STATUS_OK;
}

void queue_delete_call(struct call *call, const char *queue, const char *key, size_t key_len,
                       bool *deleted)
{
    call_begin(call, &script_delete, queue_delete_result, deleted);
    keys_add_key(call, KEY_LIST, queue);
    call_bytes(call, key, key_len);
    call_number(call, DELETE_SEARCHES);
}

enum status queue_delete_result(const redisReply *reply, void *result, struct reason *reason)
{
    return read_flag(reply, result, "delete", reason);
}

void queue_purge_call(struct call *call, const char *queue, long long *purged)
{
    call_begin(call, &script_purge, queue_purge_result, purged);
    keys_add_key(call, KEY_LIST, queue);
    keys_add_key(call, KEY_TRASH, queue);
    keys_add_text(call, KEY_EVENTS, queue);
}

enum status queue_purge_result(const redisReply *reply, void *result, struct reason *reason)
{
    long long *purged = result;

    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("purge", reason);
    *purged = reply->integer;
    return STATUS_OK;
}

void queue_sweep_call(struct call *call, const char *queue, bool *more)
{
    call_begin(call, &script_sweep, queue_sweep_result, more);
    keys_add_key(call, KEY_TRASH, queue);
    keys_add_text(call, KEY_PREFIX, queue);
    call_number(call, SWEEP_BODIES);
}

enum status queue_sweep_result(const redisReply *reply, void *result, struct reason *reason)
{
    return read_flag(reply, result, "sweep", reason);
}

/* --- policy, status, state ----------------------------------------------------------------- */

static void set_call(struct call *call, enum key key, const char *queue, long long value,
                     const char *event)
{
    call_begin(call, &script_set, queue_set_result, NULL);
    keys_add_key(call, key, queue);
    call_number(call, value);
    keys_add_text(call, KEY_EVENTS, queue);
    call_bytes(call, event, strlen(event));
}

void queue_set_policy_call(struct call *call, const char *queue, enum policy policy)
{
    set_call(call, KEY_POLICY, queue, policy, "policy");
}

void queue_set_started_call(struct call *call, const char *queue, bool started)
{
    set_call(call, KEY_STATUS, queue, started, "control");
}

enum status queue_set_result(const redisReply *reply, void *result, struct reason *reason)
{
    (void)result;
    return reply->type == REDIS_REPLY_STATUS ? STATUS_OK : reply_unexpected("set", reason);
}

void queue_states_call(struct call *call, const char *const *queues, struct queue_states *states)
{
    call_begin(call, &script_stats, queue_states_result, states);
    for (int i = 0; i < states->count; i++) {
        keys_add_key(call, KEY_LIST, queues[i]);
        keys_add_key(call, KEY_COUNTER, queues[i]);
        keys_add_key(call, KEY_STATUS, queues[i]);
        keys_add_key(call, KEY_POLICY, queues[i]);
    }
}

enum status queue_states_result(const redisReply *reply, void *result, struct reason *reason)
{
    struct queue_states *states = result;

    if (!reply_is_array(reply, 4 * (size_t)states->count))
        return reply_unexpected("stats", reason);
    for (int i = 0; i < states->count; i++) {
        redisReply **element = reply->element + 4 * (size_t)i;
        struct queue_state *state = &states->states[i];

        state->length = reply_number(element[0], 0);
        state->pushed = reply_number(element[1], 0);
        state->removed = state->pushed > state->length ? state->pushed - state->length : 0;
        state->is_started = reply_number(element[2], 1) != 0;
        state->policy =
            reply_number(element[3], 0) == POLICY_ROUNDROBIN ? POLICY_ROUNDROBIN : POLICY_BROADCAST;
    }
    return STATUS_OK;
}

void queue_jobs_call(struct call *call, const char *queue, struct queue_jobs *jobs)
{
    call_begin(call, &script_jobs, queue_jobs_result, jobs);
    keys_add_key(call, KEY_LIST, queue);
    call_number(call, LIMIT_JOBS);
}

enum status queue_jobs_result(const redisReply *reply, void *result, struct reason *reason)
{
    struct queue_jobs *jobs = result;

    if (!reply_is_array(reply, 2) || !reply_is_array(reply->element[1], 0) ||
        reply->element[1]->elements > LIMIT_JOBS)
        return reply_unexpected("jobs", reason);
    jobs->length = reply_number(reply->element[0], 0);
    jobs->count = (int)reply->element[1]->elements;
    for (int i = 0; i < jobs->count; i++) {
        const redisReply *key = reply->element[1]->element[i];

        jobs->jobs[i] = (struct message){.key = key->str, .key_len = key->len};
    }
    return STATUS_OK;
}
