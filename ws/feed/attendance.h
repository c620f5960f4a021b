/* attendance.h - the presence of those who are connected here.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_ATTENDANCE_H
#define WS_FEED_ATTENDANCE_H

#include <stdbool.h>

#include "broker/presence.h"

struct conn;
struct request;
struct server;

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
void attendance_join(struct server *server, struct attendance *attendance, const struct conn *conn,
                     const char *topic);
void attendance_leave(struct server *server, struct attendance *attendance);

/* Says that this helper is alive. */
void attendance_say(struct server *server);

/* For the server: is Redis back; says that it is alive, and looks for those that are not; the end.
 */
void attendance_up(struct server *server);
void attendance_beat(struct server *server);
void attendance_end(struct server *server);
void attendance_pump(struct server *server); /* some of those who join again */

#endif
