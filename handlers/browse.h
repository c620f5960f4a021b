/* browse.h - /j/NAME with options.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_BROWSE_H
#define HANDLERS_BROWSE_H

#include "handlers/exchange.h"

/* Has the request one of the options? */
bool browse_is_asked(const struct exchange *exchange);

/* Ends as a handler does. */
enum status begin_browse(struct exchange *exchange);

#endif
