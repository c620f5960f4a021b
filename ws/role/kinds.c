/* kinds.c - the connections of this helper by kind.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ws/role/kinds.h"

#include <sys/time.h>

#include "base/buffer.h"
#include "ws/net/conn.h"
#include "ws/net/role.h"
#include "ws/role/rest.h"

static enum conn_kind kind_of(const struct conn *conn)
{
    if (conn->state == CONN_HEAD || conn->state == CONN_NONCE)
        return BEGINNING;
    if (conn->state != CONN_OPEN)
        return ENDING;
    if (conn->role == &role_rest)
        return REQUESTS;
    if (conn->role->is_answer)
        return LONG_POLLS;
    if (conn->version != WS_NONE)
        return WEBSOCKETS;
    return conn->shape == SHAPE_SSE ? EVENTS : COMET;
}

const char *kind_name(enum conn_kind kind)
{
    static const char *const names[KINDS] = {"websocket", "events",    "comet", "long-poll",
                                             "request",   "beginning", "ending"};

    return names[kind];
}

void kinds_count(const struct conns *conns, long long counts[KINDS])
{
    for (int kind = 0; kind < KINDS; kind++)
        counts[kind] = 0;
    for (const struct conn *conn = conns->first; conn; conn = conn->next)
        counts[kind_of(conn)]++;
}

/* When this was first asked, which is when the helper begins. */
static long long began_ms(void)
{
    static long long began;
    struct timeval now;

    if (!began) {
        gettimeofday(&now, NULL);
        began = 1000LL * now.tv_sec + now.tv_usec / 1000;
    }
    return began;
}

void kinds_write(const struct conns *conns, struct buffer *text)
{
    long long counts[KINDS];

    kinds_count(conns, counts);
    buffer_addf(text, "{\"version\":\"%s\",\"since\":%lld,\"connections\":{", PACKAGE_VERSION,
                began_ms());
    for (int kind = 0; kind < KINDS; kind++)
        buffer_addf(text, "%s\"%s\":%lld", kind ? "," : "", kind_name(kind), counts[kind]);
    buffer_add_text(text, "}}");
}
