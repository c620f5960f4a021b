/* sending.h - the answer to a request of a handler, on its way.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_SENDING_H
#define WS_ROLE_SENDING_H

#include <stdbool.h>

struct conn;
struct inquiry;

/* Puts the answer into the outbox, which takes the body over.  False: what is written as it is sent
 * has more, so it must be called again when some of it was taken. */
bool sending_ends(struct conn *conn, struct inquiry *inquiry);

#endif
