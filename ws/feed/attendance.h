/* attendance.h - the presence of the consumers that are connected here.
 *
 * Redis is told first that this helper is alive, then that it has a topic, and then which consumers
 * are there: so a helper that finds this one dead finds all that it has left (broker/tidy.h).
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_ATTENDANCE_H
#define WS_FEED_ATTENDANCE_H

#include <stdbool.h>

#include "broker/presence.h"
#include "ws/feed/notices.h"
#include "ws/feed/room.h"

struct buffer;
struct conn;
struct conns;
struct request;
struct helper;

/* Writes what this helper says of itself, for presence_about_call(). */
typedef void attendance_write(const struct conns *conns, struct buffer *text);

/* All consumers that are connected here, and this helper. */
struct attendances {
    struct helper *helper;
    attendance_write *write;
    struct rooms rooms;
    struct notices notices;
    unsigned long long number; /* of the last one, ever */
    char id[PRESENCE_ID];      /* of this helper */
    unsigned renewals; /* so many ids it had before; of what comes back late it tells whose it is */
    unsigned beats;    /* so many of them were heard */
    bool is_known;     /* Redis has said that this id is alive */
    bool is_stale;     /* somebody has left of whom Redis does not know that */
    bool may_list;     /* nothing was refused since the last beat */
    bool is_listing;   /* a call is under way, for the rooms of that list; */
    bool is_noting;    /* or for rooms that were due */
    bool is_due;       /* a beat has been: topics that nobody sees any more may go */
    bool is_tidying;   /* a walk is under way, */
    bool tidies_again; /* and another one is to follow */
};

enum status attendance_read(struct attendance *attendance, const struct request *request,
                            struct reason *reason);
void attendance_join(struct attendances *all, struct attendance *attendance,
                     const struct conn *conn, const char *topic);
void attendance_leave(struct attendances *all, struct attendance *attendance);

/* helper is filled in, the rest zeroed memory. */
void attendance_begin(struct attendances *all, attendance_write *write);

/* Says that this helper is alive. */
void attendance_say(struct attendances *all);

/* For the server: Redis is back, or some time has passed: this helper is alive, and others may not
 * be; it ends, which needs nothing but that calls run. */
void attendance_beat(struct attendances *all);
void attendance_end(struct attendances *all);

/* A second has passed. */
void attendance_step(struct attendances *all);

/* The end of a turn: what is to be told to Redis, or some of it; and whether there is more. */
void attendance_pump(struct attendances *all);
bool attendance_has_more(const struct attendances *all);
void attendance_clear(struct attendances *all);

#endif
