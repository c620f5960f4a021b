/* feed.c - one queue with consumers or long-polls here.
 *
 * Messages are taken by a script that leases them to this helper.  With the policy roundrobin the
 * reply has them, and they are given in turn to consumers that can take more.  With broadcast the
 * script publishes them, and every helper gives what arrives on that channel to all its consumers:
 * so they all see one order.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/feed.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "broker/keys.h"
#include "broker/queue.h"
#include "broker/take.h"
#include "ws/feed/lease.h"
#include "ws/net/conn.h"
#include "ws/redis/job.h"
#include "ws/server.h"

enum {
    BROADCAST_SECONDS = 5, /* for what was published to come back */
};

void feed_mark(struct feed *feed)
{
    turn_mark(&feed->server->turn, CAUSE_QUEUES, &feed->marked);
}

/* --- settling -------------------------------------------------------------------------------- */

static void on_settled(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;

    (void)reason; /* a lease that was not settled runs out */
    for (int i = 0; i < job->acts; i++) {
        struct sent *sent = job->sent[i];

        if (status == STATUS_OK && job->results[i] == SETTLE_LEFT)
            sweep_note(&job->server->sweep, job->feed->queue);
        if (!sent)
            continue;
        sent->is_acking = false;
        if (status == STATUS_OK && job->results[i] != SETTLE_STALE)
            sent_forget(&job->feed->sent, sent);
    }
    job_free(job);
}

static void run_settling(struct feed *feed)
{
    struct job *job = feed->settling;

    feed->settling = NULL;
    if (job)
        job_run(job, on_settled);
}

static void settle(struct feed *feed, enum settle_act act, const char *key, size_t key_len,
                   const char *token, struct sent *sent)
{
    struct job *job = feed->settling;

    if (!job) {
        job = job_new(feed->server, feed, NULL);
        stream_settle_call(&job->call, feed->queue, job->results);
        feed->settling = job;
    }
    stream_settle_add(&job->call, act, key, key_len, token);
    job->sent[job->acts++] = sent;
    if (sent)
        sent->is_acking = true;
    if (job->acts == STREAM_BATCH)
        run_settling(feed);
    feed_mark(feed);
}

void feed_settle(void *feed, enum settle_act act, const struct delivery *delivery)
{
    settle(feed, act, delivery->key, delivery->key_len, delivery->token, NULL);
}

/* --- birth and end --------------------------------------------------------------------------- */

void feed_wake(struct feed *feed)
{
    feed->may_have = true;
    feed->is_stirred = true;
    feed_mark(feed);
}

static bool is_subscribed(const struct feed *feed)
{
    return feed->pushes.is_ready && feed->events.is_ready &&
           (feed->broadcasts.is_ready || !feed->broadcasts.channel);
}

/* Whoever sees the head of the answer misses no broadcast from then on. */
static void on_ready(void *user)
{
    struct feed *feed = user;

    feed_wake(feed);
    if (!is_subscribed(feed))
        return;
    for (struct member *member = feed->consumers.first; member; member = member->next)
        conn_release(member->conn);
}

static void on_gap(void *user)
{
    struct feed *feed = user;

    fanout_gap(&feed->consumers);
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

    while ((member = fanout_next(&feed->consumers, WALK_PURGED)))
        conn_leave(member->conn, LEAVES_PURGED);
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
        sent_list_void(&feed->sent);
    if (text_is(data, len, "purge") || text_is(data, len, "remove"))
        fanout_walk(&feed->consumers, WALK_PURGED);
    feed_wake(feed);
}

/* All have got what was published, and it may go on. */
static void on_sent(struct fanout *consumers)
{
    feed_mark((struct feed *)((char *)consumers - offsetof(struct feed, consumers)));
}

static void on_broadcast(void *user, const char *data, size_t len);

static void listen_to(struct feed *feed, struct listening *listening, enum key key,
                      void (*heard)(void *, const char *, size_t))
{
    char name[KEY_SIZE];

    keys_write(name, key, feed->queue);
    listening->user = feed;
    listening->heard = heard;
    listening->ready = on_ready;
    channel_listen(feed->server->channels, listening, name);
}

