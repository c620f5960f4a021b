/* state.c - what queues look like from outside.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/state.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stddef.h>
#include <string.h>

#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

enum { PARTS = 11 }; /* of one queue in the reply of stats.lua */

/* The counters of the stats hash. */
static const struct {
    const char *name;
    size_t offset;
} counters[] = {
    {"acked",    offsetof(struct queue_state, acked)   },
    {"returned", offsetof(struct queue_state, returned)},
    {"expired",  offsetof(struct queue_state, expired) },
    {"dead",     offsetof(struct queue_state, died)    },
    {"dropped",  offsetof(struct queue_state, dropped) },
    {"purged",   offsetof(struct queue_state, purged)  },
};

void queue_states_call(struct call *call, const char *const *queues, struct queue_states *states)
{
    call_begin(call, of_queue(queues[0]), &script_stats, queue_states_result, states);
    for (int i = 0; i < states->count; i++) {
        char dead[LIMIT_NAME + 1], base[LIMIT_NAME + 1];

        queue_dead_name(queues[i], dead);
        queue_base_name(queues[i], base);
        keys_add_key(call, KEY_LIST, queues[i]);
        keys_add_key(call, KEY_COUNTER, queues[i]);
        keys_add_key(call, KEY_STATUS, queues[i]);
        keys_add_key(call, KEY_POLICY, queues[i]);
        keys_add_key(call, KEY_LEASES, queues[i]);
        keys_add_key(call, KEY_DELAYED, queues[i]);
        keys_add_key(call, KEY_STATS, queues[i]);
        keys_add_key(call, KEY_SETTINGS, queues[i]);
        keys_add_key(call, KEY_LIST, dead);
        keys_add_key(call, KEY_LEASES, dead);
        keys_add_key(call, KEY_DELAYED, dead);
        keys_add_key(call, KEY_PRESENCE, queues[i]);
        keys_add_key(call, KEY_SAMPLED, base);
    }
    call_clock(call);
}

static void read_counters(struct queue_state *state, const redisReply *rows)
{
    for (size_t at = 0; at + 1 < rows->elements; at += 2)
        for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
            if (rows->element[at]->str && strcmp(rows->element[at]->str, counters[i].name) == 0)
                *(long long *)((char *)state + counters[i].offset) =
                    reply_number(rows->element[at + 1], 0);
}

static void read_state(struct queue_state *state, redisReply *const *parts)
{
    unsigned long long there; /* whatever numbers somebody has written there */

    memset(state, 0, sizeof(*state));
    state->ready = reply_number(parts[0], 0);
    state->pushed = reply_number(parts[1], 0);
    holds_read(&state->holds, parts[2], parts[8]);
    state->leased = reply_number(parts[4], 0);
    state->delayed = reply_number(parts[5], 0);
    state->dead = reply_number(parts[6], 0);
    there = (unsigned long long)state->ready + (unsigned long long)state->leased +
            (unsigned long long)state->delayed + (unsigned long long)state->dead;
    if (state->pushed > 0 && (unsigned long long)state->pushed > there)
        state->removed = (long long)((unsigned long long)state->pushed - there);
    read_counters(state, parts[7]);
    policy_state_read(&state->policy, parts[3], parts[8]);
    age_read(&state->oldest, parts[10]);
}

enum status queue_states_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct queue_states *states = call->result;

    if (!reply_is_array(reply, PARTS * (size_t)states->count))
        return reply_unexpected("stats", reason);
    states->tally.count = 0;
    for (int i = 0; i < states->count; i++) {
        redisReply **parts = reply->element + PARTS * (size_t)i;

        if (!reply_is_array(parts[7], 0) || !reply_is_array(parts[8], 0) ||
            !reply_is_array(parts[9], 0))
            return reply_unexpected("stats", reason);
        read_state(&states->states[i], parts);
        tally_add(&states->tally, parts[9], &states->states[i].consumers);
    }
    return STATUS_OK;
}

static void add_number(struct json_object *object, const char *name, long long number)
{
    json_object_object_add(object, name, json_object_new_int64(number));
}

void queue_state_to_json(const struct queue_state *state, struct json_object *object)
{
    add_number(object, "len", state->ready);
    add_number(object, "leased", state->leased);
    add_number(object, "delayed", state->delayed);
    add_number(object, "dead", state->dead);
    holds_to_json(&state->holds, object);
    json_object_object_add(object, "policy",
                           json_object_new_string(policy_name(state->policy.policy)));
    add_number(object, "pushed", state->pushed);
    add_number(object, "removed", state->removed);
    add_number(object, "acked", state->acked);
    add_number(object, "returned", state->returned);
    add_number(object, "expired", state->expired);
    add_number(object, "died", state->died);
    add_number(object, "dropped", state->dropped);
    add_number(object, "purged", state->purged);
    add_number(object, "consumers", state->consumers);
    age_to_json(&state->oldest, object, "oldest_s", "oldest_is");
}

void queue_jobs_call(struct call *call, const char *queue, struct queue_jobs *jobs)
{
    call_begin(call, of_queue(queue), &script_jobs, queue_jobs_result, jobs);
    keys_add_key(call, KEY_LIST, queue);
    call_number(call, LIMIT_JOBS);
}

enum status queue_jobs_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct queue_jobs *jobs = call->result;

    if (!reply_is_array(reply, 2) || !reply_is_array(reply->element[1], 0) ||
        reply->element[1]->elements > LIMIT_JOBS)
        return reply_unexpected("jobs", reason);
    jobs->length = reply_number(reply->element[0], 0);
    jobs->count = (int)reply->element[1]->elements;
    for (int i = 0; i < jobs->count; i++) {
        const redisReply *key = reply->element[1]->element[i];
        size_t key_len = key->len;

        jobs->jobs[i] = (struct message){.key = message_key_shown(key->str, &key_len)};
        jobs->jobs[i].key_len = key_len;
    }
    return STATUS_OK;
}
