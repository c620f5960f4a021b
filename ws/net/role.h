/* role.h - what a connection is there for: a consumer of a queue, a subscriber, a long-poll.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_ROLE_H
#define WS_NET_ROLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct conn;
struct request;

/* Each function may be NULL: then nothing is done, or what is asked is allowed; an answer whose
 * time is over is closed. */
struct role {
    bool is_answer; /* one answer instead of a stream, and never a websocket */
    bool is_brief;  /* its answer is small and given at once, however little memory is left */

    /* Reads the options and prepares conn->role_data; nothing is sent, and nothing taken.  The
     * request is gone afterwards. */
    enum status (*prepare)(struct conn *conn, const struct request *request, struct reason *reason);

    /* May the key of a stream still read what it is about?  As gate_key(). */
    enum status (*admit)(struct conn *conn, struct reason *reason);

    /* The head of the stream, or the handshake, was sent. */
    void (*open)(struct conn *conn);

    /* What comes on a connection of conn_converse(), byte by byte: returns how much it has taken.
     * NULL: nothing is said on answers and streams that are no websockets. */
    size_t (*hear)(struct conn *conn, const char *data, size_t len);

    /* A websocket said something; NULL: it must not, and is closed with 1003. */
    void (*message)(struct conn *conn, const char *data, size_t len, bool is_text);

    /* The kernel took more bytes, or the peer answered a ping. */
    void (*progress)(struct conn *conn);

    /* The time that conn_wait() has set is over.  Only for roles with one answer: the time of
     * a stream is that of its pings. */
    void (*timeout)(struct conn *conn);

    /* An answer must be given now: the program ends, or other rules are in force.  Only for roles
     * with one answer. */
    void (*stop)(struct conn *conn);

    /* The connection is gone, or as good as; frees conn->role_data. */
    void (*close)(struct conn *conn);
};

extern const struct role role_consumer;
extern const struct role role_channel;
extern const struct role role_presence;
extern const struct role role_waiter;
extern const struct role role_health;
extern const struct role role_metrics;

#endif