static struct feed *feed_new(struct server *server, const char *queue)
{
    size_t size = strlen(queue) + 1;
    struct feed *feed = xmalloc(sizeof(*feed) + size);

    memset(feed, 0, sizeof(*feed));
    memcpy(feed->name, queue, size);
    feed->queue = feed->name;
    feed->server = server;
    feed->policy = POLICY_ROUNDROBIN; /* until Redis tells: then nothing is taken by mistake */
    feed->ready_last = &feed->ready;
    waits_init(&feed->waits);
    sent_list_init(&feed->sent);
    fanout_init(&feed->consumers, &server->conns, true);
    feed->consumers.done = on_sent;
    feed->next = server->feeds;
    feed->link = &server->feeds;
    if (feed->next)
        feed->next->link = &feed->next;
    server->feeds = feed;
    server->feed_count++;
    if (!tsearch(feed, &server->feed_tree, text_compare))
        abort(); /* out of memory */
    listen_to(feed, &feed->pushes, KEY_CHANNEL, on_push);
    listen_to(feed, &feed->events, KEY_EVENTS, on_event);
    feed->is_stirred = true;
    return feed;
}

struct feed *feed_get(struct server *server, const char *queue)
{
    struct feed **found = tfind(&queue, &server->feed_tree, text_compare);
    struct feed *feed = found ? *found : feed_new(server, queue);

    feed->users++;
    return feed;
}

void feed_drop(struct feed *feed)
{
    feed->users--;
    feed_mark(feed);
}

static void feed_free(struct feed *feed)
{
    struct server *server = feed->server;

    if (server->tick_feed == feed)
        server->tick_feed = feed->next;
    *feed->link = feed->next;
    if (feed->next)
        feed->next->link = feed->link;
    server->feed_count--;
    tdelete(feed, &server->feed_tree, text_compare);
    channel_leave(&feed->pushes);
    channel_leave(&feed->events);
    channel_leave(&feed->broadcasts);
    fanout_clear(&feed->consumers);
    sent_list_clear(&feed->sent);
    deliveries_clear(&feed->unheard, &server->budget);
    free(feed);
}

/* --- consumers ------------------------------------------------------------------------------- */

void feed_ready(struct feed *feed, struct taker *taker)
{
    if (taker->ready || taker->kind->room(taker) <= 0)
        return;
    taker->next_ready = NULL;
    taker->ready = feed->ready_last;
    *feed->ready_last = taker;
    feed->ready_last = &taker->next_ready;
    if (feed->may_have)
        feed_mark(feed);
}

static void unready(struct feed *feed, struct taker *taker)
{
    if (!taker->ready)
        return;
    *taker->ready = taker->next_ready;
    if (taker->next_ready)
        taker->next_ready->ready = taker->ready;
    else
        feed->ready_last = taker->ready;
    taker->ready = NULL;
}

void feed_join(struct feed *feed, struct taker *taker)
{
    struct conn *conn = taker->member.conn;

    fanout_join(&feed->consumers, &taker->member, conn);
    if (!feed->broadcasts.channel)
        listen_to(feed, &feed->broadcasts, KEY_BROADCAST, on_broadcast);
    feed->broadcasts.gap = on_gap;
    conn->is_held = feed->server->is_up && !is_subscribed(feed);
    feed_ready(feed, taker);
    feed_wake(feed);
}

void feed_leave(struct feed *feed, struct taker *taker, uint64_t written)
{
    struct budget *budget = &feed->server->budget;

    for (struct delivery *at = taker->deliveries.first; at; at = at->next)
        holder_forget(&feed->holders, budget, at);
    deliveries_return(&taker->deliveries, budget, written, feed_settle, feed);
    fanout_leave(&feed->consumers, &taker->member);
    unready(feed, taker);
}

void feed_lease_ended(struct feed *feed, struct taker *taker, const char *key, size_t len,
                      const char *token)
{
    struct budget *budget = &feed->server->budget;
    struct delivery *delivery = deliveries_find(&taker->deliveries, key, len, token);

    if (!delivery)
        return;
    holder_forget(&feed->holders, budget, delivery);
    deliveries_remove(&taker->deliveries, budget, key, len, token);
    feed_ready(feed, taker);
}

