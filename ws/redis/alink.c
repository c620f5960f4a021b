/* alink.c - Redis for an event loop.
 *
 * Two wires: commands, whose answers come in the order of the calls, and subscriptions.  What is to
 * be told without a turn of the loop between (a call while Redis is away, a loss) waits for the
 * timer `late`; what was said in one turn is written at its end, by `turn_end`.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/alink.h"

#include <hiredis/hiredis.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/memory.h"
#include "broker/scripts.h"
#include "redis/login.h"
#include "redis/next.h"
#include "redis/reply.h"
#include "ws/redis/flood.h"
#include "ws/redis/window.h"
#include "ws/redis/wire.h"

enum {
    SUBSCRIBE_BATCH = 256, /* channels in one command */
    FAILED_AT_ONCE = 256,  /* calls that are told their failure in one turn of the loop */
};

struct waiting {
    STAILQ_ENTRY(waiting) next;
    struct run run;
    alink_done *done;
    void *user;
    unsigned long long position; /* of its end in the wire */
    alink_wanted *wanted;        /* NULL: it must run */
    struct expected expected;
    bool may_have_run; /* and no answer will tell */
};
STAILQ_HEAD(calls, waiting);

struct channel {
    TAILQ_ENTRY(channel) next;    /* in named or asked */
    TAILQ_ENTRY(channel) refused; /* in refused, if is_refused */
    alink_done *done;             /* NULL: nobody waits (any more) */
    void *user;
    unsigned long long ticket; /* in asked: the number of its SUBSCRIBE */
    bool is_heard;             /* in asked: confirmed */
    struct flow flow;
    bool is_refused;
    size_t len;
    const char *name; /* behind the struct, or a key that is looked for */
};
TAILQ_HEAD(channels, channel);

struct alink {
    struct ev_loop *loop;
    const struct settings *settings;
    const struct alink_events *events;
    void *user;
    struct wire *commands;
    struct wire *subscriptions;
    struct calls held[ANSWERS]; /* to be sent when less is awaited */
    struct calls sent;          /* without an answer yet */
    struct window window;       /* of their answers */
    struct calls failed;        /* done(UNAVAILABLE) with the timer */
    size_t waiting;             /* in all of them */
    void *tree;            /* all channels; a tree, as names that clients choose may not collide */
    struct channels named; /* to be subscribed */
    struct channels asked; /* SUBSCRIBE is sent */
    struct channels refused;
    unsigned long long tickets, confirmations; /* of this connection */
    unsigned long long enough;                 /* confirmations of all channels from before it */
    struct flood flood;
    ev_timer late;
    ev_prepare turn_end;
    bool said_up;    /* the last that was told: up() or down() */
    bool has_lost;   /* since up(): down() comes with the timer */
    bool is_logged;  /* that Redis is away */
    bool tells_back; /* that it is there is worth a line */
};

static void soon(struct alink *alink)
{
    if (ev_is_active(&alink->late))
        return;
    ev_timer_set(&alink->late, 0.0, 0.0);
    ev_timer_start(alink->loop, &alink->late);
}

bool alink_is_up(const struct alink *alink)
{
    return alink->said_up && !alink->has_lost;
}

size_t alink_waiting(const struct alink *alink)
{
    return alink->waiting;
}

/* --- calls ------------------------------------------------------------------------------------ */

static void send_call(struct alink *alink, struct waiting *waiting)
{
    struct call *call = waiting->run.call;
    int argc = call_resolve(call, waiting->run.with_text);

    waiting->position = wire_send(alink->commands, argc, call->argv, call->argv_len, 1);
    STAILQ_INSERT_TAIL(&alink->sent, waiting, next);
}

size_t alink_bytes(const struct alink *alink)
{
    return wire_bytes(alink->commands) + wire_bytes(alink->subscriptions);
}

static struct expected expect(const struct alink *alink, const struct call *call)
{
    return window_expect(&alink->window, call, (size_t)alink->settings->max_message);
}

bool alink_expects_much(const struct alink *alink, const struct call *call)
{
    return expect(alink, call).answer == ANSWER_LARGE;
}

static void begin_call(struct alink *alink, struct waiting *waiting)
{
    window_enter(&alink->window, &waiting->expected);
    send_call(alink, waiting);
}

static void hold_call(struct alink *alink, struct waiting *waiting)
{
    call_own(waiting->run.call);
    STAILQ_INSERT_TAIL(&alink->held[waiting->expected.answer], waiting, next);
}

