/* test-sentinel.c - what sentinels and a Redis say about who is the master.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "redis/sentinel.h"

static struct call call;

static int end(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

static void it_asks_for_the_master(void **state)
{
    struct sentinel_master master = {.name = "mymaster"};
    size_t len;

    (void)state;
    sentinel_master_call(&call, &master);
    assert_int_equal(call_resolve(&call, false), 3);
    assert_string_equal(call.argv[0], "SENTINEL");
    assert_string_equal(call.argv[1], "get-master-addr-by-name");
    assert_string_equal(call.argv[2], "mymaster");
    assert_null(call_route(&call, &len));
    assert_false(call.changes);
}

static void where_the_master_is(void **state)
{
    struct sentinel_master master = {.name = "mymaster"};

    (void)state;
    sentinel_master_call(&call, &master);
    assert_int_equal(decode(&call, LIST(TEXT("10.0.0.1"), TEXT("6379"))), STATUS_OK);
    assert_string_equal(master.at, "10.0.0.1:6379");
    assert_int_equal(decode(&call, LIST(TEXT("fe80::1"), TEXT("65535"))), STATUS_OK);
    assert_string_equal(master.at, "[fe80::1]:65535");
    assert_int_equal(decode(&call, LIST(TEXT("redis.example.org"), TEXT("1"), NIL)), STATUS_OK);
    assert_string_equal(master.at, "redis.example.org:1");
    assert_int_equal(decode(&call, NIL), STATUS_NOT_FOUND);
    assert_string_equal(master.at, "redis.example.org:1");
}

#define FIFTY "12345678901234567890123456789012345678901234567890"

static void what_is_no_address(void **state)
{
    struct sentinel_master master = {.name = "mymaster"};

    (void)state;
    sentinel_master_call(&call, &master);
    EXPECT_UNEXPECTED(&call, NUMBER(1), TEXT("10.0.0.1"), LIST(TEXT("10.0.0.1")),
                      LIST(NIL, TEXT("6379")), LIST(TEXT(""), TEXT("6379")),
                      LIST(TEXT("10.0.0.1"), NIL), LIST(TEXT("10.0.0.1"), TEXT("0")),
                      LIST(TEXT("10.0.0.1"), TEXT("65536")), LIST(TEXT("10.0.0.1"), NUMBER(6379)),
                      LIST(TEXT("10.0.0.1"), TEXT("6379x")), LIST(TEXT("10\0.1"), TEXT("6379")),
                      LIST(TEXT(FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY), TEXT("6379")));
    assert_string_equal(master.at, "");
}

static void who_is_a_master(void **state)
{
    (void)state;
    assert_false(sentinel_is_other_role(LIST(TEXT("master"), NUMBER(0), LIST(NIL))));
    assert_true(sentinel_is_other_role(LIST(TEXT("slave"), TEXT("10.0.0.1"), NUMBER(6379))));
    assert_true(sentinel_is_other_role(LIST(TEXT("sentinel"), LIST(TEXT("mymaster")))));
    assert_false(sentinel_is_other_role(TEXT("OK")));
    assert_false(sentinel_is_other_role(NIL));
    assert_false(sentinel_is_other_role(LIST(NUMBER(1))));
}

#define TEST(test) cmocka_unit_test_teardown(test, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_asks_for_the_master),
        TEST(where_the_master_is),
        TEST(what_is_no_address),
        TEST(who_is_a_master),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
