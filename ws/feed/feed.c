/* feed.c - one queue with consumers or long-polls here.
 *
 * Messages are taken by a script that leases them to this helper.  With the policy roundrobin the
 * reply has them, and they are given in turn to consumers that can take more.  With broadcast the
 * script publishes them, and every helper gives what arrives on that channel to all its consumers:
 * so they all see one order.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/feed.h"

#include <stddef.h>

#include "base/text.h"
#include "broker/batch.h"
#include "broker/keys.h"
#include "broker/take.h"
#include "ws/feed/helper.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"

void feed_mark(struct feed *feed)
{
    turn_mark(feed->feeds->helper->conns->turn, CAUSE_QUEUES, &feed->marked);
}

/* --- birth and end --------------------------------------------------------------------------- */

void feed_wake(struct feed *feed)
{
    feed->may_have = true;
    feed->is_stirred = true;
    feed_mark(feed);
}

static void look_whether_back(struct feed *feed)
{
    if (feed->stage == FEED_LOST && source_is_subscribed(&feed->source))
        feed->feeds->returned(feed->feeds->user);
}

static void on_ready(struct source *source)
{
    struct feed *feed = (struct feed *)source;

    look_whether_back(feed);
    feed_wake(feed);
}

/* Nobody waits for leases that cannot be prolonged. */
static void on_away(struct source *source)
{
    struct feed *feed = (struct feed *)source;
    bool was_renewing = feed->leases.renewal != RENEWAL_NONE;

    feed->stage = FEED_LOST;
    feed_reset(feed);
    if (was_renewing)
        feed->feeds->renewed(feed->feeds->user);
}

static void on_gap(void *user)
{
    struct source *source = user;

    fanout_gap(&source->fanout);
}

static void on_push(void *user, const char *data, size_t len)
{
    (void)data, (void)len;
    feed_wake(user);
}

/* Those who were there when it was purged, once they have got what came before. */
static void end_purged(struct feed *feed)
{
    struct member *member;

    while ((member = fanout_next(&feed->source.fanout, WALK_PURGED)))
        conn_leave(member->conn, LEAVES_PURGED);
    feed->is_purged = false;
}

static void on_event(void *user, const char *data, size_t len)
{
    struct feed *feed = user;
    struct delivery *ended;

    if (holder_heard(&feed->holders, data, len, &ended)) {
        if (ended)
            feed_lease_ended(feed, ended->holder, ended->key, ended->key_len, ended->token);
        return;
    }
    if (text_is(data, len, "remove"))
        sent_list_void(&feed->broadcast.sent);
    if (text_is(data, len, "purge") || text_is(data, len, "remove")) {
        fanout_walk(&feed->source.fanout, WALK_PURGED);
        feed->is_purged = true;
    }
    feed_wake(feed);
}

/* All have got what was published, and it may go on. */
static void on_sent(struct fanout *consumers)
{
    feed_mark((struct feed *)((char *)consumers - offsetof(struct feed, source.fanout)));
}

static void on_broadcast(void *user, const char *data, size_t len)
{
    struct feed *feed = user;

    broadcast_heard(&feed->broadcast, data, len);
    feed_mark(feed); /* what follows from it may be an act, or the next broadcast */
}

static void listen_to(struct feed *feed, int i)
{
    static const struct {
        enum key key;
        void (*heard)(void *user, const char *data, size_t len);
        void (*gap)(void *user);
    } rows[] = {
        [FEED_PUSHES] = {KEY_CHANNEL,   on_push,      NULL  },
        [FEED_EVENTS] = {KEY_EVENTS,    on_event,     NULL  },
        [FEED_BROADCASTS] = {KEY_BROADCAST, on_broadcast, on_gap},
    };
    char name[KEY_SIZE];

    keys_write(name, rows[i].key, feed->source.name);
    source_listen(&feed->source, i, name, rows[i].heard, rows[i].gap);
}

static void renewed(struct feed *feed)
{
    feed->feeds->renewed(feed->feeds->user);
}

static const struct leases_owner leases_owner = {
    .mark = feed_mark,
    .ended = feed_lease_ended,
    .renewed = renewed,
};

static void on_idle(struct held *held)
{
    feed_mark((struct feed *)((char *)held - offsetof(struct feed, held)));
}

static void init_parts(struct feed *feed)
{
    struct source *source = &feed->source;

    takers_init(&feed->ready);
    waits_init(&feed->waits);
    feed->settling = (struct settling){
        .helper = feed->feeds->helper,
        .held = &feed->held,
        .feed = feed,
        .queue = source->name,
        .sent = &feed->broadcast.sent,
        .mark = feed_mark,
    };
    feed->leases = (struct leases){
        .jobs = feed->feeds->helper->jobs,
        .held = &feed->held,
        .source = source,
        .feed = feed,
        .owner = &leases_owner,
    };
    broadcast_init(&feed->broadcast, source, &feed->settling);
}

