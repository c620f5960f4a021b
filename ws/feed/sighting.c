/* sighting.c - how fast the messages of a queue come and go, and whether they do.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/sighting.h"

/* Messages in a thousand seconds. */
static long long rate(long long before, long long now, long long ms)
{
    return ms > 0 && now >= before ? (long long)((double)(now - before) * 1e6 / (double)ms) : -1;
}

struct rates sighting_rates(const struct sighting *sighting, const struct gauge *gauge,
                            long long time_ms)
{
    const struct gauge *before = &sighting->gauge;
    long long ms = sighting->time_ms ? time_ms - sighting->time_ms : 0;

    return (struct rates){
        .in = rate(before->pushed, gauge->pushed, ms),
        .out = rate(gauge_out(before), gauge_out(gauge), ms),
        .acked = rate(before->acked, gauge->acked, ms),
        .returned = rate(before->returned, gauge->returned, ms),
        .died = rate(before->died, gauge->died, ms),
    };
}

bool sighting_is_as(const struct sighting *sighting, const struct quick_row *row, unsigned round)
{
    return sighting->time_ms && !row->has_more && !sighting->gauge.leased &&
           !sighting->gauge.delayed && sighting->gauge.pushed == row->pushed &&
           sighting->listed == row->ready &&
           ((unsigned)sighting->place + round) % SIGHTING_CLOSER != 0;
}

bool sighting_rests(const struct sighting *sighting, unsigned round)
{
    return sighting->time_ms && sighting->still >= SIGHTING_STILL &&
           ((unsigned)sighting->place + round) % SIGHTING_REST != 0;
}
