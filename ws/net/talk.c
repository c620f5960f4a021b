/* talk.c - what the peers of connections say.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/talk.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/settings.h"
#include "base/utf8.h"
#include "ws/codec/head.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/front.h"
#include "ws/net/role.h"

enum {
    INPUT = 65536, /* bytes in one piece */
};

/* One head, and one piece of what is said, is read at a time. */
struct talk {
    struct head head;
    char input[INPUT];
};

static void take_pong(struct conn *conn, const struct frame *frame)
{
    if (!conn->pings.is_awaited || frame->len != sizeof(conn->pings.number) ||
        memcmp(frame->data, &conn->pings.number, frame->len) != 0)
        return; /* pongs that nobody asked for are allowed, and mean nothing */
    conn->pings.is_awaited = false;
    conn->pings.arrived = conn->pings.position;
    conn_set_timeout(conn, conn_idle_ms(conn));
    if (conn->pings.is_wanted)
        conn_mark(conn);
    if (conn->role && conn->role->progress)
        conn->role->progress(conn);
}

/* Does it take nothing now? */
static bool is_blocked(const struct conn *conn)
{
    return conn->is_held || ev_is_active(&conn->writable);
}

/* While one answer waits, only the newest of the pings behind it is answered (RFC 6455, 5.5.3): a
 * peer that sends pings and reads nothing does not fill our memory. */
static void answer_ping(struct conn *conn, const struct frame *frame)
{
    enum { PONGS = 16 }; /* in one turn of the loop, before it is tried to send them */
    char bytes[FRAME_HEAD + FRAME_CONTROL];
    size_t len = frame_head(bytes, OPCODE_PONG, frame->len);
    struct payload *pong;

    if (conn->outbox.count >= PONGS && !is_blocked(conn))
        conn_flush(conn);
    if (!conn_is_open(conn))
        return;
    memcpy(bytes + len, frame->data, frame->len);
    pong = payload_raw(conn->conns->budget, bytes, len + frame->len);
    if (conn_has_pong(conn) && is_blocked(conn)) {
        payload_drop(conn->pings.pong);
        conn->pings.pong = pong;
    } else {
        conn_send_pong(conn, pong);
    }
}

/* Both sides have sent a close frame then: the server closes the connection first. */
static void take_close(struct conn *conn, const struct frame *frame)
{
    char reason[FRAME_CONTROL + 1];

    memcpy(reason, frame->data, frame->len);
    reason[frame->len] = '\0';
    conn->in.has_heard_close = true;
    conn_end(conn, frame->code, reason);
    conn_mark(conn);
}

/* What it says is no websocket's language. */
static void take_bad(struct conn *conn, int code)
{
    conn_end(conn, code, "");
    conn->in.has_heard_close = true; /* what comes now has no meaning */
    conn_mark(conn);
}

/* A whole message, as it came. */
static void take_message(struct conn *conn, const struct frame *frame, const char *data, size_t len)
{
    size_t max_message = conn->in.reader.frame.max_message;
    bool is_text = frame->kind == FRAME_TEXT;
    struct buffer message = {0};
    int code;

    if (!frame->is_deflated) {
        conn->role->message(conn, data, len, is_text);
        return;
    }
    code = squeeze_undo(&conn->conns->squeeze, data, len, max_message, &message);
    if (!code && is_text && !utf8_is_valid(message.data, message.len))
        code = CLOSE_NO_UTF8;
    if (code)
        take_bad(conn, code);
    else
        conn->role->message(conn, message.data, message.len, is_text);
    buffer_clear(&message);
}

static void take_piece(struct conn *conn, const struct frame *frame)
{
    if (!conn->role->message) {
        conn_end(conn, CLOSE_UNACCEPTABLE, "nothing can be said here");
        return;
    }
    if (frame->is_last && conn->in.message.len == 0) {
        take_message(conn, frame, frame->data, frame->len);
        return;
    }
    buffer_add(&conn->in.message, frame->data, frame->len);
    if (!frame->is_last)
        return;
    take_message(conn, frame, conn->in.message.data, conn->in.message.len);
    buffer_clear(&conn->in.message);
}

static void take_frame(struct conn *conn, const struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_MORE:
        break;
    case FRAME_TEXT:
    case FRAME_BINARY:
        if (conn_is_open(conn))
            take_piece(conn, frame);
        break;
    case FRAME_PING:
        if (conn->state == CONN_OPEN)
            answer_ping(conn, frame);
        break;
    case FRAME_PONG:
        take_pong(conn, frame);
        break;
    case FRAME_CLOSE:
        take_close(conn, frame);
        break;
    case FRAME_BAD:
        take_bad(conn, frame->code);
        break;
    }
}

