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
#include "base/number.h"

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

void buffer_grow(struct buffer *buffer, size_t need)
{
    size_t size = buffer->size ? buffer->size : 256;

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

void buffer_add_number(struct buffer *buffer, long long number)
{
    buffer_reserve(buffer, NUMBER_TEXT);
    buffer->len += number_print(number, buffer->data + buffer->len);
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
