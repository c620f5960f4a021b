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

/* Begins at the first master.  then() is told at once without a cluster, and otherwise when a node
 * has said which masters there are, or when no node answers. */
enum status tour_begin(struct exchange *exchange, struct tour *tour, finish *then);
void tour_clear(struct tour *tour);

/* Sends the exchange's call, which has no keys, to the master in hand. */
void tour_address(const struct tour *tour, struct exchange *exchange);

/* The address of the master in hand. */
const char *tour_name(const struct tour *tour, const struct exchange *exchange);

/* A queue's name whose slot the master in hand has; false: none was found. */
bool tour_queue(const struct tour *tour, char queue[16]);

#endif
