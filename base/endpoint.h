/* endpoint.h - the URL that a hook sends to, and whether it may: scheme, host, port and path are
 * compared, never the text.
 *
 * One spelling of each is read, and every other one refused, so that nobody who reads the URL later
 * can understand it differently.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_ENDPOINT_H
#define BASE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

struct endpoint {
    bool is_tls;
    int port;
    char host[256];                  /* lower case; an IPv6 number stands without brackets */
    char target[LIMIT_ENDPOINT + 2]; /* path and query; begins with a slash */
    size_t path_len;                 /* of target, without the query */
};

/* A URL as text, at most, with its NUL. */
enum { ENDPOINT_TEXT = LIMIT_ENDPOINT + 320 };

/* http://host[:port][/path][?query], or https.  False: the text is none, or it has what is refused:
 * a user, a fragment, a backslash, a segment that is one dot or two, a host that ends in a dot, a
 * number that is not written like 10.0.0.7 or [2001:db8::1], or bytes that belong encoded; then
 * *endpoint means nothing. */
bool endpoint_read(const char *text, struct endpoint *endpoint);

/* The one text of it, with a port only where it is not that of the scheme. */
void endpoint_print(const struct endpoint *endpoint, char text[ENDPOINT_TEXT]);

/* Is it a URL that others may begin with?  It has no query. */
bool endpoint_is_entry(const char *text);

/* Does it begin with one of the entries, which have spaces between them?  The path of an entry ends
 * where a segment ends: /a is the beginning of /a and /a/b, not of /ab. */
bool endpoint_is_listed(const struct endpoint *endpoint, const char *entries);

#endif
