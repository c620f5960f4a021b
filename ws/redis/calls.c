/* calls.c - the calls of the helper on their way.
 *
 * A call is sent at once, or held in the order of its kind while window.h does not admit it.  Calls
 * that must run before or behind it are those of aside.h; those whose node is another one, of
 * detour.h.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/calls.h"

#include <hiredis/hiredis.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/memory.h"
#include "base/settings.h"
#include "base/target.h"
#include "redis/call.h"
#include "redis/reply.h"
#include "ws/redis/aside.h"
#include "ws/redis/detour.h"
#include "ws/redis/ways.h"

enum {
    FAILED_AT_ONCE = 256, /* calls that are told their failure in one turn of the loop */
};

struct waiting {
    struct piped piped; /* the first member: a list of these is one of those */
    struct calls *calls;
    calls_done *done;
    void *user;
    calls_wanted *wanted; /* NULL: it must run */
    struct lane *lane;    /* that it was sent by, or is held by */
    struct detour detour; /* with its slot */
    struct expected expected;
};

struct calls {
    const struct settings *settings;
    const struct calls_events *events;
    void *user;
    struct asides asides;     /* before and behind calls, which are in no list then */
    struct piped_list failed; /* done() comes with calls_tell_lost() */
    size_t waiting;           /* in all lists */
    struct detours detours;
    unsigned long long given; /* calls, ever */
};

static struct waiting *first_of(const struct piped_list *list)
{
    return (struct waiting *)STAILQ_FIRST(list);
}

size_t calls_waiting(const struct calls *calls)
{
    return calls->waiting;
}

static struct expected expect(const struct calls *calls, const struct lane *lane,
                              const struct call *call)
{
    return window_expect(&lane->window, call, (size_t)calls->settings->max_message);
}

bool calls_expect_much(const struct calls *calls, const struct call *call)
{
    const struct lane *lane = calls->events->lane_of(calls->user, call_slot(call));

    return lane && expect(calls, lane, call).answer == ANSWER_LARGE;
}

void lane_begin(struct lane *lane, struct ways *ways)
{
    lane->ways = ways;
    window_begin(&lane->window);
    for (int answer = 0; answer < ANSWERS; answer++)
        STAILQ_INIT(&lane->held[answer]);
}

/* --- to Redis --------------------------------------------------------------------------------- */

static struct waiting *waiting_new(struct calls *calls, struct call *call, calls_done *done,
                                   void *user)
{
    struct waiting *waiting = xmalloc(sizeof(*waiting));

    *waiting = (struct waiting){.piped.run.call = call, .calls = calls, .done = done, .user = user};
    waiting->piped.run.in_cluster = calls->detours.parking != NULL;
    waiting->detour.parked.slot = -1;
    calls->waiting++;
    return waiting;
}

static void begin_call(struct waiting *waiting)
{
    detour_sent(&waiting->calls->detours, &waiting->detour);
    window_enter(&waiting->lane->window, &waiting->expected);
    ways_send(waiting->lane->ways, &waiting->piped);
}

void calls_run_now(struct calls *calls, struct lane *lane, struct call *call, calls_done *done,
                   void *user)
{
    struct waiting *waiting = waiting_new(calls, call, done, user);

    waiting->lane = lane;
    begin_call(waiting);
}

/* Behind those that are held, but for what has no messages. */
static bool may_begin(const struct waiting *waiting)
{
    const struct expected *expected = &waiting->expected;

    return !expected->most || (STAILQ_EMPTY(&waiting->lane->held[expected->answer]) &&
                               window_admits(&waiting->lane->window, expected));
}

static void fail(struct calls *calls, struct waiting *waiting)
{
    STAILQ_INSERT_TAIL(&calls->failed, &waiting->piped, next);
    calls->events->lost(calls->user);
}

/* By that lane, now or when it may. */
static void send_by(struct calls *calls, struct waiting *waiting, struct lane *lane)
{
    waiting->lane = lane;
    waiting->expected = expect(calls, lane, waiting->piped.run.call);
    if (may_begin(waiting))
        begin_call(waiting);
    else
        STAILQ_INSERT_TAIL(&lane->held[waiting->expected.answer], &waiting->piped, next);
}

/* Does the lane wait for a node of a cluster? */
static bool waits_for(const struct calls *calls, const struct lane *lane)
{
    return calls->detours.parking && lane && lane->is_coming;
}

