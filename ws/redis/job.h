/* job.h - a call to Redis under way, with what is needed when it comes back.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_JOB_H
#define WS_REDIS_JOB_H

#include <stdbool.h>

#include "broker/batch.h"
#include "broker/stream.h"
#include "ws/redis/alink.h"

struct conn;
struct feed;
struct leases;
struct lookup;
struct lookups;
struct sent;
struct server;
struct settling;
struct taker;

struct job {
    struct job *next;                 /* among the free ones */
    struct job *next_all, **link_all; /* among all of them */
    size_t counted;                   /* bytes in the budget */
    struct server *server;
    struct feed *feed; /* NULL: none */
    struct leases *leases;
    struct settling *settling;
    struct conn *conn; /* NULL: none */
    struct call call;
    struct batch batch;
    struct stream_states states;
    struct feed *feeds[STREAM_STATES]; /* of the states */
    int acts;
    signed char results[STREAM_BATCH];
    union {                                  /* of each act */
        struct sent *sent[STREAM_BATCH];     /* the broadcast that is acked; NULL: none */
        struct taker *holders[STREAM_BATCH]; /* who holds the lease that is prolonged */
    };
    struct lookups *lookups; /* of a value that was asked for */
    struct lookup *lookup;
    struct message value;
    long long number;
    bool flag;
};

/* A job that keeps feed and conn (NULL: none) in memory until job_free(). */
struct job *job_new(struct server *server, struct feed *feed, struct conn *conn);
void job_free(struct job *job);

/* Frees all of them, those under way too: they will not come back. */
void jobs_clear(struct server *server);

/* Runs its call; done gets the job, and frees it.  NULL: freed when done. */
void job_run(struct job *job, alink_done *done);

/* As alink_run_if(); wanted gets the job. */
void job_run_if(struct job *job, alink_wanted *wanted, alink_done *done);

#endif
