/* buffer.h - bytes that grow; length-safe, and always followed by a NUL that does not count.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>
#include <string.h>

struct buffer {
    char *data; /* NULL until the first byte */
    size_t len;
    size_t size;
};

/* Zeroed memory is an empty buffer too. */
void buffer_init(struct buffer *buffer);
void buffer_clear(struct buffer *buffer);

/* Empties it for the next request; memory beyond LIMIT_KEPT_BUFFER is given back. */
void buffer_reset(struct buffer *buffer);

/* Gives back what stands behind the bytes, if that is much: for a buffer that is kept for long. */
void buffer_trim(struct buffer *buffer);

/* Of buffer_reserve(), for which more bytes are needed than the buffer has. */
void buffer_grow(struct buffer *buffer, size_t need);

/* Room for that many more bytes, and a NUL; the caller fills from data + len and raises len. */
static inline void buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->len + more >= buffer->size)
        buffer_grow(buffer, buffer->len + more + 1);
}

void buffer_add(struct buffer *buffer, const void *data, size_t len);
static inline void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text)); /* which the compiler knows of a literal */
}

void buffer_add_number(struct buffer *buffer, long long number);
void buffer_addf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
