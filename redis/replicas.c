/* replicas.c - how many replicas have what was sent before.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/replicas.h"

#include <hiredis/hiredis.h>

#include "redis/call.h"
#include "redis/reply.h"

bool replicas_are_wanted(const struct redis_wait *wait, const struct call *call)
{
    return wait->replicas > 0 && call->changes == CHANGE_KEPT;
}

void replicas_call(struct call *call, const struct redis_wait *wait)
{
    call_begin(call, (struct owner){0}, NULL, NULL, NULL);
    call_bytes(call, "WAIT", 4);
    call_number(call, wait->replicas);
    call_number(call, wait->ms);
}

enum status replicas_status(const struct redis_wait *wait, const redisReply *reply,
                            struct reason *reason)
{
    enum status status;

    if (reply->type == REDIS_REPLY_INTEGER && reply->integer >= wait->replicas)
        return STATUS_OK;
    if (reply->type == REDIS_REPLY_INTEGER)
        status =
            refuse(reason, STATUS_UNAVAILABLE, "executed, but only %lld of %lld replicas have it",
                   reply->integer, wait->replicas);
    else if (reply->type == REDIS_REPLY_ERROR)
        status = reply_error(reply, reason);
    else
        status = reply_unexpected("WAIT", reason);
    reason->outcome_unknown = true;
    return status;
}
