/* test-placing.c - at which node of a cluster a channel is subscribed, and what its listeners are
 * told; the nodes are stand-ins.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "redis/slot.h"
#include "ws/redis/placing.h"
#include "ws/redis/sites.h"
#include "ws/redis/subscription.h"

enum { NODES = 2, PLACES = 8 };

static struct sites sites;
static struct site nodes[NODES];
static struct site *of[SLOTS], *home;
static struct placing *placing;
static struct buffer told;

static struct {
    const struct site *site;
    const char *channel;
    const struct hearer *hearer;
    void *user;
} subscribed[PLACES];

#define EXPECT(text)                                                                               \
    do {                                                                                           \
        assert_string_equal(told.data ? told.data : "", text);                                     \
        buffer_reset(&told);                                                                       \
    } while (0)

/* --- the nodes -------------------------------------------------------------------------------- */

struct site *sites_of_slot(struct sites *asked, int slot)
{
    assert_ptr_equal(asked, &sites);
    return slot < 0 ? home : of[slot];
}

static const struct site *site_of(const struct subscriptions *subscriptions)
{
    return (const struct site *)subscriptions;
}

static int number_of(const struct site *site)
{
    return (int)(site - nodes);
}

void subscriptions_add(struct subscriptions *at, const char *channel, const struct hearer *hearer,
                       void *user)
{
    int i = 0;

    while (subscribed[i].site)
        i++;
    subscribed[i].site = site_of(at);
    subscribed[i].channel = channel;
    subscribed[i].hearer = hearer;
    subscribed[i].user = user;
    buffer_addf(&told, "+%s@%d ", channel, number_of(site_of(at)));
}

static int place_of(const char *channel)
{
    for (int i = 0; i < PLACES; i++)
        if (subscribed[i].site && strcmp(subscribed[i].channel, channel) == 0)
            return i;
    fail_msg("%s is not subscribed", channel);
    return -1;
}

void subscriptions_remove(struct subscriptions *at, const char *channel)
{
    int i = place_of(channel);

    assert_ptr_equal(subscribed[i].site, site_of(at));
    subscribed[i].site = NULL;
    buffer_addf(&told, "-%s@%d ", channel, number_of(site_of(at)));
}

static void confirm(const char *channel, enum status status)
{
    int i = place_of(channel);

    subscribed[i].hearer->done(subscribed[i].user, status, NULL);
}

static void end_it(const char *channel)
{
    int i = place_of(channel);

    subscribed[i].site = NULL;
    subscribed[i].hearer->ended(subscribed[i].user);
}

/* --- who listens ------------------------------------------------------------------------------ */

static void on_done(void *user, enum status status, const struct reason *reason)
{
    (void)reason;
    buffer_addf(&told, "%s:%s ", (const char *)user, status == STATUS_OK ? "heard" : "away");
}

static const struct hearer hearer = {.done = on_done};

static void add(const char *channel)
{
    placing_add(placing, channel, &hearer, (char *)(uintptr_t)channel);
}

static void on_stale(void *user)
{
    assert_ptr_equal(user, &told);
    buffer_add_text(&told, "stale ");
}

static void on_soon(void *user)
{
    assert_ptr_equal(user, &told);
}

static const struct placing_events events = {.stale = on_stale, .soon = on_soon};

/* {a} at the first, {b} at the second, whatever is plain at the first. */
static int begin(void **state)
{
    (void)state;
    memset(subscribed, 0, sizeof(subscribed));
    memset(of, 0, sizeof(of));
    for (int i = 0; i < NODES; i++)
        nodes[i] = (struct site){.subscriptions = (struct subscriptions *)&nodes[i], .state = UP};
    of[slot_of_key("{a}", 3)] = home = &nodes[0];
    of[slot_of_key("{b}", 3)] = &nodes[1];
    placing = placing_new(&sites, &events, &told);
    return 0;
}

static int begin_heard(void **state)
{
    begin(state);
    add("{a}");
    add("{b}");
    add("plain");
    confirm("{a}", STATUS_OK);
    confirm("{b}", STATUS_OK);
    confirm("plain", STATUS_OK);
    buffer_reset(&told);
    return 0;
}

