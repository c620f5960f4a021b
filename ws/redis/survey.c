/* survey.c - asks the nodes of a Redis Cluster which of them has which slot.
 *
 * It has a connection to one node.  Where that is silent, or of no use, it goes to the next one, of
 * the map and then of the settings; and each regular question goes to any of the map.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/survey.h"

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

struct survey {
    struct ev_loop *loop;
    const struct cluster *map;
    survey_found *found;
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

static int count_of(const struct survey *survey)
{
    return survey->map->count + survey->target.count;
}

static void go_to(struct survey *survey, int number)
{
    char seed[ADDRESS_TEXT];
    const char *at = seed;

    survey->at = number % count_of(survey);
    if (survey->at < survey->map->count)
        at = survey->map->names[survey->at];
    else
        address_print(&survey->target.addresses[survey->at - survey->map->count], seed);
    snprintf(survey->nodes.master, sizeof(survey->nodes.master), "%s", at);
}

static void wind(struct survey *survey, double seconds)
{
    survey->timer.repeat = seconds;
    ev_timer_again(survey->loop, &survey->timer);
}

static double chance(void)
{
    return (double)random() / RAND_MAX;
}

/* Until the next question, or the end of patience. */
static void rest(struct survey *survey)
{
    double ago = ev_now(survey->loop) - survey->asked_at;

    if (survey->has_asked)
        wind(survey, ANSWER_S);
    else if (survey->is_wanted && ago < PAUSE_S)
        wind(survey, PAUSE_S - ago);
    else if (survey->is_wanted)
        wind(survey, wire_is_open(survey->wire) ? 0.001 : PAUSE_S); /* on_open() asks, too */
    else
        wind(survey, survey->is_hurried ? HURRY_S : REST_S * (0.75 + chance() / 2));
}

static void ask(struct survey *survey)
{
    survey->is_wanted = true;
    if (survey->has_asked || !wire_is_open(survey->wire))
        return;
    wire_send(survey->wire, 2, (const char *[]){"CLUSTER", "SLOTS"}, NULL, 1);
    survey->is_wanted = false;
    survey->has_asked = true;
    survey->asked_at = ev_now(survey->loop);
    rest(survey);
}

static void go_on(struct survey *survey)
{
    survey->is_wanted = true;
    go_to(survey, survey->at + 1);
    wire_renew(survey->wire);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct survey *survey = timer->data;

    (void)loop;
    (void)events;
    if (survey->has_asked) {
        go_on(survey);
    } else if (survey->is_wanted || survey->is_hurried || survey->map->count == 0) {
        ask(survey);
    } else {
        survey->is_wanted = true;
        go_to(survey, (int)(random() % survey->map->count));
        wire_renew(survey->wire);
    }
    rest(survey);
}

static void on_open(void *user)
{
    struct survey *survey = user;

    if (survey->is_wanted)
        ask(survey);
}

static void on_reply(void *user, redisReply *reply)
{
    struct survey *survey = user;
    bool is_fine;

    survey->has_asked = false;
    is_fine = survey->found(survey->user, reply, survey->nodes.master);
    freeReplyObject(reply);
    if (is_fine)
        survey->failures = 0;
    else
        go_on(survey);
    rest(survey);
}

/* All of them in one go, and then with a pause. */
static void on_lost(void *user, const char *what, const char *why)
{
    struct survey *survey = user;

    (void)what;
    survey->has_asked = false;
    if (!why)
        return;
    survey->is_wanted = true;
    go_to(survey, survey->at + 1);
    if (++survey->failures % count_of(survey) != 0)
        wire_renew(survey->wire);
}

static const struct wire_events wire_events = {
    .open = on_open,
    .reply = on_reply,
    .lost = on_lost,
};

static void read_target(struct survey *survey, const struct settings *settings)
{
    if (!target_read(settings->redis, &survey->target))
        abort(); /* the settings were checked */
    go_to(survey, survey->map->count);
}

struct survey *survey_new(struct ev_loop *loop, struct turn *turn, const struct settings *settings,
                          const struct cluster *map, survey_found *found, void *user)
{
    struct survey *survey = xmalloc(sizeof(*survey));

    *survey = (struct survey){.loop = loop, .map = map, .found = found, .user = user};
    nodes_init_member(&survey->nodes, settings, "");
    read_target(survey, settings);
    survey->is_wanted = true;
    survey->wire = wire_new(loop, turn, &survey->nodes, &wire_events, survey);
    ev_init(&survey->timer, on_timer);
    survey->timer.data = survey;
    rest(survey);
    return survey;
}

void survey_free(struct survey *survey)
{
    if (!survey)
        return;
    wire_free(survey->wire);
    ev_timer_stop(survey->loop, &survey->timer);
    nodes_clear(&survey->nodes);
    free(survey);
}

void survey_configure(struct survey *survey, const struct settings *old,
                      const struct settings *settings)
{
    if (!survey)
        return;
    nodes_configure(&survey->nodes, old, settings);
    read_target(survey, settings);
    survey->is_wanted = true;
    wire_renew(survey->wire);
    rest(survey);
}

void survey_ask(struct survey *survey)
{
    if (!survey || survey->is_wanted)
        return;
    survey->is_wanted = true;
    if (!survey->has_asked)
        rest(survey);
}

void survey_hurry(struct survey *survey, bool is_doubtful)
{
    if (!survey || survey->is_hurried == is_doubtful)
        return;
    survey->is_hurried = is_doubtful;
    if (!survey->has_asked)
        rest(survey);
}

void survey_flush(struct survey *survey)
{
    if (survey)
        wire_flush(survey->wire);
}
