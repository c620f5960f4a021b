/* test-feed.c - one queue with takers and long-polls: what is taken when, and who is given what.
 *
 * Redis's calls, its channels and the connections are stand-ins; the lines, the fan-out, what is
 * settled and what is broadcast are the real ones.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "broker/batch.h"
#include "broker/scripts.h"
#include "broker/stream.h"
#include "broker/token.h"
#include "ws/feed/feeds.h"
#include "ws/feed/helper.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/redis/job.h"

enum { TAKERS = 4, WAITS = 2, CALLS = 20 };

static struct turn loop_turn;
static struct budget budget;
static struct conns all = {.turn = &loop_turn, .budget = &budget};
static struct token_pool pool;
static struct jobs jobs;
static struct helper helper = {.conns = &all, .jobs = &jobs, .pool = &pool};
static struct feeds feeds;
static struct feed *feed;
static struct buffer told;
static bool is_up; /* Redis */
static int renewed;

/* What was told since the last time. */
#define EXPECT(text)                                                                               \
    do {                                                                                           \
        assert_string_equal(told.data ? told.data : "", text);                                     \
        buffer_reset(&told);                                                                       \
    } while (0)

/* --- Redis ------------------------------------------------------------------------------------ */

static struct {
    struct job *job;
    alink_wanted *wanted;
    alink_done *done;
} calls[CALLS];
static int under_way;

bool alink_is_up(const struct alink *alink)
{
    assert_null(alink);
    return is_up;
}

void *job_new(struct jobs *of, size_t size, struct held *held, struct conn *conn)
{
    struct job *job = calloc(1, size);

    assert_ptr_equal(of, &jobs);
    assert_null(conn);
    job->held = held;
    held->count++;
    return job;
}

void job_free(struct job *job)
{
    struct held *held = job->held;

    if (job->clear)
        job->clear(job);
    call_clear(&job->call);
    free(job);
    if (--held->count == 0)
        held->idle(held);
}

/* "take 5 by 2", "settle a q:1 u q:2", "prolong q:1". */
static void tell_call(struct call *call)
{
    int count = call_resolve(call, false), first = 3 + call->keys;
    const char *const *argv = call->argv + first;
    const size_t *lens = call->argv_len + first;

    buffer_add_text(&told, call->script->name);
    if (call->script == &script_take)
        buffer_addf(&told, " %.*s by %.*s", (int)lens[1], argv[1], (int)lens[6], argv[6]);
    for (int i = 3; call->script == &script_settle && first + i < count; i += 3)
        buffer_addf(&told, " %.*s %.*s", (int)lens[i], argv[i], (int)lens[i + 1], argv[i + 1]);
    for (int i = 2; call->script == &script_prolong && first + i < count; i += 2)
        buffer_addf(&told, " %.*s", (int)lens[i], argv[i]);
    buffer_add_text(&told, "|");
}

void job_run_if(struct job *job, alink_wanted *wanted, alink_done *done)
{
    assert_true(under_way < CALLS);
    calls[under_way].job = job;
    calls[under_way].wanted = wanted;
    calls[under_way++].done = done;
    tell_call(&job->call);
}

void job_run(struct job *job, alink_done *done)
{
    job_run_if(job, NULL, done);
}

/* The oldest call has to be sent once more. */
static bool is_wanted_still(void)
{
    assert_true(under_way > 0);
    return !calls[0].wanted || calls[0].wanted(calls[0].job);
}

/* The end of the oldest call. */
static void end_call(enum status status)
{
    struct job *job = calls[0].job;
    alink_done *done = calls[0].done;
    struct reason reason = {0};

    assert_true(under_way > 0);
    memmove(calls, calls + 1, (size_t)--under_way * sizeof(calls[0]));
    done(job, status, &reason);
}

static struct batch *batch_of_call(void)
{
    assert_true(under_way > 0);
    assert_ptr_equal(calls[0].job->call.script, &script_take);
    return calls[0].job->call.result;
}

/* The oldest call is a take, and brings so many messages: q:1, and so on; their tokens are those of
 * the keys. */
static void bring(int count, enum policy policy)
{
    static const char *const keys[] = {"q:1", "q:2", "q:3", "q:4", "q:5", "q:6"};
    struct batch *batch = batch_of_call();

    assert_true(count <= (int)COUNT(keys));
    batch->policy = policy;
    batch_reserve(batch, count);
    for (batch->count = 0; batch->count < count; batch->count++) {
        struct message *message = &batch->messages[batch->count];

        *message = (struct message){.key = keys[batch->count], .key_len = 3, .value = "v"};
        message->value_len = 1;
        snprintf(message->token, sizeof(message->token), "token-%d", batch->count + 1);
    }
    end_call(count ? STATUS_OK : STATUS_EMPTY);
}

