/* reading.h - who is read next.
 *
 * What clients say is read as long as the turn has time for it, a piece of each.  Connections that
 * are left then stand in line, and come first in the next turn; those that said much the last time
 * have a line of their own.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_READING_H
#define WS_NET_READING_H

#include <stdbool.h>
#include <stddef.h>

struct conn;
struct turn;

/* Each line has a part of the turn of its own: requests are many at once when all come back, and a
 * password takes long by itself; and who says little does not wait for those that say much. */
enum reading_line { READING_HEADS, READING_SAYINGS, READING_BULK, READING_LINES };

/* A line of connections that are readable; zeroed memory is an empty one. */
struct reading_places {
    struct conn **places; /* a ring */
    size_t first, count, size;
};

/* turn and read are filled in, the rest is zero. */
struct reading {
    struct turn *turn;
    void (*read)(struct conn *conn); /* a piece of what there is */
    struct reading_places lines[READING_LINES];
};

/* The socket has something to read.  True: it may be read now; false: in its turn. */
bool reading_note(struct reading *reading, enum reading_line line, struct conn *conn);

/* For the begin of a turn: those in line. */
void reading_pump(struct reading *reading);

/* Empties the line. */
void reading_clear(struct reading *reading);

#endif
