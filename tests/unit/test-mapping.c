/* test-mapping.c - who is asked for the map of a cluster, and how often; the wire is a stand-in.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/settings.h"
#include "redis/cluster.h"
#include "redis/nodes.h"
#include "ws/redis/mapping.h"
#include "ws/redis/wire.h"

static struct ev_loop *loop;
static struct settings settings;
static struct cluster map;
static struct mapping *mapping;
static int asked, found;
static bool is_fine;

/* --- the wire --------------------------------------------------------------------------------- */

static struct wire {
    const struct nodes *nodes;
    const struct wire_events *events;
    void *user;
    bool is_open;
    int renewed;
} wire;

struct wire *wire_new(struct ev_loop *in, struct turn *turn, const struct nodes *nodes,
                      const struct wire_events *events, void *user)
{
    assert_ptr_equal(in, loop);
    assert_null(turn);
    wire = (struct wire){.nodes = nodes, .events = events, .user = user};
    return &wire;
}

void wire_free(struct wire *freed)
{
    assert_ptr_equal(freed, &wire);
}

bool wire_is_open(const struct wire *of)
{
    return of->is_open;
}

unsigned long long wire_send(struct wire *by, int argc, const char **argv, const size_t *lens,
                             size_t answers)
{
    assert_true(by->is_open);
    assert_int_equal(argc, 2);
    assert_string_equal(argv[0], "CLUSTER");
    assert_string_equal(argv[1], "SLOTS");
    assert_null(lens);
    assert_int_equal(answers, 1);
    asked++;
    return 0;
}

void wire_flush(struct wire *flushed)
{
    (void)flushed;
}

void wire_renew(struct wire *renewed)
{
    bool was_open = renewed->is_open;

    renewed->is_open = false;
    renewed->renewed++;
    if (was_open)
        renewed->events->lost(renewed->user, NULL, NULL);
}

static void open_wire(void)
{
    wire.is_open = true;
    wire.events->open(wire.user);
}

static void fail_wire(void)
{
    wire.is_open = false;
    wire.events->lost(wire.user, "connect", "refused");
}

static void answer(void)
{
    redisReply *reply = calloc(1, sizeof(*reply));

    assert_non_null(reply);
    reply->type = REDIS_REPLY_ARRAY;
    wire.events->reply(wire.user, reply);
}

#define EXPECT_AT(name) assert_string_equal(wire.nodes->master, name)

/* --- what it finds ---------------------------------------------------------------------------- */

static bool on_found(void *user, const redisReply *reply, const char *name)
{
    assert_ptr_equal(user, &map);
    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    assert_ptr_equal(name, wire.nodes->master);
    found++;
    return is_fine;
}

static void pass(double seconds)
{
    ev_tstamp until = ev_time() + seconds;

    while (ev_time() < until) {
        ev_run(loop, EVRUN_NOWAIT);
        usleep(1000);
    }
}

static int begin(void **state)
{
    (void)state;
    loop = ev_loop_new(EVFLAG_AUTO);
    settings_init(&settings);
    free(settings.redis);
    settings.redis = xstrdup("cluster://a:1,b:2");
    memset(&map, 0, sizeof(map));
    asked = found = 0;
    is_fine = true;
    mapping = mapping_new(loop, NULL, &settings, &map, on_found, &map);
    return 0;
}

static int end(void **state)
{
    (void)state;
    mapping_free(mapping);
    cluster_clear(&map);
    settings_clear(&settings);
    ev_loop_destroy(loop);
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void at_the_start(void **state)
{
    (void)state;
    EXPECT_AT("a:1");
    open_wire();
    assert_int_equal(asked, 1);
    answer();
    assert_int_equal(found, 1);
    pass(0.2);
    assert_int_equal(asked, 1);
}

static void several_reasons_are_one_request(void **state)
{
    (void)state;
    open_wire();
    answer();
    for (int i = 0; i < 100; i++)
        mapping_ask(mapping);
    assert_int_equal(asked, 1); /* so soon behind another one */
    pass(0.15);
    assert_int_equal(asked, 2);
    for (int i = 0; i < 100; i++)
        mapping_ask(mapping); /* the answer may be older than that */
    answer();
    pass(0.3);
    assert_int_equal(asked, 3);
}

/* One after the other, and then with a pause. */
static void nodes_that_are_away(void **state)
{
    (void)state;
    map.count = 1;
    map.names[0] = xstrdup("m:3");
    EXPECT_AT("a:1");
    fail_wire();
    fail_wire();
    assert_int_equal(wire.renewed, 2);
    fail_wire();
    assert_int_equal(wire.renewed, 2); /* by itself, in a moment */
    open_wire();
    assert_int_equal(asked, 1);
}

static void a_node_that_knows_nothing(void **state)
{
    (void)state;
    is_fine = false;
    open_wire();
    answer();
    EXPECT_AT("b:2");
    assert_int_equal(wire.renewed, 1);
    is_fine = true;
    open_wire();
    assert_int_equal(asked, 2);
}

static void a_node_that_does_not_answer(void **state)
{
    (void)state;
    open_wire();
    pass(0.6);
    EXPECT_AT("b:2");
    assert_int_equal(wire.renewed, 1);
    open_wire();
    assert_int_equal(asked, 2);
}

static void more_often_while_a_master_is_away(void **state)
{
    (void)state;
    open_wire();
    answer();
    mapping_hurry(mapping, true);
    for (int i = 2; i < 4; i++) {
        pass(0.3);
        assert_int_equal(asked, i);
        answer();
    }
    mapping_hurry(mapping, false);
    pass(0.4);
    assert_int_equal(asked, 3);
}

#define SURVEY_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SURVEY_TEST(at_the_start),
        SURVEY_TEST(several_reasons_are_one_request),
        SURVEY_TEST(nodes_that_are_away),
        SURVEY_TEST(a_node_that_knows_nothing),
        SURVEY_TEST(a_node_that_does_not_answer),
        SURVEY_TEST(more_often_while_a_master_is_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
