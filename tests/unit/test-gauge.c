/* test-gauge.c - the numbers of many queues at once, and what samples of them have.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/gauge.h"
#include "broker/sample.h"

static struct call call;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

static void lines_of_queues(void **state)
{
    struct gauges gauges = {
        .count = 4, .names = {"a", "b", "c.dead", "d"}
    };
    const struct gauge *all = gauges.gauges;

    (void)state;
    gauges_call(&call, &gauges);
    assert_int_equal(
        decode(&call, LIST(TEXT("123"), TEXT("1 2 3 4 5 6 7 8 9 10 11 12 13"), TEXT("1 2 0 1 "),
                           TEXT(""), TEXT("x 9 99999999999999999999 -5"))),
        STATUS_OK);
    assert_int_equal(gauges.time_ms, 123);
    assert_true(all[0].ready == 1 && all[0].pushed == 2 && all[0].first == 3 && all[0].bits == 4);
    assert_true(all[0].leased == 5 && all[0].delayed == 6 && all[0].dead == 7);
    assert_true(all[0].consumers == 8 && all[0].acked == 9 && all[0].returned == 10);
    assert_true(all[0].expired == 11 && all[0].died == 12 && all[0].purged == 13);
    assert_true(all[1].ready == 1 && all[1].bits == GAUGE_STOPPED && all[1].leased == 0);
    assert_true(all[2].ready == 0 && all[3].ready == 0 && all[3].pushed == 0);
    EXPECT_UNEXPECTED(&call, NIL, LIST(TEXT("1"), TEXT(""), TEXT(""), TEXT("")),
                      LIST(TEXT("1"), TEXT(""), TEXT(""), NIL, TEXT("")));
}

static void numbers_that_nobody_can_count_to(void **state)
{
    struct gauges gauges = {.count = 1, .names = {"a"}};

    (void)state;
    gauges_call(&call, &gauges);
    assert_int_equal(decode(&call, LIST(TEXT("1"), TEXT("99999999999999999999 -5 7 0"))),
                     STATUS_OK);
    assert_true(gauges.gauges[0].ready == 0 && gauges.gauges[0].pushed == 0);
    assert_int_equal(gauges.gauges[0].first, 7);
}

static void quick_rows(void **state)
{
    static const char names[3][LIMIT_NAME + 1] = {"a", "b", "c"};
    struct quick quick = {.count = 3, .names = names};

    (void)state;
    quick_call(&call, &quick);
    expect_call(&call, &script_quick, 6, "a:queue", "b:queue", "c:queue", "a:UUID", "b:UUID",
                "c:UUID", "3", "");
    assert_int_equal(decode(&call, LIST(TEXT("9"), TEXT("1 2 0,3 4 1,5 x 0"))), STATUS_OK);
    assert_true(quick.rows[0].ready == 1 && quick.rows[0].pushed == 2 && !quick.rows[0].has_more);
    assert_true(quick.rows[1].ready == 3 && quick.rows[1].pushed == 4 && quick.rows[1].has_more);
    assert_true(quick.rows[2].has_more); /* a closer look tells */
    EXPECT_UNEXPECTED(&call, NIL, LIST(TEXT("9"), TEXT("1 2 0,3 4 0")), LIST(TEXT("9"), NIL),
                      LIST(TEXT("9"), TEXT("")));
    quick.asks_for_more = true;
    quick.count = 1;
    quick_call(&call, &quick);
    expect_call(&call, &script_quick, 5, "a:queue", "a:UUID", "restmq:{a}:leases",
                "restmq:{a}:delayed", "restmq:{a}:trash", "1", "");
}

/* What is ready is what the other columns leave of pushed, also where somebody has set a counter
 * back. */
static void columns_of_a_sample(void **state)
{
    static const struct gauge cases[] = {
        {0            },
        {             .ready = 1,  .leased = 2, .delayed = 3, .dead = 4, .pushed = 30, .acked = 5, .purged = 6},
        { .ready = 9, .pushed = 3, .expired = 1, .died = 1, .returned = 7},
        {   .leased = 5,             .acked = 9},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        long long columns[SAMPLE_COLUMNS];

        sample_columns(&cases[i], columns);
        assert_int_equal(sample_ready(columns), cases[i].ready);
        assert_int_equal(columns[SAMPLE_TAKEN] + columns[SAMPLE_ACKED], gauge_out(&cases[i]));
    }
    assert_int_equal(gauge_out(&cases[1]), 30 - 10 - 6);
    assert_int_equal(gauge_out(&cases[2]), 0);
}

static void what_was_written(void **state)
{
    struct queue_samples samples = {.count = 1,
                                    .samples = {{.queue = "a.dead", .time_ms = 5, .first = 3}}};
    const struct queue_sample *one = samples.samples;

    (void)state;
    samples_call(&call, &samples);
    expect_call(&call, &script_sample, 3, "restmq:{a}.dead:sampled", "restmq:{a}.dead:history",
                "restmq:{a}:sampled", "5 0 0 0 0 0 0 0 0 0 0 0 3");
    assert_int_equal(decode(&call, LIST(TEXT("1 200 17 1 99"))), STATUS_OK);
    assert_true(one->is_written && one->is_bound && one->bytes == 200);
    assert_true(one->pushed_s == 17 && one->sampled_ms == 99);
    EXPECT_UNEXPECTED(&call, NIL, LIST(NIL), LIST(TEXT("1 2 3 4")), LIST(TEXT("")));
}

static void what_is_forgotten(void **state)
{
    (void)state;
    sample_forget_call(&call, "a", false);
    assert_int_equal(call_resolve(&call, false), 2);
    assert_memory_equal(call.argv[1], "restmq:{a}:history", 18);
    sample_forget_call(&call, "a", true);
    assert_int_equal(call_resolve(&call, false), 3);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    EXPECT_UNEXPECTED(&call, NIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(lines_of_queues, clear),
        cmocka_unit_test_teardown(numbers_that_nobody_can_count_to, clear),
        cmocka_unit_test_teardown(quick_rows, clear),
        cmocka_unit_test_teardown(columns_of_a_sample, clear),
        cmocka_unit_test_teardown(what_was_written, clear),
        cmocka_unit_test_teardown(what_is_forgotten, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
