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

enum status ready_get(struct exchange *exchange)
{
    struct promise promise = {0};
    struct json_object *answer;
    struct reason ignored = {0};
    enum status status;

    promise_info_call(&exchange->call, &promise);
    status = link_run(exchange->link, &exchange->call, &exchange->reason);
    if (status != STATUS_OK)
        return status;
    promise_config_call(&exchange->call, &promise);
    link_run(exchange->link, &exchange->call, &ignored);
    if (promise.problem[0])
        return refuse(&exchange->reason, STATUS_UNAVAILABLE, "%s", promise.problem);
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
