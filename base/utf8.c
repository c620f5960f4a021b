/* utf8.c - the table of well-formed byte sequences of Unicode (its table 3-7), as code.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* The lead byte decides how many bytes follow and what the first of them may be. */
struct sequence {
    int following; /* -1: no lead byte */
    unsigned char low, high;
};

static struct sequence sequence_of(unsigned char lead)
{
    if (lead >= 0xc2 && lead <= 0xdf)
        return (struct sequence){1, 0x80, 0xbf};
    if (lead == 0xe0)
        return (struct sequence){2, 0xa0, 0xbf};
    if (lead == 0xed)
        return (struct sequence){2, 0x80, 0x9f};
    if (lead >= 0xe1 && lead <= 0xef)
        return (struct sequence){2, 0x80, 0xbf};
    if (lead == 0xf0)
        return (struct sequence){3, 0x90, 0xbf};
    if (lead >= 0xf1 && lead <= 0xf3)
        return (struct sequence){3, 0x80, 0xbf};
    if (lead == 0xf4)
        return (struct sequence){3, 0x80, 0x8f};
    return (struct sequence){-1, 0, 0};
}

static size_t skip_ascii(const char *data, size_t at, size_t len)
{
    uint64_t word;

    for (; len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, data + at, sizeof(word));
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (at < len && !(data[at] & 0x80))
        at++;
    return at;
}

bool utf8_is_valid(const char *data, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)data;
    size_t at = 0;

    while ((at = skip_ascii(data, at, len)) < len) {
        struct sequence sequence = sequence_of(bytes[at]);

        if (sequence.following < 0 || len - at <= (size_t)sequence.following)
            return false;
        if (bytes[at + 1] < sequence.low || bytes[at + 1] > sequence.high)
            return false;
        for (int i = 2; i <= sequence.following; i++)
            if ((bytes[at + (size_t)i] & 0xc0) != 0x80)
                return false;
        at += (size_t)sequence.following + 1;
    }
    return true;
}
