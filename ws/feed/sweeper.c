/* sweeper.c - a call after the other, each for some of the bodies.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/sweeper.h"

#include "ws/redis/job.h"
#include "ws/server.h"

static void on_swept(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;

    (void)reason;
    job->server->is_sweeping = false;
    sweep_done(&job->server->sweep, status == STATUS_OK && job->flag);
    job_free(job);
}

void sweeper_pump(struct server *server)
{
    struct job *job;

    if (!comeback_is_over(server) || server->is_stopping || server->is_sweeping ||
        !server->sweep.count)
        return;
    job = job_new(server, NULL, NULL);
    server->is_sweeping = sweep_call(&server->sweep, &job->call, &job->flag);
    job_run(job, on_swept);
}
