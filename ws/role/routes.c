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
#include "http/html.h"
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
#include "ws/role/opening.h"
#include "ws/role/refusal.h"
#include "ws/role/rest.h"
#include "ws/role/roles.h"

static struct gate *gate_of(const struct conn *conn)
{
    return roles_of(conn)->gate;
}

/* The right is that of the transport: RIGHT_WEBSOCKET or RIGHT_COMET. */
#define RIGHT_OF_STREAM (RIGHT_WEBSOCKET | RIGHT_COMET)

/* Where handlers answer, too (see `rest`), they have some paths instead. */
enum served { ALWAYS, WITHOUT_REST, WITH_REST };

// clang-format off
static const struct stream_route {
    struct row row;
    const char *name; /* the only one there may be; NULL: any */
    enum served served;
    const struct role *role;
} routes[] = {
    {{METHOD_GET, "ws",      NAMED,  NULL,   RIGHT_OF_STREAM,           CHANGES, "prefetch ack name sse gaps",        queue_name_check},   NULL, ALWAYS,       &role_consumer},
    {{METHOD_GET, "c",       NAMED,  NULL,   RIGHT_OF_STREAM,           CHANGES, "prefetch ack name sse gaps",        queue_name_check},   NULL, ALWAYS,       &role_consumer},
    {{METHOD_GET, "w",       EITHER, NULL,   RIGHT_CONSUMER,            CHANGES, "wait lease count raw queues",       queue_name_check},   NULL, ALWAYS,       &role_waiter  },
    {{METHOD_GET, "q",       EITHER, "wait", RIGHT_CONSUMER,            CHANGES, "wait lease count raw queues",       queue_name_check},   NULL, WITH_REST,    &role_waiter  },
    {{METHOD_GET, "sub",     NAMED,  NULL,   RIGHT_OF_STREAM,           CHANGES, "echo deref name sse gaps",          channel_name_check}, NULL, ALWAYS,       &role_channel },
    {{METHOD_GET, "who",     NAMED,  NULL,   RIGHT_OF_STREAM,           CHANGES, "sse gaps",                          queue_name_check},   NULL, ALWAYS,       &role_presence},
    {{METHOD_GET, "health",  WHOLE,  NULL,   RIGHT_NONE,                LOOKS,   "",                                  NULL},               NULL, WITHOUT_REST, &role_health  },
    /* so that a web server can tell the path from one of restmq.fcgi */
    {{METHOD_GET, "health",  NAMED,  NULL,   RIGHT_NONE,                LOOKS,   "",                                  queue_name_check},   "ws", ALWAYS,       &role_health  },
    {{METHOD_GET, "metrics", WHOLE,  NULL,   RIGHT_ADMIN | RIGHT_STATS, CHANGES, "",                                  NULL},               NULL, WITHOUT_REST, &role_metrics },
    {{METHOD_GET, "metrics", NAMED,  NULL,   RIGHT_ADMIN | RIGHT_STATS, CHANGES, "",                                  queue_name_check},   "ws", ALWAYS,       &role_metrics },
};
// clang-format on

/* --- what every row asks for ------------------------------------------------------------------ */

static bool serves_rest(const struct conn *conn)
{
    enum rest rest = (enum rest)conn->conns->settings->rest;

    return rest == REST_ON || (rest == REST_LOCAL && conn->is_local);
}

static bool is_on(const struct stream_route *route, const struct request *request, bool with_rest)
{
    const struct uri *uri = &request->uri;

    if (route->served == (with_rest ? WITHOUT_REST : WITH_REST) || !row_is_on(&route->row, uri))
        return false;
    if (route->row.when && (request->method != route->row.method || request->is_head ||
                            !form_find(&request->form, route->row.when)))
        return false;
    return !route->name || text_is(uri->name, uri->name_len, route->name);
}

/* NULL: there is none. */
static const struct stream_route *find_route(const struct request *request, bool with_rest)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (is_on(&routes[i], request, with_rest))
            return &routes[i];
    return NULL;
}

