/* alink.c - Redis for an event loop.
 *
 * calls.c sends calls over the connections of ways.c; subscriptions have another one, in
 * subscription.c.  nodes.h has the address of Redis, which scout.c finds where there are sentinels.
 * What is to be told without a turn of the loop between (a call while Redis is away, a loss) waits
 * for the timer `late`; what was said in one turn is written at its end, by `turn_end`.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/alink.h"

#include <stdlib.h>

#include "base/memory.h"
#include "redis/nodes.h"
#include "ws/redis/calls.h"
#include "ws/redis/scout.h"
#include "ws/redis/subscription.h"
#include "ws/redis/ways.h"

/* What the owner knows of Redis. */
enum presence {
    AWAY, /* down(), or nothing yet, was told last */
    UP,
    LOST, /* up() was told last; down() comes with the timer */
};

struct alink {
    struct ev_loop *loop;
    struct nodes nodes;
    const struct alink_events *events;
    void *user;
    struct ways *ways;
    struct calls *calls;
    struct scout *scout; /* NULL: the settings say where Redis is */
    struct subscriptions *subscriptions;
    ev_timer late;
    ev_prepare turn_end;
    enum presence presence;
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
    return alink->presence == UP;
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
    return ways_bytes(alink->ways) + subscriptions_bytes(alink->subscriptions);
}

static void on_answered(void *user, struct piped *piped, struct redisReply *reply,
                        const struct next *next, const struct reason *reason)
{
    struct alink *alink = user;

    calls_answered(alink->calls, piped, reply, next, reason);
}

static void on_refused(void *user, const char *why)
{
    struct alink *alink = user;

    ways_break(alink->ways, "refused", why);
    subscriptions_break(alink->subscriptions, "refused", why);
}

static void on_trash(void *user, const char *queue)
{
    struct alink *alink = user;

    if (alink->events->trash)
        alink->events->trash(alink->user, queue);
}

/* --- up --------------------------------------------------------------------------------------- */

/* To be called whenever something became complete. */
static void look_whether_up(void *user)
{
    struct alink *alink = user;

    if (alink->presence != AWAY || !ways_are_open(alink->ways, NULL) ||
        !subscriptions_are_complete(alink->subscriptions))
        return;
    nodes_answered(&alink->nodes);
    scout_rest(alink->scout);
    alink->presence = UP;
    alink->events->up(alink->user);
}

/* Without a reason it was we who ended the connection. */
static void on_lost(void *user, const char *what, const char *why)
{
    struct alink *alink = user;

    if (why) {
        nodes_failed(&alink->nodes, what, why);
        scout_hurry(alink->scout);
    }
    if (alink->presence != UP)
        return;
    alink->presence = LOST;
    soon(alink);
}

static void on_commands_lost(void *user, const char *what, const char *why,
                             struct piped_list *calls)
{
    struct alink *alink = user;

    on_lost(alink, what, why);
    calls_lost(alink->calls, calls);
    calls_lose_held(alink->calls);
}

/* What was published is heard all the same. */
static void on_pushes_lost(void *user, const char *what, const char *why, struct piped_list *calls)
{
    struct alink *alink = user;

    if (why)
        nodes_failed(&alink->nodes, what, why);
    calls_lost(alink->calls, calls);
}

static void on_pushes_open(void *user)
{
    struct alink *alink = user;

    if (alink->presence == UP)
        nodes_answered(&alink->nodes);
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct alink *alink = timer->data;

    (void)loop;
    (void)events;
    if (alink->presence == LOST) {
        alink->presence = AWAY;
        alink->events->down(alink->user);
    }
    look_whether_up(alink);
    calls_tell_lost(alink->calls);
    subscriptions_tell_refused(alink->subscriptions);
}

/* Runs last in a turn (EV_MINPRI): flushes what was queued, calls nobody back. */
static void on_turn_end(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct alink *alink = prepare->data;

    (void)loop;
    (void)events;
    ways_flush(alink->ways);
    scout_flush(alink->scout);
    subscriptions_flush(alink->subscriptions);
}

/* --- subscriptions ---------------------------------------------------------------------------- */

void alink_subscribe(struct alink *alink, const char *channel, const struct hearer *hearer,
                     void *user)
{
    subscriptions_add(alink->subscriptions, channel, hearer, user);
}

void alink_unsubscribe(struct alink *alink, const char *channel)
{
    subscriptions_remove(alink->subscriptions, channel);
}

static void on_asked_held(void *user, enum status status, const struct reason *reason)
{
    struct alink *alink = user;

    (void)reason;
    subscriptions_asked_held(alink->subscriptions, status);
}

/* Before the calls that wait for large answers: it must not be late. */
static void look_for_flood(void *user)
{
    struct alink *alink = user;
    struct call *call;

    if (!ways_are_open(alink->ways, NULL) || !(call = subscriptions_ask_held(alink->subscriptions)))
        return;
    calls_run_now(alink->calls, call, on_asked_held, alink);
}

/* --- life ------------------------------------------------------------------------------------- */

static const struct ways_events ways_events = {
    .open = look_whether_up,
    .answered = on_answered,
    .lost = on_commands_lost,
    .pushes_open = on_pushes_open,
    .pushes_lost = on_pushes_lost,
};

static const struct calls_events calls_events = {
    .lost = soon,
    .refused = on_refused,
    .trash = on_trash,
};

static const struct subscriptions_events subscription_events = {
    .complete = look_whether_up,
    .lost = on_lost,
    .refused = soon,
    .much = look_for_flood,
};

static void renew(struct alink *alink)
{
    ways_renew(alink->ways);
    subscriptions_renew(alink->subscriptions);
}

/* A sentinel has named the master. */
static bool on_found(void *user, const char *at)
{
    struct alink *alink = user;
    bool is_other = nodes_found(&alink->nodes, at);

    if (is_other)
        renew(alink);
    return is_other;
}

struct alink *alink_new(struct ev_loop *loop, struct turn *turn, const struct settings *settings,
                        const struct alink_events *events, void *user)
{
    struct alink *alink = xmalloc(sizeof(*alink));

    *alink = (struct alink){.loop = loop, .events = events, .user = user};
    nodes_init(&alink->nodes, settings);
    alink->ways = ways_new(loop, turn, &alink->nodes, &ways_events, alink);
    alink->calls = calls_new(&alink->nodes, alink->ways, &calls_events, alink);
    alink->subscriptions =
        subscriptions_new(loop, turn, &alink->nodes, &subscription_events, alink);
    if (nodes_have_sentinels(&alink->nodes))
        alink->scout = scout_new(loop, turn, settings, on_found, alink);
    ev_init(&alink->late, on_late);
    alink->late.data = alink;
    ev_prepare_init(&alink->turn_end, on_turn_end);
    alink->turn_end.data = alink;
    ev_set_priority(&alink->turn_end, EV_MINPRI); /* after the other ends of the turn */
    ev_prepare_start(loop, &alink->turn_end);
    return alink;
}

void alink_free(struct alink *alink)
{
    if (!alink)
        return;
    ev_timer_stop(alink->loop, &alink->late);
    ev_prepare_stop(alink->loop, &alink->turn_end);
    calls_free(alink->calls);
    ways_free(alink->ways);
    scout_free(alink->scout);
    subscriptions_free(alink->subscriptions);
    nodes_clear(&alink->nodes);
    free(alink);
}

void alink_configure(struct alink *alink, const struct settings *old,
                     const struct settings *settings)
{
    bool is_other = nodes_configure(&alink->nodes, old, settings);

    ways_configure(alink->ways);
    scout_configure(alink->scout, old, settings);
    if (is_other)
        renew(alink);
}
