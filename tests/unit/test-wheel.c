/* test-wheel.c - timeouts: when each is over, however they are set, moved and unset.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "ws/net/wheel.h"

static struct wheel wheel;

static int empty(void **state)
{
    (void)state;
    memset(&wheel, 0, sizeof(wheel));
    return 0;
}

/* Steps until the timeout is over, and says after how many. */
static unsigned steps_until(const struct timeout *timeout)
{
    for (unsigned steps = 1; steps <= 2 * WHEEL_SLOTS; steps++) {
        struct timeout *expired;

        wheel_step(&wheel);
        expired = wheel_expired(&wheel);
        if (!expired)
            continue;
        assert_ptr_equal(expired, timeout);
        assert_null(wheel_expired(&wheel));
        return steps;
    }
    return 0;
}

static const struct {
    unsigned ms, steps;
} rows[] = {
    {0,      1   },
    {1,      1   },
    {99,     1   },
    {100,    2   }, /* never too early: the step in hand may be nearly over */
    {101,    2   },
    {10000,  101 },
    {60000,  601 },
    {102200, 1023},
    {102300, 1023}, /* as far as it goes */
    {500000, 1023},
};

static void when_they_are_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct timeout timeout = {0};
        unsigned steps;

        wheel_set(&wheel, &timeout, rows[i].ms);
        steps = steps_until(&timeout);
        if (steps != rows[i].steps)
            fail_msg("%u ms: %u steps", rows[i].ms, steps);
        assert_int_equal(steps_until(&timeout), 0);
    }
}

static void set_anew_it_moves(void **state)
{
    struct timeout timeout = {0};

    (void)state;
    wheel_set(&wheel, &timeout, 1000);
    wheel_set(&wheel, &timeout, 200);
    assert_int_equal(steps_until(&timeout), 3);
    wheel_set(&wheel, &timeout, 200);
    wheel_step(&wheel);
    wheel_set(&wheel, &timeout, 1000);
    assert_int_equal(steps_until(&timeout), 11);
    wheel_set(&wheel, &timeout, 200);
    wheel_set(&wheel, &timeout, 200);
    assert_int_equal(steps_until(&timeout), 3);
}

static void unset_it_never_comes(void **state)
{
    struct timeout timeout = {0};

    (void)state;
    wheel_unset(&timeout);
    wheel_set(&wheel, &timeout, 200);
    wheel_unset(&timeout);
    wheel_unset(&timeout);
    assert_int_equal(steps_until(&timeout), 0);
}

/* Of those in one slot, whichever goes first, last or from the middle. */
static void neighbours_stay(void **state)
{
    enum { THREE = 3 };

    (void)state;
    for (int gone = 0; gone < THREE; gone++) {
        struct timeout timeouts[THREE] = {{0}};
        int expired = 0;

        for (int i = 0; i < THREE; i++)
            wheel_set(&wheel, &timeouts[i], 0);
        wheel_unset(&timeouts[gone]);
        wheel_step(&wheel);
        for (struct timeout *at; (at = wheel_expired(&wheel)); expired++)
            assert_ptr_not_equal(at, &timeouts[gone]);
        assert_int_equal(expired, THREE - 1);
    }
}

/* Whoever is told may set itself and unset others of the same step. */
static void they_change_while_they_are_told(void **state)
{
    struct timeout timeouts[4] = {{0}};
    struct timeout *first;

    (void)state;
    for (size_t i = 0; i < COUNT(timeouts); i++)
        wheel_set(&wheel, &timeouts[i], 0);
    wheel_step(&wheel);
    first = wheel_expired(&wheel);
    assert_non_null(first);
    wheel_set(&wheel, first, 0);
    wheel_set(&wheel, first, 1000000);
    for (size_t i = 0; i < COUNT(timeouts); i++)
        if (&timeouts[i] != first)
            wheel_unset(&timeouts[i]);
    assert_null(wheel_expired(&wheel));
    assert_int_equal(steps_until(first), WHEEL_SLOTS - 1);
}

/* Thousands at random against a list of when each should be over. */
static void as_a_list_would_have_it(void **state)
{
    enum { MANY = 500, STEPS = 5000 };
    static struct timeout timeouts[MANY];
    static long due[MANY]; /* 0: not set */

    (void)state;
    srand(7);
    for (long now = 1; now <= STEPS; now++) {
        struct timeout *timeout;

        for (int i = 0; i < 5; i++) {
            size_t which = (size_t)rand() % MANY;
            unsigned steps = (unsigned)rand() % (WHEEL_SLOTS - 2);

            wheel_set(&wheel, &timeouts[which], steps * WHEEL_STEP_MS);
            due[which] = now + steps;
            which = (size_t)rand() % MANY;
            if (i == 0) {
                wheel_unset(&timeouts[which]);
                due[which] = 0;
            }
        }
        wheel_step(&wheel);
        while ((timeout = wheel_expired(&wheel))) {
            assert_int_equal(due[timeout - timeouts], now);
            due[timeout - timeouts] = 0;
        }
        for (size_t i = 0; i < MANY; i++)
            assert_true(due[i] == 0 || due[i] > now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(when_they_are_over, empty),
        cmocka_unit_test_setup(set_anew_it_moves, empty),
        cmocka_unit_test_setup(unset_it_never_comes, empty),
        cmocka_unit_test_setup(neighbours_stay, empty),
        cmocka_unit_test_setup(they_change_while_they_are_told, empty),
        cmocka_unit_test_setup(as_a_list_would_have_it, empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