static size_t read_frame(struct conn *conn, char *data, size_t len)
{
    struct frame frame;
    size_t used = conn_has_pings(conn) ? frame_read(&conn->in.reader.frame, data, len, &frame)
                                       : hixie_read(&conn->in.reader.hixie, data, len, &frame);

    take_frame(conn, &frame);
    return used;
}

/* So much of what has come may belong to the head that is being collected: all of it, or what goes
 * as far as the first blank line. */
static size_t piece_of_head(const struct conn *conn, const char *data, size_t len)
{
    size_t room = LIMIT_HEAD - conn->in.bytes.len;
    const char *end = conn->in.bytes.len ? NULL : memmem(data, len, "\r\n\r\n", 4);

    if (end)
        len = (size_t)(end - data) + 4;
    return len < room ? len : room;
}

static void take_complete_head(struct conn *conn, enum head_result result, struct reason *reason)
{
    if (result == HEAD_DONE)
        conn->conns->front->head(conn, &conn->conns->talk->head);
    else
        conn->conns->front->bad_head(conn, reason);
    buffer_clear(&conn->in.bytes);
}

/* Nothing, or what may stand before a head. */
static bool is_blank(const char *data, size_t len)
{
    return len <= 2 && memcmp(data, "\r\n", len) == 0;
}

/* Of a head that has begun behind another request nobody waits for the end for ever; a blank line
 * begins none. */
static void await_rest_of_head(struct conn *conn, size_t known)
{
    const struct buffer *bytes = &conn->in.bytes;

    if (is_blank(bytes->data, known) && !is_blank(bytes->data, bytes->len) &&
        conn->state == CONN_HEAD)
        conn_set_timeout(conn, LIMIT_HEAD_SECONDS * 1000);
}

/* The head is kept in conn->in.bytes until it is complete. */
size_t conn_hear_head(struct conn *conn, const char *data, size_t len)
{
    struct buffer *bytes = &conn->in.bytes;
    struct reason reason = {0};
    size_t known = bytes->len, piece = piece_of_head(conn, data, len), used = 0;
    enum head_result result;

    buffer_add(bytes, data, piece);
    result = head_parse(&conn->conns->talk->head, bytes->data, bytes->len, known, &used, &reason);
    if (result == HEAD_MORE && bytes->len == LIMIT_HEAD) {
        refuse(&reason, STATUS_BAD_REQUEST, "the head of a request has at most %d bytes",
               LIMIT_HEAD);
        result = HEAD_BAD;
    }
    if (result == HEAD_DONE) {
        piece -= bytes->len - used;
        bytes->len = used;
    }
    if (result == HEAD_MORE)
        await_rest_of_head(conn, known);
    else
        take_complete_head(conn, result, &reason);
    return piece;
}

void conn_await_nonce(struct conn *conn, const uint32_t numbers[2])
{
    conn_let_in(conn);
    memcpy(conn->in.reader.numbers, numbers, sizeof(conn->in.reader.numbers));
    conn->state = CONN_NONCE;
}

static size_t read_nonce(struct conn *conn, const char *data, size_t len)
{
    size_t missing = HANDSHAKE_NONCE - conn->in.bytes.len, used = len < missing ? len : missing;
    char digest[HANDSHAKE_DIGEST];
    uint32_t numbers[2];

    buffer_add(&conn->in.bytes, data, used);
    if (conn->in.bytes.len < HANDSHAKE_NONCE)
        return used;
    memcpy(numbers, conn->in.reader.numbers, sizeof(numbers));
    handshake_digest(numbers, conn->in.bytes.data, digest);
    buffer_clear(&conn->in.bytes);
    conn_send_raw(conn, digest, sizeof(digest));
    conn_open(conn);
    return used;
}

static bool hears_all(const struct conn *conn)
{
    return conn->state == CONN_OPEN && conn->role->hear;
}

/* Reads all of it, unless the connection is paused: then the rest waits. */
static void take_input(struct conn *conn, char *data, size_t len)
{
    size_t at = 0;

    while (at < len && !conn->in.is_paused) {
        if (conn->state == CONN_HEAD)
            at += conn_hear_head(conn, data + at, len - at);
        else if (conn->state == CONN_NONCE)
            at += read_nonce(conn, data + at, len - at);
        else if (conn_is_websocket(conn) && conn->state != CONN_CLOSED && !conn->in.has_heard_close)
            at += read_frame(conn, data + at, len - at);
        else if (hears_all(conn))
            at += conn->role->hear(conn, data + at, len - at);
        else
            at = len; /* streams and answers: nothing more is expected */
    }
    if (at < len)
        buffer_add(&conn->in.bytes, data + at, len - at);
}

