/* clock.h - a clock that never goes back, for how long something takes; its zero means nothing.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

long long clock_ms(void);
long long clock_us(void);

/* The time that this thread has kept a core busy. */
long long clock_cpu_us(void);

#endif
