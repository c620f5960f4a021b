/* queue.h - push and take, for the routes that do it under another path.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_QUEUE_H
#define HANDLERS_QUEUE_H

#include "handlers/exchange.h"

/* Works on exchange->queue. */
enum status queue_push(struct exchange *exchange);

/* The message that the options key and lease name. */
enum status queue_read_claim(struct exchange *exchange, struct claim *claim);

/* Takes from the first queue of "high,low" that has a message; a call each, in that order. */
enum status queues_take(struct exchange *exchange, const struct field *queues);

#endif
