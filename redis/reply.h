/* reply.h - reading Redis's answers; for broker/ only.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_REPLY_H
#define REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct redisReply;

/* The status of an error reply, with the reason in words; the log has Redis's own. */
enum status reply_error(const struct redisReply *reply, struct reason *reason);

/* The same without a line in the log, of an error that Redis itself has made. */
enum status reply_refusal(const struct redisReply *reply, struct reason *reason);

/* Does it name a command that this user may not run? */
bool reply_lacks_right(const struct redisReply *reply);

/* Does this error say that the script is not known yet? */
bool reply_is_noscript(const struct redisReply *reply);

/* Does it say that this server will not do for now (a replica, for example), so that the
 * connection should be made anew? */
bool reply_wants_reconnect(const struct redisReply *reply);

/* Does it say that another Redis may have to be asked: that what is known of masters is not true
 * any more, or will not be in a moment? */
bool reply_is_stale(const struct redisReply *reply);

/* Does it say that a script met a key of another slot, maybe after it had changed something? */
bool reply_is_half_done(const struct redisReply *reply);

/* Is it an array of at least that many elements? */
bool reply_is_array(const struct redisReply *reply, size_t least);

/* The greatest number that our scripts can count to; sums of a thousand such are numbers, too. */
#define REPLY_NUMBER_MAX (1LL << 53)

/* An integer up to that, or one in text as GET gives it; otherwise the fallback. */
long long reply_number(const struct redisReply *reply, long long fallback);

/* The bytes of a reply, with those of its elements. */
size_t reply_bytes(const struct redisReply *reply);

/* For decoders that meet what their script never answers. */
enum status reply_unexpected(const char *operation, struct reason *reason);

#endif