static void start(struct calls *calls, struct waiting *waiting)
{
    const struct call *call = waiting->piped.run.call;
    struct parked *parked = &waiting->detour.parked;
    struct lane *lane;

    if (calls->detours.parking)
        parked->slot = call_slot(call);
    parked->number = ++calls->given;
    lane = calls->events->lane_of(calls->user, parked->slot);
    if (detour_must(&calls->detours, &waiting->detour))
        detour_wait(&calls->detours, &waiting->detour, false);
    else if (lane && ways_are_open(lane->ways, call))
        send_by(calls, waiting, lane);
    else if (parked->slot >= 0 && waits_for(calls, lane))
        detour_wait(&calls->detours, &waiting->detour, true);
    else
        fail(calls, waiting);
}

/* Tells the end of a call, a struct waiting that is in no list any more. */
static void finish(void *user, enum status status, const struct reason *reason)
{
    struct waiting *waiting = user;
    struct calls *calls = waiting->calls;
    const char *trash = call_left_trash(waiting->piped.run.call);
    calls_done *done = waiting->done;

    user = waiting->user;
    if (trash)
        calls->events->trash(calls->user, trash);
    free(waiting);
    calls->waiting--;
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
        start(waiting->calls, waiting);
}

void calls_run(struct calls *calls, struct call *call, calls_wanted *wanted, calls_done *done,
               void *user)
{
    struct waiting *waiting = waiting_new(calls, call, done, user);

    call_own(call);
    waiting->wanted = wanted;
    if (!aside_before(&calls->asides, call, on_before, waiting))
        start(calls, waiting);
}

static void run_aside(struct calls *calls, struct call *call, aside_done *done, void *user)
{
    calls_run(calls, call, NULL, done, user);
}

/* --- from Redis ------------------------------------------------------------------------------- */

static void begin_held(struct lane *lane, enum answer answer)
{
    struct piped_list *held = &lane->held[answer];
    struct waiting *waiting;

    while ((waiting = first_of(held)) && window_admits(&lane->window, &waiting->expected)) {
        STAILQ_REMOVE_HEAD(held, next);
        if (waiting->wanted && !waiting->wanted(waiting->user))
            give_up_call(waiting);
        else if (detour_must(&waiting->calls->detours, &waiting->detour))
            detour_wait(&waiting->calls->detours, &waiting->detour, false);
        else
            begin_call(waiting);
    }
}

/* --- elsewhere in a cluster ------------------------------------------------------------------- */

static struct waiting *waiting_of(struct detour *detour)
{
    return (struct waiting *)((char *)detour - offsetof(struct waiting, detour));
}

static bool go(void *user, struct detour *detour, bool has_time)
{
    struct calls *calls = user;
    struct waiting *waiting = waiting_of(detour);
    struct lane *lane = detour->asked;
    bool is_open;

    if (!lane)
        lane = calls->events->lane_of(calls->user, detour->parked.slot);
    is_open = lane && ways_are_open(lane->ways, waiting->piped.run.call);
    if (!is_open && has_time && waits_for(calls, lane))
        return false;
    detour_end(&calls->detours, detour);
    waiting->piped.is_asking = detour->asked != NULL;
    if (waiting->wanted && !waiting->wanted(waiting->user))
        give_up_call(waiting);
    else if (is_open)
        send_by(calls, waiting, lane);
    else
        fail(calls, waiting);
    return true;
}

void calls_go_on(struct calls *calls)
{
    detours_go_on(&calls->detours);
}

/* The call was not run, and will be tried again. */
static bool goes_elsewhere(struct calls *calls, struct waiting *waiting, const struct next *next)
{
    if (!detour_begins(&calls->detours, &waiting->detour, next))
        return false;
    if (next->step == STEP_MOVED)
        calls->events->moved(calls->user, waiting->lane, &next->elsewhere);
    else if (next->step == STEP_ASK)
        waiting->detour.asked = calls->events->asked(calls->user, waiting->lane, &next->elsewhere);
    return true;
}

/* --- the end of a call ------------------------------------------------------------------------ */

static void end_call(struct calls *calls, struct waiting *waiting, const struct next *next,
                     const struct reason *reason)
{
    struct lane *lane = waiting->lane;
    const struct call *call = waiting->piped.run.call;

    if (next->step == STEP_RECONNECT || next->lacks_right)
        calls->events->refused(calls->user, lane, call->reply->str);
    if (next->status != STATUS_OK || !aside_after(&calls->asides, call, finish, waiting))
        finish(waiting, next->status, reason);
}

