/* message_file.h - the file of an export: a line of JSON for each message, none of them twice.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_MESSAGE_FILE_H
#define CLI_MESSAGE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "cli/seen.h"

struct json_object;

struct message_file {
    const char *name;
    int fd;
    off_t end; /* of the lines that are on the disk */
    struct seen seen;
    struct buffer lines; /* what the next write adds */
    long long count;     /* lines added since it was opened */
};

/* Opens or makes it, knows the lines that are there, and locks it; a line that was cut by a crash
 * goes.  False: it was told why.  Close it in any case. */
bool message_file_open(struct message_file *file, const char *name);
void message_file_close(struct message_file *file);

/* Adds the object's line, unless the file has the same. */
void message_file_add(struct message_file *file, struct json_object *object);

/* Brings the added lines to the disk.  False sets errno, and the file is as before. */
bool message_file_write(struct message_file *file);

#endif
