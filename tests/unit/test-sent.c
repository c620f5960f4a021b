/* test-sent.c - broadcasts that were sent, until they are acked.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "broker/message.h"
#include "ws/feed/sent.h"

static struct sent_list list;

static int begin(void **state)
{
    (void)state;
    sent_list_init(&list);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sent_list_clear(&list);
    assert_null(list.tree);
    return 0;
}

/* The key need not end with a NUL. */
static struct sent *note(const char *key, const char *value, ev_tstamp now, bool is_repeat)
{
    struct message message = {.key = key, .key_len = 3, .value = value, .value_len = strlen(value)};
    bool was_before = !is_repeat;
    struct sent *sent = sent_note(&list, &message, now, &was_before);

    assert_int_equal(was_before, is_repeat);
    return sent;
}

static void one_that_comes_again(void **state)
{
    struct sent *sent = note("q:1x", "a", 0, false);

    (void)state;
    assert_string_equal(sent->key, "q:1");
    assert_ptr_equal(note("q:1y", "a", 1, true), sent);
    note("q:2", "a", 1, false);
    sent_forget(&list, sent);
    note("q:1", "a", 2, false);
    note("q:2", "a", 2, true);
}

static void the_same_key_for_another_message(void **state)
{
    struct sent *sent = note("q:1", "a", 0, false);

    (void)state;
    assert_ptr_equal(note("q:1", "b", 1, false), sent);
    note("q:1", "b", 1, true);
    note("q:1", "", 1, false);
    note("q:1", "a", 1, false);
}

static void the_old_are_forgotten(void **state)
{
    struct sent *second;

    (void)state;
    note("q:1", "a", 1000, false);
    second = note("q:2", "a", 1001, false);
    note("q:3", "a", 1002, false);
    note("q:1", "a", 1100, true); /* as old as the first time */
    second->is_acking = true;
    sent_forget_old(&list, 1120);
    note("q:1", "a", 1120, true);
    sent_forget_old(&list, 2000);
    assert_ptr_equal(list.first, second); /* nor those behind it, yet */
    note("q:1", "a", 2000, false);
    note("q:3", "a", 2000, true);
    second->is_acking = false;
    sent_forget_old(&list, 2000);
    assert_string_equal(list.first->key, "q:1");
    assert_null(list.first->next);
}

/* Redis was away, and could not ack them. */
static void the_old_are_as_new(void **state)
{
    (void)state;
    note("q:1", "a", 1000, false);
    note("q:2", "a", 1010, false);
    sent_list_renew(&list, 2000);
    sent_forget_old(&list, 2119);
    note("q:1", "a", 2119, true);
    note("q:2", "a", 2119, true);
    sent_forget_old(&list, 2121);
    assert_null(list.first);
}

#define SENT_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENT_TEST(one_that_comes_again),
        SENT_TEST(the_same_key_for_another_message),
        SENT_TEST(the_old_are_forgotten),
        SENT_TEST(the_old_are_as_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
