/* test-window.c - which calls wait for which answers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "redis/call.h"
#include "ws/redis/window.h"

enum { MIB = 1 << 20 };

static struct window window;
static struct call call;

static int end(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

static struct expected expect(const char *key, long long bodies, size_t most)
{
    call_begin(&call, (struct owner){0}, NULL, NULL, NULL);
    call_text(&call, "GET", "", 0, "");
    call_text(&call, key, "", 0, "");
    call_declare(&call, true);
    call_expect(&call, bodies, most);
    return window_expect(&window, &call, MIB);
}

static void note(const char *key, size_t bytes)
{
    struct expected expected = expect(key, 1, 0);

    window_enter(&window, &expected);
    window_leave(&window, &expected, bytes);
}

static unsigned place(const char *key)
{
    return expect(key, 1, 0).place;
}

/* None of the keys below shares its place with another one. */
static int begin(void **state)
{
    (void)state;
    do
        window_begin(&window);
    while (place("a") == place("b") || place("a") == place("c") || place("b") == place("c"));
    return 0;
}

static void how_much_it_may_be(void **state)
{
    static const struct {
        long long bodies;
        size_t most, expected;
    } rows[] = {
        {0,    0,       0      },
        {0,    5,       5      },
        {1,    0,       MIB    },
        {1,    3 * MIB, MIB    },
        {2,    3 * MIB, 2 * MIB},
        {1000, 3 * MIB, 3 * MIB},
        {1000, 5,       MIB    }, // one may always come
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (expect("a", rows[i].bodies, rows[i].most).most != rows[i].expected)
            fail_msg("row %zu", i);
}

/* As large as the last one, until some were smaller; what was never seen may be large. */
static void it_is_known_by_the_last_ones(void **state)
{
    int small = 0;

    (void)state;
    assert_int_equal(expect("a", 1, 0).answer, ANSWER_LARGE);
    assert_int_equal(expect("a", 0, 16384).answer, ANSWER_SMALL);
    note("a", 100);
    assert_int_equal(expect("a", 1, 0).answer, ANSWER_SMALL);
    assert_int_equal(expect("b", 1, 0).answer, ANSWER_LARGE);
    note("a", MIB);
    while (expect("a", 1, 0).answer == ANSWER_LARGE) {
        note("a", 0);
        small++;
    }
    assert_in_range(small, 2, 20);
    assert_int_equal(expect("a", 0, 0).answer, ANSWER_SMALL);
    assert_int_equal(expect("a", 100, 17 * MIB).answer,
                     ANSWER_LARGE); // the other window is smaller
}

static int entered(const struct expected *expected)
{
    int count = 0;

    for (; window_admits(&window, expected); count++)
        window_enter(&window, expected);
    return count;
}

/* Small ones do not wait for large ones, nor the other way round; no messages wait for nothing. */
static void each_has_its_own(void **state)
{
    struct expected large = expect("a", 1, 0), small, none = expect("c", 0, 0);

    (void)state;
    note("b", 100);
    small = expect("b", 1, 0);
    assert_int_equal(entered(&large), 2);
    assert_int_equal(entered(&small), 16);
    assert_true(window_admits(&window, &none));
    window_leave(&window, &large, 10);
    assert_int_equal(entered(&small), 0);
    assert_int_equal(entered(&large), 1);
    window_forget(&window);
    assert_int_equal(entered(&large), 2);
    assert_int_equal(expect("b", 1, 0).answer, ANSWER_SMALL); // that is not forgotten
}

static void one_alone_is_never_too_large(void **state)
{
    struct expected large = expect("a", 64, 64 * MIB);

    (void)state;
    assert_int_equal(entered(&large), 1);
    window_leave(&window, &large, 0);
    assert_int_equal(entered(&large), 1);
}

/* A key that has the place of another one by one seed has another place by the next. */
static void places_cannot_be_aimed_at(void **state)
{
    enum { KEYS = 20000, TRIES = 20 };
    char key[32];
    int same = 0, aimed = 0;

    (void)state;
    for (int i = 0; i < KEYS && !aimed; i++) {
        snprintf(key, sizeof(key), "mine%d:queue", i);
        aimed = place(key) == place("yours:queue");
    }
    assert_true(aimed);
    for (int i = 0; i < TRIES; i++) {
        window_begin(&window);
        same += place(key) == place("yours:queue");
    }
    assert_in_range(same, 0, TRIES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(how_much_it_may_be, begin, end),
        cmocka_unit_test_setup_teardown(it_is_known_by_the_last_ones, begin, end),
        cmocka_unit_test_setup_teardown(each_has_its_own, begin, end),
        cmocka_unit_test_setup_teardown(places_cannot_be_aimed_at, begin, end),
        cmocka_unit_test_setup_teardown(one_alone_is_never_too_large, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
