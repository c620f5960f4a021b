/* sweeper.h - tidying up: what is due comes back, and purged bodies go, for queues whose take or
 * purge, or the walk, reported some.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_SWEEPER_H
#define WS_FEED_SWEEPER_H

#include <stdbool.h>

#include "broker/sweep.h"

struct helper;

struct sweeper {
    struct helper *helper;
    struct sweep sweep; /* purged queues */
    bool is_busy;       /* a step of it is under way */
    bool is_left;       /* it has told that there is more */
};

/* At the end of a turn: the next step of what sweep_note() was told one at a
 * time. */
void sweeper_pump(struct sweeper *sweeper);

#endif
