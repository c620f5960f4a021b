/* test-replicas.c - how many replicas have what was sent before.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "redis/replicas.h"

static const struct redis_wait none = {.replicas = 0, .ms = 500}, two = {.replicas = 2, .ms = 70};

static void who_waits(void **state)
{
    struct call call = {0};

    (void)state;
    for (call.changes = CHANGE_NONE; call.changes <= CHANGE_KEPT; call.changes++) {
        assert_false(replicas_are_wanted(&none, &call));
        assert_int_equal(replicas_are_wanted(&two, &call), call.changes == CHANGE_KEPT);
    }
}

static void what_is_sent(void **state)
{
    struct call call = {0};

    (void)state;
    replicas_call(&call, &two);
    assert_int_equal(call_resolve(&call, false), 3);
    assert_memory_equal(call.argv[0], "WAIT", 4);
    assert_memory_equal(call.argv[1], "2", call.argv_len[1]);
    assert_memory_equal(call.argv[2], "70", call.argv_len[2]);
    call_clear(&call);
}

static void what_the_answer_means(void **state)
{
    struct reason reason = {0};

    (void)state;
    assert_int_equal(replicas_status(&two, NUMBER(2), &reason), STATUS_OK);
    assert_int_equal(replicas_status(&two, NUMBER(3), &reason), STATUS_OK);
    assert_false(reason.outcome_unknown);
    assert_int_equal(replicas_status(&two, NUMBER(1), &reason), STATUS_UNAVAILABLE);
    assert_string_equal(reason.text, "executed, but only 1 of 2 replicas have it");
    assert_true(reason.outcome_unknown);
    for (int i = 0; i < 2; i++) {
        reason = (struct reason){0};
        assert_int_equal(replicas_status(&two, i ? ERROR("NOPERM no") : TEXT("2"), &reason),
                         STATUS_UNAVAILABLE);
        assert_true(*reason.text);
        assert_true(reason.outcome_unknown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits),
        cmocka_unit_test(what_is_sent),
        cmocka_unit_test(what_the_answer_means),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
