/* sentinel.c - what sentinels and a Redis say about who is the master.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/sentinel.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "base/number.h"
#include "redis/call.h"
#include "redis/reply.h"

static bool is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING && reply->len > 0 && strlen(reply->str) == reply->len;
}

static enum status read_master(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct sentinel_master *master = call->result;
    struct address address = {0};
    const redisReply *host, *port_text;
    long long port;

    if (reply->type == REDIS_REPLY_NIL)
        return refuse(reason, STATUS_NOT_FOUND, "this sentinel knows no master of that name");
    if (!reply_is_array(reply, 2))
        return reply_unexpected("SENTINEL", reason);
    host = reply->element[0];
    port_text = reply->element[1];
    if (!is_text(host) || host->len >= sizeof(address.host) || !is_text(port_text) ||
        !number_parse(port_text->str, port_text->len, 1, 65535, &port))
        return reply_unexpected("SENTINEL", reason);
    memcpy(address.host, host->str, host->len);
    address.port = (int)port;
    address_print(&address, master->at);
    return STATUS_OK;
}

void sentinel_master_call(struct call *call, struct sentinel_master *master)
{
    call_begin(call, (struct owner){0}, NULL, read_master, master);
    call_bytes(call, "SENTINEL", 8);
    call_bytes(call, "get-master-addr-by-name", 23);
    call_bytes(call, master->name, strlen(master->name));
}

bool sentinel_is_other_role(const redisReply *reply)
{
    return reply_is_array(reply, 1) && is_text(reply->element[0]) &&
           strcmp(reply->element[0]->str, "master") != 0;
}
