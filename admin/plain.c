/* plain.c - calls of plain commands.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/plain.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "broker/keys.h"
#include "redis/reply.h"

static enum status any_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    const redisReply **result = call->result;

    (void)reason;
    if (result)
        *result = reply;
    return STATUS_OK;
}

void plain_begin(struct call *call, struct owner owner, const char *word, const redisReply **reply)
{
    call_begin(call, owner, NULL, any_result, reply);
    plain_add(call, word);
}

void plain_begin_change(struct call *call, struct owner owner, const char *word,
                        const redisReply **reply)
{
    plain_begin(call, owner, word, reply);
    call->changes = CHANGE_SOME;
}

void plain_add(struct call *call, const char *word)
{
    call_bytes(call, word, strlen(word));
}

enum status plain_scan(struct link *link, struct call *call, const char *prefix,
                       char cursor[PLAIN_CURSOR], const redisReply **keys, struct reason *reason)
{
    const redisReply *page;
    enum status status;

    plain_begin(call, of_nobody(), "SCAN", &page);
    plain_add(call, cursor);
    plain_add(call, "MATCH");
    call_text(call, prefix, "", 0, "*");
    plain_add(call, "COUNT");
    plain_add(call, "1000");
    status = link_run(link, call, reason);
    if (status != STATUS_OK)
        return status;
    if (!reply_is_array(page, 2) || page->element[0]->type != REDIS_REPLY_STRING ||
        !reply_is_array(page->element[1], 0))
        return reply_unexpected("SCAN", reason);
    snprintf(cursor, PLAIN_CURSOR, "%s", page->element[0]->str);
    *keys = page->element[1];
    return STATUS_OK;
}
