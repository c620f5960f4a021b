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
enum status health_get(struct exchange *exchange)
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

/* What a push would be told; but who asks here sends nothing that there could be no space for. */
static enum status probe(struct exchange *exchange)
{
    enum status status;

    promise_probe_call(&exchange->call);
    status = exchange_run(exchange);
    return status == STATUS_NO_SPACE ? STATUS_UNAVAILABLE : status;
}

enum status ready_get(struct exchange *exchange)
{
    enum status status = probe(exchange);
    struct reason ignored = {0};
    struct json_object *answer;
    struct promise promise;

    if (status != STATUS_OK)
        return status;
    promise_init(&promise);
    promise_info_call(&exchange->call, &promise);
    link_run(exchange->link, &exchange->call, &ignored);
    promise_config_call(&exchange->call, &promise);
    link_run(exchange->link, &exchange->call, &ignored);
    answer = json_object_new_object();
    json_object_object_add(answer, "ready", json_object_new_boolean(true));
    if (admit_sees(exchange, RIGHT_CONSUMER))
        json_object_object_add(answer, "redis", redis_name(exchange));
    json_object_object_add(answer, "promise", promise_sentence(&promise));
    json_object_object_add(answer, "persistence", json_object_new_string(promise.persistence));
    json_object_object_add(answer, "eviction", json_object_new_string(promise.eviction));
    json_object_object_add(answer, "replicas", json_object_new_string(promise.replicas));
    return answer_json(exchange, answer);
}
