/* job.c - calls to Redis under way.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ws/conn.h"
#include "ws/feed.h"
#include "ws/server.h"

struct job *job_new(struct server *server, struct feed *feed, struct conn *conn)
{
    struct job *job = server->free_jobs;

    if (job) {
        server->free_jobs = job->next;
    } else {
        job = xmalloc(sizeof(*job));
        memset(job, 0, sizeof(*job));
        job->next_all = server->jobs;
        server->jobs = job;
    }
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

/* What was kept alive by the job alone goes at the end of the turn. */
void job_free(struct job *job)
{
    if (job->feed && --job->feed->jobs == 0)
        server_mark_feed(job->feed);
    if (job->conn && --job->conn->jobs == 0)
        server_mark_conn(job->conn);
    job->next = job->server->free_jobs;
    job->server->free_jobs = job;
}

void jobs_clear(struct server *server)
{
    while (server->jobs) {
        struct job *job = server->jobs;

        server->jobs = job->next_all;
        call_clear(&job->call);
        delivered_clear(&job->delivered);
        free(job);
    }
}

static void forget(void *user, enum status status, const struct reason *reason)
{
    (void)status, (void)reason;
    job_free(user);
}

void job_run(struct job *job, alink_done *done)
{
    alink_run(job->server->alink, &job->call, done ? done : forget, job);
}
