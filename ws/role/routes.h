/* routes.h - from the head of a request to what the connection is there for.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_ROUTES_H
#define WS_ROLE_ROUTES_H

#include "base/status.h"

struct conn;
struct desk;
struct front;
struct response;

/* For the wiring: what requests are read with. */
struct desk *desk_new(void);
void desk_free(struct desk *desk);

/* Opens connections, or answers with an error. */
extern const struct front routes_front;

/* The response that is the server's, fit for an answer on this connection. */
struct response *routes_response(struct conn *conn);

/* Makes it the answer that says why: JSON, or a page with the prefix of restmq.conf. */
void routes_error(struct response *response, enum status status, const struct reason *reason,
                  const char *page_prefix);

/* Says on a socket that too many are connected, and closes it: its request is not read. */
void routes_turn_away(int fd);

/* Answers with an error, and ends the connection. */
void routes_refuse(struct conn *conn, enum status status, const struct reason *reason);

#endif
