/* settling.c - the end of leases that this helper has of one queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/settling.h"

#include "ws/feed/helper.h"
#include "ws/feed/sent.h"
#include "ws/redis/job.h"

/* One call. */
struct acts {
    struct job job;
    struct settling *settling;
    int count;
    signed char results[STREAM_BATCH];
    char what[STREAM_BATCH];         /* enum settle_act of each */
    struct sent *sent[STREAM_BATCH]; /* of each; NULL: it is about no broadcast */
};

static void count(struct helper_counts *counts, char what, signed char result)
{
    if (result == SETTLE_GONE || result == SETTLE_STALE)
        return;
    if (what == SETTLE_ACK)
        counts->acked++;
    else
        counts->returned++;
}

static void on_settled(void *user, enum status status, const struct reason *reason)
{
    struct acts *acts = user;
    struct settling *settling = acts->settling;

    (void)reason; /* a lease that was not settled runs out */
    for (int i = 0; i < acts->count; i++) {
        struct sent *sent = acts->sent[i];

        if (status == STATUS_OK)
            count(&settling->helper->counts, acts->what[i], acts->results[i]);
        if (!sent)
            continue;
        sent->is_acking = false;
        if (status == STATUS_OK && acts->results[i] != SETTLE_STALE)
            sent_forget(settling->sent, sent);
    }
    job_free(&acts->job);
}

void settling_run(struct settling *settling)
{
    struct acts *acts = settling->acts;

    settling->acts = NULL;
    if (acts)
        job_run(&acts->job, on_settled);
}

static struct acts *begin(struct settling *settling)
{
    struct acts *acts = job_new(settling->helper->jobs, sizeof(*acts), settling->held, NULL);

    acts->settling = settling;
    stream_settle_call(&acts->job.call, settling->queue, acts->results);
    return acts;
}

void settling_add(struct settling *settling, enum settle_act act, const struct leased *leased)
{
    struct acts *acts = settling->acts;

    if (!acts)
        acts = settling->acts = begin(settling);
    stream_settle_add(&acts->job.call, act, leased->key, leased->key_len, leased->token);
    acts->what[acts->count] = (char)act;
    acts->sent[acts->count++] = leased->sent;
    if (leased->sent)
        leased->sent->is_acking = true;
    if (acts->count == STREAM_BATCH)
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
