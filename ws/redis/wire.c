/* wire.c - one connection to Redis within an event loop.
 *
 * hiredis connects and parses, line.h has the bytes; events and deadlines are here.  (hiredis's own
 * asynchronous mode has no deadlines, keeps callbacks per channel that a second subscription
 * replaces, and reads no more after an error in writing.)
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/wire.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "redis/line.h"
#include "redis/nodes.h"
#include "ws/net/turn.h"

#define PING_S    2.0 /* an idle connection is asked that often whether it still stands */
#define BACKOFF_S 0.1 /* before the second try; doubled with each */
#define LONGEST_S 2.0
#define STEADY_S  2.0 /* a connection that lasted this long is redialled at once */

enum state {
    STATE_WAITING, /* for the next try */
    STATE_CONNECTING,
    STATE_SHAKING, /* hands, within TLS */
    STATE_TALKING,
};

struct wire {
    struct ev_loop *loop;
    struct turn *turn;
    const struct nodes *nodes;
    const struct wire_events *events;
    void *user;
    enum state state;
    struct line line;                 /* but while it waits */
    struct buffer out;                /* what is not written yet */
    unsigned long long sent, written; /* bytes, of all connections */
    ev_io readable;
    ev_io writable; /* active: there are bytes to write; or as the state needs it */
    ev_timer timer; /* next try; or the next ping; or the end of patience */
    size_t awaited; /* answers that are still to come */
    size_t own;     /* so many of them, the first ones, are to the greeting or to a ping */
    ev_tstamp opened_at;
    unsigned failures; /* in a row */
    bool is_open;
};

bool wire_is_open(const struct wire *wire)
{
    return wire->is_open;
}

/* --- the end of a connection, and the next try ------------------------------------------------ */

/* Between a half and all of the time, so that many helpers do not come back in step. */
static double backoff(unsigned failures)
{
    double seconds = BACKOFF_S;
    unsigned short chance = 0;

    if (failures == 0)
        return 0.0;
    while (--failures > 0 && seconds < LONGEST_S)
        seconds *= 2;
    if (seconds > LONGEST_S)
        seconds = LONGEST_S;
    if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
        chance = 0;
    return seconds * (0.5 + chance / 65535.0 / 2);
}

static void dial_in(struct wire *wire, double seconds)
{
    ev_timer_stop(wire->loop, &wire->timer);
    ev_timer_set(&wire->timer, seconds, 0.0);
    ev_timer_start(wire->loop, &wire->timer);
}

static void close_line(struct wire *wire)
{
    ev_io_stop(wire->loop, &wire->readable);
    ev_io_stop(wire->loop, &wire->writable);
    wire->state = STATE_WAITING;
    wire->is_open = false;
    wire->awaited = 0;
    wire->own = 0;
    buffer_reset(&wire->out);
    line_end(&wire->line);
}

void wire_break(struct wire *wire, const char *what, const char *why)
{
    char text[256];

    if (wire->state == STATE_WAITING)
        return;
    if (wire->is_open && ev_now(wire->loop) - wire->opened_at >= STEADY_S)
        wire->failures = 0;
    snprintf(text, sizeof(text), "%s", why); /* may be the line's */
    close_line(wire);
    dial_in(wire, backoff(wire->failures++));
    wire->events->lost(wire->user, what, text);
}

void wire_renew(struct wire *wire)
{
    bool was_there = wire->state != STATE_WAITING;

    wire->failures = 0;
    close_line(wire);
    dial_in(wire, 0.0);
    if (was_there)
        wire->events->lost(wire->user, NULL, NULL);
}

/* --- deadlines -------------------------------------------------------------------------------- */

/* From now on: patience with what is awaited, or rest until the next ping. */
static void wind(struct wire *wire)
{
    long long ms =
        wire->state < STATE_TALKING ? nodes_dial_ms(wire->nodes) : nodes_timeout_ms(wire->nodes);

    wire->timer.repeat = wire->awaited > 0 ? (double)ms / 1000 : PING_S;
    ev_now_update(wire->loop); /* what this turn took so far is not Redis's fault */
    ev_timer_again(wire->loop, &wire->timer);
}

