/* subscription.c - what the helper is subscribed to in Redis.
 *
 * What was added in one turn of the loop is asked for at its end, in few commands.  In a cluster
 * SUNSUBSCRIBE may have an error for an answer, or none: a ping behind it, the fence, parts that
 * from the answer of what is asked for next.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/subscription.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "redis/nodes.h"
#include "redis/reply.h"
#include "ws/redis/flood.h"
#include "ws/redis/ledger.h"
#include "ws/redis/wire.h"

enum { SUBSCRIBE_BATCH = 256 }; /* channels in one command */

struct subscriptions {
    const struct nodes *nodes;
    const struct subscriptions_events *events;
    void *user;
    struct wire *wire;
    struct ledger ledger;
    struct subscription_list refused;
    bool is_unfenced;          /* a channel was left since the last fence */
    unsigned long long enough; /* confirmations of what is subscribed since before it */
    struct flood flood;
};

bool subscriptions_are_complete(const struct subscriptions *all)
{
    return wire_is_open(all->wire) && all->ledger.answers >= all->enough;
}

size_t subscriptions_bytes(const struct subscriptions *all)
{
    return wire_bytes(all->wire);
}

/* --- adding and removing ---------------------------------------------------------------------- */

static bool is_sharded(const char *channel)
{
    return *channel == '{';
}

static void refuse_later(struct subscriptions *all, struct subscription *one)
{
    if (!one->is_awaited || one->is_refused)
        return;
    one->is_refused = true;
    TAILQ_INSERT_TAIL(&all->refused, one, refused);
    all->events->refused(all->user);
}

void subscriptions_add(struct subscriptions *all, const char *channel, const struct hearer *hearer,
                       void *user)
{
    struct subscription *one = ledger_add(&all->ledger, channel);

    one->hearer = hearer;
    one->user = user;
    one->is_awaited = hearer->done != NULL;
    if (!wire_is_open(all->wire))
        refuse_later(all, one);
}

/* Redis is told by the caller, if it must be. */
static void forget(struct subscriptions *all, struct subscription *one)
{
    if (one->is_refused)
        TAILQ_REMOVE(&all->refused, one, refused);
    ledger_remove(&all->ledger, one);
}

void subscriptions_remove(struct subscriptions *all, const char *channel)
{
    struct subscription *one = ledger_find(&all->ledger, channel, strlen(channel));

    if (!one)
        return;
    if (one->ticket && is_sharded(channel)) {
        wire_send(all->wire, 2, (const char *[]){"SUNSUBSCRIBE", channel}, NULL, 0);
        all->is_unfenced = all->nodes->is_member;
    } else if (one->ticket) {
        wire_send(all->wire, 2, (const char *[]){"UNSUBSCRIBE", channel}, NULL, 1);
    }
    forget(all, one);
}

/* One command for as many as it may name.  Sharded ones may have other slots: one each. */
static void ask_some(struct subscriptions *all)
{
    const char *argv[1 + SUBSCRIBE_BATCH];
    struct subscription *one = TAILQ_FIRST(&all->ledger.named);
    bool is_alone = is_sharded(one->channel);
    int argc = 1;

    argv[0] = is_alone ? "SSUBSCRIBE" : "SUBSCRIBE";
    do {
        ledger_ask(&all->ledger, one);
        argv[argc++] = one->channel;
        one = TAILQ_FIRST(&all->ledger.named);
    } while (!is_alone && one && !is_sharded(one->channel) && argc <= SUBSCRIBE_BATCH);
    wire_send(all->wire, argc, argv, NULL, (size_t)argc - 1);
}

static void send_fence(struct subscriptions *all, size_t answers)
{
    ledger_add_fence(&all->ledger);
    wire_send(all->wire, 1, (const char *[]){"PING"}, NULL, answers);
    all->is_unfenced = false;
}

static void ask_all(struct subscriptions *all)
{
    if (all->is_unfenced)
        send_fence(all, 1);
    while (!TAILQ_EMPTY(&all->ledger.named))
        ask_some(all);
}

