/* request_path.h - the path and query of a request, put together.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_REQUEST_PATH_H
#define CLI_REQUEST_PATH_H

#include "base/buffer.h"
#include "base/limits.h"

struct request_path {
    struct buffer text; /* "/q/orders?lease=30"; zeroed memory is an empty one */
};

/* Begins anew with "/resource", and "/name" unless the name is NULL: a slash stays one, bytes that
 * a path has no place for are encoded. */
void path_begin(struct request_path *target, const char *resource, const char *name);

/* Adds an option, encoded; nothing for a value of NULL. */
void path_add(struct request_path *target, const char *option, const char *value);
void path_add_number(struct request_path *target, const char *option, long long value);
void path_clear(struct request_path *target);

/* The name of a queue's dead letters, whether it was given with ".dead" or without. */
enum { DEAD_NAME = LIMIT_NAME + 8 };
const char *dead_name(const char *queue, char name[DEAD_NAME]);

#endif
