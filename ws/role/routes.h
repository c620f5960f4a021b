/* routes.h - from the head of a request to what the connection is there for.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_ROUTES_H
#define WS_ROLE_ROUTES_H

#include "base/status.h"

struct conn;
struct head;
struct response;

/* Opens the connection, or answers with an error. */
void routes_open(struct conn *conn, const struct head *head);

/* The response that is the server's, fit for an answer on this connection. */
struct response *routes_response(struct conn *conn);

/* Makes it the answer that says why: JSON, or a page with the prefix of restmq.conf. */
void routes_error(struct response *response, enum status status, const struct reason *reason,
                  const char *page_prefix);

/* Answers with an error, and ends the connection. */
void routes_refuse(struct conn *conn, enum status status, const struct reason *reason);

#endif
