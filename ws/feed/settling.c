/* settling.c - the end of leases that this helper has of one queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/settling.h"

#include "ws/feed/sent.h"
#include "ws/redis/job.h"
#include "ws/server.h"

static void on_settled(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;
    struct settling *settling = job->settling;

    (void)reason; /* a lease that was not settled runs out */
    for (int i = 0; i < job->acts; i++) {
        struct sent *sent = job->sent[i];

        if (status == STATUS_OK && job->results[i] == SETTLE_LEFT)
            sweep_note(&settling->server->sweep, settling->queue);
        if (!sent)
            continue;
        sent->is_acking = false;
        if (status == STATUS_OK && job->results[i] != SETTLE_STALE)
            sent_forget(settling->sent, sent);
    }
    job_free(job);
}

void settling_run(struct settling *settling)
{
    struct job *job = settling->job;

    settling->job = NULL;
    if (job)
        job_run(job, on_settled);
}

static struct job *begin(struct settling *settling)
{
    struct job *job = job_new(settling->server, settling->feed, NULL);

    job->settling = settling;
    stream_settle_call(&job->call, settling->queue, job->results);
    return job;
}

void settling_add(struct settling *settling, enum settle_act act, const struct leased *leased)
{
    struct job *job = settling->job;

    if (!job)
        job = settling->job = begin(settling);
    stream_settle_add(&job->call, act, leased->key, leased->key_len, leased->token);
    job->sent[job->acts++] = leased->sent;
    if (leased->sent)
        leased->sent->is_acking = true;
    if (job->acts == STREAM_BATCH)
        settling_run(settling);
    settling->mark(settling->feed);
}

void settling_delivery(void *settling, enum settle_act act, const struct delivery *delivery)
{
    struct leased leased = {delivery->key, delivery->key_len, delivery->token, NULL};

    settling_add(settling, act, &leased);
}

void settling_return(struct settling *settling, const struct message *messages, int count)
{
    while (count-- > 0) {
        const struct message *message = &messages[count];
        struct leased leased = {message->key, message->key_len, message->token, NULL};

        settling_add(settling, SETTLE_RETURN, &leased);
    }
}
