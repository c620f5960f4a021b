/* policy.c - /p/NAME: how a queue treats its messages and its streaming consumers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/policy.h"

#include <json-c/json.h>

#include "handlers/admit.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"

/* A change under way, or a look, which changes nothing. */
struct policy_change_state {
    struct policy_change change;
    struct policy_state state;
    bool has_settings; /* besides the policy, or instead of it */
};

static enum status answer_policy(struct exchange *exchange, const struct policy_state *state)
{
    struct json_object *answer = json_object_new_object();

    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    policy_to_json(state, answer);
    return answer_json(exchange, answer);
}

static enum status await(struct exchange *exchange, struct policy_change_state *changing,
                         finish *then)
{
    enum status status = policy_call(&exchange->call, exchange->queue, &changing->change,
                                     &changing->state, &exchange->reason);

    return status == STATUS_OK ? exchange_await(exchange, then) : status;
}

static enum status finish_look(struct exchange *exchange, enum status status)
{
    const struct policy_change_state *changing = exchange->state;

    return status == STATUS_OK ? answer_policy(exchange, &changing->state) : status;
}

enum status get_policy(struct exchange *exchange)
{
    struct policy_change_state *changing = exchange_state(exchange, sizeof(*changing), NULL);

    return await(exchange, changing, finish_look);
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
static enum status finish_change(struct exchange *exchange, enum status status)
{
    const struct policy_change_state *changing = exchange->state;
    char text[POLICY_CHANGE_TEXT];

    if (status != STATUS_OK)
        return status;
    admit_done(exchange, "policy %s, %s", exchange->queue,
               policy_change_text(&changing->change, text));
    return changing->has_settings ? answer_policy(exchange, &changing->state)
                                  : answer_line(exchange, "OK");
}

enum status post_policy(struct exchange *exchange)
{
    struct policy_change_state *changing = exchange_state(exchange, sizeof(*changing), NULL);
    int settings = 0, policy = 0;
    enum status status = add(exchange, &changing->change, "policy", &policy);

    for (int i = 0; status == STATUS_OK && policy_setting_name(i); i++)
        status = add(exchange, &changing->change, policy_setting_name(i), &settings);
    if (status == STATUS_OK && policy + settings == 0)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "no field policy, lease, max_deliveries, max_length, ttl or backoff");
    changing->has_settings = settings > 0;
    return status == STATUS_OK ? await(exchange, changing, finish_change) : status;
}
