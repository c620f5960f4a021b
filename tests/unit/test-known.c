/* test-known.c - names that were met not long ago.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/known.h"

static struct known known;

static int end(void **state)
{
    (void)state;
    known_clear(&known);
    return 0;
}

static void for_some_time(void **state)
{
    (void)state;
    assert_false(known_has(&known, "a", 1));
    known_forget(&known, "a");
    known_note(&known, "a", 1000);
    assert_true(known_has(&known, "a", 1000));
    assert_true(known_has(&known, "a", 1000 + KNOWN_MS));
    assert_false(known_has(&known, "a", 1001 + KNOWN_MS));
    assert_false(known_has(&known, "ab", 1000));
    assert_false(known_has(&known, "", 1000));
    known_note(&known, "a", 2000);
    assert_true(known_has(&known, "a", 2000 + KNOWN_MS));
    known_forget(&known, "a");
    assert_false(known_has(&known, "a", 2000));
}

/* Far more names than there is room for. */
static void the_last_ones(void **state)
{
    char name[24];
    int count = 0;

    (void)state;
    for (int i = 0; i < 10 * KNOWN_NAMES; i++) {
        snprintf(name, sizeof(name), "queue%d", i);
        known_note(&known, name, i);
        assert_true(known_has(&known, name, i));
    }
    for (int i = 0; i < 10 * KNOWN_NAMES; i++) {
        snprintf(name, sizeof(name), "queue%d", i);
        count += known_has(&known, name, 0);
    }
    assert_int_equal(count, KNOWN_NAMES);
}

/* Half of what there is room for stays, nearly all of it. */
static void few_of_few_are_forgotten(void **state)
{
    char name[24];
    int count = 0;

    (void)state;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < KNOWN_NAMES / 2; i++) {
            snprintf(name, sizeof(name), "queue%d", i);
            count += known_has(&known, name, 0);
            known_note(&known, name, 0);
        }
    assert_true(count > KNOWN_NAMES * 4 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(for_some_time, end),
        cmocka_unit_test_teardown(the_last_ones, end),
        cmocka_unit_test_teardown(few_of_few_are_forgotten, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
