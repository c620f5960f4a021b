/* talk.h - what the peers of connections say: heads of requests, the eight bytes of hixie-76,
 * frames; to their front and to their roles.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_TALK_H
#define WS_NET_TALK_H

#include <stddef.h>
#include <stdint.h>

struct conn;
struct role;
struct conns;

/* From now on all connections are heard, and no more. */
void talk_begin(struct conns *conns);
void talk_end(struct conns *conns);

/* For the front: the answer to the head of hixie-76 is queued, its eight bytes must come. */
void conn_await_nonce(struct conn *conn, const uint32_t numbers[2]);

/* For the front: the answer to the head is queued, the role may begin. */
void conn_open(struct conn *conn);

/* For the front: this role, an answer's, hears from now on what comes behind the head.  Whoever
 * asks counts as let in only with conn_let_in(). */
void conn_converse(struct conn *conn, const struct role *role, void *role_data);

/* For such a role: what comes belongs to the head of another request, which the front is given
 * when it is complete.  Returns how much of it was taken. */
size_t conn_hear_head(struct conn *conn, const char *data, size_t len);

/* For such a role: all is answered.  It is closed, and the connection is as it was at its begin. */
void conn_begin_again(struct conn *conn);

#endif
