/* heads.h - connections of which nobody was let in yet: the request is not complete, or was refused
 * and its connection not closed.
 *
 * They have half of the places, one address has half of those, and beyond that the oldest makes
 * room: a request takes some milliseconds to come, so the oldest are those that nobody misses.
 * Behind a proxy there is no address to count: web servers pass on what is complete.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_HEADS_H
#define WS_NET_HEADS_H

#include <stdbool.h>
#include <stdint.h>

struct ip;

enum { HEADS_BUCKETS = 1024 };

/* A connection's place among them, embedded in it. */
struct half_head {
    struct half_head *older, *newer;
    unsigned bucket; /* of its address; HEADS_BUCKETS: of none */
};

/* Zeroed memory is empty; set drop() and the limits first. */
struct heads {
    void (*drop)(struct half_head *half); /* closes its connection, which leaves */
    struct half_head *oldest, *newest;
    long long count, limit, limit_of_one;
    uint64_t seed; /* for the addresses: nobody shall know with whom he shares a bucket */
    unsigned counts[HEADS_BUCKETS + 1];
};

/* Of so many places for connections. */
void heads_limit(struct heads *heads, long long places);

/* A new connection from that address (NULL: a proxy); what is too much is closed. */
void heads_enter(struct heads *heads, struct half_head *half, const struct ip *ip);

/* The same for one that has left: what its connection has asked is answered, and more may come.
 * One whose requests were all refused has not left, and is as old as its connection. */
void heads_return(struct heads *heads, struct half_head *half);

/* The connection was let in, or is closed. */
void heads_leave(struct heads *heads, struct half_head *half);

/* Closes the oldest; false: there is none. */
bool heads_drop_oldest(struct heads *heads);

#endif
