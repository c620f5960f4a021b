/* test-channels.c - Redis channels, each subscribed once; the link to Redis is a stand-in that
 * notes what it is asked for.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "ws/redis/alink.h"
#include "ws/redis/channels.h"
#include "ws/redis/subscription.h"

enum { CHANNELS = 100 };

static struct channels *channels;
static struct buffer asked; /* of the link */
static bool is_quiet;       /* it notes nothing */

/* What the link is subscribed to; the latest is the last one. */
static struct {
    char name[20];
    const struct hearer *hearer;
    void *user;
} subscribed[3 * CHANNELS];
static size_t count;

/* One who listens, and what it was told. */
struct ear {
    struct listening listening;
    int number, ready, heard, gaps, away;
    struct ear *leaves; /* when this one is told something; NULL: nobody */
    struct ear *joins;  /* likewise: the name is "new" and its number */
};

static struct ear ears[CHANNELS], newcomers[CHANNELS];

/* --- the link ------------------------------------------------------------------------------- */

void alink_subscribe(struct alink *alink, const char *channel, const struct hearer *hearer,
                     void *user)
{
    assert_null(alink);
    assert_true(count < COUNT(subscribed));
    snprintf(subscribed[count].name, sizeof(subscribed[count].name), "%s", channel);
    subscribed[count].hearer = hearer;
    subscribed[count++].user = user;
    if (!is_quiet)
        buffer_addf(&asked, "+%s", channel);
}

/* `count` if there is none of that name. */
static size_t place_of(const char *channel)
{
    size_t i = 0;

    while (i < count && strcmp(subscribed[i].name, channel) != 0)
        i++;
    return i;
}

static void forget(size_t i)
{
    memmove(&subscribed[i], &subscribed[i + 1], (--count - i) * sizeof(subscribed[0]));
}

void alink_unsubscribe(struct alink *alink, const char *channel)
{
    size_t i = place_of(channel);

    assert_null(alink);
    assert_true(i < count);
    forget(i);
    if (!is_quiet)
        buffer_addf(&asked, "-%s", channel);
}

static bool is_up;

bool alink_is_up(const struct alink *alink)
{
    assert_null(alink);
    return is_up;
}

static bool is_cluster;

bool alink_is_cluster(const struct alink *alink)
{
    assert_null(alink);
    return is_cluster;
}

static void expect_asked(const char *text)
{
    assert_string_equal(asked.data ? asked.data : "", text);
    buffer_reset(&asked);
}

static void confirm(enum status status)
{
    subscribed[count - 1].hearer->done(subscribed[count - 1].user, status, NULL);
}

/* --- who listens ---------------------------------------------------------------------------- */

static void listen_to(struct ear *ear, const char *name);

static void act(struct ear *ear)
{
    char name[20];

    if (ear->leaves)
        channel_leave(&ear->leaves->listening);
    ear->leaves = NULL;
    if (!ear->joins)
        return;
    snprintf(name, sizeof(name), "new%d", ear->joins->number);
    listen_to(ear->joins, name);
    ear->joins = NULL;
}

static void on_heard(void *user, const char *data, size_t len)
{
    struct ear *ear = user;

    assert_memory_equal(data, "hello", len);
    ear->heard++;
    act(ear);
}

static void on_ready(void *user)
{
    struct ear *ear = user;

    ear->ready++;
    act(ear);
}

static void on_gap(void *user)
{
    ((struct ear *)user)->gaps++;
}

static void on_away(void *user)
{
    ((struct ear *)user)->away++;
}

static void listen_to(struct ear *ear, const char *name)
{
    ear->listening =
        (struct listening){.user = ear, .heard = on_heard, .ready = on_ready, .gap = on_gap};
    ear->listening.away = on_away;
    channel_listen(channels, &ear->listening, name);
}

static void publish(const char *channel)
{
    size_t i = place_of(channel);

    if (i < count)
        subscribed[i].hearer->heard(subscribed[i].user, "hello", 5);
}

/* The link has left it already. */
static void flood(const char *channel)
{
    size_t i = place_of(channel);
    const struct hearer *hearer = subscribed[i].hearer;
    void *user = subscribed[i].user;

    assert_true(i < count);
    forget(i);
    hearer->flooded(user);
}

