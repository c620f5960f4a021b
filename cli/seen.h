/* seen.h - which messages were there before: a set of 128-bit marks.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_SEEN_H
#define CLI_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen {
    uint64_t (*marks)[2]; /* open addressing; {0, 0}: free */
    size_t size, count;   /* size is a power of two, or 0 */
};

/* Half of its SHA-256: nobody can make two texts that have the same. */
void seen_mark(const char *data, size_t len, uint64_t mark[2]);

/* Adds it.  True: it was there already. */
bool seen_add(struct seen *seen, const uint64_t mark[2]);
void seen_clear(struct seen *seen);

#endif
