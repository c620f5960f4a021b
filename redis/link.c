/* link.c - one synchronous connection to Redis.
 *
 * hiredis's rule is ours: a context with an error is finished, and its late replies with it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "redis/next.h"
#include "redis/nodes.h"

struct link {
    struct nodes nodes;
    redisContext *context; /* NULL: not connected */
    bool is_tcp;
    const char *refused;    /* the command of the login that Redis refused last */
    link_wanted *is_wanted; /* NULL: every call is */
    void *is_wanted_user;
};

struct link *link_new(const struct settings *settings)
{
    struct link *link = xmalloc(sizeof(*link));

    *link = (struct link){0};
    nodes_init(&link->nodes, settings);
    return link;
}

static void disconnect(struct link *link)
{
    if (link->context)
        redisFree(link->context);
    link->context = NULL;
}

void link_free(struct link *link)
{
    if (!link)
        return;
    disconnect(link);
    free(link);
}

void link_configure(struct link *link, const struct settings *old, const struct settings *settings)
{
    if (nodes_configure(&link->nodes, old, settings) ||
        old->redis_timeout_ms != settings->redis_timeout_ms)
        disconnect(link);
}

void link_ask_first(struct link *link, link_wanted *is_wanted, void *user)
{
    link->is_wanted = is_wanted;
    link->is_wanted_user = user;
}

static void lose(struct link *link, const char *what, const char *why)
{
    nodes_failed(&link->nodes, what, why);
    disconnect(link);
}

/* --- connecting ---------------------------------------------------------------------------- */

/* What became of sending some calls. */
enum sending { SENT, NOTHING_SENT, BROKE_OFF, NOT_WANTED, LOGIN_REFUSED };

static struct timeval timeout_of(const struct link *link)
{
    long long ms = nodes_timeout_ms(&link->nodes);

    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static redisContext *dial(struct link *link)
{
    struct address address;

    nodes_address(&link->nodes, &address);
    link->is_tcp = !address.is_unix;
    if (address.is_unix)
        return redisConnectUnixWithTimeout(address.host, timeout_of(link));
    return redisConnectWithTimeout(address.host, address.port, timeout_of(link));
}

/* One command of the login; an error reply ends the connection. */
static enum sending say(struct link *link, int argc, const char **argv)
{
    redisReply *reply = redisCommandArgv(link->context, argc, argv, NULL);
    enum sending sending = SENT;

    if (!reply) {
        lose(link, argv[0], link->context->errstr);
        return NOTHING_SENT;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        lose(link, argv[0], reply->str);
        link->refused = argv[0];
        sending = LOGIN_REFUSED;
    }
    freeReplyObject(reply);
    return sending;
}

static enum sending log_in(struct link *link)
{
    enum sending sending = SENT;
    struct login login;

    nodes_login(&link->nodes, &login);
    for (int i = 0; i < login.count && sending == SENT; i++)
        sending = say(link, login.commands[i].argc, login.commands[i].argv);
    return sending;
}

/* SENT: the connection stands. */
static enum sending connect_link(struct link *link)
{
    const char *what = "connect";