static int begin(void **state)
{
    (void)state;
    channels = channels_new(NULL);
    memset(ears, 0, sizeof(ears));
    memset(newcomers, 0, sizeof(newcomers));
    for (int i = 0; i < CHANNELS; i++)
        ears[i].number = newcomers[i].number = i;
    is_quiet = is_cluster = is_up = false;
    count = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < CHANNELS; i++) {
        channel_leave(&ears[i].listening);
        channel_leave(&newcomers[i].listening);
    }
    channels_free(channels);
    buffer_clear(&asked);
    return 0;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void one_subscription_for_all(void **state)
{
    (void)state;
    listen_to(&ears[0], "a");
    listen_to(&ears[1], "a");
    expect_asked("+a");
    assert_false(ears[0].listening.is_ready);
    confirm(STATUS_OK);
    assert_int_equal(ears[0].ready, 1);
    assert_int_equal(ears[1].ready, 1);
    listen_to(&ears[2], "a");
    expect_asked("");
    assert_true(ears[2].listening.is_ready);
    assert_int_equal(ears[2].ready, 0);
    publish("a");
    publish("b");
    publish("aa");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ears[i].heard, 1);
        expect_asked("");
        channel_leave(&ears[i].listening);
    }
    expect_asked("-a");
    publish("a");
    assert_int_equal(ears[0].heard, 1);
}

/* Redis owes an answer: the channel stays until that is there. */
static void who_leaves_before_it_is_confirmed(void **state)
{
    (void)state;
    listen_to(&ears[0], "a");
    channel_leave(&ears[0].listening);
    expect_asked("+a");
    confirm(STATUS_OK);
    expect_asked("-a");
    assert_int_equal(ears[0].ready, 0);
}

static void redis_goes_and_comes(void **state)
{
    (void)state;
    listen_to(&ears[0], "a");
    confirm(STATUS_UNAVAILABLE);
    assert_int_equal(ears[0].ready, 0);
    assert_false(channels_are_up(channels));
    is_up = true;
    assert_true(channels_are_up(channels));
    channels_up(channels);
    assert_int_equal(ears[0].ready, 1);
    assert_true(ears[0].listening.is_ready);
    is_up = false;
    channels_down(channels);
    assert_false(channels_are_up(channels));
    assert_false(ears[0].listening.is_ready);
    channels_up(channels);
    assert_int_equal(ears[0].ready, 2);
    assert_int_equal(ears[0].gaps, 0);
}

/* One channel's node goes and comes, or it moves: whoever listens to others hears nothing of it. */
static void a_node_of_a_cluster_goes_and_comes(void **state)
{
    (void)state;
    is_cluster = is_up = true;
    listen_to(&ears[0], "a");
    confirm(STATUS_OK);
    listen_to(&ears[1], "b");
    confirm(STATUS_OK);
    channels_down(channels); /* each is told by itself */
    assert_true(ears[0].listening.is_ready);
    confirm(STATUS_UNAVAILABLE);
    assert_false(ears[1].listening.is_ready);
    assert_true(ears[1].listening.is_away);
    assert_int_equal(ears[1].away, 1);
    channels_up(channels);
    assert_false(ears[1].listening.is_ready);
    listen_to(&ears[2], "b");
    assert_true(ears[2].listening.is_away);
    confirm(STATUS_OK);
    for (int i = 1; i < 3; i++) {
        assert_true(ears[i].listening.is_ready);
        assert_false(ears[i].listening.is_away);
        assert_int_equal(ears[i].gaps, 1);
    }
    assert_int_equal(ears[0].ready, 1);
    assert_int_equal(ears[0].gaps + ears[0].away, 0);
}

/* It was never heard: nothing can be missing. */
static void a_node_that_was_away_from_the_start(void **state)
{
    (void)state;
    is_cluster = is_up = true;
    listen_to(&ears[0], "a");
    confirm(STATUS_UNAVAILABLE);
    assert_int_equal(ears[0].away, 1);
    confirm(STATUS_OK);
    assert_true(ears[0].listening.is_ready);
    assert_int_equal(ears[0].gaps, 1);
}

