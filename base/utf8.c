/* utf8.c - the table of well-formed byte sequences of Unicode (its table 3-7), as code.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* The lead byte decides how many bytes follow (0: it leads nothing) and what the first of them may
 * be. */
static struct utf8_state sequence_of(unsigned char lead)
{
    if (lead >= 0xc2 && lead <= 0xdf)
        return (struct utf8_state){1, 0x80, 0xbf};
    if (lead == 0xe0)
        return (struct utf8_state){2, 0xa0, 0xbf};
    if (lead == 0xed)
        return (struct utf8_state){2, 0x80, 0x9f};
    if (lead >= 0xe1 && lead <= 0xef)
        return (struct utf8_state){2, 0x80, 0xbf};
    if (lead == 0xf0)
        return (struct utf8_state){3, 0x90, 0xbf};
    if (lead >= 0xf1 && lead <= 0xf3)
        return (struct utf8_state){3, 0x80, 0xbf};
    if (lead == 0xf4)
        return (struct utf8_state){3, 0x80, 0x8f};
    return (struct utf8_state){0, 0, 0};
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

bool utf8_feed(struct utf8_state *state, const char *data, size_t len)
{
    struct utf8_state now = *state;
    size_t at = 0;

    while (now.following || (at = skip_ascii(data, at, len)) < len) {
        unsigned char byte;

        if (at == len)
            break;
        byte = (unsigned char)data[at++];
        if (!now.following) {
            now = sequence_of(byte);
            if (!now.following)
                return false;
        } else if (byte >= now.low && byte <= now.high) {
            now = (struct utf8_state){now.following - 1, 0x80, 0xbf};
        } else {
            return false;
        }
    }
    *state = now;
    return true;
}

bool utf8_is_complete(const struct utf8_state *state)
{
    return !state->following;
}

bool utf8_is_valid(const char *data, size_t len)
{
    struct utf8_state state = {0};

    return utf8_feed(&state, data, len) && utf8_is_complete(&state);
}