    link->context = dial(link);
    if (!link->context)
        abort(); /* out of memory */
    if (!link->context->err) {
        /* The timeout of dial() was for connecting only. */
        what = "set timeout";
        if (redisSetTimeout(link->context, timeout_of(link)) == REDIS_OK)
            return log_in(link);
    }
    lose(link, what, link->context->errstr);
    return NOTHING_SENT;
}

/* --- sending and receiving ----------------------------------------------------------------- */

/* A TCP peer that has closed still accepts our first write, so it is asked first.  On a unix
 * socket the write itself fails, with nothing sent. */
static bool is_hung_up(const struct link *link)
{
    char byte;

    if (!link->is_tcp)
        return false;
    return recv(link->context->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
           (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static enum sending send_runs(struct link *link, const struct run *runs, int count)
{
    redisContext *context = link->context;
    bool started = false;
    int done = 0;

    if (link->is_wanted && !link->is_wanted(link->is_wanted_user))
        return NOT_WANTED;
    if (is_hung_up(link))
        return NOTHING_SENT;
    for (int i = 0; i < count; i++) {
        struct call *call = runs[i].call;
        int argc = call_resolve(call, runs[i].with_text);

        if (redisAppendCommandArgv(context, argc, call->argv, call->argv_len) != REDIS_OK)
            abort(); /* out of memory */
    }
    while (!done) {
        if (redisBufferWrite(context, &done) != REDIS_OK)
            return started ? BROKE_OFF : NOTHING_SENT;
        started = true;
    }
    return SENT;
}

/* Sends the calls, over a new connection where there is none or it has gone. */
static enum sending send_out(struct link *link, const struct run *runs, int count)
{
    enum sending sending = NOTHING_SENT;

    if (link->context) {
        sending = send_runs(link, runs, count);
        if (sending == NOTHING_SENT)
            disconnect(link); /* Redis was restarted since the last call */
    }
    if (!link->context) {
        sending = connect_link(link);
        if (sending != SENT)
            return sending;
        sending = send_runs(link, runs, count);
    }
    if (sending == NOTHING_SENT)
        lose(link, "write", "connection closed");
    if (sending == BROKE_OFF)
        lose(link, "no answer", link->context->errstr);
    return sending;
}

/* The next reply, which may be an error; NULL: there is none. */
static redisReply *receive(struct link *link)
{
    void *reply = NULL;

    errno = 0;
    if (redisGetReply(link->context, &reply) != REDIS_OK) {
        bool is_late = errno == EAGAIN || errno == EWOULDBLOCK;

        lose(link, "no answer", is_late ? "timeout" : link->context->errstr);
        return NULL;
    }
    nodes_answered(&link->nodes);
    return reply;
}

/* --- calls --------------------------------------------------------------------------------- */

static enum status fail(const struct link *link, enum sending sending, const struct call *call,
                        struct reason *reason)
{
    enum status status = next_of_loss(call, sending == BROKE_OFF, reason);

    if (sending == NOT_WANTED)
        return refuse(reason, status, "the client has gone");
    if (sending == LOGIN_REFUSED)
        return refuse(reason, status, "Redis refused %s", link->refused);
    return status;
}

static struct next read_reply(struct run *run, redisReply *reply, struct reason *reason)
{
    struct next next = next_of(run, reply, reason);

    if (next_is_sending(&next))
        freeReplyObject(reply);
    else
        call_keep_reply(run->call, reply);
    return next;
}

static enum status run_to_end(struct link *link, struct run *run, struct reason *reason)
{
    struct next next;

    do {
        enum sending sending = send_out(link, run, 1);
        redisReply *reply = sending == SENT ? receive(link) : NULL;

        if (!reply)
            return fail(link, sending == SENT ? BROKE_OFF : sending, run->call, reason);
        next = read_reply(run, reply, reason);
    } while (next_is_sending(&next));
    if (next.step == STEP_RECONNECT)
        disconnect(link);
    return next.status;
}

enum status link_run(struct link *link, struct call *call, struct reason *reason)
{
    struct run run = {.call = call};

    return run_to_end(link, &run, reason);
}

void link_run_all(struct link *link, struct errand *errands, int count)
{
    struct run runs[LINK_VOLLEY] = {{0}};
    bool wants_reconnect = false, is_open[LINK_VOLLEY] = {0};
    enum sending sending;

    for (int i = 0; i < count; i++)
        runs[i].call = &errands[i].call;
    sending = send_out(link, runs, count);
    for (int i = 0; i < count; i++) {
        struct errand *errand = &errands[i];
        redisReply *reply = sending == SENT ? receive(link) : NULL;
        struct next next;

        errand->reason = (struct reason){0};
        if (!reply) {
            sending = sending == SENT ? BROKE_OFF : sending;
            errand->status = fail(link, sending, &errand->call, &errand->reason);
            continue;
        }
        next = read_reply(&runs[i], reply, &errand->reason);
        errand->status = next.status;
        is_open[i] = next_is_sending(&next);
        wants_reconnect = wants_reconnect || next.step == STEP_RECONNECT;
    }
    if (wants_reconnect)
        disconnect(link);
    for (int i = 0; i < count; i++)
        if (is_open[i])
            errands[i].status = run_to_end(link, &runs[i], &errands[i].reason);
}
