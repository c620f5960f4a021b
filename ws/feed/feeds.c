/* feeds.c - the feeds of all queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/feeds.h"

struct feed *feed_get(struct feeds *feeds, const char *queue)
{
    struct feed *feed = source_find(&feeds->sources, queue);

    if (!feed)
        feed = feed_new(feeds, queue);
    feed->users++;
    return feed;
}

void feeds_do(const struct sources *feeds, void (*act)(struct feed *feed))
{
    for (struct source *source = feeds->first; source; source = source->next)
        act((struct feed *)source);
}

bool feeds_are_taking(const struct sources *feeds)
{
    for (struct source *source = feeds->first; source; source = source->next)
        if (feed_is_taking((struct feed *)source))
            return true;
    return false;
}
