/* answer.c - from a status to an answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/answer.h"

#include "http/html.h"
#include "protocol/command.h"

static void add_headers(struct response *response, enum status status, const struct reason *reason)
{
    int seconds = status_retry_after(status, reason);

    if (seconds)
        response_header(response, "Retry-After", "%d", seconds);
    if (status == STATUS_UNAUTHORIZED && !(response->is_scripts && reason->is_for_key))
        response_header(response, "WWW-Authenticate", "Basic realm=\"RestMQ\"");
    if (status == STATUS_UPGRADE)
        response_header(response, "Sec-WebSocket-Version", "13, 8, 7");
}

void answer_error(struct response *response, int http_status, enum status status,
                  const struct reason *reason, const char *page_prefix)
{
    buffer_reset(&response->body);
    response->http_status = http_status;
    response->type = TYPE_JSON;
    if (page_prefix) {
        html_error(response, status, reason, page_prefix);
    } else {
        error_render(status, reason, &response->body);
        buffer_add_text(&response->body, "\r\n");
    }
    add_headers(response, status, reason);
}

void answer_status(struct response *response, enum status status, const struct reason *reason,
                   const char *page_prefix)
{
    if (status != STATUS_EMPTY) {
        answer_error(response, status_http(status), status, reason, page_prefix);
        return;
    }
    buffer_reset(&response->body);
    response->http_status = status_http(status);
}
