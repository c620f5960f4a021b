/* stats.h - the state of queues, for the routes that show a part of it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_STATS_H
#define HANDLERS_STATS_H

#include "broker/state.h"
#include "handlers/exchange.h"

/* The state of exchange->queue. */
enum status stats_of_queue(struct exchange *exchange, struct queue_state *state);

/* Answers {"queues":{…},"redis":…,"count":n} over all queues, some in a call; add_queue() adds
 * the member of one queue.  A damaged queue has an error in its place. */
enum status stats_of_all(struct exchange *exchange,
                         void (*add_queue)(struct json_object *queues, const char *queue,
                                           const struct queue_state *state));

#endif
