/* test-delivery.c - messages until they have arrived; what is settled is told to a stand-in.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "ws/feed/delivery.h"
#include "ws/net/budget.h"

static struct deliveries deliveries;
static struct budget budget;
static struct buffer settled;

static void settle(void *user, enum settle_act act, const struct delivery *delivery)
{
    buffer_addf(user, "%c %.*s %s|", act, (int)delivery->key_len, delivery->key, delivery->token);
}

static void ack(uint64_t arrived)
{
    deliveries_ack(&deliveries, &budget, arrived, settle, &settled);
}

static void give_back(uint64_t written)
{
    deliveries_return(&deliveries, &budget, written, settle, &settled);
}

/* What was settled since the last time. */
#define EXPECT_SETTLED(text)                                                                       \
    do {                                                                                           \
        assert_string_equal(settled.data ? settled.data : "", text);                               \
        buffer_reset(&settled);                                                                    \
    } while (0)

static void add(const char *key, const char *token, size_t size, uint64_t start, uint64_t end)
{
    struct message message = {.key = key, .key_len = strlen(key), .value_len = size};
    struct delivery *delivery;

    strcpy(message.token, token);
    delivery = deliveries_add(&deliveries, &budget, &message);
    delivery->start = start;
    delivery->end = end;
}

/* Three of ten bytes each: 0 to 10, 10 to 20, 20 to 30. */
static void add_three(void)
{
    add("q:1", "t-1", 5, 0, 10);
    add("q:2", "t-2", 6, 10, 20);
    add("q:3", "t-3", 7, 20, 30);
}

static int clear(void **state)
{
    (void)state;
    deliveries_clear(&deliveries, &budget);
    buffer_clear(&settled);
    assert_int_equal(deliveries.count, 0);
    assert_int_equal(deliveries.size, 0);
    assert_null(deliveries.first);
    assert_null(deliveries.last);
    assert_int_equal(budget.used, 0);
    return 0;
}

static void what_is_kept(void **state)
{
    static const char key[] = "q:17 and more";
    struct message message = {.key = key, .key_len = 4, .value_len = 9, .token = "tok-1"};
    struct delivery *delivery = deliveries_add(&deliveries, &budget, &message);

    (void)state;
    assert_ptr_equal(deliveries.first, delivery);
    assert_ptr_equal(deliveries.last, delivery);
    assert_int_equal(delivery->key_len, 4);
    assert_memory_equal(delivery->key, "q:17", 4);
    assert_string_equal(delivery->token, "tok-1");
    assert_int_equal(delivery->size, 9);
    assert_int_equal(delivery->start, 0);
    assert_int_equal(delivery->end, 0);
    add("q:18", "u", 1, 0, 0);
    assert_int_equal(deliveries.count, 2);
    assert_int_equal(deliveries.size, 10);
    assert_ptr_equal(deliveries.first, delivery);
    assert_ptr_equal(delivery->next, deliveries.last);
}

static const struct {
    uint64_t arrived;
    const char *acked;
    int left;
    size_t size;
} ack_rows[] = {
    {0,          "",                               3, 18},
    {9,          "",                               3, 18},
    {10,         "a q:1 t-1|",                     2, 13},
    {19,         "a q:1 t-1|",                     2, 13},
    {20,         "a q:1 t-1|a q:2 t-2|",           1, 7 },
    {30,         "a q:1 t-1|a q:2 t-2|a q:3 t-3|", 0, 0 },
    {UINT64_MAX, "a q:1 t-1|a q:2 t-2|a q:3 t-3|", 0, 0 },
};

static void acks(void **state)
{
    for (size_t i = 0; i < COUNT(ack_rows); i++) {
        clear(state);
        add_three();
        ack(ack_rows[i].arrived);
        EXPECT_SETTLED(ack_rows[i].acked);
        assert_int_equal(deliveries.count, ack_rows[i].left);
        assert_int_equal(deliveries.size, ack_rows[i].size);
    }
}