/* --- channels --------------------------------------------------------------------------------- */

static bool are_ready; /* at once: somebody else listens */

void channel_listen(struct channels *channels, struct listening *listening, const char *name)
{
    assert_null(channels);
    listening->channel = (struct channel *)listening;
    listening->is_ready = are_ready;
    buffer_addf(&told, "+%s|", name);
}

void channel_leave(struct listening *listening)
{
    if (listening->channel)
        buffer_addf(&told, "-%d|", (int)(listening - feed->source.listenings));
    listening->channel = NULL;
    listening->is_ready = false;
}

bool channels_are_up(const struct channels *channels)
{
    assert_null(channels);
    return is_up;
}

static void subscribe(int i)
{
    struct listening *listening = &feed->source.listenings[i];

    assert_non_null(listening->channel);
    listening->is_ready = true;
    listening->ready(listening->user);
}

static void publish(int i, const char *text)
{
    struct listening *listening = &feed->source.listenings[i];

    assert_non_null(listening->channel);
    listening->heard(listening->user, text, strlen(text));
}

/* --- takers ----------------------------------------------------------------------------------- */

struct eater {
    struct taker taker; /* the first member */
    struct conn conn;
    int room;
    bool is_slow;
};

static struct eater eaters[TAKERS];

static int number_of(const struct conn *conn)
{
    for (int i = 0; i < TAKERS; i++)
        if (conn == &eaters[i].conn)
            return i;
    fail();
    return -1;
}

void conn_release(struct conn *conn)
{
    buffer_addf(&told, "%d goes on|", number_of(conn));
}

void conn_leave(struct conn *conn, enum leaving why)
{
    static const char *const reasons[] = {
        [LEAVES_PURGED] = "the purge", [LEAVES_POLICY] = "the policy", [LEAVES_ALL] = "all"};

    buffer_addf(&told, "%d leaves for %s|", number_of(conn), reasons[why]);
}

void conn_end(struct conn *conn, int code, const char *reason)
{
    (void)code, (void)reason;
    buffer_addf(&told, "%d ends|", number_of(conn));
}

bool conn_send_now(struct conn *conn, struct payload *payload)
{
    assert_non_null(payload);
    buffer_addf(&told, "%d is sent|", number_of(conn));
    return true;
}

static int room(const struct taker *taker)
{
    return ((const struct eater *)taker)->room;
}

static bool give(struct taker *taker, const struct message *message)
{
    struct eater *eater = (struct eater *)taker;
    struct delivery *delivery = deliveries_add(&taker->deliveries, &budget, message);

    if (taker->is_explicit)
        holder_note(&feed->holders, &budget, delivery, taker);
    delivery->start = (uint64_t)taker->deliveries.count * 10;
    delivery->end = delivery->start + 10;
    eater->room--;
    buffer_addf(&told, "%d gets %.*s|", (int)(eater - eaters), (int)message->key_len, message->key);
    return !eater->is_slow;
}

static void free_eater(struct taker *taker)
{
    buffer_addf(&told, "%d is free|", (int)((struct eater *)taker - eaters));
}

static const struct taker_kind kind = {.room = room, .give = give, .free = free_eater};

static void join(int i, int with_room)
{
    struct eater *eater = &eaters[i];

    *eater = (struct eater){.room = with_room};
    eater->conn.conns = &all;
    taker_init(&eater->taker, &kind, &eater->conn);
    feed->users++;
    feed_join(feed, &eater->taker);
}

/* Leaves when so many of its bytes were written. */
static void leave(int i, uint64_t written)
{
    feed_leave(feed, &eaters[i].taker, written);
    taker_drop(&eaters[i].taker);
    feed_drop(feed);
}

/* It has room for so many more. */
static void make_room(int i, int more)
{
    eaters[i].room += more;
    feed_ready(feed, &eaters[i].taker);
}

/* --- a queue ---------------------------------------------------------------------------------- */

static void end_turn(void)
{
    turn_begin(&loop_turn);
    turn_act(&loop_turn);
}

static void on_renewed(void *user)
{
    assert_ptr_equal(user, &feeds);
    renewed++;
}

static int returned;

static void on_returned(void *user)
{
    assert_ptr_equal(user, &feeds);
    returned++;
}

