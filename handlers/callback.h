/* callback.h - ?callback=: answers that a script element may load, where they are switched on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_CALLBACK_H
#define HANDLERS_CALLBACK_H

struct exchange;

/* Turns a JSON or text answer into a call of exchange->callback; leaves others as they are. */
void callback_wrap(struct exchange *exchange);

#endif
