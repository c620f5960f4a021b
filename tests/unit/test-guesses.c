/* test-guesses.c - who may try a password or a key now.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "http/guesses.h"

enum { START_S = 1000000, HASH_US = 3000 };

static struct guesses guesses;

static int begin(void **state)
{
    (void)state;
    guesses_begin(&guesses);
    memset(guesses.seed, 7, sizeof(guesses.seed)); /* each run as the last one */
    return 0;
}

static const struct ip *ip_of(const char *address, struct ip *ip)
{
    if (address)
        assert_true(ip_read(address, strlen(address), ip));
    return address ? ip : NULL;
}

static bool may(const char *address, long long now_s)
{
    struct ip ip;

    return guesses_may(&guesses, ip_of(address, &ip), now_s) &&
           guesses_may_hash(&guesses, ip_of(address, &ip), now_s);
}

static struct guess guess_of(const char *address, const char *given)
{
    static struct ip ip;
    struct guess guess;

    guess_begin(&guess, &guesses, ip_of(address, &ip), "wanted", given);
    return guess;
}

/* Another guess each time. */
static void note(const char *address, long long now_s, long long spent_us, bool is_right)
{
    static int number;
    char given[20];
    struct guess guess;

    snprintf(given, sizeof(given), "%d", number++);
    guess = guess_of(address, given);
    guesses_charge(&guesses, now_s, spent_us);
    guesses_note(&guesses, &guess, now_s, is_right);
}

/* Guesses wrong, when it may; else false. */
static bool guess(const char *address, long long now_s)
{
    if (!may(address, now_s))
        return false;
    note(address, now_s, 0, false);
    return true;
}

static void taint(const char *address)
{
    for (int i = 0; i < GUESSES_FREE; i++)
        assert_true(guess(address, START_S));
    assert_false(may(address, START_S));
}

static void the_wrong_ones_wait_longer_each_time(void **state)
{
    static const int waits_s[] = {1, 2, 4, 8, 16, 32, 64, 64, 64};
    long long now_s = START_S;

    (void)state;
    taint("10.0.0.1");
    for (size_t i = 0; i < COUNT(waits_s); i++) {
        assert_false(may("10.0.0.1", now_s + waits_s[i] - 1));
        now_s += waits_s[i];
        assert_true(guess("10.0.0.1", now_s));
    }
    assert_false(may("10.0.0.1", now_s + GUESSES_WAIT_S - 1));
}

static void who_was_right_begins_anew(void **state)
{
    (void)state;
    taint("10.0.0.1");
    assert_true(may("10.0.0.1", START_S + 1));
    note("10.0.0.1", START_S + 1, 0, true);
    for (int i = 0; i < GUESSES_FREE; i++)
        assert_true(guess("10.0.0.1", START_S + 1));
    assert_false(may("10.0.0.1", START_S + 1));
}

static void who_was_long_away_begins_anew(void **state)
{
    long long later_s = START_S + GUESSES_FORGET_S;

    (void)state;
    taint("10.0.0.1");
    for (int i = 0; i < GUESSES_FREE; i++)
        assert_true(guess("10.0.0.1", later_s));
    assert_false(may("10.0.0.1", later_s));
    assert_true(guess("10.0.0.1", later_s + GUESSES_FORGET_S - 1));
    assert_false(may("10.0.0.1", later_s + GUESSES_FORGET_S));
}

static void hashing_has_a_part_of_each_second(void **state)
{
    char address[20];
    int hashed = 0;

    (void)state;
    for (int i = 0; i < 250; i++) {
        snprintf(address, sizeof(address), "10.1.0.%d", i);
        if (!may(address, START_S))
            continue;
        note(address, START_S, HASH_US, true);
        hashed++;
    }
    assert_int_equal(hashed, (GUESSES_US + HASH_US - 1) / HASH_US);
    assert_false(may(NULL, START_S));
    assert_true(may(NULL, START_S + 1));
}

static void who_was_wrong_has_half_of_it(void **state)
{
    (void)state;
    assert_true(guess("10.0.0.1", START_S));
    note("10.0.0.2", START_S, GUESSES_US / 2 - 1, true);
    assert_true(may("10.0.0.1", START_S));
    note("10.0.0.2", START_S, 1, true);
    assert_false(may("10.0.0.1", START_S));
    assert_true(may("10.0.0.2", START_S));
    assert_true(may("10.0.0.1", START_S + 1));
}

