/* test-histogram.c - the times that the bench reports.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "tests/bench/histogram.h"

static struct histogram *new_histogram(void)
{
    struct histogram *histogram = calloc(1, sizeof *histogram);

    assert_non_null(histogram);
    return histogram;
}

static void nothing(void **state)
{
    struct histogram *histogram = new_histogram();

    (void)state;
    assert_true(histogram_quantile_ms(histogram, 0.99) == 0);
    free(histogram);
}

/* From less than a step to twenty minutes. */
static void a_single_time(void **state)
{
    (void)state;
    for (uint64_t time_ns = 1; time_ns < (uint64_t)1200 * 1000000000;
         time_ns = time_ns * 3 / 2 + 1) {
        struct histogram *histogram = new_histogram();
        double time_ms = (double)time_ns / 1e6, found_ms;

        histogram_add(histogram, time_ns);
        found_ms = histogram_quantile_ms(histogram, 0.5);
        if (found_ms < time_ms || found_ms > time_ms * 1.016 + 0.001025)
            fail_msg("%.6f ms became %.6f ms", time_ms, found_ms);
        free(histogram);
    }
}

static void shares(void **state)
{
    struct histogram *histogram = new_histogram();

    (void)state;
    for (int i = 1; i <= 1000; i++)
        histogram_add(histogram, (uint64_t)i * 1000000);
    assert_float_equal(histogram_quantile_ms(histogram, 0.5), 500, 8);
    assert_float_equal(histogram_quantile_ms(histogram, 0.99), 990, 16);
    assert_float_equal(histogram_quantile_ms(histogram, 1), 1000, 16);
    free(histogram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(a_single_time),
        cmocka_unit_test(shares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
