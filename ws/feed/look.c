/* look.c - what Redis tells of feeds that nobody has told.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/look.h"

#include "broker/keys.h"
#include "ws/feed/feed.h"
#include "ws/feed/helper.h"
#include "ws/net/wheel.h"
#include "ws/redis/job.h"

/* A look at some of them. */
struct looking {
    struct job job;
    struct feed *feeds[STREAM_STATES];
    struct stream_states states;
};

static void on_states(void *user, enum status status, const struct reason *reason)
{
    struct looking *looking = user;

    (void)reason;
    for (int i = 0; i < looking->states.count; i++) {
        struct feed *feed = looking->feeds[i];

        if (status == STATUS_OK)
            feed_tick(feed, looking->states.bits[i]);
        else
            feed->is_stirred = true;
        feed->held.count--;
        feed_mark(feed);
    }
    job_free(&looking->job);
}

/* Asks about the next feeds in turn; about all closely, or those that something has happened to. */
static void look_at_feeds(struct feeds *feeds, int count, bool is_close)
{
    const char *queues[STREAM_STATES];
    struct looking *looking = job_new(feeds->helper->jobs, sizeof(*looking), NULL, NULL);

    looking->states.count = count;
    for (int i = 0; i < count; i++) {
        struct feed *feed = sources_turn(&feeds->sources);

        feed->held.count++;
        looking->feeds[i] = feed;
        queues[i] = feed->source.name;
        looking->states.is_close[i] = is_close || feed->is_stirred;
        feed->is_stirred = false;
    }
    stream_states_call(&looking->job.call, queues, &looking->states);
    job_run(&looking->job, on_states);
}

/* Each feed is looked at once a second, as many as possible in one call; the calls are spread.  Now
 * and then all closely: other programs may have done something there without a word. */
void looks_step(struct feeds *feeds, unsigned steps)
{
    enum { CLOSE_SECONDS = 10 };
    long long most = keys_together(STREAM_STATES);
    long long calls = (feeds->sources.count + most - 1) / most;
    long long step = steps % WHEEL_SECOND;
    long long now = calls * (step + 1) / WHEEL_SECOND - calls * step / WHEEL_SECOND;
    bool is_close = steps / WHEEL_SECOND % CLOSE_SECONDS == 0;

    while (now-- > 0)
        look_at_feeds(feeds, (int)((feeds->sources.count + calls - 1) / calls), is_close);
}
