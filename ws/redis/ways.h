/* ways.h - the connections that calls go over: one for all, and where replicas must have each push
 * (see redis_wait) another for pushes, as WAIT holds up its connection.  A part of alink.h.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_WAYS_H
#define WS_REDIS_WAYS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "ws/redis/pipeline.h"

struct call;
struct nodes;
struct turn;
struct ways;

/* As pipeline_events; pushes_…: of the connection for pushes, if there is one. */
struct ways_events {
    void (*open)(void *user);
    void (*answered)(void *user, struct piped *piped, struct redisReply *reply,
                     const struct next *next, const struct reason *reason);
    void (*lost)(void *user, const char *what, const char *why, struct piped_list *calls);
    void (*pushes_open)(void *user);
    void (*pushes_lost)(void *user, const char *what, const char *why, struct piped_list *calls);
};

/* As pipeline_new(). */
struct ways *ways_new(struct ev_loop *loop, struct turn *turn, const struct nodes *nodes,
                      const struct ways_events *events, void *user);
void ways_forget(struct ways *ways, struct piped_list *calls);
void ways_free(struct ways *ways);

/* The settings of the nodes are others. */
void ways_configure(struct ways *ways);

/* Can this call be sent; NULL: can those that are not waited for? */
bool ways_are_open(const struct ways *ways, const struct call *call);
void ways_send(struct ways *ways, struct piped *piped);
void ways_flush(struct ways *ways);

size_t ways_bytes(const struct ways *ways);

/* All of them, as wire_break() and wire_renew(). */
void ways_break(struct ways *ways, const char *what, const char *why);
void ways_renew(struct ways *ways);

#endif
