/* channel.h - Redis channels, each subscribed once for all who listen here.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_CHANNEL_H
#define WS_REDIS_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

struct channel;
struct server;

/* Embedded in whatever listens to a channel.  Zeroed: listens to none. */
struct listening {
    struct channel *channel;
    struct listening *next, **link;
    void *user;
    bool is_ready; /* what is published from now on will be heard */

    /* Something was published. */
    void (*heard)(void *user, const char *data, size_t len);

    /* is_ready has become true, for the first time or again; may be NULL.  Not called for a channel
     * that was ready when the listening began. */
    void (*ready)(void *user);

    /* The channel was left for a while, since more was published than could be read; it is ready
     * again.  May be NULL. */
    void (*gap)(void *user);
};

/* heard, ready and user are filled in; the rest is ours.  Neither is called from within. */
void channel_listen(struct server *server, struct listening *listening, const char *name);
void channel_leave(struct server *server, struct listening *listening);

/* For the server: */
void channels_heard(struct server *server, const char *name, size_t len, const char *data,
                    size_t data_len);
void channels_flooded(struct server *server, const char *name);
void channels_step(struct server *server); /* once a second */
void channels_up(struct server *server);
void channels_down(struct server *server);
void channels_clear(struct server *server); /* once nobody listens */

#endif
