/* sending.c - the answer to a request of a handler, on its way.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/sending.h"

#include "http/response.h"
#include "ws/net/conn.h"
#include "ws/role/inquiry.h"

enum {
    LARGE = 16384,  /* a body that goes out from where it was written */
    AHEAD = 262144, /* so much of an answer that is written as it is sent waits for the peer */
};

static void queue(struct conn *conn, struct buffer *bytes)
{
    struct payload *payload = payload_take(conn->conns->budget, bytes);

    conn_queue(conn, payload);
    payload_drop(payload);
}

/* Adds the next piece of a body that is written as it is sent; false: that was the last. */
static bool send_piece(struct conn *conn, struct inquiry *inquiry)
{
    struct response_source *source = &inquiry->exchange.response.source;
    struct buffer piece = {0}, bytes = {0};
    bool has_more = source->more(source->user, &piece);

    if (inquiry->minor_version == 0) {
        bytes = piece;
    } else {
        if (piece.len)
            buffer_addf(&bytes, "%zx\r\n", piece.len);
        buffer_add(&bytes, piece.data, piece.len);
        buffer_add_text(&bytes, piece.len ? "\r\n" : "");
        buffer_add_text(&bytes, has_more ? "" : "0\r\n\r\n");
        buffer_clear(&piece);
    }
    if (bytes.len)
        queue(conn, &bytes);
    else
        buffer_clear(&bytes);
    return has_more;
}

static void send_answer(struct conn *conn, struct inquiry *inquiry)
{
    struct response *response = &inquiry->exchange.response;
    bool is_head = inquiry->exchange.request.is_head, is_last = inquiry->is_last;
    bool is_apart = !is_head && response->body.len >= LARGE && response->http_status != 204;
    struct buffer bytes = {0};

    if (response->source.more && inquiry->minor_version == 0)
        is_last = inquiry->is_last = true;
    else if (response->source.more)
        response_header(response, "Transfer-Encoding", "chunked");
    if (is_last)
        response_header(response, "Connection", "close");
    else if (inquiry->minor_version == 0)
        response_header(response, "Connection", "keep-alive");
    response_write(response, "HTTP/1.1 ", is_head || is_apart, &bytes);
    queue(conn, &bytes);
    if (is_apart)
        queue(conn, &response->body);
    inquiry->is_answered = true;
}

bool sending_ends(struct conn *conn, struct inquiry *inquiry)
{
    const struct response *response = &inquiry->exchange.response;
    bool has_source = response->source.more && !inquiry->exchange.request.is_head, has_more = true;

    if (!inquiry->is_answered)
        send_answer(conn, inquiry);
    while (has_source && has_more && outbox_len(&conn->outbox) < AHEAD)
        has_more = send_piece(conn, inquiry);
    return !has_source || !has_more;
}
