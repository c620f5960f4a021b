/* claims.h - many leased messages of a queue at once, for PUT /q/NAME.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_CLAIMS_H
#define HANDLERS_CLAIMS_H

#include "handlers/exchange.h"

/* Does the request name many messages, by keys= or an array? */
bool claims_are_sent(const struct exchange *exchange);

/* Answers what became of each of them. */
enum status claims_extend(struct exchange *exchange, long long seconds);
enum status claims_release(struct exchange *exchange, long long delay);

#endif
