/* link.c - one synchronous connection to Redis.
 *
 * hiredis's rule is ours: a context with an error is finished, and its late replies with it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/log.h"
#include "base/memory.h"
#include "redis/login.h"
#include "redis/reply.h"
#include "redis/script.h"

struct link {
    const struct settings *settings;
    redisContext *context; /* NULL: not connected */
    redisReply *reply;     /* of the last call; results point into it */
    bool is_tcp;
    bool is_down;           /* said in the log already */
    bool tells_back;        /* the next answer is worth a line */
    link_wanted *is_wanted; /* NULL: every call is */
    void *is_wanted_user;
};

struct link *link_new(const struct settings *settings)
{
    struct link *link = xmalloc(sizeof(*link));

    *link = (struct link){.settings = settings};
    return link;
}

static void drop_reply(struct link *link)
{
    if (link->reply)
        freeReplyObject(link->reply);
    link->reply = NULL;
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
    drop_reply(link);
    disconnect(link);
    free(link);
}

void link_configure(struct link *link, const struct settings *old, const struct settings *settings)
{
    if (!login_is_same(old, settings) || old->redis_timeout_ms != settings->redis_timeout_ms)
        disconnect(link);
    if (strcmp(old->redis, settings->redis) != 0) {
        link->is_down = false; /* the other one's troubles are worth a line of their own */
        link->tells_back = true;
    }
    link->settings = settings;
}

void link_ask_first(struct link *link, link_wanted *is_wanted, void *user)
{
    link->is_wanted = is_wanted;
    link->is_wanted_user = user;
}

/* Redis went away: said once in the log, until it is back. */
static enum status lost(struct link *link, const char *what, const char *why, struct reason *reason)
{
    if (!link->is_down)
        log_error("Redis at %s: %s: %s", link->settings->redis, what, why);
    link->is_down = link->tells_back = true;
    disconnect(link);
    return refuse(reason, STATUS_UNAVAILABLE, "Redis is unavailable");
}

/* --- connecting ---------------------------------------------------------------------------- */

static struct timeval timeout_of(const struct settings *settings)
{
    long long ms = settings->redis_timeout_ms;

    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static redisContext *dial(struct link *link)
{
    struct timeval timeout = timeout_of(link->settings);
    struct address address;

    if (!address_read(link->settings->redis, &address))
        abort(); /* the settings were checked */
    link->is_tcp = !address.is_unix;
    if (address.is_unix)
        return redisConnectUnixWithTimeout(address.host, timeout);
    return redisConnectWithTimeout(address.host, address.port, timeout);
}

/* One command of the greeting; an error reply ends the connection. */
static enum status greet(struct link *link, int argc, const char **argv, struct reason *reason)
{
    redisReply *reply = redisCommandArgv(link->context, argc, argv, NULL);
    enum status status = STATUS_OK;

    if (!reply)
        return lost(link, argv[0], link->context->errstr, reason);
    if (reply->type == REDIS_REPLY_ERROR) {
        lost(link, argv[0], reply->str, reason);
        status = refuse(reason, STATUS_UNAVAILABLE, "Redis refused %s", argv[0]);
    }
    freeReplyObject(reply);
    return status;
}

static enum status log_in(struct link *link, struct reason *reason)
{
    enum status status = STATUS_OK;
    struct login login;

    login_init(&login, link->settings);
    for (int i = 0; i < login.count && status == STATUS_OK; i++)
        status = greet(link, login.commands[i].argc, login.commands[i].argv, reason);
    return status;
}

static enum status connect_link(struct link *link, struct reason *reason)
{
    link->context = dial(link);
    if (!link->context)
        abort(); /* out of memory */
    if (link->context->err)
        return lost(link, "connect", link->context->errstr, reason);
    /* The timeout above was for connecting only. */
    if (redisSetTimeout(link->context, timeout_of(link->settings)) != REDIS_OK)
        return lost(link, "set timeout", link->context->errstr, reason);
    return log_in(link, reason);
}

/* --- one command --------------------------------------------------------------------------- */

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

enum sending { SENT, NOTHING_SENT, BROKE_OFF, NOT_WANTED };

static enum sending send_calls(struct link *link, struct call *const *calls, int count,
                               bool with_text)
{
    redisContext *context = link->context;
    bool started = false;
    int done = 0;

    if (link->is_wanted && !link->is_wanted(link->is_wanted_user))
        return NOT_WANTED;
    if (is_hung_up(link))
        return NOTHING_SENT;
    for (int i = 0; i < count; i++) {
        int argc = call_resolve(calls[i], with_text);

        if (redisAppendCommandArgv(context, argc, calls[i]->argv, calls[i]->argv_len) != REDIS_OK)
            abort(); /* out of memory */
    }
    while (!done) {
        if (redisBufferWrite(context, &done) != REDIS_OK)
            return started ? BROKE_OFF : NOTHING_SENT;
        started = true;
    }
    return SENT;
}

static enum status no_answer(struct link *link, const char *why, const struct call *call,
                             struct reason *reason)
{
    enum status status = lost(link, "no answer", why, reason);