/* A hundred small messages, and a thousand of those that say much; more of one that is large. */
static size_t piece_of(const struct conn *conn)
{
    enum { LITTLE = 2048, PIECE = 4096, MUCH = 16384 };
    size_t left =
        conn_has_pings(conn) && conn->state == CONN_OPEN ? frame_left(&conn->in.reader.frame) : 0;

    /* Thousands may say something in one turn, before somebody can be closed. */
    if (budget_is_full(conn->conns->budget))
        return LITTLE;
    /* Requests that come together go to Redis together. */
    if (conn->state == CONN_HEAD || hears_all(conn))
        return INPUT;
    /* A thousand times as much may come of it; of a large message only one can end. */
    if (shape_window(conn->shape))
        return left < LITTLE ? LITTLE : left < INPUT ? left : INPUT;
    if (!conn->in.is_bulk)
        return PIECE;
    if (left > INPUT)
        return INPUT;
    return left > MUCH ? left : MUCH;
}

static void read_piece(struct conn *conn)
{
    enum { SAID = 16 }; /* a byte of what is said may take as long as so many that are sent */
    char *input = conn->conns->talk->input;
    size_t piece = piece_of(conn);
    ssize_t len = read(conn->readable.fd, input, piece);

    conn->in.is_bulk = len == (ssize_t)piece;
    if (len > 0)
        turn_weigh(conn->conns->turn, (size_t)len * SAID);
    if (len > 0)
        take_input(conn, input, (size_t)len);
    else if (len == 0)
        conn_leave(conn, LEAVES_READ);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        conn_leave(conn, LEAVES_BROKEN);
    conn_count_kept(conn);
}

static void read_now(struct conn *conn)
{
    conn->in.is_in_line = false;
    if (ev_is_active(&conn->readable))
        read_piece(conn);
    else
        conn_mark(conn); /* closed meanwhile, or paused: then it is readable again later */
}

static enum reading_line line_of(const struct conn *conn)
{
    if (conn->state == CONN_HEAD)
        return READING_HEADS;
    return conn->in.is_bulk ? READING_BULK : READING_SAYINGS;
}

static void on_readable(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct conn *conn = io->data;

    (void)loop, (void)events;
    if (!conn->in.is_in_line)
        conn->in.is_in_line = !reading_note(&conn->conns->reading, line_of(conn), conn);
}

static void on_resumed(struct conn *conn)
{
    struct buffer rest = conn->in.bytes;

    buffer_init(&conn->in.bytes);
    take_input(conn, rest.data, rest.len);
    buffer_clear(&rest);
    conn_count_kept(conn);
}

static const struct hearing hearing = {.readable = on_readable, .resumed = on_resumed};

void talk_begin(struct conns *conns)
{
    conns->hearing = &hearing;
    conns->talk = xmalloc(sizeof(*conns->talk));
    conns->reading = (struct reading){.turn = conns->turn, .read = read_now};
}

void talk_end(struct conns *conns)
{
    reading_clear(&conns->reading);
    free(conns->talk);
    conns->talk = NULL;
}

void conn_converse(struct conn *conn, const struct role *role, void *role_data)
{
    conn->role = role;
    conn->role_data = role_data;
    conn->state = CONN_OPEN;
}

void conn_begin_again(struct conn *conn)
{
    bool is_in_head = conn->in.bytes.len && !conn->in.is_paused;

    conn_leave_role(conn);
    conn->state = CONN_HEAD;
    conn_let_out(conn);
    conn_set_timeout(conn, (is_in_head ? LIMIT_HEAD_SECONDS : LIMIT_KEPT_SECONDS) * 1000);
}

/* --- opening -------------------------------------------------------------------------------- */

static void keep_alive(const struct conn *conn)
{
    int fd = conn->readable.fd, on = 1, idle_s = 30, interval_s = 10, probes = 3;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

static void open_frames(struct conn *conn, size_t max_message)
{
    frame_reader_init(&conn->in.reader.frame, max_message);
    conn->in.reader.frame.may_deflate = shape_window(conn->shape) > 0;
}

void conn_open(struct conn *conn)
{
    size_t max_message = (size_t)conn->conns->settings->max_websocket;

    conn_let_in(conn);
    conn->state = CONN_OPEN;
    if (conn_has_pings(conn))
        open_frames(conn, max_message);
    else if (conn_is_websocket(conn))
        hixie_reader_init(&conn->in.reader.hixie, max_message, conn->version == WS_HIXIE76);
    if (!conn_has_pings(conn))
        keep_alive(conn);
    if (!conn->role->is_answer) {
        conn_set_timeout(conn, conn_idle_ms(conn));
        conn->conns->front->opened(conn);
    }
    if (conn->role->open)
        conn->role->open(conn);
}
