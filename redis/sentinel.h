/* sentinel.h - what sentinels and a Redis say about which one is the master; no I/O.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_SENTINEL_H
#define REDIS_SENTINEL_H

#include "base/address.h"

struct call;
struct redisReply;

/* Asks a sentinel where the master of that name is, which must live until the call has run.  On OK
 * `at` is its address, as in the settings; NOT_FOUND: this sentinel knows no such master. */
struct sentinel_master {
    const char *name;
    char at[ADDRESS_TEXT];
};
void sentinel_master_call(struct call *call, struct sentinel_master *master);

/* Is this the answer to ROLE of a Redis that is not a master? */
bool sentinel_is_other_role(const struct redisReply *reply);

#endif
