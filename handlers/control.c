/* control.c - /control: is a queue started, and starting and stopping it.
 *
 * A stopped queue serves no streaming consumer; push and take go on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "base/text.h"
#include "handlers/admit.h"
#include "handlers/handlers.h"
#include "handlers/stats.h"

static struct json_object *status_object(const char *queue, bool is_started)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "queue", json_object_new_string(queue));
    json_object_object_add(object, "status", json_object_new_int(is_started));
    return object;
}

enum status control_get(struct exchange *exchange)
{
    struct queue_state state;
    struct json_object *answer;
    enum status status = stats_of_queue(exchange, &state);

    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "status", status_object(exchange->queue, state.is_started));
    json_object_object_add(answer, "redis", redis_name(exchange));
    return answer_json(exchange, answer);
}

static void add_status(struct json_object *queues, const char *queue,
                       const struct queue_state *state)
{
    json_object_object_add(queues, queue, status_object(queue, state->is_started));
}

enum status control_get_all(struct exchange *exchange)
{
    return stats_of_all(exchange, add_status);
}

enum status control_post(struct exchange *exchange)
{
    const struct field *field = form_find(&exchange->request.form, "status");
    struct json_object *answer;
    enum status status;
    bool start;

    if (!field)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "no field status");
    start = text_is(field->value, field->value_len, "start");
    if (!start && !text_is(field->value, field->value_len, "stop"))
        return refuse(&exchange->reason, STATUS_BAD_VALUE, "status must be start or stop");
    queue_set_started_call(&exchange->call, exchange->queue, start);
    status = link_run(exchange->link, &exchange->call, &exchange->reason);
    if (status != STATUS_OK)
        return status;
    admit_done(exchange, "control %s, %s", exchange->queue, start ? "start" : "stop");
    answer = json_object_new_object();
    json_object_object_add(answer, "stat", status_object(exchange->queue, start));
    return answer_json(exchange, answer);
}
