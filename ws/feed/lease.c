/* lease.c - leases of takers, prolonged.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/lease.h"

#include "broker/stream.h"
#include "ws/feed/source.h"
#include "ws/feed/taker.h"
#include "ws/net/conn.h"
#include "ws/redis/job.h"

enum {
    PROLONG_SECONDS = 10, /* for all of them; the leases are of 30 */
    RENEWING = 32,        /* calls of one queue under way at a time, when it is for all at once */
};

/* The taker has room for another message, if it is still there. */
static void note_ended(const struct job *job, int i)
{
    struct leases *leases = job->leases;
    char token[TOKEN_SIZE];
    const char *key;
    size_t len;

    stream_prolong_read(&job->call, i, &key, &len, token);
    leases->owner->ended(leases->feed, job->holders[i], key, len, token);
}

static void on_prolonged(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;
    struct leases *leases = job->leases;

    (void)reason; /* a lease that was not prolonged runs out */
    for (int i = 0; i < job->acts; i++) {
        if (status == STATUS_OK && !job->results[i])
            note_ended(job, i);
        taker_drop(job->holders[i]);
    }
    leases->under_way--;
    if (leases->renewal)
        leases->owner->mark(leases->feed);
    job_free(job);
}

static void run(struct job *job)
{
    job->leases->under_way++;
    job_run(job, on_prolonged);
}

static struct job *begin(struct leases *leases)
{
    struct job *job = job_new(leases->server, leases->feed, NULL);

    job->leases = leases;
    stream_prolong_call(&job->call, leases->source->name, job->results);
    return job;
}

/* Returns the job that the next one is added to; NULL: none is begun. */
static struct job *prolong(struct leases *leases, struct job *job, struct taker *holder,
                           const struct delivery *delivery)
{
    if (!job)
        job = begin(leases);
    stream_prolong_add(&job->call, delivery->key, delivery->key_len, delivery->token);
    job->results[job->acts] = 1; /* unless the answer says otherwise */
    job->holders[job->acts++] = holder;
    taker_hold(holder); /* it stays in memory, gone or not */
    if (job->acts < STREAM_BATCH)
        return job;
    run(job);
    return NULL;
}

static struct job *prolong_all(struct leases *leases, struct job *job, struct taker *holder)
{
    for (const struct delivery *at = holder->deliveries.first; at; at = at->next)
        job = prolong(leases, job, holder, at);
    return job;
}

void leases_step(struct leases *leases)
{
    int takers = (int)leases->source->fanout.count, all = takers * PROLONG_SECONDS;

    leases->due += takers;
    if (leases->due > all)
        leases->due = all; /* each of them once, however many have left */
    if (leases->due >= PROLONG_SECONDS)
        leases->owner->mark(leases->feed);
}

void leases_renew(struct leases *leases)
{
    fanout_walk(&leases->source->fanout, WALK_LEASES);
    leases->renewal = RENEWAL_BEGUN;
    leases->due = 0;
    leases->owner->mark(leases->feed);
}

void leases_reset(struct leases *leases)
{
    leases->renewal = RENEWAL_NONE;
}

static bool has_due(const struct leases *leases)
{
    if (leases->renewal == RENEWAL_BEGUN)
        return leases->under_way < RENEWING;
    return leases->due >= PROLONG_SECONDS && leases->source->fanout.count > 0;
}

/* In turn, for ever; but in a renewal only those who were there when it began, then NULL. */
static struct member *next_due(struct leases *leases)
{
    struct fanout *takers = &leases->source->fanout;
    struct member *member = fanout_next(takers, WALK_LEASES);

    if (member || leases->renewal == RENEWAL_BEGUN)
        return member;
    fanout_walk(takers, WALK_LEASES);
    return fanout_next(takers, WALK_LEASES);
}

static void end_renewal(struct leases *leases)
{
    if (leases->renewal != RENEWAL_SENT || leases->under_way > 0)
        return;
    leases->renewal = RENEWAL_NONE;
    leases->owner->renewed(leases->feed);
}

void leases_pump(struct leases *leases)
{
    struct job *job = NULL;

    while (has_due(leases) && turn_goes_on(leases->source->fanout.conns->turn)) {
        struct member *member = next_due(leases);

        if (member)
            job = prolong_all(leases, job, taker_of(member));
        if (leases->renewal != RENEWAL_BEGUN)
            leases->due -= PROLONG_SECONDS;
        else if (!member)
            leases->renewal = RENEWAL_SENT;
    }
    if (job)
        run(job);
    if (has_due(leases))
        leases->owner->mark(leases->feed);
    end_renewal(leases);
}
