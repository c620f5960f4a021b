/* health.c - /health and /ready: for those who watch over the service.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <stdio.h>

#include "broker/promise.h"
#include "handlers/admit.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"

/* Alive; says nothing about Redis. */
enum status get_health(struct exchange *exchange)
{
    return answer_line(exchange, "ok");
}

static struct json_object *promise_sentence(const struct promise *promise)
{
    char text[640];

    snprintf(text, sizeof(text),
             "A push that got a 2xx was executed by Redis. Persistence: %s. Eviction: %s. "
             "Replicas: %s.",
             promise->persistence, promise->eviction, promise->replicas);
    return json_object_new_string(text);
}

static enum status answer_ready(struct exchange *exchange, enum status may_see)
{
    const struct promise *promise = exchange->state;
    struct json_object *answer = json_object_new_object();

    json_object_object_add(answer, "ready", json_object_new_boolean(true));
    if (may_see == STATUS_OK)
        json_object_object_add(answer, "redis", redis_name(exchange));
    json_object_object_add(answer, "promise", promise_sentence(promise));
    json_object_object_add(answer, "persistence", json_object_new_string(promise->persistence));
    json_object_object_add(answer, "eviction", json_object_new_string(promise->eviction));
    json_object_object_add(answer, "replicas", json_object_new_string(promise->replicas));
    return answer_json(exchange, answer);
}

/* What Redis does not tell of its settings, it does not promise. */
static enum status on_config(struct exchange *exchange, enum status status)
{
    (void)status;
    exchange->reason = (struct reason){0};
    return admit_sees(exchange, RIGHT_CONSUMER, answer_ready);
}

static enum status on_info(struct exchange *exchange, enum status status)
{
    (void)status;
    exchange->reason = (struct reason){0};
    promise_config_call(&exchange->call, exchange->state);
    return exchange_await(exchange, on_config);
}

/* As a push would be told; but who asks here sends nothing that there could be no space for. */
static enum status on_probe(struct exchange *exchange, enum status status)
{
    struct promise *promise;

    if (status != STATUS_OK)
        return status == STATUS_NO_SPACE ? STATUS_UNAVAILABLE : status;
    promise = exchange_state(exchange, sizeof(*promise), NULL);
    promise_init(promise);
    promise_info_call(&exchange->call, promise);
    return exchange_await(exchange, on_info);
}

enum status get_ready(struct exchange *exchange)
{
    promise_probe_call(&exchange->call);
    return exchange_await(exchange, on_probe);
}
