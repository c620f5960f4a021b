/* attendance.h - the presence of those who are connected here.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_ATTENDANCE_H
#define WS_FEED_ATTENDANCE_H

#include <stdbool.h>

#include "broker/presence.h"

struct conn;
struct request;
struct helper;
struct attendance;

/* All who are connected here, and this helper. */
struct attendances {
    struct helper *helper;
    struct attendance *first;
    struct attendance **rejoining; /* from there on they join again; NULL: none */
    unsigned long long number;     /* of the last one, ever */
    char id[PRESENCE_ID];          /* of this helper */
    bool is_stale;                 /* somebody has left of whom Redis does not know that */
};

/* Embedded in whatever presence announces.  Zeroed: not announced. */
struct attendance {
    struct attendance *next, **link; /* link NULL: not there */
    unsigned long long number;
    long long since;
    const char *topic; /* the caller's */
    const char *via;
    char *name;
};

enum status attendance_read(struct attendance *attendance, const struct request *request,
                            struct reason *reason);
void attendance_join(struct attendances *all, struct attendance *attendance,
                     const struct conn *conn, const char *topic);
void attendance_leave(struct attendances *all, struct attendance *attendance);

/* Says that this helper is alive. */
void attendance_say(struct attendances *all);

/* For the server: Redis is back; this helper is alive, and others may not be; it ends, which needs
 * nothing but that calls run. */
void attendance_up(struct attendances *all);
void attendance_beat(struct attendances *all);
void attendance_end(struct attendances *all);
void attendance_pump(struct attendances *all); /* some of those who join again */

#endif