/* Behind those that are held, but for what has no messages. */
static bool may_begin(const struct alink *alink, const struct waiting *waiting)
{
    const struct expected *expected = &waiting->expected;

    return !expected->most || (STAILQ_EMPTY(&alink->held[expected->answer]) &&
                               window_admits(&alink->window, expected));
}

void alink_run_if(struct alink *alink, struct call *call, alink_wanted *wanted, alink_done *done,
                  void *user)
{
    struct waiting *waiting = xmalloc(sizeof(*waiting));

    *waiting =
        (struct waiting){.run = {.call = call}, .done = done, .user = user, .wanted = wanted};
    waiting->expected = expect(alink, call);
    alink->waiting++;
    if (!wire_is_open(alink->commands)) {
        STAILQ_INSERT_TAIL(&alink->failed, waiting, next);
        soon(alink);
    } else if (may_begin(alink, waiting)) {
        begin_call(alink, waiting);
    } else {
        hold_call(alink, waiting);
    }
}

void alink_run(struct alink *alink, struct call *call, alink_done *done, void *user)
{
    alink_run_if(alink, call, NULL, done, user);
}

/* Tells the end of a call, which is in no list any more. */
static void finish(struct alink *alink, struct waiting *waiting, enum status status,
                   const struct reason *reason)
{
    alink_done *done = waiting->done;
    void *user = waiting->user;

    if (alink->events->ran)
        alink->events->ran(alink->user, waiting->run.call);
    free(waiting);
    alink->waiting--;
    if (done)
        done(user, status, reason);
}

static void give_up_call(struct alink *alink, struct waiting *waiting)
{
    struct reason reason = {0};

    refuse(&reason, STATUS_UNAVAILABLE, "nobody waits for it any more");
    finish(alink, waiting, STATUS_UNAVAILABLE, &reason);
}

static void begin_held(struct alink *alink, enum answer answer)
{
    struct calls *held = &alink->held[answer];
    struct waiting *waiting;

    while ((waiting = STAILQ_FIRST(held)) && window_admits(&alink->window, &waiting->expected)) {
        STAILQ_REMOVE_HEAD(held, next);
        if (waiting->wanted && !waiting->wanted(waiting->user))
            give_up_call(alink, waiting);
        else
            begin_call(alink, waiting);
    }
}

/* The first of the calls was answered. */
static void on_answer(void *user, const redisReply *reply)
{
    struct alink *alink = user;
    struct waiting *waiting = STAILQ_FIRST(&alink->sent);
    struct reason reason = {0};
    struct next next;

    STAILQ_REMOVE_HEAD(&alink->sent, next);
    next = next_of(&waiting->run, reply, &reason);
    if (next_is_sending(&next)) {
        send_call(alink, waiting);
        return;
    }
    if (waiting->expected.most)
        window_leave(&alink->window, &waiting->expected, reply_bytes(reply));
    if (next.step == STEP_RECONNECT) {
        wire_break(alink->commands, "refused", reply->str);
        wire_break(alink->subscriptions, "refused", reply->str);
    }
    finish(alink, waiting, next.status, &reason);
    for (int answer = 0; answer < ANSWERS && wire_is_open(alink->commands); answer++)
        begin_held(alink, (enum answer)answer);
}

/* --- up --------------------------------------------------------------------------------------- */

static bool is_complete(const struct alink *alink)
{
    return wire_is_open(alink->commands) && wire_is_open(alink->subscriptions) &&
           alink->confirmations >= alink->enough;
}

/* To be called whenever something became complete. */
static void look_whether_up(struct alink *alink)
{
    if (alink->said_up || !is_complete(alink))
        return;
    if (alink->tells_back)
        log_info("Redis at %s: back", alink->settings->redis);
    alink->is_logged = alink->tells_back = false;
    alink->said_up = true;
    alink->events->up(alink->user);
}

/* --- channels --------------------------------------------------------------------------------- */

static int compare(const void *one, const void *other)
{
    const struct channel *a = one, *b = other;

    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(a->name, b->name, a->len);
}

static struct channel *find(const struct alink *alink, const char *name, size_t len)
{
    const struct channel key = {.name = name, .len = len};
    void *node = tfind(&key, &alink->tree, compare);

    return node ? *(struct channel **)node : NULL;
}

static struct channel *channel_new(const char *name)
{
    size_t len = strlen(name);
    struct channel *channel = xmalloc(sizeof(*channel) + len + 1);

    *channel = (struct channel){.len = len};
    channel->name = memcpy(channel + 1, name, len + 1);
    return channel;
}

