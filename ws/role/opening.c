/* opening.c - how a stream, or an answer that waits, begins.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/opening.h"

#include "base/memory.h"
#include "base/settings.h"
#include "http/accept.h"
#include "http/date.h"
#include "http/jsonp.h"
#include "http/response.h"
#include "ws/net/conn.h"
#include "ws/net/role.h"
#include "ws/net/send.h"
#include "ws/net/talk.h"
#include "ws/role/inquiry.h"

static enum status read_callback(struct conn *conn, const struct form *form, struct reason *reason)
{
    const char *callback = NULL;
    enum status status;

    if (jsonp_is_asked(form) && (conn->version != WS_NONE || conn->shape == SHAPE_SSE))
        return refuse(reason, STATUS_BAD_REQUEST, "callback is for comet and long-poll");
    status = jsonp_read(form, conn->conns->settings->jsonp, &callback, reason);
    if (callback)
        conn->callback = xstrdup(callback);
    return status;
}

/* --- forms ------------------------------------------------------------------------------------ */

/* sse=1 and sse=0 count more than Accept. */
static enum status read_events(const struct request *request, bool *wants_events,
                               struct reason *reason)
{
    long long sse;
    bool accepts = accept_prefers(request->head.accept, "text/event-stream", "text/plain");
    enum status status = form_number(&request->form, "sse", 0, 1, accepts, &sse, reason);

    *wants_events = sse == 1;
    return status;
}

static void choose_shape(struct conn *conn, const struct inquiry *inquiry, bool wants_events)
{
    int window = inquiry->handshake.deflate.window;

    if (conn->version >= WS_HYBI7)
        conn->shape = window ? (enum shape)(SHAPE_DEFLATED + window) : SHAPE_FRAME;
    else if (conn->version != WS_NONE)
        conn->shape = SHAPE_HIXIE;
    else if (!conn->role->is_answer && wants_events)
        conn->shape = SHAPE_SSE;
    else
        conn->shape = inquiry->minor_version == 0 ? SHAPE_LINE : SHAPE_CHUNK;
}

/* Who asks for a websocket or an event stream knows them; gaps=1 and gaps=0 count more. */
static enum status read_gaps(struct conn *conn, const struct form *form, struct reason *reason)
{
    bool knows_events = conn->version != WS_NONE || conn->shape == SHAPE_SSE;
    long long gaps;
    enum status status = form_number(form, "gaps", 0, 1, knows_events, &gaps, reason);

    conn->knows_events = status == STATUS_OK && gaps == 1;
    return status;
}

static void shake_hands(struct conn *conn, const struct inquiry *inquiry)
{
    const struct handshake *handshake = &inquiry->handshake;
    struct buffer answer = {0};

    handshake_answer(handshake, inquiry->exchange.request.head.target,
                     inquiry->exchange.visitor.is_secure, &answer);
    conn_send_raw(conn, answer.data, answer.len);
    buffer_clear(&answer);
    if (conn->version == WS_HIXIE76)
        conn_await_nonce(conn, handshake->numbers);
}

static void begin_stream(struct conn *conn)
{
    struct response response = conn_begin_response(conn); /* for its headers */
    bool is_sse = conn->shape == SHAPE_SSE;
    const char *type = is_sse ? "text/event-stream" : TYPE_TEXT;
    struct buffer head = {0};

    buffer_addf(&head,
                "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nDate: %s\r\nCache-Control: no-store\r\n"
                "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\n%s%s\r\n%s",
                conn->callback ? TYPE_SCRIPT : type, date_text(time(NULL)), response.headers.data,
                conn->shape == SHAPE_CHUNK ? "Transfer-Encoding: chunked\r\n" : "",
                is_sse ? "retry: 2000\n\n" : "");
    conn_send_raw(conn, head.data, head.len);
    buffer_clear(&head);
    response_clear(&response);
}

void opening_begin(struct conn *conn, const struct inquiry *inquiry)
{
    if (conn->version != WS_NONE)
        shake_hands(conn, inquiry);
    else if (!conn->role->is_answer)
        begin_stream(conn);
    if (conn->state == CONN_HEAD)
        conn_open(conn);
}

enum status opening_prepare(struct conn *conn, struct inquiry *inquiry, const struct role *role,
                            struct reason *reason)
{
    const struct request *request = &inquiry->exchange.request;
    bool wants_events = false;
    enum status status = read_events(request, &wants_events, reason);

    if (status != STATUS_OK)
        return status;
    conn->role = role;
    conn->version = inquiry->handshake.version;
    choose_shape(conn, inquiry, wants_events);
    status = read_callback(conn, &request->form, reason);
    if (status == STATUS_OK)
        status = read_gaps(conn, &request->form, reason);
    if (status == STATUS_OK)
        return conn->role->prepare ? conn->role->prepare(conn, request, reason) : STATUS_OK;
    conn->role = NULL; /* it has not begun: nothing to close */
    return status;
}
