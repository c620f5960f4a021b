/* base64.h - any bytes as text.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>

#include "base/buffer.h"

/* Adds the text, padded and without line breaks: BASE64_LEN(len) bytes. */
void base64_add(struct buffer *out, const char *data, size_t len);
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Decodes strict base64 (padded, no white space).  Returns the length, or -1 when it is none;
 * out has room for len / 4 * 3 bytes. */
long base64_decode(const char *text, size_t len, char *out);

#endif
