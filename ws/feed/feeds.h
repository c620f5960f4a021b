/* feeds.h - the feeds of all queues with consumers or long-polls here.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_FEEDS_H
#define WS_FEED_FEEDS_H

#include <stdbool.h>

#include "ws/feed/feed.h"

/* The feed of a queue, made if needed, with one user more; feed_drop() has one less. */
struct feed *feed_get(struct feeds *feeds, const char *queue);

void feeds_do(const struct sources *feeds, void (*act)(struct feed *feed));
bool feeds_are_taking(const struct sources *feeds);

/* Is one of them FEED_LOST? */
bool feeds_have_lost(const struct feeds *feeds);

#endif
