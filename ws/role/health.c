/* health.c - /health: this program answers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/response.h"
#include "ws/net/role.h"
#include "ws/net/send.h"

static void health_tell(struct conn *conn)
{
    struct response response = conn_begin_response(conn);

    buffer_add_text(&response.body, "{\"status\":\"ok\"}\r\n");
    conn_answer(conn, &response);
}

const struct role role_health = {
    .is_answer = true,
    .is_brief = true,
    .open = health_tell,
};
