/* test-conn.c - one connection over a socket pair: its head, its frames, its end, its timeouts.
 *
 * The role and the front are the test's, and so are the end of a turn and the time.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/frames.h"

#include <signal.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/settings.h"
#include "http/response.h"
#include "ws/codec/head.h"
#include "ws/net/budget.h"
#include "ws/net/conns.h"
#include "ws/net/ending.h"
#include "ws/net/front.h"
#include "ws/net/role.h"
#include "ws/net/send.h"
#include "ws/net/talk.h"

static struct settings settings;
static struct turn loop_turn;
static struct budget budget;
static struct conns conns;
static struct conn *conn;
static int peer;
static struct buffer told;     /* what the role was told */
static struct buffer received; /* what the peer has read */
static bool is_ended;          /* the peer has read the end */

/* What the next head becomes. */
static const struct role *next_role;
static enum shape next_shape;

/* --- the loop ------------------------------------------------------------------------------- */

static void turn(void)
{
    for (int i = 0; i < 3; i++) {
        turn_begin(&loop_turn);
        ev_run(conns.loop, EVRUN_NOWAIT);
        turn_act_all(&loop_turn);
        if (!conns.first)
            conn = NULL;
    }
}

/* That much time passes; what is over is told. */
static void pass(unsigned ms)
{
    for (unsigned done = 0; done < ms; done += WHEEL_STEP_MS) {
        conns_step(&conns);
        conns_tell_timeouts(&conns);
        turn();
    }
}

/* --- the front -------------------------------------------------------------------------------- */

static void refuse_head(struct conn *refused, const struct reason *reason)
{
    struct response response = conn_begin_response(refused);

    (void)reason;
    response.http_status = 400;
    conn_answer(refused, &response);
    assert_null(response.headers.data); /* nothing is left to clear */
    assert_null(response.body.data);
}

static void begin_websocket(struct conn *opened, const struct head *head,
                            const struct handshake *handshake)
{
    struct buffer answer = {0};

    opened->version = handshake->version;
    opened->shape = handshake->version >= WS_HYBI7 ? SHAPE_FRAME : SHAPE_HIXIE;
    if (next_shape > SHAPE_DEFLATED)
        opened->shape = next_shape;
    handshake_answer(handshake, head->target, false, &answer);
    conn_send_raw(opened, answer.data, answer.len);
    buffer_clear(&answer);
    if (handshake->version == WS_HIXIE76)
        conn_await_nonce(opened, handshake->numbers);
}

static void on_head(struct conn *opened, const struct head *head)
{
    struct handshake handshake = {0};
    struct reason reason = {0};

    if (handshake_check(head, &handshake, &reason) != STATUS_OK) {
        refuse_head(opened, &reason);
        return;
    }
    opened->role = next_role;
    opened->shape = next_shape;
    if (handshake.version != WS_NONE)
        begin_websocket(opened, head, &handshake);
    else
        conn_send_raw(opened, "HEAD\n", 5);
    if (opened->state == CONN_HEAD)
        conn_open(opened);
}

static void forget(struct conn *forgotten)
{
    assert_null(forgotten->asked);
}

static void on_stream(struct conn *opened)
{
    conn_look_in(opened, 20000);
}

static void on_look(struct conn *looked_at)
{
    conn_look_in(looked_at, 20000);
}

static const struct front front = {
    .head = on_head,
    .bad_head = refuse_head,
    .forget = forget,
    .opened = on_stream,
    .look = on_look,
};

/* --- the role --------------------------------------------------------------------------------- */

static void tell(const char *text)
{
    buffer_addf(&told, "%s%s", told.len ? " " : "", text);
}

static void on_open(struct conn *opened)
{
    (void)opened;
    tell("open");
}

static bool is_word(const char *data, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(data, word, len) == 0;
}

static void on_message(struct conn *from, const char *data, size_t len, bool is_text)
{
    buffer_addf(&told, " %s(%.*s)", is_text ? "text" : "binary", (int)(len < 40 ? len : 40), data);
    if (is_word(data, len, "pause"))
        conn_pause(from);
    else if (is_word(data, len, "end"))
        conn_end(from, CLOSE_NORMAL, "purged");
    else if (is_word(data, len, "abort"))
        conn_abort(from);
    else if (is_word(data, len, "echo"))
        conn_send_text(from, data, len);
}

static void on_progress(struct conn *from)
{
    (void)from;
    tell("progress");
}

static void on_timeout(struct conn *from)
{
    tell("timeout");
    conn_end(from, 0, "");
}

static void on_close(struct conn *from)
{
    (void)from;
    tell("close");
}

static const struct role consumer = {.open = on_open, .message = on_message, .close = on_close};
static const struct role mute = {.open = on_open, .close = on_close};
static const struct role attentive = {
    .open = on_open, .message = on_message, .progress = on_progress, .close = on_close};
static const struct role bare;
static const struct role bare_answerer = {.is_answer = true};
static const struct role answerer = {
    .is_answer = true, .open = on_open, .timeout = on_timeout, .close = on_close};

/* --- the peer --------------------------------------------------------------------------------- */

static void connect_peer(void)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    peer = fds[1];
    is_ended = false;
    buffer_reset(&received);
    buffer_reset(&told);
    conn = conns_accept(&conns, fds[0], NULL);
    turn();
}

/* It closes; the connection must be freed then. */
static void disconnect_peer(void)
{
    if (peer >= 0)
        close(peer);
    peer = -1;
    while (conn && is_marked(&conn->arrival)) /* it is looked at once more */
        ev_run(conns.loop, EVRUN_ONCE);
    turn();
    assert_null(conn);
    assert_null(conns.first);
    assert_int_equal(conns.count, 0);
}

static void write_bytes(const char *data, size_t len)
{
    assert_int_equal(write(peer, data, len), len);
}

static void say(const char *data, size_t len)
{
    write_bytes(data, len);
    turn();
}

