/* utf8.h - is it well-formed UTF-8?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* As RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. NUL is valid. */
bool utf8_is_valid(const char *data, size_t len);

#endif
