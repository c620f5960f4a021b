/* talk.h - what the peers of connections say: heads of requests, the eight bytes of hixie-76,
 * frames; to their front and to their roles.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_TALK_H
#define WS_NET_TALK_H

#include <stdint.h>

struct conn;
struct conns;

/* From now on all connections are heard, and no more. */
void talk_begin(struct conns *conns);
void talk_end(struct conns *conns);

/* For the front: the head must be read once more, as if it had just come, after conn_resume(). */
void conn_reread(struct conn *conn);

/* For the front: the answer to the head of hixie-76 is queued, its eight bytes must come. */
void conn_await_nonce(struct conn *conn, const uint32_t numbers[2]);

/* For the front: the answer to the head is queued, the role may begin. */
void conn_open(struct conn *conn);

#endif
