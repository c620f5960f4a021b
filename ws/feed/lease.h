/* lease.h - the leases of a queue's takers: prolonged as long as those are connected.
 *
 * Each taker has its turn every ten seconds, so that thousands of them are spread over that time.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_LEASE_H
#define WS_FEED_LEASE_H

#include <stdbool.h>
#include <stddef.h>

struct feed;
struct held;
struct jobs;
struct leases;
struct source;
struct taker;

/* Once Redis is back all leases are prolonged, before anything is taken: see comeback.h. */
enum renewal {
    RENEWAL_NONE,
    RENEWAL_BEGUN,
    RENEWAL_SENT, /* the calls are under way */
};

/* The feed's part of its leases, as functions. */
struct leases_owner {
    /* leases_pump() is to follow at the end of this turn. */
    void (*mark)(struct feed *feed);

    /* Another client has ended that lease. */
    void (*ended)(struct feed *feed, struct taker *taker, const char *key, size_t len,
                  const char *token);

    /* A renewal is over. */
    void (*renewed)(struct feed *feed);
};

struct leases {
    struct jobs *jobs;
    struct held *held;     /* which a call keeps in memory */
    struct source *source; /* of takers */
    struct feed *feed;     /* for its owner */
    const struct leases_owner *owner;
    bool is_marked; /* leases_pump() has something to do */
    int due;        /* takers whose leases are to be prolonged, in tenths */
    int under_way;  /* calls that do it */
    enum renewal renewal;
};

/* Redis is back: all leases are prolonged now. */
void leases_renew(struct leases *leases);

/* Redis went away: the renewal is begun anew once it is back. */
void leases_reset(struct leases *leases);

/* A second has passed: the next tenth of the takers is due. */
void leases_step(struct leases *leases);

/* At the end of a turn, if they are marked: prolongs the leases of those that are due, as long as
 * the turn goes on. */
void leases_pump(struct leases *leases);

#endif
