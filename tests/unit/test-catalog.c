/* test-catalog.c - a page of the names of all queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "base/limits.h"
#include "broker/catalog.h"

static struct catalog catalog;
static struct call call;
static struct reason reason;

static int clear(void **state)
{
    (void)state;
    catalog_clear(&catalog);
    call_clear(&call);
    return 0;
}

static void page_call(void **state)
{
    (void)state;
    catalog_page_call(&call, "12345", 3, 1000, &catalog);
    expect_call(&call, &script_queues, 1, "QUEUESET", "123", "1000");
}

static void a_page_is_sorted(void **state)
{
    (void)state;
    assert_int_equal(
        catalog_page_result(&(struct call){.result = &catalog},
                            LIST(TEXT("17"), LIST(TEXT("b"), TEXT("a/b"), TEXT("a")), NUMBER(9)),
                            &reason),
        STATUS_OK);
    assert_string_equal(catalog.cursor, "17");
    assert_int_equal(catalog.total, 9);
    assert_int_equal(catalog.count, 3);
    assert_string_equal(catalog.names[0], "a");
    assert_string_equal(catalog.names[1], "a/b");
    assert_string_equal(catalog.names[2], "b");
}

static void names_nobody_could_use_are_left_out(void **state)
{
    (void)state;
    assert_int_equal(
        catalog_page_result(&(struct call){.result = &catalog},
                            LIST(TEXT("0"),
                                 LIST(TEXT("good"), TEXT(""), TEXT("a b"), TEXT("nul\0l"),
                                      TEXT("\xff"), TEXT("x:queue"), NIL, NUMBER(1)),
                                 NUMBER(8)),
                            &reason),
        STATUS_OK);
    assert_int_equal(catalog.count, 1);
    assert_string_equal(catalog.names[0], "good");
}

static void a_page_replaces_the_one_before(void **state)
{
    redisReply *many[1000], *odd = TEXT("odd"), *even = TEXT("even");
    redisReply names = {.type = REDIS_REPLY_ARRAY, .elements = COUNT(many), .element = many};

    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = i % 2 ? odd : even;
    assert_int_equal(catalog_page_result(&(struct call){.result = &catalog},
                                         LIST(TEXT("5"), &names, NUMBER(1000)), &reason),
                     STATUS_OK);
    assert_int_equal(catalog.count, 1000);
    assert_string_equal(catalog.names[499], "even");
    assert_string_equal(catalog.names[500], "odd");
    assert_int_equal(catalog_page_result(&(struct call){.result = &catalog},
                                         LIST(TEXT("0"), LIST(), NUMBER(0)), &reason),
                     STATUS_OK);
    assert_int_equal(catalog.count, 0);
    assert_int_equal(catalog.total, 0);
    assert_string_equal(catalog.cursor, "0");
}

static void unexpected_pages(void **state)
{
    const redisReply *const replies[] = {
        NIL,
        TEXT("0"),
        LIST(),
        LIST(TEXT("0")),
        LIST(TEXT("0"), NIL),
        LIST(TEXT("0"), LIST()),
        LIST(NUMBER(0), LIST(), NUMBER(0)),
        LIST(NIL, LIST(), NUMBER(0)),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(replies); i++)
        if (catalog_page_result(&(struct call){.result = &catalog}, replies[i], &reason) !=
            STATUS_UNAVAILABLE)
            fail_msg("reply %zu was read", i);
}

static const struct {
    const char *cursor;
    bool is_valid;
} cursors[] = {
    {"0",                     true },
    {"17",                    true },
    {"18446744073709551615",  true }, /* 2^64 - 1 */
    {"18446744073709551616",  false},
    {"99999999999999999999",  false},
    {"100000000000000000000", false},
    {"",                      false},
    {"-1",                    false},
    {"+1",                    false},
    {" 1",                    false},
    {"1 ",                    false},
    {"0x1",                   false},
    {"a",                     false},
};

static void cursors_are_digits(void **state)
{
    char *wall = wall_new(64);

    (void)state;
    for (size_t i = 0; i < COUNT(cursors); i++) {
        size_t len = strlen(cursors[i].cursor);

        if (catalog_cursor_is_valid(wall_put(wall, cursors[i].cursor, len), len) !=
            cursors[i].is_valid)
            fail_msg("%s", cursors[i].cursor);
    }
    assert_false(catalog_cursor_is_valid("1\0", 2));
}

static const struct {
    const char *pattern;
    enum status status;
} patterns[] = {
    {"*",          STATUS_OK       },
    {"a",          STATUS_OK       },
    {"orders.*",   STATUS_OK       },
    {"a?c*",       STATUS_OK       },
    {"x/y:z@-_.*", STATUS_OK       },
    {"",           STATUS_BAD_VALUE},
    {"[ab]",       STATUS_BAD_VALUE},
    {"a\\*",       STATUS_BAD_VALUE},
    {"a b",        STATUS_BAD_VALUE},
    {"\xc3\xa4",   STATUS_BAD_VALUE},
    {"a\n",        STATUS_BAD_VALUE},
};

static void patterns_are_names_with_stars(void **state)
{
    char longest[LIMIT_NAME + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(patterns); i++)
        if (catalog_pattern_check(patterns[i].pattern, strlen(patterns[i].pattern), &reason) !=
            patterns[i].status)
            fail_msg("%s", patterns[i].pattern);
    assert_int_equal(catalog_pattern_check("a\0", 2, &reason), STATUS_BAD_VALUE);
    memset(longest, '*', sizeof(longest));
    assert_int_equal(catalog_pattern_check(longest, LIMIT_NAME, &reason), STATUS_OK);
    assert_int_equal(catalog_pattern_check(longest, LIMIT_NAME + 1, &reason), STATUS_BAD_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_call),
        cmocka_unit_test(a_page_is_sorted),
        cmocka_unit_test(names_nobody_could_use_are_left_out),
        cmocka_unit_test(a_page_replaces_the_one_before),
        cmocka_unit_test(unexpected_pages),
        cmocka_unit_test(cursors_are_digits),
        cmocka_unit_test(patterns_are_names_with_stars),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
