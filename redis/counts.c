/* counts.c - how long Redis takes, and how often calls did not run where they were sent first.
 *
 * The names of the meters are those of samples in /metrics, but for "restmq_"; that of the sum of
 * all round trips is in microseconds.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/counts.h"

#include <stdio.h>

#include "base/buffer.h"
#include "base/meters.h"

static const struct {
    long long us;
    const char *le;
} bounds[COUNTS_BUCKETS] = {
    {100,     "0.0001" },
    {250,     "0.00025"},
    {500,     "0.0005" },
    {1000,    "0.001"  },
    {2500,    "0.0025" },
    {5000,    "0.005"  },
    {10000,   "0.01"   },
    {25000,   "0.025"  },
    {50000,   "0.05"   },
    {100000,  "0.1"    },
    {250000,  "0.25"   },
    {500000,  "0.5"    },
    {1000000, "1"      },
    {2500000, "2.5"    },
};

static const char *le_of(int bucket)
{
    return bucket < COUNTS_BUCKETS ? bounds[bucket].le : "+Inf";
}

static struct meter *bucket_of(struct meters *meters, int bucket)
{
    char name[METER_NAME];

    snprintf(name, sizeof(name), "redis_seconds_bucket{le=\"%s\"}", le_of(bucket));
    return meters_find(meters, name);
}

static struct meter *sum_of(struct meters *meters)
{
    return meters_find(meters, "redis_seconds_sum");
}

void counts_begin(struct counts *counts, struct meters *meters, bool is_cluster)
{
    static const char *const redirects[REDIRECTS] = {
        [REDIRECT_MOVED] = "redis_redirects_total{kind=\"moved\"}",
        [REDIRECT_ASK] = "redis_redirects_total{kind=\"ask\"}",
        [REDIRECT_LATER] = "redis_redirects_total{kind=\"tryagain\"}",
    };

    *counts = (struct counts){.meters = meters, .us = sum_of(meters)};
    for (int i = 0; i <= COUNTS_BUCKETS; i++)
        counts->buckets[i] = bucket_of(meters, i);
    for (int i = 0; is_cluster && i < REDIRECTS; i++)
        counts->redirects[i] = meters_find(meters, redirects[i]);
}

void counts_redirect(struct counts *counts, enum redirect redirect)
{
    meter_add(counts->redirects[redirect], 1);
}

void counts_refused(struct counts *counts, const char *node)
{
    char name[METER_NAME + 1]; /* one more, so that a long one is too long */
    int len;

    if (!counts->meters)
        return;
    len = snprintf(name, sizeof(name), "redis_refused_total{node=\"%s", node);
    for (char *at = name + sizeof("redis_refused_total{node=\"") - 1; *at; at++)
        if (*at <= 0x20 || *at > 0x7e || *at == '"' || *at == '\\')
            *at = '?';
    if (len >= 0 && (size_t)len < sizeof(name))
        snprintf(name + len, sizeof(name) - (size_t)len, "\"}");
    meter_add(meters_find(counts->meters, name), 1);
}

void counts_round_trip(struct counts *counts, long long us)
{
    int bucket = 0;

    while (bucket < COUNTS_BUCKETS && us > bounds[bucket].us)
        bucket++;
    meter_add(counts->buckets[bucket], 1);
    meter_add(counts->us, us > 0 ? (unsigned long long)us : 0);
}

void counts_show_round_trips(struct meters *meters, const char *name, struct buffer *out)
{
    unsigned long long count = 0;

    for (int i = 0; i <= COUNTS_BUCKETS; i++) {
        count += meter_number(bucket_of(meters, i));
        buffer_addf(out, "%s_bucket{le=\"%s\"} %llu\n", name, le_of(i), count);
    }
    buffer_addf(out, "%s_sum %.6f\n%s_count %llu\n", name,
                (double)meter_number(sum_of(meters)) / 1e6, name, count);
}