/* How many messages could be given now, STREAM_BATCH at most; looks at that many consumers. */
static int room_of(const struct feed *feed)
{
    int room = 0;

    for (const struct taker *at = feed->ready; at && room < STREAM_BATCH; at = at->next_ready)
        room += at->kind->room(at);
    return room < STREAM_BATCH ? room : STREAM_BATCH;
}

/* To the next in turn; false when they all went away meanwhile. */
static bool give(struct feed *feed, const struct message *message)
{
    struct taker *taker = feed->ready;

    if (!taker)
        return false;
    unready(feed, taker);
    if (taker->kind->give(taker, message))
        feed_ready(feed, taker);
    return true;
}

void feed_return(struct feed *feed, const struct message *messages, int count)
{
    while (count-- > 0)
        settle(feed, SETTLE_RETURN, messages[count].key, messages[count].key_len,
               messages[count].token, NULL);
}

static void give_all(struct feed *feed, const struct message *messages, int count)
{
    int given = 0;

    while (given < count && give(feed, &messages[given]))
        given++;
    feed_return(feed, messages + given, count - given);
}

/* --- taking for consumers -------------------------------------------------------------------- */

/* All that this helper published has come back to it. */
static void finish_broadcast(struct feed *feed)
{
    feed->is_taking = false;
    feed->token[0] = '\0';
    feed->awaited = 0;
    deliveries_return(&feed->unheard, &feed->server->budget, 0, feed_settle, feed);
    feed_mark(feed);
}

static void note_state(struct feed *feed, const struct batch *batch)
{
    if (!batch->is_stopped && batch->policy != feed->policy) {
        feed->policy = batch->policy;
        feed->may_have = true;
    }
}

static void on_taken(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;
    struct feed *feed = job->feed;
    const struct batch *batch = &job->batch;
    bool is_broadcast = job->flag;

    (void)reason; /* in the log already; the tick tries again */
    feed->is_taking = false;
    if (batch->has_trash)
        sweep_note(&feed->server->sweep, feed->queue);
    if (status == STATUS_OK || status == STATUS_EMPTY)
        note_state(feed, batch);
    if (status == STATUS_OK)
        feed->is_stirred = true; /* there are leases now */
    if (status == STATUS_OK && batch->count >= job->number)
        feed->may_have = true;
    if (status == STATUS_OK && is_broadcast)
        feed->awaited += batch->count;
    else if (status == STATUS_OK)
        give_all(feed, batch->messages, batch->count);
    if (is_broadcast && feed->awaited > 0)
        feed->is_taking = true;
    else
        finish_broadcast(feed);
    feed_mark(feed);
    job_free(job);
}

static void take(struct feed *feed, int count)
{
    struct job *job = job_new(feed->server, feed, NULL);
    struct take wish = {
        .queue = feed->queue,
        .count = count,
        .lease = LEASE_NONE,
        .holder = HOLDER_HELPER,
        .policy = feed->policy,
        .pool = &feed->server->pool,
    };

    job->number = count;
    job->flag = feed->policy == POLICY_BROADCAST;
    take_call(&job->call, &wish, &job->batch);
    feed->is_taking = true;
    feed->broadcast_at = ev_now(feed->server->loop);
    if (job->flag)
        memcpy(feed->token, job->batch.token, sizeof(feed->token));
    job_run(job, on_taken);
}

/* A broadcast has no lease, so ack=explicit could never ack it: close such consumers. */
static void end_explicit(struct feed *feed)
{
    for (struct member *member = feed->consumers.first; member; member = member->next)
        if (taker_of(member)->is_explicit)
            conn_leave(member->conn, LEAVES_POLICY);
}

static int demand(struct feed *feed)
{
    if (feed->server->budget.is_exhausted) /* full for a moment is not enough: see relief.h */
        return 0;
    if (feed->policy == POLICY_BROADCAST)
        end_explicit(feed);
    if (feed->is_taking || feed->consumers.count == 0 || fanout_is_busy(&feed->consumers))
        return 0;
    return feed->policy == POLICY_BROADCAST ? STREAM_BATCH : room_of(feed);
}

