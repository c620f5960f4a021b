/* job.c - calls to Redis under way.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ws/feed/feed.h"
#include "ws/net/conn.h"
#include "ws/server.h"

enum {
    FREE_JOBS = 64, /* that are kept */
    LARGE = 16384,  /* bytes of a call, that are not */
};

static struct job *make(struct server *server)
{
    struct job *job = xmalloc(sizeof(*job));

    memset(job, 0, sizeof(*job));
    job->next_all = server->jobs;
    job->link_all = &server->jobs;
    if (job->next_all)
        job->next_all->link_all = &job->next_all;
    server->jobs = job;
    return job;
}

static void destroy(struct job *job)
{
    *job->link_all = job->next_all;
    if (job->next_all)
        job->next_all->link_all = job->link_all;
    call_clear(&job->call);
    batch_clear(&job->batch);
    free(job);
}

struct job *job_new(struct server *server, struct feed *feed, struct conn *conn)
{
    struct job *job = server->free_jobs;

    if (job) {
        server->free_jobs = job->next;
        server->free_job_count--;
    } else {
        job = make(server);
    }
    budget_recount(&server->budget, &job->counted, sizeof(*job) + BUDGET_PIECE);
    job->server = server;
    job->feed = feed;
    job->conn = conn;
    job->acts = 0;
    job->number = 0;
    job->flag = false;
    if (feed)
        feed->jobs++;
    if (conn)
        conn->jobs++;
    return job;
}

/* For the next one: most calls are alike.  What a burst had more of goes. */
static void keep(struct job *job)
{
    struct server *server = job->server;

    budget_recount(&server->budget, &job->counted, 0);
    if (server->free_job_count == FREE_JOBS) {
        destroy(job);
        return;
    }
    if (job->call.text.size > LARGE)
        call_clear(&job->call);
    if (job->batch.size > STREAM_BATCH)
        batch_clear(&job->batch);
    job->next = server->free_jobs;
    server->free_jobs = job;
    server->free_job_count++;
}

/* What was kept alive by the job alone goes at the end of the turn. */
void job_free(struct job *job)
{
    if (job->feed && --job->feed->jobs == 0)
        feed_mark(job->feed);
    if (job->conn && --job->conn->jobs == 0)
        conn_mark(job->conn);
    keep(job);
}

void jobs_clear(struct server *server)
{
    while (server->jobs)
        destroy(server->jobs);
}

static void forget(void *user, enum status status, const struct reason *reason)
{
    (void)status, (void)reason;
    job_free(user);
}

void job_run_if(struct job *job, alink_wanted *wanted, alink_done *done)
{
    budget_recount(&job->server->budget, &job->counted,
                   sizeof(*job) + BUDGET_PIECE + call_size(&job->call));
    alink_run_if(job->server->alink, &job->call, wanted, done ? done : forget, job);
}

void job_run(struct job *job, alink_done *done)
{
    job_run_if(job, NULL, done);
}
