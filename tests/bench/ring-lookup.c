/* ring-lookup.c - how long a key's place on a ring takes: prints {"10":…,"1000":…}, nanoseconds a
 * lookup on rings of so many servers, the median of some rounds.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "broker/ring.h"

enum { ROUNDS = 15, LOOKUPS = 20000, MOST = 1000 };

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct ring *ring_of(int count)
{
    static char names[MOST][32];
    static struct ring_member members[MOST];

    for (int i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "10.0.%d.%d:8080", i / 250, i % 250);
        members[i] = (struct ring_member){.server = names[i], .row = i % 2 ? "odd" : "even"};
    }
    return ring_new(members, count);
}

static int compare(const void *left, const void *right)
{
    const double *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static double lookup_ns(int count)
{
    static char keys[LOOKUPS][32];
    struct ring *ring = ring_of(count);
    double rounds[ROUNDS];
    unsigned sum = 0; /* so that nothing is left out */

    for (int i = 0; i < LOOKUPS; i++)
        snprintf(keys[i], sizeof(keys[i]), "customer/object%09d", i);
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns();

        for (int i = 0; i < LOOKUPS; i++)
            sum += (unsigned)ring_find(ring, keys[i], 24);
        rounds[round] = (now_ns() - start) / LOOKUPS;
    }
    ring_free(ring);
    qsort(rounds, ROUNDS, sizeof(*rounds), compare);
    return sum ? rounds[ROUNDS / 2] : 0;
}

int main(void)
{
    double few = lookup_ns(10), many = lookup_ns(MOST);

    printf("{\"10\":%.0f,\"%d\":%.0f}\n", few, MOST, many);
    return 0;
}
