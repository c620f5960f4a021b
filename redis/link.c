/* link.c - calls that wait for Redis.
 *
 * masters.c says which node a call goes to, node.c moves the bytes, and next.c says what becomes of
 * the call.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/link.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/known.h"
#include "base/limits.h"
#include "base/memory.h"
#include "redis/cluster.h"
#include "redis/counts.h"
#include "redis/masters.h"
#include "redis/next.h"
#include "redis/node.h"
#include "redis/replicas.h"
#include "redis/reply.h"

struct link {
    const struct settings *settings;
    struct masters *masters;
    struct node_asker asker; /* of all nodes */
    struct call wait;        /* behind a call that replicas must have */
    struct call asking;      /* before a call of a slot that moves */
    struct known known;
    struct call others[2]; /* what runs before or behind a call; behind one of them the other */
};

/* A call on its way from node to node. */
struct trip {
    struct run run;
    int slot;
    struct node *node; /* the call goes there; NULL: nowhere */
    bool is_asking;    /* the node has only what is asked for with ASKING */
    bool has_moved;    /* as a node had not run it, and would not run another */
    bool is_refused;   /* so is it now */
    int redirects, pauses;
    long long until_ms;   /* by clock_ms() */
    enum sending sending; /* of a volley */
};

struct link *link_new(const struct settings *settings)
{
    struct link *link = xmalloc(sizeof(*link));

    *link = (struct link){.settings = settings};
    link->masters = masters_new(settings, &link->asker);
    cluster_asking_call(&link->asking);
    return link;
}

void link_free(struct link *link)
{
    if (!link)
        return;
    masters_free(link->masters);
    call_clear(&link->wait);
    call_clear(&link->asking);
    known_clear(&link->known);
    for (int i = 0; i < 2; i++)
        call_clear(&link->others[i]);
    free(link);
}

void link_configure(struct link *link, const struct settings *old, const struct settings *settings)
{
    link->settings = settings;
    masters_configure(link->masters, old, settings);
}

void link_ask_first(struct link *link, link_wanted *is_wanted, void *user)
{
    link->asker = (struct node_asker){.is_wanted = is_wanted, .user = user};
}

/* --- one sending ------------------------------------------------------------------------------ */

static enum status fail(const struct trip *trip, enum sending sending, struct reason *reason)
{
    enum status status = next_of_loss(trip->run.call, sending == SENDING_BROKE_OFF, reason);

    if (sending == SENDING_UNWANTED)
        return refuse(reason, status, "the client has gone");
    if (sending == SENDING_REFUSED)
        return refuse(reason, status, "%s", node_refusal(trip->node));
    return status;
}

/* Nothing can be sent for now. */
static enum status fail_to_send(const struct link *link, const struct trip *trip,
                                struct reason *reason)
{
    return refuse(reason, STATUS_UNAVAILABLE, "%s", masters_trouble(link->masters, trip->slot));
}

/* The call has no reply: it ends with an error, or is sent again if it cannot have run. */
static struct next lose(struct link *link, struct trip *trip, enum sending sending,
                        struct reason *reason)
{
    trip->is_refused = sending == SENDING_FAILED || sending == SENDING_REFUSED;
    if (sending == SENDING_DONE)
        sending = SENDING_BROKE_OFF;
    if (sending != SENDING_UNWANTED)
        masters_lost(link->masters, trip->node);
    return (struct next){.status = fail(trip, sending, reason)};
}

/* For the log of a cluster: whoever cannot serve says so to each call. */
static void note_complaint(const struct trip *trip, const redisReply *reply,
                           const struct next *next)
{
    if (!trip->run.in_cluster)
        return;
    if (next->is_stale && (next->step == STEP_DONE || next->step == STEP_RECONNECT))
        node_complains(trip->node, reply->str);
    else if (!next->is_stale)
        node_serves(trip->node);
}

/* The reply is the call's, or of no use any more. */
static struct next read_reply(struct link *link, struct trip *trip, redisReply *reply,
                              struct reason *reason)
{
    struct next next = next_of(&trip->run, reply, reason);

    note_complaint(trip, reply, &next);
    masters_heard(link->masters, trip->node, &next);
    trip->is_refused = next.step == STEP_RECONNECT;
    if (next_is_sending(&next))
        freeReplyObject(reply);
    else
        call_keep_reply(trip->run.call, reply);
    return next;
}

/* Sends the run with what belongs before and behind it. */
static enum sending send_run(struct link *link, const struct trip *trip, bool is_waiting)
{
    struct run runs[3];
    int count = 0;

    if (trip->is_asking)
        runs[count++] = (struct run){.call = &link->asking};
    runs[count++] = trip->run;
    if (is_waiting) {
        replicas_call(&link->wait, &link->settings->redis_wait);
        runs[count++] = (struct run){.call = &link->wait};
    }
    return node_send(trip->node, runs, count, trip->until_ms);
}