static int begin(void **state)
{
    (void)state;
    all.loop = ev_loop_new(0);
    turn_serve(&loop_turn, CAUSE_FANOUT, fanout_act);
    turn_serve(&loop_turn, CAUSE_QUEUES, feed_act);
    feeds = (struct feeds){.helper = &helper, .renewed = on_renewed, .user = &feeds};
    feeds.returned = on_returned;
    feeds.sources.conns = &all;
    helper.stage = COMEBACK_OVER;
    helper.is_stopping = budget.is_exhausted = false;
    is_up = true;
    are_ready = false;
    renewed = returned = 0;
    feed = feed_get(&feeds, "q");
    EXPECT("+q:PUBSUB|+restmq:{q}:events|");
    return 0;
}

/* With so many takers, of that room each, whom it has been asked for already: nothing was there. */
static void begin_with(int takers, int with_room)
{
    are_ready = true;
    feed->source.listenings[FEED_PUSHES].is_ready = true;
    feed->source.listenings[FEED_EVENTS].is_ready = true;
    for (int i = 0; i < takers; i++)
        join(i, with_room);
    end_turn();
    if (under_way)
        bring(0, POLICY_ROUNDROBIN);
    end_turn();
    buffer_reset(&told);
}

/* All calls fail, and all leave; then it is gone, and nothing has stayed. */
static int end(void **state)
{
    (void)state;
    for (int i = 0; i < TAKERS; i++)
        if (eaters[i].taker.refs)
            leave(i, 0);
    feed_drop(feed);
    for (int i = 0; i < CALLS && feeds.sources.count; i++) {
        end_turn();
        while (under_way)
            end_call(STATUS_UNAVAILABLE);
    }
    assert_int_equal(feeds.sources.count, 0);
    assert_int_equal(budget.used, 0);
    memset(eaters, 0, sizeof(eaters));
    ev_loop_destroy(all.loop);
    buffer_clear(&told);
    return 0;
}

/* --- when something is taken ------------------------------------------------------------------ */

static void not_before_all_is_subscribed(void **state)
{
    (void)state;
    join(0, 2);
    EXPECT("+restmq:{q}:broadcast|");
    assert_true(eaters[0].conn.is_held);
    end_turn();
    subscribe(FEED_PUSHES);
    subscribe(FEED_EVENTS);
    end_turn();
    EXPECT("");
    subscribe(FEED_BROADCASTS);
    EXPECT("0 goes on|");
    end_turn();
    EXPECT("take 2 by 2|");
}

static void not_before_the_helper_is_back(void **state)
{
    (void)state;
    begin_with(1, 2);
    helper.stage = COMEBACK_HELPERS;
    publish(FEED_PUSHES, "q:1");
    end_turn();
    EXPECT("");
    helper.stage = COMEBACK_OVER;
    feed_wake(feed);
    end_turn();
    EXPECT("take 2 by 2|");
}

static void go_away(int i)
{
    struct listening *listening = &feed->source.listenings[i];

    listening->is_ready = false;
    listening->away(listening->user);
}

/* Of a cluster: once it is back, and leases are prolonged, whatever others do meanwhile. */
static void not_before_its_node_is_back(void **state)
{
    (void)state;
    begin_with(1, 2);
    go_away(FEED_PUSHES);
    go_away(FEED_EVENTS);
    EXPECT("0 goes on|0 goes on|");
    assert_true(feed_is_away(feed));
    assert_false(feed_return(feed));
    subscribe(FEED_PUSHES);
    end_turn();
    assert_int_equal(returned, 0);
    assert_true(feeds_have_lost(&feeds));
    subscribe(FEED_EVENTS);
    assert_int_equal(returned, 1);
    buffer_reset(&told);
    helper.stage = COMEBACK_LEASES;
    helper.is_partial = true;
    assert_true(feed_return(feed));
    assert_false(feeds_have_lost(&feeds));
    publish(FEED_PUSHES, "q:1");
    end_turn();
    EXPECT("");
    helper.is_partial = false;
    helper.stage = COMEBACK_OVER;
    feed_settle(feed);
    assert_false(feed_is_away(feed));
    end_turn();
    EXPECT("take 2 by 2|");
}

/* What it had to hear for takers it need not hear any more. */
static void back_since_the_last_taker_has_left(void **state)
{
    (void)state;
    begin_with(1, 2);
    feed_get(&feeds, "q"); /* a long-poll */
    go_away(FEED_BROADCASTS);
    leave(0, 0);
    end_turn();
    assert_int_equal(returned, 1);
    feed_drop(feed);
    buffer_reset(&told);
}

