/* spelling.c - which of the words there are somebody may have meant.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/spelling.h"

#include <string.h>

static size_t smaller(size_t left, size_t right)
{
    return left < right ? left : right;
}

size_t spelling_distance(const char *left, size_t left_len, const char *right, size_t right_len)
{
    size_t cost[SPELLING_WORD + 1][SPELLING_WORD + 1];

    left_len = smaller(left_len, SPELLING_WORD);
    right_len = smaller(right_len, SPELLING_WORD);
    for (size_t i = 0; i <= left_len; i++)
        for (size_t j = 0; j <= right_len; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            cost[i][j] = smaller(cost[i - 1][j] + 1, cost[i][j - 1] + 1);
            cost[i][j] = smaller(cost[i][j], cost[i - 1][j - 1] + (left[i - 1] != right[j - 1]));
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                cost[i][j] = smaller(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    return cost[left_len][right_len];
}

void spelling_try(struct spelling *spelling, const char *written, const char *word, size_t len)
{
    size_t letters = strnlen(word, len);
    size_t cost = spelling_distance(written, strlen(written), word, letters);

    if (*written == '\0' || cost > (letters + 2) / 3 || (spelling->best && cost >= spelling->cost))
        return;
    spelling->best = word;
    spelling->cost = cost;
}
