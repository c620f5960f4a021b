/* token.h - the random token that proves who holds a lease.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_TOKEN_H
#define BROKER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/message.h"

/* Randomness drawn in one go, which costs hardly more than 16 bytes; zeroed memory is an empty
 * one. */
struct token_pool {
    unsigned char random[1024];
    size_t left;
};

/* Writes 128 random bits in hex: no client can guess the token of another. */
void token_make(struct token_pool *pool, char token[TOKEN_RANDOM + 1]);

/* Writes the token of the lease of a call's message number i, from 1.  A helper's has a mark: when
 * another client ends the lease, scripts tell the helper (see scripts/holder.lua). */
void token_number(char token[TOKEN_SIZE], const char *random, int i, bool is_helpers);

/* Writes len bytes in hex, and a NUL. */
void hex_write(char *out, const unsigned char *bytes, size_t len);

#endif
