/* frame.c - websocket bytes to messages, and back.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/codec/frame.h"

#include <string.h>

enum { STAGE_HEAD, STAGE_PAYLOAD, STAGE_OVER };

enum {
    FINAL = 0x80,
    RESERVED = 0x70,
    DEFLATED = 0x40,
    OPCODE = 0x0f,
    MASKED = 0x80,
    LENGTH = 0x7f,
    MASK_LEN = 4
};

/* The effect of a frame of that opcode on the message in hand. */
enum frame_role { ROLE_NONE, ROLE_CONTINUES, ROLE_BEGINS, ROLE_BETWEEN };

static const unsigned char roles[OPCODE + 1] = {
    [0] = ROLE_CONTINUES,          [OPCODE_TEXT] = ROLE_BEGINS,  [OPCODE_BINARY] = ROLE_BEGINS,
    [OPCODE_CLOSE] = ROLE_BETWEEN, [OPCODE_PING] = ROLE_BETWEEN, [OPCODE_PONG] = ROLE_BETWEEN,
};

void frame_reader_init(struct frame_reader *reader, size_t max_message)
{
    *reader = (struct frame_reader){.max_message = max_message};
}

static void bad(struct frame_reader *reader, int code, struct frame *frame)
{
    reader->stage = STAGE_OVER;
    *frame = (struct frame){.kind = FRAME_BAD, .code = code};
}

static enum frame_role role_of(const struct frame_reader *reader)
{
    return roles[reader->head[0] & OPCODE];
}

static bool is_final(const struct frame_reader *reader)
{
    return reader->head[0] & FINAL;
}

/* --- the head of a frame, a byte at a time ---------------------------------------------------- */

/* The first byte: may such a frame come now? */
static bool may_come(const struct frame_reader *reader)
{
    int reserved = reader->head[0] & RESERVED;

    switch (role_of(reader)) {
    case ROLE_CONTINUES:
        return reader->message && !reserved;
    case ROLE_BEGINS:
        return !reader->message && (!reserved || (reserved == DEFLATED && reader->may_deflate));
    case ROLE_BETWEEN:
        return is_final(reader) && !reserved;
    default:
        return false;
    }
}

/* The second byte: says how many more the head has. */
static bool may_have_length(struct frame_reader *reader)
{
    unsigned char length = reader->head[1] & LENGTH;

    reader->head_size = (unsigned char)(2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + MASK_LEN);
    return (reader->head[1] & MASKED) &&
           (role_of(reader) != ROLE_BETWEEN || length <= FRAME_CONTROL);
}

/* What cannot be deflated gets longer when it is, for some: by an eighth with zlib's worst. */
static size_t limit_of(const struct frame_reader *reader)
{
    enum { BLOCK_HEAD = 64 };
    size_t more = reader->is_deflated ? reader->max_message / 8 + BLOCK_HEAD : 0;

    return more > SIZE_MAX - reader->max_message ? SIZE_MAX : reader->max_message + more;
}

/* The length is complete: 0, or the code to close with. */
static int take_length(struct frame_reader *reader)
{
    int bytes = reader->head_size - MASK_LEN - 2;
    uint64_t length = bytes ? 0 : reader->head[1] & LENGTH;

    for (int i = 0; i < bytes; i++)
        length = length << 8 | reader->head[2 + i];
    if (bytes && length < (bytes == 2 ? 126 : 65536))
        return CLOSE_PROTOCOL;
    if (length > INT64_MAX)
        return CLOSE_PROTOCOL;
    if (role_of(reader) == ROLE_BEGINS)
        reader->is_deflated = reader->head[0] & DEFLATED;
    if (role_of(reader) != ROLE_BETWEEN && length > limit_of(reader) - reader->message_len)
        return CLOSE_TOO_LONG;
    reader->left = length;
    return 0;
}

static void begin_payload(struct frame_reader *reader)
{
    reader->stage = STAGE_PAYLOAD;
    reader->mask_at = 0;
    reader->control_len = 0;
    if (role_of(reader) == ROLE_BEGINS)
        reader->message = reader->head[0] & OPCODE;
}

static void add_to_head(struct frame_reader *reader, unsigned char byte, struct frame *frame)
{
    int code = 0;

    reader->head[reader->head_len++] = byte;
    if (reader->head_len == 1)
        code = may_come(reader) ? 0 : CLOSE_PROTOCOL;
    else if (reader->head_len == 2)
        code = may_have_length(reader) ? 0 : CLOSE_PROTOCOL;
    if (!code && reader->head_len >= 2 && reader->head_len == reader->head_size - MASK_LEN)
        code = take_length(reader);
    if (code)
        bad(reader, code, frame);
    else if (reader->head_len >= 2 && reader->head_len == reader->head_size)
        begin_payload(reader);
}

/* --- the payload ------------------------------------------------------------------------------ */

