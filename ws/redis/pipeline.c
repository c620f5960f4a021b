/* pipeline.c - calls on their way over one connection to Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/pipeline.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "base/memory.h"
#include "broker/scripts.h"
#include "redis/call.h"
#include "redis/nodes.h"
#include "redis/replicas.h"
#include "ws/redis/wire.h"

/* A call was answered, but for how many replicas have it. */
struct half {
    struct piped *piped; /* NULL: there is none */
    redisReply *reply;
    struct next next;
    struct reason reason;
};

struct pipeline {
    const struct nodes *nodes;
    const struct pipeline_events *events;
    void *user;
    struct wire *wire;
    struct piped_list sent; /* without an answer yet */
    struct half half;
    struct call wait;
};

bool pipeline_is_open(const struct pipeline *pipeline)
{
    return wire_is_open(pipeline->wire);
}

size_t pipeline_bytes(const struct pipeline *pipeline)
{
    return wire_bytes(pipeline->wire);
}

void pipeline_flush(struct pipeline *pipeline)
{
    wire_flush(pipeline->wire);
}

void pipeline_break(struct pipeline *pipeline, const char *what, const char *why)
{
    wire_break(pipeline->wire, what, why);
}

void pipeline_renew(struct pipeline *pipeline)
{
    wire_renew(pipeline->wire);
}

static unsigned long long send_call(struct pipeline *pipeline, struct call *call, bool with_text)
{
    int argc = call_resolve(call, with_text);

    return wire_send(pipeline->wire, argc, call->argv, call->argv_len, 1);
}

void pipeline_send(struct pipeline *pipeline, struct piped *piped)
{
    const struct redis_wait *wait = &pipeline->nodes->settings->redis_wait;

    piped->owes_asking = piped->is_asking;
    if (piped->is_asking)
        wire_send(pipeline->wire, 1, (const char *[]){"ASKING"}, NULL, 1);
    piped->position = send_call(pipeline, piped->run.call, piped->run.with_text);
    piped->is_waiting = replicas_are_wanted(wait, piped->run.call);
    if (piped->is_waiting) {
        replicas_call(&pipeline->wait, wait);
        send_call(pipeline, &pipeline->wait, false);
    }
    STAILQ_INSERT_TAIL(&pipeline->sent, piped, next);
}

static void go_on(struct pipeline *pipeline, struct piped *piped, redisReply *reply,
                  const struct next *next, const struct reason *reason)
{
    if (!next_is_sending(next)) {
        pipeline->events->answered(pipeline->user, piped, reply, next, reason);
        return;
    }
    freeReplyObject(reply);
    pipeline_send(pipeline, piped);
}

static void hear_of_replicas(struct pipeline *pipeline, redisReply *reply)
{
    struct half half = pipeline->half;

    pipeline->half = (struct half){0};
    if (half.next.step == STEP_DONE && half.next.status == STATUS_OK)
        half.next.status =
            replicas_status(&pipeline->nodes->settings->redis_wait, reply, &half.reason);
    freeReplyObject(reply);
    go_on(pipeline, half.piped, half.reply, &half.next, &half.reason);
}

/* The first of the calls was answered. */
static void on_reply(void *user, redisReply *reply)
{
    struct pipeline *pipeline = user;
    struct piped *piped = STAILQ_FIRST(&pipeline->sent);
    struct reason reason = {0};
    struct next next;

    if (pipeline->half.piped) {
        hear_of_replicas(pipeline, reply);
        return;
    }
    if (piped->owes_asking) {
        piped->owes_asking = false; /* what is wrong with it the call is told, too */
        freeReplyObject(reply);
        return;
    }
    STAILQ_REMOVE_HEAD(&pipeline->sent, next);
    next = next_of(&piped->run, reply, &reason);
    if (piped->is_waiting)
        pipeline->half = (struct half){piped, reply, next, reason};
    else
        go_on(pipeline, piped, reply, &next, &reason);
}

/* Whether replicas have the call will not be known.  That decides on a call that was executed, and
 * on no other. */
static void lose_half(struct half *half)
{
    struct piped *piped = half->piped;

    piped->may_have_run = half->next.status == STATUS_OK && half->next.step != STEP_TEXT;
    if (half->next.status == STATUS_OK)
        return;
    piped->refusal = xmalloc(sizeof(*piped->refusal));
    *piped->refusal = (struct refusal){half->next.status, half->reason};
    call_keep_reply(piped->run.call, half->reply);
    half->reply = NULL;
}

static void forget_half(struct pipeline *pipeline)
{
    if (!pipeline->half.piped)
        return;
    freeReplyObject(pipeline->half.reply);
    STAILQ_INSERT_HEAD(&pipeline->sent, pipeline->half.piped, next);
    pipeline->half = (struct half){0};
}

static void on_lost(void *user, const char *what, const char *why)
{
    struct pipeline *pipeline = user;
    struct piped_list calls = STAILQ_HEAD_INITIALIZER(calls);
    struct piped *piped;

    STAILQ_FOREACH (piped, &pipeline->sent, next)
        piped->may_have_run = wire_has_written(pipeline->wire, piped->position);
    if (pipeline->half.piped)
        lose_half(&pipeline->half);
    forget_half(pipeline);
    STAILQ_CONCAT(&calls, &pipeline->sent);
    pipeline->events->lost(pipeline->user, what, why, &calls);
}

static void on_greet(void *user, struct wire *wire)
{
    (void)user;
    for (const struct script *const *script = all_scripts; *script; script++)
        wire_send(wire, 3, (const char *[]){"SCRIPT", "LOAD", (*script)->text}, NULL, 1);
}

static void on_open(void *user)
{
    struct pipeline *pipeline = user;

    pipeline->events->open(pipeline->user);
}

static const struct wire_events wire_events = {
    .greet = on_greet,
    .open = on_open,
    .reply = on_reply,
    .lost = on_lost,
};

struct pipeline *pipeline_new(struct ev_loop *loop, struct turn *turn, const struct nodes *nodes,
                              const struct pipeline_events *events, void *user)
{
    struct pipeline *pipeline = xmalloc(sizeof(*pipeline));

    *pipeline = (struct pipeline){.nodes = nodes, .events = events, .user = user};
    STAILQ_INIT(&pipeline->sent);
    pipeline->wire = wire_new(loop, turn, nodes, &wire_events, pipeline);
    return pipeline;
}

void pipeline_forget(struct pipeline *pipeline, struct piped_list *calls)
{
    forget_half(pipeline);
    STAILQ_CONCAT(calls, &pipeline->sent);
}

void pipeline_free(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    wire_free(pipeline->wire);
    call_clear(&pipeline->wait);
    free(pipeline);
}
