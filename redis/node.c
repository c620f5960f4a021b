/* node.c - one synchronous connection to one Redis.
 *
 * hiredis's rule is ours: a context with an error is finished, and its late replies with it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/node.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/memory.h"
#include "redis/call.h"
#include "redis/next.h"
#include "redis/nodes.h"
#include "redis/outage.h"

enum { LATELY_MS = 1000 };

struct node {
    const struct nodes *nodes;
    const struct node_asker *asker;
    char *at;
    struct outage outage;
    long long failed_ms;   /* by clock_ms(); 0: it answered since, or was not tried */
    redisContext *context; /* NULL: not connected */
    bool is_tcp;
    const char *refused; /* the command of the login that Redis refused last */
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
    if (node->context)
        redisFree(node->context);
    node->context = NULL;
}

bool node_failed_lately(const struct node *node)
{
    return node->failed_ms && clock_ms() - node->failed_ms < LATELY_MS;
}

const char *node_refused(const struct node *node)
{
    return node->refused;
}

static void lose(struct node *node, const char *what, const char *why)
{
    outage_begins(&node->outage, node->at, what, why);
    node->failed_ms = clock_ms();
    node_close(node);
}

/* --- connecting ---------------------------------------------------------------------------- */

static struct timeval timeout_of(long long ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static redisContext *dial(struct node *node)
{
    struct timeval timeout = timeout_of(nodes_dial_ms(node->nodes));
    struct address address;

    if (!address_read(node->at, &address))
        abort(); /* its owner has read it */
    node->is_tcp = !address.is_unix;
    if (address.is_unix)
        return redisConnectUnixWithTimeout(address.host, timeout);
    return redisConnectWithTimeout(address.host, address.port, timeout);
}

/* One command of the login; an error reply ends the connection. */
static enum sending say(struct node *node, int argc, const char **argv)
{
    redisReply *reply = redisCommandArgv(node->context, argc, argv, NULL);
    enum sending sending = SENDING_DONE;
    const char *why;

    if (!reply) {
        lose(node, argv[0], node->context->errstr);
        return SENDING_FAILED;
    }
    why = login_refusal(reply);
    if (why) {
        lose(node, argv[0], why);
        node->refused = argv[0];
        sending = SENDING_REFUSED;
    }
    freeReplyObject(reply);
    return sending;
}

static enum sending log_in(struct node *node)
{
    enum sending sending = SENDING_DONE;
    struct login login;

    nodes_login(node->nodes, &login);
    for (int i = 0; i < login.count && sending == SENDING_DONE; i++)
        sending = say(node, login.commands[i].argc, login.commands[i].argv);
    return sending;
}

static bool set_timeout(struct node *node, long long ms)
{
    if (redisSetTimeout(node->context, timeout_of(ms)) == REDIS_OK)
        return true;
    lose(node, "set timeout", node->context->errstr);
    return false;
}

/* DONE: the connection stands. */
static enum sending connect_node(struct node *node)
{
    enum sending sending;

    node->context = dial(node);
    if (!node->context)
        abort(); /* out of memory */
    if (node->context->err) {
        lose(node, "connect", node->context->errstr);
        return SENDING_FAILED;
    }
    /* The timeout of dial() was for connecting only. */
    if (!set_timeout(node, nodes_dial_ms(node->nodes)))
        return SENDING_FAILED;
    sending = log_in(node);
    if (sending != SENDING_DONE)
        return sending;
    return set_timeout(node, nodes_timeout_ms(node->nodes)) ? SENDING_DONE : SENDING_FAILED;
}

/* --- sending and receiving ----------------------------------------------------------------- */

/* A TCP peer that has closed still accepts our first write, so it is asked first.  On a unix
 * socket the write itself fails, with nothing sent. */
static bool is_hung_up(const struct node *node)
{
    char byte;

    if (!node->is_tcp)
        return false;
    return recv(node->context->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
           (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static enum sending send_runs(struct node *node, const struct run *runs, int count)
{
    redisContext *context = node->context;
    bool started = false;
    int done = 0;

    if (node->asker->is_wanted && !node->asker->is_wanted(node->asker->user))
        return SENDING_UNWANTED;
    if (is_hung_up(node))
        return SENDING_FAILED;
    for (int i = 0; i < count; i++) {
        struct call *call = runs[i].call;
        int argc = call_resolve(call, runs[i].with_text);

        if (redisAppendCommandArgv(context, argc, call->argv, call->argv_len) != REDIS_OK)
            abort(); /* out of memory */
    }
    while (!done) {
        if (redisBufferWrite(context, &done) != REDIS_OK)
            return started ? SENDING_BROKE_OFF : SENDING_FAILED;
        started = true;
    }
    return SENDING_DONE;
}

enum sending node_send(struct node *node, const struct run *runs, int count)
{
    enum sending sending = SENDING_FAILED;

    if (node->context) {
        sending = send_runs(node, runs, count);
        if (sending == SENDING_FAILED)
            node_close(node); /* Redis was restarted since the last call */
    }
    if (!node->context) {
        sending = connect_node(node);
        if (sending != SENDING_DONE)
            return sending;
        sending = send_runs(node, runs, count);
    }
    if (sending == SENDING_FAILED)
        lose(node, "write", "connection closed");
    if (sending == SENDING_BROKE_OFF)
        lose(node, "no answer", node->context->errstr);
    return sending;
}

redisReply *node_receive(struct node *node)
{
    void *reply = NULL;

    errno = 0;
    if (redisGetReply(node->context, &reply) != REDIS_OK) {
        bool is_late = errno == EAGAIN || errno == EWOULDBLOCK;

        lose(node, "no answer", is_late ? "timeout" : node->context->errstr);
        return NULL;
    }
    node->failed_ms = 0;
    outage_ends(&node->outage, node->at);
    return reply;
}
