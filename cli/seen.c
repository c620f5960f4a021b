/* seen.c - which messages were there before.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/seen.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { SIZE_AT_FIRST = 1024 };

void seen_mark(const char *data, size_t len, uint64_t mark[2])
{
    enum { HALF = 16 };
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (!EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL))
        abort(); /* out of memory */
    memcpy(mark, digest, HALF);
    mark[0] |= mark[0] == 0;
}

/* Where it is, or should be. */
static size_t place_of(const struct seen *seen, const uint64_t mark[2])
{
    size_t at = (size_t)(mark[0] ^ mark[1]) & (seen->size - 1);

    while (seen->marks[at][0] && memcmp(seen->marks[at], mark, sizeof(seen->marks[at])) != 0)
        at = (at + 1) & (seen->size - 1);
    return at;
}

static void grow(struct seen *seen)
{
    struct seen larger = {.size = seen->size ? 2 * seen->size : SIZE_AT_FIRST};

    larger.marks = xmalloc(larger.size * sizeof(*larger.marks));
    memset(larger.marks, 0, larger.size * sizeof(*larger.marks));
    for (size_t i = 0; i < seen->size; i++)
        if (seen->marks[i][0])
            memcpy(larger.marks[place_of(&larger, seen->marks[i])], seen->marks[i],
                   sizeof(*larger.marks));
    larger.count = seen->count;
    free(seen->marks);
    *seen = larger;
}

bool seen_add(struct seen *seen, const uint64_t mark[2])
{
    size_t at;

    if (2 * (seen->count + 1) > seen->size)
        grow(seen);
    at = place_of(seen, mark);
    if (seen->marks[at][0])
        return true;
    memcpy(seen->marks[at], mark, sizeof(seen->marks[at]));
    seen->count++;
    return false;
}

void seen_clear(struct seen *seen)
{
    free(seen->marks);
    *seen = (struct seen){0};
}
