/* pace.c - does the peer of a connection get on?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/pace.h"

#include "ws/net/conn.h"

enum {
    TICKS_OF_BODY = LIMIT_REQUEST_SECONDS / LIMIT_BODY_SECONDS,
    TICKS_OF_SILENCE = 3, /* without a byte taken of an answer */
};

#define NOT_SEEN ((size_t)-1)

void pace_begin_body(struct pace *pace)
{
    pace->seen_body = NOT_SEEN;
    pace->ticks_of_body = 0;
}

/* While nothing is read of it, that is not the peer's fault. */
static bool body_is_stuck(struct pace *pace, const struct conn *conn, enum pace_body body)
{
    bool is_read = body == PACE_BODY && !conn->in.is_paused;
    size_t len = is_read ? conn->in.message.len : NOT_SEEN;
    bool is_slow = is_read && len == pace->seen_body;

    pace->seen_body = len;
    return is_slow || (body != PACE_NO_BODY && ++pace->ticks_of_body > TICKS_OF_BODY);
}

static bool head_is_stuck(struct pace *pace, const struct conn *conn, enum pace_body body)
{
    size_t len = conn->in.is_paused || body != PACE_NO_BODY ? 0 : conn->in.bytes.len;
    bool is_slow = len && pace->seen_head && pace->requests == pace->seen_requests;

    pace->seen_head = len;
    pace->seen_requests = pace->requests;
    return is_slow;
}

static bool answers_are_stuck(struct pace *pace, const struct conn *conn)
{
    bool is_silent = outbox_len(&conn->outbox) > 0 && conn->outbox.written == pace->seen_written;

    pace->ticks_of_silence = is_silent ? pace->ticks_of_silence + 1 : 0;
    pace->seen_written = conn->outbox.written;
    return pace->ticks_of_silence >= TICKS_OF_SILENCE;
}

bool pace_is_stuck(struct pace *pace, const struct conn *conn, enum pace_body body)
{
    bool is_stuck = body_is_stuck(pace, conn, body);

    is_stuck = head_is_stuck(pace, conn, body) || is_stuck;
    return answers_are_stuck(pace, conn) || is_stuck;
}
