/* test-reading.c - who is read next; the connections are stand-ins that note that they were read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "ws/net/reading.h"
#include "ws/net/turn.h"

enum { CONNS = 40 };

/* What is read; nothing else of it matters here. */
struct conn {
    enum reading_line line;
    bool is_in_line;
};

static struct turn turn;
static struct conn conns[CONNS];
static struct buffer told;
static int until_over; /* so many are read until the turn is over, for their cause; 0: all */

static void read_one(struct conn *conn)
{
    conn->is_in_line = false;
    buffer_addf(&told, "%d ", (int)(conn - conns));
    if (--until_over == 0)
        turn.spent_us[turn.cause] = TURN_SLICE_US;
}

static struct reading reading = {.turn = &turn, .read = read_one};

static void begin_turn(int readable)
{
    until_over = readable;
    turn_begin(&turn);
    reading_pump(&reading);
}

static int begin(void **state)
{
    (void)state;
    memset(conns, 0, sizeof(conns));
    for (int i = 0; i < CONNS; i++)
        conns[i].line = READING_SAYINGS;
    begin_turn(0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    reading_clear(&reading);
    for (int i = 0; i < READING_LINES; i++)
        assert_null(reading.lines[i].places);
    buffer_clear(&told);
    return 0;
}

static void note(int first, int last)
{
    for (int i = first; i <= last; i++)
        if (!conns[i].is_in_line)
            conns[i].is_in_line = !reading_note(&reading, conns[i].line, &conns[i]);
}

static void expect_read(const char *order)
{
    assert_string_equal(told.data ? told.data : "", order);
    buffer_clear(&told);
}

static void at_once_while_there_is_time(void **state)
{
    (void)state;
    note(0, 2);
    note(0, 0);
    expect_read("0 1 2 0 ");
}

/* Each once, before those that come later, although all are readable in each turn. */
static void in_line(void **state)
{
    (void)state;
    until_over = 2;
    note(0, 4);
    note(0, 4);
    expect_read("0 1 ");
    begin_turn(2);
    expect_read("2 3 ");
    note(0, 5);
    expect_read("");
    begin_turn(0);
    expect_read("4 0 1 2 3 5 ");
    assert_false(conns[4].is_in_line);
}

static void long_lines(void **state)
{
    (void)state;
    until_over = 1;
    note(0, CONNS - 1);
    buffer_clear(&told);
    begin_turn(10);
    note(0, 9);
    buffer_clear(&told);
    begin_turn(0);
    assert_int_equal(strncmp(told.data, "11 12 13 ", 9), 0);
    assert_non_null(strstr(told.data, " 39 0 1 2 "));
    buffer_clear(&told);
}

/* Who says much, and who makes a request, takes no time from the others. */
static void lines_of_their_own(void **state)
{
    (void)state;
    conns[0].line = conns[1].line = READING_BULK;
    conns[2].line = conns[3].line = READING_HEADS;
    until_over = 1;
    note(0, 1);
    until_over = 1;
    note(2, 3);
    note(4, 5);
    expect_read("0 2 4 5 ");
    begin_turn(0);
    expect_read("3 1 ");
    assert_int_equal(turn.cause, CAUSE_CLIENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(at_once_while_there_is_time, begin, end),
        cmocka_unit_test_setup_teardown(in_line, begin, end),
        cmocka_unit_test_setup_teardown(long_lines, begin, end),
        cmocka_unit_test_setup_teardown(lines_of_their_own, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