static void refuse_channel(struct alink *alink, struct channel *channel)
{
    if (!channel->done || channel->is_refused)
        return;
    channel->is_refused = true;
    TAILQ_INSERT_TAIL(&alink->refused, channel, refused);
    soon(alink);
}

void alink_subscribe(struct alink *alink, const char *name, alink_done *done, void *user)
{
    struct channel *channel = channel_new(name);

    channel->done = done;
    channel->user = user;
    if (!tsearch(channel, &alink->tree, compare))
        abort(); /* out of memory */
    TAILQ_INSERT_TAIL(&alink->named, channel, next);
    if (!wire_is_open(alink->subscriptions))
        refuse_channel(alink, channel);
}

void alink_unsubscribe(struct alink *alink, const char *name)
{
    struct channel *channel = find(alink, name, strlen(name));

    if (!channel)
        return;
    if (channel->ticket) {
        TAILQ_REMOVE(&alink->asked, channel, next);
        wire_send(alink->subscriptions, 2, (const char *[]){"UNSUBSCRIBE", name}, NULL, 1);
    } else {
        TAILQ_REMOVE(&alink->named, channel, next);
    }
    if (channel->is_refused)
        TAILQ_REMOVE(&alink->refused, channel, refused);
    tdelete(channel, &alink->tree, compare);
    free(channel);
}

/* One SUBSCRIBE for as many as it may name. */
static void ask_some(struct alink *alink)
{
    const char *argv[1 + SUBSCRIBE_BATCH] = {"SUBSCRIBE"};
    struct channel *channel;
    int argc = 1;

    while (argc <= SUBSCRIBE_BATCH && (channel = TAILQ_FIRST(&alink->named))) {
        TAILQ_REMOVE(&alink->named, channel, next);
        TAILQ_INSERT_TAIL(&alink->asked, channel, next);
        channel->ticket = ++alink->tickets;
        argv[argc++] = channel->name;
    }
    wire_send(alink->subscriptions, argc, argv, NULL, (size_t)argc - 1);
}

static void ask_all(struct alink *alink)
{
    while (!TAILQ_EMPTY(&alink->named))
        ask_some(alink);
}

static void tell_channel(struct channel *channel, enum status status, const struct reason *reason)
{
    alink_done *done = channel->done;

    channel->done = NULL;
    if (done)
        done(channel->user, status, reason);
}

/* Confirmations come in the order of the tickets; one may be for a channel that was given up. */
static void confirm(struct alink *alink, const redisReply *name)
{
    struct channel *channel = find(alink, name->str, name->len);
    const struct reason reason = {0};

    alink->confirmations++;
    if (channel && channel->ticket == alink->confirmations) {
        channel->is_heard = true;
        tell_channel(channel, STATUS_OK, &reason);
    }
    look_whether_up(alink);
}

/* --- floods ----------------------------------------------------------------------------------- */

static void leave_flooded(struct alink *alink)
{
    struct channel *channel, *most = NULL;
    size_t most_bytes = 0, bytes;
    char *name;

    TAILQ_FOREACH (channel, &alink->asked, next) {
        bytes = flood_share(&alink->flood, &channel->flow);
        if (bytes > most_bytes) {
            most = channel;
            most_bytes = bytes;
        }
    }
    if (!most)
        return;
    name = xstrdup(most->name);
    alink_unsubscribe(alink, name);
    log_error("Redis at %s: more is published on %s than can be read: its listeners get a gap",
              alink->settings->redis, name);
    alink->events->flooded(alink->user, name);
    free(name);
}

static void on_flood_asked(void *user, enum status status, const struct reason *reason)
{
    struct alink *alink = user;

    (void)reason;
    if (flood_asked(&alink->flood, status) && wire_is_open(alink->subscriptions))
        leave_flooded(alink);
}

/* Before the calls that wait for large answers: it must not be late. */
static void look_for_flood(struct alink *alink)
{
    struct waiting *waiting;
    struct call *call;

    if (!alink->events->flooded || !wire_is_open(alink->commands) ||
        !(call = flood_ask(&alink->flood)))
        return;
    waiting = xmalloc(sizeof(*waiting));
    *waiting = (struct waiting){.run = {.call = call}, .done = on_flood_asked, .user = alink};
    alink->waiting++;
    begin_call(alink, waiting);
}

static void greet_subscriptions(void *user, struct wire *wire)
{
    flood_begin(&((struct alink *)user)->flood, 0);
    wire_send(wire, 2, (const char *[]){"CLIENT", "ID"}, NULL, 1);
}

