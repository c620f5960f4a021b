/* payload.c - messages, encoded once for each shape.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "http/jsonp.h"
#include "ws/codec/frame.h"
#include "ws/net/budget.h"

struct part {
    size_t offset, len; /* in the payload's text */
    size_t id_len;      /* the id stands before the message */
    bool is_text;
};

struct payload {
    int references;
    bool is_raw; /* text, from there on, is what goes out, whatever the shape */
    size_t start;
    size_t count, size;
    struct part *parts;
    struct buffer text;
    struct buffer *shapes[SHAPES]; /* NULL: not encoded yet */
    struct budget *budget;
    size_t counted; /* bytes in the budget */
};

/* --- what it takes ---------------------------------------------------------------------------- */

/* A place in the ring of an outbox, which is at least half full. */
enum { PLACE = 2 * sizeof(struct payload *) };

/* Of a large buffer only what was written is real memory. */
static size_t size_of(const struct buffer *buffer)
{
    enum { PAGE = 4096 };
    size_t bytes = buffer->size < PAGE ? buffer->size : buffer->len;

    return buffer->data ? bytes + BUDGET_PIECE : 0;
}

static void count(struct payload *payload)
{
    size_t bytes = sizeof(*payload) + BUDGET_PIECE + (size_t)payload->references * PLACE +
                   payload->size * sizeof(*payload->parts) + size_of(&payload->text);

    for (int i = 0; i < SHAPES; i++)
        if (payload->shapes[i])
            bytes += sizeof(*payload->shapes[i]) + BUDGET_PIECE + size_of(payload->shapes[i]);
    budget_recount(payload->budget, &payload->counted, bytes);
}

/* --- life ------------------------------------------------------------------------------------- */

static struct payload *create(struct budget *budget)
{
    struct payload *payload = xmalloc(sizeof(*payload));

    *payload = (struct payload){.references = 1, .budget = budget};
    return payload;
}

struct payload *payload_new(struct budget *budget)
{
    struct payload *payload = create(budget);

    count(payload);
    return payload;
}

/* Takes the bytes over. */
static struct payload *raw(struct budget *budget, const struct buffer *bytes)
{
    struct payload *payload = create(budget);

    payload->is_raw = true;
    payload->text = *bytes;
    count(payload);
    return payload;
}

struct payload *payload_raw(struct budget *budget, const void *data, size_t len)
{
    struct buffer exact = {.data = xmalloc(len + 1), .len = len, .size = len + 1};

    if (len)
        memcpy(exact.data, data, len);
    exact.data[len] = '\0';
    return raw(budget, &exact);
}

struct payload *payload_take(struct budget *budget, struct buffer *bytes)
{
    struct buffer taken = *bytes;

    buffer_init(bytes);
    buffer_trim(&taken);
    return raw(budget, &taken);
}

void payload_hold(struct payload *payload)
{
    payload->references++;
    payload->counted += PLACE;
    budget_add(payload->budget, PLACE);
}

void payload_drop(struct payload *payload)
{
    if (!payload)
        return;
    if (--payload->references > 0) {
        payload->counted -= PLACE;
        budget_take_off(payload->budget, PLACE);
        return;
    }
    budget_take_off(payload->budget, payload->counted);
    for (int i = 0; i < SHAPES; i++) {
        if (payload->shapes[i])
            buffer_clear(payload->shapes[i]);
        free(payload->shapes[i]);
    }
    buffer_clear(&payload->text);
    free(payload->parts);
    free(payload);
}

void payload_add(struct payload *payload, const char *id, size_t id_len, const char *text,
                 size_t len)
{
    if (payload->count == payload->size) {
        payload->size = payload->size ? payload->size * 2 : 1;
        payload->parts = xrealloc(payload->parts, payload->size * sizeof(*payload->parts));
    }
    buffer_add(&payload->text, id, id_len);
    payload->parts[payload->count++] = (struct part){
        .offset = payload->text.len,
        .len = len,
        .id_len = id_len,
        .is_text = utf8_is_valid(text, len),
    };
    buffer_add(&payload->text, text, len);
    count(payload);
}

size_t payload_count(const struct payload *payload)
{
    return payload->count;
}

/* --- forms --------------------------------------------------------------------------------- */

static void add_frame(struct buffer *out, const struct part *part, const char *text)
{
    char head[FRAME_HEAD];

    buffer_add(out, head, frame_head(head, part->is_text ? OPCODE_TEXT : OPCODE_BINARY, part->len));
    buffer_add(out, text, part->len);
}

static void add_hixie(struct buffer *out, const struct part *part, const char *text)
{
    buffer_add(out, "\0", 1);
    if (part->is_text)
        buffer_add(out, text, part->len);
    else
        base64_add(out, text, part->len);
    buffer_add(out, "\xff", 1);
}

/* A line break in the message, of whatever kind, begins another data: line. */
static void add_data_lines(struct buffer *out, const char *text, size_t len)
{
    const char *end = text + len;

    for (;;) {
        size_t line = 0;

        while (text + line < end && text[line] != '\n' && text[line] != '\r')
            line++;
        buffer_add_text(out, "data: ");
        buffer_add(out, text, line);
        buffer_add_text(out, "\n");
        text += line;
        if (text == end)
            return;
        text += end - text > 1 && text[0] == '\r' && text[1] == '\n' ? 2 : 1;
    }
}

