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
#include "ws/net/answer.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/front.h"
#include "ws/net/role.h"
#include "ws/net/talk.h"
#include "ws/role/admit.h"
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
static const struct route {
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

static bool is_on(const struct route *route, const struct uri *uri)
{
    return row_is_on(&route->row, uri) &&
           (!route->name || text_is(uri->name, uri->name_len, route->name));
}

static enum status find_route(const struct request *request, const char *prefix,
                              const struct route **route, struct reason *reason)
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

static enum status check_options(struct form *form, const struct route *route,
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
        conn->shape = inquiry->head->minor_version == 0 ? SHAPE_LINE : SHAPE_CHUNK;
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

    handshake_answer(handshake, inquiry->head->target, inquiry->visitor.is_secure, &answer);
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
static struct admission question(const struct route *route, const struct inquiry *inquiry,
                                 bool is_bad)
{
    const struct uri *uri = &inquiry->request.uri;
    const struct field *names = form_find(&inquiry->request.form, "queues");
    bool is_websocket = inquiry->handshake.version != WS_NONE;
    struct admission admission = {
        .rights = route->row.rights != RIGHT_OF_STREAM || is_bad ? route->row.rights
                  : is_websocket                                 ? RIGHT_WEBSOCKET
                                                                 : RIGHT_COMET,
        .changes = route->row.effect == CHANGES,
        .name = uri->name_len ? uri->name : NULL,
    };

    if (names)
        admission.names = (struct text_list){names->value, names->value_len};
    admission.is_vague =
        is_bad || (route->row.naming == EITHER && !admission.name && !admission.names.rest);
    return admission;
}

static enum status admit(struct conn *conn, const struct route *route, struct inquiry *inquiry,
                         bool is_bad, struct reason *reason)
{
    struct access *access = &gate_of(conn)->access;
    struct request_head *head = &inquiry->request.head;
    struct visitor *visitor = &inquiry->visitor;
    struct admission admission = question(route, inquiry, is_bad);

    if (!(admission.rights & RIGHT_WEBSOCKET))
        head->cookie = NULL;
    if (inquiry->handshake.version != WS_NONE)
        head->origin = inquiry->handshake.origin;
    visitor_read(visitor, head, &inquiry->request.form, access);
    if (access_is_shared(access, visitor)) {
        free(conn->asker.shared_origin); /* the head may be read more than once */
        conn->asker.shared_origin = xstrdup(visitor->origin);
    }
    return conn->wishes.is_options ? STATUS_OK : admit_visitor(conn, visitor, &admission, reason);
}

static void on_key(void *user, enum status status, const struct reason *reason)
{
    struct conn *conn = user;

    if (conn->state != CONN_HEAD)
        return;
    if (status == STATUS_OK)
        conn_resume(conn);
    else
        refusal_answer(conn, status, reason);
}

/* Extensions are for RFC 6455: the drafts before it had others. */
static enum status read_handshake(const struct conn *conn, struct inquiry *inquiry,
                                  struct reason *reason)
{
    struct handshake *handshake = &inquiry->handshake;
    enum status status = handshake_check(inquiry->head, handshake, reason);

    if (status != STATUS_OK || handshake->version != WS_RFC6455 || !conn->conns->settings->deflate)
        return status;
    return extensions_read(inquiry->head, &handshake->deflate, reason);
}

static enum status prepare(struct conn *conn, const struct route *route, struct inquiry *inquiry,
                           struct reason *reason)
{
    struct request *request = &inquiry->request;
    enum status status = read_handshake(conn, inquiry, reason), admitted;
    struct reason refused = {0};
    bool wants_events = false;

    if (status == STATUS_OK)
        status = row_check_name(&route->row, &request->uri, reason);
    admitted = admit(conn, route, inquiry, status != STATUS_OK, &refused);
    if (admitted != STATUS_OK) {
        *reason = refused;
        return admitted;
    }
    if (conn->wishes.is_options)
        return status;
    if (status == STATUS_OK)
        status = check_options(&request->form, route, reason);
    if (status == STATUS_OK)
        status = read_events(request, &wants_events, reason);
    if (status != STATUS_OK)
        return status;
    if (inquiry->handshake.version != WS_NONE && route->role->is_answer)
        return refuse(reason, STATUS_BAD_REQUEST, "there is no websocket here");
    if (conn->wishes.is_head && !route->role->is_brief)
        return refuse(reason, STATUS_NOT_ALLOWED, "HEAD is not allowed here");
    if (!route->role->is_brief && roles_of(conn)->helper->is_stopping)
        return refuse(reason, STATUS_UNAVAILABLE, "this program is ending; ask again");
    if (!route->role->is_brief && !budget_admits(conn->conns->budget, reason))
        return STATUS_UNAVAILABLE;
    conn->role = route->role;
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

/* Reads the request, and prepares the connection for what it asks. */
static enum status decide(struct conn *conn, struct inquiry *inquiry, struct reason *reason)
{
    const struct route *route = NULL;
    enum status status = inquiry_read(inquiry, conn, reason);

    if (status == STATUS_OK)
        status = find_route(&inquiry->request, conn->conns->settings->prefix, &route, reason);
    return status == STATUS_OK ? prepare(conn, route, inquiry, reason) : status;
}

static void open_route(struct conn *conn, const struct head *head)
{
    struct inquiry inquiry = {.head = head};
    struct gate *gate = gate_of(conn);
    struct reason reason = {0};
    enum status status;

    gate->asked = &inquiry.request.head;
    status = decide(conn, &inquiry, &reason);
    gate->asked = NULL;
    if (status == STATUS_OK && conn->wishes.is_options) {
        tell_options(conn);
    } else if (status == STATUS_OK) {
        begin(conn, &inquiry);
    } else if (status == STATUS_LATER) {
        conn_reread(conn);
    } else if (status == STATUS_NEEDS_KEY) {
        conn_reread(conn);
        admit_ask(conn, on_key, conn);
    } else {
        conn->version = WS_NONE; /* errors are plain HTTP */
        conn->shape = SHAPE_LINE;
        refusal_answer(conn, status, &reason);
    }
    inquiry_clear(&inquiry);
}

/* --- the front -------------------------------------------------------------------------------- */

static void refuse_head(struct conn *conn, const struct reason *reason)
{
    refusal_answer(conn, STATUS_BAD_REQUEST, reason);
}

static bool may_ask(const struct conn *conn)
{
    return conn->conns->settings->authkeys || access_hashes(&gate_of(conn)->access);
}

const struct front routes_front = {
    .head = open_route,
    .bad_head = refuse_head,
    .may_ask = may_ask,
    .opened = admit_later,
    .look = admit_again,
};
