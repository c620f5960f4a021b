/* utf8.h - is it well-formed UTF-8?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Text that comes in pieces; zeroed memory is its beginning. */
struct utf8_state {
    unsigned char following; /* bytes that the sequence in hand still needs */
    unsigned char low, high; /* what the next of them may be */
};

/* False: the text so far cannot be the beginning of any well-formed text. */
bool utf8_feed(struct utf8_state *state, const char *data, size_t len);

/* Does the text end here, with no sequence begun? */
bool utf8_is_complete(const struct utf8_state *state);

/* As RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. NUL is valid. */
bool utf8_is_valid(const char *data, size_t len);

#endif
