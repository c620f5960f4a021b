/* alink.c - Redis for an event loop.
 *
 * A site is one node of Redis, with its connections.  calls.c sends calls over those, and placing.c
 * says at which one a channel is subscribed.  Where Redis is stands in the settings, or scout.c
 * finds it where there are sentinels, or mapping.c the nodes of a cluster.  What is to be told
 * without a turn of the loop between (a call while Redis is away, a loss) waits for the timer
 * `late`; what was said in one turn is written at its end, by `turn_end`.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/alink.h"

#include <stdlib.h>

#include "base/memory.h"
#include "ws/redis/calls.h"
#include "ws/redis/mapping.h"
#include "ws/redis/placing.h"
#include "ws/redis/scout.h"
#include "ws/redis/sites.h"
#include "ws/redis/subscription.h"

struct alink {
    struct ev_loop *loop;
    const struct alink_events *events;
    void *user;
    struct calls *calls;
    struct sites sites;
    struct placing *placing; /* these two: NULL where there is no cluster */
    struct mapping *mapping;
    struct scout *scout; /* NULL: no sentinel says where Redis is */
    bool is_up;          /* and that was told */
    unsigned long long ups;
    ev_timer late;
    ev_prepare turn_end;
};

static void soon(void *user)
{
    struct alink *alink = user;

    if (ev_is_active(&alink->late))
        return;
    ev_timer_set(&alink->late, 0.0, 0.0);
    ev_timer_start(alink->loop, &alink->late);
}

bool alink_is_up(const struct alink *alink)
{
    return alink->is_up && sites_are_up(&alink->sites);
}

unsigned long long alink_reconnects(const struct alink *alink)
{
    return alink->ups ? alink->ups - 1 : 0;
}

bool alink_is_cluster(const struct alink *alink)
{
    return alink->sites.map != NULL;
}

/* --- calls ------------------------------------------------------------------------------------ */

void alink_run(struct alink *alink, struct call *call, alink_done *done, void *user)
{
    calls_run(alink->calls, call, NULL, done, user);
}

void alink_run_if(struct alink *alink, struct call *call, alink_wanted *wanted, alink_done *done,
                  void *user)
{
    calls_run(alink->calls, call, wanted, done, user);
}

bool alink_expects_much(const struct alink *alink, const struct call *call)
{
    return calls_expect_much(alink->calls, call);
}

size_t alink_waiting(const struct alink *alink)
{
    return calls_waiting(alink->calls);
}

size_t alink_bytes(const struct alink *alink)
{
    return sites_bytes(&alink->sites);
}

int alink_node(const struct alink *alink, int slot)
{
    return alink->sites.map ? cluster_node(alink->sites.map, slot) : 0;
}

static struct lane *lane_of(void *user, int slot)
{
    struct alink *alink = user;
    struct site *site = sites_of_slot(&alink->sites, slot);

    return site ? &site->lane : NULL;
}

static void on_stale(void *user)
{
    struct alink *alink = user;

    mapping_ask(alink->mapping);
}

/* Channels go with the calls, which would publish where nobody listens yet. */
static void on_moved(void *user, struct lane *lane, const struct elsewhere *elsewhere)
{
    struct alink *alink = user;

    if (sites_moved(&alink->sites, site_of_lane(lane), elsewhere)) {
        placing_settle(alink->placing);
        placing_tell(alink->placing);
    }
    mapping_ask(alink->mapping);
}

static struct lane *on_asked(void *user, struct lane *lane, const struct elsewhere *elsewhere)
{
    struct alink *alink = user;
    struct site *site = sites_asked(&alink->sites, site_of_lane(lane), elsewhere);

    return site ? &site->lane : NULL;
}

static void on_refused(void *user, struct lane *lane, const char *why)
{
    (void)user;
    site_break(site_of_lane(lane), "refused", why);
}

static void on_trash(void *user, const char *queue)
{
    struct alink *alink = user;

    if (alink->events->trash)
        alink->events->trash(alink->user, queue);
}

/* --- subscriptions ---------------------------------------------------------------------------- */

void alink_subscribe(struct alink *alink, const char *channel, const struct hearer *hearer,
                     void *user)
{
    if (alink->placing)
        placing_add(alink->placing, channel, hearer, user);
    else
        subscriptions_add(alink->sites.home->subscriptions, channel, hearer, user);
}

void alink_unsubscribe(struct alink *alink, const char *channel)
{
    if (alink->placing)
        placing_remove(alink->placing, channel);
    else
        subscriptions_remove(alink->sites.home->subscriptions, channel);
}

/* --- up --------------------------------------------------------------------------------------- */

/* Nodes are there, or are not any more. */
static void look_around(struct alink *alink)
{
    bool is_doubtful = sites_are_doubtful(&alink->sites);

    sites_look_for_home(&alink->sites);
    placing_settle(alink->placing);
    mapping_hurry(alink->mapping, is_doubtful);
}

