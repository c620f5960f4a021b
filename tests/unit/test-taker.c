/* test-taker.c - those who are given messages of a queue, and the line of those who could take
 * more.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "ws/feed/taker.h"

enum { TAKERS = 3 };

static struct taker takers[TAKERS];
static struct takers line;
static int rooms[TAKERS];
static int freed;

static int room(const struct taker *taker)
{
    return rooms[taker - takers];
}

static void release(struct taker *taker)
{
    freed += 1 << (taker - takers);
}

static const struct taker_kind kind = {.room = room, .free = release};

static int begin(void **state)
{
    (void)state;
    memset(takers, 0, sizeof(takers));
    takers_init(&line);
    freed = 0;
    for (int i = 0; i < TAKERS; i++) {
        rooms[i] = i + 1;
        taker_init(&takers[i], &kind, NULL);
        assert_true(takers_add(&line, &takers[i]));
    }
    return 0;
}

/* First to last: "021". */
static void expect_line(const char *text)
{
    char told[TAKERS + 1] = "";
    int count = 0;

    for (const struct taker *at = line.first; at; at = at->next)
        told[count++] = (char)('0' + (at - takers));
    assert_string_equal(told, text);
}

static void who_is_in_line(void **state)
{
    (void)state;
    expect_line("012");
    assert_false(takers_add(&line, &takers[1]));
    takers_remove(&line, &takers[0]);
    takers_remove(&line, &takers[0]);
    expect_line("12");
    assert_true(takers_add(&line, &takers[0]));
    expect_line("120");
    takers_remove(&line, &takers[0]);
    rooms[0] = 0;
    assert_false(takers_add(&line, &takers[0]));
    takers_remove(&line, &takers[2]);
    takers_remove(&line, &takers[1]);
    expect_line("");
    assert_true(takers_add(&line, &takers[2]));
    expect_line("2");
}

static void room_of_all(void **state)
{
    (void)state;
    assert_int_equal(takers_room(&line, 100), 6);
    assert_int_equal(takers_room(&line, 2), 2);
    rooms[1] = 0; /* it has got something since */
    assert_int_equal(takers_room(&line, 100), 4);
    takers_init(&line);
    assert_int_equal(takers_room(&line, 100), 0);
}

static void references(void **state)
{
    (void)state;
    taker_hold(&takers[1]);
    taker_hold(&takers[1]);
    taker_drop(&takers[1]);
    taker_drop(&takers[1]);
    assert_int_equal(freed, 0);
    taker_drop(&takers[1]);
    taker_drop(&takers[2]);
    assert_int_equal(freed, 6);
}

static void of_a_member(void **state)
{
    (void)state;
    assert_ptr_equal(taker_of(&takers[1].member), &takers[1]);
}

#define TAKER_TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TAKER_TEST(who_is_in_line),
        TAKER_TEST(room_of_all),
        TAKER_TEST(references),
        TAKER_TEST(of_a_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
