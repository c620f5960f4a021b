/* front.h - the functions above a connection that read its request and let it in.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_FRONT_H
#define WS_NET_FRONT_H

struct conn;
struct head;
struct reason;

/* No member may be NULL. */
struct front {
    /* The head of its request, valid during the call; the texts stand in conn->in.bytes, which the
     * front may take over with them.  The connection is answered, given a role and opened, or
     * paused until the front has decided on conn->asked. */
    void (*head)(struct conn *conn, const struct head *head);

    /* The bytes are no head: BAD_REQUEST. */
    void (*bad_head)(struct conn *conn, const struct reason *reason);

    /* The connection has ended before that: frees conn->asked, which is not NULL. */
    void (*forget)(struct conn *conn);

    /* The role of a connection, which is a stream, begins. */
    void (*opened)(struct conn *conn);

    /* The time that conn_look_in() was given is over. */
    void (*look)(struct conn *conn);
};

#endif
