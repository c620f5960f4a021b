/* ending.c - the end of a connection.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/ending.h"

#include <string.h>

#include "ws/net/conn.h"
#include "ws/net/role.h"

enum {
    CLOSE_MS = 5000, /* for the peer's side of the end */
};

void conn_begin_ending(struct conn *conn)
{
    conn_leave_role(conn);
    conn_release(conn);
    conn->state = CONN_ENDING;
    buffer_clear(&conn->in.message);
    conn_set_timeout(conn, CLOSE_MS);
    conn_mark(conn);
    conn_resume(conn); /* the peer's close may be among what was held back */
}

/* A peer may choose any code for its close, which is sent back. */
static const struct {
    int code;
    const char *name;
} kinds[CLOSE_KINDS] = {
    {CLOSE_NORMAL,       "1000" },
    {CLOSE_GOING_AWAY,   "1001" },
    {CLOSE_PROTOCOL,     "1002" },
    {CLOSE_UNACCEPTABLE, "1003" },
    {CLOSE_WITHOUT_CODE, "none" },
    {CLOSE_NO_UTF8,      "1007" },
    {CLOSE_FORBIDDEN,    "1008" },
    {CLOSE_TOO_LONG,     "1009" },
    {CLOSE_AGAIN,        "1012" },
    {CLOSE_TOO_SLOW,     "1013" },
    {0,                  "other"},
};

const char *close_kind_name(int kind)
{
    return kinds[kind].name;
}

static int kind_of(int code)
{
    int kind = 0;

    while (kind < CLOSE_KINDS - 1 && kinds[kind].code != code)
        kind++;
    return kind;
}

static void send_close_frame(struct conn *conn, int code, const char *reason)
{
    char frame[FRAME_HEAD + FRAME_CONTROL];
    size_t reason_len = code == CLOSE_WITHOUT_CODE ? 0 : strlen(reason),
           body = code == CLOSE_WITHOUT_CODE ? 0 : 2 + reason_len;
    size_t len = frame_head(frame, OPCODE_CLOSE, body);

    if (body) {
        frame[len] = (char)(code >> 8);
        frame[len + 1] = (char)(code & 0xff);
        memcpy(frame + len + 2, reason, reason_len);
    }
    conn->conns->closes[kind_of(code)]++;
    conn_send_raw(conn, frame, len + body);
}

void conn_end(struct conn *conn, int code, const char *reason)
{
    if (conn->state == CONN_HEAD || conn->state == CONN_NONCE)
        conn_abort(conn);
    if (conn->state != CONN_OPEN)
        return;
    if (conn_has_pings(conn))
        send_close_frame(conn, code, reason);
    else if (conn->version == WS_HIXIE76)
        conn_send_raw(conn, "\xff\x00", 2);
    else if (conn->shape == SHAPE_CHUNK && !conn->role->is_answer)
        conn_send_raw(conn, "0\r\n\r\n", 5);
    conn_begin_ending(conn);
}

void conn_leave(struct conn *conn, enum leaving why)
{
    if (conn->leaving || conn->state == CONN_CLOSED)
        return;
    conn->leaving = (unsigned char)why;
    ev_io_stop(conn->conns->loop, &conn->readable);
    conn_mark(conn);
}

static void end_for(struct conn *conn, enum leaving why)
{
    static const struct {
        int code;
        const char *reason;
    } ends[] = {
        [LEAVES_RULES] = {CLOSE_AGAIN,      "the rules have changed"                  },
        [LEAVES_PURGED] = {CLOSE_NORMAL,     "purged"                                  },
        [LEAVES_POLICY] = {CLOSE_FORBIDDEN,  "ack=explicit needs the policy roundrobin"},
        [LEAVES_ALL] = {CLOSE_GOING_AWAY, "shutting down"                           },
    };

    if (conn->role && conn->role->stop)
        conn->role->stop(conn);
    else
        conn_end(conn, ends[why].code, ends[why].reason);
}

/* A peer that closes in order has read what it was sent: then that need not come back. */
void conn_end_leaving(struct conn *conn)
{
    enum leaving why = conn->leaving;

    conn->leaving = STAYS;
    if (why == LEAVES_READ && conn->role && conn->role->progress)
        conn->role->progress(conn);
    if (why == LEAVES_READ || why == LEAVES_BROKEN)
        conn_abort(conn);
    else
        end_for(conn, why);
    if (conn->state != CONN_CLOSED && !conn->in.is_paused) /* the peer has a word in its end */
        ev_io_start(conn->conns->loop, &conn->readable);
}