static void on_up(void *user, struct site *site)
{
    struct alink *alink = user;
    bool was_up = alink->is_up;

    scout_rest(alink->scout);
    look_around(alink);
    alink->is_up = true;
    alink->ups += !was_up;
    if (!was_up)
        alink->events->up(alink->user);
    placing_up(alink->placing, site);
}

static void on_down(void *user, struct site *site)
{
    struct alink *alink = user;

    placing_down(alink->placing, site);
    look_around(alink);
    mapping_ask(alink->mapping);
    if (!alink->is_up || sites_are_up(&alink->sites))
        return;
    alink->is_up = false;
    alink->events->down(alink->user);
}

static void on_failed(void *user, struct site *site)
{
    struct alink *alink = user;

    placing_failed(alink->placing, site);
    scout_hurry(alink->scout);
    mapping_hurry(alink->mapping, sites_are_doubtful(&alink->sites));
    if (alink->events->failed)
        alink->events->failed(alink->user);
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct alink *alink = timer->data;
    struct site *site;

    (void)loop;
    (void)events;
    TAILQ_FOREACH (site, &alink->sites.all, next)
        site_tell(site);
    calls_tell_lost(alink->calls);
    TAILQ_FOREACH (site, &alink->sites.all, next)
        site_tell_refused(site);
    placing_tell(alink->placing);
}

/* Runs last in a turn (EV_MINPRI): flushes what was queued, calls nobody back. */
static void on_turn_end(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct alink *alink = prepare->data;
    struct site *site;

    (void)loop;
    (void)events;
    TAILQ_FOREACH (site, &alink->sites.all, next)
        site_flush(site);
    scout_flush(alink->scout);
    mapping_flush(alink->mapping);
}

/* --- life ------------------------------------------------------------------------------------- */

static const struct calls_events calls_events = {
    .lane_of = lane_of,
    .moved = on_moved,
    .asked = on_asked,
    .stale = on_stale,
    .lost = soon,
    .refused = on_refused,
    .trash = on_trash,
};

static const struct site_events site_events = {
    .up = on_up,
    .down = on_down,
    .failed = on_failed,
    .soon = soon,
};

static const struct placing_events placing_events = {.stale = on_stale, .soon = soon};

/* A sentinel has named the master. */
static bool on_found(void *user, const char *at)
{
    struct alink *alink = user;

    return site_found(alink->sites.home, at);
}

/* A node of a cluster has said which masters there are. */
static bool on_map(void *user, const struct redisReply *reply, const char *name)
{
    struct alink *alink = user;

    if (!sites_read(&alink->sites, reply, name))
        return false;
    look_around(alink);
    calls_go_on(alink->calls);
    return true;
}

static void find_redis(struct alink *alink, const struct settings *settings)
{
    const struct site_base *base = &alink->sites.base;

    if (alink->sites.map) {
        alink->placing = placing_new(&alink->sites, &placing_events, alink);
        alink->mapping =
            mapping_new(base->loop, base->turn, settings, alink->sites.map, on_map, alink);
    } else if (nodes_have_sentinels(&alink->sites.home->nodes)) {
        alink->scout = scout_new(base->loop, base->turn, settings, on_found, alink);
    }
}

static void watch_turns(struct alink *alink)
{
    ev_init(&alink->late, on_late);
    alink->late.data = alink;
    ev_prepare_init(&alink->turn_end, on_turn_end);
    alink->turn_end.data = alink;
    ev_set_priority(&alink->turn_end, EV_MINPRI); /* after the other ends of the turn */
    ev_prepare_start(alink->loop, &alink->turn_end);
}

struct alink *alink_new(struct ev_loop *loop, struct turn *turn, const struct settings *settings,
                        const struct alink_events *events, void *user)
{
    struct alink *alink = xmalloc(sizeof(*alink));

    *alink = (struct alink){.loop = loop, .events = events, .user = user};
    alink->calls = calls_new(loop, settings, &calls_events, alink);
    alink->sites.base = (struct site_base){
        .loop = loop,
        .turn = turn,
        .events = &site_events,
        .user = alink,
        .calls = alink->calls,
    };
    sites_begin(&alink->sites, settings);
    find_redis(alink, settings);
    watch_turns(alink);
    return alink;
}

void alink_free(struct alink *alink)
{
    if (!alink)
        return;
    ev_prepare_stop(alink->loop, &alink->turn_end);
    placing_free(alink->placing);
    sites_clear(&alink->sites);
    scout_free(alink->scout);
    mapping_free(alink->mapping);
    calls_free(alink->calls);
    ev_timer_stop(alink->loop, &alink->late); /* of which the end of calls has made use */
    free(alink);
}

void alink_configure(struct alink *alink, const struct settings *old,
                     const struct settings *settings)
{
    calls_configure(alink->calls, settings);
    scout_configure(alink->scout, old, settings);
    mapping_configure(alink->mapping, old, settings);
    sites_configure(&alink->sites, old, settings);
}
