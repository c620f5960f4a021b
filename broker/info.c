/* info.c - what stands in Redis's answer to INFO.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/info.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/keys.h"
#include "redis/reply.h"

const char *info_value(const char *info, const char *name, char *value, size_t size)
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

bool info_is(const char *info, const char *name, const char *expected)
{
    char value[64];

    return strcmp(info_value(info, name, value, sizeof(value)), expected) == 0;
}

long long info_number(const char *info, const char *name)
{
    char value[64];

    return strtoll(info_value(info, name, value, sizeof(value)), NULL, 10);
}

void fill_call(struct call *call, struct fill *fill)
{
    call_begin(call, of_nobody(), NULL, fill_result, fill);
    call_bytes(call, "INFO", 4);
    call_bytes(call, "memory", 6);
}

enum status fill_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct fill *fill = call->result;

    if (reply->type != REDIS_REPLY_STRING)
        return reply_unexpected("INFO", reason);
    fill->used = info_number(reply->str, "used_memory");
    fill->most = info_number(reply->str, "maxmemory");
    return STATUS_OK;
}
