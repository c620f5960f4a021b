/* alink.c - Redis for an event loop.
 *
 * A site is one node of Redis, with its connections.  calls.c sends calls over those.  Where Redis
 * is stands in the settings, or scout.c finds it where there are sentinels.  What is to be told
 * without a turn of the loop between (a call while Redis is away, a loss) waits for the timer
 * `late`; what was said in one turn is written at its end, by `turn_end`.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/alink.h"

#include <stdlib.h>

#include "base/memory.h"
#include "ws/redis/calls.h"
#include "ws/redis/scout.h"
#include "ws/redis/site.h"
#include "ws/redis/subscription.h"

struct alink {
    struct ev_loop *loop;
    const struct alink_events *events;
    void *user;
    struct calls *calls;
    struct site *site;
    struct scout *scout; /* NULL: the settings say where Redis is */
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
    return alink->site->presence == UP;
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
    return site_bytes(alink->site);
}

static struct lane *lane_of(void *user, const struct call *call)
{
    struct alink *alink = user;

    (void)call;
    return &alink->site->lane;
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
    subscriptions_add(alink->site->subscriptions, channel, hearer, user);
}

void alink_unsubscribe(struct alink *alink, const char *channel)
{
    subscriptions_remove(alink->site->subscriptions, channel);
}

/* --- up --------------------------------------------------------------------------------------- */

static void on_up(void *user, struct site *site)
{
    struct alink *alink = user;

    (void)site;
    scout_rest(alink->scout);
    alink->events->up(alink->user);
}

static void on_down(void *user, struct site *site)
{
    struct alink *alink = user;

    (void)site;
    alink->events->down(alink->user);
}

static void on_failed(void *user, struct site *site)
{
    struct alink *alink = user;

    (void)site;
    scout_hurry(alink->scout);
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct alink *alink = timer->data;

    (void)loop;
    (void)events;
    site_tell(alink->site);
    calls_tell_lost(alink->calls);
    site_tell_refused(alink->site);
}

/* Runs last in a turn (EV_MINPRI): flushes what was queued, calls nobody back. */
static void on_turn_end(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct alink *alink = prepare->data;

    (void)loop;
    (void)events;
    site_flush(alink->site);
    scout_flush(alink->scout);
}

/* --- life ------------------------------------------------------------------------------------- */

static const struct calls_events calls_events = {
    .lane_of = lane_of,
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

/* A sentinel has named the master. */
static bool on_found(void *user, const char *at)
{
    struct alink *alink = user;

    return site_found(alink->site, at);
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
    struct site_base base = {.loop = loop, .turn = turn, .events = &site_events, .user = alink};

    *alink = (struct alink){.loop = loop, .events = events, .user = user};
    base.calls = alink->calls = calls_new(settings, &calls_events, alink);
    alink->site = site_new(&base, settings);
    if (nodes_have_sentinels(&alink->site->nodes))
        alink->scout = scout_new(loop, turn, settings, on_found, alink);
    watch_turns(alink);
    return alink;
}

void alink_free(struct alink *alink)
{
    if (!alink)
        return;
    ev_timer_stop(alink->loop, &alink->late);
    ev_prepare_stop(alink->loop, &alink->turn_end);
    site_free(alink->site);
    scout_free(alink->scout);
    calls_free(alink->calls);
    free(alink);
}

void alink_configure(struct alink *alink, const struct settings *old,
                     const struct settings *settings)
{
    calls_configure(alink->calls, settings);
    scout_configure(alink->scout, old, settings);
    site_configure(alink->site, old, settings);
}
