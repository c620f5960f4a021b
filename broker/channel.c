/* channel.c - pub/sub.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/channel.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "broker/scripts.h"
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

bool channel_is_of_queue(const char *channel)
{
    size_t len = strlen(channel), tail = sizeof(pushes) - 1;

    return len > tail && strcmp(channel + len - tail, pushes) == 0;
}

/* Of the name of the queue to whose pushes this channel belongs, where such channels are named in
 * another way than clients name them; 0: to none. */
static size_t queue_len(const char *channel)
{
    return keys_have_tags() && channel_is_of_queue(channel) ? strlen(channel) - sizeof(pushes) + 1
                                                            : 0;
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

void channel_tell_call(struct call *call, const char *name, const char *data, size_t len,
                       struct published *published)
{
    call_begin(call, of_nobody(), NULL, channel_publish_result, published);
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

/* --- channels that keep nothing ------------------------------------------------------------- */

enum { PLAIN_PLACES = 256, PLAIN_MS = 1000 };

/* Each has the place that its name says, which it may lose to another one. */
static struct plain {
    char channel[LIMIT_NAME + 1];
    long long until_ms; /* 0: nobody's place */
} plain[PLAIN_PLACES];

static struct plain *place_of(const char *channel)
{
    unsigned hash = 2166136261U;

    for (const char *at = channel; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619U;
    return &plain[hash % PLAIN_PLACES];
}

static bool is_plain(const char *channel)
{
    const struct plain *place = place_of(channel);

    return place->until_ms > clock_ms() && strcmp(place->channel, channel) == 0;
}

static void note_plain(const char *channel)
{
    struct plain *place = place_of(channel);

    snprintf(place->channel, sizeof(place->channel), "%s", channel);
    place->until_ms = clock_ms() + PLAIN_MS;
}

void channel_may_keep(const char *channel)
{
    place_of(channel)->until_ms = 0;
}

/* --- publishing ------------------------------------------------------------------------------ */

void channel_publish_call(struct call *call, const char *channel, const char *data, size_t len,
                          struct published *published)
{
    char name[KEY_SIZE];

    channel_write(name, channel);
    published->asked[0] = '\0';
    if (channel_is_of_queue(channel) || is_plain(channel)) {
        channel_tell_call(call, name, data, len, published);
        return;
    }
    snprintf(published->asked, sizeof(published->asked), "%s", channel);
    call_begin(call, of_channel(channel), &script_publish, channel_publish_result, published);
    keys_add_key(call, KEY_LOG_SETTINGS, channel);
    keys_add_key(call, KEY_LOG, channel);
    call_text(call, name, "", 0, "");
    call_bytes(call, len ? data : "", len);
    keys_add_text(call, KEY_LOG_NEWS, channel);
    call_clock(call);
}

/* A number; or, of a channel that keeps, that and the id, "" where the message was not kept. */
enum status channel_publish_result(struct call *call, const redisReply *reply,
                                   struct reason *reason)
{
    struct published *published = call->result;
    bool is_kept = reply_is_array(reply, 2);
    const redisReply *heard = is_kept ? reply->element[0] : reply;
    const redisReply *id = is_kept ? reply->element[1] : NULL;

    if (heard->type != REDIS_REPLY_INTEGER ||
        (id && (id->type != REDIS_REPLY_STRING || id->len > REPLAY_ID)))
        return reply_unexpected("publish", reason);
    if (*published->asked && !is_kept)
        note_plain(published->asked);
    published->receivers = heard->integer;
    memcpy(published->id, id ? id->str : "", id ? id->len + 1 : 1);
    return STATUS_OK;
}
