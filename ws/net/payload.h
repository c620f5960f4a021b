/* payload.h - messages on their way to consumers: encoded at most once for each kind of transport,
 * and shared by all receivers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_PAYLOAD_H
#define WS_NET_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

/* How a message looks on the wire. */
enum shape {
    SHAPE_FRAME, /* RFC 6455 and hybi: a text or binary frame */
    SHAPE_HIXIE, /* 00 text ff; base64 when it is no UTF-8 */
    SHAPE_SSE,   /* id: and data: lines; "event: binary" and base64 when it is no UTF-8 */
    SHAPE_CHUNK, /* a line as a chunk of HTTP/1.1 */
    SHAPE_LINE,  /* a line */
    SHAPES,
    SHAPE_DEFLATED = 16, /* as SHAPE_FRAME, deflated for the window that is added: see deflate.h */
};

/* The window of a shape; 0: it is not deflated. */
static inline int shape_window(enum shape shape)
{
    return shape > SHAPE_DEFLATED ? (int)shape - SHAPE_DEFLATED : 0;
}

struct budget;
struct buffer;
struct payload;
struct squeeze;

/* One reference, the caller's.  All that it takes, and a place in an outbox for each reference, is
 * counted in the budget, which must outlive it; NULL: nowhere. */
struct payload *payload_new(struct budget *budget);
/* Bytes that are the same in all shapes; copied. */
struct payload *payload_raw(struct budget *budget, const void *data, size_t len);
/* The same, of a buffer that it takes over. */
struct payload *payload_take(struct budget *budget, struct buffer *bytes);

/* One text for one receiver, written once and where it goes out from: begin, add it to the buffer,
 * end, which takes the buffer over.  The text is UTF-8; where its shape has lines it is one line,
 * as JSON is.  id as of payload_add(), the same both times. */
void payload_text_begin(struct buffer *text, size_t id_len);
struct payload *payload_text_end(struct budget *budget, struct buffer *text, enum shape shape,
                                 const char *id, size_t id_len);
/* A frame with that message, which is copied and is no text, for one receiver. */
struct payload *payload_binary(struct budget *budget, const void *data, size_t len);
void payload_hold(struct payload *payload);
void payload_drop(struct payload *payload); /* NULL is fine */

/* Appends a message, which is copied; only before anybody asked for the bytes.  id is for SSE, ""
 * for none, and has no line breaks. */
void payload_add(struct payload *payload, const char *id, size_t id_len, const char *text,
                 size_t len);
size_t payload_count(const struct payload *payload);

/* Decides what is deflated of it, for all who ask for that shape: once for each.  Before anybody
 * asks for the bytes in that shape; who does not call it is told those of SHAPE_FRAME. */
void payload_deflate(struct payload *payload, enum shape shape, struct squeeze *squeeze);

/* The bytes on the wire, which live as long as the payload. */
const char *payload_bytes(struct payload *payload, enum shape shape, size_t *len);

/* A copy for one receiver: the messages as lines "callback(…);", those that are no JSON as strings;
 * the shape is CHUNK or LINE. */
struct payload *payload_with_callback(const struct payload *payload, const char *callback,
                                      bool is_json, enum shape shape);

#endif
