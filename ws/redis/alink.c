/* alink.c - Redis for an event loop.
 *
 * Calls go over the connections of ways.c, and their answers come in the order of the calls;
 * subscriptions have another one, in subscription.c.  nodes.h has the address of Redis, which
 * scout.c finds where there are sentinels.  What is to be told without a turn of the loop
 * between (a call while Redis is away, a loss) waits for the timer `late`; what was said in one
 * turn is written at its end, by `turn_end`.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/alink.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/memory.h"
#include "redis/nodes.h"
#include "redis/reply.h"
#include "ws/redis/aside.h"
#include "ws/redis/scout.h"
#include "ws/redis/subscription.h"
#include "ws/redis/ways.h"
#include "ws/redis/window.h"

enum {
    FAILED_AT_ONCE = 256, /* calls that are told their failure in one turn of the loop */
};

struct waiting {
    struct piped piped; /* the first member: a list of these is one of those */
    struct alink *alink;
    alink_done *done;
    void *user;
    alink_wanted *wanted; /* NULL: it must run */
    struct expected expected;
};

/* What the owner knows of Redis. */
enum presence {
    AWAY, /* down(), or nothing yet, was told last */
    UP,
    LOST, /* up() was told last; down() comes with the timer */
};

struct alink {
    struct ev_loop *loop;
    struct nodes nodes;
    const struct alink_events *events;
    void *user;
    struct ways *ways;
    struct scout *scout; /* NULL: the settings say where Redis is */
    struct subscriptions *subscriptions;
    struct piped_list held[ANSWERS]; /* to be sent when less is awaited */
    struct window window;            /* of the answers */
    struct asides asides;            /* before and behind calls, which are in no list then */
    struct piped_list failed;        /* done(UNAVAILABLE) with the timer */
    size_t waiting;                  /* in all of them */
    ev_timer late;
    ev_prepare turn_end;
    enum presence presence;
};

static void soon(void *user)
{
    struct alink *alink = user;

    if (ev_is_active(&alink->late))
        return;
    ev_timer_set(&alink->late, 0.0, 0.0);
    ev_timer_start(alink->loop, &alink->late);
}

bool alink_is_up(const struct alink *alink)
{
    return alink->presence == UP;
}

size_t alink_waiting(const struct alink *alink)
{
    return alink->waiting;
}

/* --- calls ------------------------------------------------------------------------------------ */

static struct waiting *first_of(const struct piped_list *calls)
{
    return (struct waiting *)STAILQ_FIRST(calls);
}

size_t alink_bytes(const struct alink *alink)
{
    return ways_bytes(alink->ways) + subscriptions_bytes(alink->subscriptions);
}

static struct expected expect(const struct alink *alink, const struct call *call)
{
    return window_expect(&alink->window, call, (size_t)alink->nodes.settings->max_message);
}

bool alink_expects_much(const struct alink *alink, const struct call *call)
{
    return expect(alink, call).answer == ANSWER_LARGE;
}

static struct waiting *waiting_new(struct alink *alink, struct call *call, alink_done *done,
                                   void *user)
{
    struct waiting *waiting = xmalloc(sizeof(*waiting));

    *waiting = (struct waiting){.piped.run.call = call, .alink = alink, .done = done, .user = user};
    alink->waiting++;
    return waiting;
}

static void begin_call(struct alink *alink, struct waiting *waiting)
{
    window_enter(&alink->window, &waiting->expected);
    ways_send(alink->ways, &waiting->piped);
}

/* Behind those that are held, but for what has no messages. */
static bool may_begin(const struct alink *alink, const struct waiting *waiting)
{
    const struct expected *expected = &waiting->expected;

    return !expected->most || (STAILQ_EMPTY(&alink->held[expected->answer]) &&
                               window_admits(&alink->window, expected));
}

static void start(struct alink *alink, struct waiting *waiting)
{
    if (!ways_are_open(alink->ways, waiting->piped.run.call)) {
        STAILQ_INSERT_TAIL(&alink->failed, &waiting->piped, next);
        soon(alink);
    } else if (may_begin(alink, waiting)) {
        begin_call(alink, waiting);
    } else {
        STAILQ_INSERT_TAIL(&alink->held[waiting->expected.answer], &waiting->piped, next);
    }
}

/* Tells the end of a call, a struct waiting that is in no list any more. */
static void finish(void *user, enum status status, const struct reason *reason)
{
    struct waiting *waiting = user;
    struct alink *alink = waiting->alink;
    const char *trash = call_left_trash(waiting->piped.run.call);
    alink_done *done = waiting->done;

    user = waiting->user;
    if (trash && alink->events->trash)
        alink->events->trash(alink->user, trash);
    free(waiting);
    alink->waiting--;
    if (done)
        done(user, status, reason);
}

