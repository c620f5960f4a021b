/* conn.c - one connection.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/conn.h"

#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/settings.h"
#include "ws/net/budget.h"
#include "ws/net/front.h"
#include "ws/net/role.h"

enum {
    PING_MS = 25000,    /* between pings */
    PONG_MS = 10000,    /* for the answer to one */
    COMMENT_MS = 15000, /* between the comments that keep an event stream alive */
    STALL_MS = 25000,   /* without a byte taken, while some wait: the peer is gone */
};

static void on_writable(struct ev_loop *loop, struct ev_io *io, int events);

void conn_set_timeout(struct conn *conn, unsigned ms)
{
    wheel_set(&conn->conns->wheel, &conn->timeout, ms);
}

unsigned conn_idle_ms(const struct conn *conn)
{
    if (conn->shape == SHAPE_SSE)
        return COMMENT_MS;
    return conn_has_pings(conn) ? PING_MS : STALL_MS;
}

void conn_wait(struct conn *conn, unsigned ms)
{
    conn_set_timeout(conn, ms);
}

void conn_look_in(struct conn *conn, unsigned ms)
{
    wheel_set(&conn->conns->looks, &conn->look, ms);
}

void conn_hold(struct conn *conn)
{
    conn->jobs++;
}

void conn_drop(struct conn *conn)
{
    if (--conn->jobs == 0)
        conn_mark(conn);
}

void conn_mark(struct conn *conn)
{
    turn_mark(conn->conns->turn, CAUSE_SENDING, &conn->marked);
}

/* --- birth and end ------------------------------------------------------------------------- */

struct conn *conn_new(struct conns *conns, int fd)
{
    struct conn *conn = xmalloc(sizeof(*conn));

    *conn = (struct conn){.conns = conns, .next = conns->first, .link = &conns->first};
    if (conn->next)
        conn->next->link = &conn->next;
    conns->first = conn;
    conns->count++;
    ev_io_init(&conn->readable, conns->hearing->readable, fd, EV_READ);
    ev_io_init(&conn->writable, on_writable, fd, EV_WRITE);
    conn->readable.data = conn->writable.data = conn;
    ev_io_start(conns->loop, &conn->readable);
    return conn;
}

/* From now on what it keeps waits. */
static void note_move(struct conn *conn)
{
    conn->delay.moved_at = (uint16_t)conn->conns->steps;
}

/* Counts what it has sent and what is not done, after that may have changed. */
void conn_count_kept(struct conn *conn)
{
    size_t counted = conn->delay.kept, kept = conn->in.bytes.size + conn->in.message.size;

    if (kept == counted)
        return;
    if (!counted)
        note_move(conn);
    budget_recount(conn->conns->budget, &counted, kept);
    conn->delay.kept = (uint32_t)counted;
}

void conn_leave_role(struct conn *conn)
{
    const struct role *role = conn->role;

    conn->role = NULL;
    if (role && role->close)
        role->close(conn);
}

void conn_let_in(struct conn *conn)
{
    if (!conn->in.is_half)
        return;
    conn->in.is_half = false;
    heads_leave(&conn->conns->heads, &conn->in.reader.half);
}

void conn_let_out(struct conn *conn)
{
    if (conn->in.is_half)
        return;
    conn->in.is_half = true;
    heads_return(&conn->conns->heads, &conn->in.reader.half);
}

void conn_abort(struct conn *conn)
{
    if (conn->state == CONN_CLOSED)
        return;
    conn->state = CONN_CLOSED;
    conn_let_in(conn);
    if (conn->asked)
        conn->conns->front->forget(conn);
    conn_leave_role(conn);
    ev_io_stop(conn->conns->loop, &conn->readable);
    ev_io_stop(conn->conns->loop, &conn->writable);
    wheel_unset(&conn->timeout);
    wheel_unset(&conn->look);
    close(conn->readable.fd);
    outbox_clear(&conn->outbox);
    conn_mark(conn);
}

