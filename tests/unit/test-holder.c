/* test-holder.c - who holds which lease, among those that ack by themselves.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "ws/feed/delivery.h"
#include "ws/feed/holder.h"
#include "ws/feed/taker.h"
#include "ws/net/budget.h"

static struct holders holders;
static struct budget budget;
static struct deliveries deliveries;
static struct taker taker;

static struct delivery *add(const char *key, const char *token)
{
    struct message message = {.key = key, .key_len = strlen(key)};

    strcpy(message.token, token);
    return deliveries_add(&deliveries, &budget, &message);
}

static int end(void **state)
{
    (void)state;
    deliveries_clear(&deliveries, &budget);
    assert_null(holders.tree);
    assert_int_equal(budget.used, 0);
    return 0;
}

/* What was said, and the delivery that it is about. */
static bool heard(const char *text, const struct delivery *about)
{
    struct delivery *delivery = NULL;
    bool is_end = holder_heard(&holders, text, strlen(text), &delivery);

    assert_ptr_equal(delivery, about);
    return is_end;
}

static void a_lease_is_found_by_its_token(void **state)
{
    struct delivery *one = add("q:1", "token-1"), *two = add("q:2", "token-2");

    (void)state;
    holder_note(&holders, &budget, one, &taker);
    holder_note(&holders, &budget, two, &taker);
    assert_ptr_equal(one->holder, &taker);
    assert_true(heard("ended token-2", two));
    assert_true(heard("ended token-1", one));
    assert_true(heard("ended token", NULL));
    assert_true(heard("ended ", NULL));
    assert_true(heard("ended a token that is longer than any token of a lease can ever be", NULL));
    holder_forget(&holders, &budget, one);
    assert_null(one->holder);
    assert_true(heard("ended token-1", NULL));
    holder_forget(&holders, &budget, two);
}

static void other_events(void **state)
{
    (void)state;
    assert_false(heard("", NULL));
    assert_false(heard("ended", NULL));
    assert_false(heard("purge", NULL));
}

static void what_was_not_noted(void **state)
{
    struct delivery *delivery = add("q:1", "token-1");

    (void)state;
    holder_forget(&holders, &budget, delivery);
    assert_true(heard("ended token-1", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_lease_is_found_by_its_token, end),
        cmocka_unit_test_teardown(other_events, end),
        cmocka_unit_test_teardown(what_was_not_noted, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
