/* ini.h - files of "key = value" lines in [sections], with the line of each complaint.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_INI_H
#define BASE_INI_H

#include <stdbool.h>
#include <stdio.h>

/* Why a file was refused: "file:line: text", or "file: text" where it could not be read. */
struct file_problem {
    char text[512];
    bool is_unread; /* it was not what the file says: that could not be read */
};

/* One reading of a file. */
struct ini {
    const char *file_name;
    const char *setting; /* that names the file, said when that cannot be read; NULL: none */
    int line;            /* in hand; 0: none yet */
    bool failed;
    struct file_problem *problem;
    FILE *file;
    void *user;

    /* A section begins; NULL: there are none, and one is a mistake. */
    void (*section)(struct ini *ini, const char *name);

    void (*entry)(struct ini *ini, const char *section, const char *name, const char *value);
};

/* Reads the file, with the two functions, setting, user and problem filled in.  False fills the
 * problem. */
bool ini_read(struct ini *ini, const char *file_name);

/* Notes what is wrong with the line in hand; the first complaint counts, as it is the one to mend
 * first. */
void ini_complain(struct ini *ini, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
