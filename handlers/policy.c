/* policy.c - /p/NAME: how a queue treats its messages and its streaming consumers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/policy.h"

#include <json-c/json.h>

#include "handlers/admit.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"

static enum status run(struct exchange *exchange, const struct policy_change *change,
                       struct policy_state *state)
{
    enum status status =
        policy_call(&exchange->call, exchange->queue, change, state, &exchange->reason);

    if (status == STATUS_OK)
        status = exchange_run(exchange);
    return status;
}

static enum status answer_policy(struct exchange *exchange, const struct policy_state *state)
{
    struct json_object *answer = json_object_new_object();

    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    policy_to_json(state, answer);
    return answer_json(exchange, answer);
}

enum status policy_get(struct exchange *exchange)
{
    struct policy_change none = {0};
    struct policy_state state;
    enum status status = run(exchange, &none, &state);

    return status == STATUS_OK ? answer_policy(exchange, &state) : status;
}

static enum status add(struct exchange *exchange, struct policy_change *change, const char *name,
                       int *count)
{
    const struct field *field = form_find(&exchange->request.form, name);

    if (!field)
        return STATUS_OK;
    ++*count;
    return policy_change_add(change, name, field->value, field->value_len, &exchange->reason);
}

/* The policy alone is answered with RestMQ's OK, anything else like GET. */
enum status policy_post(struct exchange *exchange)
{
    struct policy_change change = {0};
    struct policy_state state;
    char text[POLICY_CHANGE_TEXT];
    int settings = 0, policy = 0;
    enum status status = add(exchange, &change, "policy", &policy);

    for (int i = 0; status == STATUS_OK && policy_setting_name(i); i++)
        status = add(exchange, &change, policy_setting_name(i), &settings);
    if (status == STATUS_OK && policy + settings == 0)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "no field policy, lease, max_deliveries, max_length, ttl or backoff");
    if (status == STATUS_OK)
        status = run(exchange, &change, &state);
    if (status != STATUS_OK)
        return status;
    admit_done(exchange, "policy %s, %s", exchange->queue, policy_change_text(&change, text));
    return settings ? answer_policy(exchange, &state) : answer_line(exchange, "OK");
}
