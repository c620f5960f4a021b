/* plain.h - calls of plain commands, for the tools that move what Redis has.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_PLAIN_H
#define ADMIN_PLAIN_H

#include "redis/call.h"
#include "redis/link.h"

struct redisReply;

/* Begins a call; the word must live until it has run. *reply is whatever Redis answers, and is
 * valid as long as the call's; NULL: the answer is not wanted. */
void plain_begin(struct call *call, struct owner owner, const char *word,
                 const struct redisReply **reply);

/* As plain_begin(), for a command that changes something. */
void plain_begin_change(struct call *call, struct owner owner, const char *word,
                        const struct redisReply **reply);

/* One more argument, which must live until the call has run. */
void plain_add(struct call *call, const char *word);

/* A page of those keys that begin so: *keys is an array.  The cursor is "0" for the first page, and
 * again behind the last. */
enum { PLAIN_CURSOR = 32 };
enum status plain_scan(struct link *link, struct call *call, const char *prefix,
                       char cursor[PLAIN_CURSOR], const struct redisReply **keys,
                       struct reason *reason);

#endif
