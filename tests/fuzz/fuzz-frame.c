/* fuzz-frame.c - libFuzzer: both framings of websockets.
 *
 * An input is three bytes of options (see options_of) and what a client sends.  Read whole, byte by
 * byte and in other pieces it must tell the same; each message, sent as a frame, must be read as it
 * was.  Messages that are deflated are inflated.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "tests/fuzz/must.h"
#include "ws/codec/deflate.h"
#include "ws/codec/frame.h"
#include "ws/codec/hixie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct options {
    bool is_hixie, can_close, may_deflate;
    size_t max_message;
    size_t step; /* bytes a read */
};

enum { OPTIONS = 3 };

static struct options options_of(const uint8_t *data)
{
    static const size_t limits[] = {65536, 0, 1, 7, 125, 126, 300, SIZE_MAX};

    return (struct options){
        .is_hixie = data[0] & 1,
        .can_close = data[0] & 2,
        .may_deflate = data[0] & 4,
        .max_message = limits[data[1] % 8],
        .step = (size_t)data[2] + 1,
    };
}

/* Either reader, and what it told: "<kind> <code> <length>:" and the bytes, per message. */
struct reading {
    const struct options *options;
    struct frame_reader frames;
    struct hixie_reader hixie;
    struct buffer told, message;
    bool is_over;
};

static void begin(struct reading *reading, const struct options *options)
{
    *reading = (struct reading){.options = options};
    frame_reader_init(&reading->frames, options->max_message);
    reading->frames.may_deflate = options->may_deflate;
    hixie_reader_init(&reading->hixie, options->max_message, options->can_close);
}

static void end(struct reading *reading)
{
    buffer_clear(&reading->told);
    buffer_clear(&reading->message);
}

static size_t read_one(struct reading *reading, char *data, size_t len, struct frame *frame)
{
    return reading->options->is_hixie ? hixie_read(&reading->hixie, data, len, frame)
                                      : frame_read(&reading->frames, data, len, frame);
}

static void tell(struct reading *reading, const struct frame *frame, const char *data, size_t len)
{
    buffer_addf(&reading->told, "%d %d %zu:", frame->kind, frame->code, len);
    buffer_add(&reading->told, data, len);
}

/* As a client would send it, with a mask. */
static void check_way_back(enum frame_kind kind, const char *data, size_t len)
{
    static const enum frame_opcode opcodes[] = {
        [FRAME_TEXT] = OPCODE_TEXT,
        [FRAME_BINARY] = OPCODE_BINARY,
        [FRAME_PING] = OPCODE_PING,
        [FRAME_PONG] = OPCODE_PONG,
    };
    static const char mask[] = {0x12, 0x34, 0x56, 0x78};
    struct buffer bytes = {0};
    struct frame_reader reader;
    struct frame frame;
    char head[FRAME_HEAD];
    size_t head_len = frame_head(head, opcodes[kind], len);

    head[1] = (char)(head[1] | 0x80);
    buffer_add(&bytes, head, head_len);
    buffer_add(&bytes, mask, sizeof(mask));
    for (size_t i = 0; i < len; i++)
        buffer_add(&bytes, (char[]){(char)(data[i] ^ mask[i % 4])}, 1);
    frame_reader_init(&reader, len);
    MUST(frame_read(&reader, bytes.data, bytes.len, &frame) == bytes.len);
    MUST(frame.kind == kind && frame.len == len && memcmp(frame.data, data, len) == 0);
    MUST(kind == FRAME_PING || kind == FRAME_PONG || frame.is_last);
    buffer_clear(&bytes);
}

static struct deflater *deflater_of_all(void)
{
    static struct deflater *deflater;

    if (!deflater)
        deflater = deflater_new();
    return deflater;
}

/* Deflated and inflated it is the same, with the smallest window and with the largest. */
static void check_deflated(const char *data, size_t len)
{
    static const int windows[] = {WINDOW_LEAST, WINDOW_MOST};

    for (int i = 0; i < 2; i++) {
        struct buffer down = {0}, up = {0};

        if (deflater_add(deflater_of_all(), windows[i], data, len, &down)) {
            MUST(down.len < len);
            MUST(deflater_undo(deflater_of_all(), down.data, down.len, len, &up) == 0);
            MUST(up.len == len && memcmp(up.data, data, len) == 0);
        }
        buffer_clear(&down);
        buffer_clear(&up);
    }
}

