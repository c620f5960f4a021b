/* parking.h - calls that wait for the node of their slot, in the order in which they were given; no
 * I/O.  A part of detour.h.
 *
 * A call that a node did not run, as it is another one's, is parked, and so is every later one of
 * its slot: else what belongs to one queue or topic could overtake.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_PARKING_H
#define WS_REDIS_PARKING_H

#include <stdbool.h>
#include <sys/queue.h>

struct parking;

/* Embedded in a call.  Times are seconds of one clock. */
struct parked {
    TAILQ_ENTRY(parked) next;  /* of its slot, while it is there */
    int slot;                  /* -1: none; such calls are never parked, nor counted */
    unsigned long long number; /* of all calls, as they were given */
    double due;                /* not before */
    double until;              /* no longer; 0: it was not parked yet */
};

struct parking *parking_new(void);
void parking_free(struct parking *parking); /* with nothing parked */

/* A call of that slot is under way; it is not any more. */
void parking_enter(struct parking *parking, int slot);
void parking_leave(struct parking *parking, int slot);

/* Is one of that slot parked? */
bool parking_has(const struct parking *parking, int slot);

void parking_add(struct parking *parking, struct parked *parked);
void parking_remove(struct parking *parking, struct parked *parked);

/* The first one of that slot, NULL: none; and if no other is under way. */
struct parked *parking_row(const struct parking *parking, int slot);
struct parked *parking_first(const struct parking *parking, int slot);

/* Does that for each slot that has some; from within, calls may be added and removed. */
void parking_for_each(struct parking *parking, void (*act)(void *user, int slot), void *user);
bool parking_is_empty(const struct parking *parking);
struct parked *parking_any(const struct parking *parking); /* NULL: it is */

#endif
