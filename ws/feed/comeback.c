/* comeback.c - Redis is back.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/comeback.h"

#include "broker/channel.h"
#include "broker/keys.h"
#include "ws/feed/attendance.h"
#include "ws/feed/feed.h"
#include "ws/redis/alink.h"
#include "ws/redis/job.h"
#include "ws/server.h"

enum { BEAT_STEPS = PRESENCE_BEAT_MS / WHEEL_STEP_MS };

/* That long the other helpers are waited for: they dial Redis every two seconds at least. */
static const ev_tstamp WAIT_SECONDS = 5;

bool comeback_is_over(const struct server *server)
{
    return server->comeback.stage == COMEBACK_OVER;
}

static void finish(struct server *server)
{
    server->comeback.stage = COMEBACK_OVER;
    feeds_do(&server->queues, feed_wake);
}

/* --- the other helpers ----------------------------------------------------------------------- */

/* Whoever is back says so at once, and whoever is not says it once it is. */
static void call_helpers(struct server *server)
{
    struct job *job = job_new(server, NULL, NULL);
    char channel[KEY_SIZE];

    keys_write(channel, KEY_HELPERS, "");
    channel_publish_call(&job->call, channel, "call", 4, &job->number);
    job_run(job, NULL);
}

static void on_call(void *user, const char *data, size_t len)
{
    (void)data, (void)len;
    ((struct server *)user)->comeback.is_called = true;
}

static void take_muster(struct server *server, const struct presence_muster *muster)
{
    struct comeback *comeback = &server->comeback;

    if (comeback->stage == COMEBACK_OVER) {
        comeback->known = muster->alive;
    } else if (comeback->called_at) {
        if (muster->heard >= comeback->expected)
            finish(server);
    } else {
        comeback->called_at = muster->now;
        comeback->expected = muster->alive > comeback->known ? muster->alive : comeback->known;
        if (comeback->expected > 1)
            call_helpers(server);
        else
            finish(server);
    }
}

static void on_muster(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;
    struct server *server = job->server;
    struct comeback *comeback = &server->comeback;

    (void)reason;
    comeback->is_asking = false;
    if (status == STATUS_OK && comeback->stage >= COMEBACK_HELPERS)
        take_muster(server, &comeback->muster);
    else if (status != STATUS_UNAVAILABLE && comeback->stage == COMEBACK_HELPERS)
        finish(server); /* Redis does not tell */
    job_free(job);
}

/* How many helpers are there? */
static void look(struct server *server)
{
    struct comeback *comeback = &server->comeback;
    struct job *job;

    if (comeback->is_asking)
        return;
    comeback->is_asking = true;
    job = job_new(server, NULL, NULL);
    presence_muster_call(&job->call, comeback->called_at, &comeback->muster);
    job_run(job, on_muster);
}

void comeback_step(struct server *server)
{
    struct comeback *comeback = &server->comeback;

    if (server->steps % BEAT_STEPS == 0)
        comeback->is_due = true;
    if (comeback->stage != COMEBACK_HELPERS)
        return;
    if (ev_now(server->loop) > comeback->until)
        finish(server);
    else
        look(server);
}

/* Only here, where all that came in this turn has been read: a helper that slept, and has lost
 * Redis meanwhile, must not say that it is there before it has noticed. */
void comeback_pump(struct server *server)
{
    struct comeback *comeback = &server->comeback;

    if (comeback->stage < COMEBACK_HELPERS || server->is_stopping || !alink_is_up(server->alink))
        return;
    if (comeback->is_due) {
        attendance_beat(server);
        if (comeback->stage == COMEBACK_OVER)
            look(server);
    } else if (comeback->is_called) {
        attendance_say(server);
    }
    comeback->is_due = comeback->is_called = false;
}

/* --- this one -------------------------------------------------------------------------------- */

/* All that is held here is prolonged: now this one is back, too. */
static void join_helpers(struct server *server)
{
    struct comeback *comeback = &server->comeback;

    attendance_up(server);
    comeback->stage = COMEBACK_HELPERS;
    comeback->called_at = 0;
    comeback->until = ev_now(server->loop) + WAIT_SECONDS;
    look(server);
}

/* Nobody has lost anything. */
static void begin(struct server *server)
{
    server->comeback.was_there = true;
    attendance_up(server);
    finish(server);
    look(server);
}

void comeback_renewed(struct server *server)
{
    if (--server->comeback.renewing == 0)
        join_helpers(server);
}

void comeback_up(struct server *server)
{
    struct comeback *comeback = &server->comeback;

    if (!comeback->was_there) {
        begin(server);
        return;
    }
    comeback->stage = COMEBACK_LEASES;
    comeback->renewing = server->queues.count + 1; /* none is the last one before all have begun */
    feeds_do(&server->queues, feed_renew);
    comeback_renewed(server);
}

void comeback_down(struct server *server)
{
    server->comeback.stage = COMEBACK_AWAY;
}

void comeback_listen(struct server *server)
{
    struct listening *calls = &server->comeback.calls;
    char channel[KEY_SIZE];

    keys_write(channel, KEY_HELPERS, "");
    calls->user = server;
    calls->heard = on_call;
    channel_listen(server->channels, calls, channel);
}
