/* line.c - the bytes of one connection to Redis.
 *
 * hiredis has no way to go through TLS without a library of its own, so its sockets are read and
 * written here, and its reader is fed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/line.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void line_begin(struct line *line, redisContext *context, struct tls *tls)
{
    line->context = context;
    line->tls = tls;
    line->why[0] = '\0';
}

void line_end(struct line *line)
{
    tls_free(line->tls);
    if (line->context)
        redisFree(line->context);
    line->context = NULL;
    line->tls = NULL;
}

static enum io ended(struct line *line, const char *why)
{
    snprintf(line->why, sizeof(line->why), "%s", why);
    return IO_ENDED;
}

/* Why a session came to its end is its own to say. */
static enum io after_tls(struct line *line, enum io io)
{
    return io == IO_ENDED ? ended(line, tls_why(line->tls)) : io;
}

enum io line_shake(struct line *line)
{
    return line->tls ? after_tls(line, tls_shake(line->tls)) : IO_DONE;
}

/* A plain socket that could not do what it should. */
static enum io after_socket(struct line *line, enum io wanted)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return wanted;
    return ended(line, strerror(errno));
}

enum io line_write(struct line *line, const char *data, size_t len, size_t *count)
{
    ssize_t sent;

    if (line->tls)
        return after_tls(line, tls_write(line->tls, data, len, count));
    do
        sent = send(line->context->fd, data, len, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    *count = sent > 0 ? (size_t)sent : 0;
    return sent >= 0 ? IO_DONE : after_socket(line, IO_WANTS_WRITE);
}

static enum io receive(struct line *line, char *piece, size_t *count)
{
    ssize_t received;

    if (line->tls)
        return after_tls(line, tls_read(line->tls, piece, LINE_PIECE, count));
    do
        received = recv(line->context->fd, piece, LINE_PIECE, 0);
    while (received < 0 && errno == EINTR);
    *count = received > 0 ? (size_t)received : 0;
    if (received == 0)
        return ended(line, "Redis closed the connection");
    return received > 0 ? IO_DONE : after_socket(line, IO_WANTS_READ);
}

enum io line_read(struct line *line, size_t *count)
{
    char piece[LINE_PIECE];
    enum io io = receive(line, piece, count);

    if (io == IO_DONE && redisReaderFeed(line->context->reader, piece, *count) != REDIS_OK)
        return ended(line, line->context->reader->errstr);
    return io;
}

redisReply *line_reply(struct line *line, bool *is_broken)
{
    void *reply = NULL;

    *is_broken = redisReaderGetReply(line->context->reader, &reply) != REDIS_OK;
    if (*is_broken)
        ended(line, line->context->reader->errstr);
    return reply;
}

size_t line_held(const struct line *line)
{
    return line->context ? line->context->reader->len : 0;
}

bool line_is_hung_up(struct line *line)
{
    char byte;

    if (line->tls)
        return tls_is_hung_up(line->tls);
    return recv(line->context->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
           (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

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

void line_add_command(struct buffer *out, int argc, const char **argv, const size_t *lens)
{
    add_head(out, '*', (size_t)argc);
    for (int i = 0; i < argc; i++) {
        size_t len = lens ? lens[i] : strlen(argv[i]);

        add_head(out, '$', len);
        buffer_add(out, argv[i], len);
        buffer_add(out, "\r\n", 2);
    }
}
