/* accept.c - the Accept header's weights.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/accept.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { EXACTLY = 3 };

/* How precisely a media range names the type: 0 not at all, 1 by "*" for all, 2 by "text" for
 * "text/…", 3 exactly. */
static int precision(const char *range, size_t len, const char *type)
{
    size_t main_len = strcspn(type, "/") + 1;

    if (len == strlen(type) && strncasecmp(range, type, len) == 0)
        return EXACTLY;
    if (len == main_len + 1 && range[len - 1] == '*' && strncasecmp(range, type, main_len) == 0)
        return 2;
    return len == 3 && memcmp(range, "*/*", 3) == 0;
}

/* The q parameter of one element, 0…1000; 1000 when there is none. */
static int weight_of(const char *element, size_t len)
{
    const char *at = element, *end = element + len;

    while ((at = memchr(at, ';', (size_t)(end - at)))) {
        at++;
        at += strspn(at, " \t");
        if (end - at > 2 && (at[0] == 'q' || at[0] == 'Q') && at[1] == '=') {
            double q = strtod(at + 2, NULL);

            return q >= 0 && q <= 1 ? (int)(q * 1000) : 0;
        }
        if (at >= end)
            break;
    }
    return 1000;
}

/* The element that names the type most precisely, the first of several: its weight, and how. */
static int weight(const char *accept, const char *type, int *best)
{
    int weight = 0;

    *best = 0;
    while (*accept) {
        size_t len, range;
        int found;

        accept += strspn(accept, ", \t");
        len = strcspn(accept, ",");
        range = strcspn(accept, ",; \t");
        found = precision(accept, range, type);
        if (found > *best) {
            *best = found;
            weight = weight_of(accept, len);
        }
        accept += len;
    }
    return weight;
}

bool accept_prefers(const char *accept, const char *type, const char *other)
{
    int precision, other_precision, weighs, other_weighs;

    if (!accept)
        return false;
    weighs = weight(accept, type, &precision);
    other_weighs = weight(accept, other, &other_precision);
    return weighs > other_weighs || (weighs > 0 && weighs == other_weighs && precision == EXACTLY &&
                                     other_precision != EXACTLY);
}
