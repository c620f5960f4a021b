/* text.h - cutting and comparing texts: bytes that a client sent, where NUL is a byte like any
 * other, and words we know.
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

/* A host as it stands in a URL or in Host, maybe with a port behind a colon: a name, an IPv4
 * address, or an IPv6 address in brackets.  The text ends with a NUL. */
bool text_is_host(const char *text);

/* The ending of the noun behind that number: "s", or "" behind 1. */
const char *text_plural(long long count);

/* Names with commas between; "" is one empty name. */
struct text_list {
    const char *rest; /* NULL: no more of them */
    size_t len;
};

/* Takes the first name from the list; false: there is none. */
bool text_list_next(struct text_list *list, const char **name, size_t *len);

/* Does the whole text match, where '*' in the pattern stands for any bytes and '?' for any one?
 * Takes at most the product of both lengths. */
bool text_matches(const char *text, const char *pattern, size_t pattern_len);

/* For qsort(3) and tsearch(3): compares the texts of two pointers, or of two structs whose first
 * member is the pointer. */
int text_compare(const void *left, const void *right);

#endif
