/* test-lease.c - leases of takers, prolonged in turn; the calls and the feed are stand-ins.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "broker/stream.h"
#include "ws/feed/lease.h"
#include "ws/feed/source.h"
#include "ws/feed/taker.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/redis/job.h"

enum { TAKERS = 3, CALLS = 50 };

static struct turn loop_turn;
static struct budget budget;
static struct conns conns = {.turn = &loop_turn, .budget = &budget};
static struct source source = {.name = "q"};
static struct held held;
static struct jobs jobs;
static struct taker takers[TAKERS];
static struct leases leases;
static struct buffer told;
static int marked, renewed;

/* --- the calls ------------------------------------------------------------------------------ */

static struct {
    struct job *job;
    alink_done *done;
} calls[CALLS];
static int run;

void *job_new(struct jobs *of, size_t size, struct held *kept, struct conn *conn)
{
    assert_ptr_equal(of, &jobs);
    assert_ptr_equal(kept, &held);
    assert_null(conn);
    held.count++;
    return calloc(1, size);
}

void job_free(struct job *job)
{
    held.count--;
    if (job->clear)
        job->clear(job);
    call_clear(&job->call);
    free(job);
}

void job_run(struct job *job, alink_done *done)
{
    assert_true(run < CALLS);
    calls[run].job = job;
    calls[run++].done = done;
}

/* Redis answers the oldest call; ended: the number of a lease that is not in force, -1: none. */
static void answer(int ended)
{
    signed char *results = calls[0].job->call.result;

    if (ended >= 0)
        results[ended] = 0;
    calls[0].done(calls[0].job, STATUS_OK, NULL);
    memmove(calls, calls + 1, (size_t)--run * sizeof(calls[0]));
}

/* --- the feed ------------------------------------------------------------------------------- */

static void mark(struct feed *feed)
{
    assert_null(feed);
    marked++;
}

static void on_ended(struct feed *feed, struct taker *taker, const char *key, size_t len,
                     const char *token)
{
    assert_null(feed);
    buffer_addf(&told, "%d %.*s %s|", (int)(taker - takers), (int)len, key, token);
}

static void on_renewed(struct feed *feed)
{
    assert_null(feed);
    renewed++;
}

static const struct leases_owner owner = {.mark = mark, .ended = on_ended, .renewed = on_renewed};

static void release(struct taker *taker)
{
    buffer_addf(&told, "%d is free|", (int)(taker - takers));
}

static const struct taker_kind kind = {.free = release};

static void add(int number, const char *key, const char *token)
{
    struct message message = {.key = key, .key_len = strlen(key)};

    strcpy(message.token, token);
    deliveries_add(&takers[number].deliveries, &budget, &message);
}

#define EXPECT(text)                                                                               \
    do {                                                                                           \
        assert_string_equal(told.data ? told.data : "", text);                                     \
        buffer_reset(&told);                                                                       \
    } while (0)

static int begin(void **state)
{
    (void)state;
    memset(&loop_turn, 0, sizeof(loop_turn));
    turn_begin(&loop_turn);
    turn_to(&loop_turn, CAUSE_QUEUES);
    memset(takers, 0, sizeof(takers));
    fanout_init(&source.fanout, &conns, true);
    leases = (struct leases){.jobs = &jobs, .held = &held, .source = &source, .owner = &owner};
    for (int i = 0; i < TAKERS; i++) {
        taker_init(&takers[i], &kind, NULL);
        fanout_join(&source.fanout, &takers[i].member, NULL);
    }
    run = marked = renewed = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    while (run)
        answer(-1);
    for (int i = 0; i < TAKERS; i++)
        deliveries_clear(&takers[i].deliveries, &budget);
    buffer_clear(&told);
    assert_int_equal(held.count, 0);
    assert_int_equal(budget.used, 0);
    return 0;
}

/* --- tests ---------------------------------------------------------------------------------- */

/* Three takers: the first is due after four seconds, all of them after ten. */
static void each_has_its_turn(void **state)
{
    int due = 0;

    (void)state;
    for (int i = 0; i < TAKERS; i++)
        add(i, "q:1", "t");
    for (int second = 1; second <= 10; second++) {
        leases_step(&leases);
        leases_pump(&leases);
        if (second == 3)
            assert_int_equal(run, 0);
        if (second == 4)
            assert_int_equal(run, 1);
    }
    for (; run; due++)
        answer(-1);
    assert_int_equal(due, TAKERS);
    EXPECT("");
}

static void a_lease_that_has_ended(void **state)
{
    (void)state;
    add(0, "q:1", "one");
    add(0, "q:2", "two");
    add(1, "q:3", "three");
    leases_renew(&leases);
    leases_pump(&leases);
    assert_int_equal(run, 1);
    answer(1);
    EXPECT("0 q:2 two|");
}

/* It has left while the call was under way. */
static void a_taker_stays_in_memory(void **state)
{
    (void)state;
    add(1, "q:1", "one");
    add(1, "q:2", "two");
    leases_renew(&leases);
    leases_pump(&leases);
    fanout_leave(&source.fanout, &takers[1].member);
    taker_drop(&takers[1]);
    EXPECT("");
    answer(-1);
    EXPECT("1 is free|");
}

static void a_renewal_without_leases(void **state)
{
    (void)state;
    leases_renew(&leases);
    assert_int_equal(renewed, 0);
    leases_pump(&leases);
    assert_int_equal(run, 0);
    assert_int_equal(renewed, 1);
}

static void a_renewal_ends_with_its_last_call(void **state)
{
    (void)state;
    for (int i = 0; i < TAKERS; i++)
        for (int lease = 0; lease < STREAM_BATCH; lease++)
            add(i, "q:1", "t");
    leases_renew(&leases);
    leases_pump(&leases);
    assert_int_equal(run, TAKERS);
    for (int i = 0; i < TAKERS; i++) {
        leases_pump(&leases);
        assert_int_equal(renewed, 0);
        answer(-1);
    }
    leases_pump(&leases);
    leases_pump(&leases);
    assert_int_equal(renewed, 1);
}

static void redis_goes_again(void **state)
{
    (void)state;
    leases_renew(&leases);
    leases_reset(&leases);
    leases_pump(&leases);
    assert_int_equal(renewed, 0);
}

#define LEASE_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEASE_TEST(each_has_its_turn),
        LEASE_TEST(a_lease_that_has_ended),
        LEASE_TEST(a_taker_stays_in_memory),
        LEASE_TEST(a_renewal_without_leases),
        LEASE_TEST(a_renewal_ends_with_its_last_call),
        LEASE_TEST(redis_goes_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
