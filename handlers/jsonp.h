/* jsonp.h - ?callback=: answers that a script element may load, where they are switched on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_JSONP_H
#define HANDLERS_JSONP_H

#include "base/status.h"

struct exchange;

/* Reads the callback option into exchange->callback.  FORBIDDEN when jsonp is off. */
enum status jsonp_check(struct exchange *exchange);

/* Turns a JSON or text answer into a call of the callback; leaves others as they are. */
void jsonp_wrap(struct exchange *exchange);

#endif
