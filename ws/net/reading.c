/* reading.c - who is read next.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/reading.h"

#include <stdlib.h>

#include "base/memory.h"
#include "ws/net/turn.h"

static void grow(struct reading_places *line)
{
    size_t size = line->size ? line->size * 2 : 16;
    struct conn **places = xmalloc(size * sizeof(struct conn *));

    for (size_t i = 0; i < line->count; i++)
        places[i] = line->places[(line->first + i) % line->size];
    free(line->places);
    *line = (struct reading_places){.places = places, .count = line->count, .size = size};
}

static void append(struct reading_places *line, struct conn *conn)
{
    if (line->count == line->size)
        grow(line);
    line->places[(line->first + line->count++) % line->size] = conn;
}

static struct conn *shift(struct reading_places *line)
{
    struct conn *conn = line->places[line->first];

    line->first = (line->first + 1) % line->size;
    if (--line->count > 0)
        return conn;
    free(line->places);
    *line = (struct reading_places){0};
    return conn;
}

static const enum cause causes[READING_LINES] = {
    [READING_HEADS] = CAUSE_HEADS,
    [READING_SAYINGS] = CAUSE_CLIENTS,
    [READING_BULK] = CAUSE_BULK,
};

static void read_for(struct reading *reading, enum cause cause, struct conn *conn)
{
    struct turn *turn = reading->turn;
    enum cause before = turn->cause;

    if (cause != before)
        turn_to(turn, cause);
    reading->read(conn);
    if (cause != before)
        turn_to(turn, before);
    else
        turn_goes_on(turn); /* looks at the clock when that is due */
}

bool reading_note(struct reading *reading, enum reading_line line, struct conn *conn)
{
    if (!turn_has_time(reading->turn, causes[line])) {
        append(&reading->lines[line], conn);
        return false;
    }
    read_for(reading, causes[line], conn);
    return true;
}

void reading_pump(struct reading *reading)
{
    for (int i = 0; i < READING_LINES; i++)
        while (reading->lines[i].count > 0 && turn_has_time(reading->turn, causes[i]))
            read_for(reading, causes[i], shift(&reading->lines[i]));
}

void reading_clear(struct reading *reading)
{
    for (int i = 0; i < READING_LINES; i++)
        while (reading->lines[i].count > 0)
            shift(&reading->lines[i]);
}
