/* uri.h - request targets: cut, split, percent-decode once.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include <stddef.h>

#include "base/limits.h"
#include "base/status.h"

/* "/mq/q/orders/eu?soft=1" below the prefix "/mq": resource "q", name "orders/eu", query "soft=1".
 * The name may be any bytes but '/' within a segment; the route that knows what it names checks
 * it. */
struct uri {
    char path[LIMIT_TARGET + 1]; /* decoded; resource and name point into it */
    const char *resource;        /* first segment, "" for the root */
    const char *name;            /* the rest */
    size_t name_len;
    int has_slash;     /* a slash follows the resource, so that "/q/" and "/q" can be told apart */
    const char *query; /* into the target, behind the '?'; raw */
    size_t query_len;
    int has_query; /* there is a '?', be it with nothing behind it */
};

/* Cuts the target (NUL-terminated, raw as the client sent it).  BAD_REQUEST: broken escape, too
 * long, no path; BAD_NAME: an encoded slash or NUL; NOT_FOUND: not below the prefix. */
enum status uri_parse(struct uri *uri, const char *target, const char *prefix,
                      struct reason *reason);

/* The host of a target that begins with "http://" or "https://", as clients of proxies send it,
 * with a port if there is one; NULL: it begins with the path. */
const char *uri_authority(const char *target, size_t *len);

/* Decodes %xx in place and, with plus, '+' to a space.  Returns the new length, or -1 when an
 * escape is broken. */
long uri_decode(char *text, size_t len, int plus);

#endif
