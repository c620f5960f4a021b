/* detour.c - calls of a Redis Cluster whose slot is not where they were sent.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/detour.h"

#include <stddef.h>

#include "base/limits.h"
#include "redis/next.h"

#define PAUSE_S    (LIMIT_PARKED_PAUSE_MS / 1000.0)
#define PATIENCE_S (LIMIT_PARKED_MS / 1000.0)

static struct detour *detour_of(struct parked *parked)
{
    return (struct detour *)((char *)parked - offsetof(struct detour, parked));
}

static void park(struct detours *detours, struct detour *detour, double seconds)
{
    double now = ev_now(detours->loop);

    if (!detour->parked.until)
        detour->parked.until = now + PATIENCE_S;
    detour->parked.due = now + seconds;
    parking_add(detours->parking, &detour->parked);
    if (!ev_is_active(&detours->retry))
        ev_timer_again(detours->loop, &detours->retry);
}

bool detour_must(const struct detours *detours, const struct detour *detour)
{
    return detours->parking && parking_has(detours->parking, detour->parked.slot);
}

void detour_wait(struct detours *detours, struct detour *detour, bool is_coming)
{
    park(detours, detour, is_coming ? PAUSE_S : 0);
}

void detour_sent(struct detours *detours, const struct detour *detour)
{
    if (detours->parking)
        parking_enter(detours->parking, detour->parked.slot);
}

void detour_back(struct detours *detours, const struct detour *detour)
{
    if (detours->parking)
        parking_leave(detours->parking, detour->parked.slot);
}

static bool may_try_again(const struct detours *detours, struct detour *detour, enum next_step step)
{
    if (step == STEP_LATER) {
        detour->redirects = 0;
        return !detour->parked.until || detour->parked.until > ev_now(detours->loop);
    }
    return (step == STEP_MOVED || step == STEP_ASK) && detour->redirects++ < LIMIT_REDIRECTS;
}

bool detour_begins(struct detours *detours, struct detour *detour, const struct next *next)
{
    if (!detours->parking || detour->parked.slot < 0 || !may_try_again(detours, detour, next->step))
        return false;
    detour->asked = NULL;
    park(detours, detour, next->step == STEP_LATER ? PAUSE_S : 0);
    return true;
}

void detour_end(struct detours *detours, struct detour *detour)
{
    parking_remove(detours->parking, &detour->parked);
}

/* --- going on --------------------------------------------------------------------------------- */

/* False: it has to wait longer. */
static bool release(struct detours *detours, struct parked *parked)
{
    double now = ev_now(detours->loop);

    return parked->due <= now && detours->go(detours->user, detour_of(parked), parked->until > now);
}

/* Sends one call of the slot, which shows whether the others can follow. */
static void follow(void *user, int slot)
{
    struct detours *detours = user;
    struct parked *parked;

    while ((parked = parking_first(detours->parking, slot)) && release(detours, parked))
        ;
}

void detours_follow(struct detours *detours, int slot, bool is_well)
{
    struct parked *parked;

    if (!detours->parking)
        return;
    if (!is_well) {
        follow(detours, slot);
        return;
    }
    parked = parking_first(detours->parking, slot);
    while (parked && release(detours, parked))
        parked = parking_row(detours->parking, slot);
}

void detours_go_on(struct detours *detours)
{
    if (detours->parking)
        parking_for_each(detours->parking, follow, detours);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct detours *detours = timer->data;

    (void)events;
    detours_go_on(detours);
    if (parking_is_empty(detours->parking))
        ev_timer_stop(loop, timer);
}

/* --- life ------------------------------------------------------------------------------------- */

void detours_begin(struct detours *detours, bool is_cluster)
{
    detours->parking = is_cluster ? parking_new() : NULL;
    ev_init(&detours->retry, on_retry);
    detours->retry.data = detours;
    detours->retry.repeat = PAUSE_S;
}

void detours_clear(struct detours *detours, void (*free_one)(struct detour *detour))
{
    struct parked *parked;

    if (!detours->parking)
        return;
    ev_timer_stop(detours->loop, &detours->retry);
    while ((parked = parking_any(detours->parking))) {
        parking_remove(detours->parking, parked);
        free_one(detour_of(parked));
    }
    parking_free(detours->parking);
}

struct forgetting {
    struct parking *parking;
    const struct lane *lane;
};

static void forget_in(void *user, int slot)
{
    const struct forgetting *forgetting = user;

    for (struct parked *at = parking_row(forgetting->parking, slot); at; at = TAILQ_NEXT(at, next))
        if (detour_of(at)->asked == forgetting->lane)
            detour_of(at)->asked = NULL;
}

void detours_forget(struct detours *detours, const struct lane *lane)
{
    struct forgetting forgetting = {detours->parking, lane};

    if (detours->parking)
        parking_for_each(detours->parking, forget_in, &forgetting);
}
