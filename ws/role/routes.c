/* routes.c - THE TABLE of the helper: which path is served by which role.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/routes.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/settings.h"
#include "base/text.h"
#include "broker/channel.h"
#include "broker/keys.h"
#include "http/accept.h"
#include "http/jsonp.h"
#include "http/response.h"
#include "http/row.h"
#include "ws/feed/helper.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/front.h"
#include "ws/net/role.h"
#include "ws/net/send.h"
#include "ws/net/talk.h"
#include "ws/role/gate.h"
#include "ws/role/inquiry.h"
#include "ws/role/refusal.h"
#include "ws/role/roles.h"

static struct gate *gate_of(const struct conn *conn)
{
    return roles_of(conn)->gate;
}

/* The right is that of the transport: RIGHT_WEBSOCKET or RIGHT_COMET. */
#define RIGHT_OF_STREAM (RIGHT_WEBSOCKET | RIGHT_COMET)

// clang-format off
static const struct stream_route {
    struct row row;
    const char *name; /* the only one there may be; NULL: any */
    const struct role *role;
} routes[] = {
    {{METHOD_GET, "ws",      NAMED,  NULL, RIGHT_OF_STREAM,           CHANGES, "prefetch ack name sse gaps",        queue_name_check},   NULL, &role_consumer},
    {{METHOD_GET, "c",       NAMED,  NULL, RIGHT_OF_STREAM,           CHANGES, "prefetch ack name sse gaps",        queue_name_check},   NULL, &role_consumer},
    {{METHOD_GET, "w",       EITHER, NULL, RIGHT_CONSUMER,            CHANGES, "wait lease count raw queues",       queue_name_check},   NULL, &role_waiter  },
    {{METHOD_GET, "sub",     NAMED,  NULL, RIGHT_OF_STREAM,           CHANGES, "echo deref name sse gaps",          channel_name_check}, NULL, &role_channel },
    {{METHOD_GET, "who",     NAMED,  NULL, RIGHT_OF_STREAM,           CHANGES, "sse gaps",                          queue_name_check},   NULL, &role_presence},
    {{METHOD_GET, "health",  WHOLE,  NULL, RIGHT_NONE,                LOOKS,   "",                                  NULL},               NULL, &role_health  },
    /* so that a web server can tell the path from one of restmq.fcgi */
    {{METHOD_GET, "health",  NAMED,  NULL, RIGHT_NONE,                LOOKS,   "",                                  queue_name_check},   "ws", &role_health  },
    {{METHOD_GET, "metrics", WHOLE,  NULL, RIGHT_ADMIN | RIGHT_STATS, CHANGES, "",                                  NULL},               NULL, &role_metrics },
};
// clang-format on

/* --- what every row asks for ------------------------------------------------------------------ */

static bool is_on(const struct stream_route *route, const struct uri *uri)
{
    return row_is_on(&route->row, uri) &&
           (!route->name || text_is(uri->name, uri->name_len, route->name));
}

static enum status find_route(const struct request *request, const char *prefix,
                              const struct stream_route **route, struct reason *reason)
{
    const struct uri *uri = &request->uri;

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (!is_on(&routes[i], uri))
            continue;
        *route = &routes[i];
        if (request->method != routes[i].row.method && request->method != METHOD_OPTIONS)
            return refuse(reason, STATUS_NOT_ALLOWED, "only GET is allowed here");
        return STATUS_OK;
    }
    return refuse(reason, STATUS_NOT_FOUND,
                  "below %.80s/ this program serves ws/NAME, c/NAME, w/NAME, sub/CHANNEL, "
                  "who/TOPIC, health, health/ws and metrics",
                  prefix);
}

/* What libraries for event streams add to the address by themselves when they come again.  Nothing
 * is replayed here, so nobody asks for it. */
#define LIBRARY_OPTIONS                                                                            \
    "lastEventId lastEventID Last-Event-ID last_event_id evs_last_event_id evs_preamble"

static enum status check_options(struct form *form, const struct stream_route *route,
                                 struct reason *reason)
{
    const struct field *field;
    const char *complaint;

