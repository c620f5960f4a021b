/* control.c - /control: what of a queue is held, and stopping and starting it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "broker/hold.h"
#include "handlers/admit.h"
#include "handlers/handlers.h"
#include "handlers/stats.h"

static struct json_object *status_object(const char *queue, const struct holds *holds)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "queue", json_object_new_string(queue));
    holds_to_json(holds, object);
    return object;
}

static enum status finish_control(struct exchange *exchange, enum status status)
{
    const struct queue_state *state = stats_found(exchange);
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "status", status_object(exchange->queue, &state->holds));
    json_object_object_add(answer, "redis", redis_name(exchange));
    return answer_json(exchange, answer);
}

enum status get_control(struct exchange *exchange)
{
    return stats_of_queue(exchange, finish_control);
}

static void add_status(struct json_object *queues, const char *queue,
                       const struct queue_state *state)
{
    json_object_object_add(queues, queue, status_object(queue, &state->holds));
}

enum status get_all_control(struct exchange *exchange)
{
    return stats_of_all(exchange, add_status);
}

static enum status read_change(struct exchange *exchange, struct hold_change *change)
{
    const struct field *field = form_find(&exchange->request.form, "status");
    const struct field *what = form_find(&exchange->request.form, "what");

    if (!field)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "no field status");
    return hold_read(change, exchange->queue, field->value, field->value_len,
                     what ? what->value : NULL, what ? what->value_len : 0, &exchange->reason);
}

/* A change under way. */
struct hold_state {
    struct hold_change change;
    struct holds holds; /* after it */
};

static enum status finish_hold(struct exchange *exchange, enum status status)
{
    const struct hold_state *holding = exchange->state;
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    admit_done(exchange, "control %s, %s", exchange->queue, hold_text(&holding->change));
    answer = json_object_new_object();
    json_object_object_add(answer, "stat", status_object(exchange->queue, &holding->holds));
    return answer_json(exchange, answer);
}

enum status post_control(struct exchange *exchange)
{
    struct hold_state *holding = exchange_state(exchange, sizeof(*holding), NULL);
    enum status status = read_change(exchange, &holding->change);

    if (status != STATUS_OK)
        return status;
    hold_call(&exchange->call, exchange->queue, &holding->change, &holding->holds);
    return exchange_await(exchange, finish_hold);
}
