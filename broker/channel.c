/* channel.c - pub/sub.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/channel.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

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

static const char pushes[] = ":PUBSUB";

/* Of the name of the queue to whose pushes this channel belongs, where such channels are named in
 * another way than clients name them; 0: to none. */
static size_t queue_len(const char *channel)
{
    size_t len = strlen(channel), tail = sizeof(pushes) - 1;

    if (!keys_have_tags() || len <= tail || strcmp(channel + len - tail, pushes) != 0)
        return 0;
    return len - tail;
}

void channel_write(char name[KEY_SIZE], const char *channel)
{
    size_t len = queue_len(channel);
    char queue[LIMIT_NAME + 1];

    snprintf(queue, sizeof(queue), "%.*s", (int)len, channel);
    if (len)
        keys_write(name, KEY_CHANNEL, queue);
    else
        snprintf(name, KEY_SIZE, "%s", channel);
}

bool channel_has_keys(const char *name)
{
    return *name == '{' && queue_len(name) > 0;
}

void channel_publish_call(struct call *call, const char *channel, const char *data, size_t len,
                          long long *receivers)
{
    char name[KEY_SIZE];

    channel_write(name, channel);
    call_begin(call, of_nobody(), NULL, channel_publish_result, receivers);
    call->changes = true;
    if (*name == '{') {
        call_bytes(call, "SPUBLISH", strlen("SPUBLISH"));
        call_text(call, name, "", 0, "");
        call_declare(call, true); /* the slot of the channel is where it goes */
    } else {
        call_bytes(call, "PUBLISH", strlen("PUBLISH"));
        call_text(call, name, "", 0, "");
    }
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
