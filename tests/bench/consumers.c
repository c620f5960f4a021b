/* consumers.c - thousands of websockets in one process, at little cost.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/consumers.h"
#include "tests/bench/handshake-fixed.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

enum {
    CONNECT_AT_ONCE = 256,    /* fewer than any backlog */
    ADDRESS_CONSUMERS = 4096, /* on one loopback address: beyond half of its ports the kernel
                                 searches long for a free one */
    READ_SIZE = 1024 * 1024,  /* as much as a socket has, mostly */
    REST_MAX = 65536,         /* of an unfinished frame */
    OPCODE_TEXT_FINAL = 0x81,
    OPCODE_CLOSE_FINAL = 0x88,
    OPCODE_PING_FINAL = 0x89,
    OPCODE_PONG_FINAL = 0x8a,
};

uint64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void consumer_lose(struct consumers *consumers, struct consumer *consumer)
{
    if (consumer->state == CONSUMER_OPEN)
        consumers->open--;
    consumers->gone++;
    consumer->state = CONSUMER_GONE;
    close(consumer->fd);
    free(consumer->rest);
    consumer->rest = NULL;
}

static void watch(struct consumers *consumers, int operation, int number, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)number};

    if (epoll_ctl(consumers->epoll_fd, operation, consumers->all[number].fd, &event) != 0)
        abort();
}

/* Gives a TCP socket one of the addresses 127.0.0.1 and up. */
static void bind_source(int fd, int number)
{
    struct address source = {.inet.sin_family = AF_INET, .len = sizeof source.inet};
    int on = 1;

    source.inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)number / ADDRESS_CONSUMERS);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, &source.any, source.len) != 0)
        perror("bind");
}

static void consumer_connect(struct consumers *consumers, int number)
{
    struct consumer *consumer = &consumers->all[number];
    int family = consumers->address.any.sa_family;

    consumer->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (consumer->fd < 0) {
        perror("socket");
        abort();
    }
    if (family == AF_INET)
        bind_source(consumer->fd, number);
    if (connect(consumer->fd, &consumers->address.any, consumers->address.len) != 0 &&
        errno != EINPROGRESS)
        consumer_lose(consumers, consumer);
    else
        watch(consumers, EPOLL_CTL_ADD, number, EPOLLOUT);
}

static void connect_more(struct consumers *consumers)
{
    while (consumers->started < consumers->count &&
           consumers->started - consumers->open - consumers->gone < CONNECT_AT_ONCE)
        consumer_connect(consumers, consumers->started++);
}

void consumers_start(struct consumers *consumers)
{
    size_t size = (size_t)consumers->count * sizeof(struct consumer);

    consumers->all = memset(xmalloc(size), 0, size);
    connect_more(consumers);
}

/* The path with the number in place of its '%'. */
static int request_write(char *request, size_t size, const char *path, int number)
{
    int before = (int)strcspn(path, "%");

    if (path[before] == '\0')
        return snprintf(request, size, HANDSHAKE_FIXED_REQUEST("%s"), path);
    return snprintf(request, size, HANDSHAKE_FIXED_REQUEST("%.*s%d%s"), before, path, number,
                    path + before + 1);
}

static void consumer_ask(struct consumers *consumers, struct consumer *consumer)
{
    char request[1024];
    int number = (int)(consumer - consumers->all);
    int len = request_write(request, sizeof request, consumers->path, number);

    if (send(consumer->fd, request, (size_t)len, MSG_NOSIGNAL) != len) {
        consumer_lose(consumers, consumer);
        return;
    }
    consumer->state = CONSUMER_SHAKING;
    watch(consumers, EPOLL_CTL_MOD, number, EPOLLIN);
}

/* Returns how many bytes the answer's head has, 0: not yet complete. */
static size_t consumer_shake(struct consumers *consumers, struct consumer *consumer,
                             const char *data, size_t len)
{
    const char *end = memmem(data, len, "\r\n\r\n", 4);

    if (end == NULL)
        return 0;
    if (len < 12 || memcmp(data + 8, " 101", 4) != 0) {
        fprintf(stderr, "refused: %.*s\n", (int)strcspn(data, "\r"), data);
        consumer_lose(consumers, consumer);
    } else {
        consumer->state = CONSUMER_OPEN;
        consumers->open++;
    }
    connect_more(consumers);
    return (size_t)(end + 4 - data);
}

