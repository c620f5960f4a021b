/* hixie.h - the framing of hixie-75 and -76: 00 text ff; and ff 00 to close.
 *
 * A codec: no I/O, no allocation.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_CODEC_HIXIE_H
#define WS_CODEC_HIXIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ws/codec/frame.h"

struct hixie_reader {
    size_t max_message;
    size_t message_len;
    uint64_t left; /* bytes to skip of a frame with a length */
    struct utf8_state utf8;
    unsigned char state;
    bool can_close; /* 76; in 75 "ff 00" is an empty frame like others to skip */
};

void hixie_reader_init(struct hixie_reader *reader, size_t max_message, bool can_close);

/* As frame_read(): TEXT pieces, CLOSE, BAD (1009 too long, 1007 no UTF-8, 1002). */
size_t hixie_read(struct hixie_reader *reader, char *data, size_t len, struct frame *frame);

#endif