static void conn_free(struct conn *conn)
{
    *conn->link = conn->next;
    if (conn->next)
        conn->next->link = conn->link;
    conn->conns->count--;
    outbox_clear(&conn->outbox);
    payload_drop(conn->pings.pong);
    buffer_clear(&conn->in.bytes);
    buffer_clear(&conn->in.message);
    conn_count_kept(conn);
    free(conn->callback);
    free(conn->asker.key);
    free(conn->asker.user);
    free(conn->asker.shared_origin);
    free(conn);
}

bool conn_is_open(const struct conn *conn)
{
    return conn->state == CONN_OPEN && !conn->leaving;
}

bool conn_has_hung_up(const struct conn *conn)
{
    struct pollfd peer = {.fd = conn->readable.fd, .events = POLLRDHUP};

    return conn->state == CONN_CLOSED || poll(&peer, 1, 0) > 0;
}

/* --- out ----------------------------------------------------------------------------------- */

/* Whether the payload is deflated is decided when the first connection of its shape gets it, for
 * all. */
static void deflate(const struct conn *conn, struct payload *payload)
{
    struct squeeze *squeeze = &conn->conns->squeeze;

    if (!shape_window(conn->shape))
        return;
    squeeze->least = (size_t)conn->conns->settings->deflate_min;
    payload_deflate(payload, conn->shape, squeeze);
}

void conn_queue(struct conn *conn, struct payload *payload)
{
    deflate(conn, payload);
    if (!conn->outbox.count)
        note_move(conn);
    outbox_add(&conn->outbox, conn->shape, payload);
    conn_mark(conn);
}

void conn_send_raw(struct conn *conn, const char *data, size_t len)
{
    struct payload *payload = payload_raw(conn->conns->budget, data, len);

    conn_queue(conn, payload);
    payload_drop(payload);
}

/* One payload may always wait, however large it is. */
static bool has_room(const struct conn *conn)
{
    return conn->outbox.count == 0 ||
           outbox_cost(&conn->outbox) <= (size_t)conn->conns->settings->max_outbox;
}

bool conn_send(struct conn *conn, struct payload *payload)
{
    if (!conn_is_open(conn))
        return true;
    if (!has_room(conn))
        return false;
    conn_queue(conn, payload);
    return true;
}

/* Some bytes of the outbox are left. */
static void wait_for_room(struct conn *conn)
{
    if (!ev_is_active(&conn->writable))
        note_move(conn);
    ev_io_start(conn->conns->loop, &conn->writable);
}

bool conn_send_now(struct conn *conn, struct payload *payload)
{
    if (!conn_is_open(conn))
        return true;
    deflate(conn, payload);
    if (conn->is_held)
        conn_queue(conn, payload);
    else if (!has_room(conn))
        return false;
    else if (!outbox_send(&conn->outbox, conn->shape, payload, conn->writable.fd))
        conn_abort(conn);
    else if (conn->outbox.count)
        wait_for_room(conn);
    return true;
}

void conn_release(struct conn *conn)
{
    if (!conn->is_held)
        return;
    conn->is_held = false;
    conn_mark(conn);
}

static void send_ping(struct conn *conn)
{
    char frame[FRAME_HEAD + sizeof(conn->pings.number)];
    size_t len = frame_head(frame, OPCODE_PING, sizeof(conn->pings.number));

    conn->pings.is_wanted = false;
    conn->pings.is_awaited = true;
    conn->pings.number++;
    conn->pings.position = conn->outbox.queued;
    memcpy(frame + len, &conn->pings.number, sizeof(conn->pings.number));
    conn_send_raw(conn, frame, len + sizeof(conn->pings.number));
    conn_set_timeout(conn, PONG_MS);
}

/* The outbox is empty: a connection that ends can be shut. */
static void finish_writing(struct conn *conn)
{
    ev_io_stop(conn->conns->loop, &conn->writable);
    /* A websocket's peer has the last word, if there is one. */
    if (conn->state == CONN_ENDING && (!conn_has_pings(conn) || conn->in.has_heard_close))
        shutdown(conn->writable.fd, SHUT_WR);
}

