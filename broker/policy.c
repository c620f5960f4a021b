/* policy.c - how a queue treats its messages and its streaming consumers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/policy.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"
#include "base/text.h"
#include "broker/keys.h"
#include "broker/registry.h"
#include "broker/scripts.h"
#include "redis/reply.h"

static const char *const policy_names[] = {
    [POLICY_BROADCAST] = "broadcast",
    [POLICY_ROUNDROBIN] = "roundrobin",
};

enum { SETTING_MAX_DELIVERIES = 1, SETTING_MAX_LENGTH = 2, SETTING_BACKOFF = 4 };

static const struct {
    const char *name;
    long long high; /* 0: not a plain number */
} settings[POLICY_SETTINGS + 1] = {
    {"lease",          LIMIT_LEASE     },
    {"max_deliveries", LIMIT_DELIVERIES},
    {"max_length",     LIMIT_LENGTH    },
    {"ttl",            LIMIT_TTL       },
    {"backoff",        0               },
    {NULL,             0               },
};

const char *policy_setting_name(int index)
{
    return settings[index].name;
}

const char *policy_name(enum policy policy)
{
    return policy_names[policy];
}

bool policy_is_full(const struct policy_state *state, long long messages)
{
    long long most = strtoll(state->settings[SETTING_MAX_LENGTH], NULL, 10);

    return most > 0 && messages >= most;
}

static enum status set_policy(struct policy_change *change, const char *value, size_t len,
                              struct reason *reason)
{
    for (enum policy i = POLICY_BROADCAST; i <= POLICY_ROUNDROBIN; i++) {
        if (text_is(value, len, policy_names[i])) {
            change->policy = i;
            return STATUS_OK;
        }
    }
    return refuse(reason, STATUS_BAD_VALUE, "policy must be broadcast or roundrobin");
}

/* "base,factor,max": seconds, a whole factor, seconds. */
static bool is_backoff(const char *value, size_t len)
{
    const char *comma = memchr(value, ',', len);
    const char *last = memrchr(value, ',', len);
    long long base, factor, max;

    return comma && comma != last &&
           number_parse(value, (size_t)(comma - value), 1, LIMIT_DELAY, &base) &&
           number_parse(comma + 1, (size_t)(last - comma) - 1, 1, 100, &factor) &&
           number_parse(last + 1, (size_t)(value + len - last) - 1, base, LIMIT_DELAY, &max);
}

static enum status check_setting(int index, const char *value, size_t len, struct reason *reason)
{
    long long number;

    if (len == 1 && value[0] == '0')
        return STATUS_OK;
    if (index == SETTING_BACKOFF && !is_backoff(value, len))
        return refuse(reason, STATUS_BAD_VALUE,
                      "backoff must be 0 or base,factor,max: seconds up to %d, a whole factor "
                      "from 1 to 100, seconds not below base",
                      LIMIT_DELAY);
    if (index != SETTING_BACKOFF && !number_parse(value, len, 0, settings[index].high, &number))
        return refuse(reason, STATUS_BAD_VALUE, "%s must be a whole number from 0 to %lld",
                      settings[index].name, settings[index].high);
    return STATUS_OK;
}

enum status policy_change_add(struct policy_change *change, const char *name, const char *value,
                              size_t len, struct reason *reason)
{
    enum status status;
    int index = 0;

    if (strcmp(name, "policy") == 0)
        return set_policy(change, value, len, reason);
    while (settings[index].name && strcmp(settings[index].name, name) != 0)
        index++;
    if (!settings[index].name)
        return refuse(reason, STATUS_BAD_REQUEST, "there is no setting %s", name);
    status = check_setting(index, value, len, reason);
    if (status != STATUS_OK)
        return status;
    memcpy(change->settings[index], value, len);
    change->settings[index][len] = '\0';
    change->is_given[index] = true;
    return STATUS_OK;
}

const char *policy_change_text(const struct policy_change *change, char text[POLICY_CHANGE_TEXT])
{
    size_t len = 0;

    if (change->policy)
        len = (size_t)snprintf(text, POLICY_CHANGE_TEXT, "policy=%s", policy_name(change->policy));
    for (int i = 0; i < POLICY_SETTINGS; i++)
        if (change->is_given[i])
            len += (size_t)snprintf(text + len, POLICY_CHANGE_TEXT - len, "%s%s=%s", len ? " " : "",
                                    settings[i].name, change->settings[i]);
    return text;
}

bool policy_change_is_empty(const struct policy_change *change)
{
    for (int i = 0; i < POLICY_SETTINGS; i++)
        if (change->is_given[i])
            return false;
    return change->policy == 0;
}

enum status policy_call(struct call *call, const char *queue, const struct policy_change *change,
                        struct policy_state *state, struct reason *reason)
{
    if (change->is_given[SETTING_MAX_DELIVERIES] &&
        strcmp(change->settings[SETTING_MAX_DELIVERIES], "0") != 0 && !queue_can_have_dead(queue))
        return refuse(reason, STATUS_BAD_NAME,
                      "max_deliveries needs a queue that is no dead letters itself, with a name of "
                      "at most %d bytes",
                      LIMIT_NAME - 5);
    call_begin(call, of_queue(queue), &script_policy, policy_result, state);
    if (change->is_given[SETTING_MAX_DELIVERIES] &&
        strcmp(change->settings[SETTING_MAX_DELIVERIES], "0") != 0)
        registry_adds_dead(call);
    keys_add_key(call, KEY_POLICY, queue);
    keys_add_key(call, KEY_SETTINGS, queue);
    keys_add_text(call, KEY_EVENTS, queue);
    call->changes = change->policy != 0;
    if (change->policy)
        call_number(call, change->policy);
    else
        call_bytes(call, "", 0);
    for (int i = 0; i < POLICY_SETTINGS; i++) {
        if (!change->is_given[i])
            continue;
        call->changes = true;
        call_bytes(call, settings[i].name, strlen(settings[i].name));
        call_text(call, change->settings[i], "", 0, "");
    }
    return STATUS_OK;
}

void policy_state_read(struct policy_state *state, const redisReply *policy, const redisReply *rows)
{
    memset(state, 0, sizeof(*state));
    state->policy =
        reply_number(policy, 0) == POLICY_ROUNDROBIN ? POLICY_ROUNDROBIN : POLICY_BROADCAST;
    for (size_t at = 0; at + 1 < rows->elements; at += 2)
        for (int i = 0; i < POLICY_SETTINGS; i++)
            if (rows->element[at]->str && rows->element[at + 1]->str &&
                strcmp(rows->element[at]->str, settings[i].name) == 0)
                snprintf(state->settings[i], POLICY_VALUE, "%s", rows->element[at + 1]->str);
}

enum status policy_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    if (!reply_is_array(reply, 2) || !reply_is_array(reply->element[1], 0))
        return reply_unexpected("policy", reason);
    policy_state_read(call->result, reply->element[0], reply->element[1]);
    return STATUS_OK;
}

void policy_to_json(const struct policy_state *state, struct json_object *object)
{
    json_object_object_add(object, "value", json_object_new_string(policy_name(state->policy)));
    for (int i = 0; i < POLICY_SETTINGS; i++) {
        const char *value = state->settings[i];
        struct json_object *member;
        long long number;

        if (*value && !number_parse(value, strlen(value), 0, settings[i].high, &number))
            member = json_object_new_string(value);
        else
            member = json_object_new_int64(*value ? number : 0);
        json_object_object_add(object, settings[i].name, member);
    }
}
