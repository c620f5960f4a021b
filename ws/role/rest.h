/* rest.h - requests of handlers on a connection: HTTP/1.1, kept, with bodies, and several at once.
 *
 * Answers go out in the order of their requests.  Pushes that come together are sent to Redis
 * together; any other request is run once those before it have ended.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_REST_H
#define WS_ROLE_REST_H

#include <stdbool.h>

#include "base/status.h"

struct conn;
struct inquiry;
struct reason;
struct role;

extern const struct role role_rest;

/* Takes a request over, whose head was read: its body is what comes next.  status is that of the
 * head, and the reason says why it is not OK. */
void rest_take(struct conn *conn, struct inquiry *inquiry, enum status status,
               const struct reason *reason);

/* On a connection of role_rest: what came instead of a head is none, and the last that is read. */
void rest_refuse(struct conn *conn, const struct reason *reason);

/* A turn that conn_look_in() has asked for. */
void rest_look(struct conn *conn);

#endif
