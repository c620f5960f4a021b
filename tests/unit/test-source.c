/* test-source.c - what many are sent: by name, and who is held back until it is heard; channels and
 * connections are stand-ins.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/buffer.h"
#include "ws/feed/source.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"

enum { CONNS = 2 };

static struct conns all;
static struct sources sources;
static struct conn conns[CONNS];
static struct member members[CONNS];
static struct buffer told;
static bool are_up;

/* --- channels and connections --------------------------------------------------------------- */

void channel_listen(struct channels *channels, struct listening *listening, const char *name)
{
    assert_null(channels);
    listening->channel = (struct channel *)listening;
    listening->is_ready = false;
    buffer_addf(&told, "+%s ", name);
}

void channel_leave(struct listening *listening)
{
    if (listening->channel)
        buffer_add_text(&told, "- ");
    listening->channel = NULL;
}

bool channels_are_up(const struct channels *channels)
{
    assert_null(channels);
    return are_up;
}

void conn_release(struct conn *conn)
{
    buffer_addf(&told, "conn%d ", (int)(conn - conns));
}

bool conn_send_now(struct conn *conn, struct payload *payload)
{
    (void)conn, (void)payload;
    fail();
    return true;
}

void conn_end(struct conn *conn, int code, const char *reason)
{
    (void)conn, (void)code, (void)reason;
    fail();
}

static void confirm(struct source *source, int i)
{
    source->listenings[i].is_ready = true;
    source->listenings[i].ready(source->listenings[i].user);
}

/* What was told since the last time. */
#define EXPECT(text)                                                                               \
    do {                                                                                           \
        assert_string_equal(told.data ? told.data : "", text);                                     \
        buffer_reset(&told);                                                                       \
    } while (0)

/* --- sources -------------------------------------------------------------------------------- */

struct thing {
    struct source source;
    int number;
};

static void on_ready(struct source *source)
{
    buffer_addf(&told, "ready:%s ", source->name);
}

static void on_heard(void *user, const char *data, size_t len)
{
    (void)user, (void)data, (void)len;
}

static struct thing *make(const char *name)
{
    struct thing *thing = source_new(&sources, sizeof(*thing), name);

    thing->source.ready = on_ready;
    return thing;
}

static int begin(void **state)
{
    (void)state;
    sources = (struct sources){.conns = &all};
    are_up = true;
    return 0;
}

static int end(void **state)
{
    (void)state;
    while (sources.first)
        source_free(sources.first);
    assert_null(sources.tree);
    assert_int_equal(sources.count, 0);
    buffer_clear(&told);
    return 0;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void by_name(void **state)
{
    char name[] = "one";
    struct thing *one = make(name), *two = make("two");

    (void)state;
    name[0] = 'x'; /* it is copied */
    assert_int_equal(one->number, 0);
    assert_ptr_equal(source_find(&sources, "one"), one);
    assert_ptr_equal(source_find(&sources, "two"), two);
    assert_null(source_find(&sources, "on"));
    assert_null(source_find(&sources, "xne"));
    assert_int_equal(sources.count, 2);
    source_free(&one->source);
    assert_null(source_find(&sources, "one"));
    assert_int_equal(sources.count, 1);
}

/* The newest first, round and round; whoever goes is left out. */
static void in_turn(void **state)
{
    struct thing *things[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        char name[] = {(char)('a' + i), '\0'};

        things[i] = make(name);
    }
    for (int i = 0; i < 7; i++)
        assert_ptr_equal(sources_turn(&sources), things[2 - i % 3]);
    source_free(&things[1]->source); /* it would be the next one */
    assert_ptr_equal(sources_turn(&sources), things[0]);
    assert_ptr_equal(sources_turn(&sources), things[2]);
    source_free(&things[0]->source);
    assert_ptr_equal(sources_turn(&sources), things[2]);
}

static void who_is_held_back(void **state)
{
    struct source *source = &make("a")->source;

    (void)state;
    source_listen(source, 0, "x", on_heard, NULL);
    source_listen(source, 2, "y", on_heard, NULL);
    source_listen(source, 2, "y", on_heard, NULL); /* it does already */
    source_join(source, &members[0], &conns[0]);
    assert_true(conns[0].is_held);
    EXPECT("+x +y ");
    confirm(source, 2);
    EXPECT("ready:a ");
    assert_false(source_is_subscribed(source));
    confirm(source, 0);
    EXPECT("ready:a conn0 ");
    assert_true(source_is_subscribed(source));
    source_join(source, &members[1], &conns[1]);
    assert_false(conns[1].is_held);
    confirm(source, 0); /* Redis was away */
    EXPECT("ready:a conn0 conn1 ");
    source_listen(source, 1, "z", on_heard, NULL);
    assert_false(source_is_subscribed(source));
    source_leave(source, 1);
    assert_true(source_is_subscribed(source));
    EXPECT("+z - ");
}

/* As good as it gets. */
static void nobody_is_held_back_for_a_redis_that_is_away(void **state)
{
    struct source *source = &make("a")->source;

    (void)state;
    are_up = false;
    source_listen(source, 0, "x", on_heard, NULL);
    source_join(source, &members[0], &conns[0]);
    assert_false(conns[0].is_held);
}

static void it_listens_no_more_when_it_is_freed(void **state)
{
    struct source *source = &make("a")->source;

    (void)state;
    source_listen(source, 0, "x", on_heard, NULL);
    source_listen(source, 1, "y", on_heard, NULL);
    source_free(source);
    EXPECT("+x +y - - ");
}

#define SOURCE_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(by_name),
        SOURCE_TEST(in_turn),
        SOURCE_TEST(who_is_held_back),
        SOURCE_TEST(nobody_is_held_back_for_a_redis_that_is_away),
        SOURCE_TEST(it_listens_no_more_when_it_is_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
