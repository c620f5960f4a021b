/* test-budget.c - what is held for clients.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/status.h"
#include "ws/net/budget.h"

static void counted_and_given_back(void **state)
{
    struct budget budget = {.limit = 100};
    size_t counted = 0;

    (void)state;
    budget_add(&budget, 60);
    budget_recount(&budget, &counted, 41);
    assert_int_equal(budget.used, 101);
    assert_true(budget_is_full(&budget));
    budget_recount(&budget, &counted, 40);
    assert_false(budget_is_full(&budget));
    budget_recount(&budget, &counted, 0);
    budget_take_off(&budget, 60);
    assert_int_equal(budget.used, 0);
    assert_int_equal(budget.freed, 101);
    budget_add(NULL, 1); /* counted nowhere */
    budget_take_off(NULL, 1);
}

/* As long as somebody may be closed to make room, work begins. */
static void refused_when_nothing_helps(void **state)
{
    struct budget budget = {.limit = 100, .used = 200};
    struct reason reason = {0};

    (void)state;
    assert_true(budget_admits(&budget, &reason));
    budget.is_exhausted = true;
    assert_false(budget_admits(&budget, &reason));
    assert_int_equal(budget.refused, 1);
    assert_non_null(strstr(reason.text, "max_memory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counted_and_given_back),
        cmocka_unit_test(refused_when_nothing_helps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