static int end(void **state)
{
    (void)state;
    placing_free(placing);
    buffer_clear(&told);
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void each_at_its_own(void **state)
{
    (void)state;
    add("{a}");
    add("{b}");
    add("plain");
    EXPECT("+{a}@0 +{b}@1 +plain@0 ");
    confirm("{a}", STATUS_OK);
    EXPECT("{a}:heard ");
    placing_remove(placing, "{a}");
    placing_remove(placing, "plain");
    placing_remove(placing, "what is not there");
    EXPECT("-{a}@0 -plain@0 ");
}

static void where_nobody_has_its_slot(void **state)
{
    (void)state;
    add("{c}");
    placing_tell(placing);
    placing_tell(placing);
    EXPECT("{c}:away ");
    of[slot_of_key("{c}", 3)] = &nodes[1];
    placing_settle(placing);
    placing_tell(placing);
    EXPECT("+{c}@1 ");
    confirm("{c}", STATUS_OK);
    EXPECT("{c}:heard ");
}

static void its_slot_has_another_master(void **state)
{
    (void)state;
    of[slot_of_key("{a}", 3)] = &nodes[1];
    placing_settle(placing);
    placing_tell(placing);
    EXPECT("-{a}@0 +{a}@1 {a}:away ");
    confirm("{a}", STATUS_OK);
    EXPECT("{a}:heard ");
}

/* It is not asked for again before the map has come. */
static void redis_has_ended_it(void **state)
{
    (void)state;
    end_it("{b}");
    EXPECT("stale {b}:away ");
    placing_tell(placing);
    EXPECT("");
    of[slot_of_key("{b}", 3)] = &nodes[0];
    placing_settle(placing);
    EXPECT("+{b}@0 ");
    end_it("{b}");
    EXPECT("stale ");
    placing_settle(placing);
    confirm("{b}", STATUS_OK);
    EXPECT("+{b}@0 {b}:heard ");
}

static void a_node_goes_and_comes(void **state)
{
    (void)state;
    placing_down(placing, &nodes[0]);
    EXPECT("{a}:away plain:away ");
    placing_up(placing, &nodes[0]);
    EXPECT("{a}:heard plain:heard ");
}

static void plain_ones_go_to_another_node(void **state)
{
    (void)state;
    placing_down(placing, &nodes[0]);
    home = &nodes[1];
    placing_settle(placing);
    EXPECT("{a}:away plain:away -plain@0 +plain@1 ");
    confirm("plain", STATUS_OK);
    EXPECT("plain:heard ");
}

/* Nobody is told that it is away before that is known. */
static void a_node_that_is_dialled_for_the_first_time(void **state)
{
    (void)state;
    nodes[1].lane.is_coming = true;
    nodes[1].state = AWAY;
    add("{b}");
    confirm("{b}", STATUS_UNAVAILABLE);
    EXPECT("+{b}@1 ");
    nodes[1].lane.is_coming = false;
    placing_up(placing, &nodes[1]);
    EXPECT("{b}:heard ");
    placing_remove(placing, "{b}");
    nodes[1].lane.is_coming = true;
    add("{b}");
    confirm("{b}", STATUS_UNAVAILABLE);
    nodes[1].lane.is_coming = false;
    placing_failed(placing, &nodes[1]);
    placing_failed(placing, &nodes[1]);
    placing_tell(placing);
    EXPECT("-{b}@1 +{b}@1 {b}:away ");
}

#define PLACING_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
#define HEARD(function)        cmocka_unit_test_setup_teardown(function, begin_heard, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACING_TEST(each_at_its_own),
        PLACING_TEST(where_nobody_has_its_slot),
        HEARD(its_slot_has_another_master),
        HEARD(redis_has_ended_it),
        HEARD(a_node_goes_and_comes),
        HEARD(plain_ones_go_to_another_node),
        PLACING_TEST(a_node_that_is_dialled_for_the_first_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
