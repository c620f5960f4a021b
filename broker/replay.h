/* replay.h - channels that remember: what was published on them, to be read again.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_REPLAY_H
#define BROKER_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/keys.h"
#include "broker/replay_id.h"
#include "redis/call.h"

struct redisReply;

/* How much a channel remembers: messages, bytes, seconds (0: whatever time).  -1: as it is. */
struct remember {
    long long keep, bytes, seconds;
};

/* BAD_NAME: what is published on the channel is the keys of a queue's messages. */
enum status remember_check(const char *channel, struct reason *reason);

/* Sets it; keep 0 takes the log away.  *remember is then what is set.  BAD_REQUEST: the channel
 * keeps nothing, and keep is not given. */
void remember_call(struct call *call, const char *channel, struct remember *remember);
call_decode remember_result;

struct replay {
    struct remember settings; /* keep 0: the channel remembers nothing */
    struct replay_id last;    /* epoch "": there is no log */
    bool is_gap;              /* of what came behind the id something is gone */
    long long kept;           /* messages from the first of these on */
    long long heard;          /* connections to Redis that hear the channel */
    int count;
    const struct redisReply *reply;
};

/* Reads messages behind the id, or all that is kept where it is NULL, limit of them at most; fewer
 * where they are large.  Where is_gap they begin with the first that is kept. */
void replay_call(struct call *call, const char *channel, const struct replay_id *since,
                 long long limit, struct replay *replay);

/* Tells how it stands; of the messages nothing but the id of the first. */
void replay_look_call(struct call *call, const char *channel, struct replay *replay);
call_decode replay_result;

/* Message i of those that were read; the text is the call's. */
void replay_message(const struct replay *replay, int i, struct replay_id *id, const char **text,
                    size_t *len);

#endif
