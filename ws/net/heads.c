/* heads.c - connections whose request is not complete.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/heads.h"

#include <stddef.h>
#include <sys/random.h>

#include "base/network.h"
#include "ws/net/conn.h"

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

static struct conn *oldest_in(const struct heads *heads, unsigned bucket)
{
    struct conn *conn = heads->oldest;

    while (conn && conn->reader.half.bucket != bucket)
        conn = conn->reader.half.newer;
    return conn;
}

static void make_room(struct heads *heads, unsigned bucket)
{
    bool is_too_many = bucket < HEADS_BUCKETS && heads->counts[bucket] >= heads->limit_of_one;
    struct conn *least = is_too_many                    ? oldest_in(heads, bucket)
                         : heads->count >= heads->limit ? heads->oldest
                                                        : NULL;

    if (least)
        conn_abort(least);
}

void heads_enter(struct heads *heads, struct conn *conn, const struct ip *ip)
{
    unsigned bucket = ip ? bucket_of(heads, ip) : HEADS_BUCKETS;

    make_room(heads, bucket);
    conn->reader.half = (struct half_head){.older = heads->newest, .bucket = bucket};
    if (heads->newest)
        heads->newest->reader.half.newer = conn;
    else
        heads->oldest = conn;
    heads->newest = conn;
    heads->count++;
    heads->counts[bucket]++;
    conn->is_half = true;
}

void heads_leave(struct heads *heads, struct conn *conn)
{
    struct half_head *half = &conn->reader.half;

    if (!conn->is_half)
        return;
    conn->is_half = false;
    *(half->older ? &half->older->reader.half.newer : &heads->oldest) = half->newer;
    *(half->newer ? &half->newer->reader.half.older : &heads->newest) = half->older;
    heads->count--;
    heads->counts[half->bucket]--;
}

bool heads_drop_oldest(struct heads *heads)
{
    if (!heads->oldest)
        return false;
    conn_abort(heads->oldest);
    return true;
}
