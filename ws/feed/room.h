/* room.h - the topics on which somebody is connected here, and who: lists only, no calls.
 *
 * A room is in one of the lists of its rooms: fresh until Redis has it in the list of this helper's
 * topics, listing while it is told so, and then in one of the others.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_ROOM_H
#define WS_FEED_ROOM_H

#include <stdbool.h>

#include "base/limits.h"

struct room;

/* Embedded in whatever presence announces.  Zeroed: not announced. */
struct attendance {
    struct attendance *next, **link; /* link NULL: not there */
    struct room *room;
    unsigned long long number;
    long long since;
    const char *via;
    char *name;
    bool is_said; /* it has joined, in Redis */
};

struct rooms {
    void *tree; /* by topic; see tsearch(3) */
    struct room *fresh;
    struct room *listing;
    struct room *joining; /* somebody there is to join, in Redis */
    struct room *listed;  /* all there have joined; */
    struct room *due;     /* likewise, but it is to be said again that somebody is there */
};

struct room {
    const char *topic; /* the first member: searched by it */
    struct rooms *rooms;
    struct room *next, **link; /* of its list */
    struct attendance *unsaid; /* who is to join, first come first; */
    struct attendance **end;   /* the end of that */
    struct attendance *said;   /* who has joined */
    int under_way;             /* joins and leaves that were not answered yet, */
    int held;                  /* of which so many are held, see notices.h */
    enum room_stage { ROOM_FRESH, ROOM_LISTING, ROOM_LISTED } stage;
};

/* The room of that topic, a fresh one where there is none. */
struct room *room_get(struct rooms *rooms, const char *topic);

/* Into another list. */
void room_move(struct room *room, struct room **list, enum room_stage stage);

/* Nobody is there, and nothing is under way. */
bool room_is_idle(const struct room *room);
void room_free(struct room *room);
void room_drop(struct room *room); /* frees it if it is fresh and idle */

/* No room is in Redis's list, and nobody has joined. */
void rooms_renew(struct rooms *rooms);

/* Those that are listed are due, unless some of the last time still are. */
void rooms_fall_due(struct rooms *rooms);
void rooms_clear(struct rooms *rooms);

/* Somebody comes, and is to join; has joined; goes. */
void room_enter(struct room *room, struct attendance *attendance);
void room_say(struct room *room, struct attendance *attendance);
void room_leave(struct attendance *attendance);

#endif