/* It is waited for by nobody while its node is away again. */
static void its_node_goes_while_leases_are_prolonged(void **state)
{
    (void)state;
    begin_with(1, 1);
    feed_renew(feed);
    go_away(FEED_PUSHES);
    assert_int_equal(renewed, 1);
    go_away(FEED_EVENTS);
    assert_int_equal(renewed, 1);
    buffer_reset(&told);
}

static void not_when_the_helper_ends_or_is_full(void **state)
{
    (void)state;
    begin_with(1, 2);
    helper.is_stopping = true;
    publish(FEED_PUSHES, "q:1");
    end_turn();
    helper.is_stopping = false;
    budget.is_exhausted = true;
    feed_mark(feed);
    end_turn();
    EXPECT("");
    budget.is_exhausted = false;
    feed_mark(feed);
    end_turn();
    EXPECT("take 2 by 2|");
}

static void one_call_at_a_time(void **state)
{
    (void)state;
    begin_with(1, 2);
    publish(FEED_PUSHES, "q:1");
    publish(FEED_PUSHES, "q:2");
    end_turn();
    EXPECT("take 2 by 2|");
    assert_true(feed_is_taking(feed));
    publish(FEED_PUSHES, "q:3");
    end_turn();
    EXPECT("");
    bring(0, POLICY_ROUNDROBIN);
    assert_false(feed_is_taking(feed));
    end_turn();
    EXPECT("take 2 by 2|"); /* the third may have come too late for that answer */
    bring(0, POLICY_ROUNDROBIN);
    end_turn();
    EXPECT("");
}

static void a_call_that_fails(void **state)
{
    (void)state;
    begin_with(1, 2);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    batch_reserve(batch_of_call(), 1);
    batch_of_call()->count = 1; /* which says nothing then */
    end_call(STATUS_UNAVAILABLE);
    end_turn();
    EXPECT("take 2 by 2|"); /* and not again at once */
    feed_tick(feed, STREAM_TOLD | STREAM_ROUNDROBIN);
    end_turn();
    EXPECT("");
    feed_tick(feed, STREAM_TOLD | STREAM_ROUNDROBIN | STREAM_READY);
    end_turn();
    EXPECT("take 2 by 2|");
}

static void a_stopped_queue_tells_no_policy(void **state)
{
    (void)state;
    begin_with(1, 2);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    batch_of_call()->is_stopped = true;
    bring(0, 0);
    end_turn();
    EXPECT("take 2 by 2|");
    feed_wake(feed);
    end_turn();
    EXPECT("take 2 by 2|");
}

/* What a look tells may be older than what the call will tell. */
static void a_look_during_a_call(void **state)
{
    (void)state;
    begin_with(1, 1);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    feed_tick(feed, STREAM_TOLD);
    bring(0, POLICY_ROUNDROBIN);
    end_turn();
    EXPECT("take 1 by 2|");
}

static const struct {
    unsigned bits;
    const char *expected;
} looks[] = {
    {0,                                              ""              },
    {STREAM_ROUNDROBIN,                              ""              },
    {STREAM_READY,                                   "take 1 by 2|"  },
    {STREAM_DUE,                                     "take 1 by 2|"  },
    {STREAM_READY | STREAM_STOPPED,                  ""              },
    {STREAM_READY | STREAM_TOLD | STREAM_ROUNDROBIN, "take 1 by 2|"  },
    {STREAM_READY | STREAM_TOLD,                     "take 100 by 1|"},
};

static void what_a_look_tells(void **state)
{
    for (size_t i = 0; i < COUNT(looks); i++) {
        begin(state);
        begin_with(1, 1);
        feed_tick(feed, looks[i].bits);
        end_turn();
        if (strcmp(told.data ? told.data : "", looks[i].expected) != 0)
            fail_msg("bits %u: %s", looks[i].bits, told.data);
        end(state);
    }
}

/* --- in turn ---------------------------------------------------------------------------------- */

static void each_gets_one_in_turn(void **state)
{
    (void)state;
    begin_with(3, 2);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    EXPECT("take 6 by 2|");
    bring(5, POLICY_ROUNDROBIN);
    EXPECT("0 gets q:1|1 gets q:2|2 gets q:3|0 gets q:4|1 gets q:5|");
    end_turn();
    EXPECT(""); /* fewer than were asked for: there are no more */
    publish(FEED_PUSHES, "q:6");
    end_turn();
    EXPECT("take 1 by 2|"); /* for the one that has room */
    bring(1, POLICY_ROUNDROBIN);
    EXPECT("2 gets q:1|");
    end_turn();
    EXPECT("");
}

