/* text.c - cutting and comparing texts.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/text.h"

#include <string.h>

bool text_is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

bool text_is_listed(const char *text, size_t len, const char *list)
{
    for (const char *at = list; *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");

        if (word == len && memcmp(at, text, len) == 0)
            return true;
        at += word;
    }
    return false;
}

bool text_is_visible(const char *text)
{
    const char *at = text;

    while (*at > 0x20 && *at < 0x7f)
        at++;
    return at > text && !*at;
}

static const char alphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/* Where the bytes end that are alphanumeric or among the others. */
static const char *skip_name(const char *text, const char *others)
{
    while (*text && (strchr(alphanumeric, *text) || strchr(others, *text)))
        text++;
    return text;
}

bool text_is_host(const char *text)
{
    bool has_brackets = *text == '[';
    const char *name = text + has_brackets;
    const char *end = skip_name(name, has_brackets ? "-._~%:" : "-._~%");

    if (end == name || (has_brackets && *end++ != ']'))
        return false;
    return !*end || (*end == ':' && end[1 + strspn(end + 1, "0123456789")] == '\0');
}

const char *text_plural(long long count)
{
    return count == 1 ? "" : "s";
}

bool text_list_next(struct text_list *list, const char **name, size_t *len)
{
    const char *comma;

    if (!list->rest)
        return false;
    comma = memchr(list->rest, ',', list->len);
    *name = list->rest;
    *len = comma ? (size_t)(comma - list->rest) : list->len;
    list->rest = comma ? comma + 1 : NULL;
    list->len -= *len + (comma != NULL);
    return true;
}

/* What follows the last star is tried at one place of the text after the other: an earlier star
 * need never take more than it did. */
bool text_matches(const char *text, const char *pattern, size_t pattern_len)
{
    const char *end = pattern + pattern_len, *star = NULL, *tried = NULL;

    while (*text) {
        if (pattern < end && *pattern == '*') {
            star = ++pattern;
            tried = text;
        } else if (pattern < end && (*pattern == '?' || *pattern == *text)) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++tried;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}

int text_compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}
