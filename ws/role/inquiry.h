/* inquiry.h - the head of a request, read: what is asked, and by whom.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_INQUIRY_H
#define WS_ROLE_INQUIRY_H

#include <netinet/in.h>

#include "base/buffer.h"
#include "base/status.h"
#include "http/access.h"
#include "http/request.h"
#include "ws/codec/handshake.h"

struct conn;
struct head;

/* Its texts point into the head and into itself, so it ends with the function that was given the
 * head.  What a connection keeps is copied. */
struct inquiry {
    const struct head *head;
    struct request request;
    struct handshake handshake;
    struct visitor visitor;
    char peer[INET6_ADDRSTRLEN];                  /* the address that the request comes from */
    struct buffer forwarded_for, accept, cookies; /* of several such fields, as one list each */
};

/* Zeroed memory with its head set is ready: reads the request, and what the connection's answer
 * must be like, errors too.  The handshake and the visitor are for others to read. */
enum status inquiry_read(struct inquiry *inquiry, struct conn *conn, struct reason *reason);
void inquiry_clear(struct inquiry *inquiry);

#endif
