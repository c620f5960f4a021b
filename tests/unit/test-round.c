/* test-round.c - what one helper does for all queues: each call argument by argument, each answer
 * good, short and wrong.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/round.h"

static struct call call;
static struct round_page page;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    round_page_clear(&page);
    return 0;
}

static void expect_command(const char *const *words)
{
    int count = call_resolve(&call, false);

    assert_null(call.script);
    assert_false(call.changes);
    for (int i = 0; i < count; i++) {
        assert_non_null(words[i]);
        assert_int_equal(call.argv_len[i], strlen(words[i]));
        assert_memory_equal(call.argv[i], words[i], call.argv_len[i]);
    }
    assert_null(words[count]);
}

static void who_walks(void **state)
{
    bool is_elected = false;

    (void)state;
    round_elect_call(&call, "0f", &is_elected);
    expect_call(&call, &script_elect, 1, "restmq:walker", "0f", "4000");
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    assert_true(is_elected);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    assert_false(is_elected);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), LIST());
}

static void names_of_a_page(void **state)
{
    (void)state;
    round_page_call(&call, &page);
    expect_command((const char *const[]){"SSCAN", "QUEUESET", "0", "COUNT", "100", NULL});
    assert_int_equal(
        decode(&call, LIST(TEXT("17"), LIST(TEXT("foo"), TEXT("bar:queue"), TEXT("no name"),
                                            TEXT(":queue"), NUMBER(1), TEXT("a.dead")))),
        STATUS_OK);
    assert_int_equal(page.count, 3);
    assert_string_equal(page.names[0], "foo");
    assert_string_equal(page.names[1], "bar");
    assert_string_equal(page.names[2], "a.dead");
    round_page_call(&call, &page);
    expect_command((const char *const[]){"SSCAN", "QUEUESET", "17", "COUNT", "100", NULL});
    assert_int_equal(decode(&call, LIST(TEXT("0"), LIST())), STATUS_OK);
    assert_int_equal(page.count, 0);
    assert_string_equal(page.cursor, "0");
    EXPECT_UNEXPECTED(&call, NIL, TEXT("0"), LIST(), LIST(TEXT("0")), LIST(TEXT("0"), TEXT("a")),
                      LIST(NUMBER(0), LIST()));
}

static const char names[2][LIMIT_NAME + 1] = {"foo", "a.dead"};

#define KEYS_OF_BOTH                                                                               \
    "restmq:{foo}:leases", "restmq:{foo}:delayed", "restmq:{foo}:trash", "restmq:{a}.dead:leases", \
        "restmq:{a}.dead:delayed", "restmq:{a}.dead:trash"

static void a_glance(void **state)
{
    struct round_look look = {.count = 2, .names = names};

    (void)state;
    round_glance_call(&call, &look);
    expect_command((const char *const[]){"EXISTS", KEYS_OF_BOTH, NULL});
    assert_int_equal(decode(&call, NUMBER(3)), STATUS_OK);
    assert_true(look.has_any);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    assert_false(look.has_any);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"));
}

static void a_closer_look(void **state)
{
    struct round_look look = {.count = 2, .names = names};

    (void)state;
    call.clock_us = 7;
    round_look_call(&call, &look);
    call.clock_us = 0;
    expect_call(&call, &script_waits, 6, KEYS_OF_BOTH, "7");
    assert_int_equal(decode(&call, TEXT("01")), STATUS_OK);
    assert_int_equal(look.bits[0], 0);
    assert_int_equal(look.bits[1], ROUND_WAITS);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(0), TEXT("0"), TEXT("000"), LIST());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_walks),
        cmocka_unit_test(names_of_a_page),
        cmocka_unit_test(a_glance),
        cmocka_unit_test(a_closer_look),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