struct feed *feed_new(struct feeds *feeds, const char *queue)
{
    struct feed *feed = source_new(&feeds->sources, sizeof(*feed), queue);

    feed->source.ready = on_ready;
    feed->source.away = on_away;
    feed->source.fanout.done = on_sent;
    feed->feeds = feeds;
    feed->held.idle = on_idle;
    feed->policy = POLICY_ROUNDROBIN; /* until Redis tells: then nothing is taken by mistake */
    init_parts(feed);
    listen_to(feed, FEED_PUSHES);
    listen_to(feed, FEED_EVENTS);
    feed->is_stirred = true;
    return feed;
}

void feed_drop(struct feed *feed)
{
    feed->users--;
    feed_mark(feed);
}

static void feed_free(struct feed *feed)
{
    broadcast_clear(&feed->broadcast);
    source_free(&feed->source);
}

/* --- consumers ------------------------------------------------------------------------------- */

void feed_ready(struct feed *feed, struct taker *taker)
{
    if (takers_add(&feed->ready, taker) && feed->may_have)
        feed_mark(feed);
}

void feed_join(struct feed *feed, struct taker *taker)
{
    listen_to(feed, FEED_BROADCASTS);
    source_join(&feed->source, &taker->member, taker->member.conn);
    feed_ready(feed, taker);
    feed_wake(feed);
}

void feed_leave(struct feed *feed, struct taker *taker, uint64_t written)
{
    struct budget *budget = feed->feeds->helper->conns->budget;

    for (struct delivery *at = taker->deliveries.first; at; at = at->next)
        holder_forget(&feed->holders, budget, at);
    deliveries_return(&taker->deliveries, budget, written, settling_delivery, &feed->settling);
    fanout_leave(&feed->source.fanout, &taker->member);
    takers_remove(&feed->ready, taker);
}

void feed_lease_ended(struct feed *feed, struct taker *taker, const char *key, size_t len,
                      const char *token)
{
    struct budget *budget = feed->feeds->helper->conns->budget;
    struct delivery *delivery = deliveries_find(&taker->deliveries, key, len, token);

    if (!delivery)
        return;
    holder_forget(&feed->holders, budget, delivery);
    deliveries_remove(&taker->deliveries, budget, key, len, token);
    feed_ready(feed, taker);
}

/* To the next in turn; false when they all went away meanwhile. */
static bool give(struct feed *feed, const struct message *message)
{
    struct taker *taker = feed->ready.first;

    if (!taker)
        return false;
    takers_remove(&feed->ready, taker);
    feed->settling.helper->counts.given[TO_ONE]++;
    if (taker->kind->give(taker, message))
        feed_ready(feed, taker);
    return true;
}

static void give_all(struct feed *feed, const struct message *messages, int count)
{
    int given = 0;

    while (given < count && give(feed, &messages[given]))
        given++;
    settling_return(&feed->settling, messages + given, count - given);
}

/* --- taking for consumers -------------------------------------------------------------------- */

bool feed_is_taking(const struct feed *feed)
{
    return feed->is_taking || broadcast_is_awaited(&feed->broadcast);
}

static void note_state(struct feed *feed, const struct batch *batch)
{
    if (!batch->is_stopped && batch->policy != feed->policy) {
        feed->policy = batch->policy;
        feed->may_have = true;
    }
}

/* A call for takers. */
struct taking {
    struct job job;
    struct feed *feed;
    struct batch batch;
    int count; /* that there is room for */
    bool is_broadcast;
};

static void clear_taking(struct job *job)
{
    batch_clear(&((struct taking *)job)->batch);
}

static void on_taken(void *user, enum status status, const struct reason *reason)
{
    struct taking *taking = user;
    struct feed *feed = taking->feed;
    const struct batch *batch = &taking->batch;

    (void)reason; /* in the log already; the tick tries again */
    feed->is_taking = false;
    if (status == STATUS_OK || status == STATUS_EMPTY)
        note_state(feed, batch);
    if (status == STATUS_OK)
        feed->is_stirred = true; /* there are leases now */
    if (status == STATUS_OK && batch->count >= taking->count)
        feed->may_have = true;
    if (taking->is_broadcast)
        broadcast_told(&feed->broadcast, status == STATUS_OK ? batch->count : 0);
    else if (status == STATUS_OK)
        give_all(feed, batch->messages, batch->count);
    feed_mark(feed);
    job_free(&taking->job);
}

/* In a cluster it may have to wait, or to go to another node.  What is published where nobody of
 * this helper listens would be leased for nothing. */
