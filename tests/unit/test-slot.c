/* test-slot.c - where Redis Cluster keeps a key.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "redis/slot.h"

/* What CLUSTER KEYSLOT of Redis 7.0 says. */
static const struct {
    const char *key;
    int slot;
} rows[] = {
    {"",                         0    },
    {"a",                        15495},
    {"123456789",                12739},
    {"foo",                      12182},
    {"foo:queue",                5241 },
    {"{foo}:queue",              12182},
    {"restmq:{foo}:leases",      12182},
    {"restmq:{foo}.dead:leases", 12182},
    {"queuestat::{foo}.dead",    12182},
    {"QUEUESET",                 15868},
    {"{",                        4092 },
    {"}",                        12090},
    {"{}",                       15257},
    {"{}x",                      10595},
    {"{}{foo}",                  2263 },
    {"a{b}c{d}",                 3300 },
    {"a{b{c}d}",                 15725},
    {"a}b{c}",                   7365 },
    {"foo{",                     7673 },
    {"foo{bar",                  15278},
    {"{{foo}}",                  13308},
    {"orders/eu",                424  },
    {"{orders/eu}:17",           424  },
};

static void as_redis_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (slot_of_key(rows[i].key, strlen(rows[i].key)) != rows[i].slot)
            fail_msg("%s: %d", rows[i].key, slot_of_key(rows[i].key, strlen(rows[i].key)));
}

static void a_key_of_any_bytes(void **state)
{
    char *wall = wall_new(4096);

    (void)state;
    assert_int_equal(slot_of_key(NULL, 0), 0);
    assert_int_equal(slot_of_key(wall_put(wall, "{", 1), 1), slot_of_key("{", 1));
    assert_int_equal(slot_of_key(wall_put(wall, "a\0b", 3), 3), 8383);
    assert_int_equal(slot_of_key(wall_put(wall, "{a\0b}x", 6), 6), 8383);
    assert_int_equal(slot_of_key(wall_put(wall, "\xff\x80", 2), 2), 4727);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_redis_says),
        cmocka_unit_test(a_key_of_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
