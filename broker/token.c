/* token.c - random tokens.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/token.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

void hex_write(char *out, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

void token_make(struct token_pool *pool, char token[TOKEN_RANDOM + 1])
{
    if (pool->left == 0) {
        if (RAND_bytes(pool->random, sizeof(pool->random)) != 1)
            abort(); /* no randomness, no tokens */
        pool->left = sizeof(pool->random);
    }
    pool->left -= TOKEN_RANDOM / 2;
    hex_write(token, pool->random + pool->left, TOKEN_RANDOM / 2);
}

void token_number(char token[TOKEN_SIZE], const char *random, int i, bool is_helpers)
{
    snprintf(token, TOKEN_SIZE, "%.*s%c%hu", TOKEN_RANDOM, random, is_helpers ? '.' : '-',
             (unsigned short)i);
}
