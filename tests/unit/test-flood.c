/* test-flood.c - publications that come faster than they are read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "ws/redis/flood.h"

enum { MIB = 1 << 20 };

static struct flood flood;
static struct flow one, other;

static int begin(void **state)
{
    (void)state;
    memset(&one, 0, sizeof(one));
    memset(&other, 0, sizeof(other));
    flood_begin(&flood, 7);
    return 0;
}

static int end(void **state)
{
    (void)state;
    flood_clear(&flood);
    memset(&flood, 0, sizeof(flood));
    return 0;
}

/* Redis says that it holds so much. */
static bool is_too_much(long long held)
{
    struct call *call = flood_ask(&flood);

    assert_non_null(call);
    flood.held = held;
    return flood_asked(&flood, STATUS_OK);
}

static void asked_while_much_is_published(void **state)
{
    struct call *call;

    (void)state;
    flood_heard(&flood, &one, 1000);
    assert_null(flood_ask(&flood));
    flood_heard(&flood, &one, MIB);
    call = flood_ask(&flood);
    assert_int_equal(call_resolve(call, false), 4);
    assert_memory_equal(call->argv[3], "7", 1);
    flood_heard(&flood, &one, MIB);
    assert_null(flood_ask(&flood)); /* one question at a time */
    assert_false(flood_asked(&flood, STATUS_OK));
    assert_non_null(flood_ask(&flood));
}

static void what_redis_says(void **state)
{
    struct call *call;
    long long *held;

    (void)state;
    flood_heard(&flood, &one, MIB);
    call = flood_ask(&flood);
    held = call->result;
    assert_int_equal(decode(call, TEXT("id=7 addr=x oll=12 omem=9000000 tot-mem=1\n")), STATUS_OK);
    assert_int_equal(*held, 9000000);
    assert_int_equal(decode(call, TEXT("")), STATUS_UNAVAILABLE);
    assert_int_equal(decode(call, NIL), STATUS_UNAVAILABLE);
}

static void who_is_to_blame(void **state)
{
    (void)state;
    flood_heard(&flood, &one, 3 * MIB);
    flood_heard(&flood, &other, MIB / 2);
    flood_heard(&flood, NULL, MIB);
    assert_true(is_too_much(9 * MIB));
    assert_int_equal(flood_share(&flood, &one), 3 * MIB);
    assert_int_equal(flood_share(&flood, &other), 0);
    flood_heard(&flood, &one, MIB);
    assert_false(is_too_much(7 * MIB));
    flood_heard(&flood, &one, MIB);
    assert_false(is_too_much(0)); /* all was read: nobody is to blame any more */
    assert_int_equal(flood_share(&flood, &one), 0);
}

/* A user who may not ask, or a Redis that does not know it. */
static void it_cannot_be_asked(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        flood_heard(&flood, &one, MIB);
        assert_non_null(flood_ask(&flood));
        assert_false(flood_asked(&flood, STATUS_UNAVAILABLE));
    }
    flood_heard(&flood, &one, MIB);
    assert_null(flood_ask(&flood));
    flood_begin(&flood, 8);
    flood_heard(&flood, &one, MIB);
    assert_non_null(flood_ask(&flood));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asked_while_much_is_published, begin, end),
        cmocka_unit_test_setup_teardown(what_redis_says, begin, end),
        cmocka_unit_test_setup_teardown(who_is_to_blame, begin, end),
        cmocka_unit_test_setup_teardown(it_cannot_be_asked, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
