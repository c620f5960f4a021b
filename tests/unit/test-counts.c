/* test-counts.c - how often calls were not sent, node by node.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "redis/counts.h"

static void each_node_has_its_number(void **state)
{
    struct counts counts = {0};

    (void)state;
    counts_refused(&counts, "a:1");
    counts_refused(&counts, "b:2");
    counts_refused(&counts, "a:1");
    assert_int_equal(counts.node_count, 2);
    assert_string_equal(counts.nodes[0].name, "a:1");
    assert_int_equal(counts.nodes[0].refused, 2);
    assert_int_equal(counts.nodes[1].refused, 1);
}

static void there_is_an_end(void **state)
{
    struct counts counts = {0};

    (void)state;
    for (int i = 0; i < COUNTS_NODES + 5; i++) {
        char name[16];

        snprintf(name, sizeof(name), "a:%d", i);
        counts_refused(&counts, name);
    }
    assert_int_equal(counts.node_count, COUNTS_NODES);
    counts_refused(&counts, "a:0");
    assert_int_equal(counts.nodes[0].refused, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_node_has_its_number),
        cmocka_unit_test(there_is_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
