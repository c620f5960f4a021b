/* test-fanout.c - the same messages for many connections, which are stand-ins that note what they
 * are sent.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/settings.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/fanout.h"
#include "ws/net/payload.h"

enum { CONNS = 3 };

static struct turn loop_turn;
static struct budget budget;
static struct settings settings;
static struct conns all = {.turn = &loop_turn, .budget = &budget, .settings = &settings};
static struct fanout fanout;
static struct conn conns[CONNS];
static struct member members[CONNS];
static struct buffer told;
static int until_over;            /* so many are sent something until the turn is over; 0: all */
static const struct conn *full;   /* it has no room */
static const struct conn *leaves; /* whoever is sent something leaves, if it is this one */

bool conn_send_now(struct conn *conn, struct payload *payload)
{
    size_t len;
    const char *bytes = payload_bytes(payload, conn->shape, &len);

    buffer_addf(&told, "%d:%.*s", (int)(conn - conns), (int)len, bytes);
    if (--until_over == 0)
        loop_turn.spent_us[CAUSE_FANOUT] = TURN_SLICE_US;
    if (conn == leaves)
        fanout_leave(&fanout, &members[conn - conns]);
    return conn != full;
}

void conn_end(struct conn *conn, int code, const char *reason)
{
    buffer_addf(&told, "%d:%d %s\n", (int)(conn - conns), code, reason);
}

