/* test-broadcast.c - messages for all consumers of a queue: those of this helper come back, before
 * or after Redis has told of them; the consumers and what is settled are stand-ins.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/buffer.h"
#include "ws/feed/broadcast.h"
#include "ws/feed/helper.h"
#include "ws/feed/settling.h"
#include "ws/feed/source.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"

static const char ours[] = "0123456789abcdef0123456789abcdef"; /* more than a token begins with */

static struct budget budget;
static struct conns conns = {.budget = &budget};
static struct source source = {.name = "q", .fanout.conns = &conns};
static struct helper helper;
static struct settling settling = {.helper = &helper};
static struct broadcast broadcast;
static struct buffer told;
static char token[TOKEN_RANDOM + 1];

/* --- stand-ins ------------------------------------------------------------------------------ */

void fanout_add(struct fanout *fanout, const char *id, size_t id_len, const char *text, size_t len,
                const struct conn *but)
{
    (void)text, (void)len;
    assert_ptr_equal(fanout, &source.fanout);
    assert_null(but);
    buffer_addf(&told, "sent %.*s|", (int)id_len, id);
}

void settling_add(struct settling *by, enum settle_act act, const struct leased *leased)
{
    assert_ptr_equal(by, &settling);
    buffer_addf(&told, "%c%s %.*s|", act, leased->sent ? "*" : "", (int)leased->key_len,
                leased->key);
    if (leased->sent)
        leased->sent->is_acking = true;
}

void settling_delivery(void *by, enum settle_act act, const struct delivery *delivery)
{
    assert_ptr_equal(by, &settling);
    buffer_addf(&told, "%c %.*s|", act, (int)delivery->key_len, delivery->key);
}

#define EXPECT(text)                                                                               \
    do {                                                                                           \
        assert_string_equal(told.data ? told.data : "", text);                                     \
        buffer_reset(&told);                                                                       \
    } while (0)

/* Published by this helper, or by another one. */
static void hear(const char *key, bool is_ours)
{
    char text[200];

    snprintf(text, sizeof(text), "%s %s-1 value", key, is_ours ? token : "another-token");
    broadcast_heard(&broadcast, text, strlen(text));
}

static int begin(void **state)
{
    (void)state;
    conns.loop = ev_loop_new(0);
    source.fanout.count = 1;
    snprintf(token, sizeof(token), "%s", ours);
    broadcast_init(&broadcast, &source, &settling);
    return 0;
}

static int end(void **state)
{
    (void)state;
    broadcast_clear(&broadcast);
    assert_int_equal(budget.used, 0);
    ev_loop_destroy(conns.loop);
    buffer_clear(&told);
    return 0;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void others_are_sent_and_acked(void **state)
{
    (void)state;
    hear("q:1", false);
    EXPECT("sent q:1|a* q:1|");
    assert_false(broadcast_is_awaited(&broadcast));
}

static void one_that_comes_again(void **state)
{
    (void)state;
    hear("q:1", false);
    hear("q:1", false);
    EXPECT("sent q:1|a* q:1|a q:1|"); /* the first act has the memory of it */
}

static void what_is_not_of_this_queue(void **state)
{
    static const char *const texts[] = {"", "q:1", "q:1 token", "p:1 token-1 x", "q: token-1 x"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        broadcast_heard(&broadcast, texts[i], strlen(texts[i]));
    EXPECT("");
}

static void ours_come_back_after_the_reply(void **state)
{
    (void)state;
    broadcast_begin(&broadcast, token);
    assert_false(broadcast_is_awaited(&broadcast));
    broadcast_told(&broadcast, 2);
    assert_true(broadcast_is_awaited(&broadcast));
    hear("q:1", true);
    hear("q:9", false);
    assert_true(broadcast_is_awaited(&broadcast));
    hear("q:2", true);
    assert_false(broadcast_is_awaited(&broadcast));
    assert_string_equal(broadcast.token, "");
    EXPECT("sent q:1|a* q:1|sent q:9|a* q:9|sent q:2|a* q:2|");
}

/* All of them, or some. */
static void ours_are_faster_than_the_reply(void **state)
{
    for (int early = 1; early <= 2; early++) {
        (void)state;
        broadcast_begin(&broadcast, token);
        for (int i = 0; i < early; i++)
            hear("q:1", true);
        assert_false(broadcast_is_awaited(&broadcast));
        assert_string_not_equal(broadcast.token, "");
        broadcast_told(&broadcast, 2);
        assert_int_equal(broadcast_is_awaited(&broadcast), early < 2);
        if (early < 2)
            hear("q:2", true);
        assert_false(broadcast_is_awaited(&broadcast));
        assert_string_equal(broadcast.token, "");
    }
}

static void nothing_was_published(void **state)
{
    (void)state;
    broadcast_begin(&broadcast, token);
    broadcast_told(&broadcast, 0);
    assert_false(broadcast_is_awaited(&broadcast));
    assert_string_equal(broadcast.token, "");
}

/* Given back once all are there: the last first. */
static void nobody_is_there(void **state)
{
    (void)state;
    source.fanout.count = 0;
    hear("q:9", false);
    broadcast_begin(&broadcast, token);
    hear("q:1", true);
    broadcast_told(&broadcast, 2);
    EXPECT("");
    hear("q:2", true);
    EXPECT("u q:2|u q:1|");
}

static void one_is_lost(void **state)
{
    (void)state;
    source.fanout.count = 0;
    broadcast_begin(&broadcast, token);
    hear("q:1", true);
    broadcast_told(&broadcast, 2);
    broadcast_step(&broadcast);
    assert_true(broadcast_is_awaited(&broadcast));
    broadcast.began_at -= 6;
    broadcast_step(&broadcast);
    assert_false(broadcast_is_awaited(&broadcast));
    EXPECT("u q:1|");
}

#define BROADCAST_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BROADCAST_TEST(others_are_sent_and_acked),
        BROADCAST_TEST(one_that_comes_again),
        BROADCAST_TEST(what_is_not_of_this_queue),
        BROADCAST_TEST(ours_come_back_after_the_reply),
        BROADCAST_TEST(ours_are_faster_than_the_reply),
        BROADCAST_TEST(nothing_was_published),
        BROADCAST_TEST(nobody_is_there),
        BROADCAST_TEST(one_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
