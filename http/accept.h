/* accept.h - what a client would rather read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include <stdbool.h>

/* Does this Accept header (NULL: none) rank the first media type above the second?
 * As RFC 9110 weighs them: the most specific range that matches a type gives its weight.  Of two
 * with one weight that is ranked above which is named exactly, the other one not. */
bool accept_prefers(const char *accept, const char *type, const char *other);

#endif