void calls_answered(struct calls *calls, struct piped *piped, redisReply *reply,
                    const struct next *next, const struct reason *reason)
{
    struct waiting *waiting = (struct waiting *)piped;
    struct lane *lane = waiting->lane;
    int slot = waiting->detour.parked.slot;
    bool is_well = !waiting->detour.asked && next->step == STEP_DONE;

    call_keep_reply(piped->run.call, reply); /* and valid until finish(), at least */
    if (waiting->expected.most)
        window_leave(&lane->window, &waiting->expected, reply_bytes(reply));
    detour_back(&calls->detours, &waiting->detour);
    if (next->is_stale)
        calls->events->stale(calls->user);
    if (!goes_elsewhere(calls, waiting, next))
        end_call(calls, waiting, next, reason);
    for (int answer = 0; answer < ANSWERS && ways_are_open(lane->ways, NULL); answer++)
        begin_held(lane, (enum answer)answer);
    detours_follow(&calls->detours, slot, is_well);
}

/* --- calls without an answer ------------------------------------------------------------------ */

static void lose(struct calls *calls, struct piped_list *lost)
{
    if (!STAILQ_EMPTY(lost))
        calls->events->lost(calls->user);
    STAILQ_CONCAT(&calls->failed, lost);
}

void calls_lost(struct calls *calls, struct piped_list *lost)
{
    struct piped *piped;

    STAILQ_FOREACH (piped, lost, next)
        detour_back(&calls->detours, &((struct waiting *)piped)->detour);
    lose(calls, lost);
}

void calls_lose_held(struct calls *calls, struct lane *lane)
{
    for (int answer = 0; answer < ANSWERS; answer++)
        lose(calls, &lane->held[answer]);
    window_forget(&lane->window);
}

static void finish_lost(struct waiting *waiting)
{
    const struct piped *piped = &waiting->piped;
    struct refusal *refusal = piped->refusal;
    struct reason reason = {0};

    if (refusal)
        finish(waiting, refusal->status, &refusal->reason);
    else
        finish(waiting, next_of_loss(piped->run.call, piped->may_have_run, &reason), &reason);
    free(refusal);
}

/* What they are told may make them run others, which then wait for the next time. */
void calls_tell_lost(struct calls *calls)
{
    struct piped_list lost = STAILQ_HEAD_INITIALIZER(lost);
    struct waiting *waiting;

    STAILQ_CONCAT(&lost, &calls->failed);
    for (int i = 0; i < FAILED_AT_ONCE && (waiting = first_of(&lost)); i++) {
        STAILQ_REMOVE_HEAD(&lost, next);
        finish_lost(waiting);
    }
    if (STAILQ_EMPTY(&lost))
        return;
    STAILQ_CONCAT(&lost, &calls->failed); /* the older ones first */
    STAILQ_CONCAT(&calls->failed, &lost);
    calls->events->lost(calls->user);
}

/* --- life ------------------------------------------------------------------------------------- */

struct calls *calls_new(struct ev_loop *loop, const struct settings *settings,
                        const struct calls_events *events, void *user)
{
    struct calls *calls = xmalloc(sizeof(*calls));

    *calls = (struct calls){.settings = settings, .events = events, .user = user};
    calls->asides = (struct asides){.calls = calls, .run = run_aside};
    calls->detours = (struct detours){.loop = loop, .go = go, .user = calls};
    detours_begin(&calls->detours, target_kind(settings->redis) == TARGET_CLUSTER);
    STAILQ_INIT(&calls->failed);
    return calls;
}

void calls_configure(struct calls *calls, const struct settings *settings)
{
    calls->settings = settings;
}

static void forget_calls(struct piped_list *list)
{
    struct waiting *waiting;

    while ((waiting = first_of(list))) {
        STAILQ_REMOVE_HEAD(list, next);
        free(waiting->piped.refusal);
        free(waiting);
    }
}

void calls_forget(struct calls *calls, struct lane *lane)
{
    struct piped_list sent = STAILQ_HEAD_INITIALIZER(sent);

    ways_forget(lane->ways, &sent);
    calls_lost(calls, &sent);
    calls_lose_held(calls, lane);
    detours_forget(&calls->detours, lane);
}

static void forget_detour(struct detour *detour)
{
    free(waiting_of(detour));
}

void calls_free(struct calls *calls)
{
    if (!calls)
        return;
    forget_calls(&calls->failed);
    detours_clear(&calls->detours, forget_detour);
    asides_clear(&calls->asides, free);
    free(calls);
}
