/* jsonp.h - ?callback=: answers that a script element may load, where they are switched on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_JSONP_H
#define HANDLERS_JSONP_H

struct exchange;

/* Turns a JSON or text answer into a call of exchange->callback; leaves others as they are. */
void jsonp_wrap(struct exchange *exchange);

#endif
