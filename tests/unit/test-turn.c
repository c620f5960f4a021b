/* test-turn.c - what a turn of the loop is spent on, and when it does not go on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "ws/net/turn.h"

static struct turn turn;

static int begin(void **state)
{
    (void)state;
    memset(&turn, 0, sizeof(turn));
    turn_begin(&turn);
    return 0;
}

/* Keeps the loop busy for so long. */
static void work(long long us)
{
    long long end = clock_us() + us;

    while (clock_us() < end) {
    }
}

static void each_cause_has_its_part(void **state)
{
    (void)state;
    assert_int_equal(turn_to(&turn, CAUSE_FANOUT), CAUSE_CLIENTS);
    while (turn_goes_on(&turn)) {
    }
    assert_false(turn_has_time(&turn, CAUSE_FANOUT));
    assert_true(turn.spent_us[CAUSE_FANOUT] >= TURN_SLICE_US);
    assert_int_equal(turn_to(&turn, CAUSE_SENDING), CAUSE_FANOUT);
    assert_true(turn_goes_on(&turn));
    turn_to(&turn, CAUSE_FANOUT); /* what came back has had its part */
    assert_false(turn_goes_on(&turn));
    turn_end(&turn);
    turn_begin(&turn);
    turn_to(&turn, CAUSE_FANOUT);
    assert_true(turn_goes_on(&turn));
}

static void a_cause_that_yields_waits_for_the_next_turn(void **state)
{
    (void)state;
    turn_to(&turn, CAUSE_FANOUT);
    turn_yield(&turn);
    assert_false(turn_goes_on(&turn));
    assert_false(turn_has_time(&turn, CAUSE_FANOUT));
    assert_true(turn_has_time(&turn, CAUSE_SENDING));
    turn_end(&turn);
    turn_begin(&turn);
    assert_true(turn_has_time(&turn, CAUSE_FANOUT));
}

static void the_longest_is_kept(void **state)
{
    struct turn_longest longest;

    (void)state;
    turn_to(&turn, CAUSE_QUEUES);
    work(3000);
    turn_to(&turn, CAUSE_CLIENTS);
    turn_end(&turn);
    turn_begin(&turn);
    turn_to(&turn, CAUSE_QUEUES);
    work(500);
    turn_end(&turn);
    longest = turn_longest(&turn);
    assert_int_equal(turn.turns, 2);
    assert_true(longest.of[CAUSE_QUEUES] >= 3000);
    assert_true(longest.turn >= longest.of[CAUSE_QUEUES]);
    assert_true(turn.total_us >= 3500 && turn.total_us >= longest.turn);
    assert_int_equal(longest.of[CAUSE_HEADS], 0);
}

/* Those of the last minute stay while this one goes on, and no longer. */
static void minutes(void **state)
{
    (void)state;
    turn.minute_us = turn.began_us;
    turn.now.turn = 7000000;
    for (int minute = 1; minute <= 2; minute++) {
        turn.minute_us -= 60000000;
        turn_end(&turn);
        assert_int_equal(turn_longest(&turn).turn == 7000000, minute == 1);
        turn_begin(&turn);
    }
}

static void long_turns_are_counted(void **state)
{
    (void)state;
    turn.began_us -= TURN_LONG_US + 1;
    turn_end(&turn);
    assert_int_equal(turn.long_turns, 1);
    turn_begin(&turn);
    turn_end(&turn);
    assert_int_equal(turn.turns, 2);
}

static void steps_that_are_late(void **state)
{
    (void)state;
    turn_step(&turn, 1000); /* the first one tells nothing */
    assert_int_equal(turn.lag_us, 0);
    work(5000);
    turn_step(&turn, 1000);
    assert_true(turn.lag_us >= 4000);
    assert_int_equal(turn_longest(&turn).lag, turn.lag_us);
    turn_step(&turn, 1000000);
    assert_int_equal(turn.lag_us, 0);
    assert_true(turn_longest(&turn).lag >= 4000);
}

/* The end of the first turn has no beginning. */
static void before_the_first_turn(void **state)
{
    (void)state;
    memset(&turn, 0, sizeof(turn));
    turn_end(&turn);
    assert_int_equal(turn.turns, 0);
    assert_int_equal(turn_longest(&turn).turn, 0);
}

/* --- what is marked --------------------------------------------------------------------------- */

static struct marked things[4];
static struct marked *again; /* it is marked again while it is acted on */
static char order[64];

static void act(struct marked *marked)
{
    assert_false(is_marked(marked));
    snprintf(order + strlen(order), sizeof(order) - strlen(order), "%d", (int)(marked - things));
    if (marked != again)
        return;
    again = NULL;
    turn_mark(&turn, CAUSE_SENDING, marked);
}

static void act_and_yield(struct marked *marked)
{
    act(marked);
    turn_yield(&turn);
}

static void serve(void (*first)(struct marked *), void (*second)(struct marked *))
{
    *order = '\0';
    memset(things, 0, sizeof(things));
    turn_serve(&turn, CAUSE_FANOUT, first);
    turn_serve(&turn, CAUSE_SENDING, second);
}

static void expect_order(const char *expected)
{
    assert_string_equal(order, expected);
    *order = '\0';
}

/* Of each cause first come first served; the causes in their order. */
static void marked_once_and_in_line(void **state)
{
    (void)state;
    serve(act, act);
    turn_mark(&turn, CAUSE_SENDING, &things[0]);
    turn_mark(&turn, CAUSE_SENDING, &things[1]);
    turn_mark(&turn, CAUSE_SENDING, &things[0]);
    turn_mark(&turn, CAUSE_FANOUT, &things[2]);
    assert_true(turn_has_marked(&turn));
    turn_act(&turn);
    expect_order("201");
    assert_false(turn_has_marked(&turn));
    turn_act(&turn);
    expect_order("");
}

static void marked_again_while_it_is_acted_on(void **state)
{
    (void)state;
    serve(act, act);
    again = &things[0];
    turn_mark(&turn, CAUSE_SENDING, &things[0]);
    turn_mark(&turn, CAUSE_SENDING, &things[1]);
    turn_act(&turn);
    expect_order("010");
}

/* What there is no time for stays in line, and the others have their part. */
static void what_is_left_comes_with_the_next_turn(void **state)
{
    (void)state;
    serve(act_and_yield, act);
    for (int i = 0; i < 3; i++)
        turn_mark(&turn, CAUSE_FANOUT, &things[i]);
    turn_mark(&turn, CAUSE_SENDING, &things[3]);
    turn_act(&turn);
    expect_order("03");
    assert_true(turn_has_marked(&turn));
    turn_end(&turn);
    turn_begin(&turn);
    turn_act(&turn);
    expect_order("1");
    turn_mark(&turn, CAUSE_FANOUT, &things[0]);
    turn_act_all(&turn);
    expect_order("20");
}

#define TURN_TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TURN_TEST(each_cause_has_its_part),
        TURN_TEST(a_cause_that_yields_waits_for_the_next_turn),
        TURN_TEST(the_longest_is_kept),
        TURN_TEST(minutes),
        TURN_TEST(long_turns_are_counted),
        TURN_TEST(steps_that_are_late),
        TURN_TEST(before_the_first_turn),
        TURN_TEST(marked_once_and_in_line),
        TURN_TEST(marked_again_while_it_is_acted_on),
        TURN_TEST(what_is_left_comes_with_the_next_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
