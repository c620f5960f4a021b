/* look.c - what Redis tells of feeds that nobody has told.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/look.h"

#include "ws/feed/feed.h"
#include "ws/redis/job.h"
#include "ws/server.h"

static void on_states(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;

    (void)reason;
    for (int i = 0; i < job->states.count; i++) {
        struct feed *feed = job->feeds[i];

        if (status == STATUS_OK)
            feed_tick(feed, job->states.bits[i]);
        else
            feed->is_stirred = true;
        feed->jobs--;
        feed_mark(feed);
    }
    job_free(job);
}

/* Asks about the next feeds in turn; about all closely, or those that something has happened to. */
static void look_at_feeds(struct server *server, int count, bool is_close)
{
    const char *queues[STREAM_STATES];
    struct job *job = job_new(server, NULL, NULL);

    job->states.count = count;
    for (int i = 0; i < count; i++) {
        struct feed *feed = sources_turn(&server->queues);

        feed->jobs++;
        job->feeds[i] = feed;
        queues[i] = feed->source.name;
        job->states.is_close[i] = is_close || feed->is_stirred;
        feed->is_stirred = false;
    }
    stream_states_call(&job->call, queues, &job->states);
    job_run(job, on_states);
}

/* Each feed is looked at once a second, as many as possible in one call; the calls are spread.  Now
 * and then all closely: other programs may have done something there without a word. */
void looks_step(struct server *server)
{
    enum { CLOSE_SECONDS = 10 };
    long long calls = (server->queues.count + STREAM_STATES - 1) / STREAM_STATES;
    long long step = server->steps % WHEEL_SECOND;
    long long now = calls * (step + 1) / WHEEL_SECOND - calls * step / WHEEL_SECOND;
    bool is_close = server->steps / WHEEL_SECOND % CLOSE_SECONDS == 0;

    while (now-- > 0)
        look_at_feeds(server, (int)((server->queues.count + calls - 1) / calls), is_close);
}
