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
#include "ws/net/squeeze.h"

struct part {
    size_t offset, len; /* in the payload's text */
    size_t id_len;      /* the id stands before the message */
    bool is_text;
};

/* The bytes in one shape. */
struct encoded {
    struct encoded *next;
    enum shape shape;
    struct buffer bytes; /* of a deflated shape: empty where they are those of SHAPE_FRAME */
};

struct payload {
    int references;
    bool is_raw;   /* text, from there on, is what goes out, whatever the shape */
    bool is_frame; /* that is one frame, which may still be deflated */
    size_t start;
    size_t count, size;
    struct part *parts;
    struct buffer text;
    struct encoded *encoded; /* that were asked for */
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

    for (const struct encoded *encoded = payload->encoded; encoded; encoded = encoded->next)
        bytes += sizeof(*encoded) + BUDGET_PIECE + size_of(&encoded->bytes);
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

struct payload *payload_binary(struct budget *budget, const void *data, size_t len)
{
    char head[FRAME_HEAD];
    struct buffer bytes = {0};
    struct payload *payload;

    buffer_add(&bytes, head, frame_head(head, OPCODE_BINARY, len));
    buffer_add(&bytes, data, len);
    payload = payload_take(budget, &bytes);
    payload->is_frame = true;
    return payload;
}

void payload_hold(struct payload *payload)
{
    payload->references++;
    payload->counted += PLACE;
    budget_add(payload->budget, PLACE);
}

void payload_drop(struct payload *payload)
{
    struct encoded *encoded;

    if (!payload)
        return;
    if (--payload->references > 0) {
        payload->counted -= PLACE;
        budget_take_off(payload->budget, PLACE);
        return;
    }
    budget_take_off(payload->budget, payload->counted);
    while ((encoded = payload->encoded)) {
        payload->encoded = encoded->next;
        buffer_clear(&encoded->bytes);
        free(encoded);
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

static struct encoded *find_encoded(const struct payload *payload, enum shape shape)
{
    struct encoded *encoded = payload->encoded;

    while (encoded && encoded->shape != shape)
        encoded = encoded->next;
    return encoded;
}

static struct encoded *add_encoded(struct payload *payload, enum shape shape)
{
    struct encoded *encoded = xmalloc(sizeof(*encoded));

    *encoded = (struct encoded){.next = payload->encoded, .shape = shape};
    payload->encoded = encoded;
    return encoded;
}

static struct encoded *encode(struct payload *payload, enum shape shape)
{
    struct encoded *encoded = add_encoded(payload, shape);

    buffer_reserve(&encoded->bytes, payload->text.len + 16 * payload->count);
    for (size_t i = 0; i < payload->count; i++)
        encoders[shape](&encoded->bytes, &payload->parts[i],
                        payload->text.data + payload->parts[i].offset);
    count(payload);
    return encoded;
}

const char *payload_bytes(struct payload *payload, enum shape shape, size_t *len)
{
    const struct encoded *encoded;

    if (payload->is_raw) {
        *len = payload->text.len - payload->start;
        return payload->text.data + payload->start;
    }
    encoded = find_encoded(payload, shape);
    if (shape_window(shape) && (!encoded || !encoded->bytes.len))
        return payload_bytes(payload, SHAPE_FRAME, len);
    if (!encoded)
        encoded = encode(payload, shape);
    *len = encoded->bytes.len;
    return encoded->bytes.data;
}

/* --- deflated --------------------------------------------------------------------------------- */

static void deflate_parts(struct payload *payload, struct encoded *encoded, struct squeeze *squeeze)
{
    bool has_deflated = false;

    for (size_t i = 0; i < payload->count; i++) {
        const struct part *part = &payload->parts[i];
        const char *text = payload->text.data + part->offset;

        if (squeeze_frame(squeeze, shape_window(encoded->shape),
                          part->is_text ? OPCODE_TEXT : OPCODE_BINARY, text, part->len,
                          &encoded->bytes))
            has_deflated = true;
        else
            add_frame(&encoded->bytes, part, text);
    }
    if (!has_deflated)
        buffer_clear(&encoded->bytes);
    buffer_trim(&encoded->bytes);
}

/* The frame of one receiver is replaced. */
static void deflate_frame(struct payload *payload, int window, struct squeeze *squeeze)
{
    const char *frame = payload->text.data + payload->start;
    size_t len = payload->text.len - payload->start, head = frame_head_len(frame);
    struct buffer bytes = {0};

    if (!squeeze_frame(squeeze, window, frame_opcode(frame), frame + head, len - head, &bytes))
        return;
    buffer_trim(&bytes);
    buffer_clear(&payload->text);
    payload->text = bytes;
    payload->start = 0;
}

void payload_deflate(struct payload *payload, enum shape shape, struct squeeze *squeeze)
{
    if (payload->is_frame)
        deflate_frame(payload, shape_window(shape), squeeze);
    else if (!payload->is_raw && !find_encoded(payload, shape))
        deflate_parts(payload, add_encoded(payload, shape), squeeze);
    else
        return;
    payload->is_frame = false;
    count(payload);
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

    shape = shape_window(shape) ? SHAPE_FRAME : shape;
    buffer_add_text(text, ends[shape]);
    payload = payload_take(budget, text);
    payload->start = (size_t)(put_text_head(payload->text.data + room, shape, len, id, id_len) -
                              payload->text.data);
    payload->is_frame = shape == SHAPE_FRAME;
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