static void give_up_call(struct waiting *waiting)
{
    struct reason reason = {0};

    refuse(&reason, STATUS_UNAVAILABLE, "nobody waits for it any more");
    finish(waiting, STATUS_UNAVAILABLE, &reason);
}

static void on_before(void *user, enum status status, const struct reason *reason)
{
    struct waiting *waiting = user;

    if (status != STATUS_OK)
        finish(waiting, status, reason);
    else if (waiting->wanted && !waiting->wanted(waiting->user))
        give_up_call(waiting);
    else
        start(waiting->alink, waiting);
}

void alink_run_if(struct alink *alink, struct call *call, alink_wanted *wanted, alink_done *done,
                  void *user)
{
    struct waiting *waiting = waiting_new(alink, call, done, user);

    call_own(call);
    waiting->wanted = wanted;
    waiting->expected = expect(alink, call);
    if (!aside_before(&alink->asides, call, on_before, waiting))
        start(alink, waiting);
}

void alink_run(struct alink *alink, struct call *call, alink_done *done, void *user)
{
    alink_run_if(alink, call, NULL, done, user);
}

static void begin_held(struct alink *alink, enum answer answer)
{
    struct piped_list *held = &alink->held[answer];
    struct waiting *waiting;

    while ((waiting = first_of(held)) && window_admits(&alink->window, &waiting->expected)) {
        STAILQ_REMOVE_HEAD(held, next);
        if (waiting->wanted && !waiting->wanted(waiting->user))
            give_up_call(waiting);
        else
            begin_call(alink, waiting);
    }
}

static void on_answered(void *user, struct piped *piped, redisReply *reply, const struct next *next,
                        const struct reason *reason)
{
    struct waiting *waiting = (struct waiting *)piped;
    struct alink *alink = user;

    call_keep_reply(piped->run.call, reply); /* and valid until finish(), at least */
    if (waiting->expected.most)
        window_leave(&alink->window, &waiting->expected, reply_bytes(reply));
    if (next->step == STEP_RECONNECT) {
        ways_break(alink->ways, "refused", reply->str);
        subscriptions_break(alink->subscriptions, "refused", reply->str);
    }
    if (next->status != STATUS_OK || !aside_after(&alink->asides, piped->run.call, finish, waiting))
        finish(waiting, next->status, reason);
    for (int answer = 0; answer < ANSWERS && ways_are_open(alink->ways, NULL); answer++)
        begin_held(alink, (enum answer)answer);
}

/* --- up --------------------------------------------------------------------------------------- */

/* To be called whenever something became complete. */
static void look_whether_up(void *user)
{
    struct alink *alink = user;

    if (alink->presence != AWAY || !ways_are_open(alink->ways, NULL) ||
        !subscriptions_are_complete(alink->subscriptions))
        return;
    nodes_answered(&alink->nodes);
    scout_rest(alink->scout);
    alink->presence = UP;
    alink->events->up(alink->user);
}

/* Without a reason it was we who ended the connection. */
static void on_lost(void *user, const char *what, const char *why)
{
    struct alink *alink = user;

    if (why) {
        nodes_failed(&alink->nodes, what, why);
        scout_hurry(alink->scout);
    }
    if (alink->presence != UP)
        return;
    alink->presence = LOST;
    soon(alink);
}

static void on_commands_lost(void *user, const char *what, const char *why,
                             struct piped_list *calls)
{
    struct alink *alink = user;

    on_lost(alink, what, why);
    if (!STAILQ_EMPTY(calls))
        soon(alink);
    STAILQ_CONCAT(&alink->failed, calls);
    for (int answer = 0; answer < ANSWERS; answer++)
        STAILQ_CONCAT(&alink->failed, &alink->held[answer]);
    window_forget(&alink->window);
}

/* What was published is heard all the same. */
static void on_pushes_lost(void *user, const char *what, const char *why, struct piped_list *calls)
{
    struct alink *alink = user;

    if (why)
        nodes_failed(&alink->nodes, what, why);
    if (!STAILQ_EMPTY(calls))
        soon(alink);
    STAILQ_CONCAT(&alink->failed, calls);
}

static void on_pushes_open(void *user)
{
    struct alink *alink = user;

    if (alink->presence == UP)
        nodes_answered(&alink->nodes);
}

