/* inquiry.c - the head of a request, read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/inquiry.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "base/settings.h"
#include "base/text.h"
#include "http/fields.h"
#include "http/html.h"
#include "ws/codec/head.h"
#include "ws/net/conn.h"

void inquiry_clear(struct inquiry *inquiry)
{
    request_clear(&inquiry->request);
    buffer_clear(&inquiry->forwarded_for);
    buffer_clear(&inquiry->accept);
    buffer_clear(&inquiry->cookies);
}

/* The address of the peer; NULL: a unix socket.  One that is gone already is nobody's. */
static const char *read_peer(struct inquiry *inquiry, const struct conn *conn)
{
    struct sockaddr_storage peer = {0};
    socklen_t size = sizeof(peer);
    char *name = inquiry->peer;

    *name = '\0';
    if (getpeername(conn->readable.fd, (struct sockaddr *)&peer, &size) != 0)
        return name;
    if (peer.ss_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)&peer)->sin_addr, name, INET6_ADDRSTRLEN);
    else if (peer.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&peer)->sin6_addr, name, INET6_ADDRSTRLEN);
    return peer.ss_family == AF_UNIX ? NULL : name;
}

/* All fields of that name as one text, in the head or in the buffer; NULL for none. */
static const char *joined(const struct head *head, const char *name, const char *separator,
                          struct buffer *buffer)
{
    const char *list = NULL;

    for (int i = 0; i < head->count; i++)
        if (strcmp(head->fields[i].name, name) == 0)
            field_join(&list, buffer, separator, head->fields[i].value);
    return list;
}

/* Browsers have had several names for it. */
static bool says_prefetch(const struct head *head)
{
    for (int i = 0; i < head->count; i++) {
        const struct head_field *field = &head->fields[i];

        if (text_is_listed(field->name, strlen(field->name),
                           "sec-purpose purpose x-purpose x-moz") &&
            field_is_prefetch(field->value))
            return true;
    }
    return false;
}

static struct request_head request_head_of(struct inquiry *inquiry, const struct conn *conn)
{
    const struct head *head = inquiry->head;

    return (struct request_head){
        .method = head->method,
        .target = head->target,
        .peer = read_peer(inquiry, conn),
        .content_length = head_field(head, "content-length"),
        .accept = joined(head, "accept", ",", &inquiry->accept),
        .is_prefetch = says_prefetch(head),
        .forwarded_for = joined(head, "x-forwarded-for", ",", &inquiry->forwarded_for),
        .forwarded_proto = head_field(head, "x-forwarded-proto"),
        .authorization = head_field(head, "authorization"),
        .cookie = joined(head, "cookie", "; ", &inquiry->cookies),
        .authkey = head_field(head, "x-authkey"),
        .host = head_field(head, "host"),
        .origin = head_field(head, "origin"),
        .fetch_site = head_field(head, "sec-fetch-site"),
    };
}

enum status inquiry_read(struct inquiry *inquiry, struct conn *conn, struct reason *reason)
{
    struct request_head request_head = request_head_of(inquiry, conn);
    struct request *request = &inquiry->request;
    enum status status =
        request_begin(request, &request_head, conn->conns->settings->prefix, reason);

    conn->wishes.wants_page = html_is_wanted(request);
    if (status != STATUS_OK)
        return status;
    conn->wishes.is_head = request->is_head;
    conn->wishes.is_options = request->method == METHOD_OPTIONS;
    if (head_has_body(inquiry->head))
        return refuse(reason, STATUS_BAD_REQUEST, "a request here has no body");
    return STATUS_OK;
}
