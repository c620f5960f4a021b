/* inquiry.h - a request, read: what is asked, and by whom.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_INQUIRY_H
#define WS_ROLE_INQUIRY_H

#include <netinet/in.h>

#include "base/buffer.h"
#include "base/status.h"
#include "http/access.h"
#include "http/request.h"
#include "protocol/admission.h"
#include "ws/codec/handshake.h"

struct conn;
struct head;
struct stream_route;

/* Its texts point into the head, which it has, and into itself.  A connection owns it as
 * conn->asked until it is decided on; what a connection keeps for longer is copied. */
struct inquiry {
    struct buffer text; /* the head */
    int minor_version;  /* of HTTP/1 */
    struct request request;
    struct handshake handshake;
    const struct stream_route *route;
    enum status wrong; /* with the request, which is told to who is admitted; why: */
    struct reason complaint;
    struct visitor visitor;
    struct admission admission;
    char peer[INET6_ADDRSTRLEN];                  /* the address that the request comes from */
    struct buffer forwarded_for, accept, cookies; /* of several such fields, as one list each */
    size_t counted;                               /* of it, in the budget */
};

/* The connection's: takes over what conn->in.bytes has, which is that head. */
struct inquiry *inquiry_new(struct conn *conn, const struct head *head);
void inquiry_free(struct inquiry *inquiry, struct conn *conn);

/* Reads the request, and what the connection's answer must be like, errors too.  The handshake and
 * the visitor are for others to read. */
enum status inquiry_read(struct inquiry *inquiry, const struct head *head, struct conn *conn,
                         struct reason *reason);

#endif
