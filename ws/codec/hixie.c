/* hixie.c - the framing of hixie-75 and -76.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/codec/hixie.h"

#include <string.h>

enum {
    STAGE_TYPE,
    STAGE_TEXT,      /* up to ff */
    STAGE_IGNORED,   /* likewise; types 01 to 7f mean nothing */
    STAGE_LENGTH,    /* of a frame that is skipped */
    STAGE_MAY_CLOSE, /* the length of a frame of type ff: none closes */
    STAGE_SKIPPED,
    STAGE_OVER,
};

/* A length has no use for more bytes than fit into 64 bits. */
enum { LENGTH_BYTES = 10 };

void hixie_reader_init(struct hixie_reader *reader, size_t max_message, bool can_close)
{
    *reader = (struct hixie_reader){.max_message = max_message, .can_close = can_close};
}

static void bad(struct hixie_reader *reader, int code, struct frame *frame)
{
    reader->state = STAGE_OVER;
    *frame = (struct frame){.kind = FRAME_BAD, .code = code};
}

static void take_type(struct hixie_reader *reader, unsigned char type)
{
    reader->message_len = 0;
    reader->left = 0;
    reader->utf8 = (struct utf8_state){0};
    reader->state = type == 0                           ? STAGE_TEXT
                    : type < 0x80                       ? STAGE_IGNORED
                    : type == 0xff && reader->can_close ? STAGE_MAY_CLOSE
                                                        : STAGE_LENGTH;
}

/* Seven bits of the length, the highest first; the byte's own highest bit: more follow. */
static void take_length(struct hixie_reader *reader, unsigned char byte, struct frame *frame)
{
    if (++reader->message_len > LENGTH_BYTES) {
        bad(reader, CLOSE_PROTOCOL, frame);
        return;
    }
    if (reader->left > UINT64_MAX >> 7 ||
        (reader->left = reader->left << 7 | (byte & 0x7f)) > reader->max_message) {
        bad(reader, CLOSE_TOO_LONG, frame);
        return;
    }
    if (byte & 0x80)
        return;
    if (reader->left || reader->state == STAGE_LENGTH) {
        reader->state = reader->left ? STAGE_SKIPPED : STAGE_TYPE;
        return;
    }
    reader->state = STAGE_OVER;
    *frame = (struct frame){.kind = FRAME_CLOSE, .data = "", .code = CLOSE_WITHOUT_CODE};
}

static size_t skip(struct hixie_reader *reader, size_t len)
{
    if (len > reader->left)
        len = (size_t)reader->left;
    reader->left -= len;
    if (!reader->left)
        reader->state = STAGE_TYPE;
    return len;
}

/* A piece of text was found good, or of what is ignored. */
static void tell(struct hixie_reader *reader, const char *data, size_t len, bool is_last,
                 struct frame *frame)
{
    if (reader->state == STAGE_TEXT)
        *frame = (struct frame){.kind = FRAME_TEXT, .data = data, .len = len, .is_last = is_last};
    if (is_last)
        reader->state = STAGE_TYPE;
}

/* Up to ff.  What comes first in the bytes decides which mistake it is, however they are split. */
static size_t take_text(struct hixie_reader *reader, const char *data, size_t len,
                        struct frame *frame)
{
    const char *end = memchr(data, 0xff, len);
    size_t text_len = end ? (size_t)(end - data) : len;
    size_t room = reader->max_message - reader->message_len;
    size_t good_len = text_len < room ? text_len : room;

    if (reader->state == STAGE_TEXT && !utf8_feed(&reader->utf8, data, good_len))
        bad(reader, CLOSE_NO_UTF8, frame);
    else if (good_len < text_len)
        bad(reader, CLOSE_TOO_LONG, frame);
    else if (end && !utf8_is_complete(&reader->utf8))
        bad(reader, CLOSE_NO_UTF8, frame);
    else
        tell(reader, data, text_len, end != NULL, frame);
    reader->message_len += good_len;
    return text_len + (end != NULL);
}

size_t hixie_read(struct hixie_reader *reader, char *data, size_t len, struct frame *frame)
{
    size_t at = 0;

    *frame = (struct frame){.kind = FRAME_MORE};
    while (frame->kind == FRAME_MORE && at < len) {
        switch (reader->state) {
        case STAGE_TYPE:
            take_type(reader, (unsigned char)data[at++]);
            break;
        case STAGE_TEXT:
        case STAGE_IGNORED:
            at += take_text(reader, data + at, len - at, frame);
            break;
        case STAGE_LENGTH:
        case STAGE_MAY_CLOSE:
            take_length(reader, (unsigned char)data[at++], frame);
            break;
        case STAGE_SKIPPED:
            at += skip(reader, len - at);
            break;
        default:
            return len;
        }
    }
    return at;
}