static void dial(struct wire *wire);

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    static const char *const late[] = {
        [STATE_CONNECTING] = "connect", [STATE_SHAKING] = "TLS", [STATE_TALKING] = "no answer"};
    struct wire *wire = timer->data;
    const char *ping = "PING";

    (void)loop, (void)events;
    if (wire->state == STATE_WAITING) {
        dial(wire);
    } else if (wire->awaited > 0) {
        wire_break(wire, late[wire->state], "timeout");
    } else {
        wire->own = 1; /* nothing else is awaited: it is the next answer */
        wire_send(wire, 1, &ping, NULL, 1);
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

unsigned long long wire_send(struct wire *wire, int argc, const char **argv, const size_t *lens,
                             size_t answers)
{
    size_t before = wire->out.len;

    line_add_command(&wire->out, argc, argv, lens);
    wire->sent += wire->out.len - before;
    ev_io_start(wire->loop, &wire->writable);
    wire->awaited += answers;
    if (wire->awaited == answers)
        wind(wire);
    return wire->sent;
}

bool wire_has_written(const struct wire *wire, unsigned long long position)
{
    return position <= wire->written;
}

static void drop_written(struct wire *wire, size_t count)
{
    struct buffer *out = &wire->out;

    wire->written += count;
    if (count == out->len) {
        buffer_reset(out);
        ev_io_stop(wire->loop, &wire->writable);
        return;
    }
    memmove(out->data, out->data + count, out->len - count);
    out->len -= count;
}

void wire_flush(struct wire *wire)
{
    enum io io = IO_DONE;
    size_t written = 0, count;

    if (wire->state != STATE_TALKING || !ev_is_active(&wire->writable))
        return;
    while (io == IO_DONE && written < wire->out.len) {
        io = line_write(&wire->line, wire->out.data + written, wire->out.len - written, &count);
        written += count;
    }
    drop_written(wire, written);
    if (io == IO_ENDED)
        /* Answers may wait to be read, and behind them the end. */
        ev_io_stop(wire->loop, &wire->writable);
}

size_t wire_bytes(const struct wire *wire)
{
    return wire->out.size + line_held(&wire->line);
}

/* --- connecting ------------------------------------------------------------------------------- */

static void greet(struct wire *wire)
{
    const char *ping = "PING"; /* it has an answer even if nothing else is sent */
    struct login login;

    nodes_login(wire->nodes, &login);
    for (int i = 0; i < login.count; i++)
        wire_send(wire, login.commands[i].argc, login.commands[i].argv, NULL, 1);
    wire_send(wire, 1, &ping, NULL, 1);
    if (wire->events->greet)
        wire->events->greet(wire->user, wire);
    wire->own = wire->awaited;
}

/* The greeting can go out. */
static void begin_to_talk(struct wire *wire)
{
    wire->state = STATE_TALKING;
    wind(wire);
    ev_io_start(wire->loop, &wire->readable);
    ev_io_start(wire->loop, &wire->writable);
}

static void shake(struct wire *wire)
{
    enum io io = line_shake(&wire->line);

    ev_io_stop(wire->loop, &wire->readable);
    ev_io_stop(wire->loop, &wire->writable);
    if (io == IO_DONE)
        begin_to_talk(wire);
    else if (io == IO_ENDED)
        wire_break(wire, "TLS", wire->line.why);
    else
        ev_io_start(wire->loop, io == IO_WANTS_READ ? &wire->readable : &wire->writable);
}

static void on_connected(struct wire *wire)
{
    int error = 0, on = 1, fd = wire->line.context->fd;
    socklen_t len = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error) {
        wire_break(wire, "connect", strerror(error));
        return;
    }
    /* Fails on a unix socket, which has nothing to delay. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    wire->state = STATE_SHAKING;
    wind(wire);
    shake(wire);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
    struct wire *wire = io->data;

    (void)loop, (void)events;
    if (wire->state == STATE_CONNECTING)
        on_connected(wire);
    else if (wire->state == STATE_SHAKING)
        shake(wire);
    else
        wire_flush(wire);
}

static void dial(struct wire *wire)
{
    struct address address;
    redisContext *context;

    if (!nodes_address(wire->nodes, &address)) {
        dial_in(wire, LONGEST_S); /* or earlier, by wire_renew() */
        return;
    }
    context = address.is_unix ? redisConnectUnixNonBlock(address.host)
                              : redisConnectNonBlock(address.host, address.port);
    if (!context)
        abort(); /* out of memory */
    line_begin(&wire->line, context,
               context->err ? NULL : nodes_tls(wire->nodes, address.host, context->fd));
    wire->state = STATE_CONNECTING;
    if (context->err) {
        wire_break(wire, "connect", context->errstr);
        return;
    }
    ev_io_set(&wire->readable, context->fd, EV_READ);
    ev_io_set(&wire->writable, context->fd, EV_WRITE);
    wire->written = wire->sent; /* what the last connection left is gone */
    greet(wire);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_message(const redisReply *reply)
{
    static const char *const kinds[] = {"message", "smessage", "sunsubscribe"};

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 ||
        reply->element[0]->type != REDIS_REPLY_STRING)
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(reply->element[0]->str, kinds[i]) == 0)
            return true;
    return false;
}

