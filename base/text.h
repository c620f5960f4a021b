/* text.h - comparing bytes that a client sent with words we know; NUL is a byte like any other.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

bool text_is(const char *text, size_t len, const char *word);

/* Is it one of the words of a list, which has one space between them? */
bool text_is_listed(const char *text, size_t len, const char *list);

/* Printable ASCII without spaces, and not empty?  The text ends with a NUL. */
bool text_is_visible(const char *text);

#endif
