/* inquiry.c - the head of a request, read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/inquiry.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "base/settings.h"
#include "base/text.h"
#include "http/fields.h"
#include "http/uri.h"
#include "ws/codec/head.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"

enum {
    UNUSED = 64,         /* inquiries that are kept for later ones */
    UNUSED_SIZE = 16384, /* bytes of a buffer that is */
};

static size_t size_of(const struct inquiry *inquiry)
{
    const struct exchange *exchange = &inquiry->exchange;

    return sizeof(*inquiry) + BUDGET_PIECE + inquiry->text.size + exchange->request.body.size +
           exchange->response.body.size + exchange->state_size + call_size(&exchange->call);
}

void inquiry_count(struct inquiry *inquiry, const struct conn *conn)
{
    budget_recount(conn->conns->budget, &inquiry->counted, size_of(inquiry));
}

void inquiry_done(struct inquiry *inquiry, const struct conn *conn)
{
    struct exchange *exchange = &inquiry->exchange;

    if (exchange->request.body.size <= UNUSED_SIZE && exchange->response.body.size <= UNUSED_SIZE)
        return;
    buffer_clear(&exchange->request.body);
    inquiry_count(inquiry, conn);
}

static struct inquiry *find_unused(struct inquiries *inquiries)
{
    struct inquiry *inquiry = inquiries->unused;

    if (inquiry) {
        inquiries->unused = inquiry->next;
        inquiries->unused_count--;
        return inquiry;
    }
    inquiry = xmalloc(sizeof(*inquiry));
    memset(inquiry, 0, sizeof(*inquiry));
    inquiry->exchange.service = inquiries->service;
    return inquiry;
}

static void note_used(struct inquiries *inquiries, struct inquiry *inquiry)
{
    inquiry->next_used = inquiries->used;
    inquiry->link = &inquiries->used;
    if (inquiry->next_used)
        inquiry->next_used->link = &inquiry->next_used;
    inquiries->used = inquiry;
}

struct inquiry *inquiry_new(struct inquiries *inquiries, struct conn *conn, const struct head *head)
{
    struct inquiry *inquiry = find_unused(inquiries);
    struct request *request = &inquiry->exchange.request;

    note_used(inquiries, inquiry);
    inquiry->running =
        (struct running){.exchange = &inquiry->exchange, .alink = inquiries->alink, .conn = conn};
    inquiry->next = NULL;
    inquiry->is_last = inquiry->is_answered = false;
    inquiry->framing = STATUS_OK;
    inquiry->body = (struct head_body){0};
    inquiry->chunks = (struct chunks){0};
    inquiry->handshake = (struct handshake){0};
    inquiry->route = NULL;
    inquiry->exchange.reason = (struct reason){0};
    inquiry->minor_version = head ? head->minor_version : 1;
    request->head = (struct request_head){0};
    request->is_begun = request->is_head = false;
    request->form.count = 0;
    request->method = METHOD_OTHER;
    if (head) {
        inquiry->text = conn->in.bytes;
        buffer_init(&conn->in.bytes);
    }
    inquiry_count(inquiry, conn);
    return inquiry;
}

static void clear(struct inquiry *inquiry)
{
    exchange_clear(&inquiry->exchange);
    buffer_clear(&inquiry->forwarded_for);
    buffer_clear(&inquiry->accept);
    buffer_clear(&inquiry->cookies);
    buffer_clear(&inquiry->encodings);
    buffer_clear(&inquiry->authority);
    buffer_clear(&inquiry->text);
    free(inquiry);
}

void inquiry_free(struct inquiries *inquiries, struct inquiry *inquiry, struct conn *conn)
{
    budget_recount(conn->conns->budget, &inquiry->counted, 0);
    *inquiry->link = inquiry->next_used;
    if (inquiry->next_used)
        inquiry->next_used->link = inquiry->link;
    exchange_end(&inquiry->exchange);
    if (inquiries->unused_count == UNUSED) {
        clear(inquiry);
        return;
    }
    buffer_clear(&inquiry->text);
    exchange_trim(&inquiry->exchange, UNUSED_SIZE);
    inquiry->next = inquiries->unused;
    inquiries->unused = inquiry;
    inquiries->unused_count++;
}

void inquiries_clear(struct inquiries *inquiries)
{
    struct inquiry *inquiry;

    while ((inquiry = inquiries->used)) {
        inquiries->used = inquiry->next_used;
        clear(inquiry);
    }
    while ((inquiry = inquiries->unused)) {
        inquiries->unused = inquiry->next;
        clear(inquiry);
    }
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

/* The second name, if there are two of the field; else NULL. */
static const char *repeated(const struct head *head, const char *name, const char *told)
{
    int count = 0;

    for (int i = 0; i < head->count; i++)
        count += strcmp(head->fields[i].name, name) == 0;
    return count > 1 ? told : NULL;
}

/* A host that the target names counts more than the field (RFC 9112, 3.2.2). */
static const char *host_of(struct inquiry *inquiry, const struct head *head)
{
    size_t len;
    const char *authority = uri_authority(head->target, &len);

    if (!authority)
        return head_field(head, "host");
    buffer_reset(&inquiry->authority);
    buffer_add(&inquiry->authority, authority, len);
    return inquiry->authority.data ? inquiry->authority.data : "";
}

static struct request_head request_head_of(struct inquiry *inquiry, const struct head *head,
                                           const struct conn *conn)
{
    return (struct request_head){
        .method = head->method,
        .target = head->target,
        .peer = read_peer(inquiry, conn),
        .content_type = head_field(head, "content-type"),
        .content_length = head_field(head, "content-length"),
        .content_encoding = joined(head, "content-encoding", ",", &inquiry->encodings),
        .is_scripts = head_field(head, "x-requested-with") != NULL,
        .idempotency_key = head_field(head, "idempotency-key"),
        .repeated = repeated(head, "idempotency-key", "Idempotency-Key"),
        .accept = joined(head, "accept", ",", &inquiry->accept),
        .if_none_match = head_field(head, "if-none-match"),
        .is_prefetch = says_prefetch(head),
        .forwarded_for = joined(head, "x-forwarded-for", ",", &inquiry->forwarded_for),
        .forwarded_proto = head_field(head, "x-forwarded-proto"),
        .authorization = head_field(head, "authorization"),
        .cookie = joined(head, "cookie", "; ", &inquiry->cookies),
        .authkey = head_field(head, "x-authkey"),
        .host = host_of(inquiry, head),
        .origin = head_field(head, "origin"),
        .fetch_site = head_field(head, "sec-fetch-site"),
    };
}

enum status inquiry_read(struct inquiry *inquiry, const struct head *head, struct conn *conn,
                         struct reason *reason)
{
    struct request_head request_head = request_head_of(inquiry, head, conn);
    struct request *request = &inquiry->exchange.request;
    enum status status =
        request_begin(request, &request_head, conn->conns->settings->prefix, reason);

    inquiry->framing = head_read_body(head, &inquiry->body, &inquiry->unframed);
    inquiry->is_last = inquiry->framing != STATUS_OK || !head_keeps_connection(head);
    return status;
}
