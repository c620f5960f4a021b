/* handshake.c - the verb handshake: what a websocket's key must be answered.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/codec/handshake.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/verbs.h"

static bool read_hex(const char *hex, char *bytes, size_t len)
{
    if (strlen(hex) != 2 * len || strspn(hex, "0123456789abcdefABCDEF") != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};

        bytes[i] = (char)strtol(pair, NULL, 16);
    }
    return true;
}

static enum outcome calculate_accept(const char *key, bool is_json)
{
    char accept[HANDSHAKE_ACCEPT];

    if (!handshake_accept(key, accept))
        return order_fail("the key is not base64 of 16 bytes");
    printf(is_json ? "{\"accept\":\"%s\"}\n" : "%s\n", accept);
    return OUTCOME_DONE;
}

static enum outcome calculate_digest(char *const *words, bool is_json)
{
    char nonce[HANDSHAKE_NONCE], digest[HANDSHAKE_DIGEST];
    uint32_t numbers[2];

    for (int i = 0; i < 2; i++)
        if (!handshake_number(words[i], &numbers[i]))
            return order_fail("a key must have digits and spaces, and the digits be divisible by "
                              "the number of spaces");
    if (!read_hex(words[2], nonce, sizeof(nonce)))
        return order_fail("the third word must be 16 hex digits");
    handshake_digest(numbers, nonce, digest);
    printf(is_json ? "{\"numbers\":[%lu,%lu],\"answer\":\"" : "%lu %lu ", (unsigned long)numbers[0],
           (unsigned long)numbers[1]);
    for (size_t i = 0; i < sizeof(digest); i++)
        printf("%02x", (unsigned char)digest[i]);
    puts(is_json ? "\"}" : "");
    return OUTCOME_DONE;
}

enum outcome handshake_verb(const struct order *order)
{
    bool is_json = order->options[HANDSHAKE_JSON];

    if (order->count == 2)
        return order_refuse(order, "handshake is followed by one key, or by two and eight bytes");
    return order->count == 1 ? calculate_accept(order->words[0], is_json)
                             : calculate_digest(order->words, is_json);
}
