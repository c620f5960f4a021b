/* message_file.c - the file of an export: a line of JSON for each message, none of them twice.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/message_file.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/order.h"

static bool read_lines(struct message_file *file)
{
    FILE *stream = fdopen(dup(file->fd), "r");
    uint64_t mark[2];
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    while (stream && (len = getline(&line, &size, stream)) > 0 && line[len - 1] == '\n') {
        seen_mark(line, (size_t)len, mark);
        seen_add(&file->seen, mark);
        file->end += len;
    }
    free(line);
    if (stream)
        fclose(stream);
    return stream && ftruncate(file->fd, file->end) == 0 &&
           lseek(file->fd, file->end, SEEK_SET) >= 0;
}

bool message_file_open(struct message_file *file, const char *name)
{
    *file = (struct message_file){.name = name};
    file->fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file->fd < 0 || !read_lines(file)) {
        order_fail("%s: %s", name, strerror(errno));
        return false;
    }
    if (flock(file->fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    order_fail("%s: another export is at work on it", name);
    return false;
}

void message_file_close(struct message_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    seen_clear(&file->seen);
    buffer_clear(&file->lines);
}

void message_file_add(struct message_file *file, struct json_object *object)
{
    size_t from = file->lines.len;
    uint64_t mark[2];

    buffer_add_text(&file->lines,
                    json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                               JSON_C_TO_STRING_NOSLASHESCAPE));
    buffer_add_text(&file->lines, "\n");
    seen_mark(file->lines.data + from, file->lines.len - from, mark);
    if (seen_add(&file->seen, mark))
        file->lines.len = from;
    else
        file->count++;
}

bool message_file_write(struct message_file *file)
{
    size_t done = 0;
    ssize_t count = 0;
    int error;

    while (done < file->lines.len) {
        count = write(file->fd, file->lines.data + done, file->lines.len - done);
        if (count < 0 && errno != EINTR)
            break;
        done += count > 0 ? (size_t)count : 0;
    }
    /* Lines that were there may be of a run that was killed before it came to this. */
    if (done == file->lines.len && fsync(file->fd) == 0) {
        file->end += (off_t)done;
        buffer_reset(&file->lines);
        return true;
    }
    error = errno;
    if (ftruncate(file->fd, file->end) != 0 || lseek(file->fd, file->end, SEEK_SET) < 0)
        order_fail("%s: %s", file->name, strerror(errno));
    errno = error;
    return false;
}
