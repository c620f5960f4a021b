/* test-history.c - the numbers of a queue over some time, from its samples.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/history.h"

enum { NOW_S = 6000000, POINTS = 10 };

static struct history_point points[POINTS];

/* Of a queue with that last sample and one chunk; returns when the first step began. */
static long long read_with(const char *last, const char *name, const redisReply *rows,
                           const struct index_runs *runs, int step_s)
{
    redisReply last_reply = {
        .type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)last, .len = strlen(last)};
    redisReply name_reply = {
        .type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)name, .len = strlen(name)};
    redisReply *parts[] = {&last_reply, &name_reply, (redisReply *)(uintptr_t)rows};
    redisReply of = {.type = REDIS_REPLY_ARRAY, .elements = rows ? 3 : 1, .element = parts};
    struct histories histories = {.count = 1, .now_ms = NOW_S * 1000LL, .of = {&of}};

    return history_read(&histories, 0, runs, step_s, POINTS, points);
}

static int known(void)
{
    int count = 0;

    for (int i = 0; i < POINTS; i++)
        count += points[i].is_known;
    return count;
}

static void nothing_is_known_of_nothing(void **state)
{
    (void)state;
    assert_int_equal(read_with("", "", NULL, NULL, 10), NOW_S - 90);
    assert_int_equal(known(), 0);
}

/* From the last sample on the queue was so. */
static void the_last_sample_holds(void **state)
{
    char last[100];

    (void)state;
    snprintf(last, sizeof(last), "1 %d 5 1 0 0 0 0 0 0 0", NOW_S / 10 - 3);
    read_with(last, "", NULL, NULL, 10);
    assert_int_equal(known(), 4);
    assert_true(points[6].is_known && !points[5].is_known);
    assert_int_equal(sample_ready(points[9].columns), 4);
    snprintf(last, sizeof(last), "1 %d 5 1 0 0 0 0 0 0 0", NOW_S / 10 - 5000);
    read_with(last, "", NULL, NULL, 10);
    assert_int_equal(known(), POINTS);
}

/* Nobody knows what it was like while nobody took samples. */
static void pauses_are_not_known(void **state)
{
    struct index_runs runs = {
        .count = 2,
        .runs = {{NOW_S * 1000LL - 900000, NOW_S * 1000LL - 70000},
                 {NOW_S * 1000LL - 30000, NOW_S * 1000LL - 1000}}
    };
    char last[100];

    (void)state;
    snprintf(last, sizeof(last), "1 %d 5 1 0 0 0 0 0 0 0", NOW_S / 10 - 60);
    read_with(last, "", NULL, &runs, 10);
    assert_true(points[0].is_known && points[2].is_known);
    assert_false(points[3].is_known || points[5].is_known);
    assert_true(points[6].is_known && points[9].is_known);
    runs.count = 0;
    read_with(last, "", NULL, &runs, 10);
    assert_int_equal(known(), 0);
}

/* Two samples in the first and second slot of a chunk: pushed 1, then 3. */
static void rows_of_a_chunk(void **state)
{
    char name[32];

    (void)state;
    snprintf(name, sizeof(name), "a%d", NOW_S / 600 - 1);
    assert_int_equal(NOW_S % 600, 0);
    read_with("", name, TEXT("\x03\x00\x02\x02\x02"), NULL, 100);
    assert_int_equal(known(), 7);
    assert_true(points[3].is_known && !points[2].is_known);
    assert_int_equal(points[9].columns[SAMPLE_PUSHED], 3);
}

/* Whatever stands there, it ends. */
static void chunks_that_are_none(void **state)
{
    static const char *const names[] = {
        "", "a", "ax", "a-1", "c1", "a99999999999999999999", "a10000", "b69", "a9999", "b69"};
    static const redisReply *rows;
    struct {
        redisReply reply;
    } all[] = {
        {*TEXT("")},
        {*TEXT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")},
        {*TEXT("\x01\x7f")},
        {*TEXT("\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x00")},
        {*TEXT("\x02\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x02\xff\xff\xff\xff\xff\xff\xff\xff\x7f")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        for (size_t j = 0; j < COUNT(all); j++) {
            rows = &all[j].reply;
            read_with("9 9 9", names[i], rows, NULL, 10);
            read_with("1 99999999999999999999 1 1 1 1 1 1 1 1 1", names[i], rows, NULL, 300);
        }
    memset(points, 0, sizeof(points));
    read_with("x", "", NULL, NULL, 10);
    assert_int_equal(known(), 0);
}

static void the_call(void **state)
{
    static const char *const queues[] = {"a", "b"};
    struct histories histories = {.count = 2};
    struct call call = {0};

    (void)state;
    histories_call(&call, queues, &histories);
    expect_call(&call, &script_history, 4, "restmq:{a}:sampled", "restmq:{a}:history",
                "restmq:{b}:sampled", "restmq:{b}:history", "0", "");
    assert_int_equal(decode(&call, LIST(TEXT("7"), LIST(TEXT("")), LIST(TEXT(""), TEXT("a1")))),
                     STATUS_OK);
    assert_int_equal(histories.now_ms, 7);
    EXPECT_UNEXPECTED(&call, NIL, LIST(TEXT("7"), LIST(TEXT(""))),
                      LIST(TEXT("7"), LIST(TEXT("")), NIL),
                      LIST(TEXT("7"), LIST(TEXT("")), LIST(NIL)),
                      LIST(TEXT("7"), LIST(TEXT("")), LIST(TEXT(""), NUMBER(1))));
    call_clear(&call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_of_nothing), cmocka_unit_test(the_last_sample_holds),
        cmocka_unit_test(pauses_are_not_known),        cmocka_unit_test(rows_of_a_chunk),
        cmocka_unit_test(chunks_that_are_none),        cmocka_unit_test(the_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
