/* send.c - texts and HTTP answers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/send.h"

#include "base/settings.h"
#include "http/cors.h"
#include "http/response.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"

bool conn_send_text(struct conn *conn, const char *text, size_t len)
{
    struct payload *payload = payload_new(conn->conns->budget);
    bool is_sent;

    payload_add(payload, "", 0, text, len);
    is_sent = conn_send(conn, payload);
    payload_drop(payload);
    return is_sent;
}

static void queue_buffer(struct conn *conn, struct buffer *bytes)
{
    struct payload *payload = payload_take(conn->conns->budget, bytes);

    conn_queue(conn, payload);
    payload_drop(payload);
}

struct response conn_begin_response(const struct conn *conn)
{
    struct response response = {0};

    response_reset(&response);
    response.is_scripts = conn->wishes.is_scripts;
    response_header(&response, "Connection", "close");
    if (*conn->conns->settings->origins)
        cors_add(&response, conn->asker.shared_origin, conn->wishes.is_options);
    return response;
}

/* A large body goes out from where it was written. */
void conn_send_response(struct conn *conn, struct response *response)
{
    enum { LARGE = 16384 };
    bool is_apart = !conn->wishes.is_head && response->body.len >= LARGE;
    struct buffer bytes = {0};

    response_write(response, "HTTP/1.1 ", conn->wishes.is_head || is_apart, &bytes);
    queue_buffer(conn, &bytes);
    if (is_apart)
        queue_buffer(conn, &response->body);
    response_clear(response);
}

void conn_answer(struct conn *conn, struct response *response)
{
    conn_send_response(conn, response);
    conn_begin_ending(conn);
}