    reason->outcome_unknown = call->changes;
    return status;
}

/* Sends the calls, over a new connection where there is none or it has gone. */
static enum status send_out(struct link *link, struct call *const *calls, int count, bool with_text,
                            struct reason *reason)
{
    enum sending sending = NOTHING_SENT;
    enum status status;

    drop_reply(link);
    if (link->context) {
        sending = send_calls(link, calls, count, with_text);
        if (sending == NOTHING_SENT)
            disconnect(link); /* Redis was restarted since the last call */
    }
    if (!link->context) {
        status = connect_link(link, reason);
        if (status != STATUS_OK)
            return status;
        sending = send_calls(link, calls, count, with_text);
    }
    if (sending == NOT_WANTED)
        return refuse(reason, STATUS_UNAVAILABLE, "the client has gone");
    if (sending == NOTHING_SENT)
        return lost(link, "write", "connection closed", reason);
    if (sending == BROKE_OFF)
        return no_answer(link, link->context->errstr, calls[0], reason);
    return STATUS_OK;
}

/* Leaves the next reply, which may be an error, in link->reply. */
static enum status receive(struct link *link, const struct call *call, struct reason *reason)
{
    void *reply = NULL;

    drop_reply(link);
    errno = 0;
    if (redisGetReply(link->context, &reply) != REDIS_OK) {
        bool is_late = errno == EAGAIN || errno == EWOULDBLOCK;

        return no_answer(link, is_late ? "timeout" : link->context->errstr, call, reason);
    }
    link->reply = reply;
    if (link->tells_back)
        log_info("Redis at %s: back", link->settings->redis);
    link->is_down = link->tells_back = false;
    return STATUS_OK;
}

static enum status read_reply(struct link *link, struct call *call, struct reason *reason)
{
    if (link->reply->type != REDIS_REPLY_ERROR)
        return call->decode(link->reply, call->result, reason);
    return reply_error(link->reply, reason);
}

static enum status exchange(struct link *link, struct call *call, bool with_text,
                            struct reason *reason)
{
    enum status status = send_out(link, &call, 1, with_text, reason);

    return status == STATUS_OK ? receive(link, call, reason) : status;
}

static enum status run_once(struct link *link, struct call *call, struct reason *reason)
{
    enum status status = exchange(link, call, false, reason);

    /* Not known means not run: sending the text is no repetition. */
    if (status == STATUS_OK && reply_is_noscript(link->reply))
        status = exchange(link, call, true, reason);
    if (status != STATUS_OK)
        return status;
    if (reply_wants_reconnect(link->reply))
        disconnect(link);
    return read_reply(link, call, reason);
}

enum status link_run(struct link *link, struct call *call, struct reason *reason)
{
    enum status status = run_once(link, call, reason);

    while (status == STATUS_AGAIN) {
        status = call_may_repeat(call, reason);
        if (status == STATUS_OK)
            status = run_once(link, call, reason);
    }
    return status;
}

void link_run_all(struct link *link, struct errand *errands, int count)
{
    struct call *calls[LINK_VOLLEY] = {NULL};
    bool wants_reconnect = false, is_unknown[LINK_VOLLEY] = {0};
    struct reason reason = {0};
    enum status status;

    for (int i = 0; i < count; i++)
        calls[i] = &errands[i].call;
    status = send_out(link, calls, count, false, &reason);
    for (int i = 0; i < count; i++) {
        struct errand *errand = &errands[i];

        if (status == STATUS_OK)
            status = receive(link, &errand->call, &reason);
        errand->status = status;
        errand->reason = reason;
        if (status != STATUS_OK)
            continue;
        is_unknown[i] = reply_is_noscript(link->reply);
        wants_reconnect = wants_reconnect || reply_wants_reconnect(link->reply);
        if (!is_unknown[i])
            errand->status = read_reply(link, &errand->call, &errand->reason);
    }
    if (wants_reconnect)
        disconnect(link);
    for (int i = 0; i < count; i++)
        if (is_unknown[i])
            errands[i].status = link_run(link, &errands[i].call, &errands[i].reason);
}
