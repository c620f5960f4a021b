/* walk.c - the walk over all queues: a page of names, then looks at those, in lanes.
 *
 * Each lane has one call under way at a time, of less than a millisecond of Redis's time; what
 * waits is done by the sweeper, likewise.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/walk.h"

#include <stdlib.h>
#include <string.h>

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

/* The samples hold only as long as this helper is the one that walks. */
static void forget_samples(struct walker *walker)
{
    if (walker->sampler.roster.count && walker->busy == 0 && !walker->is_sampling)
        sampler_reset(&walker->sampler);
}

static void on_elected(void *user, enum status status, const struct reason *reason)
{
    struct walker *walker = end_call(user);

    (void)reason;
    walker->is_elected = status == STATUS_OK && walker->may_walk;
    if (!walker->is_elected)
        forget_samples(walker);
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
    sampler_clear(&walker->sampler);
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

/* --- a lane: a call after the other ----------------------------------------------------------- */

static struct job *begin_call(struct walk_lane *lane)
{
    struct job *job = new_call(lane->walker);

    job->owner = lane;
    return job;
}

static struct walk_lane *end_lane_call(struct job *job)
{
    struct walk_lane *lane = job->owner;

    job_free(job);
    return lane;
}

/* The queues of the lane are done. */
static void pass_on(struct walk_lane *lane)
{
    lane->walker->looked += (unsigned)lane->look.count;
    lane->walker->busy--;
    lane->is_busy = false;
    go_on(lane->walker);
}

static void on_unused_gone(void *user)
{
    struct walk_lane *lane = user;

    lane->walker->credit -=
        (long long)lane->unused.tried * ROUND_STEPS; /* each costs Redis more than a look */
    lane->walker->removed += (unsigned)lane->unused.removed;
    pass_on(lane);
}

static void remove_unused(struct walk_lane *lane)
{
    lane->unused = (struct unused){
        .helper = lane->walker->helper, .look = &lane->look, .user = lane, .then = on_unused_gone};
    unused_begin(&lane->unused);
}

/* --- looks at the queues of a page ------------------------------------------------------------ */

static void tidy_up(struct walker *walker, const char *queue)
{
    sweep_note(walker->helper->sweep, queue);
}

/* The functions for queues that have a bit. */
static const struct {
    unsigned bit;
    void (*act)(struct walker *walker, const char *queue);
} riders[] = {
    {ROUND_WAITS, tidy_up},
};

/* Acts on the bits of the lane's look, which are zero where Redis did not answer. */
static void finish_look(struct walk_lane *lane)
{
    for (int i = 0; i < lane->look.count; i++)
        for (size_t r = 0; r < sizeof(riders) / sizeof(riders[0]); r++)
            if (lane->look.bits[i] & riders[r].bit)
                riders[r].act(lane->walker, lane->look.names[i]);
    if (lane->walker->helper->conns->settings->queue_ttl)
        remove_unused(lane);
    else
        pass_on(lane);
}

/* --- samples ---------------------------------------------------------------------------------- */

static void take_samples(struct walker *walker);

static void on_sampled(void *user, enum status status, const struct reason *reason)
{
    struct walker *walker = end_call(user);

    (void)reason; /* a later round writes it */
    walker->is_sampling = false;
    sampler_done(&walker->sampler, status);
    take_samples(walker);
}

static bool run_sampler(struct walker *walker)
{
    struct job *job = new_call(walker);

    if (!walker->is_elected ||
        !sampler_next(&walker->sampler, &job->call, walker->helper->jobs->alink,
                      walker->helper->conns->settings)) {
        job_free(job);
        return false;
    }
    walker->is_sampling = true;
    job_run(job, on_sampled);
    return true;
}

/* The next lane that waits for it; false: none does. */
static bool take_up(struct walker *walker)
{
    for (int i = 0; i < WALK_LANES && !walker->sampled; i++)
        if (walker->lanes[i].waits) {
            walker->sampled = &walker->lanes[i];
            walker->sampled->waits = false;
            sampler_see(&walker->sampler, &walker->sampled->quick, &walker->sampled->look);
        }
    return walker->sampled != NULL;
}

/* Lets one lane after the other have its queues sampled, and behind a round writes the index. */
static void take_samples(struct walker *walker)
{
    struct walk_lane *lane;

    while (!walker->is_sampling && !run_sampler(walker)) {
        lane = walker->sampled;
        walker->sampled = NULL;
        if (lane)
            finish_look(lane);
        if (walker->is_sampling || !take_up(walker))
            return;
    }
}

static void on_quick(void *user, enum status status, const struct reason *reason)
{
    struct walk_lane *lane = end_lane_call(user);

    (void)reason;
    if (status != STATUS_OK) {
        sampler_miss(&lane->walker->sampler);
        finish_look(lane);
        return;
    }
    lane->waits = true;
    if (!lane->walker->sampled && !lane->walker->is_sampling)
        take_samples(lane->walker);
}

static void look_quickly(struct walk_lane *lane)
{
    struct job *job = begin_call(lane);

    lane->quick.count = lane->look.count;
    lane->quick.names = lane->look.names;
    lane->quick.asks_for_more = keys_have_tags();
    quick_call(&job->call, &lane->quick);
    job_run(job, on_quick);
}

static bool has_history(const struct walker *walker)
{
    return !walker->helper->conns->settings->no_history;
}

/* The first look is over; its bits are set. */
static void go_on_looking(struct walk_lane *lane)
{
    if (has_history(lane->walker))
        look_quickly(lane);
    else
        finish_look(lane);
}

static void on_look(void *user, enum status status, const struct reason *reason)
{
    struct walk_lane *lane = end_lane_call(user);

    (void)reason; /* the next round looks again */
    if (status != STATUS_OK)
        memset(lane->look.bits, 0, sizeof(lane->look.bits));
    go_on_looking(lane);
}

/* With hash tags a lane has one queue.  Does that stand still, so that a later round is early
 * enough to look at its numbers? */
static bool rests(const struct walk_lane *lane)
{
    return has_history(lane->walker) && keys_have_tags() && lane->look.count == 1 &&
           sampler_rests(&lane->walker->sampler, lane->look.names[0]);
}

static void on_glance(void *user, enum status status, const struct reason *reason)
{
    struct walk_lane *lane = end_lane_call(user);
    struct job *job;

    (void)reason;
    if (status == STATUS_OK && !lane->look.has_any && rests(lane)) {
        sampler_pass(&lane->walker->sampler, lane->look.names[0]);
        finish_look(lane);
        return;
    }
    if (status != STATUS_OK || !lane->look.has_any) {
        go_on_looking(lane);
        return;
    }
    job = begin_call(lane);
    round_look_call(&job->call, &lane->look);
    job_run(job, on_look);
}

static void glance(struct walk_lane *lane)
{
    struct job *job = begin_call(lane);

    round_glance_call(&job->call, &lane->look);
    job_run(job, on_glance);
}

/* The next ones of the page. */
static void look(struct walk_lane *lane)
{
    struct walker *walker = lane->walker;
    int rest = walker->page.count - walker->at, most = keys_together(ROUND_BATCH);

    lane->is_busy = true;
    walker->busy++;
    lane->look.count = rest < most ? rest : most;
    lane->look.names = (const char(*)[LIMIT_NAME + 1]) walker->page.names + walker->at;
    walker->at += lane->look.count;
    memset(lane->look.bits, 0, sizeof(lane->look.bits));
    if (has_history(walker) && keys_have_tags() && !rests(lane))
        look_quickly(lane); /* a call for each queue that is one less */
    else
        glance(lane);
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
    walker->is_last = true;
    if (walker->credit > 0)
        walker->credit = 0; /* it was for more queues than there are: the next round may wait */
}

static void on_page(void *user, enum status status, const struct reason *reason)
{
    struct walker *walker = end_call(user);

    (void)reason;
    walker->is_asking = false;
    if (status == STATUS_OK)
        finish_page(walker);
    else
        walker->credit = -credit_of_step(walker) * WHEEL_SECOND; /* and again in a second */
    go_on(walker);
}

/* The last page of a round is done. */
static void end_round(struct walker *walker)
{
    walker->is_last = false;
    if (!has_history(walker)) {
        forget_samples(walker);
        return;
    }
    sampler_end_round(&walker->sampler, walker->helper->conns->settings);
    if (!walker->is_sampling)
        take_samples(walker);
}

static void ask_for_page(struct walker *walker)
{
    struct job *job = new_call(walker);

    walker->is_asking = true;
    round_page_call(&job->call, &walker->page);
    job_run(job, on_page);
}

/* May a lane begin a look?  Not while the sweeper has enough to do, with what the lanes may
 * find. */
static bool may_go_on(const struct walker *walker)
{
    int most = (walker->busy + 1) * keys_together(ROUND_BATCH);

    return walker->is_elected && helper_is_back(walker->helper) && !walker->helper->is_stopping &&
           walker->helper->sweep->count + most <= SWEEP_QUEUES;
}

/* The lanes look at names of the page in hand, so that the next one waits for all of them. */
static void go_on(struct walker *walker)
{
    for (int i = 0; i < WALK_LANES && walker->at < walker->page.count; i++) {
        struct walk_lane *lane = &walker->lanes[i];

        lane->walker = walker;
        if (!lane->is_busy && may_go_on(walker))
            look(lane);
    }
    if (walker->at < walker->page.count || walker->busy > 0)
        return;
    if (walker->is_last && walker->is_sampling)
        return; /* what is told of the round before is on its way still */
    if (walker->is_last)
        end_round(walker);
    if (!walker->is_asking && walker->credit > 0 && may_go_on(walker))
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
