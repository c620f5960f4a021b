/* unit.h - what every unit test needs: cmocka, and memory that ends at a wall.
 *
 * Tests are tables where they can be; a row that fails says which with fail_msg().
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The end of some writable memory; whoever touches the byte there, or one behind it, crashes. */
static inline char *wall_new(size_t room)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (room + page - 1) / page * page;
    char *memory =
        mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    assert_int_equal(mprotect(memory + size, page, PROT_NONE), 0);
    return memory + size;
}

/* Copies bytes right before the wall. */
static inline char *wall_put(char *wall, const void *data, size_t len)
{
    return len ? memcpy(wall - len, data, len) : wall;
}

#endif
