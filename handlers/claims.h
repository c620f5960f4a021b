/* claims.h - many leased messages of a queue at once, for PUT /q/NAME.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_CLAIMS_H
#define HANDLERS_CLAIMS_H

#include "handlers/exchange.h"

struct release;

/* Does the request name many messages, by keys= or an array? */
bool claims_are_sent(const struct exchange *exchange);

/* Each ends as a handler does, with what became of each of them. */
enum status begin_extend_of_several(struct exchange *exchange, long long seconds);
enum status begin_release_of_several(struct exchange *exchange, const struct release *release);

#endif
