/* policy.c - /p/NAME: how a queue shares its messages among streaming consumers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "handlers/handlers.h"
#include "handlers/stats.h"

enum status policy_get(struct exchange *exchange)
{
    struct queue_state state;
    struct json_object *answer;
    enum status status = stats_of_queue(exchange, &state);

    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "value", json_object_new_string(policy_name(state.policy)));
    return answer_json(exchange, answer);
}

enum status policy_post(struct exchange *exchange)
{
    const struct field *field = form_find(&exchange->request.form, "policy");
    enum policy policy;
    enum status status;

    if (!field)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "no field policy");
    if (!policy_parse(field->value, field->value_len, &policy))
        return refuse(&exchange->reason, STATUS_BAD_VALUE,
                      "policy must be broadcast or roundrobin");
    queue_set_policy_call(&exchange->call, exchange->queue, policy);
    status = link_run(exchange->link, &exchange->call, &exchange->reason);
    return status == STATUS_OK ? answer_line(exchange, "OK") : status;
}