    if (!route->role->is_answer)
        form_drop(form, LIBRARY_OPTIONS);
    field = row_find_bad_option(&route->row, form, &complaint);
    return field ? refuse(reason, STATUS_BAD_REQUEST, "%s \"%.*s\"", complaint, row_quoted(field),
                          field->name)
                 : STATUS_OK;
}

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

    handshake_answer(handshake, inquiry->request.head.target, inquiry->visitor.is_secure, &answer);
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
                "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nCache-Control: no-store\r\n"
                "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\n%s%s\r\n%s",
                conn->callback ? TYPE_SCRIPT : type, response.headers.data,
                conn->shape == SHAPE_CHUNK ? "Transfer-Encoding: chunked\r\n" : "",
                is_sse ? "retry: 2000\n\n" : "");
    conn_send_raw(conn, head.data, head.len);
    buffer_clear(&head);
    response_clear(&response);
}

static void begin(struct conn *conn, const struct inquiry *inquiry)
{
    if (conn->version != WS_NONE)
        shake_hands(conn, inquiry);
    else if (!conn->role->is_answer)
        begin_stream(conn);
    if (conn->state == CONN_HEAD)
        conn_open(conn);
}

/* --- who asks --------------------------------------------------------------------------------- */

/* What the request is about.  What is wrong with one is told to those who might have done it right,
 * so one that is bad needs as little as any on that path. */
static struct admission question(const struct inquiry *inquiry)
{
    const struct row *row = &inquiry->route->row;
    const struct uri *uri = &inquiry->request.uri;
    const struct field *names = form_find(&inquiry->request.form, "queues");
    bool is_websocket = inquiry->handshake.version != WS_NONE, is_bad = inquiry->wrong != STATUS_OK;
    struct admission admission = {
        .rights = row->rights != RIGHT_OF_STREAM || is_bad ? row->rights
                  : is_websocket                           ? RIGHT_WEBSOCKET
                                                           : RIGHT_COMET,
        .changes = row->effect == CHANGES,
        .name = uri->name_len ? uri->name : NULL,
    };

    if (names)
        admission.names = (struct text_list){names->value, names->value_len};
    admission.is_vague =
        is_bad || (row->naming == EITHER && !admission.name && !admission.names.rest);
    return admission;
}

static void read_visitor(struct conn *conn, struct inquiry *inquiry)
{
    struct access *access = &gate_of(conn)->access;
    struct request_head *head = &inquiry->request.head;
    struct visitor *visitor = &inquiry->visitor;

    inquiry->admission = question(inquiry);
    if (!(inquiry->admission.rights & RIGHT_WEBSOCKET))
        head->cookie = NULL;
    if (inquiry->handshake.version != WS_NONE)
        head->origin = inquiry->handshake.origin;
    visitor_read(visitor, head, &inquiry->request.form, access);
    if (access_is_shared(access, visitor))
        conn->asker.shared_origin = xstrdup(visitor->origin);
}

/* Extensions are for RFC 6455: the drafts before it had others. */
static enum status read_handshake(const struct conn *conn, const struct head *head,
                                  struct handshake *handshake, struct reason *reason)
{
    enum status status = handshake_check(head, handshake, reason);

    if (status != STATUS_OK || handshake->version != WS_RFC6455 || !conn->conns->settings->deflate)
        return status;
    return extensions_read(head, &handshake->deflate, reason);
}

/* Reads the request. */
static enum status read_inquiry(struct conn *conn, struct inquiry *inquiry, const struct head *head,
                                struct reason *reason)
{
    struct request *request = &inquiry->request;
    enum status status = inquiry_read(inquiry, head, conn, reason);

    if (status == STATUS_OK)
        status = find_route(request, conn->conns->settings->prefix, &inquiry->route, reason);
    if (status != STATUS_OK)
        return status;
    inquiry->wrong = read_handshake(conn, head, &inquiry->handshake, &inquiry->complaint);
    if (inquiry->wrong == STATUS_OK)
        inquiry->wrong = row_check_name(&inquiry->route->row, &request->uri, &inquiry->complaint);
    read_visitor(conn, inquiry);
    return STATUS_OK;
}

/* --- the answer ------------------------------------------------------------------------------- */

static enum status check_stream(struct conn *conn, const struct inquiry *inquiry,
                                struct reason *reason)
{
    const struct role *role = inquiry->route->role;

    if (inquiry->handshake.version != WS_NONE && role->is_answer)
        return refuse(reason, STATUS_BAD_REQUEST, "there is no websocket here");
    if (conn->wishes.is_head && !role->is_brief)
        return refuse(reason, STATUS_NOT_ALLOWED, "HEAD is not allowed here");
    if (!role->is_brief && roles_of(conn)->helper->is_stopping)
        return refuse(reason, STATUS_UNAVAILABLE, "this program is ending; ask again");
    if (!role->is_brief && !budget_admits(conn->conns->budget, reason))
        return STATUS_UNAVAILABLE;
    return STATUS_OK;
}

