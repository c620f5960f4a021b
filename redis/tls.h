/* tls.h - TLS to Redis: a session over a connected socket that does not block.
 *
 * Nothing here waits: each step says what the socket must be ready for.  Redis's certificate is
 * always checked; the least version is TLS 1.2.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/settings.h"

/* The certificates and keys that the settings name: read with the first session, and again with a
 * later one when the files have changed. */
struct tls_context;

struct tls_context *tls_context_new(void);
void tls_context_free(struct tls_context *context);

/* The next session reads the files anew. */
void tls_context_forget(struct tls_context *context);

/* Can sessions begin with these settings?  False fills the text, which begins with the setting that
 * is wrong.  A config_check. */
bool tls_check(const struct settings *settings, char *text, size_t size);

struct tls;

/* A session with a Redis that was dialled under this host name or number.  The descriptor stays the
 * caller's, and must last as long; the context need not.  When the files cannot be read, the
 * handshake says so. */
struct tls *tls_new(struct tls_context *context, const struct redis_tls *settings, const char *host,
                    int fd);

/* Tells Redis that it is the end, if that can be done at once. */
void tls_free(struct tls *tls);

/* The outcome of a step. */
enum io {
    IO_DONE,
    IO_WANTS_READ, /* try again when there is something to read */
    IO_WANTS_WRITE,
    IO_ENDED, /* the connection has, see tls_why() */
};

/* Comes before all others, and again until it is done. */
enum io tls_shake(struct tls *tls);

/* DONE: at least a byte; *count says how many.  Bytes that were not counted cannot arrive any more
 * where the session ends: Redis has no use for a part of a record. */
enum io tls_write(struct tls *tls, const char *data, size_t len, size_t *count);

/* The same.  With room for TLS_RECORD bytes nothing stays inside the session, where the socket
 * would know nothing of it; less than that does not mean that there is no more: that is WANTS_READ.
 */
enum { TLS_RECORD = 16384 };
enum io tls_read(struct tls *tls, char *data, size_t size, size_t *count);

/* Has Redis ended it, or said something unasked?  (The socket cannot tell: TLS 1.3 has messages of
 * its own, which wait there.) */
bool tls_is_hung_up(struct tls *tls);

/* Why it has ended. */
const char *tls_why(const struct tls *tls);

#endif