static void acks_go_on(void **state)
{
    (void)state;
    add_three();
    ack(10);
    ack(10);
    EXPECT_SETTLED("a q:1 t-1|");
    ack(30);
    EXPECT_SETTLED("a q:2 t-2|a q:3 t-3|");
    assert_null(deliveries.last);
    add("q:4", "t-4", 1, 30, 40);
    assert_ptr_equal(deliveries.first, deliveries.last);
    ack(40);
    EXPECT_SETTLED("a q:4 t-4|");
}

/* Released: some of its bytes were written.  Returned: none were. */
static const struct {
    uint64_t written;
    const char *returned;
} return_rows[] = {
    {0,  "u q:3 t-3|u q:2 t-2|u q:1 t-1|"},
    {1,  "u q:3 t-3|u q:2 t-2|r q:1 t-1|"},
    {10, "u q:3 t-3|u q:2 t-2|r q:1 t-1|"},
    {11, "u q:3 t-3|r q:2 t-2|r q:1 t-1|"},
    {20, "u q:3 t-3|r q:2 t-2|r q:1 t-1|"},
    {21, "r q:3 t-3|r q:2 t-2|r q:1 t-1|"},
    {99, "r q:3 t-3|r q:2 t-2|r q:1 t-1|"},
};

static void returns(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(return_rows); i++) {
        add_three();
        give_back(return_rows[i].written);
        EXPECT_SETTLED(return_rows[i].returned);
        assert_int_equal(deliveries.count, 0);
        assert_int_equal(deliveries.size, 0);
    }
    give_back(0);
    EXPECT_SETTLED("");
}

static const struct {
    const char *gone, *token, *left;
    int count;
    size_t size;
} remove_rows[] = {
    {"q:1",  "t-2", "a q:1 t-1|a q:2 t-2|a q:3 t-3|a q:4 t-4|", 4, 19}, /* another one's token */
    {"q:1",  "t-1", "a q:2 t-2|a q:3 t-3|a q:4 t-4|",           3, 14},
    {"q:2",  "t-2", "a q:1 t-1|a q:3 t-3|a q:4 t-4|",           3, 13},
    {"q:3",  "t-3", "a q:1 t-1|a q:2 t-2|a q:4 t-4|",           3, 12},
    {"q:4",  "t-4", "a q:1 t-1|a q:2 t-2|a q:3 t-3|a q:4 t-4|", 4, 19}, /* not there yet */
    {"q:",   "t-1", "a q:1 t-1|a q:2 t-2|a q:3 t-3|a q:4 t-4|", 4, 19},
    {"q:11", "t-1", "a q:1 t-1|a q:2 t-2|a q:3 t-3|a q:4 t-4|", 4, 19},
    {"",     "t-1", "a q:1 t-1|a q:2 t-2|a q:3 t-3|a q:4 t-4|", 4, 19},
};

/* One is removed, and one more added behind what is left. */
static void removes(void **state)
{
    for (size_t i = 0; i < COUNT(remove_rows); i++) {
        clear(state);
        add_three();
        deliveries_remove(&deliveries, &budget, remove_rows[i].gone, strlen(remove_rows[i].gone),
                          remove_rows[i].token);
        EXPECT_SETTLED("");
        add("q:4", "t-4", 1, 30, 40);
        assert_int_equal(deliveries.count, remove_rows[i].count);
        assert_int_equal(deliveries.size, remove_rows[i].size);
        ack(UINT64_MAX);
        EXPECT_SETTLED(remove_rows[i].left);
    }
}

static void the_only_one_is_removed(void **state)
{
    (void)state;
    add("q:1", "t", 5, 0, 10);
    deliveries_remove(&deliveries, &budget, "q:1", 3, "t");
    assert_null(deliveries.first);
    assert_null(deliveries.last);
    deliveries_remove(&deliveries, &budget, "q:1", 3, "t");
    assert_int_equal(deliveries.count, 0);
}

#define DELIVERY_TEST(function) cmocka_unit_test_teardown(function, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DELIVERY_TEST(what_is_kept), DELIVERY_TEST(acks),    DELIVERY_TEST(acks_go_on),
        DELIVERY_TEST(returns),      DELIVERY_TEST(removes), DELIVERY_TEST(the_only_one_is_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
