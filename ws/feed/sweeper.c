/* sweeper.c - a call after the other, each for some of the bodies.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/sweeper.h"

#include "ws/feed/helper.h"
#include "ws/redis/job.h"

static void on_swept(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;
    struct sweeper *sweeper = job->owner;

    (void)reason;
    sweeper->is_busy = false;
    sweep_done(&sweeper->sweep, status == STATUS_OK && sweeper->is_left);
    job_free(job);
}

void sweeper_pump(struct sweeper *sweeper)
{
    const struct helper *helper = sweeper->helper;
    struct job *job;

    if (!helper_is_back(helper) || helper->is_stopping || sweeper->is_busy || !sweeper->sweep.count)
        return;
    job = job_new(helper->jobs, sizeof(*job), NULL, NULL);
    job->owner = sweeper;
    sweeper->is_left = false;
    sweeper->is_busy = sweep_call(&sweeper->sweep, &job->call, &sweeper->is_left);
    job_run(job, on_swept);
}
