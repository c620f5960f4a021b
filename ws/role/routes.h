/* routes.h - from the head of a request to what the connection is there for.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_ROUTES_H
#define WS_ROLE_ROUTES_H

struct front;

/* Opens connections, or answers with an error. */
extern const struct front routes_front;

#endif