static bool on_subscriptions_greeted(void *user, const redisReply *reply)
{
    struct alink *alink = user;

    if (reply->type == REDIS_REPLY_INTEGER)
        flood_begin(&alink->flood, reply->integer);
    return reply->type == REDIS_REPLY_ERROR &&
           (strncmp(reply->str, "NOPERM", 6) == 0 || strncmp(reply->str, "ERR unknown", 11) == 0);
}

static void pass_on(struct alink *alink, const redisReply *name, const redisReply *data)
{
    struct channel *channel = find(alink, name->str, name->len);

    flood_heard(&alink->flood, channel ? &channel->flow : NULL, data->len);
    look_for_flood(alink);
    if (channel && channel->is_heard)
        alink->events->message(alink->user, name->str, name->len, data->str, data->len);
}

static void on_publication(void *user, const redisReply *reply)
{
    struct alink *alink = user;

    if (reply->type == REDIS_REPLY_ERROR)
        wire_break(alink->subscriptions, "refused", reply->str);
    else if (!reply_is_array(reply, 3))
        wire_break(alink->subscriptions, "unexpected answer", "no array");
    else if (strcmp(reply->element[0]->str, "message") == 0)
        pass_on(alink, reply->element[1], reply->element[2]);
    else if (strcmp(reply->element[0]->str, "subscribe") == 0)
        confirm(alink, reply->element[1]);
}

/* --- coming and going ------------------------------------------------------------------------- */

static void lost(struct alink *alink, const char *what, const char *why)
{
    if (!alink->is_logged)
        log_error("Redis at %s: %s: %s", alink->settings->redis, what, why);
    alink->is_logged = alink->tells_back = true;
    if (!alink->said_up)
        return;
    alink->has_lost = true;
    soon(alink);
}

static void on_commands_lost(void *user, const char *what, const char *why)
{
    struct alink *alink = user;
    struct waiting *waiting;

    lost(alink, what, why);
    STAILQ_FOREACH (waiting, &alink->sent, next)
        waiting->may_have_run = wire_has_written(alink->commands, waiting->position);
    if (!STAILQ_EMPTY(&alink->sent))
        soon(alink);
    STAILQ_CONCAT(&alink->failed, &alink->sent);
    for (int answer = 0; answer < ANSWERS; answer++)
        STAILQ_CONCAT(&alink->failed, &alink->held[answer]);
    window_forget(&alink->window);
}

static void on_subscriptions_lost(void *user, const char *what, const char *why)
{
    struct alink *alink = user;
    struct channel *channel;

    lost(alink, what, why);
    TAILQ_CONCAT(&alink->named, &alink->asked, next);
    alink->tickets = alink->confirmations = 0;
    TAILQ_FOREACH (channel, &alink->named, next) {
        channel->ticket = 0;
        channel->is_heard = false;
        refuse_channel(alink, channel);
    }
}

static void greet_commands(void *user, struct wire *wire)
{
    (void)user;
    for (const struct script *const *script = all_scripts; *script; script++)
        wire_send(wire, 3, (const char *[]){"SCRIPT", "LOAD", (*script)->text}, NULL, 1);
}

static void on_commands_open(void *user)
{
    look_whether_up(user);
}

static void on_subscriptions_open(void *user)
{
    struct alink *alink = user;

    ask_all(alink);
    alink->enough = alink->tickets;
    look_whether_up(alink);
}

static void tell_down(struct alink *alink)
{
    alink->said_up = false;
    alink->has_lost = false;
    alink->events->down(alink->user);
}

/* What they are told may make them run others, which then wait for the next time. */
static void fail_calls(struct alink *alink)
{
    struct calls calls = STAILQ_HEAD_INITIALIZER(calls);
    struct waiting *waiting;

    STAILQ_CONCAT(&calls, &alink->failed);
    for (int i = 0; i < FAILED_AT_ONCE && (waiting = STAILQ_FIRST(&calls)); i++) {
        struct reason reason = {0};

        STAILQ_REMOVE_HEAD(&calls, next);
        finish(alink, waiting, next_of_loss(waiting->run.call, waiting->may_have_run, &reason),
               &reason);
    }
    if (STAILQ_EMPTY(&calls))
        return;
    STAILQ_CONCAT(&calls, &alink->failed); /* the older ones first */
    STAILQ_CONCAT(&alink->failed, &calls);
    soon(alink);
}