/* Frames as frames.h has them. */
static void say_frames(const char *text)
{
    struct buffer frames = {0};

    frames_add_text(&frames, text);
    say(frames.data, frames.len);
    buffer_clear(&frames);
}

static void listen_to(void)
{
    char data[65536];
    ssize_t len;

    while ((len = read(peer, data, sizeof(data))) > 0)
        buffer_add(&received, data, (size_t)len);
    is_ended = is_ended || len == 0;
}

static void expect_received_bytes(const char *data, size_t len)
{
    listen_to();
    if (received.len != len || memcmp(received.data, data, len) != 0)
        fail_msg("received %zu bytes \"%.*s\" instead of %zu \"%.*s\"", received.len,
                 (int)received.len, received.data, len, (int)len, data);
    buffer_reset(&received);
}
#define EXPECT_RECEIVED(text) expect_received_bytes(text, sizeof(text) - 1)

static void expect_received_begins(const char *text)
{
    listen_to();
    if (received.len < strlen(text) || strncmp(received.data, text, strlen(text)) != 0)
        fail_msg("received \"%.*s\"", (int)received.len, received.data);
    buffer_reset(&received);
}

static void expect_told(const char *text)
{
    if (strcmp(told.data ? told.data : "", text) != 0)
        fail_msg("told \"%s\" instead of \"%s\"", told.data ? told.data : "", text);
    buffer_reset(&told);
}

#define HEAD                                                                                       \
    "GET /ws/foo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"             \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define STREAM_HEAD "GET /c/foo HTTP/1.1\r\nHost: x\r\n\r\n"
/* The one of the draft: its digest is "8jKS'y:G*Co,Wxa-". */
#define HIXIE_HEAD                                                                                 \
    "GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n"                           \
    "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\nUpgrade: WebSocket\r\n"                             \
    "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nOrigin: http://example.com\r\n\r\n"
#define HIXIE75_HEAD                                                                               \
    "GET /demo HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: example.com\r\n"     \
    "Origin: http://example.com\r\n\r\n"

static void open_as(const struct role *role, const char *head)
{
    next_role = role;
    connect_peer();
    say(head, strlen(head));
    assert_int_equal(conn->state, CONN_OPEN);
    listen_to();
    buffer_reset(&received);
    buffer_reset(&told);
}

static void open_websocket(const struct role *role)
{
    open_as(role, HEAD);
}

static void open_stream(const struct role *role, enum shape shape)
{
    next_shape = shape;
    open_as(role, STREAM_HEAD);
}

