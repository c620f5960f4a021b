/* routes.c - THE TABLE of the helper: which path is served by which role.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/routes.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "broker/command.h"
#include "broker/keys.h"
#include "http/accept.h"
#include "http/jsonp.h"
#include "ws/conn.h"
#include "ws/role.h"
#include "ws/server.h"

enum naming { UNNAMED, NAMED, MAY_BE_NAMED };

static const struct route {
    const char *resource;
    enum naming naming;
    const struct role *role;
} routes[] = {
    {"ws",     NAMED,        &role_consumer},
    {"c",      NAMED,        &role_consumer},
    {"w",      MAY_BE_NAMED, &role_waiter  },
    {"sub",    NAMED,        &role_channel },
    {"who",    NAMED,        &role_presence},
    {"health", UNNAMED,      &role_health  },
};

/* --- errors ----------------------------------------------------------------------------------- */

void routes_refuse(struct conn *conn, enum status status, const struct reason *reason)
{
    struct response *response = &conn->server->response;

    response_reset(response);
    response->http_status = status_http(status);
    response_header(response, "Connection", "close");
    if (status == STATUS_UNAVAILABLE)
        response_header(response, "Retry-After", "1");
    if (status == STATUS_NOT_ALLOWED)
        response_header(response, "Allow", "GET");
    if (status == STATUS_UPGRADE)
        response_header(response, "Sec-WebSocket-Version", "13, 8, 7");
    error_render(status, reason, &response->body);
    buffer_add_text(&response->body, "\r\n");
    conn_answer(conn, response);
}

/* --- what every row asks for -------------------------------------------------------------------
 */

static struct request_head request_head_of(const struct head *head)
{
    return (struct request_head){
        .method = head->method,
        .target = head->target,
        .content_length = head_field(head, "content-length"),
        .accept = head_field(head, "accept"),
    };
}

static enum status read_request(struct conn *conn, const struct head *head, struct reason *reason)
{
    struct request_head request_head = request_head_of(head);
    struct request *request = &conn->server->request;
    enum status status =
        request_begin(request, &request_head, conn->server->settings->prefix, reason);

    if (status != STATUS_OK)
        return status;
    conn->is_head = request->is_head;
    if (request->content_length > 0 || head_field(head, "transfer-encoding"))
        return refuse(reason, STATUS_BAD_REQUEST, "a request here has no body");
    return STATUS_OK;
}

static enum status find_route(const struct request *request, const struct route **route,
                              struct reason *reason)
{
    const struct uri *uri = &request->uri;
    bool is_named = uri->name_len > 0;

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        bool wants_name = routes[i].naming == NAMED, may_not = routes[i].naming == UNNAMED;

        if (strcmp(routes[i].resource, uri->resource) != 0 || (wants_name && !is_named) ||
            (may_not && is_named))
            continue;
        *route = &routes[i];
        if (request->method != METHOD_GET)
            return refuse(reason, STATUS_NOT_ALLOWED, "only GET is allowed here");
        return is_named ? queue_name_check(uri->name, uri->name_len, reason) : STATUS_OK;
    }
    return refuse(reason, STATUS_NOT_FOUND,
                  "this program serves /ws/NAME, /c/NAME, /w/NAME, "
                  "/sub/CHANNEL, /who/TOPIC and /health");
}

static enum status check_options(const struct form *form, const struct role *role,
                                 struct reason *reason)
{
    for (int i = 0; i < form->count; i++) {
        const struct field *field = &form->fields[i];

        if (!text_is_listed(field->name, field->name_len, role->options) &&
            !text_is_listed(field->name, field->name_len, "callback authkey _"))
            return refuse(reason, STATUS_BAD_REQUEST, "unknown option \"%.*s\"",
                          field->name_len < 40 ? (int)field->name_len : 40, field->name);
    }
    return STATUS_OK;
}

static enum status read_callback(struct conn *conn, const struct form *form, struct reason *reason)
{
    const struct field *callback = form_find(form, "callback");

    if (!callback)
        return STATUS_OK;
    if (conn->version != WS_NONE || conn->shape == SHAPE_SSE)
        return refuse(reason, STATUS_BAD_REQUEST, "callback is for comet and long-poll");
    if (!conn->server->settings->jsonp)
        return refuse(reason, STATUS_FORBIDDEN,
                      "callback= is switched off: restmq.conf has jsonp = off");
    if (!jsonp_is_callback(callback->value, callback->value_len))
        return refuse(reason, STATUS_BAD_VALUE,
                      "callback must be 1 to 64 of A-Z a-z 0-9 _ $ . and not begin with 0-9 or .");
    conn->callback = xstrdup(callback->value);
    return STATUS_OK;
}

