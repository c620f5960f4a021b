/* memory.c - malloc or abort.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *xrealloc(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);

    if (!memory)
        abort();
    return memory;
}

void *xmalloc(size_t size)
{
    return xrealloc(NULL, size);
}

char *xstrdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(xmalloc(size), text, size);
}

void memory_trim(size_t unused)
{
    if (mallinfo2().fordblks > unused)
        malloc_trim(0);
}
