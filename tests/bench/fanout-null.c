/* fanout-null.c - the yardstick of the fan-out: hears one Redis channel and does one write(2) of a
 * ready frame per consumer and message, nothing else.
 *
 * It has the shape of restmq-wsd's /sub/ (one loop, non-blocking sockets without Nagle's delay) and
 * none of its duties: it takes every request for the example handshake of RFC 6455 and throws away
 * what a websocket sends.  With that delay the kernel would put messages together for it: up to
 * three times the rate when saturated, but no longer one write, one packet.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/address.h"
#include "tests/bench/handshake-fixed.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"

enum {
    EVENTS = 256,
    FRAME_MAX = 4 + 65535, /* the two short forms of a frame's length */
};

struct consumer {
    int fd;
    int place;          /* in the list of all */
    bool is_open;       /* the handshake is done */
    struct buffer rest; /* what the socket did not take; almost always nothing */
};

static int epoll_fd, listen_fd;
static struct consumer **consumers;
static int consumer_count, consumer_room;
static redisContext *redis;

static void fail(const char *what)
{
    fprintf(stderr, "fanout-null: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void watch(int operation, int fd, uint32_t events, void *data)
{
    struct epoll_event event = {.events = events, .data.ptr = data};

    if (epoll_ctl(epoll_fd, operation, fd, &event) != 0)
        fail("epoll_ctl");
}

static void consumer_add(int fd)
{
    struct consumer *consumer = xmalloc(sizeof *consumer);
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a unix socket refuses, and may */
    if (consumer_count == consumer_room) {
        consumer_room = consumer_room ? 2 * consumer_room : 1024;
        consumers = xrealloc(consumers, (size_t)consumer_room * sizeof(struct consumer *));
    }
    *consumer = (struct consumer){.fd = fd, .place = consumer_count};
    consumers[consumer_count++] = consumer;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, consumer);
}

static void consumer_remove(struct consumer *consumer)
{
    consumers[consumer->place] = consumers[--consumer_count];
    consumers[consumer->place]->place = consumer->place;
    close(consumer->fd);
    buffer_clear(&consumer->rest);
    free(consumer);
}

static void consumers_accept(void)
{
    int fd;

    while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        consumer_add(fd);
}

static void consumer_write(struct consumer *consumer, const char *data, size_t len)
{
    ssize_t written = consumer->rest.len ? 0 : write(consumer->fd, data, len);

    if (written == (ssize_t)len || (written < 0 && errno != EAGAIN))
        return; /* the loop hears of a lost connection and removes it */
    if (consumer->rest.len == 0)
        watch(EPOLL_CTL_MOD, consumer->fd, EPOLLIN | EPOLLOUT, consumer);
    if (written > 0)
        data += written, len -= (size_t)written;
    buffer_add(&consumer->rest, data, len);
}

static void consumer_flush(struct consumer *consumer)
{
    ssize_t written = write(consumer->fd, consumer->rest.data, consumer->rest.len);

    if (written < 0)
        return;
    consumer->rest.len -= (size_t)written;
    memmove(consumer->rest.data, consumer->rest.data + written, consumer->rest.len);
    if (consumer->rest.len == 0)
        watch(EPOLL_CTL_MOD, consumer->fd, EPOLLIN, consumer);
}

/* The request is expected in one piece, as fanout-load sends it. */
static void consumer_read(struct consumer *consumer)
{
    char data[4096];
    ssize_t len = read(consumer->fd, data, sizeof data);

    if (len == 0 || (len < 0 && errno != EAGAIN)) {
        consumer_remove(consumer);
    } else if (len > 0 && !consumer->is_open) {
        consumer->is_open = true;
        consumer_write(consumer, HANDSHAKE_FIXED_ANSWER, sizeof HANDSHAKE_FIXED_ANSWER - 1);
    }
}

static void consumer_event(struct consumer *consumer, uint32_t events)
{
    if (events & EPOLLOUT)
        consumer_flush(consumer);
    if (events & ~(uint32_t)EPOLLOUT)
        consumer_read(consumer);
}

static void fan_out(const char *text, size_t len)
{
    static char frame[FRAME_MAX] = "\x81";
    size_t head = len < 126 ? 2 : 4;

    if (head + len > sizeof frame)
        return;
    frame[1] = (char)(len < 126 ? len : 126);
    if (head == 4)
        frame[2] = (char)(len >> 8), frame[3] = (char)len;
    memcpy(frame + head, text, len);
    for (int i = 0; i < consumer_count; i++) {
        if (consumers[i]->is_open)
            consumer_write(consumers[i], frame, head + len);
    }
}

static void redis_read(void)
{
    redisReply *reply;

    if (redisBufferRead(redis) != REDIS_OK)
        fail("Redis");
    while (redisGetReplyFromReader(redis, (void **)&reply) == REDIS_OK && reply != NULL) {
        if (reply->elements == 3 && reply->element[2]->type == REDIS_REPLY_STRING)
            fan_out(reply->element[2]->str, (size_t)reply->element[2]->len);
        freeReplyObject(reply);
    }
}

static void loop(void)
{
    struct epoll_event events[EVENTS];

    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &listen_fd)
                consumers_accept();
            else if (events[i].data.ptr == redis)
                redis_read();
            else
                consumer_event(events[i].data.ptr, events[i].events);
        }
    }
}

static void start_listening(const struct address *address)
{
    int on = 1;

    listen_fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listen_fd, &address->any, address->len) != 0 || listen(listen_fd, SOMAXCONN) != 0)
        fail("listen");
    watch(EPOLL_CTL_ADD, listen_fd, EPOLLIN, &listen_fd);
}

static void start_hearing(const char *socket_path, const char *channel)
{
    redis = redisConnectUnix(socket_path);
    if (redis == NULL || redis->err != 0 ||
        redisAppendCommand(redis, "SUBSCRIBE %s", channel) != REDIS_OK ||
        redisBufferWrite(redis, NULL) != REDIS_OK)
        fail("Redis");
    watch(EPOLL_CTL_ADD, redis->fd, EPOLLIN, redis);
}

static void raise_open_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    struct address address;

    if (argc != 4 || !address_parse(&address, argv[2])) {
        fprintf(stderr, "usage: fanout-null REDIS-SOCKET ADDRESS CHANNEL\n");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    raise_open_files();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    start_hearing(argv[1], argv[3]);
    start_listening(&address);
    loop();
}
