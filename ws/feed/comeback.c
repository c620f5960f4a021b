/* comeback.c - Redis is back.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/comeback.h"

#include "broker/channel.h"
#include "broker/keys.h"
#include "ws/feed/attendance.h"
#include "ws/feed/feeds.h"
#include "ws/feed/helper.h"
#include "ws/net/conn.h"
#include "ws/redis/alink.h"
#include "ws/redis/job.h"

enum { BEAT_STEPS = HELPER_BEAT_MS / WHEEL_STEP_MS };

/* How long the other helpers are waited for: they dial Redis every two seconds at least. */
static const ev_tstamp WAIT_SECONDS = 5;

static void finish(struct comeback *comeback)
{
    comeback->helper->stage = COMEBACK_OVER;
    comeback->helper->is_partial = false;
    feeds_do(&comeback->feeds->sources, feed_settle);
}

/* --- the other helpers ----------------------------------------------------------------------- */

struct calling {
    struct job job;
    struct published heard;
};

/* A helper that is back says so at once, and another one as soon as it is. */
static void call_helpers(struct comeback *comeback)
{
    struct calling *calling = job_new(comeback->helper->jobs, sizeof(*calling), NULL, NULL);
    char channel[KEY_SIZE];

    keys_write(channel, KEY_HELPERS, "");
    channel_tell_call(&calling->job.call, channel, "call", 4, &calling->heard);
    job_run(&calling->job, NULL);
}

static void on_call(void *user, const char *data, size_t len)
{
    (void)data, (void)len;
    ((struct comeback *)user)->is_called = true;
}

static void take_muster(struct comeback *comeback, const struct presence_muster *muster)
{
    if (comeback->helper->stage == COMEBACK_OVER) {
        comeback->known = muster->alive;
    } else if (comeback->called_at) {
        if (muster->heard >= comeback->expected)
            finish(comeback);
    } else {
        comeback->called_at = muster->now;
        comeback->expected = muster->alive > comeback->known ? muster->alive : comeback->known;
        if (comeback->expected > 1)
            call_helpers(comeback);
        else
            finish(comeback);
    }
}

static void on_muster(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;
    struct comeback *comeback = job->owner;
    (void)reason;
    comeback->is_asking = false;
    if (status == STATUS_OK && comeback->helper->stage >= COMEBACK_HELPERS)
        take_muster(comeback, &comeback->muster);
    else if (status != STATUS_UNAVAILABLE && comeback->helper->stage == COMEBACK_HELPERS)
        finish(comeback); /* Redis does not tell */
    job_free(job);
}

/* How many helpers are there? */
static void look(struct comeback *comeback)
{
    struct job *job;

    if (comeback->is_asking)
        return;
    comeback->is_asking = true;
    job = job_new(comeback->helper->jobs, sizeof(*job), NULL, NULL);
    job->owner = comeback;
    presence_muster_call(&job->call, comeback->called_at, &comeback->muster);
    job_run(job, on_muster);
}

void comeback_step(struct comeback *comeback, unsigned steps)
{
    if (steps % BEAT_STEPS == 0)
        comeback->is_due = true;
    if (comeback->helper->stage != COMEBACK_HELPERS)
        return;
    if (ev_now(comeback->helper->conns->loop) > comeback->until)
        finish(comeback);
    else
        look(comeback);
}

/* The leases of those that are heard again are prolonged, too; what was begun for others before has
 * to wait for that. */
static void begin_return(struct comeback *comeback)
{
    struct helper *helper = comeback->helper;
    struct sources *feeds = &comeback->feeds->sources;

    if (helper->stage == COMEBACK_AWAY)
        return; /* and once it is not */
    comeback->has_returned = false;
    helper->is_partial |= helper->stage == COMEBACK_OVER;
    if (helper->stage != COMEBACK_LEASES)
        comeback->renewing = 0;
    helper->stage = COMEBACK_LEASES;
    comeback->renewing++; /* none is the last before all began */
    for (struct source *at = feeds->first; at; at = at->next) {
        struct feed *feed = (struct feed *)at;

        if (!feed_return(feed))
            continue;
        if (feed->leases.renewal == RENEWAL_NONE) /* else it is counted, and ends once */
            comeback->renewing++;
        feed_renew(feed);
    }
    comeback_renewed(comeback);
}

void comeback_returned(struct comeback *comeback)
{
    comeback->has_returned = true;
}

/* Only here, where all that came in this turn has been read: a helper that slept, and has lost
 * Redis meanwhile, must not say that it is there before it has noticed. */
void comeback_pump(struct comeback *comeback)
{
    if (comeback->has_returned)
        begin_return(comeback);
    if (comeback->helper->stage < COMEBACK_HELPERS || comeback->helper->is_stopping ||
        !alink_is_up(comeback->helper->jobs->alink))
        return;
    if (comeback->is_due) {
        attendance_beat(comeback->attendances);
        if (comeback->helper->stage == COMEBACK_OVER)
            look(comeback);
    } else if (comeback->is_called && !feeds_have_lost(comeback->feeds)) {
        attendance_say(comeback->attendances);
    }
    comeback->is_due = comeback->is_called =
        false; /* where some are lost, it beats once they are back */
}

/* --- this one -------------------------------------------------------------------------------- */

/* All that is held here is prolonged: now this one is back, too. */
static void join_helpers(struct comeback *comeback)
{
    attendance_beat(comeback->attendances);
    comeback->helper->stage = COMEBACK_HELPERS;
    comeback->called_at = 0;
    comeback->until = ev_now(comeback->helper->conns->loop) + WAIT_SECONDS;
    look(comeback);
}

/* Nobody has lost anything. */
static void begin(struct comeback *comeback)
{
    comeback->was_there = true;
    attendance_beat(comeback->attendances);
    finish(comeback);
    look(comeback);
}

void comeback_renewed(struct comeback *comeback)
{
    if (--comeback->renewing == 0 && comeback->helper->stage == COMEBACK_LEASES)
        join_helpers(comeback);
}

void comeback_up(struct comeback *comeback)
{
    if (!comeback->was_there) {
        begin(comeback);
        return;
    }
    comeback->helper->stage = COMEBACK_LEASES;
    comeback->renewing = comeback->feeds->sources.count + 1; /* none is the last before all began */
    feeds_do(&comeback->feeds->sources, feed_renew);
    comeback_renewed(comeback);
}

void comeback_down(struct comeback *comeback)
{
    comeback->helper->stage = COMEBACK_AWAY;
    comeback->helper->is_partial = false;
}

void comeback_listen(struct comeback *comeback)
{
    struct listening *calls = &comeback->calls;
    char channel[KEY_SIZE];

    keys_write(channel, KEY_HELPERS, "");
    calls->user = comeback;
    calls->heard = on_call;
    channel_listen(comeback->helper->channels, calls, channel);
}
