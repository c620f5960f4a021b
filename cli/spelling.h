/* spelling.h - which known word a misspelt one may mean.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_SPELLING_H
#define CLI_SPELLING_H

#include <stddef.h>

struct spelling {
    const char *best; /* NULL: no word was near; kept by reference */
    size_t cost;      /* of the best one: letters that are wrong */
};

/* Is that word, of at most so many letters, nearer to what was written than those before?  One that
 * has more than a third of its letters wrong is not near. */
void spelling_try(struct spelling *spelling, const char *written, const char *word, size_t len);

/* Letters to add, leave out, change, or swap with their neighbour, to get from one to the other; of
 * a longer word than SPELLING_WORD the first ones only. */
enum { SPELLING_WORD = 32 };
size_t spelling_distance(const char *left, size_t left_len, const char *right, size_t right_len);

#endif