void subscriptions_flush(struct subscriptions *all)
{
    if (wire_is_open(all->wire))
        ask_all(all);
    wire_flush(all->wire);
}

static void tell(struct subscription *one, enum status status, const struct reason *reason)
{
    if (!one->is_awaited)
        return;
    one->is_awaited = false;
    one->hearer->done(one->user, status, reason);
}

void subscriptions_tell_refused(struct subscriptions *all)
{
    struct subscription *one;
    struct reason reason = {0};
    size_t count = 0;

    refuse(&reason, STATUS_UNAVAILABLE, "Redis is unavailable");
    TAILQ_FOREACH (one, &all->refused, refused)
        count++;
    while (count-- > 0 && (one = TAILQ_FIRST(&all->refused))) {
        TAILQ_REMOVE(&all->refused, one, refused);
        one->is_refused = false;
        tell(one, STATUS_UNAVAILABLE, &reason);
    }
}

/* --- floods ----------------------------------------------------------------------------------- */

static void leave_flooded(struct subscriptions *all)
{
    struct subscription *one, *most = NULL;
    size_t most_bytes = 0, bytes;
    const struct hearer *hearer;
    void *user;

    TAILQ_FOREACH (one, &all->ledger.asked, next) {
        bytes = one->hearer->flooded ? flood_share(&all->flood, &one->flow) : 0;
        if (bytes > most_bytes) {
            most = one;
            most_bytes = bytes;
        }
    }
    if (!most)
        return;
    log_error("Redis at %s: more is published on %s than can be read: its listeners get a gap",
              nodes_name(all->nodes), most->channel);
    hearer = most->hearer;
    user = most->user;
    subscriptions_remove(all, most->channel);
    hearer->flooded(user);
}

struct call *subscriptions_ask_held(struct subscriptions *all)
{
    return flood_ask(&all->flood);
}

void subscriptions_asked_held(struct subscriptions *all, enum status status)
{
    if (flood_asked(&all->flood, status) && wire_is_open(all->wire))
        leave_flooded(all);
}

/* --- what Redis says -------------------------------------------------------------------------- */

/* Confirmations come in the order of the tickets; one may be for what was given up. */
static void confirm(struct subscriptions *all, const redisReply *channel)
{
    struct subscription *one = ledger_find(&all->ledger, channel->str, channel->len);
    const struct reason reason = {0};

    if (ledger_answered(&all->ledger) == one && one) {
        one->is_heard = true;
        tell(one, STATUS_OK, &reason);
    }
    all->events->complete(all->user);
}

static void pass_on(struct subscriptions *all, const redisReply *channel, const redisReply *data)
{
    struct subscription *one = ledger_find(&all->ledger, channel->str, channel->len);

    if (flood_heard(&all->flood, one ? &one->flow : NULL, data->len))
        all->events->much(all->user);
    if (one && one->is_heard && one->hearer->heard)
        one->hearer->heard(one->user, data->str, data->len);
}

/* The hearer's channel is not subscribed any more, and it was not we who ended that. */
static void give_up(struct subscriptions *all, struct subscription *one)
{
    const struct hearer *hearer = one->hearer;
    void *user = one->user;

    forget(all, one);
    if (hearer->ended)
        hearer->ended(user);
    else if (hearer->flooded)
        hearer->flooded(user);
}

/* A sharded subscription has ended.  We asked for that, unless it is one of ours that Redis has
 * confirmed: its slot goes to another node. */
static void end(struct subscriptions *all, const redisReply *channel)
{
    struct subscription *one = ledger_find(&all->ledger, channel->str, channel->len);

    if (!one || !one->is_heard)
        return;
    if (!all->nodes->is_member)
        log_error("Redis at %s: has ended the subscription of %s: its listeners get a gap",
                  nodes_name(all->nodes), channel->str);
    give_up(all, one);
}

/* Another node has the slot, or none has: of what is asked for, or of what was left, which needs
 * nothing but that the error has taken the place of an answer that is to come yet. */
