/* shutdown.h - the end of the helper, in order: nobody else is let in, all who are connected are
 * told, and what is under way is waited for, a bounded moment.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_SHUTDOWN_H
#define WS_SHUTDOWN_H

#include <ev.h>
#include <stdbool.h>

struct attendances;
struct entrance;
struct feeds;
struct helper;

/* The pointers are filled in. */
struct shutdown {
    struct helper *helper; /* whose is_stopping is set here */
    struct entrance *entrance;
    struct attendances *attendances;
    const struct feeds *feeds;
    ev_tstamp until; /* no longer is anything waited for */
};

/* Begins it; does nothing when it has begun. */
void shutdown_begin(struct shutdown *shutdown);

/* At the end of a turn: has it begun, and is there nothing left to wait for?  Ends requests for
 * which it is too late now. */
bool shutdown_is_over(const struct shutdown *shutdown);

#endif
