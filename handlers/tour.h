/* tour.h - the masters of Redis, one after the other: the one, or each of a cluster that has slots.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_TOUR_H
#define HANDLERS_TOUR_H

#include "handlers/exchange.h"
#include "redis/cluster.h"

/* Zeroed memory has not begun. */
struct tour {
    struct cluster *map; /* NULL: there is no cluster */
    int count;
    int number; /* of the one in hand, which its owner counts up to the count */
};

/* Begins at the first one.  then() is told at once where there is no cluster, and otherwise when a
 * node has said which there are, or that cannot be known. */
enum status tour_begin(struct exchange *exchange, struct tour *tour, finish *then);
void tour_clear(struct tour *tour);

/* The exchange's call, which has no keys, goes to the one in hand. */
void tour_address(const struct tour *tour, struct exchange *exchange);

/* Its address. */
const char *tour_name(const struct tour *tour, const struct exchange *exchange);

/* A name of a queue that it would have; false: none was found. */
bool tour_queue(const struct tour *tour, char queue[16]);

#endif
