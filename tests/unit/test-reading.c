/* test-reading.c - who is read next; the connections are stand-ins that note that they were read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "ws/net/conn.h"
#include "ws/net/reading.h"
#include "ws/server.h"

enum { CONNS = 40 };

static struct server *server;
static struct conn conns[CONNS];
static struct buffer told;
static int until_over; /* so many are read until the turn is over, for their cause; 0: all */
static const struct conn *marked;

void conn_read(struct conn *conn)
{
    buffer_addf(&told, "%d ", (int)(conn - conns));
    if (--until_over == 0)
        server->turn.spent_us[server->turn.cause] = TURN_SLICE_US;
}

void conn_mark(struct conn *conn)
{
    marked = conn;
}

static void begin_turn(int readable)
{
    until_over = readable;
    turn_begin(&server->turn);
    reading_pump(server);
}

static int begin(void **state)
{
    (void)state;
    if (!server)
        server = calloc(1, sizeof(*server));
    memset(conns, 0, sizeof(conns));
    for (int i = 0; i < CONNS; i++) {
        conns[i].server = server;
        conns[i].state = CONN_OPEN;
        conns[i].readable.active = 1;
    }
    marked = NULL;
    begin_turn(0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    reading_clear(server);
    for (int i = 0; i < READING_LINES; i++)
        assert_null(server->lines[i].places);
    buffer_clear(&told);
    return 0;
}

static void note(int first, int last)
{
    for (int i = first; i <= last; i++)
        reading_note(&conns[i]);
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
    conns[0].is_bulk = conns[1].is_bulk = true;
    conns[2].state = conns[3].state = CONN_HEAD;
    until_over = 1;
    note(0, 1);
    until_over = 1;
    note(2, 3);
    note(4, 5);
    expect_read("0 2 4 5 ");
    begin_turn(0);
    expect_read("3 1 ");
    assert_int_equal(server->turn.cause, CAUSE_CLIENTS);
}

/* Paused or closed meanwhile: it is looked at by the end of the turn, which may free it. */
static void not_readable_any_more(void **state)
{
    (void)state;
    until_over = 1;
    note(0, 2);
    conns[1].readable.active = 0;
    buffer_clear(&told);
    begin_turn(0);
    expect_read("2 ");
    assert_ptr_equal(marked, &conns[1]);
    assert_false(conns[1].is_in_line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(at_once_while_there_is_time, begin, end),
        cmocka_unit_test_setup_teardown(in_line, begin, end),
        cmocka_unit_test_setup_teardown(long_lines, begin, end),
        cmocka_unit_test_setup_teardown(lines_of_their_own, begin, end),
        cmocka_unit_test_setup_teardown(not_readable_any_more, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
