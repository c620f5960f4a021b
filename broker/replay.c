/* replay.c - channels that remember.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/replay.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "broker/channel.h"
#include "broker/scripts.h"
#include "redis/reply.h"

enum { HEAD = 9, PARTS = 3 }; /* of the reply: what comes first, and what each message has */

/* --- settings ------------------------------------------------------------------------------ */

enum status remember_check(const char *channel, struct reason *reason)
{
    if (!channel_is_of_queue(channel))
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_NAME,
                  "a channel that tells what is pushed to a queue remembers nothing");
}

static void add_given(struct call *call, long long number)
{
    if (number < 0)
        call_bytes(call, "", 0);
    else
        call_number(call, number);
}

static void begin(struct call *call, const char *channel, const struct script *script,
                  call_decode *decode, void *result)
{
    call_begin(call, of_channel(channel), script, decode, result);
    keys_add_key(call, KEY_LOG_SETTINGS, channel);
    keys_add_key(call, KEY_LOG, channel);
}

void remember_call(struct call *call, const char *channel, struct remember *remember)
{
    begin(call, channel, &script_remember, remember_result, remember);
    add_given(call, remember->keep);
    add_given(call, remember->bytes);
    add_given(call, remember->seconds);
    call_clock(call);
}

static void read_settings(struct redisReply *const *parts, struct remember *remember)
{
    remember->keep = reply_number(parts[0], 0);
    remember->bytes = reply_number(parts[1], 0);
    remember->seconds = reply_number(parts[2], 0);
}

enum status remember_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    if (!reply_is_array(reply, 1) ||
        (reply->elements < 3 && reply_number(reply->element[0], 0) >= 0))
        return reply_unexpected("remember", reason);
    if (reply->elements < 3)
        return refuse(reason, STATUS_BAD_REQUEST,
                      "this channel keeps nothing yet: keep= says how many messages");
    read_settings(reply->element, call->result);
    return STATUS_OK;
}

/* --- reading ------------------------------------------------------------------------------- */

static void build(struct call *call, const char *channel, const struct replay_id *since,
                  long long limit, struct replay *replay)
{
    char name[KEY_SIZE];

    begin(call, channel, &script_replay, replay_result, replay);
    if (since) {
        call_text(call, since->epoch, "", 0, "");
        call_number(call, since->ms);
        call_number(call, since->number);
    } else {
        for (int i = 0; i < 3; i++)
            call_bytes(call, "", 0);
    }
    call_number(call, limit);
    call_clock(call);
    channel_write(name, channel);
    call_text(call, name, "", 0, "");
}

void replay_call(struct call *call, const char *channel, const struct replay_id *since,
                 long long limit, struct replay *replay)
{
    build(call, channel, since, limit, replay);
}

void replay_look_call(struct call *call, const char *channel, struct replay *replay)
{
    build(call, channel, NULL, 0, replay);
}

static bool is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING;
}

enum status replay_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct replay *replay = call->result;

    if (!reply_is_array(reply, HEAD) || (reply->elements - HEAD) % PARTS != 0 ||
        !is_text(reply->element[3]) || reply->element[3]->len >= REPLAY_EPOCH)
        return reply_unexpected("replay", reason);
    for (size_t i = HEAD; i < reply->elements; i++)
        if (!is_text(reply->element[i]))
            return reply_unexpected("replay", reason);
    read_settings(reply->element, &replay->settings);
    memcpy(replay->last.epoch, reply->element[3]->str, reply->element[3]->len + 1);
    replay->last.ms = reply_number(reply->element[4], 0);
    replay->last.number = reply_number(reply->element[5], 0);
    replay->is_gap = reply_number(reply->element[6], 0) == 1;
    replay->kept = reply_number(reply->element[7], 0);
    replay->heard = reply_number(reply->element[8], 0);
    replay->count = (int)((reply->elements - HEAD) / PARTS);
    replay->reply = reply;
    return STATUS_OK;
}

void replay_message(const struct replay *replay, int i, struct replay_id *id, const char **text,
                    size_t *len)
{
    struct redisReply *const *parts = replay->reply->element + HEAD + (ptrdiff_t)i * PARTS;

    *id = replay->last;
    id->ms = reply_number(parts[0], 0);
    id->number = reply_number(parts[1], 0);
    *text = parts[2]->str;
    *len = parts[2]->len;
}
