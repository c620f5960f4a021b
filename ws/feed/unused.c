/* unused.c - removes queues that nobody has used for as long as the setting queue_ttl says.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/unused.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/settings.h"
#include "ws/feed/helper.h"
#include "ws/net/conn.h"
#include "ws/redis/job.h"

static void remove_next(struct unused *unused);

static struct job *begin_call(struct unused *unused)
{
    struct job *job = job_new(unused->helper->jobs, sizeof(*job), NULL, NULL);

    job->owner = unused;
    return job;
}

static struct unused *end_call(struct job *job)
{
    struct unused *unused = job->owner;

    job_free(job);
    return unused;
}

/* 0 when a reload has turned it off. */
static long long queue_ttl(const struct unused *unused)
{
    return unused->helper->conns->settings->queue_ttl;
}

static void on_removed(void *user, enum status status, const struct reason *reason)
{
    struct unused *unused = end_call(user);

    (void)reason; /* a client uses the queue again */
    if (status == STATUS_OK) {
        unused->removed++;
        log_event("done by queue_ttl: remove %s, empty and not used for %lld seconds",
                  unused->look->names[unused->at], queue_ttl(unused));
    }
    unused->at++;
    remove_next(unused);
}

static void remove_next(struct unused *unused)
{
    const struct round_look *look = unused->look;
    struct job *job;

    while (unused->at < look->count && !(look->bits[unused->at] & ROUND_UNUSED))
        unused->at++;
    if (unused->at == look->count || !queue_ttl(unused)) {
        unused->then(unused->user);
        return;
    }
    unused->tried++;
    job = begin_call(unused);
    queue_remove_unused_call(&job->call, look->names[unused->at], queue_ttl(unused),
                             &unused->removal);
    job_run(job, on_removed);
}

static void on_noted(void *user, enum status status, const struct reason *reason)
{
    (void)status, (void)reason; /* a later round notes it */
    remove_next(end_call(user));
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
    struct unused *unused = end_call(user);
    struct job *job;

    (void)status, (void)reason; /* after an error neither bit is set */
    if (!has_unknown(unused->look)) {
        remove_next(unused);
        return;
    }
    job = begin_call(unused);
    round_note_call(&job->call, unused->look, (int)(random() % unused->look->count));
    job_run(job, on_noted);
}

void unused_begin(struct unused *unused)
{
    struct job *job = begin_call(unused);

    round_unused_call(&job->call, unused->look, queue_ttl(unused));
    job_run(job, on_unused);
}