static void a_flood(void **state)
{
    (void)state;
    listen_to(&ears[0], "a");
    listen_to(&ears[1], "b");
    confirm(STATUS_OK);
    expect_asked("+a+b");
    flood("b");
    assert_false(ears[1].listening.is_ready);
    channels_up(channels); /* not of one that was left */
    assert_int_equal(ears[1].ready, 1);
    channels_step(channels);
    channels_step(channels);
    expect_asked("+b");
    confirm(STATUS_OK);
    assert_int_equal(ears[1].ready, 2);
    assert_int_equal(ears[1].gaps, 1);
    flood("b");
    channel_leave(&ears[1].listening); /* it is left already */
    expect_asked("");
    channels_step(channels);
    expect_asked("");
}

/* A gap of the channel that it has left is not one of its new channel. */
static void who_moves_when_it_is_ready(void **state)
{
    (void)state;
    listen_to(&ears[0], "a");
    listen_to(&ears[1], "a");
    confirm(STATUS_OK);
    flood("a");
    channels_step(channels);
    ears[0].leaves = ears[0].joins = &ears[0];
    confirm(STATUS_OK);
    assert_int_equal(ears[1].gaps, 1);
    assert_int_equal(ears[0].ready, 2);
    assert_int_equal(ears[0].gaps, 0);
    assert_false(ears[0].listening.is_ready);
}

/* Others leave, and others come, while all are told: nobody twice, no newcomer. */
static void all_are_told_once(void **state)
{
    char name[20];

    (void)state;
    for (int i = 0; i < CHANNELS; i++) {
        snprintf(name, sizeof(name), "b%d", i * 37 % CHANNELS);
        listen_to(&ears[i], name);
        confirm(STATUS_UNAVAILABLE);
        ears[i].leaves = &ears[i];
        ears[i].joins = &newcomers[i];
    }
    is_quiet = true;
    channels_up(channels);
    for (int i = 0; i < CHANNELS; i++) {
        assert_int_equal(ears[i].ready, 1);
        assert_null(ears[i].listening.channel);
        assert_int_equal(newcomers[i].ready, 0);
        assert_false(newcomers[i].listening.is_ready);
    }
}

/* Whoever has left before its turn is told nothing. */
static void others_leave_meanwhile(void **state)
{
    char name[20];
    int told = 0;

    (void)state;
    for (int i = 0; i < CHANNELS; i++) {
        snprintf(name, sizeof(name), "b%d", i);
        listen_to(&ears[i], name);
        confirm(STATUS_UNAVAILABLE);
        ears[i].leaves = &ears[i ^ 1];
    }
    is_quiet = true;
    channels_up(channels);
    for (int i = 0; i < CHANNELS; i++) {
        told += ears[i].ready;
        assert_int_equal(ears[i].ready + ears[i ^ 1].ready, 1);
    }
    assert_int_equal(told, CHANNELS / 2);
}

static void the_next_one_leaves(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        listen_to(&ears[i], "a");
    confirm(STATUS_OK);
    ears[2].leaves = &ears[1]; /* the last one is told first */
    ears[0].leaves = &ears[0];
    publish("a");
    assert_int_equal(ears[3].heard, 1);
    assert_int_equal(ears[2].heard, 1);
    assert_int_equal(ears[1].heard, 0);
    assert_int_equal(ears[0].heard, 1);
    publish("a");
    assert_int_equal(ears[0].heard, 1);
    assert_int_equal(ears[2].heard, 2);
}

#define CHANNEL_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHANNEL_TEST(one_subscription_for_all),
        CHANNEL_TEST(who_leaves_before_it_is_confirmed),
        CHANNEL_TEST(redis_goes_and_comes),
        CHANNEL_TEST(a_flood),
        CHANNEL_TEST(a_node_of_a_cluster_goes_and_comes),
        CHANNEL_TEST(a_node_that_was_away_from_the_start),
        CHANNEL_TEST(who_moves_when_it_is_ready),
        CHANNEL_TEST(all_are_told_once),
        CHANNEL_TEST(others_leave_meanwhile),
        CHANNEL_TEST(the_next_one_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
