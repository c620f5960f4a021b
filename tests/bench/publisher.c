/* publisher.c - messages into Redis, for the fan-out.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/publisher.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "broker/keys.h"
#include "broker/queue.h"
#include "redis/link.h"

static void fail(const char *what)
{
    fprintf(stderr, "fanout-load: Redis: %s\n", what);
    exit(1);
}

/* The name of a queue's channel, "<q>:PUBSUB", with its braces; such a channel is a sharded one. */
static void name_sharded(struct publisher *publisher, const char *name)
{
    static char sharded[LIMIT_NAME + 16];

    snprintf(sharded, sizeof sharded, "{%.*s}:PUBSUB", (int)strcspn(name, ":"), name);
    publisher->name = sharded;
    publisher->command = "SPUBLISH";
}

void publisher_open(struct publisher *publisher, const char *address, const char *path)
{
    const char *name = strchr(path + 1, '/');
    bool is_queue = strncmp(path, "/ws/", 4) == 0;

    *publisher =
        (struct publisher){.name = name ? name + 1 : path, .batch = 1, .command = "PUBLISH"};
    settings_init(&publisher->settings);
    free(publisher->settings.redis);
    publisher->settings.redis = xstrdup(address);
    if (is_queue) {
        publisher->batch = PUBLISHER_BATCH;
        publisher->link = link_new(&publisher->settings);
        return;
    }
    if (keys_have_tags() && strstr(path, ":PUBSUB") != NULL)
        name_sharded(publisher, publisher->name);
    publisher->redis = redisConnectUnix(address + strcspn(address, "/"));
    if (publisher->redis == NULL || publisher->redis->err != 0)
        fail("no connection");
}

void publisher_close(struct publisher *publisher)
{
    if (publisher->redis != NULL)
        redisFree(publisher->redis);
    link_free(publisher->link);
    settings_clear(&publisher->settings);
}

static void publish(struct publisher *publisher, const char *message)
{
    int written = 0;

    redisAppendCommand(publisher->redis, "%s %s %b", publisher->command, publisher->name, message,
                       (size_t)MESSAGE_SIZE);
    while (!written) {
        if (redisBufferWrite(publisher->redis, &written) != REDIS_OK)
            fail(publisher->redis->errstr);
    }
}

static void push(struct publisher *publisher, const char messages[][MESSAGE_SIZE + 1], int count)
{
    static struct call call;
    struct body bodies[PUBLISHER_BATCH];
    struct push push = {.queue = publisher->name, .bodies = bodies, .count = count};
    struct pushed pushed;
    struct reason reason;

    for (int i = 0; i < count; i++)
        bodies[i] = (struct body){.data = messages[i], .len = MESSAGE_SIZE};
    queue_push_call(&call, &push, &pushed);
    if (link_run(publisher->link, &call, &reason) != STATUS_OK)
        fail("push failed");
}

static void send_messages(struct publisher *publisher, const char messages[][MESSAGE_SIZE + 1],
                          int count)
{
    if (publisher->link != NULL)
        push(publisher, messages, count);
    else
        publish(publisher, messages[0]);
}

void publisher_send(struct publisher *publisher, uint32_t first)
{
    char messages[PUBLISHER_BATCH][MESSAGE_SIZE + 1];

    for (int i = 0; i < publisher->batch; i++)
        snprintf(messages[i], sizeof messages[i], "%c%08x%091d", MESSAGE_MARK, first + (uint32_t)i,
                 0);
    send_messages(publisher, messages, publisher->batch);
}

void publisher_send_probe(struct publisher *publisher)
{
    char message[1][MESSAGE_SIZE + 1];

    snprintf(message[0], sizeof message[0], "%c%099d", MESSAGE_PROBE, 0);
    send_messages(publisher, message, 1);
}

void publisher_settle(struct publisher *publisher)
{
    struct pollfd answers = {.fd = publisher->redis ? publisher->redis->fd : -1, .events = POLLIN};
    redisReply *reply;

    if (publisher->redis == NULL || poll(&answers, 1, 0) != 1)
        return;
    if (redisBufferRead(publisher->redis) != REDIS_OK)
        fail(publisher->redis->errstr);
    while (redisGetReplyFromReader(publisher->redis, (void **)&reply) == REDIS_OK && reply) {
        if (reply->type == REDIS_REPLY_ERROR)
            fail(reply->str);
        freeReplyObject(reply);
    }
}
