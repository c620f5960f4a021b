/* inquiry.h - a request, read: what is asked, and by whom.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_INQUIRY_H
#define WS_ROLE_INQUIRY_H

#include <netinet/in.h>

#include "base/buffer.h"
#include "base/status.h"
#include "handlers/exchange.h"
#include "ws/codec/chunks.h"
#include "ws/codec/handshake.h"
#include "ws/codec/head.h"
#include "ws/role/running.h"

struct conn;
struct stream_route;

/* Its texts point into the head, which it has, and into itself.  One for a stream is its
 * connection's, as conn->asked, until it is decided on; those for handlers are rest.h's. */
struct inquiry {
    struct exchange exchange; /* of a stream: who asks for what, and what is wrong with that */
    struct running running;   /* of a handler's */
    struct inquiry *next;     /* of the same connection, or of those that are not used */
    struct inquiry **link;    /* of all that are used */
    struct inquiry *next_used;
    struct buffer text;  /* the head */
    int minor_version;   /* of HTTP/1 */
    bool is_last;        /* its answer ends the connection */
    bool is_answered;    /* but for what is still written from the response's source */
    enum status framing; /* of the body: OK, or where it ends is not known, with the reason: */
    struct reason unframed;
    struct head_body body;
    struct chunks chunks;
    struct handshake handshake;
    const struct stream_route *route;             /* of a stream; NULL: none */
    enum status refused;                          /* a stream, whoever asks; why: exchange.reason */
    char peer[INET6_ADDRSTRLEN];                  /* the address that the request comes from */
    struct buffer forwarded_for, accept, cookies; /* of several such fields, as one list each */
    struct buffer encodings, authority;
    size_t counted; /* of it, in the budget */
};

/* All inquiries; service and alink are filled in, the rest is zero. */
struct inquiries {
    const struct service *service;
    struct alink *alink;
    struct inquiry *used, *unused;
    int unused_count;
};

/* The end of the program: frees all, those with calls under way too, which will not come back. */
void inquiries_clear(struct inquiries *inquiries);

/* Takes over what conn->in.bytes has, which is that head; NULL: there is none, and the request is
 * nobody's and for nothing. */
struct inquiry *inquiry_new(struct inquiries *inquiries, struct conn *conn,
                            const struct head *head);
void inquiry_free(struct inquiries *inquiries, struct inquiry *inquiry, struct conn *conn);

/* Counts what it takes by now. */
void inquiry_count(struct inquiry *inquiry, const struct conn *conn);

/* Its response is written: what was large of the request goes. */
void inquiry_done(struct inquiry *inquiry, const struct conn *conn);

/* Reads the request, with how its body comes, and what the connection's answer must be like, errors
 * too.  The handshake and the visitor are for others to read. */
enum status inquiry_read(struct inquiry *inquiry, const struct head *head, struct conn *conn,
                         struct reason *reason);

#endif
