/* send.h - what is said to a peer at once: a text, or an HTTP answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_SEND_H
#define WS_NET_SEND_H

#include <stdbool.h>
#include <stddef.h>

struct conn;
struct response;

/* One text message, or a line of its own.  False: too much waits already; nothing was queued. */
bool conn_send_text(struct conn *conn, const char *text, size_t len);

/* An empty HTTP answer of this connection, with the headers that all of its answers have.  The
 * caller owns it, and sends it by one of the functions below. */
struct response conn_begin_response(const struct conn *conn);

/* The HTTP answer, as bytes, and the same with the end behind it.  They clear the response. */
void conn_send_response(struct conn *conn, struct response *response);
void conn_answer(struct conn *conn, struct response *response);

#endif