static enum status check_route(const struct stream_route *route, const struct request *request,
                               const char *prefix, struct reason *reason)
{
    if (!route)
        return refuse(reason, STATUS_NOT_FOUND,
                      "below %.80s/ this program serves ws/NAME, c/NAME, w/NAME, sub/CHANNEL, "
                      "who/TOPIC, health, health/ws, metrics and metrics/ws",
                      prefix);
    if (request->method != route->row.method && request->method != METHOD_OPTIONS)
        return refuse(reason, STATUS_NOT_ALLOWED, "only GET is allowed here");
    return STATUS_OK;
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

/* --- who asks --------------------------------------------------------------------------------- */

/* What the request is about.  What is wrong with one is told to those who might have done it right,
 * so one that is bad needs as little as any on that path. */
static struct admission question(const struct inquiry *inquiry)
{
    const struct row *row = &inquiry->route->row;
    const struct uri *uri = &inquiry->exchange.request.uri;
    const struct field *names = form_find(&inquiry->exchange.request.form, "queues");
    bool is_websocket = inquiry->handshake.version != WS_NONE,
         is_bad = inquiry->exchange.wrong != STATUS_OK;
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
    struct request_head *head = &inquiry->exchange.request.head;
    struct visitor *visitor = &inquiry->exchange.visitor;

    inquiry->exchange.admitting.admission = question(inquiry);
    if (!(inquiry->exchange.admitting.admission.rights & RIGHT_WEBSOCKET))
        head->cookie = NULL;
    if (inquiry->handshake.version != WS_NONE)
        head->origin = inquiry->handshake.origin;
    visitor_read(visitor, head, &inquiry->exchange.request.form, access);
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

/* Whatever is wrong with the request is told to who is admitted, or (the return) to anybody. */
static enum status read_stream(struct conn *conn, struct inquiry *inquiry, const struct head *head,
                               struct reason *reason)
{
    struct exchange *exchange = &inquiry->exchange;
    struct request *request = &exchange->request;
    const struct stream_route *route = inquiry->route;
    enum status status;

    conn->wishes.is_head = request->is_head;
    conn->wishes.is_options = request->method == METHOD_OPTIONS;
    if (head_has_body(head))
        return refuse(reason, STATUS_BAD_REQUEST, "a request here has no body");
    status = check_route(route, request, conn->conns->settings->prefix, reason);
    if (status != STATUS_OK)
        return status;
    exchange->wrong = read_handshake(conn, head, &inquiry->handshake, &exchange->complaint);
    if (exchange->wrong == STATUS_OK)
        exchange->wrong = row_check_name(&route->row, &request->uri, &exchange->complaint);
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
    enum status status = check_options(&inquiry->exchange.request.form, inquiry->route, reason);

    if (status == STATUS_OK)
        status = check_stream(conn, inquiry, reason);
    return status == STATUS_OK ? opening_prepare(conn, inquiry, inquiry->route->role, reason)
                               : status;
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
    inquiry_free(roles_of(conn)->inquiries, conn->asked, conn);
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
    struct reason reason = inquiry->exchange.complaint;
    enum status status = inquiry->exchange.wrong;

    if (status == STATUS_OK && !conn->wishes.is_options)
        status = prepare(conn, inquiry, &reason);
    if (status != STATUS_OK)
        answer_error(conn, status, &reason);
    else if (conn->wishes.is_options)
        tell_options(conn);
    else
        opening_begin(conn, inquiry);
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
    gate->asked = &inquiry->exchange.request.head;
    if (status == STATUS_OK)
        status = gate_told(conn, &inquiry->exchange.visitor, &inquiry->exchange.admitting.admission,
                           &refused);
    gate->asked = NULL;
    end_admission(conn, status, &refused);
}

static void decide(struct conn *conn)
{
    struct gate *gate = gate_of(conn);
    struct inquiry *inquiry = conn->asked;
    struct reason reason = inquiry->exchange.reason;
    enum status status = inquiry->refused;

    gate->asked = &inquiry->exchange.request.head;
    if (status == STATUS_OK && !conn->wishes.is_options)
        status = gate_visitor(conn, &inquiry->exchange.visitor,
                              &inquiry->exchange.admitting.admission, &reason);
    gate->asked = NULL;
    if (status == STATUS_NEEDS_KEY)
        gate_ask(conn, on_key, conn);
    if (status == STATUS_NEEDS_KEY || status == STATUS_LATER)
        conn_pause(conn);
    else
        end_admission(conn, status, &reason);
}

/* --- the front -------------------------------------------------------------------------------- */

/* The streams of a connection begin once all requests before them are answered. */
static void take_stream(struct conn *conn, struct inquiry *inquiry, const struct head *head,
                        enum status status, struct reason *reason)
{
    conn->asked = inquiry;
    conn->wishes.wants_page = html_is_wanted(&inquiry->exchange.request);
    conn->wishes.is_scripts = inquiry->exchange.request.head.is_scripts;
    if (status == STATUS_OK)
        status = read_stream(conn, inquiry, head, reason);
    inquiry->refused = status;
    inquiry->exchange.reason = *reason;
    if (conn->role)
        conn_pause(conn);
    else
        decide(conn);
}

static void take_head(struct conn *conn, const struct head *head)
{
    struct inquiry *inquiry = inquiry_new(roles_of(conn)->inquiries, conn, head);
    struct reason reason = {0};
    enum status status = inquiry_read(inquiry, head, conn, &reason);
    bool with_rest = serves_rest(conn);

    if (status == STATUS_OK)
        inquiry->route = find_route(&inquiry->exchange.request, with_rest);
    if (with_rest && !inquiry->route)
        rest_take(conn, inquiry, status, &reason);
    else
        take_stream(conn, inquiry, head, status, &reason);
}

static void refuse_head(struct conn *conn, const struct reason *reason)
{
    if (conn->role)
        rest_refuse(conn, reason);
    else
        refusal_answer(conn, STATUS_BAD_REQUEST, reason);
}

/* A request waits for its turn, as a password is to be hashed or others came before it; or a
 * stream's key is to be looked at. */
static void look(struct conn *conn)
{
    if (conn->role == &role_rest)
        rest_look(conn);
    else if (conn->asked)
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
