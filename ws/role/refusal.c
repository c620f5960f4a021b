/* refusal.c - the answer to a request that is refused.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/refusal.h"

#include <errno.h>
#include <unistd.h>

#include "base/settings.h"
#include "http/response.h"
#include "protocol/answer.h"
#include "ws/net/conn.h"
#include "ws/net/send.h"

void refusal_answer(struct conn *conn, enum status status, const struct reason *reason)
{
    struct response response = conn_begin_response(conn);

    if (status == STATUS_NOT_ALLOWED)
        response_header(&response, "Allow", "GET, OPTIONS");
    answer_status(&response, status, reason,
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
    answer_status(&response, STATUS_UNAVAILABLE, &reason, NULL);
    response_write(&response, "HTTP/1.1 ", false, &out);
    if (write(fd, out.data, out.len) < 0)
        errno = 0; /* it would have been polite */
    close(fd);
    response_clear(&response);
    buffer_clear(&out);
}
