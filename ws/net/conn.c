/* conn.c - one connection.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/conn.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "http/response.h"
#include "ws/net/reading.h"
#include "ws/net/role.h"
#include "ws/role/admit.h"
#include "ws/role/routes.h"
#include "ws/server.h"

enum {
    PING_MS = 25000,    /* between pings */
    PONG_MS = 10000,    /* for the answer to one */
    COMMENT_MS = 15000, /* between the comments that keep an event stream alive */
    STALL_MS = 25000,   /* without a byte taken, while some wait: the peer is gone */
    CLOSE_MS = 5000,    /* for the peer's side of the end */
};

static void on_readable(struct ev_loop *loop, struct ev_io *io, int events);
static void on_writable(struct ev_loop *loop, struct ev_io *io, int events);
static void take_input(struct conn *conn, char *data, size_t len);

static bool is_websocket(const struct conn *conn)
{
    return conn->version != WS_NONE;
}

static bool has_pings(const struct conn *conn)
{
    return conn->version >= WS_HYBI7;
}

static void set_timeout(struct conn *conn, unsigned ms)
{
    wheel_set(&conn->server->wheel, &conn->timeout, ms);
}

void conn_mark(struct conn *conn)
{
    turn_mark(&conn->server->turn, CAUSE_SENDING, &conn->marked);
}

/* --- birth and end ------------------------------------------------------------------------- */

void conn_new(struct server *server, int fd, const struct ip *ip)
{
    struct conn *conn = xmalloc(sizeof(*conn));

    *conn = (struct conn){.server = server, .next = server->conns, .link = &server->conns};
    if (conn->next)
        conn->next->link = &conn->next;
    server->conns = conn;
    server->conn_count++;
    ev_io_init(&conn->readable, on_readable, fd, EV_READ);
    ev_io_init(&conn->writable, on_writable, fd, EV_WRITE);
    conn->readable.data = conn->writable.data = conn;
    ev_io_start(server->loop, &conn->readable);
    set_timeout(conn, LIMIT_HEAD_SECONDS * 1000);
    heads_enter(&server->heads, conn, ip);
}

/* From now on what it keeps waits. */
static void note_move(struct conn *conn)
{
    conn->moved_at = (uint16_t)conn->server->steps;
}

/* Counts what it has sent and what is not done, after that may have changed. */
static void count_kept(struct conn *conn)
{
    size_t counted = conn->kept, kept = conn->in.size + conn->message.size;

    if (kept == counted)
        return;
    if (!counted)
        note_move(conn);
    budget_recount(&conn->server->budget, &counted, kept);
    conn->kept = (uint32_t)counted;
}

static void leave_role(struct conn *conn)
{
    const struct role *role = conn->role;

    conn->role = NULL;
    if (role && role->close)
        role->close(conn);
}

