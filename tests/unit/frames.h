/* frames.h - a client's frames from text.
 *
 * "01:Hel|80:lo|82*300|88=1000,bye|!8105": first byte in hex, then ":" and the payload, or "*" and
 * how many stars, or "=" and a close code, a comma and a reason; "!" and any bytes in hex.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_FRAMES_H
#define TESTS_UNIT_FRAMES_H

#include <stdlib.h>

#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "ws/codec/frame.h"

/* Each frame is masked with another key. */
static inline void frames_add(struct buffer *out, unsigned char first, const char *data, size_t len)
{
    char head[FRAME_HEAD], mask[4];
    size_t head_len = frame_head(head, OPCODE_TEXT, len);

    for (size_t i = 0; i < sizeof(mask); i++)
        mask[i] = (char)(0x37 + 0x4d * (i + out->len));
    head[0] = (char)first;
    head[1] |= (char)0x80;
    buffer_add(out, head, head_len);
    buffer_add(out, mask, sizeof(mask));
    for (size_t i = 0; i < len; i++) {
        char byte = data[i] ^ mask[i % 4];

        buffer_add(out, &byte, 1);
    }
}

static inline void frames_add_hex(struct buffer *out, const char *hex, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        char digits[] = {hex[i], hex[i + 1], '\0'};
        char byte = (char)strtoul(digits, NULL, 16);

        buffer_add(out, &byte, 1);
    }
}

static inline void frames_add_close(struct buffer *out, unsigned char first, const char *text,
                                    size_t len)
{
    char *reason, body[200];
    unsigned long code = strtoul(text, &reason, 10);
    size_t reason_len = *reason == ',' ? len - (size_t)(reason + 1 - text) : 0;

    body[0] = (char)(code >> 8);
    body[1] = (char)code;
    assert_true(reason_len < sizeof(body) - 2);
    memcpy(body + 2, reason + 1, reason_len);
    frames_add(out, first, body, reason_len + 2);
}

static inline void frames_add_stars(struct buffer *out, unsigned char first, size_t len)
{
    char *stars = test_malloc(len + 1);

    memset(stars, '*', len);
    frames_add(out, first, stars, len);
    test_free(stars);
}

static inline void frames_add_text(struct buffer *out, const char *text)
{
    for (size_t len; *text; text += len + (text[len] == '|')) {
        char *rest;
        unsigned char first = (unsigned char)strtoul(text, &rest, 16);
        size_t rest_len;

        len = strcspn(text, "|");
        rest_len = len - (size_t)(rest + 1 - text);
        if (*text == '!')
            frames_add_hex(out, text + 1, len - 1);
        else if (*rest == '*')
            frames_add_stars(out, first, strtoul(rest + 1, NULL, 10));
        else if (*rest == '=')
            frames_add_close(out, first, rest + 1, rest_len);
        else
            frames_add(out, first, rest + 1, rest_len);
    }
}

#endif