/* Takes the reference over. */
void conn_send_pong(struct conn *conn, struct payload *pong)
{
    conn_queue(conn, pong);
    payload_drop(pong);
    conn->pings.pong_end = (uint32_t)conn->outbox.queued;
}

/* Is there a pong in the outbox? */
bool conn_has_pong(const struct conn *conn)
{
    uint32_t left = conn->pings.pong_end - (uint32_t)conn->outbox.written;

    return left > 0 && left <= outbox_len(&conn->outbox);
}

/* The pong that waited for another one takes its place. */
static void send_next_pong(struct conn *conn)
{
    struct payload *pong = conn->pings.pong;

    if (!pong || conn_has_pong(conn))
        return;
    conn->pings.pong = NULL;
    if (conn_is_open(conn))
        conn_send_pong(conn, pong);
    else
        payload_drop(pong);
}

void conn_flush(struct conn *conn)
{
    uint64_t written = conn->outbox.written;

    if (conn->leaving)
        conn->conns->end(conn);
    if (conn->state == CONN_CLOSED || conn->is_held)
        return;
    if (conn->pings.is_wanted && !conn->pings.is_awaited && conn_is_open(conn))
        send_ping(conn);
    if (!outbox_flush(&conn->outbox, conn->shape, conn->writable.fd)) {
        conn_abort(conn);
        return;
    }
    if (conn->outbox.written != written)
        note_move(conn);
    turn_weigh(conn->conns->turn, (size_t)(conn->outbox.written - written));
    send_next_pong(conn);
    if (outbox_len(&conn->outbox))
        ev_io_start(conn->conns->loop, &conn->writable);
    else
        finish_writing(conn);
    if (conn->outbox.written != written && conn->role && conn->role->progress)
        conn->role->progress(conn);
}

static bool may_be_freed(const struct conn *conn)
{
    return conn->state == CONN_CLOSED && !conn->jobs && !is_marked(&conn->marked) &&
           !is_marked(&conn->arrival) && !conn->in.is_in_line;
}

void conn_act(struct marked *marked)
{
    struct conn *conn = (struct conn *)((char *)marked - offsetof(struct conn, marked));

    conn_flush(conn);
    if (may_be_freed(conn))
        conn_free(conn);
}

/* In its turn: for thousands that takes long, or for large answers. */
static void on_writable(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)loop, (void)events;
    conn_mark(io->data);
}

uint64_t conn_arrived(struct conn *conn)
{
    int waiting = 0;

    if (conn_has_pings(conn))
        return conn->pings.arrived;
    /* Hixie has no ping, and its peers are browsers of 2010: what the kernel took must do. */
    if (!conn_is_websocket(conn) &&
        (ioctl(conn->writable.fd, SIOCOUTQ, &waiting) != 0 || waiting < 0))
        waiting = 0;
    return conn->outbox.written -
           ((uint64_t)waiting < conn->outbox.written ? (uint64_t)waiting : conn->outbox.written);
}

void conn_watch_arrival(struct conn *conn)
{
    if (conn_has_pings(conn)) {
        conn->pings.is_wanted = true;
        conn_mark(conn);
    } else {
        watch_add(&conn->conns->arrivals, &conn->arrival);
    }
}

/* --- hearing ------------------------------------------------------------------------------------
 */

void conn_pause(struct conn *conn)
{
    conn->in.is_paused = true;
    ev_io_stop(conn->conns->loop, &conn->readable);
}

void conn_resume(struct conn *conn)
{
    if (!conn->in.is_paused)
        return;
    conn->in.is_paused = false;
    if (conn->state == CONN_CLOSED)
        return;
    ev_io_start(conn->conns->loop, &conn->readable);
    conn->conns->hearing->resumed(conn);
}