static void hear_elsewhere(struct subscriptions *all)
{
    struct subscription *one;

    if (ledger_is_at_fence(&all->ledger)) {
        send_fence(all, 2);
        return;
    }
    one = ledger_answered(&all->ledger);
    if (one)
        give_up(all, one);
    all->events->complete(all->user);
}

/* The answer to a ping depends on whether anything is subscribed. */
static bool is_pong(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STATUS ||
           (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2);
}

static void pass_fence(struct subscriptions *all)
{
    ledger_answered(&all->ledger);
    all->events->complete(all->user);
}

static const struct {
    const char *kind;
    void (*act)(struct subscriptions *all, const redisReply *channel);
} answers[] = {
    {"subscribe",    confirm},
    {"ssubscribe",   confirm},
    {"sunsubscribe", end    },
};

static void take_answer(struct subscriptions *all, redisReply *const *words)
{
    const char *kind = words[0]->str;

    if (strcmp(kind, "message") == 0 || strcmp(kind, "smessage") == 0) {
        pass_on(all, words[1], words[2]);
        return;
    }
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        if (strcmp(kind, answers[i].kind) == 0)
            answers[i].act(all, words[1]);
}

static void on_reply(void *user, redisReply *reply)
{
    struct subscriptions *all = user;

    if (all->nodes->is_member && reply_is_stale(reply))
        hear_elsewhere(all);
    else if (ledger_is_at_fence(&all->ledger) && is_pong(reply))
        pass_fence(all);
    else if (reply->type == REDIS_REPLY_ERROR)
        wire_break(all->wire, "refused", reply->str);
    else if (!reply_is_array(reply, 3))
        wire_break(all->wire, "unexpected answer", "no array");
    else
        take_answer(all, reply->element);
    freeReplyObject(reply);
}

/* --- the connection --------------------------------------------------------------------------- */

static void on_greet(void *user, struct wire *wire)
{
    flood_begin(&((struct subscriptions *)user)->flood, 0);
    wire_send(wire, 2, (const char *[]){"CLIENT", "ID"}, NULL, 1);
}

static bool on_greeted(void *user, const redisReply *reply)
{
    struct subscriptions *all = user;

    if (reply->type == REDIS_REPLY_INTEGER)
        flood_begin(&all->flood, reply->integer);
    return reply->type == REDIS_REPLY_ERROR &&
           (strncmp(reply->str, "NOPERM", 6) == 0 || strncmp(reply->str, "ERR unknown", 11) == 0);
}

static void on_open(void *user)
{
    struct subscriptions *all = user;

    ask_all(all);
    all->enough = all->ledger.tickets;
    all->events->complete(all->user);
}

static void on_lost(void *user, const char *what, const char *why)
{
    struct subscriptions *all = user;
    struct subscription *one;

    all->events->lost(all->user, what, why);
    all->is_unfenced = false;
    ledger_begin_anew(&all->ledger);
    TAILQ_FOREACH (one, &all->ledger.named, next)
        refuse_later(all, one);
}

static const struct wire_events wire_events = {
    .greet = on_greet,
    .greeted = on_greeted,
    .open = on_open,
    .reply = on_reply,
    .lost = on_lost,
    .has_messages = true,
};

void subscriptions_break(struct subscriptions *all, const char *what, const char *why)
{
    wire_break(all->wire, what, why);
}

void subscriptions_renew(struct subscriptions *all)
{
    wire_renew(all->wire);
}

/* --- life ------------------------------------------------------------------------------------- */

struct subscriptions *subscriptions_new(struct ev_loop *loop, struct turn *turn,
                                        const struct nodes *nodes,
                                        const struct subscriptions_events *events, void *user)
{
    struct subscriptions *all = xmalloc(sizeof(*all));

    *all = (struct subscriptions){.nodes = nodes, .events = events, .user = user};
    ledger_init(&all->ledger);
    TAILQ_INIT(&all->refused);
    all->wire = wire_new(loop, turn, nodes, &wire_events, all);
    return all;
}

void subscriptions_free(struct subscriptions *all)
{
    if (!all)
        return;
    wire_free(all->wire);
    flood_clear(&all->flood);
    ledger_clear(&all->ledger);
    free(all);
}
