/* pipeline.h - calls on their way over one connection to Redis, answered in the order in which they
 * were sent.  A part of alink.h.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_PIPELINE_H
#define WS_REDIS_PIPELINE_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/status.h"
#include "redis/next.h"

struct nodes;
struct pipeline;
struct redisReply;
struct turn;

/* The error with which Redis has refused a call. */
struct refusal {
    enum status status;
    struct reason reason;
};

/* A call on its way: the first member of what its owner keeps of it. */
struct piped {
    STAILQ_ENTRY(piped) next; /* of the pipeline, while it is there */
    struct run run;
    unsigned long long position; /* of its end in the wire */
    bool may_have_run;           /* it was lost, and no answer will tell */
    struct refusal *refusal;     /* it was lost when it was refused already; free() it.  Or NULL */
    bool is_waiting;             /* behind it Redis is asked how many replicas have it */
    bool is_asking;              /* before it ASKING is said: its slot is on its way to that node */
    bool owes_asking;            /* and has no answer yet */
};
STAILQ_HEAD(piped_list, piped);

/* What it tells; from within the loop, but for lost(). */
struct pipeline_events {
    /* Calls may be sent. */
    void (*open)(void *user);
    /* A call has ended.  The reply is the user's. */
    void (*answered)(void *user, struct piped *piped, struct redisReply *reply,
                     const struct next *next, const struct reason *reason);
    /* As of wire.h.  These calls will have no answer, but for their refusals; the list is the
     * user's. */
    void (*lost)(void *user, const char *what, const char *why, struct piped_list *calls);
};

/* Begins to connect with the first turn of the loop.  All that is given must outlive it. */
struct pipeline *pipeline_new(struct ev_loop *loop, struct turn *turn, const struct nodes *nodes,
                              const struct pipeline_events *events, void *user);

/* Forgets the calls: their owner frees them, as pipeline_forget() gives them. */
void pipeline_free(struct pipeline *pipeline);
void pipeline_forget(struct pipeline *pipeline, struct piped_list *calls);

bool pipeline_is_open(const struct pipeline *pipeline);

/* Sends the call of piped->run with the next pipeline_flush(); only while it is open. */
void pipeline_send(struct pipeline *pipeline, struct piped *piped);
void pipeline_flush(struct pipeline *pipeline);

/* Bytes that are not written yet, or read and not complete. */
size_t pipeline_bytes(const struct pipeline *pipeline);

/* As wire_break() and wire_renew(). */
void pipeline_break(struct pipeline *pipeline, const char *what, const char *why);
void pipeline_renew(struct pipeline *pipeline);

#endif
