/* feeds.c - the feeds of all queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/feeds.h"

#include "ws/feed/helper.h"

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

/* --- long-polls ------------------------------------------------------------------------------- */

void feed_wait(struct feed *feed, struct wait *wait, const struct wait_kind *kind)
{
    feed->waits.kind = kind;
    waits_add(&feed->waits, wait);
    feed_wake(feed);
}

void feed_unwait(struct wait *wait)
{
    waits_remove(&wait->feed->waits, wait);
}

void feed_served(struct feed *feed, bool is_empty)
{
    feed->waits.is_serving = false;
    if (!is_empty)
        feed->may_have = feed->is_stirred = true;
    feed_mark(feed);
}

/* --- whose node is away ----------------------------------------------------------------------- */

bool feed_is_away(const struct feed *feed)
{
    return !helper_is_back(feed->feeds->helper) || feed->stage != FEED_HERE;
}

bool feeds_have_lost(const struct feeds *feeds)
{
    for (const struct source *at = feeds->sources.first; at; at = at->next)
        if (((const struct feed *)at)->stage == FEED_LOST)
            return true;
    return false;
}

bool feed_return(struct feed *feed)
{
    if (feed->stage != FEED_LOST || !source_is_subscribed(&feed->source))
        return false;
    feed->stage = FEED_RETURNING;
    return true;
}

void feed_settle(struct feed *feed)
{
    if (feed->stage == FEED_RETURNING)
        feed->stage = FEED_HERE;
    feed_wake(feed);
}