static void unmask(struct frame_reader *reader, char *data, size_t len)
{
    const unsigned char *mask = reader->head + reader->head_size - MASK_LEN;
    unsigned char bytes[8];
    uint64_t turned, word;
    size_t at = 0;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = mask[(reader->mask_at + i) % MASK_LEN];
    memcpy(&turned, bytes, sizeof(turned));
    for (; len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, data + at, sizeof(word));
        word ^= turned;
        memcpy(data + at, &word, sizeof(word));
    }
    for (size_t i = 0; at + i < len; i++)
        data[at + i] ^= (char)bytes[i];
    reader->mask_at = (unsigned char)((reader->mask_at + len) % MASK_LEN);
}

static void end_frame(struct frame_reader *reader)
{
    reader->stage = STAGE_HEAD;
    reader->head_len = 0;
}

static void end_message(struct frame_reader *reader)
{
    reader->message = 0;
    reader->message_len = 0;
    reader->utf8 = (struct utf8_state){0};
}

/* That many bytes of a message, the last ones of their frame or not. */
static void take_piece(struct frame_reader *reader, char *data, size_t len, struct frame *frame)
{
    bool is_text = reader->message == OPCODE_TEXT;
    bool is_last = !reader->left && is_final(reader);

    if (is_text && !reader->is_deflated &&
        (!utf8_feed(&reader->utf8, data, len) || (is_last && !utf8_is_complete(&reader->utf8)))) {
        bad(reader, CLOSE_NO_UTF8, frame);
        return;
    }
    reader->message_len += len;
    if (len || is_last)
        *frame = (struct frame){.kind = is_text ? FRAME_TEXT : FRAME_BINARY,
                                .data = data,
                                .len = len,
                                .is_last = is_last,
                                .is_deflated = reader->is_deflated};
    if (!reader->left)
        end_frame(reader);
    if (is_last)
        end_message(reader);
}

/* The close frame's body: nothing, or a code and a reason. */
static void take_close(struct frame_reader *reader, struct frame *frame)
{
    const unsigned char *body = (const unsigned char *)reader->control;

    frame->kind = FRAME_CLOSE;
    frame->code = CLOSE_WITHOUT_CODE;
    reader->stage = STAGE_OVER;
    if (!frame->len)
        return;
    frame->code = frame->len > 1 ? body[0] << 8 | body[1] : 0;
    if (!frame_code_is_valid(frame->code)) {
        bad(reader, CLOSE_PROTOCOL, frame);
        return;
    }
    frame->data += 2;
    frame->len -= 2;
    if (!utf8_is_valid(frame->data, frame->len))
        bad(reader, CLOSE_NO_UTF8, frame);
}

static void take_control(struct frame_reader *reader, const char *data, size_t len,
                         struct frame *frame)
{
    if (len)
        memcpy(reader->control + reader->control_len, data, len);
    reader->control_len = (unsigned char)(reader->control_len + len);
    if (reader->left)
        return;
    end_frame(reader);
    frame->data = reader->control;
    frame->len = reader->control_len;
    if ((reader->head[0] & OPCODE) == OPCODE_CLOSE)
        take_close(reader, frame);
    else
        frame->kind = (reader->head[0] & OPCODE) == OPCODE_PING ? FRAME_PING : FRAME_PONG;
}

static size_t take_payload(struct frame_reader *reader, char *data, size_t len, struct frame *frame)
{
    if (len > reader->left)
        len = (size_t)reader->left;
    unmask(reader, data, len);
    reader->left -= len;
    if (role_of(reader) == ROLE_BETWEEN)
        take_control(reader, data, len, frame);
    else
        take_piece(reader, data, len, frame);
    return len;
}

size_t frame_read(struct frame_reader *reader, char *data, size_t len, struct frame *frame)
{
    size_t at = 0;

    *frame = (struct frame){.kind = FRAME_MORE};
    while (frame->kind == FRAME_MORE && at < len) {
        if (reader->stage == STAGE_OVER)
            return len;
        if (reader->stage == STAGE_HEAD)
            add_to_head(reader, (unsigned char)data[at++], frame);
        if (reader->stage == STAGE_PAYLOAD)
            at += take_payload(reader, data + at, len - at, frame);
    }
    return at;
}

size_t frame_left(const struct frame_reader *reader)
{
    return reader->stage == STAGE_PAYLOAD ? (size_t)reader->left : 0;
}

/* --- what a server sends ---------------------------------------------------------------------- */

size_t frame_head(char head[FRAME_HEAD], enum frame_opcode opcode, size_t len)
{
    int bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;

    head[0] = (char)(FINAL | opcode);
    head[1] = (char)(bytes == 0 ? len : bytes == 2 ? 126 : 127);
    for (int i = bytes; i > 0; i--, len >>= 8)
        head[1 + i] = (char)(len & 0xff);
    return (size_t)(2 + bytes);
}

void frame_set_deflated(char head[FRAME_HEAD])
{
    head[0] = (char)(head[0] | DEFLATED);
}

size_t frame_head_len(const char *frame)
{
    return frame[1] < 126 ? 2 : frame[1] == 126 ? 4 : 10;
}

enum frame_opcode frame_opcode(const char *frame)
{
    return (enum frame_opcode)(frame[0] & OPCODE);
}

bool frame_code_is_valid(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}