/* A pong with a mask of zeros, which changes nothing. */
static void consumer_pong(struct consumer *consumer, const char *data, size_t len)
{
    char pong[6 + 125] = {(char)OPCODE_PONG_FINAL, (char)(0x80 | len)};

    memcpy(pong + 6, data, len);
    if (send(consumer->fd, pong, 6 + len, MSG_NOSIGNAL) < 0)
        perror("pong");
}

static void consumer_frame(struct consumers *consumers, struct consumer *consumer, int type,
                           const char *data, size_t len, uint64_t time_ns)
{
    if (type == OPCODE_TEXT_FINAL)
        consumers->text(consumers->user, consumer, data, len, time_ns);
    else if (type == OPCODE_PING_FINAL && len <= 125)
        consumer_pong(consumer, data, len);
    else if (type == OPCODE_CLOSE_FINAL)
        consumer_lose(consumers, consumer);
}

/* The frame at the beginning of data: its length, 0 while it is not complete; *head is how much of
 * that stands before its payload. */
static size_t frame_length(const unsigned char *data, size_t len, size_t *head)
{
    size_t total;

    *head = len >= 2 && data[1] >= 126 ? 4 : 2;
    if (len < *head)
        return 0;
    total = *head + (*head == 2 ? data[1] : (size_t)data[2] << 8 | data[3]);
    return total <= len ? total : 0;
}

static void consumer_keep(struct consumer *consumer, const char *data, size_t len)
{
    if (len > REST_MAX)
        abort();
    consumer->rest = len ? memcpy(xmalloc(len), data, len) : NULL;
    consumer->rest_len = (uint32_t)len;
}

static size_t consumer_parse_frame(struct consumers *consumers, struct consumer *consumer,
                                   const char *data, size_t len, uint64_t time_ns)
{
    const unsigned char *bytes = (const unsigned char *)data;
    size_t head, length = frame_length(bytes, len, &head);

    if (length != 0)
        consumer_frame(consumers, consumer, bytes[0], data + head, length - head, time_ns);
    return length;
}

static void consumer_parse(struct consumers *consumers, struct consumer *consumer, const char *data,
                           size_t len, uint64_t time_ns)
{
    size_t used = 0, more = 0;

    do {
        used += more;
        more = consumer->state == CONSUMER_SHAKING
                   ? consumer_shake(consumers, consumer, data + used, len - used)
                   : consumer_parse_frame(consumers, consumer, data + used, len - used, time_ns);
    } while (more != 0 && consumer->state != CONSUMER_GONE);
    if (consumer->state != CONSUMER_GONE)
        consumer_keep(consumer, data + used, len - used);
}

static void consumer_read(struct consumers *consumers, struct consumer *consumer)
{
    static char data[REST_MAX + READ_SIZE];
    size_t rest = consumer->rest_len;
    ssize_t len = recv(consumer->fd, data + rest, READ_SIZE, 0);

    if (len <= 0) {
        if (len == 0 || errno != EAGAIN)
            consumer_lose(consumers, consumer);
        return;
    }
    if (rest)
        memcpy(data, consumer->rest, rest);
    free(consumer->rest);
    consumer->rest = NULL;
    consumer->rest_len = 0;
    consumer_parse(consumers, consumer, data, rest + (size_t)len, monotonic_ns());
}

void consumers_event(struct consumers *consumers, uint64_t number)
{
    struct consumer *consumer = &consumers->all[number];

    if (consumer->state == CONSUMER_CONNECTING)
        consumer_ask(consumers, consumer);
    else if (consumer->state != CONSUMER_GONE)
        consumer_read(consumers, consumer);
    if (consumer->state == CONSUMER_GONE)
        connect_more(consumers);
}

void consumers_close(struct consumers *consumers)
{
    struct linger reset = {.l_onoff = 1, .l_linger = 0};

    for (int i = 0; i < consumers->started; i++) {
        struct consumer *consumer = &consumers->all[i];

        if (consumer->state == CONSUMER_GONE)
            continue;
        setsockopt(consumer->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(consumer->fd);
        free(consumer->rest);
    }
    free(consumers->all);
}
