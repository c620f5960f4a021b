/* test-token.c - random tokens, and bytes in hex.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "broker/token.h"

enum { MANY = 1000 };

static void hex(void **state)
{
    char *wall = wall_new(100);

    (void)state;
    hex_write(wall - 7, (const unsigned char *)"\x00\xff\x1a", 3);
    assert_string_equal(wall - 7, "00ff1a");
    hex_write(wall - 1, (const unsigned char *)"", 0);
    assert_string_equal(wall - 1, "");
}

/* More of them than were drawn at once, and each of its own. */
static void tokens_are_random(void **state)
{
    static char tokens[MANY][TOKEN_RANDOM + 1];
    struct token_pool pool = {.left = 0};

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        token_make(&pool, tokens[i]);
        assert_int_equal(strspn(tokens[i], "0123456789abcdef"), TOKEN_RANDOM);
        assert_int_equal(strlen(tokens[i]), TOKEN_RANDOM);
        for (size_t before = 0; before < i; before++)
            assert_string_not_equal(tokens[i], tokens[before]);
    }
}

/* What was given once is not given by another pool. */
static void pools_differ(void **state)
{
    struct token_pool one = {.left = 0}, other = {.left = 0};
    char tokens[2][TOKEN_RANDOM + 1];

    (void)state;
    token_make(&one, tokens[0]);
    token_make(&other, tokens[1]);
    assert_string_not_equal(tokens[0], tokens[1]);
    assert_memory_not_equal(one.random, other.random, sizeof(one.random));
}

static void a_pool_is_used_up_to_its_last_byte(void **state)
{
    struct token_pool pool = {.left = 0};
    unsigned char drawn[sizeof(pool.random)];
    char token[TOKEN_RANDOM + 1];
    size_t count = sizeof(pool.random) / (TOKEN_RANDOM / 2);

    (void)state;
    token_make(&pool, token);
    memcpy(drawn, pool.random, sizeof(drawn));
    for (size_t i = 1; i < count; i++)
        token_make(&pool, token);
    assert_int_equal(pool.left, 0);
    assert_memory_equal(pool.random, drawn, sizeof(drawn));
    token_make(&pool, token);
    assert_memory_not_equal(pool.random, drawn, sizeof(drawn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex),
        cmocka_unit_test(tokens_are_random),
        cmocka_unit_test(pools_differ),
        cmocka_unit_test(a_pool_is_used_up_to_its_last_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