/* Prepares the connection, whose visitor is admitted, for what is asked. */
static enum status prepare(struct conn *conn, struct inquiry *inquiry, struct reason *reason)
{
    struct request *request = &inquiry->request;
    bool wants_events = false;
    enum status status = check_options(&request->form, inquiry->route, reason);

    if (status == STATUS_OK)
        status = read_events(request, &wants_events, reason);
    if (status == STATUS_OK)
        status = check_stream(conn, inquiry, reason);
    if (status != STATUS_OK)
        return status;
    conn->role = inquiry->route->role;
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

static void tell_options(struct conn *conn)
{
    struct response response = conn_begin_response(conn);

    response.http_status = 204;
    response_header(&response, "Allow", "GET, OPTIONS");
    conn_answer(conn, &response);
}

static void forget(struct conn *conn)
{
    inquiry_free(conn->asked, conn);
    conn->asked = NULL;
}

/* Errors are plain HTTP. */
static void answer_error(struct conn *conn, enum status status, const struct reason *reason)
{
    conn->version = WS_NONE;
    conn->shape = SHAPE_LINE;
    refusal_answer(conn, status, reason);
}

/* The visitor is admitted. */
static void answer(struct conn *conn, struct inquiry *inquiry)
{
    struct reason reason = inquiry->complaint;
    enum status status = inquiry->wrong;

    if (status == STATUS_OK && !conn->wishes.is_options)
        status = prepare(conn, inquiry, &reason);
    if (status != STATUS_OK)
        answer_error(conn, status, &reason);
    else if (conn->wishes.is_options)
        tell_options(conn);
    else
        begin(conn, inquiry);
}

/* The end of the request, unless it waits for another turn of the loop, or for Redis. */
static void end_admission(struct conn *conn, enum status status, const struct reason *reason)
{
    if (status == STATUS_OK)
        answer(conn, conn->asked);
    else
        answer_error(conn, status, reason);
    if (conn->asked)
        forget(conn);
    conn_resume(conn);
}

static void on_key(void *user, enum status status, const struct reason *reason)
{
    struct conn *conn = user;
    struct gate *gate = gate_of(conn);
    struct inquiry *inquiry = conn->asked;
    struct reason refused = *reason;

    if (!inquiry) /* the client has gone */
        return;
    gate->asked = &inquiry->request.head;
    if (status == STATUS_OK)
        status = gate_told(conn, &inquiry->visitor, &inquiry->admission, &refused);
    gate->asked = NULL;
    end_admission(conn, status, &refused);
}

static void decide(struct conn *conn)
{
    struct gate *gate = gate_of(conn);
    struct inquiry *inquiry = conn->asked;
    struct reason reason = {0};
    enum status status = STATUS_OK;

    gate->asked = &inquiry->request.head;
    if (!conn->wishes.is_options)
        status = gate_visitor(conn, &inquiry->visitor, &inquiry->admission, &reason);
    gate->asked = NULL;
    if (status == STATUS_NEEDS_KEY)
        gate_ask(conn, on_key, conn);
    if (status == STATUS_NEEDS_KEY || status == STATUS_LATER)
        conn_pause(conn);
    else
        end_admission(conn, status, &reason);
}

/* --- the front -------------------------------------------------------------------------------- */

static void take_head(struct conn *conn, const struct head *head)
{
    struct inquiry *inquiry = inquiry_new(conn, head);
    struct reason reason = {0};
    enum status status;

    conn->asked = inquiry;
    status = read_inquiry(conn, inquiry, head, &reason);
    if (status == STATUS_OK)
        decide(conn);
    else
        end_admission(conn, status, &reason);
}

static void refuse_head(struct conn *conn, const struct reason *reason)
{
    refusal_answer(conn, STATUS_BAD_REQUEST, reason);
}

/* A password can be looked at, or a stream's key is to be. */
static void look(struct conn *conn)
{
    if (conn->asked)
        decide(conn);
    else
        gate_again(conn);
}

const struct front routes_front = {
    .head = take_head,
    .bad_head = refuse_head,
    .forget = forget,
    .opened = gate_later,
    .look = look,
};
