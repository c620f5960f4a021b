/* histogram.h - counts of times, to within 1.6 %, and what share of them was below which.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_BENCH_HISTOGRAM_H
#define TESTS_BENCH_HISTOGRAM_H

#include <stdint.h>

/* Steps of 1.024 us up to 64 of them, then 64 steps from each power of two to the next. */
enum { HISTOGRAM_STEPS = 64, HISTOGRAM_BUCKETS = 40 * HISTOGRAM_STEPS };

struct histogram {
    uint64_t count;
    uint32_t buckets[HISTOGRAM_BUCKETS];
};

static inline void histogram_add(struct histogram *histogram, uint64_t time_ns)
{
    uint64_t value = time_ns >> 10;
    int shift = value < HISTOGRAM_STEPS ? 0 : 57 - __builtin_clzll(value);

    histogram->count++;
    histogram->buckets[shift * HISTOGRAM_STEPS + (int)(value >> shift)]++;
}

/* The upper end of a bucket. */
static inline double histogram_end_ms(int bucket)
{
    int shift = bucket < 2 * HISTOGRAM_STEPS ? 0 : bucket / HISTOGRAM_STEPS - 1;
    uint64_t value = (uint64_t)(bucket - shift * HISTOGRAM_STEPS + 1) << shift;

    return (double)(value << 10) / 1e6;
}

/* The time that a share of all, 0…1, was not above; 0 when there is none. */
static inline double histogram_quantile_ms(const struct histogram *histogram, double share)
{
    double below = 0;

    for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
        below += histogram->buckets[i];
        if (below > 0 && below >= share * (double)histogram->count)
            return histogram_end_ms(i);
    }
    return 0;
}

#endif
