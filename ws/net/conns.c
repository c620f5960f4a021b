/* conns.c - all connections.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/conns.h"

#include "base/limits.h"
#include "ws/net/ending.h"
#include "ws/net/front.h"
#include "ws/net/role.h"
#include "ws/net/talk.h"

enum {
    PONG_MS = 10000, /* for the answer to a ping */
    CLOSE_MS = 5000, /* for the next bytes of a connection that ends */
};

static struct conn *conn_of(void *member, size_t offset)
{
    return (struct conn *)((char *)member - offset);
}

static bool is_stalled(struct conn *conn)
{
    bool is_stalled =
        outbox_len(&conn->outbox) > 0 && (uint32_t)conn->outbox.written == conn->delay.seen_written;

    conn->delay.seen_written = (uint32_t)conn->outbox.written;
    return is_stalled;
}

static void keep_stream_alive(struct conn *conn)
{
    /* A ping that is still on its way out has no answer yet; but something must move. */
    bool is_unanswered = conn->pings.is_awaited && outbox_len(&conn->outbox) == 0;

    if (is_stalled(conn) || is_unanswered) {
        conn_abort(conn);
        return;
    }
    conn_set_timeout(conn, conn->pings.is_awaited ? PONG_MS : conn_idle_ms(conn));
    if (conn_has_pings(conn) && !conn->pings.is_awaited)
        conn->pings.is_wanted = true;
    else if (conn->shape == SHAPE_SSE && outbox_len(&conn->outbox) == 0)
        conn_send_raw(conn, ":\n\n", 3);
    conn_mark(conn);
}

/* Nothing more is asked, and what it was sent is on its way. */
static bool is_taking(struct conn *conn)
{
    bool is_asked = conn->state == CONN_HEAD && conn->in.bytes.len > 0;

    return (conn->state == CONN_ENDING || conn->state == CONN_HEAD) && !is_asked &&
           outbox_len(&conn->outbox) > 0 && !is_stalled(conn);
}

static void time_out(struct conn *conn)
{
    if (conn->state == CONN_OPEN && conn->role->is_answer && conn->role->timeout)
        conn->role->timeout(conn);
    else if (conn->state == CONN_OPEN && !conn->role->is_answer)
        keep_stream_alive(conn);
    else if (is_taking(conn))
        conn_set_timeout(conn, CLOSE_MS);
    else
        conn_abort(conn);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void drop_half(struct half_head *half)
{
    conn_abort(conn_of(half, offsetof(struct conn, in.reader.half)));
}

static void look_at_arrival(struct marked *arrival)
{
    struct conn *conn = conn_of(arrival, offsetof(struct conn, arrival));

    if (conn->role && conn->role->progress)
        conn->role->progress(conn);
    else
        conn_mark(conn); /* a closed one may be freed now */
}

void conns_begin(struct conns *conns)
{
    turn_serve(conns->turn, CAUSE_SENDING, conn_act);
    conns->end = conn_end_leaving;
    conns->heads.drop = drop_half;
    watch_init(&conns->arrivals, conns->loop, conns->turn, look_at_arrival);
    squeeze_begin(&conns->squeeze, conns->turn);
    talk_begin(conns);
}

void conns_end(struct conns *conns)
{
    talk_end(conns);
    squeeze_end(&conns->squeeze);
    for (struct conn *conn = conns->first; conn; conn = conn->next) {
        conn_abort(conn);
        conn->jobs = 0;
        conn->in.is_in_line = false;
        conn->arrival.next = NULL;
        conn_mark(conn); /* it may have been closed before */
    }
}

struct conn *conns_accept(struct conns *conns, int fd, const struct ip *ip)
{
    struct conn *conn = conn_new(conns, fd);

    conn_set_timeout(conn, LIMIT_HEAD_SECONDS * 1000);
    heads_enter(&conns->heads, &conn->in.reader.half, ip);
    conn->in.is_half = true;
    return conn;
}

/* A connection with a role was let in, even if its handshake is not complete; its client may come
 * again. */
void conns_end_admitted(struct conns *conns)
{
    for (struct conn *conn = conns->first; conn; conn = conn->next)
        if (conn->role)
            conn_leave(conn, LEAVES_RULES);
}

void conns_step(struct conns *conns)
{
    wheel_step(&conns->wheel);
    wheel_step(&conns->looks);
    conns->steps++;
}

bool conns_have_timeouts(const struct conns *conns)
{
    return conns->wheel.over || conns->looks.over;
}

void conns_tell_timeouts(struct conns *conns)
{
    struct timeout *timeout, *look;

    turn_to(conns->turn, CAUSE_TIMEOUTS);
    while (turn_goes_on(conns->turn) && (timeout = wheel_expired(&conns->wheel)))
        time_out(conn_of(timeout, offsetof(struct conn, timeout)));
    while (turn_goes_on(conns->turn) && (look = wheel_expired(&conns->looks)))
        conns->front->look(conn_of(look, offsetof(struct conn, look)));
}