static void as_many_as_were_asked_for_are_not_all(void **state)
{
    (void)state;
    begin_with(2, 1);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    bring(2, POLICY_ROUNDROBIN);
    EXPECT("take 2 by 2|0 gets q:1|1 gets q:2|");
    end_turn();
    EXPECT(""); /* nobody has room */
    make_room(1, 1);
    end_turn();
    EXPECT("take 1 by 2|");
    bring(0, POLICY_ROUNDROBIN);
    make_room(0, 1);
    end_turn();
    EXPECT("");
}

static void room_has_a_bound(void **state)
{
    (void)state;
    begin_with(2, 99);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    EXPECT("take 100 by 2|");
}

static void one_more_joins(void **state)
{
    (void)state;
    begin_with(1, 2);
    join(1, 3);
    assert_false(eaters[1].conn.is_held);
    end_turn();
    EXPECT("take 5 by 2|");
}

/* Whoever makes room while others wait stands behind them. */
static void room_made_during_a_call(void **state)
{
    (void)state;
    begin_with(2, 1);
    eaters[0].room = 0;
    takers_remove(&feed->ready, &eaters[0].taker);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    EXPECT("take 1 by 2|");
    make_room(0, 2);
    bring(1, POLICY_ROUNDROBIN);
    EXPECT("1 gets q:1|");
    end_turn();
    EXPECT("take 2 by 2|");
    bring(2, POLICY_ROUNDROBIN);
    EXPECT("0 gets q:1|0 gets q:2|");
}

static void one_that_is_too_slow(void **state)
{
    (void)state;
    begin_with(2, 2);
    eaters[0].is_slow = true;
    publish(FEED_PUSHES, "q:1");
    end_turn();
    bring(4, POLICY_ROUNDROBIN);
    EXPECT("take 4 by 2|0 gets q:1|1 gets q:2|1 gets q:3|");
    end_turn();
    EXPECT("settle u q:4|"); /* it is not in line any more */
}

/* --- takers that leave ------------------------------------------------------------------------ */

static void one_leaves_during_the_call(void **state)
{
    (void)state;
    begin_with(2, 1);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    EXPECT("take 2 by 2|");
    leave(0, 0);
    EXPECT("0 is free|");
    bring(2, POLICY_ROUNDROBIN);
    EXPECT("1 gets q:1|");
    end_turn();
    EXPECT("settle u q:2|");
    end_call(STATUS_OK);
}

static void all_leave_during_the_call(void **state)
{
    (void)state;
    begin_with(2, 2);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    leave(0, 0);
    leave(1, 0);
    end_turn();
    EXPECT(
        "take 4 by 2|0 is free|1 is free|"); /* it still listens: what it takes may be broadcast */
    bring(3, POLICY_ROUNDROBIN);
    end_turn();
    EXPECT("settle u q:3 u q:2 u q:1|-2|"); /* so the first is the next one out again */
    end_call(STATUS_OK);
}

/* What it was given and has not acked; of the second one some bytes were written. */
static void what_it_had_is_given_back(void **state)
{
    (void)state;
    begin_with(2, 3);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    bring(5, POLICY_ROUNDROBIN);
    buffer_reset(&told);
    leave(0, 21);
    assert_int_equal(feed->source.fanout.count, 1);
    end_turn();
    EXPECT("0 is free|settle u q:5 r q:3 r q:1|");
    end_call(STATUS_UNAVAILABLE); /* the leases run out, then */
    end_turn();
    EXPECT("");
}

static void the_last_one_leaves_and_another_comes(void **state)
{
    (void)state;
    begin_with(1, 1);
    leave(0, 0);
    EXPECT("0 is free|");
    end_turn();
    EXPECT("-2|");
    are_ready = false;
    join(1, 1);
    EXPECT("+restmq:{q}:broadcast|");
    end_turn();
    EXPECT("");
    subscribe(FEED_BROADCASTS);
    end_turn();
    EXPECT("1 goes on|take 1 by 2|");
}

/* --- leases that others end ------------------------------------------------------------------- */

static void somebody_else_acks(void **state)
{
    (void)state;
    begin_with(1, 1);
    eaters[0].taker.is_explicit = true;
    publish(FEED_PUSHES, "q:1");
    end_turn();
    bring(1, POLICY_ROUNDROBIN);
    EXPECT("take 1 by 2|0 gets q:1|");
    publish(FEED_EVENTS, "ended token-2");
    end_turn();
    EXPECT("");
    assert_int_equal(eaters[0].taker.deliveries.count, 1);
    eaters[0].room = 1;
    publish(FEED_EVENTS, "ended token-1");
    assert_int_equal(eaters[0].taker.deliveries.count, 0);
    end_turn();
    EXPECT("take 1 by 2|");
    feed_lease_ended(feed, &eaters[0].taker, "q:1", 3, "token-1"); /* it is over already */
    leave(0, 0);
    EXPECT("0 is free|");
}

