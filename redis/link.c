/* link.c - calls that wait for Redis.
 *
 * nodes.c says where Redis is, node.c moves the bytes, and next.c says what becomes of a call.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/link.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/known.h"
#include "base/memory.h"
#include "redis/lookout.h"
#include "redis/next.h"
#include "redis/node.h"
#include "redis/nodes.h"
#include "redis/replicas.h"
#include "redis/reply.h"

struct link {
    struct nodes nodes;
    struct node *node;
    struct node_asker asker; /* of the node */
    struct lookout *lookout; /* NULL: the settings say where Redis is */
    bool has_failed;         /* the node, and no sentinel was asked since */
    struct call wait;        /* behind a call that replicas must have */
    struct known known;
    struct call others[2]; /* what runs before or behind a call; behind one of them the other */
};

struct link *link_new(const struct settings *settings)
{
    struct link *link = xmalloc(sizeof(*link));

    *link = (struct link){0};
    nodes_init(&link->nodes, settings);
    link->node = node_new(&link->nodes, nodes_name(&link->nodes), &link->asker);
    link->lookout = nodes_have_sentinels(&link->nodes) ? lookout_new(settings) : NULL;
    return link;
}

void link_free(struct link *link)
{
    if (!link)
        return;
    node_free(link->node);
    lookout_free(link->lookout);
    nodes_clear(&link->nodes);
    call_clear(&link->wait);
    known_clear(&link->known);
    for (int i = 0; i < 2; i++)
        call_clear(&link->others[i]);
    free(link);
}

void link_configure(struct link *link, const struct settings *old, const struct settings *settings)
{
    bool is_other = nodes_configure(&link->nodes, old, settings);

    node_move(link->node, nodes_name(&link->nodes));
    if (is_other || old->redis_timeout_ms != settings->redis_timeout_ms)
        node_close(link->node);
    if (!link->lookout)
        return;
    lookout_free(link->lookout);
    link->lookout = lookout_new(settings);
}

void link_ask_first(struct link *link, link_wanted *is_wanted, void *user)
{
    link->asker = (struct node_asker){.is_wanted = is_wanted, .user = user};
}

/* --- the master that sentinels name ---------------------------------------------------------- */

/* Asks them if it is time to.  True: they name another one than before, and it is the node now. */
static bool find_master(struct link *link)
{
    bool is_known = *link->nodes.master != '\0';
    const char *failed = link->has_failed || !is_known ? link->nodes.master : NULL;
    char at[ADDRESS_TEXT];

    if (!link->lookout || !lookout_is_due(link->lookout, failed != NULL))
        return false;
    if (!lookout_find(link->lookout, failed, at) || !nodes_found(&link->nodes, at))
        return false;
    node_free(link->node);
    link->node = node_new(&link->nodes, at, &link->asker);
    link->has_failed = false;
    return true;
}

/* After a failure: the calls after it will find another master.  True: that is known already. */
static bool has_other_master(struct link *link)
{
    link->has_failed = link->lookout != NULL;
    return find_master(link);
}

/* To a master that did not answer nothing is sent for a second: whoever waits for it serves nobody
 * else. */
static enum sending send_out(struct link *link, const struct run *runs, int count)
{
    struct address address;

    if (link->lookout && (!nodes_address(&link->nodes, &address) || node_failed_lately(link->node)))
        return SENDING_FAILED;
    return node_send(link->node, runs, count);
}

/* --- calls ----------------------------------------------------------------------------------- */

static enum status fail(const struct link *link, enum sending sending, const struct call *call,
                        struct reason *reason)
{
    enum status status = next_of_loss(call, sending == SENDING_BROKE_OFF, reason);

    if (sending == SENDING_UNWANTED)
        return refuse(reason, status, "the client has gone");
    if (sending == SENDING_REFUSED)
        return refuse(reason, status, "%s", node_refusal(link->node));
    return status;
}

static struct next read_reply(struct run *run, redisReply *reply, struct reason *reason)
{
    struct next next = next_of(run, reply, reason);

    if (next_is_sending(&next))
        freeReplyObject(reply);
    else
        call_keep_reply(run->call, reply);
    return next;
}

/* Sends the run, and behind it what asks how many replicas have it; *is_waiting: there are two
 * replies. */
static enum sending send_run(struct link *link, const struct run *run, bool *is_waiting)
{
    const struct redis_wait *wait = &link->nodes.settings->redis_wait;
    struct run runs[2] = {*run, {.call = &link->wait}};

    *is_waiting = replicas_are_wanted(wait, run->call);
    if (*is_waiting)
        replicas_call(&link->wait, wait);
    return send_out(link, runs, *is_waiting ? 2 : 1);
}