void conn_abort(struct conn *conn)
{
    if (conn->state == CONN_CLOSED)
        return;
    conn->state = CONN_CLOSED;
    heads_leave(&conn->server->heads, conn);
    leave_role(conn);
    ev_io_stop(conn->server->loop, &conn->readable);
    ev_io_stop(conn->server->loop, &conn->writable);
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
    conn->server->conn_count--;
    outbox_clear(&conn->outbox);
    payload_drop(conn->pong);
    buffer_clear(&conn->in);
    buffer_clear(&conn->message);
    count_kept(conn);
    free(conn->callback);
    free(conn->key);
    free(conn->user);
    free(conn->shared_origin);
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

static void queue_payload(struct conn *conn, struct payload *payload)
{
    if (!conn->outbox.count)
        note_move(conn);
    outbox_add(&conn->outbox, conn->shape, payload);
    conn_mark(conn);
}

void conn_send_raw(struct conn *conn, const char *data, size_t len)
{
    struct payload *payload = payload_raw(&conn->server->budget, data, len);

    queue_payload(conn, payload);
    payload_drop(payload);
}

/* One payload may always wait, however large it is. */
static bool has_room(const struct conn *conn)
{
    return conn->outbox.count == 0 ||
           outbox_cost(&conn->outbox) <= (size_t)conn->server->settings->max_outbox;
}

bool conn_send(struct conn *conn, struct payload *payload)
{
    if (!conn_is_open(conn))
        return true;
    if (!has_room(conn))
        return false;
    queue_payload(conn, payload);
    return true;
}

/* Some of it is left. */
static void wait_for_room(struct conn *conn)
{
    if (!ev_is_active(&conn->writable))
        note_move(conn);
    ev_io_start(conn->server->loop, &conn->writable);
}

void conn_send_now(struct conn *conn, struct payload *payload)
{
    if (!conn_is_open(conn))
        return;
    if (conn->is_held)
        queue_payload(conn, payload);
    else if (!has_room(conn))
        conn_end(conn, CLOSE_TOO_SLOW, "too slow");
    else if (!outbox_send(&conn->outbox, conn->shape, payload, conn->writable.fd))
        conn_abort(conn);
    else if (conn->outbox.count)
        wait_for_room(conn);
}

void conn_release(struct conn *conn)
{
    if (!conn->is_held)
        return;
    conn->is_held = false;
    conn_mark(conn);
}

bool conn_send_text(struct conn *conn, const char *text, size_t len)
{
    struct payload *payload = payload_new(&conn->server->budget);
    bool is_sent;

    payload_add(payload, "", 0, text, len);
    is_sent = conn_send(conn, payload);
    payload_drop(payload);
    return is_sent;
}

static void send_ping(struct conn *conn)
{
    char frame[FRAME_HEAD + sizeof(conn->ping_number)];
    size_t len = frame_head(frame, OPCODE_PING, sizeof(conn->ping_number));

    conn->wants_ping = false;
    conn->awaits_pong = true;
    conn->ping_number++;
    conn->ping_position = conn->outbox.queued;
    memcpy(frame + len, &conn->ping_number, sizeof(conn->ping_number));
    conn_send_raw(conn, frame, len + sizeof(conn->ping_number));
    set_timeout(conn, PONG_MS);
}

/* All that was queued is with the kernel: then a connection that ends can say so. */
static void finish_writing(struct conn *conn)
{
    ev_io_stop(conn->server->loop, &conn->writable);
    /* A websocket's peer has the last word, if there is one. */
    if (conn->state == CONN_ENDING && (!has_pings(conn) || conn->has_heard_close))
        shutdown(conn->writable.fd, SHUT_WR);
}

/* Takes the reference over. */
static void send_pong(struct conn *conn, struct payload *pong)
{
    queue_payload(conn, pong);
    payload_drop(pong);
    conn->pong_end = (uint32_t)conn->outbox.queued;
}

/* Is there a pong in the outbox? */
static bool has_pong(const struct conn *conn)
{
    uint32_t left = conn->pong_end - (uint32_t)conn->outbox.written;

    return left > 0 && left <= outbox_len(&conn->outbox);
}

/* The pong that waited for another one takes its place. */
static void send_next_pong(struct conn *conn)
{
    struct payload *pong = conn->pong;

    if (!pong || has_pong(conn))
        return;
    conn->pong = NULL;
    if (conn_is_open(conn))
        send_pong(conn, pong);
    else
        payload_drop(pong);
}

static void end_leaving(struct conn *conn);

static void flush(struct conn *conn)
{
    uint64_t written = conn->outbox.written;

    if (conn->leaving)
        end_leaving(conn);
    if (conn->state == CONN_CLOSED || conn->is_held)
        return;
    if (conn->wants_ping && !conn->awaits_pong && conn_is_open(conn))
        send_ping(conn);
    if (!outbox_flush(&conn->outbox, conn->shape, conn->writable.fd)) {
        conn_abort(conn);
        return;
    }
    if (conn->outbox.written != written)
        note_move(conn);
    turn_weigh(&conn->server->turn, (size_t)(conn->outbox.written - written));
    send_next_pong(conn);
    if (outbox_len(&conn->outbox))
        ev_io_start(conn->server->loop, &conn->writable);
    else
        finish_writing(conn);
    if (conn->outbox.written != written && conn->role && conn->role->progress)
        conn->role->progress(conn);
}

static bool may_be_freed(const struct conn *conn)
{
    return conn->state == CONN_CLOSED && !conn->jobs && !is_marked(&conn->marked) &&
           !conn->is_arriving && !conn->is_in_line;
}

void conn_act(struct marked *marked)
{
    struct conn *conn = (struct conn *)((char *)marked - offsetof(struct conn, marked));

    flush(conn);
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

    if (has_pings(conn))
        return conn->pong_position;
    /* Hixie has no ping, and its peers are browsers of 2010: what the kernel took must do. */
    if (!is_websocket(conn) && (ioctl(conn->writable.fd, SIOCOUTQ, &waiting) != 0 || waiting < 0))
        waiting = 0;
    return conn->outbox.written -
           ((uint64_t)waiting < conn->outbox.written ? (uint64_t)waiting : conn->outbox.written);
}

void conn_watch_arrival(struct conn *conn)
{
    if (has_pings(conn)) {
        conn->wants_ping = true;
        conn_mark(conn);
    } else {
        server_watch_arrival(conn);
    }
}

/* --- answers and the orderly end ------------------------------------------------------------ */

static void begin_ending(struct conn *conn)
{
    leave_role(conn);
    conn_release(conn);
    conn->state = CONN_ENDING;
    buffer_clear(&conn->message);
    set_timeout(conn, CLOSE_MS);
    conn_mark(conn);
    conn_resume(conn); /* the peer's close may be among what was held back */
}

static void queue_buffer(struct conn *conn, struct buffer *bytes)
{
    struct payload *payload = payload_take(&conn->server->budget, bytes);

    queue_payload(conn, payload);
    payload_drop(payload);
}

/* A large body goes out from where it was written. */
void conn_send_response(struct conn *conn, struct response *response)
{
    enum { LARGE = 16384 };
    bool is_apart = !conn->is_head && response->body.len >= LARGE;
    struct buffer bytes = {0};

    response_write(response, "HTTP/1.1 ", conn->is_head || is_apart, &bytes);
    queue_buffer(conn, &bytes);
    if (is_apart)
        queue_buffer(conn, &response->body);
}

void conn_answer(struct conn *conn, struct response *response)
{
    conn_send_response(conn, response);
    begin_ending(conn);
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
    conn_send_raw(conn, frame, len + body);
}

void conn_end(struct conn *conn, int code, const char *reason)
{
    if (conn->state == CONN_HEAD || conn->state == CONN_NONCE)
        conn_abort(conn);
    if (conn->state != CONN_OPEN)
        return;
    if (has_pings(conn))
        send_close_frame(conn, code, reason);
    else if (conn->version == WS_HIXIE76)
        conn_send_raw(conn, "\xff\x00", 2);
    else if (conn->shape == SHAPE_CHUNK && !conn->role->is_answer)
        conn_send_raw(conn, "0\r\n\r\n", 5);
    begin_ending(conn);
}

void conn_shed(struct conn *conn, const char *reason)
{
    enum { BEGUN = 65536 }; /* so much of what was begun is still sent */

    outbox_shed(&conn->outbox, conn->shape);
    if (conn->state != CONN_OPEN || conn->role->is_answer || outbox_len(&conn->outbox) > BEGUN)
        conn_abort(conn);
    else
        conn_end(conn, CLOSE_TOO_SLOW, reason);
    buffer_clear(&conn->in);
    buffer_clear(&conn->message);
    count_kept(conn);
}

void conn_leave(struct conn *conn, enum leaving why)
{
    if (conn->leaving || conn->state == CONN_CLOSED)
        return;
    conn->leaving = (unsigned char)why;
    ev_io_stop(conn->server->loop, &conn->readable);
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
static void end_leaving(struct conn *conn)
{
    enum leaving why = conn->leaving;

    conn->leaving = STAYS;
    if (why == LEAVES_READ && conn->role && conn->role->progress)
        conn->role->progress(conn);
    if (why == LEAVES_READ || why == LEAVES_BROKEN)
        conn_abort(conn);
    else
        end_for(conn, why);
    if (conn->state != CONN_CLOSED && !conn->is_paused) /* the peer has a word in its end */
        ev_io_start(conn->server->loop, &conn->readable);
}

/* --- in ------------------------------------------------------------------------------------ */

void conn_pause(struct conn *conn)
{
    conn->is_paused = true;
    ev_io_stop(conn->server->loop, &conn->readable);
}

void conn_resume(struct conn *conn)
{
    struct buffer rest = conn->in;

    if (!conn->is_paused)
        return;
    conn->is_paused = false;
    if (conn->state == CONN_CLOSED)
        return;
    ev_io_start(conn->server->loop, &conn->readable);
    buffer_init(&conn->in);
    conn->is_late = true;
    take_input(conn, rest.data, rest.len);
    conn->is_late = false;
    buffer_clear(&rest);
    count_kept(conn);
}

static void take_pong(struct conn *conn, const struct frame *frame)
{
    if (!conn->awaits_pong || frame->len != sizeof(conn->ping_number) ||
        memcmp(frame->data, &conn->ping_number, frame->len) != 0)
        return; /* pongs that nobody asked for are allowed, and mean nothing */
    conn->awaits_pong = false;
    conn->pong_position = conn->ping_position;
    set_timeout(conn, PING_MS);
    if (conn->wants_ping)
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
        flush(conn);
    if (!conn_is_open(conn))
        return;
    memcpy(bytes + len, frame->data, frame->len);
    pong = payload_raw(&conn->server->budget, bytes, len + frame->len);
    if (has_pong(conn) && is_blocked(conn)) {
        payload_drop(conn->pong);
        conn->pong = pong;
    } else {
        send_pong(conn, pong);
    }
}

/* Both sides have said it then: the server closes first. */
static void take_close(struct conn *conn, const struct frame *frame)
{
    char reason[FRAME_CONTROL + 1];

    memcpy(reason, frame->data, frame->len);
    reason[frame->len] = '\0';
    conn->has_heard_close = true;
    conn_end(conn, frame->code, reason);
    conn_mark(conn);
}

static void take_piece(struct conn *conn, const struct frame *frame)
{
    const struct role *role = conn->role;
    bool is_text = frame->kind == FRAME_TEXT;

    if (!role->message) {
        conn_end(conn, CLOSE_UNACCEPTABLE, "nothing can be said here");
        return;
    }
    if (frame->is_last && conn->message.len == 0) {
        role->message(conn, frame->data, frame->len, is_text);
        return;
    }
    buffer_add(&conn->message, frame->data, frame->len);
    if (!frame->is_last)
        return;
    role->message(conn, conn->message.data, conn->message.len, is_text);
    buffer_clear(&conn->message);
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
        conn_end(conn, frame->code, "");
        conn->has_heard_close = true; /* what comes now has no meaning */
        conn_mark(conn);
        break;
    }
}

static size_t read_frame(struct conn *conn, char *data, size_t len)
{
    struct frame frame;
    size_t used = has_pings(conn) ? frame_read(&conn->reader.frame, data, len, &frame)
                                  : hixie_read(&conn->reader.hixie, data, len, &frame);

    take_frame(conn, &frame);
    return used;
}

/* Reading changes a complete head, and one with a key or a password may have to be read again. */
static void keep_copy(struct conn *conn, size_t known)
{
    size_t from = known < 3 ? 0 : known - 3;

    if ((!conn->server->settings->authkeys && !access_hashes(&conn->server->access)) ||
        !memmem(conn->in.data + from, conn->in.len - from, "\r\n\r\n", 4))
        return;
    buffer_reset(&conn->message);
    buffer_add(&conn->message, conn->in.data, conn->in.len);
}

void conn_reread(struct conn *conn)
{
    struct buffer copy = conn->message;

    leave_role(conn);
    buffer_init(&conn->message);
    buffer_clear(&conn->in);
    conn->in = copy;
    free(conn->callback);
    conn->callback = NULL;
    conn_pause(conn);
}

static size_t read_head(struct conn *conn, char *data, size_t len)
{
    struct server *server = conn->server;
    struct reason reason = {0};
    size_t used = 0, known = conn->in.len;
    enum head_result result;

    buffer_add(&conn->in, data, len);
    keep_copy(conn, known);
    len = conn->in.len < LIMIT_HEAD ? conn->in.len : LIMIT_HEAD;
    result =
        head_parse(&server->head, conn->in.data, len, known < len ? known : len, &used, &reason);
    if (result == HEAD_MORE && len == LIMIT_HEAD) {
        refuse(&reason, STATUS_BAD_REQUEST, "the head of a request has at most %d bytes",
               LIMIT_HEAD);
        result = HEAD_BAD;
    }
    if (result == HEAD_DONE)
        routes_open(conn, &server->head);
    else if (result == HEAD_BAD)
        routes_refuse(conn, STATUS_BAD_REQUEST, &reason);
    return used;
}

/* The head was kept in conn->in until it was complete; what is behind it comes next. */
static void take_head(struct conn *conn, char *data, size_t len)
{
    size_t used = read_head(conn, data, len);
    struct buffer all = conn->in;

    if (conn->state == CONN_HEAD || conn->state == CONN_CLOSED)
        return;
    buffer_init(&conn->in);
    take_input(conn, all.data + used, all.len - used);
    buffer_clear(&all);
}

void conn_await_nonce(struct conn *conn, const uint32_t numbers[2])
{
    heads_leave(&conn->server->heads, conn);
    memcpy(conn->reader.numbers, numbers, sizeof(conn->reader.numbers));
    conn->state = CONN_NONCE;
}

static size_t read_nonce(struct conn *conn, const char *data, size_t len)
{
    size_t missing = HANDSHAKE_NONCE - conn->in.len, used = len < missing ? len : missing;
    char digest[HANDSHAKE_DIGEST];
    uint32_t numbers[2];

    buffer_add(&conn->in, data, used);
    if (conn->in.len < HANDSHAKE_NONCE)
        return used;
    memcpy(numbers, conn->reader.numbers, sizeof(numbers));
    handshake_digest(numbers, conn->in.data, digest);
    buffer_clear(&conn->in);
    conn_send_raw(conn, digest, sizeof(digest));
    conn_open(conn);
    return used;
}

/* Reads all of it, unless the connection is paused: then the rest waits. */
static void take_input(struct conn *conn, char *data, size_t len)
{
    size_t at = 0;

    while (at < len && !conn->is_paused) {
        if (conn->state == CONN_HEAD) {
            take_head(conn, data + at, len - at);
            return;
        }
        if (conn->state == CONN_NONCE)
            at += read_nonce(conn, data + at, len - at);
        else if (is_websocket(conn) && conn->state != CONN_CLOSED && !conn->has_heard_close)
            at += read_frame(conn, data + at, len - at);
        else
            at = len; /* streams and answers: nothing more is expected */
    }
    if (at < len)
        buffer_add(&conn->in, data + at, len - at);
}

/* A hundred small messages, and a thousand of those that say much; more of one that is large. */
static size_t piece_of(const struct conn *conn)
{
    enum { LITTLE = 2048, PIECE = 4096, MUCH = 16384 };
    size_t left = has_pings(conn) && conn->state == CONN_OPEN ? frame_left(&conn->reader.frame) : 0;

    /* Thousands may say something in one turn, before somebody can be closed. */
    if (budget_is_full(&conn->server->budget))
        return LITTLE;
    if (!conn->is_bulk)
        return PIECE;
    if (left > SERVER_INPUT)
        return SERVER_INPUT;
    return left > MUCH ? left : MUCH;
}

void conn_read(struct conn *conn)
{
    enum { SAID = 16 }; /* a byte of what is said may take as long as so many that are sent */
    char *input = conn->server->input;
    size_t piece = piece_of(conn);
    ssize_t len = read(conn->readable.fd, input, piece);

    conn->is_bulk = len == (ssize_t)piece;
    if (len > 0)
        turn_weigh(&conn->server->turn, (size_t)len * SAID);
    if (len > 0)
        take_input(conn, input, (size_t)len);
    else if (len == 0)
        conn_leave(conn, LEAVES_READ);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        conn_leave(conn, LEAVES_BROKEN);
    count_kept(conn);
}

static void on_readable(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)loop, (void)events;
    reading_note(io->data);
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

static unsigned idle_ms(const struct conn *conn)
{
    if (conn->shape == SHAPE_SSE)
        return COMMENT_MS;
    return has_pings(conn) ? PING_MS : STALL_MS;
}

void conn_open(struct conn *conn)
{
    size_t max_message = (size_t)conn->server->settings->max_websocket;

    heads_leave(&conn->server->heads, conn);
    conn->state = CONN_OPEN;
    buffer_clear(&conn->message);
    if (has_pings(conn))
        frame_reader_init(&conn->reader.frame, max_message);
    else if (is_websocket(conn))
        hixie_reader_init(&conn->reader.hixie, max_message, conn->version == WS_HIXIE76);
    if (!has_pings(conn))
        keep_alive(conn);
    if (!conn->role->is_answer) {
        set_timeout(conn, idle_ms(conn));
        admit_later(conn);
    }
    conn->role->open(conn);
}

void conn_wait(struct conn *conn, unsigned ms)
{
    set_timeout(conn, ms);
}

/* --- timeouts ------------------------------------------------------------------------------- */

static bool is_stalled(struct conn *conn)
{
    bool is_stalled =
        outbox_len(&conn->outbox) > 0 && (uint32_t)conn->outbox.written == conn->seen_written;

    conn->seen_written = (uint32_t)conn->outbox.written;
    return is_stalled;
}

static void keep_stream_alive(struct conn *conn)
{
    /* A ping that is still on its way out has no answer yet; but something must move. */
    bool is_unanswered = conn->awaits_pong && outbox_len(&conn->outbox) == 0;

    if (is_stalled(conn) || is_unanswered) {
        conn_abort(conn);
        return;
    }
    set_timeout(conn, conn->awaits_pong ? PONG_MS : idle_ms(conn));
    if (has_pings(conn) && !conn->awaits_pong)
        conn->wants_ping = true;
    else if (conn->shape == SHAPE_SSE && outbox_len(&conn->outbox) == 0)
        conn_send_raw(conn, ":\n\n", 3);
    conn_mark(conn);
}

void conn_timeout(struct conn *conn)
{
    if (conn->state == CONN_OPEN && conn->role->is_answer)
        conn->role->timeout(conn);
    else if (conn->state == CONN_OPEN)
        keep_stream_alive(conn);
    else if (conn->state == CONN_ENDING && outbox_len(&conn->outbox) > 0 && !is_stalled(conn))
        set_timeout(conn, CLOSE_MS);
    else
        conn_abort(conn);
}
