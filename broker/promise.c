/* promise.c - what the Redis behind us is configured to survive.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/promise.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/reply.h"

void promise_info_call(struct call *call, struct promise *promise)
{
    call_begin(call, NULL, promise_info_result, promise);
    call_bytes(call, "INFO", 4);
}

void promise_config_call(struct call *call, struct promise *promise)
{
    call_begin(call, NULL, promise_config_result, promise);
    call_bytes(call, "CONFIG", 6);
    call_bytes(call, "GET", 3);
    call_bytes(call, "appendfsync", 11);
    call_bytes(call, "save", 4);
    call_bytes(call, "stop-writes-on-bgsave-error", 27);
}

/* The value of "name:value\r\n" in an INFO text; "" when it has none. */
static const char *info_value(const char *info, const char *name, char *value, size_t size)
{
    size_t len = strlen(name);

    value[0] = '\0';
    for (const char *line = info; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0 && line[len] == ':') {
            snprintf(value, size, "%.*s", (int)strcspn(line + len + 1, "\r\n"), line + len + 1);
            break;
        }
    }
    return value;
}

static bool info_is(const char *info, const char *name, const char *expected)
{
    char value[64];

    return strcmp(info_value(info, name, value, sizeof(value)), expected) == 0;
}

static long long info_number(const char *info, const char *name)
{
    char value[64];

    return strtoll(info_value(info, name, value, sizeof(value)), NULL, 10);
}

#define SAY(member, ...) snprintf(promise->member, sizeof(promise->member), __VA_ARGS__)

static void read_persistence(struct promise *promise, const char *info)
{
    promise->has_append_file = info_is(info, "aof_enabled", "1");
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
    if (info_number(info, "maxmemory") == 0)
        SAY(eviction, "nothing is evicted while no memory limit is set (policy %s)", policy);
    else if (strcmp(policy, "noeviction") == 0)
        SAY(eviction, "nothing is evicted: a full Redis refuses pushes");
    else
        SAY(eviction, "DANGER: a full Redis removes messages (%s)", policy);
}

static void read_replicas(struct promise *promise, const char *info)
{
    long long count = info_number(info, "connected_slaves");

    if (count == 0)
        SAY(replicas, "none: the loss of this machine is the loss of its messages");
    else
        SAY(replicas, "%lld, asynchronous: a failover may lose the last pushes", count);
}

static void read_problem(struct promise *promise, const char *info)
{
    if (info_is(info, "loading", "1"))
        SAY(problem, "Redis is loading its data");
    else if (info_is(info, "role", "slave"))
        SAY(problem, "this Redis is a read-only replica");
    else if (info_is(info, "aof_last_write_status", "err"))
        SAY(problem, "Redis cannot write its append-only file");
    else if (info_number(info, "maxmemory") > 0 &&
             info_is(info, "maxmemory_policy", "noeviction") &&
             info_number(info, "used_memory") > info_number(info, "maxmemory"))
        SAY(problem, "Redis is out of memory");
    else
        SAY(problem, "%s", "");
    promise->bgsave_failed = info_is(info, "rdb_last_bgsave_status", "err");
}

enum status promise_info_result(const redisReply *reply, void *result, struct reason *reason)
{
    struct promise *promise = result;

    if (reply->type != REDIS_REPLY_STRING)
        return reply_unexpected("INFO", reason);
    read_persistence(promise, reply->str);
    read_eviction(promise, reply->str);
    read_replicas(promise, reply->str);
    read_problem(promise, reply->str);
    return STATUS_OK;
}

// clang-format off
static const struct {
    const char *parameter;
    const char *value;
    bool append_file; /* is it about a Redis with one? */
    const char *text;
} configs[] = {
    {"appendfsync", "always", true,
     "append-only file, flushed before each answer: survives a crash of the machine"},
    {"appendfsync", "everysec", true,
     "append-only file, flushed every second: a crash may lose the last two seconds"},
    {"appendfsync", "no", true,
     "append-only file, flushed when the system likes: a crash of the machine may lose half a "
     "minute"},
    {"save", "", false, "none: a restart of Redis loses everything"},
};
// clang-format on

static void read_config(struct promise *promise, const redisReply *name, const redisReply *value)
{
    if (!name->str || !value->str)
        return;
    for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++)
        if (strcmp(configs[i].parameter, name->str) == 0 &&
            strcmp(configs[i].value, value->str) == 0 &&
            configs[i].append_file == promise->has_append_file)
            SAY(persistence, "%s", configs[i].text);
    if (strcmp(name->str, "save") == 0)
        promise->has_snapshots = value->len > 0;
    if (strcmp(name->str, "stop-writes-on-bgsave-error") == 0)
        promise->needs_snapshots = strcmp(value->str, "yes") == 0;
}

enum status promise_config_result(const redisReply *reply, void *result, struct reason *reason)
{
    struct promise *promise = result;

    if (!reply_is_array(reply, 0))
        return reply_unexpected("CONFIG GET", reason);
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        read_config(promise, reply->element[i], reply->element[i + 1]);
    if (promise->bgsave_failed && promise->has_snapshots && promise->needs_snapshots)
        SAY(problem, "Redis cannot save its snapshots and refuses writes");
    return STATUS_OK;
}
