/* kinds.h - the connections of this helper by kind, for those who count them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_KINDS_H
#define WS_ROLE_KINDS_H

struct buffer;
struct conns;

enum conn_kind { WEBSOCKETS, EVENTS, COMET, LONG_POLLS, REQUESTS, BEGINNING, ENDING, KINDS };

const char *kind_name(enum conn_kind kind);

void kinds_count(const struct conns *conns, long long counts[KINDS]);

/* Writes {"version","since","connections":{kind: how many}}, what this helper says of itself. */
void kinds_write(const struct conns *conns, struct buffer *text);

#endif