static int begin(void **state)
{
    (void)state;
    memset(conns, 0, sizeof(conns));
    memset(members, 0, sizeof(members));
    turn_begin(&loop_turn);
    turn_to(&loop_turn, CAUSE_FANOUT);
    fanout_init(&fanout, &all, true);
    until_over = 0;
    leaves = full = NULL;
    for (int i = 0; i < CONNS; i++) {
        conns[i].shape = SHAPE_LINE;
        fanout_join(&fanout, &members[i], &conns[i]);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    fanout_clear(&fanout);
    buffer_clear(&told);
    return 0;
}

static void add(const char *text, const struct conn *but)
{
    fanout_add(&fanout, "", 0, text, strlen(text), but);
}

static void expect_told(const char *text)
{
    if (strcmp(told.data ? told.data : "", text) != 0)
        fail_msg("told \"%s\" instead of \"%s\"", told.data ? told.data : "", text);
    buffer_reset(&told);
}

static void all_of_a_turn_at_once(void **state)
{
    (void)state;
    fanout_flush(&fanout);
    expect_told("");
    add("a", NULL);
    add("b", NULL);
    expect_told("");
    assert_true(is_marked(&fanout.marked));
    fanout_flush(&fanout);
    expect_told("0:a\r\nb\r\n1:a\r\nb\r\n2:a\r\nb\r\n");
    fanout_flush(&fanout);
    expect_told("");
    assert_false(fanout_is_busy(&fanout));
}

/* One encoding for each shape, whoever comes first. */
static void each_in_its_shape(void **state)
{
    (void)state;
    conns[1].shape = SHAPE_SSE;
    fanout_add(&fanout, "q:1", 3, "a", 1, NULL);
    fanout_flush(&fanout);
    expect_told("0:a\r\n1:id: q:1\ndata: a\n\n2:a\r\n");
}

static void who_has_no_room_is_closed(void **state)
{
    (void)state;
    full = &conns[1];
    add("a", NULL);
    fanout_flush(&fanout);
    expect_told("0:a\r\n1:a\r\n1:1013 too slow\n2:a\r\n");
}

/* What was added before goes to all, and first. */
static void to_all_but_one(void **state)
{
    (void)state;
    add("a", NULL);
    add("b", &conns[1]);
    fanout_flush(&fanout);
    expect_told("0:a\r\n1:a\r\n2:a\r\n0:b\r\n2:b\r\n");
    add("c", NULL);
    fanout_flush(&fanout);
    expect_told("0:c\r\n1:c\r\n2:c\r\n");
    add("d", &conns[0]);
    add("e", NULL);
    add("f", &conns[1]);
    add("g", &conns[1]);
    fanout_flush(&fanout);
    expect_told("1:d\r\n2:d\r\n0:e\r\n1:e\r\n2:e\r\n0:f\r\n2:f\r\n0:g\r\n2:g\r\n");
    assert_false(fanout_is_busy(&fanout));
}

static void callbacks_have_their_own(void **state)
{
    (void)state;
    conns[1].callback = (char[]){"f"};
    add("{\"a\":1}", NULL);
    fanout_flush(&fanout);
    expect_told("0:{\"a\":1}\r\n1:f({\"a\":1});\r\n2:{\"a\":1}\r\n");
    fanout.is_json = false;
    add("a", NULL);
    fanout_flush(&fanout);
    expect_told("0:a\r\n1:f(\"a\");\r\n2:a\r\n");
}

static void whoever_leaves(void **state)
{
    static const char *const left[] = {"1:a\r\n2:a\r\n", "0:a\r\n2:a\r\n", "0:a\r\n1:a\r\n"};

    for (int gone = 0; gone < CONNS; gone++) {
        begin(state);
        fanout_leave(&fanout, &members[gone]);
        fanout_leave(&fanout, &members[gone]); /* once is enough */
        assert_int_equal(fanout.count, CONNS - 1);
        add("a", NULL);
        fanout_flush(&fanout);
        expect_told(left[gone]);
        fanout_join(&fanout, &members[gone], &conns[gone]);
        add("b", &conns[(gone + 1) % CONNS]);
        fanout_flush(&fanout);
        assert_int_equal(told.data[5], '0' + gone); /* the newest is the last */
        buffer_reset(&told);
    }
}

/* Its connection is closed by what it is sent. */
static void leaving_while_it_is_sent(void **state)
{
    for (int i = 0; i < CONNS; i++) {
        begin(state);
        leaves = &conns[i];
        add("a", NULL);
        fanout_flush(&fanout);
        expect_told("0:a\r\n1:a\r\n2:a\r\n");
        assert_int_equal(fanout.count, CONNS - 1);
    }
}

static void is_unused(struct fanout *unused)
{
    (void)unused;
}

/* The end of the turn looks whether it may go. */
static void without_members(void **state)
{
    (void)state;
    fanout.unused = is_unused;
    for (int i = 0; i < CONNS; i++) {
        assert_false(is_marked(&fanout.marked));
        fanout_leave(&fanout, &members[i]);
    }
    assert_true(is_marked(&fanout.marked));
    add("a", NULL);
    fanout_flush(&fanout);
    expect_told("");
    add("pending", NULL); /* for the sanitizer: cleared with it */
}

/* --- slices ------------------------------------------------------------------------------------
 */

/* The next turn of the loop, in which so many can be sent something. */
static bool turn(int sends)
{
    turn_begin(&loop_turn);
    turn_to(&loop_turn, CAUSE_FANOUT);
    until_over = sends;
    return fanout_flush(&fanout);
}

/* What comes meanwhile goes to all too, behind it and in one payload. */
static void in_slices(void **state)
{
    (void)state;
    add("a", NULL);
    assert_false(turn(1));
    expect_told("0:a\r\n");
    add("b", NULL);
    add("c", NULL);
    assert_int_equal(fanout.waiting, 3);
    assert_false(turn(1));
    expect_told("1:a\r\n");
    assert_false(turn(2));
    expect_told("2:a\r\n");
    add("d", NULL); /* read at the beginning of the next turn */
    assert_false(turn(1));
    expect_told("0:b\r\nc\r\nd\r\n");
    assert_true(fanout_is_busy(&fanout));
    assert_true(turn(2));
    expect_told("1:b\r\nc\r\nd\r\n2:b\r\nc\r\nd\r\n");
    assert_false(fanout_is_busy(&fanout));
    assert_int_equal(fanout.waiting, 0);
}

/* However many have got it: who leaves gets nothing, who stays gets it once, who comes comes too
 * late for what is under way. */
static void members_change_between_slices(void **state)
{
    static struct conn late = {.shape = SHAPE_LINE};

    for (int sent = 1; sent < CONNS; sent++)
        for (int gone = 0; gone < CONNS; gone++) {
            int counts[CONNS + 1] = {0};
            struct member newest;

            begin(state);
            add("a", NULL);
            assert_false(turn(sent));
            fanout_leave(&fanout, &members[gone]);
            fanout_join(&fanout, &newest, &late);
            while (!turn(1)) {
            }
            for (size_t i = 0; i + 1 < told.len; i++)
                if (told.data[i + 1] == ':')
                    counts[told.data[i] >= '0' && told.data[i] < '0' + CONNS ? told.data[i] - '0'
                                                                             : CONNS]++;
            buffer_reset(&told);
            for (int i = 0; i < CONNS; i++)
                if (counts[i] != (i != gone || gone < sent))
                    fail_msg("%d sent, %d gone: %d got %d", sent, gone, i, counts[i]);
            assert_int_equal(counts[CONNS], 0);
            fanout_clear(&fanout);
        }
}

/* All leave, in each order, while it is under way. */
static void nobody_is_left(void **state)
{
    for (int first = 0; first < CONNS; first++) {
        begin(state);
        add("a", NULL);
        add("b", &conns[1]);
        assert_false(turn(1));
        for (int i = 0; i < CONNS; i++)
            fanout_leave(&fanout, &members[(first + i) % CONNS]);
        assert_false(turn(1)); /* of "a" */
        assert_true(turn(1));
        expect_told("0:a\r\n");
    }
}

/* What nobody was sent yet is forgotten, however often, and those that know events are told. */
static void what_is_too_much_is_cut(void **state)
{
    (void)state;
    conns[1].shape = SHAPE_SSE;
    conns[1].knows_events = true;
    add("a", NULL);
    assert_false(turn(1));
    add("b", NULL);
    fanout_cut(&fanout);
    add("c", NULL);
    fanout_cut(&fanout);
    assert_int_equal(fanout.waiting, 1);
    add("d", NULL);
    assert_false(turn(0)); /* "a" has gone to all */
    assert_true(turn(0));
    expect_told("0:a\r\n1:data: a\n\n2:a\r\n"
                "1:data: {\"event\":\"gap\"}\n\n"
                "0:d\r\n1:data: d\n\n2:d\r\n");
    fanout_cut(&fanout);
    assert_true(turn(0));
    expect_told("1:data: {\"event\":\"gap\"}\n\n");
}

static int done;

static void is_done(struct fanout *sent)
{
    assert_ptr_equal(sent, &fanout);
    done++;
}

static void told_when_it_is_done(void **state)
{
    (void)state;
    fanout.done = is_done;
    done = 0;
    add("a", NULL);
    assert_false(turn(1));
    assert_int_equal(done, 0);
    assert_true(turn(0));
    assert_int_equal(done, 1);
    buffer_reset(&told);
}

#define FANOUT_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FANOUT_TEST(all_of_a_turn_at_once),
        FANOUT_TEST(each_in_its_shape),
        FANOUT_TEST(who_has_no_room_is_closed),
        FANOUT_TEST(to_all_but_one),
        FANOUT_TEST(callbacks_have_their_own),
        FANOUT_TEST(whoever_leaves),
        FANOUT_TEST(leaving_while_it_is_sent),
        FANOUT_TEST(without_members),
        FANOUT_TEST(in_slices),
        FANOUT_TEST(members_change_between_slices),
        FANOUT_TEST(nobody_is_left),
        FANOUT_TEST(what_is_too_much_is_cut),
        FANOUT_TEST(told_when_it_is_done),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
