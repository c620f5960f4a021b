/* target.h - the path and query of a request, put together.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include "base/buffer.h"

struct target {
    struct buffer text; /* "/q/orders?lease=30"; zeroed memory is an empty one */
};

/* Begins anew with "/resource", and "/name" unless the name is NULL: a slash stays one, bytes that
 * a path has no place for are encoded. */
void target_begin(struct target *target, const char *resource, const char *name);

/* Adds an option, encoded; nothing for a value of NULL. */
void target_add(struct target *target, const char *option, const char *value);
void target_add_number(struct target *target, const char *option, long long value);
void target_clear(struct target *target);

#endif