/* --- forms -------------------------------------------------------------------------------------
 */

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

static void choose_shape(struct conn *conn, const struct head *head, bool wants_events)
{
    if (conn->version >= WS_HYBI7)
        conn->shape = SHAPE_FRAME;
    else if (conn->version != WS_NONE)
        conn->shape = SHAPE_HIXIE;
    else if (!conn->role->is_answer && wants_events)
        conn->shape = SHAPE_SSE;
    else
        conn->shape = head->minor_version == 0 ? SHAPE_LINE : SHAPE_CHUNK;
}

/* Is the client's side of a proxy encrypted?  Only a proxy on this machine is believed. */
static bool is_secure(const struct conn *conn, const struct head *head)
{
    const char *scheme = head_field(head, "x-forwarded-proto");

    return conn->is_local && scheme && strcmp(scheme, "https") == 0;
}

static void shake_hands(struct conn *conn, const struct head *head,
                        const struct handshake *handshake)
{
    struct buffer answer = {0};

    handshake_answer(handshake, head->target, is_secure(conn, head), &answer);
    conn_send_raw(conn, answer.data, answer.len);
    buffer_clear(&answer);
    if (conn->version == WS_HIXIE76) {
        memcpy(conn->reader.numbers, handshake->numbers, sizeof(conn->reader.numbers));
        conn->state = CONN_NONCE;
    }
}

static void begin_stream(struct conn *conn)
{
    bool is_sse = conn->shape == SHAPE_SSE;
    const char *type = is_sse ? "text/event-stream" : TYPE_TEXT;
    struct buffer head = {0};

    buffer_addf(&head,
                "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nCache-Control: no-store\r\n"
                "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\n"
                "Connection: close\r\n%s\r\n%s",
                conn->callback ? TYPE_SCRIPT : type,
                conn->shape == SHAPE_CHUNK ? "Transfer-Encoding: chunked\r\n" : "",
                is_sse ? "retry: 2000\n\n" : "");
    conn_send_raw(conn, head.data, head.len);
    buffer_clear(&head);
}

static void begin(struct conn *conn, const struct head *head, const struct handshake *handshake)
{
    if (conn->version != WS_NONE)
        shake_hands(conn, head, handshake);
    else if (!conn->role->is_answer)
        begin_stream(conn);
    if (conn->state == CONN_HEAD)
        conn_open(conn);
}

static enum status prepare(struct conn *conn, const struct head *head, const struct route *route,
                           struct handshake *handshake, struct reason *reason)
{
    const struct request *request = &conn->server->request;
    enum status status = handshake_check(head, handshake, reason);
    bool wants_events = false;

    if (status == STATUS_OK)
        status = check_options(&request->form, route->role, reason);
    if (status == STATUS_OK)
        status = read_events(request, &wants_events, reason);
    if (status != STATUS_OK)
        return status;
    if (handshake->version != WS_NONE && route->role->is_answer)
        return refuse(reason, STATUS_BAD_REQUEST, "there is no websocket here");
    if (conn->is_head && route->role != &role_health)
        return refuse(reason, STATUS_NOT_ALLOWED, "HEAD is not allowed here");
    conn->role = route->role;
    conn->version = handshake->version;
    choose_shape(conn, head, wants_events);
    status = read_callback(conn, &request->form, reason);
    if (status == STATUS_OK)
        return conn->role->prepare(conn, request, reason);
    conn->role = NULL; /* it has not begun: nothing to close */
    return status;
}

void routes_open(struct conn *conn, const struct head *head)
{
    const struct route *route = NULL;
    struct handshake handshake = {0};
    struct reason reason = {0};
    enum status status = read_request(conn, head, &reason);

    if (status == STATUS_OK)
        status = find_route(&conn->server->request, &route, &reason);
    if (status == STATUS_OK)
        status = prepare(conn, head, route, &handshake, &reason);
    if (status == STATUS_OK) {
        begin(conn, head, &handshake);
    } else {
        conn->version = WS_NONE; /* errors are plain HTTP */
        conn->shape = SHAPE_LINE;
        routes_refuse(conn, status, &reason);
    }
}

/* --- /health -----------------------------------------------------------------------------------
 */

static enum status prepare_health(struct conn *conn, const struct request *request,
                                  struct reason *reason)
{
    (void)conn, (void)request, (void)reason;
    return STATUS_OK;
}

static void tell_health(struct conn *conn)
{
    struct response *response = &conn->server->response;

    response_reset(response);
    response_header(response, "Connection", "close");
    buffer_add_text(&response->body, "{\"status\":\"ok\"}\r\n");
    conn_answer(conn, response);
}

const struct role role_health = {
    .options = "",
    .is_answer = true,
    .prepare = prepare_health,
    .open = tell_health,
};
