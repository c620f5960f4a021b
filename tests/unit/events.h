/* events.h - what a reader of websocket bytes tells, as text, however its input is split.
 *
 * "text(Hello) ping() close(1000 bye) bad(1002)": messages are put together from their pieces,
 * bytes that are not printable are written \xff, "70000x*" is that many stars.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_EVENTS_H
#define TESTS_UNIT_EVENTS_H

#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "ws/codec/frame.h"

struct events {
    struct buffer told;
    struct buffer message; /* the pieces so far */
};

static inline void events_add_bytes(struct events *events, const char *data, size_t len)
{
    size_t same = 0;

    while (same < len && data[same] == data[0])
        same++;
    if (len > 8 && same == len) {
        buffer_addf(&events->told, "%zux", len);
        len = 1;
    }
    for (size_t i = 0; i < len; i++)
        buffer_addf(&events->told, data[i] >= 0x20 && data[i] < 0x7f ? "%c" : "\\x%02x",
                    (unsigned char)data[i]);
}

static inline void events_add_event(struct events *events, const char *name, int code,
                                    const char *data, size_t len)
{
    buffer_addf(&events->told, "%s%s(", events->told.len ? " " : "", name);
    if (code)
        buffer_addf(&events->told, len ? "%d " : "%d", code);
    events_add_bytes(events, data, len);
    buffer_add_text(&events->told, ")");
}

static inline void events_add(struct events *events, const struct frame *frame)
{
    static const char *const names[] = {
        [FRAME_TEXT] = "text", [FRAME_BINARY] = "binary", [FRAME_PING] = "ping",
        [FRAME_PONG] = "pong", [FRAME_CLOSE] = "close",   [FRAME_BAD] = "bad",
    };

    if (frame->kind == FRAME_MORE)
        return;
    if (frame->kind != FRAME_TEXT && frame->kind != FRAME_BINARY) {
        events_add_event(events, names[frame->kind], frame->code, frame->data, frame->len);
        return;
    }
    buffer_add(&events->message, frame->data, frame->len);
    if (!frame->is_last)
        return;
    events_add_event(events, names[frame->kind], 0, events->message.data, events->message.len);
    events->message.len = 0;
}

/* One kind of reader: its memory, how it begins with what is given to check_splits(), how it reads.
 */
struct reading {
    void *reader;
    void (*begin)(void *reader, size_t max_message);
    size_t (*read)(void *reader, char *data, size_t len, struct frame *frame);
};

/* Each read sees bytes that end at a wall. */
static inline void feed(struct events *events, const struct reading *reading, char *wall,
                        const char *data, size_t len)
{
    char *at = wall_put(wall, data, len);

    while (len) {
        struct frame frame;
        size_t used = reading->read(reading->reader, at, len, &frame);

        assert_in_range(used, 1, len);
        if (frame.kind == FRAME_MORE)
            assert_int_equal(used, len);
        events_add(events, &frame);
        at += used;
        len -= used;
    }
}

/* Reads first that many bytes, then `chunk` at a time. */
static inline void check_split(const struct reading *reading, size_t max_message, char *wall,
                               const struct buffer *input, size_t first, size_t chunk,
                               const char *expected)
{
    struct events events = {0};
    const char *told;

    reading->begin(reading->reader, max_message);
    feed(&events, reading, wall, input->data, first);
    for (size_t at = first; at < input->len; at += chunk)
        feed(&events, reading, wall, input->data + at,
             chunk < input->len - at ? chunk : input->len - at);
    told = events.told.data ? events.told.data : "";
    if (strcmp(told, expected) != 0)
        fail_msg("%zu bytes as %zu, then by %zu: %s instead of %s", input->len, first, chunk, told,
                 expected);
    buffer_clear(&events.told);
    buffer_clear(&events.message);
}

/* Whole, byte by byte, cut in two at every place; what is long, at every place near its ends. */
static inline void check_splits(const struct reading *reading, size_t max_message, char *wall,
                                const struct buffer *input, const char *expected)
{
    enum { SHORT = 1000, NEAR = 20 };
    bool is_long = input->len > SHORT;

    check_split(reading, max_message, wall, input, input->len, 1, expected);
    check_split(reading, max_message, wall, input, 0, is_long ? 997 : 1, expected);
    for (size_t cut = 1; cut < input->len; cut++) {
        if (is_long && cut == NEAR)
            cut = input->len - NEAR;
        check_split(reading, max_message, wall, input, cut, input->len, expected);
    }
}

#endif
