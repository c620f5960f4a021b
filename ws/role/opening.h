/* opening.h - how a stream, or an answer that waits, begins.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_OPENING_H
#define WS_ROLE_OPENING_H

#include "base/status.h"

struct conn;
struct inquiry;
struct role;

/* Reads how the client wants to have it, and prepares the connection for that role, whose options
 * are known.  If not OK the role may have to be closed. */
enum status opening_prepare(struct conn *conn, struct inquiry *inquiry, const struct role *role,
                            struct reason *reason);

/* Sends the head of the answer, or the handshake, and begins the role. */
void opening_begin(struct conn *conn, const struct inquiry *inquiry);

#endif
