/* files.h - the files of the dashboard, as embed.sh has put them into the program.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEB_FILES_H
#define WEB_FILES_H

#include <stddef.h>

struct web_file {
    const char *name; /* below /ui/ */
    const char *type; /* Content-Type */
    const char *etag; /* with its quotes */
    const unsigned char *bytes;
    size_t len;
};

/* Ends with one that has no name. */
extern const struct web_file web_files[];

#endif
