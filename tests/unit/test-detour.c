/* test-detour.c - calls whose slot is elsewhere: their order, how often they are tried, for how
 * long.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "redis/next.h"
#include "ws/redis/detour.h"

enum { SLOT = 7, OTHER = 8, CALLS = 8 };

static struct ev_loop *loop;
static struct detours detours;
static struct buffer sent;
static bool is_away, is_coming;

/* The calls have names of a letter, in the order in which they were given. */
static struct one {
    struct detour detour;
    char name;
} ones[CALLS];

#define EXPECT(text)                                                                               \
    do {                                                                                           \
        assert_string_equal(sent.data ? sent.data : "", text);                                     \
        buffer_reset(&sent);                                                                       \
    } while (0)

static bool go(void *user, struct detour *detour, bool has_time)
{
    assert_ptr_equal(user, ones);
    if (is_coming && has_time)
        return false;
    detour_end(&detours, detour);
    buffer_addf(&sent, is_away || is_coming ? "-%c" : "%c", ((struct one *)detour)->name);
    if (!is_away && !is_coming)
        detour_sent(&detours, detour);
    return true;
}

static int begin(void **state)
{
    (void)state;
    loop = ev_loop_new(EVFLAG_AUTO);
    detours = (struct detours){.loop = loop, .go = go, .user = ones};
    detours_begin(&detours, true);
    memset(ones, 0, sizeof(ones));
    for (int i = 0; i < CALLS; i++) {
        ones[i].name = (char)('a' + i);
        ones[i].detour.parked = (struct parked){.slot = SLOT, .number = (unsigned)i + 1};
    }
    is_away = is_coming = false;
    return 0;
}

static void forget(struct detour *detour)
{
    (void)detour;
}

static int end(void **state)
{
    (void)state;
    detours_clear(&detours, forget);
    ev_loop_destroy(loop);
    buffer_clear(&sent);
    return 0;
}

static void send_it(int i)
{
    assert_false(detour_must(&detours, &ones[i].detour));
    detour_sent(&detours, &ones[i].detour);
}

/* The call was answered with that; is it tried again? */
static bool answer(int i, enum next_step step)
{
    struct next next = {.step = step};
    bool begins;

    detour_back(&detours, &ones[i].detour);
    begins = detour_begins(&detours, &ones[i].detour, &next);
    detours_follow(&detours, SLOT, step == STEP_DONE && !ones[i].detour.asked);
    return begins;
}

static void pass(double seconds)
{
    ev_tstamp until = ev_time() + seconds;

    while (ev_time() < until)
        ev_run(loop, EVRUN_ONCE);
}

static void in_the_order_in_which_they_were_given(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        send_it(i);
    assert_true(answer(0, STEP_MOVED));
    assert_true(detour_must(&detours, &ones[3].detour));
    detour_wait(&detours, &ones[3].detour, false);
    assert_true(answer(1, STEP_MOVED));
    EXPECT(""); /* the third one is under way yet */
    assert_true(answer(2, STEP_MOVED));
    EXPECT("a");
    assert_false(answer(0, STEP_DONE));
    EXPECT("bcd"); /* where one was run the others will be */
}

static void others_do_not_wait(void **state)
{
    (void)state;
    send_it(0);
    assert_true(answer(0, STEP_LATER));
    ones[1].detour.parked.slot = OTHER;
    assert_false(detour_must(&detours, &ones[1].detour));
    ones[2].detour.parked.slot = -1;
    assert_false(detour_must(&detours, &ones[2].detour));
}

/* Each of them has to ask where it belongs. */
static void one_after_the_other_while_a_slot_is_on_its_way(void **state)
{
    struct lane *lane = (struct lane *)&ones[0];

    (void)state;
    send_it(0);
    send_it(1);
    detour_back(&detours, &ones[1].detour);
    detour_back(&detours, &ones[0].detour);
    for (int i = 0; i < 2; i++) {
        assert_true(detour_begins(&detours, &ones[i].detour, &(struct next){.step = STEP_ASK}));
        ones[i].detour.asked = lane;
    }
    detours_follow(&detours, SLOT, false);
    EXPECT("a");
    assert_false(answer(0, STEP_DONE));
    EXPECT("b");
    assert_ptr_equal(ones[1].detour.asked, lane);
}

static void a_lane_that_ends(void **state)
{
    struct lane *lane = (struct lane *)&ones[0], *other = (struct lane *)&ones[1];

    (void)state;
    send_it(0);
    detour_back(&detours, &ones[0].detour);
    detour_begins(&detours, &ones[0].detour, &(struct next){.step = STEP_ASK});
    ones[0].detour.asked = lane;
    detours_forget(&detours, other);
    assert_ptr_equal(ones[0].detour.asked, lane);
    detours_forget(&detours, lane);
    assert_null(ones[0].detour.asked);
}

static void redirects_end(void **state)
{
    int count = 0;

    (void)state;
    send_it(0);
    while (answer(0, count % 2 ? STEP_ASK : STEP_MOVED))
        count++;
    assert_int_equal(count, 5);
    EXPECT("aaaaa");
}

/* With pauses, for half a second; whoever came later waits no longer than it did. */
static void a_slot_in_two_halves(void **state)
{
    int count = 0;

    (void)state;
    send_it(0);
    while (count < 100 && answer(0, STEP_LATER)) {
        count++;
        EXPECT("");
        while (!sent.len)
            pass(0.01);
        EXPECT("a");
    }
    assert_in_range(count, 8, 26);
}

static void a_node_that_is_coming(void **state)
{
    (void)state;
    is_coming = true;
    detour_wait(&detours, &ones[0].detour, true);
    pass(0.05);
    EXPECT("");
    is_coming = false;
    pass(0.05);
    EXPECT("a");
}

static void a_node_that_does_not_come(void **state)
{
    (void)state;
    is_coming = true;
    detour_wait(&detours, &ones[0].detour, true);
    pass(0.6);
    EXPECT("-a");
    is_coming = false;
    is_away = true;
    detour_wait(&detours, &ones[1].detour, false);
    detour_wait(&detours, &ones[2].detour, false);
    detours_go_on(&detours);
    EXPECT("-b-c");
}

static void what_has_ended_is_no_redirect(void **state)
{
    static const enum next_step steps[] = {STEP_DONE, STEP_RECONNECT};

    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        send_it((int)i);
        assert_false(answer((int)i, steps[i]));
    }
    EXPECT("");
}

#define DETOUR_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DETOUR_TEST(in_the_order_in_which_they_were_given),
        DETOUR_TEST(others_do_not_wait),
        DETOUR_TEST(one_after_the_other_while_a_slot_is_on_its_way),
        DETOUR_TEST(a_lane_that_ends),
        DETOUR_TEST(redirects_end),
        DETOUR_TEST(a_slot_in_two_halves),
        DETOUR_TEST(a_node_that_is_coming),
        DETOUR_TEST(a_node_that_does_not_come),
        DETOUR_TEST(what_has_ended_is_no_redirect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