/* There is no reply, so the call has ended. */
static struct next lose(struct link *link, const struct run *run, enum sending sending,
                        struct reason *reason)
{
    if (sending == SENDING_DONE)
        sending = SENDING_BROKE_OFF;
    link->has_failed = link->lookout && sending != SENDING_UNWANTED;
    return (struct next){.status = fail(link, sending, run->call, reason)};
}

/* How many replicas have it decides on a call that has ended well, and on no other. */
static struct next hear_of_replicas(struct link *link, const struct run *run, struct next next,
                                    struct reason *reason)
{
    redisReply *reply = node_receive(link->node);

    if (next.step == STEP_DONE && next.status == STATUS_OK) {
        if (!reply)
            return lose(link, run, SENDING_BROKE_OFF, reason);
        next.status = replicas_status(&link->nodes.settings->redis_wait, reply, reason);
    }
    if (reply)
        freeReplyObject(reply);
    return next;
}

/* One sending of the run.  *is_refused: the node did not run the call, and will not run another. */
static struct next exchange(struct link *link, struct run *run, bool *is_refused,
                            struct reason *reason)
{
    bool is_waiting;
    enum sending sending = send_run(link, run, &is_waiting);
    redisReply *reply = sending == SENDING_DONE ? node_receive(link->node) : NULL;
    bool lacks_right;
    struct next next;

    *is_refused = sending == SENDING_FAILED || sending == SENDING_REFUSED;
    if (!reply)
        return lose(link, run, sending, reason);
    link->has_failed = false;
    lacks_right = run->call->changes && reply_lacks_right(reply);
    next = read_reply(run, reply, reason);
    *is_refused = next.step == STEP_RECONNECT;
    link->has_failed = link->has_failed && *is_refused;
    if (is_waiting)
        next = hear_of_replicas(link, run, next, reason);
    if (*is_refused || lacks_right) /* the next login asks for all rights */
        node_close(link->node);
    return next;
}

/* A call that the node did not run goes to another master, once. */
static enum status run_to_end(struct link *link, struct run *run, struct reason *reason)
{
    bool is_refused, may_move = true;
    struct next next;

    find_master(link);
    for (;;) {
        next = exchange(link, run, &is_refused, reason);
        if (is_refused && may_move && has_other_master(link))
            may_move = run->with_text = false;
        else if (!next_is_sending(&next))
            return next.status;
    }
}

static enum status run_one(struct link *link, struct call *call, struct reason *reason)
{
    struct run run = {.call = call};

    return run_to_end(link, &run, reason);
}

/* What fails there is made up for by a later call. */
static void run_behind(struct link *link, const struct call *call)
{
    struct call *other = &link->others[0];
    struct reason ignored = {0};

    while (call_after(call, &link->known, other) && run_one(link, other, &ignored) == STATUS_OK) {
        call = other;
        other = &link->others[other == &link->others[0]];
    }
}

enum status link_run(struct link *link, struct call *call, struct reason *reason)
{
    enum status status = STATUS_OK;

    if (call_before(call, &link->known, &link->others[0]))
        status = run_one(link, &link->others[0], reason);
    if (status == STATUS_OK)
        status = run_one(link, call, reason);
    if (status == STATUS_OK && call->around)
        run_behind(link, call);
    return status;
}

void link_run_all(struct link *link, struct errand *errands, int count)
{
    struct run runs[ERRANDS] = {{0}};
    bool wants_reconnect = false, is_open[ERRANDS] = {0};
    enum sending sending;

    for (int i = 0; i < count; i++)
        runs[i].call = &errands[i].call;
    find_master(link);
    sending = send_out(link, runs, count);
    for (int i = 0; i < count; i++) {
        struct errand *errand = &errands[i];
        redisReply *reply = sending == SENDING_DONE ? node_receive(link->node) : NULL;
        struct next next;

        errand->reason = (struct reason){0};
        if (!reply) {
            sending = sending == SENDING_DONE ? SENDING_BROKE_OFF : sending;
            errand->status = fail(link, sending, &errand->call, &errand->reason);
            continue;
        }
        next = read_reply(&runs[i], reply, &errand->reason);
        errand->status = next.status;
        is_open[i] = next_is_sending(&next);
        wants_reconnect = wants_reconnect || next.step == STEP_RECONNECT;
    }
    if (wants_reconnect)
        node_close(link->node);
    link->has_failed = link->lookout && sending != SENDING_UNWANTED &&
                       (wants_reconnect || sending != SENDING_DONE);
    for (int i = 0; i < count; i++)
        if (is_open[i])
            errands[i].status = run_to_end(link, &runs[i], &errands[i].reason);
}