static void somebody_acks_for_one_that_has_left(void **state)
{
    (void)state;
    begin_with(1, 1);
    eaters[0].taker.is_explicit = true;
    publish(FEED_PUSHES, "q:1");
    end_turn();
    bring(1, POLICY_ROUNDROBIN);
    leave(0, 0);
    publish(FEED_EVENTS, "ended token-1");
    end_turn();
    EXPECT("take 1 by 2|0 gets q:1|0 is free|settle u q:1|-2|");
}

static void its_own_lease_is_over(void **state)
{
    (void)state;
    begin_with(1, 1);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    bring(1, POLICY_ROUNDROBIN);
    buffer_reset(&told);
    eaters[0].room = 1;
    feed_lease_ended(feed, &eaters[0].taker, "q:1", 3, "another");
    end_turn();
    EXPECT("");
    feed_lease_ended(feed, &eaters[0].taker, "q:1", 3, "token-1");
    end_turn();
    EXPECT("take 1 by 2|");
}

/* Ten seconds are for all of them; the feed counts a second with each look. */
static void leases_are_prolonged_while_redis_is_up(void **state)
{
    (void)state;
    begin_with(1, 1);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    bring(1, POLICY_ROUNDROBIN);
    end_turn();
    buffer_reset(&told);
    is_up = false;
    for (int i = 0; i < 10; i++)
        feed_tick(feed, 0);
    end_turn();
    EXPECT("");
    is_up = true;
    feed_mark(feed);
    end_turn();
    EXPECT("prolong q:1|");
    end_call(STATUS_OK);
    feed_renew(feed);
    feed_reset(feed); /* it goes again: the next time, then */
    end_turn();
    assert_int_equal(renewed, 0);
    EXPECT("");
    feed_renew(feed);
    assert_int_equal(renewed, 0);
    end_turn();
    EXPECT("prolong q:1|");
    end_call(STATUS_OK);
    end_turn();
    assert_int_equal(renewed, 1);
}

/* --- the policy broadcast --------------------------------------------------------------------- */

/* The call that is under way is one by roundrobin, and Redis says that it is not. */
static void begin_broadcast(int takers)
{
    begin_with(takers, 1);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    bring(0, POLICY_BROADCAST);
    end_turn();
    EXPECT(takers > 1 ? "take 2 by 2|take 100 by 1|" : "take 1 by 2|take 100 by 1|");
}

static const char *broadcast(const char *key, const char *token)
{
    static char text[200];

    snprintf(text, sizeof(text), "%s %s.1 value", key, token);
    return text;
}

static void all_get_what_comes_back(void **state)
{
    char token[TOKEN_RANDOM + 1];
    struct batch *batch;

    (void)state;
    begin_broadcast(2);
    batch = batch_of_call();
    strcpy(token, batch->token);
    batch->policy = POLICY_BROADCAST;
    batch->count = 2;
    end_call(STATUS_OK);
    feed_wake(feed);
    end_turn();
    EXPECT("");
    assert_true(feed_is_taking(feed));
    publish(FEED_BROADCASTS, broadcast("q:1", token));
    end_turn();
    EXPECT("0 is sent|1 is sent|settle a q:1|");
    assert_true(feed_is_taking(feed));
    publish(FEED_BROADCASTS, broadcast("q:2", token));
    end_turn();
    EXPECT("0 is sent|1 is sent|settle a q:2|take 100 by 1|"); /* once all are sent the last one */
}

static void a_broadcast_that_fails(void **state)
{
    (void)state;
    begin_broadcast(1);
    batch_of_call()->count = 2;
    end_call(STATUS_UNAVAILABLE);
    assert_false(feed_is_taking(feed));
    end_turn();
    EXPECT("");
    feed_tick(feed, STREAM_READY | STREAM_TOLD);
    end_turn();
    EXPECT("take 100 by 1|");
}

/* Its node is another one, where nobody of this helper listens yet. */
static void a_broadcast_that_nobody_would_hear(void **state)
{
    (void)state;
    begin_broadcast(1);
    assert_true(is_wanted_still());
    go_away(FEED_BROADCASTS);
    assert_false(is_wanted_still());
    end_call(STATUS_UNAVAILABLE);
    end_turn();
    EXPECT("0 goes on|");
    subscribe(FEED_BROADCASTS);
    assert_true(feed_return(feed));
    feed_settle(feed);
    end_turn();
    EXPECT("0 goes on|take 100 by 1|");
    go_away(FEED_BROADCASTS);
    subscribe(FEED_BROADCASTS);
    assert_true(is_wanted_still());
    buffer_reset(&told);
}

