/* vitals.c - how a Redis is, from its answer to INFO.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/vitals.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"
#include "broker/info.h"

enum { MOST_REPLICAS = 20 };

/* NULL: it is not there, or is no such number. */
static struct json_object *number_of(const char *info, const char *name)
{
    char value[64];
    long long number;

    info_value(info, name, value, sizeof(value));
    return number_parse(value, strlen(value), 0, LIMIT_EXACT, &number)
               ? json_object_new_int64(number)
               : NULL;
}

static struct json_object *text_of(const char *info, const char *name)
{
    char value[64];

    return *info_value(info, name, value, sizeof(value)) ? json_object_new_string(value) : NULL;
}

/* Is it that word?  NULL: nothing is said. */
static struct json_object *is_word(const char *info, const char *name, const char *word)
{
    char value[64];

    info_value(info, name, value, sizeof(value));
    return *value ? json_object_new_boolean(strcmp(value, word) == 0) : NULL;
}

/* A moment; Redis says when it began where nothing was saved yet. */
static struct json_object *saved_at(const char *info)
{
    long long number = info_number(info, "rdb_last_save_time");

    return number > 0 && number < LIMIT_EXACT / 1000 ? json_object_new_int64(1000 * number) : NULL;
}

/* --- replicas -------------------------------------------------------------------------------- */

/* A member "name=value" of a line with commas between them; "" when it is not there. */
static const char *member_of(const char *line, const char *name, char value[64])
{
    size_t len = strlen(name);

    value[0] = '\0';
    for (const char *at = line; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, len) == 0 && at[len] == '=') {
            snprintf(value, 64, "%.*s", (int)strcspn(at + len + 1, ","), at + len + 1);
            break;
        }
    }
    return value;
}

static struct json_object *replica_of(const char *line)
{
    struct json_object *replica = json_object_new_object();
    char ip[64], port[64], value[64], address[160];
    long long lag;

    member_of(line, "ip", ip);
    snprintf(address, sizeof(address), strchr(ip, ':') ? "[%s]:%s" : "%s:%s", ip,
             member_of(line, "port", port));
    json_object_object_add(replica, "address", json_object_new_string(address));
    json_object_object_add(replica, "state",
                           json_object_new_string(member_of(line, "state", value)));
    member_of(line, "lag", value);
    json_object_object_add(replica, "lag_s",
                           number_parse(value, strlen(value), 0, LIMIT_EXACT, &lag)
                               ? json_object_new_int64(lag)
                               : NULL);
    return replica;
}

static struct json_object *replicas_of(const char *info)
{
    struct json_object *replicas = json_object_new_array();

    for (int i = 0; i < MOST_REPLICAS; i++) {
        char name[16], line[256];

        snprintf(name, sizeof(name), "slave%d", i);
        if (!*info_value(info, name, line, sizeof(line)))
            break;
        json_object_array_add(replicas, replica_of(line));
    }
    return replicas;
}

/* --- all ------------------------------------------------------------------------------------- */

static struct json_object *pair(const char *name, struct json_object *value, const char *other,
                                struct json_object *other_value)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, name, value);
    json_object_object_add(object, other, other_value);
    return object;
}

void vitals_to_json(const redisReply *reply, struct json_object *object)
{
    const char *info = reply && reply->type == REDIS_REPLY_STRING ? reply->str : "";
    struct json_object *rdb;

    json_object_object_add(object, "version", text_of(info, "redis_version"));
    json_object_object_add(object, "role", text_of(info, "role"));
    json_object_object_add(object, "uptime_s", number_of(info, "uptime_in_seconds"));
    json_object_object_add(object, "clients", number_of(info, "connected_clients"));
    json_object_object_add(
        object, "memory",
        pair("used", number_of(info, "used_memory"), "max", number_of(info, "maxmemory")));
    json_object_object_add(object, "eviction_policy", text_of(info, "maxmemory_policy"));
    json_object_object_add(object, "aof",
                           pair("on", is_word(info, "aof_enabled", "1"), "ok",
                                is_word(info, "aof_last_write_status", "ok")));
    rdb = pair("saved_at", saved_at(info), "ok", is_word(info, "rdb_last_bgsave_status", "ok"));
    json_object_object_add(rdb, "changes", number_of(info, "rdb_changes_since_last_save"));
    json_object_object_add(object, "rdb", rdb);
    json_object_object_add(object, "replicas", *info ? replicas_of(info) : NULL);
}
