/* channel.h - pub/sub: messages for the subscribers of this moment, and where the channel remembers
 * (replay.h), for later ones.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_CHANNEL_H
#define BROKER_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/keys.h"
#include "broker/replay_id.h"
#include "redis/call.h"

/* A channel's name is like a queue's, but none of those on which Redis tells what becomes of its
 * keys, other applications' and clients' keys among them.  BAD_NAME says what is wrong. */
enum status channel_name_check(const char *name, size_t len, struct reason *reason);

/* TOO_LARGE says the limit. */
enum status channel_publish_check(size_t len, long long max_message, struct reason *reason);

/* Writes the name that the channel has in Redis: its own; but where keys have hash tags,
 * "foo:PUBSUB" is named as what tells of the pushes to foo. */
void channel_write(char name[KEY_SIZE], const char *channel);

/* Does the channel with this name in Redis tell the keys of messages as Redis has them? */
bool channel_has_keys(const char *name);

/* Does the channel tell the keys of what is pushed to a queue, whatever it is called in Redis? */
bool channel_is_of_queue(const char *channel);

/* What has become of a message. */
struct published {
    long long receivers;    /* connections to Redis that heard it */
    char id[REPLAY_ID + 1]; /* "": the channel does not keep it */
    char asked[LIMIT_NAME +
               1]; /* the channel, if Redis was asked whether it keeps; "": it was not */
};

/* Publishes on a channel, whose name was checked by channel_name_check(), and keeps it where the
 * channel remembers; data must live until the call has run.  Redis is asked for that at most once
 * a second for each channel that keeps nothing, since it costs more than the publish. */
void channel_publish_call(struct call *call, const char *channel, const char *data, size_t len,
                          struct published *published);
call_decode channel_publish_result;

/* It may keep something from now on. */
void channel_may_keep(const char *channel);

/* Publishes on a channel of our own, by its name in Redis. */
void channel_tell_call(struct call *call, const char *name, const char *data, size_t len,
                       struct published *published);

#endif
