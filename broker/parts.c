/* parts.c - which of their keys some queues have.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/parts.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "broker/scripts.h"
#include "redis/reply.h"

static const enum key keys[PARTS_KEYS] = {KEY_TRASH, KEY_LEASES, KEY_DELAYED, KEY_LIST,
                                          KEY_RECEIPTS};

static void add_keys(struct call *call, const char *owner)
{
    for (int i = 0; i < PARTS_KEYS; i++)
        keys_add_key(call, keys[i], owner);
}

void parts_call(struct call *call, char (*queues)[LIMIT_NAME + 1], int count, struct parts *parts)
{
    char dead[LIMIT_NAME + 1];

    parts->count = count < PARTS_QUEUES ? count : PARTS_QUEUES;
    parts->count = keys_together(parts->count);
    call_begin(call, of_queue(queues[0]), &script_exists, parts_result, parts);
    for (int i = 0; i < parts->count; i++) {
        queue_dead_name(queues[i], dead);
        add_keys(call, queues[i]);
        add_keys(call, dead);
    }
    call_number(call, 2LL * PARTS_KEYS * parts->count);
}

enum status parts_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct parts *parts = call->result;
    size_t size = (size_t)parts->count * sizeof(parts->has[0]);

    if (reply->type != REDIS_REPLY_STRING || reply->len != size)
        return reply_unexpected("exists", reason);
    memcpy(parts->has, reply->str, size);
    return STATUS_OK;
}

bool parts_has(const struct parts *parts, int index, const char *owner, enum key key)
{
    int i = 0;

    while (keys[i] != key)
        i++;
    return parts->has[index][queue_is_dead(owner)][i] == '1';
}
