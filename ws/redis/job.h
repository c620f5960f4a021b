/* job.h - a call to Redis under way, with what is needed when it comes back.
 *
 * A job is the first member of a struct named for what is done, in the module that does it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_JOB_H
#define WS_REDIS_JOB_H

#include <stddef.h>

#include "redis/call.h"
#include "ws/redis/alink.h"

struct budget;
struct conn;
struct job;

/* All that are under way. */
struct jobs {
    struct alink *alink;
    struct budget *budget;
    struct job *first;
};

/* Embedded in what calls under way keep in memory. */
struct held {
    int count;
    void (*idle)(struct held *held); /* none does any more */
};

struct job {
    struct call call;
    void *owner;       /* whoever runs it; the caller's */
    struct conn *conn; /* kept in memory; NULL: none */
    struct held *held; /* likewise */
    struct jobs *jobs;
    struct job *next, **link; /* of all */
    size_t size, counted;     /* of its struct, with what that keeps; all of it, in the budget */

    /* Frees what else its struct has.  NULL: nothing. */
    void (*clear)(struct job *job);
};

/* Zeroed memory of that size with a job in it, which keeps held and conn (NULL: none) in memory
 * until job_free(). */
void *job_new(struct jobs *jobs, size_t size, struct held *held, struct conn *conn);
void job_free(struct job *job);

/* The struct keeps so many bytes more beside itself, until job_free(): they count, too. */
void job_keep(struct job *job, size_t bytes);

/* Runs its call; done gets the job, and frees it.  NULL: freed when done. */
void job_run(struct job *job, alink_done *done);

/* As alink_run_if(); wanted gets the job. */
void job_run_if(struct job *job, alink_wanted *wanted, alink_done *done);

/* Frees all of them, those under way too: they will not come back. */
void jobs_clear(struct jobs *jobs);

#endif