/* The reply to the run.  That to ASKING says nothing that the other does not. */
static redisReply *receive(const struct trip *trip)
{
    redisReply *reply;

    if (trip->is_asking) {
        reply = node_receive(trip->node);
        if (!reply)
            return NULL;
        freeReplyObject(reply);
    }
    return node_receive(trip->node);
}

/* How many replicas have it decides on a call that has ended well, and on no other. */
static struct next hear_of_replicas(struct link *link, struct trip *trip, struct next next,
                                    struct reason *reason)
{
    redisReply *reply = node_receive(trip->node);

    if (next.step == STEP_DONE && next.status == STATUS_OK) {
        if (!reply)
            return lose(link, trip, SENDING_BROKE_OFF, reason);
        next.status = replicas_status(&link->settings->redis_wait, reply, reason);
    }
    if (reply)
        freeReplyObject(reply);
    return next;
}

static struct next exchange(struct link *link, struct trip *trip, struct reason *reason)
{
    bool is_waiting = replicas_are_wanted(&link->settings->redis_wait, trip->run.call);
    enum sending sending = send_run(link, trip, is_waiting);
    redisReply *reply = sending == SENDING_DONE ? receive(trip) : NULL;
    struct next next;

    if (!reply)
        return lose(link, trip, sending, reason);
    counts_round_trip(masters_counts(link->masters), node_took_us(trip->node));
    next = read_reply(link, trip, reply, reason);
    if (is_waiting)
        next = hear_of_replicas(link, trip, next, reason);
    if (next.step == STEP_RECONNECT || next.lacks_right)
        node_close(trip->node);
    return next;
}

/* --- from node to node ------------------------------------------------------------------------ */

static struct trip trip_of(const struct link *link, struct call *call, long long until_ms)
{
    bool is_many = masters_are_many(link->masters);

    return (struct trip){
        .run = {.call = call, .in_cluster = is_many},
        .slot = is_many ? call_slot(call) : -1,
        .until_ms = until_ms,
    };
}

static void find_node(struct link *link, struct trip *trip)
{
    trip->node = masters_find(link->masters, trip->slot, trip->until_ms);
}

static bool redirect(struct link *link, struct trip *trip, const struct next *next)
{
    masters_count(link->masters, next->step == STEP_ASK ? REDIRECT_ASK : REDIRECT_MOVED);
    if (++trip->redirects > LIMIT_REDIRECTS)
        return false;
    trip->is_asking = next->step == STEP_ASK;
    trip->node = masters_elsewhere(link->masters, trip->node, trip->slot, next, trip->until_ms);
    return trip->node;
}

/* Pauses within the call's time only: a process that waits serves no other request. */
static bool pause_trip(struct link *link, struct trip *trip)
{
    long long ms = LIMIT_FIRST_PAUSE_MS << trip->pauses;
    struct timespec pause = {.tv_nsec = ms * 1000000};

    masters_count(link->masters, REDIRECT_LATER);
    if (++trip->pauses > LIMIT_PAUSES || clock_ms() + ms >= trip->until_ms)
        return false;
    nanosleep(&pause, NULL);
    trip->is_asking = false;
    find_node(link, trip);
    return trip->node;
}

/* A call that the node did not run goes to another master, once. */
static bool move(struct link *link, struct trip *trip)
{
    struct node *other = NULL;

    if (trip->is_refused && !trip->has_moved)
        other = masters_instead(link->masters, trip->node, trip->slot, trip->until_ms);
    if (!other)
        return false;
    trip->node = other;
    trip->has_moved = true;
    trip->is_asking = trip->run.with_text = false;
    return true;
}

/* Is the call to be sent again, to the node that it has now? */
static bool goes_on(struct link *link, struct trip *trip, const struct next *next)
{
    switch (next->step) {
    case STEP_TEXT:
    case STEP_AGAIN:
        return true;
    case STEP_MOVED:
    case STEP_ASK:
        return redirect(link, trip, next);
    case STEP_LATER:
        return pause_trip(link, trip);
    case STEP_DONE:
    case STEP_RECONNECT:
        break;
    }
    return move(link, trip);
}

static enum status run_to_end(struct link *link, struct trip *trip, struct reason *reason)
{
    struct next next;

    if (!trip->node)
        return fail_to_send(link, trip, reason);
    for (;;) {
        next = exchange(link, trip, reason);
        if (!goes_on(link, trip, &next))
            return next.status;
        if (clock_ms() >= trip->until_ms)
            return refuse(reason, STATUS_UNAVAILABLE, "Redis is unavailable");
        *reason = (struct reason){0}; /* of a node that did not run the call */
    }
}

static enum status run_one(struct link *link, struct call *call, long long until_ms,
                           struct reason *reason)
{
    struct trip trip = trip_of(link, call, until_ms);

