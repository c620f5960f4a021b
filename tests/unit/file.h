/* file.h - a temporary folder with a file in it, for the tests of what reads files.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_FILE_H
#define TESTS_UNIT_FILE_H

#include "tests/unit/unit.h"

#include <stdlib.h>

static char folder[] = "/tmp/restmq-unit-XXXXXX";
static char file_name[64], other_name[64];

static inline int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(file_name, sizeof(file_name), "%s/restmq.conf", folder);
    snprintf(other_name, sizeof(other_name), "%s/other", folder);
    return 0;
}

static inline int remove_folder(void **state)
{
    (void)state;
    unlink(file_name);
    unlink(other_name);
    return rmdir(folder);
}

static inline void write_bytes(const char *name, const char *data, size_t len)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static inline void write_file(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

#endif
