/* walk.c - the walk over all queues: a page of names, then looks at those, a call after the other.
 *
 * It has one call under way at a time, of less than a millisecond of Redis's time; what waits is
 * done by the sweeper, likewise.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/settings.h"
#include "broker/keys.h"
#include "broker/sweep.h"
#include "ws/feed/helper.h"
#include "ws/net/conn.h"
#include "ws/redis/job.h"

enum {
    ROUND_STEPS = 10 * WHEEL_SECOND,         /* for all queues, */
    MOST_QUEUES = ROUND_STEPS * ROUND_BATCH, /* up to so many */
};

static void go_on(struct walker *walker);

/* --- who walks -------------------------------------------------------------------------------- */

static struct job *new_call(struct walker *walker)
{
    struct job *job = job_new(walker->helper->jobs, sizeof(*job), NULL, NULL);

    job->owner = walker;
    return job;
}

static struct walker *end_call(struct job *job)
{
    struct walker *walker = job->owner;

    job_free(job);
    return walker;
}

static void on_elected(void *user, enum status status, const struct reason *reason)
{
    struct walker *walker = end_call(user);

    (void)reason;
    walker->is_elected = status == STATUS_OK && walker->may_walk;
}

static void ask_to_walk(struct walker *walker)
{
    struct job *job = new_call(walker);

    walker->may_walk = false;
    round_elect_call(&job->call, walker->id, &walker->may_walk);
    job_run(job, on_elected);
}

void walk_down(struct walker *walker)
{
    walker->is_elected = false;
}

void walk_clear(struct walker *walker)
{
    round_page_clear(&walker->page);
}

/* --- how fast --------------------------------------------------------------------------------- */

/* Each step adds as much credit as there are queues, and each look at a queue takes a round's steps
 * of it: so a round takes that long, however many there are.  Where this round finds more than the
 * one before, nobody knows how many more. */
static long long credit_of_step(const struct walker *walker)
{
    bool is_known = walker->total > 0 && walker->total >= walker->seen;

    return is_known && walker->total < MOST_QUEUES ? walker->total : MOST_QUEUES;
}

/* After a pause it does not catch up with more than a second, and when most queues have gone it
 * does not wait for more than a round. */
static void add_credit(struct walker *walker)
{
    long long step = credit_of_step(walker);

    walker->credit += step;
    if (walker->credit > step * WHEEL_SECOND)
        walker->credit = step * WHEEL_SECOND;
    if (walker->credit < -step * ROUND_STEPS)
        walker->credit = -step * ROUND_STEPS;
}

/* --- a call after the other ----------------------------------------------------------------- */

static struct job *begin_call(struct walker *walker)
{
    walker->is_busy = true;
    return new_call(walker);
}

static struct walker *end_busy(struct job *job)
{
    struct walker *walker = end_call(job);

    walker->is_busy = false;
    return walker;
}

/* The queues in hand are done. */
static void pass_on(struct walker *walker)
{
    walker->at += walker->look.count;
    walker->looked += (unsigned)walker->look.count;
    go_on(walker);
}

/* --- queues that nobody uses ------------------------------------------------------------------ */

static void remove_unused(struct walker *walker);

static void on_removed(void *user, enum status status, const struct reason *reason)
{
    struct walker *walker = end_busy(user);

    (void)reason; /* somebody uses it again */
    if (status == STATUS_OK) {
        walker->removed++;
        log_event("done by queue_ttl: remove %s, empty and not used for %lld seconds",
                  walker->look.names[walker->removed_to],
                  walker->helper->conns->settings->queue_ttl);
    }
    walker->removed_to++;
    remove_unused(walker);
}

/* One after the other; each costs Redis more than a look. */
static void remove_unused(struct walker *walker)
{
    struct job *job;

    while (walker->removed_to < walker->look.count &&
           !(walker->look.bits[walker->removed_to] & ROUND_UNUSED))
        walker->removed_to++;
    if (walker->removed_to == walker->look.count || !walker->helper->conns->settings->queue_ttl) {
        pass_on(walker);
        return;
    }
    walker->credit -= ROUND_STEPS;
    job = begin_call(walker);
    queue_remove_unused_call(&job->call, walker->look.names[walker->removed_to],
                             walker->helper->conns->settings->queue_ttl, &walker->removal);
    job_run(job, on_removed);
}

static void on_noted(void *user, enum status status, const struct reason *reason)
{
    struct walker *walker = end_busy(user);

    (void)status, (void)reason; /* a later round notes it */
    remove_unused(walker);
}

static bool has_unknown(const struct round_look *look)
{
    for (int i = 0; i < look->count; i++)
        if (look->bits[i] & ROUND_UNKNOWN)
            return true;
    return false;
}