    find_node(link, &trip);
    return run_to_end(link, &trip, reason);
}

/* A failure there is made up for by a later call. */
static void run_behind(struct link *link, const struct call *call, long long until_ms)
{
    struct call *other = &link->others[0];
    struct reason ignored = {0};

    while (call_after(call, &link->known, other) &&
           run_one(link, other, until_ms, &ignored) == STATUS_OK) {
        call = other;
        other = &link->others[other == &link->others[0]];
    }
}

static long long end_of_call(const struct link *link)
{
    return clock_ms() + link->settings->redis_timeout_ms;
}

enum status link_run(struct link *link, struct call *call, struct reason *reason)
{
    long long until_ms = end_of_call(link);
    enum status status = STATUS_OK;

    if (call_before(call, &link->known, &link->others[0]))
        status = run_one(link, &link->others[0], until_ms, reason);
    if (status == STATUS_OK)
        status = run_one(link, call, until_ms, reason);
    if (status == STATUS_OK && call->around)
        run_behind(link, call, until_ms);
    return status;
}

/* --- volleys ---------------------------------------------------------------------------------- */

/* Where there is one master it is looked for once: looking may replace it. */
static void find_nodes(struct link *link, struct trip *trips, int count)
{
    for (int i = 0; i < count; i++) {
        if (i == 0 || masters_are_many(link->masters))
            find_node(link, &trips[i]);
        else
            trips[i].node = trips[0].node;
        trips[i].sending = SENDING_UNWANTED; /* not sent yet */
    }
}

/* Sends to the node of one trip all that goes there. */
static void send_to_node(struct trip *trips, int first, int count)
{
    struct node *node = trips[first].node;
    struct run runs[ERRANDS];
    enum sending sending;
    int sent = 0;

    for (int i = first; i < count; i++)
        if (trips[i].node == node)
            runs[sent++] = trips[i].run;
    sending = node_send(node, runs, sent, trips[first].until_ms);
    for (int i = first; i < count; i++)
        if (trips[i].node == node)
            trips[i].sending = sending;
}

static bool is_first_of_node(const struct trip *trips, int number)
{
    for (int i = 0; i < number; i++)
        if (trips[i].node == trips[number].node)
            return false;
    return trips[number].node;
}

/* The reply to one of those that were sent; without it there is none to later ones of the node.  Of
 * each node the first one has made its round trip alone. */
static struct next receive_one(struct link *link, struct trip *trips, int number, int count,
                               struct reason *reason)
{
    struct trip *trip = &trips[number];
    redisReply *reply = trip->sending == SENDING_DONE ? node_receive(trip->node) : NULL;

    if (reply && is_first_of_node(trips, number))
        counts_round_trip(masters_counts(link->masters), node_took_us(trip->node));
    if (reply)
        return read_reply(link, trip, reply, reason);
    for (int i = number; i < count; i++)
        if (trips[i].node == trip->node && trips[i].sending == SENDING_DONE)
            trips[i].sending = SENDING_BROKE_OFF;
    return lose(link, trip, trip->sending, reason);
}

/* A call that the node did not run, or not to its end, goes on alone. */
static void go_on_alone(struct link *link, struct trip *trip, const struct next *next,
                        struct errand *errand)
{
    if (next_is_sending(next))
        find_node(link, trip);
    else if (next->step == STEP_DONE || next->step == STEP_RECONNECT || !goes_on(link, trip, next))
        return;
    errand->reason = (struct reason){0};
    errand->status = run_to_end(link, trip, &errand->reason);
}

void link_run_all(struct link *link, struct errand *errands, int count)
{
    long long until_ms = end_of_call(link);
    struct trip trips[ERRANDS];
    struct next nexts[ERRANDS];

    for (int i = 0; i < count; i++)
        trips[i] = trip_of(link, &errands[i].call, until_ms);
    find_nodes(link, trips, count);
    for (int i = 0; i < count; i++)
        if (is_first_of_node(trips, i))
            send_to_node(trips, i, count);
    for (int i = 0; i < count; i++) {
        errands[i].reason = (struct reason){0};
        if (trips[i].node)
            nexts[i] = receive_one(link, trips, i, count, &errands[i].reason);
        else
            nexts[i] = (struct next){.status = fail_to_send(link, &trips[i], &errands[i].reason)};
        errands[i].status = nexts[i].status;
    }
    for (int i = 0; i < count; i++)
        if (nexts[i].step == STEP_RECONNECT || nexts[i].lacks_right)
            node_close(trips[i].node);
    for (int i = 0; i < count; i++)
        go_on_alone(link, &trips[i], &nexts[i], &errands[i]);
}

void link_count(struct link *link, struct meters *meters)
{
    counts_begin(masters_counts(link->masters), meters, masters_are_many(link->masters));
}
