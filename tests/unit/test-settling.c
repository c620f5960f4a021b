/* test-settling.c - the acts of a turn become calls; those, and their feed, are stand-ins.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "broker/message.h"
#include "ws/feed/helper.h"
#include "ws/feed/sent.h"
#include "ws/feed/settling.h"
#include "ws/redis/job.h"

enum { CALLS = 4 };

static struct held held;
static struct jobs jobs;
static struct helper helper = {.jobs = &jobs};
static struct sent_list sent;
static struct settling settling;
static int marked;

/* What runs. */
static struct {
    struct job *job;
    alink_done *done;
} calls[CALLS];
static int run;

void *job_new(struct jobs *of, size_t size, struct held *kept, struct conn *conn)
{
    struct job *job = calloc(1, size);

    assert_ptr_equal(of, &jobs);
    assert_ptr_equal(kept, &held);
    assert_null(conn);
    held.count++;
    return job;
}

void job_free(struct job *job)
{
    held.count--;
    call_clear(&job->call);
    free(job);
}

void job_run(struct job *job, alink_done *done)
{
    assert_true(run < CALLS);
    calls[run].job = job;
    calls[run++].done = done;
}

static void mark(struct feed *feed)
{
    assert_null(feed);
    marked++;
}

/* Redis answers the call number i: the same for each of its acts. */
static void answer(int i, enum status status, int result)
{
    memset(calls[i].job->call.result, result, STREAM_BATCH);
    calls[i].done(calls[i].job, status, NULL);
}

static void add(enum settle_act act, const char *key, struct sent *of)
{
    struct leased leased = {key, strlen(key), "token", of};

    settling_add(&settling, act, &leased);
}

/* An argument of the call number i, from the last one back: 0 is the last. */
static void expect_argument(int i, int back, const char *text)
{
    struct call *call = &calls[i].job->call;
    int count = call_resolve(call, false);

    assert_int_equal(call->argv_len[count - 1 - back], strlen(text));
    assert_memory_equal(call->argv[count - 1 - back], text, strlen(text));
}

static int begin(void **state)
{
    (void)state;
    sent_list_init(&sent);
    settling = (struct settling){
        .helper = &helper, .held = &held, .queue = "q", .sent = &sent, .mark = mark};
    run = marked = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    sent_list_clear(&sent);
    assert_int_equal(held.count, 0);
    return 0;
}

static struct sent *note(const char *key)
{
    struct message message = {.key = key, .key_len = strlen(key)};
    bool is_repeat;

    return sent_note(&sent, &message, 0, &is_repeat);
}

/* --- tests ---------------------------------------------------------------------------------- */

static void a_turn_without_acts(void **state)
{
    (void)state;
    settling_run(&settling);
    assert_int_equal(run, 0);
    assert_int_equal(marked, 0);
}

static void the_acts_of_a_turn_are_one_call(void **state)
{
    (void)state;
    add(SETTLE_ACK, "q:1", NULL);
    add(SETTLE_RELEASE, "q:2", NULL);
    assert_int_equal(run, 0);
    assert_int_equal(marked, 2);
    settling_run(&settling);
    settling_run(&settling);
    assert_int_equal(run, 1);
    expect_argument(0, 0, "token");
    expect_argument(0, 1, "q:2");
    expect_argument(0, 2, "r");
    expect_argument(0, 4, "q:1");
    expect_argument(0, 5, "a");
    answer(0, STATUS_OK, SETTLE_DONE);
}

static void a_full_call_does_not_wait(void **state)
{
    (void)state;
    for (int i = 0; i <= STREAM_BATCH; i++)
        add(SETTLE_ACK, "q:1", NULL);
    assert_int_equal(run, 1);
    settling_run(&settling);
    assert_int_equal(run, 2);
    answer(1, STATUS_OK, SETTLE_DONE);
    answer(0, STATUS_UNAVAILABLE, 0);
}

static const struct {
    enum status status;
    int result;
    bool is_forgotten;
} rows[] = {
    {STATUS_OK,          SETTLE_DONE,  true },
    {STATUS_OK,          SETTLE_GONE,  true },
    {STATUS_OK,          SETTLE_STALE, false},
    {STATUS_UNAVAILABLE, SETTLE_DONE,  false},
};

/* A broadcast is forgotten once it is acked for certain. */
static void broadcasts(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sent *of;

        begin(state);
        of = note("q:1");
        add(SETTLE_ACK, "q:1", of);
        assert_true(of->is_acking);
        settling_run(&settling);
        answer(0, rows[i].status, rows[i].result);
        assert_int_equal(sent.first == NULL, rows[i].is_forgotten);
        if (!rows[i].is_forgotten)
            assert_false(sent.first->is_acking);
        sent_list_clear(&sent);
    }
}

/* The last first: each goes in front of those before it. */
static void what_nobody_was_given(void **state)
{
    struct message messages[] = {
        {.key = "q:1", .key_len = 3},
        {.key = "q:2", .key_len = 3}
    };

    (void)state;
    settling_return(&settling, messages, 2);
    settling_run(&settling);
    expect_argument(0, 1, "q:1");
    expect_argument(0, 2, "u");
    expect_argument(0, 4, "q:2");
    answer(0, STATUS_OK, SETTLE_DONE);
}

#define SETTLING_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTLING_TEST(a_turn_without_acts),       SETTLING_TEST(the_acts_of_a_turn_are_one_call),
        SETTLING_TEST(a_full_call_does_not_wait), SETTLING_TEST(broadcasts),
        SETTLING_TEST(what_nobody_was_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