/* What is taken comes with the answer. */
static void a_take_that_is_no_broadcast(void **state)
{
    (void)state;
    begin_with(1, 1);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    go_away(FEED_BROADCASTS);
    assert_true(is_wanted_still());
    buffer_reset(&told);
}

static void redis_goes_while_some_are_awaited(void **state)
{
    struct batch *batch;

    (void)state;
    begin_broadcast(1);
    batch = batch_of_call();
    batch->policy = POLICY_BROADCAST;
    batch->count = 2;
    end_call(STATUS_OK);
    end_turn();
    assert_true(feed_is_taking(feed));
    feed_reset(feed);
    assert_false(feed_is_taking(feed));
    end_turn();
    EXPECT("take 100 by 1|");
}

static void one_that_never_comes_back(void **state)
{
    struct batch *batch;

    (void)state;
    begin_broadcast(1);
    batch = batch_of_call();
    batch->policy = POLICY_BROADCAST;
    batch->count = 1;
    end_call(STATUS_OK);
    end_turn();
    feed_tick(feed, STREAM_READY);
    end_turn();
    EXPECT("");
    feed->broadcast.began_at -= 6;
    feed_tick(feed, STREAM_READY);
    end_turn();
    EXPECT("take 100 by 1|");
}

/* For thousands of takers that takes more than a turn. */
static void not_before_all_have_got_the_last_one(void **state)
{
    (void)state;
    begin_with(1, 1);
    publish(FEED_BROADCASTS, broadcast("q:1", "another-helper's"));
    publish(FEED_EVENTS, "purge");
    turn_begin(&loop_turn);
    turn_to(&loop_turn, CAUSE_FANOUT);
    turn_yield(&loop_turn);
    turn_act(&loop_turn);
    EXPECT("settle a q:1|");
    end_turn();
    EXPECT("0 is sent|0 leaves for the purge|take 1 by 2|");
}

static void some_may_be_missing(void **state)
{
    struct listening *listening;

    (void)state;
    begin_with(2, 1);
    eaters[1].conn.knows_events = true;
    listening = &feed->source.listenings[FEED_BROADCASTS];
    listening->gap(listening->user);
    end_turn();
    EXPECT("1 is sent|");
    assert_null(feed->source.listenings[FEED_PUSHES].gap);
}

static void nobody_is_there_to_hear_it(void **state)
{
    (void)state;
    begin_with(0, 0);
    feed_tick(feed, STREAM_TOLD | STREAM_READY);
    end_turn();
    EXPECT("");
}

static void who_acks_cannot_have_broadcasts(void **state)
{
    (void)state;
    begin_with(2, 1);
    eaters[1].taker.is_explicit = true;
    feed_tick(feed, STREAM_TOLD);
    feed_wake(feed);
    end_turn();
    EXPECT("1 leaves for the policy|take 100 by 1|");
}

/* --- long-polls ------------------------------------------------------------------------------- */

static struct wait places[WAITS];
static bool is_busy[WAITS];

static bool is_idle(const struct wait *wait)
{
    return !is_busy[wait - places];
}

static void ask(struct wait *wait)
{
    buffer_addf(&told, "long-poll %d asks|", (int)(wait - places));
}

static const struct wait_kind wait_kind = {.is_idle = is_idle, .ask = ask};

static void line_up(int i)
{
    places[i] = (struct wait){.feed = feed};
    is_busy[i] = false;
    feed_wait(feed, &places[i], &wait_kind);
}

static void one_long_poll_asks_at_a_time(void **state)
{
    (void)state;
    begin_with(0, 0);
    line_up(0);
    line_up(1);
    end_turn();
    EXPECT("long-poll 0 asks|");
    publish(FEED_PUSHES, "q:1");
    end_turn();
    EXPECT("");
    feed_unwait(&places[0]); /* it has its answer, */
    feed_served(feed, false);
    end_turn();
    EXPECT("long-poll 1 asks|"); /* and there may be more */
    feed_served(feed, true);
    end_turn();
    EXPECT("");
    is_busy[1] = true;
    publish(FEED_PUSHES, "q:2");
    end_turn();
    EXPECT("");
    is_busy[1] = false;
    feed_mark(feed);
    end_turn();
    EXPECT("long-poll 1 asks|");
    feed_unwait(&places[1]);
    feed_served(feed, true);
}

