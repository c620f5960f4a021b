/* lease.c - leases of consumers, prolonged.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/lease.h"

#include "ws/conn.h"
#include "ws/consumer.h"
#include "ws/feed.h"
#include "ws/job.h"
#include "ws/server.h"

enum { PROLONG_SECONDS = 10 }; /* for all of them; the leases are of 30 */

/* Somebody else has ended a lease: its consumer has room for another message, if it is still there.
 */
static void note_ended(const struct job *job, int i)
{
    struct consumer *consumer = consumer_of(job->holders[i]);
    char token[TOKEN_SIZE];
    const char *key;
    size_t len;

    if (!consumer)
        return;
    stream_prolong_read(&job->call, i, &key, &len, token);
    consumer_settled(consumer, key, len, token);
}

static void on_prolonged(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;

    (void)reason; /* a lease that was not prolonged runs out */
    for (int i = 0; i < job->acts; i++) {
        struct conn *holder = job->holders[i];

        if (status == STATUS_OK && !job->results[i])
            note_ended(job, i);
        if (--holder->jobs == 0)
            server_mark_conn(holder);
    }
    job_free(job);
}

/* Returns the job that the next one is added to; NULL: none is begun. */
static struct job *prolong(struct feed *feed, struct job *job, struct conn *holder,
                           const struct delivery *delivery)
{
    if (!job) {
        job = job_new(feed->server, feed, NULL);
        stream_prolong_call(&job->call, feed->queue, job->results);
    }
    stream_prolong_add(&job->call, delivery->key, delivery->key_len, delivery->token);
    job->results[job->acts] = 1; /* unless the answer says otherwise */
    job->holders[job->acts++] = holder;
    holder->jobs++; /* it stays in memory, gone or not */
    if (job->acts < STREAM_BATCH)
        return job;
    job_run(job, on_prolonged);
    return NULL;
}

static struct job *prolong_all(struct feed *feed, struct job *job, struct conn *holder)
{
    const struct deliveries *deliveries = &consumer_of(holder)->deliveries;

    for (const struct delivery *at = deliveries->first; at; at = at->next)
        job = prolong(feed, job, holder, at);
    return job;
}

void leases_step(struct feed *feed)
{
    int all = (int)feed->consumers.count * PROLONG_SECONDS;

    feed->leases_due += (int)feed->consumers.count;
    if (feed->leases_due > all)
        feed->leases_due = all; /* each of them once, however many have left */
    if (feed->leases_due >= PROLONG_SECONDS)
        server_mark_feed(feed);
}

void leases_pump(struct feed *feed)
{
    struct job *job = NULL;

    while (feed->leases_due >= PROLONG_SECONDS && feed->consumers.count > 0 &&
           turn_goes_on(&feed->server->turn)) {
        struct member *member = fanout_next(&feed->consumers, WALK_LEASES);

        if (!member) {
            fanout_walk(&feed->consumers, WALK_LEASES);
            continue;
        }
        feed->leases_due -= PROLONG_SECONDS;
        job = prolong_all(feed, job, member->conn);
    }
    if (job)
        job_run(job, on_prolonged);
    if (feed->leases_due >= PROLONG_SECONDS && feed->consumers.count > 0)
        server_mark_feed(feed);
}
