/* stats.h - the state of queues, for the routes that show a part of it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_STATS_H
#define HANDLERS_STATS_H

#include "broker/state.h"
#include "handlers/page.h"

/* Ends as a handler does.  When the state of exchange->queue is there, then() is told, and
 * stats_found() has it until the next call. */
enum status stats_of_queue(struct exchange *exchange, finish *then);
const struct queue_state *stats_found(const struct exchange *exchange);

/* Visits the state of a queue.  It is NULL of one with a damaged key, which the reason names. */
typedef void stats_visit(struct exchange *exchange, const char *queue,
                         const struct queue_state *state, const struct reason *reason);

/* The states of a page of queues, over some calls.  The exchange's state is one, or begins with
 * one. */
struct census {
    struct gathering gathering;
    stats_visit *visit;
    finish *then;
    int at, count; /* of the page's queues: the next one, and how many of them */
    int some;      /* that the call under way asks for */
    int alone;     /* up to this one each has a call of its own, since one of them is damaged */
    struct queue_states states;
    struct queue_state found[QUEUE_STATES];
};
void census_clear(struct census *census);

/* Visits the first count queues of the page, which has been gathered, some in a call.  Ends as a
 * handler does; behind the last, then() is told. */
enum status stats_each(struct exchange *exchange, int count, stats_visit *visit, finish *then);

/* Ends as a handler does, with {"queues":{…},"redis":…,"count":n}, a page of queues, see page.h,
 * and a Link to the next one; add_queue() adds the member of one queue.  A damaged queue has an
 * error in its place. */
typedef void stats_add(struct json_object *queues, const char *queue,
                       const struct queue_state *state);
enum status stats_of_all(struct exchange *exchange, stats_add *add);

#endif
