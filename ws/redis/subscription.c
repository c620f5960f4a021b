/* subscription.c - what the helper is subscribed to in Redis.
 *
 * What was added in one turn of the loop is asked for at its end, in few commands.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/subscription.h"

#include <hiredis/hiredis.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/memory.h"
#include "redis/nodes.h"
#include "redis/reply.h"
#include "ws/redis/flood.h"
#include "ws/redis/wire.h"

enum { SUBSCRIBE_BATCH = 256 }; /* channels in one command */

struct subscription {
    TAILQ_ENTRY(subscription) next;    /* in named or asked */
    TAILQ_ENTRY(subscription) refused; /* in refused, if is_refused */
    const struct hearer *hearer;
    void *user;                /* the hearer's */
    bool is_awaited;           /* done() is still to be told */
    unsigned long long ticket; /* in asked: the number of its SUBSCRIBE */
    bool is_heard;             /* in asked: confirmed */
    struct flow flow;
    bool is_refused;
    size_t len;
    const char *channel; /* behind the struct, or a key that is looked for */
};
TAILQ_HEAD(list, subscription);

struct subscriptions {
    const struct nodes *nodes;
    const struct subscriptions_events *events;
    void *user;
    struct wire *wire;
    void *tree;        /* all; a tree, as names that clients choose may not collide */
    struct list named; /* to be subscribed */
    struct list asked; /* SUBSCRIBE is sent */
    struct list refused;
    unsigned long long tickets, confirmations; /* of this connection */
    unsigned long long enough; /* confirmations of what is subscribed since before it */
    struct flood flood;
};

bool subscriptions_are_complete(const struct subscriptions *all)
{
    return wire_is_open(all->wire) && all->confirmations >= all->enough;
}

size_t subscriptions_bytes(const struct subscriptions *all)
{
    return wire_bytes(all->wire);
}

/* --- adding and removing ---------------------------------------------------------------------- */

static int compare(const void *one, const void *other)
{
    const struct subscription *a = one, *b = other;

    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(a->channel, b->channel, a->len);
}

static struct subscription *find(const struct subscriptions *all, const char *channel, size_t len)
{
    const struct subscription key = {.channel = channel, .len = len};
    void *node = tfind(&key, &all->tree, compare);

    return node ? *(struct subscription **)node : NULL;
}

static bool is_sharded(const char *channel)
{
    return *channel == '{';
}

static struct subscription *make(const char *channel)
{
    size_t len = strlen(channel);
    struct subscription *one = xmalloc(sizeof(*one) + len + 1);

    *one = (struct subscription){.len = len};
    one->channel = memcpy(one + 1, channel, len + 1);
    return one;
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
    struct subscription *one = make(channel);

    one->hearer = hearer;
    one->user = user;
    one->is_awaited = hearer->done != NULL;
    if (!tsearch(one, &all->tree, compare))
        abort(); /* out of memory */
    TAILQ_INSERT_TAIL(&all->named, one, next);
    if (!wire_is_open(all->wire))
        refuse_later(all, one);
}

/* Redis is told by the caller, if it must be. */
static void forget(struct subscriptions *all, struct subscription *one)
{
    if (one->ticket)
        TAILQ_REMOVE(&all->asked, one, next);
    else
        TAILQ_REMOVE(&all->named, one, next);
    if (one->is_refused)
        TAILQ_REMOVE(&all->refused, one, refused);
    tdelete(one, &all->tree, compare);
    free(one);
}

void subscriptions_remove(struct subscriptions *all, const char *channel)
{
    struct subscription *one = find(all, channel, strlen(channel));

    if (!one)
        return;
    if (one->ticket && is_sharded(channel))
        wire_send(all->wire, 2, (const char *[]){"SUNSUBSCRIBE", channel}, NULL, 0);
    else if (one->ticket)
        wire_send(all->wire, 2, (const char *[]){"UNSUBSCRIBE", channel}, NULL, 1);
    forget(all, one);
}

/* One command for as many as it may name.  Sharded ones may have other slots: one each. */
static void ask_some(struct subscriptions *all)
{
    const char *argv[1 + SUBSCRIBE_BATCH];
    struct subscription *one = TAILQ_FIRST(&all->named);
    bool is_alone = is_sharded(one->channel);
    int argc = 1;

    argv[0] = is_alone ? "SSUBSCRIBE" : "SUBSCRIBE";
    do {
        TAILQ_REMOVE(&all->named, one, next);
        TAILQ_INSERT_TAIL(&all->asked, one, next);
        one->ticket = ++all->tickets;
        argv[argc++] = one->channel;
        one = TAILQ_FIRST(&all->named);
    } while (!is_alone && one && !is_sharded(one->channel) && argc <= SUBSCRIBE_BATCH);
    wire_send(all->wire, argc, argv, NULL, (size_t)argc - 1);
}

static void ask_all(struct subscriptions *all)
{
    while (!TAILQ_EMPTY(&all->named))
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

    TAILQ_FOREACH (one, &all->asked, next) {
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
    struct subscription *one = find(all, channel->str, channel->len);
    const struct reason reason = {0};

    all->confirmations++;
    if (one && one->ticket == all->confirmations) {
        one->is_heard = true;
        tell(one, STATUS_OK, &reason);
    }
    all->events->complete(all->user);
}

static void pass_on(struct subscriptions *all, const redisReply *channel, const redisReply *data)
{
    struct subscription *one = find(all, channel->str, channel->len);

    if (flood_heard(&all->flood, one ? &one->flow : NULL, data->len))
        all->events->much(all->user);
    if (one && one->is_heard && one->hearer->heard)
        one->hearer->heard(one->user, data->str, data->len);
}

/* A sharded subscription has ended.  We asked for that, unless it is one of ours that Redis has
 * confirmed: its slot goes to another node. */
static void end(struct subscriptions *all, const redisReply *channel)
{
    struct subscription *one = find(all, channel->str, channel->len);
    const struct hearer *hearer;
    void *user;

    if (!one || !one->is_heard)
        return;
    hearer = one->hearer;
    user = one->user;
    forget(all, one);
    log_error("Redis at %s: has ended the subscription of %s: its listeners get a gap",
              nodes_name(all->nodes), channel->str);
    if (hearer->flooded)
        hearer->flooded(user);
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

    if (reply->type == REDIS_REPLY_ERROR)
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
    all->enough = all->tickets;
    all->events->complete(all->user);
}

static void on_lost(void *user, const char *what, const char *why)
{
    struct subscriptions *all = user;
    struct subscription *one;

    all->events->lost(all->user, what, why);
    TAILQ_CONCAT(&all->named, &all->asked, next);
    all->tickets = all->confirmations = 0;
    TAILQ_FOREACH (one, &all->named, next) {
        one->ticket = 0;
        one->is_heard = false;
        refuse_later(all, one);
    }
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
    TAILQ_INIT(&all->named);
    TAILQ_INIT(&all->asked);
    TAILQ_INIT(&all->refused);
    all->wire = wire_new(loop, turn, nodes, &wire_events, all);
    return all;
}

static void free_all(struct list *list)
{
    struct subscription *one;

    while ((one = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, one, next);
        free(one);
    }
}

static void keep(void *one)
{
    (void)one; /* the lists free it */
}

void subscriptions_free(struct subscriptions *all)
{
    if (!all)
        return;
    wire_free(all->wire);
    flood_clear(&all->flood);
    tdestroy(all->tree, keep);
    free_all(&all->named);
    free_all(&all->asked);
    free(all);
}
