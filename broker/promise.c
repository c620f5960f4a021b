/* promise.c - what the Redis behind us is configured to survive.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/promise.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "broker/info.h"
#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

static enum status probe_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call->result;
    return reply->type == REDIS_REPLY_STATUS ? STATUS_OK : reply_unexpected("probe", reason);
}

void promise_probe_call(struct call *call, const char *queue)
{
    if (queue)
        call_begin(call, of_queue(queue), &script_probe, probe_result, NULL);
    else
        call_begin(call, of_all(KEY_QUEUES), &script_probe, probe_result, NULL);
    keys_add_key(call, queue ? KEY_NAMES : KEY_QUEUES, queue ? queue : "");
}

void promise_ping_call(struct call *call)
{
    call_begin(call, of_nobody(), NULL, probe_result, NULL);
    call_bytes(call, "PING", 4);
}

void promise_info_call(struct call *call, struct promise *promise)
{
    call_begin(call, of_nobody(), NULL, promise_info_result, promise);
    call_bytes(call, "INFO", 4);
}

void promise_config_call(struct call *call, struct promise *promise)
{
    call_begin(call, of_nobody(), NULL, promise_config_result, promise);
    call_bytes(call, "CONFIG", 6);
    call_bytes(call, "GET", 3);
    call_bytes(call, "appendfsync", 11);
    call_bytes(call, "save", 4);
    call_bytes(call, "min-replicas-to-write", 21);
    call_bytes(call, "cluster-require-full-coverage", 29);
}

#define SAY(member, ...) snprintf(promise->member, sizeof(promise->member), __VA_ARGS__)

static void read_persistence(struct promise *promise, const char *info)
{
    promise->has_append_file = info_is(info, "aof_enabled", "1");
    promise->persistence_rank = promise->has_append_file ? 4 : 2;
    if (promise->has_append_file)
        SAY(persistence, "append-only file, when it is flushed is unknown");
    else
        SAY(persistence, "no append-only file: a crash of Redis loses what came after the last "
                         "snapshot, if any are made");
}

static void read_eviction(struct promise *promise, const char *info)
{
    char policy[64];

    info_value(info, "maxmemory_policy", policy, sizeof(policy));
    promise->eviction_rank = 2;
    if (info_number(info, "maxmemory") == 0)
        SAY(eviction, "nothing is evicted while no memory limit is set (policy %s)", policy);
    else if (strcmp(policy, "noeviction") == 0)
        SAY(eviction, "nothing is evicted: a full Redis refuses pushes");
    else {
        SAY(eviction, "DANGER: a full Redis removes messages (%s)", policy);
        promise->eviction_rank = 1;
    }
}

static void read_replicas(struct promise *promise, const char *info)
{
    long long count = info_number(info, "connected_slaves");

    promise->without_replica = count == 0;
    if (count == 0)
        SAY(replicas, "none: the loss of this machine is the loss of its messages");
    else
        SAY(replicas, "%lld, asynchronous: a failover may lose the last pushes", count);
}

void promise_init(struct promise *promise)
{
    *promise = (struct promise){0};
    SAY(persistence, "unknown");
    SAY(eviction, "unknown");
    SAY(replicas, "unknown");
    promise->masters = 1;
}

enum status promise_info_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct promise *promise = call->result;

    if (reply->type != REDIS_REPLY_STRING)
        return reply_unexpected("INFO", reason);
    read_persistence(promise, reply->str);
    read_eviction(promise, reply->str);
    read_replicas(promise, reply->str);
    info_value(reply->str, "redis_version", promise->version, sizeof(promise->version));
    return STATUS_OK;
}

bool promise_is_too_old(const struct promise *promise)
{
    return keys_have_tags() && *promise->version && strtol(promise->version, NULL, 10) < 7;
}

// clang-format off
static const struct {
    const char *parameter;
    const char *value;
    bool append_file; /* is it about a Redis with one? */
    int rank;
    const char *text;
} configs[] = {
    {"appendfsync", "always", true, 6,
     "append-only file, flushed before each answer: survives a crash of the machine"},
    {"appendfsync", "everysec", true, 5,
     "append-only file, flushed every second: a crash may lose the last two seconds"},
    {"appendfsync", "no", true, 3,
     "append-only file, flushed when the system likes: a crash of the machine may lose half a "
     "minute"},
    {"save", "", false, 1, "none: a restart of Redis loses everything"},
};
// clang-format on