/* The kernel takes little, so that something waits. */
static void make_narrow(void)
{
    int small = 1;

    assert_int_equal(setsockopt(conn->writable.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
                     0);
}

static struct payload *payload_of(size_t len)
{
    char *text = test_malloc(len + 1);
    struct payload *payload = payload_new(NULL);

    memset(text, '*', len);
    payload_add(payload, "", 0, text, len);
    test_free(text);
    return payload;
}

static bool send_stars(size_t len)
{
    struct payload *payload = payload_of(len);
    bool is_sent = conn_send(conn, payload);

    payload_drop(payload);
    return is_sent;
}

static bool send_stars_now(size_t len)
{
    struct payload *payload = payload_of(len);
    bool is_sent = conn_send_now(conn, payload);

    payload_drop(payload);
    return is_sent;
}

/* --- heads ------------------------------------------------------------------------------------ */

static void a_head_in_every_split(void **state)
{
    struct buffer input = {0};

    (void)state;
    next_role = &consumer;
    buffer_add_text(&input, HEAD);
    frames_add_text(&input, "81:Hello|81:there");
    for (size_t cut = 1; cut <= input.len; cut++) {
        connect_peer();
        say(input.data, cut);
        if (cut < input.len)
            say(input.data + cut, input.len - cut);
        expect_told("open text(Hello) text(there)");
        expect_received_begins("HTTP/1.1 101 ");
        disconnect_peer();
        expect_told("close");
    }
    buffer_clear(&input);
}

static void a_head_byte_by_byte(void **state)
{
    (void)state;
    next_role = &consumer;
    connect_peer();
    for (const char *at = HEAD; *at; at++) {
        assert_int_equal(conn->state, CONN_HEAD);
        say(at, 1);
    }
    expect_told("open");
    disconnect_peer();
}

static void bad_heads_are_answered(void **state)
{
    static const char *const heads[] = {"GET\r\n\r\n", "\0\0\0\0",
                                        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
                                        "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"};

    (void)state;
    next_role = &consumer;
    for (size_t i = 0; i < COUNT(heads); i++) {
        connect_peer();
        say(heads[i], strlen(heads[i]) ? strlen(heads[i]) : 4);
        expect_received_begins("HTTP/1.1 400 ");
        assert_true(is_ended);
        expect_told("");
        say("more", 4); /* which nobody reads */
        assert_int_equal(conn->state, CONN_ENDING);
        disconnect_peer();
    }
}

/* More than the socket takes at once. */
static void say_much(const char *data, size_t len)
{
    enum { PIECE = 2048 }; /* where the budget is full, one read */

    for (size_t at = 0; at < len; at += PIECE)
        say(data + at, len - at < PIECE ? len - at : PIECE);
}

static void a_head_has_a_limit(void **state)
{
    static const char begin[] = "GET /c/foo HTTP/1.1\r\nHost: x\r\nX: ";
    static char head[LIMIT_HEAD + 100];
    size_t len = sizeof(begin) - 1;

    (void)state;
    next_role = &consumer;
    next_shape = SHAPE_LINE;
    memset(head, 'a', sizeof(head));
    memcpy(head, begin, len);
    memcpy(head + LIMIT_HEAD - 4, "\r\n\r\n", 4);
    connect_peer();
    say_much(head, LIMIT_HEAD);
    expect_told("open");
    disconnect_peer();
    head[LIMIT_HEAD - 4] = 'a';
    memcpy(head + LIMIT_HEAD - 3, "\r\n\r\n", 4); /* one byte longer */
    connect_peer();
    say_much(head, LIMIT_HEAD - 1);
    assert_int_equal(conn->state, CONN_HEAD);
    say(head + LIMIT_HEAD - 1, 2);
    expect_received_begins("HTTP/1.1 400 ");
    disconnect_peer();
}

/* However the bytes drip: the time is that of the whole head. */
static void a_slow_head_is_given_up(void **state)
{
    (void)state;
    connect_peer();
    for (int i = 0; i < LIMIT_HEAD_SECONDS; i++) {
        say("G", 1);
        assert_non_null(conn);
        pass(1000);
    }
    pass(200);
    listen_to();
    assert_true(is_ended);
    assert_int_equal(received.len, 0);
    disconnect_peer();
}

static void a_peer_that_goes_before_its_head(void **state)
{
    (void)state;
    connect_peer();
    disconnect_peer();
    connect_peer();
    say("GET ", 4);
    disconnect_peer();
    expect_told("");
}

/* --- hixie ------------------------------------------------------------------------------------ */

static void hixie_76_in_every_split(void **state)
{
    static const char input[] = HIXIE_HEAD "^n:ds[4U\0Hello\xff\0x\xff";
    size_t len = sizeof(input) - 1;

    (void)state;
    next_role = &consumer;
    for (size_t cut = 1; cut < len; cut++) {
        connect_peer();
        say(input, cut);
        say(input + cut, len - cut);
        expect_told("open text(Hello) text(x)");
        listen_to();
        assert_true(received.len > 20);
        assert_memory_equal(received.data, "HTTP/1.1 101 ", 13);
        assert_memory_equal(received.data + received.len - 20, "\r\n\r\n8jKS'y:G*Co,Wxa-", 20);
        disconnect_peer();
    }
}

/* The 101 does not wait for the eight bytes, which may come one by one. */
static void hixie_76_byte_by_byte(void **state)
{
    (void)state;
    next_role = &consumer;
    connect_peer();
    say(HIXIE_HEAD, sizeof(HIXIE_HEAD) - 1);
    expect_received_begins("HTTP/1.1 101 ");
    assert_int_equal(conn->state, CONN_NONCE);
    for (const char *at = "^n:ds[4"; *at; at++)
        say(at, 1);
    expect_told("");
    EXPECT_RECEIVED("");
    say("U", 1);
    EXPECT_RECEIVED("8jKS'y:G*Co,Wxa-");
    expect_told("open");
    disconnect_peer();
}

static void hixie_76_without_its_bytes(void **state)
{
    (void)state;
    next_role = &consumer;
    connect_peer();
    say(HIXIE_HEAD "^n:", sizeof(HIXIE_HEAD) + 2);
    conn_end(conn, CLOSE_GOING_AWAY, ""); /* a server that stops */
    turn();
    assert_null(conn);
    disconnect_peer();
    connect_peer();
    say(HIXIE_HEAD "^n:", sizeof(HIXIE_HEAD) + 2);
    pass(LIMIT_HEAD_SECONDS * 1000 + 200);
    assert_null(conn);
    disconnect_peer();
}

static void hixie_76_closes(void **state)
{
    (void)state;
    open_as(&consumer, HIXIE_HEAD "^n:ds[4U");
    conn_end(conn, CLOSE_NORMAL, "purged");
    turn();
    EXPECT_RECEIVED("\xff\x00");
    assert_true(is_ended);
    disconnect_peer();
    open_as(&consumer, HIXIE_HEAD "^n:ds[4U");
    say("\xff\x00", 2);
    expect_told("close");
    EXPECT_RECEIVED("\xff\x00");
    assert_true(is_ended);
    disconnect_peer();
}

static void hixie_75_opens_and_ends(void **state)
{
    (void)state;
    open_as(&consumer, HIXIE75_HEAD);
    say("\0echo\xff", 6);
    EXPECT_RECEIVED("\0echo\xff");
    conn_end(conn, CLOSE_NORMAL, "purged");
    turn();
    EXPECT_RECEIVED(""); /* it has no word for the end */
    assert_true(is_ended);
    disconnect_peer();
}

/* --- messages --------------------------------------------------------------------------------- */

static const struct {
    const char *frames, *told, *answer;
    size_t answer_len;
} message_rows[] = {
    {"81:Hello",                " text(Hello)",               "",                         0 },
    {"82:Hello",                " binary(Hello)",             "",                         0 },
    {"81:",                     " text()",                    "",                         0 },
    {"01:Hel|80:lo",            " text(Hello)",               "",                         0 },
    {"01:|00:|80:",             " text()",                    "",                         0 },
    {"01:|80:Hello",            " text(Hello)",               "",                         0 },
    {"02:H|00:ell|80:o",        " binary(Hello)",             "",                         0 },
    {"01:Hel|89:p|80:lo",       " text(Hello)",               "\x8a\x01p",                3 },
    {"81:a|81:b|82:c",          " text(a) text(b) binary(c)", "",                         0 },
    {"89:",                     "",                           "\x8a\x00",                 2 },
    {"89:ping|89:pong",         "",                           "\x8a\x04ping\x8a\x04pong", 12},
    {"8a:",                     "",                           "",                         0 }, /* nobody asked */
    {"8a:xxxx",                 "",                           "",                         0 },
    {"88=1000,bye",             "close",
     "\x88\x05\x03\xe8"
     "bye",                                                                               7 },
    {"88=4000",                 "close",                      "\x88\x02\x0f\xa0",         4 },
    {"88:",                     "close",                      "\x88\x00",                 2 },
    {"88=1000|81:late|89:late", "close",                      "\x88\x02\x03\xe8",         4 },
    {"81:end|81:late|89:late",  " text(end) close",           "\x88\x08\x03\xe8purged",   10},
    {"01:a|81:b",               "close",                      "\x88\x02\x03\xea",         4 }, /* 1002 */
    {"!8105",                   "close",                      "\x88\x02\x03\xea",         4 }, /* without a mask */
    {"81:a|83:",                " text(a) close",             "\x88\x02\x03\xea",         4 },
    {"81:\xff",                 "close",                      "\x88\x02\x03\xef",         4 }, /* 1007 */
    {"82*1001",                 "close",                      "\x88\x02\x03\xf1",         4 }, /* 1009 */
    {"02*600|80*401",           "close",                      "\x88\x02\x03\xf1",         4 },
    {"88=1005",                 "close",                      "\x88\x02\x03\xea",         4 },
};

static void messages(void **state)
{
    (void)state;
    settings.max_websocket = 1000;
    for (size_t i = 0; i < COUNT(message_rows); i++) {
        open_websocket(&consumer);
        say_frames(message_rows[i].frames);
        listen_to();
        if (strcmp(told.data, message_rows[i].told) != 0 ||
            received.len != message_rows[i].answer_len ||
            memcmp(received.data, message_rows[i].answer, received.len) != 0)
            fail_msg("row %zu, %s: \"%s\", %zu bytes", i, message_rows[i].frames, told.data,
                     received.len);
        disconnect_peer();
    }
}

// clang-format off
static const struct {
    const char *frames, *told, *answer;
    size_t answer_len;
} deflated_rows[] = {
    {"!c187000000" "00f248cdc9c90700",                      " text(Hello)", "", 0},
    {"!c287000000" "00f248cdc9c90700",                      " binary(Hello)", "", 0},
    {"!418300000000f248cd" "|!8084" "00000000c9c90700",     " text(Hello)", "", 0},
    {"!418300000000f248cd|89:p|!80840000" "0000c9c90700",   " text(Hello)", "\x8a\x01p", 3},
    {"!c1810000000000|81:next",                             " text() text(next)", "", 0},
    {"!c180" "00000000|81:next",                            " text() text(next)", "", 0},
    {"!c1880000" "0000f348cdc9c9070000",                    " text(Hello)", "", 0},
    {"!c18300000000fa0f00",                                 "close", "\x88\x02\x03\xef", 4}, /* ff */
    {"!c28300000000fa0f00",                                 " binary(\xff)", "", 0},
    {"c1:Hello|81:late",                                    "close", "\x88\x02\x03\xef", 4},
    {"c9:",                                                 "close", "\x88\x02\x03\xea", 4},
    {"41:a|c0:b",                                           "close", "\x88\x02\x03\xea", 4},
    {"41*1000|80*200",                                      "close", "\x88\x02\x03\xf1", 4},
    /* as long as may be, and a byte longer */
    {"!c18e00000000d2d21a05a321301a02c33d040000|81:a",
     " text(****************************************) text(a)", "", 0},
    {"!c18e00000000d2d21a05a321301a02c33e040000|81:late", "close", "\x88\x02\x03\xf1", 4},
};
// clang-format on

static void deflated_messages(void **state)
{
    (void)state;
    settings.max_websocket = 1000;
    next_shape = (enum shape)(SHAPE_DEFLATED + 15);
    for (size_t i = 0; i < COUNT(deflated_rows); i++) {
        open_websocket(&consumer);
        say_frames(deflated_rows[i].frames);
        listen_to();
        if (strcmp(told.data, deflated_rows[i].told) != 0 ||
            received.len != deflated_rows[i].answer_len ||
            memcmp(received.data, deflated_rows[i].answer, received.len) != 0)
            fail_msg("row %zu, %s: \"%s\", %zu bytes", i, deflated_rows[i].frames, told.data,
                     received.len);
        assert_true(!conn || !conn->in.message.data); /* nothing is kept */
        disconnect_peer();
    }
    next_shape = SHAPE_FRAME;
}

static void a_long_message_in_pieces(void **state)
{
    (void)state;
    settings.max_websocket = 1000;
    open_websocket(&consumer);
    say_frames("02*500|00*300|80*200");
    expect_told(" binary(****************************************)");
    assert_int_equal(conn->in.message.len, 0);
    assert_null(conn->in.message.data); /* nothing is kept for the next */
    say_frames("81:next");
    expect_told(" text(next)");
    disconnect_peer();
}

static void where_nothing_can_be_said(void **state)
{
    (void)state;
    open_websocket(&mute);
    say_frames("89:x"); /* but pings are fine */
    EXPECT_RECEIVED("\x8a\x01x");
    say_frames("81:Hello");
    expect_told("close");
    EXPECT_RECEIVED("\x88\x1a\x03\xeb"
                    "nothing can be said here");
    disconnect_peer();
}

/* Whatever the peer of a stream says is dropped. */
static void streams_do_not_listen(void **state)
{
    (void)state;
    open_stream(&consumer, SHAPE_CHUNK);
    say("GET / HTTP/1.1\r\n\r\n", 18);
    expect_told("");
    assert_int_equal(conn->state, CONN_OPEN);
    assert_int_equal(conn->in.bytes.len, 0);
    disconnect_peer();
    expect_told("close");
}

/* --- pausing ---------------------------------------------------------------------------------- */

static void what_comes_while_paused_waits(void **state)
{
    (void)state;
    open_websocket(&consumer);
    say_frames("81:a|81:pause|81:b|81:c");
    say_frames("81:d");
    expect_told(" text(a) text(pause)");
    conn_resume(conn);
    expect_told(" text(b) text(c)");
    turn();
    expect_told(" text(d)");
    conn_resume(conn); /* which is not paused */
    turn();
    expect_told("");
    disconnect_peer();
}

static void paused_again_while_it_goes_on(void **state)
{
    (void)state;
    open_websocket(&consumer);
    say_frames("81:pause|81:a|81:pause|81:b|81:pause|81:c");
    expect_told(" text(pause)");
    conn_resume(conn);
    expect_told(" text(a) text(pause)");
    conn_resume(conn);
    expect_told(" text(b) text(pause)");
    conn_resume(conn);
    turn();
    expect_told(" text(c)");
    assert_null(conn->in.bytes.data);
    disconnect_peer();
}

/* Cut within a frame, behind the message that pauses. */
static void paused_within_a_frame(void **state)
{
    struct buffer frames = {0};

    (void)state;
    frames_add_text(&frames, "81:pause|81:Hello|81:there");
    for (size_t cut = 11; cut < frames.len; cut++) {
        open_websocket(&consumer);
        say(frames.data, cut);
        say(frames.data + cut, frames.len - cut);
        expect_told(" text(pause)");
        conn_resume(conn);
        turn();
        expect_told(" text(Hello) text(there)");
        disconnect_peer();
    }
    buffer_clear(&frames);
}

/* The end of a paused connection hears the peer's close. */
static void ended_while_paused(void **state)
{
    (void)state;
    open_websocket(&consumer);
    say_frames("81:pause|81:a");
    conn_end(conn, CLOSE_GOING_AWAY, "");
    conn_resume(conn);
    turn();
    expect_told(" text(pause) close");
    EXPECT_RECEIVED("\x88\x02\x03\xe9");
    assert_false(is_ended);
    say_frames("88=1001");
    listen_to();
    assert_true(is_ended);
    disconnect_peer();
}

/* The peer has closed already, behind what was held back; or in the middle of it. */
static void ended_while_a_close_was_held_back(void **state)
{
    struct buffer frames = {0};

    (void)state;
    frames_add_text(&frames, "81:pause|81:a|88=1000");
    for (size_t cut = 11; cut <= frames.len; cut++) {
        open_websocket(&consumer);
        say(frames.data, cut);
        conn_end(conn, CLOSE_GOING_AWAY, "");
        turn();
        expect_told(" text(pause) close");
        say(frames.data + cut, frames.len - cut);
        EXPECT_RECEIVED("\x88\x02\x03\xe9");
        assert_true(is_ended);
        disconnect_peer();
    }
    buffer_clear(&frames);
}

static void resumed_when_closed(void **state)
{
    (void)state;
    open_websocket(&consumer);
    conn->jobs++;
    say_frames("81:pause|81:a");
    conn_abort(conn);
    turn();
    assert_non_null(conn); /* a job refers to it */
    conn_resume(conn);
    expect_told(" text(pause) close");
    conn->jobs--;
    conn_mark(conn);
    disconnect_peer();
}

static void closed_by_what_was_said(void **state)
{
    (void)state;
    open_websocket(&consumer);
    say_frames("81:abort|81:late");
    expect_told(" text(abort) close");
    assert_null(conn);
    disconnect_peer();
}

/* --- the end ---------------------------------------------------------------------------------- */

static void the_peer_closes(void **state)
{
    (void)state;
    open_websocket(&consumer);
    say_frames("88=1000,bye");
    expect_told("close");
    EXPECT_RECEIVED("\x88\x05\x03\xe8"
                    "bye"); /* its own words */
    assert_true(is_ended);
    assert_int_equal(conn->state, CONN_ENDING); /* until the peer closes too */
    disconnect_peer();
}

/* The longest reason fits, and one that holds a NUL is cut there. */
static void the_peer_s_reason_comes_back(void **state)
{
    char longest[] = "88=1000,................................................................"
                     "...........................................................";
    char expected[4 + 123] = "\x88\x7d\x03\xe8";

    (void)state;
    memset(expected + 4, '.', 123);
    open_websocket(&consumer);
    say_frames(longest);
    expect_received_bytes(expected, sizeof(expected));
    disconnect_peer();
    open_websocket(&consumer);
    say_frames("!888500000000"
               "03e8610062"); /* 1000, "a", NUL, "b"; the mask is 0 */
    EXPECT_RECEIVED("\x88\x03\x03\xe8"
                    "a");
    disconnect_peer();
}

static void the_server_closes(void **state)
{
    (void)state;
    open_websocket(&consumer);
    conn_end(conn, CLOSE_GOING_AWAY, "shutting down");
    conn_end(conn, CLOSE_NORMAL, "twice"); /* the first counts */
    expect_told("close");
    assert_true(conn_send(conn, NULL)); /* which does nothing any more */
    conn_send_now(conn, NULL);
    turn();
    EXPECT_RECEIVED("\x88\x0f\x03\xe9shutting down");
    assert_false(is_ended);
    say_frames("81:late|88=1001");
    EXPECT_RECEIVED("");
    assert_true(is_ended);
    disconnect_peer();
    expect_told("");
}

static void the_server_closes_and_nobody_answers(void **state)
{
    (void)state;
    open_websocket(&consumer);
    conn_end(conn, CLOSE_GOING_AWAY, "");
    turn();
    pass(5000);
    assert_non_null(conn);
    pass(200);
    assert_null(conn);
    disconnect_peer();
}

static void the_peer_closes_and_stays(void **state)
{
    (void)state;
    open_websocket(&consumer);
    say_frames("88=1000");
    pass(5200);
    assert_null(conn);
    disconnect_peer();
}

/* Before the close frame goes out what waits; as long as some of it moves. */
static void the_end_waits_for_what_is_queued(void **state)
{
    size_t len;

    (void)state;
    open_websocket(&consumer);
    make_narrow();
    assert_true(send_stars(300000));
    conn_end(conn, CLOSE_NORMAL, "");
    turn();
    for (int i = 0; i < 3; i++) {
        char some[20000];

        pass(4900);
        assert_non_null(conn);
        assert_true(read(peer, some, sizeof(some)) > 0);
        turn();
    }
    do {
        len = received.len;
        listen_to();
        turn();
    } while (received.len > len);
    assert_memory_equal(received.data + received.len - 4, "\x88\x02\x03\xe8", 4);
    say_frames("88=1000");
    listen_to();
    assert_true(is_ended);
    disconnect_peer();
}

static void the_end_does_not_wait_for_ever(void **state)
{
    (void)state;
    open_websocket(&consumer);
    make_narrow();
    assert_true(send_stars(300000));
    conn_end(conn, CLOSE_NORMAL, "");
    turn();
    pass(11000); /* one look that sees the first bytes go, one that sees none */
    assert_null(conn);
    disconnect_peer();
}

static const struct {
    enum shape shape;
    const char *end;
} stream_rows[] = {
    {SHAPE_CHUNK, "0\r\n\r\n"},
    {SHAPE_LINE,  ""         },
    {SHAPE_SSE,   ""         },
};

static void streams_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(stream_rows); i++) {
        open_stream(&consumer, stream_rows[i].shape);
        conn_end(conn, CLOSE_NORMAL, "purged");
        turn();
        expect_received_bytes(stream_rows[i].end, strlen(stream_rows[i].end));
        assert_true(is_ended);
        expect_told("close");
        disconnect_peer();
    }
}

