/* shutdown.c - the end of the helper, in order.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/shutdown.h"

#include "ws/entrance.h"
#include "ws/feed/attendance.h"
#include "ws/feed/feeds.h"
#include "ws/feed/helper.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/redis/alink.h"
#include "ws/redis/job.h"

static const ev_tstamp STOP_SECONDS = 2;    /* for peers to close, and for Redis to answer */
static const ev_tstamp HEADS_SECONDS = 0.1; /* of these, for requests that are on their way */

/* A request that has not come whole is answered yet, if it comes soon: its client was let in. */
static void leave(const struct conns *conns, bool halves)
{
    for (struct conn *conn = conns->first; conn; conn = conn->next)
        if ((conn->state == CONN_HEAD) == halves)
            conn_leave(conn, LEAVES_ALL);
}

void shutdown_begin(struct shutdown *shutdown)
{
    struct helper *helper = shutdown->helper;

    if (helper->is_stopping)
        return;
    helper->is_stopping = true;
    shutdown->until = ev_now(helper->conns->loop) + STOP_SECONDS;
    entrance_close(shutdown->entrance);
    leave(helper->conns, false);
    attendance_end(shutdown->attendances);
}

/* No client is connected, and all messages that were taken are acked or given back. */
static bool is_done(const struct shutdown *shutdown)
{
    const struct helper *helper = shutdown->helper;

    return !feeds_are_taking(&shutdown->feeds->sources) && !helper->conns->first &&
           alink_waiting(helper->jobs->alink) == 0;
}

bool shutdown_is_over(const struct shutdown *shutdown)
{
    const struct helper *helper = shutdown->helper;
    ev_tstamp now = ev_now(helper->conns->loop);

    if (!helper->is_stopping)
        return false;
    if (now > shutdown->until - STOP_SECONDS + HEADS_SECONDS)
        leave(helper->conns, true);
    return is_done(shutdown) || !alink_is_up(helper->jobs->alink) || now > shutdown->until;
}
