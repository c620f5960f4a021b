/* site.c - one node of Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/site.h"

#include <stdlib.h>

#include "base/memory.h"
#include "ws/redis/subscription.h"
#include "ws/redis/ways.h"

size_t site_bytes(const struct site *site)
{
    return ways_bytes(site->lane.ways) + subscriptions_bytes(site->subscriptions);
}

void site_flush(struct site *site)
{
    ways_flush(site->lane.ways);
    subscriptions_flush(site->subscriptions);
}

void site_break(struct site *site, const char *what, const char *why)
{
    ways_break(site->lane.ways, what, why);
    subscriptions_break(site->subscriptions, what, why);
}

static void soon(void *user)
{
    struct site *site = user;

    site->events->soon(site->user);
}

/* --- up --------------------------------------------------------------------------------------- */

/* To be called whenever something became complete. */
static void look_whether_up(void *user)
{
    struct site *site = user;

    if (site->state != AWAY || !ways_are_open(site->lane.ways, NULL) ||
        !subscriptions_are_complete(site->subscriptions))
        return;
    nodes_answered(&site->nodes);
    site->state = UP;
    site->events->up(site->user, site);
}

/* Without a reason it was we who ended the connection. */
static void on_lost(void *user, const char *what, const char *why)
{
    struct site *site = user;

    if (why) {
        site->lane.is_coming = false;
        nodes_failed(&site->nodes, what, why);
        site->events->failed(site->user, site);
    }
    if (site->state != UP)
        return;
    site->state = LOST;
    soon(site);
}

void site_tell(struct site *site)
{
    if (site->state == LOST) {
        site->state = AWAY;
        site->events->down(site->user, site);
    }
    look_whether_up(site);
}

void site_tell_refused(struct site *site)
{
    subscriptions_tell_refused(site->subscriptions);
}

/* --- calls ------------------------------------------------------------------------------------ */

static void on_open(void *user)
{
    struct site *site = user;

    site->lane.is_coming = false;
    look_whether_up(site);
    calls_go_on(site->calls);
}

static void on_answered(void *user, struct piped *piped, struct redisReply *reply,
                        const struct next *next, const struct reason *reason)
{
    struct site *site = user;

    calls_answered(site->calls, piped, reply, next, reason);
}

static void on_commands_lost(void *user, const char *what, const char *why,
                             struct piped_list *calls)
{
    struct site *site = user;

    on_lost(site, what, why);
    calls_lost(site->calls, calls);
    calls_lose_held(site->calls, &site->lane);
}

/* What was published is heard all the same. */
static void on_pushes_lost(void *user, const char *what, const char *why, struct piped_list *calls)
{
    struct site *site = user;

    if (why)
        nodes_failed(&site->nodes, what, why);
    calls_lost(site->calls, calls);
}

static void on_pushes_open(void *user)
{
    struct site *site = user;

    if (site->state == UP)
        nodes_answered(&site->nodes);
}

/* --- floods ----------------------------------------------------------------------------------- */

static void on_asked_held(void *user, enum status status, const struct reason *reason)
{
    struct site *site = user;

    (void)reason;
    subscriptions_asked_held(site->subscriptions, status);
}

/* Before the calls that wait for large answers: it must not be late. */
static void look_for_flood(void *user)
{
    struct site *site = user;
    struct call *call;

    if (!ways_are_open(site->lane.ways, NULL) ||
        !(call = subscriptions_ask_held(site->subscriptions)))
        return;
    calls_run_now(site->calls, &site->lane, call, on_asked_held, site);
}

/* --- life ------------------------------------------------------------------------------------- */

static const struct ways_events ways_events = {
    .open = on_open,
    .answered = on_answered,
    .lost = on_commands_lost,
    .pushes_open = on_pushes_open,
    .pushes_lost = on_pushes_lost,
};

static const struct subscriptions_events subscription_events = {
    .complete = look_whether_up,
    .lost = on_lost,
    .refused = soon,
    .much = look_for_flood,
};

static struct site *make(const struct site_base *base)
{
    struct site *site = xmalloc(sizeof(*site));

    *site = (struct site){.events = base->events, .user = base->user, .calls = base->calls};
    return site;
}

static void connect_to(struct site *site, const struct site_base *base)
{
    lane_begin(&site->lane, ways_new(base->loop, base->turn, &site->nodes, &ways_events, site));
    site->subscriptions =
        subscriptions_new(base->loop, base->turn, &site->nodes, &subscription_events, site);
}

struct site *site_new(const struct site_base *base, const struct settings *settings)
{
    struct site *site = make(base);

    nodes_init(&site->nodes, settings);
    connect_to(site, base);
    return site;
}

struct site *site_new_member(const struct site_base *base, const struct settings *settings,
                             const char *at)
{
    struct site *site = make(base);

    nodes_init_member(&site->nodes, settings, at);
    connect_to(site, base);
    site->lane.is_coming = true;
    site->used_at = ev_now(base->loop);
    return site;
}

void site_free(struct site *site)
{
    if (!site)
        return;
    calls_forget(site->calls, &site->lane);
    ways_free(site->lane.ways);
    subscriptions_free(site->subscriptions);
    nodes_clear(&site->nodes);
    free(site);
}

static void renew(struct site *site)
{
    ways_renew(site->lane.ways);
    subscriptions_renew(site->subscriptions);
}

bool site_found(struct site *site, const char *at)
{
    bool is_other = nodes_found(&site->nodes, at);

    if (is_other)
        renew(site);
    return is_other;
}

void site_configure(struct site *site, const struct settings *old, const struct settings *settings)
{
    bool is_other = nodes_configure(&site->nodes, old, settings);

    ways_configure(site->lane.ways);
    if (is_other)
        renew(site);
}