/* The peer closes in order: what has arrived is looked at before the role is left. */
static void an_orderly_close_is_progress(void **state)
{
    (void)state;
    open_stream(&attentive, SHAPE_CHUNK);
    disconnect_peer();
    expect_told("progress close");
}

static void a_reset_is_none(void **state)
{
    (void)state;
    open_stream(&attentive, SHAPE_CHUNK);
    assert_true(send_stars(10));
    turn();
    buffer_reset(&told);
    disconnect_peer(); /* with bytes unread: the kernel says ECONNRESET */
    expect_told("close");
}

static void a_connection_with_jobs_stays_in_memory(void **state)
{
    (void)state;
    open_websocket(&consumer);
    conn->jobs = 2;
    close(peer);
    peer = -1;
    turn();
    expect_told("close");
    assert_non_null(conn);
    assert_int_equal(conn->state, CONN_CLOSED);
    assert_false(conn_is_open(conn));
    assert_true(conn_send_text(conn, "x", 1));
    conn_end(conn, CLOSE_NORMAL, "");
    conn_abort(conn);
    conn->jobs = 0;
    conn_mark(conn);
    disconnect_peer();
}

/* --- pings ------------------------------------------------------------------------------------ */

/* Reads the ping that must have come, and gives its pong. */
static void read_ping(char pong[4])
{
    listen_to();
    assert_int_equal(received.len, 6);
    assert_memory_equal(received.data, "\x89\x04", 2);
    memcpy(pong, received.data + 2, 4);
    buffer_reset(&received);
}