/* Also what one hash takes that is longer than all of the part. */
static void a_slow_hash_is_paid_back(void **state)
{
    (void)state;
    note("10.0.0.1", START_S, 240000, true);
    for (int i = 0; i < 3; i++)
        assert_false(may("10.0.0.2", START_S + i));
    assert_true(may("10.0.0.2", START_S + 3));
    note("10.0.0.2", START_S + 3, 1000000, true);
    assert_false(may("10.0.0.3", START_S + 12));
    assert_true(may("10.0.0.3", START_S + 13));
    note("10.0.0.3", START_S + 13, 240000, true);
    assert_true(may("10.0.0.3", START_S + 1000));
    assert_true(may("10.0.0.3", START_S)); /* a clock that was set back */
}

static int wait_s(const char *address, long long now_s)
{
    struct reason reason = {0};
    struct ip ip;

    assert_int_equal(guesses_refuse(&guesses, ip_of(address, &ip), "password", now_s, &reason),
                     STATUS_UNAVAILABLE);
    assert_non_null(strstr(reason.text, "the password cannot be checked just now; try again in "));
    return reason.retry_after_s;
}

/* Whoever has to wait is told how long, and may then. */
static void the_wait_is_told(void **state)
{
    static const long long spent_us[] = {100000, 109999, 110000, 110001, 240000, 1000000};

    (void)state;
    for (size_t i = 0; i < COUNT(spent_us); i++) {
        int told_s;

        begin(NULL);
        note("10.0.0.1", START_S, spent_us[i], true);
        told_s = wait_s("10.0.0.2", START_S);
        if (may("10.0.0.2", START_S + told_s - 1) || !may("10.0.0.2", START_S + told_s))
            fail_msg("%lld: %d", spent_us[i], told_s);
    }
    begin(NULL);
    taint("10.0.0.1");
    for (long long now_s = START_S, wait = 1; wait <= GUESSES_WAIT_S; wait *= 2) {
        assert_int_equal(wait_s("10.0.0.1", now_s), wait);
        now_s += wait;
        assert_true(guess("10.0.0.1", now_s));
    }
}

/* A turn has time for some fast ones, or for one slow one, whatever was hashed before. */
static void a_turn_has_its_part(void **state)
{
    (void)state;
    assert_true(guesses_have_turn(&guesses));
    note("10.0.0.1", START_S, GUESSES_TURN_US - 1, true);
    assert_true(guesses_have_turn(&guesses));
    note("10.0.0.1", START_S, 240000, true);
    assert_false(guesses_have_turn(&guesses));
    guesses_begin_turn(&guesses);
    assert_true(guesses_have_turn(&guesses));
}

/* Neither his address's wrong ones nor a flood of others keep somebody waiting who was right. */
static void who_was_right_is_known(void **state)
{
    struct guess right = guess_of("10.0.0.1", "right"), other;

    (void)state;
    assert_false(guesses_was_right(&guesses, &right, START_S));
    guesses_note(&guesses, &right, START_S, true);
    for (int i = 0; i < 20000; i++) {
        char address[20];

        snprintf(address, sizeof(address), "10.%d.%d.1", i / 200 + 1, i % 200);
        note(i % 2 ? "10.0.0.1" : address, START_S, HASH_US, false);
    }
    assert_false(may("10.0.0.1", START_S));
    right = guess_of("10.0.0.1", "right");
    assert_true(guesses_was_right(&guesses, &right, START_S + GUESSES_FORGET_S - 1));
    assert_true(guesses_was_right(&guesses, &right, START_S + 2 * GUESSES_FORGET_S - 2));
    assert_false(guesses_was_right(&guesses, &right, START_S + 3 * GUESSES_FORGET_S));
    other = guess_of("10.0.0.2", "right"); /* of another address it is a guess */
    assert_false(guesses_was_right(&guesses, &other, START_S));
    other = guess_of("10.0.0.1", "wrong");
    assert_false(guesses_was_right(&guesses, &other, START_S));
    guess_begin(&other, &guesses, right.ip, "else", "right");
    assert_false(guesses_was_right(&guesses, &other, START_S));
}

