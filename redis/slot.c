/* slot.c - where Redis Cluster keeps a key: the CRC16 of its hash tag, or of all of it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/slot.h"

#include <stdint.h>
#include <string.h>

/* CRC16 of XMODEM (polynomial 0x1021), by half bytes. */
static uint16_t crc16(const char *data, size_t len)
{
    static const uint16_t table[16] = {
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
        0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
    };
    unsigned crc = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned byte = (unsigned char)data[i];

        crc = table[(crc >> 12 ^ byte >> 4) & 15] ^ (crc << 4 & 0xffff);
        crc = table[(crc >> 12 ^ byte) & 15] ^ (crc << 4 & 0xffff);
    }
    return (uint16_t)crc;
}

int slot_of_key(const char *key, size_t len)
{
    const char *open = len ? memchr(key, '{', len) : NULL;
    const char *tag = open ? open + 1 : NULL;
    const char *close = tag ? memchr(tag, '}', len - (size_t)(tag - key)) : NULL;

    if (close && close > tag) /* an empty tag is none */
        return crc16(tag, (size_t)(close - tag)) % SLOTS;
    return crc16(key, len) % SLOTS;
}
