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

/* A call that prolongs leases. */
struct prolonging {
    struct job job;
    struct leases *leases;
    int count;
    signed char results[STREAM_BATCH];
    struct taker *holders[STREAM_BATCH]; /* of each lease */
};

static void mark(struct leases *leases)
{
    leases->is_marked = true;
    leases->owner->mark(leases->feed);
}

/* The taker has room for another message, if it is still there. */
static void note_ended(const struct prolonging *prolonging, int i)
{
    struct leases *leases = prolonging->leases;
    char token[TOKEN_SIZE], key[MESSAGE_KEY];
    size_t len;

    stream_prolong_read(&prolonging->job.call, i, key, &len, token);
    leases->owner->ended(leases->feed, prolonging->holders[i], key, len, token);
}

static void on_prolonged(void *user, enum status status, const struct reason *reason)
{
    struct prolonging *prolonging = user;
    struct leases *leases = prolonging->leases;

    (void)reason; /* a lease that was not prolonged runs out */
    for (int i = 0; i < prolonging->count; i++)
        if (status == STATUS_OK && !prolonging->results[i])
            note_ended(prolonging, i);
    leases->under_way--;
    if (leases->renewal)
        mark(leases);
    job_free(&prolonging->job);
}

static void run(struct prolonging *prolonging)
{
    prolonging->leases->under_way++;
    job_run(&prolonging->job, on_prolonged);
}

static void drop_holders(struct job *job)
{
    struct prolonging *prolonging = (struct prolonging *)job;

    for (int i = 0; i < prolonging->count; i++)
        taker_drop(prolonging->holders[i]);
}

static struct prolonging *begin(struct leases *leases)
{
    struct prolonging *prolonging = job_new(leases->jobs, sizeof(*prolonging), leases->held, NULL);

    prolonging->leases = leases;
    prolonging->job.clear = drop_holders;
    stream_prolong_call(&prolonging->job.call, leases->source->name, prolonging->results);
    return prolonging;
}

/* Returns the job that the next one is added to; NULL: none is begun. */
static struct prolonging *prolong(struct leases *leases, struct prolonging *prolonging,
                                  struct taker *holder, const struct delivery *delivery)
{
    if (!prolonging)
        prolonging = begin(leases);
    stream_prolong_add(&prolonging->job.call, delivery->key, delivery->key_len, delivery->token);
    prolonging->results[prolonging->count] = 1; /* unless the answer says otherwise */
    prolonging->holders[prolonging->count++] = holder;
    taker_hold(holder); /* it stays in memory, gone or not */
    if (prolonging->count < STREAM_BATCH)
        return prolonging;
    run(prolonging);
    return NULL;
}

static struct prolonging *prolong_all(struct leases *leases, struct prolonging *prolonging,
                                      struct taker *holder)
{
    for (const struct delivery *at = holder->deliveries.first; at; at = at->next)
        prolonging = prolong(leases, prolonging, holder, at);
    return prolonging;
}

void leases_step(struct leases *leases)
{
    int takers = (int)leases->source->fanout.count, all = takers * PROLONG_SECONDS;

    leases->due += takers;
    if (leases->due > all)
        leases->due = all; /* each of them once, however many have left */
    if (leases->due >= PROLONG_SECONDS)
        mark(leases);
}

void leases_renew(struct leases *leases)
{
    fanout_walk(&leases->source->fanout, WALK_LEASES);
    leases->renewal = RENEWAL_BEGUN;
    leases->due = 0;
    mark(leases);
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
    struct prolonging *prolonging = NULL;

    leases->is_marked = false;
    while (has_due(leases) && turn_goes_on(leases->source->fanout.conns->turn)) {
        struct member *member = next_due(leases);

        if (member)
            prolonging = prolong_all(leases, prolonging, taker_of(member));
        if (leases->renewal != RENEWAL_BEGUN)
            leases->due -= PROLONG_SECONDS;
        else if (!member)
            leases->renewal = RENEWAL_SENT;
    }
    if (prolonging)
        run(prolonging);
    if (has_due(leases))
        mark(leases);
    end_renewal(leases);
}