/* What may be longest before it is inflated. */
static size_t longest_of(const struct reading *reading, bool is_deflated)
{
    size_t max = reading->options->max_message, more = is_deflated ? max / 8 + 64 : 0;

    return more > SIZE_MAX - max ? SIZE_MAX : max + more;
}

static void inflate_message(struct reading *reading, enum frame_kind kind)
{
    enum { MOST = 1 << 20 };
    struct buffer *message = &reading->message, text = {0};
    size_t max = reading->options->max_message < MOST ? reading->options->max_message : MOST;
    int code = deflater_undo(deflater_of_all(), message->data, message->len, max, &text);

    MUST(code == 0 || code == CLOSE_TOO_LONG || code == CLOSE_NO_UTF8);
    MUST(text.len <= (code ? max + 1 : max));
    if (!code)
        check_deflated(text.data, text.len);
    buffer_addf(&reading->told, "%d inflated %d %zu:", kind, code, text.len);
    buffer_add(&reading->told, text.data, text.len);
    buffer_clear(&text);
}

static void take_piece(struct reading *reading, const struct frame *frame)
{
    struct buffer *message = &reading->message;

    MUST(frame->len || frame->is_last);
    buffer_reserve(message, frame->len + 1);
    buffer_add(message, frame->data, frame->len);
    MUST(message->len <= longest_of(reading, frame->is_deflated));
    if (!frame->is_last)
        return;
    if (frame->is_deflated) {
        inflate_message(reading, frame->kind);
    } else {
        if (frame->kind == FRAME_TEXT)
            MUST(utf8_is_valid(message->data, message->len));
        tell(reading, frame, message->data, message->len);
        check_way_back(frame->kind, message->data, message->len);
    }
    message->len = 0;
}

static void take(struct reading *reading, const struct frame *frame)
{
    MUST(!reading->is_over);
    switch (frame->kind) {
    case FRAME_TEXT:
    case FRAME_BINARY:
        take_piece(reading, frame);
        return;
    case FRAME_PING:
    case FRAME_PONG:
        MUST(frame->len <= FRAME_CONTROL);
        check_way_back(frame->kind, frame->data, frame->len);
        break;
    case FRAME_CLOSE:
        MUST(frame->code == CLOSE_WITHOUT_CODE ? !frame->len : frame_code_is_valid(frame->code));
        MUST(utf8_is_valid(frame->data, frame->len));
        reading->is_over = true;
        break;
    default:
        MUST(frame->kind == FRAME_BAD);
        MUST(frame->code == CLOSE_PROTOCOL || frame->code == CLOSE_NO_UTF8 ||
             frame->code == CLOSE_TOO_LONG);
        reading->is_over = true;
    }
    tell(reading, frame, frame->data, frame->len);
}

/* A read, in memory of its own, so that a byte read too far is seen. */
static void feed(struct reading *reading, const uint8_t *data, size_t len)
{
    char *copy = memcpy(xmalloc(len), data, len), *at = copy;

    while (len) {
        struct frame frame;
        size_t used = read_one(reading, at, len, &frame);

        MUST(used > 0 && used <= len);
        if (frame.kind == FRAME_MORE)
            MUST(used == len);
        else
            take(reading, &frame);
        at += used;
        len -= used;
    }
    free(copy);
}

static void read_in_steps(struct reading *reading, const struct options *options,
                          const uint8_t *data, size_t size, size_t step)
{
    begin(reading, options);
    for (size_t at = 0; at < size; at += step)
        feed(reading, data + at, step < size - at ? step : size - at);
}

static void check_same(const struct reading *one, const struct reading *other)
{
    MUST(one->told.len == other->told.len);
    MUST(!one->told.len || memcmp(one->told.data, other->told.data, one->told.len) == 0);
    if (!one->is_over) {
        MUST(one->message.len == other->message.len);
        MUST(!one->message.len ||
             memcmp(one->message.data, other->message.data, one->message.len) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct options options;
    struct reading whole, other;
    size_t steps[2] = {1};

    if (size <= OPTIONS)
        return 0;
    options = options_of(data);
    steps[1] = options.step;
    data += OPTIONS;
    size -= OPTIONS;
    read_in_steps(&whole, &options, data, size, size);
    for (int i = 0; i < 2; i++) {
        read_in_steps(&other, &options, data, size, steps[i]);
        check_same(&whole, &other);
        end(&other);
    }
    end(&whole);
    return 0;
}
