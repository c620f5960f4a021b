/* heads.c - connections whose request is not complete.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/heads.h"

#include <stddef.h>
#include <sys/random.h>

#include "base/network.h"

enum { PREFIX = 8 }; /* bytes of an IPv6 address; the rest is as its owner likes */

static unsigned bucket_of(const struct heads *heads, const struct ip *ip)
{
    size_t len = ip_is_v4(ip) ? sizeof(ip->bytes) : PREFIX;
    uint64_t hash = heads->seed;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ip->bytes[i]) * 0x100000001b3;
    hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15; /* neighbours differ in their last byte only */
    return (unsigned)(hash >> 32) % HEADS_BUCKETS;
}

void heads_limit(struct heads *heads, long long places)
{
    if (!heads->seed && getrandom(&heads->seed, sizeof(heads->seed), 0) < 0)
        heads->seed = 0; /* it works without, for strangers who guess well */
    heads->limit = places > 2 ? places / 2 : 1;
    heads->limit_of_one = heads->limit > 2 ? heads->limit / 2 : 1;
}

static struct half_head *oldest_in(const struct heads *heads, unsigned bucket)
{
    struct half_head *half = heads->oldest;

    while (half && half->bucket != bucket)
        half = half->newer;
    return half;
}

static void make_room(struct heads *heads, unsigned bucket)
{
    bool is_too_many = bucket < HEADS_BUCKETS && heads->counts[bucket] >= heads->limit_of_one;
    struct half_head *least = is_too_many                    ? oldest_in(heads, bucket)
                              : heads->count >= heads->limit ? heads->oldest
                                                             : NULL;

    if (least)
        heads->drop(least);
}

static void enter(struct heads *heads, struct half_head *half, unsigned bucket)
{
    make_room(heads, bucket);
    *half = (struct half_head){.older = heads->newest, .bucket = bucket};
    if (heads->newest)
        heads->newest->newer = half;
    else
        heads->oldest = half;
    heads->newest = half;
    heads->count++;
    heads->counts[bucket]++;
}

void heads_enter(struct heads *heads, struct half_head *half, const struct ip *ip)
{
    enter(heads, half, ip ? bucket_of(heads, ip) : HEADS_BUCKETS);
}

void heads_return(struct heads *heads, struct half_head *half)
{
    enter(heads, half, half->bucket);
}

void heads_leave(struct heads *heads, struct half_head *half)
{
    *(half->older ? &half->older->newer : &heads->oldest) = half->newer;
    *(half->newer ? &half->newer->older : &heads->newest) = half->older;
    heads->count--;
    heads->counts[half->bucket]--;
}

bool heads_drop_oldest(struct heads *heads)
{
    if (!heads->oldest)
        return false;
    heads->drop(heads->oldest);
    return true;
}
