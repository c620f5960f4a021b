/* origin.h - may a page in a browser do this?  Its own host's pages may, and those of the settings.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include <stdbool.h>

/* Is it one of the listed origins (spaces between)?  Scheme, host and port must be equal. */
bool origin_is_listed(const char *origin, const char *list);

/* Is it a page of the host that the request is for, which is_secure when TLS is spoken there? */
bool origin_is_of_host(const char *origin, const char *host, bool is_secure);

/* Is this Host among those listed (spaces between)?  An entry without a port allows every port. */
bool host_is_listed(const char *host, const char *list);

#endif
