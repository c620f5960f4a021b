/* squeeze.h - what is deflated for websockets, and how much of that one turn of the loop may do.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_SQUEEZE_H
#define WS_NET_SQUEEZE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "ws/codec/frame.h"

struct deflater;
struct turn;

/* The longest message that is deflated, and all that are in one turn: some 10 ms. */
enum { SQUEEZE_TURN = 1048576 };

struct squeeze {
    struct turn *turn;
    size_t least;              /* a shorter message is not deflated: bytes */
    struct deflater *deflater; /* NULL until something is deflated or inflated */
    unsigned long long seen;   /* the turn that `left` is about */
    size_t left;               /* bytes that may still be deflated in it */
    struct buffer room;        /* for one message */
};

void squeeze_begin(struct squeeze *squeeze, struct turn *turn);
void squeeze_end(struct squeeze *squeeze);

/* Adds a frame with the message, deflated for that window.  False, and nothing is added, where that
 * has no use, or no time in this turn. */
bool squeeze_frame(struct squeeze *squeeze, int window, enum frame_opcode opcode, const char *text,
                   size_t len, struct buffer *out);

/* Inflates what a peer has sent: as deflater_undo(). */
int squeeze_undo(struct squeeze *squeeze, const char *data, size_t len, size_t max,
                 struct buffer *out);

#endif
