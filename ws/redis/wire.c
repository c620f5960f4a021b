/* wire.c - one connection to Redis within an event loop.
 *
 * hiredis connects, reads and parses; events, writing and deadlines are here.  Commands are written
 * where they are sent from, which spares a copy.  (hiredis's own asynchronous mode has no
 * deadlines, keeps callbacks per channel that a second subscription replaces, and reads no more
 * after an error in writing.)
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
#include "redis/nodes.h"
#include "ws/net/turn.h"

#define PING_S    2.0 /* an idle connection is asked that often whether it still stands */
#define BACKOFF_S 0.1 /* before the second try; doubled with each */
#define LONGEST_S 2.0
#define STEADY_S  2.0 /* a connection that lasted this long is redialled at once */

struct wire {
    struct ev_loop *loop;
    struct turn *turn;
    const struct nodes *nodes;
    const struct wire_events *events;
    void *user;
    redisContext *context;            /* NULL: waiting for the next try */
    struct buffer out;                /* what is not written yet */
    unsigned long long sent, written; /* bytes, of all connections */
    ev_io readable;
    ev_io writable; /* active: there are bytes to write, or it is connecting */
    ev_timer timer; /* next try; or the next ping; or the end of patience */
    size_t awaited; /* answers that are still to come */
    size_t own;     /* so many of them, the first ones, are to the greeting or to a ping */
    ev_tstamp opened_at;
    unsigned failures; /* in a row */
    bool is_connecting;
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

static void close_context(struct wire *wire)
{
    redisContext *context = wire->context;

    ev_io_stop(wire->loop, &wire->readable);
    ev_io_stop(wire->loop, &wire->writable);
    wire->context = NULL;
    wire->is_connecting = false;
    wire->is_open = false;
    wire->awaited = 0;
    wire->own = 0;
    buffer_reset(&wire->out);
    if (context)
        redisFree(context);
}

void wire_break(struct wire *wire, const char *what, const char *why)
{
    char text[256];

    if (!wire->context)
        return;
    if (wire->is_open && ev_now(wire->loop) - wire->opened_at >= STEADY_S)
        wire->failures = 0;
    snprintf(text, sizeof(text), "%s", why); /* may be the context's */
    close_context(wire);
    dial_in(wire, backoff(wire->failures++));
    wire->events->lost(wire->user, what, text);
}

void wire_renew(struct wire *wire)
{
    bool was_there = wire->context;

    wire->failures = 0;
    close_context(wire);
    dial_in(wire, 0.0);
    if (was_there)
        wire->events->lost(wire->user, NULL, NULL);
}

/* --- deadlines -------------------------------------------------------------------------------- */

/* From now on: patience with what is awaited, or rest until the next ping. */
static void wind(struct wire *wire)
{
    long long ms = wire->is_connecting ? nodes_dial_ms(wire->nodes) : nodes_timeout_ms(wire->nodes);

    wire->timer.repeat = wire->awaited > 0 ? (double)ms / 1000 : PING_S;
    ev_now_update(wire->loop); /* what this turn took so far is not Redis's fault */
    ev_timer_again(wire->loop, &wire->timer);
}

static void dial(struct wire *wire);

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct wire *wire = timer->data;
    const char *ping = "PING";

    (void)loop;
    (void)events;
    if (!wire->context) {
        dial(wire);
    } else if (wire->awaited > 0) {
        wire_break(wire, wire->is_connecting ? "connect" : "no answer", "timeout");
    } else {
        wire->own = 1; /* nothing else is awaited: it is the next answer */
        wire_send(wire, 1, &ping, NULL, 1);
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

/* "*3" or "$10", and the end of the line. */
static void add_head(struct buffer *out, char mark, size_t number)
{
    char text[24], *at = text + sizeof(text);

    *--at = '\n';
    *--at = '\r';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    *--at = mark;
    buffer_add(out, at, (size_t)(text + sizeof(text) - at));
}

unsigned long long wire_send(struct wire *wire, int argc, const char **argv, const size_t *lens,
                             size_t answers)
{
    size_t before = wire->out.len;

    add_head(&wire->out, '*', (size_t)argc);
    for (int i = 0; i < argc; i++) {
        size_t len = lens ? lens[i] : strlen(argv[i]);

        add_head(&wire->out, '$', len);
        buffer_add(&wire->out, argv[i], len);
        buffer_add(&wire->out, "\r\n", 2);
    }
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
    ssize_t count;

    if (wire->is_connecting || !ev_is_active(&wire->writable))
        return;
    count = send(wire->context->fd, wire->out.data, wire->out.len, MSG_NOSIGNAL);
    if (count >= 0)
        drop_written(wire, (size_t)count);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        /* Answers may wait to be read, and behind them the end. */
        ev_io_stop(wire->loop, &wire->writable);
}

size_t wire_bytes(const struct wire *wire)
{
    return wire->out.size + (wire->context ? wire->context->reader->len : 0);
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

static void on_connected(struct wire *wire)
{
    int error = 0, on = 1;
    socklen_t len = sizeof(error);

    if (getsockopt(wire->context->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error) {
        wire_break(wire, "connect", strerror(error));
        return;
    }
    /* Fails on a unix socket, which has nothing to delay. */
    setsockopt(wire->context->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    wire->is_connecting = false;
    ev_io_start(wire->loop, &wire->readable);
    wind(wire);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
    struct wire *wire = io->data;

    (void)loop;
    (void)events;
    if (wire->is_connecting)
        on_connected(wire);
    else
        wire_flush(wire);
}

static void dial(struct wire *wire)
{
    struct address address;

    if (!nodes_address(wire->nodes, &address)) {
        dial_in(wire, LONGEST_S); /* or earlier, by wire_renew() */
        return;
    }
    wire->context = address.is_unix ? redisConnectUnixNonBlock(address.host)
                                    : redisConnectNonBlock(address.host, address.port);
    if (!wire->context)
        abort(); /* out of memory */
    if (wire->context->err) {
        wire_break(wire, "connect", wire->context->errstr);
        return;
    }
    ev_io_set(&wire->readable, wire->context->fd, EV_READ);
    ev_io_set(&wire->writable, wire->context->fd, EV_WRITE);
    wire->is_connecting = true;
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
    void *reply = NULL;

    /* The context does not block: this reads nothing but what has arrived. */
    if (redisGetReply(wire->context, &reply) == REDIS_OK)
        return reply;
    wire_break(wire, "read", wire->context->errstr);
    return NULL;
}

/* Redis holds what is not read, so as much is read as there is, up to that many pieces.  False: the
 * connection has ended, perhaps behind some answers. */
static bool read_pieces(struct wire *wire)
{
    enum { PIECES = 16, PIECE = 16384 }; /* of hiredis */
    const redisReader *reader = wire->context->reader;

    for (int i = 0; i < PIECES; i++) {
        size_t before = reader->len;

        if (redisBufferRead(wire->context) != REDIS_OK)
            return false;
        if (reader->len - before < PIECE)
            break;
    }
    return true;
}

static void read_some(struct wire *wire)
{
    bool has_ended = !read_pieces(wire);
    redisReply *reply;

    while (wire->context && (reply = next_reply(wire)))
        take(wire, reply);
    if (wire->context && has_ended)
        wire_break(wire, "read", wire->context->errstr);
    if (wire->context)
        wind(wire);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct wire *wire = io->data;

    (void)loop;
    (void)events;
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
    close_context(wire);
    ev_timer_stop(wire->loop, &wire->timer);
    buffer_clear(&wire->out);
    free(wire);
}
