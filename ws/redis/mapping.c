/* mapping.c - asks the nodes of a Redis Cluster which of them has which slot.
 *
 * It has a connection to one node.  Where that is silent, or of no use, it goes to the next one, of
 * the map and then of the settings; and each regular question goes to any of the map.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/mapping.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/settings.h"
#include "base/target.h"
#include "redis/cluster.h"
#include "redis/nodes.h"
#include "ws/redis/wire.h"

#define REST_S   10.0 /* from one question to the next, a quarter more or less; */
#define HURRY_S  0.25 /* while a master is away; */
#define PAUSE_S  0.1  /* at least */
#define ANSWER_S 0.5  /* so long an answer is waited for */

struct mapping {
    struct ev_loop *loop;
    const struct cluster *map;
    mapping_found *found;
    void *user;
    struct target target; /* the nodes of the settings */
    struct nodes nodes;   /* the one that is asked */
    int at;               /* its number: of the map's, and then the target's */
    int failures;         /* of one node after the other */
    struct wire *wire;
    ev_timer timer;
    ev_tstamp asked_at;
    bool has_asked; /* and there is no answer yet */
    bool is_wanted; /* as soon as that can be */
    bool is_hurried;
};

static int count_of(const struct mapping *mapping)
{
    return mapping->map->count + mapping->target.count;
}

static void go_to(struct mapping *mapping, int number)
{
    char seed[ADDRESS_TEXT];
    const char *at = seed;

    mapping->at = number % count_of(mapping);
    if (mapping->at < mapping->map->count)
        at = mapping->map->names[mapping->at];
    else
        address_print(&mapping->target.addresses[mapping->at - mapping->map->count], seed);
    snprintf(mapping->nodes.master, sizeof(mapping->nodes.master), "%s", at);
}

static void wind(struct mapping *mapping, double seconds)
{
    mapping->timer.repeat = seconds;
    ev_timer_again(mapping->loop, &mapping->timer);
}

static double chance(void)
{
    return (double)random() / RAND_MAX;
}

/* Until the next question, or the end of patience. */
static void rest(struct mapping *mapping)
{
    double ago = ev_now(mapping->loop) - mapping->asked_at;

    if (mapping->has_asked)
        wind(mapping, ANSWER_S);
    else if (mapping->is_wanted && ago < PAUSE_S)
        wind(mapping, PAUSE_S - ago);
    else if (mapping->is_wanted)
        wind(mapping, wire_is_open(mapping->wire) ? 0.001 : PAUSE_S); /* on_open() asks, too */
    else
        wind(mapping, mapping->is_hurried ? HURRY_S : REST_S * (0.75 + chance() / 2));
}

static void ask(struct mapping *mapping)
{
    mapping->is_wanted = true;
    if (mapping->has_asked || !wire_is_open(mapping->wire))
        return;
    wire_send(mapping->wire, 2, (const char *[]){"CLUSTER", "SLOTS"}, NULL, 1);
    mapping->is_wanted = false;
    mapping->has_asked = true;
    mapping->asked_at = ev_now(mapping->loop);
    rest(mapping);
}

static void go_on(struct mapping *mapping)
{
    mapping->is_wanted = true;
    go_to(mapping, mapping->at + 1);
    wire_renew(mapping->wire);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct mapping *mapping = timer->data;

    (void)loop;
    (void)events;
    if (mapping->has_asked) {
        go_on(mapping);
    } else if (mapping->is_wanted || mapping->is_hurried || mapping->map->count == 0) {
        ask(mapping);
    } else {
        mapping->is_wanted = true;
        go_to(mapping, (int)(random() % mapping->map->count));
        wire_renew(mapping->wire);
    }
    rest(mapping);
}

static void on_open(void *user)
{
    struct mapping *mapping = user;

    if (mapping->is_wanted)
        ask(mapping);
}

static void on_reply(void *user, redisReply *reply)
{
    struct mapping *mapping = user;
    bool is_fine;

    mapping->has_asked = false;
    is_fine = mapping->found(mapping->user, reply, mapping->nodes.master);
    freeReplyObject(reply);
    if (is_fine)
        mapping->failures = 0;
    else
        go_on(mapping);
    rest(mapping);
}

/* All of them in one go, and then with a pause. */
static void on_lost(void *user, const char *what, const char *why)
{
    struct mapping *mapping = user;

    (void)what;
    mapping->has_asked = false;
    if (!why)
        return;
    mapping->is_wanted = true;
    go_to(mapping, mapping->at + 1);
    if (++mapping->failures % count_of(mapping) != 0)
        wire_renew(mapping->wire);
}

static const struct wire_events wire_events = {
    .open = on_open,
    .reply = on_reply,
    .lost = on_lost,
};

static void read_target(struct mapping *mapping, const struct settings *settings)
{
    if (!target_read(settings->redis, &mapping->target))
        abort(); /* the settings were checked */
    go_to(mapping, mapping->map->count);
}

struct mapping *mapping_new(struct ev_loop *loop, struct turn *turn,
                            const struct settings *settings, const struct cluster *map,
                            mapping_found *found, void *user)
{
    struct mapping *mapping = xmalloc(sizeof(*mapping));

    *mapping = (struct mapping){.loop = loop, .map = map, .found = found, .user = user};
    nodes_init_member(&mapping->nodes, settings, "");
    read_target(mapping, settings);
    mapping->is_wanted = true;
    mapping->wire = wire_new(loop, turn, &mapping->nodes, &wire_events, mapping);
    ev_init(&mapping->timer, on_timer);
    mapping->timer.data = mapping;
    rest(mapping);
    return mapping;
}

void mapping_free(struct mapping *mapping)
{
    if (!mapping)
        return;
    wire_free(mapping->wire);
    ev_timer_stop(mapping->loop, &mapping->timer);
    nodes_clear(&mapping->nodes);
    free(mapping);
}

void mapping_configure(struct mapping *mapping, const struct settings *old,
                       const struct settings *settings)
{
    if (!mapping)
        return;
    nodes_configure(&mapping->nodes, old, settings);
    read_target(mapping, settings);
    mapping->is_wanted = true;
    wire_renew(mapping->wire);
    rest(mapping);
}

void mapping_ask(struct mapping *mapping)
{
    if (!mapping || mapping->is_wanted)
        return;
    mapping->is_wanted = true;
    if (!mapping->has_asked)
        rest(mapping);
}

void mapping_hurry(struct mapping *mapping, bool is_doubtful)
{
    if (!mapping || mapping->is_hurried == is_doubtful)
        return;
    mapping->is_hurried = is_doubtful;
    if (!mapping->has_asked)
        rest(mapping);
}

void mapping_flush(struct mapping *mapping)
{
    if (mapping)
        wire_flush(mapping->wire);
}
