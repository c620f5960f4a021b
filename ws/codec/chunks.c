/* chunks.c - the body of a request that comes in chunks, strictly.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/codec/chunks.h"

enum {
    DIGITS = 12,   /* of a size, with its leading zeros */
    EXTRAS = 8192, /* bytes of extensions and trailers */
};

static const char bad_end[] = "a chunk of the body does not end where its size says";

static int digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static const char *take_size(struct chunks *chunks, char byte)
{
    int digit = digit_of(byte);

    if (digit >= 0 && chunks->digits < DIGITS) {
        chunks->left = chunks->left * 16 + (size_t)digit;
        chunks->digits++;
    } else if (byte == '\r' && chunks->digits) {
        chunks->at = CHUNK_SIZE_END;
    } else if (byte == ';' && chunks->digits) {
        chunks->at = CHUNK_EXTENSION;
    } else {
        return "the size of a chunk must be a hexadecimal number";
    }
    return NULL;
}

static const char *take_extra(struct chunks *chunks, char byte)
{
    if (++chunks->extras > EXTRAS)
        return "the extensions and trailers of a chunked body are too long";
    if (byte == '\n' || ((unsigned char)byte < 0x20 && byte != '\t' && byte != '\r') ||
        byte == 0x7f)
        return "a control byte between the chunks of the body";
    return NULL;
}

static const char *take_extension(struct chunks *chunks, char byte)
{
    if (byte == '\r')
        chunks->at = CHUNK_SIZE_END;
    return take_extra(chunks, byte);
}

static const char *end_size(struct chunks *chunks, char byte)
{
    if (byte != '\n')
        return bad_end;
    chunks->at = chunks->left ? CHUNK_DATA : CHUNK_TRAILER;
    chunks->digits = chunks->line = 0;
    chunks->last = '\0';
    return NULL;
}

/* A line feed stands behind a carriage return, and a blank line is the end. */
static const char *take_trailer(struct chunks *chunks, char byte, bool *is_over)
{
    bool after_cr = chunks->last == '\r';

    chunks->last = byte;
    if (after_cr && byte == '\n') {
        *is_over = chunks->line == 0;
        chunks->line = 0;
        return NULL;
    }
    if (after_cr)
        return "a carriage return in a trailer that ends no line";
    chunks->line += byte != '\r';
    return take_extra(chunks, byte);
}

static const char *take_byte(struct chunks *chunks, char byte, bool *is_over)
{
    switch (chunks->at) {
    case CHUNK_SIZE:
        return take_size(chunks, byte);
    case CHUNK_EXTENSION:
        return take_extension(chunks, byte);
    case CHUNK_SIZE_END:
        return end_size(chunks, byte);
    case CHUNK_CR:
        chunks->at = CHUNK_LF;
        return byte == '\r' ? NULL : bad_end;
    case CHUNK_LF:
        chunks->at = CHUNK_SIZE;
        return byte == '\n' ? NULL : bad_end;
    case CHUNK_TRAILER:
        return take_trailer(chunks, byte, is_over);
    case CHUNK_DATA:
        break;
    }
    return NULL;
}

static enum chunks_result take_piece(struct chunks *chunks, const char *data, size_t len,
                                     size_t *used, const char **piece, size_t *piece_len)
{
    *piece = data;
    *piece_len = len < chunks->left ? len : chunks->left;
    *used += *piece_len;
    chunks->left -= *piece_len;
    if (!chunks->left)
        chunks->at = CHUNK_CR;
    return CHUNKS_PIECE;
}

enum chunks_result chunks_read(struct chunks *chunks, const char *data, size_t len, size_t *used,
                               const char **piece, size_t *piece_len, struct reason *reason)
{
    bool is_over = false;

    for (*used = 0; *used < len && !is_over; ++*used) {
        const char *complaint;

        if (chunks->at == CHUNK_DATA)
            return take_piece(chunks, data + *used, len - *used, used, piece, piece_len);
        complaint = take_byte(chunks, data[*used], &is_over);
        if (complaint) {
            refuse(reason, STATUS_BAD_REQUEST, "%s", complaint);
            return CHUNKS_BAD;
        }
    }
    return is_over ? CHUNKS_DONE : CHUNKS_MORE;
}
