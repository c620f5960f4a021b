/* job.c - calls to Redis under way.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"

static void count(struct job *job)
{
    budget_recount(job->jobs->budget, &job->counted,
                   job->size + BUDGET_PIECE + call_size(&job->call));
}

void *job_new(struct jobs *jobs, size_t size, struct held *held, struct conn *conn)
{
    struct job *job = xmalloc(size);

    memset(job, 0, size);
    job->jobs = jobs;
    job->size = size;
    job->held = held;
    job->conn = conn;
    job->next = jobs->first;
    job->link = &jobs->first;
    if (job->next)
        job->next->link = &job->next;
    jobs->first = job;
    count(job);
    if (held)
        held->count++;
    if (conn)
        conn_hold(conn);
    return job;
}

void job_keep(struct job *job, size_t bytes)
{
    job->size += bytes;
    count(job);
}

static void destroy(struct job *job)
{
    *job->link = job->next;
    if (job->next)
        job->next->link = job->link;
    budget_recount(job->jobs->budget, &job->counted, 0);
    if (job->clear)
        job->clear(job);
    call_clear(&job->call);
    free(job);
}

/* What was kept alive by the job alone goes at the end of the turn. */
void job_free(struct job *job)
{
    struct held *held = job->held;
    struct conn *conn = job->conn;

    destroy(job);
    if (held && --held->count == 0)
        held->idle(held);
    if (conn)
        conn_drop(conn);
}

void jobs_clear(struct jobs *jobs)
{
    while (jobs->first)
        destroy(jobs->first);
}

static void forget(void *user, enum status status, const struct reason *reason)
{
    (void)status, (void)reason;
    job_free(user);
}

void job_run_if(struct job *job, alink_wanted *wanted, alink_done *done)
{
    alink_run_if(job->jobs->alink, &job->call, wanted, done ? done : forget, job);
    count(job);
}

void job_run(struct job *job, alink_done *done)
{
    job_run_if(job, NULL, done);
}
