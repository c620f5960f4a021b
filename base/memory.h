/* memory.h - allocation that never returns NULL: out of memory aborts the process, and its manager
 * starts a new one.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* The caller frees with free(). */
void *xmalloc(size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

/* Gives unused memory back to the system if there is more of it than that. */
void memory_trim(size_t unused);

#endif
