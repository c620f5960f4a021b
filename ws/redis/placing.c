/* placing.c - which node of a Redis Cluster each channel is subscribed at.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/placing.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/memory.h"
#include "base/text.h"
#include "ws/redis/sites.h"
#include "ws/redis/subscription.h"

/* The state that a hearer was told last. */
enum told { TOLD_NOTHING, TOLD_HEARD, TOLD_AWAY };

struct placed_channel {
    const char *channel; /* the first member: searched by name */
    struct placing *placing;
    TAILQ_ENTRY(placed_channel) next; /* of all */
    TAILQ_ENTRY(placed_channel) news; /* if has_news */
    const struct hearer *hearer;
    void *user;      /* the hearer's */
    int slot;        /* -1: no sharded channel */
    struct site *at; /* NULL: nowhere for now */
    bool is_awaited; /* Redis is to confirm it */
    bool is_heard;   /* Redis has */
    enum told told;
    bool has_news;
    char text[];
};
TAILQ_HEAD(place_list, placed_channel);

struct placing {
    struct sites *sites;
    const struct placing_events *events;
    void *user;
    void *tree; /* by channel; see tsearch(3) */
    struct place_list all;
    struct place_list news; /* whose hearers are to be told what is so now */
};

/* --- what hearers are told -------------------------------------------------------------------- */

static void note(struct placed_channel *place)
{
    if (place->has_news)
        return;
    place->has_news = true;
    TAILQ_INSERT_TAIL(&place->placing->news, place, news);
}

/* Nobody is told that a node is away as long as it is dialled for the first time. */
static bool is_away(const struct placed_channel *place)
{
    bool is_coming = place->is_awaited || (place->at && place->at->lane.is_coming);

    return place->told == TOLD_HEARD || (place->told == TOLD_NOTHING && !is_coming);
}

static void tell(struct placed_channel *place)
{
    struct reason reason = {0};
    enum status status = STATUS_OK;

    if (place->is_heard ? place->told == TOLD_HEARD : !is_away(place))
        return;
    place->told = place->is_heard ? TOLD_HEARD : TOLD_AWAY;
    if (!place->is_heard)
        status = refuse(&reason, STATUS_UNAVAILABLE, "Redis is unavailable");
    if (place->hearer->done)
        place->hearer->done(place->user, status, &reason);
}

/* Those who are told may add places, and remove them. */
void placing_tell(struct placing *placing)
{
    struct placed_channel *place;

    while (placing && (place = TAILQ_FIRST(&placing->news))) {
        TAILQ_REMOVE(&placing->news, place, news);
        place->has_news = false;
        tell(place);
    }
}

/* --- what a node tells ------------------------------------------------------------------------ */

static void on_done(void *user, enum status status, const struct reason *reason)
{
    struct placed_channel *place = user;

    (void)reason;
    place->is_awaited = false;
    place->is_heard = status == STATUS_OK;
    tell(place);
}

static void on_heard(void *user, const char *data, size_t len)
{
    struct placed_channel *place = user;

    if (place->hearer->heard)
        place->hearer->heard(place->user, data, len);
}

static void forget(struct placed_channel *place)
{
    struct placing *placing = place->placing;

    if (place->has_news)
        TAILQ_REMOVE(&placing->news, place, news);
    TAILQ_REMOVE(&placing->all, place, next);
    tdelete(place, &placing->tree, text_compare);
    free(place);
}

static void on_flooded(void *user)
{
    struct placed_channel *place = user;
    const struct hearer *hearer = place->hearer;

    user = place->user;
    forget(place); /* the node has forgotten it */
    if (hearer->flooded)
        hearer->flooded(user);
}

/* The channel is subscribed nowhere until the map says where it belongs. */
static void on_ended(void *user)
{
    struct placed_channel *place = user;
    struct placing *placing = place->placing;

    place->at = NULL;
    place->is_heard = place->is_awaited = false;
    placing->events->stale(placing->user);
    tell(place);
}

static const struct hearer at_node = {
    .done = on_done,
    .heard = on_heard,
    .flooded = on_flooded,
    .ended = on_ended,
};

/* --- where they belong ------------------------------------------------------------------------ */

static void leave(struct placed_channel *place)
{
    if (place->at)
        subscriptions_remove(place->at->subscriptions, place->channel);
    place->at = NULL;
    place->is_heard = place->is_awaited = false;
}

static void go_to(struct placed_channel *place, struct site *site)
{
    place->at = site;
    place->is_awaited = true;
    subscriptions_add(site->subscriptions, place->channel, &at_node, place);
}

static void settle(struct placed_channel *place)
{
    struct site *site = sites_of_slot(place->placing->sites, place->slot);

    if (site && site == place->at)
        return;
    leave(place);
    if (site)
        go_to(place, site);
    note(place);
}

/* What was heard elsewhere has a gap, which is told before it is heard again. */
void placing_settle(struct placing *placing)
{
    struct placed_channel *place;

    if (!placing)
        return;
    TAILQ_FOREACH (place, &placing->all, next)
        settle(place);
    if (!TAILQ_EMPTY(&placing->news))
        placing->events->soon(placing->user);
}

/* The state of the places there. */
static void set_heard(struct placing *placing, const struct site *site, bool is_heard)
{
    struct placed_channel *place;

    TAILQ_FOREACH (place, &placing->all, next) {
        if (place->at != site || place->is_awaited)
            continue;
        place->is_heard = is_heard;
        note(place);
    }
}

void placing_up(struct placing *placing, const struct site *site)
{
    if (!placing)
        return;
    set_heard(placing, site, true);
    placing_tell(placing);
}

void placing_down(struct placing *placing, const struct site *site)
{
    if (!placing)
        return;
    set_heard(placing, site, false);
    placing_tell(placing);
}

void placing_failed(struct placing *placing, const struct site *site)
{
    if (!placing || site->state != AWAY)
        return;
    set_heard(placing, site, false);
    placing->events->soon(placing->user);
}

/* --- adding and removing ---------------------------------------------------------------------- */

void placing_add(struct placing *placing, const char *channel, const struct hearer *hearer,
                 void *user)
{
    size_t size = strlen(channel) + 1;
    struct placed_channel *place = xmalloc(sizeof(*place) + size);

    *place = (struct placed_channel){.channel = place->text, .placing = placing};
    memcpy(place->text, channel, size);
    place->hearer = hearer;
    place->user = user;
    place->slot = *channel == '{' ? slot_of_key(channel, size - 1) : -1;
    if (!tsearch(place, &placing->tree, text_compare))
        abort(); /* out of memory */
    TAILQ_INSERT_TAIL(&placing->all, place, next);
    settle(place);
    if (!place->at)
        placing->events->soon(placing->user);
}

void placing_remove(struct placing *placing, const char *channel)
{
    struct placed_channel **found = tfind(&channel, &placing->tree, text_compare);

    if (!found)
        return;
    leave(*found);
    forget(*found);
}

/* --- life ------------------------------------------------------------------------------------- */

struct placing *placing_new(struct sites *sites, const struct placing_events *events, void *user)
{
    struct placing *placing = xmalloc(sizeof(*placing));

    *placing = (struct placing){.sites = sites, .events = events, .user = user};
    TAILQ_INIT(&placing->all);
    TAILQ_INIT(&placing->news);
    return placing;
}

void placing_free(struct placing *placing)
{
    struct placed_channel *place;

    if (!placing)
        return;
    while ((place = TAILQ_FIRST(&placing->all)))
        forget(place);
    free(placing);
}
