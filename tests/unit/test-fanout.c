/* test-fanout.c - the same messages for many connections, which are stand-ins that note what they
 * are sent.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "ws/conn.h"
#include "ws/fanout.h"
#include "ws/payload.h"
#include "ws/server.h"

enum { CONNS = 3 };

static struct server server;
static struct fanout fanout;
static struct conn conns[CONNS];
static struct member members[CONNS];
static struct buffer told;
static int marked;
static const struct conn *leaves; /* whoever is sent something leaves, if it is this one */

void server_mark_fanout(struct fanout *dirty)
{
    assert_ptr_equal(dirty, &fanout);
    marked++;
}

void conn_send_now(struct conn *conn, struct payload *payload)
{
    size_t len;
    const char *bytes = payload_bytes(payload, conn->shape, &len);

    buffer_addf(&told, "%d:%.*s", (int)(conn - conns), (int)len, bytes);
    if (conn == leaves)
        fanout_leave(&fanout, &members[conn - conns]);
}

static int begin(void **state)
{
    (void)state;
    memset(conns, 0, sizeof(conns));
    memset(members, 0, sizeof(members));
    fanout_init(&fanout, &server, true);
    marked = 0;
    leaves = NULL;
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
    assert_true(marked > 0);
    fanout_flush(&fanout);
    expect_told("0:a\r\nb\r\n1:a\r\nb\r\n2:a\r\nb\r\n");
    fanout_flush(&fanout);
    expect_told("");
    assert_null(fanout.pending);
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

/* What was added before goes to all, and first. */
static void to_all_but_one(void **state)
{
    (void)state;
    add("a", NULL);
    add("b", &conns[1]);
    expect_told("0:a\r\n1:a\r\n2:a\r\n0:b\r\n2:b\r\n");
    add("c", NULL);
    fanout_flush(&fanout);
    expect_told("0:c\r\n1:c\r\n2:c\r\n");
    add("d", &conns[0]);
    expect_told("1:d\r\n2:d\r\n");
    assert_null(fanout.pending);
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
        assert_int_equal(marked, 0);
        fanout_leave(&fanout, &members[i]);
    }
    assert_int_equal(marked, 1);
    add("a", NULL);
    fanout_flush(&fanout);
    expect_told("");
    add("pending", NULL); /* for the sanitizer: cleared with it */
}

#define FANOUT_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FANOUT_TEST(all_of_a_turn_at_once), FANOUT_TEST(each_in_its_shape),
        FANOUT_TEST(to_all_but_one),        FANOUT_TEST(callbacks_have_their_own),
        FANOUT_TEST(whoever_leaves),        FANOUT_TEST(leaving_while_it_is_sent),
        FANOUT_TEST(without_members),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
