/* pace.h - does the peer of a connection get on, with what it has begun to say and with what it was
 * sent?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_PACE_H
#define WS_ROLE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct conn;

enum { PACE_MS = LIMIT_BODY_SECONDS * 1000 }; /* from tick to tick */

/* Zeroed memory is before the first tick. */
struct pace {
    unsigned requests; /* that were heard, ever; for others to count */
    /* At the last tick: */
    size_t seen_body, seen_head;
    unsigned seen_requests;
    uint64_t seen_written;
    int ticks_of_body, ticks_of_silence;
};

/* Of a request whose head was heard: PACE_BODY_TO_COME is one that the peer keeps back until it is
 * told to go on. */
enum pace_body { PACE_NO_BODY, PACE_BODY_TO_COME, PACE_BODY };

/* The next body, in conn->in.message, begins. */
void pace_begin_body(struct pace *pace);

/* A tick: has the peer brought nothing of a head or body, or taken nothing of an answer, for too
 * long, or is a body too long on its way? */
bool pace_is_stuck(struct pace *pace, const struct conn *conn, enum pace_body body);

#endif
