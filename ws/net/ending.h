/* ending.h - the end of a connection, in order: what its peer is told, and when it closes.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_ENDING_H
#define WS_NET_ENDING_H

struct conn;

/* Close codes of RFC 6455 beside those of frame.h. */
enum {
    CLOSE_NORMAL = 1000,
    CLOSE_GOING_AWAY = 1001,
    CLOSE_UNACCEPTABLE = 1003,
    CLOSE_FORBIDDEN = 1008,
    CLOSE_AGAIN = 1012,
    CLOSE_TOO_SLOW = 1013,
};

/* One of CLOSE_KINDS, see conn.h, as /metrics names it. */
const char *close_kind_name(int kind);

/* Why it ends once its turn has come; see conn_leave(). */
enum leaving {
    STAYS,
    LEAVES_READ,   /* the peer has closed, in order */
    LEAVES_BROKEN, /* the connection is broken */
    LEAVES_RULES,  /* by which it was let in, and which are not in force any more */
    LEAVES_PURGED, /* its queue was */
    LEAVES_POLICY, /* ack=explicit, and its queue has the policy broadcast */
    LEAVES_ALL,    /* this program ends */
};

/* The role is done, and what is queued goes out. */
void conn_begin_ending(struct conn *conn);

/* An orderly end: a close frame with that code, or the last chunk. */
void conn_end(struct conn *conn, int code, const char *reason);

/* The end at the end of this turn, or a later one: thousands may be told in one turn.  Until then
 * nothing more is read or sent; who waits for an answer gets it.  The first reason counts. */
void conn_leave(struct conn *conn, enum leaving why);

/* For conns.c: the end of one that conn_leave() was called for, once its turn has come. */
void conn_end_leaving(struct conn *conn);

#endif
