/* test-counts.c - round trips by how long they took, calls that were not sent by node.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/meters.h"
#include "redis/counts.h"

static struct meters *meters;
static struct counts counts;

static int begin(void **state)
{
    (void)state;
    meters = meters_open("");
    counts_begin(&counts, meters, true);
    return 0;
}

static int end(void **state)
{
    (void)state;
    meters_close(meters);
    return 0;
}

static unsigned long long number_of(const char *name)
{
    return meter_number(meters_find(meters, name));
}

static void each_node_has_its_number(void **state)
{
    (void)state;
    counts_refused(&counts, "a:1");
    counts_refused(&counts, "b:2");
    counts_refused(&counts, "a:1");
    assert_int_equal(number_of("redis_refused_total{node=\"a:1\"}"), 2);
    assert_int_equal(number_of("redis_refused_total{node=\"b:2\"}"), 1);
    counts_refused(&counts, "/tmp/a \"\\\x7f");
    assert_int_equal(number_of("redis_refused_total{node=\"/tmp/a????\"}"), 1);
}

static void a_name_that_is_too_long_is_not_cut(void **state)
{
    struct reading_of_meter *readings;
    char name[2 * METER_NAME];
    size_t before, after;

    (void)state;
    before = meters_read(meters, &readings);
    free(readings);
    for (size_t len = 70; len < sizeof(name); len++) {
        memset(name, 'n', len);
        name[len] = '\0';
        counts_refused(&counts, name);
    }
    after = meters_read(meters, &readings);
    for (size_t i = 0; i < after; i++)
        if (strstr(readings[i].name, "nnn"))
            assert_string_equal(strchr(readings[i].name, '\0') - 2, "\"}");
    free(readings);
    assert_int_equal(after - before, METER_NAME - sizeof("redis_refused_total{node=\"\"}") - 69);
}

static void round_trips_are_cumulative(void **state)
{
    struct buffer out = {0};

    (void)state;
    counts_round_trip(&counts, 0);
    counts_round_trip(&counts, 100);
    counts_round_trip(&counts, 101);
    counts_round_trip(&counts, 2500001);
    counts_show_round_trips(meters, "x", &out);
    buffer_add(&out, "", 1);
    assert_non_null(strstr(out.data, "x_bucket{le=\"0.0001\"} 2\nx_bucket{le=\"0.00025\"} 3\n"));
    assert_non_null(strstr(out.data, "x_bucket{le=\"2.5\"} 3\nx_bucket{le=\"+Inf\"} 4\n"
                                     "x_sum 2.500202\nx_count 4\n"));
    buffer_clear(&out);
}

static void redirects_begin_with_nothing(void **state)
{
    (void)state;
    assert_int_equal(number_of("redis_redirects_total{kind=\"ask\"}"), 0);
    counts_redirect(&counts, REDIRECT_ASK);
    assert_int_equal(number_of("redis_redirects_total{kind=\"ask\"}"), 1);
}

static void zeroed_memory_counts_nothing(void **state)
{
    struct counts none = {0};

    (void)state;
    counts_refused(&none, "a:1");
    counts_redirect(&none, REDIRECT_MOVED);
    counts_round_trip(&none, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_node_has_its_number),
        cmocka_unit_test(a_name_that_is_too_long_is_not_cut),
        cmocka_unit_test(round_trips_are_cumulative),
        cmocka_unit_test(redirects_begin_with_nothing),
        cmocka_unit_test(zeroed_memory_counts_nothing),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
