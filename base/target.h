/* target.h - the setting `redis`: one Redis, the sentinels that know one, or nodes of a cluster.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_TARGET_H
#define BASE_TARGET_H

#include <stdbool.h>

#include "base/address.h"

enum target_kind {
    TARGET_ONE,      /* "unix:/path" or "host:port" */
    TARGET_SENTINEL, /* "sentinel://host:port,host:port/name" */
    TARGET_CLUSTER,  /* "cluster://host:port,host:port" */
};

enum { TARGET_ADDRESSES = 16, TARGET_NAME = 128 };

struct target {
    enum target_kind kind;
    int count;
    struct address addresses[TARGET_ADDRESSES];
    char name[TARGET_NAME]; /* of the master that the sentinels watch; "" elsewhere */
};

/* The forms that target_read() takes, for error messages. */
#define TARGET_ALLOWED                                                                             \
    "unix:/path (107 bytes at most), host:port, sentinel://host:port,host:port/name or "           \
    "cluster://host:port,host:port, with 16 addresses at most"

/* False when the text is none of these; then *target means nothing.  In a list an IPv6 address has
 * brackets. */
bool target_read(const char *text, struct target *target);

/* The kind of a text that target_read() takes. */
enum target_kind target_kind(const char *text);

#endif