static void refuse_channels(struct alink *alink)
{
    struct channel *channel;
    struct reason reason = {0};
    size_t count = 0;

    refuse(&reason, STATUS_UNAVAILABLE, "Redis is unavailable");
    TAILQ_FOREACH (channel, &alink->refused, refused)
        count++;
    while (count-- > 0 && (channel = TAILQ_FIRST(&alink->refused))) {
        TAILQ_REMOVE(&alink->refused, channel, refused);
        channel->is_refused = false;
        tell_channel(channel, STATUS_UNAVAILABLE, &reason);
    }
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct alink *alink = timer->data;

    (void)loop;
    (void)events;
    if (alink->has_lost)
        tell_down(alink);
    look_whether_up(alink);
    fail_calls(alink);
    refuse_channels(alink);
}

/* Runs last in a turn (EV_MINPRI): flushes what was queued, calls nobody back. */
static void on_turn_end(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct alink *alink = prepare->data;

    (void)loop;
    (void)events;
    if (wire_is_open(alink->subscriptions))
        ask_all(alink);
    wire_flush(alink->commands);
    wire_flush(alink->subscriptions);
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_busy(void *user, bool is_busy)
{
    const struct alink *alink = user;

    if (alink->events->busy)
        alink->events->busy(alink->user, is_busy);
}

static const struct wire_events command_events = {
    .busy = on_busy,
    .greet = greet_commands,
    .open = on_commands_open,
    .reply = on_answer,
    .lost = on_commands_lost,
};

static const struct wire_events subscription_events = {
    .busy = on_busy,
    .greet = greet_subscriptions,
    .greeted = on_subscriptions_greeted,
    .open = on_subscriptions_open,
    .reply = on_publication,
    .lost = on_subscriptions_lost,
    .has_messages = true,
};

struct alink *alink_new(struct ev_loop *loop, const struct settings *settings,
                        const struct alink_events *events, void *user)
{
    struct alink *alink = xmalloc(sizeof(*alink));

    *alink = (struct alink){.loop = loop, .settings = settings, .events = events, .user = user};
    window_begin(&alink->window);
    for (int answer = 0; answer < ANSWERS; answer++)
        STAILQ_INIT(&alink->held[answer]);
    STAILQ_INIT(&alink->sent);
    STAILQ_INIT(&alink->failed);
    TAILQ_INIT(&alink->named);
    TAILQ_INIT(&alink->asked);
    TAILQ_INIT(&alink->refused);
    alink->commands = wire_new(loop, &alink->settings, &command_events, alink);
    alink->subscriptions = wire_new(loop, &alink->settings, &subscription_events, alink);
    ev_init(&alink->late, on_late);
    alink->late.data = alink;
    ev_prepare_init(&alink->turn_end, on_turn_end);
    alink->turn_end.data = alink;
    ev_set_priority(&alink->turn_end, EV_MINPRI); /* after the other ends of the turn */
    ev_prepare_start(loop, &alink->turn_end);
    return alink;
}

static void forget_calls(struct calls *calls)
{
    struct waiting *waiting;

    while ((waiting = STAILQ_FIRST(calls))) {
        STAILQ_REMOVE_HEAD(calls, next);
        free(waiting);
    }
}

static void forget_channels(struct channels *channels)
{
    struct channel *channel;

    while ((channel = TAILQ_FIRST(channels))) {
        TAILQ_REMOVE(channels, channel, next);
        free(channel);
    }
}

static void keep(void *channel)
{
    (void)channel; /* the lists free it */
}

void alink_free(struct alink *alink)
{
    if (!alink)
        return;
    ev_timer_stop(alink->loop, &alink->late);
    ev_prepare_stop(alink->loop, &alink->turn_end);
    wire_free(alink->commands);
    wire_free(alink->subscriptions);
    for (int answer = 0; answer < ANSWERS; answer++)
        forget_calls(&alink->held[answer]);
    forget_calls(&alink->sent);
    forget_calls(&alink->failed);
    flood_clear(&alink->flood);
    tdestroy(alink->tree, keep);
    forget_channels(&alink->named);
    forget_channels(&alink->asked);
    free(alink);
}

static void dial_anew(struct wire *wire)
{
    wire_break(wire, "settings", "changed");
    wire_hurry(wire);
}

void alink_configure(struct alink *alink, const struct settings *old,
                     const struct settings *settings)
{
    bool was_logged = alink->is_logged, would_tell = alink->tells_back;
    bool is_other = strcmp(old->redis, settings->redis) != 0;

    alink->settings = settings;
    if (login_is_same(old, settings))
        return;
    alink->is_logged = true; /* that this ends a connection is worth no line */
    dial_anew(alink->commands);
    dial_anew(alink->subscriptions);
    /* Another one's troubles are, and that it is there. */
    alink->is_logged = was_logged && !is_other;
    alink->tells_back = would_tell || is_other;
}
