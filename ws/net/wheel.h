/* wheel.h - timeouts of tens of thousands of connections: a ring of slots, 100 ms each.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_WHEEL_H
#define WS_NET_WHEEL_H

#include <stddef.h>

enum {
    WHEEL_STEP_MS = 100,
    WHEEL_SECOND = 1000 / WHEEL_STEP_MS, /* steps */
    WHEEL_SLOTS = 1024,                  /* a timeout is shorter than all of them: 102 s */
};

/* Part of what has the timeout; zeroed memory is none. */
struct timeout {
    struct timeout *next, **link; /* link NULL: not set */
};

struct wheel {
    struct timeout *over; /* told by wheel_expired() */
    struct timeout *slots[WHEEL_SLOTS];
    unsigned now;
};

/* Sets it anew, ms from now, rounded up. */
void wheel_set(struct wheel *wheel, struct timeout *timeout, unsigned ms);
void wheel_unset(struct timeout *timeout);

/* One step has passed. */
void wheel_step(struct wheel *wheel);

/* The timeouts that are over, one by one, then NULL.  They may be set and unset meanwhile, and what
 * is not asked for now may be asked for later. */
struct timeout *wheel_expired(struct wheel *wheel);

#endif
