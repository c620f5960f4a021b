/* line.h - the bytes of one connection to Redis, plain or within TLS.
 *
 * What waits for them is above: node.h, whose plain sockets block, and the helper's wire.h.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_LINE_H
#define REDIS_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "redis/tls.h"

struct redisContext;
struct redisReply;

/* Zeroed memory is no connection. */
struct line {
    struct redisContext *context; /* NULL: there is none */
    struct tls *tls;              /* NULL: plain */
    char why[256];                /* the connection ended */
};

enum { LINE_PIECE = TLS_RECORD }; /* bytes that line_read() takes at most */

/* Both are the line's from now on.  The context may be connecting still, or have an error; the
 * session is over its descriptor, and NULL where the line is plain. */
void line_begin(struct line *line, struct redisContext *context, struct tls *tls);
void line_end(struct line *line);

/* The handshake, again until it is DONE; at once where the line is plain. */
enum io line_shake(struct line *line);

/* Bytes out.  DONE: *count of them, one at least. */
enum io line_write(struct line *line, const char *data, size_t len, size_t *count);

/* Takes what has come, as far as one piece goes, for line_reply().  DONE: *count bytes.  In a plain
 * line, less than a piece means that there is no more for now; within TLS, only WANTS_READ does. */
enum io line_read(struct line *line, size_t *count);

/* The next complete reply of what was read, the caller's.  NULL: there is none, and if *is_broken
 * there will be none. */
struct redisReply *line_reply(struct line *line, bool *is_broken);

/* Bytes that were read and are no complete reply. */
size_t line_held(const struct line *line);

/* Has it been closed by Redis, as far as is known here?  Only where nothing is awaited. */
bool line_is_hung_up(struct line *line);

/* A command as Redis reads it.  A lens of NULL: NUL-terminated words. */
void line_add_command(struct buffer *out, int argc, const char **argv, const size_t *lens);

#endif
