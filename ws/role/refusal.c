/* refusal.c - the answer to a request that is refused.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/refusal.h"

#include <errno.h>
#include <unistd.h>

#include "base/settings.h"
#include "http/html.h"
#include "http/response.h"
#include "protocol/command.h"
#include "ws/net/answer.h"
#include "ws/net/conn.h"

/* JSON, or a page with the prefix of restmq.conf. */
static void write_error(struct response *response, enum status status, const struct reason *reason,
                        const char *page_prefix)
{
    response->http_status = status_http(status);
    if (status_retry_after(status, reason))
        response_header(response, "Retry-After", "%d", status_retry_after(status, reason));
    if (status == STATUS_NOT_ALLOWED)
        response_header(response, "Allow", "GET, OPTIONS");
    if (status == STATUS_UNAUTHORIZED)
        response_header(response, "WWW-Authenticate", "Basic realm=\"RestMQ\"");
    if (status == STATUS_UPGRADE)
        response_header(response, "Sec-WebSocket-Version", "13, 8, 7");
    if (page_prefix) {
        html_error(response, status, reason, page_prefix);
        return;
    }
    error_render(status, reason, &response->body);
    buffer_add_text(&response->body, "\r\n");
}

void refusal_answer(struct conn *conn, enum status status, const struct reason *reason)
{
    struct response response = conn_begin_response(conn);

    write_error(&response, status, reason,
                conn->wishes.wants_page ? conn->conns->settings->prefix : NULL);
    conn_answer(conn, &response);
}

void refusal_turn_away(int fd)
{
    struct response response = {0};
    struct reason reason = {0};
    struct buffer out = {0};

    response_reset(&response);
    response_header(&response, "Connection", "close");
    refuse(&reason, STATUS_UNAVAILABLE, "too many are connected");
    write_error(&response, STATUS_UNAVAILABLE, &reason, NULL);
    response_write(&response, "HTTP/1.1 ", false, &out);
    if (write(fd, out.data, out.len) < 0)
        errno = 0; /* it would have been polite */
    close(fd);
    response_clear(&response);
    buffer_clear(&out);
}