static void say_pong(const char pong[4])
{
    struct buffer frame = {0};

    frames_add(&frame, 0x8a, pong, 4);
    say(frame.data, frame.len);
    buffer_clear(&frame);
}

static void pings_that_are_answered(void **state)
{
    char pong[4];

    (void)state;
    open_websocket(&consumer);
    for (int i = 0; i < 5; i++) {
        pass(25000);
        EXPECT_RECEIVED("");
        pass(200);
        read_ping(pong);
        pass(9000);
        say_pong(pong);
    }
    assert_int_equal(conn->state, CONN_OPEN);
    disconnect_peer();
}

static void a_ping_that_is_not_answered(void **state)
{
    char pong[4];

    (void)state;
    open_websocket(&consumer);
    pass(25200);
    read_ping(pong);
    say_frames("81:alive"); /* which is no answer */
    say_frames("8a:|8a:xxxx|8a:xxxxx");
    pass(9900);
    assert_non_null(conn);
    pass(300);
    assert_null(conn);
    expect_told(" text(alive) close");
    disconnect_peer();
}

/* A role's ping: what was queued before it has arrived when the pong comes. */
static void pongs_tell_what_arrived(void **state)
{
    uint64_t first, second;
    char pong[4], next[4];

    (void)state;
    open_websocket(&attentive);
    assert_true(send_stars(10));
    turn();
    buffer_reset(&told);
    EXPECT_RECEIVED("\x81\x0a**********");
    first = conn->outbox.queued;
    conn_watch_arrival(conn);
    conn_watch_arrival(conn);
    turn();
    assert_false(is_marked(&conn->arrival));
    read_ping(pong);
    assert_true(conn_arrived(conn) < first);
    assert_true(send_stars(10)); /* not known yet when that pong comes */
    turn();
    second = conn->outbox.queued;
    conn_watch_arrival(conn); /* one ping at a time */
    turn();
    EXPECT_RECEIVED("\x81\x0a**********");
    buffer_reset(&told);
    say_pong(pong);
    assert_int_equal(conn_arrived(conn), first);
    assert_true(strncmp(told.data, "progress", 8) == 0);
    read_ping(next); /* the one that was asked for meanwhile */
    assert_memory_not_equal(next, pong, 4);
    say_pong(pong); /* the old one again */
    assert_int_equal(conn_arrived(conn), first);
    say_pong(next);
    assert_true(conn_arrived(conn) >= second);
    disconnect_peer();
}

