/* channels.h - Redis channels, each subscribed once for all who listen here.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_CHANNELS_H
#define WS_REDIS_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>

struct alink;
struct channel;

/* Embedded in whatever listens to a channel.  Zeroed: listens to none. */
struct listening {
    struct channel *channel;
    struct listening *next, **link;
    void *user;
    bool is_ready; /* what is published from now on will be heard */
    bool is_away;  /* nobody knows when that will be so: in a cluster its node is away */

    /* Something was published. */
    void (*heard)(void *user, const char *data, size_t len);

    /* is_ready has become true, for the first time or again; may be NULL.  Not called for a channel
     * that was ready when the listening began. */
    void (*ready)(void *user);

    /* In a cluster: is_away has become true.  May be NULL. */
    void (*away)(void *user);

    /* The channel was left for a while, since more was published than could be read, or in a
     * cluster its node was away; it is ready again.  May be NULL. */
    void (*gap)(void *user);
};

/* All channels that are subscribed, or will be.  They have no listeners any more when it is
 * freed. */
struct channels *channels_new(struct alink *alink);
void channels_free(struct channels *channels);

/* heard, ready, away, gap and user are filled in; the rest is ours.  From within any of those
 * others may listen, and all may leave, but whoever is being told is not freed. */
void channel_listen(struct channels *channels, struct listening *listening, const char *name);
void channel_leave(struct listening *listening);

/* What the link to Redis tells of all; in a cluster each channel is told by itself, whatever node
 * is up or down. */
void channels_step(struct channels *channels); /* once a second */
void channels_up(struct channels *channels);
void channels_down(struct channels *channels);

/* As alink_is_up(): what is not ready will be soon. */
bool channels_are_up(const struct channels *channels);

#endif
