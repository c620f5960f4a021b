/* lease.c - leases of consumers, prolonged.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/lease.h"

#include "ws/feed/feed.h"
#include "ws/redis/job.h"
#include "ws/server.h"

enum {
    PROLONG_SECONDS = 10, /* for all of them; the leases are of 30 */
    RENEWING = 32,        /* calls of one queue under way at a time, when it is for all at once */
};

/* Somebody else has ended a lease: its taker has room for another message, if it is still there. */
static void note_ended(const struct job *job, int i)
{
    char token[TOKEN_SIZE];
    const char *key;
    size_t len;

    stream_prolong_read(&job->call, i, &key, &len, token);
    feed_lease_ended(job->feed, job->holders[i], key, len, token);
}

static void on_prolonged(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;

    (void)reason; /* a lease that was not prolonged runs out */
    for (int i = 0; i < job->acts; i++) {
        if (status == STATUS_OK && !job->results[i])
            note_ended(job, i);
        taker_drop(job->holders[i]);
    }
    job->feed->prolongs--;
    if (job->feed->renewal)
        feed_mark(job->feed);
    job_free(job);
}

static void run(struct job *job)
{
    job->feed->prolongs++;
    job_run(job, on_prolonged);
}

/* Returns the job that the next one is added to; NULL: none is begun. */
static struct job *prolong(struct feed *feed, struct job *job, struct taker *holder,
                           const struct delivery *delivery)
{
    if (!job) {
        job = job_new(feed->server, feed, NULL);
        stream_prolong_call(&job->call, feed->queue, job->results);
    }
    stream_prolong_add(&job->call, delivery->key, delivery->key_len, delivery->token);
    job->results[job->acts] = 1; /* unless the answer says otherwise */
    job->holders[job->acts++] = holder;
    taker_hold(holder); /* it stays in memory, gone or not */
    if (job->acts < STREAM_BATCH)
        return job;
    run(job);
    return NULL;
}

static struct job *prolong_all(struct feed *feed, struct job *job, struct taker *holder)
{
    for (const struct delivery *at = holder->deliveries.first; at; at = at->next)
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
        feed_mark(feed);
}

void leases_renew(struct feed *feed)
{
    fanout_walk(&feed->consumers, WALK_LEASES);
    feed->renewal = RENEWAL_BEGUN;
    feed->leases_due = 0;
    sent_list_renew(&feed->sent, ev_now(feed->server->loop));
    feed_mark(feed);
}

static bool has_due(const struct feed *feed)
{
    if (feed->renewal == RENEWAL_BEGUN)
        return feed->prolongs < RENEWING;
    return feed->leases_due >= PROLONG_SECONDS && feed->consumers.count > 0;
}

/* In turn, for ever; but in a renewal only those who were there when it began, then NULL. */
static struct member *next_due(struct feed *feed)
{
    struct member *member = fanout_next(&feed->consumers, WALK_LEASES);

    if (member || feed->renewal == RENEWAL_BEGUN)
        return member;
    fanout_walk(&feed->consumers, WALK_LEASES);
    return fanout_next(&feed->consumers, WALK_LEASES);
}

static void end_renewal(struct feed *feed)
{
    if (feed->renewal != RENEWAL_SENT || feed->prolongs > 0)
        return;
    feed->renewal = RENEWAL_NONE;
    comeback_renewed(feed->server);
}

void leases_pump(struct feed *feed)
{
    struct job *job = NULL;

    while (has_due(feed) && turn_goes_on(&feed->server->turn)) {
        struct member *member = next_due(feed);

        if (member)
            job = prolong_all(feed, job, taker_of(member));
        if (feed->renewal != RENEWAL_BEGUN)
            feed->leases_due -= PROLONG_SECONDS;
        else if (!member)
            feed->renewal = RENEWAL_SENT;
    }
    if (job)
        run(job);
    if (has_due(feed))
        feed_mark(feed);
    end_renewal(feed);
}
