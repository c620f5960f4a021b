/* stats.h - the state of queues, for the routes that show a part of it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_STATS_H
#define HANDLERS_STATS_H

#include "broker/state.h"
#include "handlers/exchange.h"

/* The state of exchange->queue. */
enum status stats_of_queue(struct exchange *exchange, struct queue_state *state);

/* Visits the states of these queues, some in a call.  state is NULL of one with a damaged key,
 * which the reason names. */
typedef void stats_visit(void *user, const char *queue, const struct queue_state *state,
                         const struct reason *reason);
enum status stats_each(struct exchange *exchange, const char *const *names, int count,
                       stats_visit *visit, void *user);

/* Answers {"queues":{…},"redis":…,"count":n} with a page of queues, see page.h, and a Link to the
 * next one; add_queue() adds the member of one queue.  A damaged queue has an error in its place.
 */
enum status stats_of_all(struct exchange *exchange,
                         void (*add_queue)(struct json_object *queues, const char *queue,
                                           const struct queue_state *state));

#endif
