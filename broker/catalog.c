/* catalog.c - the names of all queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/catalog.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

void catalog_clear(struct catalog *catalog)
{
    free(catalog->names);
    memset(catalog, 0, sizeof(*catalog));
}

bool catalog_cursor_is_valid(const char *cursor, size_t len)
{
    char digits[CATALOG_CURSOR];

    if (len == 0 || len >= sizeof(digits))
        return false;
    for (size_t i = 0; i < len; i++)
        if (cursor[i] < '0' || cursor[i] > '9')
            return false;
    memcpy(digits, cursor, len);
    digits[len] = '\0';
    errno = 0;
    strtoull(digits, NULL, 10); /* Redis's cursors have 64 bits */
    return errno == 0;
}

enum status catalog_pattern_check(const char *pattern, size_t len, struct reason *reason)
{
    size_t at = 0;

    while (at < len &&
           (queue_is_name_byte(pattern[at]) || pattern[at] == '*' || pattern[at] == '?'))
        at++;
    if (len > 0 && len <= LIMIT_NAME && at == len)
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_VALUE,
                  "match must be a name in which * stands for any bytes and ? for one");
}

void catalog_page_call(struct call *call, const char *cursor, size_t cursor_len, long long limit,
                       struct catalog *catalog)
{
    call_begin(call, of_all(KEY_QUEUES), &script_queues, catalog_page_result, catalog);
    keys_add_key(call, KEY_QUEUES, "");
    call_bytes(call, cursor, cursor_len);
    call_number(call, limit);
}

/* An original RestMQ allowed any bytes as a name; what we could not serve is left out. */
static void add_name(struct catalog *catalog, const redisReply *name)
{
    struct reason ignored;

    if (name->type != REDIS_REPLY_STRING ||
        queue_name_check(name->str, name->len, &ignored) != STATUS_OK)
        return;
    if (catalog->count == catalog->size) {
        catalog->size = catalog->size ? catalog->size * 2 : 64;
        catalog->names = xrealloc(catalog->names, (size_t)catalog->size * sizeof(*catalog->names));
    }
    catalog->names[catalog->count++] = name->str;
}

void catalog_read(struct catalog *catalog, const redisReply *cursor, const redisReply *names)
{
    snprintf(catalog->cursor, sizeof(catalog->cursor), "%s", cursor->str);
    catalog->count = 0;
    for (size_t i = 0; i < names->elements; i++)
        add_name(catalog, names->element[i]);
    if (catalog->count)
        qsort(catalog->names, (size_t)catalog->count, sizeof(*catalog->names), text_compare);
}

enum status catalog_page_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct catalog *catalog = call->result;

    if (!reply_is_array(reply, 3) || !reply_is_array(reply->element[1], 0) ||
        reply->element[0]->type != REDIS_REPLY_STRING)
        return reply_unexpected("queues", reason);
    catalog_read(catalog, reply->element[0], reply->element[1]);
    catalog->total = reply_number(reply->element[2], 0);
    return STATUS_OK;
}
