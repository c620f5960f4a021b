/* message.h - messages as they come out of a queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_MESSAGE_H
#define BROKER_MESSAGE_H

#include <stddef.h>

enum {
    TOKEN_RANDOM = 32,             /* hex digits of 128 bits */
    TOKEN_SIZE = TOKEN_RANDOM + 8, /* and maybe a number, as token_number() has it, and a NUL */
};

/* Any bytes; key and value point into a reply of Redis, so they live as long as that does. */
struct message {
    const char *key;
    size_t key_len;
    const char *value;
    size_t value_len;
    long long count;        /* soft reads so far */
    char token[TOKEN_SIZE]; /* of the lease; "": none */
    long long lease_until;  /* ms since 1970 */
    long long deliveries;
};

#endif
