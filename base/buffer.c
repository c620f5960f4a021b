/* buffer.c - bytes that grow.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"

void buffer_init(struct buffer *buffer)
{
    memset(buffer, 0, sizeof(*buffer));
}

void buffer_clear(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer);
}

void buffer_reset(struct buffer *buffer)
{
    if (buffer->size > LIMIT_KEPT_BUFFER)
        buffer_clear(buffer);
    buffer->len = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

void buffer_trim(struct buffer *buffer)
{
    enum { MUCH = 4096 };
    size_t need = buffer->len + 1;

    if (buffer->size < need + MUCH || buffer->size - need < need / 4)
        return;
    buffer->data = xrealloc(buffer->data, need);
    buffer->size = need;
}

void buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t need = buffer->len + more + 1;
    size_t size = buffer->size ? buffer->size : 256;

    if (need <= buffer->size)
        return;
    while (size < need)
        size *= 2;
    buffer->data = xrealloc(buffer->data, size);
    buffer->size = size;
    buffer->data[buffer->len] = '\0';
}

void buffer_add(struct buffer *buffer, const void *data, size_t len)
{
    buffer_reserve(buffer, len);
    if (len)
        memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

/* Several times as fast as a format, and each answer has some. */
void buffer_add_number(struct buffer *buffer, unsigned long long number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    buffer_add(buffer, digits + at, sizeof(digits) - at);
}

void buffer_addf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        abort();
    buffer_reserve(buffer, (size_t)len);
    va_start(args, format);
    vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, args);
    va_end(args);
    buffer->len += (size_t)len;
}
