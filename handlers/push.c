/* push.c - POST /q/NAME: one message, or a batch of them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <string.h>

#include "broker/keys.h"
#include "handlers/body.h"
#include "handlers/queue.h"
#include "http/accept.h"

/* Every line is a message, the last one also without its line feed; "\r" belongs to the message. */
static enum status find_lines(struct exchange *exchange, struct body bodies[LIMIT_BATCH],
                              int *count)
{
    const char *at = exchange->request.body.data;
    const char *end = at ? at + exchange->request.body.len : at;

    *count = 0;
    while (at < end) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        const char *stop = feed ? feed : end;

        if (*count == LIMIT_BATCH)
            return refuse(&exchange->reason, STATUS_TOO_LARGE, "a batch has at most %d messages",
                          LIMIT_BATCH);
        bodies[(*count)++] = (struct body){at, (size_t)(stop - at)};
        at = stop + 1;
    }
    if (*count == 0)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "a batch needs at least one line");
    return STATUS_OK;
}

/* RestMQ's "msg or value": an empty msg does not hide a value. */
static enum status find_bodies(struct exchange *exchange, bool is_batch,
                               struct body bodies[LIMIT_BATCH], int *count)
{
    static const struct body_fields fields = {
        {"msg", "value"},
        "msg or value"
    };
    enum status status = body_read(exchange, &fields, &bodies[0]);

    *count = 1;
    return status == STATUS_OK && is_batch ? find_lines(exchange, bodies, count) : status;
}

static enum status find_options(struct exchange *exchange, struct push *push)
{
    const char *once = exchange->request.head.idempotency_key;
    enum status status = option_number(exchange, "ttl", 1, LIMIT_TTL, 0, &push->ttl);

    if (status == STATUS_OK)
        status = option_number(exchange, "delay", 0, LIMIT_DELAY, 0, &push->delay);
    if (status != STATUS_OK || !once)
        return status;
    push->once = once;
    push->once_len = strlen(once);
    push->once_seconds = exchange->service->settings->idempotency_seconds;
    return push_check_once(push, "Idempotency-Key", &exchange->reason);
}

/* A push under way. */
struct push_state {
    bool is_batch;
    struct pushed pushed;
};

static struct json_object *key_object(const struct exchange *exchange, long long number)
{
    char key[MESSAGE_KEY];

    message_key(key, exchange->queue, number);
    return json_object_new_string(key);
}

static enum status answer_keys(struct exchange *exchange, const struct pushed *pushed)
{
    struct json_object *keys = json_object_new_array();

    for (int i = 0; i < pushed->count; i++)
        json_object_array_add(keys, key_object(exchange, pushed->first + i));
    return answer_json(exchange, keys);
}

static enum status answer_key(struct exchange *exchange, long long number)
{
    char key[MESSAGE_KEY];
    struct json_object *answer;

    message_key(key, exchange->queue, number);
    if (!accept_prefers(exchange->request.head.accept, "application/json", "text/plain"))
        return answer_line(exchange, key);
    answer = json_object_new_object();
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "key", json_object_new_string(key));
    return answer_json(exchange, answer);
}

static enum status finish_push(struct exchange *exchange, enum status status)
{
    const struct push_state *state = exchange->state;
    const struct pushed *pushed = &state->pushed;

    if (status != STATUS_OK)
        return status;
    if (pushed->is_replay)
        response_header(&exchange->response, "Idempotent-Replay", "true");
    return state->is_batch ? answer_keys(exchange, pushed) : answer_key(exchange, pushed->first);
}

enum status begin_push(struct exchange *exchange)
{
    struct push_state *state = exchange_state(exchange, sizeof(*state), NULL);
    struct body bodies[LIMIT_BATCH];
    struct push push = {.queue = exchange->queue, .bodies = bodies};
    enum status status;

    state->is_batch = request_has_type(&exchange->request, "application/x-ndjson");
    status = find_bodies(exchange, state->is_batch, bodies, &push.count);
    if (status == STATUS_OK)
        status = find_options(exchange, &push);
    if (status == STATUS_OK)
        status = push_check(&push, exchange->service->settings->max_message, &exchange->reason);
    if (status != STATUS_OK)
        return status;
    queue_push_call(&exchange->call, &push, &state->pushed);
    return exchange_await(exchange, finish_push);
}
