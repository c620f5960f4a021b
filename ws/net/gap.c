/* gap.c - messages may be missing.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/gap.h"

#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/payload.h"

static void tell(struct conn *conn, struct payload *gap)
{
    struct payload *own = NULL;

    if (conn->callback)
        own = payload_with_callback(gap, conn->callback, true, conn->shape);
    if (!conn_send(conn, own ? own : gap))
        conn_end(conn, CLOSE_TOO_SLOW, "too slow");
    payload_drop(own);
}

void gap_tell_all(struct conns *conns)
{
    struct payload *gap = payload_new(conns->budget);

    payload_add(gap, "", 0, EVENT_GAP, sizeof(EVENT_GAP) - 1);
    for (struct conn *conn = conns->first; conn; conn = conn->next)
        if (conn_is_open(conn) && conn->knows_events)
            tell(conn, gap);
    payload_drop(gap);
}