static void hear_all(void)
{
    size_t len;

    do {
        len = received.len;
        turn();
        listen_to();
    } while (received.len > len);
}

/* All of them are answered when it reads. */
static void a_peer_that_pings_often(void **state)
{
    (void)state;
    open_websocket(&consumer);
    hear_all();
    buffer_reset(&received);
    for (int i = 0; i < 50; i++)
        say_frames("89*125");
    hear_all();
    assert_int_equal(received.len, 50 * (2 + 125));
    disconnect_peer();
}

/* Of its pings only the newest is answered while it reads nothing, and nothing is kept of others.
 */
static void a_peer_that_pings_and_does_not_read(void **state)
{
    size_t used = budget.used;

    (void)state;
    open_websocket(&consumer);
    make_narrow();
    for (int i = 0; i < 5000; i++) {
        say_frames("89*125");
        turn();
    }
    say_frames("89*3");
    assert_int_equal(conn->state, CONN_OPEN);
    assert_in_range(outbox_len(&conn->outbox), 1, 2 * (2 + 125));
    assert_in_range(budget.used - used, 1, 4096);
    hear_all();
    assert_memory_equal(received.data + received.len - 5, "\x8a\x03", 2);
    disconnect_peer();
    assert_int_equal(budget.used, used);
}

/* --- keys ------------------------------------------------------------------------------------- */

