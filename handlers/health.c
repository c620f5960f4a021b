/* health.c - /health and /ready: for those who watch over the service.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "base/target.h"
#include "base/text.h"
#include "broker/promise.h"
#include "handlers/admit.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"
#include "handlers/tour.h"

/* Alive; says nothing about Redis. */
enum status get_health(struct exchange *exchange)
{
    return answer_line(exchange, "ok");
}

/* --- the answer ------------------------------------------------------------------------------- */

/* The promises that are collected, from master to master. */
struct readiness {
    struct tour tour;
    struct promise all, one; /* one: of the master in hand */
};

static void clear_readiness(void *state)
{
    tour_clear(&((struct readiness *)state)->tour);
}

static enum status answer_ready(struct exchange *exchange, enum status may_see)
{
    const struct promise *promise = &((struct readiness *)exchange->state)->all;
    struct json_object *answer = json_object_new_object();

    json_object_object_add(answer, "ready", json_object_new_boolean(true));
    if (may_see == STATUS_OK)
        json_object_object_add(answer, "redis", redis_name(exchange));
    promise_to_json(promise, answer);
    return answer_json(exchange, answer);
}

/* --- from master to master -------------------------------------------------------------------- */

static finish on_probe, on_info, on_config;

/* The status that a push would be told, except that NO_SPACE cannot be about the client's own
 * bytes. */
static enum status status_of_probe(enum status status)
{
    return status == STATUS_NO_SPACE ? STATUS_UNAVAILABLE : status;
}

static enum status ask_info(struct exchange *exchange)
{
    struct readiness *readiness = exchange->state;

    promise_init(&readiness->one);
    promise_info_call(&exchange->call, &readiness->one);
    tour_address(&readiness->tour, exchange);
    return exchange_await(exchange, on_info);
}

/* Each master of a cluster is asked as a push to a queue of its own would be; the one that there is
 * else was asked already. */
static enum status ask_master(struct exchange *exchange)
{
    struct readiness *readiness = exchange->state;
    char queue[16];

    if (!readiness->tour.map || !tour_queue(&readiness->tour, queue))
        return ask_info(exchange);
    promise_probe_call(&exchange->call, queue);
    return exchange_await(exchange, on_probe);
}

static enum status on_probe(struct exchange *exchange, enum status status)
{
    return status == STATUS_OK ? ask_info(exchange) : status_of_probe(status);
}

static enum status on_info(struct exchange *exchange, enum status status)
{
    struct readiness *readiness = exchange->state;

    (void)status;
    exchange->reason = (struct reason){0};
    if (promise_is_too_old(&readiness->one))
        return refuse(
            &exchange->reason, STATUS_UNAVAILABLE,
            "hash tags need Redis 7 or newer, and this one is %s: streams hear of no push",
            readiness->one.version);
    promise_config_call(&exchange->call, &readiness->one);
    tour_address(&readiness->tour, exchange);
    return exchange_await(exchange, on_config);
}

/* A setting that Redis does not tell counts as a promise that it does not give. */
static enum status on_config(struct exchange *exchange, enum status status)
{
    struct readiness *readiness = exchange->state;

    (void)status;
    exchange->reason = (struct reason){0};
    promise_join(&readiness->all, &readiness->one);
    if (++readiness->tour.number < readiness->tour.count)
        return ask_master(exchange);
    promise_join_end(&readiness->all, target_kind(exchange->service->settings->redis));
    return admit_sees(exchange, RIGHT_CONSUMER, answer_ready);
}

static enum status on_masters(struct exchange *exchange, enum status status)
{
    struct readiness *readiness = exchange->state;
    struct tour *tour = &readiness->tour;
    int holes = tour->map && status == STATUS_OK ? cluster_holes(tour->map) : 0;

    if (status != STATUS_OK)
        return status;
    if (holes)
        return refuse(&exchange->reason, STATUS_UNAVAILABLE,
                      "%d slot%s of the cluster have no Redis node: the queues there are refused",
                      holes, text_plural(holes));
    if (tour->map)
        tour->count = tour->map->count;
    return ask_master(exchange);
}

/* New queues are listed there. */
static enum status on_list_probe(struct exchange *exchange, enum status status)
{
    struct readiness *readiness;

    if (status != STATUS_OK)
        return status_of_probe(status);
    readiness = exchange_state(exchange, sizeof(*readiness), clear_readiness);
    return tour_begin(exchange, &readiness->tour, on_masters);
}

enum status get_ready(struct exchange *exchange)
{
    promise_probe_call(&exchange->call, NULL);
    return exchange_await(exchange, on_list_probe);
}
