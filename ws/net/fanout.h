/* fanout.h - the same messages for many connections.
 *
 * What arrives within one turn of the loop becomes one payload: one write for each consumer.  For
 * thousands that takes more than one turn: payloads stand in line, each for all, in their order.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_FANOUT_H
#define WS_NET_FANOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "ws/net/turn.h"

struct conn;
struct conns;

/* Embedded in a consumer or subscriber that receives a fanout. */
struct member {
    struct conn *conn;
    struct member *next, **link; /* link NULL: no member */
};

/* A walk over the members, in pieces: from the one that *at is up to those that were there when it
 * began.  Members may come and go meanwhile. */
struct walk {
    struct member **at, **stop;
};

enum { WALK_SENDING, WALK_LEASES, WALK_PURGED, WALKS };

struct round;

/* The connections that get the same payloads; fanout_init() makes an empty one. */
struct fanout {
    struct conns *conns;
    struct member *first, **last;
    long long count;
    int held;             /* calls to Redis that refer to it */
    bool is_json;         /* what is sent is JSON text already */
    struct marked marked; /* at the end of this turn it is flushed */
    struct walk walks[WALKS];
    struct round *rounds, *last_round; /* payloads in line; the first is the one under way */
    bool is_sending;                   /* it has begun */
    size_t waiting;                    /* bytes of messages in line */

    /* All that was added has been sent.  May be NULL. */
    void (*done)(struct fanout *fanout);

    /* At the end of a turn it has no members and is not held: it may be freed.  May be NULL. */
    void (*unused)(struct fanout *fanout);
};

void fanout_init(struct fanout *fanout, struct conns *conns, bool is_json);
void fanout_clear(struct fanout *fanout); /* without members */

void fanout_join(struct fanout *fanout, struct member *member, struct conn *conn);
void fanout_leave(struct fanout *fanout, struct member *member);

/* Sends a message to all, but not to that connection (NULL: to all); id as in payload_add(). */
void fanout_add(struct fanout *fanout, const char *id, size_t id_len, const char *text, size_t len,
                const struct conn *but);

/* Tells those that know events that something is missing. */
void fanout_gap(struct fanout *fanout);

/* Forgets payloads that no connection was sent yet, and tells connections that know events that
 * something is missing. */
void fanout_cut(struct fanout *fanout);

/* Does more come than can be sent to so many? */
bool fanout_is_flooded(const struct fanout *fanout);

/* Is something in line that not all have been sent? */
static inline bool fanout_is_busy(const struct fanout *fanout)
{
    return fanout->rounds != NULL;
}

/* Sends at the end of this turn what is in line, or looks whether it is unused. */
void fanout_mark(struct fanout *fanout);

/* For the end of the turn: sends as long as it goes on.  False: not all of it. */
bool fanout_flush(struct fanout *fanout);
void fanout_act(struct marked *marked);

/* Begins to walk over all connections that are there now; returns the next one, or NULL behind the
 * last. */
void fanout_walk(struct fanout *fanout, int walk);
struct member *fanout_next(struct fanout *fanout, int walk);

#endif
