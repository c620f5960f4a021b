/* clock.c - a clock that never goes back.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"

#include <time.h>

long long clock_ms(void)
{
    return clock_us() / 1000;
}

static long long read_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

long long clock_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

long long clock_cpu_us(void)
{
    return read_us(CLOCK_THREAD_CPUTIME_ID);
}