static void beside_takers(void **state)
{
    (void)state;
    begin_with(1, 1);
    line_up(0);
    end_turn();
    EXPECT("take 1 by 2|long-poll 0 asks|");
    feed_tick(feed, STREAM_READY | STREAM_STOPPED); /* a stopped queue can be asked by hand */
    feed_served(feed, true);
    end_turn();
    EXPECT("long-poll 0 asks|");
    feed_unwait(&places[0]);
    feed_served(feed, true);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void who_was_there_when_it_was_purged(void **state)
{
    (void)state;
    begin_with(3, 0);
    publish(FEED_EVENTS, "purge");
    join(3, 0);
    leave(1, 0);
    buffer_reset(&told);
    end_turn();
    EXPECT("0 leaves for the purge|2 leaves for the purge|");
    publish(FEED_EVENTS, "delayed");
    end_turn();
    EXPECT("");
}

static void one_that_nobody_uses_goes(void **state)
{
    (void)state;
    begin_with(1, 1);
    assert_ptr_equal(feed_get(&feeds, "q"), feed);
    feed_drop(feed);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    EXPECT("take 1 by 2|");
    leave(0, 0);
    feed_drop(feed); /* the one that begin() has */
    end_turn();
    assert_int_equal(feeds.sources.count, 1); /* the call refers to it */
    bring(1, POLICY_ROUNDROBIN);
    end_turn();
    EXPECT("0 is free|settle u q:1|-2|");
    assert_int_equal(feeds.sources.count, 1); /* that one, too */
    end_call(STATUS_OK);
    end_turn();
    EXPECT("-0|-1|");
    assert_int_equal(feeds.sources.count, 0);
    feed = feed_get(&feeds, "q");
    assert_non_null(feed);
}

static void no_call_comes_back_any_more(void **state)
{
    (void)state;
    begin_with(1, 1);
    publish(FEED_PUSHES, "q:1");
    end_turn();
    leave(0, 0);
    feed_drop(feed);
    feed_abandon(feed);
    assert_false(feed_is_taking(feed));
    end_turn();
    assert_int_equal(feeds.sources.count, 0);
    calls[0].job->clear(calls[0].job);
    call_clear(&calls[0].job->call);
    free(calls[0].job);
    under_way = 0;
    feed = feed_get(&feeds, "q");
}

#define FEED_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FEED_TEST(not_before_all_is_subscribed),
        FEED_TEST(not_before_the_helper_is_back),
        FEED_TEST(not_before_its_node_is_back),
        FEED_TEST(back_since_the_last_taker_has_left),
        FEED_TEST(its_node_goes_while_leases_are_prolonged),
        FEED_TEST(not_when_the_helper_ends_or_is_full),
        FEED_TEST(one_call_at_a_time),
        FEED_TEST(a_call_that_fails),
        FEED_TEST(a_look_during_a_call),
        FEED_TEST(a_stopped_queue_tells_no_policy),
        cmocka_unit_test(what_a_look_tells),
        FEED_TEST(each_gets_one_in_turn),
        FEED_TEST(as_many_as_were_asked_for_are_not_all),
        FEED_TEST(room_has_a_bound),
        FEED_TEST(one_more_joins),
        FEED_TEST(room_made_during_a_call),
        FEED_TEST(one_that_is_too_slow),
        FEED_TEST(one_leaves_during_the_call),
        FEED_TEST(all_leave_during_the_call),
        FEED_TEST(what_it_had_is_given_back),
        FEED_TEST(the_last_one_leaves_and_another_comes),
        FEED_TEST(somebody_else_acks),
        FEED_TEST(somebody_acks_for_one_that_has_left),
        FEED_TEST(its_own_lease_is_over),
        FEED_TEST(leases_are_prolonged_while_redis_is_up),
        FEED_TEST(all_get_what_comes_back),
        FEED_TEST(a_broadcast_that_fails),
        FEED_TEST(a_broadcast_that_nobody_would_hear),
        FEED_TEST(a_take_that_is_no_broadcast),
        FEED_TEST(redis_goes_while_some_are_awaited),
        FEED_TEST(nobody_is_there_to_hear_it),
        FEED_TEST(some_may_be_missing),
        FEED_TEST(not_before_all_have_got_the_last_one),
        FEED_TEST(one_that_never_comes_back),
        FEED_TEST(who_acks_cannot_have_broadcasts),
        FEED_TEST(one_long_poll_asks_at_a_time),
        FEED_TEST(beside_takers),
        FEED_TEST(who_was_there_when_it_was_purged),
        FEED_TEST(one_that_nobody_uses_goes),
        FEED_TEST(no_call_comes_back_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