static bool is_key_watched(const struct role *role, const char *head)
{
    bool is_watched;

    next_role = role;
    connect_peer();
    say(head, strlen(head));
    is_watched = conn->look.link != NULL;
    disconnect_peer();
    return is_watched;
}

/* An answer's is not: it is over soon. */
static void the_key_of_a_stream_is_looked_at(void **state)
{
    (void)state;
    assert_true(is_key_watched(&consumer, HEAD));
    assert_true(is_key_watched(&consumer, HIXIE75_HEAD));
    assert_true(is_key_watched(&mute, STREAM_HEAD));
    assert_false(is_key_watched(&answerer, STREAM_HEAD));
}

/* --- slow peers ------------------------------------------------------------------------------- */

static void sent_while_there_is_room(void **state)
{
    int sent = 0;

    (void)state;
    settings.max_outbox = 10000;
    open_websocket(&consumer);
    make_narrow();
    assert_true(send_stars(500000)); /* one may always wait */
    turn();
    assert_false(send_stars(1));
    assert_int_equal(conn->state, CONN_OPEN); /* what to do then is the role's */
    while (outbox_len(&conn->outbox)) {
        listen_to();
        turn();
    }
    for (; send_stars(1000); sent++)
        ;
    assert_in_range(sent, 6, 7); /* with what each costs beside its bytes */
    disconnect_peer();
}

static void too_slow(void **state)
{
    static const char close_frame[] = "\x88\x0a\x03\xf5too slow";

    (void)state;
    settings.max_outbox = 10000;
    open_websocket(&consumer);
    make_narrow();
    while (send_stars_now(1000))
        ;
    assert_int_equal(conn->state, CONN_OPEN); /* what to do then is the caller's */
    conn_end(conn, CLOSE_TOO_SLOW, "too slow");
    assert_int_equal(conn->state, CONN_ENDING);
    expect_told("close");
    hear_all();
    assert_memory_equal(received.data + received.len - 12, close_frame, 12);
    disconnect_peer();
}

/* Nothing is taken for so long: the peer is gone, though its kernel has not said so. */
static void a_peer_that_takes_nothing(void **state)
{
    static const enum shape shapes[] = {SHAPE_CHUNK, SHAPE_SSE, SHAPE_LINE};

    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        open_stream(&consumer, shapes[i]);
        make_narrow();
        assert_true(send_stars(500000));
        turn();
        pass(24000);
        if (shapes[i] != SHAPE_SSE) /* its looks are 15 s apart */
            assert_non_null(conn);
        pass(27000);
        assert_null(conn);
        disconnect_peer();
    }
}

/* A slow one that takes a little now and then stays; its ping may still wait. */
static void a_peer_that_takes_little(void **state)
{
    (void)state;
    open_websocket(&consumer);
    make_narrow();
    assert_true(send_stars(900000));
    turn();
    for (int i = 0; i < 20; i++) {
        char some[20000];

        pass(9000);
        assert_non_null(conn);
        assert_true(read(peer, some, sizeof(some)) > 0);
        turn();
    }
    assert_int_equal(conn->state, CONN_OPEN);
    disconnect_peer();
}

/* --- order ------------------------------------------------------------------------------------ */

static void send_text_now(const char *text)
{
    struct payload *payload = payload_new(NULL);

    payload_add(payload, "", 0, text, strlen(text));
    conn_send_now(conn, payload);
    payload_drop(payload);
}

static void now_stands_behind_what_is_queued(void **state)
{
    (void)state;
    open_stream(&consumer, SHAPE_LINE);
    send_text_now("a");
    EXPECT_RECEIVED("a\r\n"); /* the turn has not ended */
    conn_send_text(conn, "b", 1);
    send_text_now("c");
    EXPECT_RECEIVED("");
    conn_send_text(conn, "d", 1);
    turn();
    EXPECT_RECEIVED("b\r\nc\r\nd\r\n");
    disconnect_peer();
}

static void held_until_it_is_released(void **state)
{
    (void)state;
    open_stream(&consumer, SHAPE_LINE);
    conn->is_held = true;
    conn_send_text(conn, "a", 1);
    send_text_now("b");
    turn();
    EXPECT_RECEIVED("");
    conn_release(conn);
    turn();
    EXPECT_RECEIVED("a\r\nb\r\n");
    conn->is_held = true;
    conn_send_text(conn, "c", 1);
    conn_end(conn, CLOSE_NORMAL, ""); /* the end releases too */
    turn();
    EXPECT_RECEIVED("c\r\n");
    assert_true(is_ended);
    disconnect_peer();
}

static void now_to_a_peer_that_is_gone(void **state)
{
    (void)state;
    open_stream(&consumer, SHAPE_LINE);
    close(peer);
    peer = -1;
    send_text_now("a");
    expect_told("close");
    disconnect_peer();
}

/* What the socket did not take goes out later by itself. */
static void now_in_part(void **state)
{
    size_t len;

    (void)state;
    open_stream(&consumer, SHAPE_LINE);
    make_narrow();
    send_stars_now(500000);
    send_text_now("end");
    do {
        len = received.len;
        listen_to();
        turn();
    } while (received.len > len);
    assert_int_equal(received.len, 500002 + 5);
    assert_memory_equal(received.data + received.len - 7, "\r\nend\r\n", 7);
    disconnect_peer();
}

/* --- streams and answers ---------------------------------------------------------------------- */

static void event_streams_are_kept_alive(void **state)
{
    (void)state;
    open_stream(&consumer, SHAPE_SSE);
    for (int i = 0; i < 10; i++) {
        pass(15000);
        EXPECT_RECEIVED("");
        pass(100);
        EXPECT_RECEIVED(":\n\n");
    }
    disconnect_peer();
    open_stream(&consumer, SHAPE_CHUNK);
    pass(100000);
    EXPECT_RECEIVED(""); /* comet has no comments */
    assert_int_equal(conn->state, CONN_OPEN);
    disconnect_peer();
}