static void add_sse(struct buffer *out, const struct part *part, const char *text)
{
    if (part->id_len) {
        buffer_add_text(out, "id: ");
        buffer_add(out, text - part->id_len, part->id_len);
        buffer_add_text(out, "\n");
    }
    if (part->is_text) {
        add_data_lines(out, text, part->len);
    } else {
        buffer_add_text(out, "event: binary\ndata: ");
        base64_add(out, text, part->len);
        buffer_add_text(out, "\n");
    }
    buffer_add_text(out, "\n");
}

static void add_line(struct buffer *out, const struct part *part, const char *text)
{
    buffer_add(out, text, part->len);
    buffer_add_text(out, "\r\n");
}

static void add_chunk(struct buffer *out, const struct part *part, const char *text)
{
    buffer_addf(out, "%zx\r\n", part->len + 2);
    add_line(out, part, text);
    buffer_add_text(out, "\r\n");
}

static void (*const encoders[SHAPES])(struct buffer *, const struct part *, const char *) = {
    [SHAPE_FRAME] = add_frame, [SHAPE_HIXIE] = add_hixie, [SHAPE_SSE] = add_sse,
    [SHAPE_CHUNK] = add_chunk, [SHAPE_LINE] = add_line,
};

const char *payload_bytes(struct payload *payload, enum shape shape, size_t *len)
{
    struct buffer *bytes = payload->shapes[shape];

    if (payload->is_raw) {
        *len = payload->text.len - payload->start;
        return payload->text.data + payload->start;
    }
    if (!bytes) {
        bytes = xmalloc(sizeof(*bytes));
        buffer_init(bytes);
        buffer_reserve(bytes, payload->text.len + 16 * payload->count);
        for (size_t i = 0; i < payload->count; i++)
            encoders[shape](bytes, &payload->parts[i],
                            payload->text.data + payload->parts[i].offset);
        payload->shapes[shape] = bytes;
        count(payload);
    }
    *len = bytes->len;
    return bytes->data;
}

/* --- one text -------------------------------------------------------------------------------- */

/* What stands before a text but its id: "id: " and "\ndata: ", or a chunk's length, or a frame's.
 */
enum { TEXT_HEAD = 24 };

void payload_text_begin(struct buffer *text, size_t id_len)
{
    buffer_init(text);
    buffer_reserve(text, TEXT_HEAD + id_len);
    text->len = TEXT_HEAD + id_len;
}

/* Writes bytes that end there, and returns where they begin. */
static char *put_before(char *at, const void *data, size_t len)
{
    return len ? memcpy(at - len, data, len) : at;
}

static char *put_id(char *at, const char *id, size_t id_len)
{
    at = put_before(at, "data: ", 6);
    if (!id_len)
        return at;
    at = put_before(at, "\n", 1);
    at = put_before(at, id, id_len);
    return put_before(at, "id: ", 4);
}

static char *put_text_head(char *at, enum shape shape, size_t len, const char *id, size_t id_len)
{
    char head[TEXT_HEAD];

    switch (shape) {
    case SHAPE_FRAME:
        return put_before(at, head, frame_head(head, OPCODE_TEXT, len));
    case SHAPE_HIXIE:
        return put_before(at, "", 1);
    case SHAPE_SSE:
        return put_id(at, id, id_len);
    case SHAPE_CHUNK:
        return put_before(at, head, (size_t)snprintf(head, sizeof(head), "%zx\r\n", len + 2));
    default:
        return at;
    }
}

struct payload *payload_text_end(struct budget *budget, struct buffer *text, enum shape shape,
                                 const char *id, size_t id_len)
{
    static const char *const ends[SHAPES] = {"", "\xff", "\n\n", "\r\n\r\n", "\r\n"};
    size_t room = TEXT_HEAD + id_len, len = text->len - room;
    struct payload *payload;

    buffer_add_text(text, ends[shape]);
    payload = payload_take(budget, text);
    payload->start = (size_t)(put_text_head(payload->text.data + room, shape, len, id, id_len) -
                              payload->text.data);
    return payload;
}

/* --- JSONP ----------------------------------------------------------------------------------- */

static void call_with_string(struct buffer *out, const char *callback, const char *text,
                             const struct part *part)
{
    struct buffer data = {0}, json = {0};

    if (!part->is_text)
        base64_add(&data, text, part->len);
    json_add_string(&json, part->is_text ? text : data.data, part->is_text ? part->len : data.len);
    jsonp_call(out, callback, json.data, json.len);
    buffer_clear(&data);
    buffer_clear(&json);
}

struct payload *payload_with_callback(const struct payload *payload, const char *callback,
                                      bool is_json, enum shape shape)
{
    struct buffer call = {0}, bytes = {0};

    for (size_t i = 0; i < payload->count; i++) {
        const struct part *part = &payload->parts[i];
        const char *text = payload->text.data + part->offset;

        buffer_reset(&call);
        if (is_json)
            jsonp_call(&call, callback, text, part->len);
        else
            call_with_string(&call, callback, text, part);
        encoders[shape](&bytes, &(struct part){.len = call.len}, call.data);
    }
    buffer_clear(&call);
    return raw(payload->budget, &bytes);
}
