/* reading.c - who is read next.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/reading.h"

#include <stdlib.h>

#include "base/memory.h"
#include "ws/net/conn.h"
#include "ws/server.h"

static void grow(struct line *line)
{
    size_t size = line->size ? line->size * 2 : 16;
    struct conn **places = xmalloc(size * sizeof(struct conn *));

    for (size_t i = 0; i < line->count; i++)
        places[i] = line->places[(line->first + i) % line->size];
    free(line->places);
    *line = (struct line){.places = places, .count = line->count, .size = size};
}

static void append(struct line *line, struct conn *conn)
{
    if (line->count == line->size)
        grow(line);
    line->places[(line->first + line->count++) % line->size] = conn;
    conn->is_in_line = true;
}

static struct conn *shift(struct line *line)
{
    struct conn *conn = line->places[line->first];

    line->first = (line->first + 1) % line->size;
    conn->is_in_line = false;
    if (--line->count > 0)
        return conn;
    free(line->places);
    *line = (struct line){0};
    return conn;
}

enum { HEADS, SAYINGS, BULK };

/* Each line has a part of the turn of its own: requests are many at once when all come back, and a
 * password takes long by itself; and who says little does not wait for those that say much. */
static const enum cause causes[READING_LINES] = {
    [HEADS] = CAUSE_HEADS,
    [SAYINGS] = CAUSE_CLIENTS,
    [BULK] = CAUSE_BULK,
};

static int line_of(const struct conn *conn)
{
    if (conn->state == CONN_HEAD)
        return HEADS;
    return conn->is_bulk ? BULK : SAYINGS;
}

static void read_for(struct conn *conn, enum cause cause)
{
    struct turn *turn = &conn->server->turn;
    enum cause before = turn->cause;

    if (cause != before)
        turn_to(turn, cause);
    conn_read(conn);
    if (cause != before)
        turn_to(turn, before);
    else
        turn_goes_on(turn); /* looks at the clock when that is due */
}

void reading_note(struct conn *conn)
{
    int line = line_of(conn);

    if (conn->is_in_line)
        return;
    if (turn_has_time(&conn->server->turn, causes[line]))
        read_for(conn, causes[line]);
    else
        append(&conn->server->lines[line], conn);
}

/* Meanwhile it may have been closed, or paused: then it is readable again later. */
static void read_next(struct line *line, enum cause cause)
{
    struct conn *conn = shift(line);

    if (ev_is_active(&conn->readable))
        read_for(conn, cause);
    else
        conn_mark(conn);
}

void reading_pump(struct server *server)
{
    for (int i = 0; i < READING_LINES; i++)
        while (server->lines[i].count > 0 && turn_has_time(&server->turn, causes[i]))
            read_next(&server->lines[i], causes[i]);
}

void reading_clear(struct server *server)
{
    for (int i = 0; i < READING_LINES; i++)
        while (server->lines[i].count > 0)
            shift(&server->lines[i]);
}