/* What the peer's kernel has read out of ours; with a socket pair, what the peer has read. */
static void arrival_on_a_stream(void **state)
{
    (void)state;
    open_stream(&attentive, SHAPE_LINE);
    conn_watch_arrival(conn);
    assert_true(is_marked(&conn->arrival));
    assert_int_equal(conn_arrived(conn), conn->outbox.written);
    conn_send_text(conn, "Hello", 5);
    turn();
    assert_true(conn_arrived(conn) < conn->outbox.written);
    EXPECT_RECEIVED("Hello\r\n");
    assert_int_equal(conn_arrived(conn), conn->outbox.queued);
    disconnect_peer();
}

static void an_answer_has_its_own_time(void **state)
{
    (void)state;
    next_shape = SHAPE_CHUNK;
    open_as(&answerer, STREAM_HEAD);
    conn_wait(conn, 60000);
    pass(60000);
    expect_told("");
    pass(200);
    expect_told("timeout close");
    EXPECT_RECEIVED(""); /* the answer was complete in itself */
    assert_true(is_ended);
    disconnect_peer();
}

/* Nothing of a role is called that it does not have. */
static void roles_without_functions(void **state)
{
    (void)state;
    open_websocket(&bare);
    say_frames("81:Hello");
    assert_int_equal(conn->state, CONN_ENDING);
    disconnect_peer();
    open_stream(&bare, SHAPE_LINE);
    conn_send_text(conn, "Hello", 5);
    turn();
    conn_leave(conn, LEAVES_ALL);
    turn();
    disconnect_peer();
    open_stream(&bare_answerer, SHAPE_LINE);
    pass(11000);
    assert_null(conn);
    disconnect_peer();
}

static void progress_when_the_kernel_took_some(void **state)
{
    (void)state;
    open_stream(&attentive, SHAPE_LINE);
    turn();
    expect_told("");
    conn_send_text(conn, "a", 1);
    expect_told("");
    turn();
    expect_told("progress");
    listen_to();
    disconnect_peer();
}

/* --- main ------------------------------------------------------------------------------------- */

static int open_server(void **state)
{
    (void)state;
    settings_init(&settings);
    memset(&loop_turn, 0, sizeof(loop_turn));
    budget = (struct budget){0};
    conns = (struct conns){
        .loop = ev_loop_new(EVFLAG_AUTO),
        .turn = &loop_turn,
        .budget = &budget,
        .settings = &settings,
        .front = &front,
    };
    conns_begin(&conns);
    heads_limit(&conns.heads, 1000);
    return conns.loop ? 0 : -1;
}

/* No connection may be left, and no timeout. */
static int close_server(void **state)
{
    (void)state;
    if (peer >= 0)
        close(peer);
    peer = -1;
    for (size_t i = 0; i < WHEEL_SLOTS; i++) {
        assert_null(conns.wheel.slots[i]);
        assert_null(conns.looks.slots[i]);
    }
    conns_end(&conns);
    ev_loop_destroy(conns.loop);
    settings_clear(&settings);
    buffer_clear(&told);
    buffer_clear(&received);
    return 0;
}

#define CONN_TEST(function) cmocka_unit_test_setup_teardown(function, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONN_TEST(a_head_in_every_split),
        CONN_TEST(a_head_byte_by_byte),
        CONN_TEST(bad_heads_are_answered),
        CONN_TEST(a_head_has_a_limit),
        CONN_TEST(a_slow_head_is_given_up),
        CONN_TEST(a_peer_that_goes_before_its_head),
        CONN_TEST(hixie_76_in_every_split),
        CONN_TEST(hixie_76_byte_by_byte),
        CONN_TEST(hixie_76_without_its_bytes),
        CONN_TEST(hixie_76_closes),
        CONN_TEST(hixie_75_opens_and_ends),
        CONN_TEST(messages),
        CONN_TEST(deflated_messages),
        CONN_TEST(a_long_message_in_pieces),
        CONN_TEST(where_nothing_can_be_said),
        CONN_TEST(streams_do_not_listen),
        CONN_TEST(what_comes_while_paused_waits),
        CONN_TEST(paused_again_while_it_goes_on),
        CONN_TEST(paused_within_a_frame),
        CONN_TEST(ended_while_paused),
        CONN_TEST(ended_while_a_close_was_held_back),
        CONN_TEST(resumed_when_closed),
        CONN_TEST(closed_by_what_was_said),
        CONN_TEST(the_peer_closes),
        CONN_TEST(the_peer_s_reason_comes_back),
        CONN_TEST(the_server_closes),
        CONN_TEST(the_server_closes_and_nobody_answers),
        CONN_TEST(the_peer_closes_and_stays),
        CONN_TEST(the_end_waits_for_what_is_queued),
        CONN_TEST(the_end_does_not_wait_for_ever),
        CONN_TEST(streams_end),
        CONN_TEST(an_orderly_close_is_progress),
        CONN_TEST(a_reset_is_none),
        CONN_TEST(a_connection_with_jobs_stays_in_memory),
        CONN_TEST(pings_that_are_answered),
        CONN_TEST(a_ping_that_is_not_answered),
        CONN_TEST(pongs_tell_what_arrived),
        CONN_TEST(a_peer_that_pings_often),
        CONN_TEST(a_peer_that_pings_and_does_not_read),
        CONN_TEST(the_key_of_a_stream_is_looked_at),
        CONN_TEST(sent_while_there_is_room),
        CONN_TEST(too_slow),
        CONN_TEST(a_peer_that_takes_nothing),
        CONN_TEST(a_peer_that_takes_little),
        CONN_TEST(now_stands_behind_what_is_queued),
        CONN_TEST(held_until_it_is_released),
        CONN_TEST(now_to_a_peer_that_is_gone),
        CONN_TEST(now_in_part),
        CONN_TEST(event_streams_are_kept_alive),
        CONN_TEST(arrival_on_a_stream),
        CONN_TEST(an_answer_has_its_own_time),
        CONN_TEST(progress_when_the_kernel_took_some),
        CONN_TEST(roles_without_functions),
    };

    signal(SIGPIPE, SIG_IGN); /* as main() does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
