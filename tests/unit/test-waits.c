/* test-waits.c - the line of long-polls of a queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "ws/feed/waits.h"

enum { WAITS = 3 };

static struct waits waits;
static struct wait places[WAITS];
static bool is_busy[WAITS];

static bool is_idle(const struct wait *wait)
{
    return !is_busy[wait - places];
}

static const struct wait_kind kind = {.is_idle = is_idle};

static int begin(void **state)
{
    (void)state;
    waits_init(&waits);
    waits.kind = &kind;
    for (int i = 0; i < WAITS; i++) {
        is_busy[i] = false;
        places[i] = (struct wait){0};
        waits_add(&waits, &places[i]);
    }
    return 0;
}

/* As the line is, first to last: "021". */
static void expect_line(const char *text)
{
    char line[WAITS + 1] = "";
    int count = 0;

    for (const struct wait *at = waits.first; at; at = at->next)
        line[count++] = (char)('0' + (at - places));
    assert_string_equal(line, text);
}

static void first_come_first_served(void **state)
{
    (void)state;
    expect_line("012");
    assert_ptr_equal(waits_next(&waits), &places[0]);
    is_busy[0] = true;
    assert_ptr_equal(waits_next(&waits), &places[1]);
    is_busy[1] = is_busy[2] = true;
    assert_null(waits_next(&waits));
}

static void one_asks_at_a_time(void **state)
{
    (void)state;
    waits.is_serving = true;
    assert_null(waits_next(&waits));
    waits.is_serving = false;
    assert_ptr_equal(waits_next(&waits), &places[0]);
}

static const struct {
    int leaves;
    const char *left, *again; /* once it has come again */
} rows[] = {
    {0, "12", "120"},
    {1, "02", "021"},
    {2, "01", "012"},
};

static void who_leaves(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        begin(state);
        waits_remove(&waits, &places[rows[i].leaves]);
        waits_remove(&waits, &places[rows[i].leaves]);
        expect_line(rows[i].left);
        waits_add(&waits, &places[rows[i].leaves]);
        expect_line(rows[i].again);
    }
}

static void all_leave(void **state)
{
    (void)state;
    for (int i = 0; i < WAITS; i++)
        waits_remove(&waits, &places[i]);
    assert_null(waits.first);
    assert_null(waits_next(&waits));
    waits_add(&waits, &places[2]);
    expect_line("2");
}

#define WAITS_TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAITS_TEST(first_come_first_served),
        WAITS_TEST(one_asks_at_a_time),
        WAITS_TEST(who_leaves),
        WAITS_TEST(all_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