/* What they are told may make them run others, which then wait for the next time. */
static void fail_calls(struct alink *alink)
{
    struct piped_list calls = STAILQ_HEAD_INITIALIZER(calls);
    struct waiting *waiting;

    STAILQ_CONCAT(&calls, &alink->failed);
    for (int i = 0; i < FAILED_AT_ONCE && (waiting = first_of(&calls)); i++) {
        const struct piped *piped = &waiting->piped;
        struct reason reason = {0};

        STAILQ_REMOVE_HEAD(&calls, next);
        finish(waiting, next_of_loss(piped->run.call, piped->may_have_run, &reason), &reason);
    }
    if (STAILQ_EMPTY(&calls))
        return;
    STAILQ_CONCAT(&calls, &alink->failed); /* the older ones first */
    STAILQ_CONCAT(&alink->failed, &calls);
    soon(alink);
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct alink *alink = timer->data;

    (void)loop;
    (void)events;
    if (alink->presence == LOST) {
        alink->presence = AWAY;
        alink->events->down(alink->user);
    }
    look_whether_up(alink);
    fail_calls(alink);
    subscriptions_tell_refused(alink->subscriptions);
}

/* Runs last in a turn (EV_MINPRI): flushes what was queued, calls nobody back. */
static void on_turn_end(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct alink *alink = prepare->data;

    (void)loop;
    (void)events;
    ways_flush(alink->ways);
    scout_flush(alink->scout);
    subscriptions_flush(alink->subscriptions);
}

/* --- subscriptions ---------------------------------------------------------------------------- */

void alink_subscribe(struct alink *alink, const char *channel, const struct hearer *hearer,
                     void *user)
{
    subscriptions_add(alink->subscriptions, channel, hearer, user);
}

void alink_unsubscribe(struct alink *alink, const char *channel)
{
    subscriptions_remove(alink->subscriptions, channel);
}

static void on_asked_held(void *user, enum status status, const struct reason *reason)
{
    struct alink *alink = user;

    (void)reason;
    subscriptions_asked_held(alink->subscriptions, status);
}

/* Before the calls that wait for large answers: it must not be late. */
static void look_for_flood(void *user)
{
    struct alink *alink = user;
    struct call *call;

    if (!ways_are_open(alink->ways, NULL) || !(call = subscriptions_ask_held(alink->subscriptions)))
        return;
    begin_call(alink, waiting_new(alink, call, on_asked_held, alink));
}

/* --- life ------------------------------------------------------------------------------------- */

static const struct ways_events ways_events = {
    .open = look_whether_up,
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

static void renew(struct alink *alink)
{
    ways_renew(alink->ways);
    subscriptions_renew(alink->subscriptions);
}

/* A sentinel has named the master. */
static bool on_found(void *user, const char *at)
{
    struct alink *alink = user;
    bool is_other = nodes_found(&alink->nodes, at);

    if (is_other)
        renew(alink);
    return is_other;
}

struct alink *alink_new(struct ev_loop *loop, struct turn *turn, const struct settings *settings,
                        const struct alink_events *events, void *user)
{
    struct alink *alink = xmalloc(sizeof(*alink));

    *alink = (struct alink){.loop = loop, .events = events, .user = user};
    alink->asides = (struct asides){.alink = alink, .run = alink_run};
    nodes_init(&alink->nodes, settings);
    window_begin(&alink->window);
    for (int answer = 0; answer < ANSWERS; answer++)
        STAILQ_INIT(&alink->held[answer]);
    STAILQ_INIT(&alink->failed);
    alink->ways = ways_new(loop, turn, &alink->nodes, &ways_events, alink);
    alink->subscriptions =
        subscriptions_new(loop, turn, &alink->nodes, &subscription_events, alink);
    if (nodes_have_sentinels(&alink->nodes))
        alink->scout = scout_new(loop, turn, settings, on_found, alink);
    ev_init(&alink->late, on_late);
    alink->late.data = alink;
    ev_prepare_init(&alink->turn_end, on_turn_end);
    alink->turn_end.data = alink;
    ev_set_priority(&alink->turn_end, EV_MINPRI); /* after the other ends of the turn */
    ev_prepare_start(loop, &alink->turn_end);
    return alink;
}

static void forget_calls(struct piped_list *calls)
{
    struct waiting *waiting;

    while ((waiting = first_of(calls))) {
        STAILQ_REMOVE_HEAD(calls, next);
        free(waiting);
    }
}

void alink_free(struct alink *alink)
{
    if (!alink)
        return;
    ev_timer_stop(alink->loop, &alink->late);
    ev_prepare_stop(alink->loop, &alink->turn_end);
    ways_forget(alink->ways, &alink->failed);
    ways_free(alink->ways);
    scout_free(alink->scout);
    subscriptions_free(alink->subscriptions);
    nodes_clear(&alink->nodes);
    for (int answer = 0; answer < ANSWERS; answer++)
        forget_calls(&alink->held[answer]);
    forget_calls(&alink->failed);
    asides_clear(&alink->asides, free);
    free(alink);
}

void alink_configure(struct alink *alink, const struct settings *old,
                     const struct settings *settings)
{
    bool is_other = nodes_configure(&alink->nodes, old, settings);

    ways_configure(alink->ways);
    scout_configure(alink->scout, old, settings);
    if (is_other)
        renew(alink);
}