static void take_own(struct wire *wire, const redisReply *reply)
{
    const char *refusal;
    bool is_fine;

    wire->own--;
    if (wire->is_open)
        return; /* any answer to a ping shows that somebody is there */
    is_fine = wire->events->greeted && wire->events->greeted(wire->user, reply);
    refusal = login_refusal(reply);
    if (refusal && !is_fine) {
        wire_break(wire, "refused", refusal);
        return;
    }
    if (wire->own > 0)
        return;
    wire->is_open = true;
    wire->opened_at = ev_now(wire->loop);
    wire->events->open(wire->user);
}

/* Frees the reply, or hands it over. */
static void take(struct wire *wire, redisReply *reply)
{
    if (wire->events->has_messages && is_message(reply)) {
        wire->events->reply(wire->user, reply);
        return;
    }
    if (wire->awaited > 0 && wire->own == 0) {
        wire->awaited--;
        wire->events->reply(wire->user, reply);
        return;
    }
    if (wire->awaited > 0) {
        wire->awaited--;
        take_own(wire, reply);
    } else {
        wire_break(wire, "unexpected answer",
                   reply->type == REDIS_REPLY_ERROR ? reply->str : "nothing was asked");
    }
    freeReplyObject(reply);
}

/* The next complete reply, NULL when there is none. */
static redisReply *next_reply(struct wire *wire)
{
    bool is_broken;
    redisReply *reply = line_reply(&wire->line, &is_broken);

    if (is_broken)
        wire_break(wire, "read", wire->line.why);
    return reply;
}

/* Redis holds what is not read, so as much is read as there is, up to that many pieces.  False: the
 * connection has ended, perhaps behind some answers. */
static bool read_pieces(struct wire *wire)
{
    enum { PIECES = 16 };
    enum io io = IO_DONE;
    size_t count;

    for (int i = 0; i < PIECES && io == IO_DONE; i++) {
        io = line_read(&wire->line, &count);
        if (!wire->line.tls && count < LINE_PIECE)
            break; /* spares asking a socket that has no more */
    }
    return io != IO_ENDED;
}

static void read_some(struct wire *wire)
{
    bool has_ended = !read_pieces(wire);
    redisReply *reply;

    while (wire->state == STATE_TALKING && (reply = next_reply(wire)))
        take(wire, reply);
    if (wire->state == STATE_TALKING && has_ended)
        wire_break(wire, "read", wire->line.why);
    if (wire->state == STATE_TALKING)
        wind(wire);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct wire *wire = io->data;

    (void)loop, (void)events;
    if (wire->state == STATE_SHAKING) {
        shake(wire);
        return;
    }
    turn_to(wire->turn, CAUSE_REDIS);
    read_some(wire);
    turn_to(wire->turn, CAUSE_CLIENTS);
}

/* --- life ------------------------------------------------------------------------------------- */

struct wire *wire_new(struct ev_loop *loop, struct turn *turn, const struct nodes *nodes,
                      const struct wire_events *events, void *user)
{
    struct wire *wire = xmalloc(sizeof(*wire));

    *wire =
        (struct wire){.loop = loop, .turn = turn, .nodes = nodes, .events = events, .user = user};
    ev_init(&wire->readable, on_readable);
    ev_init(&wire->writable, on_writable);
    ev_init(&wire->timer, on_timer);
    wire->readable.data = wire->writable.data = wire->timer.data = wire;
    ev_set_priority(&wire->timer, EV_MINPRI); /* after what there is to read */
    dial_in(wire, 0.0);
    return wire;
}

void wire_free(struct wire *wire)
{
    if (!wire)
        return;
    close_line(wire);
    ev_timer_stop(wire->loop, &wire->timer);
    buffer_clear(&wire->out);
    free(wire);
}
