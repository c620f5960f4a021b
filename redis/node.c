/* node.c - one synchronous connection to one Redis.
 *
 * hiredis's rule is ours: a context with an error is finished, and its late replies with it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/node.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "redis/call.h"
#include "redis/line.h"
#include "redis/next.h"
#include "redis/nodes.h"
#include "redis/outage.h"

enum {
    LATELY_MS = 1000,
    SLACK_MS = 10, /* so much more or less patience is not worth telling the socket */
};

struct node {
    const struct nodes *nodes;
    const struct node_asker *asker;
    char *at;
    struct outage outage;
    struct outage complaint;
    long long failed_ms; /* by clock_ms(); 0: it answered since, or was not tried */
    struct line line;
    struct buffer out;     /* to be written */
    long long until_ms;    /* by clock_ms(): what is under way must be over then */
    long long looked_us;   /* at the clock, by clock_us(), before it was waited */
    long long took_us;     /* until the last reply */
    long long patience_ms; /* with the next bytes, as the socket was told */
    bool is_tcp;
    struct reason refusal; /* of the login that Redis refused last */
};

struct node *node_new(const struct nodes *nodes, const char *at, const struct node_asker *asker)
{
    struct node *node = xmalloc(sizeof(*node));

    *node = (struct node){.nodes = nodes, .asker = asker, .at = xstrdup(at)};
    return node;
}

void node_free(struct node *node)
{
    if (!node)
        return;
    node_close(node);
    buffer_clear(&node->out);
    free(node->at);
    free(node);
}

void node_move(struct node *node, const char *at)
{
    if (strcmp(node->at, at) == 0)
        return;
    free(node->at);
    node->at = xstrdup(at);
    node->failed_ms = 0;
    outage_elsewhere(&node->outage);
}

void node_close(struct node *node)
{
    line_end(&node->line);
    buffer_reset(&node->out);
}

const char *node_name(const struct node *node)
{
    return node->at;
}

bool node_has_failed(const struct node *node)
{
    return node->failed_ms;
}

bool node_failed_lately(const struct node *node)
{
    return node->failed_ms && clock_ms() - node->failed_ms < LATELY_MS;
}

const char *node_refusal(const struct node *node)
{
    return node->refusal.text;
}

void node_complains(struct node *node, const char *error)
{
    outage_begins(&node->complaint, node->at, "it answers", error);
}

void node_serves(struct node *node)
{
    outage_ends(&node->complaint, node->at);
}

static void lose(struct node *node, const char *what, const char *why)
{
    outage_begins(&node->outage, node->at, what, why);
    node->failed_ms = clock_ms();
    node_close(node);
}

/* --- bytes --------------------------------------------------------------------------------- */

