/* scout.c - asks the sentinels where the master is.
 *
 * It has a connection to one sentinel, and goes to the next when that one is silent, or names a
 * master that has failed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/scout.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/settings.h"
#include "base/target.h"
#include "redis/call.h"
#include "redis/next.h"
#include "redis/nodes.h"
#include "redis/outage.h"
#include "redis/sentinel.h"
#include "ws/redis/wire.h"

#define REST_S  1.0 /* from one question to the next */
#define HURRY_S 0.2 /* the same while the master is away */

struct scout {
    struct ev_loop *loop;
    scout_found *found;
    void *user;
    struct target target;
    struct nodes nodes; /* the sentinels */
    int at;             /* number of the one that is asked */
    struct wire *wire;
    ev_timer timer;
    struct call call;
    bool has_asked; /* and there is no answer yet */
    bool is_hurried;
    struct outage outages[TARGET_ADDRESSES]; /* of each sentinel */
    struct silence silence;
};

static void go_to(struct scout *scout, int number)
{
    char at[ADDRESS_TEXT];

    scout->at = number % scout->target.count;
    address_print(&scout->target.addresses[scout->at], at);
    nodes_found(&scout->nodes, at);
}

static void wind(struct scout *scout)
{
    scout->timer.repeat = scout->is_hurried ? HURRY_S : REST_S;
    ev_timer_again(scout->loop, &scout->timer);
}

static void ask(struct scout *scout)
{
    struct sentinel_master master = {.name = scout->target.name};
    int argc;

    if (scout->has_asked || !wire_is_open(scout->wire))
        return;
    sentinel_master_call(&scout->call, &master);
    argc = call_resolve(&scout->call, false);
    wire_send(scout->wire, argc, scout->call.argv, scout->call.argv_len, 1);
    scout->has_asked = true;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    ask(timer->data);
}

static void on_open(void *user)
{
    ask(user);
}

/* Reads the sentinel's answer; false: it knows of no master. */
static bool hear(struct scout *scout, const redisReply *reply, struct sentinel_master *master,
                 struct reason *reason)
{
    struct run run = {.call = &scout->call};

    scout->call.result = master;
    return next_of(&run, reply, reason).status == STATUS_OK;
}

static void on_reply(void *user, redisReply *reply)
{
    struct scout *scout = user;
    struct sentinel_master master = {.name = scout->target.name};
    struct reason reason;

    scout->has_asked = false;
    if (!hear(scout, reply, &master, &reason)) {
        wire_break(scout->wire, "SENTINEL", reason.text);
    } else {
        outage_ends(&scout->outages[scout->at], nodes_name(&scout->nodes));
        silence_ends(&scout->silence, scout->target.name);
        if (!scout->found(scout->user, master.at) && scout->is_hurried) {
            go_to(scout, scout->at + 1); /* which may know more */
            wire_renew(scout->wire);
        }
    }
    freeReplyObject(reply);
}

static void on_lost(void *user, const char *what, const char *why)
{
    struct scout *scout = user;

    scout->has_asked = false;
    if (!why)
        return;
    outage_begins(&scout->outages[scout->at], nodes_name(&scout->nodes), what, why);
    silence_goes_on(&scout->silence, scout->target.name, 1, scout->target.count);
    go_to(scout, scout->at + 1);
}

static const struct wire_events wire_events = {
    .open = on_open,
    .reply = on_reply,
    .lost = on_lost,
};

static void read_target(struct scout *scout, const struct settings *settings)
{
    if (!target_read(settings->redis, &scout->target))
        abort(); /* the settings were checked */
    go_to(scout, 0);
}

struct scout *scout_new(struct ev_loop *loop, struct turn *turn, const struct settings *settings,
                        scout_found *found, void *user)
{
    struct scout *scout = xmalloc(sizeof(*scout));

    *scout = (struct scout){.loop = loop, .found = found, .user = user};
    nodes_init_sentinels(&scout->nodes, settings);
    read_target(scout, settings);
    scout->wire = wire_new(loop, turn, &scout->nodes, &wire_events, scout);
    ev_init(&scout->timer, on_timer);
    scout->timer.data = scout;
    wind(scout);
    return scout;
}

void scout_free(struct scout *scout)
{
    if (!scout)
        return;
    wire_free(scout->wire);
    ev_timer_stop(scout->loop, &scout->timer);
    nodes_clear(&scout->nodes);
    call_clear(&scout->call);
    free(scout);
}

void scout_configure(struct scout *scout, const struct settings *old,
                     const struct settings *settings)
{
    if (!scout)
        return;
    nodes_configure(&scout->nodes, old, settings);
    for (int i = 0; i < TARGET_ADDRESSES && strcmp(old->redis, settings->redis) != 0; i++)
        outage_elsewhere(&scout->outages[i]);
    read_target(scout, settings);
    wire_renew(scout->wire);
}

void scout_hurry(struct scout *scout)
{
    if (!scout || scout->is_hurried)
        return;
    scout->is_hurried = true;
    wind(scout);
    ask(scout);
}

void scout_rest(struct scout *scout)
{
    if (!scout || !scout->is_hurried)
        return;
    scout->is_hurried = false;
    wind(scout);
}

void scout_flush(struct scout *scout)
{
    if (scout)
        wire_flush(scout->wire);
}
