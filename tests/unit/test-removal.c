/* test-removal.c - a queue is removed: the call, argument by argument, and each answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "base/limits.h"
#include "broker/helpers.h"
#include "broker/removal.h"

static struct call call;
static struct removal removal;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

#define OWN(before)                                                                                \
    "restmq:{foo}" before ":leases", "restmq:{foo}" before ":delayed",                             \
        "restmq:{foo}" before ":receipts", "restmq:{foo}" before ":trash",                         \
        "restmq:{foo}" before ":stats", "foo" before ":UUID", "queuestat::foo" before,             \
        "foo" before ":queuepolicy", "restmq:{foo}" before ":settings",                            \
        "restmq:{foo}" before ":remembers", "restmq:presence:{foo}" before

#define SAMPLES                                                                                    \
    "restmq:{foo}:sampled", "restmq:{foo}:history", "restmq:{foo}.dead:sampled",                   \
        "restmq:{foo}.dead:history"
#define EXPECT_CALL(...)                                                                           \
    expect_call(&call, &script_remove, 31, "QUEUESET", "foo:queue", OWN(""), "foo.dead:queue",     \
                OWN(".dead"), "restmq:{foo}:foreign", "restmq:unused", SAMPLES, "foo", "foo.dead", \
                "foo:", __VA_ARGS__)

#define OUTCOME(number)                                                                            \
    LIST(NUMBER(number), NUMBER(1), NUMBER(2), NUMBER(0), NUMBER(1), NUMBER(3), NUMBER(1))

static void the_call(void **state)
{
    struct helpers helpers = {
        .count = 2, .ids = (char[][HELPER_ID]){"0f", "1f"}
    };

    (void)state;
    queue_remove_call(&call, "foo", true, &helpers, &removal);
    EXPECT_CALL("1", "500", "2097152", "\n0f\n1f\n", "restmq:{foo}:events",
                "restmq:{foo}.dead:events", "", "");
}

static void the_call_for_one_that_nobody_uses(void **state)
{
    struct reason reason = {0};

    (void)state;
    call.clock_us = 7;
    queue_remove_unused_call(&call, "foo", 43200, &removal);
    call.clock_us = 0;
    EXPECT_CALL("0", "500", "2097152", "*", "restmq:{foo}:events", "restmq:{foo}.dead:events",
                "43200000", "7");
    assert_int_equal(call.decode(&call, OUTCOME(1), &reason), STATUS_OK);
    assert_int_equal(call.decode(&call, OUTCOME(-3), &reason), STATUS_CONFLICT);
    assert_string_equal(reason.text, "the queue is used");
}

static void answers(void **state)
{
    struct reason reason = {0};

    (void)state;
    queue_remove_call(&call, "foo", false, NULL, &removal);
    assert_int_equal(call.decode(&call, OUTCOME(1), &reason), STATUS_OK);
    assert_false(removal.has_more);
    assert_int_equal(removal.purged, 4);
    assert_int_equal(call.decode(&call, OUTCOME(-2), &reason), STATUS_NOT_FOUND);
    assert_int_equal(call.decode(&call, OUTCOME(-1), &reason), STATUS_CONFLICT);
    assert_string_equal(reason.text,
                        "the queue has 1 ready message, 2 leased messages, 1 dead letter, 3 "
                        "consumers, remembered Idempotency-Keys; force=1 removes it all the same");
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1), LIST(NUMBER(1)), OUTCOME(2), OUTCOME(-4));
}

static void steps(void **state)
{
    struct reason reason = {0};

    (void)state;
    queue_remove_call(&call, "foo", true, NULL, &removal);
    for (int i = 1; i < LIMIT_STEPS; i++)
        assert_int_equal(call.decode(&call, OUTCOME(0), &reason), STATUS_AGAIN);
    assert_int_equal(call.decode(&call, OUTCOME(0), &reason), STATUS_OK);
    assert_true(removal.has_more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_call),
        cmocka_unit_test(the_call_for_one_that_nobody_uses),
        cmocka_unit_test(answers),
        cmocka_unit_test(steps),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
