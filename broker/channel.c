/* channel.c - pub/sub.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/channel.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "broker/keys.h"
#include "redis/reply.h"

enum status channel_name_check(const char *name, size_t len, struct reason *reason)
{
    static const char of_redis[] = "__"; /* __keyevent@0__:…, __sentinel__:… */

    if (len >= strlen(of_redis) && memcmp(name, of_redis, strlen(of_redis)) == 0)
        return refuse(reason, STATUS_BAD_NAME, "channels that begin with %s are Redis's own",
                      of_redis);
    return queue_name_check(name, len, reason);
}

enum status channel_publish_check(size_t len, long long max_message, struct reason *reason)
{
    if (len <= (size_t)max_message)
        return STATUS_OK;
    return refuse(reason, STATUS_TOO_LARGE, "a message has at most %lld bytes", max_message);
}

void channel_publish_call(struct call *call, const char *channel, const char *data, size_t len,
                          long long *receivers)
{
    call_begin(call, of_nobody(), NULL, channel_publish_result, receivers);
    call->changes = true;
    call_bytes(call, "PUBLISH", strlen("PUBLISH"));
    call_text(call, channel, "", 0, "");
    call_bytes(call, len ? data : "", len);
}

enum status channel_publish_result(struct call *call, const redisReply *reply,
                                   struct reason *reason)
{
    long long *receivers = call->result;

    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("publish", reason);
    *receivers = reply->integer;
    return STATUS_OK;
}