/* Whoever does not know that his password has changed guesses at nothing. */
static void the_same_wrong_one_counts_once(void **state)
{
    struct guess wrong = guess_of("10.0.0.1", "wrong");

    (void)state;
    for (int i = 0; i < 100; i++)
        guesses_note(&guesses, &wrong, START_S, false);
    assert_true(guesses_was_wrong(&guesses, &wrong));
    assert_true(guesses_may(&guesses, wrong.ip, START_S));
    for (int i = 1; i < GUESSES_FREE; i++)
        assert_true(guess("10.0.0.1", START_S));
    assert_false(may("10.0.0.1", START_S));
}

/* Some addresses fall together with others, which nobody can foretell. */
static void an_address_counts_for_itself(void **state)
{
    int others = 0;

    (void)state;
    taint(NULL);
    taint("10.0.0.1");
    assert_false(may("::ffff:10.0.0.1", START_S));
    for (int i = 0; i < 100; i++) {
        char address[20];

        snprintf(address, sizeof(address), "10.0.%d.1", i + 1);
        others += may(address, START_S);
    }
    assert_in_range(others, 90, 100);
}

static void a_site_counts_as_one(void **state)
{
    int others = 0;

    (void)state;
    taint("2001:db8:1:2::3");
    assert_false(may("2001:db8:1:2::4", START_S));
    assert_false(may("2001:db8:1:ffff::3", START_S));
    for (int i = 0; i < 100; i++) {
        char address[30];

        snprintf(address, sizeof(address), "2001:db8:%d:2::3", 100 + i);
        others += may(address, START_S);
    }
    assert_in_range(others, 90, 100);
}

/* Guessed from 300 addresses for two minutes, as often as they may: what becomes of somebody who
 * asks for the first time in each second, as the last one. */
static void many_who_guess_leave_room(void **state)
{
    int is_served = 0;

    (void)state;
    for (long long now_s = START_S; now_s < START_S + 120; now_s++) {
        char address[20];

        for (int i = 0; i < 300; i++) {
            snprintf(address, sizeof(address), "10.1.%d.%d", i / 100, i % 100);
            while (may(address, now_s))
                note(address, now_s, HASH_US, false);
        }
        snprintf(address, sizeof(address), "10.2.0.%lld", now_s - START_S);
        is_served += may(address, now_s);
    }
    assert_in_range(is_served, 50, 120);
}

static void nobody_knows_who_falls_together(void **state)
{
    struct guesses other;
    char address[20];

    (void)state;
    taint("10.0.0.1");
    strcpy(address, "10.1.0.0");
    for (int i = 1; may(address, START_S); i++)
        snprintf(address, sizeof(address), "10.1.%d.%d", i / 256, i % 256);
    begin(NULL);
    guesses.seed[0]++;
    taint("10.0.0.1");
    assert_true(may(address, START_S));
    guesses_begin(&guesses);
    guesses_begin(&other);
    assert_memory_not_equal(guesses.seed, other.seed, sizeof(other.seed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_wrong_ones_wait_longer_each_time, begin),
        cmocka_unit_test_setup(who_was_right_begins_anew, begin),
        cmocka_unit_test_setup(who_was_long_away_begins_anew, begin),
        cmocka_unit_test_setup(hashing_has_a_part_of_each_second, begin),
        cmocka_unit_test_setup(who_was_wrong_has_half_of_it, begin),
        cmocka_unit_test_setup(a_slow_hash_is_paid_back, begin),
        cmocka_unit_test_setup(the_wait_is_told, begin),
        cmocka_unit_test_setup(a_turn_has_its_part, begin),
        cmocka_unit_test_setup(who_was_right_is_known, begin),
        cmocka_unit_test_setup(the_same_wrong_one_counts_once, begin),
        cmocka_unit_test_setup(an_address_counts_for_itself, begin),
        cmocka_unit_test_setup(a_site_counts_as_one, begin),
        cmocka_unit_test_setup(many_who_guess_leave_room, begin),
        cmocka_unit_test_setup(nobody_knows_who_falls_together, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
