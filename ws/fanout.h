/* fanout.h - the same messages for many connections.
 *
 * What arrives within one turn of the loop becomes one payload: one write for each consumer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FANOUT_H
#define WS_FANOUT_H

#include <stdbool.h>
#include <stddef.h>

struct conn;
struct payload;
struct server;

/* Part of who takes part. */
struct member {
    struct conn *conn;
    struct member *next, **link; /* link NULL: no member */
};

/* All who get the same; fanout_init() makes an empty one. */
struct fanout {
    struct server *server;
    struct member *first, **last;
    long long count;
    int held;     /* calls to Redis that refer to it */
    bool is_json; /* what is sent is JSON text already */
    bool is_dirty;
    struct fanout *next_dirty;
    struct payload *pending; /* what was added in this turn */

    /* At the end of a turn it has no members and is not held: it may be freed.  May be NULL. */
    void (*unused)(struct fanout *fanout);
};

void fanout_init(struct fanout *fanout, struct server *server, bool is_json);
void fanout_clear(struct fanout *fanout); /* without members */

void fanout_join(struct fanout *fanout, struct member *member, struct conn *conn);
void fanout_leave(struct fanout *fanout, struct member *member);

/* Sends a message to all, but not to that connection (NULL: to all); id as in payload_add(). */
void fanout_add(struct fanout *fanout, const char *id, size_t id_len, const char *text, size_t len,
                const struct conn *but);

/* For the end of the turn. */
void fanout_flush(struct fanout *fanout);

#endif
