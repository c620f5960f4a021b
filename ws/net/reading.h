/* reading.h - who is read next.
 *
 * What clients say is read as long as the turn has time for it, a piece of each.  Connections that
 * are left then stand in line, and come first in the next turn; those that said much the last time
 * have a line of their own.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_READING_H
#define WS_NET_READING_H

#include <stddef.h>

struct conn;
struct server;

enum { READING_LINES = 3 };

/* A line of connections that are readable; zeroed memory is an empty one. */
struct line {
    struct conn **places; /* a ring */
    size_t first, count, size;
};

/* There is something to read: now, or in its turn. */
void reading_note(struct conn *conn);

/* For the begin of a turn: those in line. */
void reading_pump(struct server *server);

/* Nobody is in line any more. */
void reading_clear(struct server *server);

#endif