static struct timeval timeout_of(long long ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

/* What is under way has so long still, and a moment where its time is over: what is there already
 * is read all the same. */
static long long time_left(struct node *node)
{
    long long ms;

    node->looked_us = clock_us();
    ms = node->until_ms - node->looked_us / 1000;
    return ms > 0 ? ms : 1;
}

/* A plain socket keeps its patience by itself. */
static bool be_patient(struct node *node)
{
    long long ms = time_left(node), change = ms - node->patience_ms;

    if (node->patience_ms && change > -SLACK_MS && change < SLACK_MS)
        return true;
    node->patience_ms = ms;
    return redisSetTimeout(node->line.context, timeout_of(ms)) == REDIS_OK;
}

/* Until the line can go on.  A plain socket blocks, so it has waited its time already. */
static bool wait_for(const struct node *node, enum io wanted, long long ms)
{
    struct pollfd socket = {.fd = node->line.context->fd,
                            .events = wanted == IO_WANTS_READ ? POLLIN : POLLOUT};
    int ready;

    if (!node->line.tls || ms <= 0)
        return false;
    do
        ready = poll(&socket, 1, (int)ms);
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

/* The line can go on, or must not be used any more: then *why says so. */
static bool go_on(const struct node *node, enum io io, long long ms, const char **why)
{
    if (io == IO_ENDED)
        *why = node->line.why;
    else if (!wait_for(node, io, ms))
        *why = "timeout";
    else
        return true;
    return false;
}

/* Writes all that was added.  *why where it did not. */
static enum sending write_out(struct node *node, const char **why)
{
    const char *at = node->out.data, *end = at + node->out.len;
    enum sending sending = SENDING_FAILED;
    size_t count;
    enum io io;

    while (at < end) {
        io = line_write(&node->line, at, (size_t)(end - at), &count);
        at += count;
        if (count)
            sending = SENDING_BROKE_OFF;
        if (io != IO_DONE && !go_on(node, io, node->patience_ms, why))
            return sending;
    }
    buffer_reset(&node->out);
    return SENDING_DONE;
}

/* NULL: *why. */
static redisReply *read_reply(struct node *node, const char **why)
{
    bool is_broken;
    redisReply *reply;
    size_t count;
    enum io io;

    while (!(reply = line_reply(&node->line, &is_broken))) {
        io = is_broken ? IO_ENDED : line_read(&node->line, &count);
        if (io != IO_DONE && !go_on(node, io, node->patience_ms, why))
            return NULL;
    }
    return reply;
}

/* --- connecting ---------------------------------------------------------------------------- */

static redisContext *dial(struct node *node, const struct address *address)
{
    struct timeval timeout = timeout_of(time_left(node));
    redisContext *context = address->is_unix
                                ? redisConnectUnixWithTimeout(address->host, timeout)
                                : redisConnectWithTimeout(address->host, address->port, timeout);

    if (!context)
        abort(); /* out of memory */
    return context;
}

/* The handshake; *why where it fails. */
static bool shake(struct node *node, const char **why)
{
    enum io io;

    while ((io = line_shake(&node->line)) != IO_DONE)
        if (!go_on(node, io, time_left(node), why))
            return false;
    return true;
}

/* *what could not be done, and *why. */
static bool establish(struct node *node, const char **what, const char **why)
{
    struct address address;
    redisContext *context;

    if (!address_read(node->at, &address))
        abort(); /* its owner has read it */
    node->is_tcp = !address.is_unix;
    context = dial(node, &address);
    line_begin(&node->line, context,
               context->err ? NULL : nodes_tls(node->nodes, address.host, context->fd));
    if (node->line.tls)
        fcntl(context->fd, F_SETFL, fcntl(context->fd, F_GETFL) | O_NONBLOCK);
    *why = context->errstr;
    *what = "connect";
    if (context->err)
        return false;
    *what = "set timeout"; /* that of dial() was for connecting only */
    node->patience_ms = 0;
    if (!be_patient(node))
        return false;
    *what = "TLS";
    return shake(node, why);
}

/* The answer to a command that is no call; NULL: the connection is lost, as `what` failed. */
static redisReply *ask(struct node *node, const char *what, int argc, const char **argv)
{
    redisReply *reply = NULL;
    const char *why = "set timeout";

    line_add_command(&node->out, argc, argv, NULL);
    if (be_patient(node) && write_out(node, &why) == SENDING_DONE)
        reply = read_reply(node, &why);
    if (!reply)
        lose(node, what, why);
    return reply;
}

/* Does the connection carry an answer?  With TLS 1.3 the handshake is over before Redis has looked
 * at our certificate, and what it thinks of it comes instead of the first answer: which must not be
 * that of a call. */
static bool try_out(struct node *node, const char *what)
{
    const char *ping = "PING";
    redisReply *reply = ask(node, what, 1, &ping);

    if (reply)
        freeReplyObject(reply); /* an error will do: we have not logged in */
    return reply;
}

/* An answer to the login that does not suit ends the connection. */
static enum sending log_in(struct node *node)
{
    struct login login;

    nodes_login(node->nodes, &login);
    for (int i = 0; i < login.count; i++) {
        const char **argv = login.commands[i].argv;
        redisReply *reply = ask(node, argv[0], login.commands[i].argc, argv);
        const char *why;

        if (!reply)
            return SENDING_FAILED;
        why = login_refusal(reply);
        if (why) {
            lose(node, argv[0], why);
            login_tell(&login, i, reply, &node->refusal);
        }
        freeReplyObject(reply);
        if (why)
            return SENDING_REFUSED;
    }
    return SENDING_DONE;
}

/* All of it within the time that a connection has, and at most until then.  DONE: it stands. */
static enum sending connect_until(struct node *node, long long until_ms)
{
    const char *what, *why;

    node->refusal.text[0] = '\0';
    node->until_ms = clock_ms() + nodes_dial_ms(node->nodes);
    if (node->until_ms > until_ms)
        node->until_ms = until_ms;
    if (!establish(node, &what, &why)) {
        lose(node, what, why);
        return SENDING_FAILED;
    }
    if (node->line.tls && !try_out(node, "TLS"))
        return SENDING_FAILED;
    return log_in(node);
}

/* --- sending and receiving ----------------------------------------------------------------- */

/* *why where it is FAILED or BROKE_OFF. */
static enum sending send_runs(struct node *node, const struct run *runs, int count,
                              const char **why)
{
    if (!runs->is_for_all && node->asker->is_wanted && !node->asker->is_wanted(node->asker->user))
        return SENDING_UNWANTED;
    *why = "set timeout";
    if (!be_patient(node))
        return SENDING_FAILED;
    /* A TCP peer that has closed still accepts our first write, so it is asked first.  On a unix
     * socket the write itself fails, with nothing sent. */
    *why = "connection closed";
    if (node->is_tcp && line_is_hung_up(&node->line))
        return SENDING_FAILED;
    for (int i = 0; i < count; i++) {
        struct call *call = runs[i].call;
        int argc = call_resolve(call, runs[i].with_text);

        line_add_command(&node->out, argc, call->argv, call->argv_len);
    }
    return write_out(node, why);
}

/* A time that is over leaves a moment, in which nothing comes about. */
static long long end_of(long long until_ms)
{
    long long least_ms = clock_ms() + 1;

    return until_ms > least_ms ? until_ms : least_ms;
}

enum sending node_send(struct node *node, const struct run *runs, int count, long long until_ms)
{
    enum sending sending = SENDING_FAILED;
    const char *why;

    until_ms = end_of(until_ms);
    node->until_ms = until_ms;
    if (node->line.context) {
        sending = send_runs(node, runs, count, &why);
        if (sending == SENDING_FAILED)
            node_close(node); /* Redis was restarted since the last call */
    }
    if (!node->line.context) {
        sending = connect_until(node, until_ms);
        if (sending != SENDING_DONE)
            return sending;
        node->until_ms = until_ms;
        sending = send_runs(node, runs, count, &why);
    }
    if (sending == SENDING_FAILED)
        lose(node, "write", why);
    if (sending == SENDING_BROKE_OFF)
        lose(node, "no answer", why);
    return sending;
}

bool node_try(struct node *node, long long until_ms)
{
    node_close(node);
    if (connect_until(node, end_of(until_ms)) != SENDING_DONE || !try_out(node, "no answer"))
        return false;
    node->failed_ms = 0;
    return true;
}

redisReply *node_receive(struct node *node)
{
    const char *why = "set timeout";
    redisReply *reply = be_patient(node) ? read_reply(node, &why) : NULL;

    if (!reply) {
        lose(node, "no answer", why);
        return NULL;
    }
    node->took_us = clock_us() - node->looked_us;
    node->failed_ms = 0;
    outage_ends(&node->outage, node->at);
    return reply;
}

long long node_took_us(const struct node *node)
{
    return node->took_us;
}
