/* deflate.c - messages deflated and inflated, by zlib.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/codec/deflate.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "ws/codec/frame.h"

/* The end of a flushed stream, which is not sent: an empty block without its first byte. */
static const char tail[] = {'\x00', '\x00', '\xff', '\xff'};

enum {
    LEVEL = 1,       /* three times as fast as zlib's own choice, and JSON gets 15 % longer */
    MEMORY = 8,      /* zlib's own choice */
    ATTEMPT = 65536, /* after so many bytes it is seen whether a message gets smaller */
    PIECE = 16384,   /* bytes of room for what is inflated, at first */
    WINDOWS = WINDOW_MOST - WINDOW_LEAST + 1
};

struct deflater {
    z_stream down[WINDOWS], up;
    bool has_down[WINDOWS], has_up;
};

struct deflater *deflater_new(void)
{
    struct deflater *deflater = xmalloc(sizeof(*deflater));

    memset(deflater, 0, sizeof(*deflater));
    return deflater;
}

void deflater_free(struct deflater *deflater)
{
    if (!deflater)
        return;
    for (int i = 0; i < WINDOWS; i++)
        if (deflater->has_down[i])
            deflateEnd(&deflater->down[i]);
    if (deflater->has_up)
        inflateEnd(&deflater->up);
    free(deflater);
}

/* --- down ------------------------------------------------------------------------------------- */

static z_stream *begin_down(struct deflater *deflater, int window)
{
    z_stream *stream = &deflater->down[window - WINDOW_LEAST];
    bool *has = &deflater->has_down[window - WINDOW_LEAST];

    if (!*has &&
        deflateInit2(stream, LEVEL, Z_DEFLATED, -window, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        abort(); /* out of memory */
    if (*has)
        deflateReset(stream);
    *has = true;
    return stream;
}

/* Deflates all of these bytes; false: there is no room for the result. */
static bool deflate_piece(z_stream *stream, const char *text, size_t len)
{
    stream->next_in = (Bytef *)(uintptr_t)text;
    stream->avail_in = (uInt)len;
    return deflate(stream, Z_SYNC_FLUSH) == Z_OK && !stream->avail_in && stream->avail_out;
}

bool deflater_add(struct deflater *deflater, int window, const char *text, size_t len,
                  struct buffer *out)
{
    size_t attempt = len < ATTEMPT ? len : ATTEMPT;
    z_stream *stream;

    if (!len || len > INT_MAX)
        return false;
    stream = begin_down(deflater, window);
    buffer_reserve(out, len + sizeof(tail));
    stream->next_out = (Bytef *)out->data + out->len;
    stream->avail_out = (uInt)(len + sizeof(tail) - 1);
    if (!deflate_piece(stream, text, attempt))
        return false;
    if (len > attempt && (stream->total_out > attempt / 16 * 15 ||
                          !deflate_piece(stream, text + attempt, len - attempt)))
        return false;
    out->len += stream->total_out - sizeof(tail);
    out->data[out->len] = '\0';
    return true;
}

/* --- up --------------------------------------------------------------------------------------- */

/* A message on its way: where it is, and where it goes to. */
struct inflating {
    z_stream *stream;
    struct buffer *out;
    size_t left;     /* bytes that may still come, and one more */
    bool is_between; /* no block of it is begun */
};

static z_stream *begin_up(struct deflater *deflater)
{
    if (!deflater->has_up && inflateInit2(&deflater->up, -WINDOW_MOST) != Z_OK)
        abort(); /* out of memory */
    if (deflater->has_up)
        inflateReset(&deflater->up);
    deflater->has_up = true;
    return &deflater->up;
}

/* Inflates what there is room for, or all; returns zlib's result. */
static int inflate_once(struct inflating *inflating)
{
    enum { BETWEEN = 128 }; /* as zlib.h says of data_type */
    z_stream *stream = inflating->stream;
    size_t room = inflating->left < PIECE ? inflating->left : PIECE;
    int result;

    buffer_reserve(inflating->out, room);
    stream->next_out = (Bytef *)inflating->out->data + inflating->out->len;
    stream->avail_out = (uInt)room;
    result = inflate(stream, Z_NO_FLUSH);
    inflating->out->len += room - stream->avail_out;
    inflating->left -= room - stream->avail_out;
    if (result == Z_OK)
        inflating->is_between = stream->data_type & BETWEEN;
    /* A last block need not be the end of the message: others may follow. */
    if (result == Z_STREAM_END)
        inflating->is_between = inflateReset(stream) == Z_OK;
    return result;
}

static int inflate_all(struct inflating *inflating, const char *data, size_t len)
{
    z_stream *stream = inflating->stream;

    stream->next_in = (Bytef *)(uintptr_t)data;
    stream->avail_in = (uInt)len;
    stream->avail_out = 0;
    while (stream->avail_in || !stream->avail_out) {
        int result = inflate_once(inflating);

        if (!inflating->left)
            return CLOSE_TOO_LONG;
        if (result == Z_BUF_ERROR)
            return 0; /* there was nothing left to do */
        if (result != Z_OK && result != Z_STREAM_END)
            return CLOSE_NO_UTF8;
    }
    return 0;
}

/* What ends between two blocks is complete without the tail, though it should not be sent so. */
int deflater_undo(struct deflater *deflater, const char *data, size_t len, size_t max,
                  struct buffer *out)
{
    struct inflating inflating = {begin_up(deflater), out, max + 1, true};
    int code = len > INT_MAX ? CLOSE_TOO_LONG : inflate_all(&inflating, data, len);

    if (!code && !inflating.is_between)
        code = inflate_all(&inflating, tail, sizeof(tail));
    if (!code && !inflating.is_between)
        code = CLOSE_NO_UTF8;
    buffer_reserve(out, 1);
    out->data[out->len] = '\0';
    return code;
}
