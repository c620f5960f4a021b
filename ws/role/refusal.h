/* refusal.h - the answer to a request that is refused.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_REFUSAL_H
#define WS_ROLE_REFUSAL_H

#include "base/status.h"

struct conn;

/* Answers with an error, as JSON or as the page that was wished for, and ends the connection. */
void refusal_answer(struct conn *conn, enum status status, const struct reason *reason);

/* Says on a socket that too many are connected, and closes it: its request is not read. */
void refusal_turn_away(int fd);

#endif
