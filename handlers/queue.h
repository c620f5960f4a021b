/* queue.h - push and take, for the routes that do it under another path.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_QUEUE_H
#define HANDLERS_QUEUE_H

#include "handlers/exchange.h"

/* Works on exchange->queue, as the handler of such a request. */
enum status begin_push(struct exchange *exchange);

/* The message that the options key and lease name. */
enum status queue_read_claim(struct exchange *exchange, struct claim *claim);

/* A take, or a look, by the options.  From exchange->queue: */
enum status begin_take(struct exchange *exchange);

/* From the first of "high,low" that has a message; a call each, in that order. */
enum status begin_take_of_several(struct exchange *exchange, const struct field *queues);

/* How both go on. */
finish finish_take;

#endif
