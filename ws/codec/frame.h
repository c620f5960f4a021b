/* frame.h - websocket bytes to messages: RFC 6455 and hybi-07/08; and back.
 *
 * A codec: no I/O, no allocation.  hixie.h has the same for the older framing.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_CODEC_FRAME_H
#define WS_CODEC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/utf8.h"

enum frame_kind {
    FRAME_MORE,   /* all bytes are used up, nothing to tell yet */
    FRAME_TEXT,   /* a piece of a text message, checked UTF-8 unless it is deflated */
    FRAME_BINARY, /* a piece of a binary message */
    FRAME_PING,   /* complete */
    FRAME_PONG,   /* complete */
    FRAME_CLOSE,  /* complete; data is the reason */
    FRAME_BAD,    /* the peer broke the protocol: nothing after it is read */
};

/* Mistakes that a reader finds by itself, as close codes. */
enum {
    CLOSE_PROTOCOL = 1002,
    CLOSE_WITHOUT_CODE = 1005, /* never sent */
    CLOSE_NO_UTF8 = 1007,
    CLOSE_TOO_LONG = 1009,
};

struct frame {
    enum frame_kind kind;
    const char *data; /* into the bytes given, or into the reader; valid until the next read */
    size_t len;
    bool is_last;     /* of TEXT and BINARY: the message ends with this piece, which may be empty */
    bool is_deflated; /* of these: the message is, and is not checked to be UTF-8 */
    int code;         /* CLOSE: the peer's, 1005 without one; BAD: the one to close with */
};

enum { FRAME_CONTROL = 125, FRAME_HEAD = 10 };

struct frame_reader {
    size_t max_message; /* bytes; a longer message is BAD with 1009, as soon as its length is known;
                           one that is deflated may be an eighth longer, as that may have no use */
    size_t message_len;
    uint64_t left; /* payload bytes of the frame in hand */
    struct utf8_state utf8;
    unsigned char head[14];
    unsigned char head_len;
    unsigned char head_size; /* what the head will have, as far as is known */
    unsigned char mask_at;
    unsigned char message; /* opcode of the message in hand, 0: none */
    unsigned char stage;
    unsigned char control_len;
    bool may_deflate; /* permessage-deflate was agreed upon; false until somebody sets it */
    bool is_deflated; /* the message in hand */
    char control[FRAME_CONTROL];
};

void frame_reader_init(struct frame_reader *reader, size_t max_message);

/* Reads one thing off the front, unmasking in place; returns how many bytes that took.  Behind
 * CLOSE and BAD all is skipped. */
size_t frame_read(struct frame_reader *reader, char *data, size_t len, struct frame *frame);

/* Bytes that the frame in hand still has to come; 0 between frames. */
size_t frame_left(const struct frame_reader *reader);

enum frame_opcode {
    OPCODE_TEXT = 1,
    OPCODE_BINARY = 2,
    OPCODE_CLOSE = 8,
    OPCODE_PING = 9,
    OPCODE_PONG = 10,
};

/* The head of a server's frame with that many bytes behind it: final, unmasked; returns its length.
 */
size_t frame_head(char head[FRAME_HEAD], enum frame_opcode opcode, size_t len);

/* Marks the message of that frame as deflated. */
void frame_set_deflated(char head[FRAME_HEAD]);

/* Of a frame that frame_head() has begun: how long its head is, and the opcode. */
size_t frame_head_len(const char *frame);
enum frame_opcode frame_opcode(const char *frame);

/* May a peer send this close code? */
bool frame_code_is_valid(int code);

#endif
