/* slot.h - where Redis Cluster keeps a key.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_SLOT_H
#define REDIS_SLOT_H

#include <stddef.h>

enum { SLOTS = 16384 };

/* The slot of this key.  Keys with the same text in their first braces share one. */
int slot_of_key(const char *key, size_t len);

#endif