static void read_config(struct promise *promise, const redisReply *name, const redisReply *value)
{
    if (!name->str || !value->str)
        return;
    if (strcmp(name->str, "min-replicas-to-write") == 0)
        promise->takes_without_any = strcmp(value->str, "0") == 0;
    if (strcmp(name->str, "cluster-require-full-coverage") == 0)
        promise->needs_all_slots = strcmp(value->str, "yes") == 0;
    for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
        if (strcmp(configs[i].parameter, name->str) != 0 ||
            strcmp(configs[i].value, value->str) != 0 ||
            configs[i].append_file != promise->has_append_file)
            continue;
        SAY(persistence, "%s", configs[i].text);
        promise->persistence_rank = configs[i].rank;
    }
}

enum status promise_config_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct promise *promise = call->result;

    if (!reply_is_array(reply, 0))
        return reply_unexpected("CONFIG GET", reason);
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        read_config(promise, reply->element[i], reply->element[i + 1]);
    return STATUS_OK;
}

/* --- several masters ------------------------------------------------------------------------- */

void promise_join(struct promise *all, const struct promise *one)
{
    struct promise before = *all;

    if (!before.masters) {
        *all = *one;
        return;
    }
    all->masters = before.masters + one->masters;
    all->without_replica = before.without_replica + one->without_replica;
    all->needs_all_slots = before.needs_all_slots || one->needs_all_slots;
    all->takes_without_any = before.takes_without_any || one->takes_without_any;
    if (one->persistence_rank < before.persistence_rank) {
        memcpy(all->persistence, one->persistence, sizeof(all->persistence));
        all->persistence_rank = one->persistence_rank;
    }
    if (one->eviction_rank < before.eviction_rank) {
        memcpy(all->eviction, one->eviction, sizeof(all->eviction));
        all->eviction_rank = one->eviction_rank;
    }
    if (strcmp(one->replicas, "unknown") == 0)
        memcpy(all->replicas, one->replicas, sizeof(all->replicas));
}

static void say_masters(struct promise *promise)
{
    if (strcmp(promise->replicas, "unknown") == 0)
        return;
    if (promise->without_replica)
        SAY(replicas,
            "%d master%s, %d of them without a replica: the loss of that machine is the loss of "
            "its messages",
            promise->masters, text_plural(promise->masters), promise->without_replica);
    else
        SAY(replicas,
            "%d master%s, each with replicas, asynchronous: a failover may lose the last "
            "pushes",
            promise->masters, text_plural(promise->masters));
}

void promise_join_end(struct promise *promise, enum target_kind kind)
{
    const char *pushes = "", *slots = "";

    if (kind == TARGET_CLUSTER)
        say_masters(promise);
    if (kind != TARGET_ONE && promise->takes_without_any)
        pushes = "min-replicas-to-write 0: a master that is cut off goes on taking pushes, which "
                 "the failover loses";
    if (kind == TARGET_CLUSTER && promise->needs_all_slots)
        slots = "cluster-require-full-coverage yes: while one slot has no master, all queues are "
                "refused";
    SAY(failover, "%s%s%s", pushes, *pushes && *slots ? "; " : "", slots);
}

void promise_to_json(const struct promise *promise, struct json_object *object)
{
    char text[1000];

    snprintf(text, sizeof(text),
             "A push that got a 2xx was executed by Redis. Persistence: %s. Eviction: %s. "
             "Replicas: %s.%s%s%s",
             promise->persistence, promise->eviction, promise->replicas,
             *promise->failover ? " Failover: " : "", promise->failover,
             *promise->failover ? "." : "");
    json_object_object_add(object, "promise", json_object_new_string(text));
    json_object_object_add(object, "persistence", json_object_new_string(promise->persistence));
    json_object_object_add(object, "eviction", json_object_new_string(promise->eviction));
    json_object_object_add(object, "replicas", json_object_new_string(promise->replicas));
    if (*promise->failover)
        json_object_object_add(object, "failover", json_object_new_string(promise->failover));
}