/* --- broadcasts ------------------------------------------------------------------------------ */

static void send_to_consumers(struct feed *feed, const struct message *message)
{
    struct buffer text = {0};

    message_write(message, 0, &text);
    fanout_add(&feed->consumers, message->key, message->key_len, text.data, text.len, NULL);
    buffer_clear(&text);
}

static void on_broadcast(void *user, const char *data, size_t len)
{
    struct feed *feed = user;
    struct message message;
    struct sent *sent;
    bool is_ours, is_repeat;

    if (!stream_read_broadcast(data, len, &message) ||
        !message_key_is_of(message.key, message.key_len, feed->queue))
        return; /* somebody else published here */
    is_ours = *feed->token && strncmp(message.token, feed->token, TOKEN_RANDOM) == 0;
    if (is_ours && feed->consumers.count == 0)
        deliveries_add(&feed->unheard, &feed->server->budget, &message);
    if (is_ours && --feed->awaited == 0)
        finish_broadcast(feed);
    if (feed->consumers.count == 0)
        return;
    sent = sent_note(&feed->sent, &message, ev_now(feed->server->loop), &is_repeat);
    if (!is_repeat)
        send_to_consumers(feed, &message);
    settle(feed, SETTLE_ACK, message.key, message.key_len, message.token,
           sent->is_acking ? NULL : sent);
}

/* --- long-polls ------------------------------------------------------------------------------ */

void feed_wait(struct feed *feed, struct wait *wait, const struct wait_kind *kind)
{
    feed->waits.kind = kind;
    waits_add(&feed->waits, wait);
    feed_wake(feed);
}

void feed_unwait(struct wait *wait)
{
    waits_remove(&wait->feed->waits, wait);
}

void feed_served(struct feed *feed, bool is_empty)
{
    feed->waits.is_serving = false;
    if (!is_empty)
        feed->may_have = feed->is_stirred = true;
    feed_mark(feed);
}

/* --- the end of the turn ---------------------------------------------------------------------- */

static void ask_for_messages(struct feed *feed)
{
    int count = demand(feed);
    struct wait *wait = waits_next(&feed->waits);

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

void feed_act(struct marked *marked)
{
    struct feed *feed = (struct feed *)((char *)marked - offsetof(struct feed, marked));
    struct server *server = feed->server;

    run_settling(feed);
    if (!fanout_is_busy(&feed->consumers))
        end_purged(feed);
    if (comeback_is_over(server) && !server->is_stopping && is_subscribed(feed))
        ask_for_messages(feed);
    if (server->is_up)
        leases_pump(feed);
    if (feed->is_taking) /* what it takes may have to be given back */
        return;
    if (feed->consumers.count == 0)
        channel_leave(&feed->broadcasts);
    if (!feed->users && !feed->jobs &&
        !is_marked(&feed->marked) && /* a marked one is looked at once more */
        !is_marked(&feed->consumers.marked))
        feed_free(feed);
}

void feed_tick(struct feed *feed, unsigned bits)
{
    enum policy policy = bits & STREAM_ROUNDROBIN ? POLICY_ROUNDROBIN : POLICY_BROADCAST;
    bool is_lost = feed->is_taking && feed->awaited > 0 &&
                   ev_now(feed->server->loop) - feed->broadcast_at > BROADCAST_SECONDS;

    if (is_lost)
        finish_broadcast(feed);
    /* Where there is something now there may be leases later.  What becomes a dead letter is told
     * to nobody. */
    feed->is_stirred = feed->is_stirred || bits || queue_is_dead(feed->queue);
    if (bits & STREAM_TOLD && !feed->is_taking)
        feed->policy = policy;
    if (bits & (STREAM_READY | STREAM_DUE) && (!(bits & STREAM_STOPPED) || feed->waits.first))
        feed_wake(feed);
    leases_step(feed);
    sent_forget_old(&feed->sent, ev_now(feed->server->loop));
}

void feed_reset(struct feed *feed)
{
    feed->may_have = feed->is_stirred = true;
    feed->renewal = RENEWAL_NONE;
    if (feed->awaited > 0)
        finish_broadcast(feed);
}