static bool is_take_wanted(void *user)
{
    const struct taking *taking = user;

    return !taking->is_broadcast || source_is_subscribed(&taking->feed->source);
}

static void take(struct feed *feed, int count)
{
    struct taking *taking = job_new(feed->feeds->helper->jobs, sizeof(*taking), &feed->held, NULL);
    struct take wish = {
        .queue = feed->source.name,
        .count = count,
        .lease = LEASE_NONE,
        .holder = HOLDER_HELPER,
        .policy = feed->policy,
        .pool = feed->feeds->helper->pool,
    };

    taking->job.clear = clear_taking;
    taking->feed = feed;
    taking->count = count;
    taking->is_broadcast = feed->policy == POLICY_BROADCAST;
    take_call(&taking->job.call, &wish, &taking->batch);
    feed->is_taking = true;
    if (taking->is_broadcast)
        broadcast_begin(&feed->broadcast, taking->batch.token);
    job_run_if(&taking->job, is_take_wanted, on_taken);
}

static int demand(struct feed *feed)
{
    const struct fanout *takers = &feed->source.fanout;

    if (feed->feeds->helper->conns->budget
            ->is_exhausted) /* full for a moment is not enough: see relief.h */
        return 0;
    if (feed->policy == POLICY_BROADCAST)
        takers_end_explicit(takers);
    if (feed_is_taking(feed) || takers->count == 0 || fanout_is_busy(takers))
        return 0;
    return feed->policy == POLICY_BROADCAST ? STREAM_BATCH
                                            : takers_room(&feed->ready, STREAM_BATCH);
}

/* --- the end of the turn ---------------------------------------------------------------------- */

static void ask_for_messages(struct feed *feed)
{
    int count = demand(feed);
    struct wait *wait = feed->waits.first ? waits_next(&feed->waits) : NULL;

    if (!feed->may_have || (!count && !wait))
        return;
    feed->may_have = false;
    if (count)
        take(feed, count);
    if (wait) {
        feed->waits.is_serving = true;
        feed->waits.kind->ask(wait);
    }
}

/* One that is marked is looked at once more. */
static bool is_unused(const struct feed *feed)
{
    return !feed->users && !feed->held.count && !is_marked(&feed->marked) &&
           !is_marked(&feed->source.fanout.marked);
}

void feed_act(struct marked *marked)
{
    struct feed *feed = (struct feed *)((char *)marked - offsetof(struct feed, marked));
    const struct helper *helper = feed->feeds->helper;

    settling_run(&feed->settling);
    if (feed->is_purged && !fanout_is_busy(&feed->source.fanout))
        end_purged(feed);
    if (!feed_is_away(feed) && !helper->is_stopping && source_is_subscribed(&feed->source))
        ask_for_messages(feed);
    if (feed->leases.is_marked && alink_is_up(helper->jobs->alink))
        leases_pump(&feed->leases);
    if (feed_is_taking(feed)) /* what it takes may have to be given back */
        return;
    if (feed->source.fanout.count == 0)
        source_leave(&feed->source, FEED_BROADCASTS);
    look_whether_back(feed); /* what was missing may have been that */
    if (is_unused(feed))
        feed_free(feed);
}

void feed_tick(struct feed *feed, unsigned bits)
{
    enum policy policy = bits & STREAM_ROUNDROBIN ? POLICY_ROUNDROBIN : POLICY_BROADCAST;

    broadcast_step(&feed->broadcast);
    /* Where there is something now there may be leases later.  What becomes a dead letter is told
     * to nobody. */
    feed->is_stirred = feed->is_stirred || bits || queue_is_dead(feed->source.name);
    if (bits & STREAM_TOLD && !feed_is_taking(feed))
        feed->policy = policy;
    if (bits & (STREAM_READY | STREAM_DUE) && (!(bits & STREAM_STOPPED) || feed->waits.first))
        feed_wake(feed);
    leases_step(&feed->leases);
    sent_forget_old(&feed->broadcast.sent, ev_now(feed->feeds->helper->conns->loop));
}

void feed_reset(struct feed *feed)
{
    feed->may_have = feed->is_stirred = true;
    leases_reset(&feed->leases);
    if (!broadcast_is_awaited(&feed->broadcast))
        return;
    broadcast_end(&feed->broadcast);
    feed_mark(feed);
}

void feed_renew(struct feed *feed)
{
    sent_list_renew(&feed->broadcast.sent, ev_now(feed->feeds->helper->conns->loop));
    leases_renew(&feed->leases);
}

void feed_abandon(struct feed *feed)
{
    feed->is_taking = false;
    feed->held.count = 0;
    broadcast_clear(&feed->broadcast);
    feed_mark(feed);
}
