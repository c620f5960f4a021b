/* waiter.h - a long-poll, as the feeds that it waits for see it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_WAITER_H
#define WS_ROLE_WAITER_H

#include <stdbool.h>

struct conn;
struct wait;

/* Could it ask a queue now? */
bool waiter_is_idle(const struct conn *conn);

/* Asks that queue; feed_served() follows. */
void waiter_ask(struct wait *wait);

#endif
