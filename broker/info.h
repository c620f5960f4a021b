/* info.h - what stands in Redis's answer to INFO.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_INFO_H
#define BROKER_INFO_H

#include <stdbool.h>
#include <stddef.h>

#include "redis/call.h"

/* The value of a line "name:value", cut to size; "" when there is none. */
const char *info_value(const char *info, const char *name, char *value, size_t size);
bool info_is(const char *info, const char *name, const char *expected);
long long info_number(const char *info, const char *name);

/* How full a Redis is. */
struct fill {
    long long used, most; /* bytes; most 0: there is no limit */
};
/* Asks any Redis, or in a cluster the one that call_to_slot() says. */
void fill_call(struct call *call, struct fill *fill);
call_decode fill_result;

#endif