static void on_unused(void *user, enum status status, const struct reason *reason)
{
    struct walker *walker = end_busy(user);
    struct round_look *look = &walker->look;
    struct job *job;

    (void)status, (void)reason; /* then there are no such bits */
    if (!has_unknown(look)) {
        remove_unused(walker);
        return;
    }
    job = begin_call(walker);
    round_note_call(&job->call, look, (int)(random() % look->count));
    job_run(job, on_noted);
}

static void look_for_unused(struct walker *walker)
{
    struct job *job = begin_call(walker);

    walker->removed_to = 0;
    round_unused_call(&job->call, &walker->look, walker->helper->conns->settings->queue_ttl);
    job_run(job, on_unused);
}

/* --- looks at the queues of a page ------------------------------------------------------------ */

static void tidy_up(struct walker *walker, const char *queue)
{
    sweep_note(walker->helper->sweep, queue);
}

/* What is to be done with a queue that has this bit. */
static const struct {
    unsigned bit;
    void (*act)(struct walker *walker, const char *queue);
} riders[] = {
    {ROUND_WAITS, tidy_up},
};

/* What the look told of the queues in hand, if anything, is in its bits. */
static void finish_look(struct walker *walker)
{
    for (int i = 0; i < walker->look.count; i++)
        for (size_t r = 0; r < sizeof(riders) / sizeof(riders[0]); r++)
            if (walker->look.bits[i] & riders[r].bit)
                riders[r].act(walker, walker->look.names[i]);
    if (walker->helper->conns->settings->queue_ttl)
        look_for_unused(walker);
    else
        pass_on(walker);
}

static void on_look(void *user, enum status status, const struct reason *reason)
{
    struct walker *walker = end_busy(user);

    (void)reason; /* the next round looks again */
    if (status != STATUS_OK)
        memset(walker->look.bits, 0, sizeof(walker->look.bits));
    finish_look(walker);
}

static void on_glance(void *user, enum status status, const struct reason *reason)
{
    struct walker *walker = end_busy(user);
    struct round_look *look = &walker->look;
    struct job *job;

    (void)reason;
    memset(look->bits, 0, sizeof(look->bits));
    if (status != STATUS_OK || !look->has_any) {
        finish_look(walker);
        return;
    }
    job = begin_call(walker);
    round_look_call(&job->call, look);
    job_run(job, on_look);
}

static void look(struct walker *walker)
{
    struct job *job = begin_call(walker);
    int rest = walker->page.count - walker->at, most = keys_together(ROUND_BATCH);

    walker->look.count = rest < most ? rest : most;
    walker->look.names = (const char(*)[LIMIT_NAME + 1]) walker->page.names + walker->at;
    round_glance_call(&job->call, &walker->look);
    job_run(job, on_glance);
}

/* --- the pages -------------------------------------------------------------------------------- */

static void finish_page(struct walker *walker)
{
    int count = walker->page.count;

    walker->at = 0;
    walker->credit -= ROUND_STEPS * (count ? count : 1); /* one without names costs, too */
    walker->seen += count;
    if (strcmp(walker->page.cursor, "0") != 0)
        return;
    walker->total = walker->seen ? walker->seen : 1;
    walker->seen = 0;
    if (walker->credit > 0)
        walker->credit = 0; /* it was for more queues than there are: the next round may wait */
}

static void on_page(void *user, enum status status, const struct reason *reason)
{
    struct walker *walker = end_busy(user);

    (void)reason;
    if (status == STATUS_OK)
        finish_page(walker);
    else
        walker->credit = -credit_of_step(walker) * WHEEL_SECOND; /* and again in a second */
    go_on(walker);
}

static void ask_for_page(struct walker *walker)
{
    struct job *job = begin_call(walker);

    round_page_call(&job->call, &walker->page);
    job_run(job, on_page);
}

/* It waits where the sweeper has enough to do. */
static void go_on(struct walker *walker)
{
    if (!walker->is_elected || walker->is_busy || !helper_is_back(walker->helper) ||
        walker->helper->is_stopping || walker->helper->sweep->count + ROUND_BATCH > SWEEP_QUEUES)
        return;
    if (walker->at < walker->page.count)
        look(walker);
    else if (walker->credit > 0)
        ask_for_page(walker);
}

void walk_step(struct walker *walker, unsigned steps)
{
    if (!helper_is_back(walker->helper)) /* what seems to be over may be prolonged yet */
        return;
    if (steps % WHEEL_SECOND == 0)
        ask_to_walk(walker);
    add_credit(walker);
    go_on(walker);
}
