/* ring.h - consistent hashing: a ketama ring of servers, and a cache of such rings.
 *
 * A key is placed as libmemcached does it with KETAMA_WEIGHTED and equal weights: every server has
 * 160 points on a ring of 32 bits, and a key belongs to the first point that is not below its own.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_RING_H
#define BROKER_RING_H

#include <stddef.h>

enum { RING_POINTS = 160 }; /* of each server */

/* A server on a ring.  The texts are the caller's. */
struct ring_member {
    const char *server; /* "host:port" is known to the ring as "host" where the port is 11211 */
    const char *row;
};

struct ring;

/* Of members with the same name the first row by name counts.  Copies the texts. */
struct ring *ring_new(const struct ring_member *members, int count);
void ring_free(struct ring *ring);

/* How many servers it has, and each of them; they live as long as the ring. */
int ring_count(const struct ring *ring);
const struct ring_member *ring_member(const struct ring *ring, int index);

/* The server that the key belongs to; the ring has at least one. */
int ring_find(struct ring *ring, const char *key, size_t len);

/* Walks on round the ring from there: writes the first count different servers, at most as many as
 * there are; returns how many. */
int ring_walk(struct ring *ring, const char *key, size_t len, int *servers, int count);

/* --- the rings of some pools --------------------------------------------------------------- */

enum {
    RINGS = 16,           /* pools that a process has rings of at once */
    RING_FRESH_MS = 1000, /* after that long a pool is looked at anew */
    RING_VERSION = 24     /* bytes of a version or a size, with a NUL */
};

/* A pool's ring, and of what state of the pool it was made. */
struct ring_slot {
    char *pool; /* NULL: unused */
    char version[RING_VERSION];
    char size[RING_VERSION];
    long long looked_ms; /* when the members were read */
    struct ring *ring;
};

struct rings;

struct rings *rings_new(void);
void rings_free(struct rings *rings);

/* The pool's ring, by a monotonic clock; NULL: none, or none that is fresh enough.  Valid until the
 * next store. */
struct ring_slot *rings_find(struct rings *rings, const char *pool, long long now_ms);

/* Makes it anew, unless the members are the same as before.  May forget another pool's. */
void rings_store(struct rings *rings, const char *pool, const char *version, const char *size,
                 const struct ring_member *members, int count, long long now_ms);

#endif
